//! A Discord for the tests, on loopback: HTTP and gateway, which refuse what the real ones refuse and remember the rest.
//!
//! Everything is behind one lock. A change wakes those who wait for something to be seen; nobody sleeps.

pub(crate) mod application;
pub(crate) mod ask;
pub(crate) mod asked;
pub(crate) mod body;
pub(crate) mod channel;
pub(crate) mod clock;
pub(crate) mod command;
pub(crate) mod component;
pub(crate) mod draft;
pub(crate) mod embed;
pub(crate) mod fault;
pub(crate) mod gateway;
pub(crate) mod guild;
pub(crate) mod http;
pub(crate) mod interaction;
pub(crate) mod mention;
pub(crate) mod message;
pub(crate) mod modal;
pub(crate) mod permission;
pub(crate) mod rate;
pub(crate) mod reaction;
pub(crate) mod record;
pub(crate) mod refusal;
pub(crate) mod room;
pub(crate) mod route;
pub(crate) mod schema;
pub(crate) mod seen;
pub(crate) mod session;
pub(crate) mod slash;
pub(crate) mod socket;
pub(crate) mod spec;
pub(crate) mod typed;
pub(crate) mod wire;
pub(crate) mod world;

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use self::fault::{Failure, Fault};
use self::guild::Guild;
use self::rate::Limit;
use self::record::{Request, Sent};
use self::room::Person;
use self::session::Order;
use self::spec::Spec;
use self::world::{Id, World};

/// How long something may take to be seen, on a busy machine.
const SIGHT: Duration = Duration::from_mins(1);

/// What the servers and the tests share.
#[derive(Debug)]
pub(crate) struct Inner {
    world: Mutex<World>,
    changed: Condvar,
    pub(crate) spec: Option<&'static Spec>,
}

impl Inner {
    /// Does something under the lock, and wakes those who wait.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        // A test that panicked in here has failed already: the others of its process read on.
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        let result = act(&mut world);
        drop(world);
        self.changed.notify_all();
        result
    }
}

/// A Discord of the test's own. It ends when it is dropped, and then has seen no body that is not as it is published.
pub(crate) struct Fake {
    inner: Arc<Inner>,
    _runtime: Runtime,
}

impl Fake {
    /// One application with its bot, in no guild yet.
    pub(crate) fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let listen = || runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let (http, gateway) = (listen(), listen());
        let address = |it: &TcpListener| it.local_addr().unwrap().to_string();
        let inner = Arc::new(Inner {
            world: Mutex::new(World::new(address(&http), address(&gateway))),
            changed: Condvar::new(),
            spec: spec::published(),
        });
        runtime.spawn(http::serve(http, Arc::clone(&inner)));
        runtime.spawn(gateway::serve(gateway, Arc::clone(&inner)));
        Self {
            inner,
            _runtime: runtime,
        }
    }

    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        self.inner.with(act)
    }

    /// What `look` finds, as soon as it is there. None if it never is.
    pub(crate) fn until<T>(&self, mut look: impl FnMut(&World) -> Option<T>) -> Option<T> {
        let end = Instant::now() + SIGHT;
        let mut world = self
            .inner
            .world
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(found) = look(&world) {
                return Some(found);
            }
            let left = end.checked_duration_since(Instant::now())?;
            let woken = self.inner.changed.wait_timeout(world, left);
            world = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    // Where it is

    /// `127.0.0.1:port`, of the HTTP side.
    pub(crate) fn address(&self) -> String {
        self.with(|world| world.http.clone())
    }

    /// `ws://127.0.0.1:port`, as `GET /gateway` answers it.
    pub(crate) fn gateway(&self) -> String {
        self.with(|world| format!("ws://{}", world.gateway))
    }

    /// The bot's token, without `Bot `.
    pub(crate) fn token(&self) -> String {
        self.with(|world| world.token.clone())
    }

    /// Makes the token another, as when somebody resets it.
    pub(crate) fn reset_token(&self) {
        self.with(|world| world.token.push_str("-again"));
    }

    pub(crate) fn application(&self) -> Id {
        self.with(|world| world.application)
    }

    /// The bot's own user.
    pub(crate) fn bot(&self) -> Id {
        self.with(|world| world.bot)
    }

    // Who is there

    /// A guild that the bot is in.
    pub(crate) fn guild(&self, name: &str) -> Guild<'_> {
        let id = self.with(|world| world.add_guild(name));
        Guild { fake: self, id }
    }

    /// Somebody, in no guild yet.
    pub(crate) fn user(&self, name: &str) -> Person<'_> {
        let id = self.with(|world| world.add_user(name));
        Person { fake: self, id }
    }

    // Time

    /// Interactions, tokens, nonces and limits age by so much.
    pub(crate) fn advance(&self, by: Duration) {
        self.with(|world| world.clock.advance(by));
    }

    /// From now on only [`Fake::advance`] moves the clock: what is due within three seconds is never late by itself.
    pub(crate) fn stop_clock(&self) {
        self.with(|world| world.clock.stop());
    }

    // What goes wrong

    /// The next `times` requests of this method whose path holds this fail so.
    pub(crate) fn fail(&self, method: &str, path: &str, times: u32, failure: Failure) {
        let (method, path) = (method.to_owned(), path.to_owned());
        self.with(|world| {
            world.faults.push(Fault {
                method,
                path,
                times,
                failure,
            });
        });
    }

    /// What was to go wrong does not any more.
    pub(crate) fn mend(&self) {
        self.with(|world| world.faults.clear());
    }

    /// So many requests in so many milliseconds to a route, such as `/channels/{}/messages`; nothing is every route.
    pub(crate) fn limit(
        &self,
        method: &str,
        template: &str,
        count: u32,
        milliseconds: u64,
        shared: bool,
    ) {
        let limit = Limit {
            method: method.to_owned(),
            template: template.to_owned(),
            count,
            milliseconds,
            shared,
        };
        self.with(|world| world.rates.limit(limit));
    }

    /// So many requests a second in all: 50 on the real one. None is as many as one likes.
    pub(crate) fn limit_all(&self, count: Option<u32>) {
        self.with(|world| world.rates.global = count);
    }

    /// So many more edits of messages that are older than an hour.
    pub(crate) fn limit_old_edits(&self, count: u32) {
        self.with(|world| world.rates.old_edits = Some(count));
    }

    /// After so many invalid requests in all the bot is shut out: ten thousand in ten minutes on the real one.
    pub(crate) fn ban_after(&self, count: u32) {
        self.with(|world| world.rates.ban = Some(count));
    }

    /// The interval of heartbeats that connections from now on are told.
    pub(crate) fn heartbeat(&self, milliseconds: u64) {
        self.with(|world| world.sessions.heartbeat = milliseconds);
    }

    /// Heartbeats are not answered any more, or are again.
    pub(crate) fn deaf(&self, deaf: bool) {
        self.with(|world| world.sessions.deaf = deaf);
    }

    /// Every socket of the gateway is gone, without a word.
    pub(crate) fn drop_sockets(&self) {
        self.with(|world| world.sessions.order(|| Order::Drop));
    }

    /// Every connection is closed with this code.
    pub(crate) fn close_sockets(&self, code: u16) {
        self.with(|world| world.sessions.order(|| Order::Close(code)));
    }

    /// Asks every client to come back on another connection.
    pub(crate) fn ask_reconnect(&self) {
        let payload = json!({ "op": 7, "s": null, "t": null, "d": null });
        self.with(|world| world.sessions.order(|| Order::Send(payload.clone())));
    }

    /// Tells every client that its session is no good, to be resumed or not.
    pub(crate) fn invalidate(&self, resumable: bool) {
        let payload = json!({ "op": 9, "s": null, "t": null, "d": resumable });
        self.with(|world| {
            world.sessions.order(|| Order::Send(payload.clone()));
            if !resumable {
                world.sessions.all.clear();
            }
        });
    }

    /// Sessions are forgotten: whoever resumes must begin again.
    pub(crate) fn forget_sessions(&self) {
        self.with(|world| world.sessions.all.clear());
    }

    /// So many sessions may still be begun today.
    pub(crate) fn remaining(&self, count: u32) {
        self.with(|world| world.sessions.remaining = count);
    }

    /// Whether two sessions begun within five seconds are one too many, as on the real one.
    pub(crate) fn pace(&self, paced: bool) {
        self.with(|world| world.sessions.paced = paced);
    }

    /// The privileged intents that the application has: members, presences, contents.
    pub(crate) fn grant(&self, members: bool, presences: bool, contents: bool) {
        let flag = |has: bool, bit: u64| if has { 1 << bit } else { 0 };
        self.with(|world| {
            world.flags = flag(members, 15) | flag(presences, 13) | flag(contents, 19);
        });
    }

    // What came in

    /// Every request, answered or not.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.with(|world| world.records.requests.clone())
    }

    /// The first request that came after the first `from`, as soon as it is there.
    pub(crate) fn request(&self, from: usize, method: &str, path: &str) -> Request {
        let found = self.until(|world| {
            let new = world.records.requests.iter().skip(from);
            new.into_iter()
                .find(|it| it.method == method && it.path.contains(path))
                .cloned()
        });
        found.unwrap_or_else(|| panic!("{method} {path} never came"))
    }

    /// How many requests of this method there were whose path holds this.
    pub(crate) fn count(&self, method: &str, path: &str) -> usize {
        let requests = self.requests();
        let found = requests
            .iter()
            .filter(|it| it.method == method && it.path.contains(path));
        found.count()
    }

    /// What clients sent through the gateway, tokens left out.
    pub(crate) fn sent(&self) -> Vec<Sent> {
        self.with(|world| world.records.sent.clone())
    }

    /// The codes that the gateway closed connections with.
    pub(crate) fn closes(&self) -> Vec<u16> {
        self.with(|world| world.records.closes.clone())
    }

    /// How many 401, 403 and 429 there were: ten thousand in ten minutes are a ban.
    pub(crate) fn invalid(&self) -> u32 {
        self.with(|world| world.records.invalid)
    }

    /// Bodies that are not as they are published, which are forgotten with this.
    pub(crate) fn take_violations(&self) -> Vec<String> {
        self.with(|world| std::mem::take(&mut world.records.violations))
    }

    /// How many sessions were begun, and how many resumed.
    pub(crate) fn sessions(&self) -> (u32, u32) {
        self.with(|world| (world.sessions.identified, world.sessions.resumed))
    }

    /// Waits until so many sessions were begun and so many resumed, and somebody listens.
    pub(crate) fn until_sessions(&self, begun: u32, resumed: u32) {
        let found = self.until(|world| {
            let sessions = &world.sessions;
            (sessions.identified >= begun && sessions.resumed >= resumed && sessions.live())
                .then_some(())
        });
        assert!(
            found.is_some(),
            "{begun} sessions and {resumed} resumptions never came: {:?}, closed with {:?}",
            self.sessions(),
            self.closes()
        );
    }

    /// Waits until nobody listens to the gateway.
    pub(crate) fn until_silent(&self) {
        let found = self.until(|world| world.sessions.open.is_empty().then_some(()));
        assert!(found.is_some(), "somebody still listens");
    }

    /// The commands that are registered everywhere, or in a guild.
    pub(crate) fn commands(&self, guild: Option<Id>) -> Vec<Value> {
        self.with(|world| world.registered(guild))
    }

    /// Waits until there are some.
    pub(crate) fn until_commands(&self, guild: Option<Id>) -> Vec<Value> {
        let found = self.until(|world| Some(world.registered(guild)).filter(|all| !all.is_empty()));
        found.unwrap_or_else(|| panic!("no command was ever registered"))
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let violations = self.take_violations();
            assert!(
                violations.is_empty(),
                "not as published:\n{}",
                violations.join("\n")
            );
        }
    }
}
