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
    let files = read(&inner).unwrap().files;
    assert_eq!(files.len(), 1);
    assert_eq!(files[0].name, "m");
    assert!(files[0].refused.unwrap().contains("profond"));
}

#[test]
fn what_is_left_out_is_said() {
    let class = b"\x07\x03\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46";
    let mut inner = Tnef::new()
        .file("courrier.pdf", b"%PDF-1.4", &[])
        .file("perdu.pdf", b"%PDF-1.4", &[])
        .done();
    inner.truncate(inner.len() - 6);
    let object = super::samples::long(0x000d, 0x3701, &[&class[..], &inner].concat());
    let damaged = Tnef::new().file("TR accord", b"", &[object]).done();
    let files = read(&damaged).unwrap().files;
    let names: Vec<_> = files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["courrier.pdf", "TR accord"]);
    assert!(files[1].refused.is_some() && files[0].refused.is_none());
    let mut many = Tnef::new();
    for number in 0..300 {
        many = many.file(&format!("{number}.txt"), b"x", &[]);
    }
    let many = many.done();
    let files = read(&many).unwrap().files;
    assert_eq!(files.len(), FILES + 1);
    assert_eq!(files[FILES].refused, Some(TOO_MANY));
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
