//! Files, by the hash of their content: attachments and originals of mails.
//!
//! They stay out of the database, which keeps the addresses of all its pages in memory.

mod lent;
mod together;

use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use self::together::side_by_side;
use crate::shelf::Shelf;

/// A SHA-256.
pub type Hash = [u8; 32];

/// Above this many bytes a file is handed out without hashing it again.
const CHECKED: u64 = 64 * 1024 * 1024;

/// Begins the names of files that are not complete.
const UNFINISHED: &str = ".unfinished-";

/// The shelf: `ab/cdef…` under one folder, each file readable by its owner alone.
#[derive(Debug)]
pub struct Pieces {
    folder: PathBuf,
    /// Kept since this process began, and named by nothing durable yet: not to be taken away. True for those known to be
    /// on disk.
    fresh: Mutex<HashMap<Hash, bool>>,
    /// Where copies are lent, if they are.
    lent: OnceLock<PathBuf>,
}

/// What stands in the folder.
#[derive(Debug)]
pub enum Found {
    /// A file in its place. Whether its content is right is for [`Pieces::intact`] to say.
    Piece(Hash),
    /// Something that does not belong there: left by a crash, or put by somebody.
    Stray(PathBuf),
}

impl Pieces {
    /// The shelf in `folder`, which is made where there is none.
    pub fn open(folder: &Path) -> io::Result<Self> {
        private_folder(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
            fresh: Mutex::default(),
            lent: OnceLock::new(),
        })
    }

    /// Lends copies in `folder` from now on. A second call changes nothing.
    pub fn lend_in(&self, folder: PathBuf) {
        self.lent.get_or_init(|| folder);
    }

    fn fresh(&self) -> MutexGuard<'_, HashMap<Hash, bool>> {
        self.fresh.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the file of `hash` is, whether it exists or not.
    fn path(&self, hash: &Hash) -> PathBuf {
        let name = HEXLOWER.encode(hash);
        let (folder, file) = name.split_at(2);
        self.folder.join(folder).join(file)
    }

    /// Opens a file and tells its size.
    pub fn file(&self, hash: &Hash) -> io::Result<(File, u64)> {
        let file = File::open(self.path(hash))?;
        let bytes = file.metadata()?.len();
        Ok((file, bytes))
    }

    /// Whether the content of a file is what its name says, read piecewise.
    pub fn intact(&self, hash: &Hash) -> io::Result<bool> {
        let mut hasher = Sha256::new();
        let mut file = self.file(hash)?.0;
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match file.read(&mut buffer)? {
                0 => break,
                read => hasher.update(buffer.get(..read).unwrap_or_default()),
            }
        }
        Ok(Hash::from(hasher.finalize()) == *hash)
    }

    /// A file to be written piece by piece and then put in its place.
    pub fn begin(&self) -> io::Result<Unfinished<'_>> {
        let file = tempfile::Builder::new()
            .prefix(UNFINISHED)
            .permissions(fs::Permissions::from_mode(0o600))
            .tempfile_in(&self.folder)?;
        Ok(Unfinished {
            pieces: self,
            file,
            hasher: Sha256::new(),
        })
    }

    /// Puts what `file` holds into the place of `hash`. Its content is on disk then, and its name once the folder that is
    /// answered is synchronised.
    fn place(&self, hash: &Hash, file: tempfile::NamedTempFile) -> io::Result<PathBuf> {
        let path = self.path(hash);
        let folder = path.parent().unwrap_or(&self.folder);
        if private_folder(folder)? {
            sync_folder(&self.folder)?;
        }
        file.as_file().sync_all()?;
        file.persist(&path).map_err(|error| error.error)?;
        Ok(folder.to_owned())
    }

    /// Writes what is not there yet, without waiting for the disk.
    fn lay(&self, content: &[u8]) -> io::Result<Laid<'_>> {
        let hash = Hash::from(Sha256::digest(content));
        // Before looking for the file, so that it is not taken away between the look and the answer.
        let known = *self.fresh().entry(hash).or_insert(false);
        let path = self.path(&hash);
        let kept = fs::metadata(&path).is_ok_and(|found| found.len() == content.len() as u64);
        let rest = match (kept, known) {
            (true, true) => Rest::Nothing,
            // Perhaps put there just before a crash, and its name not yet on disk.
            (true, false) => Rest::Folder(path.parent().unwrap_or(&self.folder).to_owned()),
            (false, _) => {
                let mut unfinished = self.begin()?;
                unfinished.file.write_all(content)?;
                Rest::File(unfinished)
            }
        };
        Ok(Laid { hash, rest })
    }

    /// Keeps some. First all contents, then all names: the system writes its own journal once for those that wait at the
    /// same time.
    fn keep_some(&self, contents: &[&[u8]]) -> Vec<io::Result<String>> {
        let laid: Vec<io::Result<Laid<'_>>> =
            contents.iter().map(|content| self.lay(content)).collect();
        let placed = side_by_side(laid, |laid| {
            let Laid { hash, rest } = laid?;
            let folder = match rest {
                Rest::Nothing => None,
                Rest::Folder(folder) => Some(folder),
                Rest::File(unfinished) => Some(self.place(&hash, unfinished.file)?),
            };
            Ok((hash, folder))
        });
        let folders: BTreeSet<&PathBuf> = placed
            .iter()
            .filter_map(|placed: &io::Result<_>| placed.as_ref().ok()?.1.as_ref())
            .collect();
        let synced = side_by_side(folders.into_iter().collect(), |folder| {
            sync_folder(folder)
                .err()
                .map(|error| (folder.clone(), error))
        });
        let failed: HashMap<PathBuf, io::Error> = synced.into_iter().flatten().collect();
        let mut fresh = self.fresh();
        let mut end = |hash: Hash, folder: Option<PathBuf>| {
            if let Some(error) = folder.as_ref().and_then(|folder| failed.get(folder)) {
                return Err(io::Error::new(error.kind(), error.to_string()));
            }
            if let Some(durable) = fresh.get_mut(&hash) {
                *durable = true;
            }
            Ok(HEXLOWER.encode(&hash))
        };
        placed
            .into_iter()
            .map(|placed| placed.and_then(|(hash, folder)| end(hash, folder)))
            .collect()
    }

    /// Something durable names these files now: they may be taken away once nothing does.
    pub(super) fn settled(&self, hashes: &BTreeSet<Hash>) {
        if !hashes.is_empty() {
            self.fresh().retain(|hash, _| !hashes.contains(hash));
        }
    }

    /// Takes a file away, unless somebody has just kept it. False where it stays or never was.
    pub(super) fn remove(&self, hash: &Hash) -> io::Result<bool> {
        let fresh = self.fresh();
        if fresh.contains_key(hash) {
            return Ok(false);
        }
        match fs::remove_file(self.path(hash)) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Calls `each` for everything in the folder, in order. Holds the names of one 256th at a time.
    pub fn walk<E: From<io::Error>>(
        &self,
        mut each: impl FnMut(Found) -> Result<(), E>,
    ) -> Result<(), E> {
        for path in sorted(&self.folder)? {
            let first = path.file_name().and_then(|name| name.to_str());
            let first = first.filter(|name| name.len() == 2 && path.is_dir());
            let Some(first) = first.map(str::to_owned) else {
                each(Found::Stray(path))?;
                continue;
            };
            for path in sorted(&path)? {
                let rest = path.file_name().and_then(|name| name.to_str());
                let hash = rest.and_then(|rest| hash(&format!("{first}{rest}")));
                each(hash.map_or(Found::Stray(path), Found::Piece))?;
            }
        }
        Ok(())
    }

    /// Removes what a crash left behind while a file was written. Not to be called while files are being kept.
    pub(super) fn sweep_unfinished(&self) -> io::Result<u64> {
        let mut swept = 0;
        for path in sorted(&self.folder)? {
            let name = path.file_name().and_then(|name| name.to_str());
            if name.is_some_and(|name| name.starts_with(UNFINISHED)) {
                fs::remove_file(&path)?;
                swept += 1;
            }
        }
        Ok(swept)
    }
}

impl Shelf for Pieces {
    fn keep(&self, content: &[u8]) -> io::Result<String> {
        self.keep_all(&[content])
            .pop()
            .unwrap_or_else(|| Err(io::ErrorKind::Other.into()))
    }

    fn keep_all(&self, contents: &[&[u8]]) -> Vec<io::Result<String>> {
        let groups = contents.chunks(TOGETHER);
        groups.flat_map(|group| self.keep_some(group)).collect()
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let hash = named_hash(name)?;
        let (mut file, bytes) = self.file(&hash)?;
        let mut content = Vec::with_capacity(usize::try_from(bytes).unwrap_or_default());
        file.read_to_end(&mut content)?;
        if bytes <= CHECKED && Hash::from(Sha256::digest(&content)) != hash {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("the file {name} is damaged: its content has another SHA-256"),
            ));
        }
        Ok(content)
    }

    fn keep_from(&self, content: &mut dyn Read) -> io::Result<String> {
        let mut unfinished = self.begin()?;
        io::copy(content, &mut unfinished)?;
        let hash = Hash::from(unfinished.hasher.finalize());
        // Before it is in its place, so that it is not taken away before the answer.
        self.fresh().entry(hash).or_insert(false);
        let folder = self.place(&hash, unfinished.file)?;
        sync_folder(&folder)?;
        self.fresh().insert(hash, true);
        Ok(HEXLOWER.encode(&hash))
    }

    fn scratch(&self) -> PathBuf {
        self.folder.clone()
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn Read>> {
        let (file, _) = self.file(&named_hash(name)?)?;
        Ok(Box::new(file))
    }

    fn size(&self, name: &str) -> io::Result<u64> {
        let (_, bytes) = self.file(&named_hash(name)?)?;
        Ok(bytes)
    }

    fn lend(&self, hash: &str, name: &str) -> io::Result<Option<PathBuf>> {
        let lent = self.lent.get();
        lent.map(|folder| lent::copy(&self.path(&named_hash(hash)?), folder, hash, name))
            .transpose()
    }

    fn reclaim(&self, age: Duration) -> io::Result<()> {
        self.lent
            .get()
            .map_or(Ok(()), |folder| lent::reclaim(folder, age))
    }

    fn located(&self, name: &str) -> Option<PathBuf> {
        let path = self.path(&hash(name)?);
        Some(std::path::absolute(&path).unwrap_or(path))
    }
}

/// The hash that `name` says, or why it says none.
fn named_hash(name: &str) -> io::Result<Hash> {
    hash(name).ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::InvalidInput,
            "a file is named by the 64 hexadecimal digits of its SHA-256",
        )
    })
}

/// A content that is to be kept, before the disk was waited for.
struct Laid<'a> {
    hash: Hash,
    rest: Rest<'a>,
}

/// What is left to do for it.
enum Rest<'a> {
    /// It is there for certain.
    Nothing,
    /// It is there, its name perhaps only in memory.
    Folder(PathBuf),
    /// It is not in its place.
    File(Unfinished<'a>),
}

/// Files kept together at most: each is open for a while.
const TOGETHER: usize = 128;

/// Makes the names in a folder durable.
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// A file that is being written.
#[derive(Debug)]
pub struct Unfinished<'a> {
    pieces: &'a Pieces,
    file: tempfile::NamedTempFile,
    hasher: Sha256,
}

impl Write for Unfinished<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hasher.update(bytes.get(..written).unwrap_or(bytes));
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Unfinished<'_> {
    /// Puts the file in its place, durably, if its content is what `expected` says. False where it is not.
    pub fn finish(self, expected: &Hash) -> io::Result<bool> {
        if Hash::from(self.hasher.finalize()) != *expected {
            return Ok(false);
        }
        let folder = self.pieces.place(expected, self.file)?;
        sync_folder(&folder)?;
        Ok(true)
    }
}

/// The hash that `name` writes, in 64 lower-case hexadecimal digits and nothing else: a path cannot be smuggled in.
pub fn hash(name: &str) -> Option<Hash> {
    HEXLOWER
        .decode(name.as_bytes())
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
}

/// The hashes of the files that compact JSON names: every `"hash":"…"`. Text inside a string has its quotation marks
/// escaped, so that nobody can name a file by writing about it.
pub(super) fn named(json: &[u8]) -> BTreeSet<Hash> {
    const MARK: &[u8] = br#""hash":""#;
    let mut hashes = BTreeSet::new();
    let mut rest = json;
    while let Some(at) = rest.windows(MARK.len()).position(|part| part == MARK) {
        rest = rest.get(at + MARK.len()..).unwrap_or_default();
        if let Some((digits, [b'"', ..])) = rest.split_at_checked(64)
            && let Some(hash) = std::str::from_utf8(digits).ok().and_then(hash)
        {
            hashes.insert(hash);
        }
    }
    hashes
}

/// Makes a folder for the owner alone. True where there was none.
pub(super) fn private_folder(folder: &Path) -> io::Result<bool> {
    if folder.is_dir() {
        return Ok(false);
    }
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    Ok(true)
}

fn sorted(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shelf() -> (tempfile::TempDir, Pieces) {
        let folder = tempfile::tempdir().unwrap();
        let pieces = Pieces::open(&folder.path().join("pieces")).unwrap();
        (folder, pieces)
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn what_is_kept_is_read_back_and_only_its_owner_may() {
        let (_folder, pieces) = shelf();
        let name = pieces.keep(b"contenu").unwrap();
        assert_eq!(pieces.read(&name).unwrap(), b"contenu");
        let path = pieces.path(&hash(&name).unwrap());
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        assert_eq!(mode(&pieces.folder), 0o700);
    }

    #[test]
    fn keeping_again_writes_nothing_but_mends_what_was_cut_short() {
        let (_folder, pieces) = shelf();
        let name = pieces.keep(b"contenu").unwrap();
        let path = pieces.path(&hash(&name).unwrap());
        let inode = |path: &Path| std::os::unix::fs::MetadataExt::ino(&fs::metadata(path).unwrap());
        let first = inode(&path);
        assert_eq!(pieces.keep(b"contenu").unwrap(), name);
        assert_eq!(inode(&path), first);
        fs::write(&path, b"cont").unwrap();
        pieces.keep(b"contenu").unwrap();
        assert_eq!(pieces.read(&name).unwrap(), b"contenu");
    }

    #[test]
    fn several_are_kept_at_once_and_answered_for_in_their_order() {
        let (_folder, pieces) = shelf();
        let contents: Vec<Vec<u8>> = (0_u8..100).map(|number| vec![number % 90; 10]).collect();
        let contents: Vec<&[u8]> = contents.iter().map(Vec::as_slice).collect();
        for _ in 0..2 {
            let names = pieces.keep_all(&contents);
            assert_eq!(names.len(), contents.len());
            for (name, content) in names.into_iter().zip(&contents) {
                assert_eq!(pieces.read(&name.unwrap()).unwrap(), *content);
            }
        }
        assert_eq!(pieces.sweep_unfinished().unwrap(), 0);
    }

    #[test]
    fn what_comes_piece_by_piece_is_kept_the_same() {
        let (_folder, pieces) = shelf();
        let name = pieces.keep_from(&mut &b"contenu"[..]).unwrap();
        assert_eq!(pieces.keep(b"contenu").unwrap(), name);
        let mut content = String::new();
        let mut opened = pieces.open(&name).unwrap();
        opened.read_to_string(&mut content).unwrap();
        assert_eq!(content, "contenu");
        assert_eq!(pieces.sweep_unfinished().unwrap(), 0);
    }

    #[test]
    fn one_that_cannot_be_kept_does_not_keep_the_others() {
        let (_folder, pieces) = shelf();
        let name = HEXLOWER.encode(&Sha256::digest(b"un"));
        // A file stands where a folder should be made.
        fs::write(pieces.folder.join(name.get(..2).unwrap()), "").unwrap();
        let kept = pieces.keep_all(&[b"un", b"deux"]);
        assert!(kept[0].is_err() && kept[1].is_ok(), "{kept:?}");
    }

    #[test]
    fn a_file_is_named_by_a_field_and_not_by_text_about_it() {
        let digits = "0f".repeat(32);
        let field = serde_json::json!({"piece": {"hash": digits}}).to_string();
        assert_eq!(named(field.as_bytes()).len(), 1);
        let text = serde_json::json!({"text": field}).to_string();
        assert_eq!(named(text.as_bytes()).len(), 0);
        let short = serde_json::json!({"hash": "0f"}).to_string();
        assert_eq!(named(short.as_bytes()).len(), 0);
    }
}
