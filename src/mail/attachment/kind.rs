//! What a file really is, by its content.

use crate::mail::archive::{self, Listing};
use crate::mail::octets::contains;

/// How far into a file a mark may stand (ISO 32000 allows that much before `%PDF-`).
const LEAD: usize = 1024;

const MAGIC: &[(&[u8], &str)] = &[
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"II+\0", "image/tiff"),
    (b"MM\0+", "image/tiff"),
    (b"{\\rtf", "application/rtf"),
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),
    (b"PK\x07\x08PK\x03\x04", "application/zip"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"\x1f\x8b\x08", "application/gzip"),
    (b"BZh", "application/x-bzip2"),
    (b"\xfd7zXZ\0", "application/x-xz"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (OLE, "application/x-ole-storage"),
    (b"MZ", "application/vnd.microsoft.portable-executable"),
    (b"\x7fELF", "application/x-elf"),
    (b"\xcf\xfa\xed\xfe", "application/x-mach-binary"),
    (b"\xce\xfa\xed\xfe", "application/x-mach-binary"),
    (b"\xca\xfe\xba\xbe", "application/java-vm"),
    (b"\0asm", "application/wasm"),
    (b"#!", "text/x-shellscript"),
    (b"L\0\0\0\x01\x14\x02\0", "application/x-ms-shortcut"),
    (b"MSCF\0\0\0\0", "application/vnd.ms-cab-compressed"),
    (b"ITSF\x03\0\0\0", "application/vnd.ms-htmlhelp"),
    (b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d", "application/onenote"),
    (b"vhdxfile", "application/x-vhd"),
    (b"conectix", "application/x-vhd"),
    (b"\x78\x9f\x3e\x22", "application/ms-tnef"),
];
/// The old office formats, and installers: the compound file of Microsoft.
const OLE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// What the content shows, for the types that matter: those that people send, and those that run. None for text, for
/// what is not known, and for the old office formats, of which the name says which it is.
pub fn sniff(content: &[u8]) -> Option<&'static str> {
    if content.get(4..8) == Some(b"ftyp") {
        return Some(brand(content.get(8..12).unwrap_or_default()));
    }
    if content.starts_with(b"RIFF") {
        return match content.get(8..12) {
            Some(b"WEBP") => Some("image/webp"),
            Some(b"WAVE") => Some("audio/wav"),
            Some(b"AVI ") => Some("video/x-msvideo"),
            _ => None,
        };
    }
    let found = MAGIC.iter().find(|(magic, _)| content.starts_with(magic));
    if let Some((_, kind)) = found {
        return (*kind != "application/x-ole-storage").then_some(kind);
    }
    let at = |offset: usize, mark: &[u8]| {
        content
            .get(offset..)
            .is_some_and(|rest| rest.starts_with(mark))
    };
    if at(257, b"ustar") {
        return Some("application/x-tar");
    }
    if at(32_769, b"CD001") {
        return Some("application/x-iso9660-image");
    }
    let lead = content.get(..content.len().min(LEAD)).unwrap_or_default();
    contains(lead, b"%PDF-").then_some("application/pdf")
}

/// The brand of an ISO base media file (ISO 14496-12, ISO 23008-12).
fn brand(brand: &[u8]) -> &'static str {
    match brand {
        b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"msf1" => {
            "image/heic"
        }
        b"avif" | b"avis" => "image/avif",
        b"qt  " => "video/quicktime",
        b"M4A " | b"M4B " => "audio/mp4",
        _ => "video/mp4",
    }
}

/// The media type of `content`: what it shows, else what the mail declared. With it, what an archive or an office
/// document of the new kind holds.
pub(super) fn media_type(content: &[u8], declared: &str, name: &str) -> (String, Option<Listing>) {
    let Some(found) = sniff(content) else {
        let kind = by_name(content, declared, name).unwrap_or(declared);
        return (kind.to_owned(), None);
    };
    let listing = archive::list(content, found);
    let document = listing
        .as_ref()
        .filter(|_| found == "application/zip")
        .and_then(|listing| archive::zip::office(content, listing));
    let kind = match (found, document) {
        (_, Some(document)) => document,
        // The directory cannot be read, or names a document that is not known here.
        ("application/zip", None) if is_zipped(declared) => declared,
        (found, None) => found,
    };
    (kind.to_owned(), listing)
}

/// What the name says, where the content does not and the mail says nothing or what cannot be.
fn by_name(content: &[u8], declared: &str, name: &str) -> Option<&'static str> {
    const OLD: [(&str, &str); 6] = [
        ("doc", "application/msword"),
        ("xls", "application/vnd.ms-excel"),
        ("ppt", "application/vnd.ms-powerpoint"),
        ("msg", "application/vnd.ms-outlook"),
        ("vsd", "application/vnd.visio"),
        ("pub", "application/vnd.ms-publisher"),
    ];
    const TEXT: [(&str, &str); 5] = [
        ("txt", "text/plain"),
        ("csv", "text/csv"),
        ("ics", "text/calendar"),
        ("vcf", "text/vcard"),
        ("eml", "message/rfc822"),
    ];
    let ending = archive::ending(name);
    let of = |kinds: &'static [(&str, &str)]| {
        let found = kinds.iter().find(|(known, _)| *known == ending);
        found.map(|(_, kind)| *kind)
    };
    if content.starts_with(OLE) {
        let said = ["ms", "vnd.visio"]
            .iter()
            .any(|part| declared.contains(part));
        return of(&OLD).or((!said).then_some("application/x-ole-storage"));
    }
    (declared == "application/octet-stream")
        .then(|| of(&TEXT))
        .flatten()
}

/// Documents that are ZIP archives.
fn is_zipped(declared: &str) -> bool {
    [
        "officedocument",
        "opendocument",
        "epub",
        "vnd.google-earth.kmz",
        "iwork",
    ]
    .iter()
    .any(|part| declared.contains(part))
}

/// Whether it begins as a page for a browser does: shown there, it runs.
pub(super) fn is_page(content: &[u8]) -> bool {
    let lead = content.get(..content.len().min(LEAD)).unwrap_or_default();
    let lead = lead.strip_prefix(b"\xef\xbb\xbf").unwrap_or(lead);
    let lead = lead.trim_ascii_start().to_ascii_lowercase();
    [&b"<!doctype html"[..], b"<html", b"<script", b"<svg"]
        .iter()
        .any(|start| lead.starts_with(start))
        || (lead.starts_with(b"<?xml") && (contains(&lead, b"<svg") || contains(&lead, b"<html")))
}

/// What a compound file of Microsoft holds that speaks against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compound {
    /// Macros of Visual Basic.
    Macros,
    /// A document that needs a password.
    Encrypted,
    /// Not a document: an installer.
    Installer,
}

/// Looks for the names of streams and for the class of an installer, wherever they stand in the file.
pub(super) fn compound(content: &[u8]) -> Option<Compound> {
    const INSTALLER: &[u8] = b"\x84\x10\x0c\0\0\0\0\0\xc0\0\0\0\0\0\0\x46";
    if !content.starts_with(OLE) {
        return None;
    }
    let stream = |name: &str| {
        let wide: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        contains(content, &wide)
    };
    if contains(content, INSTALLER) {
        Some(Compound::Installer)
    } else if stream("_VBA_PROJECT") {
        Some(Compound::Macros)
    } else {
        stream("EncryptedPackage").then_some(Compound::Encrypted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::archive::zip::samples::Zip;

    #[test]
    fn the_real_type_is_seen() {
        let tar = [&[b'a'; 257][..], b"ustar\0"].concat();
        for (content, kind) in [
            (&b"%PDF-1.7"[..], "application/pdf"),
            (b"\xef\xbb\xbf\r\n%PDF-1.4", "application/pdf"),
            (b"\0\0\0\x18ftypheic", "image/heic"),
            (b"\0\0\0\x18ftypisom", "video/mp4"),
            (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
            (b"MM\0*", "image/tiff"),
            (b"{\\rtf1", "application/rtf"),
            (b"\x1f\x8b\x08\0", "application/gzip"),
            (b"PK\x05\x06", "application/zip"),
            (b"MZ\x90", "application/vnd.microsoft.portable-executable"),
            (&tar, "application/x-tar"),
        ] {
            assert_eq!(sniff(content), Some(kind));
        }
        for text in [
            &b"Bonjour"[..],
            b"a;b;c\n",
            b"BEGIN:VCARD",
            b"From: a@b",
            OLE,
            b"",
        ] {
            assert_eq!(sniff(text), None);
        }
    }

    #[test]
    fn a_document_is_what_it_holds_whatever_it_is_called() {
        let zip = Zip::default().with("[Content_Types].xml", b"");
        let sheet = zip.with("xl/workbook.xml", b"").done();
        let (kind, listing) = media_type(&sheet, "application/octet-stream", "x");
        assert!(kind.ends_with("spreadsheetml.sheet"));
        assert!(listing.is_some());
        assert_eq!(
            media_type(b"abc", "text/csv", "a.csv"),
            ("text/csv".to_owned(), None)
        );
    }

    #[test]
    fn pages_are_told_from_text() {
        assert!(is_page(b"\xef\xbb\xbf  <!DOCTYPE html><p>"));
        assert!(is_page(b"<?xml version='1.0'?><svg onload='x'/>"));
        assert!(!is_page(b"<p>Bonjour</p>") && !is_page(b"html") && !is_page(b""));
    }

    #[test]
    fn old_documents_show_their_macros() {
        let document = |stream: &str| {
            let wide = stream.encode_utf16().flat_map(u16::to_le_bytes);
            [OLE.to_vec(), vec![0; 64], wide.collect()].concat()
        };
        assert_eq!(compound(&document("_VBA_PROJECT")), Some(Compound::Macros));
        assert_eq!(
            compound(&document("EncryptedPackage")),
            Some(Compound::Encrypted)
        );
        assert_eq!(compound(&document("WordDocument")), None);
        assert_eq!(compound(b"_\0V\0B\0A\0"), None);
    }
}
