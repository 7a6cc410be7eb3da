//! Any line typed: it is read twice the same, completed at its end, and what is quoted is read as it was.

#![no_main]

use std::sync::LazyLock;

use greffier::command::{Catalogue, Here, fold};
use libfuzzer_sys::fuzz_target;

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(Catalogue::embedded);

fuzz_target!(|octets: &[u8]| {
    let line = String::from_utf8_lossy(octets);
    let here = Here {
        dossier: octets.first().map(|octet| u64::from(*octet)),
        today: jiff::civil::date(2024, 6, 3),
    };
    assert_eq!(CATALOGUE.parse(&line, &here), CATALOGUE.parse(&line, &here));
    let _ = CATALOGUE.complete(&line);
    let folded = fold(&line);
    assert_eq!(fold(&folded), folded, "folding once is enough");
});
