//! The rules of modals.

use serde_json::{Value, json};

use super::bare::{call, callback, webhook};
use super::interactions::{listening, slash};
use crate::discord::fake::Fake;

/// The answer that opens a modal.
fn modal(components: &Value) -> Value {
    json!({ "type": 9, "data": { "custom_id": "v1:motif", "title": "Motivation", "components": components } })
}

/// A row with one text.
fn text(more: &Value) -> Value {
    let mut text = json!({ "type": 4, "custom_id": "motif", "style": 2, "label": "Motif" });
    for (key, value) in more.as_object().unwrap() {
        text[key] = value.clone();
    }
    json!({ "type": 1, "components": [text] })
}

#[test]
fn modals_have_a_title_and_a_few_fields() {
    let fake = Fake::start();
    let (scene, mut socket) = listening(&fake);
    let (asked, event) = slash(&scene, &mut socket);
    let answer = |body: &Value| call(&fake, "POST", &callback(&event), body);
    let place = "data.components.0.components.0";
    for (more, path, code) in [
        (
            json!({ "label": "l".repeat(46) }),
            "label",
            "BASE_TYPE_BAD_LENGTH",
        ),
        (json!({ "label": null }), "label", "BASE_TYPE_REQUIRED"),
        (json!({ "style": 3 }), "style", "BASE_TYPE_CHOICES"),
        (
            json!({ "custom_id": "" }),
            "custom_id",
            "BASE_TYPE_REQUIRED",
        ),
        (
            json!({ "max_length": 4001 }),
            "max_length",
            "NUMBER_TYPE_MAX",
        ),
        (
            json!({ "min_length": 9, "max_length": 8 }),
            "min_length",
            "TEXT_INPUT_MIN_LENGTH_EXCEEDS_MAX",
        ),
        (
            json!({ "value": "v".repeat(4001) }),
            "value",
            "BASE_TYPE_MAX_LENGTH",
        ),
        (
            json!({ "placeholder": "p".repeat(101) }),
            "placeholder",
            "BASE_TYPE_MAX_LENGTH",
        ),
    ] {
        let refused = answer(&modal(&json!([text(&more)])));
        assert_eq!(refused.fault(&format!("{place}.{path}")), code, "{more}");
    }
    let many: Value = (0..6)
        .map(|number| text(&json!({ "custom_id": format!("t{number}") })))
        .collect();
    assert_eq!(
        answer(&modal(&many)).fault("data.components"),
        "BASE_TYPE_MAX_LENGTH"
    );
    assert_eq!(
        answer(&modal(&json!([]))).fault("data.components"),
        "BASE_TYPE_BAD_LENGTH"
    );
    let bare = json!([{ "type": 1, "components": [] }]);
    assert_eq!(
        answer(&modal(&bare)).fault("data.components.0.components"),
        "BASE_TYPE_BAD_LENGTH"
    );
    let button = json!([{ "type": 1, "components": [{ "type": 2, "style": 1, "label": "l", "custom_id": "c" }] }]);
    assert_eq!(
        answer(&modal(&button)).fault(&format!("{place}.type")),
        "BASE_TYPE_CHOICES"
    );
    let twice = json!([text(&json!({})), text(&json!({}))]);
    assert_eq!(
        answer(&modal(&twice)).fault("data.components.1.components.0.custom_id"),
        "COMPONENT_CUSTOM_ID_DUPLICATED"
    );
    let label = json!([{ "type": 18, "label": "l".repeat(46), "component": { "type": 4, "custom_id": "a", "style": 1, "label": "non" } }]);
    let refused = answer(&modal(&label));
    assert_eq!(
        refused.fault("data.components.0.label"),
        "BASE_TYPE_BAD_LENGTH"
    );
    assert_eq!(
        refused.fault("data.components.0.component.label"),
        "TEXT_INPUT_LABEL_NOT_ALLOWED"
    );
    let mut titled = modal(&json!([text(&json!({}))]));
    titled["data"]["title"] = json!("t".repeat(46));
    assert_eq!(answer(&titled).fault("data.title"), "BASE_TYPE_BAD_LENGTH");
    let mut named = modal(&json!([text(&json!({}))]));
    named["data"]["custom_id"] = json!("");
    assert_eq!(answer(&named).fault("data.custom_id"), "BASE_TYPE_REQUIRED");
    let empty = answer(&modal(&json!([{ "type": 10, "content": "" }])));
    assert_eq!(
        empty.fault("data.components.0.content"),
        "BASE_TYPE_REQUIRED"
    );
    let other = answer(&modal(&json!([{ "type": 17 }])));
    assert_eq!(other.fault("data.components.0.type"), "BASE_TYPE_CHOICES");
    let one = text(&json!({}))["components"][0].clone();
    let two = json!([{ "type": 1, "components": [one, text(&json!({ "custom_id": "b" }))["components"][0]] }]);
    assert_eq!(
        answer(&modal(&two)).fault("data.components.0.components"),
        "BASE_TYPE_MAX_LENGTH"
    );
    assert!(!asked.is_answered());
    fake.take_violations();
}

#[test]
fn modals_open_first_and_not_on_modals() {
    let fake = Fake::start();
    let (scene, mut socket) = listening(&fake);
    let (asked, event) = slash(&scene, &mut socket);
    let answer = |body: &Value| call(&fake, "POST", &callback(&event), body);
    assert_eq!(answer(&modal(&json!([text(&json!({}))]))).status, 204);
    assert_eq!(asked.modal()["title"], "Motivation");
    // Nothing is there to edit, and what was sent cannot open another.
    let original = format!("{}/messages/@original", webhook(&event));
    assert_eq!(
        call(&fake, "GET", &original, &Value::Null).refused(),
        (404, 10008)
    );
    let sent = asked.submit(&[("motif", json!("Complet"))]);
    let event = socket.event("INTERACTION_CREATE");
    let again = call(
        &fake,
        "POST",
        &callback(&event),
        &modal(&json!([text(&json!({}))])),
    );
    assert_eq!(again.fault("type"), "BASE_TYPE_CHOICES");
    assert_eq!(
        call(&fake, "POST", &callback(&event), &json!({ "type": 5 })).status,
        204
    );
    assert_eq!(sent.acknowledged().0, 5);
    // After it was put off it cannot open one either.
    let (_asked, event) = slash(&scene, &mut socket);
    call(&fake, "POST", &callback(&event), &json!({ "type": 5 }));
    let late = call(
        &fake,
        "POST",
        &callback(&event),
        &modal(&json!([text(&json!({}))])),
    );
    assert_eq!(late.refused(), (400, 40060));
    fake.take_violations();
}

#[test]
fn captions_stand_around_what_they_caption() {
    let fake = Fake::start();
    let (scene, mut socket) = listening(&fake);
    let (asked, event) = slash(&scene, &mut socket);
    let answer = |body: &Value| call(&fake, "POST", &callback(&event), body);
    let options = json!([{ "label": "Un", "value": "1" }]);
    let menu = |more: &Value| {
        let mut menu = json!({ "type": 3, "custom_id": "c", "options": options });
        for (key, value) in more.as_object().unwrap() {
            menu[key] = value.clone();
        }
        menu
    };
    let input =
        |key: &str, value: Value| json!({ "type": 4, "custom_id": "c", "style": 1, key: value });
    let upload = |key: &str, value: Value| json!({ "type": 19, "custom_id": "c", key: value });
    for (component, path, code) in [
        (
            menu(&json!({ "required": 1 })),
            ".required",
            "BOOLEAN_TYPE_CONVERT",
        ),
        (
            menu(&json!({ "disabled": true })),
            ".disabled",
            "COMPONENT_DISABLED_INVALID",
        ),
        (
            menu(&json!({ "options": [] })),
            ".options",
            "BASE_TYPE_BAD_LENGTH",
        ),
        (
            upload("min_values", json!(11)),
            ".min_values",
            "NUMBER_TYPE_MAX",
        ),
        (
            upload("max_values", json!(11)),
            ".max_values",
            "NUMBER_TYPE_MAX",
        ),
        (json!({ "type": 2 }), ".type", "BASE_TYPE_CHOICES"),
        (
            input("min_length", json!(-1)),
            ".min_length",
            "NUMBER_TYPE_MIN",
        ),
        (
            input("required", json!("oui")),
            ".required",
            "BOOLEAN_TYPE_CONVERT",
        ),
        (json!({ "type": 21 }), ".custom_id", "BASE_TYPE_REQUIRED"),
        (json!({ "type": 19 }), ".custom_id", "BASE_TYPE_REQUIRED"),
    ] {
        let label = json!([{ "type": 18, "label": "l", "component": component }]);
        let fault = answer(&modal(&label)).fault(&format!("data.components.0.component{path}"));
        assert_eq!(fault, code, "{label}");
    }
    let long = json!([{ "type": 18, "label": "l", "description": "d".repeat(101), "component": menu(&json!({})) }]);
    let long = answer(&modal(&long));
    assert_eq!(
        long.fault("data.components.0.description"),
        "BASE_TYPE_MAX_LENGTH"
    );
    assert!(!asked.is_answered());
    fake.take_violations();
}
