//! The key of reply addresses, and those that were retired.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::config::Config;
use crate::mail::OwnSeal;

/// Retired keys that are kept: more would only make a stolen one live longer.
const RETIRED: usize = 3;

/// Where the key is.
pub(super) fn path(config: &Config) -> PathBuf {
    config.greffier.data.join("secrets/reply-key")
}

fn retired_path(config: &Config) -> PathBuf {
    config.greffier.data.join("secrets/reply-key.retired")
}

/// What our own mail is marked with, where there is a key already.
pub(super) fn seal(config: &Config) -> anyhow::Result<Option<OwnSeal>> {
    let path = path(config);
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Some(OwnSeal::of(text.trim().as_bytes()))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        // To go on would be to send mail that we do not know again.
        Err(error) => Err(error).with_context(|| format!("Cannot read {}", path.display())),
    }
}

/// The keys that were retired, the last one first.
pub(super) fn retired(config: &Config) -> anyhow::Result<Vec<Vec<u8>>> {
    let path = retired_path(config);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => {
            return Err(error).with_context(|| format!("Cannot read {}", path.display()));
        }
    };
    let keys = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .take(RETIRED)
        .map(|line| line.as_bytes().to_vec());
    Ok(keys.collect())
}

/// Makes a new key, and keeps the old one among the retired. Each file is whole at every moment; a crash between the two
/// leaves the old key in use and, harmlessly, among the retired as well.
pub(super) fn rotate(config: &Config) -> anyhow::Result<()> {
    let path = path(config);
    let old = super::run::secret(&path)?;
    let mut lines = vec![old];
    for key in retired(config)? {
        lines.push(String::from_utf8(key).context("A retired key is not text")?);
    }
    lines.truncate(RETIRED);
    replace(&retired_path(config), &(lines.join("\n") + "\n"))?;
    replace(&path, &(super::run::new_secret()? + "\n"))
}

fn replace(path: &Path, text: &str) -> anyhow::Result<()> {
    let new = path.with_extension("new");
    let cannot = || format!("Cannot write {}", new.display());
    // What a crash may have left there is nobody's key.
    match fs::remove_file(&new) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(cannot);
        }
        _ => {}
    }
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&new)
        .with_context(cannot)?;
    file.write_all(text.as_bytes()).with_context(cannot)?;
    file.sync_all().with_context(cannot)?;
    fs::rename(&new, path).with_context(|| format!("Cannot replace {}", path.display()))?;
    if let Some(folder) = path.parent() {
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_key_retires_the_old_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let text = "[mail]\ndomain = \"g.example\"\nfrom_address = \"g@g.example\"\n";
        let config = Config::from_text(text, folder.path()).expect("it reads");
        assert_eq!(seal(&config).expect("nothing to read"), None);
        let mut keys = Vec::new();
        for _ in 0..5 {
            keys.insert(
                0,
                crate::cli::run::secret(&path(&config))
                    .expect("a key")
                    .into_bytes(),
            );
            rotate(&config).expect("rotated");
        }
        let now = crate::cli::run::secret(&path(&config))
            .expect("a key")
            .into_bytes();
        assert!(!keys.contains(&now));
        assert_eq!(retired(&config).expect("read"), keys[..RETIRED]);
        assert_eq!(seal(&config).expect("read"), Some(OwnSeal::of(&now)));
        for path in [path(&config), retired_path(&config)] {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(path).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_key_that_cannot_be_read_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        let text = "[mail]\ndomain = \"g.example\"\nfrom_address = \"g@g.example\"\n";
        let config = Config::from_text(text, folder.path()).expect("it reads");
        fs::create_dir_all(path(&config)).expect("a folder in its place");
        assert!(seal(&config).is_err());
    }
}
