//! Who is spoken to, about which dossier, and how much of it they may see.

use jiff::Timestamp;

use crate::domain::{AvisId, Demarche, Dossier, Email, Person, Piece, Privacy};

use super::view;

/// What a wording is about and for whom.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// The dossier as it stands.
    pub dossier: &'a Dossier,
    /// Its démarche.
    pub demarche: &'a Demarche,
    /// Now, or when what is told of happened.
    pub at: Timestamp,
    /// Who made it happen.
    pub by: Option<&'a Person>,
    /// Who reads.
    pub audience: Audience,
    /// The instructeur whose orange marks are shown.
    pub mark_of: Option<&'a Email>,
    /// Whether a reply to an instructeur's mail reaches the usager. Usagers and experts can always answer, while the
    /// dossier takes messages.
    pub can_reply: bool,
}

/// Who reads. It alone decides what a template can see: what is not for the audience is `none` in its context.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Everybody in a room, as far as its privacy goes.
    Room(Privacy),
    /// An instructeur, in a private message or by mail: everything.
    Instructeur,
    /// The usager: the dossier and the messagerie, nothing of the team's work.
    Usager,
    /// The expert of an avis: the demande, that avis, and what others answered openly.
    Expert(AvisId),
}

/// How far something is from being public, for those who are not the usager or an expert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// For everybody: numbers, statuts, dates, counts.
    Open,
    /// For rooms that may show the demandeur's name.
    Standard,
    /// For rooms that may show everything.
    Full,
    /// For no room, usager or expert; what a new field gets until somebody decides.
    Hidden,
}

impl Audience {
    /// Whether something of that level may be shown.
    pub(super) fn sees(self, level: Level) -> bool {
        let most = match self {
            Self::Room(Privacy::Minimal) | Self::Usager | Self::Expert(_) => Level::Open,
            Self::Room(Privacy::Standard) => Level::Standard,
            Self::Room(Privacy::Full) | Self::Instructeur => Level::Full,
        };
        level <= most
    }

    /// One of the team, whatever may be shown.
    pub(super) fn team(self) -> bool {
        matches!(self, Self::Room(_) | Self::Instructeur)
    }

    /// As templates compare it.
    pub(super) fn tag(self) -> &'static str {
        match self {
            Self::Room(Privacy::Minimal) => "minimal",
            Self::Room(Privacy::Standard) => "standard",
            Self::Room(Privacy::Full) => "full",
            Self::Instructeur => "instructeur",
            Self::Usager => "usager",
            Self::Expert(_) => "expert",
        }
    }
}

impl Scene<'_> {
    /// The files that the audience may see, in the order in which they are listed: the first has the number 1.
    pub fn pieces(&self) -> Vec<&Piece> {
        view::pieces(self)
    }

    /// The same scene, for another audience.
    #[must_use]
    pub fn for_audience(self, audience: Audience) -> Self {
        Scene { audience, ..self }
    }
}

impl From<&Scene<'_>> for Audience {
    fn from(scene: &Scene<'_>) -> Self {
        scene.audience
    }
}
