//! A reply on its way into its dossier: its text, its files, and the order that they make.

use std::borrow::Cow;

use super::super::draft::Draft;
use super::super::platform::Errand;
use super::super::{App, Error};
use super::Origin;
use super::outcome::{Obstacle, refused};
use crate::domain::{Command, Email, MAX_TEXT, MailRef, Person, Piece};
use crate::mail::{Answer, Purpose, State, Understood};
use crate::message::{MailIn, Scan, Verdict};
use crate::store::Store;

/// How a mail comes into its dossier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::app) enum Entry {
    /// From the address that was written to.
    Expected,
    /// From another address of that person, which an instructeur has allowed.
    Alias,
    /// From quarantine, by the instructeur who let it in.
    Admitted(Email),
}

impl<S: Store> App<S> {
    /// Files the reply in its dossier.
    pub(in crate::app) fn file(
        &self,
        draft: &mut Draft<'_, S>,
        mail: &MailIn,
        understood: &Understood,
        origin: &Origin,
        entry: &Entry,
    ) -> Result<(), Error> {
        draft.receipt.dossier = Some(origin.dossier.0);
        if mail.too_large.is_some() {
            let told = Obstacle::told("mail_too_large");
            return self.turn_away(draft, mail, understood, Some(origin), &told);
        }
        let unscanned = mail.scan == Some(Scan::NotScanned);
        let mut files = understood.attachments.iter();
        let refused_file = files.any(|file| unscanned || file.refused.is_some());
        if refused_file && origin.instructeur().is_some() {
            // What he meant to send would go without it, and could not be called back in time.
            let told = Obstacle::told("attachment_refused");
            return self.turn_away(draft, mail, understood, Some(origin), &told);
        }
        let by_himself = *entry == Entry::Expected;
        if by_himself && self.asks_to_modify(draft, understood, origin)? {
            draft.receipt.verdict = Verdict::Done;
            return Ok(());
        }
        let amendment = if by_himself {
            self.amendment(draft, mail, understood, origin)?
        } else {
            None
        };
        let (mut text, mut enclosed) = content(understood, origin, entry, mail.scan.as_ref());
        if let Some(amendment) = amendment.as_ref().filter(|_| understood.reply.is_empty()) {
            let said = amendment.said();
            format!("{said}\n\n{text}").trim_end().clone_into(&mut text);
        }
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
                None => Command::Post {
                    text,
                    pieces,
                    mail,
                    awaits: false,
                },
            }
        };
        let by = author(origin, entry);
        // His answers change with his message, while they may.
        let orders = |change: bool, enclosed: &[Enclosed<'_>]| {
            let amendment = amendment
                .as_ref()
                .filter(|amendment| change && amendment.is_sound());
            let modify = amendment.map(|amendment| {
                let pieces: Vec<Piece> = enclosed.iter().map(|file| file.piece.clone()).collect();
                let champs = amendment.with_files(&pieces);
                Command::Modify { champs }
            });
            let orders: Vec<Command> = [Some(order(enclosed)), modify]
                .into_iter()
                .flatten()
                .collect();
            orders
        };
        let whole = self.try_act(draft, origin.dossier, &by, &orders(true, &enclosed))?;
        let change = whole.is_ok();
        // The files are kept once the dossier takes them: nothing would take those of a refused mail away again.
        let tried = self.try_act(draft, origin.dossier, &by, &orders(change, &enclosed))?;
        if let Err(refusal) = tried {
            let obstacle = refused(&refusal, origin);
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
        let (orders, errand) = (orders(change, &enclosed), Errand::default());
        if let Err(refusal) = self.perform(draft, origin.dossier, &by, &orders, &errand)? {
            let obstacle = refused(&refusal, origin);
            return self.turn_away(draft, mail, understood, Some(origin), &obstacle);
        }
        if let Some(amendment) = &amendment {
            self.tell_amendment(draft, understood, origin, amendment)?;
        }
        draft.receipt.verdict = Verdict::Done;
        Ok(())
    }
}

/// A file that came with a mail, on its way to the shelf. Its hash is not known before it is there.
struct Enclosed<'a> {
    piece: Piece,
    content: Cow<'a, [u8]>,
}

/// Who speaks.
fn author(origin: &Origin, entry: &Entry) -> Person {
    match (origin.purpose, entry) {
        (Purpose::Avis(_), _) => Person::Expert(origin.expected.clone()),
        (Purpose::Message | Purpose::Deposit, _) => Person::Usager(origin.expected.clone()),
        // Whoever lets in what was not proven to be a colleague's says it himself.
        (Purpose::Instructeur, Entry::Admitted(by)) => Person::Instructeur(by.clone()),
        (Purpose::Instructeur, _) => Person::Instructeur(origin.expected.clone()),
    }
}

/// The text and the files to file. A file that is not taken is named, never left out in silence.
fn content<'a>(
    understood: &'a Understood,
    origin: &Origin,
    entry: &Entry,
    scan: Option<&Scan>,
) -> (String, Vec<Enclosed<'a>>) {
    // Whoever lets the mail in: no file is taken that the virus scanner should have seen and has not.
    let unscanned = (scan == Some(&Scan::NotScanned)).then_some("non analysée par l’antivirus");
    let mut text = understood.reply.trim().to_owned();
    let ours = origin.instructeur().is_some();
    let passed_on = understood.forwarded.as_deref();
    // What an instructeur merely passes on was not written for the usager.
    if let Some(forwarded) = passed_on.filter(|_| text.is_empty() && !ours) {
        forwarded.trim().clone_into(&mut text);
    }
    let mut enclosed = Vec::new();
    let mut notes = Vec::new();
    for attachment in &understood.attachments {
        match attachment.refused.as_deref().or(unscanned) {
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
    notes.extend(origin_note(understood, origin, entry));
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

/// Where the mail came from, if not from the one expected. The other side reads this: of the team it learns only that
/// the mail was let in.
fn origin_note(understood: &Understood, origin: &Origin, entry: &Entry) -> Option<String> {
    let from = &understood.from.as_ref()?.address;
    let elsewhere = Email::new(from) != origin.expected && origin.instructeur().is_none();
    match entry {
        Entry::Admitted(_) if elsewhere => {
            Some(format!("[Courriel reçu de {from} et admis par le service]"))
        }
        Entry::Alias => Some(format!(
            "[Courriel reçu de {from}, adresse autorisée par le service]"
        )),
        Entry::Admitted(_) | Entry::Expected => None,
    }
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
