//! The mails that an effect becomes: to whom, with which reply address, in which conversation, with which files.

use super::draft::Draft;
use super::platform::lacks_files;
use super::word::{Saying, tag_of};
use super::{App, Error};
use crate::domain::{Avis, AvisId, Dossier, Email, Notice, Person, Piece, Valeur};
use crate::mail::{Purpose, thread_name, token};
use crate::message::{Body, Destination, MailOut, Outgoing};
use crate::store::{Queued, Store};
use crate::template::{Audience, Worded};

/// Bytes of the dossier's own files that go with a request for an avis; most mail servers take some 25 MB in all.
const WITH_REQUEST: u64 = 12 * 1024 * 1024;

impl<S: Store> App<S> {
    pub(super) fn mail_instructeur(
        &self,
        draft: &mut Draft<'_, S>,
        saying: &Saying<'_>,
        email: &Email,
    ) -> Result<(), Error> {
        let worded = self.mail_words(draft, saying, Audience::Instructeur)?;
        let number = saying.dossier.number.0;
        let purpose = Purpose::Instructeur;
        let reply_to = saying.answered_by_mail().then(|| {
            self.own
                .reply_local(&token(&self.secret, number, purpose, email.as_str()))
        });
        let mail = MailOut {
            reply_to,
            thread: Some(thread_name(number, purpose)),
            ..self.envelope(saying, worded)
        };
        self.mail_to(draft, saying, email, mail, None)
    }

    pub(super) fn mail_usager(
        &self,
        draft: &mut Draft<'_, S>,
        saying: &Saying<'_>,
    ) -> Result<(), Error> {
        let Saying {
            dossier, notice, ..
        } = saying;
        let worded = self.mail_words(draft, saying, Audience::Usager)?;
        let number = dossier.number.0;
        let files = match notice {
            Notice::MessagePosted { message, .. } | Notice::CorrectionRequested { message } => {
                dossier
                    .messages
                    .get(message)
                    .map(|message| message.pieces.clone())
            }
            Notice::AttestationMade => dossier
                .decided
                .as_ref()
                .map(|decided| decided.attestation.iter().cloned().collect()),
            Notice::Decided { .. } => dossier
                .decided
                .as_ref()
                .map(|decided| decided.justificatif.iter().cloned().collect()),
            _ => None,
        };
        // Archived or deleted, the messagerie is closed: no answer is invited.
        let open = !dossier.archived && dossier.present();
        let mail = MailOut {
            reply_to: open.then(|| {
                self.own.reply_local(&token(
                    &self.secret,
                    number,
                    Purpose::Message,
                    dossier.usager.as_str(),
                ))
            }),
            thread: Some(thread_name(number, Purpose::Message)),
            in_reply_to: last_mail(dossier),
            files: files.unwrap_or_default(),
            ..self.envelope(saying, worded)
        };
        let tag = match notice {
            Notice::MessagePosted { message, .. } | Notice::CorrectionRequested { message } => {
                Some(tag_of(dossier, *message))
            }
            _ => None,
        };
        self.mail_to(draft, saying, &dossier.usager, mail, tag)
    }

    pub(super) fn mail_expert(
        &self,
        draft: &mut Draft<'_, S>,
        saying: &Saying<'_>,
        id: AvisId,
    ) -> Result<(), Error> {
        let Saying {
            dossier, notice, ..
        } = saying;
        let Some(avis) = dossier.avis.get(&id) else {
            return Ok(());
        };
        let worded = self.mail_words(draft, saying, Audience::Expert(id))?;
        let number = dossier.number.0;
        let purpose = Purpose::Avis(id.0);
        let open = avis.revoked.is_none() && avis.closed.is_none() && dossier.statut.en_cours();
        let asked = matches!(
            notice,
            Notice::AvisRequested { .. } | Notice::AvisReminded { .. }
        );
        let files = if asked {
            shown_to_expert(dossier, avis)
        } else {
            Vec::new()
        };
        let last = avis
            .answers
            .iter()
            .rev()
            .find_map(|answer| answer.mail.as_ref()?.message_id.clone());
        let mail = MailOut {
            reply_to: open.then(|| {
                self.own
                    .reply_local(&token(&self.secret, number, purpose, avis.expert.as_str()))
            }),
            thread: Some(thread_name(number, purpose)),
            in_reply_to: last,
            files,
            ..self.envelope(saying, worded)
        };
        self.mail_to(draft, saying, &avis.expert, mail, None)
    }

    fn mail_words(
        &self,
        draft: &Draft<'_, S>,
        saying: &Saying<'_>,
        audience: Audience,
    ) -> Result<Worded, Error> {
        let scene = saying.scene(draft.at, audience);
        Ok(self.templates.mail(saying.notice, &scene)?)
    }

    /// Queues a mail that speaks of no dossier and takes no answer.
    pub(super) fn mail_bare(&self, draft: &mut Draft<'_, S>, email: &Email, worded: Worded) {
        let Worded {
            subject,
            text,
            html,
        } = worded;
        let mail = MailOut {
            from_name: self.from_name.clone(),
            subject,
            text,
            html,
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

    fn envelope(&self, saying: &Saying<'_>, worded: Worded) -> MailOut {
        let Worded {
            subject,
            text,
            html,
        } = worded;
        let from_name = if self.from_name.is_empty() {
            saying.demarche.service.clone()
        } else {
            self.from_name.clone()
        };
        MailOut {
            from_name,
            subject,
            text,
            html,
            dossier: Some(saying.dossier.number.0),
            ..MailOut::default()
        }
    }

    fn mail_to(
        &self,
        draft: &mut Draft<'_, S>,
        saying: &Saying<'_>,
        to: &Email,
        mail: MailOut,
        tag: Option<String>,
    ) -> Result<(), Error> {
        let lacks_files = lacks_files(&mail);
        let to = Destination {
            network: "mail".to_owned(),
            address: to.to_string(),
        };
        let outgoing = Outgoing {
            to,
            body: Body::Mail(Box::new(mail)),
        };
        let queued = Queued {
            outgoing,
            not_before: saying.not_before,
            dossier: Some(saying.dossier.number),
            tag,
        };
        if lacks_files {
            return self.queue_with_files(draft, saying.dossier, saying.notice, queued);
        }
        draft.queue(queued);
        Ok(())
    }
}

/// The files that an expert reads: those of the request, then the dossier's own as far as a mail can carry them. His
/// mail lists them all and says whom to ask for the rest.
fn shown_to_expert(dossier: &Dossier, avis: &Avis) -> Vec<Piece> {
    let mut files = avis.pieces.clone();
    let mut room = WITH_REQUEST;
    for piece in dossier.champs.values().flat_map(Valeur::pieces) {
        if piece.bytes <= room {
            room -= piece.bytes;
            files.push(piece.clone());
        }
    }
    files
}

/// `Message-ID` of the usager's last mail, so that ours answers it.
fn last_mail(dossier: &Dossier) -> Option<String> {
    dossier
        .messages
        .values()
        .rev()
        .filter(|message| matches!(message.by, Person::Usager(_)))
        .find_map(|message| message.mail.as_ref()?.message_id.clone())
}
