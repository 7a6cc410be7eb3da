//! What is to be sent, what came of it, and what was given up.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::draft::{self, Draft, read};
use super::key::{self, Owner, Trace};
use super::meta::{self, Sequence};
use super::record::Record;
use super::tree::{Tree, Trees};
use super::{commit, journal};
use crate::domain::DossierId;
use crate::message::{Body, Destination, Heard, Incoming, Outcome, Undelivered};
use crate::store::{
    Change, Collection, Error, JournalId, Journaled, OutboxId, Queued, Row, Sent, sent_key,
};

/// Queues a message, due at `at` or when it says. Answers its row's id.
pub(super) fn queue(
    draft: &mut Draft<'_>,
    queued: &Queued,
    at: Timestamp,
) -> Result<OutboxId, Error> {
    let id = meta::take(draft, Sequence::Outbox)?;
    let row = Row {
        id,
        queued: queued.clone(),
        attempts: 0,
        next: queued.not_before.unwrap_or(at),
        since: at,
        why: None,
    };
    put(draft, Tree::Outbox, &row)?;
    Ok(id)
}

/// Adds a row to the outbox or to the dead letters, with all that finds it.
pub(super) fn put(draft: &mut Draft<'_>, tree: Tree, row: &Row) -> Result<(), Error> {
    let json = draft::write(tree, row)?;
    draft.refer(&json, Owner::Row(row.id));
    draft.put(tree, key::number(row.id), json);
    draft.add(Tree::Meta, &meta::depth(tree), 1)?;
    if let Some(dossier) = row.queued.dossier {
        draft.mark(Tree::About, key::about(dossier, Trace::Row(row.id)));
    }
    if let (Some(tag), Tree::Outbox) = (&row.queued.tag, tree) {
        draft.mark(Tree::Tags, key::tagged(tag, row.id));
    }
    Ok(())
}

/// Takes a row out of the outbox or of the dead letters, with all that finds it.
pub(super) fn take(draft: &mut Draft<'_>, tree: Tree, id: OutboxId) -> Result<Option<Row>, Error> {
    let key = key::number(id);
    let Some(json) = draft.get(tree, &key)? else {
        return Ok(None);
    };
    let row: Row = read(tree, &json)?;
    draft.release(&json, Owner::Row(id));
    draft.remove(tree, key);
    draft.add(Tree::Meta, &meta::depth(tree), -1)?;
    if let Some(dossier) = row.queued.dossier {
        draft.remove(Tree::About, key::about(dossier, Trace::Row(id)));
    }
    if let (Some(tag), Tree::Outbox) = (&row.queued.tag, tree) {
        draft.remove(Tree::Tags, key::tagged(tag, id));
    }
    Ok(Some(row))
}

/// Takes back what waits under `tag`, all or nothing. False where something has left, or may be leaving at `at`.
pub(super) fn unsay(draft: &mut Draft<'_>, tag: &str, at: Timestamp) -> Result<bool, Error> {
    let keys = draft.keys(Tree::Tags, &key::tag(tag))?;
    let mut waiting = Vec::with_capacity(keys.len());
    for key in &keys {
        let id = key::last_number(key).ok_or_else(|| draft::corrupt(Tree::Tags, "a key"))?;
        let json = draft.get(Tree::Outbox, &key::number(id))?;
        let row: Option<Row> = json.map(|json| read(Tree::Outbox, &json)).transpose()?;
        // What was tried may have arrived, though the other side did not say so.
        if !row.is_some_and(|row| row.next > at && row.attempts == 0) {
            return Ok(false);
        }
        waiting.push(id);
    }
    for id in &waiting {
        take(draft, Tree::Outbox, *id)?;
    }
    Ok(!waiting.is_empty())
}

/// Records what came of a try. None where the row is not there any more.
pub(super) fn settle(
    draft: &mut Draft<'_>,
    (id, name): (OutboxId, &str),
    outcome: &Outcome,
    next: Timestamp,
    now: Timestamp,
) -> Result<Option<JournalId>, Error> {
    match outcome {
        Outcome::Delivered { remote_id } => {
            if let Some(row) = take(draft, Tree::Outbox, id)? {
                delivered(draft, &row, remote_id)?;
                trace(draft, &row, now)?;
            }
            Ok(None)
        }
        Outcome::Retry { why, .. } | Outcome::Held { why, .. } => {
            retry(draft, id, next, why)?;
            Ok(None)
        }
        Outcome::Dead { why } => match take(draft, Tree::Outbox, id)? {
            Some(row) => give_up(draft, row, name, why, now),
            None => Ok(None),
        },
    }
}

/// Moves a row to the dead letters and tells the journal.
fn give_up(
    draft: &mut Draft<'_>,
    mut row: Row,
    name: &str,
    why: &str,
    now: Timestamp,
) -> Result<Option<JournalId>, Error> {
    row.attempts = row.attempts.saturating_add(1);
    row.why = Some(why.to_owned());
    put(draft, Tree::Dead, &row)?;
    let incoming = Incoming {
        id: format!("undelivered:{name}"),
        at: now,
        heard: Heard::Undelivered(Undelivered {
            outbox: row.id,
            to: row.queued.outgoing.to,
            dossier: row.queued.dossier.map(|dossier| dossier.0),
            why: why.to_owned(),
        }),
    };
    Ok(match journal::keep(draft, &incoming)? {
        Journaled::Fresh(id) | Journaled::Waiting(id) => Some(id),
        Journaled::Done(_) => None,
    })
}

fn retry(draft: &mut Draft<'_>, id: OutboxId, next: Timestamp, why: &str) -> Result<(), Error> {
    let key = key::number(id);
    let Some(mut row) = draft.json::<Row>(Tree::Outbox, &key)? else {
        return Ok(());
    };
    row.attempts = row.attempts.saturating_add(1);
    row.next = next;
    row.why = Some(why.to_owned());
    let json = draft::write(Tree::Outbox, &row)?;
    draft.put(Tree::Outbox, key, json);
    Ok(())
}

/// Remembers which card, or which thread, the network knows by `remote_id`.
fn delivered(draft: &mut Draft<'_>, row: &Row, remote_id: &str) -> Result<(), Error> {
    let Body::Post(post) = &row.queued.outgoing.body else {
        return Ok(());
    };
    let Some(name) = post.card.as_deref().or(post.thread.as_deref()) else {
        return Ok(());
    };
    if remote_id.is_empty() || purged(draft, row)? {
        return Ok(());
    }
    let to = &row.queued.outgoing.to;
    let dossier = row.queued.dossier;
    let known = |name: &str| Named {
        name: name.to_owned(),
        dossier,
    };
    put_card(draft, &to.network, remote_id, &known(name))?;
    if post.card.is_some() {
        put_remote(draft, to, name, &known(remote_id))?;
    }
    Ok(())
}

/// Remembers that a mail about a dossier has left.
fn trace(draft: &mut Draft<'_>, row: &Row, now: Timestamp) -> Result<(), Error> {
    let (Body::Mail(mail), Some(dossier)) = (&row.queued.outgoing.body, row.queued.dossier) else {
        return Ok(());
    };
    if purged(draft, row)? {
        return Ok(());
    }
    let sent = Sent {
        dossier,
        at: now,
        address: row.queued.outgoing.to.address.clone(),
        subject: mail.subject.clone(),
    };
    let value = serde_json::to_value(sent).map_err(|error| Error::Corrupt {
        tree: "documents",
        why: error.to_string(),
    })?;
    let key = sent_key(dossier, Some(row.id));
    let change = Change {
        collection: Collection::Sent,
        key,
        value: Some(value),
    };
    commit::document(draft, &change)
}

/// A name, and the dossier whose purge takes it away.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Named {
    /// The card, or the network's id.
    pub(super) name: String,
    /// The dossier.
    pub(super) dossier: Option<DossierId>,
}

/// Remembers the card behind a network's id.
pub(super) fn put_card(
    draft: &mut Draft<'_>,
    network: &str,
    remote_id: &str,
    card: &Named,
) -> Result<(), Error> {
    let key = key::card(network, remote_id);
    if let Some(dossier) = card.dossier {
        draft.mark(Tree::About, key::about(dossier, Trace::Card(&key)));
    }
    let json = draft::write(Tree::Cards, card)?;
    draft.put(Tree::Cards, key, json);
    Ok(())
}

/// Remembers the network's id of a card.
pub(super) fn put_remote(
    draft: &mut Draft<'_>,
    to: &Destination,
    card: &str,
    remote: &Named,
) -> Result<(), Error> {
    let key = key::remote(to, card);
    if let Some(dossier) = remote.dossier {
        draft.mark(Tree::About, key::about(dossier, Trace::Remote(&key)));
    }
    let json = draft::write(Tree::Remotes, remote)?;
    draft.put(Tree::Remotes, key, json);
    Ok(())
}

/// Whether the dossier that a row speaks of is purged: nothing of it is remembered any more.
fn purged(draft: &Draft<'_>, row: &Row) -> Result<bool, Error> {
    let Some(dossier) = row.queued.dossier else {
        return Ok(false);
    };
    let Some(state) = draft.get(Tree::States, &key::number(dossier.0))? else {
        return Ok(false);
    };
    Ok(Record::decode(&state)?.0.purged)
}

/// Puts a dead letter back into the outbox, under a new id.
pub(super) fn replay(draft: &mut Draft<'_>, id: OutboxId, now: Timestamp) -> Result<bool, Error> {
    let Some(row) = take(draft, Tree::Dead, id)? else {
        return Ok(false);
    };
    let again = Queued {
        not_before: None,
        ..row.queued
    };
    queue(draft, &again, now)?;
    Ok(true)
}

/// The dead letters.
pub(super) fn dead(trees: &Trees) -> Result<Vec<Row>, Error> {
    trees
        .with(Tree::Dead, &[])
        .map(|pair| read(Tree::Dead, &pair?.1))
        .collect()
}
