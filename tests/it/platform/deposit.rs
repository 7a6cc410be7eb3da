//! Nothing is deposited here.

use serde_json::json;

use super::desk::Desk;
use crate::daemon::web;

#[test]
fn who_deposits_here_is_sent_to_the_site() {
    let desk = Desk::open("");
    let site = desk.site.fake.base_url();
    let body = json!({ "demarche": desk.site.demarche, "champs": {} }).to_string();
    for token in [desk.token(), "wrong".to_owned()] {
        let reply = web::deposit(desk.http(), &token, "", &body).unwrap();
        assert_eq!(reply.status, 405, "{}", reply.body);
        assert!(reply.body.contains(&site), "{}", reply.body);
    }
    let file = desk.path().join("dossier.json");
    std::fs::write(&file, &body).unwrap();
    let run = desk.run(&["deposit", file.to_str().unwrap()], b"");
    let said = String::from_utf8(run.stderr).unwrap();
    assert_eq!(run.status.code(), Some(65), "{said}");
    assert!(
        said.contains(&format!("deposited there: open {site}")),
        "{said}"
    );
    assert!(!said.starts_with(": "), "{said}");
}
