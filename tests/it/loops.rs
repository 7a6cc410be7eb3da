//! No loop: Greffiers that write to each other, and machines that answer everything and obey nothing, in thousands of
//! rounds of made-up time. The post between them believes everybody: each mail is said to be proven.
//!
//! What is counted is the mails that the Greffiers send. It has to stay the same however long one waits.

mod office;

use greffier::mail::{Purpose, token};

use self::office::{A, B, Office, SECRET_A, SECRET_B, Washing};

/// The reply address of the first dossier of a deployment.
fn reply_address(domain: &str, secret: &[u8], purpose: Purpose, person: &str) -> String {
    format!("reponse+{}@{domain}", token(secret, 1, purpose, person))
}

/// Everything that one deployment can be asked to do with an address of the other: it files a dossier, is asked for an
/// avis, and instructs. Both do, for each address that the other has.
#[test]
fn two_greffiers_do_not_answer_each_other() {
    let from = |domain: &str| format!("greffier@{domain}");
    let (a, b) = (from(A), from(B));
    // An address of the other side, whoever the other side expects there.
    let of_b = |purpose, person: &str| reply_address(B, SECRET_B, purpose, person);
    let of_a = |purpose, person: &str| reply_address(A, SECRET_A, purpose, person);
    let purposes = [Purpose::Message, Purpose::Avis(1), Purpose::Instructeur];
    let mut pairs = vec![(b.clone(), a.clone())];
    for purpose in purposes {
        pairs.push((of_b(purpose, &a), a.clone()));
        pairs.push((b.clone(), of_a(purpose, &b)));
        pairs.push((of_b(purpose, &a), of_a(purpose, &b)));
    }
    // The address that takes deposits answers whoever writes to it.
    let counter = |domain: &str| format!("depot+12@{domain}");
    pairs.push((counter(B), a.clone()));
    pairs.push((counter(B), counter(A)));
    let form = |domain, secret, person: &str| {
        format!(
            "reponse+{}@{domain}",
            token(secret, 12, Purpose::Deposit, person)
        )
    };
    pairs.push((form(B, SECRET_B, &a), form(A, SECRET_A, &b)));
    for (known_to_a, known_to_b) in pairs {
        for washing in [Washing::None, Washing::Thorough] {
            let mut office = Office::new(&known_to_a, &known_to_b, washing);
            office.begin();
            office.run(40, 5);
            let early = office.sent;
            office.run(110, 5);
            assert!(
                early == office.sent && early <= 40,
                "{known_to_a} and {known_to_b}, {washing:?}: {early} mails, then {}",
                office.sent
            );
            office.leave();
        }
    }
}

/// A machine that answers a form with something that is none: it is told so, and told so again, and then no more.
#[test]
fn a_machine_that_is_sent_a_form_is_stopped() {
    for (delay, round) in [(0, 5), (60, 60), (24 * 60, 12 * 60)] {
        let machine = "machine@robot.example";
        let mut office = Office::with(machine, machine, None, Washing::Thorough);
        office.delay_minutes = delay;
        office.writes(machine, &format!("depot+12@{A}"));
        office.run(300, round);
        let early = office.sent;
        office.run(300, round);
        assert!(
            (3..=20).contains(&early),
            "after {delay} min: {early} mails"
        );
        assert!(
            office.sent <= early + 6,
            "after {delay} min: {early} mails, then {}",
            office.sent
        );
        office.leave();
    }
}

/// A machine that looks like a person: no header says what it is, each answer is new, and it goes to the reply address.
/// It is usager and expert, and another one like it is the instructeur: they answer each other through us.
#[test]
fn machines_that_answer_everything_are_stopped() {
    // Minutes until they answer, minutes of a round, rounds until they are stopped, mails that the two have sent then.
    for (delay, round, rounds, most) in [
        (0, 5, 200, 120),
        (7, 5, 500, 160),
        (60, 60, 150, 200),
        (180, 60, 500, 300),
    ] {
        let usager = "machine@robot.example";
        let instructeur = Some("machine-2@robot.example");
        let mut office = Office::with(usager, usager, instructeur, Washing::Thorough);
        office.delay_minutes = delay;
        office.begin();
        office.run(rounds, round);
        let early = office.sent;
        office.run(rounds, round);
        // Without the bound it would be one at least every other round.
        assert!(
            (40..=most).contains(&early),
            "answering after {delay} min: {early} mails"
        );
        assert_eq!(early, office.sent, "after {delay} min");
        office.leave();
    }
}
