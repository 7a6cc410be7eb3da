//! The code, held to the table of ARCHITECTURE.md.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What every module may use.
const FREE: [&str; 6] = ["std", "core", "serde", "thiserror", "tracing", "proptest"];

#[test]
fn modules_use_only_whom_they_may() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap();
    let table = table(&page);
    let crates = dependencies(&fs::read_to_string(root.join("Cargo.toml")).unwrap());
    let mut faults = Vec::new();
    for module in modules(&root.join("src/lib.rs")) {
        let Some(allowed) = table.get(&module) else {
            faults.push(format!("{module} is not in the table"));
            continue;
        };
        let used = used(root, &module, &crates, &table);
        for name in used.difference(allowed) {
            faults.push(format!(
                "{module} uses {name}, which the table does not say"
            ));
        }
        for name in allowed.difference(&used) {
            faults.push(format!(
                "{module} does not use {name}, which the table says"
            ));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn table(page: &str) -> BTreeMap<String, BTreeSet<String>> {
    let rows = page.lines().filter_map(|line| line.split_once("->"));
    rows.map(|(module, names)| {
        (
            module.trim().to_owned(),
            names.split_whitespace().map(ToOwned::to_owned).collect(),
        )
    })
    .collect()
}

fn dependencies(manifest: &str) -> BTreeSet<String> {
    let section = manifest
        .split("[dependencies]")
        .nth(1)
        .unwrap()
        .split("\n[")
        .next()
        .unwrap();
    section
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, _)| name.trim().replace('-', "_"))
        .filter(|name| !FREE.contains(&name.as_str()))
        .collect()
}

fn modules(lib: &Path) -> Vec<String> {
    let text = fs::read_to_string(lib).unwrap();
    text.lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .map(ToOwned::to_owned)
        .collect()
}

/// Names of modules and crates in the sources of a module, its tests left out.
fn used(
    root: &Path,
    module: &str,
    crates: &BTreeSet<String>,
    table: &BTreeMap<String, BTreeSet<String>>,
) -> BTreeSet<String> {
    let mut files = vec![root.join(format!("src/{module}.rs"))];
    collect(&root.join(format!("src/{module}")), &mut files);
    let mut used = BTreeSet::new();
    for file in files.iter().filter(|file| file.exists()) {
        let text = fs::read_to_string(file).unwrap();
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        for line in text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
        {
            for name in table.keys().filter(|name| *name != module) {
                if names(line, &format!("crate::{name}")) {
                    used.insert(name.clone());
                }
            }
            for name in crates {
                if names(line, &format!("{name}::"))
                    && !line.contains(&format!("crate::{name}::"))
                    && !local(line, name)
                {
                    used.insert(name.clone());
                }
            }
        }
    }
    used
}

/// `text` in `line`, as a whole path segment.
fn names(line: &str, text: &str) -> bool {
    line.match_indices(text).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + text.len()..].chars().next();
        before.is_none_or(|c| {
            !c.is_alphanumeric()
                && c != '_'
                && (c != ':'
                    || line[..at].trim() == "::"
                    || line[..at].ends_with(" ::")
                    || line[..at].ends_with("(::"))
        }) && (text.ends_with("::") || after.is_none_or(|c| !c.is_alphanumeric() && c != '_'))
    })
}

/// A module of ours that is named like a crate.
fn local(line: &str, name: &str) -> bool {
    line.contains(&format!("self::{name}::")) || line.contains(&format!("super::{name}::"))
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if path.file_name().is_none_or(|name| name != "tests") {
                collect(&path, files);
            }
        } else if path.extension().is_some_and(|ext| ext == "rs")
            && path.file_name().is_none_or(|name| name != "tests.rs")
        {
            files.push(path);
        }
    }
}
