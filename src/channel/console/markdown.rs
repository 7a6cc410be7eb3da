//! `CommonMark` as rows of styled text.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::clean::{clean, clean_short};
use super::table::Table;

/// How a piece of a row looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "looks are independent of each other"
)]
pub(super) struct Look {
    /// **Bold**, and headings.
    pub(super) bold: bool,
    /// *Italic*.
    pub(super) italic: bool,
    /// `Code`.
    pub(super) code: bool,
    /// ~~Struck out~~.
    pub(super) struck: bool,
    /// Beside the point: addresses of links, bullets, bars.
    pub(super) dim: bool,
}

/// A piece of a row, in one look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    /// Clean text, without a line end.
    pub(super) text: String,
    /// Its look.
    pub(super) look: Look,
}

/// A line of the screen, before it is wrapped by the terminal.
pub(super) type Row = Vec<Span>;

/// Characters of a link's address that are shown.
const ADDRESS: usize = 300;
/// Depth of quotations and lists that is still indented.
const DEPTH: usize = 8;

/// `text`, `CommonMark` with tables and strikethrough, as rows. Escape sequences in it, written out or as entities,
/// are gone.
pub(super) fn rows(text: &str) -> Vec<Row> {
    let source = clean(text);
    let mut page = Page::default();
    for event in Parser::new_ext(
        &source,
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH,
    ) {
        page.take(event);
    }
    page.end_row();
    page.rows
}

/// The text of `row` without its looks.
pub(super) fn plain(row: &Row) -> String {
    let text: String = row.iter().map(|span| span.text.as_str()).collect();
    text.trim_end_matches(' ').to_owned()
}

/// The page being laid out.
#[derive(Default)]
struct Page {
    rows: Vec<Row>,
    row: Row,
    /// Whether `row` has been begun, be it empty.
    open: bool,
    /// What each enclosing quotation or item puts before a row.
    indents: Vec<String>,
    /// Bullet or number that stands instead of the last indent on an item's first row.
    marker: Option<String>,
    /// Number of the next item for each enclosing list, none for bullets.
    lists: Vec<Option<u64>>,
    bold: u32,
    italic: u32,
    struck: u32,
    /// Address and visible text of each enclosing link.
    links: Vec<(String, String)>,
    table: Option<Table>,
}

impl Page {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => {
                self.text(&text, false);
            }
            Event::Code(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                self.text(&text, true);
            }
            Event::FootnoteReference(name) => self.text(&format!("[^{name}]"), false),
            Event::SoftBreak | Event::HardBreak => self.line_break(),
            Event::Rule => {
                self.gap();
                self.push(
                    "────────".to_owned(),
                    Look {
                        dim: true,
                        ..Look::default()
                    },
                );
                self.end_row();
            }
            Event::TaskListMarker(done) => self.text(if done { "[x] " } else { "[ ] " }, false),
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Heading { .. } => {
                self.gap();
                self.bold += 1;
            }
            Tag::BlockQuote(_) => {
                self.gap();
                self.indents.push("│ ".to_owned());
            }
            Tag::CodeBlock(_) => {
                self.gap();
                self.indents.push("    ".to_owned());
            }
            Tag::List(first) => {
                self.end_row();
                self.lists.push(first);
            }
            Tag::Item => self.item(),
            Tag::Emphasis => self.italic += 1,
            Tag::Strong | Tag::TableHead => self.bold += 1,
            Tag::Strikethrough => self.struck += 1,
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                self.links
                    .push((clean_short(&dest_url, ADDRESS), String::new()));
            }
            Tag::Table(_) => {
                self.gap();
                self.table = Some(Table::default());
            }
            Tag::Paragraph
            | Tag::HtmlBlock
            | Tag::FootnoteDefinition(_)
            | Tag::DefinitionList
            | Tag::DefinitionListTitle
            | Tag::DefinitionListDefinition
            | Tag::MetadataBlock(_) => self.gap(),
            Tag::TableRow | Tag::TableCell | Tag::Superscript | Tag::Subscript => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_) => {
                self.end_row();
                self.bold = self.bold.saturating_sub(1);
            }
            TagEnd::BlockQuote(_) | TagEnd::CodeBlock => {
                self.end_row();
                self.indents.pop();
            }
            TagEnd::Item => {
                if self.marker.is_some() {
                    self.open_row();
                }
                self.end_row();
                self.indents.pop();
            }
            TagEnd::List(_) => {
                self.end_row();
                self.lists.pop();
            }
            TagEnd::Emphasis => self.italic = self.italic.saturating_sub(1),
            TagEnd::Strong => self.bold = self.bold.saturating_sub(1),
            TagEnd::Strikethrough => self.struck = self.struck.saturating_sub(1),
            TagEnd::Link | TagEnd::Image => self.end_link(),
            TagEnd::Table => self.end_table(),
            TagEnd::TableHead => {
                self.bold = self.bold.saturating_sub(1);
                self.with_table(Table::end_row);
            }
            TagEnd::TableRow => self.with_table(Table::end_row),
            TagEnd::TableCell => self.with_table(Table::end_cell),
            TagEnd::Paragraph
            | TagEnd::HtmlBlock
            | TagEnd::FootnoteDefinition
            | TagEnd::DefinitionList
            | TagEnd::DefinitionListTitle
            | TagEnd::DefinitionListDefinition
            | TagEnd::MetadataBlock(_) => self.end_row(),
            TagEnd::Superscript | TagEnd::Subscript => {}
        }
    }

    fn item(&mut self) {
        self.end_row();
        let marker = match self.lists.last_mut() {
            Some(Some(number)) => {
                let marker = format!("{number}. ");
                *number = number.saturating_add(1);
                marker
            }
            _ => "• ".to_owned(),
        };
        self.indents.push(" ".repeat(marker.chars().count()));
        self.marker = Some(marker);
    }

    /// Ends a link: its address follows, unless it is what one reads already.
    fn end_link(&mut self) {
        let Some((address, shown)) = self.links.pop() else {
            return;
        };
        let known = address.strip_prefix("mailto:").unwrap_or(&address);
        if !known.is_empty() && known != shown {
            self.push(
                format!(" ({address})"),
                Look {
                    dim: true,
                    ..Look::default()
                },
            );
        }
    }

    fn end_table(&mut self) {
        for row in self.table.take().unwrap_or_default().rows() {
            self.open_row();
            self.row.extend(row);
            self.end_row();
        }
    }

    fn with_table(&mut self, change: impl FnOnce(&mut Table)) {
        if let Some(table) = &mut self.table {
            change(table);
        }
    }

    fn text(&mut self, text: &str, code: bool) {
        let text = clean(text);
        for (_, shown) in &mut self.links {
            shown.push_str(&text);
        }
        let look = Look {
            bold: self.bold > 0,
            italic: self.italic > 0,
            struck: self.struck > 0,
            code,
            dim: false,
        };
        for (number, line) in text.split('\n').enumerate() {
            if number > 0 {
                self.line_break();
            }
            if !line.is_empty() {
                self.push(line.to_owned(), look);
            }
        }
    }

    fn push(&mut self, text: String, look: Look) {
        let span = Span { text, look };
        if let Some(table) = &mut self.table {
            table.push(span);
        } else {
            self.open_row();
            self.row.push(span);
        }
    }

    fn line_break(&mut self) {
        if let Some(table) = &mut self.table {
            table.push(Span {
                text: " ".to_owned(),
                look: Look::default(),
            });
        } else {
            self.open_row();
            self.end_row();
        }
    }

    fn open_row(&mut self) {
        if self.open {
            return;
        }
        self.open = true;
        let marker = self.marker.take();
        let outer = self
            .indents
            .len()
            .saturating_sub(usize::from(marker.is_some()));
        let mut indent: String = self
            .indents
            .iter()
            .take(outer.min(DEPTH))
            .map(String::as_str)
            .collect();
        indent.push_str(&marker.unwrap_or_default());
        if !indent.is_empty() {
            self.row.push(Span {
                text: indent,
                look: Look {
                    dim: true,
                    ..Look::default()
                },
            });
        }
    }

    fn end_row(&mut self) {
        if self.open {
            self.open = false;
            self.rows.push(std::mem::take(&mut self.row));
        }
    }

    /// Parts this block from the one before by an empty row, but not inside lists, which stay close.
    fn gap(&mut self) {
        self.end_row();
        let apart = self.lists.is_empty() && self.indents.is_empty();
        if apart && self.rows.last().is_some_and(|row| !row.is_empty()) {
            self.rows.push(Row::new());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        rows(text).iter().map(plain).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_message_keeps_its_shape() {
        insta::assert_snapshot!(shown(
            "## Dossier 4807\n**Inès** *demande* un `avis` \\*tout\\* de suite\nseconde ligne\n\n- un\n- deux\n  - dedans\n\n3. trois\n4. quatre\n\n> cité\n> encore\n\n```\ncode  brut\n  retrait\n```\n\n[le site](https://exemple.fr/x) <https://exemple.fr> ~~non~~\n\n---\nfin"
        ), @r"
        Dossier 4807

        Inès demande un avis *tout* de suite
        seconde ligne
        • un
        • deux
          • dedans
        3. trois
        4. quatre

        │ cité
        │ encore

            code  brut
              retrait

        le site (https://exemple.fr/x) https://exemple.fr non

        ────────

        fin
        ");
    }

    #[test]
    fn a_table_is_aligned() {
        insta::assert_snapshot!(shown(
            "| N° | Demandeur | État |\n|---|---|---|\n| 4807 | Mairie de **Saint-Ouen** 🟠 | En construction |\n| 12 | X | Accepté |"
        ), @r"
        N°    Demandeur                État
        4807  Mairie de Saint-Ouen 🟠  En construction
        12    X                        Accepté
        ");
    }

    #[test]
    fn escape_sequences_written_as_entities_are_gone() {
        let text = shown("a&#27;[31mb&#x9b;2J&#x202e;c `&#7;` [x&#27;]0;](http://a&#27;[2J.fr)");
        assert!(
            text.chars().all(|c| c == '\n' || !c.is_control()),
            "{text:?}"
        );
        assert!(!text.contains('\u{202e}'));
    }

    #[test]
    fn html_is_shown_as_it_is_written() {
        assert_eq!(
            shown("a <b>x</b>\n\n<script>alert(1)</script>"),
            "a <b>x</b>\n\n<script>alert(1)</script>"
        );
    }

    #[test]
    fn an_empty_text_has_no_row() {
        assert!(rows("").is_empty());
    }

    #[test]
    fn quotations_within_quotations_stay_small() {
        let deep = format!("{}x", ">".repeat(5_000));
        assert!(shown(&deep).len() < 20_000);
    }

    proptest::proptest! {
        #[test]
        fn no_row_ever_holds_a_control_character(text in r"[a\-*_`>|\\&#0-9;x\[\]()\n\x1b\x07 <~]{0,200}") {
            for row in rows(&text) {
                proptest::prop_assert!(row.iter().all(|span| !span.text.chars().any(char::is_control)));
            }
        }
    }
}
