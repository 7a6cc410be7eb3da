//! Servers that restart, a daemon that is killed and wires that break in the middle of a stream of mails.

use super::client::file;
use super::proxy::{Cut, Proxy};
use super::stage::{Between, Stage, Way, stage};
use super::stream::{Account, Flow, stream};

/// Mails each way in one stream.
const MAILS: usize = 120;

fn report(what: &str, account: &Account) {
    eprintln!(
        "{what}: {MAILS} mails out and as many back; {} more copies in the mailbox of those written to, {} replies came again",
        account.repeated, account.again
    );
}

/// Each server is restarted and the daemon killed, several times.
fn restarts(way: Way) {
    let Some(mut stage) = stage(way, "") else {
        return;
    };
    stage.start(&Between::default());
    let account = stream(&mut stage, MAILS, &[], |flow: &Flow<'_>| {
        for round in 0..3 {
            let begun = round * MAILS / 3;
            flow.filed(begun + 4);
            flow.kill();
            flow.filed(begun + 10);
            flow.postfix(false);
            flow.filed(begun + 18);
            flow.dovecot();
            flow.kill();
            flow.filed(begun + 26);
            flow.postfix(true);
        }
    });
    report(&format!("restarts, {way:?}"), &account);
}

#[test]
fn restarts_lose_nothing_by_imap() {
    restarts(Way::Imap);
}

#[test]
fn restarts_lose_nothing_by_lmtp() {
    restarts(Way::Lmtp);
}

/// Places inside mails of some 80 kB and around them, from either side.
fn cuts(step: u64) -> Vec<Cut> {
    let mut cuts = Vec::new();
    for number in 0..6 {
        cuts.push(Cut::Asking(step + number * step / 3));
        cuts.push(Cut::Answering(150 + number * 211));
        cuts.push(Cut::Asking(step * 4 + number * 1000));
        cuts.push(Cut::Never);
    }
    cuts
}

/// An IMAP server says more than it is told: the bodies come from its side. Every second connection lasts for a while, so
/// that none of the mails breaks three in a row.
fn imap_cuts() -> Vec<Cut> {
    (0..8)
        .flat_map(|number| {
            [
                Cut::Answering(40_000 + number * 5_000),
                Cut::Answering(400_000),
            ]
        })
        .collect()
}

fn attached() -> serde_json::Value {
    file(
        "Relevé.txt",
        "text/plain",
        "é\r\n".repeat(15_000).as_bytes(),
    )
}

fn wires(way: Way) {
    let Some(mut stage) = stage(way, "") else {
        return;
    };
    let submission = Proxy::new("127.0.0.1:0", stage.postfix.submission(), cuts(7_000));
    let (between, coming) = coming(&stage, way);
    stage.start(&Between {
        smtp: Some(submission.address().to_owned()),
        ..between
    });
    let account = stream(&mut stage, MAILS, &[attached()], |_| {});
    report(&format!("broken wires, {way:?}"), &account);
    eprintln!(
        "broken: {} to Postfix, {} on the way in",
        submission.broken(),
        coming.broken()
    );
    assert!(
        submission.broken() >= 5,
        "hardly anything broke on the way out"
    );
    assert!(coming.broken() >= 5, "hardly anything broke on the way in");
}

/// The wire on which mail comes to Greffier.
fn coming(stage: &Stage, way: Way) -> (Between, Proxy) {
    match way {
        Way::Imap => {
            let proxy = Proxy::new("127.0.0.1:0", stage.dovecot.imap(), imap_cuts());
            let imap = Some(proxy.address().to_owned());
            (
                Between {
                    imap,
                    ..Between::default()
                },
                proxy,
            )
        }
        Way::Lmtp => {
            let lmtp = stage.postfix.lmtp().replace(":2424", ":2425");
            let proxy = Proxy::new(&stage.postfix.lmtp(), lmtp.clone(), cuts(40_000));
            (
                Between {
                    lmtp: Some(lmtp),
                    ..Between::default()
                },
                proxy,
            )
        }
    }
}

#[test]
fn broken_wires_lose_nothing_by_imap() {
    wires(Way::Imap);
}

#[test]
fn broken_wires_lose_nothing_by_lmtp() {
    wires(Way::Lmtp);
}
