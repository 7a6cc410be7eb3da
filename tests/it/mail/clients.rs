//! Answers to a mail of Greffier as people's mail programs write them: `tests/mails/clients`, made by
//! `tests/mails/write.py`. Beside each mail stands the text that is to be found in it.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use greffier::mail::understand;

/// In the text to be found: the quoted lines that an answer is shown with, whichever they are.
const QUOTED: &str = "…";

/// `text` with one kind of space, and at most one blank line in a row.
fn lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        let line = line.replace('\u{a0}', " ").trim_end().to_owned();
        if !line.is_empty() || lines.last().is_some_and(|last| !last.is_empty()) {
            lines.push(line);
        }
    }
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

/// Whether `found` is `wanted`, line for line.
fn is(found: &[String], wanted: &[String]) -> bool {
    match wanted.split_first() {
        None => found.is_empty(),
        Some((line, rest)) if line == QUOTED => {
            let quoted = |line: &String| line.is_empty() || line.starts_with('>');
            let most = found.iter().take_while(|line| quoted(line)).count();
            let rest = rest.strip_prefix(&[String::new()]).unwrap_or(rest);
            (0..=most).any(|skip| is(&found[skip..], rest))
        }
        // The blank line above quoted ones may be theirs.
        Some((line, rest))
            if line.is_empty() && rest.first().is_some_and(|next| next == QUOTED) =>
        {
            is(found, rest)
        }
        Some((line, rest)) => found.first() == Some(line) && is(&found[1..], rest),
    }
}

fn difference(name: &str, found: &[String], wanted: &[String]) -> String {
    let mut text = format!("--- {name}\n");
    for line in wanted.iter().filter(|line| !found.contains(line)) {
        let _ = writeln!(text, "-{line}");
    }
    for line in found.iter().filter(|line| !wanted.contains(line)).take(20) {
        let _ = writeln!(text, "+{line}");
    }
    let _ = writeln!(text, "found {found:?}");
    text
}

#[test]
fn the_new_text_is_found_in_the_mails_of_every_program() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/mails/clients");
    let (mut differences, mut mails) = (String::new(), 0);
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "eml") {
            continue;
        }
        mails += 1;
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let understood = understand(&fs::read(&path).unwrap(), &super::own());
        let found = lines(&understood.reply);
        let wanted = lines(&fs::read_to_string(path.with_extension("txt")).unwrap());
        if !is(&found, &wanted) {
            differences.push_str(&difference(&name, &found, &wanted));
        }
    }
    assert!(mails >= 80, "{mails} mails only");
    assert!(differences.is_empty(), "\n{differences}");
}
