//! What a person chose to be told of, beside the rooms: the five choices of the tutorial, for each démarche.

use serde::{Deserialize, Serialize};

use super::draft::Draft;
use super::line::Speaker;
use super::preference::{Preferences, keep};
use super::word::Saying;
use super::{App, Error};
use crate::domain::{Demarche, DemarcheId, Email, Notice, Periode, Person};
use crate::store::Store;
use crate::template::Answer;

/// How somebody is told of a kind of event, beside the rooms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Choice {
    /// By mail and by private message.
    On,
    /// Not at all.
    Off,
    /// By private message.
    Chat,
    /// By mail.
    Mail,
}

impl Choice {
    /// Whether a private message is wanted.
    pub(super) fn by_chat(self) -> bool {
        matches!(self, Self::On | Self::Chat)
    }

    /// Whether a mail is wanted.
    pub(super) fn by_mail(self) -> bool {
        matches!(self, Self::On | Self::Mail)
    }

    fn libelle(self) -> &'static str {
        match self {
            Self::On => "par courriel et en privé",
            Self::Off => "non",
            Self::Chat => "en privé",
            Self::Mail => "par courriel",
        }
    }
}

const DEPOSIT: &str = "deposit";
const AVIS: &str = "avis";

/// The choices of the tutorial: name in the ledger, what is typed, and what it means. As on the platform nobody is told of anything until
/// he chooses it, but for whoever asked for an avis: he waits for it, and may be in no room.
const CHOICES: [(&str, &str, &str); 5] = [
    (DEPOSIT, "dépôt", "à chaque dossier déposé"),
    (
        "message",
        "message",
        "à chaque message d’un usager sur un dossier suivi",
    ),
    (
        "daily",
        "quotidien",
        "un récapitulatif chaque jour à 10\u{a0}h, du lundi au samedi",
    ),
    (
        "weekly",
        "hebdomadaire",
        "un récapitulatif chaque semaine, le lundi à 8\u{a0}h",
    ),
    (AVIS, "avis", "à chaque avis rendu sur un dossier suivi"),
];

/// The name of the choice behind a summary.
pub(super) fn name_of(periode: Periode) -> &'static str {
    match periode {
        Periode::Jour => "daily",
        Periode::Semaine => "weekly",
    }
}

/// The choices that a declarative démarche leaves nothing of: what comes in is decided already.
fn void(demarche: &Demarche, name: &str) -> bool {
    demarche.declarative.is_some() && [DEPOSIT, "daily", "weekly"].contains(&name)
}

impl Preferences {
    /// How the summary is wanted.
    pub(super) fn digest(&self, periode: Periode) -> Choice {
        let chosen = self.notifications.get(name_of(periode));
        chosen.copied().unwrap_or(Choice::Off)
    }
}

impl<S: Store> App<S> {
    /// How somebody wants to be told of what is said.
    pub(super) fn choice(
        &self,
        draft: &Draft<'_, S>,
        email: &Email,
        saying: &Saying<'_>,
    ) -> Result<Choice, Error> {
        let (name, default) = match saying.notice {
            Notice::Deposited | Notice::Reassigned { .. } => (DEPOSIT, Choice::Off),
            Notice::MessagePosted {
                author: Person::Usager(_) | Person::Expert(_),
                ..
            } => ("message", Choice::Off),
            Notice::AvisRendered { avis } => {
                let avis = saying.dossier.avis.get(avis);
                let asked = avis.is_some_and(|avis| avis.by == *email);
                (AVIS, if asked { Choice::Mail } else { Choice::Off })
            }
            // The end of a dossier's conservation is told to its followers whatever they chose, as on the platform.
            Notice::ExpiryNoticed { .. } | Notice::Expired => return Ok(Choice::On),
            _ => return Ok(Choice::Off),
        };
        let preferences = self.preferences(draft, email, saying.demarche.number)?;
        let chosen = preferences.notifications.get(name).copied();
        Ok(chosen.unwrap_or(default))
    }

    /// Whether a private message finds this person anywhere.
    fn is_reached(&self, draft: &Draft<'_, S>, email: &Email) -> Result<bool, Error> {
        let mut accounts = self.accounts(draft, email)?.into_iter();
        Ok(accounts.any(|account| self.directory.limits(&account.network).is_some()))
    }

    /// `notifications`.
    pub(super) fn notifications(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        demarche: Option<DemarcheId>,
        name: Option<&str>,
        value: Option<Choice>,
    ) -> Result<(), Error> {
        let demarche = match self.meant(speaker, demarche) {
            Ok(demarche) => demarche,
            Err(answer) => return self.answer(draft, speaker, &answer, None),
        };
        let Some(email) = &speaker.email else {
            return Ok(());
        };
        let mut preferences = self.preferences(draft, email, demarche.number)?;
        if let Some(value) = value {
            // A summary that was chosen a moment ago begins with the next one.
            self.begin_digests(draft, email)?;
            for (known, ..) in CHOICES
                .iter()
                .filter(|(known, ..)| name.is_none_or(|name| name == *known))
            {
                preferences.notifications.insert((*known).to_owned(), value);
            }
            keep(draft, email, demarche.number, &preferences)?;
        }
        let choices = CHOICES
            .iter()
            .map(|(known, typed, meaning)| {
                let chosen = preferences.notifications.get(*known).copied();
                let how = match chosen {
                    _ if void(demarche, known) => "non, la démarche est déclarative",
                    None if *known == AVIS => {
                        "non, sauf les avis que vous avez demandés, par courriel"
                    }
                    chosen => chosen.unwrap_or(Choice::Off).libelle(),
                };
                let on = !void(demarche, known) && chosen.is_some_and(|it| it != Choice::Off);
                ((*typed).to_owned(), format!("{meaning}\u{a0}: {how}"), on)
            })
            .collect();
        let mut chosen = preferences.notifications.values();
        let deaf = chosen.any(|choice| choice.by_chat()) && !self.is_reached(draft, email)?;
        let answer = Answer::Notifications {
            demarche: (demarche.number, demarche.titre.clone()),
            choices,
            deaf,
        };
        self.answer(draft, speaker, &answer, None)
    }
}
