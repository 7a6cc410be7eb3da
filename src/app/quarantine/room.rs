//! A held mail in the rooms: who, what, why, a safe excerpt, and what can be done with it; changed once it is dealt with.

use serde_json::{Value, json};

use super::super::draft::Draft;
use super::super::word::card_of;
use super::super::{App, Error};
use super::Kept;
use crate::directory::of_room;
use crate::domain::{Dossier, DossierId, Email, Privacy, Topic};
use crate::message::{Body, Button, Destination, Outgoing, Post, Style};
use crate::store::{Queued, Store};
use crate::template::Audience;

/// Most characters of the text that a room is shown unasked.
const EXCERPT: usize = 300;

/// Name of the message that tells of a held mail.
fn card(id: u64) -> String {
    format!("courrier-{id}")
}

/// What became of a held mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dealt {
    /// Taken into that dossier.
    Accepted(DossierId),
    /// Turned away.
    Rejected,
    /// The dossier did not take it: it is held anew, under that number.
    HeldAnew(u64),
}

/// Somewhere that is told of a held mail, and how much of it may be seen there.
struct Hearer {
    to: Destination,
    audience: Audience,
    thread: Option<String>,
    direct: bool,
    mentions: Vec<String>,
    /// A room that was told when it came, and would not be now.
    former: bool,
}

impl<S: Store> App<S> {
    /// Tells those concerned that a mail is held, with what can be done about it.
    pub(super) fn announce_held(
        &self,
        draft: &mut Draft<'_, S>,
        kept: &Kept,
        text: &str,
    ) -> Result<(), Error> {
        let excerpt = kept.excerpt(text, EXCERPT);
        let context = json!({
            "id": kept.id.to_string(),
            "number": kept.dossier,
            "avis": kept.avis,
            "reason": kept.reason,
            "from": kept.from,
            "subject": kept.subject,
            "excerpt": Some(excerpt).filter(|excerpt| !excerpt.is_empty()),
            "instructeur": kept.answering(),
            "takeable": kept.is_takeable(),
            "allowable": kept.is_allowable(),
        });
        for hearer in self.hearers(draft, kept)? {
            let post = Post {
                buttons: choices(kept),
                alert: true,
                mentions: hearer.mentions.clone(),
                ..self.held_post(&hearer, kept, "held", &context)
            };
            queue(draft, hearer, kept, post);
        }
        Ok(())
    }

    /// Changes what was said of a held mail, wherever it was: what became of it, and by whom.
    pub(super) fn announce_dealt(
        &self,
        draft: &mut Draft<'_, S>,
        kept: &Kept,
        dealt: Dealt,
        by: &Email,
    ) -> Result<(), Error> {
        let (state, number, anew) = match dealt {
            Dealt::Accepted(number) => ("accepted", Some(number), None),
            Dealt::Rejected => ("rejected", kept.dossier, None),
            Dealt::HeldAnew(id) => ("held_anew", kept.dossier, Some(id.to_string())),
        };
        for hearer in self.told(draft, kept)? {
            // Which dossier a mail was taken into is for the rooms of that dossier: a mail of nobody had none, one of
            // another dossier had others, and a room that the dossier has left hears of it no more.
            let number = number.filter(|number| {
                hearer.direct || (kept.dossier == Some(*number) && !hearer.former)
            });
            let context = json!({
                "id": kept.id.to_string(),
                "number": number,
                "state": state,
                "other": anew,
                "by": by,
            });
            let post = self.held_post(&hearer, kept, "held_dealt", &context);
            queue(draft, hearer, kept, post);
        }
        Ok(())
    }

    /// Who is told now, and the rooms that were told when it came: the dossier may have left them since.
    fn told(&self, draft: &Draft<'_, S>, kept: &Kept) -> Result<Vec<Hearer>, Error> {
        let mut hearers = self.hearers(draft, kept)?;
        for room in self.directory.every_room().iter() {
            let to = of_room(room);
            let now = hearers.iter().any(|hearer| hearer.to == to);
            if !now && self.store.remote(&to, &card(kept.id))?.is_some() {
                hearers.push(Hearer {
                    to,
                    audience: Audience::Room(Privacy::Minimal),
                    thread: None,
                    direct: false,
                    mentions: Vec::new(),
                    former: true,
                });
            }
        }
        Ok(hearers)
    }

    fn held_post(&self, hearer: &Hearer, kept: &Kept, template: &str, context: &Value) -> Post {
        let worded = self
            .templates
            .room_named(template, hearer.audience, context);
        Post {
            // A broken template does not hide a mail from those who wait for it.
            text: worded.unwrap_or_else(|error| {
                tracing::error!(error = %error, "Cannot word what becomes of a held mail");
                plain(kept.id, template)
            }),
            card: Some(card(kept.id)),
            thread: hearer.thread.clone(),
            direct: hearer.direct,
            ..Post::default()
        }
    }

    /// Who is told of a held mail: the rooms of its dossier, or where none wants to hear of mail, those concerned; of one
    /// that nobody has attributed, the administrateurs, and without a word of whose it is the operator's rooms, or where
    /// there is neither, every room.
    fn hearers(&self, draft: &Draft<'_, S>, kept: &Kept) -> Result<Vec<Hearer>, Error> {
        let change = kept
            .dossier
            .map(|number| draft.dossier(number))
            .transpose()?;
        match change.flatten().map(|change| change.dossier) {
            Some(dossier) => self.hearers_of(draft, kept, &dossier),
            None => self.hearers_of_nobody(draft),
        }
    }

    fn hearers_of(
        &self,
        draft: &Draft<'_, S>,
        kept: &Kept,
        dossier: &Dossier,
    ) -> Result<Vec<Hearer>, Error> {
        let concerned = self.concerned(kept, dossier);
        let rooms = self
            .directory
            .rooms(dossier.demarche, &dossier.groupe, Some(Topic::Courrier));
        let mut hearers = Vec::new();
        for room in rooms {
            let mut mentions = Vec::new();
            if room.privacy != Privacy::Minimal {
                for email in &concerned {
                    let accounts = self.accounts(draft, email)?.into_iter();
                    let here = accounts.filter(|account| account.network == room.network);
                    mentions.extend(here.map(|account| account.id));
                }
            }
            hearers.push(Hearer {
                to: of_room(&room),
                audience: Audience::Room(room.privacy),
                thread: room.threads.then(|| card_of(dossier.number)),
                direct: false,
                mentions,
                former: false,
            });
        }
        if hearers.is_empty() {
            for email in &concerned {
                hearers.extend(self.direct(draft, email)?);
            }
        }
        if hearers.is_empty() {
            return self.hearers_of_nobody(draft);
        }
        Ok(hearers)
    }

    /// Somebody's accounts on the networks that are served.
    fn direct(&self, draft: &Draft<'_, S>, email: &Email) -> Result<Vec<Hearer>, Error> {
        let accounts = self.accounts(draft, email)?.into_iter();
        let served = accounts.filter(|account| self.directory.limits(&account.network).is_some());
        let hearers = served.map(|account| Hearer {
            audience: self.in_private(&account.network),
            to: Destination {
                network: account.network,
                address: account.id,
            },
            thread: None,
            direct: true,
            mentions: Vec::new(),
            former: false,
        });
        Ok(hearers.collect())
    }

    /// Who waits for it: whoever asked for the avis that it answers, the instructeur in whose name it would be sent, else
    /// the followers; as long as they are in the group.
    fn concerned(&self, kept: &Kept, dossier: &Dossier) -> Vec<Email> {
        let author = kept.avis.and_then(|avis| dossier.avis.get(&avis));
        let author = author.map(|avis| avis.by.clone());
        let one = author.or_else(|| kept.instructeur.clone());
        let concerned = match one {
            Some(one) => vec![one],
            None => dossier.followers.keys().cloned().collect(),
        };
        let groupe = self
            .demarche(dossier.demarche)
            .and_then(|demarche| demarche.groupe(&dossier.groupe));
        let member =
            |email: &Email| groupe.is_some_and(|groupe| groupe.instructeurs.contains(email));
        concerned.into_iter().filter(member).collect()
    }

    fn hearers_of_nobody(&self, draft: &Draft<'_, S>) -> Result<Vec<Hearer>, Error> {
        let mut hearers = Vec::new();
        for email in self.directory.administrateurs() {
            hearers.extend(self.direct(draft, email)?);
        }
        let told = !hearers.is_empty();
        let rooms = self.directory.rooms_for(Topic::Courrier);
        let rooms = rooms.iter();
        let rooms = rooms.filter(|room| !told || room.demarche.is_none());
        hearers.extend(rooms.map(|room| Hearer {
            to: of_room(room),
            audience: Audience::Room(Privacy::Minimal),
            thread: None,
            direct: false,
            mentions: Vec::new(),
            former: false,
        }));
        Ok(hearers)
    }
}

/// What is said of a held mail where its template fails.
fn plain(id: u64, template: &str) -> String {
    if template == "held" {
        format!("📥 Un courriel est mis de côté. Pour le lire\u{a0}: `quarantaine voir {id}`")
    } else {
        format!("✅ Le courriel mis de côté n°\u{a0}{id} est traité.")
    }
}

fn queue<S: Store>(draft: &mut Draft<'_, S>, hearer: Hearer, kept: &Kept, post: Post) {
    let outgoing = Outgoing {
        to: hearer.to,
        body: Body::Post(post),
    };
    draft.queue(Queued {
        outgoing,
        not_before: None,
        dossier: kept.dossier,
        tag: None,
    });
}

/// What can be done with a held mail at once.
fn choices(kept: &Kept) -> Vec<Button> {
    let id = kept.id;
    let button = |label: &str, emoji: &str, verb: &str, style| Button {
        label: label.to_owned(),
        emoji: emoji.to_owned(),
        line: format!("quarantaine {verb} {id}"),
        style,
    };
    let mut choices = Vec::new();
    if kept.is_takeable_at_once() {
        choices.push(button(
            "Verser au dossier",
            "✅",
            "accepter",
            Style::Primary,
        ));
        if kept.is_allowable() {
            choices.push(button(
                "Verser et autoriser l’adresse",
                "📌",
                "retenir",
                Style::Secondary,
            ));
            choices.push(button(
                "Autoriser l’adresse",
                "🔓",
                "autoriser",
                Style::Secondary,
            ));
        }
    }
    choices.push(button("Lire", "👁️", "voir", Style::Secondary));
    choices.push(button("Écarter", "🗑️", "rejeter", Style::Danger));
    choices
}
