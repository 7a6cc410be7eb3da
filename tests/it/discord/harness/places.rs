//! Guilds, channels, threads and who may do what in them.

use serde_json::{Value, json};

use super::bare::{Reply, Socket, call, form, register, scene};
use crate::discord::fake::Fake;
use crate::discord::fake::permission::{
    ADD_REACTIONS, ATTACH_FILES, CREATE_PRIVATE_THREADS, CREATE_PUBLIC_THREADS, EMBED_LINKS,
    MANAGE_CHANNELS, MANAGE_ROLES, MANAGE_THREADS, READ_MESSAGE_HISTORY, SEND_MESSAGES,
    SEND_MESSAGES_IN_THREADS, VIEW_CHANNEL,
};

fn say(fake: &Fake, channel: u64) -> Reply {
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
fn a_message_has_one_thread_which_can_be_put_away() {
    let fake = Fake::start();
    let scene = scene(&fake);
    let room = scene.ines.at(scene.salle);
    let card = say(&fake, scene.salle).id();
    let start = |body: Value| {
        call(
            &fake,
            "POST",
            &format!("/channels/{}/messages/{card}/threads", scene.salle),
            &body,
        )
    };
    assert_eq!(
        start(json!({ "name": "" })).fault("name"),
        "BASE_TYPE_REQUIRED"
    );
    assert_eq!(
        start(json!({ "name": "n".repeat(101) })).fault("name"),
        "BASE_TYPE_BAD_LENGTH"
    );
    let minutes = start(json!({ "name": "n", "auto_archive_duration": 30 }));
    assert_eq!(minutes.fault("auto_archive_duration"), "BASE_TYPE_CHOICES");
    let unknown = call(
        &fake,
        "POST",
        &format!("/channels/{}/messages/1/threads", scene.salle),
        &json!({ "name": "n" }),
    );
    assert_eq!(unknown.refused(), (404, 10008));
    let made = start(json!({ "name": "Dossier 7", "auto_archive_duration": 10080 }));
    assert_eq!((made.status, made.id()), (201, card));
    assert_eq!(start(json!({ "name": "Encore" })).refused(), (400, 160_004));
    assert!(room.message(card).unwrap().threaded);
    assert_eq!(room.threads(), [(card, "Dossier 7".to_owned(), false)]);
    let inside = say(&fake, card).id();
    assert_eq!(room.thread(card).timeline().len(), 1);
    let nested = call(
        &fake,
        "POST",
        &format!("/channels/{card}/messages/{inside}/threads"),
        &json!({ "name": "n" }),
    );
    assert_eq!(nested.refused(), (400, 50024));
    let active = || {
        call(
            &fake,
            "GET",
            &format!("/guilds/{}/threads/active", scene.guild.id),
            &Value::Null,
        )
        .body
    };
    assert_eq!(active()["threads"][0]["id"], card.to_string());
    scene.guild.archive(card, false);
    assert!(active()["threads"].as_array().unwrap().is_empty());
    let message = format!("/channels/{card}/messages/{inside}");
    let edit = || call(&fake, "PATCH", &message, &json!({ "content": "y" }));
    assert_eq!(edit().refused(), (400, 50083));
    assert_eq!(
        call(
            &fake,
            "PUT",
            &format!("{message}/reactions/%E2%9C%85/@me"),
            &Value::Null
        )
        .refused(),
        (400, 50083)
    );
    assert_eq!(
        call(
            &fake,
            "PUT",
            &format!("/channels/{card}/thread-members/@me"),
            &Value::Null
        )
        .refused(),
        (400, 50083)
    );
    let change = |body: Value| call(&fake, "PATCH", &format!("/channels/{card}"), &body);
    assert_eq!(change(json!({ "name": "n" })).refused(), (400, 50083));
    assert_eq!(change(json!({ "archived": false })).status, 200);
    assert_eq!(edit().status, 200);
    scene.guild.archive(card, false);
    assert_eq!(say(&fake, card).status, 200);
    assert!(!scene.guild.is_archived(card), "writing brings it back");
    let gone = call(&fake, "DELETE", &format!("/channels/{card}"), &Value::Null);
    assert_eq!(gone.refused(), (403, 50013));
    assert_eq!(
        call(
            &fake,
            "PUT",
            &format!("/channels/{}/thread-members/@me", scene.salle),
            &Value::Null
        )
        .refused(),
        (400, 50024)
    );
    fake.take_violations();
}

#[test]
fn a_thread_is_written_in_by_those_who_may_and_locked_by_others() {
    let fake = Fake::start();
    let scene = scene(&fake);
    register(&fake, &json!([{ "name": "aide", "description": "Aide" }]));
    let made = |body: Value| {
        call(
            &fake,
            "POST",
            &format!("/channels/{}/threads", scene.salle),
            &body,
        )
    };
    assert_eq!(
        made(json!({ "name": "t", "type": 5 })).fault("type"),
        "BASE_TYPE_CHOICES"
    );
    let thread = made(json!({ "name": "t", "type": 11 })).id();
    scene
        .guild
        .overwrite(scene.salle, fake.bot(), 0, SEND_MESSAGES_IN_THREADS);
    assert_eq!(say(&fake, thread).refused(), (403, 50013));
    assert_eq!(say(&fake, scene.salle).status, 200);
    scene.guild.overwrite(scene.salle, fake.bot(), 0, 0);
    assert_eq!(
        call(
            &fake,
            "PUT",
            &format!("/channels/{thread}/thread-members/{}", scene.ines.id),
            &Value::Null
        )
        .status,
        204
    );
    scene.guild.archive(thread, true);
    assert_eq!(say(&fake, thread).refused(), (403, 160_005));
    let inside = scene.ines.at(scene.salle).thread(thread);
    assert_eq!(
        inside.try_slash("aide", &[]).err().unwrap(),
        "commands cannot be used in an archived thread"
    );
    scene.guild.allow_bot(MANAGE_THREADS);
    assert_eq!(say(&fake, thread).status, 200);
    let gone = call(
        &fake,
        "DELETE",
        &format!("/channels/{thread}"),
        &Value::Null,
    );
    assert_eq!(gone.status, 200);
    assert_eq!(say(&fake, thread).refused(), (404, 10003));
    fake.take_violations();
}

#[test]
fn a_private_thread_is_for_its_members() {
    let fake = Fake::start();
    let scene = scene(&fake);
    scene.guild.allow_bot(CREATE_PRIVATE_THREADS);
    let path = format!("/channels/{}/threads", scene.salle);
    let thread = call(&fake, "POST", &path, &json!({ "name": "t", "type": 12 })).id();
    say(&fake, thread);
    let room = scene.ines.at(thread);
    assert!(room.timeline().is_empty());
    let path = format!("/channels/{thread}/thread-members/{}", scene.ines.id);
    assert_eq!(call(&fake, "PUT", &path, &Value::Null).status, 204);
    assert_eq!(room.timeline().len(), 1);
    let anne = fake.user("anne");
    scene
        .guild
        .join(anne, &[scene.guild.role("chefs", MANAGE_THREADS)]);
    assert_eq!(anne.at(thread).timeline().len(), 1);
    scene.guild.archive(thread, false);
    room.say("Encore");
    assert!(!scene.guild.is_archived(thread), "writing brings it back");
}

#[test]
fn people_are_written_to_in_private_where_they_let_it() {
    let fake = Fake::start();
    let scene = scene(&fake);
    let open = |body: Value| call(&fake, "POST", "/users/@me/channels", &body);
    assert_eq!(open(json!({})).fault("recipient_id"), "BASE_TYPE_REQUIRED");
    assert_eq!(open(json!({ "recipient_id": "1" })).refused(), (400, 50033));
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
