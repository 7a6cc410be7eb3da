//! Start, stop, health.

use std::thread;
use std::time::{Duration, Instant};

use super::desk::{Desk, INES, LINA, dossier};
use super::post::Smtp;
use super::web;

/// How long stopping may take, with some for the machine.
const GRACE: Duration = Duration::from_secs(12);

#[test]
fn a_second_process_on_the_same_store_is_told_so() {
    let desk = Desk::open();
    let second = desk.run(&["run", "--console", "off"], b"");
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8(second.stderr).unwrap();
    assert!(said.contains("another greffier has the store"), "{said}");
    let import = desk.run(&["store", "import"], b"");
    assert_eq!(import.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&import.stderr).contains("something at"));
    // The first one has not noticed.
    desk.deposit(LINA, "Nord");
}

#[test]
fn health_and_figures_are_served() {
    let desk = Desk::open();
    desk.deposit(LINA, "Nord");
    let get = |path: &str| web::get(desk.http(), path).unwrap();
    assert_eq!(get("/healthz").status, 200);
    assert_eq!(get("/readyz").status, 200);
    let metrics = get("/metrics");
    assert_eq!(metrics.status, 200);
    let heard = "greffier_heard_total{kind=\"deposit\",verdict=\"done\"} 1";
    assert!(metrics.body.contains(heard), "{}", metrics.body);
    assert_eq!(get("/nulle-part").status, 404);
    let body = dossier(LINA, "Nord").to_string();
    let stranger = web::deposit(desk.http(), "0123456789abcdef", "", &body).unwrap();
    assert_eq!(stranger.status, 401, "{}", stranger.body);
    let wrong = desk.post("", &dossier("pas une adresse", "Est")).unwrap();
    assert_eq!(wrong.status, 422);
    assert!(
        wrong.body.contains("/champs/secteur") && wrong.body.contains("/usager"),
        "{}",
        wrong.body
    );
}

#[test]
fn it_stops_in_time_with_work_under_way() {
    let mut desk = Desk::open();
    let begun = thread::scope(|scope| {
        let clients: Vec<_> = (0..4)
            .map(|client| {
                let desk = &desk;
                scope.spawn(move || {
                    // Until it does not answer any more.
                    (0..200)
                        .map_while(|turn| {
                            desk.post(&format!("{client}-{turn}"), &dossier(LINA, "Nord"))
                        })
                        .filter(|reply| reply.status == 201)
                        .map(|reply| reply.json()["dossier"].as_u64().unwrap())
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        desk.shown("Nouveau dossier n° 5");
        let begun = Instant::now();
        desk.terminate();
        let taken: Vec<u64> = clients
            .into_iter()
            .flat_map(|client| client.join().unwrap())
            .collect();
        (begun, taken)
    });
    let (begun, taken) = begun;
    assert_eq!(desk.ended(), 0);
    assert!(begun.elapsed() < GRACE, "{:?}", begun.elapsed());
    // Whatever was acknowledged is there, and its mail has left.
    desk.start();
    desk.settled(0);
    for number in taken {
        assert_eq!(
            desk.count(LINA, &format!("n° {number},")),
            1,
            "the mail of {number}"
        );
        desk.done(&format!("dossier {number}"), INES);
    }
}

#[test]
fn it_stops_in_time_although_a_client_is_in_the_midst_of_a_mail() {
    let mut desk = Desk::open();
    desk.deposit(LINA, "Nord");
    let mail = desk.mail(LINA, "n° 1");
    let mut slow = Smtp::connect(desk.smtp()).unwrap();
    assert_eq!(slow.say(&format!("MAIL FROM:<{LINA}>")), Some(250));
    assert_eq!(slow.say(&format!("RCPT TO:<{}>", mail.reply_to)), Some(250));
    assert_eq!(slow.say("DATA"), Some(354));
    slow.write("From: <lina.moreau@courriel.example>\r\nSubject: en cours\r\n")
        .unwrap();
    let idle = Smtp::connect(desk.smtp()).unwrap();
    let begun = Instant::now();
    assert_eq!(desk.stop(), 0);
    assert!(begun.elapsed() < GRACE, "{:?}", begun.elapsed());
    // Nothing was acknowledged: the client keeps its mail.
    assert!(slow.answer().is_none_or(|code| code >= 400));
    drop(idle);
}

#[test]
fn the_end_of_the_script_ends_the_daemon_with_its_last_answers() {
    let mut desk = Desk::open();
    let number = desk.deposit(LINA, "Nord");
    desk.type_line(&format!("dossier {number}"));
    desk.type_line(&format!("suivre {number}"));
    desk.close_console();
    assert_eq!(desk.ended(), 0);
    desk.shown("suit ce dossier");
}
