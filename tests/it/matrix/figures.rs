//! The figures of `benches/README.md`. Not tests of speed: they print what they measure, and fail on what is lost or doubled.
//!
//! `cargo test --release --test it matrix::figures -- --ignored --nocapture --test-threads 1`

use std::collections::BTreeMap;
use std::fs;
use std::time::Instant;

use super::client::{People, Room};
use super::scene::Office;
use crate::daemon::desk::{LINA, PAUL, dossier, until};
use crate::servers::synapse::{Rates, shared_synapse, synapse};

/// Messages of each kind that are timed.
const SAMPLES: usize = 40;
/// Deposits of the long run: each is a card and a message in its thread.
const DEPOSITS: usize = 500;

#[test]
#[ignore = "prints figures"]
fn how_long_a_message_takes() {
    let Some(server) = shared_synapse() else {
        return;
    };
    for encrypted in [false, true] {
        let people = People::of(server);
        let name = if encrypted {
            "chrono-chiffre"
        } else {
            "chrono-clair"
        };
        let office = Office::open(server, &people, name, encrypted);
        let (_paul, room) = office.colleague(&people, &format!("paul-{name}"), PAUL);
        let bare = times(|turn| {
            let text = format!("message nu {turn}");
            let begun = room.bare(&text);
            read_at(&office.room, &text) - begun
        });
        let notice = times(|_| {
            let number = office.bot.deposit(LINA, "Nord");
            let committed = now();
            read_at(&office.room, &format!("Nouveau dossier n° {number} ")) - committed
        });
        let (number, thread) = office.deposit();
        thread.shown("Nouveau dossier");
        let answer = times(|_| {
            let mark = office.room.mark();
            let begun = office.room.bare(&format!("!dossier {number}"));
            office.room.shown(mark, "Secteur").read_at - begun
        });
        eprintln!("encrypted: {encrypted}");
        line(
            "a bare send, from its request until it is read",
            &bare,
            &bare,
        );
        line(
            "an event, from the 201 until its message is read",
            &notice,
            &bare,
        );
        line(
            "a command, from its request until its answer is read",
            &answer,
            &bare,
        );
        eprintln!("  memory at rest: {} MiB", resident(office.bot.pid()));
    }
}

#[test]
#[ignore = "prints figures"]
fn what_a_thousand_messages_with_restarts_lose_or_double() {
    let Some(mut server) = synapse(Rates::High) else {
        return;
    };
    let people = People::of(&server);
    let mut office = Office::open(&server, &people, "mille", true);
    let begun = Instant::now();
    let mut numbers = Vec::new();
    let mut restarts = 0;
    for turn in 0..DEPOSITS {
        let key = format!("mille-{turn}");
        let body = dossier(LINA, "Nord");
        if turn % 50 == 25 {
            restarts += 1;
            match restarts % 3 {
                0 => {
                    server.cut_off();
                    server.start();
                }
                1 => {
                    office.bot.kill();
                    office.bot.start();
                }
                _ => {
                    // With so much still to send it may be cut off after ten seconds, which its exit code says.
                    office.bot.stop();
                    office.bot.start();
                }
            }
        }
        let reply = office.bot.post(&key, &body).unwrap();
        assert_eq!(reply.status, 201, "{}", reply.body);
        numbers.push(reply.json()["dossier"].as_u64().unwrap());
    }
    // Each wait has a patience of its own.
    while let before @ 1.. = left(&office) {
        until("some have left", || (left(&office) < before).then_some(()));
    }
    let last = numbers.last().unwrap();
    read_at(&office.room, &format!("Nouveau dossier n° {last} "));
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for message in office.room.timeline() {
        let first = message.text().lines().next().unwrap_or_default().to_owned();
        if message.sender == office.bot.id && message.is_message() && message.edits.is_none() {
            let start = first.split(" —").next().unwrap_or_default();
            *seen
                .entry(
                    start
                        .trim_start_matches(|c: char| !c.is_ascii_alphabetic())
                        .to_owned(),
                )
                .or_default() += 1;
        }
    }
    let count = |text: String| seen.get(&text).copied().unwrap_or_default();
    let all: Vec<usize> = numbers
        .iter()
        .flat_map(|number| {
            [
                count(format!("Dossier n° {number}")),
                count(format!("Nouveau dossier n° {number}")),
            ]
        })
        .collect();
    let lost = all.iter().filter(|times| **times == 0).count();
    let doubled = all.iter().filter(|times| **times > 1).count();
    eprintln!(
        "{} messages with {restarts} restarts in {:?}: {lost} lost, {doubled} doubled",
        all.len(),
        begun.elapsed()
    );
    assert_eq!((lost, doubled), (0, 0), "{}", office.room.told());
}

#[test]
#[ignore = "prints figures"]
fn how_long_a_start_takes() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let mut office = Office::open(server, &people, "depart", true);
    for _ in 0..5 {
        assert_eq!(office.bot.stop(), 0);
        let mark = office.room.mark();
        office.room.say("!statut");
        let begun = now();
        office.bot.start();
        let up = now() - begun;
        let answered = office.room.shown(mark, "à envoyer").read_at - begun;
        eprintln!("  HTTP after {up:.0} ms, a line said meanwhile answered after {answered:.0} ms");
    }
    eprintln!("  memory after a start: {} MiB", resident(office.bot.pid()));
}

fn left(office: &Office<'_>) -> u64 {
    let depths = office.bot.admin(serde_json::json!({ "name": "depths" }));
    depths["journal"].as_u64().unwrap() + depths["outbox"].as_u64().unwrap()
}

/// When a message of somebody else that holds `text` was read.
fn read_at(room: &Room<'_>, text: &str) -> f64 {
    room.shown(0, text).read_at
}

fn times(mut one: impl FnMut(usize) -> f64) -> Vec<f64> {
    // The first ones warm up.
    let mut times: Vec<f64> = (0..SAMPLES + 3).map(&mut one).skip(3).collect();
    times.sort_by(f64::total_cmp);
    times
}

fn line(what: &str, times: &[f64], bare: &[f64]) {
    let median = times[times.len() / 2];
    let late = times[times.len() * 9 / 10];
    let ratio = median / bare[bare.len() / 2];
    eprintln!(
        "  {what}: median {median:.0} ms, nine in ten below {late:.0} ms, {ratio:.1} bare sends"
    );
}

fn now() -> f64 {
    greffier::clock::now().as_duration().as_secs_f64() * 1000.0
}

/// Resident memory of a process, MiB.
fn resident(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<u64>()
        .unwrap()
        / 1024
}
