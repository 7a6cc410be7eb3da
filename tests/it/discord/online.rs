//! `greffier check --online`: what is missing is named.

use super::fake::Fake;
use super::fake::permission::{ATTACH_FILES, CREATE_PUBLIC_THREADS, VIEW_CHANNEL};
use super::scene::Bot;

fn checked(bot: &Bot) -> (Option<i32>, String) {
    let output = bot.run(&["check", "--online"], b"");
    let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
    said.push_str(&String::from_utf8_lossy(&output.stderr));
    (output.status.code(), said)
}

#[test]
fn a_room_where_everything_is_allowed_is_well_and_another_says_what_is_missing() {
    let fake = Fake::start();
    let guild = fake.guild("Préfecture");
    let (good, bad, hidden) = (
        guild.channel("salle"),
        guild.channel("couloir"),
        guild.channel("cave"),
    );
    let bot = Bot::on(&fake, "");
    bot.bind(good, "");
    let (code, said) = checked(&bot);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("(salle) is well") && said.contains("not registered"),
        "{said}"
    );
    assert!(
        said.contains(&format!("client_id={}", fake.application())),
        "{said}"
    );

    guild.overwrite(bad, fake.bot(), 0, ATTACH_FILES | CREATE_PUBLIC_THREADS);
    guild.overwrite(hidden, fake.bot(), 0, VIEW_CHANNEL);
    bot.bind(bad, "");
    bot.bind(hidden, "");
    bot.bind(4_242, "");
    let (code, said) = checked(&bot);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("Attach Files, Create Public Threads"),
        "{said}"
    );
    assert!(
        said.contains(&format!("room {hidden}: Greffier does not see it")),
        "{said}"
    );
    assert!(
        said.contains("room 4242: there is no such channel"),
        "{said}"
    );
}

#[test]
fn a_bad_token_is_said_and_never_shown() {
    let fake = Fake::start();
    let bot = Bot::on(&fake, "");
    let old = fake.token();
    fake.reset_token();
    let (code, said) = checked(&bot);
    assert_eq!(code, Some(1));
    assert!(said.contains("does not accept the token"), "{said}");
    assert!(!said.contains(&old), "{said}");
}
