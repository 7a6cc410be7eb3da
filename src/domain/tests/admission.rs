//! Who may ask what. Who may not learns nothing, not even that the dossier exists.

use super::*;

/// One of each order.
pub(super) fn orders() -> Vec<Command> {
    vec![
        modify("Autre"),
        Command::Follow,
        Command::Unfollow,
        Command::PassToInstruction,
        Command::ReturnToConstruction,
        correct("À revoir"),
        Command::ResolveCorrection,
        accept(),
        refuse("Non conforme"),
        dismiss("Sans objet"),
        Command::AttachAttestation { piece: piece(1) },
        Command::Reopen,
        Command::Archive,
        Command::Unarchive,
        Command::Delete,
        Command::Restore,
        Command::Extend,
        post("Bonjour"),
        Command::Withdraw,
        ask(&[ABF]),
        render(1, None),
        Command::RemindAvis { avis: None },
        Command::RevokeAvis { avis: AvisId(1) },
        annotate("suite", "à voir"),
        label("Urgent", true),
        send(&paul()),
        reassign("Sud"),
        look(&[Mark::Messagerie]),
        Command::Tick,
        Command::Bounce {
            address: email(&camille()),
            why: "5.1.1".to_owned(),
        },
    ]
}

fn stories() -> Vec<Story> {
    let asked = given_instructed().and(&ines(), ask(&[ABF]));
    vec![
        given(),
        asked.clone(),
        given_accepted(),
        given_accepted().and(&ines(), Command::Archive),
        given_accepted().and(&ines(), Command::Delete),
        asked.and(&ines(), correct("À revoir")),
    ]
}

fn nobody_learns(person: &Person) {
    for story in stories() {
        for order in orders() {
            assert_eq!(story.when(person, order.clone()), unknown(), "{order:?}");
        }
    }
}

#[test]
fn an_instructeur_of_another_group_learns_nothing() {
    nobody_learns(&zoe());
}

#[test]
fn an_instructeur_of_another_demarche_learns_nothing() {
    nobody_learns(&stranger());
}

#[test]
fn an_expert_who_was_not_asked_learns_nothing() {
    nobody_learns(&expert(SDIS));
}

#[test]
fn another_usager_learns_nothing() {
    nobody_learns(&Person::Usager("voisin@exemple.example".into()));
}

#[test]
fn being_an_instructeur_elsewhere_does_not_make_one_the_usager() {
    nobody_learns(&Person::Instructeur(email(&camille())));
    nobody_learns(&Person::Usager(email(&ines())));
    nobody_learns(&Person::Expert(email(&ines())));
}

#[test]
fn the_usager_may_only_modify_and_write() {
    for story in stories() {
        for order in orders() {
            if !matches!(order, Command::Modify { .. } | Command::Post { .. }) {
                assert_eq!(story.when(&camille(), order), Err(Refusal::NotAllowed));
            }
        }
    }
}

#[test]
fn an_expert_may_only_render_his_own_avis() {
    let story = given_instructed().and(&ines(), ask(&[ABF, SDIS]));
    for order in orders() {
        if order != render(1, None) {
            assert_eq!(story.when(&expert(ABF), order), unknown());
        }
    }
    assert!(story.when(&expert(ABF), render(1, None)).is_ok());
    assert_eq!(story.when(&expert(ABF), render(2, None)), unknown());
    assert_eq!(story.when(&expert(ABF), render(3, None)), unknown());
}

#[test]
fn greffier_keeps_time_and_papers_and_does_nothing_else() {
    for story in stories() {
        for order in orders() {
            let follows = story.when(&Person::Greffier, order.clone());
            let his = matches!(
                order,
                Command::Tick | Command::Bounce { .. } | Command::AttachAttestation { .. }
            );
            assert_eq!(follows == Err(Refusal::NotAllowed), !his, "{order:?}");
        }
    }
}

#[test]
fn nobody_else_keeps_time_and_papers() {
    let story = given_accepted();
    assert_eq!(
        story
            .clone()
            .later(days(4_000))
            .when(&ines(), Command::Tick),
        Ok(vec![])
    );
    for order in [
        Command::Bounce {
            address: email(&camille()),
            why: String::new(),
        },
        Command::AttachAttestation { piece: piece(1) },
        modify("Autre"),
        render(1, None),
    ] {
        assert_eq!(story.when(&ines(), order), Err(Refusal::NotAllowed));
    }
}

#[test]
fn what_is_in_the_trash_can_only_be_restored_and_looked_at() {
    let story = given_accepted().and(&ines(), Command::Delete);
    for order in orders() {
        let follows = story.when(&ines(), order.clone());
        let possible = matches!(order, Command::Restore | Command::Look { .. });
        assert_eq!(follows == Err(Refusal::Trashed), !possible, "{order:?}");
    }
    assert_eq!(
        story.when(&camille(), post("Bonjour")),
        Err(Refusal::Trashed)
    );
}

#[test]
fn what_is_purged_is_unknown_to_everybody() {
    let story = given_accepted()
        .and(&ines(), Command::Delete)
        .later(days(14))
        .and(&Person::Greffier, Command::Tick);
    for person in [ines(), camille(), expert(ABF), Person::Greffier] {
        for order in orders() {
            if order != Command::Tick {
                assert_eq!(story.when(&person, order), unknown());
            }
        }
    }
}

#[test]
fn a_group_that_is_gone_hides_its_dossiers() {
    let mut story = given();
    story.demarche.groupes.remove(0);
    assert_eq!(story.when(&ines(), Command::Follow), unknown());
}
