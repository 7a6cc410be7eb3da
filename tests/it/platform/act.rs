//! What the channel does, once and only once.

use std::time::Duration;

use greffier::channel::platform::probe::probe;
use greffier::clock;
use greffier::message::Outcome;
use greffier::message::platform::{Act, Ended};

use super::fake::{Edition, Fake, Fault, NewDemarche, Options};
use super::wire::{Desk, number, settings};

const INES: &str = "ines@ddt.example";
const PAUL: &str = "paul@ddt.example";

async fn desk(options: Options) -> (Fake, Desk, i32) {
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

fn message(body: &str) -> Act {
    Act::EnvoyerMessage {
        body: body.to_owned(),
        piece: None,
        correction: None,
    }
}

fn accept() -> Act {
    Act::Accepter {
        motivation: Some("Conforme.".to_owned()),
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
    let annotation = desk
        .dossier(dossier)
        .annotations
        .iter()
        .find(|champ| champ.kind == "TextChamp")
        .unwrap()
        .clone();
    let done = desk
        .act(
            dossier,
            INES,
            vec![
                Act::Label {
                    label,
                    name: "Urgent".to_owned(),
                    on: true,
                },
                Act::ModifierAnnotation {
                    annotation: annotation.descriptor.clone(),
                    kind: "textarea".to_owned(),
                    value: "Vu".into(),
                },
            ],
        )
        .await;
    assert!(
        matches!(done.ended, Ended::Done | Ended::Refused { act: 1, .. }),
        "{:?}",
        done.ended
    );
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
    // Annotations that must be filled in may stand in the way: then nothing is half done without being said.
    if let Ended::Refused { act, sentences } = &done.ended {
        assert_eq!(*act, 1);
        assert!(!sentences.is_empty());
        return;
    }
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
    if fake.done("dossierClasserSansSuite", dossier) == 0 {
        // A mandatory annotation is in the way on this form.
        return;
    }
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
async fn refusals_are_told_in_the_platform_s_words() {
    let (fake, mut desk, dossier) = desk(Options::default()).await;
    let refused = desk.act(dossier, INES, vec![accept()]).await;
    let Ended::Refused { act: 0, sentences } = refused.ended else {
        panic!("{:?}", refused.ended);
    };
    assert!(sentences[0].contains("déjà"), "{sentences:?}");
    let foreign = desk
        .act(
            dossier,
            "lea@culture.example",
            vec![Act::PasserEnInstruction],
        )
        .await;
    assert!(matches!(foreign.ended, Ended::Refused { act: 0, .. }));
    fake.fail("dossierPasserEnInstruction", 10, Fault::Internal);
    let broken = desk
        .act(dossier, INES, vec![Act::PasserEnInstruction])
        .await;
    assert!(
        matches!(broken.ended, Ended::Refused { act: 0, .. }),
        "{:?}",
        broken.ended
    );
    fake.clear_faults();
    std::fs::write(&desk.token, fake.read_token()).unwrap();
    let mut desk = desk.again();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let read_only = desk.act(dossier, INES, vec![message("Bonjour")]).await;
    assert_eq!(read_only.ended, Ended::ReadOnly);
    std::fs::write(&desk.token, fake.token_for(&[])).unwrap();
    let mut desk = desk.again();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let hidden = desk.act(dossier, INES, vec![message("Bonjour")]).await;
    assert_eq!((hidden.ended, hidden.dossier), (Ended::Hidden, None));
    std::fs::write(&desk.token, fake.foreign_token()).unwrap();
    let mut desk = desk.again();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let order = desk.order(dossier, INES, vec![message("Bonjour")]);
    assert!(matches!(desk.deliver(&order).await, Outcome::Held { .. }));
}

#[tokio::test]
async fn corrections_are_asked_and_messages_taken_back() {
    let (fake, mut desk, dossier) = desk(Options::default()).await;
    let ask = Act::EnvoyerMessage {
        body: "Le plan manque.".to_owned(),
        piece: Some(desk.file("modele.pdf", b"%PDF-1.4 modele")),
        correction: Some("incomplete".to_owned()),
    };
    let asked = desk.act(dossier, INES, vec![ask]).await;
    assert_eq!(asked.ended, Ended::Done);
    let read = desk.dossier(dossier);
    assert!(read.correction_pending.is_some());
    let message = read
        .messages
        .iter()
        .find(|message| message.id == asked.messages[0])
        .unwrap();
    assert_eq!(message.files[0].filename, "modele.pdf");
    let message = message.id.clone();
    let back = desk
        .act(
            dossier,
            INES,
            vec![Act::AnnulerDemandeCorrection {
                message: message.clone(),
            }],
        )
        .await;
    assert_eq!(back.ended, Ended::Done);
    let gone = desk
        .act(
            dossier,
            INES,
            vec![Act::SupprimerMessage {
                message: message.clone(),
            }],
        )
        .await;
    assert_eq!(gone.ended, Ended::Done);
    let foreign = desk
        .act(
            dossier,
            PAUL,
            vec![Act::SupprimerMessage {
                message: "Q29tbWVudGFpcmUtOTk5OTk=".to_owned(),
            }],
        )
        .await;
    assert!(
        matches!(foreign.ended, Ended::Refused { .. }),
        "{:?}",
        foreign.ended
    );
    let groupe = fake.groupe(i32::try_from(read.demarche).unwrap(), "Culture");
    let id =
        data_encoding::BASE64.encode(format!("GroupeInstructeur-{}", groupe.number).as_bytes());
    let moved = desk
        .act(
            dossier,
            INES,
            vec![Act::ChangerGroupe {
                groupe: id,
                label: "Culture".to_owned(),
            }],
        )
        .await;
    assert_eq!(moved.ended, Ended::Done);
    assert_eq!(desk.dossier(dossier).groupe, "Culture");
}

#[tokio::test]
async fn an_older_instance_does_what_it_can() {
    let (_fake, mut desk, dossier) = desk(Options {
        edition: Edition::lagging(),
        ..Options::default()
    })
    .await;
    let follow = desk
        .act(dossier, INES, vec![Act::Suivi { follow: true }])
        .await;
    assert_eq!(
        follow.ended,
        Ended::Unable {
            mutation: "dossierBasculeSuivi".to_owned()
        }
    );
    let passed = desk
        .act(
            dossier,
            INES,
            vec![message("Bonjour"), Act::PasserEnInstruction],
        )
        .await;
    assert_eq!(passed.ended, Ended::Done);
    let outdated = Act::EnvoyerMessage {
        body: "x".to_owned(),
        piece: None,
        correction: Some("outdated".to_owned()),
    };
    assert!(matches!(
        desk.act(dossier, INES, vec![outdated]).await.ended,
        Ended::Unable { .. }
    ));
}

#[tokio::test]
async fn files_are_fetched_onto_the_shelf() {
    let (fake, mut desk, dossier) = desk(Options::default()).await;
    let good = fake.store_file("plan.pdf", "application/pdf", b"%PDF-1.4 plan");
    let large = fake.store_file("video.mp4", "video/mp4", &vec![1; 100_000]);
    fake.usager(dossier).writes("Voici", &[good, large]);
    desk.until("the files", |kept| {
        kept.dossiers[&number(dossier)]
            .messages
            .iter()
            .any(|message| message.files.len() == 2)
    })
    .await;
    let mut files = desk
        .dossier(dossier)
        .messages
        .iter()
        .flat_map(|message| message.files.clone())
        .collect::<Vec<_>>();
    let mut unknown = files[0].clone();
    unknown.checksum = "AAAAAAAAAAAAAAAAAAAAAA==".to_owned();
    files.push(unknown);
    fake.fail("download", 1, Fault::Html(503));
    let order = desk.order(dossier, INES, vec![Act::Fetch { files }]);
    assert!(matches!(
        desk.deliver(&order).await,
        Outcome::Held { .. } | Outcome::Retry { .. }
    ));
    let fetched = desk.carried_out(&order).await;
    assert_eq!(fetched.ended, Ended::Done);
    let names: Vec<_> = fetched
        .files
        .iter()
        .map(|file| file.as_ref().map(|file| (file.name.as_str(), file.bytes)))
        .collect();
    assert_eq!(
        names,
        [Some(("plan.pdf", 13)), Some(("video.mp4", 100_000)), None]
    );
    assert!(fake.effects().is_empty());
}

#[tokio::test]
async fn a_probe_says_what_may_be_done_and_does_nothing() {
    let (fake, _desk, _) = desk(Options::default()).await;
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(&fake, &folder);
    std::fs::write(folder.path().join("token"), fake.token()).unwrap();
    let found = probe(&settings, &[101, 999]).await.unwrap();
    assert_eq!(found.read_only, Some(false));
    assert!(found.demarches[0].1.is_ok() && found.demarches[1].1.is_err());
    assert!(found.mutations.contains("dossierAccepter"));
    assert_eq!(found.missing, Vec::<String>::new());
    std::fs::write(folder.path().join("token"), fake.read_token()).unwrap();
    assert_eq!(probe(&settings, &[]).await.unwrap().read_only, Some(true));
    std::fs::write(folder.path().join("token"), fake.expired_token()).unwrap();
    let expired = probe(&settings, &[]).await.unwrap_err();
    assert!(expired.contains("expired"), "{expired}");
    fake.unreachable();
    assert!(
        probe(&settings, &[])
            .await
            .unwrap_err()
            .contains("not reached")
    );
    assert!(fake.effects().is_empty());
}
