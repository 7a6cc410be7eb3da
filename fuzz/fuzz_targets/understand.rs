//! Any octets taken for a mail: they are understood, twice the same, within the bounds that are promised.

#![no_main]

use greffier::mail::{Limits, Own, Understood, understand};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|raw: &[u8]| {
    let own = Own {
        authserv_ids: vec!["mx.example".to_owned()],
        inbound_limits: Limits {
            attachment_bytes: 1_000,
            total_bytes: 2_000,
            attachments: 3,
        },
        ..Own::default()
    };
    let mail = understand(raw, &own);
    assert_eq!(mail, understand(raw, &own), "the same octets say the same");
    let json = serde_json::to_string(&mail).expect("what was understood can be written");
    let read: Understood = serde_json::from_str(&json).expect("and read");
    is_clean(&mail);
    is_bounded(&mail, raw.len());
    assert_eq!(read, without_content(mail), "as it was");
});

/// What is written: the files themselves are elsewhere.
fn without_content(mut mail: Understood) -> Understood {
    for file in &mut mail.attachments {
        file.content = Vec::new();
    }
    mail
}

/// What goes on one line is on one line, and nothing controls a terminal.
fn is_clean(mail: &Understood) {
    let names = mail.attachments.iter().map(|file| file.name.as_str());
    let lines = [mail.subject.as_str()]
        .into_iter()
        .chain(mail.message_id.as_deref())
        .chain(mail.in_reply_to.as_deref())
        .chain(mail.token.as_deref())
        .chain(mail.references.iter().map(String::as_str))
        .chain(mail.recipients.iter().map(String::as_str))
        .chain(
            mail.from
                .iter()
                .flat_map(|from| [from.name.as_str(), from.address.as_str()]),
        )
        .chain(names.clone());
    for line in lines {
        assert!(!line.contains(char::is_control), "{line:?}");
    }
    for name in names {
        assert!(
            !name.is_empty() && !name.contains(['/', '\\']) && name != "." && name != "..",
            "{name:?}"
        );
    }
    assert!(
        !mail
            .reply
            .contains(|c: char| c.is_control() && !matches!(c, '\n' | '\t'))
    );
    assert_eq!(mail.reply, mail.reply.trim_end());
}

fn is_bounded(mail: &Understood, octets: usize) {
    assert!(
        mail.references.len() <= 101 && mail.recipients.len() <= 100 && mail.notes.len() <= 1_000
    );
    assert!(mail.subject.chars().count() <= 500);
    // Windows-1252 makes three octets of one, and entities, lists and links add some of their own.
    assert!(
        mail.reply.len() <= octets * 8 + 1_000,
        "{} of {octets}",
        mail.reply.len()
    );
    let content: u64 = mail
        .attachments
        .iter()
        .map(|file| file.content.len() as u64)
        .sum();
    assert!(content <= 2_000, "{content}");
}
