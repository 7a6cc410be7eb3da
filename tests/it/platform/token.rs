//! The token and its file.

use std::sync::Arc;
use std::time::Duration;

use greffier::channel::http::health::Health;
use greffier::channel::platform::Platform;
use greffier::channel::{Channel as _, Inbox};
use greffier::clock;
use greffier::message::Outcome;
use greffier::message::platform::Ended;
use jiff::ToSpan as _;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::act::{INES, desk, message};
use super::fake::{Fake, Options};
use super::wire::{Desk, Files, Memory, open_to, settings, write_token};

/// What `/readyz` says of the platform.
fn why(desk: &Desk) -> Option<String> {
    let checks = desk.health.checks().into_iter();
    let mut platform = checks.filter(|check| check.name == "platform");
    platform.find_map(|check| check.why)
}

#[tokio::test]
async fn a_token_that_everybody_can_read_is_not_sent() {
    let (fake, mut desk, dossier) = desk(Options::default()).await;
    let order = desk.order(dossier, INES, vec![message("Bonjour")]);
    fake.revoke(&fake.token());
    assert!(matches!(desk.deliver(&order).await, Outcome::Held { .. }));
    let new = fake.token_for(&[i32::try_from(order.demarche).unwrap()]);
    std::fs::write(&desk.token, &new).unwrap();
    open_to(&desk.token, 0o644);
    // The reader of the démarche says what it met, too.
    let said = loop {
        assert!(matches!(desk.deliver(&order).await, Outcome::Held { .. }));
        if let Some(said) = why(&desk).filter(|said| said.contains("chmod 600")) {
            break said;
        }
    };
    assert!(!said.contains(&new), "{said}");
    open_to(&desk.token, 0o600);
    assert_eq!(desk.carried_out(&order).await.ended, Ended::Done);
}

#[tokio::test]
async fn without_a_token_nothing_starts() {
    let fake = Fake::new().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let open = || {
        let opened = Platform::new(
            settings(&fake, &folder),
            Vec::new(),
            Arc::<Memory>::default(),
            Arc::default(),
        );
        opened.err().map(|why| why.to_string())
    };
    assert!(open().unwrap().contains("cannot be read"));
    write_token(&file, &fake.token());
    assert_eq!(open(), None);
    open_to(&file, 0o604);
    assert!(open().unwrap().contains("chmod 600"));
}

/// Whether the token's end is well, and what is said of it, where it is so many days away.
async fn end_in(fake: &Fake, days: i64) -> (bool, Option<String>) {
    let folder = tempfile::tempdir().unwrap();
    write_token(&folder.path().join("token"), &fake.token());
    let mut settings = settings(fake, &folder);
    let today = jiff::tz::TimeZone::UTC.to_datetime(clock::now()).date();
    settings.token_expires = Some(today.checked_add(days.days()).unwrap());
    let health = Arc::new(Health::default());
    let memory = Arc::<Memory>::default();
    let platform = Platform::new(settings, Vec::new(), memory, health.clone()).unwrap();
    let (sender, _heard) = mpsc::channel(1);
    let stop = CancellationToken::new();
    let listening = platform.listen(Inbox::new(sender, Arc::<Files>::default()), stop.clone());
    let looking = async {
        loop {
            let mut checks = health.checks().into_iter();
            if let Some(check) = checks.find(|check| check.name == "platform-token") {
                stop.cancel();
                return (check.ok, check.why);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let (listened, said) = tokio::join!(listening, looking);
    listened.unwrap();
    said
}

#[tokio::test]
async fn the_end_of_a_token_is_said_and_stops_nothing() {
    let fake = Fake::new().await;
    assert_eq!(end_in(&fake, 60).await, (true, None));
    for (days, words) in [(10, "make another before"), (-10, "has ended on")] {
        let (ok, said) = end_in(&fake, days).await;
        assert!(ok, "{said:?}");
        assert!(said.unwrap().contains(words));
    }
}

#[tokio::test]
async fn a_token_that_is_refused_is_not_well() {
    let (fake, mut desk, dossier) = desk(Options::default()).await;
    assert_eq!(why(&desk), None);
    let order = desk.order(dossier, INES, vec![message("Bonjour")]);
    fake.expire(&fake.token());
    assert!(matches!(desk.deliver(&order).await, Outcome::Held { .. }));
    assert!(why(&desk).unwrap().contains("has expired"));
}
