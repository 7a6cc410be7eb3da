//! Mails damaged on the way: cut off, and with octets changed. Each is understood, and twice the same.

use std::collections::BTreeSet;

use greffier::mail::{Own, understand};

use super::mail::mails;

/// Most places at which one mail is cut.
const CUTS: usize = 12;
/// Copies of one mail with octets changed.
const COPIES: usize = 8;

#[test]
fn a_mail_cut_off_anywhere_is_understood() {
    for (name, raw) in mails() {
        let places = boundaries(&raw);
        let step = places.len().div_ceil(CUTS).max(1);
        for at in places.into_iter().step_by(step) {
            is_understood(&raw[..at], &format!("{name}, cut at {at}"));
        }
    }
}

#[test]
fn a_mail_with_octets_changed_is_understood() {
    // Any seed but zero; the same one finds the same failure again.
    let mut chance = Chance(0x2545_f491_4f6c_dd1d);
    for (name, raw) in mails().into_iter().filter(|(_, raw)| !raw.is_empty()) {
        for copy in 0..COPIES {
            let mut damaged = raw.clone();
            for _ in 0..1 << copy {
                let at = chance.below(damaged.len());
                damaged[at] = match chance.below(3) {
                    0 => damaged[at] ^ (1 << chance.below(8)),
                    1 => b"\r\n\0 :;=\"<>-"[chance.below(11)],
                    _ => u8::try_from(chance.below(256)).unwrap(),
                };
            }
            is_understood(&damaged, &format!("{name}, copy {copy}"));
        }
    }
}

fn is_understood(raw: &[u8], what: &str) {
    let own = Own::default();
    let understood = understand(raw, &own);
    assert_eq!(understood, understand(raw, &own), "{what}");
    assert!(serde_json::to_string(&understood).is_ok(), "{what}");
}

/// Where something begins or ends: lines, fields, parts, encoded words, tags; and one octet to either side.
fn boundaries(raw: &[u8]) -> BTreeSet<usize> {
    let marks = raw.iter().enumerate().filter(|(at, octet)| {
        let starts_line = *at == 0 || raw[at - 1] == b'\n';
        starts_line || b":;=\"<>\n".contains(octet)
    });
    marks
        .flat_map(|(at, _)| [at.saturating_sub(1), at, at + 1])
        .chain([raw.len()])
        .filter(|at| *at <= raw.len())
        .collect()
}

/// Numbers that look like chance (xorshift64), the same each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(end).unwrap()).unwrap()
    }
}
