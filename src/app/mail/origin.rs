//! Whose conversation a mail belongs to: by its token, else by its references.

use super::super::draft::Draft;
use super::super::{App, Error};
use crate::domain::{AvisId, Dossier, DossierId, Email};
use crate::mail::thread::thread_of;
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
            Purpose::Message | Purpose::Instructeur | Purpose::Deposit => None,
        }
    }

    /// The instructeur who answers, if one does.
    pub(in crate::app) fn instructeur(&self) -> Option<&Email> {
        (self.purpose == Purpose::Instructeur).then_some(&self.expected)
    }
}

/// What leads from a mail to a conversation.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::app) enum Found {
    /// A token of ours, whoever writes.
    Conversation(Origin),
    /// References of ours alone, and the one who is expected is proven to write.
    Answered(Origin),
    /// References of ours alone, and nothing proves that the one expected writes: anybody can guess them, for the name of
    /// a conversation is no secret.
    Cited(Origin),
    /// A token of ours on the envelope, over a header that is addressed to another conversation of ours.
    Crossed(Origin),
    /// A token sealed with a key that was retired since.
    Retired(Origin),
    /// Nothing.
    Nowhere,
}

impl Found {
    /// The conversation, whatever leads there.
    pub(in crate::app) fn origin(&self) -> Option<&Origin> {
        match self {
            Self::Conversation(origin)
            | Self::Answered(origin)
            | Self::Cited(origin)
            | Self::Crossed(origin)
            | Self::Retired(origin) => Some(origin),
            Self::Nowhere => None,
        }
    }

    /// The conversation that only a mail of ours leads to.
    pub(super) fn proven(&self) -> Option<&Origin> {
        match self {
            Self::Conversation(origin) | Self::Retired(origin) => Some(origin),
            Self::Answered(_) | Self::Cited(_) | Self::Crossed(_) | Self::Nowhere => None,
        }
    }
}

impl<S: Store> App<S> {
    /// The conversation that a mail belongs to: by a token that we made, else by its references.
    pub(in crate::app) fn found(
        &self,
        draft: &Draft<'_, S>,
        mail: &MailIn,
        understood: &Understood,
    ) -> Result<Found, Error> {
        let sender = understood
            .from
            .as_ref()
            .map(|from| Email::new(&from.address));
        let envelope = mail
            .rcpt_to
            .iter()
            .filter_map(|address| self.own.token_in(address));
        let mut retired = None;
        let mut claimed = false;
        for token in envelope.chain(understood.token.clone()) {
            let Some(claim) = Claim::parse(&token) else {
                continue;
            };
            claimed = true;
            match self.sealed(draft, &claim, sender.as_ref())? {
                Sealed::Now(origin) if self.is_crossed(draft, understood, &origin)? => {
                    return Ok(Found::Crossed(origin));
                }
                Sealed::Now(origin) => return Ok(Found::Conversation(origin)),
                Sealed::Before(origin) => retired = retired.or(Some(origin)),
                Sealed::Never => {}
            }
        }
        match retired {
            // An address that was taken away is not given back by the references beside it.
            Some(origin) => Ok(Found::Retired(origin)),
            // Nor is one made good that we never gave, or that was altered.
            None if claimed => Ok(Found::Nowhere),
            None => self.cited(draft, understood, sender.as_ref()),
        }
    }

    /// Whether `claim` was sealed by us, for one who has a part in the conversation.
    fn sealed(
        &self,
        draft: &Draft<'_, S>,
        claim: &Claim,
        sender: Option<&Email>,
    ) -> Result<Sealed, Error> {
        let Some(dossier) = self.addressed(draft, claim.dossier)? else {
            return Ok(Sealed::Never);
        };
        let candidates = self.candidates(&dossier, claim.purpose, sender);
        if let Some(expected) = sealed_for(claim, &self.secret, &candidates) {
            return Ok(Sealed::Now(origin(&dossier, claim, expected)));
        }
        let mut old = self.replies.retired.iter();
        let old = old.find_map(|key| sealed_for(claim, key, &candidates));
        Ok(old.map_or(Sealed::Never, |expected| {
            Sealed::Before(origin(&dossier, claim, expected))
        }))
    }

    /// Whether the header speaks of another conversation than the one at `origin`, which the envelope leads to. The
    /// envelope is nobody's signature: whoever has a reply address can send to it a genuine mail that was for another.
    fn is_crossed(
        &self,
        draft: &Draft<'_, S>,
        understood: &Understood,
        origin: &Origin,
    ) -> Result<bool, Error> {
        let here = (origin.dossier.0, origin.purpose);
        let ids = understood.references.iter().chain(&understood.in_reply_to);
        let hosts = &self.own.hosts;
        let mut threads = ids
            .filter_map(|id| hosts.iter().find_map(|host| thread_of(id, host)))
            .peekable();
        if threads.peek().is_some() && threads.all(|thread| thread != here) {
            return Ok(true);
        }
        let sender = understood.from.as_ref();
        let sender = sender.map(|from| Email::new(&from.address));
        let tokens = understood.recipients.iter();
        for token in tokens.filter_map(|address| self.own.token_in(address)) {
            let claim = Claim::parse(&token);
            let other = claim.filter(|claim| (claim.dossier, claim.purpose) != here);
            if let Some(claim) = other
                && self.sealed(draft, &claim, sender.as_ref())? != Sealed::Never
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Without a token, the references count only for the one who is expected, and only where his domain answers for him.
    fn cited(
        &self,
        draft: &Draft<'_, S>,
        understood: &Understood,
        sender: Option<&Email>,
    ) -> Result<Found, Error> {
        let Some((number, purpose)) = understood.thread.as_deref().and_then(parse_thread) else {
            return Ok(Found::Nowhere);
        };
        let Some(dossier) = self.addressed(draft, number)? else {
            return Ok(Found::Nowhere);
        };
        let candidates = self.candidates(&dossier, purpose, None);
        let at = |expected: &Email| Origin {
            dossier: dossier.number,
            purpose,
            expected: expected.clone(),
        };
        for expected in &candidates {
            let origin = at(expected);
            if let Some(sender) = sender
                && self.speaks_for(draft, &dossier, &origin, sender)?
            {
                return Ok(if understood.authentication.is_proven() {
                    Found::Answered(origin)
                } else {
                    Found::Cited(origin)
                });
            }
        }
        let first = candidates.first().map(at);
        Ok(first.map_or(Found::Nowhere, Found::Cited))
    }

    /// The dossier that an address speaks of; none where nothing personal is left of it.
    fn addressed(&self, draft: &Draft<'_, S>, number: u64) -> Result<Option<Dossier>, Error> {
        let change = draft.dossier(DossierId(number))?;
        let dossier = change.map(|change| change.dossier);
        Ok(dossier.filter(|dossier| dossier.purged.is_none()))
    }

    /// Who may have been given an address of that conversation. An instructeur who has left since may have been too.
    fn candidates(
        &self,
        dossier: &Dossier,
        purpose: Purpose,
        sender: Option<&Email>,
    ) -> Vec<Email> {
        match purpose {
            Purpose::Message => vec![dossier.usager.clone()],
            Purpose::Deposit => Vec::new(),
            Purpose::Avis(avis) => {
                let avis = dossier.avis.get(&AvisId(avis));
                avis.map(|avis| avis.expert.clone()).into_iter().collect()
            }
            Purpose::Instructeur => {
                let demarche = self.demarche(dossier.demarche);
                let groupes = demarche.into_iter().flat_map(|demarche| &demarche.groupes);
                let known = groupes.flat_map(|groupe| &groupe.instructeurs);
                let mut all: Vec<Email> = sender.into_iter().chain(known).cloned().collect();
                all.dedup();
                all
            }
        }
    }

    /// Whether a mail from `sender` is one of the person expected: it is their address, or one that was allowed.
    pub(super) fn speaks_for(
        &self,
        draft: &Draft<'_, S>,
        dossier: &Dossier,
        origin: &Origin,
        sender: &Email,
    ) -> Result<bool, Error> {
        Ok(*sender == origin.expected || self.is_alias(draft, dossier, origin, sender)?)
    }
}

/// Who sealed a token.
#[derive(Debug, PartialEq)]
enum Sealed {
    /// We, with the key in use.
    Now(Origin),
    /// We, with a key that was retired since.
    Before(Origin),
    /// Nobody: it was altered, or is not ours, or the dossier is gone.
    Never,
}

fn sealed_for(claim: &Claim, secret: &[u8], candidates: &[Email]) -> Option<Email> {
    let mut candidates = candidates.iter();
    let found = candidates.find(|person| claim.is_for(secret, person.as_str()));
    found.cloned()
}

fn origin(dossier: &Dossier, claim: &Claim, expected: Email) -> Origin {
    Origin {
        dossier: dossier.number,
        purpose: claim.purpose,
        expected,
    }
}
