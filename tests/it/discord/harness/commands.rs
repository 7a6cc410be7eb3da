//! The rules of application commands.

use serde_json::{Value, json};

use super::bare::{Reply, call, register, scene};
use crate::discord::fake::Fake;

/// A command that is nothing but what it must be, and this.
pub(super) fn command(more: &Value) -> Value {
    let mut command = json!({ "name": "suivre", "description": "Suit un dossier" });
    for (key, value) in more.as_object().unwrap() {
        command[key] = value.clone();
    }
    command
}

/// An option of this type, the same.
pub(super) fn option(kind: u8, more: &Value) -> Value {
    let mut option = json!({ "type": kind, "name": "dossier", "description": "Le dossier" });
    for (key, value) in more.as_object().unwrap() {
        option[key] = value.clone();
    }
    option
}

/// A command with these options.
pub(super) fn with(options: &Value) -> Value {
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

#[test]
fn what_is_for_one_kind_or_one_scope_is_not_for_another() {
    let fake = Fake::start();
    let scene = scene(&fake);
    let refused = |command: Value| register(&fake, &json!([command]));
    assert_eq!(refused(json!("aide")).fault("0"), "DICT_TYPE_CONVERT");
    let names = refused(command(&json!({ "name_localizations": ["fr"] })));
    assert_eq!(names.fault("0.name_localizations"), "DICT_TYPE_CONVERT");
    let menu = json!({ "type": 2, "name": "n".repeat(33) });
    assert_eq!(refused(menu).fault("0.name"), "BASE_TYPE_BAD_LENGTH");
    assert_eq!(
        refused(json!({ "type": 2, "name": "Voir le dossier" })).status,
        200
    );
    let contexts = refused(command(&json!({ "contexts": [0, 1, 2, 2] })));
    assert_eq!(contexts.fault("0.contexts"), "BASE_TYPE_MAX_LENGTH");
    let texts = json!({ "description_localizations": { "fr": "" } });
    let text = refused(with(&json!([option(3, &texts)])));
    assert_eq!(
        text.fault("0.options.0.description_localizations.fr"),
        "BASE_TYPE_REQUIRED"
    );
    let completed = refused(with(&json!([option(3, &json!({ "autocomplete": "oui" }))])));
    assert_eq!(
        completed.fault("0.options.0.autocomplete"),
        "BOOLEAN_TYPE_CONVERT"
    );
    let choice = json!([{ "name": "n", "name_localizations": { "fr": "" }, "value": "v" }]);
    let choice = refused(with(&json!([option(3, &json!({ "choices": choice }))])));
    assert_eq!(
        choice.fault("0.options.0.choices.0.name_localizations.fr"),
        "BASE_TYPE_REQUIRED"
    );
    let own = format!(
        "/applications/{}/guilds/{}/commands",
        fake.application(),
        scene.guild.id
    );
    let contexts = call(
        &fake,
        "PUT",
        &own,
        &json!([command(&json!({ "contexts": [0] }))]),
    );
    assert_eq!(
        contexts.fault("0.contexts"),
        "APPLICATION_COMMAND_GUILD_CONTEXTS"
    );
    fake.take_violations();
}
