//! The rules of application commands.

use serde_json::{Value, json};

use super::bare::{Reply, call, register, scene};
use crate::discord::fake::Fake;

fn command(more: &Value) -> Value {
    let mut command = json!({ "name": "suivre", "description": "Suit un dossier" });
    for (key, value) in more.as_object().unwrap() {
        command[key] = value.clone();
    }
    command
}

fn option(kind: u8, more: &Value) -> Value {
    let mut option = json!({ "type": kind, "name": "dossier", "description": "Le dossier" });
    for (key, value) in more.as_object().unwrap() {
        option[key] = value.clone();
    }
    option
}

fn with(options: &Value) -> Value {
    command(&json!({ "options": options }))
}

#[test]
fn commands_are_kept_with_their_ids_and_replaced_as_a_whole() {
    let fake = Fake::start();
    let scene = scene(&fake);
    let made = register(
        &fake,
        &json!([command(&json!({})), command(&json!({ "name": "décider" }))]),
    );
    assert_eq!(made.status, 200, "{made:?}");
    let path = format!("/applications/{}/commands", fake.application());
    let listed = call(&fake, "GET", &path, &Value::Null).body;
    assert_eq!(listed, made.body);
    let again = register(&fake, &json!([command(&json!({ "description": "Autre" }))])).body;
    assert_eq!(again.as_array().unwrap().len(), 1);
    assert_eq!(again[0]["id"], listed[0]["id"], "a name keeps its id");
    assert_ne!(again[0]["version"], listed[0]["version"]);
    assert_eq!(fake.until_commands(None).len(), 1);
    // A guild has its own.
    let own = format!(
        "/applications/{}/guilds/{}/commands",
        fake.application(),
        scene.guild.id
    );
    let made = call(&fake, "PUT", &own, &json!([command(&json!({}))]));
    assert_eq!(made.body[0]["guild_id"], scene.guild.id.to_string());
    assert_eq!(fake.commands(Some(scene.guild.id)).len(), 1);
    // One by one.
    let one = call(&fake, "POST", &path, &command(&json!({ "name": "aide" })));
    assert_eq!(one.status, 201);
    let id = one.body["id"].as_str().unwrap();
    assert_eq!(
        call(&fake, "DELETE", &format!("{path}/{id}"), &Value::Null).status,
        204
    );
    assert_eq!(
        call(&fake, "DELETE", &format!("{path}/{id}"), &Value::Null).refused(),
        (404, 10063)
    );
    let other = call(&fake, "PUT", "/applications/1/commands", &json!([]));
    assert_eq!(other.refused(), (403, 20012));
    let foreign = format!("/applications/{}/guilds/1/commands", fake.application());
    assert_eq!(
        call(&fake, "PUT", &foreign, &json!([])).refused(),
        (403, 50001)
    );
}

#[test]
fn names_and_texts_have_their_form_and_their_length() {
    let fake = Fake::start();
    let refused = |more: Value| -> Reply { register(&fake, &json!([command(&more)])) };
    for name in ["Suivre", "ne plus", "né!", "É"] {
        assert_eq!(
            refused(json!({ "name": name })).fault("0.name"),
            "APPLICATION_COMMAND_INVALID_NAME",
            "{name}"
        );
    }
    for name in ["ne-plus", "décider", "n_42", "l'avis", "日本"] {
        assert_eq!(refused(json!({ "name": name })).status, 200, "{name}");
    }
    assert_eq!(
        refused(json!({ "name": "a".repeat(33) })).fault("0.name"),
        "BASE_TYPE_BAD_LENGTH"
    );
    assert_eq!(
        refused(json!({ "name": null })).fault("0.name"),
        "BASE_TYPE_REQUIRED"
    );
    assert_eq!(
        refused(json!({ "description": "" })).fault("0.description"),
        "BASE_TYPE_REQUIRED"
    );
    let long = refused(json!({ "description": "d".repeat(101) }));
    assert_eq!(long.fault("0.description"), "BASE_TYPE_BAD_LENGTH");
    let locale = refused(json!({ "name_localizations": { "fr-FR": "suivre" } }));
    assert_eq!(
        locale.fault("0.name_localizations.fr-FR"),
        "BASE_TYPE_CHOICES"
    );
    let name = refused(json!({ "name_localizations": { "fr": "Suivre" } }));
    assert_eq!(
        name.fault("0.name_localizations.fr"),
        "APPLICATION_COMMAND_INVALID_NAME"
    );
    let text = refused(json!({ "description_localizations": { "fr": "d".repeat(101) } }));
    assert_eq!(
        text.fault("0.description_localizations.fr"),
        "BASE_TYPE_BAD_LENGTH"
    );
    assert_eq!(
        refused(json!({ "type": 9 })).fault("0.type"),
        "BASE_TYPE_CHOICES"
    );
    let permissions = refused(json!({ "default_member_permissions": "beaucoup" }));
    assert_eq!(
        permissions.fault("0.default_member_permissions"),
        "NUMBER_TYPE_COERCE"
    );
    assert_eq!(
        refused(json!({ "contexts": [7] })).fault("0.contexts.0"),
        "BASE_TYPE_CHOICES"
    );
    let menu = refused(json!({ "type": 2 }));
    assert_eq!(
        menu.fault("0"),
        "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION_ERROR"
    );
    let menu = refused(json!({ "type": 3, "description": "", "options": [option(3, &json!({}))] }));
    assert_eq!(
        menu.fault("0"),
        "APPLICATION_COMMAND_CONTEXT_MENU_OPTIONS_ERROR"
    );
    assert_eq!(register(&fake, &json!({})).fault(""), "LIST_TYPE_CONVERT");
    let twice = register(&fake, &json!([command(&json!({})), command(&json!({}))]));
    assert_eq!(twice.fault("1"), "APPLICATION_COMMANDS_DUPLICATE_NAME");
    fake.take_violations();
}

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

#[test]
fn a_command_has_eight_thousand_characters_in_all() {
    let fake = Fake::start();
    // Of 25 options with 25 choices: 25 × (165 + 125 + the description), their 65 of names, and 21 of the command.
    let options = |text: usize| -> Value {
        let choices: Value = (0..25)
            .map(|number| json!({ "name": format!("choix{number}"), "value": "valeu" }))
            .collect();
        let one = |number| {
            let name = format!("o{number}");
            option(
                3,
                &json!({ "name": name, "description": "d".repeat(text), "choices": choices }),
            )
        };
        (0..25).map(one).collect()
    };
    assert_eq!(register(&fake, &json!([with(&options(26))])).status, 200);
    let large = register(&fake, &json!([with(&options(27))]));
    assert_eq!(large.fault("0"), "APPLICATION_COMMAND_TOO_LARGE");
    // A translation counts where it is longer.
    let mut translated = options(26);
    for it in translated.as_array_mut().unwrap() {
        it["description_localizations"] = json!({ "fr": "d".repeat(27) });
    }
    let large = register(&fake, &json!([with(&translated)]));
    assert_eq!(large.fault("0"), "APPLICATION_COMMAND_TOO_LARGE");
}

#[test]
fn there_are_a_hundred_commands_and_two_hundred_creations_a_day() {
    let fake = Fake::start();
    let many = |prefix: &str, count: usize| -> Value {
        (0..count)
            .map(|number| command(&json!({ "name": format!("{prefix}{number}") })))
            .collect()
    };
    assert_eq!(register(&fake, &many("a", 101)).refused(), (400, 30032));
    assert_eq!(register(&fake, &many("a", 100)).status, 200);
    assert_eq!(
        register(&fake, &many("a", 100)).status,
        200,
        "nothing is new"
    );
    assert_eq!(register(&fake, &many("b", 100)).status, 200);
    assert_eq!(register(&fake, &many("c", 1)).refused(), (400, 30034));
    fake.advance(std::time::Duration::from_hours(24));
    assert_eq!(register(&fake, &many("c", 1)).status, 200);
    fake.take_violations();
}
