//! The rules of buttons, menus and layouts.

use serde_json::{Value, json};

use super::bare::{Reply, call, scene};
use crate::discord::fake::Fake;

fn button(more: &Value) -> Value {
    let mut button = json!({ "type": 2, "style": 1, "label": "Suivre", "custom_id": "v1:suivre" });
    for (key, value) in more.as_object().unwrap() {
        button[key] = value.clone();
    }
    button
}

fn menu(more: &Value) -> Value {
    let mut menu = json!({ "type": 3, "custom_id": "v1:choix", "options": [{ "label": "Un", "value": "1" }, { "label": "Deux", "value": "2" }] });
    for (key, value) in more.as_object().unwrap() {
        menu[key] = value.clone();
    }
    menu
}

fn send(fake: &Fake, channel: u64, components: &Value) -> Reply {
    let body = json!({ "content": "x", "components": components });
    call(
        fake,
        "POST",
        &format!("/channels/{channel}/messages"),
        &body,
    )
}

fn row(components: &[Value]) -> Value {
    json!({ "type": 1, "components": components })
}

#[test]
fn rows_are_five_of_five_buttons_or_a_menu() {
    let fake = Fake::start();
    let scene = scene(&fake);
    let refused = |components: Value| send(&fake, scene.salle, &components);
    let buttons = |row_number: usize, count: usize| -> Value {
        let one = |number| button(&json!({ "custom_id": format!("{row_number}-{number}") }));
        row(&(0..count).map(one).collect::<Vec<_>>())
    };
    let rows = |count: usize| -> Value { (0..count).map(|number| buttons(number, 5)).collect() };
    assert_eq!(refused(rows(5)).status, 200);
    assert_eq!(refused(rows(6)).fault("components"), "BASE_TYPE_MAX_LENGTH");
    assert_eq!(
        refused(json!([buttons(0, 6)])).fault("components.0.components"),
        "BASE_TYPE_MAX_LENGTH"
    );
    assert_eq!(
        refused(json!([row(&[])])).fault("components.0.components"),
        "BASE_TYPE_BAD_LENGTH"
    );
    let both = json!([row(&[button(&json!({})), menu(&json!({}))])]);
    assert_eq!(
        refused(both).fault("components.0.components"),
        "COMPONENT_LAYOUT_WIDTH_EXCEEDED"
    );
    assert_eq!(
        refused(json!([button(&json!({}))])).fault("components.0.type"),
        "BASE_TYPE_CHOICES"
    );
    let text = json!([row(&[
        json!({ "type": 4, "custom_id": "t", "label": "l", "style": 1 })
    ])]);
    assert_eq!(
        refused(text).fault("components.0.components.0.type"),
        "BASE_TYPE_CHOICES"
    );
    let twice = json!([row(&[button(&json!({})), button(&json!({}))])]);
    assert_eq!(
        refused(twice).fault("components.0.components.1.custom_id"),
        "COMPONENT_CUSTOM_ID_DUPLICATED"
    );
    fake.take_violations();
}

#[test]
fn buttons_have_a_style_a_label_and_one_way_to_go() {
    let fake = Fake::start();
    let scene = scene(&fake);
    let refused = |more: Value| send(&fake, scene.salle, &json!([row(&[button(&more)])]));
    let place = "components.0.components.0";
    for (more, path, code) in [
        (
            json!({ "label": "l".repeat(81) }),
            ".label",
            "BASE_TYPE_MAX_LENGTH",
        ),
        (
            json!({ "label": null }),
            "",
            "BUTTON_COMPONENT_LABEL_OR_EMOJI_REQUIRED",
        ),
        (
            json!({ "custom_id": "c".repeat(101) }),
            ".custom_id",
            "BASE_TYPE_BAD_LENGTH",
        ),
        (
            json!({ "custom_id": "" }),
            ".custom_id",
            "BASE_TYPE_REQUIRED",
        ),
        (json!({ "style": 9 }), ".style", "BASE_TYPE_CHOICES"),
        (
            json!({ "url": "https://a.example" }),
            "",
            "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE",
        ),
        (
            json!({ "style": 5, "url": "https://a.example" }),
            "",
            "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE",
        ),
        (
            json!({ "style": 5, "custom_id": null }),
            ".url",
            "BASE_TYPE_REQUIRED",
        ),
        (
            json!({ "style": 5, "custom_id": null, "url": "mailto:a@b" }),
            ".url",
            "URL_TYPE_INVALID_SCHEME",
        ),
        (
            json!({ "style": 5, "custom_id": null, "url": format!("https://{}", "u".repeat(512)) }),
            ".url",
            "BASE_TYPE_BAD_LENGTH",
        ),
        (
            json!({ "emoji": { "name": "oui" } }),
            ".emoji.name",
            "BUTTON_COMPONENT_INVALID_EMOJI",
        ),
        (
            json!({ "disabled": 1 }),
            ".disabled",
            "BOOLEAN_TYPE_CONVERT",
        ),
    ] {
        assert_eq!(
            refused(more.clone()).fault(&format!("{place}{path}")),
            code,
            "{more}"
        );
    }
    assert_eq!(
        refused(json!({ "label": null, "emoji": { "name": "✅" } })).status,
        200
    );
    assert_eq!(
        refused(json!({ "style": 5, "custom_id": null, "url": "https://a.example" })).status,
        200
    );
    fake.take_violations();
}

#[test]
fn menus_have_options_that_differ() {
    let fake = Fake::start();
    let scene = scene(&fake);
    let refused = |more: Value| send(&fake, scene.salle, &json!([row(&[menu(&more)])]));
    let place = "components.0.components.0";
    let many: Value = (0..26)
        .map(|number| json!({ "label": "l", "value": number.to_string() }))
        .collect();
    for (more, path, code) in [
        (
            json!({ "options": many }),
            ".options",
            "BASE_TYPE_MAX_LENGTH",
        ),
        (json!({ "options": [] }), ".options", "BASE_TYPE_BAD_LENGTH"),
        (
            json!({ "placeholder": "p".repeat(151) }),
            ".placeholder",
            "BASE_TYPE_MAX_LENGTH",
        ),
        (
            json!({ "custom_id": null }),
            ".custom_id",
            "BASE_TYPE_REQUIRED",
        ),
        (
            json!({ "min_values": 26 }),
            ".min_values",
            "NUMBER_TYPE_MAX",
        ),
        (json!({ "max_values": 0 }), ".max_values", "NUMBER_TYPE_MIN"),
        (
            json!({ "min_values": 2, "max_values": 1 }),
            ".min_values",
            "SELECT_COMPONENT_MIN_VALUES_EXCEEDS_MAX",
        ),
        (
            json!({ "max_values": 3 }),
            ".options",
            "SELECT_COMPONENT_MAX_VALUES_EXCEEDS_OPTIONS",
        ),
        (
            json!({ "required": true }),
            ".required",
            "COMPONENT_REQUIRED_INVALID",
        ),
        (
            json!({ "options": [{ "label": "l".repeat(101), "value": "1" }] }),
            ".options.0.label",
            "BASE_TYPE_BAD_LENGTH",
        ),
        (
            json!({ "options": [{ "label": "l", "value": "v".repeat(101) }] }),
            ".options.0.value",
            "BASE_TYPE_BAD_LENGTH",
        ),
        (
            json!({ "options": [{ "label": "l", "value": "1", "description": "d".repeat(101) }] }),
            ".options.0.description",
            "BASE_TYPE_MAX_LENGTH",
        ),
        (
            json!({ "options": [{ "label": "l", "value": "1" }, { "label": "m", "value": "1" }] }),
            ".options.1.value",
            "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
        ),
        (
            json!({ "options": [{ "label": "l", "value": "1", "default": true }, { "label": "m", "value": "2", "default": true }] }),
            ".options",
            "SELECT_COMPONENT_TOO_MANY_DEFAULT_OPTIONS",
        ),
    ] {
        assert_eq!(
            refused(more.clone()).fault(&format!("{place}{path}")),
            code,
            "{more}"
        );
    }
    assert_eq!(
        refused(json!({ "max_values": 2, "min_values": 0 })).status,
        200
    );
    fake.take_violations();
}

#[test]
fn layouts_are_said_to_be_some_and_hold_no_content() {
    let fake = Fake::start();
    let scene = scene(&fake);
    let path = format!("/channels/{}/messages", scene.salle);
    let send = |body: Value| call(&fake, "POST", &path, &body);
    let text = |length: usize| json!({ "type": 10, "content": "t".repeat(length) });
    let layout = |components: Value| send(json!({ "flags": 1 << 15, "components": components }));
    let made =
        layout(json!([{ "type": 17, "components": [text(10), row(&[button(&json!({}))])] }]));
    assert_eq!(made.status, 200, "{made:?}");
    assert_eq!(
        scene.ines.at(scene.salle).shown(0, "tttt").buttons(),
        ["Suivre"]
    );
    assert_eq!(
        send(json!({ "content": "x", "components": [text(1)] })).fault("components.0.type"),
        "BASE_TYPE_CHOICES"
    );
    let both = send(json!({ "flags": 1 << 15, "content": "x", "components": [text(1)] }));
    assert_eq!(
        both.fault("content"),
        "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"
    );
    let long = layout(json!([text(2001), text(2000)]));
    assert_eq!(
        long.fault("components"),
        "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED"
    );
    let inner: Value = (0..40).map(|_| text(1)).collect();
    let many = layout(json!([{ "type": 17, "components": inner }]));
    assert_eq!(
        many.fault("components"),
        "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED"
    );
    assert_eq!(
        layout(json!([{ "type": 99 }])).fault("components.0.type"),
        "BASE_TYPE_CHOICES"
    );
    let forty_one: Value = (0..41).map(|_| json!({ "type": 14 })).collect();
    assert_eq!(
        layout(forty_one).fault("components"),
        "BASE_TYPE_MAX_LENGTH"
    );
    let empty = layout(json!([{ "type": 10, "content": "" }]));
    assert_eq!(empty.fault("components.0.content"), "BASE_TYPE_REQUIRED");
    let section = json!([{ "type": 9, "components": [text(1), text(1), text(1), text(1)], "accessory": button(&json!({ "label": "l".repeat(81) })) }]);
    let section = layout(section);
    assert_eq!(
        section.fault("components.0.components"),
        "BASE_TYPE_MAX_LENGTH"
    );
    assert_eq!(
        section.fault("components.0.accessory.label"),
        "BASE_TYPE_MAX_LENGTH"
    );
    fake.take_violations();
}
