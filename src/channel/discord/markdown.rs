//! `CommonMark` as the Markdown that Discord shows.
//!
//! The text is read, and written anew: what comes from dossiers and mails was escaped for the one, and is escaped again for
//! the other, so that it can neither name people, nor hide where a link leads, nor format.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use unicode_width::UnicodeWidthStr as _;

/// Columns of a cell that are shown.
const CELL: usize = 28;
/// Characters of an address that are shown.
const ADDRESS: usize = 400;

/// A paragraph, a list item, a table: what is not torn apart where it fits a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    /// What Discord is sent.
    pub(super) text: String,
    /// Whether it stands between code fences.
    pub(super) fenced: bool,
    /// Whether nothing separates it from the block before: an item of the same list.
    pub(super) close: bool,
}

/// `text` as blocks.
pub(super) fn blocks(text: &str) -> Vec<Block> {
    let source = harmless(text);
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let mut page = Page::default();
    for event in Parser::new_ext(&source, options) {
        page.take(event);
    }
    page.end_block();
    page.blocks
}

/// `text` without its looks, on one line: for titles and names.
pub(super) fn plain(text: &str) -> String {
    let source = harmless(text);
    let mut out = String::new();
    for event in Parser::new_ext(&source, Options::ENABLE_STRIKETHROUGH) {
        match event {
            Event::Text(text) | Event::Code(text) | Event::Html(text) | Event::InlineHtml(text) => {
                out.push_str(&text);
            }
            Event::SoftBreak | Event::HardBreak | Event::End(TagEnd::Paragraph) => out.push(' '),
            _ => {}
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[derive(Default)]
struct Page {
    blocks: Vec<Block>,
    text: String,
    close: bool,
    fenced: bool,
    /// Number of the next item for each enclosing list, none for bullets.
    lists: Vec<Option<u64>>,
    quotes: usize,
    /// Address and place of the text of each enclosing link.
    links: Vec<(String, usize)>,
    table: Option<Vec<Vec<String>>>,
    image: usize,
}

impl Page {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => self.text(&text),
            Event::Code(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                self.code(&text);
            }
            Event::FootnoteReference(name) => self.text(&format!("[^{name}]")),
            Event::SoftBreak | Event::HardBreak => self.text.push('\n'),
            Event::Rule => {
                self.end_block();
                self.text.push_str("────────");
                self.end_block();
            }
            Event::TaskListMarker(done) => self.text(if done { "[x] " } else { "[ ] " }),
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Heading { .. } => {
                self.end_block();
                self.text.push_str("**");
            }
            Tag::BlockQuote(_) => {
                self.end_block();
                self.quotes += 1;
            }
            Tag::CodeBlock(kind) => {
                self.end_block();
                self.fenced = true;
                // The name of a language is of no use here.
                drop::<CodeBlockKind<'_>>(kind);
            }
            Tag::List(first) => {
                self.end_block();
                self.lists.push(first);
            }
            Tag::Item => self.item(),
            Tag::Emphasis => self.text.push('*'),
            Tag::Strong => self.text.push_str("**"),
            Tag::Strikethrough => self.text.push_str("~~"),
            Tag::Link { dest_url, .. } => self.links.push((dest_url.to_string(), self.text.len())),
            Tag::Image { .. } => self.image += 1,
            Tag::Table(_) => {
                self.end_block();
                self.table = Some(Vec::new());
            }
            Tag::TableHead | Tag::TableRow => {
                if let Some(rows) = &mut self.table {
                    rows.push(Vec::new());
                }
            }
            Tag::TableCell => self.text.clear(),
            Tag::Paragraph
            | Tag::HtmlBlock
            | Tag::FootnoteDefinition(_)
            | Tag::DefinitionList
            | Tag::DefinitionListTitle
            | Tag::DefinitionListDefinition
            | Tag::MetadataBlock(_)
            | Tag::Superscript
            | Tag::Subscript => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_) => {
                self.text.push_str("**");
                self.end_block();
            }
            TagEnd::Paragraph | TagEnd::HtmlBlock | TagEnd::CodeBlock => self.end_block(),
            TagEnd::BlockQuote(_) => {
                self.end_block();
                self.quotes = self.quotes.saturating_sub(1);
            }
            TagEnd::Item => self.end_block(),
            TagEnd::List(_) => {
                self.end_block();
                self.lists.pop();
                self.close = false;
            }
            TagEnd::Emphasis => self.text.push('*'),
            TagEnd::Strong => self.text.push_str("**"),
            TagEnd::Strikethrough => self.text.push_str("~~"),
            TagEnd::Link => self.end_link(),
            TagEnd::Image => self.image = self.image.saturating_sub(1),
            TagEnd::TableCell => {
                let cell = std::mem::take(&mut self.text);
                if let Some(row) = self.table.as_mut().and_then(|rows| rows.last_mut()) {
                    row.push(cell);
                }
            }
            TagEnd::Table => {
                if let Some(rows) = self.table.take() {
                    self.text = aligned(&rows);
                    self.fenced = true;
                    self.end_block();
                }
            }
            TagEnd::TableHead
            | TagEnd::TableRow
            | TagEnd::FootnoteDefinition
            | TagEnd::DefinitionList
            | TagEnd::DefinitionListTitle
            | TagEnd::DefinitionListDefinition
            | TagEnd::MetadataBlock(_)
            | TagEnd::Superscript
            | TagEnd::Subscript => {}
        }
    }

    fn item(&mut self) {
        self.end_block();
        let depth = self.lists.len().saturating_sub(1).min(4);
        let mark = match self.lists.last_mut() {
            Some(Some(number)) => {
                let mark = format!("{number}. ");
                *number += 1;
                mark
            }
            Some(None) | None => "- ".to_owned(),
        };
        self.text = format!("{}{mark}", "  ".repeat(depth));
    }

    fn text(&mut self, text: &str) {
        if self.image > 0 {
            return;
        }
        if self.fenced || self.table.is_some() {
            self.text.push_str(text);
            return;
        }
        let starts = self.text.is_empty() || self.text.ends_with('\n');
        escape(text, starts, &mut self.text);
    }

    fn code(&mut self, text: &str) {
        if self.table.is_some() {
            self.text.push_str(text);
            return;
        }
        // Discord knows code in two backticks, and nothing that would escape one.
        let inner = text.replace('`', "ˋ");
        self.text.push('`');
        self.text.push_str(&inner);
        self.text.push('`');
    }

    /// The address stands beside the text: nobody is led where he does not see.
    fn end_link(&mut self) {
        let Some((address, at)) = self.links.pop() else {
            return;
        };
        let shown = self.text.get(at..).unwrap_or_default();
        let mut beside = String::new();
        let address: String = address.chars().take(ADDRESS).collect();
        escape(&address, false, &mut beside);
        if shown != beside && !address.trim_start_matches("mailto:").eq(shown) {
            self.text.push_str(" (");
            self.text.push_str(&beside);
            self.text.push(')');
        }
    }

    fn end_block(&mut self) {
        let text = std::mem::take(&mut self.text);
        let fenced = std::mem::take(&mut self.fenced);
        let text = text.trim_end();
        if text.trim().is_empty() {
            return;
        }
        let mut shown = if fenced { fence(text) } else { text.to_owned() };
        if self.quotes > 0 {
            let lines: Vec<String> = shown.lines().map(|line| format!("> {line}")).collect();
            shown = lines.join("\n");
        }
        let close = self.close && !self.lists.is_empty();
        self.close = !self.lists.is_empty();
        self.blocks.push(Block {
            text: shown,
            fenced: fenced && self.quotes == 0,
            close,
        });
    }
}

/// `text` between code fences, which it cannot close.
pub(super) fn fence(text: &str) -> String {
    format!("```\n{}\n```", text.replace("```", "ˋˋˋ"))
}

/// Rows in columns, for a script of equal widths.
fn aligned(rows: &[Vec<String>]) -> String {
    let flat = |cell: &String| {
        let cell = cell.replace('\n', " ");
        let mut kept = String::new();
        for letter in cell.chars() {
            if kept.width() >= CELL {
                kept.push('…');
                break;
            }
            kept.push(letter);
        }
        kept
    };
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(flat).collect())
        .collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.width()).max().unwrap_or(0)
        })
        .collect();
    let mut out = String::new();
    for (index, row) in rows.iter().enumerate() {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.push_str(&" ".repeat(width.saturating_sub(cell.width()) + 2));
        }
        out.push_str(line.trim_end());
        out.push('\n');
        if index == 0 {
            let total = widths.iter().sum::<usize>() + 2 * columns.saturating_sub(1);
            out.push_str(&"─".repeat(total));
            out.push('\n');
        }
    }
    out
}

/// Adds `text` to `out` so that Discord shows it as it is. `starts` says whether a line begins with it.
fn escape(text: &str, starts: bool, out: &mut String) {
    let mut starts = starts;
    for letter in text.chars() {
        match letter {
            '\\' | '*' | '_' | '~' | '`' | '|' | '<' | '>' | '[' | ']' | '#' => out.push('\\'),
            '-' | '+' if starts => out.push('\\'),
            _ => {}
        }
        out.push(letter);
        starts = letter == '\n' || starts && letter == ' ';
        if letter == '@' {
            // A joiner that is not seen: no client takes what follows for a name.
            out.push('\u{2060}');
        }
    }
}

/// `text` without controls and marks that turn the direction of what follows.
fn harmless(text: &str) -> String {
    let kept = text.chars().filter(|c| {
        matches!(c, '\n' | '\t')
            || !(c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
    });
    kept.collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str) -> String {
        let blocks = blocks(text);
        let texts = blocks.iter().map(|block| block.text.as_str());
        texts.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn marks_become_discords() {
        assert_eq!(
            shown("**n° 12** : *reçu*, ~~non~~"),
            "**n° 12** : *reçu*, ~~non~~"
        );
        assert_eq!(
            shown("# Titre\n\n> a\n> b\n\n- x\n    - y\n1. z"),
            "**Titre**\n> a\n> b\n- x\n  - y\n1. z"
        );
        assert_eq!(shown("`suivre 12`"), "`suivre 12`");
        assert_eq!(
            shown("| a | bb |\n|--|--|\n| ccc | d |"),
            "```\na    bb\n───────\nccc  d\n```"
        );
    }

    #[test]
    fn what_was_escaped_stays_escaped() {
        assert_eq!(
            shown(r"\*a\* \_b\_ \<@12\> \# \[x\](y)"),
            "\\*a\\* \\_b\\_ \\<@\u{2060}12\\> \\# \\[x\\](y)"
        );
        assert_eq!(shown(r"\- a"), r"\- a");
        assert_eq!(shown(r"12\. rue"), "12. rue");
        assert_eq!(shown("<b>x</b>"), r"\<b\>x\</b\>");
    }

    #[test]
    fn nobody_is_named_and_nothing_is_turned_round() {
        for name in ["@everyone", "@here", r"\<@&1\>", r"\<@1\>"] {
            let shown = shown(name);
            assert!(shown.contains("@\u{2060}"), "{shown}");
        }
        assert_eq!(shown("a\u{202e}b\u{7}"), "ab");
    }

    #[test]
    fn a_link_shows_where_it_leads() {
        assert_eq!(
            shown("[mairie](https://evil.example/a_b)"),
            r"mairie (https://evil.example/a\_b)"
        );
        assert_eq!(shown("<https://x.example>"), "https://x.example");
        assert!(!shown("![x](https://spy.example/x.png)").contains("spy"));
    }

    #[test]
    fn a_title_is_plain() {
        assert_eq!(
            plain("📥 **Dossier n° 12** — *Moreau*\nsuite"),
            "📥 Dossier n° 12 — Moreau suite"
        );
    }

    proptest! {
        #[test]
        fn no_fence_is_left_open(text in "\\PC{0,200}(\n\\PC{0,60}){0,6}") {
            for block in blocks(&text) {
                prop_assert_eq!(block.text.matches("```").count() % 2, 0);
                prop_assert!(!block.text.trim().is_empty());
            }
        }
    }
}
