//! Bytes into command lines and mail content, without a socket: what the limits and the line ends are held to.

use std::mem;

/// Octets of a command line with its CRLF. RFC 5321 §4.5.3.1.4 asks for 512 at least, extensions add to it.
pub const LINE_MAX: usize = 2048;

/// Octets there is room for at once.
const READ: usize = 16 * 1024;

/// What is in front of the input.
#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    /// A line of at most [`LINE_MAX`] octets that ended in CRLF, which is cut off. It is UTF-8 without control characters.
    Complete(String),
    /// A line that was longer: it was thrown away up to its end.
    TooLong,
    /// A line that is no command: it ended in a bare LF (RFC 5321 §2.3.8), or held control characters or invalid UTF-8.
    Malformed,
}

/// Octets received and not yet understood.
#[derive(Debug, Default)]
pub struct Input {
    bytes: Vec<u8>,
    read: usize,
    skipping: bool,
}

impl Input {
    /// Adds what was received.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer().extend_from_slice(bytes);
    }

    /// Where to add what is received, with room for some.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        self.bytes.drain(..self.read);
        self.read = 0;
        self.bytes.reserve(READ);
        &mut self.bytes
    }

    /// What has not been taken yet.
    pub fn rest(&self) -> &[u8] {
        self.bytes.get(self.read..).unwrap_or_default()
    }

    /// Takes the next `count` octets, or as many as there are.
    pub fn take(&mut self, count: usize) -> &[u8] {
        let start = self.read;
        self.read = self.bytes.len().min(start.saturating_add(count));
        self.bytes.get(start..self.read).unwrap_or_default()
    }

    /// The next line, if it is there to its end. What can no longer become a line is thrown away meanwhile.
    pub fn line(&mut self) -> Option<Line> {
        let Some(end) = self.rest().iter().position(|octet| *octet == b'\n') else {
            if self.rest().len() > LINE_MAX {
                self.skipping = true;
            }
            if self.skipping {
                self.take(usize::MAX);
            }
            return None;
        };
        let skipped = mem::take(&mut self.skipping);
        let line = self.take(end + 1);
        if skipped || line.len() > LINE_MAX {
            return Some(Line::TooLong);
        }
        Some(
            line.strip_suffix(b"\r\n")
                .and_then(readable)
                .map_or(Line::Malformed, Line::Complete),
        )
    }
}

fn readable(line: &[u8]) -> Option<String> {
    let line = std::str::from_utf8(line).ok()?;
    // A tab counts as space between words (RFC 5321 §2.3.8 leaves it to us); other controls have no place in a command.
    line.chars()
        .all(|c| c == '\t' || !c.is_control())
        .then(|| line.to_owned())
}

/// The content of a mail as `DATA` carries it: dots unstuffed (RFC 5321 §4.5.2), ended by CRLF `.` CRLF and nothing else.
#[derive(Debug)]
pub struct Content {
    bytes: Vec<u8>,
    place: Place,
    max: usize,
    seen: usize,
    bare_newline: bool,
}

/// Where in a line the next octet stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Start,
    Text,
    Cr,
    Dot,
    DotCr,
}

/// What became of a mail's content.
#[derive(Debug, PartialEq, Eq)]
pub enum Ended {
    /// All of it.
    Whole(Vec<u8>),
    /// Longer than allowed; it was thrown away.
    TooLarge,
    /// It held an LF without CR: another server may see the end of a mail there, and commands behind it.
    BareNewline,
}

impl Content {
    /// Nothing yet of a content of at most `max` octets.
    pub fn new(max: usize) -> Self {
        Self {
            bytes: Vec::new(),
            place: Place::Start,
            max,
            seen: 0,
            bare_newline: false,
        }
    }

    /// Takes from `input` what belongs to the content, and answers once its end was seen.
    pub fn feed(&mut self, input: &mut Input) -> Option<Ended> {
        let mut used = 0;
        let mut ended = false;
        for octet in input.rest() {
            used += 1;
            if self.step(*octet) {
                ended = true;
                break;
            }
        }
        input.take(used);
        self.seen = self.seen.saturating_add(used);
        ended.then(|| self.end())
    }

    /// Whether the sender goes on so far beyond the limit that waiting for the end is no use.
    pub fn is_hopeless(&self) -> bool {
        self.seen / 2 > self.max
    }

    fn end(&mut self) -> Ended {
        if self.bytes.len() > self.max {
            Ended::TooLarge
        } else if self.bare_newline {
            Ended::BareNewline
        } else {
            Ended::Whole(mem::take(&mut self.bytes))
        }
    }

    /// Moves over one octet; whether it was the last of the mail.
    fn step(&mut self, octet: u8) -> bool {
        self.place = match (self.place, octet) {
            (Place::DotCr, b'\n') => return true,
            (Place::Start, b'.') => Place::Dot,
            (Place::Dot, b'\r') => Place::DotCr,
            (Place::Cr, b'\n') => {
                self.push(b"\r\n");
                Place::Start
            }
            (Place::Cr | Place::DotCr, b'\r') => {
                self.push(b"\r");
                Place::Cr
            }
            (Place::Cr | Place::DotCr, _) => {
                self.push(&[b'\r', octet]);
                self.bare_newline |= octet == b'\n';
                Place::Text
            }
            (Place::Start | Place::Text, b'\r') => Place::Cr,
            (Place::Start | Place::Text | Place::Dot, _) => {
                self.push(&[octet]);
                self.bare_newline |= octet == b'\n';
                Place::Text
            }
        };
        false
    }

    fn push(&mut self, octets: &[u8]) {
        // One octet beyond the limit is remembered, so that the end knows.
        if self.bytes.len() <= self.max {
            self.bytes.extend_from_slice(octets);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(bytes: &[u8], max: usize) -> (Option<Ended>, Vec<u8>) {
        let mut input = Input::default();
        input.push(bytes);
        let ended = Content::new(max).feed(&mut input);
        (ended, input.rest().to_vec())
    }

    #[test]
    fn a_line_ends_in_crlf_only() {
        let mut input = Input::default();
        input.push(b"NOOP\r\nRSET\nQUIT");
        assert_eq!(input.line(), Some(Line::Complete("NOOP".to_owned())));
        assert_eq!(input.line(), Some(Line::Malformed));
        assert_eq!(input.line(), None);
        assert_eq!(input.rest(), b"QUIT");
    }

    #[test]
    fn a_line_too_long_is_one_error_and_the_next_one_is_read() {
        let mut input = Input::default();
        for _ in 0..10 {
            input.push(&[b'x'; 1000]);
            assert_eq!(input.line(), None);
            assert!(input.rest().len() <= LINE_MAX);
        }
        input.push(b"\r\nNOOP\r\n");
        assert_eq!(input.line(), Some(Line::TooLong));
        assert_eq!(input.line(), Some(Line::Complete("NOOP".to_owned())));
    }

    #[test]
    fn dots_are_unstuffed_and_what_follows_is_left() {
        let (ended, rest) = content(b"a\r\n..b\r\n.c\r\n.\r\nQUIT\r\n", 100);
        assert_eq!(ended, Some(Ended::Whole(b"a\r\n.b\r\nc\r\n".to_vec())));
        assert_eq!(rest, b"QUIT\r\n");
    }

    #[test]
    fn an_empty_mail_ends_at_once() {
        assert_eq!(content(b".\r\n", 100).0, Some(Ended::Whole(Vec::new())));
    }

    #[test]
    fn no_other_ending_ends_a_mail() {
        let others: [&[u8]; 9] = [
            b"a\n.\nX",
            b"a\n.\r\nX",
            b"a\r\n.\nX",
            b"a\r.\rX",
            b"a\r.\r\nX",
            b"a\r\n.\rX",
            b"a\r\n.\r\rX",
            b"a\n\r\n.\nX",
            b"a\r\n\0.\r\nX",
        ];
        for other in others {
            assert_eq!(content(other, 100).0, None, "{other:?}");
        }
    }

    #[test]
    fn a_bare_newline_is_told_at_the_end() {
        let (ended, rest) = content(b"a\n.\nMAIL FROM:<x@y>\r\n.\r\n", 100);
        assert_eq!(ended, Some(Ended::BareNewline));
        assert!(rest.is_empty());
    }

    #[test]
    fn the_limit_is_exact() {
        assert_eq!(
            content(b"abc\r\n.\r\n", 5).0,
            Some(Ended::Whole(b"abc\r\n".to_vec()))
        );
        assert_eq!(content(b"abcd\r\n.\r\n", 5).0, Some(Ended::TooLarge));
    }
}
