mod charts;
mod hostile;

use std::collections::BTreeMap;

use typst::layout::{Frame, FrameItem, PagedDocument};

use super::*;
use crate::domain::Valeur;
use crate::domain::samples::{self, Texts};

pub(super) fn press() -> Press {
    Press::embedded()
}

/// A file to look at: kept where `GREFFIER_PRINTED` says, if it says so.
pub(super) fn keep(name: &str, bytes: &[u8]) {
    if let Ok(folder) = std::env::var("GREFFIER_PRINTED") {
        std::fs::write(Path::new(&folder).join(name), bytes).unwrap();
    }
}

/// The sample of that name, after what `change` makes of it.
pub(super) fn sample(name: &str, texts: &Texts, change: impl FnOnce(&mut Dossier)) -> Dossier {
    let (_, mut dossier) = samples::dossiers(texts)
        .into_iter()
        .find(|(found, _)| *found == name)
        .unwrap();
    change(&mut dossier);
    dossier
}

pub(super) fn print<'a>(dossier: &'a Dossier, demarche: &'a Demarche, reader: Reader) -> Print<'a> {
    Print {
        dossier,
        demarche,
        reader,
        at: samples::now(),
        by: None,
    }
}

/// The pages of a printed dossier.
pub(super) fn pages(press: &Press, print: &Print<'_>) -> PagedDocument {
    let data = press.json(&dossier::sheet(print)).unwrap();
    press.engine.pages("dossier.typ", data).unwrap()
}

/// All that is written on the pages, in order, without spaces: lines are cut anywhere.
pub(super) fn written(pages: &PagedDocument) -> String {
    let mut out = String::new();
    for page in &pages.pages {
        walk(&page.frame, &mut out);
    }
    close(&out)
}

/// Without spaces and hyphens, for comparison with what is written.
pub(super) fn close(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace() && !"\u{200b}-\u{ad}".contains(*c))
        .collect()
}

fn walk(frame: &Frame, out: &mut String) {
    for (_, item) in frame.items() {
        match item {
            FrameItem::Group(group) => walk(&group.frame, out),
            FrameItem::Text(text) => out.push_str(&text.text),
            FrameItem::Shape(..)
            | FrameItem::Image(..)
            | FrameItem::Link(..)
            | FrameItem::Tag(..) => {}
        }
    }
}

#[test]
fn a_dossier_has_everything_for_an_instructeur() {
    let texts = Texts::default();
    let demarche = samples::demarche(&texts);
    let dossier = sample("accepted", &texts, |_| {});
    let by = Email::new(&texts.instructeur);
    let print = Print {
        by: Some(&by),
        ..print(&dossier, &demarche, Reader::Instructeur)
    };
    let press = press();
    let text = written(&pages(&press, &print));
    for expected in [
        "Dossier n° 4807",
        &demarche.titre,
        &demarche.service,
        "Madame",
        &texts.nom,
        &texts.usager,
        "pose de deux lucarnes côté jardin.",
        "32,5",
        "Plan de masse.pdf (1,3 Mo)",
        "Montant en euros",
        "12 400",
        "Annotations privées",
        &texts.annotation,
        &texts.question,
        &texts.avis_confidentiel,
        "expéditeur non vérifié",
        &texts.reponse,
        "Les lucarnes seront alignées sur les baies.",
        "Attestation.pdf",
        "Réaffectation de « Littoral » à « Intérieur »",
        "Passage en instruction",
        "à la demande de ines.roux@ddt-nord.example",
        "page 1 sur",
        "ne le communiquez pas à l’usager",
    ] {
        assert!(
            text.contains(&close(expected)),
            "{expected} is not in {text}"
        );
    }
    keep("dossier.pdf", &press.dossier(&print).unwrap());
}

#[test]
fn the_usager_reads_his_dossier_and_nobody_elses_words() {
    let texts = Texts::default();
    let demarche = samples::demarche(&texts);
    let dossier = sample("accepted", &texts, |_| {});
    let print = print(&dossier, &demarche, Reader::Usager);
    let press = press();
    let text = written(&pages(&press, &print));
    for expected in [
        &texts.reponse,
        &texts.motivation,
        "Le service instructeur",
        "Acceptation",
    ] {
        assert!(
            text.contains(&close(expected)),
            "{expected} is not in {text}"
        );
    }
    for hidden in [
        &texts.annotation,
        &texts.avis,
        &texts.avis_partage,
        &texts.avis_confidentiel,
        &texts.question,
        &texts.demande,
        &texts.instructeur,
        &texts.collegue,
        &texts.expert,
        &texts.autre_expert,
        &texts.etiquette,
        "Littoral",
        "Intérieur",
        "non vérifié",
        "Annotations",
    ] {
        assert!(!text.contains(&close(hidden)), "{hidden} is in {text}");
    }
    keep("dossier-usager.pdf", &press.dossier(&print).unwrap());
}

#[test]
fn a_message_that_can_be_taken_back_was_not_said_to_the_usager() {
    let texts = Texts::default();
    let demarche = samples::demarche(&texts);
    let dossier = sample("en instruction", &texts, |dossier| {
        let message = dossier.messages.values_mut().next_back().unwrap();
        message.by = crate::domain::Person::Instructeur(Email::new(&texts.instructeur));
        message.at = samples::now() - jiff::SignedDuration::from_mins(1);
    });
    let said = dossier.messages.values().next_back().unwrap().text.clone();
    let press = press();
    let read = |reader| written(&pages(&press, &print(&dossier, &demarche, reader)));
    assert!(read(Reader::Instructeur).contains(&close(&said)));
    assert!(!read(Reader::Usager).contains(&close(&said)));
}

#[test]
fn the_same_dossier_gives_the_same_bytes() {
    let texts = Texts::default();
    let demarche = samples::demarche(&texts);
    let dossier = sample("accepted", &texts, |_| {});
    let print = print(&dossier, &demarche, Reader::Instructeur);
    let one = press().dossier(&print).unwrap();
    assert!(one == press().dossier(&print).unwrap());
}

/// That a PDF says what it answers to; `veraPDF` and `qpdf` are asked by hand.
pub(super) fn accessible(pdf: &[u8], title: &str) {
    let text = String::from_utf8_lossy(pdf);
    for mark in ["<pdfuaid:part>1</pdfuaid:part>", title] {
        assert!(text.contains(mark), "{mark} is not in the PDF");
    }
}

#[test]
fn a_pdf_is_accessible() {
    let texts = Texts::default();
    let demarche = samples::demarche(&texts);
    for (name, dossier) in samples::dossiers(&texts) {
        if dossier.purged.is_some() {
            continue;
        }
        let pdf = press()
            .dossier(&print(&dossier, &demarche, Reader::Instructeur))
            .unwrap();
        accessible(&pdf, "Autorisation de travaux en site classé");
        assert!(pdf.len() < 200_000, "{name}: {} bytes", pdf.len());
    }
}

#[test]
fn every_kind_of_champ_is_printed() {
    let texts = Texts::default();
    let mut demarche = samples::demarche(&texts);
    let kinds = [
        (
            "siret",
            crate::domain::ChampType::Siret,
            Valeur::Text("73282932000074".into()),
            "732 829 320 00074",
        ),
        (
            "jour",
            crate::domain::ChampType::Date,
            Valeur::Date(jiff::civil::date(2025, 8, 1)),
            "1er août 2025",
        ),
        (
            "choix",
            crate::domain::ChampType::MultipleDropDownList,
            Valeur::Choices(vec!["Isolation".into(), "Chauffage".into()]),
            "Chauffage",
        ),
        (
            "non",
            crate::domain::ChampType::YesNo,
            Valeur::YesNo(false),
            "Non",
        ),
        (
            "entier",
            crate::domain::ChampType::IntegerNumber,
            Valeur::Integer(-1_234_567),
            "−1 234 567",
        ),
        (
            "retire",
            crate::domain::ChampType::Text,
            Valeur::Text("Réponse d’antan".into()),
            "Réponse d’antan",
        ),
    ];
    for (id, kind, ..) in &kinds {
        if *id != "retire" {
            demarche.champs.push(crate::domain::Champ {
                id: (*id).to_owned(),
                libelle: format!("Champ {id}"),
                kind: *kind,
                obligatoire: false,
                options: vec![],
                champs: vec![],
            });
        }
    }
    let dossier = sample("new", &texts, |dossier| {
        for (id, _, valeur, _) in &kinds {
            dossier.champs.insert((*id).to_owned(), valeur.clone());
        }
        dossier.champs.remove("surface");
    });
    let press = press();
    let text = written(&pages(&press, &print(&dossier, &demarche, Reader::Usager)));
    for (.., expected) in &kinds {
        assert!(
            text.contains(&close(expected)),
            "{expected} is not in {text}"
        );
    }
    assert!(text.contains("Champsretirésduformulaire"));
    assert!(text.contains("Surfaceenm²nonrenseigné"), "{text}");
}

#[test]
fn a_repetition_is_a_table_until_its_answers_are_long() {
    let texts = Texts::default();
    let demarche = samples::demarche(&texts);
    let rows = |nature: &str| {
        let row = BTreeMap::from([("nature".to_owned(), Valeur::Text(nature.to_owned()))]);
        Valeur::Rows(vec![row.clone(), row])
    };
    let text = |nature: &str| {
        let dossier = sample("new", &texts, |dossier| {
            dossier.champs.insert("depenses".to_owned(), rows(nature));
        });
        let print = print(&dossier, &demarche, Reader::Usager);
        written(&pages(&press(), &print))
    };
    assert!(text("Échafaudage").contains("NatureMontanteneurosÉchafaudagenonrenseignéÉchafaudage"));
    assert!(text(&"Échafaudage ".repeat(20)).contains("Dépensesprévues,2sur2"));
}

#[test]
fn an_attestation_says_what_the_demarche_has_it_say() {
    let texts = Texts::default();
    let demarche = samples::demarche(&texts);
    let press = press();
    let of = |name: &str| {
        let dossier = sample(name, &texts, |_| {});
        let pdf = press.attestation(&dossier, &demarche).unwrap()?;
        let (sheet, _) = attestation::sheet(&dossier, &demarche).unwrap();
        let data = press.json(&sheet).unwrap();
        let pages = press.engine.pages("attestation.typ", data).unwrap();
        Some((pdf, written(&pages)))
    };
    let (pdf, text) = of("accepted").unwrap();
    for expected in [
        "Autorisation de travaux",
        "Vu le dossier n° 4807 déposé le 3 juin 2024 par Madame Camille Durand",
        "sur une surface de 32,5 m²",
        "pose de deux lucarnes côté jardin.",
        "Les lucarnes seront alignées sur les baies.",
        "Cette autorisation est à afficher",
        "Fait le 23 juin 2024",
        "page 1 sur 1",
    ] {
        assert!(
            text.contains(&close(expected)),
            "{expected} is not in {text}"
        );
    }
    accessible(&pdf, "Autorisation de travaux");
    keep("attestation.pdf", &pdf);
    let (pdf, text) = of("refused").unwrap();
    assert!(
        text.contains(&close("a été refusé le 3 juillet 2024")),
        "{text}"
    );
    keep("attestation-refus.pdf", &pdf);
    for name in ["new", "sans suite", "reopened"] {
        assert_eq!(of(name), None, "{name}");
    }
}

#[test]
fn what_fills_a_balise_is_not_read_again() {
    let texts = Texts {
        motivation: "--nom-- #panic()".to_owned(),
        ..Texts::default()
    };
    let mut demarche = samples::demarche(&texts);
    if let Some(attestation) = &mut demarche.attestation {
        attestation.corps = "Motif : --motivation--, --balise inconnue--.".to_owned();
    }
    let dossier = sample("accepted", &texts, |_| {});
    let (sheet, _) = attestation::sheet(&dossier, &demarche).unwrap();
    let json = serde_json::to_value(&sheet).unwrap();
    assert_eq!(
        json["corps"][0][0],
        "Motif : --nom-- #panic(), --balise inconnue--."
    );
}

#[test]
fn the_samples_can_be_printed() {
    assert_eq!(press().check(), []);
}

#[test]
fn an_error_in_a_template_is_told_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let pdf = folder.path().join("pdf");
    std::fs::create_dir(&pdf).unwrap();
    std::fs::write(
        pdf.join("attestation.typ"),
        "#import \"commun.typ\": *\n\nBonjour\n#let a = json(\"data.json\").absente\n#read(\"/etc/passwd\")\n",
    )
    .unwrap();
    let faults = Press::load(Some(folder.path())).unwrap().check();
    let shown: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(shown.len(), 1, "{shown:?}");
    assert!(shown[0].contains("pdf/attestation.typ:4: "), "{shown:?}");
    assert!(shown[0].contains("absente"), "{shown:?}");
}

#[test]
fn a_template_reaches_nothing_outside() {
    let folder = tempfile::tempdir().unwrap();
    let pdf = folder.path().join("pdf");
    std::fs::create_dir(&pdf).unwrap();
    for (source, expected) in [
        ("#read(\"/etc/passwd\")", "not found"),
        ("#read(\"../../../../etc/passwd\")", ""),
        ("#import \"@preview/cetz:0.3.0\"", ""),
        ("#datetime.today()", ""),
    ] {
        std::fs::write(pdf.join("dossier.typ"), source).unwrap();
        let faults = Press::load(Some(folder.path())).unwrap().check();
        assert!(
            faults
                .iter()
                .any(|fault| fault.line == 1 && fault.message.contains(expected)),
            "{source}: {faults:?}"
        );
    }
}

#[test]
fn a_file_that_replaces_nothing_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let pdf = folder.path().join("pdf");
    std::fs::create_dir(&pdf).unwrap();
    std::fs::write(pdf.join("dosier.typ"), "").unwrap();
    let faults = Press::load(Some(folder.path())).unwrap_err();
    assert!(
        faults[0].message.contains("replaces no template"),
        "{faults:?}"
    );
    assert!(crate::template::Templates::load(Some(folder.path())).is_ok());
}

#[test]
fn what_an_attestation_lacks_is_told_by_the_demarche() {
    let texts = Texts::default();
    let mut demarche = samples::demarche(&texts);
    assert_eq!(demarche.faults(), Vec::<String>::new());
    if let Some(attestation) = &mut demarche.attestation {
        attestation.corps = "--Surfasse--".to_owned();
    }
    let faults = demarche.faults();
    assert!(
        faults[0].starts_with("attestation.corps: `--Surfasse--`"),
        "{faults:?}"
    );
}
