//! Threads: started, put away, locked, brought back.

use serde_json::{Value, json};

use super::bare::{call, register, scene};
use super::places::say;
use crate::discord::fake::Fake;
use crate::discord::fake::permission::{
    CREATE_PRIVATE_THREADS, MANAGE_ROLES, MANAGE_THREADS, SEND_MESSAGES_IN_THREADS,
};

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
fn what_others_have_opened_is_changed_by_those_who_manage_it() {
    let fake = Fake::start();
    let scene = scene(&fake);
    let thread = scene.ines.at(scene.salle).open_thread("À elle");
    let change = |body: Value| call(&fake, "PATCH", &format!("/channels/{thread}"), &body);
    assert_eq!(change(json!({ "name": "À moi" })).refused(), (403, 50013));
    scene.guild.archive(thread, false);
    assert_eq!(
        change(json!({ "archived": false })).status,
        200,
        "whoever is in it may bring it back"
    );
    scene.guild.archive(thread, true);
    assert_eq!(change(json!({ "archived": false })).refused(), (403, 50013));
    scene.guild.allow_bot(MANAGE_THREADS | MANAGE_ROLES);
    assert_eq!(
        change(json!({ "archived": false, "locked": false })).status,
        200
    );
    assert_eq!(change(json!({ "name": "À tous" })).body["name"], "À tous");
    let path = format!("/channels/{thread}/permissions/{}", scene.ines.id);
    assert_eq!(
        call(&fake, "PUT", &path, &json!({ "type": 1 })).refused(),
        (400, 50024)
    );
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
