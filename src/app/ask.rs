//! Orders that are not acts on a dossier: to look, to link, to choose.

use serde::Deserialize;

use crate::domain::{DemarcheId, Email, Onglet, Privacy, Topic};
use crate::message::work::Format;

/// What may be asked beside acts. The tag is what `commands/*.toml` names in `do`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Ask {
    /// Help, whole or about one command.
    Help {
        /// The command.
        #[serde(default)]
        command: Option<String>,
    },
    /// Link the account: an address first, then the code received.
    Link {
        /// Either.
        value: String,
    },
    /// Unlink it, or another account of one's own; an administrateur, any account or all of somebody's.
    Unlink {
        /// An account as its network names it, or an address.
        #[serde(default)]
        whose: Option<String>,
    },
    /// The accounts that are linked to an address; one's own where there is none.
    ListAccounts {
        /// Whose.
        #[serde(default)]
        address: Option<Email>,
    },
    /// What the room is bound to; in private, every room.
    ShowRoom,
    /// Bind the room.
    BindRoom(Binding),
    /// Undo that.
    UnbindRoom {
        /// Which room, where it is not this one.
        #[serde(default)]
        salon: Option<String>,
    },
    /// Who am I, and how does Greffier fare.
    Status,
    /// Démarches with their tabs.
    ListDemarches,
    /// Dossiers of a tab.
    ListDossiers(Listing),
    /// A dossier, or the whole of a part of it.
    ShowDossier {
        /// Which part.
        #[serde(default)]
        partie: Option<Part>,
    },
    /// Its messagerie.
    ShowMessages,
    /// Its avis.
    ListAvis,
    /// Its people.
    ShowPersons,
    /// Its history.
    ShowHistory,
    /// Its files.
    ShowPieces,
    /// One of them, or all.
    SendPieces {
        /// Its number in their list.
        #[serde(default)]
        numero: Option<u64>,
        /// All of them.
        #[serde(default)]
        toutes: Option<All>,
        /// All from that number on.
        #[serde(default)]
        depuis: Option<u64>,
    },
    /// The dossier as a document.
    SendDocument,
    /// Its attestation, where it could not be made.
    MakeAttestation,
    /// Figures of a démarche, with charts.
    Stats {
        /// Which.
        #[serde(default)]
        demarche: Option<DemarcheId>,
        /// What the charts are drawn on.
        #[serde(default)]
        theme: Ground,
    },
    /// Dossiers as a file.
    Export {
        /// What it is written as.
        format: Format,
        /// Of which démarche.
        #[serde(default)]
        demarche: Option<DemarcheId>,
    },
    /// Experts of a démarche.
    Experts {
        /// Which.
        #[serde(default)]
        demarche: Option<DemarcheId>,
    },
    /// Confirm an act that was previewed.
    Confirm {
        /// Its code; all that wait are shown where there is none.
        #[serde(default)]
        code: Option<String>,
    },
    /// Drop such an act, or take back one's last message.
    Cancel {
        /// Its code.
        #[serde(default)]
        code: Option<String>,
    },
    /// What one wants to be told by mail and in private.
    Notifications {
        /// For which démarche.
        #[serde(default)]
        demarche: Option<DemarcheId>,
        /// Which choice.
        #[serde(default)]
        choix: Option<String>,
        /// What it becomes.
        #[serde(default)]
        valeur: Option<String>,
    },
    /// Columns of lists.
    Columns {
        /// For which démarche.
        #[serde(default)]
        demarche: Option<DemarcheId>,
        /// The columns.
        #[serde(default)]
        colonnes: Option<Vec<String>>,
    },
    /// The saved order of lists.
    Sort {
        /// For which démarche.
        #[serde(default)]
        demarche: Option<DemarcheId>,
        /// The column, with `-` before it for the other way round.
        #[serde(default)]
        tri: Option<String>,
        /// Whether those with an orange mark come first.
        #[serde(default)]
        pastille: Option<bool>,
        /// Forget it.
        #[serde(default)]
        clear: bool,
    },
    /// Saved filters.
    Filter {
        /// For which démarche.
        #[serde(default)]
        demarche: Option<DemarcheId>,
        /// Columns and values.
        #[serde(default)]
        filtre: Option<Vec<(String, String)>>,
        /// Forget them.
        #[serde(default)]
        clear: bool,
    },
    /// Mail held back.
    ListQuarantine,
    /// One of them.
    ShowQuarantine {
        /// Its number.
        id: u64,
    },
    /// Take it.
    AcceptQuarantine {
        /// Its number.
        id: u64,
    },
    /// Take it, and let its address speak for the person expected.
    RememberQuarantine {
        /// Its number.
        id: u64,
    },
    /// Let its address speak for the person expected, and leave it there.
    AllowQuarantine {
        /// Its number.
        id: u64,
    },
    /// Turn it away.
    RejectQuarantine {
        /// Its number.
        id: u64,
        /// Why; told to the sender.
        #[serde(default)]
        raison: Option<String>,
    },
    /// Mail of a dossier.
    MailTrace,
    /// The addresses that were allowed to speak for somebody.
    ListAliases,
    /// Take one back.
    RevokeAlias {
        /// Which.
        address: Email,
    },
}

impl Ask {
    /// Whether it changes something that others rely on or takes dossiers away, rather than being a look or a taste of
    /// one's own.
    pub(super) fn binds(&self) -> bool {
        match self {
            Self::Confirm { .. }
            | Self::Cancel { .. }
            | Self::AcceptQuarantine { .. }
            | Self::RememberQuarantine { .. }
            | Self::AllowQuarantine { .. }
            | Self::RejectQuarantine { .. }
            | Self::RevokeAlias { .. }
            | Self::BindRoom(_)
            | Self::UnbindRoom { .. }
            // What is taken away is out of our hands.
            | Self::SendDocument
            | Self::Export { .. }
            // It goes to the usager.
            | Self::MakeAttestation
            | Self::Unlink { whose: Some(_) } => true,
            // To link takes a code that only the mailbox has; to unlink oneself takes rights away, and gives none.
            Self::Link { .. }
            | Self::Unlink { whose: None }
            | Self::Help { .. }
            | Self::Status
            | Self::ListAccounts { .. }
            | Self::ShowRoom
            | Self::ListDemarches
            | Self::ListDossiers(_)
            | Self::ShowDossier { .. }
            | Self::ShowMessages
            | Self::ListAvis
            | Self::ShowPersons
            | Self::ShowHistory
            | Self::ShowPieces
            | Self::SendPieces { .. }
            | Self::Stats { .. }
            | Self::Experts { .. }
            | Self::Notifications { .. }
            | Self::Columns { .. }
            | Self::Sort { .. }
            | Self::Filter { .. }
            | Self::ListQuarantine
            | Self::ShowQuarantine { .. }
            | Self::MailTrace
            | Self::ListAliases => false,
        }
    }
}

/// What a room is to be bound to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Binding {
    /// The démarche.
    pub(super) demarche: DemarcheId,
    /// The group; every one where absent.
    #[serde(default)]
    pub(super) groupe: Option<String>,
    /// How much it may show.
    #[serde(default)]
    pub(super) privacy: Option<Privacy>,
    /// One thread for each dossier.
    #[serde(default)]
    pub(super) threads: Option<bool>,
    /// Whether people of other servers may be there.
    #[serde(default)]
    pub(super) externals: Option<bool>,
    /// What it is told; everything where absent.
    #[serde(default)]
    pub(super) notify: Option<Vec<Topic>>,
}

/// All, and not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum All {
    /// All.
    All,
}

/// What charts are drawn on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Ground {
    /// White.
    #[default]
    Light,
    /// Nearly black.
    Dark,
}

/// A part of a dossier, as the platform's pages have them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Part {
    /// The form, whole.
    Demande,
    /// The annotations privées, whole.
    Annotations,
    /// The avis.
    Avis,
    /// The messagerie.
    Messagerie,
    /// The people involved.
    Personnes,
    /// Every statut and group that it went through.
    Historique,
    /// Its files.
    Pieces,
}

/// Which dossiers to list, and how.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Listing {
    /// The tab.
    pub(super) onglet: Onglet,
    /// The démarche; all of the person's where absent.
    #[serde(default)]
    pub(super) demarche: Option<DemarcheId>,
    /// Columns and values; the saved filter where absent.
    #[serde(default)]
    pub(super) filtre: Option<Vec<(String, String)>>,
    /// The column to sort by, with `-` before it for the other way round.
    #[serde(default)]
    pub(super) tri: Option<String>,
    /// Those with an orange mark come first; as saved where absent.
    #[serde(default)]
    pub(super) pastille: Option<bool>,
    /// Text that must stand somewhere in them.
    #[serde(default)]
    pub(super) texte: Option<String>,
    /// Search in all tabs, the archived ones too, whatever filter is saved.
    #[serde(default)]
    pub(super) partout: bool,
    /// Which page, from 1.
    #[serde(default)]
    pub(super) page: Option<usize>,
    /// Columns; the saved ones where absent.
    #[serde(default)]
    pub(super) colonnes: Option<Vec<String>>,
}

impl Listing {
    /// Whether it speaks of columns, which belong to one démarche.
    pub(super) fn names_columns(&self) -> bool {
        self.filtre.is_some() || self.tri.is_some() || self.colonnes.is_some()
    }
}
