//! What the channel does, once and only once.

use std::time::Duration;

use greffier::clock;
use greffier::message::Outcome;
use greffier::message::platform::{Act, Ended};

use super::fake::{Fake, Fault, NewDemarche, Options};
use super::wire::{Desk, number};

pub(super) const INES: &str = "ines@ddt.example";
pub(super) const PAUL: &str = "paul@ddt.example";

pub(super) async fn desk(options: Options) -> (Fake, Desk, i32) {
    let now = clock::now();
    let fake = Fake::start(Options { now, ..options }).await;
    let demarche = fake.add_demarche(
        NewDemarche::sample(&[INES, PAUL]).groupe("Culture", &["lea@culture.example"]),
    );
    let dossier = fake.usager_files(demarche, "u@x.example");
    fake.advance(Duration::from_secs(5));
    let desk = Desk::open(&fake, &[demarche]);
    desk.whole().await;
    (fake, desk, dossier)
}

pub(super) fn message(body: &str) -> Act {
    Act::EnvoyerMessage {
        body: body.to_owned(),
        piece: None,
        correction: None,
    }
}

pub(super) fn accept() -> Act {
    Act::Accepter {
        motivation: None,
        justificatif: None,
    }
}

#[tokio::test]
async fn a_dossier_is_instructed_from_deposit_to_archive() {
    let (fake, mut desk, dossier) = desk(Options::default()).await;
    let done = desk
        .act(
            dossier,
            INES,
            vec![Act::Suivi { follow: true }, message("Bonjour")],
        )
        .await;
    assert_eq!(done.ended, Ended::Done);
    assert_eq!(done.messages.len(), 1);
    assert_eq!(desk.dossier(dossier).followers[0].email, INES);
    let label = fake.label_id(i32::try_from(done.order.demarche).unwrap(), "Urgent");
    let done = desk
        .act(
            dossier,
            INES,
            vec![Act::Label {
                label,
                name: "Urgent".to_owned(),
                on: true,
            }],
        )
        .await;
    assert_eq!(done.ended, Ended::Done);
    assert_eq!(desk.dossier(dossier).labels.unwrap(), ["Urgent"]);
    let piece = desk.file("avis.pdf", b"%PDF-1.4 avis");
    let done = desk
        .act(
            dossier,
            INES,
            vec![
                Act::PasserEnInstruction,
                Act::Accepter {
                    motivation: Some("Conforme.".to_owned()),
                    justificatif: Some(piece),
                },
            ],
        )
        .await;
    assert_eq!(done.ended, Ended::Done);
    let decided = desk.dossier(dossier);
    assert_eq!(decided.state, "accepte");
    assert_eq!(decided.justificatif.unwrap().filename, "avis.pdf");
    assert_eq!(
        desk.act(dossier, INES, vec![Act::Archiver]).await.ended,
        Ended::Done
    );
    assert_eq!(
        desk.act(dossier, INES, vec![Act::Desarchiver]).await.ended,
        Ended::Done
    );
    assert_eq!(
        desk.act(dossier, PAUL, vec![Act::RepasserEnInstruction])
            .await
            .ended,
        Ended::Done
    );
    assert_eq!(
        desk.act(dossier, PAUL, vec![Act::RepasserEnConstruction])
            .await
            .ended,
        Ended::Done
    );
    assert_eq!(desk.dossier(dossier).state, "en_construction");
}

#[tokio::test]
async fn an_act_whose_answer_is_lost_is_not_repeated() {
    for fault in [
        Fault::DropBefore,
        Fault::DropAfter,
        Fault::Truncated,
        Fault::InternalAfter,
        Fault::Internal,
        Fault::Html(502),
        Fault::TooMany(1),
        Fault::Timeout(0),
    ] {
        let (fake, mut desk, dossier) = desk(Options::default()).await;
        for mutation in [
            "dossierEnvoyerMessage",
            "dossierPasserEnInstruction",
            "dossierBasculeSuivi",
        ] {
            fake.fail(mutation, 1, fault.clone());
        }
        let acts = vec![
            message("<p>Un texte & un\n autre</p>"),
            Act::PasserEnInstruction,
            Act::Suivi { follow: false },
        ];
        let done = desk.act(dossier, INES, acts).await;
        assert_eq!(done.ended, Ended::Done, "{fault:?}");
        assert_eq!(done.messages.len(), 1);
        for mutation in ["dossierEnvoyerMessage", "dossierPasserEnInstruction"] {
            assert_eq!(fake.done(mutation, dossier), 1, "{mutation} {fault:?}");
        }
    }
}

#[tokio::test]
async fn a_message_is_sent_once_however_the_channel_dies() {
    let (fake, mut desk, dossier) = desk(Options::default()).await;
    fake.fail("dossierEnvoyerMessage", 1, Fault::DropAfter);
    let order = desk.order(dossier, INES, vec![message("Une fois")]);
    assert!(matches!(
        desk.deliver(&order).await,
        Outcome::Held { .. } | Outcome::Retry { .. }
    ));
    // What was sent comes in as read before the next try.
    let desk = desk.again();
    desk.until("the message", |kept| {
        kept.dossiers[&number(dossier)]
            .messages
            .iter()
            .any(|message| message.body == "Une fois")
    })
    .await;
    let done = desk.carried_out(&order).await;
    assert_eq!((done.ended, done.messages.len()), (Ended::Done, 1));
    // Delivered again after a crash before it was settled.
    let desk = desk.again();
    tokio::time::sleep(Duration::from_millis(100)).await;
    desk.carried_out(&order).await;
    assert_eq!(fake.done("dossierEnvoyerMessage", dossier), 1);
    // The same words again are another message.
    let mut desk = desk;
    let again = desk.act(dossier, INES, vec![message("Une fois")]).await;
    assert_eq!(again.ended, Ended::Done);
    assert_eq!(fake.done("dossierEnvoyerMessage", dossier), 2);
}

#[tokio::test]
async fn a_message_that_comes_late_is_waited_for() {
    let (fake, mut desk, dossier) = desk(Options::default()).await;
    let late = Fault::Late(Duration::from_millis(100));
    fake.fail("dossierEnvoyerMessage", 1, late.clone());
    let order = desk.order(dossier, INES, vec![message("Une fois")]);
    assert!(matches!(desk.deliver(&order).await, Outcome::Held { .. }));
    // Whether it is there by now or not, it is not sent again.
    desk.deliver(&order).await;
    assert_eq!(fake.count("EnvoyerMessage"), 1);
    assert_eq!(desk.carried_out(&order).await.ended, Ended::Done);
    // Nor where Greffier has died meanwhile.
    fake.fail("dossierEnvoyerMessage", 1, late);
    let order = desk.order(dossier, INES, vec![message("Encore une")]);
    assert!(matches!(desk.deliver(&order).await, Outcome::Held { .. }));
    let desk = desk.again();
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(desk.carried_out(&order).await.ended, Ended::Done);
    assert_eq!(fake.done("dossierEnvoyerMessage", dossier), 2);
}

#[tokio::test]
async fn what_somebody_else_has_decided_is_not_decided_again() {
    let (fake, mut desk, dossier) = desk(Options::default()).await;
    let order = desk.order(
        dossier,
        INES,
        vec![message("Bonjour"), Act::PasserEnInstruction],
    );
    fake.instructeur(PAUL).passes(dossier);
    let moved = desk.carried_out(&order).await;
    assert_eq!(moved.ended, Ended::Moved { act: 1 });
    assert_eq!(moved.messages.len(), 1);
    assert_eq!(fake.done("dossierPasserEnInstruction", dossier), 0);
    // What the usager does meanwhile is no change of state.
    let construction = desk
        .act(dossier, PAUL, vec![Act::RepasserEnConstruction])
        .await;
    assert_eq!(construction.ended, Ended::Done);
    let order = desk.order(dossier, INES, vec![Act::PasserEnInstruction]);
    fake.usager(dossier).submits(&[]);
    assert_eq!(desk.carried_out(&order).await.ended, Ended::Done);
}

#[tokio::test]
async fn a_decision_that_was_taken_back_since_is_done_and_not_repeated() {
    let (fake, mut desk, dossier) = desk(Options::default()).await;
    desk.act(dossier, INES, vec![Act::PasserEnInstruction])
        .await;
    fake.fail("dossierClasserSansSuite", 1, Fault::DropAfter);
    let close = Act::ClasserSansSuite {
        motivation: "Doublon.".to_owned(),
        justificatif: None,
    };
    let order = desk.order(dossier, INES, vec![close]);
    let first = desk.deliver(&order).await;
    assert!(matches!(
        first,
        Outcome::Held { .. } | Outcome::Retry { .. }
    ));
    fake.instructeur(PAUL).reopens(dossier);
    let done = desk.carried_out(&order).await;
    assert_eq!(done.ended, Ended::Done);
    assert_eq!(fake.done("dossierClasserSansSuite", dossier), 1);
    assert_eq!(desk.dossier(dossier).state, "en_instruction");
}

#[tokio::test]
async fn a_demande_de_correction_leaves_what_somebody_else_did_meanwhile() {
    let (fake, mut desk, dossier) = desk(Options::default()).await;
    let ask = || Act::EnvoyerMessage {
        body: "Le plan manque.".to_owned(),
        piece: None,
        correction: Some("incomplete".to_owned()),
    };
    let order = desk.order(dossier, INES, vec![ask()]);
    fake.instructeur(PAUL)
        .asks_correction(dossier, "incorrect", "La surface.");
    let second = desk.carried_out(&order).await;
    assert_eq!(second.ended, Ended::Moved { act: 0 });
    let order = desk.order(dossier, INES, vec![ask()]);
    fake.instructeur(PAUL).passes(dossier);
    let back = desk.carried_out(&order).await;
    assert_eq!(back.ended, Ended::Moved { act: 0 });
    assert_eq!(desk.dossier(dossier).state, "en_instruction");
    assert_eq!(fake.done("dossierEnvoyerMessage", dossier), 0);
}

#[tokio::test]
async fn answers_that_nobody_has_seen_are_not_accepted() {
    let (fake, mut desk, dossier) = desk(Options::default()).await;
    let chain = vec![Act::PasserEnInstruction, accept()];
    let order = desk.order(dossier, INES, chain.clone());
    fake.usager(dossier).submits(&[]);
    let moved = desk.carried_out(&order).await;
    assert_eq!(moved.ended, Ended::Moved { act: 0 });
    assert_eq!(desk.dossier(dossier).state, "en_construction");
    // Now that he has seen them, he may.
    assert_eq!(desk.act(dossier, INES, chain).await.ended, Ended::Done);
}
