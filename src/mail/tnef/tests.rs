use proptest::prelude::*;

use super::samples::{Tnef, outlook, wide};
use super::*;

#[test]
fn files_and_text_are_taken_out() {
    let winmail = outlook();
    let wrapped = read(&winmail).unwrap();
    let names: Vec<&str> = wrapped
        .files
        .iter()
        .map(|file| file.name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "Plan d’été.pdf",
            "note.txt",
            "TR  accord.txt",
            "courrier.pdf"
        ]
    );
    assert_eq!(wrapped.files[0].content.as_ref(), b"%PDF-1.4 plan");
    assert_eq!(wrapped.files[2].content.as_ref(), b"Accord de la mairie.");
    assert_eq!(
        wrapped.html.as_deref(),
        Some("<p>Avis favorable, sous réserve.</p>")
    );
}

#[test]
fn what_is_damaged_is_not_half_read() {
    let winmail = outlook();
    assert!(read(&winmail[..winmail.len() - 40]).is_none());
    assert!(read(b"\x78\x9f\x3e\x23\x01\0").is_none());
    assert!(read(b"").is_none());
}

#[test]
fn messages_within_messages_end_somewhere() {
    let mut inner = Tnef::new().message(&[wide(0x1000, "au fond")]).done();
    for _ in 0..50 {
        let object = [&b"\x07\x03\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46"[..], &inner].concat();
        let object = super::samples::long(0x000d, 0x3701, &object);
        inner = Tnef::new().file("m", b"", &[object]).done();
    }
    assert!(read(&inner).unwrap().files.is_empty());
}

proptest! {
    #[test]
    fn any_octets_are_read(octets: Vec<u8>) {
        read(&[b"\x78\x9f\x3e\x22\x01\0", &octets[..]].concat());
    }

    #[test]
    fn a_mutated_wrapping_is_read(cuts in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_usize..6), 1..10)) {
        let mut winmail = outlook();
        for (at, octet, gone) in cuts {
            let at = at.index(winmail.len());
            let end = (at + gone).min(winmail.len());
            winmail.splice(at..end, [octet]);
        }
        read(&winmail);
    }
}
