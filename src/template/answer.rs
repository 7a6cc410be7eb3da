//! Answers to commands: each is a folder of `templates/answer/`, its fields are what the template sees beside the scene.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use crate::domain::stats::Usual;
use crate::domain::{
    AvisId, DemarcheId, DossierId, Email, Etat, ExpertPolicy, Mark, Onglet, Privacy, Statut, Topic,
    WhyUnread,
};

/// An answer to a command.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// An act was done, or was so already.
    Done {
        /// The act's domain tag: `follow`, `post`…
        act: String,
        /// Which dossier.
        number: DossierId,
        /// It was so already; nothing happened.
        already: bool,
        /// Until when it can be taken back with `annuler`.
        undo_until: Option<Timestamp>,
    },
    /// An act that needs confirmation, as it will be done. The scene's dossier is the one.
    Preview {
        /// The act's domain tag: `accept`, `refuse`, `dismiss`, `reopen`, `delete`, `return_to_construction`.
        act: String,
        /// The dossier passes en instruction first.
        chained: bool,
        /// The motivation, as it will be sent.
        motivation: Option<String>,
        /// Name of the justificatif, if one.
        justificatif: Option<String>,
        /// Who will be told, in words: "l’usager", "2 experts".
        told: Vec<String>,
        /// Avis still open, which the decision closes.
        open_avis: usize,
        /// Messages to the usager that have not left yet, and would after the decision.
        waiting: usize,
        /// Months since an acceptance that created rights, when more than 4.
        old_acceptance: Option<i64>,
        /// What the attestation leaves blank: the names of its balises.
        blank: Vec<String>,
        /// The decision is only proposed: a second instructeur must confirm it.
        second: bool,
        /// What to type after `confirmer`.
        code: String,
        /// Until when.
        until: Timestamp,
    },
    /// A confirmation that does not exist (any more), or not for this person.
    NoConfirmation,
    /// What waits for this person's confirmation.
    Pending {
        /// Each of them.
        rows: Vec<PendingRow>,
    },
    /// A confirmation that came too late.
    ConfirmationExpired,
    /// A confirmation was dropped.
    Cancelled {
        /// The act's domain tag.
        act: String,
        /// The dossier that it was about; none where there were several.
        number: Option<DossierId>,
        /// How many there were.
        count: usize,
    },
    /// Something takes a while to be made; it comes as soon as it is there.
    Making,
    /// The platform is asked; what it says comes later.
    Asked,
    /// It could not be made.
    NotMade,
    /// The document of the scene's dossier that was asked for.
    Made {
        /// Which dossier.
        number: DossierId,
        /// Where it is, for somebody at the machine itself.
        places: Vec<String>,
    },
    /// A dossier that has no decision, or a decision that the démarche attests nothing of.
    NoAttestation {
        /// Which dossier.
        number: DossierId,
    },
    /// The attestation was made already.
    AttestationThere {
        /// Of which dossier.
        number: DossierId,
    },
    /// Figures of a démarche.
    Stats {
        /// The démarche.
        demarche: (DemarcheId, String),
        /// The day that they are of.
        on: Date,
        /// How long a dossier usually takes.
        usual: Option<Usual>,
        /// What each chart shows, in words.
        charts: Vec<String>,
        /// Where the charts are, for somebody at the machine itself.
        places: Vec<String>,
    },
    /// An act on several dossiers, as it will be done.
    BulkPreview {
        /// The act's domain tag.
        act: String,
        /// On how many dossiers it will be done.
        doable: usize,
        /// Their numbers, shortly.
        numbers: String,
        /// How many of them pass en instruction first.
        chained: usize,
        /// How many are so already.
        already: usize,
        /// The text that goes with it: a motivation, a message.
        words: Option<String>,
        /// What else it says: experts, a label, a value.
        details: Vec<String>,
        /// Names of the files that go with it.
        files: Vec<String>,
        /// Those that will be refused, by reason.
        rows: Vec<BulkRow>,
        /// Numbers that were named and are not among the dossiers, shortly; empty where there are none.
        outside: String,
        /// Who will be told, in words.
        told: Vec<String>,
        /// Avis still open, which decisions close.
        open_avis: usize,
        /// Acceptances more than 4 months old that are gone back on.
        old: usize,
        /// A second instructeur must confirm it.
        second: bool,
        /// What to type after `confirmer`; none where there is nothing to do.
        code: Option<String>,
        /// Until when.
        until: Timestamp,
    },
    /// An act on several dossiers is under way.
    BulkRunning {
        /// The act's domain tag.
        act: String,
        /// What to type after `annuler` to stop it.
        code: String,
        /// How many dossiers there are.
        total: usize,
        /// How many have had their turn.
        passed: usize,
        /// How many were done.
        done: usize,
        /// How many were refused at their turn.
        refused: usize,
    },
    /// It is over.
    BulkDone {
        /// The act's domain tag.
        act: String,
        /// How many dossiers there were.
        total: usize,
        /// How many were done.
        done: usize,
        /// How many were left when it was stopped.
        left: usize,
        /// What became of them.
        rows: Vec<BulkRow>,
    },
    /// The report as a file.
    BulkFile,
    /// It was stopped.
    BulkStopped {
        /// How many were done before.
        done: usize,
        /// How many were left.
        left: usize,
    },
    /// Another one of the same person's is under way.
    BulkBusy {
        /// Its code.
        code: String,
    },
    /// A decision was proposed to the others of the group.
    Proposed {
        /// What they type after `confirmer`.
        code: String,
        /// Until when.
        until: Timestamp,
    },
    /// A colleague's proposal of a decision, and what became of it.
    Proposal {
        /// The act's domain tag.
        act: String,
        /// Who proposes it.
        by: Email,
        /// Who has confirmed or refused it.
        other: Option<Email>,
        /// `waiting`, `confirmed`, `refused`, `failed` (it was confirmed and could not be done), `expired`.
        state: String,
        /// The dossier; none where there are several.
        number: Option<DossierId>,
        /// Their numbers, shortly.
        numbers: String,
        /// How many there are.
        count: usize,
        /// The motivation, as it will be sent.
        motivation: Option<String>,
        /// Name of the justificatif, if one.
        justificatif: Option<String>,
        /// What to type after `confirmer`.
        code: String,
        /// Until when.
        until: Timestamp,
    },
    /// Who proposed a decision cannot confirm it.
    OwnProposal,
    /// The group has nobody else who could confirm a decision.
    NoSecond,
    /// A decision that takes two is of one group at a time.
    OneGroup,
    /// An export that was asked for.
    Exported {
        /// Of which démarche.
        demarche: (DemarcheId, String),
        /// Dossiers in it.
        dossiers: u64,
        /// Attachments that should be in it and could not be.
        missing: u64,
        /// Attachments that are on the platform.
        elsewhere: u64,
        /// Files that it was cut into.
        parts: usize,
        /// Where they are, for somebody at the machine itself.
        places: Vec<String>,
        /// Where it can be fetched once, if it is too large for the network.
        link: Option<String>,
        /// Until when it is kept there.
        until: Option<Timestamp>,
    },
    /// An export that is too large for the network, and cannot be fetched otherwise.
    ExportTooLarge {
        /// Its bytes.
        bytes: u64,
        /// Bytes that the network carries.
        max: u64,
    },
    /// An export that would be larger than any that is made.
    ExportUnbounded {
        /// Bytes that one may have.
        most: u64,
    },
    /// Somebody has as many exports and documents under way as he may.
    EnoughUnderWay {
        /// How many.
        most: usize,
    },
    /// Somebody has ordered as many exports and documents on this day as he may.
    EnoughToday {
        /// How many.
        most: u32,
    },
    /// There is nothing to cancel.
    NothingToCancel,
    /// The dossier changed between preview and confirmation, so that the act must be looked at again.
    Moved {
        /// Which dossier.
        number: DossierId,
    },
    /// The account is not linked to an instructeur.
    NotLinked,
    /// The person is an instructeur of nothing here.
    NoRight,
    /// He may be one of these, of which nothing was read yet.
    NotYetRead {
        /// Numbers of démarches of the platform.
        reading: Vec<DemarcheId>,
    },
    /// Only administrateurs may.
    AdministrateurOnly,
    /// Greffier cannot be sure that the person said it, who may look, but not act.
    Uncertain {
        /// Why: `device` (not verified), `clear` (not encrypted), `identity` (another one than before), `reaction` (which no device signs).
        doubt: String,
        /// What was asked for, to be typed.
        typed: String,
    },
    /// A line came encrypted, and could not be read.
    Unreadable {
        /// Because the sender's client gives no key to Greffier's device.
        unverified: bool,
    },
    /// A line that was obeyed was edited afterwards.
    EditedTooLate,
    /// A file could not be fetched or scanned, or is too large.
    FileUnread,
    /// A virus scanner has found something in a file.
    FileInfected,
    /// People from outside came into the room.
    Outsiders,
    /// Greffier was put out of a room that it is bound to.
    PutOut,
    /// Nothing on this network may show what is in a dossier, not even in private.
    NotHere,
    /// Greffier lacks a permission in a room.
    Hindered,
    /// A line came too late to be obeyed.
    TooLate,
    /// More was said in the room while Greffier was away than it has read.
    Missed,
    /// People from outside have left the room.
    Withheld,
    /// A selection has no dossier that the person may see where he speaks.
    NothingSelected,
    /// A selection has more dossiers than are taken at once.
    TooManySelected {
        /// How many are taken.
        most: usize,
    },
    /// Several dossiers could be meant, or none was said.
    WhichDossier,
    /// A code was sent to the address, if it is an instructeur's. The same words either way.
    LinkCodeSent {
        /// The address given.
        email: Email,
        /// Démarches of the platform of which nothing was read yet: who instructs only these is not sent any.
        reading: Vec<DemarcheId>,
    },
    /// The account is linked.
    Linked {
        /// To whom.
        email: Email,
    },
    /// The code is wrong or too old.
    BadLinkCode,
    /// The account is not linked any more.
    Unlinked,
    /// Accounts were cut off by their owner from another one, or by an administrateur.
    AccountsCut {
        /// Whose they were.
        email: Email,
        /// How many.
        count: usize,
    },
    /// No account of that name or address is linked, or none that this person may cut off.
    UnknownAccount {
        /// What was asked for.
        name: String,
    },
    /// The accounts that are linked to somebody.
    Accounts {
        /// To whom.
        email: Email,
        /// Network and id of each.
        accounts: Vec<(String, String)>,
    },
    /// What rooms are bound to: the one where it was asked, or every one.
    Rooms {
        /// One row each.
        rows: Vec<RoomRow>,
        /// Only the one where it was asked.
        here: bool,
    },
    /// A room was bound by a command.
    RoomBound {
        /// That room.
        rows: Vec<RoomRow>,
    },
    /// A room is not bound any more.
    RoomUnbound,
    /// The operator has bound the room: a command changes nothing of that.
    RoomConfigured,
    /// It must be said in the room that is meant.
    NotInRoom,
    /// A room that is not encrypted end to end shows no more than a number, unless the operator says so.
    RoomNotEncrypted,
    /// A group that the démarche does not have.
    UnknownGroupe {
        /// What was asked for.
        name: String,
        /// Those that it has.
        known: Vec<String>,
    },
    /// Who the person is, and how Greffier fares.
    Status {
        /// Greffier's version.
        version: String,
        /// The instructeur that the account is linked to.
        email: Option<Email>,
        /// His groups: number and title of the démarche, label of the group.
        groupes: Vec<(DemarcheId, String, String)>,
        /// Messages to be sent.
        outbox: u64,
        /// Messages given up.
        dead: u64,
        /// Mail in quarantine that he may decide on.
        quarantine: usize,
        /// Of his démarches, those of the platform that are not read at present.
        unread: Vec<UnreadRow>,
        /// Those that are being read for the first time.
        reading: Vec<DemarcheId>,
    },
    /// Démarches of the platform are not read, or are again.
    Unread {
        /// One row each.
        rows: Vec<UnreadRow>,
        /// They are read again.
        over: bool,
    },
    /// The démarches that the person instructs.
    Demarches {
        /// One row each.
        rows: Vec<DemarcheRow>,
    },
    /// A list of dossiers.
    Dossiers {
        /// The démarche's number and title; none for all of the person's démarches.
        demarche: Option<(DemarcheId, String)>,
        /// The tab.
        onglet: Onglet,
        /// What was searched for.
        texte: Option<String>,
        /// In every tab.
        partout: bool,
        /// One row each.
        rows: Vec<DossierRow>,
        /// How many there are in the tab.
        total: u64,
        /// How many of them fit the filters or the search; none where there are none of these.
        fitting: Option<u64>,
        /// Not all were looked at, and more may fit.
        at_least: bool,
        /// The filters: label of the column and the value wanted.
        filters: Vec<(String, String)>,
        /// What it is sorted by, where that was asked: label of the column, and whether the greatest comes first.
        tri: Option<(String, bool)>,
        /// Those with an orange mark come first.
        pastille: bool,
        /// Which page, from 1.
        page: usize,
        /// The command line that shows the next page.
        next: Option<String>,
        /// The command line that shows the page before.
        previous: Option<String>,
    },
    /// A dossier: the demande, annotations, where it stands, what else there is to read. Everything is in the scene.
    Dossier,
    /// The whole of its form.
    Demande,
    /// The whole of its annotations privées.
    Annotations,
    /// Its messagerie, in the scene.
    Messages,
    /// Its avis, in the scene.
    Avis,
    /// The people involved, in the scene.
    Persons,
    /// Every statut and group that it went through, in the scene.
    History,
    /// Its files, in the scene.
    Pieces,
    /// Some of them, sent with the answer as far as that can be.
    Piece {
        /// One row each.
        rows: Vec<PieceRow>,
        /// Bytes of one file that the network takes.
        max: u64,
        /// The number of the first one that is left for another time.
        next: Option<usize>,
    },
    /// No file of that number.
    UnknownPiece {
        /// What was asked for.
        number: u64,
    },
    /// The experts of a démarche.
    Experts {
        /// The démarche's number and title.
        demarche: (DemarcheId, String),
        /// Its policy and list.
        experts: ExpertPolicy,
    },
    /// Mail held back.
    Quarantine {
        /// One row each.
        rows: Vec<Held>,
        /// Whether there are more than these.
        more: bool,
    },
    /// One mail held back, with a safe excerpt.
    QuarantineItem {
        /// The mail.
        held: Held,
        /// The beginning of its text.
        excerpt: String,
    },
    /// No such mail in quarantine, or not one that this person may see.
    UnknownHeld {
        /// What was asked for.
        id: String,
    },
    /// A held mail was taken into a dossier.
    HeldAccepted {
        /// Which mail.
        id: String,
        /// Which dossier.
        number: DossierId,
        /// It is an instructeur's, and is sent on to the usager.
        sent: bool,
    },
    /// An address speaks for somebody from now on.
    AliasAllowed {
        /// The address.
        address: Email,
        /// For whom.
        person: Email,
        /// In which dossier.
        number: DossierId,
        /// And in every dossier of the démarche.
        wide: bool,
    },
    /// An address cannot speak for somebody, or a mail cannot be taken at all.
    NotAllowable {
        /// Which held mail.
        id: String,
        /// `no_sender`, `forged`, `expected` (it is his own already), `unfit` (ours, an instructeur's, the other side's),
        /// `stranger` (it came to an instructeur's address, and is not his).
        reason: String,
    },
    /// The addresses that speak for somebody.
    Aliases {
        /// One row each.
        rows: Vec<AliasRow>,
    },
    /// An address speaks for nobody any more.
    AliasRevoked {
        /// Which.
        address: Email,
        /// For how many people and dossiers it did.
        count: usize,
    },
    /// No such address, or none that this person may take back.
    UnknownAlias {
        /// What was asked for.
        address: Email,
    },
    /// A held mail was turned away.
    HeldRejected {
        /// Which mail.
        id: String,
    },
    /// A held mail is infected: nobody may take it in.
    HeldInfected {
        /// Which mail.
        id: String,
        /// What the virus scanner calls it.
        signature: String,
    },
    /// Who the mail is from is still unknown: the person must say which dossier, and as whom.
    HeldNeedsDossier {
        /// Which mail.
        id: String,
    },
    /// What mails were received and sent for a dossier.
    MailTrace {
        /// Which dossier.
        number: DossierId,
        /// One row each, oldest first.
        rows: Vec<MailRow>,
    },
    /// What the person wants to be told.
    Notifications {
        /// The démarche's number and title.
        demarche: (DemarcheId, String),
        /// Each choice: its command name, what it means in French, and whether it is on.
        choices: Vec<(String, String, bool)>,
        /// What is to come in private has nowhere to go: no account is linked.
        deaf: bool,
    },
    /// The columns that the person sees in lists.
    Columns {
        /// The démarche's number and title.
        demarche: (DemarcheId, String),
        /// Chosen columns: id and label.
        chosen: Vec<(String, String)>,
        /// Those that can be chosen.
        available: Vec<(String, String)>,
    },
    /// The person's saved order.
    Sorted {
        /// The démarche's number and title.
        demarche: (DemarcheId, String),
        /// Label of the column, and whether the greatest comes first.
        tri: Option<(String, bool)>,
        /// Those with an orange mark come first.
        pastille: bool,
    },
    /// The person's saved filters.
    Filters {
        /// The démarche's number and title.
        demarche: (DemarcheId, String),
        /// Name of the column and the value wanted.
        filters: Vec<(String, String)>,
    },
    /// A column that does not exist.
    UnknownColumn {
        /// What was asked for.
        name: String,
        /// Those that are called nearly so.
        near: Vec<String>,
        /// Those that there are.
        known: Vec<String>,
    },
    /// A filter whose value cannot be compared with what the column holds.
    BadFilter {
        /// Label of the column.
        column: String,
        /// What was typed.
        value: String,
        /// `number`, `day`, `text` or `choice`.
        expected: String,
        /// The values that there are, where they are known.
        choices: Vec<String>,
        /// Those that are called nearly so.
        near: Vec<String>,
    },
    /// No such démarche, or not one of the person's.
    UnknownDemarche {
        /// What was asked for.
        number: Option<DemarcheId>,
        /// The person's own: number, title, and the line that asks the same of it.
        known: Vec<(DemarcheId, String, Option<String>)>,
    },
}

/// Dossiers of an act on several that have the same to be said of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BulkRow {
    /// `done`, `already`, `refused`, `stopped`, `more` (those of reasons that are not named).
    pub state: String,
    /// Why, as far as the audience may know it: without looks, worded already.
    pub reason: Option<String>,
    /// How many.
    pub count: usize,
    /// Their numbers, shortly.
    pub numbers: String,
}

/// An act that waits for its confirmation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PendingRow {
    /// What to type after `confirmer`.
    pub code: String,
    /// The act.
    pub act: String,
    /// The dossier, where it is one.
    pub number: Option<DossierId>,
    /// How many dossiers.
    pub count: usize,
    /// Until when.
    pub until: Timestamp,
}

/// A room that is bound.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says another thing of the room, and none excludes another"
)]
pub struct RoomRow {
    /// Its network.
    pub network: String,
    /// The network's id of it.
    pub id: String,
    /// It is encrypted end to end, as far as is known.
    pub encrypted: bool,
    /// `bot.toml` binds it.
    pub configured: bool,
    /// The démarche's number and title; none for every one.
    pub demarche: Option<(DemarcheId, String)>,
    /// The group; none for every one.
    pub groupe: Option<String>,
    /// How much it shows.
    pub privacy: Privacy,
    /// One thread for each dossier.
    pub threads: bool,
    /// People of other servers may be there.
    pub externals: bool,
    /// What it is told; none for everything.
    pub notify: Option<Vec<Topic>>,
}

/// A démarche in a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DemarcheRow {
    /// Its number.
    pub number: DemarcheId,
    /// Its title.
    pub titre: String,
    /// Published, in test, closed.
    pub etat: Etat,
    /// Each tab: its label, how many dossiers, whether it has an orange mark.
    pub onglets: Vec<(String, u64, bool)>,
}

/// A démarche of the platform that is not read.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UnreadRow {
    /// Its number.
    pub demarche: DemarcheId,
    /// Since when.
    pub since: Timestamp,
    /// Why.
    pub cause: WhyUnread,
}

/// A dossier in a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DossierRow {
    /// Its number.
    pub number: DossierId,
    /// Who it is for; none where the room's privacy forbids.
    pub demandeur: Option<String>,
    /// Where it stands.
    pub statut: Statut,
    /// When it was filed.
    pub deposited: Timestamp,
    /// The orange marks of the one who looks.
    pub marks: Vec<Mark>,
    /// How many follow it.
    pub followers: usize,
    /// A correction is waited for.
    pub en_attente: bool,
    /// An answer of the usager is waited for.
    pub reponse_attendue: bool,
    /// Avis that are waited for.
    pub open_avis: usize,
    /// It is put away.
    pub archived: bool,
    /// Labels of the dossier, as they are shown.
    pub etiquettes: Vec<String>,
    /// Columns chosen by the person: label and value.
    pub colonnes: Vec<(String, String)>,
}

/// A file that was asked for. Its name and size are in the scene.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PieceRow {
    /// Its number in the list of the dossier's files, from 1.
    pub number: usize,
    /// What becomes of it.
    pub state: PieceState,
    /// Where it is on the machine, for the operator.
    pub place: Option<String>,
}

/// What becomes of a file that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PieceState {
    /// It comes with the answer, or the answer says where it is.
    Given,
    /// It is larger than the network takes.
    TooLarge,
    /// It is not on the shelf, or not whole.
    Missing,
}

/// A mail held back.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Held {
    /// What to type to speak of it.
    pub id: String,
    /// When it came.
    pub at: Timestamp,
    /// Who it says it is from.
    pub from: Option<String>,
    /// Its subject.
    pub subject: Option<String>,
    /// The dossier that it seems to be for.
    pub dossier: Option<DossierId>,
    /// The avis that it seems to answer.
    pub avis: Option<AvisId>,
    /// The instructeur who seems to answer the usager by it.
    pub instructeur: Option<Email>,
    /// Why it is held, as the filter `raison` knows it: `sender_not_expected`, `forged`, `automatic`…
    pub reason: String,
    /// Names and sizes of its attachments.
    pub attachments: Vec<(String, u64)>,
    /// Whether it is offered to be taken into a dossier.
    pub takeable: bool,
    /// Whether its address is offered to be allowed.
    pub allowable: bool,
}

/// An address that speaks for somebody.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AliasRow {
    /// The address.
    pub address: Email,
    /// For whom.
    pub person: Email,
    /// In which dossier, where it is an usager's.
    pub number: Option<DossierId>,
    /// In which démarche, where it is an expert's.
    pub demarche: Option<DemarcheId>,
    /// Who allowed it.
    pub by: Email,
    /// When.
    pub at: Timestamp,
}

/// A mail of a dossier.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MailRow {
    /// Received rather than sent.
    pub received: bool,
    /// When it was received, or queued.
    pub at: Timestamp,
    /// From whom, or to whom.
    pub address: String,
    /// Its subject.
    pub subject: String,
    /// `received`, `waiting`, `delayed` (may be taken back), `failed`.
    pub state: String,
    /// Why it failed.
    pub why: Option<String>,
}

/// What a room may be told, as its `notify` names them.
pub const TOPICS: [(Topic, &str); 7] = [
    (Topic::Depot, "depot"),
    (Topic::Message, "message"),
    (Topic::Avis, "avis"),
    (Topic::Statut, "statut"),
    (Topic::Suivi, "suivi"),
    (Topic::Conservation, "conservation"),
    (Topic::Courrier, "courrier"),
];

impl Answer {
    /// Whether it says that what was asked is not done.
    #[expect(clippy::too_many_lines, reason = "one line for each answer")]
    pub fn denies(&self) -> bool {
        match self {
            Self::NoConfirmation
            | Self::ConfirmationExpired
            | Self::NotMade
            | Self::NoAttestation { .. }
            | Self::ExportUnbounded { .. }
            | Self::EnoughUnderWay { .. }
            | Self::EnoughToday { .. }
            | Self::BulkBusy { .. }
            | Self::OwnProposal
            | Self::NoSecond
            | Self::OneGroup
            | Self::ExportTooLarge { .. }
            | Self::NothingToCancel
            | Self::Moved { .. }
            | Self::NotLinked
            | Self::NoRight
            | Self::NotYetRead { .. }
            | Self::AdministrateurOnly
            | Self::Uncertain { .. }
            | Self::NotHere
            | Self::NothingSelected
            | Self::TooManySelected { .. }
            | Self::WhichDossier
            | Self::BadLinkCode
            | Self::UnknownAccount { .. }
            | Self::RoomConfigured
            | Self::NotInRoom
            | Self::RoomNotEncrypted
            | Self::UnknownGroupe { .. }
            | Self::UnknownPiece { .. }
            | Self::UnknownHeld { .. }
            | Self::NotAllowable { .. }
            | Self::UnknownAlias { .. }
            | Self::HeldInfected { .. }
            | Self::HeldNeedsDossier { .. }
            | Self::UnknownColumn { .. }
            | Self::BadFilter { .. }
            | Self::UnknownDemarche { .. } => true,
            Self::Done { .. }
            | Self::Preview { .. }
            | Self::Pending { .. }
            | Self::Cancelled { .. }
            | Self::Making
            | Self::Made { .. }
            | Self::Stats { .. }
            | Self::BulkPreview { .. }
            | Self::BulkRunning { .. }
            | Self::BulkDone { .. }
            | Self::BulkFile
            | Self::BulkStopped { .. }
            | Self::Proposed { .. }
            | Self::Proposal { .. }
            | Self::Exported { .. }
            | Self::Unreadable { .. }
            | Self::EditedTooLate
            | Self::FileUnread
            | Self::FileInfected
            | Self::Outsiders
            | Self::PutOut
            | Self::Hindered
            | Self::TooLate
            | Self::Missed
            | Self::Withheld
            | Self::LinkCodeSent { .. }
            | Self::Linked { .. }
            | Self::Unlinked
            | Self::AccountsCut { .. }
            | Self::Accounts { .. }
            | Self::Rooms { .. }
            | Self::RoomBound { .. }
            | Self::RoomUnbound
            | Self::Status { .. }
            | Self::Demarches { .. }
            | Self::Dossiers { .. }
            | Self::Dossier
            | Self::Demande
            | Self::Annotations
            | Self::Messages
            | Self::Avis
            | Self::Persons
            | Self::History
            | Self::Pieces
            | Self::Piece { .. }
            | Self::Experts { .. }
            | Self::Quarantine { .. }
            | Self::QuarantineItem { .. }
            | Self::HeldAccepted { .. }
            | Self::AliasAllowed { .. }
            | Self::Aliases { .. }
            | Self::AliasRevoked { .. }
            | Self::HeldRejected { .. }
            | Self::MailTrace { .. }
            | Self::Notifications { .. }
            | Self::Columns { .. }
            | Self::Sorted { .. }
            | Self::Filters { .. }
            | Self::AttestationThere { .. }
            | Self::Unread { .. }
            | Self::Asked => false,
        }
    }

    /// Whether its words need a dossier: all or part of it is in the scene.
    pub fn of_dossier(&self) -> bool {
        matches!(
            self,
            Self::Preview { .. }
                | Self::Dossier
                | Self::Demande
                | Self::Annotations
                | Self::Messages
                | Self::Avis
                | Self::Persons
                | Self::History
                | Self::Pieces
                | Self::Piece { .. }
                | Self::UnknownPiece { .. }
        )
    }
}
