//! Whether a value is as a JSON schema has it, for the part of JSON schema that the published description uses.

use regex::Regex;
use serde_json::{Map, Value};

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Wrong {
    pub(crate) at: String,
    pub(crate) what: String,
}

/// Schemas by name, which may refer to each other.
#[derive(Debug)]
pub(crate) struct Schemas(pub(crate) Map<String, Value>);

impl Schemas {
    /// What is wrong with `value` as the schema of this name.
    pub(crate) fn wrong(&self, name: &str, value: &Value) -> Vec<Wrong> {
        let mut wrong = Vec::new();
        self.check(self.named(name), value, "", &mut wrong);
        wrong
    }

    fn named(&self, name: &str) -> &Value {
        let found = self.0.get(name);
        found.unwrap_or_else(|| panic!("Discord publishes no {name} any more"))
    }

    fn check(&self, schema: &Value, value: &Value, at: &str, wrong: &mut Vec<Wrong>) {
        let Some(rules) = schema.as_object() else {
            panic!("not a schema: {schema}");
        };
        for (rule, wanted) in rules {
            let fault = match rule.as_str() {
                "$ref" => {
                    let name = wanted.as_str().and_then(|it| it.strip_prefix("#/schemas/"));
                    self.check(self.named(name.unwrap()), value, at, wrong);
                    None
                }
                "allOf" => {
                    let all = wanted.as_array().unwrap();
                    all.iter().for_each(|it| self.check(it, value, at, wrong));
                    None
                }
                "anyOf" => {
                    self.any(wanted, value, at, wrong);
                    None
                }
                "properties" | "required" | "additionalProperties" | "propertyNames" | "items" => {
                    self.inside(rules, rule, wanted, value, at, wrong);
                    None
                }
                _ => simple(rule, wanted, value)
                    .then(|| format!("{value:.60} is not {rule} {wanted}")),
            };
            wrong.extend(fault.map(|what| Wrong {
                at: at.to_owned(),
                what,
            }));
        }
    }

    /// One of them must fit; else what is said is what came nearest.
    fn any(&self, wanted: &Value, value: &Value, at: &str, wrong: &mut Vec<Wrong>) {
        let tries = wanted.as_array().unwrap().iter().map(|schema| {
            let mut wrong = Vec::new();
            self.check(schema, value, at, &mut wrong);
            wrong
        });
        let tries: Vec<Vec<Wrong>> = tries.collect();
        if tries.iter().any(Vec::is_empty) {
            return;
        }
        // The one that got furthest, and then the one with the fewest faults.
        let depth = |wrong: &[Wrong]| wrong.iter().map(|it| it.at.len()).min();
        let nearest = tries
            .into_iter()
            .max_by_key(|it| (depth(it), std::cmp::Reverse(it.len())));
        wrong.extend(nearest.unwrap_or_default());
    }

    fn inside(
        &self,
        rules: &Map<String, Value>,
        rule: &str,
        wanted: &Value,
        value: &Value,
        at: &str,
        wrong: &mut Vec<Wrong>,
    ) {
        if let (Some(list), "items") = (value.as_array(), rule) {
            for (number, it) in list.iter().enumerate() {
                self.check(wanted, it, &format!("{at}/{number}"), wrong);
            }
        }
        let Some(map) = value.as_object() else {
            return;
        };
        match rule {
            "properties" => {
                for (key, schema) in wanted.as_object().unwrap() {
                    if let Some(it) = map.get(key) {
                        self.check(schema, it, &format!("{at}/{key}"), wrong);
                    }
                }
            }
            "required" => {
                let keys = wanted.as_array().unwrap().iter().filter_map(Value::as_str);
                let missing = keys.filter(|key| !map.contains_key(*key));
                wrong.extend(missing.map(|key| Wrong {
                    at: at.to_owned(),
                    what: format!("{key} is missing"),
                }));
            }
            "propertyNames" => {
                for key in map.keys() {
                    self.check(wanted, &Value::from(key.as_str()), at, wrong);
                }
            }
            "additionalProperties" => {
                let known = rules.get("properties").and_then(Value::as_object);
                for (key, it) in map {
                    if !known.is_some_and(|known| known.contains_key(key)) {
                        self.check(wanted, it, &format!("{at}/{key}"), wrong);
                    }
                }
            }
            _ => {}
        }
    }
}

/// Whether a rule that looks at the value alone is broken. A rule is of one type, and others keep it.
fn simple(rule: &str, wanted: &Value, value: &Value) -> bool {
    let length = value.as_str().map(|text| text.chars().count() as u64);
    let count = value.as_array().map(|list| list.len() as u64);
    let number = value.as_f64();
    let over = |it: Option<u64>| it.is_some_and(|it| it > wanted.as_u64().unwrap());
    let under = |it: Option<u64>| it.is_some_and(|it| it < wanted.as_u64().unwrap());
    match rule {
        "type" => match wanted {
            Value::Array(types) => !types.iter().any(|it| is(it, value)),
            it => !is(it, value),
        },
        "const" => wanted != value,
        "enum" => !wanted.as_array().unwrap().contains(value),
        "minLength" => under(length),
        "maxLength" => over(length),
        "minItems" => under(count),
        "maxItems" => over(count),
        "minimum" => number.is_some_and(|it| it < wanted.as_f64().unwrap()),
        "maximum" => number.is_some_and(|it| it > wanted.as_f64().unwrap()),
        "pattern" => value.as_str().is_some_and(|text| {
            let pattern = Regex::new(wanted.as_str().unwrap()).unwrap();
            !pattern.is_match(text)
        }),
        "format" => value.as_str().is_some_and(|text| match wanted.as_str() {
            Some("date-time") => text.parse::<jiff::Timestamp>().is_err(),
            Some("uri") => !text.contains(':') || text.contains(char::is_whitespace),
            other => panic!("the published description uses the format {other:?}"),
        }),
        // A rule that nobody looks at would be kept by everything.
        other => panic!("the published description uses {other}"),
    }
}

fn is(wanted: &Value, value: &Value) -> bool {
    match wanted.as_str() {
        Some("null") => value.is_null(),
        Some("boolean") => value.is_boolean(),
        Some("string") => value.is_string(),
        Some("number") => value.is_number(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        other => panic!("the published description uses the type {other:?}"),
    }
}
