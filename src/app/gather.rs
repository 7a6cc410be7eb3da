//! Bursts: what many dossiers of a démarche have to tell one person within a few minutes is one mail. Thirty deposits,
//! a group that is reassigned, a day on which a year's dossiers expire. What can be answered (a message) or is waited for
//! (an avis) is told at once.

use std::ops::Bound;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::draft::Draft;
use super::notify::Choice;
use super::word::Saying;
use super::{App, Error};
use crate::domain::{Demarche, DemarcheId, Dossier, DossierId, Email, Notice, Person};
use crate::message::{Body, Destination, MailOut, Outgoing, Post};
use crate::store::{Collection, Store};
use crate::template::Worded;

/// Where what is gathered stands among the documents.
const PREFIX: &str = "gathered\u{0}";
/// How long the first notice of a burst waits for the others.
const WAITS: SignedDuration = SignedDuration::from_mins(5);
/// Bursts looked at in one tick.
const LOOKED_AT: usize = 1_000;
/// Notices of one burst; those after them begin another.
const MOST: usize = 500;

/// What waits to be told to somebody about a démarche. Numbers, and nothing personal of a dossier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Gathered {
    email: Email,
    demarche: DemarcheId,
    since: Timestamp,
    notices: Vec<Waiting>,
}

/// A notice that waits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Waiting {
    number: DossierId,
    notice: Notice,
    /// The instructeur who made it happen, if one did.
    by: Option<Email>,
}

/// A notice whose time has come, with the dossier as it now stands.
struct Told {
    dossier: Dossier,
    notice: Notice,
    by: Person,
    choice: Choice,
}

/// What a wording knows of each.
#[derive(Debug, Serialize)]
struct Row {
    number: DossierId,
    what: &'static str,
    statut: crate::domain::Statut,
    at: Timestamp,
}

/// What is gathered rather than told at once.
fn gathers(notice: &Notice) -> Option<&'static str> {
    match notice {
        Notice::Deposited => Some("deposited"),
        Notice::Reassigned { .. } => Some("reassigned"),
        Notice::ExpiryNoticed { .. } => Some("expiry_noticed"),
        Notice::Expired => Some("expired"),
        _ => None,
    }
}

impl<S: Store> App<S> {
    /// Lets what is said wait for others like it, where it is of a kind that comes in bursts. False where it is not.
    pub(super) fn gather(
        &self,
        draft: &mut Draft<'_, S>,
        saying: &Saying<'_>,
        email: &Email,
    ) -> Result<bool, Error> {
        if gathers(saying.notice).is_none() {
            return Ok(false);
        }
        let demarche = saying.demarche.number;
        let waiting = Waiting {
            number: saying.dossier.number,
            notice: saying.notice.clone(),
            by: match saying.by {
                Person::Instructeur(email) => Some(email.clone()),
                Person::Usager(_) | Person::Expert(_) | Person::Greffier | Person::Plateforme => {
                    None
                }
            },
        };
        // A burst that is full leaves with the next tick, whatever its age; the next one stands beside it.
        for part in 0.. {
            let key = format!("{PREFIX}{email}\u{0}{demarche}\u{0}{part}");
            let found: Option<Gathered> = draft.get(Collection::Meta, &key)?;
            let mut gathered = found.unwrap_or_else(|| Gathered {
                email: email.clone(),
                demarche,
                since: draft.at,
                notices: Vec::new(),
            });
            if gathered.notices.len() < MOST {
                gathered.notices.push(waiting);
                draft.put(Collection::Meta, key, &gathered)?;
                break;
            }
        }
        Ok(true)
    }

    /// Tells what has waited long enough.
    pub(super) fn tell_gathered(&self, draft: &mut Draft<'_, S>) -> Result<(), Error> {
        let rows = self
            .store
            .scan(Collection::Meta, PREFIX, Bound::Unbounded, LOOKED_AT)?;
        for (key, value) in rows {
            let gathered: Gathered = serde_json::from_value(value)
                .map_err(|error| Error::document(Collection::Meta, &error))?;
            let full = gathered.notices.len() >= MOST;
            if full || draft.at.duration_since(gathered.since) >= WAITS {
                let told = self.apart(draft, |app, draft| {
                    draft.remove(Collection::Meta, key);
                    app.tell_burst(draft, gathered)
                })?;
                if let Err(error) = told {
                    tracing::error!(%error, "What waited for others like it cannot be told yet");
                }
            }
        }
        Ok(())
    }

    fn tell_burst(&self, draft: &mut Draft<'_, S>, gathered: Gathered) -> Result<(), Error> {
        let Gathered {
            email,
            demarche,
            notices,
            ..
        } = gathered;
        let Some(demarche) = self.demarche(demarche) else {
            return Ok(());
        };
        let mut told = Vec::new();
        for waiting in notices {
            told.extend(self.still_told(draft, demarche, &email, waiting)?);
        }
        let (mailed, posted): (Vec<&Told>, Vec<&Told>) = (
            told.iter().filter(|told| told.choice.by_mail()).collect(),
            told.iter().filter(|told| told.choice.by_chat()).collect(),
        );
        match posted.as_slice() {
            [] => {}
            [one] => self.tell_privately(draft, &one.saying(demarche), &email)?,
            many => self.post_burst(draft, demarche, &email, many)?,
        }
        match mailed.as_slice() {
            [] => {}
            [one] => self.mail_instructeur(draft, &one.saying(demarche), &email)?,
            many => {
                let worded = self
                    .templates
                    .mail_named("rafale", &burst(demarche, many))?;
                self.mail_about(draft, demarche, &email, "rafale", worded);
            }
        }
        Ok(())
    }

    /// A notice that waited, unless the person may not see the dossier any more, or it is not so any more.
    fn still_told(
        &self,
        draft: &Draft<'_, S>,
        demarche: &Demarche,
        email: &Email,
        waiting: Waiting,
    ) -> Result<Option<Told>, Error> {
        let Ok((dossier, _)) = self.visible(draft, waiting.number, email)? else {
            return Ok(None);
        };
        let still = match waiting.notice {
            Notice::Expired => dossier.trash.is_some(),
            Notice::ExpiryNoticed { expires } => dossier.expiry_noticed == Some(expires),
            _ => dossier.present(),
        };
        if !still {
            return Ok(None);
        }
        let mut told = Told {
            dossier,
            notice: waiting.notice,
            by: waiting.by.map_or(Person::Greffier, Person::Instructeur),
            choice: Choice::Off,
        };
        told.choice = self.choice(draft, email, &told.saying(demarche))?;
        Ok(Some(told))
    }

    fn post_burst(
        &self,
        draft: &mut Draft<'_, S>,
        demarche: &Demarche,
        email: &Email,
        told: &[&Told],
    ) -> Result<(), Error> {
        self.post_about(draft, email, "rafale", &burst(demarche, told))
    }

    /// A mail about a démarche rather than one of its dossiers.
    pub(super) fn mail_about(
        &self,
        draft: &mut Draft<'_, S>,
        demarche: &Demarche,
        email: &Email,
        thread: &str,
        worded: Worded,
    ) {
        let Worded {
            subject,
            text,
            html,
        } = worded;
        let from_name = if self.from_name.is_empty() {
            demarche.service.clone()
        } else {
            self.from_name.clone()
        };
        let mail = MailOut {
            from_name,
            subject,
            text,
            html,
            thread: Some(format!("{thread}-{}", demarche.number)),
            ..MailOut::default()
        };
        draft.send(Outgoing {
            to: Destination {
                network: "mail".to_owned(),
                address: email.to_string(),
            },
            body: Body::Mail(Box::new(mail)),
        });
    }

    /// A private message, on every account of somebody, that speaks of no dossier alone.
    pub(super) fn post_about(
        &self,
        draft: &mut Draft<'_, S>,
        email: &Email,
        name: &str,
        fields: &impl Serialize,
    ) -> Result<(), Error> {
        for account in self.accounts(draft, email)? {
            if self.directory.limits(&account.network).is_none() {
                continue;
            }
            let audience = self.in_private(&account.network);
            let post = Post {
                text: self.templates.room_named(name, audience, fields)?,
                direct: true,
                alert: true,
                ..Post::default()
            };
            draft.send(Outgoing {
                to: Destination {
                    network: account.network,
                    address: account.id,
                },
                body: Body::Post(post),
            });
        }
        Ok(())
    }
}

impl Told {
    fn saying<'a>(&'a self, demarche: &'a Demarche) -> Saying<'a> {
        Saying {
            dossier: &self.dossier,
            demarche,
            by: &self.by,
            notice: &self.notice,
            not_before: None,
        }
    }
}

/// What a wording of several dossiers knows.
fn burst(demarche: &Demarche, told: &[&Told]) -> serde_json::Value {
    let rows: Vec<Row> = told
        .iter()
        .filter_map(|told| {
            let at = match &told.notice {
                Notice::ExpiryNoticed { expires } => *expires,
                Notice::Expired => told.dossier.updated,
                _ => told.dossier.deposited,
            };
            Some(Row {
                number: told.dossier.number,
                what: gathers(&told.notice)?,
                statut: told.dossier.statut,
                at,
            })
        })
        .collect();
    json!({ "titre": demarche.titre, "number": demarche.number, "service": demarche.service, "rows": rows })
}
