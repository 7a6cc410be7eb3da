//! What following a démarche costs. Not a test: it prints what `benches/README.md` says.

use std::time::{Duration, Instant};

use super::desk::Desk;
use crate::daemon::desk::{INES, LINA, until};

/// Dossiers of the démarche, where `GREFFIER_DOSSIERS` says no other number.
const DOSSIERS: i32 = 10_000;
/// Changes that are looked at.
const CHANGES: usize = 50;

#[test]
#[ignore = "measures, and takes two minutes"]
fn a_day_of_a_demarche() {
    let many = std::env::var("GREFFIER_DOSSIERS");
    let many = many.map_or(DOSSIERS, |many| many.parse().unwrap());
    let mut desk = Desk::closed("");
    let numbers = desk.site.fake.bulk(desk.site.demarche, many);
    let begun = Instant::now();
    desk.start();
    while !desk.log().contains("are read demarche") {
        assert!(begun.elapsed() < Duration::from_mins(30), "it never ends");
        std::thread::sleep(Duration::from_millis(100));
    }
    eprintln!("first reading of {many}: {:?}", begun.elapsed());
    print(&desk, "first reading");
    desk.site.fake.reset_counts();
    std::thread::sleep(Duration::from_secs(20));
    print(&desk, "20 seconds at rest");
    desk.site.fake.reset_counts();
    for number in numbers.clone().take(CHANGES) {
        desk.site.fake.usager(number).writes("Bonjour.", &[]);
        std::thread::sleep(Duration::from_millis(400));
    }
    std::thread::sleep(Duration::from_secs(3));
    print(&desk, &format!("{CHANGES} changes in 20 seconds"));
    let mut waits = Vec::new();
    for _ in 0..10 {
        let asked = Instant::now();
        let number = desk.site.fake.usager_files(desk.site.demarche, LINA);
        until("it is here", || {
            (desk.command(&format!("dossier {number}"), INES).code == 0).then_some(())
        });
        waits.push(asked.elapsed());
    }
    waits.sort();
    eprintln!("from change to ledger, looked at each second: {waits:?}");
}

fn print(desk: &Desk, what: &str) {
    eprintln!("{what}:");
    for (name, count) in desk.site.fake.counts() {
        eprintln!("  {name}: {count:?}");
    }
}
