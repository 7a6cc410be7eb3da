//! What an archive holds, by its directory alone: nothing is ever expanded.

mod other;
mod rar;
pub(crate) mod zip;

use super::octets;

/// Most entries that are looked at. An archive of more is refused.
const ENTRIES: usize = 50_000;
/// Longest name kept, in octets.
const NAME: usize = 1_000;
/// Octets of the expanded files, together, above which nothing is taken.
const HUGE: u64 = 4_000_000_000;
/// Octets of the expanded files below which no ratio is suspicious: plans and tables shrink well.
const SMALL: u64 = 100_000_000;
/// How much smaller an archive may be than its files.
const RATIO: u64 = 150;
/// Archives within an archive.
const NESTED: usize = 10;

/// What the directory of an archive shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Listing {
    /// Names of the entries, folders among them, where they can be read.
    pub(crate) names: Vec<String>,
    /// Octets of all files once expanded, as declared.
    pub(crate) expanded: u64,
    /// It needs a password, for an entry or for the directory itself.
    pub(crate) encrypted: bool,
    /// There is no file in it.
    pub(crate) empty: bool,
    /// Entries share their octets, or there are too many of them.
    pub(crate) twisted: bool,
}

impl Listing {
    fn add(&mut self, name: &[u8], expanded: u64) {
        // The end of a name says what the file is.
        let start = name.len().saturating_sub(NAME);
        let name = name.get(start..).unwrap_or_default();
        self.names.push(String::from_utf8_lossy(name).into_owned());
        self.expanded = self.expanded.saturating_add(expanded);
    }

    fn is_full(&mut self) -> bool {
        self.twisted |= self.names.len() >= ENTRIES;
        self.twisted
    }

    /// Whether expanding it would be an attack. `packed` is the size of the archive.
    pub(crate) fn is_bomb(&self, packed: u64) -> bool {
        let archives = self
            .names
            .iter()
            .filter(|name| is_archive(&ending(name)))
            .count();
        self.twisted
            || self.expanded > HUGE
            || (self.expanded > SMALL && self.expanded / RATIO > packed)
            || archives > NESTED
    }
}

/// What is in `content`, an archive of that real type. None where it is no archive, or its directory cannot be read.
pub(crate) fn list(content: &[u8], media_type: &str) -> Option<Listing> {
    match media_type {
        "application/zip" => self::zip::list(content),
        "application/vnd.rar" => rar::list(content),
        "application/x-7z-compressed" => other::list_7z(content),
        "application/gzip" => other::list_gzip(content),
        "application/x-tar" => other::list_tar(content),
        _ => None,
    }
}

/// What follows the last dot of a name, in lower case.
pub(crate) fn ending(name: &str) -> String {
    name.rsplit_once('.')
        .map_or("", |(_, ending)| ending)
        .trim_end()
        .to_lowercase()
}

fn is_archive(ending: &str) -> bool {
    ["zip", "7z", "rar", "gz", "tgz", "tar", "bz2", "xz", "cab"].contains(&ending)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_swells_beyond_measure_is_a_bomb() {
        let of = |expanded: u64, names: &[&str]| Listing {
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            expanded,
            ..Listing::default()
        };
        assert!(!of(90_000_000, &[]).is_bomb(100));
        assert!(of(200_000_000, &[]).is_bomb(1_000_000));
        assert!(!of(200_000_000, &[]).is_bomb(5_000_000));
        assert!(of(5_000_000_000, &[]).is_bomb(4_000_000_000));
        assert!(of(0, &["a.zip"; 16]).is_bomb(42_000));
        assert!(!of(0, &["a.zip"; 3]).is_bomb(42_000));
    }

    proptest! {
        #[test]
        fn any_octets_are_listed(content: Vec<u8>) {
            for (start, kind) in [
                (&b""[..], "application/zip"),
                (b"PK\x05\x06", "application/zip"),
                (b"Rar!\x1a\x07\0", "application/vnd.rar"),
                (b"Rar!\x1a\x07\x01\0", "application/vnd.rar"),
                (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
                (b"\x1f\x8b", "application/gzip"),
                (b"", "application/x-tar"),
            ] {
                list(&[start, &content].concat(), kind);
            }
        }
    }
}
