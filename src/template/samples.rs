//! One of each answer and of each mail or room line outside a dossier, for `greffier check` and tests.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::domain::samples::{self, Texts};
use crate::domain::stats::Usual;
use crate::domain::{
    AvisId, DemarcheId, DossierId, Email, Etat, ExpertPolicy, Mark, Onglet, Policy, Privacy,
    Statut, Topic, WhyUnread,
};

use super::answer::{
    AliasRow, Answer, BulkRow, DemarcheRow, DossierRow, Held, MailRow, PendingRow, PieceRow,
    PieceState, RoomRow, UnreadRow,
};

/// Names of the mails that [`super::Templates::mail_named`] words, with when each is sent.
pub const MAILS: [(&str, &str); 30] = [
    (
        "proposition",
        "an `act` on the dossier `number`, or on `count`, that `instructeur` proposes and another confirms by the `code`",
    ),
    ("lier", "`lier`: the `code`, valid `until`"),
    (
        "sender_not_expected",
        "a reply from an address that was not written to",
    ),
    ("quarantined", "a mail held for another `reason`"),
    (
        "rejected",
        "a held mail that an instructeur turned away, with his `reason`",
    ),
    ("avis_revoked", "an answer to an avis that was revoked"),
    ("avis_closed", "an answer to an avis after the decision"),
    ("dossier_archived", "a message to an archived dossier"),
    (
        "dossier_deleted",
        "a message to a deleted or purged dossier",
    ),
    (
        "unknown_address",
        "a mail to an address that stands for nothing",
    ),
    (
        "too_large",
        "an attachment, `name`, of more than `max` bytes",
    ),
    (
        "mail_too_large",
        "a mail that is larger as a whole than what is taken",
    ),
    (
        "encrypted",
        "a mail from the one expected that only its addressee could read",
    ),
    ("text_required", "a reply with nothing new in it"),
    ("not_understood", "a reply that could not be read"),
    ("not_allowed", "anything else that was refused"),
    (
        "reply_expired",
        "a reply so long after our last mail that its address has expired",
    ),
    (
        "address_retired",
        "a reply to an address sealed with a key that was retired since",
    ),
    (
        "replayed",
        "another mail with the `Message-ID` of one that is filed",
    ),
    (
        "too_many",
        "more mails in a short time than are filed unseen",
    ),
    (
        "instructeur_unproven",
        "an instructeur's answer to an usager that nothing proves to be his",
    ),
    (
        "instructeur_empty",
        "an instructeur's answer to an usager without a text",
    ),
    (
        "instructeur_left",
        "an answer of somebody who does not instruct the dossier any more",
    ),
    (
        "attachment_refused",
        "an instructeur's answer with a file, `name`, that is not taken",
    ),
    (
        "demarche_closed",
        "a deposit by mail on the closed démarche `titre`",
    ),
    (
        "deposit_refused",
        "a deposit by mail with `errors`, each with a `detail`",
    ),
    (
        "formulaire",
        "the form of a démarche, or of the dossier `number`: `items`, what is wrong (`faults`), `files`, `code`, `reason`",
    ),
    (
        "modification",
        "answers of the dossier `number` that its usager changed by mail: `changes`",
    ),
    (
        "pas_modifiable",
        "answers by mail to a dossier that is not en construction any more",
    ),
    (
        "depot_fait",
        "a form that became the dossier `number` already; `address` gives a new one",
    ),
];

/// Wordings of several dossiers or démarches, by mail and in private: a burst of notices, the summary of a day or a week.
pub const TOGETHER: [&str; 2] = ["rafale", "recapitulatif"];

/// What a mail outside a dossier may want to know. Keys that are left out count as absent.
pub const MAIL_KEYS: [&str; 24] = [
    "service",
    "number",
    "avis",
    "subject",
    "reason",
    "code",
    "until",
    "name",
    "max",
    "titre",
    "errors",
    "periode",
    "rows",
    "act",
    "count",
    "instructeur",
    "items",
    "faults",
    "files",
    "test",
    "description",
    "changes",
    "address",
    "repondre",
];

/// Names of the lines that [`super::Templates::room_named`] words.
pub const ROOM_LINES: [&str; 4] = ["held", "held_dealt", "undelivered", "bulk"];

/// A full context for the mails of [`MAILS`].
pub fn mail_fields(texts: &Texts) -> Value {
    json!({
        "service": "Direction départementale des territoires du Nord",
        "number": 4807,
        "avis": 1,
        "subject": format!("RE: [Dossier 4807] {}", texts.reponse),
        "reason": "sender",
        "code": "K7M2X4",
        "until": samples::now(),
        "name": texts.fichier,
        "max": 20 * 1024 * 1024,
        "titre": "Autorisation de travaux en site classé",
        "errors": [{ "pointer": "/champs/surface", "detail": "un nombre est attendu" }],
        "act": "accept",
        "count": 312,
        "instructeur": texts.instructeur,
        "items": [
            { "title": "Les travaux", "row": 1 },
            {
                "title": null, "marker": "6", "label": "Surface en m²", "hint": "facultatif ; un nombre", "options": [],
                "prompt": true, "value": texts.reponse,
            },
            {
                "title": null, "marker": "7", "label": "Nature des travaux", "hint": "obligatoire", "prompt": false,
                "options": [{ "number": 1, "label": "Toiture", "ticked": true }], "value": null,
            },
        ],
        "faults": [
            { "marker": "6", "label": "Surface en m²", "typed": texts.reponse, "detail": "un nombre est attendu" },
            { "marker": null, "label": texts.fichier, "typed": null, "detail": "fichier écarté" },
        ],
        "files": [texts.fichier],
        "test": true,
        "description": "Pour modifier un site classé.",
        "changes": [{ "marker": "6", "label": "Surface en m²", "before": "12", "now": texts.reponse }],
        "address": "depot+12@greffier.example",
        "repondre": false,
    })
}

/// Full contexts for a wording of [`TOGETHER`].
pub fn together_fields(name: &str) -> Vec<Value> {
    let titre = "Autorisation de travaux en site classé";
    if name == "rafale" {
        let row = |number: u64, what: &str, statut: &str| json!({ "number": number, "what": what, "statut": statut, "at": samples::now() });
        let rows = [
            row(4807, "deposited", "en_construction"),
            row(4808, "deposited", "en_instruction"),
            row(4809, "reassigned", "en_construction"),
            row(4810, "expiry_noticed", "accepte"),
            row(4811, "expired", "refuse"),
        ];
        return vec![json!({ "titre": titre, "number": 12, "rows": rows })];
    }
    let row = json!({
        "number": 12, "titre": titre, "nouveaux": 3, "en_construction": 4, "en_instruction": 9, "en_cours": 13,
        "a_suivre": 1, "suivis": 8, "expirants": 2, "marques": 3, "demande": 1, "messagerie": 2, "avis": 1, "annotations": 1,
        "anciens": 2, "anciens_numeros": [4807, 4809], "instruits": 5,
    });
    let mut many = row.clone();
    if let Some(many) = many.as_object_mut() {
        for unknown in ["en_construction", "en_instruction", "anciens", "instruits"] {
            many.insert(unknown.to_owned(), Value::Null);
        }
        many.insert("anciens_numeros".to_owned(), json!([]));
    }
    let digest = |periode: &str| json!({ "periode": periode, "rows": [row, many] });
    vec![digest("jour"), digest("semaine")]
}

/// A full context for the lines of [`ROOM_LINES`].
pub fn room_fields(texts: &Texts) -> Value {
    json!({
        "id": "3",
        "number": 4807,
        "reason": "sender",
        "network": "mail",
        "from": texts.usager,
        "subject": format!("RE: {}", texts.reponse),
        "address": texts.usager,
        "why": texts.bounce,
        "excerpt": texts.reponse,
        "instructeur": texts.instructeur,
        "takeable": true,
        "allowable": false,
        "state": "accepted",
        "other": "4",
        "by": texts.instructeur,
        "act": "accept",
        "count": 312,
        "numbers": "4807-5118",
    })
}

fn held(texts: &Texts, at: Timestamp) -> Held {
    Held {
        id: "3".to_owned(),
        at,
        from: Some(texts.usager.clone()),
        subject: Some(format!("RE: {}", texts.reponse)),
        dossier: Some(DossierId(4807)),
        avis: Some(AvisId(1)),
        instructeur: Some(Email::new(&texts.instructeur)),
        reason: "sender".to_owned(),
        attachments: vec![(texts.fichier.clone(), 2_400_000)],
        takeable: true,
        allowable: false,
    }
}

fn uncertain(doubt: &str) -> Answer {
    Answer::Uncertain {
        doubt: doubt.to_owned(),
        typed: "confirmer K7M2".to_owned(),
    }
}

/// Rows of what became of dossiers.
fn bulk_rows(states: &[(&str, Option<&str>)]) -> Vec<BulkRow> {
    let row = |(state, reason): &(&str, Option<&str>)| BulkRow {
        state: (*state).to_owned(),
        reason: reason.map(str::to_owned),
        count: 3,
        numbers: "4807-4809".to_owned(),
    };
    states.iter().map(row).collect()
}

fn bulk_preview(texts: &Texts, code: Option<&str>) -> Answer {
    let refused = [("refused", Some("ce dossier est archivé")), ("more", None)];
    Answer::BulkPreview {
        act: "accept".to_owned(),
        doable: if code.is_some() { 312 } else { 0 },
        numbers: "4807-5118".to_owned(),
        chained: 2,
        already: 1,
        words: Some(texts.motivation.clone()),
        details: vec![texts.expert.clone()],
        files: vec![texts.fichier.clone()],
        rows: bulk_rows(&refused),
        outside: "4700, 4703".to_owned(),
        told: vec!["312 usagers".to_owned(), "2 experts".to_owned()],
        open_avis: 1,
        old: 1,
        second: true,
        code: code.map(str::to_owned),
        until: samples::now(),
    }
}

fn bulk_done(done: usize, left: usize) -> Answer {
    Answer::BulkDone {
        act: "accept".to_owned(),
        total: 312,
        done,
        left,
        rows: bulk_rows(&[
            ("done", None),
            ("already", None),
            ("refused", Some("ce dossier est archivé")),
            ("stopped", None),
            ("more", None),
        ]),
    }
}

fn proposal(texts: &Texts, state: &str, one: bool) -> Answer {
    Answer::Proposal {
        act: "refuse".to_owned(),
        by: Email::new(&texts.instructeur),
        other: (state != "waiting").then(|| Email::new(&texts.instructeur)),
        state: state.to_owned(),
        number: one.then_some(DossierId(4807)),
        numbers: "4807-5118".to_owned(),
        count: if one { 1 } else { 312 },
        motivation: Some(texts.motivation.clone()),
        justificatif: Some(texts.fichier.clone()),
        code: "K7M2".to_owned(),
        until: samples::now(),
    }
}

fn room_row(configured: bool) -> RoomRow {
    RoomRow {
        network: "matrix".to_owned(),
        id: "!salle:agent.example".to_owned(),
        encrypted: !configured,
        configured,
        demarche: (!configured).then(|| {
            (
                DemarcheId(12),
                "Autorisation de travaux en site classé".to_owned(),
            )
        }),
        groupe: (!configured).then(|| "Littoral".to_owned()),
        privacy: Privacy::Standard,
        threads: !configured,
        externals: configured,
        notify: (!configured).then(|| vec![Topic::Depot, Topic::Avis]),
    }
}

fn held_accepted(number: DossierId, sent: bool) -> Answer {
    Answer::HeldAccepted {
        id: "3".to_owned(),
        number,
        sent,
    }
}

fn alias_allowed(texts: &Texts, number: DossierId, wide: bool) -> Answer {
    Answer::AliasAllowed {
        address: Email::new(&texts.autre_expert),
        person: Email::new(&texts.expert),
        number,
        wide,
    }
}

fn not_allowable(reason: &str) -> Answer {
    Answer::NotAllowable {
        id: "3".to_owned(),
        reason: reason.to_owned(),
    }
}

fn alias_row(
    texts: &Texts,
    at: Timestamp,
    number: Option<DossierId>,
    demarche: Option<DemarcheId>,
) -> AliasRow {
    AliasRow {
        address: Email::new(&texts.autre_expert),
        person: Email::new(&texts.expert),
        number,
        demarche,
        by: Email::new(&texts.instructeur),
        at,
    }
}

fn pieces_given(states: &[PieceState], next: Option<usize>) -> Answer {
    let row = |(index, state): (usize, &PieceState)| PieceRow {
        number: index + 1,
        state: *state,
        place: None,
    };
    Answer::Piece {
        rows: states.iter().enumerate().map(row).collect(),
        max: 2_000_000,
        next,
    }
}

fn dossier_rows(texts: &Texts, at: Timestamp) -> Vec<DossierRow> {
    let row = |number, statut, marks, followers, en_attente| DossierRow {
        number: DossierId(number),
        demandeur: Some(format!("{} {}", texts.prenom, texts.nom)),
        statut,
        deposited: at,
        marks,
        followers,
        en_attente,
        reponse_attendue: en_attente && followers > 0,
        open_avis: followers,
        archived: false,
        etiquettes: vec![texts.etiquette.clone()],
        colonnes: vec![("Description des travaux".to_owned(), texts.champ.clone())],
    };
    vec![
        row(
            4807,
            Statut::EnInstruction,
            vec![Mark::Messagerie, Mark::Avis],
            2,
            false,
        ),
        row(4808, Statut::EnConstruction, Vec::new(), 0, true),
        row(4809, Statut::SansSuite, Vec::new(), 1, false),
    ]
}

/// Each kind of answer.
#[expect(clippy::too_many_lines, reason = "one item for each answer")]
pub fn answers(texts: &Texts) -> Vec<Answer> {
    let at = samples::now();
    let later = at + SignedDuration::from_mins(5);
    let number = DossierId(4807);
    let titled = (
        DemarcheId(12),
        "Autorisation de travaux en site classé".to_owned(),
    );
    let done = |act: &str, already, undo_until| Answer::Done {
        act: act.to_owned(),
        number,
        already,
        undo_until,
    };
    let preview = |act: &str, chained, old_acceptance| Answer::Preview {
        act: act.to_owned(),
        chained,
        motivation: Some(texts.motivation.clone()),
        justificatif: Some(texts.fichier.clone()),
        told: vec!["l’usager".to_owned(), "2 experts".to_owned()],
        open_avis: 1,
        waiting: usize::from(chained),
        old_acceptance,
        blank: if chained {
            vec!["prénom".to_owned()]
        } else {
            Vec::new()
        },
        second: chained,
        code: "K7M2".to_owned(),
        until: later,
    };
    let mail_row = |received, state: &str, why: Option<&str>| MailRow {
        received,
        at,
        address: texts.usager.clone(),
        subject: format!("[Dossier 4807] {}", texts.reponse),
        state: state.to_owned(),
        why: why.map(str::to_owned),
    };
    let onglets = [
        (Onglet::ASuivre, 3, true),
        (Onglet::Suivis, 8, false),
        (Onglet::Total, 120, false),
    ];
    let list = |rows, total, next: Option<&str>| Answer::Dossiers {
        demarche: Some(titled.clone()),
        onglet: Onglet::Suivis,
        texte: None,
        partout: false,
        rows,
        total,
        fitting: None,
        at_least: false,
        filters: Vec::new(),
        tri: None,
        pastille: false,
        page: 1,
        next: next.map(str::to_owned),
        previous: None,
    };
    let filtered = |at_least| Answer::Dossiers {
        demarche: Some(titled.clone()),
        onglet: Onglet::Total,
        texte: None,
        partout: false,
        rows: dossier_rows(texts, at),
        total: 120_000,
        fitting: Some(23),
        at_least,
        filters: vec![("Demandeur".to_owned(), texts.nom.clone())],
        tri: Some(("Date de dépôt".to_owned(), false)),
        pastille: true,
        page: 2,
        next: None,
        previous: Some("dossiers au total 12 page=1".to_owned()),
    };
    let searched = |rows: Vec<DossierRow>| Answer::Dossiers {
        demarche: None,
        onglet: Onglet::Total,
        texte: Some(texts.nom.clone()),
        partout: true,
        fitting: Some(rows.len() as u64),
        rows,
        total: 120,
        at_least: false,
        filters: Vec::new(),
        tri: None,
        pastille: false,
        page: 1,
        next: None,
        previous: None,
    };
    vec![
        done("post", false, Some(later)),
        done("follow", false, None),
        done("follow", true, None),
        done("archive", true, None),
        preview("accept", true, None),
        preview("refuse", false, None),
        preview("dismiss", false, None),
        preview("reopen", false, Some(5)),
        preview("delete", false, None),
        preview("return_to_construction", false, None),
        Answer::NoConfirmation,
        Answer::Pending { rows: Vec::new() },
        Answer::Pending {
            rows: vec![
                pending_row(Some(DossierId(4807)), 1),
                pending_row(None, 312),
            ],
        },
        Answer::ConfirmationExpired,
        Answer::Cancelled {
            act: "accept".to_owned(),
            number: Some(number),
            count: 1,
        },
        Answer::Cancelled {
            act: "accept".to_owned(),
            number: None,
            count: 312,
        },
        Answer::NothingToCancel,
        Answer::Moved { number },
        Answer::NotLinked,
        Answer::NoRight,
        Answer::NotYetRead {
            reading: vec![DemarcheId(12)],
        },
        Answer::AdministrateurOnly,
        uncertain("device"),
        uncertain("clear"),
        uncertain("identity"),
        uncertain("reaction"),
        Answer::Unreadable { unverified: false },
        Answer::Unreadable { unverified: true },
        Answer::EditedTooLate,
        Answer::FileUnread,
        Answer::FileInfected,
        Answer::Outsiders,
        Answer::PutOut,
        Answer::NotHere,
        Answer::Hindered,
        Answer::TooLate,
        Answer::Making,
        Answer::Asked,
        Answer::NotMade,
        Answer::NoAttestation {
            number: DossierId(4807),
        },
        Answer::AttestationThere {
            number: DossierId(4807),
        },
        Answer::Stats {
            demarche: (
                DemarcheId(12),
                "Travaux aux abords d’un monument".to_owned(),
            ),
            on: jiff::civil::date(2024, 6, 3),
            usual: Some(Usual {
                fast: 12,
                usual: 31,
                slow: 64,
            }),
            charts: vec!["Taux d’acceptation : 8 dossiers traités, dont 6 acceptés.".to_owned()],
            places: Vec::new(),
        },
        Answer::Stats {
            demarche: (
                DemarcheId(12),
                "Travaux aux abords d’un monument".to_owned(),
            ),
            on: jiff::civil::date(2024, 6, 3),
            usual: None,
            charts: Vec::new(),
            places: vec!["/var/lib/greffier/store/pieces/ab/cdef".to_owned()],
        },
        Answer::Made {
            number: DossierId(4807),
            places: vec!["/var/lib/greffier/store/pieces/ab/cdef".to_owned()],
        },
        exported(Vec::new(), None, 2),
        exported(
            vec!["/var/lib/greffier/store/pieces/ab/cdef".to_owned()],
            None,
            1,
        ),
        exported(
            Vec::new(),
            Some("https://greffier.example.org/exports/0f".to_owned()),
            1,
        ),
        Answer::ExportTooLarge {
            bytes: 80_000_000,
            max: 10_000_000,
        },
        Answer::ExportUnbounded {
            most: 2_000_000_000,
        },
        Answer::EnoughUnderWay { most: 3 },
        Answer::EnoughToday { most: 50 },
        Answer::Missed,
        Answer::Withheld,
        Answer::NothingSelected,
        Answer::TooManySelected { most: 500 },
        Answer::WhichDossier,
        bulk_preview(texts, Some("K7M2")),
        bulk_preview(texts, None),
        Answer::BulkRunning {
            act: "accept".to_owned(),
            code: "K7M2".to_owned(),
            total: 312,
            passed: 125,
            done: 123,
            refused: 2,
        },
        bulk_done(312, 0),
        bulk_done(123, 187),
        Answer::BulkFile,
        Answer::BulkStopped {
            done: 125,
            left: 187,
        },
        Answer::BulkBusy {
            code: "K7M2".to_owned(),
        },
        Answer::Proposed {
            code: "K7M2".to_owned(),
            until: later,
        },
        proposal(texts, "waiting", true),
        proposal(texts, "waiting", false),
        proposal(texts, "confirmed", true),
        proposal(texts, "asked", true),
        proposal(texts, "refused", false),
        proposal(texts, "failed", true),
        proposal(texts, "expired", true),
        Answer::OwnProposal,
        Answer::NoSecond,
        Answer::OneGroup,
        Answer::LinkCodeSent {
            email: Email::new(&texts.instructeur),
            reading: vec![DemarcheId(14), DemarcheId(15)],
        },
        Answer::Linked {
            email: Email::new(&texts.instructeur),
        },
        Answer::BadLinkCode,
        Answer::Unlinked,
        Answer::AccountsCut {
            email: Email::new(&texts.instructeur),
            count: 2,
        },
        Answer::UnknownAccount {
            name: "@ines:agent.example".to_owned(),
        },
        Answer::Accounts {
            email: Email::new(&texts.instructeur),
            accounts: vec![("matrix".to_owned(), "@ines:agent.example".to_owned())],
        },
        Answer::Accounts {
            email: Email::new(&texts.instructeur),
            accounts: Vec::new(),
        },
        Answer::Rooms {
            rows: vec![room_row(true), room_row(false)],
            here: false,
        },
        Answer::Rooms {
            rows: Vec::new(),
            here: true,
        },
        Answer::RoomBound {
            rows: vec![room_row(false)],
        },
        Answer::RoomUnbound,
        Answer::RoomConfigured,
        Answer::NotInRoom,
        Answer::RoomNotEncrypted,
        Answer::UnknownGroupe {
            name: "Montagne".to_owned(),
            known: vec!["Littoral".to_owned(), "Plaine".to_owned()],
        },
        Answer::Status {
            version: "0.1.0".to_owned(),
            email: Some(Email::new(&texts.instructeur)),
            groupes: vec![(DemarcheId(12), titled.1.clone(), "Littoral".to_owned())],
            outbox: 2,
            dead: 1,
            quarantine: 1,
            unread: unread_rows(at),
            reading: vec![DemarcheId(14)],
        },
        Answer::Unread {
            rows: unread_rows(at),
            over: false,
        },
        Answer::Unread {
            rows: unread_rows(at).into_iter().take(1).collect(),
            over: false,
        },
        Answer::Unread {
            rows: unread_rows(at),
            over: true,
        },
        Answer::Status {
            version: "0.1.0".to_owned(),
            email: None,
            groupes: Vec::new(),
            outbox: 0,
            dead: 0,
            quarantine: 0,
            unread: Vec::new(),
            reading: Vec::new(),
        },
        Answer::Demarches {
            rows: vec![DemarcheRow {
                number: DemarcheId(12),
                titre: titled.1.clone(),
                etat: Etat::Test,
                onglets: onglets
                    .map(|(onglet, count, mark)| (onglet.libelle().to_owned(), count, mark))
                    .to_vec(),
            }],
        },
        Answer::Demarches { rows: Vec::new() },
        list(
            dossier_rows(texts, at),
            43,
            Some("dossiers suivis 12 page=2"),
        ),
        list(Vec::new(), 0, None),
        filtered(false),
        filtered(true),
        searched(dossier_rows(texts, at)),
        searched(Vec::new()),
        Answer::Dossier,
        Answer::Demande,
        Answer::Annotations,
        Answer::Messages,
        Answer::Avis,
        Answer::Persons,
        Answer::History,
        Answer::Pieces,
        pieces_given(&[PieceState::Given], None),
        pieces_given(
            &[PieceState::Given, PieceState::TooLarge, PieceState::Missing],
            Some(4),
        ),
        Answer::UnknownPiece { number: 99 },
        Answer::Experts {
            demarche: titled.clone(),
            experts: ExpertPolicy {
                policy: Policy::List,
                list: vec![Email::new(&texts.expert), Email::new(&texts.autre_expert)],
                decision_access: true,
            },
        },
        Answer::Experts {
            demarche: titled.clone(),
            experts: ExpertPolicy::default(),
        },
        Answer::Quarantine {
            rows: vec![held(texts, at)],
            more: false,
        },
        Answer::Quarantine {
            rows: vec![held(texts, at); 30],
            more: true,
        },
        Answer::Quarantine {
            rows: Vec::new(),
            more: false,
        },
        Answer::QuarantineItem {
            held: held(texts, at),
            excerpt: texts.reponse.clone(),
        },
        Answer::UnknownHeld { id: "9".to_owned() },
        held_accepted(number, false),
        held_accepted(number, true),
        alias_allowed(texts, number, false),
        alias_allowed(texts, number, true),
        not_allowable("no_sender"),
        not_allowable("forged"),
        not_allowable("expected"),
        not_allowable("unfit"),
        not_allowable("stranger"),
        Answer::Aliases {
            rows: vec![
                alias_row(texts, at, Some(number), None),
                alias_row(texts, at, None, Some(titled.0)),
            ],
        },
        Answer::Aliases { rows: Vec::new() },
        Answer::AliasRevoked {
            address: Email::new(&texts.autre_expert),
            count: 2,
        },
        Answer::UnknownAlias {
            address: Email::new(&texts.autre_expert),
        },
        Answer::HeldRejected { id: "3".to_owned() },
        Answer::HeldInfected {
            id: "3".to_owned(),
            signature: "Win.Test.EICAR_HDB-1".to_owned(),
        },
        Answer::HeldNeedsDossier { id: "3".to_owned() },
        Answer::MailTrace {
            number,
            rows: vec![
                mail_row(true, "received", None),
                mail_row(false, "waiting", None),
                mail_row(false, "delayed", None),
                mail_row(false, "failed", Some(&texts.bounce)),
            ],
        },
        Answer::MailTrace {
            number,
            rows: Vec::new(),
        },
        Answer::Notifications {
            demarche: titled.clone(),
            choices: vec![
                ("depot".to_owned(), "chaque dossier déposé".to_owned(), true),
                (
                    "semaine".to_owned(),
                    "un récapitulatif chaque lundi".to_owned(),
                    false,
                ),
            ],
            deaf: true,
        },
        Answer::Columns {
            demarche: titled.clone(),
            chosen: vec![("surface".to_owned(), "Surface en m²".to_owned())],
            available: vec![(
                "abords".to_owned(),
                "Dans les abords d’un monument".to_owned(),
            )],
        },
        Answer::Columns {
            demarche: titled.clone(),
            chosen: Vec::new(),
            available: Vec::new(),
        },
        Answer::Sorted {
            demarche: titled.clone(),
            tri: Some(("Date de dépôt".to_owned(), true)),
            pastille: true,
        },
        Answer::Sorted {
            demarche: titled.clone(),
            tri: None,
            pastille: false,
        },
        Answer::BadFilter {
            column: "Nature".to_owned(),
            value: "Toitur".to_owned(),
            expected: "choice".to_owned(),
            choices: vec!["Toiture".to_owned(), "Façade".to_owned()],
            near: vec!["Toiture".to_owned()],
        },
        Answer::BadFilter {
            column: "Surface en m²".to_owned(),
            value: texts.champ.clone(),
            expected: "number".to_owned(),
            choices: Vec::new(),
            near: Vec::new(),
        },
        Answer::BadFilter {
            column: "Date de dépôt".to_owned(),
            value: texts.champ.clone(),
            expected: "day".to_owned(),
            choices: Vec::new(),
            near: Vec::new(),
        },
        Answer::BadFilter {
            column: "Demandeur".to_owned(),
            value: texts.champ.clone(),
            expected: "text".to_owned(),
            choices: Vec::new(),
            near: Vec::new(),
        },
        Answer::Filters {
            demarche: titled.clone(),
            filters: vec![("Demandeur".to_owned(), texts.nom.clone())],
        },
        Answer::Filters {
            demarche: titled.clone(),
            filters: Vec::new(),
        },
        Answer::UnknownColumn {
            name: "couleur".to_owned(),
            near: vec!["surface".to_owned()],
            known: vec!["surface".to_owned(), "abords".to_owned()],
        },
        Answer::UnknownDemarche {
            number: Some(DemarcheId(99)),
            known: vec![(titled.0, titled.1.clone(), None)],
        },
        Answer::UnknownDemarche {
            number: None,
            known: vec![(titled.0, titled.1, Some("exporter demarche=12".to_owned()))],
        },
        Answer::UnknownDemarche {
            number: None,
            known: Vec::new(),
        },
    ]
}

fn pending_row(number: Option<DossierId>, count: usize) -> PendingRow {
    PendingRow {
        code: "K7M2".to_owned(),
        act: "accept".to_owned(),
        number,
        count,
        until: samples::now(),
    }
}

fn exported(places: Vec<String>, link: Option<String>, parts: usize) -> Answer {
    let kept = link.is_some() || !places.is_empty();
    Answer::Exported {
        demarche: (
            DemarcheId(12),
            "Autorisation de travaux en site classé".to_owned(),
        ),
        dossiers: if parts > 1 { 128 } else { 1 },
        missing: parts as u64 - 1,
        elsewhere: 2 * (parts as u64 - 1),
        parts,
        places,
        link,
        until: kept.then(samples::now),
    }
}

fn unread_rows(at: Timestamp) -> Vec<UnreadRow> {
    let whys = [WhyUnread::Token, WhyUnread::Away, WhyUnread::Hidden];
    let rows = whys.into_iter().zip(12..).map(|(cause, number)| UnreadRow {
        demarche: DemarcheId(number),
        since: at,
        cause,
    });
    rows.collect()
}
