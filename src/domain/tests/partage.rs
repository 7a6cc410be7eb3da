//! Followers, groups, annotations, labels, orange marks.

use super::*;

fn marks(story: &Story, person: &Person) -> Vec<Mark> {
    story.dossier.followers[&email(person)]
        .iter()
        .copied()
        .collect()
}

/// Followed by Ines and Paul.
fn followed() -> Story {
    given_instructed().and(&paul(), Command::Follow)
}

#[test]
fn several_follow_and_each_once() {
    let story = followed();
    assert_eq!(story.dossier.followers.len(), 2);
    assert_eq!(story.when(&ines(), Command::Follow), Ok(vec![]));
    let story = story.and(&ines(), Command::Unfollow);
    assert_eq!(story.when(&ines(), Command::Unfollow), Ok(vec![]));
    assert!(story.dossier.followed_by(&email(&paul())));
}

#[test]
fn what_is_decided_is_neither_followed_nor_left() {
    for (order, act) in [(Command::Follow, "follow"), (Command::Unfollow, "unfollow")] {
        assert_eq!(
            given_accepted().when(&ines(), order),
            wrong(
                act,
                Statut::Accepte,
                &[Statut::EnConstruction, Statut::EnInstruction]
            )
        );
    }
}

#[test]
fn annotations_are_typed_and_written_in_every_statut() {
    for story in [given(), given_instructed(), given_accepted()] {
        let story = story.and(&ines(), annotate("VISITE", "3/6/2024"));
        let expected = Valeur::Date(jiff::civil::date(2024, 6, 3));
        assert_eq!(story.dossier.annotations["visite"], expected);
        assert_eq!(
            story.when(&paul(), annotate("visite", "2024-06-03")),
            Ok(vec![])
        );
        let story = story.and(&paul(), annotate("libelle de visite", " "));
        assert!(story.dossier.annotations.is_empty());
        assert_eq!(story.when(&paul(), annotate("visite", "")), Ok(vec![]));
    }
}

#[test]
fn a_value_that_does_not_fit_is_refused_with_what_does() {
    let Err(Refusal::BadValue { libelle, detail }) =
        given().when(&ines(), annotate("visite", "demain"))
    else {
        panic!("accepted");
    };
    assert_eq!(libelle, "Libellé de visite");
    assert!(detail.contains("une date est attendue"));
}

#[test]
fn an_annotation_that_there_is_not_is_said_with_those_there_are() {
    assert_eq!(
        given().when(&ines(), annotate("travaux", "x")),
        Err(Refusal::UnknownAnnotation {
            annotation: "travaux".to_owned(),
            known: vec![
                "Libellé de suite".to_owned(),
                "Libellé de visite".to_owned()
            ]
        })
    );
}

#[test]
fn labels_go_on_and_off_once() {
    let story = given().and(&ines(), label("urgent", true));
    assert!(story.dossier.etiquettes.contains("Urgent"));
    assert_eq!(story.when(&paul(), label("URGENT", true)), Ok(vec![]));
    let mut story = story;
    story.demarche.etiquettes.clear();
    assert!(matches!(
        story.when(&ines(), label("Urgent", true)),
        Err(Refusal::UnknownEtiquette { .. })
    ));
    // A label that left the list can still be taken off.
    let story = story.and(&ines(), label("Urgent", false));
    assert!(story.dossier.etiquettes.is_empty());
}

#[test]
fn whoever_a_dossier_is_sent_to_follows() {
    for story in [given(), given_accepted()] {
        let story = story.and(&ines(), send(&paul()));
        assert!(story.dossier.followed_by(&email(&paul())));
    }
    assert_eq!(
        followed().when(&ines(), send(&paul())),
        Ok(vec![Event::Sent { to: email(&paul()) }])
    );
}

#[test]
fn a_dossier_is_sent_within_its_group_only() {
    for person in [zoe(), stranger(), camille()] {
        assert_eq!(
            given().when(&ines(), send(&person)),
            Err(Refusal::NotAnInstructeur {
                email: email(&person)
            })
        );
    }
}

#[test]
fn who_is_not_in_the_new_group_stops_following() {
    let story = followed().and(&ines(), reassign("sud"));
    assert_eq!(story.dossier.groupe, "Sud");
    assert!(story.dossier.followed_by(&email(&ines())));
    assert!(!story.dossier.followed_by(&email(&paul())));
    assert_eq!(story.when(&paul(), Command::Follow), unknown());
    assert!(story.when(&zoe(), Command::Follow).is_ok());
    let Reassignment { from, to, by, .. } = &story.dossier.reassignments[0];
    assert_eq!((from.as_str(), to.as_str(), by), ("Nord", "Sud", &ines()));
}

#[test]
fn a_dossier_goes_to_another_open_group_while_en_cours() {
    assert_eq!(
        given().when(&ines(), reassign("Nord")),
        Err(Refusal::SameGroupe {
            groupe: "Nord".to_owned()
        })
    );
    assert_eq!(
        given_accepted().when(&ines(), reassign("Sud")),
        wrong(
            "reassign",
            Statut::Accepte,
            &[Statut::EnConstruction, Statut::EnInstruction]
        )
    );
    let mut story = given();
    for name in ["Est", "Sud"] {
        story.demarche.groupes[1].ferme = true;
        assert_eq!(
            story.when(&ines(), reassign(name)),
            Err(Refusal::UnknownGroupe {
                groupe: name.to_owned(),
                known: vec!["Nord".to_owned()]
            })
        );
    }
}

#[test]
fn each_novelty_lights_its_mark_for_every_follower() {
    let asked = followed().and(&ines(), ask(&[ABF]));
    let edited = followed().and(&ines(), Command::ReturnToConstruction);
    for (story, by, order, mark) in [
        (edited, camille(), modify("Autre"), Mark::Demande),
        (followed(), camille(), post("Bonjour"), Mark::Messagerie),
        (asked, expert(ABF), render(1, None), Mark::Avis),
    ] {
        let story = story.and(&by, order);
        assert_eq!(marks(&story, &ines()), [mark]);
        assert_eq!(marks(&story, &paul()), [mark]);
    }
}

#[test]
fn one_s_own_doing_lights_no_mark() {
    let story = followed()
        .and(&ines(), annotate("suite", "x"))
        .and(&ines(), post("Bonjour"));
    assert!(marks(&story, &ines()).is_empty());
    assert_eq!(
        marks(&story, &paul()),
        [Mark::Messagerie, Mark::Annotations]
    );
}

#[test]
fn a_decision_or_a_label_lights_no_mark() {
    let story = followed()
        .and(&ines(), label("Urgent", true))
        .and(&ines(), accept());
    assert!(marks(&story, &paul()).is_empty());
}

#[test]
fn marks_are_lit_on_what_is_decided_and_not_on_what_is_archived() {
    let story = followed().and(&ines(), accept());
    let written = story.clone().and(&camille(), post("Merci"));
    assert_eq!(marks(&written, &ines()), [Mark::Messagerie]);
    let archived = story
        .and(&ines(), Command::Archive)
        .and(&paul(), annotate("suite", "x"));
    assert!(marks(&archived, &ines()).is_empty());
}

#[test]
fn looking_clears_what_was_looked_at_for_who_looked() {
    let story = followed()
        .and(&camille(), post("Bonjour"))
        .and(&paul(), annotate("suite", "x"))
        .and(&ines(), look(&[Mark::Messagerie, Mark::Avis]));
    assert_eq!(marks(&story, &ines()), [Mark::Annotations]);
    assert_eq!(marks(&story, &paul()), [Mark::Messagerie]);
    assert_eq!(story.when(&ines(), look(&[Mark::Messagerie])), Ok(vec![]));
}

#[test]
fn who_does_not_follow_has_no_mark_to_clear() {
    let story = given_instructed().and(&camille(), post("Bonjour"));
    assert_eq!(story.when(&paul(), look(&[Mark::Messagerie])), Ok(vec![]));
}

#[test]
fn following_anew_starts_without_marks() {
    let story = followed()
        .and(&camille(), post("Bonjour"))
        .and(&paul(), Command::Unfollow)
        .and(&paul(), Command::Follow);
    assert!(marks(&story, &paul()).is_empty());
}
