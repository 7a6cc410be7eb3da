//! Deposits, good and bad, as they come from outside.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// A form with a field of each type.
fn form() -> Demarche {
    let kinds = [
        ("titre", ChampType::HeaderSection),
        ("note", ChampType::Explication),
        ("ligne", ChampType::Text),
        ("texte", ChampType::Textarea),
        ("courriel", ChampType::Email),
        ("tel", ChampType::Phone),
        ("adresse", ChampType::Address),
        ("siret", ChampType::Siret),
        ("entier", ChampType::IntegerNumber),
        ("nombre", ChampType::DecimalNumber),
        ("jour", ChampType::Date),
        ("oui", ChampType::YesNo),
        ("case", ChampType::Checkbox),
        ("civilite", ChampType::Civilite),
        ("choix", ChampType::DropDownList),
        ("plusieurs", ChampType::MultipleDropDownList),
        ("piece", ChampType::PieceJustificative),
        ("a/b~c", ChampType::Text),
    ];
    let mut demarche = demarche();
    demarche.champs = kinds.map(|(id, kind)| champ(id, kind)).to_vec();
    demarche.champs.push(Champ {
        champs: vec![
            Champ {
                obligatoire: true,
                ..champ("nature", ChampType::Text)
            },
            champ("montant", ChampType::IntegerNumber),
        ],
        ..champ("lignes", ChampType::Repetition)
    });
    demarche
}

fn body(champs: impl Into<Value>) -> Value {
    let champs: Value = champs.into();
    json!({ "usager": "camille@exemple.example", "demandeur": { "nom": "Durand" }, "champs": champs })
}

fn filled(champs: Value) -> BTreeMap<String, Valeur> {
    fill(&form(), &body(champs), &[]).unwrap().champs
}

/// Where the faults are.
fn pointers(demarche: &Demarche, body: &Value) -> Vec<String> {
    let faults = fill(demarche, body, &[]).err().unwrap_or_default();
    faults.into_iter().map(|fault| fault.pointer).collect()
}

fn obliged(id: &str) -> Demarche {
    let mut demarche = form();
    for champ in &mut demarche.champs {
        champ.obligatoire = champ.id == id;
    }
    demarche
}

#[test]
fn a_deposit_is_taken_as_it_is_meant() {
    let deposit = fill(
        &form(),
        &json!({
            "usager": " Camille@Exemple.example ",
            "demandeur": { "raison_sociale": "Bâti Nord", "siret": "732 829 320 00074" },
            "groupe": "Sud",
            "invites": ["ami@exemple.example"],
        }),
        &[],
    )
    .unwrap();
    assert_eq!(deposit.usager, email(&camille()));
    assert_eq!(deposit.demandeur.siret, "73282932000074");
    assert_eq!(deposit.groupe.as_deref(), Some("Sud"));
    assert_eq!(deposit.invites.len(), 1);
}

#[test]
fn good_answers_are_typed() {
    let text = |text: &str| Valeur::Text(text.to_owned());
    for (id, typed, expected) in [
        ("ligne", json!("  Toiture "), text("Toiture")),
        ("ligne", json!(12), text("12")),
        ("texte", json!("a\r\nb\tc"), text("a\r\nb\tc")),
        ("courriel", json!("A@B.example"), text("a@b.example")),
        ("tel", json!("+33 1 23 45 67 89"), text("+33 1 23 45 67 89")),
        (
            "adresse",
            json!("1 rue\n59000 Lille"),
            text("1 rue\n59000 Lille"),
        ),
        ("siret", json!("732 829 320 00074"), text("73282932000074")),
        ("entier", json!(-3), Valeur::Integer(-3)),
        ("entier", json!("1\u{202f}234"), Valeur::Integer(1234)),
        ("nombre", json!(0.000_000_1), Valeur::Decimal(0.000_000_1)),
        ("nombre", json!(3), Valeur::Decimal(3.0)),
        ("nombre", json!("12,5"), Valeur::Decimal(12.5)),
        ("oui", json!(false), Valeur::YesNo(false)),
        ("case", json!("OUI"), Valeur::YesNo(true)),
        ("civilite", json!("madame"), text("Madame")),
        ("choix", json!("etang"), text("Étang")),
        (
            "plusieurs",
            json!("foret ; Étang, forêt"),
            Valeur::Choices(vec!["Forêt".into(), "Étang".into()]),
        ),
        (
            "plusieurs",
            json!(["Étang", "étang"]),
            Valeur::Choices(vec!["Étang".into()]),
        ),
        ("a/b~c", json!("x"), text("x")),
    ] {
        assert_eq!(
            filled(json!({ id: typed })).get(id),
            Some(&expected),
            "{typed}"
        );
    }
}

#[test]
fn no_answer_is_no_answer() {
    for nothing in [json!(null), json!(""), json!(" \n")] {
        for champ in form().champs {
            assert!(filled(json!({ champ.id: nothing })).is_empty());
        }
    }
    assert!(filled(json!({ "plusieurs": [], "lignes": [] })).is_empty());
}

#[test]
fn bad_answers_are_told_where_they_stand() {
    for (id, typed) in [
        ("ligne", json!("a\nb")),
        ("ligne", json!("a\rb")),
        ("ligne", json!("a\u{0}b")),
        ("ligne", json!({ "a": 1 })),
        ("ligne", json!([1])),
        ("ligne", json!(true)),
        ("texte", json!("a\u{1b}[31mb")),
        ("texte", json!("x".repeat(MAX_TEXT + 1))),
        ("courriel", json!("a@b.example\r\nBcc: c@d.example")),
        ("courriel", json!("a@b@c.example")),
        ("courriel", json!("a@b")),
        ("tel", json!("01\n23 45 67 89")),
        ("tel", json!("12")),
        ("siret", json!("73282932000075")),
        ("entier", json!(1.5)),
        ("entier", json!(1e30)),
        ("entier", json!("99999999999999999999")),
        ("nombre", json!("inf")),
        ("nombre", json!("1e5")),
        ("nombre", json!(1e300)),
        ("nombre", json!("0,1234567890123456")),
        ("jour", json!("31/02/2024")),
        ("jour", json!("03/06/45")),
        ("jour", json!(20_240_603)),
        ("oui", json!("peut-être")),
        ("oui", json!([true])),
        ("civilite", json!("Docteur")),
        ("choix", json!("Mer")),
        ("choix", json!(["Forêt"])),
        ("plusieurs", json!("Forêt, Mer")),
        ("plusieurs", json!(",;")),
        ("plusieurs", json!(vec!["Forêt"; 3])),
        ("titre", json!("x")),
        ("note", json!("x")),
        ("piece", json!("plan.pdf")),
        ("lignes", json!("x")),
        ("lignes", json!({})),
        ("lignes", json!(vec![json!({ "nature": "x" }); 201])),
    ] {
        let at = pointers(&form(), &body(json!({ id: typed })));
        assert_eq!(at, [format!("/champs/{id}")], "{typed}");
    }
}

#[test]
fn faults_point_into_lists_and_rows() {
    for (champs, expected) in [
        (json!({ "plusieurs": ["Forêt", 3] }), "/champs/plusieurs/1"),
        (
            json!({ "lignes": [{ "nature": "x" }, 3] }),
            "/champs/lignes/1",
        ),
        (
            json!({ "lignes": [{ "montant": 1 }] }),
            "/champs/lignes/0/nature",
        ),
        (
            json!({ "lignes": [{ "nature": "x", "montant": "un" }] }),
            "/champs/lignes/0/montant",
        ),
        (
            json!({ "lignes": [{ "nature": "x", "autre": 1 }] }),
            "/champs/lignes/0/autre",
        ),
    ] {
        assert_eq!(pointers(&form(), &body(champs)), [expected]);
    }
}

#[test]
fn keys_are_escaped_as_rfc_6901_says() {
    let at = pointers(&form(), &body(json!({ "~1/": 1, "a/b~c": [] })));
    assert_eq!(at, ["/champs/~01~1", "/champs/a~1b~0c"]);
    let at = pointers(
        &form(),
        &json!({ "usager": "a@b.example", "demandeur": { "nom": "D" }, "x/y": 1 }),
    );
    assert_eq!(at, ["/x~1y"]);
}

#[test]
fn who_files_must_be_known() {
    for (key, value, expected) in [
        ("usager", json!(null), "/usager"),
        ("usager", json!(["a@b.example"]), "/usager"),
        ("usager", json!("a@b.example\nBcc: c@d.example"), "/usager"),
        ("demandeur", json!(null), "/demandeur"),
        (
            "demandeur",
            json!(["Madame", "Durand", "", "", ""]),
            "/demandeur",
        ),
        ("demandeur", json!({ "nom": 3 }), "/demandeur"),
        (
            "demandeur",
            json!({ "nom": "D", "role": "maire" }),
            "/demandeur",
        ),
        ("demandeur", json!({ "nom": "D\r\nBcc: x" }), "/demandeur"),
        ("demandeur", json!({ "nom": "D".repeat(201) }), "/demandeur"),
        ("demandeur", json!({ "nom": " " }), "/demandeur/nom"),
        (
            "demandeur",
            json!({ "nom": "D", "siret": "123" }),
            "/demandeur/siret",
        ),
        ("groupe", json!(3), "/groupe"),
        ("groupe", json!("x".repeat(201)), "/groupe"),
        ("invites", json!("a@b.example"), "/invites"),
        ("invites", json!(vec!["a@b.example"; 21]), "/invites"),
        ("invites", json!(["a@b.example", 3]), "/invites/1"),
        ("champs", json!([]), "/champs"),
        ("champs", json!("x"), "/champs"),
    ] {
        let mut body = body(json!({}));
        body[key] = value;
        assert_eq!(pointers(&form(), &body), [expected], "{body}");
    }
}

#[test]
fn what_is_not_an_object_is_no_deposit() {
    for body in [json!(null), json!([]), json!("x"), json!(3)] {
        assert_eq!(pointers(&form(), &body), [""]);
    }
}

#[test]
fn required_answers_are_asked_for_once() {
    for id in ["ligne", "plusieurs", "lignes", "oui"] {
        let at = pointers(&obliged(id), &body(json!({})));
        assert_eq!(at, [format!("/champs/{id}")]);
    }
    let at = pointers(&obliged("choix"), &body(json!({ "choix": "Mer" })));
    assert_eq!(at, ["/champs/choix"]);
    for quiet in ["titre", "note"] {
        assert!(fill(&obliged(quiet), &body(json!({})), &[]).is_ok());
    }
}

#[test]
fn a_required_box_must_be_ticked_and_a_required_question_may_be_denied() {
    assert_eq!(
        pointers(&obliged("case"), &body(json!({ "case": false }))),
        ["/champs/case"]
    );
    assert!(fill(&obliged("case"), &body(json!({ "case": true })), &[]).is_ok());
    assert!(fill(&obliged("oui"), &body(json!({ "oui": false })), &[]).is_ok());
}

#[test]
fn files_go_to_their_field_and_have_their_limits() {
    let demarche = obliged("piece");
    let body = body(json!({}));
    let file = |id: &str, bytes| (id.to_owned(), piece(bytes));
    let at = |files: &[(String, Piece)]| -> Vec<String> {
        let faults = fill(&demarche, &body, files).err().unwrap_or_default();
        faults.into_iter().map(|fault| fault.pointer).collect()
    };
    assert_eq!(at(&[]), ["/champs/piece"]);
    assert!(at(&[file("piece", MAX_PIECE), file("piece", 0)]).is_empty());
    assert_eq!(at(&[file("piece", MAX_PIECE + 1)]), ["/champs/piece"]);
    assert_eq!(at(&vec![file("piece", 1); 51]), ["/champs/piece"]);
    for id in ["ligne", "../etc", "a/b"] {
        let escaped = id.replace('/', "~1");
        assert_eq!(
            at(&[file("piece", 1), file(id, 1)]),
            [format!("/champs/{escaped}")]
        );
    }
}

#[test]
fn a_hostile_deposit_costs_no_more_than_a_page_of_faults() {
    let keys: serde_json::Map<_, _> = (0..5_000)
        .map(|key| (format!("{key}{}", "é".repeat(500)), json!(1)))
        .collect();
    let rows = vec![json!({ "nature": [], "montant": [] }); 200];
    for champs in [Value::Object(keys), json!({ "lignes": rows })] {
        let faults = fill(&form(), &body(champs), &[]).unwrap_err();
        assert_eq!(faults.len(), 100);
        assert!(faults.iter().all(|fault| fault.pointer.len() < 1_000));
    }
}

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[\\PC\r\n\u{0}]{0,20}".prop_map(Value::from),
        prop::sample::select(vec!["Forêt", "2024-06-03", "oui", "a@b.example", "12,5"])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(key(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn key() -> impl Strategy<Value = String> {
    let known: Vec<String> = form()
        .champs
        .into_iter()
        .map(|champ| champ.id)
        .chain(
            [
                "usager",
                "demandeur",
                "groupe",
                "invites",
                "champs",
                "nom",
                "nature",
            ]
            .map(str::to_owned),
        )
        .collect();
    prop_oneof![4 => prop::sample::select(known), 1 => "[\\PC/~]{0,8}"]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_json_makes_it_panic(body in anything()) {
        if let Err(faults) = fill(&form(), &body, &[]) {
            prop_assert!(!faults.is_empty() && faults.len() <= 100);
        }
    }

    #[test]
    fn no_answers_make_it_panic_and_those_taken_come_back_from_json_as_they_were(
        champs in prop::collection::btree_map(key(), anything(), 0..5)
    ) {
        let champs = Value::Object(champs.into_iter().collect());
        if let Ok(deposit) = fill(&form(), &body(champs), &[]) {
            let kept = serde_json::to_string(&deposit.champs).unwrap();
            let read: BTreeMap<String, Valeur> = serde_json::from_str(&kept).unwrap();
            prop_assert_eq!(read, deposit.champs);
        }
    }

    #[test]
    fn a_number_that_is_taken_comes_back_from_json_as_it_was(number in any::<f64>(), typed in "-?[0-9]{1,16}(,[0-9]{1,16})?") {
        for typed in [json!(number), json!(typed)] {
            if let Ok(deposit) = fill(&form(), &body(json!({ "nombre": typed })), &[]) {
                let kept = serde_json::to_string(&deposit.champs).unwrap();
                let read: BTreeMap<String, Valeur> = serde_json::from_str(&kept).unwrap();
                prop_assert_eq!(read, deposit.champs);
            }
        }
    }
}

#[test]
fn an_address_for_deposits_by_mail_is_checked() {
    let mut demarche = demarche();
    assert_eq!(demarche.depot_local(), None);
    demarche.depot_adresse = Some("Sites".to_owned());
    assert!(
        demarche
            .faults()
            .iter()
            .any(|fault| fault.contains("depot_par_mail"))
    );
    demarche.depot_par_mail = true;
    assert_eq!(demarche.depot_local().as_deref(), Some("sites"));
    assert!(
        !demarche
            .faults()
            .iter()
            .any(|fault| fault.contains("depot_adresse"))
    );
    for wrong in ["à", "a b", "a@b", "", ".a", "a\r\nBcc: b"] {
        demarche.depot_adresse = Some(wrong.to_owned());
        assert!(
            demarche
                .faults()
                .iter()
                .any(|fault| fault.contains("depot_adresse")),
            "{wrong}"
        );
    }
    demarche.depot_adresse = None;
    assert_eq!(
        demarche.depot_local(),
        Some(format!("depot+{}", demarche.number))
    );
}
