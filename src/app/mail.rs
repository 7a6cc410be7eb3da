//! A mail that came in: understood, attributed, trusted or not, then filed or held.
//!
//! In this order: automatic? whose? is it really them? what is new in it? what came with it? Only then does the domain
//! hear of it. What fails a step is held in quarantine with the reason; nothing is dropped silently.

use std::borrow::Cow;
use std::ops::Bound;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::draft::Draft;
use super::quarantine::Hold;
use super::{App, Error};
use crate::domain::{
    AvisId, Command, Dossier, DossierId, Email, MAX_TEXT, MailRef, Person, Piece, Refusal,
};
use crate::mail::{
    Answer, Claim, Class, Purpose, Reason, State, Understood, parse_thread, understand,
};
use crate::message::{Body, Destination, Heard, Incoming, MailIn, MailOut, Outgoing, Verdict};
use crate::store::{Collection, Store};
use crate::template::Worded;

/// How long somebody is not told the same again.
const TOLD: SignedDuration = SignedDuration::from_hours(24);
/// Keys of what was told to whom, among [`Collection::Address`].
const TOLD_PREFIX: &str = "told\u{0}";

/// Whose conversation a mail belongs to.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Origin {
    pub(super) dossier: DossierId,
    pub(super) purpose: Purpose,
    /// Who may write in it.
    pub(super) expected: Email,
}

impl Origin {
    /// The avis that is answered, if one is.
    pub(super) fn avis(&self) -> Option<AvisId> {
        match self.purpose {
            Purpose::Avis(number) => Some(AvisId(number)),
            Purpose::Message | Purpose::Instructeur => None,
        }
    }
}

/// What stands between a mail and its dossier.
enum Obstacle {
    /// Held for this reason, and the sender is not written to.
    Held(&'static str),
    /// Held for this reason, and the sender is told, once.
    Told(&'static str),
}

impl<S: Store> App<S> {
    pub(super) fn mail(&self, draft: &mut Draft<'_, S>, mail: &MailIn) -> Result<(), Error> {
        let raw = self.shelf.read(&mail.original.hash)?;
        let mut understood = understand(&raw, &self.own);
        if mail.too_large.is_some() && understood.reason == Some(Reason::Empty) {
            // Only the header is at hand: that there is no text in it says nothing of the mail.
            understood.class = Class::Reply;
        }
        let origin = self.origin(draft, mail, &understood)?;
        draft.receipt.dossier = origin.as_ref().map(|origin| origin.dossier.0);
        match understood.class {
            // A mail of ours that comes back says nothing new, and an answer to it would loop.
            Class::Own => {
                draft.receipt.verdict = Verdict::Ignored;
                Ok(())
            }
            Class::Bounce => self.bounce(draft, mail, &understood, origin.as_ref()),
            Class::AutoReply | Class::List | Class::Other => self.hold(
                draft,
                &Hold {
                    mail,
                    understood: &understood,
                    origin: origin.as_ref(),
                    reason: held_reason(&understood),
                },
            ),
            Class::Reply => match trusted(&understood, origin.as_ref()) {
                Ok(origin) => self.file(draft, mail, &understood, origin, false),
                Err(obstacle) => {
                    self.turn_away(draft, mail, &understood, origin.as_ref(), &obstacle)
                }
            },
        }
    }

    /// The files that a mail would put on the shelf, were it handled now. Kept before its turn comes, they do not hold up
    /// those behind it.
    pub fn files(&self, incoming: &Incoming, now: Timestamp) -> Vec<Vec<u8>> {
        let Heard::Mail(mail) = &incoming.heard else {
            return Vec::new();
        };
        let mut draft = Draft::new(&*self.store, None, &incoming.id, now);
        draft.rehearse();
        // What fails here fails again when the mail is handled, and is said then.
        match self.mail(&mut draft, mail) {
            Ok(()) => draft.noted(),
            Err(_) => Vec::new(),
        }
    }

    /// The conversation that a mail belongs to: by a token that we made, else by its references.
    fn origin(
        &self,
        draft: &Draft<'_, S>,
        mail: &MailIn,
        understood: &Understood,
    ) -> Result<Option<Origin>, Error> {
        let envelope = mail
            .rcpt_to
            .iter()
            .filter_map(|address| self.own.token_in(address));
        for token in envelope.chain(understood.token.clone()) {
            let Some(claim) = Claim::parse(&token) else {
                continue;
            };
            let origin = self.conversation(draft, claim.dossier, claim.purpose)?;
            if let Some(origin) =
                origin.filter(|origin| claim.is_for(&self.secret, origin.expected.as_str()))
            {
                return Ok(Some(origin));
            }
        }
        // Without a token, the references count only for the one who is expected: a leaked Message-ID opens nothing.
        let Some((dossier, purpose)) = understood.thread.as_deref().and_then(parse_thread) else {
            return Ok(None);
        };
        let sender = understood
            .from
            .as_ref()
            .map(|from| Email::new(&from.address));
        let origin = self.conversation(draft, dossier, purpose)?;
        Ok(origin.filter(|origin| Some(&origin.expected) == sender.as_ref()))
    }

    /// Who may write in a conversation of that dossier.
    fn conversation(
        &self,
        draft: &Draft<'_, S>,
        dossier: u64,
        purpose: Purpose,
    ) -> Result<Option<Origin>, Error> {
        let number = DossierId(dossier);
        let Some(change) = draft.dossier(number)? else {
            return Ok(None);
        };
        let dossier = change.dossier;
        let expected = match purpose {
            _ if dossier.purged.is_some() => None,
            Purpose::Message => Some(dossier.usager.clone()),
            Purpose::Avis(avis) => dossier
                .avis
                .get(&AvisId(avis))
                .map(|avis| avis.expert.clone()),
            // Nobody is given such an address: an instructeur answers from the room.
            Purpose::Instructeur => None,
        };
        Ok(expected.map(|expected| Origin {
            dossier: number,
            purpose,
            expected,
        }))
    }

    /// Files the reply in its dossier. `admitted` says that it came from elsewhere and an instructeur let it in.
    pub(super) fn file(
        &self,
        draft: &mut Draft<'_, S>,
        mail: &MailIn,
        understood: &Understood,
        origin: &Origin,
        admitted: bool,
    ) -> Result<(), Error> {
        draft.receipt.dossier = Some(origin.dossier.0);
        if mail.too_large.is_some() {
            let told = Obstacle::Told("mail_too_large");
            return self.turn_away(draft, mail, understood, Some(origin), &told);
        }
        let (text, mut enclosed) = content(understood, admitted);
        let reference = MailRef {
            message_id: understood.message_id.clone(),
            original: mail.original.clone(),
            authenticated: understood.authentication.state == State::Pass
                && understood.authentication.aligned,
        };
        let order = |enclosed: &[Enclosed<'_>]| {
            let pieces = enclosed.iter().map(|file| file.piece.clone()).collect();
            let (text, mail) = (text.clone(), Some(reference.clone()));
            match origin.avis() {
                Some(avis) => {
                    let certain = understood.oui_non.filter(|said| said.certain);
                    Command::RenderAvis {
                        avis,
                        text,
                        oui_non: certain.map(|said| said.answer == Answer::Oui),
                        pieces,
                        mail,
                    }
                }
                None => Command::Post { text, pieces, mail },
            }
        };
        let by = match origin.avis() {
            Some(_) => Person::Expert(origin.expected.clone()),
            None => Person::Usager(origin.expected.clone()),
        };
        // The files are kept once the dossier takes them: nothing would take those of a refused mail away again.
        let tried = self.try_act(draft, origin.dossier, &by, &[order(&enclosed)])?;
        if let Err(refusal) = tried {
            let obstacle = Obstacle::Told(refused_reason(&refusal));
            return self.turn_away(draft, mail, understood, Some(origin), &obstacle);
        }
        let contents: Vec<&[u8]> = enclosed.iter().map(|file| &*file.content).collect();
        if draft.note(&contents) {
            return Ok(());
        }
        let hashes = self.shelf.keep_all(&contents);
        for (file, hash) in enclosed.iter_mut().zip(hashes) {
            file.piece.hash = hash?;
        }
        if let Err(refusal) = self.act(draft, origin.dossier, &by, &[order(&enclosed)])? {
            let obstacle = Obstacle::Told(refused_reason(&refusal));
            return self.turn_away(draft, mail, understood, Some(origin), &obstacle);
        }
        draft.receipt.verdict = Verdict::Done;
        Ok(())
    }

    /// A report of delivery: a failure marks the address, the rest is only news.
    fn bounce(
        &self,
        draft: &mut Draft<'_, S>,
        mail: &MailIn,
        understood: &Understood,
        origin: Option<&Origin>,
    ) -> Result<(), Error> {
        let held = Hold {
            mail,
            understood,
            origin,
            reason: "bounce",
        };
        let Some(bounce) = &understood.bounce else {
            return self.hold(draft, &held);
        };
        if !bounce.is_failure() {
            draft.receipt.verdict = Verdict::Ignored;
            return Ok(());
        }
        let Some(origin) = origin else {
            return self.hold(draft, &held);
        };
        let why = bounce.status.clone().unwrap_or_else(|| "5.0.0".to_owned());
        let command = Command::Bounce {
            address: origin.expected.clone(),
            why,
        };
        match self.act(draft, origin.dossier, &Person::Greffier, &[command])? {
            Ok(_) => Ok(()),
            Err(_) => self.hold(draft, &held),
        }
    }

    fn turn_away(
        &self,
        draft: &mut Draft<'_, S>,
        mail: &MailIn,
        understood: &Understood,
        origin: Option<&Origin>,
        obstacle: &Obstacle,
    ) -> Result<(), Error> {
        let reason = match obstacle {
            Obstacle::Held(reason) | Obstacle::Told(reason) => reason,
        };
        if let Obstacle::Told(reason) = obstacle {
            // Whoever is not the one expected learns nothing of the dossier, not even its number.
            let expected = origin.filter(|_| *reason != "sender_not_expected");
            let about = expected
                .map(|origin| draft.dossier(origin.dossier))
                .transpose()?
                .flatten();
            let about = about.map(|change| change.dossier);
            self.tell_sender(draft, understood, reason, None, about.as_ref())?;
        }
        self.hold(
            draft,
            &Hold {
                mail,
                understood,
                origin,
                reason,
            },
        )
    }

    /// Tells the sender why the mail was not filed: once a day for each reason, and never an automatic mail's.
    pub(super) fn tell_sender(
        &self,
        draft: &mut Draft<'_, S>,
        understood: &Understood,
        reason: &str,
        explanation: Option<&str>,
        about: Option<&Dossier>,
    ) -> Result<(), Error> {
        let Some(from) = understood.from.as_ref().filter(|_| {
            understood.class == Class::Reply && understood.authentication.state != State::Fail
        }) else {
            return Ok(());
        };
        let key = format!("{TOLD_PREFIX}{}\u{0}{reason}", from.address);
        let told: Option<Timestamp> = draft.get(Collection::Address, &key)?;
        if told.is_some_and(|told| draft.at.duration_since(told) < TOLD) {
            return Ok(());
        }
        let at = draft.at;
        draft.put(Collection::Address, key, &at)?;
        let service = about
            .and_then(|dossier| self.demarche(dossier.demarche))
            .map(|demarche| demarche.service.as_str());
        let subject = Some(&understood.subject).filter(|subject| !subject.is_empty());
        let context = json!({
            "subject": subject,
            "reason": explanation,
            "number": about.map(|dossier| dossier.number),
            "service": service,
            "max": self.own.inbound_limits.attachment_bytes,
        });
        let Worded {
            subject,
            text,
            html,
        } = self.templates.mail_named(reason, &context)?;
        let mail = MailOut {
            from_name: self.from_name.clone(),
            subject,
            text,
            html,
            in_reply_to: understood.message_id.clone(),
            ..MailOut::default()
        };
        let to = Destination {
            network: "mail".to_owned(),
            address: from.address.clone(),
        };
        draft.send(Outgoing {
            to,
            body: Body::Mail(Box::new(mail)),
        });
        Ok(())
    }

    /// Forgets who was told what, once it may be told again: an address stays no longer than it is needed.
    pub(super) fn sweep_told(&self, draft: &mut Draft<'_, S>) -> Result<(), Error> {
        for (key, value) in
            self.store
                .scan(Collection::Address, TOLD_PREFIX, Bound::Unbounded, 1000)?
        {
            let told: Timestamp = serde_json::from_value(value)
                .map_err(|error| Error::document(Collection::Address, &error))?;
            if draft.at.duration_since(told) >= TOLD {
                draft.remove(Collection::Address, key);
            }
        }
        Ok(())
    }
}

/// A file that came with a mail, on its way to the shelf. Its hash is not known before it is there.
struct Enclosed<'a> {
    piece: Piece,
    content: Cow<'a, [u8]>,
}

/// The text and the files to file. A file that is not taken is named, never left out in silence.
fn content(understood: &Understood, admitted: bool) -> (String, Vec<Enclosed<'_>>) {
    let mut text = understood.reply.trim().to_owned();
    if let Some(forwarded) = understood.forwarded.as_deref().filter(|_| text.is_empty()) {
        forwarded.trim().clone_into(&mut text);
    }
    let mut enclosed = Vec::new();
    let mut notes = Vec::new();
    for attachment in &understood.attachments {
        match &attachment.refused {
            None => enclosed.push(Enclosed {
                piece: Piece {
                    hash: String::new(),
                    name: attachment.name.clone(),
                    media_type: attachment.media_type.clone(),
                    bytes: attachment.bytes,
                },
                content: Cow::Borrowed(&attachment.content),
            }),
            Some(why) => notes.push(format!(
                "[Pièce jointe écartée\u{a0}: {}, {why}]",
                attachment.name
            )),
        }
    }
    // The other side reads this: it learns where the mail came from, and of the team only that it was let in.
    if let (true, Some(from)) = (admitted, &understood.from) {
        notes.push(format!(
            "[Courriel reçu de {} et admis par le service]",
            from.address
        ));
    }
    let room: usize = MAX_TEXT.saturating_sub(1000);
    if text.chars().count() > room {
        enclosed.push(whole_text(&text));
        text = text.chars().take(room).collect();
        notes.insert(
            0,
            "[La suite est dans la pièce jointe message-complet.txt]".to_owned(),
        );
    }
    // The notes share what is left of the longest text; thirty of them fit.
    let notes: String = notes.join("\n").chars().take(900).collect();
    let parts = [text, notes];
    let parts: Vec<&str> = parts
        .iter()
        .map(String::as_str)
        .filter(|part| !part.is_empty())
        .collect();
    (parts.join("\n\n"), enclosed)
}

/// A text too long for a message, as a file.
fn whole_text(text: &str) -> Enclosed<'static> {
    Enclosed {
        piece: Piece {
            hash: String::new(),
            name: "message-complet.txt".to_owned(),
            media_type: "text/plain".to_owned(),
            bytes: text.len() as u64,
        },
        content: Cow::Owned(text.as_bytes().to_vec()),
    }
}

/// Whether a reply may be filed, and if not, why.
fn trusted<'a>(
    understood: &Understood,
    origin: Option<&'a Origin>,
) -> Result<&'a Origin, Obstacle> {
    let origin = origin.ok_or(Obstacle::Told("unknown_address"))?;
    if understood.authentication.state == State::Fail {
        return Err(Obstacle::Held("forged"));
    }
    match &understood.from {
        None => Err(Obstacle::Held("no_sender")),
        Some(from) if Email::new(&from.address) != origin.expected => {
            Err(Obstacle::Told("sender_not_expected"))
        }
        Some(_) => Ok(origin),
    }
}

/// Why a mail that is no reply is held, as the filter `raison` of the templates knows it.
fn held_reason(understood: &Understood) -> &'static str {
    match understood.reason {
        Some(Reason::Unreadable) => "unreadable",
        Some(Reason::Empty) => "empty",
        Some(Reason::ReadReceipt) => "receipt",
        Some(Reason::Calendar) => "calendar",
        Some(Reason::Challenge) => "challenge",
        Some(Reason::List) => "list",
        Some(_) | None => "automatic",
    }
}

/// Why the domain did not take a mail: the name of the mail to the sender, and what the room is told.
fn refused_reason(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Archived => "dossier_archived",
        Refusal::Trashed | Refusal::UnknownDossier { .. } => "dossier_deleted",
        Refusal::AvisRevoked { .. } => "avis_revoked",
        Refusal::AvisClosed { .. } => "avis_closed",
        Refusal::TooLarge { .. } => "too_large",
        Refusal::TextRequired => "text_required",
        Refusal::NotAllowed => "not_allowed",
        _ => "not_understood",
    }
}
