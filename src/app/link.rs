//! Accounts and the people they stand for: an address, a code sent to it, the code typed back.

use std::ops::Bound;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::draft::Draft;
use super::line::Speaker;
use super::tally::Measure;
use super::{App, Error};
use crate::domain::Email;
use crate::message::{Account, Place};
use crate::store::{Collection, Store};
use crate::template::Answer;

/// How long a code may be typed back.
const VALID: SignedDuration = SignedDuration::from_mins(30);
/// How often one account may guess before its code is void.
const GUESSES: u32 = 5;
/// How long one waits between two codes to the same account.
const PAUSE: SignedDuration = SignedDuration::from_mins(1);

/// Codes that one account may ask for.
const CODES: Measure = Measure {
    most: 4,
    within: SignedDuration::from_mins(10),
};
/// Codes that one address is sent, whoever asks.
const CODES_TO_ONE: Measure = Measure {
    most: 6,
    within: SignedDuration::from_hours(1),
};

/// Accounts looked through for one of that name.
const LINKS: usize = 100_000;

/// A code on its way.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Sent {
    email: Email,
    code: String,
    at: Timestamp,
    guesses: u32,
}

fn key(account: &Account) -> String {
    format!("{}\u{0}{}", account.network, account.id)
}

fn person_prefix(email: &Email) -> String {
    format!("person\u{0}{email}\u{0}")
}

fn account_key(account: &Account) -> String {
    format!("account\u{0}{}", key(account))
}

impl<S: Store> App<S> {
    /// Whom an account is linked to.
    pub(super) fn linked(
        &self,
        draft: &Draft<'_, S>,
        account: &Account,
    ) -> Result<Option<Email>, Error> {
        draft.get(Collection::Link, &account_key(account))
    }

    /// Whom an account stands for, for those who ask outside a commit.
    pub fn person_of(&self, account: &Account) -> Result<Option<Email>, crate::store::Error> {
        let found = self.store.get(Collection::Link, &account_key(account))?;
        Ok(found.and_then(|email| serde_json::from_value(email).ok()))
    }

    /// The accounts linked to somebody.
    pub(super) fn accounts(
        &self,
        draft: &Draft<'_, S>,
        email: &Email,
    ) -> Result<Vec<Account>, Error> {
        let _ = draft;
        let rows = self.store.scan(
            Collection::Link,
            &person_prefix(email),
            Bound::Unbounded,
            50,
        )?;
        rows.into_iter()
            .map(|(_, value)| {
                serde_json::from_value(value)
                    .map_err(|error| Error::document(Collection::Link, &error))
            })
            .collect()
    }

    /// `lier`: an address asks for a code, a code links.
    pub(super) fn link(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        value: &str,
    ) -> Result<(), Error> {
        if value.contains('@') {
            self.send_code(draft, speaker, &Email::new(value))
        } else {
            self.take_code(draft, speaker, value)
        }
    }

    fn send_code(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        email: &Email,
    ) -> Result<(), Error> {
        let account = &speaker.line.from;
        let before: Option<Sent> = draft.get(Collection::LinkCode, &key(account))?;
        let too_soon = before
            .is_some_and(|sent| sent.email == *email && draft.at.duration_since(sent.at) < PAUSE);
        let known =
            self.groupes_of(email).next().is_some() || self.directory.is_administrateur(email);
        let too_soon = too_soon
            || self.too_often(draft, &format!("code\u{0}{}", key(account)), CODES)?
            || known && self.too_often(draft, &format!("coded\u{0}{email}"), CODES_TO_ONE)?;
        // The answer is the same for an address that is nobody's: it must not tell who instructs.
        if known && !too_soon {
            let code = self.code(&format!("link {} {} {email}", draft.cause, key(account)));
            let until = draft.at.checked_add(VALID).unwrap_or(draft.at);
            let words = self
                .templates
                .mail_named("lier", &json!({ "code": code, "until": until }))?;
            self.mail_bare(draft, email, words);
            let sent = Sent {
                email: email.clone(),
                code,
                at: draft.at,
                guesses: 0,
            };
            draft.put(Collection::LinkCode, key(account), &sent)?;
        }
        self.answer(
            draft,
            speaker,
            &Answer::LinkCodeSent {
                email: email.clone(),
                reading: self.unmet(),
            },
            None,
        )
    }

    fn take_code(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        typed: &str,
    ) -> Result<(), Error> {
        let account = &speaker.line.from;
        let Some(mut sent) = draft.get::<Sent>(Collection::LinkCode, &key(account))? else {
            return self.answer(draft, speaker, &Answer::BadLinkCode, None);
        };
        let fresh = draft.at.duration_since(sent.at) <= VALID && sent.guesses < GUESSES;
        if !fresh || !typed.trim().eq_ignore_ascii_case(&sent.code) {
            sent.guesses += 1;
            draft.put(Collection::LinkCode, key(account), &sent)?;
            return self.answer(draft, speaker, &Answer::BadLinkCode, None);
        }
        self.forget_link(draft, account)?;
        draft.remove(Collection::LinkCode, key(account));
        draft.put(Collection::Link, account_key(account), &sent.email)?;
        draft.put(
            Collection::Link,
            format!("{}{}", person_prefix(&sent.email), key(account)),
            account,
        )?;
        draft.receipt.proven = true;
        self.answer(draft, speaker, &Answer::Linked { email: sent.email }, None)
    }

    /// `delier`: this account; another of one's own; for an administrateur, any, or all of somebody's.
    pub(super) fn unlink(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        whose: Option<&str>,
    ) -> Result<(), Error> {
        let Some(whose) = whose else {
            self.forget_link(draft, &speaker.line.from)?;
            return self.answer(draft, speaker, &Answer::Unlinked, None);
        };
        let mine = speaker.email.as_ref();
        let all = mine.is_some_and(|mine| self.directory.is_administrateur(mine));
        let mut found = self.called(draft, whose)?;
        found.retain(|(_, email)| all || Some(email) == mine);
        let Some((_, email)) = found.first() else {
            let name = whose.to_owned();
            return self.answer(draft, speaker, &Answer::UnknownAccount { name }, None);
        };
        let (email, count) = (email.clone(), found.len());
        for (account, _) in &found {
            self.forget_link(draft, account)?;
        }
        self.answer(draft, speaker, &Answer::AccountsCut { email, count }, None)
    }

    /// The linked accounts that `name` means: all of an address, or those that their networks call so.
    fn called(&self, draft: &Draft<'_, S>, name: &str) -> Result<Vec<(Account, Email)>, Error> {
        let address = Email::new(name);
        if address.plausible() {
            let accounts = self.accounts(draft, &address)?;
            return Ok(accounts
                .into_iter()
                .map(|account| (account, address.clone()))
                .collect());
        }
        let rows = self
            .store
            .scan(Collection::Link, "account\u{0}", Bound::Unbounded, LINKS)?;
        let mut found = Vec::new();
        for (key, value) in rows {
            let mut parts = key.split('\u{0}').skip(1);
            if let (Some(network), Some(id)) = (parts.next(), parts.next())
                && id == name
            {
                let email = serde_json::from_value(value)
                    .map_err(|error| Error::document(Collection::Link, &error))?;
                let account = Account {
                    network: network.to_owned(),
                    id: id.to_owned(),
                };
                found.push((account, email));
            }
        }
        Ok(found)
    }

    /// `comptes`. In private: who reads a room need not know by what names people go.
    pub(super) fn list_accounts(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        address: Option<Email>,
    ) -> Result<(), Error> {
        let Some(mine) = speaker.email.clone() else {
            return self.answer(draft, speaker, &Answer::NotLinked, None);
        };
        let email = address.unwrap_or_else(|| mine.clone());
        if email != mine && !self.directory.is_administrateur(&mine) {
            return self.answer(draft, speaker, &Answer::AdministrateurOnly, None);
        }
        if speaker.line.place != Place::Direct {
            return self.aside(draft, speaker, |draft, speaker| {
                self.list_accounts(draft, speaker, Some(email))
            });
        }
        let accounts = self.accounts(draft, &email)?.into_iter();
        let accounts = accounts.map(|account| (account.network, account.id));
        let accounts = accounts.collect();
        self.answer(draft, speaker, &Answer::Accounts { email, accounts }, None)
    }

    fn forget_link(&self, draft: &mut Draft<'_, S>, account: &Account) -> Result<(), Error> {
        if let Some(email) = self.linked(draft, account)? {
            draft.remove(Collection::Link, account_key(account));
            draft.remove(
                Collection::Link,
                format!("{}{}", person_prefix(&email), key(account)),
            );
        }
        Ok(())
    }

    /// Forgets codes that nobody typed back.
    pub(super) fn sweep_codes(&self, draft: &mut Draft<'_, S>) -> Result<(), Error> {
        for (key, value) in self
            .store
            .scan(Collection::LinkCode, "", Bound::Unbounded, 1000)?
        {
            let sent: Sent = serde_json::from_value(value)
                .map_err(|error| Error::document(Collection::LinkCode, &error))?;
            if draft.at.duration_since(sent.at) > VALID {
                draft.remove(Collection::LinkCode, key);
            }
        }
        Ok(())
    }
}
