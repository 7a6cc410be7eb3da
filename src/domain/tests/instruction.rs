//! En construction, en instruction, corrections.

use super::*;

#[test]
fn passing_en_instruction_makes_the_author_follow() {
    assert_eq!(
        given().when(&ines(), Command::PassToInstruction),
        Ok(vec![
            Event::Followed {
                instructeur: email(&ines())
            },
            Event::PassedToInstruction
        ])
    );
    let followed = given().and(&ines(), Command::Follow);
    assert_eq!(
        followed.when(&ines(), Command::PassToInstruction),
        Ok(vec![Event::PassedToInstruction])
    );
}

#[test]
fn passing_twice_changes_nothing() {
    assert_eq!(
        given_instructed().when(&paul(), Command::PassToInstruction),
        Ok(vec![])
    );
}

#[test]
fn what_is_decided_is_reopened_rather_than_passed() {
    assert_eq!(
        given_accepted().when(&ines(), Command::PassToInstruction),
        wrong(
            "pass_to_instruction",
            Statut::Accepte,
            &[Statut::EnConstruction]
        )
    );
}

#[test]
fn a_dossier_goes_back_en_construction_and_may_be_edited_again() {
    let story = given_instructed();
    assert_eq!(
        story.when(&camille(), modify("Autre")),
        Err(Refusal::NotEditable {
            statut: Statut::EnInstruction
        })
    );
    let story = story.and(&paul(), Command::ReturnToConstruction);
    assert_eq!(story.dossier.statut, Statut::EnConstruction);
    assert!(story.when(&camille(), modify("Autre")).is_ok());
    assert_eq!(
        story.when(&ines(), Command::ReturnToConstruction),
        Ok(vec![])
    );
    assert_eq!(
        given_accepted().when(&ines(), Command::ReturnToConstruction),
        wrong(
            "return_to_construction",
            Statut::Accepte,
            &[Statut::EnInstruction]
        )
    );
}

#[test]
fn the_same_answers_again_are_no_modification() {
    assert_eq!(given().when(&camille(), modify("Toiture")), Ok(vec![]));
    let story = given().and(&camille(), modify("Lucarne"));
    assert_eq!(
        story.dossier.champs["travaux"],
        Valeur::Text("Lucarne".into())
    );
}

#[test]
fn nothing_is_edited_after_the_decision() {
    assert_eq!(
        given_accepted().when(&camille(), modify("Autre")),
        Err(Refusal::NotEditable {
            statut: Statut::Accepte
        })
    );
}

#[test]
fn a_correction_is_a_message_and_a_way_back() {
    let message = MessageId(1);
    assert_eq!(
        given_instructed().when(&ines(), correct("  Plan à joindre. ")),
        Ok(vec![
            Event::MessagePosted {
                message,
                text: "Plan à joindre.".to_owned(),
                pieces: vec![],
                mail: None
            },
            Event::ReturnedToConstruction,
            Event::CorrectionRequested {
                kind: CorrectionKind::Incomplete,
                message
            },
        ])
    );
}

#[test]
fn a_correction_asked_en_construction_stays_there_and_its_author_follows() {
    let story = given().and(&paul(), correct("Plan à joindre."));
    assert_eq!(story.dossier.statut, Statut::EnConstruction);
    assert_eq!(story.dossier.steps.len(), 1);
    assert!(story.dossier.followed_by(&email(&paul())));
    assert_eq!(
        story.dossier.messages[&MessageId(1)].correction,
        Some(CorrectionKind::Incomplete)
    );
}

#[test]
fn a_correction_needs_a_text() {
    for text in ["", " \n\u{a0}"] {
        assert_eq!(
            given().when(&ines(), correct(text)),
            Err(Refusal::TextRequired)
        );
    }
    assert_eq!(
        given().when(&ines(), correct(&"é".repeat(MAX_TEXT + 1))),
        Err(Refusal::TextTooLong { max: MAX_TEXT })
    );
    assert!(
        given()
            .when(&ines(), correct(&"é".repeat(MAX_TEXT)))
            .is_ok()
    );
}

#[test]
fn one_correction_at_a_time() {
    let story = given().and(&ines(), correct("Plan à joindre."));
    assert_eq!(
        story.when(&paul(), correct("Et la façade.")),
        Err(Refusal::CorrectionPending)
    );
}

#[test]
fn no_correction_after_the_decision() {
    assert_eq!(
        given_accepted().when(&ines(), correct("Plan")),
        wrong(
            "request_correction",
            Statut::Accepte,
            &[Statut::EnConstruction, Statut::EnInstruction]
        )
    );
}

#[test]
fn a_modification_resolves_the_correction() {
    let story = given_instructed().and(&ines(), correct("Plan à joindre."));
    assert!(story.dossier.correction.is_some());
    let story = story.later(WITHDRAW_DELAY);
    // The same answers again correct nothing.
    assert_eq!(story.when(&camille(), modify("Toiture")), Ok(vec![]));
    let story = story.and(&camille(), modify("Voici le plan"));
    assert_eq!(story.dossier.correction, None);
    assert_eq!(
        story.when(&ines(), Command::ResolveCorrection),
        Err(Refusal::NoCorrection)
    );
}

#[test]
fn a_message_of_the_usager_does_not_resolve_the_correction() {
    let story = given()
        .and(&ines(), correct("Plan à joindre."))
        .and(&camille(), post("Je cherche."));
    assert!(story.dossier.correction.is_some());
}

#[test]
fn an_instructeur_resolves_the_correction() {
    let story = given().and(&ines(), correct("Plan à joindre."));
    let message = MessageId(1);
    assert_eq!(
        story.when(&paul(), Command::ResolveCorrection),
        Ok(vec![
            Event::MessageWithdrawn { message },
            Event::CorrectionResolved
        ])
    );
    assert_eq!(
        story
            .later(WITHDRAW_DELAY)
            .when(&paul(), Command::ResolveCorrection),
        Ok(vec![Event::CorrectionResolved])
    );
}

#[test]
fn passing_en_instruction_resolves_the_correction() {
    let story = given()
        .and(&ines(), correct("Plan à joindre."))
        .and(&ines(), Command::PassToInstruction);
    assert_eq!(story.dossier.correction, None);
    assert_eq!(story.dossier.statut, Statut::EnInstruction);
}

#[test]
fn taking_back_its_message_takes_back_the_correction() {
    let story = given()
        .and(&ines(), correct("Plan à joindre."))
        .and(&ines(), Command::Withdraw);
    assert_eq!(story.dossier.correction, None);
}

#[test]
fn taking_back_another_message_leaves_the_correction() {
    let story = given()
        .and(&ines(), correct("Plan à joindre."))
        .and(&ines(), post("Merci."))
        .and(&ines(), Command::Withdraw);
    assert!(story.dossier.correction.is_some());
}
