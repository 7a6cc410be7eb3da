//! A platform to try Greffier with by hand. Not a test: it goes on until it is stopped.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::desk::{Site, with_mail};
use super::wire::write_token;
use crate::daemon::desk::{INES, LINA};

/// `cargo test --test it platform::play -- --ignored --nocapture`, and what it prints in another terminal.
#[test]
#[ignore = "goes on until it is stopped"]
fn a_platform_to_try_greffier_with() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("target/platform");
    fs::create_dir_all(&folder).unwrap();
    let site = Site::open();
    write_token(&folder.join("token"), &site.fake.token());
    let sample = fs::read_to_string(root.join("bot.toml")).unwrap();
    let config = format!(
        "{sample}\n[platform]\nurl = \"{}\"\ntoken_file = \"token\"\npoll_seconds = 5\n\n[[demarche]]\nnumber = {}\n{}",
        site.fake.base_url(),
        site.demarche,
        with_mail(),
    );
    let file = folder.join("bot.toml");
    fs::write(&file, config).unwrap();
    eprintln!(
        "A platform answers. In another terminal:\n  cargo run -- --config {} run --as {INES}\nA dossier is filed each minute.",
        file.display()
    );
    loop {
        let number = site.fake.usager_files(site.demarche, LINA);
        eprintln!("{LINA} has filed the dossier {number}.");
        std::thread::sleep(Duration::from_mins(1));
        site.fake
            .usager(number)
            .writes("Bonjour, mon dossier est-il complet ?", &[]);
    }
}
