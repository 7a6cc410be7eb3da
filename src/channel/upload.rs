//! File names as they come from outside, made safe to show and to keep.

/// Characters of a name at most: with an extension it still fits 255 octets of UTF-8 on disk.
const NAME_MAX: usize = 60;

/// `name` without its path, controls, and characters that mislead (bidirectional marks, zero width) or that some system
/// forbids; never empty, never hidden, of at most 60 characters with the extension kept.
pub(crate) fn safe_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last
        .chars()
        .map(|c| if forbidden(c) { '_' } else { c })
        .collect();
    let clean = clean.trim_matches(|c: char| c == '.' || c.is_whitespace());
    if clean.is_empty() {
        return "fichier".to_owned();
    }
    shorten(clean)
}

/// `media_type` in lower case and without parameters, or the type of unknown octets where it is none (RFC 2045 §5.1).
pub(crate) fn safe_media_type(media_type: &str) -> String {
    let essence = media_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let word = |word: &str| {
        !word.is_empty()
            && word
                .bytes()
                .all(|c| c.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&c))
    };
    match essence.split_once('/') {
        Some((kind, subtype)) if essence.len() <= 100 && word(kind) && word(subtype) => essence,
        _ => "application/octet-stream".to_owned(),
    }
}

fn forbidden(c: char) -> bool {
    c.is_control()
        || "<>:\"|?*".contains(c)
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

fn shorten(name: &str) -> String {
    if name.chars().count() <= NAME_MAX {
        return name.to_owned();
    }
    let (stem, extension) = match name.rsplit_once('.') {
        Some((stem, extension)) if extension.chars().count() <= 10 => {
            (stem, format!(".{extension}"))
        }
        _ => (name, String::new()),
    };
    let room = NAME_MAX - extension.chars().count();
    stem.chars().take(room).chain(extension.chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::safe_name;

    #[test]
    fn a_name_holds_no_path_and_no_trick() {
        for (hostile, safe) in [
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\x\\plan.pdf", "plan.pdf"),
            ("..", "fichier"),
            ("", "fichier"),
            (".bashrc", "bashrc"),
            ("a\r\nX-Evil: 1.pdf", "a__X-Evil_ 1.pdf"),
            ("fac\u{202E}fdp.exe", "fac_fdp.exe"),
            ("a\0b", "a_b"),
            ("plan d’été.pdf", "plan d’été.pdf"),
        ] {
            assert_eq!(safe_name(hostile), safe, "{hostile:?}");
        }
    }

    #[test]
    fn a_long_name_keeps_its_extension() {
        let name = safe_name(&format!("{}.pdf", "é".repeat(500)));
        assert_eq!(name.chars().count(), 60);
        assert!(name.ends_with("é.pdf"));
    }
}
