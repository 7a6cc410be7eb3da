//! Orders that are not acts on a dossier: to look, to link, to choose.

use serde::Deserialize;

use crate::domain::{DemarcheId, Email, Onglet};

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
    /// Unlink it.
    Unlink,
    /// Who am I, and how does Greffier fare.
    Status,
    /// Démarches with their tabs.
    ListDemarches,
    /// Dossiers of a tab.
    ListDossiers(Listing),
    /// A dossier.
    ShowDossier,
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
    /// Experts of a démarche.
    Experts {
        /// Which.
        #[serde(default)]
        demarche: Option<DemarcheId>,
    },
    /// Confirm an act that was previewed.
    Confirm {
        /// Its code.
        code: String,
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

/// All, and not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum All {
    /// All.
    All,
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
