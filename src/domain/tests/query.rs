//! Filters, searches and sorts: what is picked by rows is what somebody would pick who read every dossier.

use std::cmp::Ordering;
use std::collections::HashSet;

use proptest::prelude::*;

use super::super::column::{Column, column, columns};
use super::super::query::{Picker, Query, Sort, Test, Want, Word};
use super::super::row::{Row, row, whole_row};
use super::*;

/// A dossier with answers of every kind, some of them long, some of them not there.
fn dossiers() -> impl Strategy<Value = Vec<Dossier>> {
    let word = prop::sample::select(vec![
        "Creil",
        "Crépy",
        "Saint-Leu",
        "rue de l’Église",
        "oui",
    ]);
    let text = prop::option::of((word.clone(), 0..3_usize, word));
    let number = prop::option::of(-3..4_i32);
    let day = prop::option::of(1..6_i8);
    let labels = prop::collection::btree_set(prop::sample::select(vec!["Urgent", "Urgente"]), 0..3);
    let statut = prop::sample::select(Statut::ALL.to_vec());
    let one = (text, number, day, labels, statut, 0..4_i64);
    prop::collection::vec(one, 0..40).prop_map(|all| {
        let base = given().dossier;
        let made = all.into_iter().enumerate();
        made.map(|(index, (text, number, day, labels, statut, updated))| {
            let mut dossier = base.clone();
            dossier.number = DossierId(index as u64 + 1);
            dossier.statut = statut;
            dossier.updated = start() + days(updated);
            dossier.etiquettes = labels.into_iter().map(str::to_owned).collect();
            dossier.champs.clear();
            if let Some((first, long, last)) = text {
                // Longer than what a row keeps, so that what comes last is not in it.
                let between = "é ".repeat(long * 300);
                let text = Valeur::Text(format!("{first} {between}{last}"));
                dossier.champs.insert("texte".to_owned(), text);
            }
            if let Some(number) = number {
                let number = Valeur::Decimal(f64::from(number) / 2.0);
                dossier.annotations.insert("nombre".to_owned(), number);
            }
            if let Some(day) = day {
                let day = Valeur::Date(jiff::civil::date(2024, 5, day));
                dossier.champs.insert("jour".to_owned(), day);
            }
            dossier
        })
        .collect()
    })
}

fn texte() -> Column {
    Column::Champ("texte".to_owned())
}

fn nombre() -> Column {
    Column::Annotation("nombre".to_owned())
}

fn day_of(day: i8) -> f64 {
    let first = jiff::civil::date(1970, 1, 1);
    let span = first.until(jiff::civil::date(2024, 5, day)).unwrap();
    f64::from(span.get_days())
}

fn tests() -> impl Strategy<Value = Vec<Test>> {
    let words = ["creil", "cre", "leu", "eglise", "rue de l eglise", "oui"];
    let has = prop::sample::select(words.to_vec()).prop_map(|word| Want::Has(word.to_owned()));
    let is = prop::sample::select(vec!["urgent", "urgente", "accepte", "en construction"]);
    let is = is.prop_map(|word| Want::Is(word.to_owned()));
    let number = || prop::option::of((-3..4_i32).prop_map(|number| f64::from(number) / 2.0));
    let between = (number(), number()).prop_map(|(from, to)| Want::Between(from, to));
    let jour = (1..6_i8, 1..6_i8)
        .prop_map(|(from, to)| Want::Between(Some(day_of(from)), Some(day_of(to))));
    let wants = prop_oneof![
        (Just(texte()), has.boxed()),
        (
            prop::sample::select(vec![Column::Statut, Column::Etiquettes]),
            is.boxed()
        ),
        (Just(nombre()), between.boxed()),
        (Just(Column::Champ("jour".to_owned())), jour.boxed()),
    ];
    prop::collection::vec((wants, 0..3_u8), 0..4).prop_map(|wants| {
        let mut tests: Vec<Test> = Vec::new();
        for ((column, want), how) in wants {
            let mut test = Test::of(column);
            match how {
                0 => test.none.push(want),
                1 => test.all.push(want),
                _ => test.any = vec![want, Want::Has("zzz".to_owned())],
            }
            tests.push(test);
        }
        tests
    })
}

fn queries() -> impl Strategy<Value = Query> {
    let words = prop::collection::vec(prop::sample::select(vec!["creil", "1.5", "URGENT"]), 0..2);
    let columns = vec![texte(), nombre(), Column::Statut, Column::MiseAJour];
    let sort = prop::option::of((prop::sample::select(columns), any::<bool>()));
    let marked = any::<bool>();
    (tests(), words, sort, marked, 0..5_usize, 1..8_usize).prop_map(
        |(tests, words, sort, marked, skip, take)| Query {
            tests,
            words: words.into_iter().filter_map(Word::of).collect(),
            sort: sort.map(|(column, down)| Sort { column, down }),
            marked: if marked {
                vec![List {
                    demarche: DemarcheId(1),
                    of: Of::Groupe(String::new()),
                    onglet: Onglet::Suivis,
                    marked: true,
                }]
            } else {
                Vec::new()
            },
            skip,
            take,
            ..Query::default()
        },
    )
}

/// What a column holds, read from the dossier itself.
fn held(dossier: &Dossier, column: &Column) -> (Vec<String>, Option<f64>) {
    match column {
        Column::Statut => (vec![fold(dossier.statut.libelle())], None),
        Column::Etiquettes => (
            dossier.etiquettes.iter().map(|nom| fold(nom)).collect(),
            None,
        ),
        #[expect(clippy::cast_precision_loss, reason = "seconds of our age")]
        Column::MiseAJour => (Vec::new(), Some(dossier.updated.as_second() as f64)),
        Column::Champ(id) | Column::Annotation(id) => {
            let valeur = dossier.champs.get(id).or(dossier.annotations.get(id));
            match valeur {
                Some(Valeur::Text(text)) => (vec![fold(text)], None),
                Some(Valeur::Decimal(number)) => (Vec::new(), Some(*number)),
                Some(Valeur::Date(date)) => (Vec::new(), Some(day_of(date.day()))),
                _ => (Vec::new(), None),
            }
        }
        other => panic!("not asked for: {other:?}"),
    }
}

fn wanted(dossier: &Dossier, column: &Column, want: &Want) -> bool {
    let (texts, number) = held(dossier, column);
    match want {
        Want::Has(text) => texts.iter().any(|held| held.contains(text)),
        Want::Is(text) => texts.contains(text),
        Want::Between(from, to) => number.is_some_and(|number| {
            from.is_none_or(|from| from <= number) && to.is_none_or(|to| number <= to)
        }),
    }
}

fn fits(dossier: &Dossier, query: &Query) -> bool {
    let tests = query.tests.iter().all(|test| {
        let fits = |want: &Want| wanted(dossier, &test.column, want);
        (test.any.is_empty() || test.any.iter().any(fits))
            && test.all.iter().all(fits)
            && !test.none.iter().any(fits)
    });
    let words = query.words.iter().all(|word| {
        let columns = [texte(), nombre(), Column::Statut, Column::Etiquettes];
        columns.iter().any(|column| {
            let (texts, number) = held(dossier, column);
            texts.iter().any(|text| text.contains(&word.text))
                || (number.is_some() && number == word.number)
        })
    });
    tests && words
}

/// The page that somebody would make who reads every dossier.
fn naive(dossiers: &[Dossier], marked: &HashSet<DossierId>, query: &Query) -> Vec<DossierId> {
    let mut found: Vec<&Dossier> = dossiers
        .iter()
        .filter(|dossier| fits(dossier, query))
        .collect();
    let of = |dossier: &Dossier| -> Option<(f64, String)> {
        let column = match &query.sort {
            Some(sort) => sort.column.clone(),
            None if marked.contains(&dossier.number) => Column::MiseAJour,
            None => return None,
        };
        if column == Column::Statut {
            let rank = Statut::ALL
                .iter()
                .position(|statut| *statut == dossier.statut);
            return Some((
                f64::from(u8::try_from(rank.unwrap()).unwrap()),
                String::new(),
            ));
        }
        let (texts, number) = held(dossier, &column);
        match (texts.into_iter().next(), number) {
            // A sort goes by the beginning of a text.
            (Some(text), _) => Some((
                0.0,
                text.get(..text.floor_char_boundary(400))
                    .unwrap()
                    .to_owned(),
            )),
            (None, Some(number)) => Some((number, String::new())),
            (None, None) => None,
        }
    };
    let down = query.sort.as_ref().is_none_or(|sort| sort.down);
    // The sort is stable: what is equal stays in the order of the lists.
    found.sort_by(|one, other| {
        let marks = |dossier: &Dossier| !marked.contains(&dossier.number);
        let values = match (of(one), of(other)) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(one), Some(other)) => {
                let order = one.partial_cmp(&other).unwrap();
                if down { order.reverse() } else { order }
            }
        };
        marks(one).cmp(&marks(other)).then(values)
    });
    let page = found.iter().skip(query.skip).take(query.take);
    page.map(|dossier| dossier.number).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rows_pick_what_the_dossiers_say(dossiers in dossiers(), query in queries()) {
        let marked: HashSet<DossierId> = dossiers
            .iter()
            .filter(|dossier| !query.marked.is_empty() && dossier.number.0 % 3 == 0)
            .map(|dossier| dossier.number)
            .collect();
        let mut picker = Picker::new(&query, &marked);
        for dossier in &dossiers {
            let bytes = row(dossier);
            let whole = || Ok::<_, ()>(Some(whole_row(dossier)));
            picker.look(dossier.number, Row::read(&bytes).unwrap(), whole).unwrap();
        }
        let found = picker.end(true);
        let fitting = dossiers.iter().filter(|dossier| fits(dossier, &query)).count();
        prop_assert_eq!(found.fitting, fitting as u64);
        prop_assert_eq!(found.numbers, naive(&dossiers, &marked, &query));
    }
}

#[test]
fn a_row_of_another_form_is_not_read() {
    let bytes = row(&given().dossier);
    assert!(Row::read(&bytes).is_some());
    assert!(Row::read(&[]).is_none());
    assert!(Row::read(&[99, 0, 0]).is_none());
}

#[test]
fn each_name_of_a_column_means_one() {
    let mut demarche = demarche();
    for id in ["nom", "statut", "travaux"] {
        demarche.annotations.push(Champ {
            libelle: format!("Autre {id}"),
            ..champ(id, ChampType::Text)
        });
    }
    for named in columns(&demarche) {
        assert_eq!(
            column(&demarche, &named.id),
            Some(named.clone()),
            "{}",
            named.id
        );
    }
    let of = |name: &str| column(&demarche, name).map(|named| named.column);
    assert_eq!(of("statut"), Some(Column::Statut));
    // A field goes before what came later than forms.
    assert_eq!(of("nom"), Some(Column::Annotation("nom".to_owned())));
    assert_eq!(
        of("Autre travaux"),
        Some(Column::Annotation("travaux".to_owned()))
    );
    assert_eq!(of("couleur"), None);
}

#[test]
fn a_label_is_written_with_its_colour_or_without() {
    let read: Vec<Etiquette> =
        serde_json::from_str(r#"["Urgent", {"nom": "Vu", "couleur": "blue_ecume"}]"#).unwrap();
    assert_eq!(read[0], Etiquette::from("Urgent"));
    assert_eq!(read[1].couleur, Some(Couleur::BlueEcume));
    let mut demarche = demarche();
    demarche.etiquettes = read;
    assert_eq!(demarche.etiquette_shown("Vu"), "🟦 Vu");
    assert_eq!(demarche.etiquette_shown("Urgent"), "Urgent");
    let wrong = serde_json::from_str::<Etiquette>(r#"{"nom": "Vu", "couleur": "bleu"}"#);
    assert!(wrong.is_err());
}
