//! The token, and what may stand wrong with its file. No error repeats what is in it.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use secrecy::SecretString;

use super::fault::Fault;

/// Octets of a token at most.
const MOST: usize = 1_024;
/// The rights of whoever is neither the owner nor of the group. A group is somebody's decision, and systemd's
/// `LoadCredential` makes use of it; everybody is nearly always an oversight.
const EVERYBODY: u32 = 0o007;

/// The token, as it stands in its file now.
pub(super) fn read(path: &Path) -> Result<SecretString, Fault> {
    let fault = |what: String| Fault::Local(format!("platform.token_file: {what}"));
    if is_token(path) {
        return Err(fault(
            "this is a token and not a file: write the token into a file, and the name of the file here"
                .to_owned(),
        ));
    }
    let file = path.display();
    let unread = |error: std::io::Error| fault(format!("{file} cannot be read: {}", error.kind()));
    let opened = File::open(path).map_err(unread)?;
    let mode = opened.metadata().map_err(unread)?.permissions().mode();
    if mode & EVERYBODY != 0 {
        return Err(fault(format!(
            "everybody on this machine can read {file}, and whoever has the token acts as any instructeur: chmod 600 {file}"
        )));
    }
    let mut text = String::new();
    opened
        .take(64 * 1_024)
        .read_to_string(&mut text)
        .map_err(unread)?;
    let text = text.trim();
    odd(text).map_or_else(
        || Ok(SecretString::from(text)),
        |what| {
            Err(fault(format!(
                "{file} {what}; write the token alone into it"
            )))
        },
    )
}

/// What keeps a text from being a token.
fn odd(text: &str) -> Option<&'static str> {
    let starts = |with: &str| {
        text.get(..with.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(with))
    };
    if text.is_empty() {
        Some("is empty")
    } else if text.contains(['\n', '\r']) {
        Some("has several lines")
    } else if starts("bearer ") || starts("authorization:") {
        Some("has “Bearer” before the token")
    } else if text.contains(['"', '\'', '“', '”', '«', '»']) {
        Some("has quotes around the token")
    } else if text.contains(char::is_whitespace) {
        Some("has spaces in the token")
    } else if text.len() > MOST || !text.chars().all(|c| c.is_ascii_graphic()) {
        Some("holds no token")
    } else {
        None
    }
}

/// Whether somebody wrote the token where the name of its file belongs. A file may be called so all the same.
fn is_token(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    // It may have been copied with what stands around it.
    let word = name.and_then(|name| name.split_whitespace().next_back());
    let word = word.map(|word| word.trim_matches(['"', '\'']));
    let long = word.is_some_and(|word| {
        word.len() >= 48
            && word
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_=+".contains(c))
    });
    long && !path.exists()
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};

    use secrecy::ExposeSecret as _;

    use super::*;

    fn mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_token_that_everybody_can_read_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        fs::write(&path, "abc\n").unwrap();
        for open in [0o644, 0o666, 0o604, 0o602] {
            mode(&path, open);
            let why = read(&path).unwrap_err().to_string();
            let remedy = format!("chmod 600 {}", path.display());
            assert!(why.contains(&remedy) && !why.contains("abc"), "{why}");
        }
        for shut in [0o600, 0o400, 0o640] {
            mode(&path, shut);
            assert_eq!(read(&path).unwrap().expose_secret(), "abc");
        }
    }

    #[test]
    fn what_a_file_holds_in_place_of_a_token_is_said_and_not_repeated() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        fs::write(&path, "").unwrap();
        mode(&path, 0o600);
        for (text, what) in [
            ("", "is empty"),
            (" \n", "is empty"),
            ("SECRET\nSECRET\n", "several lines"),
            ("Bearer SECRET", "Bearer"),
            ("\"SECRET\"", "quotes"),
            ("« SECRET »", "quotes"),
            ("SEC RET", "spaces"),
            ("SÉCRET", "no token"),
        ] {
            fs::write(&path, text).unwrap();
            let why = read(&path).unwrap_err().to_string();
            assert!(why.contains(what), "{text}: {why}");
            assert!(why.contains("write the token alone into it"), "{why}");
            assert!(!why.contains("SEC"), "{why}");
        }
        fs::remove_file(&path).unwrap();
        let why = read(&path).unwrap_err().to_string();
        assert!(why.contains("cannot be read"), "{why}");
    }

    #[test]
    fn a_token_in_place_of_its_file_is_not_repeated() {
        let token = "NTQ1ZTY2ZjEtZmE2OC00NTMzLWI5YTMtZDg1MDBlY2FhZjFhO2JmVGt";
        for name in [
            token.to_owned(),
            format!("Bearer {token}"),
            format!("{token}\n"),
            format!("\"{token}\""),
        ] {
            let why = read(&Path::new("/etc/greffier").join(name)).unwrap_err();
            assert!(!why.to_string().contains(token), "{why}");
            assert!(why.to_string().contains("into a file"), "{why}");
        }
    }
}
