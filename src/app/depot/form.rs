//! The form of a démarche as a mail shows it: its questions, numbered, and what stands on them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::domain::{Champ, ChampType, Demarche, Fault, Valeur};
use crate::mail::form::{Answer, Field, Place, Said};

/// The answers so far, by the key of their question.
pub(super) type Answers = BTreeMap<String, Value>;

/// What a question asks for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Slot<'a> {
    /// A part of who the dossier is for.
    Demandeur(&'static str),
    /// Which group, where no answer decides.
    Groupe,
    /// A field of the form.
    Champ(&'a Champ),
}

/// The form of a démarche.
pub(super) struct Form<'a> {
    pub(super) demarche: &'a Demarche,
    /// The questions, as they are numbered.
    pub(super) fields: Vec<Field>,
    pub(super) slots: Vec<Slot<'a>>,
}

impl<'a> Form<'a> {
    /// What is asked to deposit a dossier.
    pub(super) fn of(demarche: &'a Demarche) -> Self {
        let mut form = Self::of_answers(demarche);
        let mut fields = Vec::new();
        let mut slots = Vec::new();
        let asked = [
            ("civilite", "Civilité", "facultatif ; cochez d’un x"),
            (
                "nom",
                "Nom",
                "obligatoire, sauf pour une entreprise, une association ou une collectivité",
            ),
            ("prenom", "Prénom", "facultatif"),
            (
                "raison_sociale",
                "Raison sociale",
                "pour une entreprise, une association ou une collectivité",
            ),
            ("siret", "SIRET", "facultatif ; 14 chiffres"),
        ];
        for (id, label, hint) in asked {
            let options: &[&str] = match id {
                "civilite" => &["Madame", "Monsieur"],
                _ => &[],
            };
            fields.push(Field {
                label: label.to_owned(),
                hint: hint.to_owned(),
                options: options.iter().map(|option| (*option).to_owned()).collect(),
                ..Field::default()
            });
            slots.push(Slot::Demandeur(id));
        }
        let open: Vec<String> = demarche
            .groupes
            .iter()
            .filter(|groupe| !groupe.ferme)
            .map(|groupe| groupe.label.clone())
            .collect();
        if demarche.routage.is_none() && open.len() > 1 {
            fields.push(Field {
                label: "Service à saisir".to_owned(),
                hint: "facultatif ; cochez d’un x, un seul choix".to_owned(),
                options: open,
                ..Field::default()
            });
            slots.push(Slot::Groupe);
        }
        fields.append(&mut form.fields);
        slots.append(&mut form.slots);
        Self {
            fields,
            slots,
            ..form
        }
    }

    /// What is asked to change the answers of a dossier.
    pub(super) fn of_answers(demarche: &'a Demarche) -> Self {
        let asked = demarche.champs.iter().filter(|champ| is_asked(champ));
        let (fields, slots) = asked
            .map(|champ| (field(champ), Slot::Champ(champ)))
            .unzip();
        Self {
            demarche,
            fields,
            slots,
        }
    }

    /// The champ that is asked at `place`: of a row, that of its column.
    pub(super) fn champ(&self, place: Place) -> Option<&'a Champ> {
        let Slot::Champ(champ) = self.slots.get(place.field)? else {
            return None;
        };
        match place.row {
            Some((_, sub)) => columns(champ).nth(sub),
            None => Some(champ),
        }
    }

    /// The name under which an answer is kept, and the pointer by which a fault speaks of it.
    pub(super) fn pointer(&self, place: Place) -> Option<String> {
        Some(match (self.slots.get(place.field)?, place.row) {
            (Slot::Demandeur(id), _) => format!("/demandeur/{id}"),
            (Slot::Groupe, _) => "/groupe".to_owned(),
            (Slot::Champ(champ), None) => format!("/champs/{}", escaped(&champ.id)),
            (Slot::Champ(champ), Some((row, sub))) => {
                let column = columns(champ).nth(sub)?;
                format!(
                    "/champs/{}/{row}/{}",
                    escaped(&champ.id),
                    escaped(&column.id)
                )
            }
        })
    }

    /// The places of all questions, with `rows` rows of each repetition.
    pub(super) fn places(&self, rows: impl Fn(usize) -> usize) -> Vec<Place> {
        let mut places = Vec::new();
        for (index, field) in self.fields.iter().enumerate() {
            places.push(Place {
                field: index,
                row: None,
            });
            let count = if field.rows.is_empty() {
                0
            } else {
                rows(index)
            };
            for row in 0..count {
                places.extend((0..field.rows.len()).map(|sub| Place {
                    field: index,
                    row: Some((row, sub)),
                }));
            }
        }
        places
    }

    /// Rows of a repetition that hold something.
    pub(super) fn filled_rows(&self, field: usize, answers: &Answers) -> usize {
        let place = Place { field, row: None };
        let Some(prefix) = self.pointer(place).map(|pointer| format!("{pointer}/")) else {
            return 0;
        };
        let rows = answers.keys().filter_map(|key| key.strip_prefix(&prefix));
        let rows = rows.filter_map(|rest| rest.split('/').next()?.parse::<usize>().ok());
        rows.max().map_or(0, |last| last + 1)
    }

    /// Takes an answer into `answers`; what cannot be kept as an answer is a fault.
    pub(super) fn take(&self, answers: &mut Answers, answer: &Answer) -> Option<Fault> {
        let key = self.pointer(answer.place)?;
        let fault = |detail: &str| {
            Some(Fault {
                pointer: key.clone(),
                detail: detail.to_owned(),
            })
        };
        let kind = self.champ(answer.place).map(|champ| champ.kind);
        if kind == Some(ChampType::Repetition) {
            if !answer.labelled {
                // What is left of the label in another charset.
                return None;
            }
            return fault("répondez aux lignes numérotées qui suivent, une par élément");
        }
        let options = answer
            .place
            .of(&self.fields)
            .map_or(&[][..], |field| &field.options);
        let value = match &answer.said {
            Said::Nothing => {
                answers.remove(&key);
                return None;
            }
            Said::Text(text) => Value::String(text.clone()),
            Said::Chosen(chosen) => {
                let labels = chosen.iter().filter_map(|index| options.get(*index));
                let labels: Vec<String> = labels.cloned().collect();
                match (kind, labels.as_slice()) {
                    (Some(ChampType::MultipleDropDownList), _) => json!(labels),
                    (_, [one]) => Value::String(one.clone()),
                    _ => {
                        answers.remove(&key);
                        return fault("un seul choix est attendu ; ne cochez qu’une case");
                    }
                }
            }
        };
        answers.insert(key, value);
        None
    }

    /// What the answers are, as the deposit over HTTP has it: `demandeur`, `groupe` and `champs`.
    pub(super) fn body(&self, answers: &Answers) -> Map<String, Value> {
        let (mut demandeur, mut champs) = (Map::new(), Map::new());
        let mut body = Map::new();
        for (index, slot) in self.slots.iter().enumerate() {
            let place = Place {
                field: index,
                row: None,
            };
            let said = self
                .pointer(place)
                .and_then(|key| answers.get(&key))
                .cloned();
            match (slot, said) {
                (Slot::Demandeur(id), Some(value)) => {
                    demandeur.insert((*id).to_owned(), value);
                }
                (Slot::Groupe, Some(value)) => {
                    body.insert("groupe".to_owned(), value);
                }
                (Slot::Champ(champ), _) if champ.kind == ChampType::Repetition => {
                    let rows = self.rows(index, answers);
                    if !rows.is_empty() {
                        champs.insert(champ.id.clone(), Value::Array(rows));
                    }
                }
                // Files come beside the answers.
                (Slot::Champ(champ), Some(value)) if champ.kind.typed() => {
                    champs.insert(champ.id.clone(), value);
                }
                _ => {}
            }
        }
        body.insert("demandeur".to_owned(), Value::Object(demandeur));
        body.insert("champs".to_owned(), Value::Object(champs));
        body
    }

    fn rows(&self, field: usize, answers: &Answers) -> Vec<Value> {
        let mut rows = Vec::new();
        for row in 0..self.filled_rows(field, answers) {
            let mut said = Map::new();
            let count = self.fields.get(field).map_or(0, |field| field.rows.len());
            for sub in 0..count {
                let place = Place {
                    field,
                    row: Some((row, sub)),
                };
                let value = self.pointer(place).and_then(|key| answers.get(&key));
                if let (Some(value), Some(column)) = (value, self.champ(place)) {
                    said.insert(column.id.clone(), value.clone());
                }
            }
            // A row that was left out between two others is none.
            if !said.is_empty() {
                rows.push(Value::Object(said));
            }
        }
        rows
    }

    /// What a dossier answers already, as if it had been typed.
    pub(super) fn answers_of(&self, champs: &BTreeMap<String, Valeur>) -> Answers {
        let mut answers = Answers::new();
        let mut put = |place: Place, valeur: &Valeur| {
            if let Some(key) = self.pointer(place)
                && !matches!(valeur, Valeur::Pieces(_) | Valeur::Rows(_))
            {
                answers.insert(key, typed(valeur));
            }
        };
        for (field, slot) in self.slots.iter().enumerate() {
            let Slot::Champ(champ) = slot else { continue };
            match champs.get(&champ.id) {
                Some(Valeur::Rows(rows)) => {
                    for (row, said) in rows.iter().enumerate() {
                        for (sub, column) in columns(champ).enumerate() {
                            if let Some(valeur) = said.get(&column.id) {
                                let row = Some((row, sub));
                                put(Place { field, row }, valeur);
                            }
                        }
                    }
                }
                Some(valeur) => put(Place { field, row: None }, valeur),
                None => {}
            }
        }
        answers
    }

    /// The texts that stand on the form that is sent with `answers`.
    pub(super) fn known(&self, answers: &Answers) -> BTreeMap<Place, String> {
        let places = self.places(|field| self.filled_rows(field, answers));
        let known = places.into_iter().filter_map(|place| {
            let value = answers.get(&self.pointer(place)?)?;
            Some((place, shown(value)))
        });
        known.collect()
    }

    /// The fields that take files, by index.
    pub(super) fn file_fields(&self) -> Vec<(usize, &'a Champ)> {
        let slots = self.slots.iter().enumerate();
        let files = slots.filter_map(|(index, slot)| match slot {
            Slot::Champ(champ) if champ.kind == ChampType::PieceJustificative => {
                Some((index, *champ))
            }
            _ => None,
        });
        files.collect()
    }

    /// Whether a question takes files.
    pub(super) fn is_file(&self, place: Place) -> Option<&'a Champ> {
        self.champ(place)
            .filter(|champ| champ.kind == ChampType::PieceJustificative)
    }

    /// The number and the label of a champ.
    pub(super) fn number_of(&self, id: &str) -> Option<(String, &'a str)> {
        let is = |slot: &Slot<'a>| matches!(slot, Slot::Champ(champ) if champ.id == id);
        let index = self.slots.iter().position(is)?;
        let place = Place {
            field: index,
            row: None,
        };
        Some((place.to_string(), &self.whole(place)?.libelle))
    }

    /// The champ to which an answer belongs, whole.
    pub(super) fn whole(&self, place: Place) -> Option<&'a Champ> {
        self.champ(Place { row: None, ..place })
    }
}

/// Whether a champ is a question: no title.
pub(super) fn is_asked(champ: &Champ) -> bool {
    !matches!(
        champ.kind,
        ChampType::HeaderSection | ChampType::Explication
    )
}

/// The questions of a row: a file has no place there.
fn columns(champ: &Champ) -> impl Iterator<Item = &Champ> {
    champ.champs.iter().filter(|column| column.kind.typed())
}

fn field(champ: &Champ) -> Field {
    let needed = if champ.obligatoire {
        "obligatoire"
    } else {
        "facultatif"
    };
    let options = match champ.kind {
        ChampType::Civilite => vec!["Madame".to_owned(), "Monsieur".to_owned()],
        ChampType::DropDownList | ChampType::MultipleDropDownList => champ.options.clone(),
        _ => Vec::new(),
    };
    Field {
        label: one_line(&champ.libelle),
        hint: match how(champ.kind) {
            "" => needed.to_owned(),
            how => format!("{needed} ; {how}"),
        },
        options: options.iter().map(|option| one_line(option)).collect(),
        lines: matches!(
            champ.kind,
            ChampType::Textarea | ChampType::Address | ChampType::PieceJustificative
        ),
        rows: columns(champ).map(field).collect(),
    }
}

/// How a question is answered, without parentheses.
fn how(kind: ChampType) -> &'static str {
    match kind {
        ChampType::Textarea => "un texte, sur plusieurs lignes si besoin",
        ChampType::Email => "une adresse électronique",
        ChampType::Phone => "un numéro de téléphone, par exemple 01 23 45 67 89",
        ChampType::Address => "une adresse postale",
        ChampType::Siret => "14 chiffres",
        ChampType::IntegerNumber => "un nombre entier, par exemple 42",
        ChampType::DecimalNumber => "un nombre, par exemple 12,5",
        ChampType::Date => "une date, par exemple 03/06/2024",
        ChampType::YesNo => "oui ou non",
        ChampType::Checkbox => "écrivez oui pour l’affirmer",
        ChampType::Civilite | ChampType::DropDownList => "un seul choix ; cochez-le d’un x",
        ChampType::MultipleDropDownList => "un ou plusieurs choix ; cochez-les d’un x",
        ChampType::PieceJustificative => {
            "joignez le fichier à votre courriel et écrivez ici son nom"
        }
        ChampType::Repetition => {
            "plusieurs lignes possibles ; laissez vides celles qui ne servent pas, et continuez la numérotation pour en ajouter"
        }
        ChampType::Text | ChampType::HeaderSection | ChampType::Explication => "",
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// RFC 6901, section 3.
fn escaped(id: &str) -> String {
    id.replace('~', "~0").replace('/', "~1")
}

/// An answer as it could have been typed into the form.
fn typed(valeur: &Valeur) -> Value {
    match valeur {
        Valeur::Choices(choices) => json!(choices),
        other => Value::String(other.shown()),
    }
}

/// An answer as the form shows it.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => {
            let labels: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
            labels.join(", ")
        }
        _ => String::new(),
    }
}
