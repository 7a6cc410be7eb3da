//! One folder, watched for as long as the daemon runs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::backoff::Backoff;
use super::batch::Batch;
use super::connect::connect;
use super::content::{self, Content};
use super::fault::Fault;
use super::mailbox::{self, Listed, Selected, Shelved};
use super::place::Place;
use super::tree::Tree;
use super::wire::Wire;
use super::{Account, batch};
use crate::channel::Inbox;

/// Connections that a message may break before it is left alone for a while.
const TRIES: u8 = 3;
/// How long it is left alone.
const LEFT_ALONE: Duration = Duration::from_hours(1);

/// What a message has broken.
struct Broke {
    times: u8,
    last: Instant,
}

/// Whoever watches one folder.
pub(super) struct Watcher {
    account: Arc<Account>,
    folder: String,
    inbox: Inbox,
    stop: CancellationToken,
    /// The numbering that the numbers below belong to.
    uid_validity: u32,
    /// Messages that were being fetched when a connection broke, and how often.
    broke: BTreeMap<u32, Broke>,
    /// Messages dealt with that could not be moved, tried again at the next connection.
    unmoved: BTreeMap<u32, Shelved>,
    /// Those of them tried in this connection.
    tried: BTreeSet<u32>,
    /// How the server arranges folders, and under which names those have come about that mail is moved to.
    tree: Tree,
    names: BTreeMap<Shelved, String>,
    away: Backoff,
    refused: Backoff,
}

impl Watcher {
    pub(super) fn new(
        account: Arc<Account>,
        folder: String,
        inbox: Inbox,
        stop: CancellationToken,
    ) -> Self {
        Self {
            account,
            folder,
            inbox,
            stop,
            uid_validity: 0,
            broke: BTreeMap::new(),
            unmoved: BTreeMap::new(),
            tried: BTreeSet::new(),
            tree: Tree::default(),
            names: BTreeMap::new(),
            away: Backoff::AWAY,
            refused: Backoff::REFUSED,
        }
    }

    /// Watches until it is asked to stop, through any number of connections.
    pub(super) async fn watch(mut self) {
        loop {
            let fault = match self.connection().await {
                Ok(()) | Err(Fault::Stopping) => return,
                Err(_) if self.stop.is_cancelled() => return,
                Err(fault) => fault,
            };
            let wait = self.wait(&fault);
            self.account.pulse.ill(&self.folder, fault.to_string());
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Says what is wrong, and how long to wait.
    fn wait(&mut self, fault: &Fault) -> Duration {
        let wait = match fault {
            Fault::Login(_) => self.refused.next(),
            _ => self.away.next(),
        };
        let seconds = wait.as_secs();
        match fault {
            Fault::Login(_) => tracing::error!(
                "IMAP: {fault}; look at imap.user and its password or token. The next try is in {seconds} seconds"
            ),
            Fault::Local { .. } => {
                tracing::error!("IMAP: {fault}. The next try is in {seconds} seconds");
            }
            Fault::Unscanned(_) => {
                tracing::debug!("IMAP: {fault}. The next try is in {seconds} seconds");
            }
            _ => tracing::warn!("IMAP: {fault}. The next try is in {seconds} seconds"),
        }
        wait
    }

    /// One connection, from the login to the fault that ends it.
    async fn connection(&mut self) -> Result<(), Fault> {
        let stop = self.stop.clone();
        let (mut wire, place) = tokio::select! {
            () = stop.cancelled() => return Err(Fault::Stopping),
            begun = self.begin() => begun?,
        };
        self.tried.clear();
        if self.uid_validity != place.uid_validity {
            self.uid_validity = place.uid_validity;
            self.broke.clear();
            self.unmoved.clear();
        }
        loop {
            let mut messages = mailbox::list(&mut wire, place.first_uid).await?;
            messages.retain(|message| place.takes(message.uid, message.at) && !message.deleted);
            for messages in batch::batches(&messages) {
                if stop.is_cancelled() {
                    wire.leave().await;
                    return Ok(());
                }
                self.deal_with(&mut wire, messages).await?;
            }
            self.account.pulse.well(&self.folder);
            self.away.calm();
            self.refused.calm();
            if !wire.take_news() {
                self.rest(&mut wire).await?;
                if !wire.take_news() {
                    // Only time has passed: what could not be moved may be tried again.
                    self.tried.clear();
                    self.same_folder(&mut wire).await?;
                }
            }
            if stop.is_cancelled() {
                wire.leave().await;
                return Ok(());
            }
        }
    }

    /// Logs in, sees to the folders and finds the place.
    async fn begin(&mut self) -> Result<(Wire, Place), Fault> {
        let mut wire = connect(&self.account).await?;
        self.tree = Tree::ask(&mut wire).await?;
        for shelved in Shelved::ALL {
            self.ensure(&mut wire, shelved).await?;
        }
        let folder = self.tree.find(&mut wire, &self.folder).await?;
        let selected = mailbox::select(&mut wire, &folder).await?;
        let place = self.place(&selected)?;
        tracing::debug!("IMAP: a folder is open, {} messages in it", wire.exists());
        Ok((wire, place))
    }

    /// An error if the folder has been made anew since it was selected.
    async fn same_folder(&self, wire: &mut Wire) -> Result<(), Fault> {
        let folder = self.tree.find(wire, &self.folder).await?;
        match mailbox::numbering(wire, &folder).await? {
            Some(now) if now != self.uid_validity => {
                Err(Fault::Lost("the folder was made anew".to_owned()))
            }
            _ => Ok(()),
        }
    }

    /// Where to begin in the folder. A first start, and new numbers, are remembered before anything is taken.
    fn place(&self, selected: &Selected) -> Result<Place, Fault> {
        let settings = &self.account.settings;
        let key = format!("{}@{}/{}", settings.user, settings.host, self.folder);
        let known = self.account.places.get(&key);
        let place = match &known {
            Some(place) if place.uid_validity == selected.uid_validity => place.clone(),
            Some(place) => {
                tracing::warn!(
                    "IMAP: the server has numbered a folder anew (UIDVALIDITY); mail older than the first start is told by its date"
                );
                place.renumbered(selected.uid_validity)
            }
            None if settings.take_all => Place {
                uid_validity: selected.uid_validity,
                first_uid: 1,
                before: None,
                renumbered: false,
            },
            None => Place {
                uid_validity: selected.uid_validity,
                first_uid: selected.uid_next,
                before: selected.newest,
                renumbered: false,
            },
        };
        if known.as_ref() != Some(&place) {
            self.account
                .places
                .put(&key, place.clone())
                .map_err(|error| Fault::Local {
                    what: "imap.json cannot be written",
                    error,
                })?;
        }
        Ok(place)
    }

    /// Takes messages in and moves them away.
    async fn deal_with(&mut self, wire: &mut Wire, messages: &[Listed]) -> Result<(), Fault> {
        let mut wanted = Vec::new();
        let mut settled = Vec::new();
        for message in messages {
            let known = self.unmoved.get(&message.uid).copied();
            match known.or(message.shelved) {
                Some(shelved) if self.tried.insert(message.uid) => {
                    settled.push((message.uid, shelved));
                }
                Some(_) => {}
                None if self.is_left_alone(message.uid) => {}
                None => wanted.push(message),
            }
        }
        let (contents, fetched) = self.fetch(wire, &wanted).await;
        let Batch {
            taken,
            breaking,
            ended,
        } = batch::take(&self.inbox, wanted, contents).await;
        if !taken.is_empty() {
            // It goes on, however often it breaks off.
            self.away.calm();
        }
        for (uid, shelved) in &taken {
            self.broke.remove(uid);
            self.unmoved.insert(*uid, *shelved);
        }
        for uid in breaking {
            self.broken_by(uid);
        }
        fetched?;
        self.tried.extend(taken.iter().map(|(uid, _)| *uid));
        settled.extend(taken);
        self.shelve(wire, &settled).await?;
        ended
    }

    fn is_left_alone(&self, uid: u32) -> bool {
        let broke = self.broke.get(&uid);
        broke.is_some_and(|broke| broke.times >= TRIES && broke.last.elapsed() < LEFT_ALONE)
    }

    /// Fetches messages: what came of them, and whether the connection has held.
    async fn fetch(
        &mut self,
        wire: &mut Wire,
        wanted: &[&Listed],
    ) -> (BTreeMap<u32, Content>, Result<(), Fault>) {
        let mut contents = BTreeMap::new();
        let max = self.account.settings.max_bytes;
        let fetched = tokio::select! {
            () = self.stop.cancelled() => Err(Fault::Stopping),
            fetched = content::contents(wire, wanted, max, &mut contents) => fetched,
        };
        let fetched = fetched.map_err(|fault| {
            let missing = wanted
                .iter()
                .find(|message| !contents.contains_key(&message.uid));
            match (missing, fault) {
                (_, Fault::Stopping) => Fault::Stopping,
                (Some(message), fault) => {
                    self.broken_by(message.uid);
                    fault
                }
                (None, fault) => fault,
            }
        });
        (contents, fetched)
    }

    /// Counts what a message has broken: one that always does must not keep the others from being read.
    fn broken_by(&mut self, uid: u32) {
        let last = Instant::now();
        let broke = self.broke.entry(uid).or_insert(Broke { times: 0, last });
        broke.times = broke.times.saturating_add(1);
        broke.last = last;
        if broke.times >= TRIES {
            tracing::error!(
                "IMAP: message {uid} could not be fetched {} times; it is tried again in an hour",
                broke.times
            );
        }
    }

    /// Makes the folder for such messages, where it is missing, and notes and answers its name.
    async fn ensure(&mut self, wire: &mut Wire, shelved: Shelved) -> Result<String, Fault> {
        let settings = &self.account.settings;
        let folder = match shelved {
            Shelved::Processed => &settings.processed,
            Shelved::Quarantined => &settings.quarantine,
        };
        let name = self.tree.ensure(wire, folder).await?;
        self.names.insert(shelved, name.clone());
        Ok(name)
    }

    /// Moves messages that were dealt with, those for one folder together.
    async fn shelve(&mut self, wire: &mut Wire, settled: &[(u32, Shelved)]) -> Result<(), Fault> {
        for shelved in Shelved::ALL {
            let belongs = |(uid, to): &(u32, Shelved)| (*to == shelved).then_some(*uid);
            let uids: Vec<u32> = settled.iter().filter_map(belongs).collect();
            if uids.is_empty() {
                continue;
            }
            match self.move_to(wire, &uids, shelved).await {
                Err(Fault::Refused { .. }) => {
                    for uid in uids {
                        self.shelve_alone(wire, uid, shelved).await?;
                    }
                }
                ended => ended?,
            }
        }
        Ok(())
    }

    /// Moves a message that could not be moved with others, so that it holds up none of them.
    async fn shelve_alone(
        &mut self,
        wire: &mut Wire,
        uid: u32,
        shelved: Shelved,
    ) -> Result<(), Fault> {
        match self.move_to(wire, &[uid], shelved).await {
            Err(fault @ Fault::Refused { .. }) => {
                tracing::warn!(
                    "IMAP: message {uid} is dealt with and cannot be moved: {fault}. It is marked, and moved later"
                );
                mailbox::mark(wire, uid, shelved).await
            }
            ended => ended,
        }
    }

    async fn move_to(
        &mut self,
        wire: &mut Wire,
        uids: &[u32],
        shelved: Shelved,
    ) -> Result<(), Fault> {
        let folder = self.names.get(&shelved).cloned().unwrap_or_default();
        let mut moved = mailbox::shelve(wire, uids, &folder).await;
        if matches!(&moved, Err(Fault::Refused { code, .. }) if code.is("TRYCREATE")) {
            let folder = self.ensure(wire, shelved).await?;
            moved = mailbox::shelve(wire, uids, &folder).await;
        }
        if moved.is_ok() {
            self.unmoved.retain(|uid, _| !uids.contains(uid));
        }
        moved
    }

    /// Waits for a message, or for the time to look again.
    async fn rest(&self, wire: &mut Wire) -> Result<(), Fault> {
        let settings = &self.account.settings;
        if wire.can("IDLE") {
            let renewal = Duration::from_secs(settings.idle_minutes * 60);
            match wire.idle(renewal, &self.stop).await {
                // Offered and refused: it is asked for now and then, as from a server without it.
                Err(Fault::Refused { .. }) => {}
                ended => return ended,
            }
        }
        tokio::select! {
            () = self.stop.cancelled() => Ok(()),
            () = tokio::time::sleep(Duration::from_secs(settings.poll_seconds)) => {
                wire.command("NOOP", "", |_| {}).await
            }
        }
    }
}
