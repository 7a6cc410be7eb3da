//! An HTML body as lines: its text with paragraphs, lists, tables and links, and what its structure says about
//! quotations and signatures. What is not shown to a reader is not read.

mod role;

use html5ever::tendril::TendrilSink;
use html5ever::{ParseOpts, parse_document};
use markup5ever_rcdom::{Handle, NodeData, RcDom};

use super::reply::line::{Line, Origin};
use role::Role;

/// Longest HTML that is read, in octets.
const LONGEST: usize = 2 << 20;
/// Deepest nesting that is parsed as a tree. Mail programs nest tables; nobody nests two hundred.
const DEEPEST: usize = 200;
/// Most elements that a parser would open again of its own: each block within an unclosed `<font>` opens it once more.
const REOPENED: usize = 100_000;
/// Deepest list that is indented and numbered.
const LISTS: usize = 16;
/// Most nodes that are read.
const NODES: usize = 200_000;

/// The lines of `html`, with whether its structure marks a quotation.
pub(crate) fn lines(html: &str) -> (Vec<Line>, bool) {
    let html = html
        .get(..html.floor_char_boundary(LONGEST))
        .unwrap_or(html);
    if is_costly(html) {
        return (stripped(html), false);
    }
    let dom = parse_document(RcDom::default(), ParseOpts::default()).one(html);
    let mut writer = Writer::default();
    walk(&dom.document, &mut writer);
    writer.end_line();
    (writer.lines, writer.marked)
}

/// A step of the walk: the tree is followed with a stack of ours, since mails nest as deep as they like.
enum Step {
    Enter(Handle),
    Leave(Leaving),
}

struct Leaving {
    tag: String,
    block: bool,
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

fn walk(document: &Handle, writer: &mut Writer) {
    let mut steps = vec![Step::Enter(document.clone())];
    let mut nodes = 0;
    while let Some(step) = steps.pop() {
        match step {
            Step::Enter(node) => {
                nodes += 1;
                if nodes <= NODES {
                    enter(&node, writer, &mut steps);
                }
            }
            Step::Leave(leaving) => writer.leave(leaving),
        }
    }
}

fn enter(node: &Handle, writer: &mut Writer, steps: &mut Vec<Step>) {
    match &node.data {
        NodeData::Text { contents } => writer.text(&contents.borrow()),
        NodeData::Element { name, attrs, .. } => {
            let attrs = attrs.borrow();
            let attribute = |wanted: &str| {
                attrs
                    .iter()
                    .find(|attr| &*attr.name.local == wanted)
                    .map(|attr| attr.value.to_string())
            };
            let tag = name.local.to_string();
            if role::is_hidden(&tag, &attribute) {
                return;
            }
            let before = writer.state.clone();
            let role = role::of(&tag, &attribute, node);
            let link = writer.enter(&tag, role, &attribute);
            let block = role::is_block(&tag);
            let tag_is_container = tag != "blockquote";
            // Word writes each line as a paragraph, without space around it.
            let tag = if role::is_tight(&tag, &attribute) {
                "div".to_owned()
            } else {
                tag
            };
            steps.push(Step::Leave(Leaving {
                tag,
                block,
                state: before.clone(),
                link,
            }));
            if role == Role::Quotation && tag_is_container {
                push_parts(node, before, steps);
            } else {
                push_children(node, steps);
            }
        }
        NodeData::Document => push_children(node, steps),
        _ => {}
    }
}

fn push_children(node: &Handle, steps: &mut Vec<Step>) {
    steps.extend(
        node.children
            .borrow()
            .iter()
            .rev()
            .map(|child| Step::Enter(child.clone())),
    );
}

/// The children of an element that holds a quotation: what stands above the quoting element in it is the mail program's,
/// what stands below may be an answer to it.
fn push_parts(node: &Handle, around: State, steps: &mut Vec<Step>) {
    let children = node.children.borrow();
    let quoting = children.iter().position(role::is_quoting);
    let (above, below) = children.split_at(quoting.unwrap_or(children.len()));
    let enter = |child: &Handle| Step::Enter(child.clone());
    steps.extend(below.iter().rev().map(enter));
    if !below.is_empty() {
        steps.push(Step::Leave(Leaving {
            tag: String::new(),
            block: true,
            state: around,
            link: None,
        }));
    }
    steps.extend(above.iter().rev().map(enter));
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
    fn enter(
        &mut self,
        tag: &str,
        role: Role,
        attribute: &dyn Fn(&str) -> Option<String>,
    ) -> Option<String> {
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
                return attribute("href");
            }
            _ => {}
        }
        None
    }

    fn leave(&mut self, leaving: Leaving) {
        if leaving.block {
            self.end_line();
            if role::is_paragraph(&leaving.tag) {
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

/// Whether building a tree would take long: elements nested too deep, or opened again too often. Counts like a parser
/// that never repairs.
fn is_costly(html: &str) -> bool {
    let mut open: Vec<&str> = Vec::new();
    let (mut styles, mut reopened) = (0_usize, 0_usize);
    for tag in html.split('<').skip(1) {
        let closes = tag.starts_with('/');
        let name = tag.trim_start_matches('/');
        let end = name
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(name.len());
        let name = name.get(..end).unwrap_or_default();
        let style = role::is_style(name);
        if !style && !name.is_empty() {
            reopened += styles;
        }
        if reopened > REOPENED {
            return true;
        }
        if name.is_empty() || role::may_stay_open(name) {
            continue;
        }
        if !closes {
            styles += usize::from(style);
            open.push(name);
        } else if let Some(at) = open
            .iter()
            .rev()
            .take(32)
            .position(|other| other.eq_ignore_ascii_case(name))
        {
            open.truncate(open.len() - at - 1);
            // A style is closed by its own end only: that of a block around it leaves it to be opened again.
            styles = styles.saturating_sub(usize::from(style));
        }
        if open.len() > DEEPEST {
            return true;
        }
    }
    false
}

/// The text between the tags, for what is not worth a tree.
fn stripped(html: &str) -> Vec<Line> {
    let mut text = String::new();
    for piece in html.split('<') {
        let after = piece.split_once('>').map_or(piece, |(_, after)| after);
        text.push_str(after);
        text.push('\n');
    }
    let said = text.lines().map(str::trim).filter(|line| !line.is_empty());
    said.map(|line| Line {
        text: line.to_owned(),
        ..Line::default()
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(html: &str) -> String {
        let lines: Vec<String> = lines(html)
            .0
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
    fn styles_without_end_are_read_without_a_tree() {
        let fonts = "<font color=red>".repeat(100);
        let html = format!("{fonts}{}", "<p>x".repeat(10_000));
        assert!(is_costly(&html));
        assert!(!is_costly(&"<p><font color=a>x</font></p>".repeat(10_000)));
    }

    #[test]
    fn nesting_without_end_is_read_without_a_tree() {
        let html = format!("{}fin", "<div><font>".repeat(100_000));
        assert_eq!(read(&html), "fin");
    }
}
