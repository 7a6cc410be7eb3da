//! Whose conversation a mail belongs to: by its token, else by its references.

use super::super::draft::Draft;
use super::super::{App, Error};
use crate::domain::{AvisId, DossierId, Email};
use crate::mail::{Claim, Purpose, Understood, parse_thread};
use crate::message::MailIn;
use crate::store::Store;

/// Whose conversation a mail belongs to.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::app) struct Origin {
    pub(in crate::app) dossier: DossierId,
    pub(in crate::app) purpose: Purpose,
    /// Who may write in it.
    pub(in crate::app) expected: Email,
}

impl Origin {
    /// The avis that is answered, if one is.
    pub(in crate::app) fn avis(&self) -> Option<AvisId> {
        match self.purpose {
            Purpose::Avis(number) => Some(AvisId(number)),
            Purpose::Message | Purpose::Instructeur => None,
        }
    }
}

impl<S: Store> App<S> {
    /// The conversation that a mail belongs to: by a token that we made, else by its references.
    pub(super) fn origin(
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
}
