//! The three decisions, and going back on one.

use super::*;

const NEEDED: [Statut; 3] = [Statut::Accepte, Statut::Refuse, Statut::SansSuite];

#[test]
fn an_acceptance_needs_no_motivation() {
    assert_eq!(
        given_instructed().when(&paul(), accept()),
        Ok(vec![Event::Decided {
            decision: Decision::Accepte,
            motivation: None,
            justificatif: None,
            proposal: None
        }])
    );
}

#[test]
fn a_blank_motivation_is_none() {
    let blank = Command::Accept {
        motivation: Some(" \n".to_owned()),
        justificatif: None,
    };
    let story = given_instructed().and(&ines(), blank);
    assert_eq!(story.dossier.decided.unwrap().motivation, None);
}

#[test]
fn a_refusal_and_a_dismissal_need_a_motivation() {
    for (order, decision) in [
        (refuse(" "), Decision::Refuse),
        (dismiss(""), Decision::SansSuite),
        (
            Command::Refuse {
                motivation: None,
                justificatif: None,
            },
            Decision::Refuse,
        ),
        (
            Command::Dismiss {
                motivation: None,
                justificatif: None,
            },
            Decision::SansSuite,
        ),
    ] {
        assert_eq!(
            given_instructed().when(&ines(), order),
            Err(Refusal::MotivationRequired { decision })
        );
    }
}

#[test]
fn each_decision_has_its_statut_and_keeps_its_papers() {
    for (order, statut) in [
        (refuse(" Non conforme. "), Statut::Refuse),
        (dismiss("Non conforme."), Statut::SansSuite),
    ] {
        let story = given_instructed().and(&ines(), order);
        let decided = story.dossier.decided.unwrap();
        assert_eq!(story.dossier.statut, statut);
        assert_eq!(decided.motivation.as_deref(), Some("Non conforme."));
        assert_eq!(decided.by, ines());
    }
    let justified = Command::Accept {
        motivation: None,
        justificatif: Some(piece(MAX_PIECE)),
    };
    let story = given_instructed().and(&ines(), justified);
    assert_eq!(
        story.dossier.decided.unwrap().justificatif,
        Some(piece(MAX_PIECE))
    );
}

#[test]
fn a_justificatif_has_its_limit() {
    let justified = Command::Accept {
        motivation: None,
        justificatif: Some(piece(MAX_PIECE + 1)),
    };
    assert_eq!(
        given_instructed().when(&ines(), justified),
        Err(Refusal::TooLarge {
            name: "plan.pdf".to_owned(),
            max: MAX_PIECE
        })
    );
}

#[test]
fn a_motivation_has_its_limit() {
    assert_eq!(
        given_instructed().when(&ines(), refuse(&"x".repeat(MAX_TEXT + 1))),
        Err(Refusal::TextTooLong { max: MAX_TEXT })
    );
}

#[test]
fn no_decision_is_taken_from_en_construction() {
    for (order, decision) in [
        (accept(), Decision::Accepte),
        (refuse("Non"), Decision::Refuse),
        (dismiss("Non"), Decision::SansSuite),
    ] {
        assert_eq!(
            given().when(&ines(), order),
            Err(Refusal::NotInstructed { decision })
        );
    }
}

#[test]
fn no_decision_is_taken_twice() {
    for (order, act) in [
        (accept(), "accept"),
        (refuse("Non"), "refuse"),
        (dismiss("Non"), "dismiss"),
    ] {
        assert_eq!(
            given_accepted().when(&ines(), order),
            wrong(act, Statut::Accepte, &[Statut::EnInstruction])
        );
    }
}

#[test]
fn required_annotations_come_before_the_decision() {
    let mut story = given_instructed();
    story.demarche.annotations[0].obligatoire = true;
    assert_eq!(
        story.when(&ines(), accept()),
        Err(Refusal::MissingAnnotations {
            libelles: vec!["Libellé de suite".to_owned()]
        })
    );
    let story = story.and(&paul(), annotate("suite", "Rien"));
    assert!(story.when(&ines(), accept()).is_ok());
    let story = story.and(&paul(), annotate("suite", ""));
    assert!(story.when(&ines(), accept()).is_err());
}

#[test]
fn an_annotation_that_nobody_can_type_does_not_hold_the_decision_up() {
    let mut story = given_instructed();
    for kind in [
        ChampType::HeaderSection,
        ChampType::Explication,
        ChampType::PieceJustificative,
        ChampType::Repetition,
    ] {
        story.demarche.annotations = vec![Champ {
            obligatoire: true,
            ..champ("cadre", kind)
        }];
        assert!(story.when(&ines(), accept()).is_ok());
        assert!(
            story
                .demarche
                .faults()
                .iter()
                .any(|fault| fault.contains("cannot be typed"))
        );
    }
}

#[test]
fn the_decision_closes_the_avis_that_are_open_and_no_other() {
    let story = given_instructed()
        .and(&ines(), ask(&[ABF, SDIS, "drac@culture.example"]))
        .and(&expert(ABF), render(1, None))
        .and(&ines(), Command::RevokeAvis { avis: AvisId(3) });
    let closed = story.when(&ines(), accept()).unwrap();
    assert_eq!(closed[1..], [Event::AvisClosed { avis: AvisId(2) }]);
}

#[test]
fn an_attestation_belongs_to_an_acceptance() {
    let order = || Command::AttachAttestation { piece: piece(9) };
    let story = given_accepted().and(&Person::Greffier, order());
    assert_eq!(story.dossier.decided.unwrap().attestation, Some(piece(9)));
    let mut refused = given_instructed().and(&ines(), refuse("Non"));
    assert_eq!(
        refused.when(&Person::Greffier, order()),
        wrong("attach_attestation", Statut::Refuse, &[Statut::Accepte])
    );
    refused.demarche.attestation_refus = refused.demarche.attestation.clone();
    let refused = refused.and(&Person::Greffier, order());
    assert_eq!(refused.dossier.decided.unwrap().attestation, Some(piece(9)));
}

#[test]
fn reopening_withdraws_the_papers_and_takes_out_of_the_archive() {
    let story = given_accepted()
        .and(
            &Person::Greffier,
            Command::AttachAttestation { piece: piece(9) },
        )
        .and(&ines(), Command::Archive)
        .and(&paul(), Command::Reopen);
    assert_eq!(story.dossier.statut, Statut::EnInstruction);
    assert_eq!(story.dossier.decided, None);
    assert!(!story.dossier.archived);
    assert!(story.dossier.pieces().is_empty());
}

#[test]
fn only_what_is_decided_is_reopened() {
    assert_eq!(
        given_instructed().when(&ines(), Command::Reopen),
        Ok(vec![])
    );
    assert_eq!(
        given().when(&ines(), Command::Reopen),
        wrong("reopen", Statut::EnConstruction, &NEEDED)
    );
    for order in [accept(), refuse("Non"), dismiss("Non")] {
        let story = given_instructed().and(&ines(), order);
        assert_eq!(
            story.when(&ines(), Command::Reopen),
            Ok(vec![Event::Reopened])
        );
    }
}

#[test]
fn every_step_is_remembered() {
    let story = given_accepted()
        .and(&ines(), Command::Reopen)
        .and(&paul(), refuse("Non"));
    let steps: Vec<_> = story.dossier.steps.iter().map(|step| step.statut).collect();
    assert_eq!(
        steps,
        [
            Statut::EnConstruction,
            Statut::EnInstruction,
            Statut::Accepte,
            Statut::EnInstruction,
            Statut::Refuse
        ]
    );
    assert_eq!(story.dossier.steps[4].by, paul());
}

/// A dossier en instruction in a démarche where decisions take two.
fn given_four_eyes() -> Story {
    let demarche = Demarche {
        four_eyes: true,
        ..demarche()
    };
    given_in(demarche).and(&ines(), Command::PassToInstruction)
}

fn proposed_by(person: &Person) -> Proposal {
    Proposal {
        by: email(person),
        at: start(),
    }
}

#[test]
fn where_decisions_take_two_nobody_takes_one_alone() {
    let story = given_four_eyes();
    assert_eq!(story.when(&ines(), accept()), Err(Refusal::SecondNeeded));
    let own = accept().proposed(&proposed_by(&ines()));
    assert_eq!(story.when(&ines(), own), Err(Refusal::OwnProposal));
    // Everything else that is wrong is said first.
    let refuse = Command::Refuse {
        motivation: None,
        justificatif: None,
    };
    assert!(matches!(
        story.when(&ines(), refuse),
        Err(Refusal::MotivationRequired { .. })
    ));
}

#[test]
fn a_colleague_takes_the_decision_and_both_are_in_the_history() {
    let seconded = accept().proposed(&proposed_by(&ines()));
    let after = given_four_eyes().and(&paul(), seconded);
    let decided = after.dossier.decided.unwrap();
    assert_eq!(decided.by, paul());
    assert_eq!(decided.proposal, Some(proposed_by(&ines())));
    let step = after.dossier.steps.last().unwrap();
    assert_eq!(
        (&step.by, &step.proposal),
        (&paul(), &Some(proposed_by(&ines())))
    );
}

#[test]
fn a_proposal_of_somebody_who_has_left_the_group_is_nobodys() {
    let mut story = given_four_eyes();
    let seconded = accept().proposed(&proposed_by(&ines()));
    let left = email(&ines());
    for groupe in &mut story.demarche.groupes {
        groupe.instructeurs.retain(|member| *member != left);
    }
    assert_eq!(story.when(&paul(), seconded), Err(Refusal::ProposerLeft));
}

#[test]
fn only_a_decision_can_be_seconded() {
    let archive = Command::Second {
        proposal: proposed_by(&ines()),
        command: Box::new(Command::Archive),
    };
    let accepted = given_accepted();
    assert_eq!(accepted.when(&paul(), archive), Err(Refusal::NotAllowed));
    assert_eq!(
        Command::Archive.proposed(&proposed_by(&ines())),
        Command::Archive
    );
}
