//! What is refused, what is fetched, and what an instance cannot do.

use std::time::Duration;

use greffier::channel::platform::probe::probe;
use greffier::message::Outcome;
use greffier::message::platform::{Act, Answered, Ended};
use serde_json::json;

use super::act::{INES, PAUL, accept, desk, message};
use super::fake::{Edition, Fault, Options};
use super::wire::{Desk, number, settings, write_token};

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
async fn an_order_that_cannot_succeed_blocks_nothing() {
    let (fake, mut desk, dossier) = desk(Options::default()).await;
    let piece = Act::EnvoyerMessage {
        body: "Voici".to_owned(),
        piece: Some(desk.file("modele.pdf", b"%PDF-1.4 modele")),
        correction: None,
    };
    for (name, fault, act) in [
        (
            "dossierEnvoyerMessage",
            Fault::Html(403),
            message("<script>"),
        ),
        ("dossierEnvoyerMessage", Fault::Html(413), message("Long")),
        (
            "dossierEnvoyerMessage",
            Fault::Html(503),
            message("Bonjour"),
        ),
        ("upload", Fault::Html(503), piece.clone()),
        ("upload", Fault::Html(302), piece),
        ("Files", Fault::Timeout(0), Act::Fetch { files: Vec::new() }),
    ] {
        fake.fail(name, 100, fault.clone());
        let refused = desk.act(dossier, INES, vec![act]).await;
        assert!(
            matches!(&refused.ended, Ended::Refused { act: 0, sentences } if sentences.len() == 1),
            "{name} {fault:?} {:?}",
            refused.ended
        );
        assert!(refused.dossier.is_some());
        assert_eq!(why(&desk), None, "{name} {fault:?}");
        fake.clear_faults();
    }
    assert!(fake.effects().is_empty());
    // A dossier that cannot be read at all.
    for name in ["One", "Champs"] {
        fake.fail(name, 100, Fault::Timeout(0));
    }
    let refused = desk.act(dossier, INES, vec![message("Bonjour")]).await;
    assert!(matches!(refused.ended, Ended::Refused { act: 0, .. }));
    assert_eq!(refused.dossier, None);
    fake.clear_faults();
    // While nothing answers at all, everything waits.
    fake.maintenance(503);
    let order = desk.order(dossier, INES, vec![message("Bonjour")]);
    for _ in 0..30 {
        assert!(matches!(desk.deliver(&order).await, Outcome::Held { .. }));
    }
    fake.back();
    assert_eq!(desk.carried_out(&order).await.ended, Ended::Done);
}

/// What `/readyz` says of the platform.
fn why(desk: &Desk) -> Option<String> {
    let checks = desk.health.checks().into_iter();
    let mut platform = checks.filter(|check| check.name == "platform");
    platform.find_map(|check| check.why)
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
    let names = |fetched: &Answered| {
        let files = fetched.files.iter().map(Option::as_ref);
        let named = files.map(|file| file.map(|file| (file.name.clone(), file.bytes)));
        named.collect::<Vec<_>>()
    };
    let (plan, video) = (
        ("plan.pdf".to_owned(), 13),
        ("video.mp4".to_owned(), 100_000),
    );
    fake.fail("download", 1, Fault::Html(503));
    let fetch = Act::Fetch { files };
    let fetched = desk.act(dossier, INES, vec![fetch.clone()]).await;
    assert_eq!(fetched.ended, Ended::Done);
    assert_eq!(names(&fetched), [Some(plan), Some(video.clone()), None]);
    // A file server that does not do its part holds nothing up.
    fake.fail("download", 2, Fault::Html(503));
    let fetched = desk.act(dossier, INES, vec![fetch.clone()]).await;
    assert_eq!(names(&fetched), [None, Some(video), None]);
    fake.fail("download", 100, Fault::DropBefore);
    let fetched = desk.act(dossier, INES, vec![fetch]).await;
    assert_eq!(names(&fetched), [None, None, None]);
    assert!(fake.effects().is_empty());
}

#[tokio::test]
async fn a_probe_says_what_may_be_done_and_does_nothing() {
    let (fake, _desk, _) = desk(Options::default()).await;
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(&fake, &folder);
    write_token(&folder.path().join("token"), &fake.token());
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

#[tokio::test]
async fn annotations_of_each_type_are_written_by_new_and_old_mutations() {
    let values = [
        ("Note interne", "textarea", json!("Vu\nsur place")),
        ("Référence interne", "text", json!("R-12")),
        ("Dossier complet", "checkbox", json!(true)),
        ("Visite nécessaire", "yes_no", json!("oui")),
        ("Date de visite", "date", json!("2026-12-24")),
        (
            "Passage en commission",
            "datetime",
            json!("2026-12-24T10:30:00+01:00"),
        ),
        ("Numéro d’ordre", "integer_number", json!("42")),
        ("Montant retenu", "decimal_number", json!("1234.5")),
        ("Priorité", "drop_down_list", json!("Haute")),
        (
            "Services consultés",
            "multiple_drop_down_list",
            json!(["Culture", "Eau"]),
        ),
    ];
    for edition in [Edition::Current, Edition::lagging()] {
        let old = matches!(edition, Edition::Older(_));
        let (fake, mut desk, dossier) = desk(Options {
            edition,
            ..Options::default()
        })
        .await;
        for (label, kind, value) in &values {
            let annotations = desk.dossier(dossier).annotations;
            let annotation = annotations
                .into_iter()
                .find(|champ| champ.label == *label)
                .unwrap();
            let act = Act::ModifierAnnotation {
                annotation: annotation.descriptor,
                kind: (*kind).to_owned(),
                value: value.clone(),
                under: None,
            };
            let done = desk.act(dossier, INES, vec![act.clone()]).await;
            if old && *kind == "multiple_drop_down_list" {
                assert!(matches!(done.ended, Ended::Unable { .. }));
                continue;
            }
            assert_eq!(done.ended, Ended::Done, "{label}");
            let before = fake.effects().len();
            assert_eq!(desk.act(dossier, INES, vec![act]).await.ended, Ended::Done);
            assert_eq!(fake.effects().len(), before, "{label} is so already");
        }
        let wrong = desk
            .dossier(dossier)
            .annotations
            .into_iter()
            .find(|champ| champ.label == "Priorité")
            .unwrap();
        let act = Act::ModifierAnnotation {
            annotation: wrong.descriptor,
            kind: "drop_down_list".to_owned(),
            value: json!("Jamais"),
            under: None,
        };
        let refused = desk.act(dossier, INES, vec![act]).await;
        assert!(
            matches!(refused.ended, Ended::Refused { act: 0, .. }),
            "{:?}",
            refused.ended
        );
    }
}

#[tokio::test]
async fn a_token_that_may_only_read_knows_no_mutation() {
    let (fake, desk, _) = desk(Options::default()).await;
    std::fs::write(&desk.token, fake.read_token()).unwrap();
    let desk = desk.again();
    desk.until("the démarche again", |kept| kept.demarches.len() == 2)
        .await;
    let kept = desk.memory.kept();
    assert!(!kept.demarches[0].mutations.is_empty() && kept.demarches[1].mutations.is_empty());
}

#[tokio::test]
async fn who_has_left_the_group_changes_nothing_any_more() {
    let (fake, mut desk, dossier) = desk(Options::default()).await;
    let demarche = i32::try_from(desk.dossier(dossier).demarche).unwrap();
    let label = |on| Act::Label {
        label: fake.label_id(demarche, "Urgent"),
        name: "Urgent".to_owned(),
        on,
    };
    let done = desk.act(dossier, PAUL, vec![label(true)]).await;
    assert_eq!(done.ended, Ended::Done);
    let culture = fake.groupe(demarche, "Culture").number;
    let groupe = Act::ChangerGroupe {
        groupe: data_encoding::BASE64.encode(format!("GroupeInstructeur-{culture}").as_bytes()),
        label: "Culture".to_owned(),
    };
    let orders = [
        desk.order(dossier, PAUL, vec![label(false)]),
        desk.order(dossier, PAUL, vec![groupe]),
    ];
    let own = fake.dossier(dossier).groupe;
    fake.leave(own, PAUL);
    for order in &orders {
        let refused = desk.carried_out(order).await;
        assert!(
            matches!(&refused.ended, Ended::Refused { act: 0, sentences } if sentences[0].contains("droits")),
            "{:?}",
            refused.ended
        );
    }
    assert_eq!(fake.effects().len(), 1);
}
