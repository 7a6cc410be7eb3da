//! Mails with files that are on the platform: these are fetched first, and the mail leaves with what could be had.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::draft::Draft;
use super::super::{App, Error};
use super::order::{Kept, Memo, Request, fetch};
use crate::domain::{AvisId, Dossier, DossierId, MessageId, Notice, Piece};
use crate::message::{Body, MailOut};
use crate::store::{Queued, Store};

/// A mail that waits for its files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::app) struct Letter {
    queued: Queued,
    about: About,
}

/// What a mail speaks of. It is not sent where that has been taken back before its files are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum About {
    Avis(AvisId),
    Message(MessageId),
    Dossier,
}

impl About {
    fn of(notice: &Notice) -> Self {
        match notice {
            Notice::AvisRequested { avis, .. } | Notice::AvisReminded { avis } => Self::Avis(*avis),
            Notice::MessagePosted { message, .. } | Notice::CorrectionRequested { message } => {
                Self::Message(*message)
            }
            _ => Self::Dossier,
        }
    }

    fn stands(self, dossier: &Dossier) -> bool {
        match self {
            Self::Avis(id) => dossier
                .avis
                .get(&id)
                .is_some_and(|avis| avis.revoked.is_none() && avis.closed.is_none()),
            Self::Message(id) => dossier.messages.get(&id).is_some_and(|message| {
                let pending = dossier.correction.as_ref().map(|pending| pending.message);
                !message.withdrawn && (message.correction.is_none() || pending == Some(id))
            }),
            Self::Dossier => true,
        }
    }
}

/// The files of a mail; none for what is no mail.
fn files(queued: &mut Queued) -> Option<&mut Vec<Piece>> {
    match &mut queued.outgoing.body {
        Body::Mail(mail) => Some(&mut mail.files),
        _ => None,
    }
}

/// Whether some of the mail's files are not here.
pub(in crate::app) fn lacks_files(mail: &MailOut) -> bool {
    mail.files.iter().any(|file| file.elsewhere().is_some())
}

impl<S: Store> App<S> {
    /// Queues a mail once its files are here.
    pub(in crate::app) fn queue_with_files(
        &self,
        draft: &mut Draft<'_, S>,
        dossier: &Dossier,
        notice: &Notice,
        mut queued: Queued,
    ) -> Result<(), Error> {
        let wanted = files(&mut queued).cloned().unwrap_or_default();
        let letter = Letter {
            queued,
            about: About::of(notice),
        };
        let request = Request {
            acts: fetch(wanted.iter()),
            kept: Kept {
                why: Memo::Letter {
                    letter: Box::new(letter),
                },
                ..Kept::default()
            },
            // Several mails may come of one cause.
            suffix: &format!("/letter-{}", draft.queued()),
            ..Request::default()
        };
        self.send_order(draft, dossier, request)
    }

    /// Queues the mail with the files that could be had; without any where the platform has given none. The mail names
    /// them all, and says whom to ask for the others.
    pub(super) fn letter_answered(
        &self,
        draft: &mut Draft<'_, S>,
        number: DossierId,
        letter: &Letter,
        fetched: &[Option<Piece>],
    ) -> Result<(), Error> {
        let found = draft.dossier(number)?.map(|change| change.dossier);
        let still = |dossier: &Dossier| dossier.purged.is_none() && letter.about.stands(dossier);
        if !found.as_ref().is_some_and(still) {
            return Ok(());
        }
        let mut queued = letter.queued.clone();
        let due = |at: &Timestamp| *at > draft.at;
        queued.not_before = queued.not_before.filter(due);
        if let Some(files) = files(&mut queued) {
            let mut fetched = fetched.iter();
            *files = std::mem::take(files)
                .into_iter()
                .filter_map(|file| match file.elsewhere() {
                    Some(_) => fetched.next().cloned().flatten(),
                    None => Some(file),
                })
                .collect();
        }
        draft.queue(queued);
        Ok(())
    }
}
