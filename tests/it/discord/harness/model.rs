//! What the fake tells is what the daemon's own library of Discord understands.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use twilight_model::application::command::Command;
use twilight_model::application::interaction::Interaction;
use twilight_model::channel::{Channel, Message};
use twilight_model::gateway::payload::incoming::{GuildCreate, MessageDelete, ReactionAdd, Ready};
use twilight_model::guild::{Guild, Member, Role};
use twilight_model::oauth::Application;
use twilight_model::user::CurrentUser;

use super::bare::{Socket, call, callback, register, scene};
use crate::discord::fake::Fake;

fn read<T: DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap_or_else(|why| panic!("{why}\n{value:#}"))
}

#[test]
fn answers_and_events_are_read() {
    let fake = Fake::start();
    let scene = scene(&fake);
    let room = scene.ines.at(scene.salle);
    let thread = call(
        &fake,
        "POST",
        &format!("/channels/{}/threads", scene.salle),
        &json!({ "name": "t", "type": 11 }),
    );
    let get = |path: &str| call(&fake, "GET", path, &Value::Null).body;
    read::<CurrentUser>(&get("/users/@me"));
    read::<Application>(&get("/applications/@me"));
    read::<Guild>(&get(&format!("/guilds/{}", scene.guild.id)));
    read::<Vec<Role>>(&get(&format!("/guilds/{}/roles", scene.guild.id)));
    read::<Member>(&get(&format!("/guilds/{}/members/@me", scene.guild.id)));
    read::<Channel>(&get(&format!("/channels/{}", scene.salle)));
    read::<Channel>(&get(&format!("/channels/{}", scene.ines.direct().id)));
    read::<Channel>(&thread.body);
    let (mut socket, ready) = Socket::identified(&fake, 1 | 1 << 9 | 1 << 10);
    read::<Ready>(&ready["d"]);
    let guild: GuildCreate = read(&socket.event("GUILD_CREATE")["d"]);
    let GuildCreate::Available(guild) = guild else {
        panic!("the guild is there");
    };
    assert_eq!((guild.channels.len(), guild.threads.len()), (1, 1));
    let said = room.say("Bonjour");
    read::<Message>(&socket.event("MESSAGE_CREATE")["d"]);
    room.react(said, "✅");
    read::<ReactionAdd>(&socket.event("MESSAGE_REACTION_ADD")["d"]);
    read::<Message>(&get(&format!("/channels/{}/messages/{said}", scene.salle)));
    room.delete(said);
    read::<MessageDelete>(&socket.event("MESSAGE_DELETE")["d"]);
}

#[test]
fn interactions_of_every_kind_are_read() {
    let fake = Fake::start();
    fake.stop_clock();
    let scene = scene(&fake);
    let room = scene.ines.at(scene.salle);
    let commands = register(
        &fake,
        &json!([{ "name": "aide", "description": "Aide", "options": [
        { "type": 3, "name": "sujet", "description": "s", "autocomplete": true },
        { "type": 6, "name": "qui", "description": "q" },
        { "type": 7, "name": "ou", "description": "o" },
        { "type": 11, "name": "piece", "description": "p" },
    ] }]),
    );
    read::<Vec<Command>>(&commands.body);
    let (mut socket, _) = Socket::identified(&fake, 1);
    let options = [
        ("sujet", json!("avis")),
        ("qui", json!(scene.ines.id.to_string())),
        ("ou", json!(scene.salle.to_string())),
        (
            "piece",
            scene.ines.file("a.pdf", "application/pdf", b"%PDF"),
        ),
    ];
    for place in [room, scene.ines.direct()] {
        let asked = place.slash("aide", &options);
        let event = socket.event("INTERACTION_CREATE");
        let it: Interaction = read(&event["d"]);
        assert_eq!(it.author_id().unwrap().get(), scene.ines.id);
        let modal = json!({ "type": 9, "data": { "custom_id": "m", "title": "t", "components": [
            { "type": 1, "components": [{ "type": 4, "custom_id": "a", "label": "A", "style": 1 }] },
            { "type": 18, "label": "B", "component": { "type": 4, "custom_id": "b", "style": 1 } },
            { "type": 18, "label": "C", "component": { "type": 3, "custom_id": "c", "options": [{ "label": "Un", "value": "1" }] } },
        ] } });
        call(&fake, "POST", &callback(&event), &modal);
        asked.submit(&[
            ("a", json!("un")),
            ("b", json!("deux")),
            ("c", json!(["1"])),
        ]);
        let event = socket.event("INTERACTION_CREATE");
        read::<Interaction>(&event["d"]);
        let answer = json!({ "type": 4, "data": { "content": "x", "components": [
            { "type": 1, "components": [{ "type": 2, "style": 1, "label": "Oui", "custom_id": "oui" }] },
            { "type": 1, "components": [{ "type": 3, "custom_id": "c", "options": [{ "label": "Un", "value": "1" }] }] },
        ] } });
        call(&fake, "POST", &callback(&event), &answer);
        let message = place.shown(0, "x").id;
        place.press(message, "Oui");
        read::<Interaction>(&socket.event("INTERACTION_CREATE")["d"]);
        place.select(message, "c", &["1"]);
        read::<Interaction>(&socket.event("INTERACTION_CREATE")["d"]);
    }
    std::thread::scope(|scope| {
        let proposed = scope.spawn(|| room.complete("aide", &[], "sujet", "a"));
        let event = socket.event("INTERACTION_CREATE");
        read::<Interaction>(&event["d"]);
        call(
            &fake,
            "POST",
            &callback(&event),
            &json!({ "type": 8, "data": { "choices": [] } }),
        );
        assert!(proposed.join().unwrap().is_empty());
    });
}
