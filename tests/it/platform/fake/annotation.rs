//! Annotations privées written through the API: each is saved or refused by itself.

use std::sync::Arc;

use serde_json::Value as Json;

use super::champ::{Champ, Value};
use super::clock::parse;
use super::descriptor::{ChampDescriptor, key};
use super::mutation::{Outcome, errors, text};
use super::state::State;
use super::tree::{Tree, list};

/// The sentence that refuses the first bad file among the values, if there is one.
pub(super) fn check_blobs(state: &State, input: &Json) -> Result<(), String> {
    let annotations = input.get("annotations").and_then(Json::as_array);
    let signed = annotations
        .into_iter()
        .flatten()
        .filter_map(|each| each.pointer("/value/pieceJustificative"));
    signed
        .flat_map(|ids| ids.as_array().into_iter().flatten())
        .filter_map(Json::as_str)
        .try_for_each(|id| {
            state.blob(id)?;
            Ok(())
        })
}

/// Whether each value holds exactly one kind, as `@oneOf` wants.
pub(super) fn check_one_of(input: &Json) -> Result<(), String> {
    let annotations = input.get("annotations").and_then(Json::as_array);
    for value in annotations
        .into_iter()
        .flatten()
        .filter_map(|each| each.get("value")?.as_object())
    {
        let given = value.values().filter(|each| !each.is_null()).count();
        if given != 1 || value.len() != 1 {
            return Err(format!(
                "'AnnotationValueInput' requires exactly one argument, but {} were provided.",
                value.len()
            ));
        }
    }
    Ok(())
}

/// `dossierModifierAnnotations` and the older mutations, one per type.
pub(super) fn run(state: &mut State, name: &str, number: i32, by: u32, input: &Json) -> Outcome {
    if name == "dossierModifierAnnotations" {
        return Ok(several(state, name, number, by, input));
    }
    let id = text(input, "annotationId").unwrap_or_default();
    let accepted: &[&str] = match name {
        "dossierModifierAnnotationText" => &["text", "textarea"],
        "dossierModifierAnnotationCheckbox" => &["checkbox", "yes_no"],
        "dossierModifierAnnotationDate" => &["date"],
        "dossierModifierAnnotationDatetime" => &["datetime"],
        "dossierModifierAnnotationIntegerNumber" => &["integer_number"],
        "dossierModifierAnnotationDecimalNumber" => &["decimal_number"],
        "dossierModifierAnnotationDropDownList" => &["drop_down_list"],
        _ => &["repetition"],
    };
    let (descriptor, row) = find(state, number, id).ok_or_else(|| vec![unknown(id)])?;
    if !accepted.contains(&descriptor.kind) {
        return Err(vec![unexpected(id)]);
    }
    let one = Json::from(1);
    let value = if descriptor.kind == "repetition" {
        &one
    } else {
        input.get("value").unwrap_or(&Json::Null)
    };
    let value = read(state, &descriptor, value).map_err(|sentence| vec![sentence])?;
    state.annotate(number, &descriptor, row.as_deref(), value);
    state.record(name, number, Some(by), input);
    Ok(vec![(
        "annotation",
        Tree::Annotation(number, descriptor.stable_id, row.map(Into::into)),
    )])
}

fn several(
    state: &mut State,
    name: &str,
    number: i32,
    by: u32,
    input: &Json,
) -> Vec<(&'static str, Tree)> {
    let (mut saved, mut refused) = (vec![], vec![]);
    for each in input
        .get("annotations")
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
    {
        let id = text(each, "id").unwrap_or_default();
        let Some((descriptor, row)) =
            find(state, number, id).filter(|(found, _)| input_name(found.kind).is_some())
        else {
            refused.push(unknown(id));
            continue;
        };
        let named = input_name(descriptor.kind).and_then(|name| each.get("value")?.get(name));
        let Some(value) = named.filter(|value| !value.is_null()) else {
            refused.push(unexpected(id));
            continue;
        };
        match read(state, &descriptor, value) {
            Ok(value) => {
                state.annotate(number, &descriptor, row.as_deref(), value);
                saved.push(Tree::Annotation(
                    number,
                    descriptor.stable_id,
                    row.map(Into::into),
                ));
            }
            Err(sentence) => refused.push(sentence),
        }
    }
    if !saved.is_empty() {
        state.record(name, number, Some(by), input);
    }
    let mut fields = vec![("annotations", list(saved))];
    if !refused.is_empty() {
        fields.push(("errors", errors(refused)));
    }
    fields
}

fn unknown(id: &str) -> String {
    format!("L’annotation \"{id}\" n’existe pas")
}

fn unexpected(id: &str) -> String {
    format!("L’annotation \"{id}\" n’est pas de type attendu")
}

fn find(state: &State, number: i32, id: &str) -> Option<(ChampDescriptor, Option<String>)> {
    let key = key("Champ", id)?;
    let (stable_id, row) = match key.split_once('|') {
        Some((stable_id, row)) => (stable_id, Some(row.to_owned())),
        None => (key.as_str(), None),
    };
    let stable_id: u32 = stable_id.parse().ok()?;
    let form = state
        .demarche_of(number)
        .revisions
        .get(state.dossier(number).revision)?;
    let found = form.annotations.iter().find_map(|each| match row {
        None => (each.stable_id == stable_id).then_some(each),
        Some(_) => each
            .children
            .iter()
            .find(|child| child.stable_id == stable_id),
    });
    Some((found?.clone(), row))
}

fn input_name(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "text" => "text",
        "textarea" => "textarea",
        "email" => "email",
        "checkbox" => "checkbox",
        "yes_no" => "yesNo",
        "date" => "date",
        "datetime" => "datetime",
        "integer_number" => "integerNumber",
        "decimal_number" => "decimalNumber",
        "drop_down_list" => "dropDownList",
        "multiple_drop_down_list" => "multipleDropDownList",
        "dossier_link" => "dossierLink",
        "phone" => "phone",
        "iban" => "iban",
        "formatted" => "formatted",
        "civilite" => "civilite",
        "pays" => "pays",
        "regions" => "regions",
        "departements" => "departements",
        "piece_justificative" => "pieceJustificative",
        "repetition" => "repetition",
        _ => return None,
    })
}

fn read(state: &State, descriptor: &ChampDescriptor, value: &Json) -> Result<Value, String> {
    let refuse = |why: &str| Err(format!("Le champ « {} » {why}", descriptor.label));
    let string = value.as_str().unwrap_or_default();
    let strings = || {
        value
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Json::as_str)
            .map(str::to_owned)
    };
    let offered = |choice: &str| descriptor.options.iter().any(|option| option == choice);
    match descriptor.kind {
        "checkbox" | "yes_no" => Ok(Value::Bool(value.as_bool().unwrap_or_default())),
        "integer_number" => Ok(Value::Integer(value.as_i64().unwrap_or_default())),
        "decimal_number" => Ok(Value::Decimal(value.as_f64().unwrap_or_default())),
        "datetime" => parse(string)
            .map(Value::Instant)
            .map_or_else(|| refuse("doit être une date et heure"), Ok),
        "date" if string.parse::<jiff::civil::Date>().is_err() => refuse("doit être une date"),
        "drop_down_list" if !string.is_empty() && !offered(string) => {
            refuse("doit être dans la liste")
        }
        "multiple_drop_down_list" if !strings().all(|choice| offered(&choice)) => {
            refuse("doit être dans la liste")
        }
        "multiple_drop_down_list" => Ok(Value::Choices(strings().collect())),
        "email" if !string.is_empty() && !string.contains('@') => {
            refuse("doit être une adresse électronique au format adresse@exemple.fr")
        }
        "dossier_link" => match string.parse() {
            Ok(number) if state.dossiers.contains_key(&number) => Ok(Value::Dossier(number)),
            _ => refuse("doit être un numéro de dossier existant"),
        },
        "pays" | "regions" | "departements" => {
            Ok(Value::Place(string.to_owned(), string.to_owned()))
        }
        "piece_justificative" => {
            let ids: Result<Vec<u32>, String> =
                strings().map(|signed| state.blob(&signed)).collect();
            ids.map(Value::Files)
        }
        "repetition" => {
            let rows = usize::try_from(value.as_i64().unwrap_or_default())
                .unwrap_or_default()
                .min(100);
            Ok(Value::Rows(vec![(String::new(), vec![]); rows]))
        }
        _ if string.is_empty() => Ok(Value::Empty),
        _ => Ok(Value::Text(string.to_owned())),
    }
}

impl State {
    /// Saves an annotation as the API does: `dateDerniereModificationAnnotations` does not move.
    pub(super) fn annotate(
        &mut self,
        number: i32,
        descriptor: &ChampDescriptor,
        row: Option<&str>,
        value: Value,
    ) {
        let at = self.write_time();
        let first = self.next_id();
        let annotations = Arc::make_mut(&mut self.dossier_mut(number).annotations);
        match row {
            Some(row) => {
                let rows = annotations
                    .iter_mut()
                    .filter_map(|champ| match &mut champ.value {
                        Value::Rows(rows) => Some(rows),
                        _ => None,
                    });
                let found = rows.flatten().find(|(id, _)| id == row);
                if let Some((_, champs)) = found {
                    set(champs, descriptor.stable_id, value, at);
                }
            }
            None => match value {
                Value::Rows(added) => {
                    let position = slot(annotations, descriptor.stable_id, at);
                    if let Some(champ) = annotations.get_mut(position) {
                        let mut rows = if let Value::Rows(rows) = &champ.value {
                            rows.clone()
                        } else {
                            vec![]
                        };
                        let start = rows.len();
                        rows.extend(
                            (0..added.len())
                                .map(|offset| (format!("ROW{first}X{}", start + offset), vec![])),
                        );
                        champ.value = Value::Rows(rows);
                        champ.updated_at = at;
                    }
                }
                Value::Files(added) => {
                    let position = slot(annotations, descriptor.stable_id, at);
                    if let Some(champ) = annotations.get_mut(position) {
                        let mut files = if let Value::Files(files) = &champ.value {
                            files.clone()
                        } else {
                            vec![]
                        };
                        files.extend(added);
                        champ.value = Value::Files(files);
                        champ.updated_at = at;
                    }
                }
                value => set(annotations, descriptor.stable_id, value, at),
            },
        }
        self.touch(number, at);
    }
}

fn slot(champs: &mut Vec<Champ>, stable_id: u32, at: jiff::Timestamp) -> usize {
    champs
        .iter()
        .position(|champ| champ.stable_id == stable_id)
        .unwrap_or_else(|| {
            champs.push(Champ {
                stable_id,
                value: Value::Empty,
                updated_at: at,
            });
            champs.len() - 1
        })
}

/// Replaces the value of a field among `champs`.
pub(super) fn set(champs: &mut Vec<Champ>, stable_id: u32, value: Value, at: jiff::Timestamp) {
    let position = slot(champs, stable_id, at);
    if let Some(champ) = champs.get_mut(position) {
        champ.value = value;
        champ.updated_at = at;
    }
}
