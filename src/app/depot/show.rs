//! A form as its mail lays it out, with what is answered and what is wrong.

use serde_json::{Value, json};

use super::form::{Answers, Form, Slot, is_asked, shown};
use crate::domain::{ChampType, Fault, Piece};
use crate::mail::form::{Place, fold};

/// Rows of a repetition that are shown at first.
const ROWS: usize = 2;
/// Most rows that are shown.
const MOST_ROWS: usize = 30;

impl Form<'_> {
    /// A fault as the mail says it: which question, what was understood, what is expected.
    pub(super) fn fault(&self, fault: &Fault, answers: &Answers) -> Value {
        let places = self.places(|field| self.filled_rows(field, answers));
        let named = places.into_iter().filter(|place| {
            let pointer = self.pointer(*place);
            pointer.is_some_and(|pointer| {
                let rest = fault.pointer.strip_prefix(&pointer);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
        });
        let place = named.max_by_key(|place| place.row.is_some());
        let typed = place
            .and_then(|place| answers.get(&self.pointer(place)?))
            .map(shown);
        let label = place
            .and_then(|place| place.of(&self.fields))
            .map(|field| &field.label);
        // The question is named already.
        let named = label.map(|label| format!(" « {label} »"));
        let detail = named.map_or(fault.detail.clone(), |named| {
            let without = fault.detail.replace(&format!(" à{named}"), "");
            without.replace(&named, "")
        });
        json!({
            "marker": place.map(|place| place.to_string()),
            "label": label,
            "typed": typed,
            "detail": detail,
        })
    }

    /// The lines of the form, with what is answered already: what `formulaire.mail.md` lays out.
    pub(super) fn items(&self, answers: &Answers, files: &[(String, Piece)]) -> Vec<Value> {
        let mut items = Vec::new();
        let mut index = 0;
        for _ in self
            .slots
            .iter()
            .take_while(|slot| !matches!(slot, Slot::Champ(_)))
        {
            items.push(self.item(
                Place {
                    field: index,
                    row: None,
                },
                answers,
                files,
            ));
            index += 1;
        }
        for champ in &self.demarche.champs {
            if !is_asked(champ) {
                if !champ.kind.typed() && champ.kind != ChampType::Repetition {
                    items.push(json!({ "title": champ.libelle, "row": null }));
                }
                continue;
            }
            items.push(self.item(
                Place {
                    field: index,
                    row: None,
                },
                answers,
                files,
            ));
            let columns = self.fields.get(index).map_or(0, |field| field.rows.len());
            let shown = (self.filled_rows(index, answers) + 1).clamp(ROWS, MOST_ROWS);
            for row in (0..shown).filter(|_| columns > 0) {
                items.push(json!({ "title": champ.libelle, "row": row + 1 }));
                items.extend((0..columns).map(|sub| {
                    let row = Some((row, sub));
                    self.item(Place { field: index, row }, answers, files)
                }));
            }
            index += 1;
        }
        items
    }

    fn item(&self, place: Place, answers: &Answers, files: &[(String, Piece)]) -> Value {
        let Some(field) = place.of(&self.fields) else {
            return Value::Null;
        };
        let said = self.pointer(place).and_then(|key| answers.get(&key));
        let ticked = |option: &String| match said {
            Some(Value::Array(list)) => list.iter().any(|one| one.as_str() == Some(option)),
            Some(Value::String(one)) => fold(one) == fold(option),
            _ => false,
        };
        let options: Vec<Value> = field
            .options
            .iter()
            .enumerate()
            .map(|(index, option)| json!({ "number": index + 1, "label": option, "ticked": ticked(option) }))
            .collect();
        let champ = self.champ(place);
        let given: Vec<&str> = files
            .iter()
            .filter(|(id, _)| champ.is_some_and(|champ| champ.id == *id && place.row.is_none()))
            .map(|(_, piece)| piece.name.as_str())
            .collect();
        let value = said.filter(|_| options.is_empty()).map(shown);
        let value = value.or_else(|| (!given.is_empty()).then(|| given.join(", ")));
        json!({
            "title": null,
            "marker": place.to_string(),
            "label": field.label,
            "hint": field.hint,
            "options": options,
            "prompt": options.is_empty() && field.rows.is_empty(),
            "value": value,
        })
    }
}
