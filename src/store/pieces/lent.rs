//! Copies with a name, for whoever sits at the machine: the shelf's own files are not to be touched.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::private_folder;

/// Up to this many bytes are copied; a larger one, which was made a moment ago to be taken away, is the same file under
/// another name.
const COPIED: u64 = 64 * 1024 * 1024;
/// Bytes of a file's name.
const NAME: usize = 200;
/// Digits of the hash that keep files of one name apart.
const APART: usize = 12;

/// Copies `file` to `name` in a folder of its own under `folder`. One that is there already begins anew.
pub(super) fn copy(file: &Path, folder: &Path, hash: &str, name: &str) -> io::Result<PathBuf> {
    let bytes = fs::metadata(file)?.len();
    let own = folder.join(hash.get(..APART).unwrap_or(hash));
    private_folder(&own)?;
    let to = own.join(plain(name));
    match fs::remove_file(&to) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    if bytes <= COPIED || fs::hard_link(file, &to).is_err() {
        fs::copy(file, &to)?;
    }
    Ok(std::path::absolute(&to).unwrap_or(to))
}

/// Removes what was lent longer ago than `age`.
pub(super) fn reclaim(folder: &Path, age: Duration) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let lent = entry.metadata()?;
        let old = |since: SystemTime| since.elapsed().is_ok_and(|elapsed| elapsed > age);
        if lent.is_dir() && lent.modified().is_ok_and(old) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// `name` as one that is nowhere else, not hidden, and not too long; its ending is kept.
fn plain(name: &str) -> String {
    let odd = |letter: char| letter.is_control() || "/\\:*?\"<>|".contains(letter);
    let name: String = name
        .chars()
        .map(|letter| if odd(letter) { '_' } else { letter })
        .collect();
    let name = name.trim().trim_start_matches(['.', '-']);
    let (stem, ending) = match name.rsplit_once('.') {
        Some((stem, ending)) if ending.len() <= 10 => (stem, format!(".{ending}")),
        Some(_) | None => (name, String::new()),
    };
    let end = (0..=NAME.min(stem.len()))
        .rev()
        .find(|at| stem.is_char_boundary(*at));
    let stem = stem.get(..end.unwrap_or(0)).unwrap_or_default();
    format!("{}{ending}", if stem.is_empty() { "fichier" } else { stem })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_bears_its_name_and_changes_nothing_behind_it() {
        let folder = tempfile::tempdir().unwrap();
        let kept = folder.path().join("kept");
        fs::write(&kept, "plan").unwrap();
        let lent = folder.path().join("exports");
        let copied = copy(&kept, &lent, &"ab".repeat(32), "plan de masse.pdf").unwrap();
        assert!(
            copied.ends_with("exports/abababababab/plan de masse.pdf"),
            "{copied:?}"
        );
        fs::write(&copied, "autre").unwrap();
        assert_eq!(fs::read_to_string(&kept).unwrap(), "plan");
        assert_eq!(
            copy(&kept, &lent, &"ab".repeat(32), "plan de masse.pdf").unwrap(),
            copied
        );
        assert_eq!(fs::read_to_string(&copied).unwrap(), "plan");
        reclaim(&lent, Duration::from_hours(24)).unwrap();
        assert!(copied.exists());
        reclaim(&lent, Duration::ZERO).unwrap();
        assert!(!copied.exists() && lent.exists());
        reclaim(&folder.path().join("none"), Duration::ZERO).unwrap();
    }

    #[test]
    fn a_name_leads_nowhere_else() {
        for (name, plain_name) in [
            ("../../etc/passwd", "_.._etc_passwd"),
            (".bashrc", "bashrc"),
            ("a\nb.pdf", "a_b.pdf"),
            ("", "fichier"),
            ("..", "fichier"),
            (".pdf", "pdf"),
            ("-rf.txt", "rf.txt"),
        ] {
            assert_eq!(plain(name), plain_name, "{name:?}");
        }
        let long = plain(&format!("{}.pdf", "é".repeat(300)));
        assert_eq!(long, format!("{}.pdf", "é".repeat(NAME / 2)));
    }
}
