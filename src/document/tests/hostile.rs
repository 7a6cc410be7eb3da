//! What a dossier may hold at its worst.

use std::collections::BTreeMap;

use super::*;

/// Text that typst, a PDF or a page could stumble over.
const HOSTILE: [&str; 14] = [
    "#panic() #import \"@preview/x:1.0.0\": * #read(\"/etc/passwd\")",
    "*x* _y_ `z` $a^2$ = Titre\n== Titre\n- point\n+ point\n/ terme: mot\n<etiquette> @etiquette",
    "// commentaire /* bloc */ \\ \\u{41} ~ --- -- ...",
    "\"guillemets\" 'simples' « français » “anglais”",
    "Łódź, București (ș, ț), Iğdır, Ærø, Þórr, Ħamrun, œuvre, ŸÇÉ, 12\u{202f}000\u{a0}€",
    "مرحبا بالعالم 123 שלום עולם",
    "ελληνικά кириллица հայերեն ქართული Tiếng Việt",
    "😀 👍🏽 👩‍👩‍👧‍👦 🇫🇷 ❤️ ✓ ☐ →",
    "漢字かな한국어 ไทย हिन्दी",
    "z\u{0300}\u{0301}\u{0302}\u{0303}\u{0304}\u{0305}\u{0306}\u{0307}algo",
    "\u{202e}gpj.exe\u{202c}\u{2066}x\u{2069}\u{feff}\u{0}\u{1b}[31m\u{7}\u{fffe}\u{e000}\u{f8ff}",
    "<script>alert(1)</script> &amp; {{ dossier.number }} {% raw %}",
    "/Type /Catalog >> endobj stream endstream %%EOF (\\",
    "\u{1d4d7}\u{1d4ee}\u{1d4f5}\u{1d4f5}\u{1d4f8} \u{ff21}\u{ff22} ﷽ \u{2028}\u{2029}\u{85}",
];

fn hostile(text: &str) -> Texts {
    let text = text.to_owned();
    Texts {
        nom: text.clone(),
        prenom: text.clone(),
        champ: text.clone(),
        annotation: text.clone(),
        etiquette: text.clone(),
        message: text.clone(),
        reponse: text.clone(),
        question: text.clone(),
        avis: text.clone(),
        motivation: text.clone(),
        fichier: text,
        ..Texts::default()
    }
}

#[test]
fn what_people_write_stays_text() {
    let press = press();
    for (at, text) in HOSTILE.iter().enumerate() {
        let texts = hostile(text);
        let demarche = samples::demarche(&texts);
        let dossier = sample("accepted", &texts, |_| {});
        let print = print(&dossier, &demarche, Reader::Instructeur);
        let pdf = press.dossier(&print).unwrap();
        accessible(&pdf, "Dossier n");
        if let Some(attestation) = press.attestation(&dossier, &demarche).unwrap() {
            accessible(&attestation, "Autorisation");
        }
        if at < 5 {
            let found = written(&pages(&press, &print));
            for line in text.lines() {
                assert!(found.contains(&close(line)), "{line} is not in {found}");
            }
        }
    }
    let all = hostile(&HOSTILE.join("\n"));
    let demarche = samples::demarche(&all);
    let dossier = sample("accepted", &all, |_| {});
    let print = print(&dossier, &demarche, Reader::Instructeur);
    keep("hostile.pdf", &press.dossier(&print).unwrap());
}

#[test]
fn much_is_printed_whole() {
    let texts = Texts::default();
    let demarche = samples::demarche(&texts);
    let dossier = sample("accepted", &texts, |dossier| {
        let lines: Vec<String> = (1..=2000).map(|n| format!("Ligne {n}.")).collect();
        dossier
            .champs
            .insert("travaux".to_owned(), Valeur::Text(lines.join("\n")));
        let row = |n: i64| {
            BTreeMap::from([
                ("nature".to_owned(), Valeur::Text(format!("Poste {n}"))),
                ("montant".to_owned(), Valeur::Integer(n * 1000)),
            ])
        };
        dossier.champs.insert(
            "depenses".to_owned(),
            Valeur::Rows((1..=300).map(row).collect()),
        );
    });
    let press = press();
    let print = print(&dossier, &demarche, Reader::Instructeur);
    let text = written(&pages(&press, &print));
    for expected in [
        "Ligne 1.",
        "Ligne 2000.",
        "Poste 1",
        "Poste 300",
        "300\u{202f}000",
    ] {
        assert!(text.contains(&close(expected)), "{expected} is missing");
    }
    keep("grand.pdf", &press.dossier(&print).unwrap());
}

#[test]
fn a_long_word_stays_on_the_page() {
    for letter in ["x", "W", "é", "م", "漢"] {
        let texts = hostile(&letter.repeat(3000));
        let demarche = samples::demarche(&texts);
        let dossier = sample("accepted", &texts, |_| {});
        let press = press();
        let pages = pages(&press, &print(&dossier, &demarche, Reader::Instructeur));
        for page in &pages.pages {
            let most = rightmost(&page.frame);
            let margin = page.frame.width().to_pt() - 20.0 * 72.0 / 25.4;
            assert!(most <= margin + 1.0, "{letter} reaches {most} of {margin}");
        }
        if letter == "W" {
            keep(
                "long.pdf",
                &press
                    .dossier(&print(&dossier, &demarche, Reader::Instructeur))
                    .unwrap(),
            );
        }
    }
}

/// How far to the right something is written, in points.
fn rightmost(frame: &Frame) -> f64 {
    let mut most: f64 = 0.0;
    for (at, item) in frame.items() {
        let end = match item {
            FrameItem::Group(group) => rightmost(&group.frame),
            FrameItem::Text(text) => text.width().to_pt(),
            FrameItem::Shape(..)
            | FrameItem::Image(..)
            | FrameItem::Link(..)
            | FrameItem::Tag(..) => 0.0,
        };
        most = most.max(at.x.to_pt() + end);
    }
    most
}
