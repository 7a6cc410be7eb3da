//! The few words that the channel itself must have at hand: they stand in `templates/discord/`, one file each.

/// A sentence, or part of a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phrase {
    /// What was asked is done.
    Done,
    /// It is not.
    Failed,
    /// It is heard.
    Heard,
    /// It is under way.
    Running,
    /// The answer will come another way.
    Late,
    /// The answer, which was for one person alone, may not come at all.
    LateForOne,
    /// A button of another time.
    Outdated,
    /// A form that was open too long, or that somebody else opened.
    OutdatedForm,
    /// Greffier does not obey in this server.
    Elsewhere,
    /// An answer in private could not be given: private messages are closed.
    ClosedDirect,
    /// A file is larger than may be sent.
    TooLarge,
    /// Describes the option of one dossier.
    Dossier,
    /// Describes the option of several dossiers.
    Dossiers,
    /// Describes the option of an onglet.
    Onglet,
    /// Describes the option of a filter.
    Filtre,
    /// Describes the option of a file.
    Fichier,
    /// Stands in a list before something is chosen.
    Choose,
}

impl Phrase {
    /// Every one.
    pub const ALL: &[Self] = &[
        Self::Done,
        Self::Failed,
        Self::Heard,
        Self::Running,
        Self::Late,
        Self::LateForOne,
        Self::Outdated,
        Self::OutdatedForm,
        Self::Elsewhere,
        Self::ClosedDirect,
        Self::TooLarge,
        Self::Dossier,
        Self::Dossiers,
        Self::Onglet,
        Self::Filtre,
        Self::Fichier,
        Self::Choose,
    ];

    /// Name of its file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Heard => "heard",
            Self::Running => "running",
            Self::Late => "late",
            Self::LateForOne => "late_for_one",
            Self::Outdated => "outdated",
            Self::OutdatedForm => "outdated_form",
            Self::Elsewhere => "elsewhere",
            Self::ClosedDirect => "closed_direct",
            Self::TooLarge => "too_large",
            Self::Dossier => "dossier",
            Self::Dossiers => "dossiers",
            Self::Onglet => "onglet",
            Self::Filtre => "filtre",
            Self::Fichier => "fichier",
            Self::Choose => "choose",
        }
    }
}

/// Says a phrase.
pub type Phrases = dyn Fn(Phrase) -> String + Send + Sync;
