//! Annotations privées, as mutations take them: all kinds by one mutation, or, on an older instance, each by its own.

use serde_json::{Value, json};

use super::schema::Schema;
use crate::message::platform::{ChampIn, DossierIn};

/// How an annotation is written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Writing {
    /// The document.
    pub(super) document: &'static str,
    /// What of its input is particular to it.
    pub(super) input: Value,
}

/// The answer to an annotation's field.
fn find<'a>(read: &'a DossierIn, annotation: &str) -> Option<&'a ChampIn> {
    let mut all = read.annotations.iter();
    all.find(|champ| champ.descriptor == annotation || champ.id == annotation)
}

/// Whether it holds that value.
pub(super) fn is(read: &DossierIn, annotation: &str, value: &Value) -> bool {
    let champ = find(read, annotation);
    if let Value::Array(wanted) = value {
        let now = champ.map_or(&[][..], |champ| &champ.values);
        let wanted: Vec<&str> = wanted.iter().filter_map(Value::as_str).collect();
        return now == wanted;
    }
    let wanted = match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let holds = |held: &Option<String>| {
        let held = held.as_deref().unwrap_or_default();
        held.trim() == wanted.trim() || is_number(held, &wanted)
    };
    champ.map_or(wanted.is_empty(), |champ| {
        holds(&champ.value) || (champ.value.is_none() && holds(&champ.string))
    })
}

fn is_number(held: &str, wanted: &str) -> bool {
    let number = |text: &str| text.trim().replace(',', ".").parse::<f64>().ok();
    number(held)
        .zip(number(wanted))
        .is_some_and(|(held, wanted)| held.total_cmp(&wanted).is_eq())
}

/// How to write `value` into an annotation of `kind`. None where the instance has no way to.
pub(super) fn write(
    schema: &Schema,
    read: &DossierIn,
    annotation: &str,
    kind: &str,
    value: &Value,
) -> Option<Writing> {
    let id = find(read, annotation).map_or(annotation, |champ| &champ.id);
    let (key, old) = key(kind)?;
    if schema.mutations().contains("dossierModifierAnnotations") {
        return schema.input("AnnotationValueInput", key).then(|| Writing {
            document: "ModifierAnnotations",
            input: json!({ "annotations": [{ "id": id, "value": { key: value } }] }),
        });
    }
    old.map(|document| Writing {
        document,
        input: json!({ "annotationId": id, "value": value }),
    })
}

/// The key of a `TypeDeChamp` in `AnnotationValueInput`, and the document of the older mutation.
fn key(kind: &str) -> Option<(&'static str, Option<&'static str>)> {
    Some(match kind {
        "text" => ("text", Some("ModifierText")),
        "textarea" => ("textarea", Some("ModifierText")),
        "email" => ("email", Some("ModifierText")),
        "phone" => ("phone", Some("ModifierText")),
        "iban" => ("iban", Some("ModifierText")),
        "formatted" => ("formatted", Some("ModifierText")),
        "checkbox" => ("checkbox", Some("ModifierCheckbox")),
        "yes_no" => ("yesNo", Some("ModifierCheckbox")),
        "date" => ("date", Some("ModifierDate")),
        "datetime" => ("datetime", Some("ModifierDatetime")),
        "integer_number" => ("integerNumber", Some("ModifierIntegerNumber")),
        "decimal_number" => ("decimalNumber", Some("ModifierDecimalNumber")),
        "drop_down_list" => ("dropDownList", Some("ModifierDropDownList")),
        "multiple_drop_down_list" => ("multipleDropDownList", None),
        "dossier_link" => ("dossierLink", None),
        "civilite" => ("civilite", None),
        "pays" => ("pays", None),
        "regions" => ("regions", None),
        "departements" => ("departements", None),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: &str, value: Option<&str>) -> DossierIn {
        DossierIn {
            annotations: vec![ChampIn {
                id: "Champ-9".to_owned(),
                descriptor: "Champ-9".to_owned(),
                kind: kind.to_owned(),
                value: value.map(str::to_owned),
                ..ChampIn::default()
            }],
            ..DossierIn::default()
        }
    }

    #[test]
    fn a_value_is_known_whatever_its_type() {
        assert!(is(
            &read("IntegerNumberChamp", Some("42")),
            "Champ-9",
            &json!(42)
        ));
        assert!(is(
            &read("DecimalNumberChamp", Some("1.50")),
            "Champ-9",
            &json!(1.5)
        ));
        assert!(is(
            &read("YesNoChamp", Some("true")),
            "Champ-9",
            &json!(true)
        ));
        assert!(is(&read("TextChamp", None), "Champ-9", &json!("")));
        assert!(!is(&read("TextChamp", None), "Champ-9", &json!("a")));
        assert!(!is(&read("TextChamp", Some("a")), "Champ-9", &json!("")));
    }

    #[test]
    fn an_older_instance_has_a_mutation_for_each_type() {
        let new = Schema::published();
        let way = |schema: &Schema, kind: &str| {
            write(schema, &read("x", None), "Champ-9", kind, &json!("v"))
                .map(|writing| writing.document)
        };
        assert_eq!(way(&new, "textarea"), Some("ModifierAnnotations"));
        assert_eq!(way(&new, "carte"), None);
        let old = new.without("Mutation", "dossierModifierAnnotations");
        assert_eq!(way(&old, "textarea"), Some("ModifierText"));
        assert_eq!(way(&old, "multiple_drop_down_list"), None);
    }
}
