//! Whether a reply may be filed: who writes, how that is proven, and whether it is one that comes too late or too often.

use jiff::{SignedDuration, Timestamp};

use super::super::draft::Draft;
use super::super::{App, Error, guarded};
use super::file::Entry;
use super::origin::{Found, Origin};
use super::outcome::Obstacle;
use crate::domain::{AvisId, Dossier, Email, MailRef, Person};
use crate::mail::{Purpose, State, Understood, understand};
use crate::store::Store;

/// What is to be done with a reply.
pub(super) enum Admission {
    /// File it.
    Take(Origin, Entry),
    /// It is filed already: it came again.
    Known,
    /// Do not file it.
    Refuse(Obstacle),
}

/// How many mails of one person are filed in one conversation, and in how long. Beyond, a person looks at them first:
/// nobody writes more, and two machines that answer each other through us stop there, however slow they are.
const MOST: [(SignedDuration, usize); 4] = [
    (SignedDuration::from_hours(1), 10),
    (SignedDuration::from_hours(24), 20),
    (SignedDuration::from_hours(24 * 7), 40),
    (SignedDuration::from_hours(24 * 30), 60),
];

impl<S: Store> App<S> {
    /// Whether a reply may be filed, and if not, why.
    pub(super) fn admission(
        &self,
        draft: &Draft<'_, S>,
        understood: &Understood,
        found: &Found,
    ) -> Result<Admission, Error> {
        let Some(origin) = found.origin() else {
            return Ok(Admission::Refuse(Obstacle::told("unknown_address")));
        };
        let Some(change) = draft.dossier(origin.dossier)? else {
            return Ok(Admission::Refuse(Obstacle::told("unknown_address")));
        };
        let dossier = change.dossier;
        if understood.authentication.state == State::Fail {
            return Ok(Admission::Refuse(Obstacle::held("forged")));
        }
        let Some(from) = &understood.from else {
            return Ok(Admission::Refuse(Obstacle::held("no_sender")));
        };
        let sender = Email::new(&from.address);
        let known = self.speaks_for(draft, &dossier, origin, &sender)?;
        let obstacle = match found {
            // Who sent it again is not who wrote it, and learns nothing.
            Found::Crossed(_) => Some(Obstacle::held("crossed")),
            Found::Retired(_) if known => Some(Obstacle::told("address_retired")),
            // To anybody else, an address that was taken away never was one.
            Found::Retired(_) => Some(Obstacle::told("unknown_address")),
            // What comes to an instructeur's address is an answer to the usager: nobody else can be let in to write it.
            Found::Cited(origin) if origin.instructeur().is_some() => {
                Some(Obstacle::told_as("instructeur_address", "unknown_address"))
            }
            Found::Conversation(origin) if !known && origin.instructeur().is_some() => Some(
                Obstacle::told_as("instructeur_address", "sender_not_expected"),
            ),
            Found::Cited(_) => Some(Obstacle::told_as("references_only", "unknown_address")),
            _ if !known => Some(Obstacle::told("sender_not_expected")),
            _ if self.expired(&dossier, origin, draft.at) => Some(Obstacle::told("reply_expired")),
            _ if origin.instructeur().is_some() && !self.proven(understood) => {
                Some(Obstacle::told("instructeur_unproven"))
            }
            _ => None,
        };
        if let Some(obstacle) = obstacle {
            return Ok(Admission::Refuse(obstacle));
        }
        let filed = filed(&dossier, origin);
        if let Some(id) = &understood.message_id {
            let same_id = |mail: &&MailRef| mail.message_id.as_ref() == Some(id);
            let before = filed.iter().map(|(_, mail)| *mail).find(same_id);
            if let Some(before) = before {
                let raw = self.shelf.read(&before.original.hash)?;
                return Ok(
                    if is_same(&guarded(|| understand(&raw, &self.own))?, understood) {
                        Admission::Known
                    } else {
                        Admission::Refuse(Obstacle::told("replayed"))
                    },
                );
            }
        }
        if too_many(&filed, draft.at) {
            return Ok(Admission::Refuse(Obstacle::told("too_many")));
        }
        let entry = if sender == origin.expected {
            Entry::Expected
        } else {
            Entry::Alias
        };
        Ok(Admission::Take(origin.clone(), entry))
    }

    /// An instructeur's mail speaks in the name of the administration: that nobody says it is forged is not enough.
    fn proven(&self, understood: &Understood) -> bool {
        self.replies.instructeurs_unauthenticated || understood.authentication.is_proven()
    }

    /// Whether our last mail in that conversation is too long ago for an answer to be filed unseen.
    fn expired(&self, dossier: &Dossier, origin: &Origin, now: Timestamp) -> bool {
        let days = i64::from(self.replies.days);
        days > 0
            && now.duration_since(last_written(dossier, origin))
                > SignedDuration::from_hours(24 * days)
    }
}

/// When we last wrote in that conversation, as the dossier's events tell. No date is in an address: it stays the same for
/// the whole conversation, and each mail of ours makes it valid for longer.
fn last_written(dossier: &Dossier, origin: &Origin) -> Timestamp {
    let steps = dossier.steps.iter().map(|step| step.at);
    let messages = |ours: bool| {
        let of = dossier.messages.values();
        of.filter(move |message| matches!(message.by, Person::Instructeur(_)) == ours)
            .map(|message| message.at)
    };
    let avis = |number: AvisId| {
        let avis = dossier.avis.get(&number);
        avis.into_iter().flat_map(|avis| {
            let answers = avis.answers.iter().map(|answer| answer.at);
            answers.chain(avis.reminded).chain([avis.at])
        })
    };
    let last = match origin.purpose {
        Purpose::Message => steps.chain(messages(true)).max(),
        Purpose::Instructeur => messages(false).max(),
        Purpose::Deposit => None,
        Purpose::Avis(number) => avis(AvisId(number))
            .chain(dossier.decided.as_ref().map(|decided| decided.at))
            .max(),
    };
    last.unwrap_or(dossier.deposited).max(dossier.deposited)
}

/// The mails that the person expected has in that conversation, and when they were filed.
fn filed<'a>(dossier: &'a Dossier, origin: &'a Origin) -> Vec<(Timestamp, &'a MailRef)> {
    let by = match origin.purpose {
        Purpose::Avis(number) => {
            let avis = dossier.avis.get(&AvisId(number));
            let answers = avis.into_iter().flat_map(|avis| &avis.answers);
            return answers
                .filter_map(|answer| Some((answer.at, answer.mail.as_ref()?)))
                .collect();
        }
        Purpose::Message => Person::Usager(origin.expected.clone()),
        Purpose::Instructeur => Person::Instructeur(origin.expected.clone()),
        Purpose::Deposit => return Vec::new(),
    };
    let messages = dossier.messages.values();
    messages
        .filter(|message| message.by == by)
        .filter_map(|message| Some((message.at, message.mail.as_ref()?)))
        .collect()
}

fn too_many(filed: &[(Timestamp, &MailRef)], now: Timestamp) -> bool {
    MOST.iter().any(|(window, most)| {
        let recent = filed
            .iter()
            .filter(|(at, _)| now.duration_since(*at) < *window);
        recent.count() >= *most
    })
}

/// Whether two mails say the same, whatever relays have written above them since.
fn is_same(one: &Understood, other: &Understood) -> bool {
    let said = |mail: &Understood| {
        let Understood {
            from,
            subject,
            date,
            reply,
            forwarded,
            ..
        } = mail.clone();
        (from, subject, date, reply, forwarded)
    };
    said(one) == said(other) && one.attachments == other.attachments
}
