//! An HTML body as lines: its text with paragraphs, lists, tables and links, and what its structure says about
//! quotations and signatures. What is not shown to a reader is not read.

mod role;
mod tree;

use super::reply::line::{self, LINES, Line, Origin};
use role::Role;
use tree::{Arena, Data, Extent, Node};

/// Longest HTML that is read, in octets.
pub(crate) const LONGEST: usize = 2 << 20;
/// Deepest list that is indented and numbered.
const LISTS: usize = 16;

/// What an HTML body says.
pub(crate) struct Page {
    pub(crate) lines: Vec<Line>,
    /// Whether its structure marks a quotation.
    pub(crate) marked: bool,
    /// Whether its structure was understood to the end.
    pub(crate) whole: bool,
}

/// The page in `html`. What is too much for a tree is read without one.
pub(crate) fn page(html: &str) -> Page {
    let near = html
        .get(..html.floor_char_boundary(LONGEST))
        .unwrap_or(html);
    let arena = Arena::new();
    let (document, extent) = tree::read(near, &arena);
    let mut writer = Writer::default();
    walk(document, &mut writer);
    writer.end_line();
    let rest = match extent {
        Extent::Whole => "",
        Extent::Until(end) if writer.below => near.get(near.len().max(end)..).unwrap_or_default(),
        Extent::Until(end) => near.get(end..).unwrap_or_default(),
        Extent::Nothing => near,
    };
    writer.lines.extend(stripped(rest));
    Page {
        lines: writer.lines,
        marked: writer.marked,
        whole: extent == Extent::Whole && near.len() == html.len(),
    }
}

/// The text that a reader of `html` sees.
pub fn text_of_html(html: &str) -> String {
    let lines = page(html).lines;
    let text: Vec<&str> = lines.iter().map(|line| line.text.trim_end()).collect();
    text.join("\n").trim().to_owned()
}

/// A step of the walk: the tree is followed with a stack of ours, since mails nest as deep as they like.
enum Step<'a> {
    Enter(&'a Node<'a>),
    Leave(Leaving),
}

struct Leaving {
    block: bool,
    paragraph: bool,
    state: State,
    link: Option<String>,
}

/// What holds within an element and not after it.
#[derive(Clone, Default)]
struct State {
    depth: u8,
    origin: Origin,
    verbatim: bool,
    list: Vec<Option<usize>>,
}

fn walk<'a>(document: &'a Node<'a>, writer: &mut Writer) {
    let mut steps: Vec<Step<'a>> = document.backwards().map(Step::Enter).collect();
    while let Some(step) = steps.pop() {
        match step {
            Step::Enter(node) => enter(node, writer, &mut steps),
            Step::Leave(leaving) => writer.leave(leaving),
        }
    }
}

fn enter<'a>(node: &'a Node<'a>, writer: &mut Writer, steps: &mut Vec<Step<'a>>) {
    match &node.data {
        Data::Text(text) => writer.text(&text.borrow()),
        Data::Element {
            name, attributes, ..
        } => {
            let attributes = attributes.borrow();
            let attribute = |wanted: &str| role::value(&attributes, wanted);
            let tag = &*name.local;
            if role::is_hidden(tag, &attribute) {
                return;
            }
            let before = writer.state.clone();
            let role = role::of(tag, &attribute, node);
            let link = writer.enter(tag, role, &attribute);
            steps.push(Step::Leave(Leaving {
                block: role::is_block(tag),
                // Word writes each line as a paragraph, without space around it.
                paragraph: role::is_paragraph(tag) && !role::is_tight(tag, &attribute),
                state: before.clone(),
                link,
            }));
            if role == Role::Quotation && tag != "blockquote" {
                push_parts(node, before, steps);
            } else {
                steps.extend(node.backwards().map(Step::Enter));
            }
        }
        Data::Document | Data::Silent => {}
    }
}

/// The children of an element that holds a quotation: what stands above the quoting element in it is the mail program's,
/// what stands below may be an answer to it.
fn push_parts<'a>(node: &'a Node<'a>, around: State, steps: &mut Vec<Step<'a>>) {
    let above = node
        .children()
        .take_while(|child| !role::is_quoting(child))
        .count();
    let below = node.children().count() - above;
    steps.extend(node.backwards().take(below).map(Step::Enter));
    if below > 0 {
        steps.push(Step::Leave(Leaving {
            block: true,
            paragraph: false,
            state: around,
            link: None,
        }));
    }
    steps.extend(node.backwards().skip(below).map(Step::Enter));
}

/// Writes the lines as the walk meets their text.
#[derive(Default)]
struct Writer {
    lines: Vec<Line>,
    current: String,
    /// Who wrote the current line. What the person typed on it makes the line theirs.
    origin: Option<Origin>,
    images: Vec<String>,
    state: State,
    /// All that follows is quoted: a mail program put its mark above it rather than around it.
    below: bool,
    marked: bool,
    /// Text of the link that is open, to be compared with its target.
    linked: String,
    cells: usize,
}

impl Writer {
    fn text(&mut self, text: &str) {
        if !text.trim().is_empty() && self.origin != Some(Origin::Typed) {
            self.origin = Some(self.state.origin);
        }
        if self.state.verbatim {
            for (index, line) in text.split('\n').enumerate() {
                if index > 0 {
                    self.break_line();
                }
                self.current.push_str(line.trim_end_matches('\r'));
            }
            return;
        }
        for c in text.chars() {
            // A no-break space is the person's; other white space is the source's.
            if c.is_ascii_whitespace() {
                if !self.current.is_empty() && !self.current.ends_with(' ') {
                    self.current.push(' ');
                }
            } else {
                self.current.push(c);
                self.linked.push(c);
            }
        }
    }

    /// Enters an element. The answer is the target of the link that it opens.
    fn enter(&mut self, tag: &str, role: Role, attribute: &role::Attributes<'_>) -> Option<String> {
        if role::is_block(tag) {
            self.end_line();
        }
        match role {
            Role::Quotation => {
                self.marked = true;
                if tag == "blockquote" {
                    self.state.depth = self.state.depth.saturating_add(1);
                } else {
                    self.state.origin = Origin::Quoted;
                }
            }
            Role::Below => {
                self.marked = true;
                self.below = true;
            }
            Role::Signature if self.state.origin == Origin::Typed => {
                self.state.origin = Origin::Signature;
            }
            Role::Signature | Role::Plain => {}
        }
        match tag {
            "br" => self.break_line(),
            "hr" => {
                self.current.push_str("________________");
                self.end_line();
            }
            "pre" | "textarea" => self.state.verbatim = true,
            "ul" if self.state.list.len() < LISTS => self.state.list.push(None),
            "ol" if self.state.list.len() < LISTS => self.state.list.push(Some(0)),
            "li" => self.item(),
            "tr" => self.cells = 0,
            "td" | "th" => {
                if self.cells > 0 && !self.current.trim().is_empty() {
                    self.current.push_str(" | ");
                }
                self.cells += 1;
            }
            "img" if !role::is_logo(attribute) => self.images.extend(
                attribute("src").and_then(|src| src.strip_prefix("cid:").map(str::to_owned)),
            ),
            "a" => {
                self.linked.clear();
                return attribute("href").map(str::to_owned);
            }
            _ => {}
        }
        None
    }

    fn leave(&mut self, leaving: Leaving) {
        if leaving.block {
            self.end_line();
            if leaving.paragraph {
                self.blank_line();
            }
        }
        if let Some(target) = leaving.link {
            self.link(&target);
        }
        let numbers = std::mem::take(&mut self.state.list);
        self.state = leaving.state;
        // The count of a list lives on after each of its items.
        for (kept, counted) in self.state.list.iter_mut().zip(numbers) {
            *kept = counted;
        }
    }

    fn item(&mut self) {
        let indent = "  ".repeat(self.state.list.len().saturating_sub(1).min(8));
        let mark = match self.state.list.last_mut() {
            Some(Some(number)) => {
                *number += 1;
                format!("{indent}{number}. ")
            }
            _ => format!("{indent}- "),
        };
        self.current.push_str(&mark);
    }

    /// Adds the target of a link, where its text does not say it.
    fn link(&mut self, target: &str) {
        let target = target.trim();
        let shown: String = self.linked.chars().filter(|c| !c.is_whitespace()).collect();
        let web = target.starts_with("https://") || target.starts_with("http://");
        let bare = |url: &str| {
            url.trim_start_matches("https://")
                .trim_start_matches("http://")
                .trim_start_matches("www.")
                .trim_end_matches('/')
                .to_lowercase()
        };
        if web
            && !shown.is_empty()
            && bare(&shown) != bare(target)
            && target.len() <= 500
            && !target.contains(char::is_whitespace)
        {
            self.current.push_str(" <");
            self.current.push_str(target);
            self.current.push('>');
        }
    }

    fn end_line(&mut self) {
        // A no-break space alone is how Word and others write an empty line.
        let empty = || self.current.contains('\u{a0}');
        if !self.current.trim().is_empty() || !self.images.is_empty() || empty() {
            self.break_line();
        }
        self.current.clear();
        self.origin = None;
    }

    fn break_line(&mut self) {
        let full = self.lines.len() > LINES;
        let origin = self.origin.take().unwrap_or(self.state.origin);
        let origin = if self.below && origin != Origin::Quoted {
            Origin::Below
        } else {
            origin
        };
        let text = std::mem::take(&mut self.current);
        let text = if self.state.verbatim {
            text
        } else {
            text.trim_end().to_owned()
        };
        let images = std::mem::take(&mut self.images);
        if let Some(last) = self.lines.last_mut().filter(|_| full) {
            last.text.push('\n');
            last.text.push_str(&text);
            last.images.extend(images);
            return;
        }
        self.lines.push(Line {
            text,
            depth: self.state.depth,
            origin,
            images,
            raw: None,
        });
    }

    fn blank_line(&mut self) {
        if self.lines.last().is_some_and(|line| !line.text.is_empty()) {
            self.break_line();
        }
    }
}

/// The text between the tags, for what is not worth a tree.
fn stripped(html: &str) -> Vec<Line> {
    let mut text = String::new();
    for piece in html.split('<') {
        let after = piece.split_once('>').map_or(piece, |(_, after)| after);
        let said = after.lines().map(str::trim).filter(|line| !line.is_empty());
        for line in said {
            text.push_str(line);
            text.push('\n');
        }
    }
    let mut lines = text.split_inclusive('\n');
    let near: Vec<Line> = lines
        .by_ref()
        .take(LINES)
        .filter_map(|line| line::rest(line.trim_end()))
        .collect();
    let rest: String = lines.collect();
    near.into_iter().chain(line::rest(&rest)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(html: &str) -> String {
        let lines: Vec<String> = page(html)
            .lines
            .into_iter()
            .map(|line| format!("{}{}", ">".repeat(usize::from(line.depth)), line.text))
            .collect();
        lines.join("\n").trim_end().to_owned()
    }

    #[test]
    fn structure_becomes_lines() {
        let html = "<style>p{}</style><p>Un <b>deux</b><br>trois</p><ul><li>a<li>b</ul><ol><li>c</li><li>d</li></ol><table><tr><td>x<td>y</table>";
        assert_eq!(
            read(html),
            "Un deux\ntrois\n\n- a\n- b\n\n1. c\n2. d\n\nx | y"
        );
    }

    #[test]
    fn what_is_not_shown_is_not_read() {
        assert_eq!(
            read("<div style='display: none'>caché</div><span hidden>x</span><title>t</title>vu"),
            "vu"
        );
    }

    #[test]
    fn a_link_says_where_it_goes() {
        assert_eq!(
            read(
                "<a href='https://a.example/b'>ici</a> <a href='https://a.example/'>a.example</a>"
            ),
            "ici <https://a.example/b> a.example"
        );
    }

    #[test]
    fn nesting_without_end_is_read_without_a_tree() {
        let html = format!("{}fin", "<div><font>".repeat(100_000));
        assert_eq!(read(&html), "fin");
    }
}
