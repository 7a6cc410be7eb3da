//! The clock, the tokens, the rate and the faults of the platform.

use std::time::Duration;

use jiff::Timestamp;

use super::Fake;
use super::fault::{Broken, Fault, Planned};
use super::state::State;
use super::token::{Token, spell};

impl Fake {
    /// The fake's time.
    pub fn now(&self) -> Timestamp {
        self.shared.state().clock.now()
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        self.shared.state().clock.advance(by);
    }

    /// Sets the clock.
    pub fn set_now(&self, now: Timestamp) {
        self.shared.state().clock.set(now);
    }

    /// From now on the clock is the machine's.
    pub fn follow_real_time(&self) {
        self.shared.state().clock.follow_real_time();
    }

    /// The next write bears a date this much in the past: a transaction that commits late.
    pub fn backdate_next_write(&self, age: Duration) {
        self.shared.state().backdate = Some(age);
    }

    /// A token that only reads.
    pub fn read_token(&self) -> String {
        self.shared.state().add_token(false, false, None)
    }

    /// A token that has expired.
    pub fn expired_token(&self) -> String {
        let token = self.shared.state().add_token(true, false, None);
        self.expire(&token);
        token
    }

    /// A token pinned to another network than the caller's.
    pub fn foreign_token(&self) -> String {
        self.shared.state().add_token(true, true, None)
    }

    /// A token that reads and writes these démarches only.
    pub fn token_for(&self, demarches: &[i32]) -> String {
        self.shared.state().add_token(true, false, Some(demarches))
    }

    /// Makes a token expire now.
    pub fn expire(&self, token: &str) {
        let state = &mut *self.shared.state();
        let now = state.clock.now();
        state
            .tokens
            .get_mut(token)
            .expect("a known token")
            .expires_at = Some(now);
    }

    /// Forgets a token: it is then as unknown.
    pub fn revoke(&self, token: &str) {
        self.shared.state().tokens.remove(token);
    }

    /// Requests allowed a minute under one `Authorization`.
    pub fn limit_rate(&self, a_minute: Option<u32>) {
        self.shared.state().rate = a_minute;
    }

    /// Every request that works more than this ends in part, as with [`Fault::Timeout`].
    pub fn limit_work(&self, work: Option<u64>) {
        self.shared.state().work = work;
    }

    /// The next `times` requests named `name` (operation, root field, `upload`, `download` or `*`) fail like this.
    pub fn fail(&self, name: &str, times: u32, fault: Fault) {
        self.fail_after(name, 0, times, fault);
    }

    /// The same, once `skip` requests of that name went through.
    pub fn fail_after(&self, name: &str, skip: u32, times: u32, fault: Fault) {
        self.shared.state().faults.push(Planned {
            name: name.to_owned(),
            skip,
            times,
            fault,
        });
    }

    /// From now on files are said to be elsewhere, under this address; none for here.
    pub fn files_at(&self, base: Option<&str>) {
        self.shared.state().elsewhere = base.map(ToOwned::to_owned);
    }

    /// Takes back the faults that have not struck yet; returns how many blows were left.
    pub fn clear_faults(&self) -> u32 {
        let faults = std::mem::take(&mut self.shared.state().faults);
        faults.iter().map(|planned| planned.times).sum()
    }

    /// From now on the champs of a dossier cannot be had, or can again.
    pub fn breaks(&self, dossier: i32, broken: Option<Broken>) {
        let all = &mut self.shared.state().broken;
        match broken {
            Some(broken) => all.insert(dossier, broken),
            None => all.remove(&dossier),
        };
    }

    /// Every request is answered with this status and a page of HTML, until [`Fake::back`].
    pub fn maintenance(&self, status: u16) {
        self.shared.state().outage = Some(status);
    }

    /// Every connection closes without an answer, until [`Fake::back`].
    pub fn unreachable(&self) {
        self.shared.state().outage = Some(0);
    }

    /// Ends maintenance.
    pub fn back(&self) {
        self.shared.state().outage = None;
    }
}

impl State {
    pub(super) fn add_token(
        &mut self,
        write: bool,
        foreign: bool,
        demarches: Option<&[i32]>,
    ) -> String {
        let spelt = spell(self.next_id());
        let demarches = demarches.map(|demarches| demarches.iter().copied().collect());
        self.tokens.insert(
            spelt.clone(),
            Token {
                write,
                foreign,
                expires_at: None,
                demarches,
            },
        );
        spelt
    }
}
