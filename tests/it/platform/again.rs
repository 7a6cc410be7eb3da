//! What goes wrong while the platform is read, seen from outside: `/readyz`, the log, and how it goes on.

use greffier::clock;

use super::desk::Desk;
use super::fake::{Fake, Fault, NewDemarche, Options};
use super::wire;
use crate::daemon::desk::{INES, LINA, until};
use crate::daemon::web;

/// What `/readyz` says, and with which status.
fn ready(desk: &Desk) -> (u16, String) {
    let reply = web::get(desk.http(), "/readyz").unwrap();
    (reply.status, reply.body)
}

fn change(desk: &Desk, from: &str, to: &str) {
    let file = desk.path().join("bot.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    assert!(config.contains(from));
    std::fs::write(file, config.replacen(from, to, 1)).unwrap();
}

#[test]
fn a_demarche_that_cannot_be_read_is_said_until_it_is_read() {
    let desk = Desk::open("");
    let demarche = desk.site.demarche;
    assert_eq!(ready(&desk).0, 200, "{:?}", ready(&desk));
    // Everything but the list of this démarche is answered.
    desk.site.fake.fail("Light", 1_000, Fault::Html(502));
    let cannot = format!("Démarche {demarche} cannot be read");
    until("it is said that it is not read", || {
        desk.advance(300);
        desk.log().contains(&cannot).then_some(())
    });
    for _ in 0..3 {
        // What is answered elsewhere does not hide it.
        let before = desk.site.fake.count("Light");
        desk.advance(300);
        until("it is tried", || {
            (desk.site.fake.count("Light") > before).then_some(())
        });
        let (status, body) = ready(&desk);
        assert!(status == 503 && body.contains("502"), "{status} {body}");
    }
    assert_eq!(desk.log().matches(&cannot).count(), 1, "{}", desk.log());
    // Another fault is said as well.
    desk.site.fake.clear_faults();
    desk.site.fake.fail("Light", 1_000, Fault::Html(503));
    until("the other fault is said", || {
        desk.advance(300);
        let (status, body) = ready(&desk);
        (status == 503 && body.contains("503")).then_some(())
    });
    desk.site.fake.clear_faults();
    let number = desk.site.fake.usager_files(demarche, LINA);
    until("it is well again", || {
        desk.advance(300);
        (ready(&desk).0 == 200).then_some(())
    });
    desk.shown(&format!("Nouveau dossier n° {number}"));
    let again = format!("Démarche {demarche} is read again");
    assert_eq!(desk.log().matches(&again).count(), 1);
}

#[test]
fn a_patrol_whose_place_is_refused_begins_anew() {
    let mut desk = Desk::closed("");
    change(
        &desk,
        "poll_seconds = 1\n",
        "poll_seconds = 60\npatrol_minutes = 1\n",
    );
    desk.site.fake.bulk(desk.site.demarche, 150);
    let refused = Fault::Root("bad_request".to_owned(), "Invalid cursor".to_owned());
    desk.site.fake.fail_after("Patrol", 1, 1, refused);
    desk.start();
    // Two pages, of which the second is refused, and both again before the next round is due.
    until("both pages are looked through", || {
        (desk.site.fake.count("Patrol") == 4).then_some(())
    });
    assert_eq!(desk.site.fake.clear_faults(), 0);
    let (status, body) = until("it is well again", || {
        Some(ready(&desk)).filter(|(status, _)| *status == 200)
    });
    assert_eq!((status, body.contains("cannot")), (200, false), "{body}");
}

#[tokio::test]
async fn a_first_reading_that_goes_on_is_no_trouble_however_long_it_takes() {
    let fake = Fake::start(Options {
        now: clock::now(),
        ..Options::default()
    })
    .await;
    let demarche = fake.add_demarche(NewDemarche::sample(&[INES]));
    fake.bulk(demarche, 150);
    // It begins with a failure, and then its second page is long in coming.
    let hidden = Fault::Root("not_found".to_owned(), "Démarche not found".to_owned());
    fake.fail("Full", 1, hidden);
    fake.fail_after("Full", 1, 1, Fault::Hang);
    let desk = wire::Desk::open(&fake, &[demarche]);
    let is_well = || {
        let mut checks = desk.health.checks().into_iter();
        checks.all(|check| check.ok)
    };
    desk.until("it is not read", |_| !is_well()).await;
    desk.until("a page is read", |kept| !kept.dossiers.is_empty())
        .await;
    desk.until("it is well", |_| is_well()).await;
    let kept = desk.memory.kept();
    assert!(kept.progress.values().all(|progress| !progress.whole));
}
