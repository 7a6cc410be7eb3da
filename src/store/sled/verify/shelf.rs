//! Files: each one needed, there, and intact.

use data_encoding::HEXLOWER;

use super::Search;
use crate::store::Error;
use crate::store::pieces::{self, Found, Hash, Pieces};
use crate::store::sled::key::{self, Owner};
use crate::store::sled::tree::Tree;

/// Every reference has an owner who names the file, and a file.
pub(super) fn references(search: &mut Search<'_>, shelf: &Pieces) -> Result<(), Error> {
    let mut last: Option<Hash> = None;
    let mut of_dossiers = 0;
    for pair in search.trees.with(Tree::References, &[]) {
        let (key, _) = pair?;
        let Some((hash, owner)) = key::read_reference(&key) else {
            search.fault("a reference to a file cannot be read");
            continue;
        };
        // What waits in the journal may come from outside and name files that never were.
        let expected = !matches!(owner, Owner::Journal(_)) && last != Some(hash);
        if expected {
            last = Some(hash);
        }
        if expected && shelf.file(&hash).is_err() {
            search.fault(format!("file {}: it is missing", HEXLOWER.encode(&hash)));
        }
        let (trees, key): (&[Tree], _) = match owner {
            // Their events were read already, so that counting is enough.
            Owner::Dossier(_) => {
                of_dossiers += 1;
                continue;
            }
            Owner::Document(key) => (&[Tree::Documents], key.to_vec()),
            Owner::Row(id) => (&[Tree::Outbox, Tree::Dead], key::number(id).to_vec()),
            Owner::Journal(id) => (&[Tree::Journal], key::number(id).to_vec()),
        };
        let mut names = false;
        for tree in trees {
            let json = search.trees.get(*tree, &key)?;
            names |= json.is_some_and(|json| pieces::named(&json).contains(&hash));
        }
        if !names {
            search.fault(format!(
                "file {}: who needs it does not name it",
                HEXLOWER.encode(&hash)
            ));
        }
    }
    if of_dossiers > search.references {
        let more = of_dossiers - search.references;
        search.fault(format!(
            "{more} files are kept for dossiers that do not name them"
        ));
    }
    Ok(())
}

/// Every file is needed and intact.
pub(super) fn files(search: &mut Search<'_>, shelf: &Pieces) -> Result<(), Error> {
    shelf.walk(|found| {
        match found {
            Found::Stray(path) => {
                let name = path.file_name().unwrap_or_default().len();
                search.fault(format!(
                    "the shelf has something that is no file of it, with a name of {name} bytes"
                ));
            }
            Found::Piece(hash) => {
                search.report.pieces += 1;
                let name = HEXLOWER.encode(&hash);
                match shelf.intact(&hash) {
                    Ok(true) => {}
                    Ok(false) => search.fault(format!("file {name}: its content is damaged")),
                    Err(error) => search.fault(format!("file {name}: it cannot be read: {error}")),
                }
                if search.trees.with(Tree::References, &hash).next().is_none() {
                    search.fault(format!(
                        "file {name}: nothing needs it (`sweep` removes it)"
                    ));
                }
            }
        }
        Ok(())
    })
}
