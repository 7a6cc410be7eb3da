//! Slash commands, made from the catalogue: what is registered with Discord.

use std::path::Path;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::api::{Api, Request};
use super::button::cut;
use super::disk;
use super::fault::Fault;
use super::memo::Memo;
use super::phrase::{Phrase, Phrases};
use crate::command::{Arg, Catalogue, Kind, Right, Spec, Takes};

/// Name of the document that says what was registered.
const REGISTERED: &str = "commands";
/// Files that a command takes.
const FILES: usize = 3;
/// Characters of an option that Discord lets through.
const TEXT: usize = 6_000;
/// The languages in which descriptions are English.
const ENGLISH: [&str; 2] = ["en-GB", "en-US"];
/// Those who may send messages: below that nobody is offered more than to link an account.
const SEND_MESSAGES: &str = "2048";
/// Those who manage the server.
const MANAGE_GUILD: &str = "32";

/// What was registered last.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Registered {
    application: String,
    digest: String,
}

/// Registers `commands` for `application`, unless they are.
pub(super) async fn register(
    api: &Api,
    memo: &Memo,
    application: &str,
    commands: &Value,
) -> Result<(), Fault> {
    let wanted = Registered {
        application: application.to_owned(),
        digest: digest(commands),
    };
    if memo.document(REGISTERED).ok().flatten().as_ref() == Some(&wanted) {
        return Ok(());
    }
    let path = format!("applications/{application}/commands");
    api.ask(Request::put(path, commands.clone())).await?;
    tracing::info!("Registered the commands with Discord");
    memo.keep_document(REGISTERED, &wanted)
        .map_err(|error| Fault::Local(format!("a file cannot be written: {}", error.kind())))
}

/// Whether these commands are what was registered last, by the daemon whose state is in `folder`. It may be running.
pub(super) fn is_registered(folder: &Path, application: &str, commands: &Value) -> bool {
    let known: Option<Registered> = disk::read(&disk::path(folder, REGISTERED)).ok().flatten();
    known.is_some_and(|known| known.application == application && known.digest == digest(commands))
}

fn digest(commands: &Value) -> String {
    HEXLOWER.encode(&Sha256::digest(commands.to_string()))
}

/// The commands of `catalogue`, as Discord wants them.
pub(super) fn commands(catalogue: &Catalogue, words: &Phrases) -> Value {
    catalogue
        .specs()
        .iter()
        .map(|spec| command(spec, words))
        .collect()
}

fn command(spec: &Spec, words: &Phrases) -> Value {
    let mut options = Vec::new();
    for arg in spec.args.iter().filter(|arg| is_required(arg)) {
        options.push(option(arg));
    }
    let asked = |name: &str, phrase| {
        let described = json!({
            "type": 3, "name": name, "description": cut(words(phrase).trim(), 100),
            "required": false, "autocomplete": true,
        });
        in_english(described, english(phrase))
    };
    match spec.selection {
        Takes::None => {}
        Takes::Optional | Takes::One => options.push(asked("dossier", Phrase::Dossier)),
        Takes::Many | Takes::Any => {
            options.push(asked("dossiers", Phrase::Dossiers));
            options.push(asked("onglet", Phrase::Onglet));
            options.push(asked("filtre", Phrase::Filtre));
        }
    }
    for arg in spec.args.iter().filter(|arg| !is_required(arg)) {
        options.push(option(arg));
    }
    for number in (1..=FILES).filter(|_| spec.files) {
        let described = json!({
            "type": 11, "name": file_option(number),
            "description": cut(words(Phrase::Fichier).trim(), 100), "required": false,
        });
        options.push(in_english(described, english(Phrase::Fichier)));
    }
    let floor = match spec.right {
        Right::Anyone => Value::Null,
        Right::Linked | Right::Instructeur => SEND_MESSAGES.into(),
        Right::Administrateur => MANAGE_GUILD.into(),
    };
    let described = json!({
        "type": 1,
        "name": spec.slug(),
        "description": cut(&spec.help, 100),
        "options": options,
        "default_member_permissions": floor,
        // In servers and in private, where each of them makes sense.
        "contexts": [0, 1],
        "integration_types": [0],
    });
    in_english(described, &spec.help_en)
}

/// The same with its description for those whose client speaks English. Everybody else reads French.
fn in_english(mut described: Value, english: &str) -> Value {
    if let Some(fields) = described.as_object_mut()
        && !english.is_empty()
    {
        let english = cut(english, 100);
        let each = ENGLISH.map(|locale| (locale.to_owned(), english.clone().into()));
        let each = Value::Object(each.into_iter().collect());
        fields.insert("description_localizations".to_owned(), each);
    }
    described
}

/// What describes the options that every command of dossiers has.
fn english(phrase: Phrase) -> &'static str {
    match phrase {
        Phrase::Dossier => "The number of the dossier; that of the thread if none is given",
        Phrase::Dossiers => "The numbers of the dossiers; that of the thread if none is given",
        Phrase::Onglet => "All dossiers of a tab",
        Phrase::Filtre => "A column and its value, column=value",
        Phrase::Fichier => "A file to attach",
        _ => "",
    }
}

fn file_option(number: usize) -> String {
    if number == 1 {
        "fichier".to_owned()
    } else {
        format!("fichier-{number}")
    }
}

/// Whether Discord must insist on it. A text that is missing is asked for in a form, where it has room.
fn is_required(arg: &Arg) -> bool {
    arg.required && arg.default.is_none() && !(arg.rest && arg.kind == Kind::Text)
}

fn option(arg: &Arg) -> Value {
    let kind = match arg.kind {
        Kind::Number => 4,
        Kind::Boolean => 5,
        Kind::Text
        | Kind::Word
        | Kind::Email
        | Kind::Emails
        | Kind::Expert
        | Kind::Code
        | Kind::EmailOrCode
        | Kind::Demarche
        | Kind::Choice
        | Kind::Date
        | Kind::Onglet
        | Kind::Groupe
        | Kind::Annotation
        | Kind::Etiquette
        | Kind::Colonnes
        | Kind::Sujets
        | Kind::Filtre
        | Kind::Command => 3,
    };
    let mut option = json!({
        "type": kind,
        "name": arg.name,
        "description": cut(&arg.help, 100),
        "required": is_required(arg),
    });
    let mut set = |key: &str, value: Value| {
        if let Some(fields) = option.as_object_mut() {
            fields.insert(key.to_owned(), value);
        }
    };
    if arg.kind == Kind::Choice {
        let label = |choice: &crate::command::Choice| cut(choice.label(), 100);
        let choices = arg.choices.iter().take(25);
        let choices =
            choices.map(|choice| json!({ "name": label(choice), "value": label(choice) }));
        set("choices", choices.collect());
    } else if kind == 3 {
        if is_completed(arg.kind) {
            set("autocomplete", true.into());
        }
        set(
            "max_length",
            arg.max_length.unwrap_or(TEXT).clamp(1, TEXT).into(),
        );
    } else if kind == 4 {
        set("min_value", 0.into());
    }
    in_english(option, &arg.help_en)
}

/// Whether something can be offered while it is typed.
fn is_completed(kind: Kind) -> bool {
    match kind {
        Kind::Email
        | Kind::Emails
        | Kind::Expert
        | Kind::Demarche
        | Kind::Onglet
        | Kind::Groupe
        | Kind::Annotation
        | Kind::Etiquette
        | Kind::Colonnes
        | Kind::Sujets
        | Kind::Filtre
        | Kind::Command => true,
        Kind::Text
        | Kind::Word
        | Kind::Code
        | Kind::EmailOrCode
        | Kind::Number
        | Kind::Choice
        | Kind::Boolean
        | Kind::Date => false,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn every() -> Vec<Value> {
        let commands = commands(&Catalogue::embedded(), &|phrase| phrase.name().to_owned());
        commands.as_array().unwrap().clone()
    }

    /// Everything in it that counts towards the limit of a command.
    fn characters(value: &Value) -> usize {
        let own = ["name", "description", "value"]
            .iter()
            .filter_map(|key| value[key].as_str());
        let below = ["options", "choices"]
            .iter()
            .filter_map(|key| value[key].as_array());
        own.map(|text| text.chars().count()).sum::<usize>()
            + below.flatten().map(characters).sum::<usize>()
    }

    #[test]
    fn every_command_is_one_that_discord_takes() {
        let every = every();
        assert!(!every.is_empty() && every.len() <= 100);
        for command in &every {
            let english = &command["description_localizations"]["en-GB"];
            assert!(english.is_string(), "{command}");
            let options = command["options"].as_array().unwrap();
            assert!(
                options.len() <= 25 && characters(command) <= 8_000,
                "{command}"
            );
            let names: BTreeSet<_> = options
                .iter()
                .map(|option| option["name"].as_str())
                .collect();
            assert_eq!(names.len(), options.len(), "{command}");
            let required = options.iter().map(|option| option["required"] == true);
            assert!(required.is_sorted_by_key(|required| !required), "{command}");
            for option in options {
                let choices = option["choices"].as_array();
                assert!(choices.is_none() || option["autocomplete"].is_null());
                let english = &option["description_localizations"];
                for locale in ENGLISH {
                    let english = english[locale].as_str().unwrap().chars().count();
                    assert!((1..=100).contains(&english), "{option}");
                }
                let description = option["description"].as_str().unwrap().chars().count();
                assert!((1..=100).contains(&description), "{option}");
            }
        }
    }

    #[test]
    fn a_text_is_not_insisted_on_and_a_dossier_may_be_that_of_the_thread() {
        let every = every();
        let message = every
            .iter()
            .find(|command| command["name"] == "message")
            .unwrap();
        for option in message["options"].as_array().unwrap() {
            assert_eq!(option["required"], false, "{option}");
        }
        assert_eq!(message["options"][0]["name"], "dossiers");
        let avis = every
            .iter()
            .find(|command| command["name"] == "avis-demander")
            .unwrap();
        assert_eq!(avis["options"][0]["name"], "experts");
        assert_eq!(avis["options"][0]["required"], true);
    }

    #[test]
    fn a_change_is_noticed() {
        let one = commands(&Catalogue::embedded(), &|_| "a".to_owned());
        let other = commands(&Catalogue::embedded(), &|_| "b".to_owned());
        assert_eq!(digest(&one), digest(&one.clone()));
        assert_ne!(digest(&one), digest(&other));
    }
}
