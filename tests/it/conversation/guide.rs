//! `docs/guide.md`, made from `docs/guide/source.md`: prose, what is typed in it played against the whole middle, and the
//! commands as they are declared. With `GREFFIER_ACCEPT=1` it is written anew.
//!
//! Fenced blocks that are played: `prépare` shows nothing; `joue` shows what is typed and all that is said of it; `joue
//! sans courriels sans cartes` leaves some of it out. `{{ commandes FAMILLE }}` is a table of commands; `{{ autre scène }}`
//! begins anew, with another desk.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use greffier::command::Catalogue;
use greffier::message::{Body, MailOut, Outgoing, Post};
use regex::Regex;

use super::saying;
use super::script::{Script, Step};
use super::stage::Stage;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_guide_shows_what_is_said() {
    let source = fs::read_to_string(root().join("docs/guide/source.md")).unwrap();
    let path = root().join("docs/guide.md");
    let made = Guide::new().make(&source);
    if std::env::var_os("GREFFIER_ACCEPT").is_some() {
        fs::write(&path, &made).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == made,
        "docs/guide.md is not what is said now (GREFFIER_ACCEPT=1 writes it):\n{}",
        super::difference(&written, &made)
    );
}

/// The tutorial's functions: each has a command that exists, a test that exists, and every command stands in the guide.
#[test]
fn every_function_of_the_tutorial_has_a_command_and_a_test() {
    let source = fs::read_to_string(root().join("docs/guide/source.md")).unwrap();
    let rows = Guide::new().table(&source);
    let made = fs::read_to_string(root().join("docs/guide.md")).unwrap();
    let catalogue = Catalogue::embedded();
    let code = Regex::new("`([^`]+)`").unwrap();
    let mut functions = 0;
    for row in rows {
        functions += 1;
        let [function, commands, tests] = &row[..] else {
            panic!("a row has three cells: {row:?}");
        };
        let named = |cell: &str| -> Vec<String> {
            code.captures_iter(cell)
                .map(|found| found[1].to_owned())
                .collect()
        };
        assert!(!named(tests).is_empty(), "{function} has no test");
        for command in named(commands) {
            assert!(
                catalogue.specs().iter().any(|spec| spec.name == command),
                "{function}: there is no command {command}"
            );
        }
        for test in named(tests) {
            assert!(exists(&test), "{function}: there is no {test}");
        }
    }
    assert!(functions >= 55, "the table has {functions} rows");
    for spec in catalogue.specs() {
        let name = format!("`{}", spec.name);
        assert!(made.contains(&name), "{name} is not in the guide");
    }
}

/// Whether a conversation of that number, or a test file, is there.
fn exists(test: &str) -> bool {
    if test.contains('/') {
        return root().join(test).exists();
    }
    fs::read_dir(root().join("tests/conversations"))
        .unwrap()
        .any(|entry| {
            entry
                .unwrap()
                .file_name()
                .to_string_lossy()
                .starts_with(test)
        })
}

struct Guide {
    stage: Stage,
    cards: BTreeSet<(String, String)>,
}

impl Guide {
    fn new() -> Self {
        Self {
            stage: Stage::new(root().join("data/demarches")),
            cards: BTreeSet::new(),
        }
    }

    /// Rows of the table of functions, without its head.
    fn table(&self, source: &str) -> Vec<Vec<String>> {
        let table = source.split("| Fonction du tutoriel |").nth(1).unwrap();
        let rows = table
            .lines()
            .skip(2)
            .take_while(|line| line.starts_with('|'));
        rows.map(|row| {
            let row = row.trim_matches('|');
            row.split('|').map(|cell| cell.trim().to_owned()).collect()
        })
        .collect()
    }

    fn make(mut self, source: &str) -> String {
        let mut made = String::from(
            "<!-- Fait à partir de guide/source.md par `GREFFIER_ACCEPT=1 cargo test --test it guide` : ne pas modifier ici. -->\n",
        );
        let mut lines = source.lines();
        while let Some(line) = lines.next() {
            if let Some(how) = line
                .strip_prefix("```")
                .filter(|how| how.starts_with("prépare") || how.starts_with("joue"))
            {
                let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
                made.push_str(&self.play(how, &block.join("\n")));
            } else if let Some(family) = line
                .strip_prefix("{{ commandes ")
                .and_then(|rest| rest.strip_suffix(" }}"))
            {
                made.push_str(&commands(family));
            } else if line == "{{ autre scène }}" {
                self.begin_anew();
            } else {
                made.push_str(line);
                made.push('\n');
            }
        }
        self.begin_anew();
        made
    }

    /// Another desk, with nothing on it.
    fn begin_anew(&mut self) {
        let stage = Stage::new(root().join("data/demarches"));
        // What the last block left for later is not the guide's.
        std::mem::forget(std::mem::replace(&mut self.stage, stage));
        self.cards.clear();
    }

    fn play(&mut self, how: &str, block: &str) -> String {
        let mut shown = String::new();
        for Step { line, more } in Script::read(block).steps() {
            let said = self.stage.play(&line, &more);
            let typed = typed(&line, &more);
            if how.starts_with("prépare") {
                self.remember(&said);
                continue;
            }
            shown.push_str(&typed);
            for outgoing in &said {
                shown.push_str(&self.show(how, outgoing));
            }
        }
        shown
    }

    fn remember(&mut self, said: &[Outgoing]) {
        for outgoing in said {
            if let Body::Post(Post {
                card: Some(card), ..
            }) = &outgoing.body
            {
                self.cards
                    .insert((outgoing.to.address.clone(), card.clone()));
            }
        }
    }

    fn show(&mut self, how: &str, outgoing: &Outgoing) -> String {
        match &outgoing.body {
            Body::React(react) => format!("> {} *sur votre ligne*\n\n", saying::mark(react.mark)),
            Body::Make(_) | Body::Platform(_) => String::new(),
            Body::Mail(_) if how.contains("sans courriels") => String::new(),
            Body::Mail(mail) => mail_shown(&outgoing.to.address, mail),
            Body::Post(post) => {
                let again = post.card.as_ref().is_some_and(|card| {
                    !self
                        .cards
                        .insert((outgoing.to.address.clone(), card.clone()))
                });
                if how.contains("sans cartes") && post.card.is_some() {
                    return String::new();
                }
                self.keep_pictures(post);
                post_shown(post, again)
            }
        }
    }
}

impl Guide {
    /// The pictures of a message stand beside the guide, as they are drawn now.
    fn keep_pictures(&mut self, post: &Post) {
        for file in post
            .files
            .iter()
            .filter(|file| file.media_type == "image/png")
        {
            let drawn = self.stage.picture(&file.name);
            let path = root().join("docs/guide").join(&file.name);
            if std::env::var_os("GREFFIER_ACCEPT").is_some() {
                fs::write(&path, &drawn).unwrap();
            }
            let kept = fs::read(&path).unwrap_or_default();
            assert!(kept == drawn, "{} is drawn otherwise now", path.display());
        }
    }
}

/// What somebody does, as a reader of the guide sees it.
fn typed(line: &str, more: &[String]) -> String {
    let mut text = String::new();
    if let Some((who, what)) = line.split_once("> ") {
        let (who, how) = who
            .split_once(" (")
            .map_or((who, ""), |(who, how)| (who, how.trim_end_matches(')')));
        let how = if how.is_empty() {
            String::new()
        } else {
            format!(" ({how})")
        };
        let _ = writeln!(text, "**{who}**{how} : `{what}`");
        for line in more {
            let _ = writeln!(text, "<br>`{line}`");
        }
    } else if line.starts_with("courriel ") {
        let _ = writeln!(text, "*{}* :\n", upper(line));
        for line in more {
            let _ = writeln!(text, "    {line}");
        }
    } else {
        let _ = writeln!(text, "*{}*", upper(line));
    }
    text.push('\n');
    text
}

fn upper(line: &str) -> String {
    let mut letters = line.chars();
    let first: String = letters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    first + letters.as_str()
}

fn quoted(text: &str) -> String {
    let lines = text.trim_end().lines();
    lines
        .map(|line| format!("{}\n", format!("> {line}").trim_end()))
        .collect()
}

fn post_shown(post: &Post, again: bool) -> String {
    let of_dossier = post
        .card
        .as_ref()
        .is_some_and(|card| card.starts_with("dossier-"));
    let place = match (
        post.direct,
        again,
        post.card.is_some(),
        post.thread.is_some(),
    ) {
        (true, ..) => "en privé",
        (_, true, ..) if of_dossier => "la carte du dossier devient",
        (_, true, ..) => "son message devient",
        (_, _, true, _) if of_dossier => "une carte, dans le salon",
        (_, _, _, true) => "dans le fil du dossier",
        _ => "dans le salon",
    };
    let mut shown = format!("> 🗄️ **Greffier** *({place})*\n>\n{}", quoted(&post.text));
    if !post.buttons.is_empty() {
        let buttons: Vec<String> = post
            .buttons
            .iter()
            .map(|button| format!("<kbd>{} {}</kbd>", button.emoji, button.label))
            .collect();
        let _ = write!(shown, ">\n> {}\n", buttons.join(" "));
    }
    for (index, file) in post.files.iter().enumerate() {
        if file.media_type == "image/png" {
            let alt = post.alts.get(index).unwrap_or(&file.name);
            let alt = alt.replace(['[', ']'], "");
            let _ = write!(shown, ">\n> ![{alt}](guide/{})\n", file.name);
        } else {
            let _ = write!(shown, ">\n> 📎 `{}`\n", file.name);
        }
    }
    shown.push('\n');
    shown
}

fn mail_shown(to: &str, mail: &MailOut) -> String {
    // Below it is the tail of the thread.
    let own: Vec<&str> = mail
        .text
        .lines()
        .take_while(|line| !line.starts_with("-- "))
        .collect();
    let mut shown = format!(
        "> ✉️ **Courriel à {to}** — {}\n>\n{}",
        mail.subject,
        quoted(&own.join("\n"))
    );
    for file in &mail.files {
        let _ = write!(shown, ">\n> 📎 `{}`\n", file.name);
    }
    shown.push('\n');
    shown
}

/// The commands of a family, as they are declared.
fn commands(family: &str) -> String {
    let mut table = String::from("| commande | ce qu’elle fait | exemple |\n|---|---|---|\n");
    for spec in Catalogue::embedded().specs() {
        if spec.family.name() != family {
            continue;
        }
        let example = spec.examples.first().map_or("", String::as_str);
        let _ = writeln!(
            table,
            "| `{}` | {} | `{}` |",
            spec.name,
            spec.help,
            example.replace('|', "\\|")
        );
    }
    table
}
