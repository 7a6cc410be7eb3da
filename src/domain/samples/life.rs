//! The life of a dossier, and dossiers taken out of it.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{
    AvisId, CorrectionKind, Decision, Demandeur, DemarcheId, Dossier, DossierId, Email, Event,
    MailRef, MessageId, Person, Recorded, Statut, Tombstone, Valeur, replay,
};
use super::{Texts, at, piece};

/// The people of the samples.
pub(super) struct Cast {
    pub(super) usager: Person,
    pub(super) instructeur: Person,
    expert: Person,
    autre_expert: Person,
}

impl Cast {
    pub(super) fn of(texts: &Texts) -> Self {
        Self {
            usager: Person::Usager(Email::new(&texts.usager)),
            instructeur: Person::Instructeur(Email::new(&texts.instructeur)),
            expert: Person::Expert(Email::new(&texts.expert)),
            autre_expert: Person::Expert(Email::new(&texts.autre_expert)),
        }
    }
}

fn deposited(texts: &Texts) -> Event {
    let depense = BTreeMap::from([
        (
            "nature".to_owned(),
            Valeur::Text(texts.champ.lines().next().unwrap_or("").to_owned()),
        ),
        ("montant".to_owned(), Valeur::Integer(12_400)),
    ]);
    Event::Deposited {
        number: DossierId(4807),
        demarche: DemarcheId(12),
        groupe: "Littoral".to_owned(),
        usager: Email::new(&texts.usager),
        demandeur: Demandeur {
            civilite: "Madame".to_owned(),
            nom: texts.nom.clone(),
            prenom: texts.prenom.clone(),
            ..Demandeur::default()
        },
        champs: BTreeMap::from([
            ("travaux".to_owned(), Valeur::Text(texts.champ.clone())),
            ("surface".to_owned(), Valeur::Decimal(32.5)),
            ("abords".to_owned(), Valeur::YesNo(true)),
            (
                "plan".to_owned(),
                Valeur::Pieces(vec![piece(&texts.fichier, 1_240_000)]),
            ),
            ("depenses".to_owned(), Valeur::Rows(vec![depense])),
        ]),
        invites: BTreeSet::from([Email::new(&texts.invite)]),
    }
}

fn requested(avis: u32, expert: &str, texts: &Texts, confidentiel: bool) -> Event {
    Event::AvisRequested {
        avis: AvisId(avis),
        expert: Email::new(expert),
        text: texts.demande.clone(),
        question: (avis != 2).then(|| texts.question.clone()),
        elsewhere: false,
        to_usager: false,
        confidentiel,
        pieces: vec![piece(&texts.fichier_avis, 310_000)],
    }
}

fn rendered(avis: u32, text: &str, oui_non: Option<bool>, file: Option<&str>) -> Event {
    Event::AvisRendered {
        avis: AvisId(avis),
        text: text.to_owned(),
        oui_non,
        pieces: file.map(|name| piece(name, 84_000)).into_iter().collect(),
        mail: Some(MailRef {
            message_id: None,
            original: piece("original.eml", 4_000),
            authenticated: false,
        }),
    }
}

/// The life of a dossier, from its deposit to an acceptance: every kind of thing happens once.
#[expect(clippy::too_many_lines, reason = "one item for each event")]
pub fn story(texts: &Texts) -> Vec<Recorded> {
    let cast = Cast::of(texts);
    let posted = |message, text: &str, file: Option<&str>| Event::MessagePosted {
        message: MessageId(message),
        text: text.to_owned(),
        pieces: file
            .map(|name| piece(name, 2_400_000))
            .into_iter()
            .collect(),
        mail: None,
    };
    let told = [
        (0, &cast.usager, deposited(texts)),
        (
            1,
            &cast.instructeur,
            Event::Followed {
                instructeur: Email::new(&texts.instructeur),
            },
        ),
        (1, &cast.instructeur, posted(1, &texts.correction, None)),
        (
            1,
            &cast.instructeur,
            Event::CorrectionRequested {
                kind: CorrectionKind::Incorrect,
                message: MessageId(1),
            },
        ),
        (
            3,
            &cast.usager,
            Event::Modified {
                champs: BTreeMap::from([(
                    "plan".to_owned(),
                    Valeur::Pieces(vec![piece(&texts.fichier, 1_310_000)]),
                )]),
                emptied: BTreeSet::new(),
                usager: None,
                demandeur: None,
            },
        ),
        (3, &cast.usager, Event::CorrectionResolved),
        (4, &cast.instructeur, Event::PassedToInstruction),
        (
            4,
            &cast.instructeur,
            Event::Labelled {
                etiquette: texts.etiquette.clone(),
            },
        ),
        (
            5,
            &cast.instructeur,
            requested(1, &texts.expert, texts, false),
        ),
        (
            5,
            &cast.instructeur,
            requested(2, &texts.autre_expert, texts, false),
        ),
        (
            5,
            &cast.instructeur,
            requested(3, &texts.autre_expert, texts, true),
        ),
        (6, &cast.instructeur, posted(2, &texts.message, None)),
        (
            8,
            &cast.usager,
            posted(3, &texts.reponse, Some(&texts.fichier)),
        ),
        (
            9,
            &cast.autre_expert,
            rendered(2, &texts.avis_partage, None, None),
        ),
        (
            9,
            &cast.autre_expert,
            rendered(3, &texts.avis_confidentiel, Some(false), None),
        ),
        (
            12,
            &cast.instructeur,
            Event::AvisReminded { avis: AvisId(1) },
        ),
        (
            13,
            &cast.expert,
            rendered(1, &texts.avis, Some(true), Some(&texts.fichier_avis)),
        ),
        (
            14,
            &cast.instructeur,
            Event::Annotated {
                annotation: "suite".to_owned(),
                valeur: Some(Valeur::Text(texts.annotation.clone())),
            },
        ),
        (
            14,
            &cast.instructeur,
            Event::Sent {
                to: Email::new(&texts.collegue),
            },
        ),
        (
            14,
            &cast.instructeur,
            Event::Followed {
                instructeur: Email::new(&texts.collegue),
            },
        ),
        (
            15,
            &cast.instructeur,
            Event::Reassigned {
                groupe: "Intérieur".to_owned(),
            },
        ),
        (
            15,
            &cast.instructeur,
            Event::Bounced {
                address: Email::new(&texts.autre_expert),
                why: texts.bounce.clone(),
            },
        ),
        (
            16,
            &cast.instructeur,
            requested(4, &texts.autre_expert, texts, false),
        ),
        (
            20,
            &cast.instructeur,
            Event::Decided {
                decision: Decision::Accepte,
                motivation: Some(texts.motivation.clone()),
                justificatif: Some(piece(&texts.fichier, 96_000)),
                proposal: None,
            },
        ),
        (20, &cast.instructeur, Event::AvisClosed { avis: AvisId(4) }),
        (
            20,
            &Person::Greffier,
            Event::AttestationMade {
                piece: piece("Attestation.pdf", 41_000),
            },
        ),
    ];
    told.into_iter()
        .enumerate()
        .map(|(minute, (day, by, event))| Recorded {
            at: at(day, i64::try_from(minute).unwrap_or(0)),
            by: by.clone(),
            event,
        })
        .collect()
}

/// Dossiers in every statut and situation, each with a name for messages.
pub fn dossiers(texts: &Texts) -> Vec<(&'static str, Dossier)> {
    let story = story(texts);
    let cast = Cast::of(texts);
    let after = |last: usize, more: Vec<Event>| {
        let more = more.into_iter().map(|event| Recorded {
            at: at(30, 0),
            by: cast.instructeur.clone(),
            event,
        });
        let events: Vec<Recorded> = story.iter().take(last).cloned().chain(more).collect();
        replay(&events)
    };
    let decided = |decision| {
        vec![Event::Decided {
            decision,
            motivation: Some(texts.motivation.clone()),
            justificatif: None,
            proposal: None,
        }]
    };
    let tombstone = Tombstone {
        number: DossierId(4807),
        demarche: DemarcheId(12),
        groupe: "Littoral".to_owned(),
        statut: Statut::Refuse,
        deposited: at(0, 0),
        decided: Some(at(20, 0)),
        trashed: at(25, 0),
        expired: false,
    };
    let all = [
        ("new", after(1, vec![])),
        ("waiting for a correction", after(4, vec![])),
        ("corrected", after(6, vec![])),
        ("en instruction", after(13, vec![])),
        (
            "with a message taken back",
            after(
                13,
                vec![Event::MessageWithdrawn {
                    message: MessageId(2),
                }],
            ),
        ),
        (
            "with avis rendered",
            after(23, vec![Event::AvisUnclear { avis: AvisId(4) }]),
        ),
        (
            "with an avis revoked",
            after(12, vec![Event::AvisRevoked { avis: AvisId(1) }]),
        ),
        ("accepted", after(26, vec![])),
        (
            "accepted without a reason",
            after(
                7,
                vec![Event::Decided {
                    decision: Decision::Accepte,
                    motivation: None,
                    justificatif: None,
                    proposal: None,
                }],
            ),
        ),
        ("refused", after(20, decided(Decision::Refuse))),
        ("sans suite", after(20, decided(Decision::SansSuite))),
        ("reopened", after(26, vec![Event::Reopened])),
        ("archived", after(26, vec![Event::Archived])),
        (
            "expiring",
            after(26, vec![Event::ExpiryNoticed { expires: at(44, 0) }]),
        ),
        (
            "expired",
            after(
                26,
                vec![Event::ExpiryNoticed { expires: at(44, 0) }, Event::Expired],
            ),
        ),
        ("deleted", after(26, vec![Event::Deleted])),
        ("purged", after(26, vec![Event::Purged { tombstone }])),
    ];
    all.into_iter()
        .filter_map(|(name, dossier)| dossier.map(|dossier| (name, dossier)))
        .collect()
}
