//! The directory of a ZIP archive (PKWARE APPNOTE 6.3.10), and what its names say of an office document.

use super::Listing;
use super::octets::{self, Octets};

const LOCAL: &[u8] = b"PK\x03\x04";
const CENTRAL: &[u8] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";
const LOCATOR_64: &[u8] = b"PK\x06\x07";
const END_64: &[u8] = b"PK\x06\x06";
/// The comment after the end record has at most that many octets.
const COMMENT: usize = 0xffff;
/// Octets of the end record without its comment.
const END_LENGTH: usize = 22;

/// One entry of the directory.
struct Entry<'a> {
    name: &'a [u8],
    packed: u64,
    expanded: u64,
    offset: u64,
    encrypted: bool,
}

/// What is in `content`. Where the directory at the end is lost, the headers before the files tell.
pub(super) fn list(content: &[u8]) -> Option<Listing> {
    directory(content).or_else(|| headers(content))
}

fn directory(content: &[u8]) -> Option<Listing> {
    let end = end(content)?;
    let mut record = Octets::at(content, end + 8)?;
    let (_, total) = (record.u16()?, record.u16()?);
    let (size, offset) = (record.length()?, record.length()?);
    let place = place_64(content, end);
    // Something may stand before the archive: then its own offsets are short by as much.
    let start = match place {
        Some(start) => start,
        None if size <= end
            && content
                .get(end - size..)
                .is_some_and(|at| at.starts_with(CENTRAL)) =>
        {
            end - size
        }
        None => offset,
    };
    let mut rest = Octets::at(content, start)?;
    let mut listing = Listing::default();
    let mut spans = Vec::new();
    while rest.rest().starts_with(CENTRAL) && !listing.is_full() {
        let Some(entry) = central(&mut rest) else {
            break;
        };
        listing.encrypted |= entry.encrypted;
        listing.add(entry.name, entry.expanded);
        spans.push((
            entry.offset,
            entry.offset.saturating_add(30).saturating_add(entry.packed),
        ));
    }
    spans.sort_unstable();
    listing.twisted |= spans
        .windows(2)
        .any(|pair| matches!(pair, [(_, end), (start, _)] if end > start));
    listing.empty = listing.names.iter().all(|name| name.ends_with('/'));
    // A directory that announces entries and shows none is damaged.
    (!listing.names.is_empty() || (total == 0 && place.is_none())).then_some(listing)
}

/// Where the end record is.
fn end(content: &[u8]) -> Option<usize> {
    let last = content.len().checked_sub(END_LENGTH)?;
    let first = last.saturating_sub(COMMENT);
    (first..=last)
        .rev()
        .find(|at| content.get(*at..).is_some_and(|rest| rest.starts_with(END)))
}

/// Where the directory begins, by the record for archives of more than 4 GB.
fn place_64(content: &[u8], end: usize) -> Option<usize> {
    let mut locator = Octets::at(content, end.checked_sub(20)?)?;
    if locator.take(4)? != LOCATOR_64 {
        return None;
    }
    locator.skip(4)?;
    let mut record = Octets::at(content, usize::try_from(locator.u64()?).ok()?)?;
    if record.take(4)? != END_64 {
        return None;
    }
    record.skip(44)?;
    usize::try_from(record.u64()?).ok()
}

fn central<'a>(rest: &mut Octets<'a>) -> Option<Entry<'a>> {
    rest.skip(8)?;
    let (flags, method) = (rest.u16()?, rest.u16()?);
    rest.skip(8)?;
    let (packed, expanded) = (rest.u32()?, rest.u32()?);
    let (name, extra, comment) = (rest.u16()?, rest.u16()?, rest.u16()?);
    rest.skip(8)?;
    let offset = rest.u32()?;
    let name = rest.take(usize::from(name))?;
    let extra = rest.take(usize::from(extra))?;
    rest.skip(usize::from(comment))?;
    let mut entry = Entry {
        name,
        packed: packed.into(),
        expanded: expanded.into(),
        offset: offset.into(),
        encrypted: is_encrypted(flags, method),
    };
    widen(&mut entry, extra);
    Some(entry)
}

/// Replaces the sizes that do not fit 32 bits by those of the extra field 1.
fn widen(entry: &mut Entry<'_>, extra: &[u8]) {
    const FULL: u64 = 0xffff_ffff;
    let mut extra = Octets::new(extra);
    while let (Some(kind), Some(length)) = (extra.u16(), extra.u16()) {
        let Some(field) = extra.take(usize::from(length)) else {
            return;
        };
        if kind != 1 {
            continue;
        }
        let mut field = Octets::new(field);
        for size in [&mut entry.expanded, &mut entry.packed, &mut entry.offset] {
            if *size == FULL
                && let Some(wide) = field.u64()
            {
                *size = wide;
            }
        }
        return;
    }
}

/// Encrypted the old way, the strong way, or by AES (method 99).
fn is_encrypted(flags: u16, method: u16) -> bool {
    flags & 0x2041 != 0 || method == 99
}

/// What the headers before the files say, in an archive without its directory.
fn headers(content: &[u8]) -> Option<Listing> {
    let mut listing = Listing::default();
    let mut at = 0;
    while let Some(rest) = content.get(at..).filter(|rest| !rest.is_empty()) {
        if !rest.starts_with(LOCAL) {
            at += 1 + rest
                .get(1..)
                .and_then(|rest| rest.iter().position(|octet| *octet == b'P'))
                .unwrap_or(rest.len());
            continue;
        }
        if listing.is_full() {
            break;
        }
        let mut header = Octets::new(rest);
        let Some((name, expanded, encrypted)) = local(&mut header) else {
            break;
        };
        listing.encrypted |= encrypted;
        listing.add(name, expanded);
        at += 30;
    }
    (!listing.names.is_empty()).then_some(listing)
}

fn local<'a>(header: &mut Octets<'a>) -> Option<(&'a [u8], u64, bool)> {
    header.skip(6)?;
    let (flags, method) = (header.u16()?, header.u16()?);
    header.skip(12)?;
    let expanded = header.u32()?;
    let (name, _) = (header.u16()?, header.u16()?);
    let name = header.take(usize::from(name))?;
    Some((name, expanded.into(), is_encrypted(flags, method)))
}

/// The media type of an office document, which is a ZIP archive.
pub(crate) fn office(content: &[u8], listing: &Listing) -> Option<&'static str> {
    const OPEN: [(&[u8], &str); 7] = [
        (
            b"application/vnd.oasis.opendocument.text",
            "application/vnd.oasis.opendocument.text",
        ),
        (
            b"application/vnd.oasis.opendocument.spreadsheet",
            "application/vnd.oasis.opendocument.spreadsheet",
        ),
        (
            b"application/vnd.oasis.opendocument.presentation",
            "application/vnd.oasis.opendocument.presentation",
        ),
        (
            b"application/vnd.oasis.opendocument.graphics",
            "application/vnd.oasis.opendocument.graphics",
        ),
        (
            b"application/vnd.oasis.opendocument.text-template",
            "application/vnd.oasis.opendocument.text-template",
        ),
        (
            b"application/vnd.oasis.opendocument.formula",
            "application/vnd.oasis.opendocument.formula",
        ),
        (b"application/epub+zip", "application/epub+zip"),
    ];
    const MICROSOFT: [(&str, &str); 4] = [
        (
            "word/",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        (
            "xl/",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ),
        (
            "ppt/",
            "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        ),
        ("visio/", "application/vnd.ms-visio.drawing"),
    ];
    // OpenDocument Format 1.3 part 2, §3.3: a first entry `mimetype`, stored.
    let declared = mimetype(content);
    if let Some((_, kind)) = OPEN.iter().find(|(name, _)| Some(*name) == declared) {
        return Some(kind);
    }
    let has = |start: &str| listing.names.iter().any(|name| name.starts_with(start));
    if !has("[Content_Types].xml") {
        return None;
    }
    let found = MICROSOFT.iter().find(|(folder, _)| has(folder));
    found.map(|(_, kind)| *kind)
}

fn mimetype(content: &[u8]) -> Option<&[u8]> {
    let mut header = Octets::new(content);
    header.skip(18)?;
    let length = header.length()?;
    header.skip(4)?;
    let (name, extra) = (header.u16()?, header.u16()?);
    if header.take(usize::from(name))? != b"mimetype" {
        return None;
    }
    header.skip(usize::from(extra))?;
    header.take(length.min(100))
}

/// Whether a document holds macros: Microsoft’s in one file, those of `OpenDocument` in folders.
pub(crate) fn has_macros(content: &[u8], listing: &Listing) -> bool {
    let named = listing.names.iter().any(|name| {
        let lower = name.to_lowercase();
        lower.ends_with("vbaproject.bin")
            || (mimetype(content).is_some()
                && (lower.starts_with("basic/") || lower.starts_with("scripts/"))
                && !lower.ends_with('/'))
    });
    // Hidden from the directory, it would still be found by a program that repairs the document.
    named || octets::contains(content, b"vbaProject.bin")
}

#[cfg(test)]
pub(crate) mod samples {
    /// Builds archives entry by entry, true or false in what they declare.
    #[derive(Default)]
    pub(crate) struct Zip {
        content: Vec<u8>,
        directory: Vec<u8>,
        entries: u16,
    }

    impl Zip {
        /// An entry stored as it is.
        pub(crate) fn with(self, name: &str, content: &[u8]) -> Self {
            let length = u32::try_from(content.len()).unwrap();
            self.entry(name, content, 0, 0, length, None)
        }

        /// An entry of which everything can be a lie.
        pub(crate) fn entry(
            mut self,
            name: &str,
            content: &[u8],
            flags: u16,
            method: u16,
            expanded: u32,
            offset: Option<u32>,
        ) -> Self {
            let here = u32::try_from(self.content.len()).unwrap();
            let packed = u32::try_from(content.len()).unwrap().to_le_bytes();
            let length = u16::try_from(name.len()).unwrap().to_le_bytes();
            let common = [
                &[20, 0][..],
                &flags.to_le_bytes(),
                &method.to_le_bytes(),
                &[0; 8],
                &packed,
                &expanded.to_le_bytes(),
                &length,
                &[0; 2],
            ]
            .concat();
            self.content
                .extend([&b"PK\x03\x04"[..], &common, name.as_bytes(), content].concat());
            let offset = offset.unwrap_or(here).to_le_bytes();
            self.directory.extend(
                [
                    &b"PK\x01\x02\x14\0"[..],
                    &common,
                    &[0; 10],
                    &offset,
                    name.as_bytes(),
                ]
                .concat(),
            );
            self.entries += 1;
            self
        }

        /// The archive.
        pub(crate) fn done(self) -> Vec<u8> {
            let entries = self.entries.to_le_bytes();
            let size = u32::try_from(self.directory.len()).unwrap().to_le_bytes();
            let offset = u32::try_from(self.content.len()).unwrap().to_le_bytes();
            let end = [
                &b"PK\x05\x06\0\0\0\0"[..],
                &entries,
                &entries,
                &size,
                &offset,
                &[0; 2],
            ]
            .concat();
            [self.content, self.directory, end].concat()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::samples::Zip;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_directory_tells_names_and_sizes() {
        let zip = Zip::default().with("a.txt", b"abc").with("b/", b"").done();
        let listing = list(&zip).unwrap();
        assert_eq!(listing.names, ["a.txt", "b/"]);
        assert_eq!(listing.expanded, 3);
        assert!(!listing.encrypted && !listing.empty && !listing.twisted);
        let prefixed = [b"#!/bin/stub\n", &zip[..]].concat();
        assert_eq!(list(&prefixed).unwrap().names, listing.names);
    }

    #[test]
    fn an_archive_without_a_file_is_empty() {
        assert!(list(&Zip::default().done()).unwrap().empty);
        assert!(list(&Zip::default().with("x/", b"").done()).unwrap().empty);
    }

    #[test]
    fn a_password_shows() {
        let zip = |flags, method| {
            let zip = Zip::default().entry("a", b"x", flags, method, 1, None);
            list(&zip.done()).unwrap().encrypted
        };
        assert!(zip(1, 8) && zip(0, 99));
        assert!(!zip(0x808, 8));
    }

    #[test]
    fn entries_that_share_their_octets_are_twisted() {
        let zip = Zip::default().with("a", &[0; 500]);
        let zip = zip.entry("b", &[0; 500], 0, 8, 500, Some(10)).done();
        assert!(list(&zip).unwrap().twisted);
    }

    #[test]
    fn an_archive_cut_short_still_tells_its_names() {
        let zip = Zip::default().with("word/vbaProject.bin", b"macro").done();
        let cut = &zip[..60];
        let listing = list(cut).unwrap();
        assert_eq!(listing.names, ["word/vbaProject.bin"]);
        assert!(has_macros(cut, &listing));
        assert_eq!(list(b"PK\x03\x04"), None);
    }

    #[test]
    fn documents_are_told_from_archives() {
        let kind = |zip: Vec<u8>| office(&zip, &list(&zip).unwrap());
        let word = Zip::default().with("[Content_Types].xml", b"<x/>");
        let word = word.with("word/document.xml", b"<w/>").done();
        assert!(kind(word).unwrap().ends_with("wordprocessingml.document"));
        let odt = b"application/vnd.oasis.opendocument.text";
        let odt = Zip::default().with("mimetype", odt).done();
        assert_eq!(kind(odt), Some("application/vnd.oasis.opendocument.text"));
        assert_eq!(kind(Zip::default().with("word/a", b"").done()), None);
    }

    proptest! {
        #[test]
        fn a_mutated_archive_is_listed(cuts in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_usize..6), 1..10)) {
            let mut zip = Zip::default().with("a.txt", b"abc").entry("b", b"x", 1, 99, u32::MAX, Some(3)).done();
            for (at, octet, gone) in cuts {
                let at = at.index(zip.len());
                let end = (at + gone).min(zip.len());
                zip.splice(at..end, [octet]);
            }
            if let Some(listing) = list(&zip) {
                office(&zip, &listing);
                has_macros(&zip, &listing);
            }
        }
    }
}
