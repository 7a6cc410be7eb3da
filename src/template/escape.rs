//! What comes from outside, made harmless in the text that it is put into.

use std::borrow::Cow;

use minijinja::AutoEscape;

/// The kind of text that a template makes, by the name of its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `CommonMark` for a chat room: nothing may format, ping or link.
    Chat,
    /// `CommonMark` for the body of a mail: nothing may format; addresses and links stay as they were written.
    Mail,
    /// HTML.
    Html,
    /// Plain text.
    Text,
}

impl Form {
    /// `.mail.md` is the body of a mail, any other `.md` is for chat.
    pub(super) fn of_file(name: &str) -> AutoEscape {
        let mut parts = name.rsplit('.');
        match (parts.next(), parts.next()) {
            (Some("md"), Some("mail")) => AutoEscape::Custom(Cow::Borrowed("mail")),
            (Some("md"), _) => AutoEscape::Custom(Cow::Borrowed("chat")),
            (Some("html"), _) => AutoEscape::Html,
            _ => AutoEscape::None,
        }
    }

    pub(super) fn of(escape: &AutoEscape) -> Self {
        match escape {
            AutoEscape::Custom(name) if name == "mail" => Self::Mail,
            AutoEscape::Html => Self::Html,
            AutoEscape::None => Self::Text,
            // Anything that is not known gets the strictest treatment.
            _ => Self::Chat,
        }
    }

    /// `text` on one line, harmless in this kind of text.
    pub(super) fn inline(self, text: &str) -> String {
        let text = line(text);
        match self {
            Self::Chat => chat(&text),
            Self::Mail => mail(&text),
            Self::Html => html(&text),
            Self::Text => text,
        }
    }
}

/// `text` without control, invisible and direction-changing characters. Line breaks become `\n`.
fn cleaned(text: &str) -> String {
    text.replace("\r\n", "\n")
        .chars()
        .filter_map(|c| match c {
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some('\n'),
            '\t' => Some(' '),
            c if c.is_control() || invisible(c) => None,
            c => Some(c),
        })
        .collect()
}

/// Characters that show nothing and can deceive: zero-width ones, bidirectional overrides and isolates (UAX 9), tags.
fn invisible(c: char) -> bool {
    matches!(c,
        '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{206f}' | '\u{feff}' | '\u{061c}' | '\u{180e}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}')
}

/// `text` on one line, cleaned.
pub(super) fn line(text: &str) -> String {
    // Not `split_whitespace`: a no-break space is French typography and stays.
    cleaned(text)
        .split([' ', '\n'])
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// The lines of `text`, cleaned, without blanks at their ends nor two empty ones in a row.
pub(super) fn lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in cleaned(text).lines().map(str::trim) {
        let doubled = line.is_empty() && lines.last().is_none_or(String::is_empty);
        if !doubled {
            lines.push(line.to_owned());
        }
    }
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

fn chat(line: &str) -> String {
    let mut out = String::with_capacity(line.len() + 8);
    let mut before = ' ';
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        let after = rest.as_str();
        let starts_word = !before.is_alphanumeric();
        match c {
            // A mention of everybody, of a person (`@`) or of a room (`#`), where a client would see one.
            '@' if starts_word => out.push_str("@\u{200b}"),
            '#' if starts_word && after.starts_with(char::is_alphanumeric) => {
                out.push_str("\\#\u{200b}");
            }
            // A link that a client would make by itself.
            ':' if after.starts_with("//") => out.push_str(":\u{200b}"),
            '.' if ends_in_www(&out) => out.push_str("\u{200b}."),
            c => push_marked(&mut out, c),
        }
        before = c;
    }
    at_line_start(out, line)
}

fn mail(line: &str) -> String {
    let mut out = String::with_capacity(line.len() + 8);
    line.chars().for_each(|c| push_marked(&mut out, c));
    at_line_start(out, line)
}

fn ends_in_www(out: &str) -> bool {
    let mut last = out.chars().rev();
    (0..3).all(|_| last.next().is_some_and(|c| c.eq_ignore_ascii_case(&'w')))
        && last.next().is_none_or(|c| !c.is_alphanumeric())
}

/// Inside a line these have a meaning in `CommonMark`, in its usual extensions or in Discord's dialect.
fn push_marked(out: &mut String, c: char) {
    if "\\`*_{}[]<>|~&#$".contains(c) {
        out.push('\\');
    }
    out.push(c);
}

/// What would make a list, a title or a rule at the start of a line is escaped there.
fn at_line_start(mut out: String, line: &str) -> String {
    let digits = line.chars().take_while(char::is_ascii_digit).count();
    if line.starts_with(['-', '+', '=']) {
        out.insert(0, '\\');
    } else if (1..=9).contains(&digits)
        && line.chars().nth(digits).is_some_and(|c| ".)".contains(c))
    {
        // Digits are one byte each, and nothing before them was escaped.
        out.insert(digits, '\\');
    }
    out
}

/// `line` in HTML, in text or in a quoted attribute.
pub(super) fn html(line: &str) -> String {
    let mut out = String::with_capacity(line.len() + 8);
    for c in line.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// French spaces and apostrophes in the literal text of a template, so that they need not be typed: a no-break space
/// before `: ! ? »`, after `«` and `n°`, a narrow one before `;`. Jinja's tags and code spans are left alone.
pub(super) fn typography(source: &str) -> String {
    let mut out = String::with_capacity(source.len() + 64);
    let mut rest = source;
    let mut in_code = false;
    while let Some((start, close)) = next_tag(rest) {
        let (literal, tag) = rest.split_at(start);
        out.push_str(&outside_code(literal, &mut in_code));
        let end = tag.find(close).map_or(tag.len(), |end| end + close.len());
        let (tag, after) = tag.split_at(end);
        out.push_str(tag);
        rest = after;
    }
    out.push_str(&outside_code(rest, &mut in_code));
    out
}

/// `literal` with its text set in French; a code span may begin in one literal and end in another.
fn outside_code(literal: &str, in_code: &mut bool) -> String {
    let mut parts = Vec::new();
    for (at, part) in literal.split('`').enumerate() {
        *in_code ^= at > 0;
        parts.push(if *in_code {
            part.to_owned()
        } else {
            french(part)
        });
    }
    parts.join("`")
}

/// Where the next tag begins, and what ends it.
fn next_tag(rest: &str) -> Option<(usize, &'static str)> {
    let open = [("{{", "}}"), ("{%", "%}"), ("{#", "#}")];
    open.into_iter()
        .filter_map(|(open, close)| rest.find(open).map(|at| (at, close)))
        .min()
}

fn french(literal: &str) -> String {
    let pairs = [
        (" :", "\u{a0}:"),
        (" !", "\u{a0}!"),
        (" ?", "\u{a0}?"),
        (" »", "\u{a0}»"),
        ("« ", "«\u{a0}"),
        (" ;", "\u{202f};"),
        ("n° ", "n°\u{a0}"),
    ];
    let mut text = literal.to_owned();
    for (typed, set) in pairs {
        text = text.replace(typed, set);
    }
    let chars: Vec<char> = text.chars().collect();
    let letter = |at: Option<usize>| {
        at.and_then(|at| chars.get(at))
            .is_some_and(|c| c.is_alphabetic())
    };
    chars
        .iter()
        .enumerate()
        .map(|(at, c)| {
            if *c == '\''
                && letter(at.checked_sub(1))
                && (letter(Some(at + 1)) || at + 1 == chars.len())
            {
                '’'
            } else {
                *c
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_value_formats_pings_or_links() {
        for (value, expected) in [
            ("**gras** `code`", "\\*\\*gras\\*\\* \\`code\\`"),
            ("@room @everyone", "@\u{200b}room @\u{200b}everyone"),
            ("<@123>", "\\<@\u{200b}123\\>"),
            ("#salle:srv.example", "\\#\u{200b}salle:srv.example"),
            ("https://a.example", "https:\u{200b}//a.example"),
            ("www.a.example", "www\u{200b}.a.example"),
            ("- point", "\\- point"),
            ("12. point", "12\\. point"),
            ("=cmd|' /C calc'!A0", "\\=cmd\\|' /C calc'!A0"),
            ("a\r\nb\u{202e}c", "a bc"),
        ] {
            assert_eq!(Form::Chat.inline(value), expected);
        }
    }

    #[test]
    fn an_address_can_be_copied_from_chat() {
        assert_eq!(
            Form::Chat.inline("abf@culture.example"),
            "abf@culture.example"
        );
    }

    #[test]
    fn a_link_in_a_mail_stays_as_it_was_written() {
        assert_eq!(
            Form::Mail.inline("https://a.example/x"),
            "https://a.example/x"
        );
    }

    #[test]
    fn lines_keep_their_structure_and_nothing_else() {
        assert_eq!(
            lines("\n a\t\r\n\n\n\n  b\u{7}\u{2028}c\n"),
            ["a", "", "b", "c"]
        );
    }

    #[test]
    fn literal_text_gets_french_spaces_and_tags_do_not() {
        assert_eq!(
            typography("Qui ? « {{ a if b else ' :' }} » : l'un ; n° 3 `a {{ b }} : l'un` !"),
            "Qui\u{a0}? «\u{a0}{{ a if b else ' :' }}\u{a0}»\u{a0}: l’un\u{202f}; n°\u{a0}3 `a {{ b }} : l'un`\u{a0}!"
        );
    }
}
