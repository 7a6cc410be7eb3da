//! A mail from a folder as the middle takes it.

use crate::channel::mail_id::mail_id;
use crate::message::{MailIn, Piece};

/// Fields in which a mail server says for whom it delivered a mail. The uppermost of each is our own server's.
const DELIVERED: [&str; 3] = ["delivered-to", "x-original-to", "envelope-to"];
/// Octets of a header that are looked at for them.
const LOOKED_AT: usize = 64 * 1024;
/// Addresses taken at most.
const RECIPIENTS: usize = 10;

/// The id of a mail and what to hand in for it, but for the hash of its octets. `too_large` is the size of the whole,
/// where `octets` are only its header.
pub(super) fn read(octets: &[u8], too_large: Option<u64>) -> (String, MailIn) {
    let rcpt_to = recipients(octets);
    // Two copies of one mail, to two reply addresses, differ in nothing but the recipient.
    let id = mail_id(octets, &rcpt_to);
    let original = Piece {
        hash: String::new(),
        name: "message.eml".to_owned(),
        media_type: "message/rfc822".to_owned(),
        bytes: octets.len() as u64,
    };
    let mail = MailIn {
        original,
        mail_from: None,
        rcpt_to,
        peer: None,
        authentication: None,
        too_large,
        scan: None,
    };
    (id, mail)
}

/// For whom our own server says that it delivered the mail.
fn recipients(octets: &[u8]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut seen = [false; DELIVERED.len()];
    let head = octets.get(..LOOKED_AT).unwrap_or(octets);
    for line in head.split(|octet| *octet == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            break;
        }
        let Some((name, value)) = std::str::from_utf8(line)
            .ok()
            .and_then(|line| line.split_once(':'))
        else {
            continue;
        };
        for (wanted, seen) in DELIVERED.iter().zip(&mut seen) {
            if !*seen && name.trim_end().eq_ignore_ascii_case(wanted) {
                *seen = true;
                found.extend(address(value));
            }
        }
    }
    found.dedup();
    found.truncate(RECIPIENTS);
    found
}

fn address(value: &str) -> Option<String> {
    let value = value.trim().trim_start_matches('<').trim_end_matches('>');
    let plain = |c: char| !c.is_control() && !c.is_whitespace() && !"<>,;\"".contains(c);
    (value.contains('@') && value.len() <= 320 && value.chars().all(plain))
        .then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_server_says_for_whom_a_mail_is() {
        let mail = b"Return-Path: <a@b.example>\r\nDelivered-To: greffe@mx.example\r\nX-Original-To: <reponse+t@greffier.example>\r\n\
            Received: from x\r\n\tby y\r\nDelivered-To: reponse+forged@greffier.example\r\n\r\nDelivered-To: body@x.example\r\n";
        assert_eq!(
            recipients(mail),
            ["greffe@mx.example", "reponse+t@greffier.example"]
        );
        assert!(recipients(b"Delivered-To: a b@c\r\nX-Original-To: none\r\n\xff\r\n").is_empty());
    }

    #[test]
    fn copies_for_two_addresses_are_two_mails_and_the_same_copy_is_one() {
        let copy = |to: &str| {
            let mail = format!("Delivered-To: {to}\r\nSubject: x\r\n\r\nBonjour\r\n");
            read(mail.as_bytes(), None).0
        };
        assert_eq!(copy("a@x.example"), copy("a@x.example"));
        assert_ne!(copy("a@x.example"), copy("b@x.example"));
    }
}
