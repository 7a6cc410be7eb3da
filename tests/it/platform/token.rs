//! The token and its file.

use greffier::channel::platform::Platform;
use greffier::message::Outcome;
use greffier::message::platform::Ended;

use super::act::{INES, desk, message};
use super::fake::{Fake, Options};
use super::wire::{Desk, Memory, open_to, settings, write_token};

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
    assert!(matches!(desk.deliver(&order).await, Outcome::Held { .. }));
    let said = why(&desk).unwrap();
    assert!(said.contains("chmod 600") && !said.contains(&new), "{said}");
    open_to(&desk.token, 0o600);
    assert_eq!(desk.carried_out(&order).await.ended, Ended::Done);
    assert_eq!(why(&desk), None);
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
            std::sync::Arc::<Memory>::default(),
            std::sync::Arc::default(),
        );
        opened.err().map(|why| why.to_string())
    };
    assert!(open().unwrap().contains("cannot be read"));
    write_token(&file, &fake.token());
    assert_eq!(open(), None);
    open_to(&file, 0o604);
    assert!(open().unwrap().contains("chmod 600"));
}
