//! Reads the text of the documents.

use super::selection::{Field, Library, Node, Operation};

/// What `text` holds. None where it is not what [`Library`] understands.
pub(super) fn read(text: &str) -> Option<Library> {
    let tokens = tokens(text);
    let mut reader = Reader {
        tokens: &tokens,
        at: 0,
    };
    let mut library = Library::default();
    while let Some(word) = reader.next() {
        let name = reader.next()?.to_owned();
        if word == "fragment" {
            reader.expect("on")?;
            let kind = reader.next()?.to_owned();
            library.fragments.insert(name, (kind, reader.nodes()?));
        } else {
            let variables = reader.pairs()?;
            let operation = Operation {
                kind: word.to_owned(),
                variables: variables
                    .into_iter()
                    .filter_map(|(name, kind)| Some((name.strip_prefix('$')?.to_owned(), kind)))
                    .collect(),
                nodes: reader.nodes()?,
            };
            library.operations.push((name, operation));
        }
    }
    Some(library)
}

/// Names, `...` and signs.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut word = String::new();
    let mut end = |word: &mut String| {
        if !word.is_empty() {
            tokens.push(std::mem::take(word));
        }
    };
    let spaced: String = text
        .chars()
        .flat_map(|c| match c {
            '{' | '}' | '(' | ')' | ':' | ',' | '|' => vec![' ', c, ' '],
            c => vec![c],
        })
        .collect();
    for c in spaced.replace("...", " ... ").chars() {
        if c.is_whitespace() {
            end(&mut word);
        } else {
            word.push(c);
        }
    }
    end(&mut word);
    tokens
}

struct Reader<'a> {
    tokens: &'a [String],
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.tokens.get(self.at).map(String::as_str)
    }

    fn next(&mut self) -> Option<&'a str> {
        let token = self.peek()?;
        self.at += 1;
        Some(token)
    }

    /// Whether `token` comes next; it is passed then.
    fn takes(&mut self, token: &str) -> bool {
        let there = self.peek() == Some(token);
        self.at += usize::from(there);
        there
    }

    fn expect(&mut self, token: &str) -> Option<()> {
        self.takes(token).then_some(())
    }

    /// `(a: b, c: d)`, or nothing.
    fn pairs(&mut self) -> Option<Vec<(String, String)>> {
        let mut pairs = Vec::new();
        if !self.takes("(") {
            return Some(pairs);
        }
        while !self.takes(")") {
            let name = self.next()?.to_owned();
            self.expect(":")?;
            pairs.push((name, self.next()?.to_owned()));
            self.takes(",");
        }
        Some(pairs)
    }

    /// `{ … }`.
    fn nodes(&mut self) -> Option<Vec<Node>> {
        self.expect("{")?;
        let mut nodes = Vec::new();
        while !self.takes("}") {
            nodes.push(self.node()?);
        }
        Some(nodes)
    }

    fn node(&mut self) -> Option<Node> {
        if self.takes("...") {
            if self.takes("on") {
                let kind = self.next()?.to_owned();
                return Some(Node::On(kind, self.nodes()?));
            }
            return Some(Node::Spread(self.next()?.to_owned()));
        }
        let mut forms = vec![self.field()?];
        while self.takes("|") {
            forms.push(self.field()?);
        }
        Some(Node::Field(forms))
    }

    fn field(&mut self) -> Option<Field> {
        let first = self.next()?.to_owned();
        let (alias, name) = if self.takes(":") {
            (Some(first), self.next()?.to_owned())
        } else {
            (None, first)
        };
        let arguments = self.pairs()?;
        let nodes = if self.peek() == Some("{") {
            self.nodes()?
        } else {
            Vec::new()
        };
        Some(Field {
            alias,
            name,
            arguments,
            nodes,
        })
    }
}
