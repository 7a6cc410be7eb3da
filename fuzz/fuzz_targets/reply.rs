//! Any text taken for a body, plain or HTML: what the person wrote first is never cut, and nothing is invented.

#![no_main]

use greffier::mail::{Own, reply::reply, understand};
use libfuzzer_sys::fuzz_target;
use unicode_normalization::UnicodeNormalization;

const FIRST: &str = "Le mur est à refaire.";

fuzz_target!(|octets: &[u8]| {
    let Some((kind, body)) = octets.split_first() else {
        return;
    };
    let body = String::from_utf8_lossy(body);
    match kind % 3 {
        0 => plain(&body),
        1 => flowed(&body),
        _ => html(&body),
    }
});

fn plain(body: &str) {
    let found = reply(body);
    assert_eq!(found, reply(body));
    assert!(
        is_within(&found.text, body),
        "{:?} is not of {body:?}",
        found.text
    );
    if let Some(forwarded) = &found.forwarded {
        assert!(
            is_within(forwarded, body),
            "{forwarded:?} is not of {body:?}"
        );
    }
    let after = reply(&format!("{FIRST}\n\n{body}"));
    assert!(after.text.contains(FIRST), "{:?}", after.text);
}

fn flowed(body: &str) {
    keeps_first(
        "text/plain; charset=utf-8; format=flowed",
        &format!("{FIRST}\n\n{body}"),
    );
}

fn html(body: &str) {
    keeps_first("text/html; charset=utf-8", &format!("<p>{FIRST}</p>{body}"));
}

fn keeps_first(kind: &str, body: &str) {
    let raw = format!(
        "From: paul@example.org\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{body}"
    );
    let own = Own::default();
    let mail = understand(raw.as_bytes(), &own);
    assert_eq!(mail, understand(raw.as_bytes(), &own));
    assert!(mail.reply.contains(FIRST), "{:?}", mail.reply);
}

/// Whether the letters and digits of `text` are in `source`, in the same order.
fn is_within(text: &str, source: &str) -> bool {
    let letters = |text: &str| {
        text.nfd()
            .filter(|c| c.is_alphanumeric())
            .collect::<Vec<_>>()
    };
    let mut source = letters(source).into_iter();
    letters(text)
        .into_iter()
        .all(|letter| source.any(|c| c == letter))
}
