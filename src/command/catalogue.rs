//! Every command there is: those in the binary, and those of a folder that stand in their place.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use include_dir::{Dir, include_dir};
use jiff::civil::Date;

use super::fold::{fold, words};
use super::parse::Here;
use super::read::{line_of, read};
use super::spec::Spec;
use crate::diagnostic::Diagnostic;

static EMBEDDED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/commands");

/// Bytes of a file of `commands/`.
const LARGEST_FILE: u64 = 64 * 1024;

/// Every command there is.
#[derive(Debug, Clone)]
pub struct Catalogue {
    pub(super) specs: Vec<Spec>,
    pub(super) names: HashMap<String, Named>,
    /// Words of the longest name.
    pub(super) longest_name: usize,
}

/// What a name or an alias, folded, stands for.
#[derive(Debug, Clone)]
pub(super) struct Named {
    /// Place of the command in the catalogue.
    pub(super) spec: usize,
    /// How many words the name has.
    pub(super) words: usize,
    /// The name as written in its file.
    pub(super) shown: String,
}

impl Catalogue {
    /// The commands in the binary.
    pub fn embedded() -> Self {
        Self::read(&embedded()).expect("a test reads the embedded commands")
    }

    /// The commands in the binary and those of the folder `dir`. A file of `dir` stands for the one of the same name.
    /// What is wrong is said all at once.
    pub fn load(dir: &Path) -> Result<Self, Vec<Diagnostic>> {
        let mut files = embedded();
        files.extend(folder(dir)?);
        Self::read(&files)
    }

    /// The commands of `files`, by name of the file.
    pub(super) fn read(files: &BTreeMap<String, String>) -> Result<Self, Vec<Diagnostic>> {
        let mut catalogue = Self {
            specs: Vec::new(),
            names: HashMap::new(),
            longest_name: 0,
        };
        let mut diagnostics = Vec::new();
        let mut origins = Vec::new();
        for (file, text) in files {
            let (spec, faults) = read(text);
            let diagnose = |(span, message)| Diagnostic {
                file: file.clone(),
                line: line_of(text, &span),
                message,
            };
            diagnostics.extend(faults.into_iter().map(diagnose));
            if let Some(spec) = spec {
                diagnostics.extend(catalogue.add(spec, file, text, &origins));
                origins.push(file);
            }
        }
        diagnostics.extend(catalogue.check_examples(files, &origins, diagnostics.is_empty()));
        catalogue.specs_in_order();
        diagnostics.sort();
        if diagnostics.is_empty() {
            Ok(catalogue)
        } else {
            Err(diagnostics)
        }
    }

    /// Every command, by family and name.
    pub fn specs(&self) -> &[Spec] {
        &self.specs
    }

    fn add(&mut self, spec: Spec, file: &str, text: &str, origins: &[&String]) -> Vec<Diagnostic> {
        let mut diagnostics = Vec::new();
        let place = self.specs.len();
        for (name, key) in names(&spec) {
            let count = words(name);
            self.longest_name = self.longest_name.max(count);
            let named = Named {
                spec: place,
                words: count,
                shown: name.to_owned(),
            };
            if let Some(other) = self.names.insert(fold(name), named) {
                let other = origins.get(other.spec).map_or(file, |other| other.as_str());
                let message =
                    format!("`{name}` already names the command of {other}: choose another");
                diagnostics.push(Diagnostic {
                    file: file.to_owned(),
                    line: line_starting(text, key),
                    message,
                });
            }
        }
        self.specs.push(spec);
        diagnostics
    }

    /// Each example must be a line of its own command. Names that are at fault would only repeat it.
    fn check_examples(
        &self,
        files: &BTreeMap<String, String>,
        origins: &[&String],
        sound: bool,
    ) -> Vec<Diagnostic> {
        let mut diagnostics = Vec::new();
        let here = Here {
            dossier: None,
            today: Date::default(),
        };
        for (spec, file) in self.specs.iter().zip(origins).filter(|_| sound) {
            let line = files
                .get(*file)
                .map_or(0, |text| line_starting(text, "examples"));
            for example in &spec.examples {
                let wrong = match self.parse(example, &here) {
                    Ok(parsed) if parsed.spec.name == spec.name => continue,
                    Ok(parsed) => format!("it is read as `{}`", parsed.spec.name),
                    Err(error) => error
                        .to_string()
                        .lines()
                        .next()
                        .unwrap_or_default()
                        .to_owned(),
                };
                let message =
                    format!("the example `{example}` is no line of this command: {wrong}");
                diagnostics.push(Diagnostic {
                    file: (*file).clone(),
                    line,
                    message,
                });
            }
        }
        diagnostics
    }

    fn specs_in_order(&mut self) {
        let mut places: Vec<usize> = (0..self.specs.len()).collect();
        places.sort_by_key(|place| {
            self.specs
                .get(*place)
                .map(|spec| (spec.family, fold(&spec.name)))
        });
        self.specs
            .sort_by_key(|spec| (spec.family, fold(&spec.name)));
        for named in self.names.values_mut() {
            named.spec = places
                .iter()
                .position(|place| *place == named.spec)
                .unwrap_or(named.spec);
        }
    }
}

fn names(spec: &Spec) -> impl Iterator<Item = (&str, &'static str)> {
    let aliases = spec.aliases.iter().map(|alias| (alias.as_str(), "aliases"));
    std::iter::once((spec.name.as_str(), "name")).chain(aliases)
}

/// The line of `text` that sets `key`, from 1.
fn line_starting(text: &str, key: &str) -> usize {
    let sets = |line: &str| {
        line.strip_prefix(key)
            .is_some_and(|after| after.trim_start().starts_with('='))
    };
    text.lines().position(sets).map_or(1, |line| line + 1)
}

fn embedded() -> BTreeMap<String, String> {
    let files = EMBEDDED.files().filter(|file| {
        file.path()
            .extension()
            .is_some_and(|extension| extension == "toml")
    });
    let named = files.filter_map(|file| {
        Some((
            file.path().to_str()?.to_owned(),
            file.contents_utf8()?.to_owned(),
        ))
    });
    named.collect()
}

fn folder(dir: &Path) -> Result<BTreeMap<String, String>, Vec<Diagnostic>> {
    let mut files = BTreeMap::new();
    let mut diagnostics = Vec::new();
    let entries =
        fs::read_dir(dir).map_err(|error| vec![unreadable(&dir.display().to_string(), &error)])?;
    for entry in entries {
        let path = match entry {
            Ok(entry) => entry.path(),
            Err(error) => {
                diagnostics.push(unreadable(&dir.display().to_string(), &error));
                continue;
            }
        };
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        match content(&path) {
            Ok(text) => drop(files.insert(name, text)),
            Err(error) => diagnostics.push(unreadable(&name, &error)),
        }
    }
    if diagnostics.is_empty() {
        Ok(files)
    } else {
        Err(diagnostics)
    }
}

fn content(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let size = fs::File::open(path)?
        .take(LARGEST_FILE + 1)
        .read_to_string(&mut text)?;
    if size as u64 > LARGEST_FILE {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            "it has more than 64 KiB",
        ));
    }
    Ok(text)
}

fn unreadable(file: &str, error: &io::Error) -> Diagnostic {
    Diagnostic {
        file: file.to_owned(),
        line: 0,
        message: format!("cannot be read: {error}"),
    }
}
