use std::fs;

use super::*;
use crate::domain::Notice;

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, source) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, source).unwrap();
    }
    folder
}

#[test]
fn a_file_replaces_the_template_of_its_name_and_no_other() {
    let folder = folder(&[("archived/chat.md", "Rangé : {{ dossier.number }} !")]);
    let templates = Templates::load(Some(folder.path())).unwrap();
    let stage = Stage::set(Texts::default());
    let scene = stage.scene(stage.dossier("archived"), Audience::Instructeur);
    assert_eq!(
        templates.chat(&Notice::Archived, &scene).unwrap(),
        "Rangé\u{a0}: 4807\u{a0}!"
    );
    let same = |templates: &Templates| templates.chat(&Notice::Reopened, &scene).unwrap();
    assert_eq!(same(&templates), same(&stage.templates));
}

#[test]
fn a_replacement_sees_no_more_than_its_audience() {
    let folder = folder(&[("archived/chat.md", "{{ dossier.demandeur }}")]);
    let templates = Templates::load(Some(folder.path())).unwrap();
    let faults = templates.check();
    assert_eq!(faults.len(), 1);
    let fault = faults.first().unwrap();
    assert_eq!((fault.file.as_str(), fault.line), ("archived/chat.md", 1));
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let folder = folder(&[
        ("archived/chat.md", "ligne\n{% if %}"),
        ("reopened/chat.md", "{{ dossier.number"),
        ("reopened/chatt.md", "?"),
        (".cache", "?"),
    ]);
    let faults = Templates::load(Some(folder.path())).err().unwrap();
    let at: Vec<_> = faults.iter().map(|fault| fault.line).collect();
    assert_eq!(faults.len(), 3, "{faults:?}");
    assert!(
        at.contains(&2) && at.contains(&1) && at.contains(&0),
        "{faults:?}"
    );
}

#[test]
fn a_variable_that_does_not_exist_is_an_error_with_its_line() {
    let folder = folder(&[("archived/chat.md", "un\n{{ dossier.numero }}")]);
    let templates = Templates::load(Some(folder.path())).unwrap();
    let fault = templates.check().into_iter().next().unwrap();
    assert_eq!((fault.file.as_str(), fault.line), ("archived/chat.md", 2));
}
