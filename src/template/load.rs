//! Reads the templates: those that are built in, each of which a file of the same name in a folder may replace.

use std::fs;
use std::path::Path;

use include_dir::{Dir, include_dir};
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, ErrorKind, Output, State, UndefinedBehavior, Value};

use crate::diagnostic::Diagnostic;

use super::escape::{self, Form};
use super::filter;

static EMBEDDED: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/templates");

/// The templates of what is printed, which `document` reads.
const PRINTED: &str = "pdf";

/// The most bytes of one template.
const MAX_BYTES: u64 = 100_000;

/// `error` where it arose: an error in an included file comes wrapped in one of the file that includes it.
pub(super) fn diagnose(file: &str, error: &minijinja::Error) -> Diagnostic {
    let inner = std::error::Error::source(error)
        .and_then(|source| source.downcast_ref::<minijinja::Error>());
    if let Some(inner) = inner {
        return diagnose(file, inner);
    }
    let detail = error
        .detail()
        .map(|detail| format!(": {detail}"))
        .unwrap_or_default();
    Diagnostic {
        file: error.name().unwrap_or(file).to_owned(),
        line: error.line().unwrap_or(0),
        message: format!("{}{detail}", error.kind()),
    }
}

/// The templates, with those of `folder` in the place of the built-in ones; or all that is wrong with them.
pub(super) fn environment(folder: Option<&Path>) -> Result<Environment<'static>, Vec<Diagnostic>> {
    let mut sources = embedded(&EMBEDDED);
    sources.retain(|(name, _)| !Path::new(name).starts_with(PRINTED));
    let mut faults = Vec::new();
    if let Some(folder) = folder {
        replace(folder, folder, &mut sources, &mut faults);
    }
    let mut env = strict();
    for (name, source) in sources {
        // HTML is a frame without sentences, and its style sheets have colons of their own.
        let source = if Form::of_file(&name) == minijinja::AutoEscape::Html {
            source
        } else {
            escape::typography(&source)
        };
        if let Err(error) = env.add_template_owned(name.clone(), source) {
            faults.push(diagnose(&name, &error));
        }
    }
    if faults.is_empty() {
        Ok(env)
    } else {
        faults.sort();
        Err(faults)
    }
}

fn strict() -> Environment<'static> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_auto_escape_callback(Form::of_file);
    env.set_formatter(format);
    env.set_debug(false);
    env.set_recursion_limit(50);
    if let Ok(syntax) = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build()
    {
        env.set_syntax(syntax);
    }
    filter::add(&mut env);
    env
}

/// Writes a value, harmless in its kind of text. Nothing is not a value: printing what the audience may not see is an
/// error, which `greffier check` finds.
fn format(out: &mut Output, state: &mut State, value: &Value) -> Result<(), minijinja::Error> {
    if value.is_none() || value.is_undefined() {
        return Err(minijinja::Error::new(
            ErrorKind::UndefinedError,
            "nothing to show here: not for this audience, or absent; test it first",
        ));
    }
    let text = value.to_string();
    let text = if value.is_safe() {
        text
    } else {
        Form::of(state.auto_escape()).inline(&text)
    };
    out.write_str(&text).map_err(minijinja::Error::from)
}

fn embedded(folder: &Dir<'_>) -> Vec<(String, String)> {
    let own = folder.files().filter_map(|file| {
        let name = name_of(file.path())?;
        Some((name, file.contents_utf8()?.to_owned()))
    });
    own.chain(folder.dirs().flat_map(embedded)).collect()
}

/// A path as the name of a template: `avis_requested/chat.md` on every system.
fn name_of(path: &Path) -> Option<String> {
    let parts: Option<Vec<&str>> = path.iter().map(|part| part.to_str()).collect();
    parts.map(|parts| parts.join("/"))
}

fn replace(
    root: &Path,
    folder: &Path,
    sources: &mut [(String, String)],
    faults: &mut Vec<Diagnostic>,
) {
    let shown = folder.display().to_string();
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            faults.push(Diagnostic::whole(
                &shown,
                format!("cannot be read: {error}"),
            ));
            return;
        }
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if hidden {
            continue;
        }
        if path.is_dir() {
            if path != root.join(PRINTED) {
                replace(root, &path, sources, faults);
            }
        } else if let Err(fault) = replace_one(root, &path, sources) {
            faults.push(fault);
        }
    }
}

fn replace_one(
    root: &Path,
    path: &Path,
    sources: &mut [(String, String)],
) -> Result<(), Diagnostic> {
    let shown = path.display().to_string();
    let name = path.strip_prefix(root).ok().and_then(name_of);
    let known = name.and_then(|name| sources.iter_mut().find(|(known, _)| *known == name));
    let Some((_, source)) = known else {
        return Err(Diagnostic::whole(
            &shown,
            "replaces no template: give it the name of a built-in one, or take it away",
        ));
    };
    let bytes = fs::metadata(path).map_or(0, |metadata| metadata.len());
    if bytes > MAX_BYTES {
        return Err(Diagnostic::whole(
            &shown,
            format!("has {bytes} bytes: at most {MAX_BYTES} are read"),
        ));
    }
    *source = fs::read_to_string(path)
        .map_err(|error| Diagnostic::whole(shown.clone(), format!("cannot be read: {error}")))?;
    Ok(())
}
