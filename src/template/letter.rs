//! The body of a mail, from `CommonMark` to its text and HTML parts. Only what letters need is known; no link is made
//! and no HTML passes.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::escape;

const PARAGRAPH: &str = "margin:0 0 16px 0;";
const QUOTED: &str = "margin:0 0 6px 0;";
const HEADING: &str = "margin:24px 0 8px 0;font-size:16px;line-height:24px;font-weight:bold;";
/// A cell, since Outlook's Word engine gives no other box a padding.
const QUOTE: &str = "padding:4px 0 4px 14px;border-left:4px solid #6a6af4;font-family:Arial,Helvetica,sans-serif;font-size:16px;line-height:24px;";
const LIST: &str = "margin:0 0 16px 0;padding:0 0 0 24px;";
const ITEM: &str = "margin:0 0 4px 0;";
const RULE: &str = "border:0;border-top:1px solid #929292;margin:24px 0;height:0;";

fn parse(markdown: &str) -> Parser<'_> {
    Parser::new_ext(markdown, Options::empty())
}

/// As HTML, with inline styles: mail programs drop style sheets.
pub(super) fn html(markdown: &str) -> String {
    let mut out = String::with_capacity(markdown.len() * 2);
    let mut quotes = 0_usize;
    for event in parse(markdown) {
        match &event {
            Event::Start(Tag::BlockQuote(_)) => quotes += 1,
            Event::End(TagEnd::BlockQuote(_)) => quotes = quotes.saturating_sub(1),
            _ => {}
        }
        match event {
            Event::Start(Tag::Paragraph) if quotes > 0 => {
                out.extend(["<p style=\"", QUOTED, "\">"]);
            }
            Event::Start(tag) => out.push_str(&opening(&tag)),
            Event::End(tag) => out.push_str(closing(tag)),
            Event::Code(text) => {
                out.push_str("<code>");
                out.push_str(&escape::html(&text));
                out.push_str("</code>");
            }
            Event::SoftBreak => out.push('\n'),
            Event::HardBreak => out.push_str("<br>\n"),
            Event::Rule => out.extend(["<hr style=\"", RULE, "\">\n"]),
            other => out.push_str(&escape::html(text_of(&other))),
        }
    }
    out
}

fn opening(tag: &Tag<'_>) -> String {
    match tag {
        Tag::Paragraph => format!("<p style=\"{PARAGRAPH}\">"),
        Tag::Heading { .. } => format!("<h2 style=\"{HEADING}\">"),
        Tag::BlockQuote(_) => format!(
            "<table role=\"presentation\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" style=\"margin:0 0 16px 0;\"><tr><td style=\"{QUOTE}\">\n"
        ),
        Tag::List(None) => format!("<ul style=\"{LIST}\">\n"),
        Tag::List(Some(_)) => format!("<ol style=\"{LIST}\">\n"),
        Tag::Item => format!("<li style=\"{ITEM}\">"),
        Tag::Emphasis => "<em>".to_owned(),
        Tag::Strong => "<strong>".to_owned(),
        _ => String::new(),
    }
}

fn closing(tag: TagEnd) -> &'static str {
    match tag {
        TagEnd::Paragraph => "</p>\n",
        TagEnd::Heading(_) => "</h2>\n",
        TagEnd::BlockQuote(_) => "</td></tr></table>\n",
        TagEnd::List(false) => "</ul>\n",
        TagEnd::List(true) => "</ol>\n",
        TagEnd::Item => "</li>\n",
        TagEnd::Emphasis => "</em>",
        TagEnd::Strong => "</strong>",
        _ => "",
    }
}

/// The text of an event that is nothing but text. HTML in the source is text too.
fn text_of<'a>(event: &'a Event<'_>) -> &'a str {
    match event {
        Event::Text(text) | Event::Code(text) | Event::Html(text) | Event::InlineHtml(text) => text,
        Event::SoftBreak | Event::HardBreak => " ",
        _ => "",
    }
}

/// As plain text: paragraphs apart, `> ` before what is quoted, `- ` before the items of a list.
pub(super) fn text(markdown: &str) -> String {
    let mut out = Plain::default();
    for event in parse(markdown) {
        out.take(&event);
    }
    out.done.trim_end().to_owned()
}

#[derive(Default)]
struct Plain {
    done: String,
    quotes: usize,
    /// Number of the next item of each open list; none for a list without numbers.
    lists: Vec<Option<u64>>,
    /// What the next line of an item begins with.
    bullet: Option<String>,
    line: String,
    /// An empty line comes before the next one.
    apart: bool,
    /// The last line was quoted.
    quoted_before: bool,
}

impl Plain {
    fn take(&mut self, event: &Event<'_>) {
        match event {
            Event::Start(Tag::BlockQuote(_)) => {
                self.end_block();
                self.quotes += 1;
            }
            Event::End(TagEnd::BlockQuote(_)) => {
                self.end_block();
                self.quotes = self.quotes.saturating_sub(1);
            }
            Event::Start(Tag::List(first)) => {
                self.end_line();
                self.lists.push(*first);
            }
            Event::End(TagEnd::List(_)) => {
                self.lists.pop();
                self.end_block();
            }
            Event::Start(Tag::Item) => self.start_item(),
            Event::End(TagEnd::Item) => self.end_line(),
            Event::Start(Tag::Heading { .. }) => self.end_block(),
            Event::End(TagEnd::Paragraph | TagEnd::Heading(_)) => self.end_block(),
            // What is to be typed stands between quotation marks where there is no type face for it.
            Event::Code(text) => self.line.extend(["«\u{a0}", text, "\u{a0}»"]),
            Event::SoftBreak => self.line.push(' '),
            Event::HardBreak => self.end_line(),
            Event::Rule => {
                self.line.push_str("________________");
                self.end_block();
            }
            other => self.line.push_str(text_of(other)),
        }
    }

    fn start_item(&mut self) {
        self.end_line();
        let indent = "  ".repeat(self.lists.len().saturating_sub(1));
        self.bullet = match self.lists.last_mut() {
            Some(Some(number)) => {
                *number += 1;
                Some(format!("{indent}{}. ", *number - 1))
            }
            _ => Some(format!("{indent}- ")),
        };
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            return;
        }
        if self.apart {
            let quoted = self.quotes > 0 && self.quoted_before;
            self.done.push_str(if quoted { ">\n" } else { "\n" });
            self.apart = false;
        }
        self.quoted_before = self.quotes > 0;
        (0..self.quotes).for_each(|_| self.done.push_str("> "));
        let hanging = if self.lists.is_empty() { "" } else { "  " };
        let start = self.bullet.take().unwrap_or_else(|| hanging.to_owned());
        self.done.push_str(&start);
        self.done.push_str(line.trim_end());
        self.done.push('\n');
    }

    fn end_block(&mut self) {
        self.end_line();
        self.apart = !self.done.is_empty() && (self.lists.is_empty() || self.bullet.is_some());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LETTER: &str = "Bonjour,\n\nVotre\ndossier **n° 7** est\\\nreçu.\n\n> un\\\n> deux\n>\n> trois\n\n- a\n- b\n\nFin <b>.";

    #[test]
    fn a_letter_is_read_as_text() {
        assert_eq!(
            text(LETTER),
            "Bonjour,\n\nVotre dossier n° 7 est\nreçu.\n\n> un\n> deux\n>\n> trois\n\n- a\n- b\n\nFin <b>."
        );
    }

    #[test]
    fn a_letter_is_shown_as_html_without_links_or_foreign_tags() {
        let html = html("[x](https://a.example) <b>y</b> **z**");
        assert_eq!(
            html,
            format!("<p style=\"{PARAGRAPH}\">x &lt;b&gt;y&lt;/b&gt; <strong>z</strong></p>\n")
        );
    }
}
