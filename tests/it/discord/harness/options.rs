//! The rules of the options of application commands.

use serde_json::{Value, json};

use super::bare::register;
use super::commands::{option, with};
use crate::discord::fake::Fake;

#[test]
fn options_have_an_order_a_number_and_a_type() {
    let fake = Fake::start();
    let refused = |options: Value| register(&fake, &json!([with(&options)]));
    let number = |count: usize| -> Value {
        (0..count)
            .map(|number| option(3, &json!({ "name": format!("n{number}") })))
            .collect()
    };
    assert_eq!(refused(number(25)).status, 200);
    assert_eq!(
        refused(number(26)).fault("0.options"),
        "BASE_TYPE_MAX_LENGTH"
    );
    let order = json!([
        option(3, &json!({})),
        option(3, &json!({ "name": "autre", "required": true }))
    ]);
    assert_eq!(
        refused(order).fault("0.options.1"),
        "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID"
    );
    let twice = json!([option(3, &json!({})), option(4, &json!({}))]);
    assert_eq!(
        refused(twice).fault("0.options.1"),
        "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS"
    );
    let one = |kind: u8, more: Value| refused(json!([option(kind, &more)]));
    assert_eq!(
        one(3, json!({ "name": "Dossier" })).fault("0.options.0.name"),
        "APPLICATION_COMMAND_INVALID_NAME"
    );
    assert_eq!(
        one(3, json!({ "description": null })).fault("0.options.0.description"),
        "BASE_TYPE_REQUIRED"
    );
    for (kind, key, value) in [
        (5, "choices", json!([{ "name": "a", "value": "a" }])),
        (6, "autocomplete", json!(true)),
        (3, "min_value", json!(1)),
        (3, "channel_types", json!([0])),
        (4, "max_length", json!(5)),
        (3, "options", json!([option(3, &json!({}))])),
    ] {
        let fault = one(kind, json!({ key: value })).fault(&format!("0.options.0.{key}"));
        assert_eq!(fault, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "{key}");
    }
    assert_eq!(
        one(12, json!({})).fault("0.options.0.type"),
        "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID"
    );
    assert_eq!(
        one(3, json!({ "min_length": -1 })).fault("0.options.0.min_length"),
        "NUMBER_TYPE_MIN"
    );
    assert_eq!(
        one(3, json!({ "max_length": 6001 })).fault("0.options.0.max_length"),
        "NUMBER_TYPE_MAX"
    );
    assert_eq!(
        one(3, json!({ "required": "oui" })).fault("0.options.0.required"),
        "BOOLEAN_TYPE_CONVERT"
    );
    let both = one(
        3,
        json!({ "autocomplete": true, "choices": [{ "name": "a", "value": "a" }] }),
    );
    assert_eq!(
        both.fault("0.options.0.autocomplete"),
        "APPLICATION_COMMAND_AUTOCOMPLETE_CHOICES"
    );
    fake.take_violations();
}

#[test]
fn choices_are_few_and_of_the_type_of_their_option() {
    let fake = Fake::start();
    let refused = |kind: u8, choices: Value| {
        register(
            &fake,
            &json!([with(&json!([option(kind, &json!({ "choices": choices }))]))]),
        )
    };
    let many: Value = (0..26)
        .map(|number| json!({ "name": format!("n{number}"), "value": "v" }))
        .collect();
    assert_eq!(
        refused(3, many).fault("0.options.0.choices"),
        "BASE_TYPE_MAX_LENGTH"
    );
    let choice = "0.options.0.choices.0";
    let long = refused(3, json!([{ "name": "n".repeat(101), "value": "v" }]));
    assert_eq!(
        long.fault(&format!("{choice}.name")),
        "BASE_TYPE_BAD_LENGTH"
    );
    let long = refused(3, json!([{ "name": "n", "value": "v".repeat(101) }]));
    assert_eq!(
        long.fault(&format!("{choice}.value")),
        "BASE_TYPE_BAD_LENGTH"
    );
    let text = refused(4, json!([{ "name": "n", "value": "4" }]));
    assert_eq!(text.fault(&format!("{choice}.value")), "NUMBER_TYPE_COERCE");
    let large = refused(4, json!([{ "name": "n", "value": 1_u64 << 53 }]));
    assert_eq!(
        large.fault(&format!("{choice}.value")),
        "NUMBER_TYPE_COERCE"
    );
    let text = refused(10, json!([{ "name": "n", "value": "4.5" }]));
    assert_eq!(text.fault(&format!("{choice}.value")), "FLOAT_TYPE_COERCE");
    let twice = refused(
        3,
        json!([{ "name": "n", "value": "a" }, { "name": "n", "value": "b" }]),
    );
    assert_eq!(
        twice.fault("0.options.0.choices.1"),
        "APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_ALREADY_EXISTS"
    );
    fake.take_violations();
}

#[test]
fn subcommands_stand_alone_and_no_deeper_than_groups() {
    let fake = Fake::start();
    let refused = |options: Value| register(&fake, &json!([with(&options)]));
    let sub = |more: &Value| option(1, more);
    assert_eq!(
        refused(json!([sub(&json!({ "options": [option(3, &json!({}))] }))])).status,
        200
    );
    let group = option(2, &json!({ "options": [sub(&json!({}))] }));
    assert_eq!(refused(json!([group])).status, 200);
    let mixed = json!([sub(&json!({})), option(3, &json!({ "name": "autre" }))]);
    assert_eq!(
        refused(mixed).fault("0.options.1.type"),
        "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID"
    );
    let deep = json!([sub(
        &json!({ "options": [option(2, &json!({ "options": [sub(&json!({}))] }))] })
    )]);
    let fault = refused(deep).fault("0.options.0.options.0.type");
    assert_eq!(fault, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID");
    assert_eq!(
        refused(json!([option(2, &json!({}))])).fault("0.options.0.options"),
        "BASE_TYPE_REQUIRED"
    );
    let required = refused(json!([sub(&json!({ "required": true }))]));
    assert_eq!(
        required.fault("0.options.0.required"),
        "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID"
    );
    fake.take_violations();
}
