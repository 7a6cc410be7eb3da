//! Every form of event that was ever written can still be read.

use std::collections::BTreeSet;
use std::path::Path;

use greffier::domain::{
    AvisId, CorrectionKind, Decision, Demandeur, DemarcheId, DossierId, Email, Event, MailRef,
    Mark, MessageId, Person, Piece, Recorded, Statut, Tombstone, Valeur, evolve, replay,
};

use super::desk::{at, deposit, ines, usager};

fn piece() -> Piece {
    Piece {
        hash: "ab".repeat(32),
        name: "plan.pdf".to_owned(),
        media_type: "application/pdf".to_owned(),
        bytes: 12,
    }
}

fn mail() -> MailRef {
    MailRef {
        message_id: Some("1@usager.example".to_owned()),
        original: piece(),
        authenticated: true,
    }
}

/// The name of an event's sample. A new event does not compile until it has one here, and the test below asks for its
/// file.
fn name(event: &Event) -> &'static str {
    match event {
        Event::Deposited { .. } => "deposited",
        Event::Modified { .. } => "modified",
        Event::Followed { .. } => "followed",
        Event::Unfollowed { .. } => "unfollowed",
        Event::PassedToInstruction => "passed_to_instruction",
        Event::ReturnedToConstruction => "returned_to_construction",
        Event::CorrectionRequested { .. } => "correction_requested",
        Event::CorrectionResolved => "correction_resolved",
        Event::Decided { .. } => "decided",
        Event::DecidedAutomatically { .. } => "decided_automatically",
        Event::AnswerAwaited { .. } => "answer_awaited",
        Event::AttestationMade { .. } => "attestation_made",
        Event::Reopened => "reopened",
        Event::Archived => "archived",
        Event::Unarchived => "unarchived",
        Event::Deleted => "deleted",
        Event::Restored => "restored",
        Event::Extended => "extended",
        Event::Scheduled { .. } => "scheduled",
        Event::ExpiryNoticed { .. } => "expiry_noticed",
        Event::Expired => "expired",
        Event::Purged { .. } => "purged",
        Event::MessagePosted { .. } => "message_posted",
        Event::MessageWithdrawn { .. } => "message_withdrawn",
        Event::AvisRequested { .. } => "avis_requested",
        Event::AvisRendered { .. } => "avis_rendered",
        Event::AvisUnclear { .. } => "avis_unclear",
        Event::AvisReminded { .. } => "avis_reminded",
        Event::AvisRevoked { .. } => "avis_revoked",
        Event::AvisClosed { .. } => "avis_closed",
        Event::Annotated { .. } => "annotated",
        Event::Labelled { .. } => "labelled",
        Event::Unlabelled { .. } => "unlabelled",
        Event::Sent { .. } => "sent",
        Event::Reassigned { .. } => "reassigned",
        Event::Seen { .. } => "seen",
        Event::Bounced { .. } => "bounced",
    }
}

fn valeurs() -> std::collections::BTreeMap<String, Valeur> {
    [
        ("texte", Valeur::Text("Été".to_owned())),
        ("entier", Valeur::Integer(-3)),
        ("decimal", Valeur::Decimal(1.5)),
        ("jour", Valeur::Date("2026-11-23".parse().unwrap())),
        ("oui", Valeur::YesNo(true)),
        (
            "choix",
            Valeur::Choices(vec!["a".to_owned(), "b".to_owned()]),
        ),
        ("fichiers", Valeur::Pieces(vec![piece()])),
        (
            "lignes",
            Valeur::Rows(vec![[("un".to_owned(), Valeur::Integer(1))].into()]),
        ),
    ]
    .map(|(id, valeur)| (id.to_owned(), valeur))
    .into()
}

/// One of each.
#[expect(clippy::too_many_lines, reason = "one for each event")]
fn events() -> Vec<Event> {
    let email = || Email::new("ines@ddt.example");
    let text = || "Texte".to_owned();
    vec![
        Event::Deposited {
            number: DossierId(4807),
            demarche: DemarcheId(7),
            groupe: "nord".to_owned(),
            usager: Email::new("claude@usager.example"),
            demandeur: Demandeur {
                civilite: "Madame".to_owned(),
                nom: "Martin".to_owned(),
                prenom: "Claude".to_owned(),
                ..Demandeur::default()
            },
            champs: valeurs(),
            invites: [Email::new("ami@usager.example")].into(),
        },
        Event::Modified {
            champs: valeurs(),
            emptied: ["plan".to_owned()].into(),
            usager: None,
            demandeur: None,
        },
        Event::Scheduled {
            expires: None,
            decides: None,
        },
        Event::Followed {
            instructeur: email(),
        },
        Event::Unfollowed {
            instructeur: email(),
        },
        Event::PassedToInstruction,
        Event::ReturnedToConstruction,
        Event::CorrectionRequested {
            kind: CorrectionKind::Incomplete,
            message: MessageId(1),
        },
        Event::CorrectionResolved,
        Event::Decided {
            decision: Decision::Refuse,
            motivation: Some(text()),
            justificatif: Some(piece()),
            proposal: None,
        },
        Event::AttestationMade { piece: piece() },
        Event::Reopened,
        Event::Archived,
        Event::Unarchived,
        Event::Deleted,
        Event::Restored,
        Event::Extended,
        Event::Scheduled {
            expires: Some(at(0)),
            decides: None,
        },
        Event::ExpiryNoticed { expires: at(0) },
        Event::Expired,
        Event::Purged {
            tombstone: Tombstone {
                number: DossierId(4807),
                demarche: DemarcheId(7),
                groupe: "nord".to_owned(),
                statut: Statut::Accepte,
                deposited: at(0),
                decided: Some(at(1)),
                trashed: at(2),
                expired: true,
            },
        },
        Event::MessagePosted {
            message: MessageId(1),
            text: text(),
            pieces: vec![piece()],
            mail: Some(mail()),
        },
        Event::MessageWithdrawn {
            message: MessageId(1),
        },
        Event::DecidedAutomatically {
            decision: Decision::Accepte,
        },
        Event::AnswerAwaited {
            message: Some(MessageId(1)),
        },
        Event::AvisRequested {
            avis: AvisId(1),
            expert: Email::new("abf@culture.example"),
            text: text(),
            question: Some("Favorable ?".to_owned()),
            elsewhere: false,
            to_usager: false,
            confidentiel: true,
            pieces: vec![piece()],
        },
        Event::AvisRendered {
            avis: AvisId(1),
            text: text(),
            oui_non: Some(true),
            pieces: vec![piece()],
            mail: Some(mail()),
        },
        Event::AvisUnclear { avis: AvisId(1) },
        Event::AvisReminded { avis: AvisId(1) },
        Event::AvisRevoked { avis: AvisId(1) },
        Event::AvisClosed { avis: AvisId(1) },
        Event::Annotated {
            annotation: "note".to_owned(),
            valeur: Some(Valeur::Text(text())),
        },
        Event::Labelled {
            etiquette: "urgent".to_owned(),
        },
        Event::Unlabelled {
            etiquette: "urgent".to_owned(),
        },
        Event::Sent { to: email() },
        Event::Reassigned {
            groupe: "sud".to_owned(),
        },
        Event::Seen {
            instructeur: email(),
            marks: [
                Mark::Demande,
                Mark::Messagerie,
                Mark::Avis,
                Mark::Annotations,
            ]
            .into(),
        },
        Event::Bounced {
            address: Email::new("abf@culture.example"),
            why: "5.1.1".to_owned(),
        },
    ]
}

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/events")
}

/// Writes the samples that are missing: `cargo test -- --ignored write_missing`. Those that are there are never
/// written again: they are what stores hold.
#[test]
#[ignore = "writes into the source tree"]
fn write_missing_samples() {
    for event in events() {
        let path = folder().join(format!("{}.json", name(&event)));
        if path.exists() {
            continue;
        }
        let by = match &event {
            Event::Deposited { .. } | Event::Modified { .. } | Event::MessagePosted { .. } => {
                usager()
            }
            Event::AvisRendered { .. } => Person::Expert(Email::new("abf@culture.example")),
            Event::Expired | Event::Purged { .. } => Person::Greffier,
            _ => ines(),
        };
        let recorded = Recorded {
            at: at(0),
            by,
            event,
        };
        let mut json = serde_json::to_vec_pretty(&recorded).unwrap();
        json.push(b'\n');
        std::fs::write(path, json).unwrap();
    }
}

#[test]
fn every_form_of_event_can_still_be_read() {
    let mut read = BTreeSet::new();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let json = std::fs::read(&path).unwrap();
        let recorded: Recorded = serde_json::from_slice(&json)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let file = path.file_stem().unwrap().to_string_lossy().into_owned();
        // `decided.2.json` would be a second form of `decided`.
        assert_eq!(file.split('.').next(), Some(name(&recorded.event)));
        read.insert(name(&recorded.event));
        let first = deposit(DossierId(4807), 0, "objet", Vec::new()).events;
        assert!(evolve(replay(&first), &recorded).is_some());
        let written = serde_json::to_value(&recorded).unwrap();
        let kept: serde_json::Value = serde_json::from_slice(&json).unwrap();
        if !file.contains('.') {
            assert_eq!(written, kept, "{file}: nothing that was written is lost");
        }
    }
    let all: BTreeSet<_> = events().iter().map(name).collect();
    assert_eq!(read, all);
}
