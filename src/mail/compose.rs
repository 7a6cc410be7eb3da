//! A mail to send, as octets (RFC 5322, MIME). Whatever the fields hold, no header can be slipped in.

use data_encoding::{BASE64, HEXLOWER};
use jiff::Timestamp;
use mail_builder::MessageBuilder;
use mail_builder::headers::address::Address;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::date::Date;
use mail_builder::headers::message_id::MessageId;
use mail_builder::headers::raw::Raw;
use mail_builder::headers::text::Text;
use mail_builder::mime::MimePart;
use sha2::{Digest as _, Sha256};

use super::own::OwnSeal;
use crate::message::MailOut;
use crate::message::Piece;

/// The header by which Greffier knows its own mail when it comes back: the host, and a mark that only we can make.
pub const INSTANCE: &str = "X-Greffier-Instance";

/// Characters of a subject or a name at most: more is cut.
const TEXT_MAX: usize = 250;
/// Octets of an address at most (RFC 5321 §4.5.3.1.3, erratum 1690).
const ADDRESS_MAX: usize = 254;
/// Octets of a file's name that fit into one encoded word (RFC 2047 §2: 75 characters with `=?UTF-8?B?` and `?=`).
const WORD_MAX: usize = 45;

/// As whom Greffier writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Domain of the reply addresses.
    pub domain: String,
    /// Sender's address.
    pub from_address: String,
    /// Right part of every `Message-ID`, and the name of this instance.
    pub host: String,
    /// What our mail is marked with; without it, it is known by its `Message-ID` alone.
    pub seal: Option<OwnSeal>,
}

/// `mail` to `to`, ready to be sent. `key` names it for ever: the `Message-ID` is made from it. `files` are the
/// attachments with their content. The same arguments give the same octets, so that a mail which is sent again is
/// the same mail.
pub fn compose(
    mail: &MailOut,
    to: &str,
    key: &str,
    identity: &Identity,
    date: Timestamp,
    files: &[(Piece, Vec<u8>)],
) -> Vec<u8> {
    let Identity {
        domain,
        from_address,
        host,
        seal,
    } = identity;
    let id = message_id(key, host);
    let instance = match seal {
        Some(seal) => format!("{}; {}", token(host), seal.mark(&id)),
        None => token(host),
    };
    let thread = mail.thread.as_ref().map(|thread| message_id(thread, host));
    let answered = mail
        .in_reply_to
        .as_deref()
        .filter(|id| is_message_id(id))
        .map(str::to_owned);
    let mut message = MessageBuilder::new()
        .from(Address::new_address(
            Some(line(&mail.from_name)).filter(|name| !name.is_empty()),
            address(from_address),
        ))
        .to(Address::new_address(None::<String>, address(to)))
        .header("Subject", Text::new(line(&mail.subject)))
        .date(Date::new(date.as_second()))
        .message_id(id);
    if let Some(local) = &mail.reply_to {
        message = message.reply_to(Address::new_address(
            None::<String>,
            address(&format!("{local}@{domain}")),
        ));
    }
    if let Some(id) = answered.clone().or_else(|| thread.clone()) {
        message = message.in_reply_to(id);
    }
    let references: Vec<String> = thread.into_iter().chain(answered).collect();
    if !references.is_empty() {
        message = message.references(MessageId::from(references));
    }
    // RFC 3834 §5, and what Exchange reads instead: no absence notice comes back. An answer outside any conversation is
    // one to a mail that was not taken.
    let answers = mail.thread.is_none() && mail.in_reply_to.is_some();
    let submitted = if answers {
        "auto-replied"
    } else {
        "auto-generated"
    };
    message = message
        .header("Auto-Submitted", Raw::new(submitted))
        .header("X-Auto-Response-Suppress", Raw::new("All"))
        .header(INSTANCE, Raw::new(instance))
        .body(body(mail, files, &boundary(key, mail, files)));
    let mut octets = Vec::new();
    message.serialize(&mut octets);
    octets
}

fn body<'x>(mail: &'x MailOut, files: &'x [(Piece, Vec<u8>)], boundary: &str) -> MimePart<'x> {
    let mut whole = MimePart::new("text/plain", mail.text.as_str());
    if !mail.html.is_empty() {
        let html = MimePart::new("text/html", mail.html.as_str());
        whole = multipart("alternative", boundary, vec![whole, html]);
    }
    if files.is_empty() {
        return whole;
    }
    let files = files
        .iter()
        .map(|(piece, content)| file(piece, content.as_slice()));
    let parts = std::iter::once(whole).chain(files).collect();
    multipart("mixed", boundary, parts)
}

fn multipart<'x>(kind: &str, boundary: &str, parts: Vec<MimePart<'x>>) -> MimePart<'x> {
    let content_type = ContentType::new(format!("multipart/{kind}"))
        .attribute("boundary", format!("{kind}_{boundary}"));
    MimePart::new(content_type, parts)
}

/// An attachment. Its name stands in `filename*` (RFC 2231) and, for programs that read no RFC 2231, shortened in
/// `name` as an encoded word (RFC 2047), which is what Outlook looks for.
fn file<'x>(piece: &Piece, content: &'x [u8]) -> MimePart<'x> {
    let name = line(&piece.name);
    let content_type =
        ContentType::new(media_type(&piece.media_type).to_owned()).attribute("name", word(&name));
    MimePart::new(content_type, content).attachment(name)
}

/// `name` in one word of ASCII: itself, or its start and its ending, encoded.
fn word(name: &str) -> String {
    let short = shortened(name);
    if short.is_ascii() {
        short
    } else {
        format!("=?UTF-8?B?{}?=", BASE64.encode(short.as_bytes()))
    }
}

fn shortened(name: &str) -> String {
    if name.len() <= WORD_MAX {
        return name.to_owned();
    }
    let (stem, ending) = name
        .rsplit_once('.')
        .filter(|(_, ending)| (1..=8).contains(&ending.len()))
        .unwrap_or((name, ""));
    let dot = if ending.is_empty() { "" } else { "." };
    let room = WORD_MAX - dot.len() - ending.len();
    let kept: String = stem
        .char_indices()
        .take_while(|(at, c)| at + c.len_utf8() <= room)
        .map(|(_, c)| c)
        .collect();
    format!("{kept}{dot}{ending}")
}

/// What parts the parts: a digest of what they hold, so that nothing in them can be it.
fn boundary(key: &str, mail: &MailOut, files: &[(Piece, Vec<u8>)]) -> String {
    let mut digest = Sha256::new();
    let files = files.iter().map(|(_, content)| content.as_slice());
    for part in [key.as_bytes(), mail.text.as_bytes(), mail.html.as_bytes()]
        .into_iter()
        .chain(files)
    {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    let mut hex = HEXLOWER.encode(&digest.finalize());
    hex.truncate(32);
    hex
}

/// The `Message-ID` of the mail with this outbox key, without angle brackets.
pub fn message_id(key: &str, host: &str) -> String {
    format!("{}@{}", token(key), token(host))
}

/// Whether `address` is one plain mailbox: `local@domain`, of at most 254 octets, without quotes, comments or lists.
pub fn is_address(address: &str) -> bool {
    let parts = address.split_once('@');
    address.len() <= ADDRESS_MAX
        && address.chars().all(is_address_char)
        && parts.is_some_and(|(local, domain)| {
            !local.is_empty() && !domain.is_empty() && !domain.contains('@')
        })
}

/// `address` as it is sent: its domain in A-labels (RFC 5890), so that only a local part beyond ASCII needs a server with
/// SMTPUTF8 (RFC 6531). None where it is no [plain mailbox](is_address), or its domain is none.
pub fn deliverable(address: &str) -> Option<String> {
    if !is_address(address) {
        return None;
    }
    let (local, domain) = address.split_once('@')?;
    let address = if domain.is_ascii() {
        address.to_owned()
    } else {
        format!("{local}@{}", idna::domain_to_ascii(domain).ok()?)
    };
    (address.len() <= ADDRESS_MAX).then_some(address)
}

fn is_address_char(c: char) -> bool {
    !c.is_control() && !c.is_whitespace() && !"<>()[],;:\\\"".contains(c)
}

fn address(address: &str) -> String {
    if let Some(deliverable) = deliverable(address) {
        return deliverable;
    }
    address
        .chars()
        .filter(|c| is_address_char(*c))
        .take(ADDRESS_MAX)
        .collect()
}

/// One line: controls are spaces, as are the line separators that are no controls.
fn line(text: &str) -> String {
    let blank = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    let line: String = text
        .chars()
        .map(|c| if blank(c) { ' ' } else { c })
        .take(TEXT_MAX)
        .collect();
    line.trim().to_owned()
}

/// An atom for a `Message-ID`.
fn token(name: &str) -> String {
    name.chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || ".-_".contains(c) {
                c
            } else {
                '_'
            }
        })
        .take(100)
        .collect()
}

fn is_message_id(id: &str) -> bool {
    id.len() <= TEXT_MAX
        && id.contains('@')
        && id
            .bytes()
            .all(|octet| octet.is_ascii_graphic() && !b"<>".contains(&octet))
}

/// The media type, where it is one (RFC 2045 §5.1). Mails and multiparts may not be encoded as attachments must be
/// (RFC 2046 §5.2.1), so they travel as plain octets.
fn media_type(media_type: &str) -> &str {
    let word = |word: &str| {
        !word.is_empty()
            && word
                .bytes()
                .all(|c| c.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&c))
    };
    match media_type.split_once('/') {
        Some((kind, subtype))
            if word(kind)
                && word(subtype)
                && media_type.len() <= 100
                && !["message", "multipart"].contains(&kind) =>
        {
            media_type
        }
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail_parser::{MessageParser, MimeHeaders as _};

    fn identity() -> Identity {
        Identity {
            domain: "greffe.example".to_owned(),
            from_address: "greffe@greffe.example".to_owned(),
            host: "mx.greffe.example".to_owned(),
            seal: Some(OwnSeal::of(b"a secret of the tests")),
        }
    }

    fn own() -> crate::mail::Own {
        crate::mail::Own {
            domain: identity().domain,
            hosts: vec![identity().host],
            seal: identity().seal,
            ..crate::mail::Own::default()
        }
    }

    fn mail() -> MailOut {
        MailOut {
            from_name: "Préfecture, service « instruction »".to_owned(),
            subject: "Votre dossier nº 4807 est passé en instruction".to_owned(),
            text: "Bonjour,\n\nVotre dossier est à l’étude.\n".to_owned(),
            html: "<p>Votre dossier est à l’étude.</p>".to_owned(),
            reply_to: Some("reponse+abc".to_owned()),
            thread: Some("dossier-4807".to_owned()),
            in_reply_to: Some("x1@client.example".to_owned()),
            ..MailOut::default()
        }
    }

    fn piece(name: &str, media_type: &str, content: &[u8]) -> (Piece, Vec<u8>) {
        let piece = Piece {
            hash: String::new(),
            name: name.to_owned(),
            media_type: media_type.to_owned(),
            bytes: content.len() as u64,
        };
        (piece, content.to_vec())
    }

    fn composed(mail: &MailOut, to: &str, files: &[(Piece, Vec<u8>)]) -> Vec<u8> {
        compose(
            mail,
            to,
            "outbox-42.1f3a9c",
            &identity(),
            Timestamp::UNIX_EPOCH,
            files,
        )
    }

    #[test]
    fn a_mail_reads_back_as_it_was_meant() {
        let octets = composed(&mail(), "usager@client.example", &[]);
        let read = MessageParser::new().parse(&octets).unwrap();
        let from = read.from().and_then(|from| from.first()).unwrap();
        assert_eq!(
            from.name.as_deref(),
            Some("Préfecture, service « instruction »")
        );
        assert_eq!(from.address.as_deref(), Some("greffe@greffe.example"));
        assert_eq!(
            read.subject(),
            Some("Votre dossier nº 4807 est passé en instruction")
        );
        assert_eq!(
            read.message_id(),
            Some("outbox-42.1f3a9c@mx.greffe.example")
        );
        assert_eq!(read.in_reply_to().as_text(), Some("x1@client.example"));
        assert_eq!(
            read.references().as_text_list().unwrap(),
            ["dossier-4807@mx.greffe.example", "x1@client.example"]
        );
        let reply_to = read
            .reply_to()
            .and_then(|reply| reply.first())
            .and_then(|reply| reply.address.as_deref());
        assert_eq!(reply_to, Some("reponse+abc@greffe.example"));
        assert_eq!(
            read.body_text(0).unwrap().replace("\r\n", "\n"),
            mail().text
        );
        assert_eq!(read.body_html(0).unwrap(), mail().html);
        assert_eq!(read.date().unwrap().to_timestamp(), 0);
        let text = String::from_utf8(octets).unwrap();
        for header in [
            "Auto-Submitted: auto-generated\r\n",
            "X-Auto-Response-Suppress: All\r\n",
        ] {
            assert!(text.contains(header), "{header}");
        }
        let read = crate::mail::understand(text.as_bytes(), &own());
        assert_eq!(read.class, crate::mail::Class::Own);
        let forged = text.replace("outbox-42", "outbox-43");
        let read = crate::mail::understand(forged.as_bytes(), &own());
        assert_ne!(read.class, crate::mail::Class::Own);
    }

    #[test]
    fn files_keep_their_french_names_and_every_octet() {
        let all: Vec<u8> = (0..=255).collect();
        let mixed = b"un\ndeux\r\ntrois\rquatre \n".to_vec();
        let files = [
            piece("plan d’été n° 3.pdf", "application/pdf", &all),
            piece("notes.txt", "text/plain", &mixed),
        ];
        let octets = composed(&mail(), "usager@client.example", &files);
        let read = MessageParser::new().parse(&octets).unwrap();
        let first = read.attachment(0).unwrap();
        assert_eq!(first.attachment_name(), Some("plan d’été n° 3.pdf"));
        assert_eq!(first.contents(), all);
        assert_eq!(read.attachment(1).unwrap().contents(), mixed);
    }

    #[test]
    fn the_same_mail_is_the_same_octets() {
        let files = [piece("plan.pdf", "application/pdf", b"abc")];
        let first = composed(&mail(), "usager@client.example", &files);
        assert_eq!(first, composed(&mail(), "usager@client.example", &files));
        let other = [piece("plan.pdf", "application/pdf", b"abd")];
        assert_ne!(first, composed(&mail(), "usager@client.example", &other));
        let text = String::from_utf8(first).unwrap();
        assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "{text}");
    }

    #[test]
    fn programs_of_old_find_a_name_too() {
        for (name, in_word) in [
            ("plan.pdf", "plan.pdf"),
            ("plan d’été.pdf", "=?UTF-8?B?cGxhbiBk4oCZw6l0w6kucGRm?="),
        ] {
            let octets = composed(
                &mail(),
                "usager@client.example",
                &[piece(name, "application/pdf", b"a")],
            );
            let text = String::from_utf8(octets).unwrap().replace("\r\n\t", " ");
            assert!(
                text.contains(&format!("application/pdf; name=\"{in_word}\"")),
                "{text}"
            );
        }
        let long = "é".repeat(100) + ".pdf";
        assert_eq!(shortened(&long), "é".repeat(20) + ".pdf");
        assert_eq!(shortened(&"x".repeat(100)).len(), WORD_MAX);
        assert!(word(&"é".repeat(250)).len() <= 75);
    }

    #[test]
    fn a_domain_beyond_ascii_is_sent_in_ascii() {
        assert_eq!(
            deliverable("paul@mairie-été.example").unwrap(),
            "paul@xn--mairie-t-h1ab.example"
        );
        assert_eq!(deliverable("Paul@B.example").unwrap(), "Paul@B.example");
        assert_eq!(deliverable("a@b@c"), None);
        let octets = composed(&mail(), "paul@mairie-été.example", &[]);
        assert!(octets.is_ascii());
    }

    #[test]
    fn no_field_can_slip_in_a_header() {
        let evil = "x\r\nBcc: victim@example\r\n\r\nbody\nX-Evil: 1\u{2028}\u{85}";
        let mail = MailOut {
            from_name: evil.to_owned(),
            subject: evil.to_owned(),
            reply_to: Some(evil.to_owned()),
            thread: Some(evil.to_owned()),
            in_reply_to: Some(format!("a@b>{evil}")),
            ..mail()
        };
        let files = [piece(evil, &format!("text/plain{evil}"), b"content")];
        let identity = Identity {
            domain: evil.to_owned(),
            from_address: evil.to_owned(),
            host: evil.to_owned(),
            seal: None,
        };
        let octets = compose(&mail, evil, evil, &identity, Timestamp::UNIX_EPOCH, &files);
        let read = MessageParser::new().parse(&octets).unwrap();
        assert!(read.bcc().is_none());
        assert!(read.header("X-Evil").is_none());
        assert_eq!(read.attachment(0).unwrap().contents(), b"content");
        for line in String::from_utf8_lossy(&octets).lines() {
            assert!(
                !line.starts_with("Bcc") && !line.starts_with("X-Evil"),
                "{line}"
            );
        }
    }

    #[test]
    fn only_one_recipient_can_be_meant() {
        let octets = composed(&mail(), "a@b.example>, <victim@c.example", &[]);
        let read = MessageParser::new().parse(&octets).unwrap();
        assert_eq!(read.to().unwrap().iter().count(), 1);
        for bad in [
            "", "a", "a@", "@b", "a@b@c", "a@b,c@d", "a@b>,<c", "a b@c", "a\r\n@b",
        ] {
            assert!(!is_address(bad), "{bad:?}");
        }
        assert!(is_address("prénom.o'nom+x@exemple.example"));
    }

    #[test]
    fn no_line_is_longer_than_998_octets() {
        let long = "é".repeat(3000) + "x".repeat(3000).as_str();
        let mail = MailOut {
            subject: long.clone(),
            from_name: "x".repeat(3000),
            text: long.clone(),
            html: "x".repeat(3000),
            in_reply_to: Some("y".repeat(3000) + "@z"),
            thread: Some("t".repeat(3000)),
            ..mail()
        };
        let to = "a".repeat(3000) + "@b";
        let octets = composed(&mail, &to, &[piece(&long, &long, b"a")]);
        for line in octets.split(|octet| *octet == b'\n') {
            assert!(line.len() <= 999, "{}", String::from_utf8_lossy(line));
        }
        assert_eq!(
            MessageParser::new()
                .parse(&octets)
                .unwrap()
                .body_text(0)
                .unwrap(),
            long
        );
    }
}
