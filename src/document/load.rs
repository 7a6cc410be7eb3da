//! Reads the templates of what is printed: those that are built in, each of which a file of the same name in the folder
//! `pdf` of the operator's templates may replace.

use std::fs;
use std::path::Path;

use include_dir::{Dir, include_dir};

use crate::diagnostic::Diagnostic;

static EMBEDDED: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/templates/pdf");

/// The most bytes of one template.
const MAX_BYTES: u64 = 100_000;

/// Name, file as people know it, and text of each.
pub(super) fn embedded() -> Vec<(String, String, String)> {
    EMBEDDED
        .files()
        .filter_map(|file| {
            let name = file.path().to_str()?;
            let text = file.contents_utf8()?;
            Some((name.to_owned(), format!("pdf/{name}"), text.to_owned()))
        })
        .collect()
}

/// The same, with those of `folder` in their place.
pub(super) fn replaced(
    folder: Option<&Path>,
) -> Result<Vec<(String, String, String)>, Vec<Diagnostic>> {
    let mut templates = embedded();
    let Some(folder) = folder.map(|folder| folder.join("pdf")) else {
        return Ok(templates);
    };
    if !folder.exists() {
        return Ok(templates);
    }
    let entries = fs::read_dir(&folder).map_err(|error| {
        let shown = folder.display().to_string();
        vec![Diagnostic::whole(shown, format!("cannot be read: {error}"))]
    })?;
    let mut faults = Vec::new();
    for entry in entries.flatten() {
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if !hidden && let Err(fault) = replace(&entry.path(), &mut templates) {
            faults.push(fault);
        }
    }
    if faults.is_empty() {
        Ok(templates)
    } else {
        faults.sort();
        Err(faults)
    }
}

fn replace(path: &Path, templates: &mut [(String, String, String)]) -> Result<(), Diagnostic> {
    let shown = path.display().to_string();
    let name = path.file_name().and_then(|name| name.to_str());
    let known = templates
        .iter_mut()
        .find(|(known, ..)| Some(known.as_str()) == name);
    let Some((_, file, text)) = known else {
        return Err(Diagnostic::whole(
            shown,
            "replaces no template: give it the name of a built-in one, or take it away",
        ));
    };
    let bytes = fs::metadata(path).map_or(0, |metadata| metadata.len());
    if bytes > MAX_BYTES {
        return Err(Diagnostic::whole(
            shown,
            format!("has {bytes} bytes: at most {MAX_BYTES} are read"),
        ));
    }
    *text = fs::read_to_string(path)
        .map_err(|error| Diagnostic::whole(shown.clone(), format!("cannot be read: {error}")))?;
    *file = shown;
    Ok(())
}
