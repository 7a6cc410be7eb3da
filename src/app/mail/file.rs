//! A reply on its way into its dossier: its text, its files, and the order that they make.

use std::borrow::Cow;

use super::super::draft::Draft;
use super::super::{App, Error};
use super::Origin;
use super::outcome::{Obstacle, refused_reason};
use crate::domain::{Command, MAX_TEXT, MailRef, Person, Piece};
use crate::mail::{Answer, State, Understood};
use crate::message::{MailIn, Verdict};
use crate::store::Store;

impl<S: Store> App<S> {
    /// Files the reply in its dossier. `admitted` says that it came from elsewhere and an instructeur let it in.
    pub(in crate::app) fn file(
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
