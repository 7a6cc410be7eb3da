//! Signing what goes out (DKIM, RFC 6376), with RSA or Ed25519 (RFC 8463).
//!
//! Header fields and body are canonicalised `relaxed/relaxed`, and the time in the signature is that of the mail: the same
//! mail has the same signature at each try.

use data_encoding::BASE64;
use jiff::Timestamp;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;
use sha2::{Digest as _, Sha256};

/// Header fields that are signed where they are there.
const SIGNED: [&str; 12] = [
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "reply-to",
    "in-reply-to",
    "references",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "auto-submitted",
];
/// Fields that are signed once more than they are there, so that nobody can add one (RFC 6376 §8.15).
const OVERSIGNED: [&str; 4] = ["from", "to", "subject", "reply-to"];
/// Characters of Base64 in a line of the header.
const LINE: usize = 72;

/// A key that cannot sign.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// No private key in PEM.
    #[error("holds no private key in PEM (PKCS#8, or PKCS#1 for RSA)")]
    NoKey,
    /// A key of another kind, or too short.
    #[error("holds a key that DKIM cannot use: it takes RSA of 2048 to 4096 bits, or Ed25519")]
    Unusable,
}

/// Signs in the name of a domain.
pub struct Signer {
    domain: String,
    selector: String,
    key: Key,
}

enum Key {
    Rsa(Box<RsaKeyPair>),
    Ed25519(Ed25519KeyPair),
}

impl Signer {
    /// A signer with the private key in `pem`, whose public half stands in the DNS at `selector._domainkey.domain`.
    pub fn new(domain: &str, selector: &str, pem: &[u8]) -> Result<Self, Fault> {
        let key = match PrivateKeyDer::from_pem_slice(pem).map_err(|_| Fault::NoKey)? {
            PrivateKeyDer::Pkcs1(der) => rsa(RsaKeyPair::from_der(der.secret_pkcs1_der()))?,
            PrivateKeyDer::Pkcs8(der) => {
                let der = der.secret_pkcs8_der();
                // OpenSSL leaves out the public half, which the stricter reader wants to see.
                match Ed25519KeyPair::from_pkcs8_maybe_unchecked(der) {
                    Ok(key) => Key::Ed25519(key),
                    Err(_) => rsa(RsaKeyPair::from_pkcs8(der))?,
                }
            }
            _ => return Err(Fault::Unusable),
        };
        Ok(Self {
            domain: domain.to_owned(),
            selector: selector.to_owned(),
            key,
        })
    }

    /// `mail` with its signature on top. `date` is the time that the signature bears.
    pub fn sign(&self, mail: &[u8], date: Timestamp) -> Result<Vec<u8>, Fault> {
        let (fields, body) = parts(mail);
        let names = signed(&fields);
        let algorithm = match self.key {
            Key::Rsa(_) => "rsa-sha256",
            Key::Ed25519(_) => "ed25519-sha256",
        };
        let (
            Self {
                domain, selector, ..
            },
            seconds,
        ) = (self, date.as_second());
        let mut field = format!(
            "DKIM-Signature: v=1; a={algorithm}; c=relaxed/relaxed;\r\n\td={domain}; s={selector};\r\n\tt={seconds}; h={};\r\n\tbh={};\r\n\tb=",
            names.join(":\r\n\t "),
            BASE64.encode(&Sha256::digest(relaxed_body(body))),
        );
        let mut covered = covered(&fields, &names);
        covered.extend(relaxed_field(field.as_bytes()));
        let signature = BASE64.encode(&self.seal(&covered)?);
        let lines: Vec<&str> = signature
            .as_bytes()
            .chunks(LINE)
            .filter_map(|line| std::str::from_utf8(line).ok())
            .collect();
        field.push_str(&lines.join("\r\n\t "));
        field.push_str("\r\n");
        let mut signed = field.into_bytes();
        signed.extend(mail);
        Ok(signed)
    }

    fn seal(&self, covered: &[u8]) -> Result<Vec<u8>, Fault> {
        match &self.key {
            Key::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(
                    &RSA_PKCS1_SHA256,
                    &SystemRandom::new(),
                    covered,
                    &mut signature,
                )
                .map_err(|_| Fault::Unusable)?;
                Ok(signature)
            }
            Key::Ed25519(key) => Ok(key.sign(&Sha256::digest(covered)).as_ref().to_vec()),
        }
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signer({}, {})", self.domain, self.selector)
    }
}

fn rsa(key: Result<RsaKeyPair, ring::error::KeyRejected>) -> Result<Key, Fault> {
    key.map(|key| Key::Rsa(Box::new(key)))
        .map_err(|_| Fault::Unusable)
}

/// The header fields, each with its continuation lines and without its line end, and the body.
fn parts(mail: &[u8]) -> (Vec<&[u8]>, &[u8]) {
    let mut fields = Vec::new();
    let mut rest = mail;
    loop {
        if let Some(body) = rest.strip_prefix(b"\r\n") {
            return (fields, body);
        }
        let Some(end) = end_of_field(rest) else {
            return (fields, b"");
        };
        let (field, after) = rest.split_at(end);
        fields.push(field);
        rest = after.strip_prefix(b"\r\n").unwrap_or_default();
    }
}

/// Where the first line ends that no line continues.
fn end_of_field(octets: &[u8]) -> Option<usize> {
    octets.windows(2).enumerate().find_map(|(at, two)| {
        let next = octets.get(at + 2);
        (two == b"\r\n" && !matches!(next, Some(b' ' | b'\t'))).then_some(at)
    })
}

fn name(field: &[u8]) -> String {
    let name = field
        .split(|octet| *octet == b':')
        .next()
        .unwrap_or_default();
    String::from_utf8_lossy(name).trim_end().to_lowercase()
}

/// The names for `h=`.
fn signed(fields: &[&[u8]]) -> Vec<&'static str> {
    let present = |wanted: &str| fields.iter().filter(|field| name(field) == wanted).count();
    SIGNED
        .into_iter()
        .flat_map(|wanted| {
            let more = usize::from(OVERSIGNED.contains(&wanted));
            std::iter::repeat_n(wanted, present(wanted) + more)
        })
        .collect()
}

/// The fields named, canonicalised; where a name comes again it stands for the field above, or for none (§5.4.2).
fn covered(fields: &[&[u8]], names: &[&str]) -> Vec<u8> {
    let mut covered = Vec::new();
    for (at, wanted) in names.iter().enumerate() {
        let before = names.iter().take(at).filter(|name| *name == wanted).count();
        let mut found = fields.iter().rev().filter(|field| name(field) == *wanted);
        if let Some(field) = found.nth(before) {
            covered.extend(relaxed_field(field));
            covered.extend(b"\r\n");
        }
    }
    covered
}

/// One header field, without its line end (§3.4.2).
fn relaxed_field(field: &[u8]) -> Vec<u8> {
    let value = field
        .iter()
        .position(|octet| *octet == b':')
        .and_then(|colon| field.get(colon + 1..))
        .unwrap_or_default();
    let mut relaxed = name(field).into_bytes();
    relaxed.push(b':');
    let unfolded: Vec<u8> = value
        .iter()
        .copied()
        .filter(|octet| !b"\r\n".contains(octet))
        .collect();
    let single = single_spaces(&unfolded);
    relaxed.extend(single.strip_prefix(b" ").unwrap_or(&single));
    relaxed
}

/// The body (§3.4.4).
fn relaxed_body(body: &[u8]) -> Vec<u8> {
    let mut relaxed = Vec::with_capacity(body.len());
    let mut rest = body;
    let mut empty = 0;
    while !rest.is_empty() {
        let end = rest.windows(2).position(|two| two == b"\r\n");
        let (line, after) = rest.split_at(end.unwrap_or(rest.len()));
        rest = after.strip_prefix(b"\r\n").unwrap_or_default();
        let line = single_spaces(line);
        if line.is_empty() {
            empty += 1;
            continue;
        }
        for _ in 0..std::mem::take(&mut empty) {
            relaxed.extend(b"\r\n");
        }
        relaxed.extend(line);
        relaxed.extend(b"\r\n");
    }
    relaxed
}

/// Runs of spaces and tabs as one space each, none at the end.
fn single_spaces(line: &[u8]) -> Vec<u8> {
    let mut single = Vec::with_capacity(line.len());
    for octet in line {
        match octet {
            b' ' | b'\t' if single.last() == Some(&b' ') => {}
            b' ' | b'\t' => single.push(b' '),
            _ => single.push(*octet),
        }
    }
    if single.last() == Some(&b' ') {
        single.pop();
    }
    single
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_rfc_are_relaxed_as_it_says() {
        // RFC 6376 §3.4.5.
        let mail = b"A: X\r\nB : Y\t\r\n\tZ  \r\n\r\n C \r\nD \t E\r\n\r\n\r\n";
        let (fields, body) = parts(mail);
        let fields: Vec<Vec<u8>> = fields.into_iter().map(relaxed_field).collect();
        assert_eq!(fields, [b"a:X".to_vec(), b"b:Y Z".to_vec()]);
        assert_eq!(relaxed_body(body), b" C\r\nD E\r\n");
        assert_eq!(relaxed_body(b"\r\n\r\n"), b"");
        assert_eq!(relaxed_body(b"a"), b"a\r\n");
    }

    /// The seed of the Ed25519 key of RFC 8463 §A.2, as PKCS#8.
    const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n";
    /// The mail of RFC 8463 §A.3.
    const MAIL: &[u8] = b"From: Joe SixPack <joe@football.example.com>\r\nTo: Suzie Q <suzie@shopping.example.net>\r\nSubject: Is dinner ready?\r\nDate: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\nMessage-ID: <20030712040037.46341.5F8J@football.example.com>\r\n\r\nHi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n\r\n";

    #[test]
    fn the_signature_is_that_of_the_rfc() {
        let (fields, body) = parts(MAIL);
        assert_eq!(
            BASE64.encode(&Sha256::digest(relaxed_body(body))),
            "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8="
        );
        let names = [
            "from",
            "to",
            "subject",
            "date",
            "message-id",
            "from",
            "subject",
            "date",
        ];
        let mut covered = covered(&fields, &names);
        covered.extend(relaxed_field(
            b"DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n d=football.example.com; i=@football.example.com;\r\n q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n subject : date : message-id : from : subject : date;\r\n bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n b=",
        ));
        let signer = Signer::new("football.example.com", "brisbane", KEY.as_bytes()).unwrap();
        assert_eq!(
            BASE64.encode(&signer.seal(&covered).unwrap()),
            "/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11BusFa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw=="
        );
    }

    #[test]
    fn the_same_mail_bears_the_same_signature_and_stays_below_it() {
        let signer = Signer::new("football.example.com", "brisbane", KEY.as_bytes()).unwrap();
        let date = Timestamp::from_second(1_528_637_909).unwrap();
        let signed = signer.sign(MAIL, date).unwrap();
        assert_eq!(signed, signer.sign(MAIL, date).unwrap());
        assert!(signed.ends_with(MAIL));
        let (fields, _) = parts(&signed);
        let field = String::from_utf8(fields[0].to_vec()).unwrap();
        assert!(field.split("\r\n").all(|line| line.len() <= 78), "{field}");
        assert!(field.contains("t=1528637909;"), "{field}");
    }

    #[test]
    fn an_rsa_key_signs_in_either_form() {
        use ring::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
        for pem in [
            &include_bytes!("../../tests/data/dkim/rsa.pem")[..],
            &include_bytes!("../../tests/data/dkim/rsa-pkcs1.pem")[..],
        ] {
            let signer = Signer::new("a.example", "s", pem).unwrap();
            let signed = signer.sign(MAIL, Timestamp::UNIX_EPOCH).unwrap();
            // As a verifier does it: the signature is taken out, and what it covers is put together again.
            let (fields, _) = parts(&signed);
            let field = String::from_utf8(fields[0].to_vec()).unwrap();
            let (bare, signature) = field.split_once("\tb=").unwrap();
            let signature: String = signature.split_whitespace().collect();
            let (_, names) = bare.split_once("h=").unwrap();
            let names: String = names
                .split_once(';')
                .unwrap()
                .0
                .split_whitespace()
                .collect();
            let names: Vec<&str> = names.split(':').collect();
            let mut covered = covered(&fields, &names);
            covered.extend(relaxed_field(format!("{bare}\tb=").as_bytes()));
            let Key::Rsa(key) = &signer.key else {
                panic!("not RSA")
            };
            UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public_key().as_ref())
                .verify(&covered, &BASE64.decode(signature.as_bytes()).unwrap())
                .unwrap();
        }
    }

    #[test]
    fn a_field_that_is_there_twice_is_signed_from_below() {
        let fields: [&[u8]; 3] = [b"From: a", b"To: b", b"From: c"];
        let names = signed(&fields);
        assert_eq!(
            names,
            ["from", "from", "from", "to", "to", "subject", "reply-to"]
        );
        assert_eq!(covered(&fields, &names), b"from:c\r\nfrom:a\r\nto:b\r\n");
    }

    #[test]
    fn what_is_no_key_is_said() {
        for pem in [
            "",
            "hello",
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        ] {
            assert!(
                Signer::new("a.example", "s", pem.as_bytes()).is_err(),
                "{pem}"
            );
        }
    }
}
