//! Names of files, made safe to show and to write.

use crate::mail::address::is_invisible;

/// Longest name, in octets: file systems take 255, and a number may be added.
const NAME: usize = 180;

/// `name` made safe for any file system and any screen: the last part of a path, without control or invisible
/// characters, without those that Windows refuses, not a device's name, not hidden, of bounded length. Never empty.
pub fn safe_name(name: &str, media_type: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let visible = last
        .chars()
        .filter(|c| !c.is_control() && !is_invisible(*c));
    let legal: String = visible
        .map(|c| {
            if "<>:\"|?*".contains(c) || (c.is_whitespace() && c != ' ') {
                '_'
            } else {
                c
            }
        })
        .collect();
    let legal = legal
        .split(' ')
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    let legal = legal
        .trim_start_matches(['.', ' ', '~', '-'])
        .trim_end_matches(['.', ' ']);
    if legal.is_empty() {
        return format!("piece-jointe.{}", ending_of(media_type));
    }
    let (stem, ending) = match legal.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() && ending.len() <= 16 => (stem, Some(ending)),
        _ => (legal, None),
    };
    let device = stem
        .split('.')
        .next()
        .unwrap_or_default()
        .trim()
        .to_uppercase();
    let reserved = matches!(device.as_str(), "CON" | "PRN" | "AUX" | "NUL")
        || ((device.starts_with("COM") || device.starts_with("LPT"))
            && device.chars().count() == 4
            && device.ends_with(|c: char| c.is_numeric()));
    let stem = if reserved {
        format!("_{stem}")
    } else {
        stem.to_owned()
    };
    let stem = stem
        .get(..stem.floor_char_boundary(NAME))
        .unwrap_or_default();
    ending.map_or_else(
        || stem.trim_end_matches(['.', ' ']).to_owned(),
        |ending| format!("{}.{ending}", stem.trim_end()),
    )
}

pub(super) fn ending_of(media_type: &str) -> &'static str {
    match media_type {
        "application/pdf" => "pdf",
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "image/gif" => "gif",
        "image/heic" => "heic",
        "image/tiff" => "tiff",
        "image/webp" => "webp",
        "application/zip" => "zip",
        "application/vnd.rar" => "rar",
        "application/x-7z-compressed" => "7z",
        "application/gzip" => "gz",
        "application/x-tar" => "tar",
        "application/rtf" => "rtf",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document" => "docx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => "xlsx",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation" => "pptx",
        "application/vnd.oasis.opendocument.text" => "odt",
        "application/vnd.oasis.opendocument.spreadsheet" => "ods",
        "application/vnd.oasis.opendocument.presentation" => "odp",
        "application/msword" => "doc",
        "application/vnd.ms-excel" => "xls",
        "text/csv" => "csv",
        "text/vcard" | "text/x-vcard" => "vcf",
        "video/mp4" => "mp4",
        "message/rfc822" => "eml",
        "text/plain" => "txt",
        "text/calendar" => "ics",
        _ => "bin",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_become_safe() {
        for (name, safe) in [
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\x\\plan.pdf", "plan.pdf"),
            ("a\u{202e}fdp.exe", "afdp.exe"),
            ("con.pdf", "_con.pdf"),
            ("LPT1", "_LPT1"),
            (".htaccess", "htaccess"),
            ("plan\r\nB: c.pdf", "planB_ c.pdf"),
            ("Avis de l’ABF.pdf", "Avis de l’ABF.pdf"),
            ("", "piece-jointe.pdf"),
            ("...", "piece-jointe.pdf"),
        ] {
            assert_eq!(safe_name(name, "application/pdf"), safe);
        }
    }

    #[test]
    fn a_name_cut_short_ends_in_no_space_or_dot() {
        for end in [" b", ". an ending that is none"] {
            let name = format!("{}{end}", "a".repeat(NAME - 1));
            assert_eq!(safe_name(&name, "image/png"), "a".repeat(NAME - 1));
        }
    }

    proptest! {
        #[test]
        fn no_name_is_dangerous(name in "\\PC*|[\\x00-\\x7f]*") {
            let safe = safe_name(&name, "image/png");
            prop_assert!(!safe.is_empty() && safe.len() <= 200 && !safe.starts_with('.'));
            prop_assert!(!safe.contains(['/', '\\', '\0', '\n', '\r', ':']));
        }
    }
}
