//! What has neither author nor date: whose it is taken to be, and when it is taken to have happened.

use super::*;

/// A dossier en instruction that Ines follows.
fn followed() -> ((Option<Dossier>, Mirror), DossierIn) {
    let mut read = filed();
    read.state = "en_instruction".to_owned();
    read.champs_modified = Some(at(0));
    read.modified = at(10);
    read.followers = vec![profile(INES)];
    read.traitements
        .push(traitement(2, "passe_en_instruction", 10, Some(INES)));
    let mut known = (None, Mirror::default());
    look(&mut known, &read);
    (known, read)
}

#[test]
fn a_form_that_is_published_anew_is_nobody_s_doing() {
    let (mut known, mut read) = followed();
    read.modified = at(20);
    read.champs.pop();
    read.champs[1].string = Some("42,0".to_owned());
    let acts = look(&mut known, &read);
    assert_eq!(names(&acts), [["modified"]]);
    assert_eq!(acts[0][0].by, Person::Plateforme);
    let dossier = known.0.clone().unwrap();
    assert!(!dossier.champs.contains_key("Champ-3"));
    assert!(dossier.followers[&INES.into()].is_empty(), "no mark is lit");

    read.modified = at(30);
    read.champs_modified = Some(at(30));
    read.champs[0] = champ("Champ-1", "Commune", "Senlis");
    let acts = look(&mut known, &read);
    assert_eq!(acts[0][0].by, Person::Usager(USAGER.into()));
    assert!(known.0.unwrap().followers[&INES.into()].contains(&Mark::Demande));
}

#[test]
fn a_correction_that_ends_while_the_form_changes_is_not_the_usager_s() {
    let (mut known, mut read) = followed();
    read.state = "en_construction".to_owned();
    read.modified = at(20);
    read.correction_pending = Some(at(20));
    read.traitements
        .push(traitement(3, "repasse_en_construction", 20, Some(INES)));
    read.messages = vec![MessageIn {
        correction: Some(CorrectionIn {
            reason: "incomplete".to_owned(),
            resolved: None,
        }),
        ..message(1, INES, 20, "Il manque le plan.")
    }];
    look(&mut known, &read);
    read.modified = at(30);
    read.correction_pending = None;
    read.champs.pop();
    if let Some(correction) = &mut read.messages[0].correction {
        correction.resolved = Some(at(30));
    }
    let acts = look(&mut known, &read);
    assert_eq!(names(&acts), [["modified", "correction_resolved"]]);
    assert!(acts.iter().flatten().all(|it| it.by == Person::Plateforme));
}

#[test]
fn a_mirror_of_before_knows_the_last_change_of_anything() {
    let (mut known, mut read) = followed();
    known.1.champs_modified = None;
    read.modified = at(20);
    read.champs.pop();
    assert_eq!(look(&mut known, &read)[0][0].by, Person::Plateforme);
    let bare: Mirror = serde_json::from_str(r#"{"dossier":4807,"id":"Dossier-4807"}"#).unwrap();
    assert_eq!(bare.champs_modified, None);
}

#[test]
fn what_bears_no_date_happens_when_it_is_seen() {
    let (mut known, mut read) = followed();
    // Labels and followers leave the date of the last change as it is.
    read.labels = Some(vec!["Urgent".to_owned()]);
    read.followers = vec![profile(INES), profile(PAUL)];
    let acts = look_at(&mut known, &read, at(500));
    let at_all: BTreeSet<Timestamp> = acts.iter().flatten().map(|it| it.at).collect();
    assert_eq!(at_all, [at(500)].into());
    // A clock that goes back takes nothing back.
    read.labels = Some(Vec::new());
    assert_eq!(look_at(&mut known, &read, at(400))[0][0].at, at(500));
}

#[test]
fn what_is_seen_for_the_first_time_is_the_past() {
    let mut read = filed();
    read.labels = Some(vec!["Urgent".to_owned()]);
    read.followers = vec![profile(INES)];
    let mut known = (None, Mirror::default());
    let acts = look_at(&mut known, &read, at(500));
    assert!(acts.iter().flatten().all(|it| it.at == at(0)));
}
