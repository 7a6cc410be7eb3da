//! `CommonMark` as the HTML that Matrix clients show (client-server API, m.room.message).
//!
//! What comes from dossiers and mails is escaped before it gets here. What slips through all the same can neither bring
//! HTML of its own, nor ping, nor show a name in place of an address.

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html};

/// `text` as HTML.
pub(super) fn html(text: &str) -> String {
    let source = harmless(text);
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let mut links: Vec<bool> = Vec::new();
    let events = Parser::new_ext(&source, options).filter_map(|event| match event {
        Event::Html(text) | Event::InlineHtml(text) => Some(Event::Text(text)),
        Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => None,
        Event::Start(Tag::Link {
            link_type,
            dest_url,
            title: _,
            id,
        }) => {
            let shown = may_lead(&dest_url);
            links.push(shown);
            shown.then_some(Event::Start(Tag::Link {
                link_type,
                dest_url,
                title: CowStr::Borrowed(""),
                id,
            }))
        }
        Event::End(TagEnd::Link) => links
            .pop()
            .unwrap_or(false)
            .then_some(Event::End(TagEnd::Link)),
        // Alignment would be a style, which clients do not take.
        Event::Start(Tag::Table(columns)) => {
            let plain = columns.iter().map(|_| pulldown_cmark::Alignment::None);
            Some(Event::Start(Tag::Table(plain.collect())))
        }
        // A line is a line, as in the text beside it.
        Event::SoftBreak => Some(Event::HardBreak),
        event => Some(event),
    });
    let mut out = String::with_capacity(source.len() * 2);
    html::push_html(&mut out, events);
    out.trim_end().to_owned()
}

/// `text` without what could ping a room in an old client, or hide what it says.
pub(super) fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' => out.push(c),
            // Marks that turn the direction of what follows.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    // A joiner that is not seen keeps push rules of old clients from finding the word.
    out.replace("@room", "@\u{2060}room")
        .replace("@here", "@\u{2060}here")
}

/// Whether a link may be one: pages and addresses, but not people, who would look as if they were named.
fn may_lead(address: &str) -> bool {
    let address = address.trim().to_lowercase();
    let page = ["https://", "http://", "mailto:"]
        .iter()
        .any(|scheme| address.starts_with(scheme));
    page && !address.contains("matrix.to/")
}

/// `text` for HTML.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_become_elements() {
        assert_eq!(
            html("**n° 12** : *reçu*"),
            "<p><strong>n° 12</strong> : <em>reçu</em></p>"
        );
        assert_eq!(
            html("| a | b |\n|:--|--:|\n| 1 | 2 |"),
            "<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody>\n<tr><td>1</td><td>2</td></tr>\n</tbody></table>"
        );
    }

    #[test]
    fn html_in_the_text_stays_text() {
        assert_eq!(html("<b>x</b>"), "<p>&lt;b&gt;x&lt;/b&gt;</p>");
        assert!(!html("<script>\nalert(1)\n</script>").contains("<script"));
        assert!(!html("![](https://spy.example/x.png)").contains("spy"));
    }

    #[test]
    fn links_lead_to_pages_and_not_to_people() {
        assert!(
            html("[a](https://x.example \"t\")").contains("<a href=\"https://x.example\">a</a>")
        );
        for bad in [
            "[Le préfet](https://matrix.to/#/@x:y)",
            "[a](javascript:alert(1))",
            "[a](data:text/html,x)",
            "[a](MATRIX:u/x:y)",
        ] {
            assert!(!html(bad).contains("href"), "{bad}");
        }
    }

    #[test]
    fn nobody_is_pinged_and_nothing_is_turned_round() {
        assert!(!html("@room").contains("@room"));
        assert_eq!(harmless("a\u{202e}b\u{7}c\r\n"), "abc\n");
    }

    #[test]
    fn deep_quotations_do_not_break_it() {
        let deep = "> ".repeat(20_000);
        assert!(html(&deep).len() < 2_000_000);
    }
}
