//! `greffier check --online`, as an operator runs it before the first start.

use std::fs;

use greffier::channel::platform::Settings;
use greffier::channel::platform::probe::probe;

use super::desk::Desk;

/// What it prints, both streams, and how it exits.
fn checked(desk: &Desk) -> (Option<i32>, String) {
    run(desk, &["check", "--online"])
}

fn run(desk: &Desk, arguments: &[&str]) -> (Option<i32>, String) {
    let run = desk.run(arguments, b"");
    let mut said = String::from_utf8(run.stdout).unwrap();
    said.push_str(std::str::from_utf8(&run.stderr).unwrap());
    (run.status.code(), said)
}

#[test]
fn what_it_will_and_will_not_be_able_to_do_is_said() {
    let desk = Desk::closed("avis_annotation = \"Note interne\"\n");
    let (code, said) = checked(&desk);
    assert_eq!(code, Some(0), "{said}");
    let demarche = desk.site.demarche;
    let title = format!("the démarche {demarche} is “Autorisation de travaux en site protégé”");
    for line in [
        "the token may read and write",
        title.as_str(),
        "(2 instructeurs), Sud (1 instructeur)",
        "done there: suivre, ne-plus-suivre, instruire",
        "etiqueter, corriger resoudre",
        "only on the site: supprimer",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    assert!(!said.contains('@') && !said.contains(&desk.site.fake.token()));
}

#[test]
fn all_that_stands_in_the_way_is_said_at_once() {
    let desk = Desk::closed(
        "porte_parole = \"absente@ddt.example\"\navis_annotation = \"Nulle part\"\nusager_mail = true\n\n[[demarche]]\nnumber = 424242\n\n\
         [[room]]\nnetwork = \"console\"\nid = \"nord\"\ndemarche = 101\ngroupe = \"nord\"\n\n\
         [[room]]\nnetwork = \"console\"\nid = \"ailleurs\"\ndemarche = 555\n",
    );
    assert_eq!(desk.site.demarche, 101);
    desk.give(&desk.site.fake.read_token());
    let (code, said) = checked(&desk);
    assert_eq!(code, Some(1), "{said}");
    for line in [
        "the token may only read",
        "porte_parole is no instructeur",
        "no annotation “Nulle part”",
        "the démarche 424242: there is none with this number",
        "room nord: the démarche 101 has no group “nord” there; write one of:",
        "Sud",
        "room ailleurs: no [[demarche]] has the number 555",
        "6 errors to mend",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    assert!(!said.contains("done there"), "{said}");
}

#[test]
fn a_token_that_opens_nothing_is_said_with_what_to_do() {
    let desk = Desk::closed("");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let file = desk.path().join("platform-token");
    let number = u64::try_from(desk.site.demarche).unwrap();
    let asked = |url: String| {
        let settings = format!("url = \"{url}\"\ntoken_file = \"{}\"", file.display());
        let settings: Settings = toml::from_str(&settings).unwrap();
        runtime.block_on(probe(&settings, &[number]))
    };
    let fake = &desk.site.fake;
    for (token, words) in [
        (fake.expired_token(), "make a new one"),
        (
            fake.foreign_token(),
            "add 127.0.0.1/32 to the token's networks",
        ),
        ("jeton-de-personne".to_owned(), "either it is unknown there"),
        ("pas un jeton".to_owned(), "write the token alone into it"),
    ] {
        desk.give(&token);
        let why = asked(fake.base_url()).unwrap_err();
        assert!(why.contains(words) && !why.contains(&token), "{why}");
    }
    desk.give(&fake.token_for(&[]));
    let found = asked(fake.base_url()).unwrap();
    let why = found.demarches[0].1.as_ref().unwrap_err();
    assert!(why.contains("does not reach it"), "{why}");
    desk.give(&fake.token());
    let why = asked("http://127.0.0.1:9/".to_owned()).unwrap_err();
    assert!(
        why.starts_with("http://127.0.0.1:9/ is not reached"),
        "{why}"
    );
    for status in [404, 503] {
        fake.maintenance(status);
        let why = asked(fake.base_url()).unwrap_err();
        let said = format!("{}: it answers {status}", fake.base_url());
        assert!(why.starts_with(&said), "{why}");
    }
    fake.back();
    fs::remove_file(&file).unwrap();
    let why = asked(fake.base_url()).unwrap_err();
    assert!(why.contains("platform-token"), "{why}");
}

#[test]
fn before_anything_is_asked_the_token_is_looked_at_and_the_demarches_are_named() {
    let desk = Desk::closed("\n[[demarche]]\nnumber = 12345\n");
    let demarche = desk.site.demarche;
    let (code, said) = run(&desk, &["check"]);
    assert_eq!(code, Some(0), "{said}");
    let named = format!("2 démarches of the platform: {demarche}, 12345");
    assert!(
        said.contains(&named) && !said.contains("0 démarches"),
        "{said}"
    );
    let token = desk.site.fake.token();
    desk.give(&format!("Bearer {token}"));
    let (code, said) = checked(&desk);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("“Bearer” before the token") && said.contains("1 error to mend"),
        "{said}"
    );
    assert!(!said.contains(&token), "{said}");
    assert_eq!(desk.site.fake.counts().len(), 0);
}
