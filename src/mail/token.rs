//! The reply address of a message: who may answer it, and about what, sealed with a key of ours.
//!
//! `reponse+TOKEN@domain`, where TOKEN is base32 (RFC 4648 §6) in lower case without padding, so that it survives
//! a mail server that folds case. Its bytes: version, purpose, dossier and avis as LEB128, and the first ten
//! of HMAC-SHA-256 (RFC 2104) over the rest and the person's address.

use data_encoding::{BASE32_NOPAD_NOCASE, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

const VERSION: u8 = 1;
/// Keeps these seals apart from whatever else the same secret may seal.
const LABEL: &[u8] = b"greffier reply address 1\0";
/// Octets of the seal. Guessing one right means 2^80 mails.
const SEAL: usize = 10;
/// Longest token: version, purpose, ten octets of dossier, five of avis, the seal; in base32.
const LONGEST: usize = 44;

/// What an answer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// A message of the usager to the instructeurs.
    Message,
    /// The answer to the avis of this number, within the dossier.
    Avis(u32),
    /// An instructeur answering what Greffier sent to them.
    Instructeur,
    /// The filled form of a démarche: the number is the démarche's, for there is no dossier yet.
    Deposit,
}

/// What a token says, before anybody has checked that it was made by us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Number of the dossier; of the démarche for a [`Purpose::Deposit`].
    pub dossier: u64,
    /// What the answer is for.
    pub purpose: Purpose,
    /// All octets before the seal.
    sealed: Vec<u8>,
    seal: [u8; SEAL],
}

/// The token that lets `person` (an address as [`normalise_address`](super::normalise_address) gives it) answer about
/// `dossier`. The same arguments give the same token.
pub fn token(secret: &[u8], dossier: u64, purpose: Purpose, person: &str) -> String {
    let mut bytes = head(dossier, purpose);
    let seal = seal(secret, &bytes, person);
    bytes.extend(seal);
    BASE32_NOPAD_NOCASE.encode(&bytes).to_ascii_lowercase()
}

impl Claim {
    /// Reads a token, in any case. None where it cannot be one of ours.
    pub fn parse(token: &str) -> Option<Self> {
        if token.len() > LONGEST {
            return None;
        }
        let bytes = BASE32_NOPAD_NOCASE.decode(token.as_bytes()).ok()?;
        let (sealed, seal) = bytes.split_at_checked(bytes.len().checked_sub(SEAL)?)?;
        let (&[version, purpose], numbers) = sealed.split_first_chunk::<2>()?;
        let (dossier, numbers) = read_number(numbers)?;
        let (avis, rest) = read_number(numbers)?;
        let purpose = match (purpose, u32::try_from(avis).ok()?) {
            (0, 0) => Purpose::Message,
            (1, avis) => Purpose::Avis(avis),
            (2, 0) => Purpose::Instructeur,
            (3, 0) => Purpose::Deposit,
            _ => return None,
        };
        let ours = version == VERSION && rest.is_empty();
        ours.then_some(Self {
            dossier,
            purpose,
            sealed: sealed.to_vec(),
            seal: seal.try_into().ok()?,
        })
    }

    /// Whether it was made with `secret` for `person`. Takes the same time whatever is wrong.
    pub fn is_for(&self, secret: &[u8], person: &str) -> bool {
        seal(secret, &self.sealed, person).ct_eq(&self.seal).into()
    }
}

fn head(dossier: u64, purpose: Purpose) -> Vec<u8> {
    let (kind, avis) = match purpose {
        Purpose::Message => (0, 0),
        Purpose::Avis(avis) => (1, avis),
        Purpose::Instructeur => (2, 0),
        Purpose::Deposit => (3, 0),
    };
    let mut bytes = vec![VERSION, kind];
    write_number(&mut bytes, dossier);
    write_number(&mut bytes, u64::from(avis));
    bytes
}

fn seal(secret: &[u8], sealed: &[u8], person: &str) -> [u8; SEAL] {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes a key of any length");
    mac.update(LABEL);
    // The numbers delimit themselves, so the person can follow without a length.
    mac.update(sealed);
    mac.update(person.as_bytes());
    let whole: [u8; 32] = mac.finalize().into_bytes().into();
    whole.first_chunk().copied().unwrap_or_default()
}

/// LEB128: seven bits an octet, low ones first.
fn write_number(bytes: &mut Vec<u8>, mut number: u64) {
    loop {
        let low = (number & 0x7f) as u8;
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return;
        }
        bytes.push(low | 0x80);
    }
}

/// A number and what follows it. Only the shortest form of a number is read, so that a token has one spelling.
fn read_number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0_u64;
    for (place, byte) in bytes.iter().enumerate() {
        let low = u64::from(byte & 0x7f);
        let shift = u32::try_from(place * 7).ok()?;
        let part = low.checked_shl(shift)?;
        if part >> shift != low {
            return None;
        }
        number |= part;
        if byte & 0x80 == 0 {
            let shortest = place == 0 || low != 0;
            return if shortest {
                Some((number, bytes.get(place + 1..)?))
            } else {
                None
            };
        }
    }
    None
}

/// Characters of a code that a person types: no letter that looks like a digit.
const CODE: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ";
const CODE_DIGITS: &[u8] = b"23456789";

/// A word that only whoever has `secret` can make of `cause`, and nobody can guess: 64 hexadecimal digits, an HMAC-SHA256
/// (RFC 2104). It opens what is behind a link. The same arguments give the same word.
pub fn long_code(secret: &[u8], cause: &str) -> String {
    let Ok(mut mac) = <Hmac<Sha256> as KeyInit>::new_from_slice(secret) else {
        // HMAC takes keys of any length.
        return String::new();
    };
    mac.update(b"greffier link 1\0");
    mac.update(cause.as_bytes());
    HEXLOWER.encode(&mac.finalize().into_bytes())
}

/// The name under which something is kept that a word opens: its SHA-256, so that what is kept does not tell the word,
/// and how long it takes to look for a wrong one tells nothing.
pub fn locked(word: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(word.as_bytes()))
}

/// A short code for `cause`, sealed with `secret`: a letter, then letters and digits. The same arguments give the same
/// code, so that asking twice shows one.
pub fn short_code(secret: &[u8], cause: &str) -> String {
    let Ok(mut mac) = <Hmac<Sha256> as KeyInit>::new_from_slice(secret) else {
        // HMAC takes keys of any length.
        return String::new();
    };
    mac.update(b"greffier code 1\0");
    mac.update(cause.as_bytes());
    let all: Vec<u8> = CODE.iter().chain(CODE_DIGITS).copied().collect();
    let bytes = mac.finalize().into_bytes();
    let pick = |set: &[u8], byte: u8| {
        set.get(usize::from(byte) % set.len())
            .map_or('A', |c| char::from(*c))
    };
    let first = bytes.first().map(|byte| pick(CODE, *byte));
    first
        .into_iter()
        .chain(bytes.iter().skip(1).take(5).map(|byte| pick(&all, *byte)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECRET: &[u8] = b"a secret of the tests, not of anybody";

    fn purposes() -> impl Strategy<Value = Purpose> {
        prop_oneof![
            Just(Purpose::Message),
            any::<u32>().prop_map(Purpose::Avis),
            Just(Purpose::Instructeur),
            Just(Purpose::Deposit)
        ]
    }

    #[test]
    fn the_longest_reply_address_fits_a_local_part() {
        let longest = token(SECRET, u64::MAX, Purpose::Avis(u32::MAX), "a@example.org");
        assert_eq!(longest.len(), LONGEST);
        assert!("reponse+".len() + longest.len() <= 64);
    }

    #[test]
    fn a_token_keeps_its_form() {
        // Addresses in people's mailboxes must stay answerable.
        assert_eq!(
            token(SECRET, 4807, Purpose::Avis(2), "abf@culture.example"),
            "aea4ojic3khemw6xuhevewl2"
        );
    }

    proptest! {
        #[test]
        fn a_token_reads_back_in_any_case(dossier: u64, purpose in purposes(), upper: bool) {
            let token = token(SECRET, dossier, purpose, "p@example.org");
            let token = if upper { token.to_uppercase() } else { token };
            let claim = Claim::parse(&token).unwrap();
            prop_assert_eq!((claim.dossier, claim.purpose), (dossier, purpose));
            prop_assert!(claim.is_for(SECRET, "p@example.org"));
            prop_assert!(!claim.is_for(SECRET, "q@example.org"));
            prop_assert!(!claim.is_for(b"another", "p@example.org"));
        }

        #[test]
        fn a_changed_token_never_verifies(dossier: u64, purpose in purposes(), at in 0_usize..44, by in 1_u8..32) {
            let good = token(SECRET, dossier, purpose, "p@example.org");
            let mut bytes = good.into_bytes();
            let at = at % bytes.len();
            let alphabet = b"abcdefghijklmnopqrstuvwxyz234567";
            let old = alphabet.iter().position(|letter| *letter == bytes[at]).unwrap();
            bytes[at] = alphabet[(old + usize::from(by)) % 32];
            let claim = Claim::parse(std::str::from_utf8(&bytes).unwrap());
            prop_assert!(!claim.is_some_and(|claim| claim.is_for(SECRET, "p@example.org")));
        }

        #[test]
        fn nothing_that_is_typed_panics(text: String) {
            let _ = Claim::parse(&text);
        }
    }
}
