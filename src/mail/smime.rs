//! S/MIME (RFC 8551): what is signed is read as the mail inside, what is encrypted is known for what it is. Nothing is
//! verified, and nothing is claimed of a signature.

use std::borrow::Cow;

use mail_parser::{Message, MessagePart, MimeHeaders, PartType};

use super::octets::contains;

/// Layers of signed mail that are taken off.
const LAYERS: usize = 4;
/// Depth of a structure that is read.
const DEPTH: usize = 16;
/// 1.2.840.113549.1.7.2
const SIGNED: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";
/// 1.2.840.113549.1.7.3
const ENVELOPED: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03";
/// 1.2.840.113549.1.9.16.1.23
const AUTHENTICATED: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17";

/// What an `application/pkcs7-mime` part holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sealed {
    /// A mail, signed.
    Signed(Vec<u8>),
    /// Something only its addressee can read.
    Encrypted,
}

/// The mail within `raw`, where it is signed as one opaque block: its own body under the header of the outer mail. The
/// inner header says what the body is, and nothing else of it is believed.
pub(crate) fn opened(raw: &[u8], parse: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Cow<'_, [u8]> {
    let mut opened = Cow::Borrowed(raw);
    for _ in 0..LAYERS {
        let Some(inner) = parse(&opened) else {
            break;
        };
        opened = Cow::Owned(joined(&opened, &inner));
    }
    opened
}

/// What is sealed in `message`, if all of it is.
pub(crate) fn sealed(message: &Message<'_>) -> Option<Sealed> {
    sealed_in(message.parts.first()?)
}

/// Whether only its addressee can read `message`, also where a relay has put a footer beside what is sealed.
pub(super) fn is_encrypted(message: &Message<'_>) -> bool {
    let leaves = message
        .parts
        .iter()
        .filter(|part| !matches!(part.body, PartType::Multipart(_)));
    leaves.enumerate().any(|(index, part)| {
        // A sealed file beside a text is a file.
        let whole = index == 0
            || part
                .attachment_name()
                .is_some_and(|name| name.eq_ignore_ascii_case("smime.p7m"));
        whole && sealed_in(part) == Some(Sealed::Encrypted)
    })
}

fn sealed_in(part: &MessagePart<'_>) -> Option<Sealed> {
    match &part.body {
        PartType::Binary(content) | PartType::InlineBinary(content) if is_pkcs7(part) => {
            unseal(content)
        }
        PartType::Text(text) if is_pkcs7(part) => unseal(text.as_bytes()),
        _ => None,
    }
}

fn is_pkcs7(part: &MessagePart<'_>) -> bool {
    let declared = part.content_type().is_some_and(|kind| {
        kind.ctype() == "application"
            && matches!(kind.subtype(), Some("pkcs7-mime" | "x-pkcs7-mime"))
    });
    let named = part
        .attachment_name()
        .is_some_and(|name| name.to_lowercase().ends_with(".p7m"));
    declared || named
}

/// The parts of `message` that are signatures of it (RFC 1847 §2.1): the last of each `multipart/signed`.
pub(super) fn signatures(message: &Message<'_>) -> Vec<u32> {
    let is_signature = |id: &u32| {
        let part = message.parts.get(*id as usize);
        let kind = part.and_then(MessagePart::content_type);
        kind.and_then(mail_parser::ContentType::subtype)
            .is_some_and(|subtype| {
                matches!(
                    subtype,
                    "pkcs7-signature" | "x-pkcs7-signature" | "pgp-signature"
                )
            })
    };
    let signed = message.parts.iter().filter_map(|part| match &part.body {
        PartType::Multipart(parts) => {
            let kind = part.content_type()?;
            (kind.subtype() == Some("signed")).then_some(parts)
        }
        _ => None,
    });
    signed
        .filter_map(|parts| parts.last().copied())
        .filter(is_signature)
        .collect()
}

/// Reads a CMS structure (RFC 5652 §3), in DER or in the indefinite lengths of BER that streaming programs write.
pub(crate) fn unseal(content: &[u8]) -> Option<Sealed> {
    let (info, _) = Element::read(content, DEPTH)?;
    let mut info = info.children(SEQUENCE)?;
    let kind = info.next()?;
    match kind.primitive(OBJECT)? {
        SIGNED => {}
        kind if kind == ENVELOPED || kind == AUTHENTICATED => return Some(Sealed::Encrypted),
        _ => return None,
    }
    let signed = info.next()?.children(CONTEXT_0)?.next()?;
    let mut signed = signed.children(SEQUENCE)?;
    let (_version, _digests, encapsulated) = (signed.next()?, signed.next()?, signed.next()?);
    let mut encapsulated = encapsulated.children(SEQUENCE)?;
    let _kind = encapsulated.next()?;
    let content = encapsulated.next()?.children(CONTEXT_0)?.next()?;
    let mut mail = Vec::new();
    content.string(&mut mail, DEPTH)?;
    Some(Sealed::Signed(mail))
}

/// Whether `content` is a CMS structure that only its addressee can read.
pub(super) fn is_enveloped(content: &[u8]) -> bool {
    let kind = || {
        let (info, _) = Element::read(content, DEPTH)?;
        info.children(SEQUENCE)?.next()?.primitive(OBJECT)
    };
    content.starts_with(&[SEQUENCE])
        && kind().is_some_and(|kind| kind == ENVELOPED || kind == AUTHENTICATED)
}

const OBJECT: u8 = 0x06;
const STRING: u8 = 0x04;
const STRING_OF_PARTS: u8 = 0x24;
const SEQUENCE: u8 = 0x30;
const CONTEXT_0: u8 = 0xa0;

/// One element of ASN.1 (X.690 §8.1).
struct Element<'a> {
    tag: u8,
    content: &'a [u8],
    depth: usize,
}

impl<'a> Element<'a> {
    /// The element at the start of `octets`, and what follows it.
    fn read(octets: &'a [u8], depth: usize) -> Option<(Self, &'a [u8])> {
        let (&[tag, length], rest) = octets.split_first_chunk::<2>()?;
        // Long tags occur in no mail.
        if tag & 0x1f == 0x1f {
            return None;
        }
        if length == 0x80 {
            let size = indefinite(rest, depth)?;
            let (content, after) = rest.split_at_checked(size)?;
            let element = Self {
                tag,
                content,
                depth,
            };
            return Some((element, after.get(2..)?));
        }
        let (size, rest) = if length < 0x80 {
            (usize::from(length), rest)
        } else {
            let count = usize::from(length & 0x7f);
            let (digits, rest) = rest.split_at_checked(count)?;
            let size = digits.iter().try_fold(0_usize, |size, digit| {
                size.checked_mul(256)?.checked_add(usize::from(*digit))
            })?;
            (size, rest)
        };
        let (content, after) = rest.split_at_checked(size)?;
        Some((
            Self {
                tag,
                content,
                depth,
            },
            after,
        ))
    }

    fn children(&self, tag: u8) -> Option<Children<'a>> {
        (self.tag == tag).then_some(Children {
            rest: self.content,
            depth: self.depth.checked_sub(1)?,
        })
    }

    fn primitive(&self, tag: u8) -> Option<&'a [u8]> {
        (self.tag == tag).then_some(self.content)
    }

    /// Adds an octet string, which may come in parts.
    fn string(&self, whole: &mut Vec<u8>, depth: usize) -> Option<()> {
        match self.tag {
            STRING => whole.extend_from_slice(self.content),
            STRING_OF_PARTS => {
                let depth = depth.checked_sub(1)?;
                for part in self.children(STRING_OF_PARTS)? {
                    part.string(whole, depth)?;
                }
            }
            _ => return None,
        }
        Some(())
    }
}

/// The elements within one.
struct Children<'a> {
    rest: &'a [u8],
    depth: usize,
}

impl<'a> Iterator for Children<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        let (element, rest) = Element::read(self.rest, self.depth)?;
        self.rest = rest;
        Some(element)
    }
}

/// Octets until the end mark of an element of indefinite length. Each octet is looked at once for each level, of which
/// there are few.
fn indefinite(octets: &[u8], depth: usize) -> Option<usize> {
    let depth = depth.checked_sub(1)?;
    let mut rest = octets;
    loop {
        if rest.starts_with(&[0, 0]) {
            return Some(octets.len() - rest.len());
        }
        (_, rest) = Element::read(rest, depth)?;
    }
}

/// The header of `outer` without what describes its body, the description of `inner`, and the body of `inner`.
fn joined(outer: &[u8], inner: &[u8]) -> Vec<u8> {
    let (header, _) = split(outer);
    let (description, body) = split(inner);
    let mut joined = Vec::with_capacity(header.len() + inner.len());
    for field in fields(header).filter(|field| !describes(field)) {
        joined.extend_from_slice(field);
    }
    for field in fields(description).filter(|field| describes(field)) {
        joined.extend_from_slice(field);
    }
    if !joined.ends_with(b"\n") {
        joined.extend_from_slice(b"\r\n");
    }
    joined.extend_from_slice(b"\r\n");
    joined.extend_from_slice(body);
    joined
}

fn describes(field: &[u8]) -> bool {
    let start = field.get(..8).unwrap_or(field);
    start.eq_ignore_ascii_case(b"content-")
}

/// The header and the body of a mail.
fn split(mail: &[u8]) -> (&[u8], &[u8]) {
    let mut start = 0;
    for line in mail.split_inclusive(|octet| *octet == b'\n') {
        if matches!(line, b"\r\n" | b"\n") {
            let body = mail.get(start + line.len()..).unwrap_or_default();
            return (mail.get(..start).unwrap_or_default(), body);
        }
        start += line.len();
    }
    (mail, &[])
}

/// The fields of a header, each with its folded lines.
fn fields(header: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = header;
    std::iter::from_fn(move || {
        let mut end = 0;
        for line in rest.split_inclusive(|octet| *octet == b'\n') {
            if end > 0 && !matches!(line.first(), Some(b' ' | b'\t')) {
                break;
            }
            end += line.len();
        }
        let (field, after) = rest
            .split_at_checked(end)
            .filter(|(field, _)| !field.is_empty())?;
        rest = after;
        Some(field)
    })
}

/// Whether it is worth looking whether `raw` is sealed: cheap, and true of few mails.
pub(crate) fn may_be_sealed(raw: &[u8]) -> bool {
    let (header, _) = split(raw);
    let header = header.to_ascii_lowercase();
    contains(&header, b"pkcs7-mime") || contains(&header, b".p7m")
}

#[cfg(test)]
pub(crate) mod samples {
    use super::*;

    pub(crate) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        [&[tag, 0x82][..], &length, content].concat()
    }

    pub(crate) fn streamed(tag: u8, content: &[u8]) -> Vec<u8> {
        [&[tag, 0x80][..], content, &[0, 0]].concat()
    }

    pub(crate) fn signed(wrap: fn(u8, &[u8]) -> Vec<u8>, content: &[u8]) -> Vec<u8> {
        let data = element(OBJECT, b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01");
        let encapsulated = wrap(SEQUENCE, &[data, wrap(CONTEXT_0, content)].concat());
        let head = [&[2, 1, 1][..], &element(0x31, b"")].concat();
        let signed = wrap(SEQUENCE, &[head, encapsulated].concat());
        let kind = element(OBJECT, SIGNED);
        wrap(SEQUENCE, &[kind, wrap(CONTEXT_0, &signed)].concat())
    }

    /// `mail` signed by a program that streams, in pieces of `size` octets.
    pub(crate) fn chunked(mail: &[u8], size: usize) -> Vec<u8> {
        let parts: Vec<u8> = mail
            .chunks(size)
            .flat_map(|part| element(STRING, part))
            .collect();
        signed(streamed, &streamed(STRING_OF_PARTS, &parts))
    }

    /// A mail that only its addressee can read.
    pub(crate) fn enveloped() -> Vec<u8> {
        element(SEQUENCE, &element(OBJECT, ENVELOPED))
    }
}

#[cfg(test)]
mod tests {
    use super::samples::{element, signed, streamed};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_signed_mail_is_taken_out() {
        let whole = signed(
            element,
            &element(STRING, b"Content-Type: text/plain\r\n\r\nOui"),
        );
        let mail = b"Content-Type: text/plain\r\n\r\nOui".to_vec();
        assert_eq!(unseal(&whole), Some(Sealed::Signed(mail.clone())));
        let parts = [element(STRING, &mail[..10]), element(STRING, &mail[10..])].concat();
        let whole = signed(streamed, &streamed(STRING_OF_PARTS, &parts));
        assert_eq!(unseal(&whole), Some(Sealed::Signed(mail)));
    }

    #[test]
    fn an_encrypted_mail_is_known() {
        for kind in [ENVELOPED, AUTHENTICATED] {
            let sealed = element(SEQUENCE, &element(OBJECT, kind));
            assert!(is_enveloped(&sealed));
            assert_eq!(unseal(&sealed), Some(Sealed::Encrypted));
        }
        assert_eq!(unseal(&element(SEQUENCE, &element(OBJECT, b"\x2a"))), None);
    }

    #[test]
    fn a_footer_does_not_make_an_encrypted_mail_readable() {
        use crate::mail::{Own, Reason, understand};
        let sealed = data_encoding::BASE64.encode(&super::samples::enveloped());
        let file = |name: &str| {
            format!(
                "--b\r\nContent-Type: application/pkcs7-mime; name={name}\r\nContent-Transfer-Encoding: base64\r\n\
                 Content-Disposition: attachment; filename={name}\r\n\r\n{sealed}\r\n"
            )
        };
        let text = |text: &str| format!("--b\r\nContent-Type: text/plain\r\n\r\n{text}\r\n");
        let read = |parts: [String; 2]| {
            let raw = format!(
                "From: a@b.example\r\nSubject: x\r\nMIME-Version: 1.0\r\n\
                 Content-Type: multipart/mixed; boundary=b\r\n\r\n{}--b--\r\n",
                parts.concat()
            );
            understand(raw.as_bytes(), &Own::default())
        };
        let footer = || text("Message verifie par la passerelle.");
        let encrypted = Some(Reason::Encrypted);
        assert_eq!(read([file("smime.p7m"), footer()]).reason, encrypted);
        assert_eq!(read([footer(), file("smime.p7m")]).reason, encrypted);
        let beside = read([text("Voici le contrat."), file("contrat.p7m")]);
        assert_eq!(beside.reason, None);
        assert!(
            beside.attachments[0]
                .refused
                .as_deref()
                .unwrap()
                .contains("chiffr")
        );
    }

    #[test]
    fn the_inner_header_only_says_what_the_body_is() {
        let outer = b"From: a@b\r\nContent-Type: application/pkcs7-mime;\r\n name=x\r\nSubject: x\r\n\r\nMIAG";
        let inner = b"From: evil@b\r\nContent-Type: text/plain\r\nAuthentication-Results: mx; dkim=pass\r\n\r\nOui";
        assert_eq!(
            String::from_utf8(joined(outer, inner)).unwrap(),
            "From: a@b\r\nSubject: x\r\nContent-Type: text/plain\r\n\r\nOui"
        );
    }

    proptest! {
        #[test]
        fn any_octets_are_read(content: Vec<u8>, at: prop::sample::Index, octet: u8) {
            unseal(&content);
            joined(&content, &content);
            let mut whole = signed(streamed, &streamed(STRING_OF_PARTS, &element(STRING, b"abc")));
            let at = at.index(whole.len());
            whole[at] = octet;
            unseal(&whole);
        }
    }

    #[test]
    fn nesting_is_bounded() {
        assert_eq!(unseal(&[0x30, 0x80].repeat(100_000)), None);
        assert_eq!(unseal(&[0x24, 0x80].repeat(100_000)), None);
    }
}
