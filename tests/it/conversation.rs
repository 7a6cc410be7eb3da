//! Conversations: what people type and send, and all that Greffier says of it, as a text that an instructeur can read.
//!
//! `tests/conversations/*.txt` are run against the whole middle in a temporary folder, without network, clock or
//! threads. Everything is heard twice: the second time must answer the same and say nothing more. With
//! `GREFFIER_ACCEPT=1` what was said is written into the files. `tests/conversations/LISEZMOI.md` explains the notation.

pub(crate) mod desk;
mod guide;
pub(crate) mod letter;
mod person;
mod privacy;
mod saying;
mod script;
mod site;
mod stage;
mod vouched;

use std::fs;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};

use self::script::Script;
use self::stage::Stage;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conversations")
}

#[test]
fn conversations_go_as_they_are_written() {
    let only = std::env::var("GREFFIER_ONLY").unwrap_or_default();
    let accept = std::env::var_os("GREFFIER_ACCEPT").is_some();
    let mut paths: Vec<PathBuf> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "txt"))
        .filter(|path| path.to_string_lossy().contains(&only))
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "no conversation was found");
    let mut wrong = Vec::new();
    for path in paths {
        let written = fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let said = match play(&written) {
            Ok(said) => said,
            Err(said) => {
                wrong.push(format!(
                    "{name}: it stopped (the panic is above) after\n{}",
                    tail(&said)
                ));
                continue;
            }
        };
        if said == written {
            continue;
        }
        if accept {
            fs::write(&path, said).unwrap();
        } else {
            wrong.push(format!("{name}:\n{}", difference(&written, &said)));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of the conversations went differently (GREFFIER_ACCEPT=1 writes what was said):\n\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// The same script, with what is said in it now.
fn play(written: &str) -> Result<String, String> {
    let mut stage = Stage::new(folder().join("demarches"));
    let script = Script::read(written);
    let played = script.play(&mut stage)?;
    match std::panic::catch_unwind(AssertUnwindSafe(|| stage.leave())) {
        Ok(()) => Ok(played),
        Err(_) => Err(played),
    }
}

/// The last lines.
fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(25)..].join("\n")
}

/// Lines that differ, with three lines around each.
fn difference(written: &str, said: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (written.lines().collect(), said.lines().collect());
    let same_start = old
        .iter()
        .zip(&new)
        .take_while(|(old, new)| old == new)
        .count();
    let same_end = old
        .iter()
        .rev()
        .zip(new.iter().rev())
        .take_while(|(old, new)| old == new)
        .count()
        .min(old.len().min(new.len()) - same_start);
    let part = |lines: &[&str], sign: char| {
        let signed: Vec<String> = lines.iter().map(|line| format!("{sign} {line}")).collect();
        signed.join("\n")
    };
    let before = part(&old[same_start.saturating_sub(3)..same_start], ' ');
    let gone = part(&old[same_start..old.len() - same_end], '-');
    let come = part(&new[same_start..new.len() - same_end], '+');
    format!("line {}:\n{before}\n{gone}\n{come}\n", same_start + 1)
}

#[test]
#[should_panic(expected = "still due")]
fn a_desk_that_is_left_while_something_is_due_fails() {
    let mut stage = Stage::new(folder().join("demarches"));
    let script = Script::read(
        "démarche abords\nsalon console #abords démarche=12\n\
         dépôt 12 de jean@exemple.fr pour Jean Martin\n| adresse = \"1 rue Haute\"\n| surface = 12\n\
         marc@oise.example> message 1 Bonjour\n",
    );
    script.play(&mut stage).unwrap();
    stage.leave();
}
