//! What is wrong with a line, said to the person who typed it.

use std::fmt;

use super::quote::quote;
use super::spec::{Arg, Kind, Spec};

/// How a command is typed: shown under every error about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// The usage: `suivre <dossier…>`.
    pub usage: String,
    /// A line that would be understood, one with an option where options are in question.
    pub example: Option<String>,
}

impl Hint {
    pub(super) fn of(spec: &Spec, with_option: bool) -> Self {
        let fitting = |example: &&String| !with_option || example.contains('=');
        Self {
            usage: super::help::usage(spec),
            example: spec
                .examples
                .iter()
                .find(fitting)
                .or(spec.examples.first())
                .cloned(),
        }
    }
}

impl fmt::Display for Hint {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "\nUsage\u{a0}: `{}`", self.usage)?;
        match &self.example {
            Some(example) => write!(to, "\nExemple\u{a0}: `{}`", one_line(example)),
            None => Ok(()),
        }
    }
}

/// A line that is not understood. Displayed, it says in French and `CommonMark` what is wrong and what to type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The line is empty.
    #[error("Aucune commande n’est écrite. Tapez `aide` pour voir ce que je comprends.")]
    Empty,
    /// No command has this name. `nearest` has those that look like it.
    #[error("Je ne connais pas la commande {}.{}", code(name), suggestion(nearest))]
    Unknown {
        /// What was typed.
        name: String,
        /// Names of commands, the most likely first.
        nearest: Vec<String>,
    },
    /// In a dossier's thread, a text starts with a number that may also be another dossier.
    #[error(
        "Ce message est dans le fil du dossier {here}\u{a0}: faut-il lire «\u{a0}{number}\u{a0}» comme le début du texte \
         ou comme un autre dossier\u{202f}?\nPour le texte\u{a0}: `{command} {here} {number} …`\n\
         Pour l’autre dossier\u{a0}: `{command} #{number} …`"
    )]
    Ambiguous {
        /// Name of the command.
        command: String,
        /// The number typed.
        number: u64,
        /// The dossier of the thread.
        here: u64,
    },
    /// The command needs a dossier, and the line is in no dossier's thread.
    #[error("Il manque le numéro du dossier{}.{hint}", instead(found.as_deref()))]
    MissingDossier {
        /// What stands where the number is expected.
        found: Option<String>,
        /// How to type it.
        hint: Hint,
    },
    /// A required argument is absent or empty.
    #[error("Il manque {what}.{hint}")]
    MissingArgument {
        /// The argument, in French.
        what: String,
        /// How to type it.
        hint: Hint,
    },
    /// A value is not of the kind that is expected.
    #[error("{} ne convient pas\u{a0}: {wanted}.{hint}", code(given))]
    BadValue {
        /// What was typed.
        given: String,
        /// What is expected, in French.
        wanted: String,
        /// How to type it.
        hint: Hint,
    },
    /// A value has too many characters.
    #[error("{what} est trop long\u{a0}: {} caractères au plus.{hint}", grouped(*most))]
    TooLong {
        /// The argument, in French, with a capital.
        what: String,
        /// How many characters it may have.
        most: usize,
        /// How to type it.
        hint: Hint,
    },
    /// The line as a whole is too long to be read.
    #[error("Ce message est trop long pour une commande\u{a0}: {} kilo-octets au plus. Envoyez plutôt un fichier.", most / 1024)]
    LineTooLong {
        /// How many bytes it may have.
        most: usize,
    },
    /// A quotation mark is opened and not closed.
    #[error(
        "Il manque le guillemet fermant `{mark}`. Ajoutez-le, ou retirez celui qui ouvre.{hint}"
    )]
    Unclosed {
        /// The mark that is missing.
        mark: char,
        /// How to type it.
        hint: Hint,
    },
    /// `nom=valeur`, and the command has no such option.
    #[error(
        "L’option {} n’existe pas pour cette commande.{}{hint}",
        code(name),
        options(known)
    )]
    UnknownOption {
        /// What was typed before the `=`.
        name: String,
        /// The options that there are.
        known: Vec<String>,
        /// How to type it.
        hint: Hint,
    },
    /// A text begins with `mot=`, which is no option of the command: it would go to somebody as it stands.
    #[error(
        "{} ressemble à une option, et cette commande n’a pas celle-là.{}{}\nPour l’envoyer tel quel, mettez le texte entre guillemets\u{a0}: «\u{a0}{name}=…\u{a0}».{hint}",
        code(&format!("{name}=")),
        did_you_mean(near),
        if near.is_empty() { options(known) } else { String::new() }
    )]
    StrayOption {
        /// What was typed before the `=`.
        name: String,
        /// Options that are called nearly so.
        near: Vec<String>,
        /// The options that there are.
        known: Vec<String>,
        /// How to type it.
        hint: Hint,
    },
    /// A text ends with an option of the command: it would go to somebody as it stands, and be no option.
    #[error(
        "{} est à la fin du texte, qui partirait avec. Écrivez cette option avant le texte.\nPour l’envoyer tel quel, mettez le \
         texte entre guillemets.{hint}",
        code(option)
    )]
    LateOption {
        /// The option with its value.
        option: String,
        /// How to type it.
        hint: Hint,
    },
    /// An option is given twice.
    #[error("L’option {} est donnée deux fois. Gardez-en une.{hint}", code(name))]
    Repeated {
        /// Its name.
        name: String,
        /// How to type it.
        hint: Hint,
    },
    /// Something follows, and nothing is expected.
    #[error("Je n’attendais rien de plus, et je lis {}.{hint}", code(extra))]
    TooMany {
        /// What follows.
        extra: String,
        /// How to type it.
        hint: Hint,
    },
    /// Several dossiers, and the command takes one.
    #[error("Cette commande ne prend qu’un dossier à la fois.{hint}")]
    OneDossier {
        /// How to type it.
        hint: Hint,
    },
}

/// `number` as French people write it: `10 000`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push('\u{202f}');
        }
        grouped.push(digit);
    }
    grouped
}

/// `example` without line breaks.
fn one_line(example: &str) -> String {
    example.chars().map(plain).collect()
}

/// Characters of a person's words repeated in an error.
const SHOWN: usize = 60;

/// `text` on one line, cut, and without what would end the code in which it is shown.
pub(super) fn shown(text: &str) -> String {
    let line: String = text.chars().take(SHOWN + 1).map(plain).collect();
    if line.chars().nth(SHOWN).is_none() {
        return line.trim().to_owned();
    }
    let cut: String = line.chars().take(SHOWN).collect();
    format!("{}…", cut.trim())
}

fn plain(letter: char) -> char {
    match letter {
        '`' => '’',
        letter if letter.is_control() || letter.is_whitespace() => ' ',
        letter => letter,
    }
}

fn code(text: &str) -> String {
    let shown = shown(text);
    if shown.is_empty() {
        "(vide)".to_owned()
    } else {
        format!("`{shown}`")
    }
}

fn suggestion(nearest: &[String]) -> String {
    if nearest.is_empty() {
        return " Tapez `aide` pour voir celles qui existent.".to_owned();
    }
    format!(" Vouliez-vous dire {}\u{202f}?", either(nearest))
}

fn did_you_mean(near: &[String]) -> String {
    let options: Vec<_> = near.iter().map(|name| format!("{name}=")).collect();
    if options.is_empty() {
        return String::new();
    }
    format!(" Vouliez-vous dire {}\u{202f}?", either(&options))
}

fn options(known: &[String]) -> String {
    match known {
        [] => " Elle n’en a pas.".to_owned(),
        [one] => format!(" Il y a\u{a0}: `{one}=…`."),
        several => {
            let names: Vec<_> = several.iter().map(|name| format!("`{name}=…`")).collect();
            format!(" Il y a\u{a0}: {}.", names.join(", "))
        }
    }
}

fn instead(found: Option<&str>) -> String {
    found
        .map(|found| format!("\u{a0}: {} n’en est pas un", code(found)))
        .unwrap_or_default()
}

/// `` `a`, `b` ou `c` ``.
pub(super) fn either(names: &[String]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, before)) => format!("{} ou {last}", before.join(", ")),
        None => String::new(),
    }
}

/// An argument as errors name it: `<texte> (ce que l’usager lira)`.
pub(super) fn described(arg: &Arg) -> String {
    let help = arg.help.trim_end_matches('.');
    let mut letters = help.chars();
    let help: String = letters
        .next()
        .map(|first| first.to_lowercase().chain(letters).collect())
        .unwrap_or_default();
    format!("`{}` ({help})", arg.name)
}

/// An argument that is absent, as errors name it: `ce que l’usager lira (texte)`.
pub(super) fn absent(arg: &Arg) -> String {
    let help = arg.help.trim_end_matches('.');
    let mut letters = help.chars();
    let help = letters
        .next()
        .map(|first| first.to_lowercase().chain(letters).collect::<String>())
        .unwrap_or_default();
    format!("{help} (`{}`)", arg.name)
}

/// What `arg` expects, in French.
pub(super) fn wanted(arg: &Arg) -> String {
    let what = match arg.kind {
        Kind::Text | Kind::Word => "un texte".to_owned(),
        Kind::Groupe => "le nom d’un groupe".to_owned(),
        Kind::Annotation => "le nom d’une annotation".to_owned(),
        Kind::Etiquette => "une étiquette".to_owned(),
        Kind::Command => "le nom d’une commande".to_owned(),
        Kind::Email | Kind::Expert => {
            "une adresse électronique, comme prenom.nom@service.example".to_owned()
        }
        Kind::Emails => "des adresses électroniques, comme prenom.nom@service.example".to_owned(),
        Kind::Code => "un code, tel que je l’ai donné".to_owned(),
        Kind::EmailOrCode => "votre adresse électronique, ou le code reçu".to_owned(),
        Kind::Number => "un nombre".to_owned(),
        Kind::Demarche => "le numéro d’une démarche".to_owned(),
        Kind::Choice => {
            let labels: Vec<_> = arg
                .choices
                .iter()
                .map(|choice| choice.label().to_owned())
                .collect();
            if let [only] = labels.as_slice() {
                return format!("j’attends `{only}`, ou rien de plus");
            }
            either(&labels)
        }
        Kind::Boolean => "`oui` ou `non`".to_owned(),
        Kind::Date => "une date, comme 3/6/2024, 3 juin 2024 ou demain".to_owned(),
        Kind::Onglet => either(&super::onglet::labels()),
        Kind::Colonnes => "des noms de colonnes séparés par des virgules".to_owned(),
        Kind::Sujets => {
            "un ou plusieurs sujets séparés par des virgules, parmi dépôt, message, avis, statut, suivi, conservation, courrier"
                .to_owned()
        }
        Kind::Filtre => format!(
            "un filtre de la forme colonne=valeur, comme nom={}",
            quote("Le Goff")
        ),
    };
    format!("j’attends pour `{}` {what}", arg.name)
}
