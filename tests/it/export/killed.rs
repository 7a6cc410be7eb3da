//! The daemon is killed while an export is ordered, made and told of: it is made again, and told of once.

use greffier::kill::POINTS;
use serde_json::json;

use crate::daemon::desk::{Desk, INES, LINA, until};

#[test]
fn an_export_outlives_a_kill_at_every_point_and_is_told_of_once() {
    std::thread::scope(|scope| {
        for points in POINTS.chunks(5) {
            scope.spawn(move || {
                for point in points {
                    for times in 1..=2 {
                        killed_at(&format!("{point}:{times}"));
                    }
                }
            });
        }
    });
}

fn killed_at(point: &str) {
    let mut desk = Desk::open();
    desk.deposit(LINA, "Nord");
    assert_eq!(desk.stop(), 0);
    desk.start_killed_at(Some(point));
    for _ in 0..5 {
        revive(&mut desk);
        // Under the same name each time: where it was heard already, nothing new is made.
        let _answer = desk.line("export", "exporter csv demarche=101", INES);
        until("everything is told", || {
            revive(&mut desk);
            let depths = desk.try_admin(json!({ "name": "depths" }))?;
            (depths["journal"] == 0 && depths["outbox"] == 0).then_some(())
        });
        if desk.stop() != 0 {
            // It came by the point only now.
            continue;
        }
        let told = told(&desk);
        assert!(told <= 1, "{point}: told {told} times");
        if told == 1 {
            for check in ["sweep", "verify"] {
                let done = desk.run(&["store", check], b"");
                assert!(done.status.success(), "{point}: {done:?}");
            }
            return;
        }
    }
    panic!("{point}: no export");
}

/// Starts the daemon again where it is gone.
fn revive(desk: &mut Desk) {
    if !desk.lives() {
        desk.kill();
        desk.start();
    }
}

/// Exports that somebody was told of: each keeps its file for a day.
fn told(desk: &Desk) -> usize {
    let exported = desk.run(&["store", "export"], b"");
    let text = String::from_utf8(exported.stdout).unwrap();
    let named = text.lines().filter(|line| line.contains("dossiers-101-"));
    named.filter(|line| line.contains("until")).count()
}
