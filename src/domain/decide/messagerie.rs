//! Messages, and mail that comes back.

use jiff::SignedDuration;

use super::super::Piece;
use super::super::act::Refusal;
use super::super::dossier::{Dossier, MailRef, Person};
use super::super::event::Event;
use super::super::id::{Email, MessageId};
use super::{Case, required};

/// The most bytes of one attachment (the platform's own limit).
pub const MAX_PIECE: u64 = 20 * 1024 * 1024;
/// How long a message may be taken back; its mail leaves only then.
pub const WITHDRAW_DELAY: SignedDuration = SignedDuration::from_mins(5);

/// The number of the next message.
pub(super) fn next(dossier: &Dossier) -> MessageId {
    MessageId(
        dossier
            .messages
            .keys()
            .next_back()
            .map_or(1, |last| last.0 + 1),
    )
}

/// Refuses files over the limit.
pub(super) fn sized<'a>(pieces: impl IntoIterator<Item = &'a Piece>) -> Result<(), Refusal> {
    match pieces.into_iter().find(|piece| piece.bytes > MAX_PIECE) {
        Some(piece) => Err(Refusal::TooLarge {
            name: piece.name.clone(),
            max: MAX_PIECE,
        }),
        None => Ok(()),
    }
}

/// A message in the messagerie. An instructeur's needs a text, and may wait for an answer; an usager may send nothing but a
/// file, and answers whatever is waited for.
pub(super) fn post(
    case: &Case<'_>,
    text: &str,
    pieces: &[Piece],
    mail: Option<&MailRef>,
    awaits: bool,
) -> Result<Vec<Event>, Refusal> {
    if case.dossier.archived {
        return Err(Refusal::Archived);
    }
    sized(pieces)?;
    let only_files =
        matches!(case.by, Person::Usager(_)) && !pieces.is_empty() && text.trim().is_empty();
    let text = if only_files {
        String::new()
    } else {
        required(text)?
    };
    let mut events = Vec::new();
    case.follow_too(&mut events);
    let message = next(case.dossier);
    events.push(Event::MessagePosted {
        message,
        text,
        pieces: pieces.to_vec(),
        mail: mail.cloned(),
    });
    match case.by {
        Person::Instructeur(_) if awaits && case.dossier.statut.en_cours() => {
            events.push(Event::AnswerAwaited {
                message: Some(message),
            });
        }
        Person::Usager(_) if case.dossier.awaited.is_some() => {
            events.push(Event::AnswerAwaited { message: None });
        }
        Person::Instructeur(_)
        | Person::Usager(_)
        | Person::Expert(_)
        | Person::Greffier
        | Person::Plateforme => {}
    }
    Ok(events)
}

/// Takes back one's last message, within five minutes. A correction asked by it is not asked any more.
pub(super) fn withdraw(case: &Case<'_>) -> Result<Vec<Event>, Refusal> {
    case.instructeur()?;
    let last = case
        .dossier
        .messages
        .iter()
        .rev()
        .find(|(_, message)| message.by == *case.by && !message.withdrawn);
    let Some((id, message)) = last else {
        return Err(Refusal::NothingToWithdraw);
    };
    if case.at.duration_since(message.at) >= WITHDRAW_DELAY {
        return Err(Refusal::TooLateToWithdraw);
    }
    let mut events = vec![Event::MessageWithdrawn { message: *id }];
    if case
        .dossier
        .correction
        .as_ref()
        .is_some_and(|correction| correction.message == *id)
    {
        events.push(Event::CorrectionResolved);
    }
    if case.dossier.awaited == Some(*id) {
        events.push(Event::AnswerAwaited { message: None });
    }
    Ok(events)
}

/// Mail to the usager or to an expert came back: marked once per address. What the other side said is one line.
pub(super) fn bounce(case: &Case<'_>, address: &Email, why: &str) -> Result<Vec<Event>, Refusal> {
    if *case.by != Person::Greffier {
        return Err(Refusal::NotAllowed);
    }
    let concerned = *address == case.dossier.usager
        || case
            .dossier
            .avis
            .values()
            .any(|avis| avis.expert == *address);
    if !concerned || case.dossier.bounced.contains(address) || !case.dossier.present() {
        return Ok(Vec::new());
    }
    let line = |c: char| if c.is_control() { ' ' } else { c };
    Ok(vec![Event::Bounced {
        address: address.clone(),
        why: why.chars().take(500).map(line).collect(),
    }])
}
