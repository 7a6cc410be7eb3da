//! The mails of a dossier: what it received, what waits to leave, what was given up.

use std::ops::Bound;

use super::draft::Draft;
use super::line::Speaker;
use super::{App, Error};
use crate::domain::{Dossier, DossierId};
use crate::message::Body;
use crate::store::{Collection, Row, Sent, Store, sent_key};
use crate::template::{Answer, MailRow};

/// Most outbox rows that the mail trace looks at.
const TRACED: usize = 10_000;

/// Most mails that have left, of one dossier.
const LEFT: usize = 1_000;

impl<S: Store> App<S> {
    pub(super) fn mail_trace(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        number: Option<DossierId>,
    ) -> Result<(), Error> {
        let (Some(number), Some(email)) = (number, speaker.email.clone()) else {
            return self.answer(draft, speaker, &Answer::WhichDossier, None);
        };
        draft.receipt.dossier = Some(number.0);
        let dossier = match self.visible(draft, number, &email)? {
            Ok((dossier, _)) => dossier,
            Err(refusal) => return self.refuse(draft, speaker, &refusal),
        };
        let mut rows = received(&dossier);
        for (_, value) in self.store.scan(
            Collection::Sent,
            &sent_key(number, None),
            Bound::Unbounded,
            LEFT,
        )? {
            let sent: Sent = serde_json::from_value(value)
                .map_err(|error| Error::document(Collection::Sent, &error))?;
            rows.push(MailRow {
                received: false,
                at: sent.at,
                address: sent.address,
                subject: sent.subject,
                state: "sent".to_owned(),
                why: None,
            });
        }
        for due in self.store.queued(None, TRACED)? {
            if due.to.network != "mail" {
                continue;
            }
            let Some(row) = self
                .store
                .row(due.id)?
                .filter(|row| row.queued.dossier == Some(number))
            else {
                continue;
            };
            let state = if row.queued.not_before.is_some_and(|time| time > draft.at) {
                "delayed"
            } else {
                "waiting"
            };
            rows.extend(sent(&row, state));
        }
        rows.extend(
            self.store
                .dead()?
                .iter()
                .filter(|row| row.queued.dossier == Some(number))
                .filter_map(|row| sent(row, "failed")),
        );
        rows.sort_by_key(|row| row.at);
        self.answer(
            draft,
            speaker,
            &Answer::MailTrace { number, rows },
            Some(&dossier),
        )
    }
}

/// The mails that a dossier received.
fn received(dossier: &Dossier) -> Vec<MailRow> {
    let row = |at, address: String| MailRow {
        received: true,
        at,
        address,
        subject: String::new(),
        state: "received".to_owned(),
        why: None,
    };
    let messages = dossier
        .messages
        .values()
        .filter(|message| message.mail.is_some());
    let messages = messages.map(|message| {
        row(
            message.at,
            message
                .by
                .email()
                .map(ToString::to_string)
                .unwrap_or_default(),
        )
    });
    let answers = dossier.avis.values().flat_map(|avis| {
        avis.answers
            .iter()
            .filter(|answer| answer.mail.is_some())
            .map(|answer| row(answer.at, avis.expert.to_string()))
    });
    messages.chain(answers).collect()
}

/// A mail of the outbox, waiting or given up.
fn sent(row: &Row, state: &str) -> Option<MailRow> {
    let Body::Mail(mail) = &row.queued.outgoing.body else {
        return None;
    };
    Some(MailRow {
        received: false,
        at: row.since,
        address: row.queued.outgoing.to.address.clone(),
        subject: mail.subject.clone(),
        state: state.to_owned(),
        why: row.why.clone(),
    })
}
