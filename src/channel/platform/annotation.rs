//! Values of annotations, as mutations want them and as dossiers have them.

use serde_json::{Value, json};

use super::json::scalar;
use super::schema::Schema;
use crate::message::platform::{ChampIn, DossierIn, plain};

/// A mutation that writes an annotation: its document, and what of its input differs.
pub(super) struct Write {
    /// The document.
    pub(super) document: &'static str,
    /// Its input, without dossier and instructeur.
    pub(super) input: Value,
}

/// How `value` is written into the annotation of that descriptor. None where the instance has no way.
pub(super) fn write(
    schema: &Schema,
    dossier: &DossierIn,
    annotation: &str,
    kind: &str,
    value: &Value,
) -> Option<Write> {
    let id = find(dossier, annotation).map_or(annotation, |champ| champ.id.as_str());
    let key = key(kind)?;
    let value = typed(key, value)?;
    let new = schema
        .field("Mutation", "dossierModifierAnnotations")
        .is_some();
    if new && schema.input("AnnotationValueInput", key) {
        return Some(Write {
            document: "ModifierAnnotations",
            input: json!({ "annotations": [{ "id": id, "value": { (key): value } }] }),
        });
    }
    let document = match key {
        "checkbox" | "yesNo" => "ModifierCheckbox",
        "date" => "ModifierDate",
        "datetime" => "ModifierDatetime",
        "integerNumber" => "ModifierIntegerNumber",
        "decimalNumber" => "ModifierDecimalNumber",
        "dropDownList" => "ModifierDropDownList",
        "multipleDropDownList" => return None,
        _ => "ModifierText",
    };
    Some(Write {
        document,
        input: json!({ "annotationId": id, "value": value }),
    })
}

/// Field of `AnnotationValueInput` for a `TypeDeChamp`.
fn key(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "text" => "text",
        "textarea" => "textarea",
        "email" => "email",
        "checkbox" => "checkbox",
        "yes_no" => "yesNo",
        "date" => "date",
        "datetime" => "datetime",
        "integer_number" | "number" => "integerNumber",
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
        _ => return None,
    })
}

/// A value in the type that its field wants. None where it is no such value; a number or a day cannot be emptied.
fn typed(key: &str, value: &Value) -> Option<Value> {
    let text = scalar(value).map(|text| text.trim().to_owned());
    match key {
        "checkbox" | "yesNo" => match text.as_deref() {
            Some("true" | "oui") => Some(json!(true)),
            Some("false" | "non" | "") | None => Some(json!(false)),
            Some(_) => None,
        },
        "integerNumber" => text?.parse::<i64>().ok().map(Value::from),
        "decimalNumber" => {
            let number: f64 = text?.replace(',', ".").parse().ok()?;
            number.is_finite().then(|| json!(number))
        }
        "date" | "datetime" => text.filter(|text| !text.is_empty()).map(Value::from),
        "multipleDropDownList" => Some(json!(choices(value))),
        _ => Some(Value::from(scalar(value).unwrap_or_default())),
    }
}

fn choices(value: &Value) -> Vec<String> {
    match value {
        Value::Array(values) => values.iter().filter_map(scalar).collect(),
        value => scalar(value)
            .into_iter()
            .filter(|text| !text.is_empty())
            .collect(),
    }
}

/// Whether the annotation of that descriptor has that value already.
pub(super) fn is_so(dossier: &DossierIn, annotation: &str, kind: &str, value: &Value) -> bool {
    let (Some(champ), Some(key)) = (find(dossier, annotation), key(kind)) else {
        return false;
    };
    let has = champ.value.as_deref();
    let Some(wanted) = typed(key, value) else {
        return false;
    };
    match key {
        "multipleDropDownList" => {
            let (mut wanted, mut has) = (choices(value), champ.values.clone());
            wanted.sort();
            has.sort();
            wanted == has
        }
        // What nobody has ticked is not yet a no.
        "yesNo" | "checkbox" => has.is_some() && has.map(ToOwned::to_owned) == scalar(&wanted),
        "decimalNumber" => {
            let has: Option<f64> = has.and_then(|has| has.parse().ok());
            has.is_some() && has == wanted.as_f64()
        }
        "datetime" => {
            let moment = |text: &str| text.parse::<jiff::Timestamp>().ok();
            let wanted = wanted.as_str().unwrap_or_default();
            has == Some(wanted)
                || has
                    .and_then(moment)
                    .is_some_and(|has| moment(wanted) == Some(has))
        }
        _ => {
            let has = has.or(champ.string.as_deref()).unwrap_or_default();
            scalar(&wanted).is_some_and(|wanted| wanted == has)
        }
    }
}

/// What the annotation is to say: `value`, or what it says now with `value` at its end under a heading. What others wrote stays,
/// and what stands there already is not added again.
pub(super) fn whole(
    dossier: &DossierIn,
    annotation: &str,
    value: &Value,
    under: Option<&str>,
) -> Value {
    let (Some(heading), Some(added)) = (under, scalar(value)) else {
        return value.clone();
    };
    let found = find(dossier, annotation);
    let before = found.and_then(|champ| champ.value.as_deref().or(champ.string.as_deref()));
    let before = before.unwrap_or_default();
    if plain(before).contains(&plain(&added)) {
        return Value::from(before);
    }
    let mut parts = vec![before.trim_end()];
    if !before.contains(heading) {
        parts.push(heading);
    }
    parts.push(&added);
    parts.retain(|part| !part.is_empty());
    Value::from(parts.join("\n\n"))
}

fn find<'a>(dossier: &'a DossierIn, annotation: &str) -> Option<&'a ChampIn> {
    let mut annotations = dossier.annotations.iter();
    annotations.find(|champ| champ.descriptor == annotation || champ.id == annotation)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(value: Option<&str>) -> DossierIn {
        DossierIn {
            annotations: vec![ChampIn {
                id: "id".to_owned(),
                descriptor: "d".to_owned(),
                value: value.map(ToOwned::to_owned),
                ..ChampIn::default()
            }],
            ..DossierIn::default()
        }
    }

    fn written(schema: &Schema, kind: &str, value: &Value) -> Option<(&'static str, Value)> {
        let write = write(schema, &with(None), "d", kind, value)?;
        Some((write.document, write.input))
    }

    #[test]
    fn a_value_is_written_as_its_type_wants_it() {
        let new = Schema::published();
        let (document, input) = written(&new, "integer_number", &json!("42")).unwrap();
        assert_eq!(document, "ModifierAnnotations");
        assert_eq!(
            input,
            json!({"annotations": [{"id": "id", "value": {"integerNumber": 42}}]})
        );
        let old = new
            .clone()
            .without("Mutation", "dossierModifierAnnotations");
        for (kind, value, document, as_written) in [
            ("yes_no", json!("oui"), "ModifierCheckbox", json!(true)),
            (
                "decimal_number",
                json!("1,5"),
                "ModifierDecimalNumber",
                json!(1.5),
            ),
            (
                "date",
                json!("2026-01-31"),
                "ModifierDate",
                json!("2026-01-31"),
            ),
            ("textarea", json!(""), "ModifierText", json!("")),
        ] {
            let expected = json!({"annotationId": "id", "value": as_written});
            assert_eq!(written(&old, kind, &value), Some((document, expected)));
        }
        assert!(written(&old, "multiple_drop_down_list", &json!(["a"])).is_none());
        assert!(written(&new, "carte", &json!("x")).is_none());
        assert!(written(&new, "date", &json!("")).is_none());
    }

    #[test]
    fn what_is_added_leaves_what_others_wrote() {
        let add = |has: Option<&str>, value: &str| {
            whole(&with(has), "d", &json!(value), Some("— Avis —"))
        };
        let first = add(Some("Vu.\n"), "Favorable.");
        assert_eq!(first, json!("Vu.\n\n— Avis —\n\nFavorable."));
        let edited = format!("{}\r\nÀ revoir.", first.as_str().unwrap());
        let second = add(Some(&edited), "Défavorable.");
        assert_eq!(second, json!(format!("{edited}\n\nDéfavorable.")));
        let again = second.as_str().map(|text| text.replace('\n', "\r\n"));
        assert_eq!(add(again.as_deref(), "Défavorable."), json!(again));
        assert_eq!(add(None, "Favorable."), json!("— Avis —\n\nFavorable."));
        let all = whole(&with(Some("Vu.")), "d", &json!("x"), None);
        assert_eq!(all, json!("x"));
    }

    #[test]
    fn what_is_so_already_is_seen() {
        for (kind, has, value) in [
            ("integer_number", "42", json!("42")),
            ("decimal_number", "1.50", json!("1.5")),
            ("yes_no", "true", json!(true)),
            ("text", "a b", json!("a b")),
            (
                "datetime",
                "2026-01-31T10:00:00+01:00",
                json!("2026-01-31T09:00:00Z"),
            ),
        ] {
            assert!(is_so(&with(Some(has)), "d", kind, &value), "{kind}");
        }
        assert!(is_so(&with(None), "d", "text", &json!("")));
        assert!(!is_so(&with(None), "d", "yes_no", &json!(false)));
        assert!(!is_so(&with(Some("41")), "d", "integer_number", &json!(42)));
    }
}
