//! Any text taken for a token, a conversation's name or an address: what is read is written as it was.

#![no_main]

use greffier::mail::{Claim, Own, normalise_address, parse_thread, safe_name, thread_name};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    let text = String::from_utf8_lossy(octets);
    if let Some((dossier, purpose)) = parse_thread(&text) {
        assert_eq!(thread_name(dossier, purpose), text);
    }
    let lower = Claim::parse(&text.to_ascii_lowercase());
    assert_eq!(
        lower,
        Claim::parse(&text.to_ascii_uppercase()),
        "a token survives a change of case"
    );
    if let Some(claim) = lower {
        assert!(
            !claim.is_for(b"secret", "paul@example.org"),
            "nobody guesses a seal"
        );
    }
    if let Some(address) = normalise_address(&text) {
        assert_eq!(
            normalise_address(&address).as_deref(),
            Some(address.as_str())
        );
        assert!(
            !address
                .contains(|c: char| c.is_whitespace() || c.is_control() || "<>,;\"()".contains(c))
        );
    }
    let _ = Own::default().token_in(&text);
    let name = safe_name(&text, "application/pdf");
    assert!(!name.is_empty() && name.len() <= 300 && !name.contains(['/', '\\', '\0', '\r', '\n']));
    assert!(
        !name.starts_with('.') && !name.ends_with(['.', ' ']),
        "{name:?}"
    );
});
