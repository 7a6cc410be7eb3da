//! Rich text as Outlook keeps it: compressed (MS-OXRTFCP), and often with a page or a plain text within (MS-OXRTFEX).

use mail_parser::decoders::charsets::map::charset_decoder;

use crate::mail::octets::Octets;

/// Longest rich text that is read, in octets.
const LONGEST: usize = 4 << 20;
/// Groups within groups.
const DEPTH: usize = 500;
/// What the dictionary holds at the start.
const DICTIONARY: &[u8; 207] = b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";

/// The rich text in `packed`, its first [`LONGEST`] octets.
pub(super) fn unpacked(packed: &[u8]) -> Option<Vec<u8>> {
    const COMPRESSED: &[u8] = b"LZFu";
    const STORED: &[u8] = b"MELA";
    let mut rest = Octets::new(packed);
    let (_packed, length) = (rest.u32()?, rest.length()?);
    let kind = rest.take(4)?;
    rest.skip(4)?;
    let length = length.min(LONGEST);
    match kind {
        STORED => rest.rest().get(..length).map(<[u8]>::to_vec),
        COMPRESSED => Some(expanded(rest, length)),
        _ => None,
    }
}

fn expanded(mut rest: Octets<'_>, length: usize) -> Vec<u8> {
    const SIZE: usize = 4096;
    let mut ring = [0_u8; SIZE];
    let mut at = DICTIONARY.len();
    for (slot, octet) in ring.iter_mut().zip(DICTIONARY) {
        *slot = *octet;
    }
    let mut text = Vec::new();
    let mut write = |text: &mut Vec<u8>, ring: &mut [u8; SIZE], octet: u8| {
        text.push(octet);
        if let Some(slot) = ring.get_mut(at) {
            *slot = octet;
        }
        at = (at + 1) % SIZE;
        at
    };
    let mut end = DICTIONARY.len();
    while let Some(control) = rest.u8() {
        for bit in 0..8 {
            if text.len() >= length {
                return text;
            }
            if control & (1 << bit) == 0 {
                let Some(octet) = rest.u8() else { return text };
                end = write(&mut text, &mut ring, octet);
                continue;
            }
            let (Some(high), Some(low)) = (rest.u8(), rest.u8()) else {
                return text;
            };
            let reference = usize::from(u16::from_be_bytes([high, low]));
            let (from, count) = (reference >> 4, (reference & 0xf) + 2);
            if from == end {
                return text;
            }
            for step in 0..count {
                let octet = ring.get((from + step) % SIZE).copied().unwrap_or_default();
                end = write(&mut text, &mut ring, octet);
            }
        }
    }
    text
}

/// What a rich text says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Document {
    /// The page that it was made from.
    Html(String),
    /// Its text.
    Text(String),
}

/// Reads a rich text (RTF 1.9.1), without its fonts, pictures and styles.
pub(super) fn read(rtf: &[u8]) -> Document {
    let mut reader = Reader {
        rest: Octets::new(rtf),
        group: Group {
            hidden: false,
            skipped: false,
            tag: false,
            fallback: 1,
        },
        groups: Vec::new(),
        html: false,
        charset: charset_decoder(b"windows-1252"),
        octets: Vec::new(),
        text: String::new(),
        passed: 0,
        optional: false,
    };
    reader.read();
    reader.settle();
    if reader.html {
        Document::Html(reader.text)
    } else {
        Document::Text(reader.text)
    }
}

/// What holds within a group.
#[derive(Clone, Copy)]
struct Group {
    /// Only there for readers of rich text, where the page is meant.
    hidden: bool,
    /// No text: fonts, pictures, properties.
    skipped: bool,
    /// A tag of the page.
    tag: bool,
    /// Characters that stand in for one of Unicode.
    fallback: usize,
}

struct Reader<'a> {
    rest: Octets<'a>,
    group: Group,
    groups: Vec<Group>,
    html: bool,
    charset: Option<fn(&[u8]) -> String>,
    /// Octets of the text that are not decoded yet.
    octets: Vec<u8>,
    text: String,
    /// Characters still to be passed over after one of Unicode.
    passed: usize,
    /// The next destination may be passed over.
    optional: bool,
}

impl Reader<'_> {
    fn read(&mut self) {
        while let Some(octet) = self.rest.u8() {
            match octet {
                b'{' if self.groups.len() < DEPTH => self.groups.push(self.group),
                b'{' => return,
                b'}' => match self.groups.pop() {
                    Some(group) => {
                        self.settle();
                        self.group = group;
                        self.passed = 0;
                    }
                    None => return,
                },
                b'\\' => {
                    if self.control().is_none() {
                        return;
                    }
                }
                b'\r' | b'\n' => {}
                octet => self.put(octet),
            }
        }
    }

    fn control(&mut self) -> Option<()> {
        let first = self.rest.u8()?;
        match first {
            b'\'' => {
                let digits = std::str::from_utf8(self.rest.take(2)?).ok();
                let octet = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
                self.put(octet.unwrap_or(b'?'));
            }
            b'*' => self.optional = true,
            b'~' => self.say("\u{a0}"),
            b'_' => self.say("-"),
            b'\r' | b'\n' => self.say("\n"),
            b'\\' | b'{' | b'}' => self.put(first),
            letter if letter.is_ascii_alphabetic() => self.word(letter)?,
            _ => {}
        }
        Some(())
    }

    /// A control word and its number. One space after it belongs to it.
    fn word(&mut self, first: u8) -> Option<()> {
        let mut word = vec![first];
        let mut number = String::new();
        loop {
            match self.rest.rest().first() {
                Some(octet)
                    if octet.is_ascii_alphabetic() && number.is_empty() && word.len() < 32 =>
                {
                    word.push(*octet);
                }
                Some(octet)
                    if (octet.is_ascii_digit() || (*octet == b'-' && number.is_empty()))
                        && number.len() < 11 =>
                {
                    number.push(char::from(*octet));
                }
                Some(b' ') => {
                    self.rest.skip(1)?;
                    break;
                }
                _ => break,
            }
            self.rest.skip(1)?;
        }
        let number: Option<i64> = number.parse().ok();
        let optional = std::mem::take(&mut self.optional);
        self.obey(&word, number, optional)
    }

    fn obey(&mut self, word: &[u8], number: Option<i64>, optional: bool) -> Option<()> {
        match word {
            b"htmltag" => {
                self.settle();
                self.group.tag = true;
            }
            b"fromhtml" => self.html = number != Some(0),
            b"htmlrtf" => {
                self.settle();
                self.group.hidden = number != Some(0);
            }
            b"ansicpg" => {
                let charset = format!("windows-{}", number.unwrap_or(1252));
                self.charset = charset_decoder(charset.as_bytes()).or(self.charset);
                if number == Some(65001) {
                    self.charset = charset_decoder(b"utf-8");
                }
            }
            b"uc" => self.group.fallback = number.and_then(|n| usize::try_from(n).ok())?.min(16),
            b"u" => {
                // Above 32767 they are written as negative numbers.
                let unit = number? & 0xffff;
                let c = u32::try_from(unit).ok().and_then(char::from_u32);
                self.say(c.unwrap_or('\u{fffd}').encode_utf8(&mut [0; 4]));
                self.passed = self.group.fallback;
            }
            b"bin" => self
                .rest
                .skip(number.and_then(|n| usize::try_from(n).ok())?)?,
            b"par" | b"line" | b"row" | b"sect" | b"page" => self.say("\n"),
            b"tab" | b"cell" => self.say("\t"),
            b"emdash" => self.say("—"),
            b"endash" => self.say("–"),
            b"lquote" => self.say("‘"),
            b"rquote" => self.say("’"),
            b"ldblquote" => self.say("“"),
            b"rdblquote" => self.say("”"),
            b"bullet" => self.say("•"),
            b"fonttbl" | b"colortbl" | b"stylesheet" | b"info" | b"pict" | b"header"
            | b"footer" | b"headerf" | b"footerf" | b"objdata" | b"filetbl" => {
                self.group.skipped = true;
            }
            _ if optional => self.group.skipped = true,
            _ => {}
        }
        Some(())
    }

    fn is_silent(&self) -> bool {
        self.group.skipped || (self.html && self.group.hidden && !self.group.tag)
    }

    fn put(&mut self, octet: u8) {
        if self.passed > 0 {
            self.passed -= 1;
        } else if !self.is_silent() {
            self.octets.push(octet);
        }
    }

    fn say(&mut self, text: &str) {
        self.settle();
        if !self.is_silent() {
            self.text.push_str(text);
        }
    }

    fn settle(&mut self) {
        if self.octets.is_empty() {
            return;
        }
        let octets = std::mem::take(&mut self.octets);
        match self.charset {
            Some(decode) => self.text.push_str(&decode(&octets)),
            None => self.text.push_str(&String::from_utf8_lossy(&octets)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_example_of_the_specification_is_expanded() {
        // MS-OXRTFCP 3.1.1 and 3.1.2.
        let packed = b"\x2d\0\0\0\x2b\0\0\0LZFu\xf1\xc5\xc7\xa7\x03\0\x0a\0rcpg125\x42\x32\x0a\xf3 hel\x09\0 bw\x05\xb0ld}\x0a\x80\x0f\xa0";
        let text = unpacked(packed).unwrap();
        let expected = "{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n";
        assert_eq!(String::from_utf8_lossy(&text), expected);
        let packed =
            b"\x1a\0\0\0\x1c\0\0\0LZFu\xe2\xd4\x4b\x51\x41\0\x04\x20WXYZ\x0d\x6e\x7d\x01\x0e\xb0";
        let text = unpacked(packed).unwrap();
        assert_eq!(text, b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}");
    }

    #[test]
    fn the_page_within_is_taken_out() {
        let rtf = br"{\rtf1\ansi\ansicpg1252\fromhtml1 \deff0{\fonttbl{\f0 Arial;}}{\*\generator X;}
{\*\htmltag19 <html>}{\*\htmltag64}\htmlrtf {\htmlrtf0 {\*\htmltag64 <p>}Accord\'e9 \u8212? oui\htmlrtf\par}\htmlrtf0
{\*\htmltag72 </p>}{\*\mhtmltag84 <img>}{\*\htmltag27 </html>}}";
        let Document::Html(html) = read(rtf) else {
            panic!("a page");
        };
        assert_eq!(html, "<html><p>Accordé — oui</p></html>");
    }

    #[test]
    fn plain_rich_text_is_read() {
        let rtf = br"{\rtf1\ansi{\fonttbl{\f0 Arial;}}\f0 Bonjour,\par Avis {\b favorable}\'a0!\par{\pict\bin3 }}}x}";
        assert_eq!(
            read(rtf),
            Document::Text("Bonjour,\nAvis favorable\u{a0}!\n".to_owned())
        );
    }

    proptest! {
        #[test]
        fn any_octets_are_read(octets: Vec<u8>, rtf in r"(\\(htmltag|htmlrtf0?|u-?[0-9]{1,6}|bin[0-9]{1,3}|'[0-9a-f]{2}|\*|par)[ {}]|[{}a]){0,60}") {
            unpacked(&[&b"\xff\xff\xff\xff\xff\xff\xff\xffLZFu\0\0\0\0"[..], &octets].concat());
            read(&octets);
            read(rtf.as_bytes());
        }
    }
}
