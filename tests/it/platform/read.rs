//! What the channel hands in.

use std::time::Duration;

use greffier::clock;

use super::fake::{Broken, Edition, Fake, Fault, NewDemarche, Options};
use super::wire::{Desk, number};

const INES: &str = "ines@ddt.example";

/// A platform whose clock is ours.
async fn fake(options: Options) -> (Fake, i32) {
    let now = clock::now();
    let fake = Fake::start(Options { now, ..options }).await;
    let demarche = fake.add_demarche(NewDemarche::sample(&[INES]));
    (fake, demarche)
}

#[tokio::test]
async fn a_demarche_is_known_before_its_dossiers_and_nothing_is_read_twice() {
    let (fake, demarche) = fake(Options::default()).await;
    let numbers: Vec<i32> = (0..5)
        .map(|at| fake.usager_files(demarche, &format!("u{at}@x.example")))
        .collect();
    let desk = Desk::open(&fake, &[demarche]);
    desk.whole().await;
    {
        let kept = desk.memory.kept();
        assert!(
            kept.ids[0].starts_with("platform:demarche:")
                && kept.ids[1].starts_with("platform:read:")
        );
        assert_eq!(kept.demarches[0].groupes[0].instructeurs[0].email, INES);
        assert!(kept.demarches[0].mutations.contains("dossierBasculeSuivi"));
        assert!(!kept.demarches[0].annotations.is_empty() && !kept.demarches[0].champs.is_empty());
        assert_eq!(kept.dossiers.len(), 5);
        let dossier = &kept.dossiers[&number(numbers[0])];
        assert_eq!(dossier.usager, "u0@x.example");
        assert_eq!(dossier.traitements[0].event, "depose");
        assert!(dossier.labels.is_some() && !dossier.champs.is_empty());
        assert!(
            !dossier.messages.is_empty(),
            "the automatic message of the deposit"
        );
    }
    let desk = desk.again();
    desk.until("the démarche again", |kept| kept.demarches.len() == 2)
        .await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let kept = desk.memory.kept();
    assert_eq!(
        kept.ids
            .iter()
            .filter(|id| id.starts_with("platform:dossier:"))
            .count(),
        5
    );
}

#[tokio::test]
async fn each_change_is_handed_in_and_so_is_what_has_no_date() {
    let (fake, demarche) = fake(Options::default()).await;
    let dossier = fake.usager_files(demarche, "u@x.example");
    let other = fake.usager_files(demarche, "v@x.example");
    let desk = Desk::open(&fake, &[demarche]);
    desk.whole().await;
    fake.advance(Duration::from_secs(5));
    fake.usager(dossier).writes("Bonjour", &[]);
    let has = |words: &'static str| {
        move |kept: &super::wire::Kept| {
            let messages = &kept.dossiers[&number(dossier)].messages;
            messages.iter().any(|message| message.body == words)
        }
    };
    desk.until("the message", has("Bonjour")).await;
    // Within the same second, which is all that the platform tells of the moment.
    fake.usager(dossier).writes("Encore", &[]);
    desk.until("the second message", has("Encore")).await;
    // A change that becomes visible late.
    fake.advance(Duration::from_secs(100));
    fake.usager(other).writes("Premier", &[]);
    desk.until("the other", |kept| {
        kept.dossiers[&number(other)].messages.len() > 1
    })
    .await;
    fake.backdate_next_write(Duration::from_mins(1));
    fake.usager(dossier).writes("En retard", &[]);
    desk.until("the late message", has("En retard")).await;
    // A label moves no date: the patrol sees it.
    fake.instructeur(INES).labels(dossier, "Urgent");
    let desk = desk.again();
    let labelled = |kept: &super::wire::Kept| {
        kept.dossiers[&number(dossier)].labels.as_deref() == Some(&["Urgent".to_owned()][..])
    };
    desk.until("the label", labelled).await;
}

#[tokio::test]
async fn deletions_are_told_once() {
    let (fake, demarche) = fake(Options::default()).await;
    let numbers: Vec<i32> = (0..4)
        .map(|_| fake.usager_files(demarche, "u@x.example"))
        .collect();
    let desk = Desk::open(&fake, &[demarche]);
    desk.whole().await;
    fake.advance(Duration::from_secs(10));
    fake.usager(numbers[0]).deletes();
    fake.purge(numbers[1], "user_request");
    // Hidden, and in no list of what was deleted.
    fake.expire_dossier(numbers[2]);
    let desk = desk.again();
    desk.until("two are gone", |kept| {
        kept.gone.iter().any(|gone| !gone.purged.is_empty())
    })
    .await;
    desk.until("three are gone", |kept| kept.dossiers.len() == 1)
        .await;
    let told = |desk: &Desk| {
        let kept = desk.memory.kept();
        let gone = kept
            .gone
            .iter()
            .flat_map(|gone| gone.purged.iter().chain(&gone.trashed));
        gone.map(|gone| gone.number).collect::<Vec<_>>()
    };
    let mut first = told(&desk);
    first.sort_unstable();
    assert_eq!(
        first,
        numbers[..3].iter().copied().map(number).collect::<Vec<_>>()
    );
    tokio::time::sleep(Duration::from_secs(7)).await;
    assert_eq!(told(&desk).len(), 3);
}

#[tokio::test]
async fn a_large_demarche_is_read_in_pages_that_the_server_can_take() {
    let (fake, demarche) = fake(Options::default()).await;
    fake.bulk(demarche, 250);
    fake.fail("Full", 2, Fault::Timeout(50));
    fake.fail_after("Full", 3, 1, Fault::Html(503));
    fake.fail_after("Full", 4, 1, Fault::Internal);
    let desk = Desk::open(&fake, &[demarche]);
    desk.whole().await;
    let kept = desk.memory.kept();
    assert_eq!(kept.dossiers.len(), 250);
    assert!(
        kept.dossiers
            .values()
            .all(|dossier| !dossier.messages.is_empty() || !dossier.champs.is_empty())
    );
    assert_eq!(
        kept.ids
            .iter()
            .filter(|id| id.starts_with("platform:dossier:"))
            .count(),
        250
    );
}

#[tokio::test]
async fn where_everything_is_too_much_dossiers_are_read_in_parts() {
    let (fake, demarche) = fake(Options::default()).await;
    fake.bulk(demarche, 3);
    fake.fail("Full", 50, Fault::Timeout(1));
    fake.fail("One", 50, Fault::Timeout(1));
    let desk = Desk::open(&fake, &[demarche]);
    desk.whole().await;
    let kept = desk.memory.kept();
    assert_eq!(kept.dossiers.len(), 3);
    assert!(
        kept.dossiers
            .values()
            .all(|dossier| !dossier.champs.is_empty())
    );
}

#[tokio::test]
async fn a_first_reading_goes_on_where_it_was_broken_off() {
    let (fake, demarche) = fake(Options::default()).await;
    fake.bulk(demarche, 400);
    fake.fail_after("Full", 1, 1, Fault::Hang);
    let desk = Desk::open(&fake, &[demarche]);
    desk.until("the first page", |kept| {
        kept.progress
            .values()
            .any(|progress| progress.after.is_some())
    })
    .await;
    let read = desk.memory.kept().dossiers.len();
    assert!((100..400).contains(&read), "{read}");
    let desk = desk.again();
    desk.whole().await;
    let kept = desk.memory.kept();
    assert_eq!(kept.dossiers.len(), 400);
    assert_eq!(
        kept.ids
            .iter()
            .filter(|id| id.starts_with("platform:dossier:"))
            .count(),
        400
    );
}

#[tokio::test]
async fn older_and_newer_instances_are_read_too() {
    for edition in [Edition::Published, Edition::lagging(), Edition::Future] {
        for tells in [true, false] {
            let options = Options {
                edition: edition.clone(),
                ..Options::default()
            };
            let (fake, demarche) = fake(options).await;
            if !tells {
                let refusal = Fault::Root(
                    "forbidden".to_owned(),
                    "Introspection is not allowed".to_owned(),
                );
                fake.fail("Introspection", 1_000, refusal);
            }
            let dossier = fake.usager_files(demarche, "u@x.example");
            let desk = Desk::open(&fake, &[demarche]);
            desk.whole().await;
            let read = desk.dossier(dossier);
            assert!(
                !read.champs.is_empty()
                    && !read.messages.is_empty()
                    && !read.traitements.is_empty()
            );
        }
    }
}

#[tokio::test]
async fn what_is_wrong_with_the_token_is_said_and_a_new_one_is_taken() {
    let (fake, demarche) = fake(Options::default()).await;
    let desk = Desk::open(&fake, &[demarche]);
    desk.whole().await;
    let said = |desk: &Desk| {
        let checks = desk.health.checks();
        let check = checks
            .into_iter()
            .find(|check| check.name == "platform")
            .unwrap();
        check.why
    };
    assert_eq!(said(&desk), None);
    std::fs::write(&desk.token, fake.foreign_token()).unwrap();
    let desk = desk.again();
    for _ in 0..200 {
        if said(&desk).is_some_and(|why| why.contains("refuses the token")) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    let why = said(&desk).unwrap();
    assert!(why.contains("refuses the token"), "{why}");
    std::fs::write(&desk.token, fake.token_for(&[])).unwrap();
    let desk = desk.again();
    for _ in 0..200 {
        if said(&desk).is_some_and(|why| why.contains("hidden")) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    assert!(said(&desk).is_some_and(|why| why.contains("hidden from the token")));
    std::fs::write(&desk.token, fake.token()).unwrap();
    let desk = desk.again();
    desk.until("the démarche", |kept| kept.demarches.len() > 1)
        .await;
    assert_eq!(said(&desk), None);
}

#[tokio::test]
async fn a_pause_that_the_platform_wants_is_kept() {
    let (fake, demarche) = fake(Options::default()).await;
    fake.usager_files(demarche, "u@x.example");
    fake.fail("*", 1, Fault::TooMany(2));
    let begun = std::time::Instant::now();
    let desk = Desk::open(&fake, &[demarche]);
    desk.whole().await;
    assert!(begun.elapsed() >= Duration::from_secs(2));
}

#[tokio::test]
async fn a_dossier_that_cannot_be_read_holds_nothing_up() {
    for broken in [Broken::Crashes, Broken::Null, Broken::Hides] {
        let (fake, demarche) = fake(Options::default()).await;
        let numbers: Vec<i32> = (0..6)
            .map(|_| fake.usager_files(demarche, "u@x.example"))
            .collect();
        fake.breaks(numbers[2], Some(broken));
        let desk = Desk::open(&fake, &[demarche]);
        desk.whole().await;
        assert_eq!(desk.memory.kept().dossiers.len(), 5, "{broken:?}");
        fake.advance(Duration::from_secs(5));
        fake.usager(numbers[2]).writes("Perdu", &[]);
        fake.usager(numbers[3]).writes("Bonjour", &[]);
        desk.until("the message behind it", |kept| {
            let messages = &kept.dossiers[&number(numbers[3])].messages;
            messages.iter().any(|message| message.body == "Bonjour")
        })
        .await;
        // The patrol goes past it too, and then sees what has vanished.
        fake.expire_dossier(numbers[5]);
        let desk = desk.again();
        desk.until("the vanished one", |kept| {
            !kept.dossiers.contains_key(&number(numbers[5]))
        })
        .await;
        fake.breaks(numbers[2], None);
        let desk = desk.again();
        desk.until("the dossier once it can be read", |kept| {
            kept.dossiers.contains_key(&number(numbers[2]))
        })
        .await;
    }
}

#[tokio::test]
async fn a_change_that_was_missed_is_found_by_the_patrol() {
    let now = clock::now() - Duration::from_hours(2);
    let fake = Fake::start(Options {
        now,
        ..Options::default()
    })
    .await;
    let demarche = fake.add_demarche(NewDemarche::sample(&[INES]));
    let dossier = fake.usager_files(demarche, "u@x.example");
    let other = fake.usager_files(demarche, "v@x.example");
    let desk = Desk::open(&fake, &[demarche]);
    desk.whole().await;
    fake.advance(Duration::from_hours(1));
    fake.usager(other).writes("Bonjour", &[]);
    desk.until("the other", |kept| {
        kept.dossiers[&number(other)].messages.len() > 1
    })
    .await;
    // Long in coming: before what each look goes back to.
    fake.backdate_next_write(Duration::from_mins(30));
    fake.usager(dossier).writes("En retard", &[]);
    let desk = desk.again();
    desk.until("the late message", |kept| {
        kept.dossiers[&number(dossier)].messages.len() > 1
    })
    .await;
}

#[tokio::test]
async fn a_clock_that_was_ahead_hides_no_change() {
    let (fake, demarche) = fake(Options::default()).await;
    let dossier = fake.usager_files(demarche, "u@x.example");
    let other = fake.usager_files(demarche, "v@x.example");
    let desk = Desk::open(&fake, &[demarche]);
    desk.whole().await;
    fake.advance(Duration::from_hours(1));
    fake.usager(other).writes("Demain", &[]);
    let wrote = |dossier: i32| {
        move |kept: &super::wire::Kept| kept.dossiers[&number(dossier)].messages.len() > 1
    };
    desk.until("the message of the future", wrote(other)).await;
    fake.set_now(clock::now());
    fake.usager(dossier).writes("Maintenant", &[]);
    desk.until("the message of now", wrote(dossier)).await;
}

#[tokio::test]
async fn a_place_that_means_nothing_any_more_begins_the_reading_anew() {
    let (fake, demarche) = fake(Options::default()).await;
    fake.bulk(demarche, 3);
    let desk = Desk::open(&fake, &[demarche]);
    desk.whole().await;
    {
        let mut kept = desk.memory.kept();
        kept.dossiers.clear();
        let progress = kept.progress.values_mut().next().unwrap();
        progress.whole = false;
        progress.after = Some("nonsense".to_owned());
    }
    let desk = desk.again();
    desk.whole().await;
    assert_eq!(desk.memory.kept().dossiers.len(), 3);
}
