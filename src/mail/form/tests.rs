use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn field(label: &str, hint: &str) -> Field {
    Field {
        label: label.to_owned(),
        hint: hint.to_owned(),
        ..Field::default()
    }
}

fn form() -> Vec<Field> {
    vec![
        field("Nom", "obligatoire"),
        Field {
            lines: true,
            ..field("Description des travaux", "obligatoire ; un texte")
        },
        Field {
            options: vec![
                "Toiture".to_owned(),
                "Façade".to_owned(),
                "Abattage d’arbres".to_owned(),
            ],
            ..field("Nature", "obligatoire ; un seul choix")
        },
        field("Surface, en m²", "facultatif ; un nombre, par exemple 12,5"),
        Field {
            rows: vec![
                field("Essence", "facultatif"),
                field("Nombre", "facultatif"),
            ],
            ..field("Arbres", "plusieurs lignes")
        },
        field("Exact ?", "obligatoire ; écrivez oui"),
    ]
}

fn lines(text: &str) -> Vec<Line> {
    let line = |line: &str| match line.strip_prefix("> ").or(line.strip_prefix('>')) {
        Some(quoted) => Line {
            text: quoted.to_owned(),
            by: By::Quoted,
        },
        None => Line {
            text: line.to_owned(),
            by: By::Person,
        },
    };
    text.lines().map(line).collect()
}

fn said(text: &str) -> Vec<String> {
    let found = read(&lines(text), &form(), &BTreeMap::new());
    let shown = |answer: &Answer| match &answer.said {
        Said::Text(text) => format!("{}={text}", answer.place),
        Said::Chosen(chosen) => format!("{}={chosen:?}", answer.place),
        Said::Nothing => format!("{}=", answer.place),
    };
    found.answers.iter().map(shown).collect()
}

#[test]
fn answers_stand_behind_the_colon_or_below() {
    let filled = "> [1] Nom\n> (obligatoire)\n> Réponse : Martin\n> [2] Description des travaux\n> (obligatoire ; un texte)\n> Réponse :\nUn mur.\n\nEt une porte.\n> [4] Surface, en m²\n> (facultatif ; un nombre, par exemple 12,5)\n> Réponse : 40 \n> [fin ABC234] Fin du formulaire\n> Cordialement";
    assert_eq!(
        said(filled),
        ["1=Martin", "2=Un mur.\n\nEt une porte.", "4=40"]
    );
}

#[test]
fn another_wrapping_changes_nothing() {
    let wrapped = "> [2] Description\n> des\n> travaux (obligatoire ; un\ntexte) Réponse : Un mur. [4] Surface, en\n> m²\n> (facultatif ; un nombre, par\n> exemple 12,5)\n> Réponse : 40 [fin ABC234] Fin";
    assert_eq!(said(wrapped), ["2=Un mur.", "4=40"]);
}

#[test]
fn a_label_or_a_number_above_the_form_is_enough() {
    let above = "Bonjour,\n\nNom : Martin\nNature : façade\n[4] 12,5\nSurface, en m² (environ) : 40\n\nCordialement,\nJ. Martin\n\n> [1] Nom\n> (obligatoire)\n> Réponse :\n> [fin ABC234]";
    let found = read(&lines(above), &form(), &BTreeMap::new());
    assert_eq!(
        found
            .torn
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>(),
        ["4"]
    );
    assert_eq!(said(above), ["1=Martin", "3=[1]", "4=12,5"]);
    assert_eq!(found.code.as_deref(), Some("ABC234"));
}

#[test]
fn boxes_are_read_as_people_and_programs_leave_them() {
    let boxed = |boxes: &str| {
        said(&format!(
            "[3] Nature\n(obligatoire ; un seul choix)\n{boxes}\n[fin A]"
        ))
    };
    for boxes in [
        "[ ] 1) Toiture\n[x] 2) Façade\n[ ] 3) Abattage d’arbres",
        "[ ] 1) Toiture\n[X]2) Façade\n[ ] 3) Abattage d’arbres",
        "[\u{a0}] 1) Toiture\n[ x ] 2) Facade\n[\u{a0}] 3) Abattage\nd'arbres",
        "[] 1) Toiture [✓] 2) Façade [] 3) Abattage d'arbres",
        "☐ 1) Toiture\n☒ 2) Façade\n☐ 3) Abattage d’arbres",
        "[ ] 1) Toiture\n[ ] 2) Façade x\n[ ] 3) Abattage d’arbres",
        "[x] Façade",
        "2",
        "façade",
        "[ ] 1) Toiture\n[ ] 2) Façade\n[ ] 3) Abattage d’arbres\n2",
        "2) Façade",
    ] {
        assert_eq!(boxed(boxes), ["3=[1]"], "{boxes}");
    }
    assert_eq!(boxed("[ ] 1) Toiture\n[ ] 2) Façade"), Vec::<String>::new());
    assert_eq!(boxed("[x] 1) Toiture\n[x] 2) Façade"), ["3=[0, 1]"]);
    assert_eq!(boxed("1, 3"), ["3=[0, 2]"]);
    assert_eq!(boxed("[ ] 1) Toiture\nun abri"), ["3=un abri"]);
}

#[test]
fn rows_have_numbers_of_their_own() {
    let rows = "[5] Arbres\n(plusieurs lignes)\n[-] Arbres – ligne 1\n[5.1.1] Essence\n(facultatif)\nRéponse : Chêne\n[5.1.2] Nombre\n(facultatif)\nRéponse : 2\n[-] Arbres – ligne 2\n[5.2.1] Essence\n(facultatif)\nRéponse :\n[5.3.1] : Hêtre\n[fin A]";
    assert_eq!(said(rows), ["5.1.1=Chêne", "5.1.2=2", "5.3.1=Hêtre"]);
}

#[test]
fn a_charset_that_was_lost_leaves_the_answers() {
    let broken = "> [4] Surface, en m?\n> (facultatif ; un nombre, par exemple 12,5)\n> R?ponse : 40\n> [fin A]";
    assert_eq!(said(broken), ["4=40"]);
}

#[test]
fn what_is_typed_below_a_filled_line_counts() {
    let place = Place {
        field: 3,
        row: None,
    };
    let known = BTreeMap::from([(place, "douze".to_owned())]);
    let text = "> [4] Surface, en m²\n> (facultatif ; un nombre)\n> Réponse : douze\n12\n> [fin A]";
    let found = read(&lines(text), &form(), &known);
    assert_eq!(found.answers[0].said, Said::Text("12".to_owned()));
}

#[test]
fn a_newer_form_comes_before_the_one_below_it() {
    let twice =
        "> [1] Nom\n> Réponse : Martin\n> [fin B]\n>> [1] Nom\n>> Réponse : Martinn\n>> [fin A]";
    let twice = twice.replace(">> ", "> ");
    assert_eq!(said(&twice), ["1=Martin"]);
    // Also where nothing marks the quotation.
    assert_eq!(said(&twice.replace("> ", "")), ["1=Martin"]);
}

#[test]
fn a_form_that_was_renumbered_is_read_by_its_labels() {
    assert_eq!(
        said("[1] Surface, en m²\nRéponse : 40\n[fin OLD]"),
        ["4=40"]
    );
    let found = read(&lines("[99] Rien : 4"), &form(), &BTreeMap::new());
    assert_eq!(found.strange, ["99"]);
}

#[test]
fn an_answer_is_taken_back_in_so_many_words() {
    assert_eq!(said("[4] Surface, en m²\nRéponse : Effacer"), ["4="]);
}

#[test]
fn signs_within_a_text_are_no_marks() {
    let text =
        "[2] Description des travaux\nRéponse : Voir [1] et [6], puis\nNature : du bois\n[fin A]";
    assert_eq!(said(text), ["2=Voir [1] et [6], puis\nNature : du bois"]);
}

#[test]
fn thousands_of_lines_are_read_in_a_moment() {
    let long = "[3] Nature : [ [ [ [x] 9) ☐ :::: ] (((\n".repeat(5_000);
    let found = read(&lines(&long), &form(), &BTreeMap::new());
    assert!(found.answers.len() <= 1);
    let one = format!("[3] Nature\n{}", "[ ".repeat(100_000));
    let _ = read(&lines(&one), &form(), &BTreeMap::new());
}

proptest! {
    #[test]
    fn nothing_that_is_written_panics(text in "(\\[[0-9]{0,2}(\\.[0-9])?\\]|[a-zé :=\n>\\[\\]()x☑\u{a0}]|Nom|Nature|Réponse :|fin){0,60}") {
        let _ = read(&lines(&text), &form(), &BTreeMap::new());
    }
}
