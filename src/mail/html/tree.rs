//! The tree of an HTML body, as a browser would build it, within bounds.
//!
//! A browser's repairs make a small page large and slow: elements nested without end, opened again within each block,
//! moved out of tables. So the page is handed to the parser piece by piece, what it makes of them is counted, and it is
//! stopped where that is more than a mail needs.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::iter::successors;
use std::ptr;

use html5ever::interface::{ElementFlags, NodeOrText, QuirksMode, TreeSink};
use html5ever::tendril::{StrTendril, TendrilSink};
use html5ever::{Attribute, ParseOpts, QualName, local_name, ns, parse_document};

/// Deepest nesting of elements. Mail programs nest tables; nobody nests fifty of them.
const DEEPEST: u32 = 256;
/// What building the tree may cost, in quarters of an element.
const COST: u32 = 120_000;
/// Octets handed to the parser at once: what it makes of them is looked at afterwards.
const PIECE: usize = 2 << 10;
/// Most that comparing the attributes of each tag with one another may cost, in comparisons.
const COMPARED: usize = 4_000_000;

/// Where the nodes of a tree are kept.
pub(super) type Arena<'a> = typed_arena::Arena<Node<'a>>;
type Link<'a> = Cell<Option<&'a Node<'a>>>;

/// What a node is.
pub(super) enum Data<'a> {
    Document,
    Text(RefCell<StrTendril>),
    Element {
        name: QualName,
        attributes: RefCell<Vec<Attribute>>,
        /// Where the content of a `<template>` goes, which is not shown.
        template: Option<&'a Node<'a>>,
        integration: bool,
    },
    /// Comments and the like.
    Silent,
}

/// A node, with its place in the tree.
pub(super) struct Node<'a> {
    pub(super) data: Data<'a>,
    first: Link<'a>,
    next: Link<'a>,
    parent: Link<'a>,
    last: Link<'a>,
    previous: Link<'a>,
    depth: Cell<u32>,
}

impl<'a> Node<'a> {
    fn new(data: Data<'a>) -> Self {
        Self {
            data,
            first: Cell::new(None),
            next: Cell::new(None),
            parent: Cell::new(None),
            last: Cell::new(None),
            previous: Cell::new(None),
            depth: Cell::new(0),
        }
    }

    /// What it holds, in order.
    pub(super) fn children(&self) -> impl Iterator<Item = &'a Self> {
        successors(self.first.get(), |child| child.next.get())
    }

    /// What it holds, the last first.
    pub(super) fn backwards(&self) -> impl Iterator<Item = &'a Self> {
        successors(self.last.get(), |child| child.previous.get())
    }

    fn detach(&self) {
        let parent = self.parent.take();
        let (previous, next) = (self.previous.take(), self.next.take());
        match (next, parent) {
            (Some(next), _) => next.previous.set(previous),
            (None, Some(parent)) => parent.last.set(previous),
            (None, None) => {}
        }
        match (previous, parent) {
            (Some(previous), _) => previous.next.set(next),
            (None, Some(parent)) => parent.first.set(next),
            (None, None) => {}
        }
    }

    /// Becomes the last of `parent`.
    fn attach(&'a self, parent: &'a Self) {
        self.detach();
        self.parent.set(Some(parent));
        self.depth.set(parent.depth.get().saturating_add(1));
        let last = parent.last.replace(Some(self));
        self.previous.set(last);
        match last {
            Some(last) => last.next.set(Some(self)),
            None => parent.first.set(Some(self)),
        }
    }

    /// Takes the place before `sibling`.
    fn attach_before(&'a self, sibling: &'a Self) {
        self.detach();
        self.parent.set(sibling.parent.get());
        self.depth.set(sibling.depth.get());
        self.next.set(Some(sibling));
        let previous = sibling.previous.replace(Some(self));
        self.previous.set(previous);
        match (previous, self.parent.get()) {
            (Some(previous), _) => previous.next.set(Some(self)),
            (None, Some(parent)) => parent.first.set(Some(self)),
            (None, None) => {}
        }
    }
}

/// How much of a page became a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    Whole,
    /// As many octets.
    Until(usize),
    /// None of it: no mail program writes such a page.
    Nothing,
}

/// Builds the tree of `html` in `arena`. The answer is its root.
pub(super) fn read<'a>(html: &str, arena: &'a Arena<'a>) -> (&'a Node<'a>, Extent) {
    let document: &Node<'_> = arena.alloc(Node::new(Data::Document));
    if is_laden(html) {
        return (document, Extent::Nothing);
    }
    let mut parser = parse_document(Sink::new(arena, document), ParseOpts::default());
    let mut read = 0;
    while read < html.len() {
        let end = html.ceil_char_boundary(read.saturating_add(PIECE));
        parser.process(StrTendril::from(html.get(read..end).unwrap_or_default()));
        read = end;
        let sink = &parser.tokenizer.sink.sink;
        if sink.deepest.get() > DEEPEST {
            return (document, Extent::Nothing);
        }
        if sink.cost.get() > COST && read < html.len() {
            parser.finish();
            return (document, Extent::Until(read));
        }
    }
    parser.finish();
    (document, Extent::Whole)
}

/// Whether some tags have so many attributes that finding those of the same name takes long.
fn is_laden(html: &str) -> bool {
    let octets = html.as_bytes();
    let mut compared = 0_usize;
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'<', octets.get(at..).unwrap_or_default()) {
        at += found + 1;
        let Some(b'a'..=b'z' | b'A'..=b'Z' | b'/') = octets.get(at) else {
            continue;
        };
        let (attributes, end) = attributes(octets, at);
        compared = compared.saturating_add(attributes.saturating_mul(attributes) / 2);
        if compared > COMPARED {
            return true;
        }
        at = end;
    }
    false
}

/// How many attributes the tag at `at` has at most, and where it ends.
fn attributes(octets: &[u8], mut at: usize) -> (usize, usize) {
    let mut count = 0;
    while let Some(octet) = octets.get(at) {
        at += 1;
        match octet {
            b'>' => break,
            b'=' => {
                let value = octets.get(at..).unwrap_or_default();
                let spaces = value.iter().take_while(|octet| octet.is_ascii_whitespace());
                at += spaces.count();
                if let Some(quote @ (b'"' | b'\'')) = octets.get(at) {
                    let rest = octets.get(at + 1..).unwrap_or_default();
                    at += memchr::memchr(*quote, rest).map_or(rest.len(), |end| end) + 2;
                    count += 1;
                }
            }
            b' ' | b'\t' | b'\n' | b'\r' | b'\x0c' | b'/' => count += 1,
            _ => {}
        }
    }
    (count, at)
}

/// What the parser builds with.
struct Sink<'a> {
    arena: &'a Arena<'a>,
    document: &'a Node<'a>,
    nameless: QualName,
    cost: Cell<u32>,
    deepest: Cell<u32>,
    /// Depth of the element that was added last.
    here: Cell<u32>,
}

impl<'a> Sink<'a> {
    fn new(arena: &'a Arena<'a>, document: &'a Node<'a>) -> Self {
        Self {
            arena,
            document,
            nameless: QualName::new(None, ns!(html), local_name!("")),
            cost: Cell::new(0),
            deepest: Cell::new(0),
            here: Cell::new(0),
        }
    }

    fn node(&self, data: Data<'a>) -> &'a Node<'a> {
        self.arena.alloc(Node::new(data))
    }

    fn charge(&self, cost: u32) {
        self.cost.set(self.cost.get().saturating_add(cost));
    }

    /// The parser looks through the elements that are open: the deeper, the longer.
    fn charge_depth(&self) {
        self.charge(1 + self.here.get() / 16);
    }

    /// The node for `child`, unless it is text that continues `before`.
    fn joined(
        &self,
        child: NodeOrText<&'a Node<'a>>,
        before: Option<&'a Node<'a>>,
    ) -> Option<&'a Node<'a>> {
        self.charge(1);
        match child {
            NodeOrText::AppendNode(node) => Some(node),
            NodeOrText::AppendText(text) => {
                if let Some(Data::Text(written)) = before.map(|before| &before.data) {
                    written.borrow_mut().push_tendril(&text);
                    return None;
                }
                Some(self.node(Data::Text(RefCell::new(text))))
            }
        }
    }

    fn placed(&self, node: &'a Node<'a>) {
        if matches!(node.data, Data::Element { .. }) {
            self.here.set(node.depth.get());
            self.deepest.set(self.deepest.get().max(node.depth.get()));
            self.charge_depth();
        }
    }
}

impl<'a> TreeSink for Sink<'a> {
    type Handle = &'a Node<'a>;
    type Output = ();
    type ElemName<'b>
        = &'b QualName
    where
        Self: 'b;

    fn finish(self) {}

    fn parse_error(&self, _: Cow<'static, str>) {
        self.charge_depth();
    }

    fn get_document(&self) -> Self::Handle {
        self.document
    }

    fn elem_name<'b>(&'b self, target: &'b Self::Handle) -> &'b QualName {
        match &target.data {
            Data::Element { name, .. } => name,
            _ => &self.nameless,
        }
    }

    fn create_element(
        &self,
        name: QualName,
        attributes: Vec<Attribute>,
        flags: ElementFlags,
    ) -> Self::Handle {
        self.charge(2);
        let template = flags.template.then(|| self.node(Data::Document));
        self.node(Data::Element {
            name,
            attributes: RefCell::new(attributes),
            template,
            integration: flags.mathml_annotation_xml_integration_point,
        })
    }

    fn create_comment(&self, _: StrTendril) -> Self::Handle {
        self.node(Data::Silent)
    }

    fn create_pi(&self, _: StrTendril, _: StrTendril) -> Self::Handle {
        self.node(Data::Silent)
    }

    fn append(&self, parent: &Self::Handle, child: NodeOrText<Self::Handle>) {
        if let Some(node) = self.joined(child, parent.last.get()) {
            node.attach(parent);
            self.placed(node);
        }
    }

    fn append_before_sibling(&self, sibling: &Self::Handle, child: NodeOrText<Self::Handle>) {
        if let Some(node) = self.joined(child, sibling.previous.get()) {
            node.attach_before(sibling);
            self.placed(node);
        }
    }

    fn append_based_on_parent_node(
        &self,
        element: &Self::Handle,
        previous: &Self::Handle,
        child: NodeOrText<Self::Handle>,
    ) {
        if element.parent.get().is_some() {
            self.append_before_sibling(element, child);
        } else {
            self.append(previous, child);
        }
    }

    fn append_doctype_to_document(&self, _: StrTendril, _: StrTendril, _: StrTendril) {}

    fn get_template_contents(&self, target: &Self::Handle) -> Self::Handle {
        match target.data {
            Data::Element {
                template: Some(template),
                ..
            } => template,
            _ => target,
        }
    }

    fn same_node(&self, one: &Self::Handle, other: &Self::Handle) -> bool {
        ptr::eq::<Node<'_>>(*one, *other)
    }

    fn set_quirks_mode(&self, _: QuirksMode) {}

    fn add_attrs_if_missing(&self, target: &Self::Handle, more: Vec<Attribute>) {
        if let Data::Element { attributes, .. } = &target.data {
            let mut attributes = attributes.borrow_mut();
            self.charge(u32::try_from(attributes.len() / 4).unwrap_or(u32::MAX));
            for attribute in more {
                if !attributes.iter().any(|known| known.name == attribute.name) {
                    attributes.push(attribute);
                }
            }
        }
    }

    fn remove_from_parent(&self, target: &Self::Handle) {
        target.detach();
    }

    fn reparent_children(&self, node: &Self::Handle, parent: &Self::Handle) {
        while let Some(child) = node.first.get() {
            child.attach(parent);
            self.placed(child);
        }
    }

    fn is_mathml_annotation_xml_integration_point(&self, target: &Self::Handle) -> bool {
        matches!(
            target.data,
            Data::Element {
                integration: true,
                ..
            }
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extent(html: &str) -> Extent {
        read(html, &Arena::new()).1
    }

    #[test]
    fn what_mail_programs_write_is_read_whole() {
        let nested = format!("{}x", "<div><blockquote type=cite>".repeat(100));
        let table = format!("<table>{}</table>", "<tr><td>x<td>y".repeat(5_000));
        let data = format!(
            "<img src='data:image/png;base64,{}'>x",
            "A".repeat(2_000_000)
        );
        for html in [
            nested.as_str(),
            table.as_str(),
            data.as_str(),
            "",
            "<",
            "a<b",
        ] {
            assert_eq!(extent(html), Extent::Whole);
        }
    }

    #[test]
    fn what_takes_long_is_not() {
        for html in ["<div><font>", "<a><div></a>", "<table><tr><td>"] {
            assert_eq!(extent(&html.repeat(100_000)), Extent::Nothing, "{html}");
        }
        let numbered: String = (0..100_000).map(|number| format!(" a{number}=1")).collect();
        assert_eq!(extent(&format!("<p{numbered}>")), Extent::Nothing);
        for html in [
            "<p>x",
            "<b><p>",
            "<",
            "&",
            "</p>",
            "<br>",
            "<b><i>x</b></i>",
        ] {
            let html = html.repeat(200_000);
            assert!(matches!(extent(&html), Extent::Until(_)), "{html:.10}");
        }
    }
}
