//! What Discord's client lets people do, and what the bot is told of it.

use serde_json::{Value, json};

use super::bare::{Socket, call, callback, raw, register, scene};
use crate::discord::fake::Fake;
use crate::discord::fake::permission::{MANAGE_MESSAGES, USE_APPLICATION_COMMANDS, VIEW_CHANNEL};

fn commands() -> Value {
    json!([
        { "name": "suivre", "description": "Suit", "options": [
            { "type": 4, "name": "dossier", "description": "d", "required": true, "min_value": 1, "autocomplete": true },
            { "type": 3, "name": "mode", "description": "m", "choices": [{ "name": "Tout", "value": "all" }] },
            { "type": 3, "name": "note", "description": "n", "min_length": 2, "max_length": 5 },
            { "type": 5, "name": "vite", "description": "v" },
            { "type": 6, "name": "qui", "description": "q" },
            { "type": 7, "name": "ou", "description": "o" },
            { "type": 10, "name": "part", "description": "p", "max_value": 1.5 },
            { "type": 11, "name": "piece", "description": "p" },
        ] },
        { "name": "avis", "description": "Avis", "options": [
            { "type": 1, "name": "demander", "description": "d", "options": [{ "type": 3, "name": "expert", "description": "e", "required": true }] },
            { "type": 2, "name": "liste", "description": "l", "options": [{ "type": 1, "name": "ouverts", "description": "o" }] },
        ] },
        { "name": "decide", "name_localizations": { "fr": "décider" }, "description": "Décide", "default_member_permissions": MANAGE_MESSAGES.to_string(), "contexts": [0] },
        { "name": "masse", "description": "Masse", "default_member_permissions": "0" },
    ])
}

#[test]
fn options_are_what_the_command_says_they_are() {
    let fake = Fake::start();
    let scene = scene(&fake);
    let made = register(&fake, &commands());
    assert_eq!(made.status, 200, "{made:?}");
    let (mut socket, _) = Socket::identified(&fake, 1);
    let room = scene.ines.at(scene.salle);
    let refused =
        |line: &str, options: &[(&str, Value)]| room.try_slash(line, options).err().unwrap();
    assert_eq!(refused("nulle", &[]), "there is no command /nulle");
    assert_eq!(refused("suivre", &[]), "the option \"dossier\" is required");
    assert_eq!(
        refused("suivre", &[("x", json!(1))]),
        "there is no option x"
    );
    for (name, value) in [
        ("dossier", json!("un")),
        ("dossier", json!(0)),
        ("mode", json!("rien")),
        ("note", json!("n")),
        ("note", json!("longue")),
        ("vite", json!("oui")),
        ("qui", json!("1")),
        ("ou", json!("1")),
        ("part", json!(1.6)),
        ("piece", json!("1")),
    ] {
        let why = refused("suivre", &[("dossier", json!(7)), (name, value.clone())]);
        assert!(why.contains("is not a value for"), "{name}: {why}");
    }
    assert_eq!(refused("avis", &[]), "\"avis\" needs a subcommand");
    assert_eq!(
        refused("avis rendre", &[]),
        "\"avis\" has no subcommand rendre"
    );
    let piece = scene
        .ines
        .file("avis.json", "application/json", br#"{"oui":true}"#);
    room.slash(
        "suivre",
        &[
            ("dossier", json!(7)),
            ("mode", json!("Tout")),
            ("qui", json!(scene.ines.id.to_string())),
            ("ou", json!(scene.salle.to_string())),
            ("piece", piece.clone()),
        ],
    );
    let event = socket.event("INTERACTION_CREATE");
    let data = &event["d"]["data"];
    assert_eq!(
        data["options"][0],
        json!({ "name": "dossier", "type": 4, "value": 7 })
    );
    assert_eq!(data["options"][1]["value"], "all");
    assert_eq!(
        data["resolved"]["users"][scene.ines.id.to_string()]["username"],
        "ines"
    );
    assert_eq!(
        data["resolved"]["channels"][scene.salle.to_string()]["name"],
        "salle"
    );
    let attachment = &data["resolved"]["attachments"][piece.as_str().unwrap()];
    let url = attachment["url"].as_str().unwrap();
    let path = url
        .strip_prefix(&format!("http://{}", fake.address()))
        .unwrap();
    assert_eq!(raw(&fake, "GET", path, "", b"").unwrap().body["oui"], true);
    room.slash("avis demander", &[("expert", json!("abf"))]);
    let event = socket.event("INTERACTION_CREATE");
    assert_eq!(
        event["d"]["data"]["options"][0]["options"][0]["value"],
        "abf"
    );
    room.slash("avis liste ouverts", &[]);
    let event = socket.event("INTERACTION_CREATE");
    assert_eq!(event["d"]["data"]["options"][0]["type"], 2);
    assert_eq!(
        event["d"]["data"]["options"][0]["options"][0]["name"],
        "ouverts"
    );
}

#[test]
fn people_are_offered_what_they_may_use() {
    let fake = Fake::start();
    let scene = scene(&fake);
    register(&fake, &commands());
    let chief = scene.guild.role("chefs", MANAGE_MESSAGES);
    let anne = fake.user("anne");
    scene.guild.join(anne, &[chief]);
    let (ines, anne) = (scene.ines.at(scene.salle), anne.at(scene.salle));
    assert!(ines.offers("suivre") && !ines.offers("decide") && !ines.offers("masse"));
    assert!(anne.offers("decide") && anne.offers("décider") && !anne.offers("masse"));
    scene.ines.speaks("en-US");
    assert!(!ines.offers("décider"));
    let direct = scene.ines.direct();
    assert!(direct.is_direct() && direct.offers("suivre") && !direct.offers("decide"));
    scene
        .guild
        .overwrite(scene.salle, scene.ines.id, 0, USE_APPLICATION_COMMANDS);
    assert!(!ines.offers("suivre"));
    scene
        .guild
        .overwrite(scene.salle, scene.ines.id, 0, VIEW_CHANNEL);
    assert_eq!(
        ines.try_slash("suivre", &[]).err().unwrap(),
        "this person does not see the channel"
    );
    ines.person.at(scene.salle);
    assert!(ines.timeline().is_empty());
    scene.guild.part(anne.person);
    assert!(anne.try_slash("suivre", &[]).is_err());
}

#[test]
fn what_is_for_one_person_is_for_nobody_else() {
    let fake = Fake::start();
    fake.stop_clock();
    let scene = scene(&fake);
    register(&fake, &commands());
    let (mut socket, _) = Socket::identified(&fake, 1);
    let paul = scene.guild.member("paul").at(scene.salle);
    let room = scene.ines.at(scene.salle);
    let asked = room.slash("avis liste ouverts", &[]);
    let event = socket.event("INTERACTION_CREATE");
    let components = json!([{ "type": 1, "components": [
        { "type": 2, "style": 3, "label": "Oui", "custom_id": "oui" },
        { "type": 2, "style": 3, "label": "Non", "custom_id": "non", "disabled": true },
        { "type": 2, "style": 5, "label": "Lien", "url": "https://a.example" },
    ] }, { "type": 1, "components": [
        { "type": 3, "custom_id": "choix", "placeholder": "Lequel ?", "options": [{ "label": "Un", "value": "1" }, { "label": "Deux", "value": "2" }] },
    ] }]);
    let answer = json!({ "type": 4, "data": { "content": "Lequel ?", "flags": 64, "components": components } });
    assert_eq!(call(&fake, "POST", &callback(&event), &answer).status, 204);
    let seen = asked.answer();
    assert_eq!(seen.buttons(), ["Oui", "Lien"]);
    assert_eq!(seen.options()[1], ("Deux".to_owned(), "2".to_owned()));
    assert_eq!(
        paul.try_press(seen.id, "Oui").err().unwrap(),
        "the message is for somebody else"
    );
    for (which, why) in [
        ("Non", "disabled"),
        ("Lien", "a link"),
        ("Peut-être", "no button"),
    ] {
        assert!(
            room.try_press(seen.id, which).err().unwrap().contains(why),
            "{which}"
        );
    }
    for (values, why) in [
        (&["3"][..], "the menu has no 3"),
        (&["1", "2"], "the menu takes 1 to 1 values"),
        (&[], "the menu takes 1 to 1 values"),
    ] {
        assert_eq!(
            room.try_select(seen.id, "choix", values).err().unwrap(),
            why
        );
    }
    room.select(seen.id, "Lequel ?", &["2"]);
    let event = socket.event("INTERACTION_CREATE");
    assert_eq!(event["d"]["data"]["values"], json!(["2"]));
    assert_eq!(event["d"]["message"]["flags"], 64);
}

#[test]
fn modals_are_filled_in_as_they_ask() {
    let fake = Fake::start();
    fake.stop_clock();
    let scene = scene(&fake);
    register(&fake, &commands());
    let (mut socket, _) = Socket::identified(&fake, 1);
    let room = scene.ines.at(scene.salle);
    let asked = room.slash("avis liste ouverts", &[]);
    let event = socket.event("INTERACTION_CREATE");
    let modal = json!({ "type": 9, "data": { "custom_id": "v1:avis", "title": "Avis", "components": [
        { "type": 1, "components": [{ "type": 4, "custom_id": "texte", "label": "Texte", "style": 2, "min_length": 3, "max_length": 10 }] },
        { "type": 10, "content": "Un mot encore" },
        { "type": 18, "label": "Note", "component": { "type": 4, "custom_id": "note", "style": 1, "required": false } },
        { "type": 18, "label": "Sens", "component": { "type": 3, "custom_id": "sens", "options": [{ "label": "Favorable", "value": "oui" }] } },
        { "type": 18, "label": "Pièce", "component": { "type": 19, "custom_id": "piece", "required": false } },
    ] } });
    assert_eq!(call(&fake, "POST", &callback(&event), &modal).status, 204);
    let sens = ("sens", json!(["oui"]));
    let refused = |values: &[(&str, Value)]| asked.try_submit(values).err().unwrap();
    assert_eq!(
        refused(&[("texte", json!("ab")), sens.clone()]),
        "\"texte\" takes 3 to 10 characters"
    );
    assert_eq!(
        refused(std::slice::from_ref(&sens)),
        "\"texte\" takes 3 to 10 characters"
    );
    assert_eq!(refused(&[("texte", json!("abc"))]), "\"sens\" is required");
    assert_eq!(
        refused(&[("texte", json!("abc")), ("sens", json!(["non"]))]),
        "the menu has no non"
    );
    assert!(
        refused(&[("texte", json!("abc")), sens.clone(), ("autre", json!("x"))]).contains("autre")
    );
    let piece = scene.ines.file("plan.pdf", "application/pdf", b"%PDF");
    asked.submit(&[("texte", json!("abc")), sens, ("piece", json!([piece]))]);
    let event = socket.event("INTERACTION_CREATE");
    let data = &event["d"]["data"];
    assert_eq!(data["components"][0]["components"][0]["value"], "abc");
    assert_eq!(data["components"][2]["component"]["value"], "");
    assert_eq!(data["components"][3]["component"]["values"], json!(["oui"]));
    assert_eq!(
        data["resolved"]["attachments"][piece.as_str().unwrap()]["filename"],
        "plan.pdf"
    );
}
