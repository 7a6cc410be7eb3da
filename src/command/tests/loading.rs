//! What is wrong with the files, said all at once.

use std::collections::BTreeMap;
use std::fs;

use super::*;

const SOUND: &str = "name = \"saluer\"\nfamily = \"start\"\nhelp = \"Salue\"\nexamples = [\"saluer\"]\nright = \"anyone\"\ndo = \"greet\"\n";

fn diagnostics(files: &[(&str, &str)]) -> String {
    let files: BTreeMap<_, _> = files
        .iter()
        .map(|(file, text)| ((*file).to_owned(), (*text).to_owned()))
        .collect();
    let diagnostics = Catalogue::read(&files).err().unwrap_or_default();
    diagnostics
        .iter()
        .map(|diagnostic| diagnostic.to_string() + "\n")
        .collect()
}

#[test]
fn a_sound_file_is_read() {
    assert_eq!(diagnostics(&[("saluer.toml", SOUND)]), "");
}

#[test]
fn every_fault_is_said_with_its_line() {
    let faulty = r#"name = "Dire: bonjour"
familly = "start"
help = 12
right = "chef"
selection = "all"
confirm = "yes"
aliases = "salut"
do = ""
fixed = { at = 1979-05-27 }

[[args]]
name = "le texte"
help = "Ce qui est dit"
type = "texte"
required = true
default = "oui"

[[args]]
name = "suite"
help = "La suite"
type = "choice"
rest = true
option = true
max_length = 0
"#;
    let broken = "name = \"a\nhelp =\n";
    insta::assert_snapshot!(diagnostics(&[
        ("faulty.toml", faulty),
        ("broken.toml", broken)
    ]));
}

#[test]
fn arguments_in_an_impossible_order_are_refused() {
    let arg = |name: &str, more: &str| {
        format!("\n[[args]]\nname = \"{name}\"\nhelp = \"Aide\"\ntype = \"text\"\n{more}\n")
    };
    let many = SOUND.to_owned() + "selection = \"many\"\nfixed = { forme = \"brève\" }\n";
    let text = many
        + arg("dossier", "").as_str()
        + arg("forme", "").as_str()
        + arg("a", "rest = true").as_str()
        + arg("b", "required = true").as_str();
    insta::assert_snapshot!(diagnostics(&[("saluer.toml", &text)]));
}

#[test]
fn a_name_that_is_taken_is_refused_whatever_its_accents() {
    let other = SOUND.replace("\"saluer\"\n", "\"sa-luer\"\naliases = [\"bonjour\"]\n");
    let again = SOUND
        .replace(
            "\"saluer\"\n",
            "\"dire\"\naliases = [\"Bonjour\", \"sàluer\"]\n",
        )
        .replace("Bonjour", "bonjour");
    insta::assert_snapshot!(diagnostics(&[
        ("a.toml", SOUND),
        ("b.toml", &other),
        ("c.toml", &again)
    ]));
}

#[test]
fn an_example_that_is_no_line_of_the_command_is_refused() {
    let wrong = SOUND.replace(
        "[\"saluer\"]",
        "[\"saluer\", \"saluer tout le monde\", \"dire\"]",
    );
    let other = SOUND.replace("saluer", "dire");
    insta::assert_snapshot!(diagnostics(&[
        ("dire.toml", &other),
        ("saluer.toml", &wrong)
    ]));
}

#[test]
fn a_folder_adds_commands_and_stands_in_their_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let embedded = include_str!("../../../commands/suivre.toml");
    let renamed = embedded
        .replace("name = \"suivre\"", "name = \"adopter\"")
        .replace("\"suivre ", "\"adopter ");
    fs::write(folder.path().join("suivre.toml"), renamed).expect("written");
    fs::write(folder.path().join("saluer.toml"), SOUND).expect("written");
    fs::write(folder.path().join("notes.txt"), "nothing of ours").expect("written");
    let catalogue = Catalogue::load(folder.path()).expect("reads");
    assert!(catalogue.get("saluer").is_some() && catalogue.get("adopter").is_some());
    assert_eq!(catalogue.get("suivre"), None);
    assert_eq!(
        catalogue.specs().len(),
        super::catalogue().specs().len() + 1
    );
}

#[test]
fn a_folder_or_a_file_that_cannot_be_read_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let absent =
        Catalogue::load(&folder.path().join("absent")).expect_err("there is no such folder");
    assert_eq!(absent.len(), 1);
    fs::write(folder.path().join("large.toml"), "#".repeat(70_000)).expect("written");
    fs::write(folder.path().join("latin.toml"), b"name = \"\xe9\"").expect("written");
    let wrong = Catalogue::load(folder.path()).expect_err("neither is a file of ours");
    assert_eq!(wrong.len(), 2, "{wrong:?}");
}
