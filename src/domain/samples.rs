//! One of everything: a démarche, the life of a dossier, each notice, each refusal. `greffier check` words them all,
//! and tests are made of them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::*;

/// Whatever people wrote or are called in the samples. Tests put other words in their place.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "each is named for what it is")]
pub struct Texts {
    pub nom: String,
    pub prenom: String,
    pub usager: String,
    pub invite: String,
    pub expert: String,
    pub autre_expert: String,
    pub instructeur: String,
    pub collegue: String,
    pub champ: String,
    pub annotation: String,
    pub etiquette: String,
    pub message: String,
    pub reponse: String,
    pub correction: String,
    pub demande: String,
    pub question: String,
    pub avis: String,
    pub avis_partage: String,
    pub avis_confidentiel: String,
    pub motivation: String,
    pub fichier: String,
    pub fichier_avis: String,
    pub bounce: String,
}

impl Default for Texts {
    fn default() -> Self {
        let text = str::to_owned;
        Self {
            nom: text("Durand"),
            prenom: text("Camille"),
            usager: text("camille.durand@exemple.example"),
            invite: text("architecte@atelier.example"),
            expert: text("abf@culture.example"),
            autre_expert: text("sdis@secours.example"),
            instructeur: text("ines.roux@ddt-nord.example"),
            collegue: text("paul.lefevre@ddt-nord.example"),
            champ: text("Réfection de la toiture en ardoise,\npose de deux lucarnes côté jardin."),
            annotation: text("Visite prévue avec la mairie"),
            etiquette: text("Prioritaire"),
            message: text(
                "Pourriez-vous nous envoyer une photo de la façade sur rue ?\n\nUne vue d’ensemble suffit.",
            ),
            reponse: text("Voici la photo demandée.\nBien cordialement,\nCamille Durand"),
            correction: text(
                "Le plan de masse n’est pas à l’échelle. Merci d’en joindre un nouveau.",
            ),
            demande: text(
                "Le projet est dans les abords de l’église. Merci de nous donner votre avis sur les lucarnes.",
            ),
            question: text("Êtes-vous favorable au projet ?"),
            avis: text(
                "Oui, sous réserve que les lucarnes soient alignées sur les baies de l’étage.",
            ),
            avis_partage: text("Pas d’observation quant à la sécurité."),
            avis_confidentiel: text("Une procédure est en cours sur la parcelle voisine."),
            motivation: text(
                "Le projet respecte le règlement du site.\nLes lucarnes seront alignées sur les baies.",
            ),
            fichier: text("Plan de masse.pdf"),
            fichier_avis: text("Croquis des lucarnes.pdf"),
            bounce: text("5.1.1 Adresse inconnue"),
        }
    }
}

fn at(day: i64, minute: i64) -> Timestamp {
    let start = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(1_717_401_120);
    start + SignedDuration::from_hours(24 * day) + SignedDuration::from_mins(minute)
}

/// The time at which the samples are told: one day after the last event.
pub fn now() -> Timestamp {
    at(40, 0)
}

fn champ(id: &str, libelle: &str, kind: ChampType) -> Champ {
    Champ {
        id: id.to_owned(),
        libelle: libelle.to_owned(),
        kind,
        obligatoire: false,
        options: Vec::new(),
        champs: Vec::new(),
    }
}

fn piece(name: &str, bytes: u64) -> Piece {
    Piece {
        hash: "0".repeat(64),
        name: name.to_owned(),
        media_type: "application/pdf".to_owned(),
        bytes,
    }
}

/// A démarche with a bit of everything.
pub fn demarche(texts: &Texts) -> Demarche {
    let groupe = |label: &str, instructeurs: &[&String]| Groupe {
        label: label.to_owned(),
        instructeurs: instructeurs.iter().map(|email| Email::new(email)).collect(),
        valeurs: Vec::new(),
        ferme: false,
    };
    let lignes = Champ {
        champs: vec![
            champ("nature", "Nature", ChampType::Text),
            champ("montant", "Montant en euros", ChampType::IntegerNumber),
        ],
        ..champ("depenses", "Dépenses prévues", ChampType::Repetition)
    };
    Demarche {
        number: DemarcheId(12),
        titre: "Autorisation de travaux en site classé".to_owned(),
        description: "Demander l’autorisation de modifier l’état d’un site classé.".to_owned(),
        service: "Direction départementale des territoires du Nord".to_owned(),
        etat: Etat::Publiee,
        declarative: None,
        conservation_mois: 12,
        conservation_en_construction: false,
        attestation: true,
        motivation_dans_mail: true,
        experts: ExpertPolicy {
            policy: Policy::List,
            list: vec![Email::new(&texts.expert), Email::new(&texts.autre_expert)],
            decision_access: true,
        },
        routage: None,
        groupes: vec![
            groupe("Littoral", &[&texts.instructeur, &texts.collegue]),
            groupe("Intérieur", &[&texts.collegue]),
        ],
        champs: vec![
            champ("titre", "Le projet", ChampType::HeaderSection),
            champ("travaux", "Description des travaux", ChampType::Textarea),
            champ("surface", "Surface en m²", ChampType::DecimalNumber),
            champ("abords", "Dans les abords d’un monument", ChampType::YesNo),
            champ("plan", "Plan de masse", ChampType::PieceJustificative),
            lignes,
        ],
        annotations: vec![
            champ("suite", "Suites à donner", ChampType::Text),
            champ("visite", "Visite faite", ChampType::YesNo),
        ],
        etiquettes: vec![texts.etiquette.clone(), "À revoir".to_owned()],
        mail: MailTexts {
            depot: Some("Le délai d’instruction est de deux mois.".to_owned()),
            instruction: Some("Une visite du site peut vous être proposée.".to_owned()),
            accepte: Some("Vous pouvez contester cette décision devant le tribunal administratif dans les deux mois.".to_owned()),
            refuse: Some("Vous pouvez contester cette décision devant le tribunal administratif dans les deux mois.".to_owned()),
            sans_suite: Some("Vous pouvez déposer un nouveau dossier à tout moment.".to_owned()),
        },
    }
}

/// The people of the samples.
struct Cast {
    usager: Person,
    instructeur: Person,
    expert: Person,
    autre_expert: Person,
}

impl Cast {
    fn of(texts: &Texts) -> Self {
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

/// Each kind of notice, of the dossiers of [`story`].
pub fn notices(texts: &Texts) -> Vec<Notice> {
    let cast = Cast::of(texts);
    let avis = AvisId(1);
    let message = MessageId(1);
    vec![
        Notice::Deposited,
        Notice::Modified {
            champs: vec!["Plan de masse".to_owned(), "Surface en m²".to_owned()],
        },
        Notice::Followed {
            instructeur: Email::new(&texts.instructeur),
        },
        Notice::Unfollowed {
            instructeur: Email::new(&texts.instructeur),
        },
        Notice::PassedToInstruction,
        Notice::ReturnedToConstruction,
        Notice::CorrectionRequested { message },
        Notice::CorrectionResolved,
        Notice::Decided {
            decision: Decision::Accepte,
        },
        Notice::Decided {
            decision: Decision::Refuse,
        },
        Notice::Decided {
            decision: Decision::SansSuite,
        },
        Notice::AttestationMade,
        Notice::Reopened,
        Notice::Archived,
        Notice::Unarchived,
        Notice::Deleted,
        Notice::Restored,
        Notice::Extended,
        Notice::ExpiryNoticed { expires: at(44, 0) },
        Notice::Expired,
        Notice::Purged,
        Notice::MessagePosted {
            message: MessageId(2),
            author: cast.instructeur,
        },
        Notice::MessagePosted {
            message: MessageId(3),
            author: cast.usager,
        },
        Notice::MessageWithdrawn {
            message: MessageId(2),
        },
        Notice::AvisRequested { avis },
        Notice::AvisRendered { avis },
        Notice::AvisUnclear { avis },
        Notice::AvisReminded { avis },
        Notice::AvisRevoked { avis },
        Notice::AvisClosed { avis: AvisId(4) },
        Notice::Annotated {
            libelle: "Suites à donner".to_owned(),
        },
        Notice::Labelled {
            etiquette: texts.etiquette.clone(),
            on: true,
        },
        Notice::Labelled {
            etiquette: texts.etiquette.clone(),
            on: false,
        },
        Notice::Sent {
            recipient: Email::new(&texts.collegue),
        },
        Notice::Reassigned {
            from: "Littoral".to_owned(),
            groupe: "Intérieur".to_owned(),
        },
        Notice::Bounced {
            address: Email::new(&texts.autre_expert),
            why: texts.bounce.clone(),
        },
    ]
}

/// Each kind of refusal.
pub fn refusals(texts: &Texts) -> Vec<Refusal> {
    let avis = AvisId(1);
    let decisions = [Decision::Accepte, Decision::Refuse, Decision::SansSuite];
    let mut all = vec![
        Refusal::UnknownDossier {
            number: DossierId(4809),
        },
        Refusal::WrongStatut {
            act: "archive".to_owned(),
            statut: Statut::EnInstruction,
            needed: vec![Statut::Accepte, Statut::Refuse, Statut::SansSuite],
        },
        Refusal::WrongStatut {
            act: "pass_to_instruction".to_owned(),
            statut: Statut::Accepte,
            needed: vec![Statut::EnConstruction],
        },
        Refusal::WrongStatut {
            act: "accept".to_owned(),
            statut: Statut::Refuse,
            needed: vec![Statut::EnInstruction],
        },
        Refusal::WrongStatut {
            act: "return_to_construction".to_owned(),
            statut: Statut::SansSuite,
            needed: vec![Statut::EnInstruction],
        },
        Refusal::TextRequired,
        Refusal::TextTooLong { max: MAX_TEXT },
        Refusal::Archived,
        Refusal::NotArchived,
        Refusal::Trashed,
        Refusal::NotTrashed,
        Refusal::CorrectionPending,
        Refusal::NoCorrection,
        Refusal::MissingAnnotations {
            libelles: vec!["Visite faite".to_owned()],
        },
        Refusal::NoExpert,
        Refusal::BadAddress {
            address: "abf.culture.example".to_owned(),
        },
        Refusal::ExpertNotListed {
            expert: Email::new("voisin@exemple.example"),
            list: vec![Email::new(&texts.expert), Email::new(&texts.autre_expert)],
        },
        Refusal::ExpertNotListed {
            expert: Email::new("voisin@exemple.example"),
            list: Vec::new(),
        },
        Refusal::AvisPending {
            expert: Email::new(&texts.expert),
            avis,
        },
        Refusal::UnknownAvis {
            avis: AvisId(9),
            known: vec![avis, AvisId(2)],
        },
        Refusal::UnknownAvis {
            avis: AvisId(9),
            known: Vec::new(),
        },
        Refusal::NoOpenAvis,
        Refusal::AvisAnswered { avis },
        Refusal::AvisRevoked { avis },
        Refusal::AvisClosed { avis },
        Refusal::NotInCharge,
        Refusal::UnknownAnnotation {
            annotation: "visites".to_owned(),
            known: vec!["Suites à donner".to_owned(), "Visite faite".to_owned()],
        },
        Refusal::UnknownAnnotation {
            annotation: "visites".to_owned(),
            known: Vec::new(),
        },
        Refusal::BadValue {
            libelle: "Visite faite".to_owned(),
            detail: "« oui » ou « non » est attendu".to_owned(),
        },
        Refusal::UnknownGroupe {
            groupe: "Montagne".to_owned(),
            known: vec!["Littoral".to_owned(), "Intérieur".to_owned()],
        },
        Refusal::SameGroupe {
            groupe: "Littoral".to_owned(),
        },
        Refusal::NotAnInstructeur {
            email: Email::new("julie.petit@ddt-nord.example"),
        },
        Refusal::UnknownEtiquette {
            etiquette: "urgent".to_owned(),
            known: vec!["Prioritaire".to_owned(), "À revoir".to_owned()],
        },
        Refusal::UnknownEtiquette {
            etiquette: "urgent".to_owned(),
            known: Vec::new(),
        },
        Refusal::TooLarge {
            name: texts.fichier.clone(),
            max: MAX_PIECE,
        },
        Refusal::NotExpiring,
        Refusal::NothingToWithdraw,
        Refusal::TooLateToWithdraw,
        Refusal::NotEditable {
            statut: Statut::EnInstruction,
        },
        Refusal::NotAllowed,
        Refusal::DemarcheClosed,
    ];
    all.extend(decisions.map(|decision| Refusal::NotInstructed { decision }));
    all.extend(decisions.map(|decision| Refusal::MotivationRequired { decision }));
    all
}

/// Each kind of event.
pub fn events(texts: &Texts) -> Vec<Event> {
    let mut all: Vec<Event> = story(texts)
        .into_iter()
        .map(|recorded| recorded.event)
        .collect();
    all.extend([
        Event::Unfollowed {
            instructeur: Email::new(&texts.instructeur),
        },
        Event::ReturnedToConstruction,
        Event::Reopened,
        Event::Archived,
        Event::Unarchived,
        Event::Deleted,
        Event::Restored,
        Event::Extended,
        Event::ExpiryNoticed { expires: at(44, 0) },
        Event::Expired,
        Event::Purged {
            tombstone: Tombstone {
                number: DossierId(4807),
                demarche: DemarcheId(12),
                groupe: "Littoral".to_owned(),
                statut: Statut::Accepte,
                deposited: at(0, 0),
                decided: Some(at(20, 0)),
                trashed: at(25, 0),
                expired: true,
            },
        },
        Event::MessageWithdrawn {
            message: MessageId(2),
        },
        Event::AvisUnclear { avis: AvisId(1) },
        Event::AvisRevoked { avis: AvisId(1) },
        Event::Unlabelled {
            etiquette: texts.etiquette.clone(),
        },
        Event::Seen {
            instructeur: Email::new(&texts.instructeur),
            marks: BTreeSet::from([Mark::Avis]),
        },
    ]);
    all
}
