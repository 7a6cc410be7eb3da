//! What is refused before any route is looked at.

use serde_json::{Value, json};

use super::bare::{AGENT, call, form, raw, scene};
use crate::discord::fake::Fake;
use crate::discord::fake::body::LARGEST;
use crate::discord::fake::permission::MANAGE_CHANNELS;

#[test]
fn the_bot_says_who_it_is() {
    let fake = Fake::start();
    let path = "/api/v10/users/@me";
    let good = format!(
        "Authorization: Bot {}\r\nUser-Agent: {AGENT}\r\n",
        fake.token()
    );
    assert_eq!(raw(&fake, "GET", path, &good, b"").unwrap().status, 200);
    for (head, refused) in [
        (format!("User-Agent: {AGENT}\r\n"), (401, 0)),
        (
            format!("Authorization: Bot another\r\nUser-Agent: {AGENT}\r\n"),
            (401, 0),
        ),
        (
            format!("Authorization: {}\r\nUser-Agent: {AGENT}\r\n", fake.token()),
            (401, 0),
        ),
        (
            format!(
                "Authorization: Bearer {}\r\nUser-Agent: {AGENT}\r\n",
                fake.token()
            ),
            (401, 0),
        ),
        (
            format!("Authorization: Bot {}\r\n", fake.token()),
            (403, 40333),
        ),
        (
            format!(
                "Authorization: Bot {}\r\nUser-Agent: bot/1.0\r\n",
                fake.token()
            ),
            (403, 40333),
        ),
        (
            format!(
                "Authorization: Bot {}\r\nUser-Agent: DiscordBot (x)\r\n",
                fake.token()
            ),
            (403, 40333),
        ),
    ] {
        assert_eq!(
            raw(&fake, "GET", path, &head, b"").unwrap().refused(),
            refused,
            "{head}"
        );
    }
    assert_eq!(fake.invalid(), 7);
    fake.reset_token();
    assert_eq!(raw(&fake, "GET", path, &good, b"").unwrap().status, 401);
}

#[test]
fn the_path_begins_with_the_version() {
    let fake = Fake::start();
    let head = format!(
        "Authorization: Bot {}\r\nUser-Agent: {AGENT}\r\n",
        fake.token()
    );
    for path in ["/api/v9/users/@me", "/users/@me", "/api/v10/nowhere"] {
        assert_eq!(
            raw(&fake, "GET", path, &head, b"").unwrap().status,
            404,
            "{path}"
        );
    }
}

#[test]
fn what_has_no_such_method_says_so() {
    let fake = Fake::start();
    let scene = scene(&fake);
    let said = scene.ines.at(scene.salle).say("Bonjour");
    let commands = format!("/applications/{}", fake.application());
    let message = format!("/channels/{}/messages", scene.salle);
    for (method, path, status) in [
        ("PATCH", format!("{commands}/commands"), 405),
        ("GET", format!("{commands}/emojis"), 404),
        ("GET", format!("{commands}/guilds/x/commands"), 404),
        ("GET", format!("/channels/{}/nowhere", scene.salle), 404),
        (
            "PATCH",
            format!("{message}/{said}/reactions/%E2%9C%85/@me"),
            405,
        ),
        (
            "DELETE",
            format!("{message}/{said}/reactions/%E2%9C%85/x"),
            404,
        ),
        ("PUT", format!("{message}/1/reactions/%E2%9C%85/@me"), 404),
    ] {
        assert_eq!(
            call(&fake, method, &path, &Value::Null).status,
            status,
            "{method} {path}"
        );
    }
}

#[test]
fn a_form_is_one() {
    let fake = Fake::start();
    let scene = scene(&fake);
    let path = format!("/api/v10/channels/{}/messages", scene.salle);
    let head = format!(
        "Authorization: Bot {}\r\nUser-Agent: {AGENT}\r\nContent-Type: multipart/form-data; boundary=limite\r\n",
        fake.token()
    );
    let part = |name: &str, text: &str| {
        format!(
            "--limite\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n--limite--\r\n"
        )
    };
    let send = |body: String| raw(&fake, "POST", &path, &head, body.as_bytes()).unwrap();
    assert_eq!(send(part("payload_json", "{")).refused(), (400, 50109));
    assert_eq!(send(part("file", "x")).refused(), (400, 50035));
    assert_eq!(send("x".to_owned()).refused(), (400, 50035));
    assert_eq!(send(part("payload_json", r#"{"content":"x"}"#)).status, 200);
}

#[test]
fn a_body_is_json_of_its_kind_and_not_too_large() {
    let fake = Fake::start();
    let scene = scene(&fake);
    let path = format!("/api/v10/channels/{}/messages", scene.salle);
    let head = |kind: &str| {
        format!(
            "Authorization: Bot {}\r\nUser-Agent: {AGENT}\r\nContent-Type: {kind}\r\n",
            fake.token()
        )
    };
    let json = head("application/json");
    assert_eq!(
        raw(&fake, "POST", &path, &json, b"{").unwrap().refused(),
        (400, 50109)
    );
    let text = head("text/plain");
    assert_eq!(
        raw(&fake, "POST", &path, &text, b"{}").unwrap().fault(""),
        "CONTENT_TYPE_INVALID"
    );
    let large = vec![b' '; LARGEST + 1];
    assert_eq!(
        raw(&fake, "POST", &path, &json, &large).unwrap().refused(),
        (413, 40005)
    );
    let list = call(&fake, "POST", &path["/api/v10".len()..], &json!([]));
    assert_eq!(list.refused(), (400, 50035));
    fake.take_violations();
}

#[test]
fn a_reason_for_the_log_is_short() {
    let fake = Fake::start();
    let scene = scene(&fake);
    scene.guild.allow_bot(MANAGE_CHANNELS);
    let edit = |reason: &str| {
        let head = format!(
            "Authorization: Bot {}\r\nUser-Agent: {AGENT}\r\nContent-Type: application/json\r\nX-Audit-Log-Reason: {reason}\r\n",
            fake.token()
        );
        let path = format!("/api/v10/channels/{}", scene.salle);
        raw(&fake, "PATCH", &path, &head, br#"{"name":"autre"}"#).unwrap()
    };
    assert_eq!(
        edit(&"r".repeat(513)).fault("reason"),
        "BASE_TYPE_MAX_LENGTH"
    );
    assert_eq!(edit(&"r".repeat(512)).status, 200);
    assert_eq!(fake.requests()[1].reason.as_ref().unwrap().len(), 512);
}

#[test]
fn files_stay_within_the_limit_of_the_guild() {
    let fake = Fake::start();
    let scene = scene(&fake);
    let path = format!("/channels/{}/messages", scene.salle);
    let large = vec![b'x'; (10 << 20) + 1];
    let send = |files: &[(u64, &str, &[u8])]| form(&fake, "POST", &path, &json!({}), files);
    assert_eq!(send(&[(0, "plan.pdf", &large)]).refused(), (413, 40005));
    scene.guild.boost(2);
    let sent = send(&[(0, "plan général.pdf", &large)]);
    assert_eq!(sent.body["attachments"][0]["filename"], "plan_général.pdf");
    assert_eq!(sent.body["attachments"][0]["size"], large.len());
    let eleven: Vec<(u64, &str, &[u8])> = (0..11)
        .map(|number| (number, "a.pdf", b"a".as_slice()))
        .collect();
    assert_eq!(send(&eleven).refused(), (400, 30015));
    assert_eq!(
        send(&[(0, "a.pdf", b"a"), (0, "b.pdf", b"b")]).fault("files"),
        "ATTACHMENT_ID_DUPLICATED"
    );
    assert_eq!(send(&[]).refused(), (400, 50006));
    let body = json!({ "attachments": [{ "id": "3", "filename": "a.pdf" }] });
    let unknown = form(&fake, "POST", &path, &body, &[(0, "a.pdf", b"a")]);
    assert_eq!(unknown.fault("attachments.0.id"), "ATTACHMENT_NOT_FOUND");
    let long = json!({ "attachments": [{ "id": 0, "description": "d".repeat(1025) }] });
    let long = form(&fake, "POST", &path, &long, &[(0, "a.pdf", b"a")]);
    assert_eq!(
        long.fault("attachments.0.description"),
        "BASE_TYPE_MAX_LENGTH"
    );
    let list = json!({ "attachments": "x" });
    let list = form(&fake, "POST", &path, &list, &[(0, "a.pdf", b"a")]);
    assert_eq!(list.fault("attachments"), "LIST_TYPE_CONVERT");
    let unnamed = json!({ "attachments": [{ "id": "0", "filename": "" }] });
    let unnamed = form(&fake, "POST", &path, &unnamed, &[(0, "a.pdf", b"a")]);
    assert_eq!(
        unnamed.fault("attachments.0.filename"),
        "BASE_TYPE_REQUIRED"
    );
    fake.take_violations();
}

#[test]
fn files_can_be_had_where_they_are_said_to_be() {
    let fake = Fake::start();
    let scene = scene(&fake);
    let path = format!("/channels/{}/messages", scene.salle);
    let body =
        json!({ "attachments": [{ "id": "7", "filename": "avis.txt", "description": "L’avis" }] });
    let sent = form(
        &fake,
        "POST",
        &path,
        &body,
        &[(7, "x", b"{\"avis\":\"favorable\"}")],
    );
    let attachment = &sent.body["attachments"][0];
    assert_eq!(
        (&attachment["filename"], &attachment["description"]),
        (&json!("avis.txt"), &json!("L’avis"))
    );
    let url = attachment["url"].as_str().unwrap();
    let path = url
        .strip_prefix(&format!("http://{}", fake.address()))
        .unwrap();
    assert_eq!(
        raw(&fake, "GET", path, "", b"").unwrap().body["avis"],
        "favorable"
    );
    assert_eq!(
        raw(&fake, "GET", "/attachments/1/2/avis.txt", "", b"")
            .unwrap()
            .status,
        404
    );
    // An edit says which files stay.
    let message = format!("/channels/{}/messages/{}", scene.salle, sent.id());
    let edit = |attachments: Value| {
        call(
            &fake,
            "PATCH",
            &message,
            &json!({ "content": "sans", "attachments": attachments }),
        )
    };
    assert_eq!(
        edit(json!([{ "id": "1" }])).fault("attachments.0.id"),
        "ATTACHMENT_NOT_FOUND"
    );
    assert_eq!(
        edit(json!([{ "id": attachment["id"] }])).body["attachments"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let room = scene.ines.at(scene.salle);
    let files = || room.message(sent.id()).unwrap().files;
    assert_eq!(
        (files()[0].name.as_str(), files()[0].content.len()),
        ("avis.txt", 20)
    );
    assert_eq!(edit(json!([])).body["attachments"], json!([]));
    assert!(files().is_empty());
}
