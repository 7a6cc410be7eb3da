//! Guilds, channels, threads and who may do what in them.

use serde_json::{Value, json};

use super::bare::{Reply, Socket, call, form, scene};
use crate::discord::fake::Fake;
use crate::discord::fake::permission::{
    ADD_REACTIONS, ATTACH_FILES, CREATE_PRIVATE_THREADS, CREATE_PUBLIC_THREADS, EMBED_LINKS,
    MANAGE_CHANNELS, MANAGE_ROLES, MANAGE_THREADS, READ_MESSAGE_HISTORY, SEND_MESSAGES,
    VIEW_CHANNEL,
};

/// Something said by the bot.
pub(super) fn say(fake: &Fake, channel: u64) -> Reply {
    call(
        fake,
        "POST",
        &format!("/channels/{channel}/messages"),
        &json!({ "content": "x" }),
    )
}

#[test]
fn what_is_not_there_is_unknown() {
    let fake = Fake::start();
    let scene = scene(&fake);
    let get = |path: String| call(&fake, "GET", &path, &Value::Null);
    assert_eq!(say(&fake, 1).refused(), (404, 10003));
    assert_eq!(get("/channels/1".to_owned()).refused(), (404, 10003));
    assert_eq!(get("/guilds/1".to_owned()).refused(), (404, 10004));
    assert_eq!(
        get(format!("/guilds/{}/members/1", scene.guild.id)).refused(),
        (404, 10007)
    );
    assert_eq!(
        get("/channels/x".to_owned()).fault("id"),
        "NUMBER_TYPE_COERCE"
    );
    let me = get(format!("/guilds/{}/members/@me", scene.guild.id));
    assert_eq!(me.body["user"]["id"], fake.bot().to_string());
    assert_eq!(
        get(format!("/guilds/{}", scene.guild.id)).body["name"],
        "Préfecture"
    );
    assert_eq!(
        get(format!("/guilds/{}/roles", scene.guild.id))
            .body
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(
        get(format!("/guilds/{}/channels", scene.guild.id)).body[0]["name"],
        "salle"
    );
    assert_eq!(
        get("/users/@me/guilds".to_owned()).body[0]["id"],
        scene.guild.id.to_string()
    );
    for path in ["/applications/@me", "/oauth2/applications/@me"] {
        assert_eq!(
            get(path.to_owned()).body["id"],
            fake.application().to_string()
        );
    }
    assert_eq!(get("/gateway".to_owned()).body["url"], fake.gateway());
    scene.guild.delete(scene.salle);
    assert_eq!(say(&fake, scene.salle).refused(), (404, 10003));
    let (mut socket, _) = Socket::identified(&fake, 1);
    scene.guild.expel_bot();
    assert_eq!(
        socket.event("GUILD_DELETE")["d"]["id"],
        scene.guild.id.to_string()
    );
    assert_eq!(
        get(format!("/guilds/{}", scene.guild.id)).refused(),
        (403, 50001)
    );
}

#[test]
fn the_bot_does_what_it_may() {
    let fake = Fake::start();
    let scene = scene(&fake);
    let said = scene.ines.at(scene.salle).say("Bonjour");
    let channel = format!("/channels/{}", scene.salle);
    let reaction = format!("{channel}/messages/{said}/reactions/%E2%9C%85/@me");
    let post = |body: Value| call(&fake, "POST", &format!("{channel}/messages"), &body);
    let embed = || post(json!({ "embeds": [{ "title": "t" }] }));
    let file = || {
        form(
            &fake,
            "POST",
            &format!("{channel}/messages"),
            &json!({}),
            &[(0, "a.pdf", b"a")],
        )
    };
    let thread = || {
        call(
            &fake,
            "POST",
            &format!("{channel}/messages/{said}/threads"),
            &json!({ "name": "t" }),
        )
    };
    let private = || {
        call(
            &fake,
            "POST",
            &format!("{channel}/threads"),
            &json!({ "name": "t" }),
        )
    };
    let cases: [(u64, &dyn Fn() -> Reply); 9] = [
        (SEND_MESSAGES, &|| say(&fake, scene.salle)),
        (EMBED_LINKS, &embed),
        (ATTACH_FILES, &file),
        (READ_MESSAGE_HISTORY, &|| {
            call(
                &fake,
                "GET",
                &format!("{channel}/messages/{said}"),
                &Value::Null,
            )
        }),
        (ADD_REACTIONS, &|| {
            call(&fake, "PUT", &reaction, &Value::Null)
        }),
        (CREATE_PUBLIC_THREADS, &thread),
        (CREATE_PRIVATE_THREADS, &private),
        (SEND_MESSAGES, &|| {
            call(&fake, "POST", &format!("{channel}/typing"), &Value::Null)
        }),
        (MANAGE_CHANNELS, &|| {
            call(&fake, "PATCH", &channel, &json!({ "name": "autre" }))
        }),
    ];
    scene
        .guild
        .allow_bot(CREATE_PRIVATE_THREADS | MANAGE_CHANNELS);
    for (permission, act) in cases {
        scene
            .guild
            .overwrite(scene.salle, fake.bot(), 0, permission);
        assert_eq!(act().refused(), (403, 50013), "{permission}");
        scene.guild.overwrite(scene.salle, fake.bot(), 0, 0);
        assert!(act().status < 300, "{permission}");
        scene
            .guild
            .overwrite(scene.salle, fake.bot(), 0, VIEW_CHANNEL);
        assert_eq!(act().refused(), (403, 50001), "{permission}");
    }
    assert_eq!(fake.invalid(), 18);
}

#[test]
fn overwrites_are_given_by_those_who_have_them() {
    let fake = Fake::start();
    let scene = scene(&fake);
    let put = |body: Value| {
        let path = format!("/channels/{}/permissions/{}", scene.salle, scene.ines.id);
        call(&fake, "PUT", &path, &body)
    };
    let deny = json!({ "type": 1, "deny": SEND_MESSAGES.to_string() });
    assert_eq!(put(deny.clone()).refused(), (403, 50013));
    scene.guild.allow_bot(MANAGE_ROLES);
    assert_eq!(put(json!({ "type": 2 })).fault("type"), "BASE_TYPE_CHOICES");
    assert_eq!(
        put(json!({ "type": 1, "allow": "x" })).fault("allow"),
        "NUMBER_TYPE_COERCE"
    );
    assert_eq!(
        put(json!({ "type": 1, "allow": MANAGE_THREADS.to_string() })).refused(),
        (403, 50013)
    );
    assert_eq!(put(deny).status, 204);
    let channel = call(
        &fake,
        "GET",
        &format!("/channels/{}", scene.salle),
        &Value::Null,
    );
    assert_eq!(
        channel.body["permission_overwrites"][0]["deny"],
        SEND_MESSAGES.to_string()
    );
    fake.take_violations();
}

#[test]
fn a_channel_is_changed_within_its_form() {
    let fake = Fake::start();
    let scene = scene(&fake);
    scene.guild.allow_bot(MANAGE_CHANNELS);
    let path = format!("/channels/{}", scene.salle);
    for (key, value, code) in [
        ("name", json!("n".repeat(101)), "BASE_TYPE_BAD_LENGTH"),
        ("topic", json!("t".repeat(1025)), "BASE_TYPE_MAX_LENGTH"),
        ("archived", json!("oui"), "BOOLEAN_TYPE_CONVERT"),
        ("locked", json!("oui"), "BOOLEAN_TYPE_CONVERT"),
    ] {
        assert_eq!(
            call(&fake, "PATCH", &path, &json!({ key: value })).fault(key),
            code
        );
    }
    assert_eq!(
        call(&fake, "PATCH", &path, &json!({ "name": "autre" })).body["name"],
        "autre"
    );
    let slow = json!({ "name": "t", "rate_limit_per_user": 21_601 });
    let slow = call(&fake, "POST", &format!("{path}/threads"), &slow);
    assert_eq!(slow.fault("rate_limit_per_user"), "NUMBER_TYPE_MAX");
    fake.take_violations();
}

#[test]
fn people_are_written_to_in_private_where_they_let_it() {
    let fake = Fake::start();
    let scene = scene(&fake);
    let open = |body: Value| call(&fake, "POST", "/users/@me/channels", &body);
    assert_eq!(open(json!({})).fault("recipient_id"), "BASE_TYPE_REQUIRED");
    assert_eq!(open(json!({ "recipient_id": "1" })).refused(), (400, 50033));
    assert_eq!(
        open(json!({ "recipient_id": "ines" })).fault("recipient_id"),
        "NUMBER_TYPE_COERCE"
    );
    let ines = json!({ "recipient_id": scene.ines.id.to_string() });
    let channel = open(ines.clone()).id();
    assert_eq!(open(ines).id(), channel, "there is one");
    let direct = scene.ines.direct();
    assert_eq!(direct.id, channel);
    let (mut socket, _) = Socket::identified(&fake, 1 << 12);
    say(&fake, channel);
    assert_eq!(socket.event("MESSAGE_CREATE")["d"]["content"], "x");
    assert_eq!(direct.shown(0, "x").author, fake.bot());
    assert!(scene.guild.member("paul").at(channel).timeline().is_empty());
    scene.ines.takes_direct(false);
    assert_eq!(say(&fake, channel).refused(), (403, 50007));
    scene.ines.takes_direct(true);
    scene.guild.part(scene.ines);
    assert_eq!(say(&fake, channel).refused(), (403, 50278));
    fake.take_violations();
}
