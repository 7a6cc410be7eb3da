//! Other addresses of a person, allowed by an instructeur: an expert who answers from two mailboxes, or whose secretary
//! answers; an usager's spouse.
//!
//! An expert's other address counts in every dossier of the démarche, for he is asked again and again; it stays until
//! somebody takes it back. An usager's counts in his dossier alone, and is forgotten with it. Nobody can be given another
//! address of an instructeur: his mail speaks in the name of the administration.

use std::ops::Bound;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::draft::Draft;
use super::line::Speaker;
use super::mail::Origin;
use super::{App, Error};
use crate::domain::{Avis, DemarcheId, Dossier, DossierId, Email};
use crate::mail::{Purpose, State, Understood};
use crate::message::{Line, Verdict};
use crate::store::{Collection, Store};
use crate::template::{AliasRow, Answer};

/// Keys of aliases, among [`Collection::Address`].
const PREFIX: &str = "alias\u{0}";
/// Most aliases that a list looks at.
const LISTED: usize = 10_000;

/// An address that speaks for a person. `dossier` lets the purge of the dossier take it away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Alias {
    address: Email,
    person: Email,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dossier: Option<DossierId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    demarche: Option<DemarcheId>,
    by: Email,
    at: Timestamp,
}

impl Alias {
    fn key(&self) -> String {
        key(self.dossier, self.demarche, &self.person, &self.address)
    }

    /// Whether it says something of somebody of that dossier.
    fn counts_in(&self, dossier: &Dossier) -> bool {
        if let Some(number) = self.dossier {
            return number == dossier.number;
        }
        let asked = |avis: &Avis| avis.expert == self.person;
        self.demarche == Some(dossier.demarche) && dossier.avis.values().any(asked)
    }

    fn row(&self) -> AliasRow {
        AliasRow {
            address: self.address.clone(),
            person: self.person.clone(),
            number: self.dossier,
            demarche: self.demarche,
            by: self.by.clone(),
            at: self.at,
        }
    }
}

/// Where an alias counts: the dossier of an usager, the démarche of an expert.
fn scope(dossier: &Dossier, origin: &Origin) -> Option<(Option<DossierId>, Option<DemarcheId>)> {
    match origin.purpose {
        Purpose::Message => Some((Some(dossier.number), None)),
        Purpose::Avis(_) => Some((None, Some(dossier.demarche))),
        Purpose::Instructeur | Purpose::Deposit => None,
    }
}

fn key(
    dossier: Option<DossierId>,
    demarche: Option<DemarcheId>,
    person: &Email,
    address: &Email,
) -> String {
    let dossier = dossier.map(|number| format!("dossier-{number}"));
    let demarche = demarche.map(|number| format!("demarche-{number}"));
    let scope = dossier.or(demarche).unwrap_or_default();
    format!("{PREFIX}{scope}\u{0}{person}\u{0}{address}")
}

impl<S: Store> App<S> {
    /// Whether an instructeur has allowed `address` to speak for the person expected.
    pub(super) fn is_alias(
        &self,
        draft: &Draft<'_, S>,
        dossier: &Dossier,
        origin: &Origin,
        address: &Email,
    ) -> Result<bool, Error> {
        let Some((of, demarche)) = scope(dossier, origin) else {
            return Ok(false);
        };
        // Somebody may have become an instructeur, or the other side, after his address was allowed.
        if self.unfit(dossier, origin, address) {
            return Ok(false);
        }
        let key = key(of, demarche, &origin.expected, address);
        Ok(draft.get::<Alias>(Collection::Address, &key)?.is_some())
    }

    /// Whether an address can never be another one of that person: it is ours, an instructeur's, or the other side's.
    fn unfit(&self, dossier: &Dossier, origin: &Origin, address: &Email) -> bool {
        let demarche = self.demarche(dossier.demarche);
        let team = demarche.is_none_or(|demarche| demarche.has_instructeur(address));
        let other = match origin.purpose {
            Purpose::Message => dossier.avis.values().any(|avis| avis.expert == *address),
            Purpose::Avis(_) => dossier.usager == *address,
            Purpose::Instructeur | Purpose::Deposit => true,
        };
        team || other || self.is_ours(address)
    }

    /// The address of a held mail that could be allowed to speak for the person expected; the error is why it cannot.
    pub(super) fn allowable(
        &self,
        dossier: &Dossier,
        origin: &Origin,
        understood: &Understood,
    ) -> Result<Email, &'static str> {
        let from = understood.from.as_ref().ok_or("no_sender")?;
        let address = Email::new(&from.address);
        if understood.authentication.state == State::Fail {
            Err("forged")
        } else if address == origin.expected {
            Err("expected")
        } else if self.unfit(dossier, origin, &address) {
            Err("unfit")
        } else {
            Ok(address)
        }
    }

    /// Lets `address` speak for the person expected from now on. Answers whether that is so in the whole démarche.
    pub(super) fn allow(
        &self,
        draft: &mut Draft<'_, S>,
        dossier: &Dossier,
        origin: &Origin,
        address: Email,
        by: &Email,
    ) -> Result<bool, Error> {
        let Some((of, demarche)) = scope(dossier, origin) else {
            return Ok(false);
        };
        let alias = Alias {
            address,
            person: origin.expected.clone(),
            dossier: of,
            demarche,
            by: by.clone(),
            at: draft.at,
        };
        // Who allowed it first, and when, stays.
        if draft
            .get::<Alias>(Collection::Address, &alias.key())?
            .is_none()
        {
            draft.put(Collection::Address, alias.key(), &alias)?;
        }
        Ok(demarche.is_some())
    }

    /// The aliases that somebody may know of; of one dossier, those that count in it.
    fn aliases(
        &self,
        draft: &Draft<'_, S>,
        email: &Email,
        number: Option<DossierId>,
    ) -> Result<Vec<Alias>, Error> {
        let wanted = number
            .map(|number| draft.dossier(number))
            .transpose()?
            .flatten()
            .map(|change| change.dossier);
        let rows = self
            .store
            .scan(Collection::Address, PREFIX, Bound::Unbounded, LISTED)?;
        let mut aliases = Vec::new();
        for (_, value) in rows {
            let alias: Alias = serde_json::from_value(value)
                .map_err(|error| Error::document(Collection::Address, &error))?;
            let counts = wanted
                .as_ref()
                .is_none_or(|dossier| alias.counts_in(dossier));
            let mine = match (alias.dossier, alias.demarche) {
                (Some(number), _) => self.visible(draft, number, email)?.is_ok(),
                (None, Some(number)) => self
                    .demarche(number)
                    .is_some_and(|demarche| demarche.has_instructeur(email)),
                (None, None) => false,
            };
            if counts && mine {
                aliases.push(alias);
            }
        }
        Ok(aliases)
    }

    /// `courriel adresses`.
    pub(super) fn list_aliases(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        number: Option<DossierId>,
    ) -> Result<(), Error> {
        let Some(email) = speaker.email.clone() else {
            return self.answer(draft, speaker, &Answer::NotLinked, None);
        };
        if let Some(number) = number
            && let Err(refusal) = self.visible(draft, number, &email)?
        {
            return self.refuse(draft, speaker, &refusal);
        }
        let aliases = self.aliases(draft, &email, number)?;
        for alias in &aliases {
            if !self.alias_heard_here(draft, speaker, alias)? {
                return self.aside(draft, speaker, |draft, speaker| {
                    self.list_aliases(draft, speaker, number)
                });
            }
        }
        let rows = aliases.iter().map(Alias::row).collect();
        self.answer(draft, speaker, &Answer::Aliases { rows }, None)
    }

    fn alias_heard_here(
        &self,
        draft: &Draft<'_, S>,
        speaker: &Speaker<'_>,
        alias: &Alias,
    ) -> Result<bool, Error> {
        let Line { from, place, .. } = speaker.line;
        let Some(number) = alias.dossier else {
            return Ok(self.at_home(speaker, alias.demarche));
        };
        let dossier = draft.dossier(number)?.map(|change| change.dossier);
        Ok(dossier.is_some_and(|dossier| self.directory.may_hear(&from.network, place, &dossier)))
    }

    /// `courriel retirer`: the address speaks for nobody any more, as far as the speaker has a say.
    pub(super) fn revoke_alias(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        address: &Email,
        number: Option<DossierId>,
    ) -> Result<(), Error> {
        let Some(email) = speaker.email.clone() else {
            return self.answer(draft, speaker, &Answer::NotLinked, None);
        };
        let aliases = self.aliases(draft, &email, number)?;
        let gone: Vec<_> = aliases
            .iter()
            .filter(|alias| alias.address == *address)
            .collect();
        for alias in &gone {
            draft.remove(Collection::Address, alias.key());
        }
        let address = address.clone();
        if gone.is_empty() {
            draft.receipt.verdict = Verdict::Refused;
            return self.answer(draft, speaker, &Answer::UnknownAlias { address }, None);
        }
        let count = gone.len();
        let answer = Answer::AliasRevoked { address, count };
        self.answer(draft, speaker, &answer, None)
    }
}
