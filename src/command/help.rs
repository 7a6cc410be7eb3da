//! What people read about commands: `aide`, `aide COMMANDE`, and the documentation.

use std::fmt::Write as _;

use super::Catalogue;
use super::error::{Error, either};
use super::spec::{Arg, Doer, Family, Kind, Record, Right, Spec, Takes};

/// What the signs on a line mean that the platform is asked to do.
const ASKED: &str = "⏳ dit que la plateforme est interrogée, ✅ qu’elle l’a fait\u{202f}; si elle refuse, ❌ et la raison.";
/// What is said of a command that nothing but the site can do.
const ON_SITE: &str = "Cela se fait sur le site de la plateforme, et pas d’ici\u{a0}; ce qui y est fait est vu ici ensuite.";

/// How a command is typed: `avis demander <dossiers> <experts> <texte…> [question=…]`.
pub(super) fn usage(spec: &Spec) -> String {
    let mut usage = spec.name.clone();
    let dossiers = match spec.selection {
        Takes::None | Takes::Optional | Takes::Any => "",
        Takes::One => " <dossier>",
        Takes::Many => " <dossiers>",
    };
    usage.push_str(dossiers);
    for arg in spec.options() {
        let _ = write!(usage, " [{}=…]", arg.name);
    }
    for arg in spec.positional() {
        let dots = if arg.rest || arg.kind == Kind::Filtre {
            "…"
        } else {
            ""
        };
        let (open, close) = if arg.required { ('<', '>') } else { ('[', ']') };
        let _ = write!(usage, " {open}{}{dots}{close}", arg.name);
    }
    match spec.selection {
        Takes::Optional => usage.push_str(" [dossier]"),
        Takes::Any => usage.push_str(" [dossiers]"),
        Takes::None | Takes::One | Takes::Many => {}
    }
    usage
}

impl Catalogue {
    /// How `spec` is typed.
    pub fn usage(&self, spec: &Spec) -> String {
        usage(spec)
    }

    /// What somebody with `right` may type, by family, in `CommonMark`.
    pub fn help(&self, right: &Right, record: Record) -> String {
        let mut help = String::from(
            "Voici ce que je comprends. `aide COMMANDE` en dit plus sur une commande.\n",
        );
        let platform = record == Record::Platform;
        if platform && *right >= Right::Instructeur {
            let _ = write!(help, "\nLes dossiers sont ceux de la plateforme. {ASKED}\n");
        }
        for family in Family::ALL {
            let specs: Vec<_> = self
                .of_family(*family)
                .filter(|spec| spec.right <= *right)
                .collect();
            if specs.is_empty() {
                continue;
            }
            let _ = write!(help, "\n**{}**\n", family.title());
            for spec in specs {
                let site = platform && spec.platform == Doer::Site;
                let only = if site {
                    " — sur le site seulement"
                } else {
                    ""
                };
                let _ = writeln!(help, "- `{}`\u{a0}: {}{only}", spec.name, spec.help);
            }
        }
        help.push_str(
            "\nLes accents, les majuscules et les tirets sont facultatifs. Dans le fil d’un dossier, son numéro peut être \
             omis.\n",
        );
        help
    }

    /// All about the command `name`, or the list of those that start with it, in `CommonMark`.
    pub fn help_for(&self, name: &str, record: Record) -> Result<String, Error> {
        let name = super::parse::without_prefix(name);
        let under = self.under(name);
        match self.get(name) {
            Some(spec) => Ok(explained(spec, record) + see_also(spec, &under).as_str()),
            None if !under.is_empty() => {
                let lines = under
                    .iter()
                    .filter_map(|name| self.get(name))
                    .map(|spec| format!("- `{}`\u{a0}: {}\n", usage(spec), spec.help));
                Ok(lines.collect())
            }
            None => Err(Error::Unknown {
                name: name.to_owned(),
                nearest: self.nearest(name),
            }),
        }
    }

    /// The documentation of every command, in `CommonMark`.
    pub fn markdown(&self) -> String {
        let mut page = String::from("# Commandes\n");
        for family in Family::ALL {
            let specs: Vec<_> = self.of_family(*family).collect();
            if specs.is_empty() {
                continue;
            }
            let _ = write!(page, "\n## {}\n", family.title());
            for spec in specs {
                let _ = write!(
                    page,
                    "\n### {}\n\n{}",
                    spec.name,
                    explained(spec, Record::Local)
                );
            }
        }
        page
    }

    fn of_family(&self, family: Family) -> impl Iterator<Item = &Spec> {
        self.specs.iter().filter(move |spec| spec.family == family)
    }
}

fn explained(spec: &Spec, record: Record) -> String {
    let help = spec.help.trim_end_matches('.');
    let platform = record == Record::Platform;
    if platform && spec.platform == Doer::Site {
        return format!("{help}.\n\n{ON_SITE}\n");
    }
    let mut text = format!("{help}.\n\n`{}`\n", usage(spec));
    let detail = if platform && !spec.platform_detail.is_empty() {
        &spec.platform_detail
    } else {
        &spec.detail
    };
    if !detail.is_empty() {
        let _ = write!(text, "\n{detail}\n");
    }
    if platform && spec.platform == Doer::Platform {
        let _ = write!(text, "\nFait sur la plateforme\u{a0}: {ASKED}\n");
    }
    let takes = taken(spec);
    if !takes.is_empty() {
        let _ = write!(text, "\n{takes}");
    }
    let _ = write!(
        text,
        "\nExemple{}\u{a0}:\n",
        if spec.examples.len() > 1 { "s" } else { "" }
    );
    for example in &spec.examples {
        let _ = writeln!(text, "- `{}`", example.replace('\n', " "));
    }
    if !spec.aliases.is_empty() {
        let _ = write!(text, "\nOn peut aussi écrire {}.\n", either(&spec.aliases));
    }
    if spec.right != Right::Anyone {
        let _ = write!(text, "\nRéservé {}.\n", spec.right.title());
    }
    text
}

/// What the command takes, one line each.
fn taken(spec: &Spec) -> String {
    let mut text = String::new();
    let dossiers = match spec.selection {
        Takes::None => "",
        Takes::Optional => "- `dossier`\u{a0}: son numéro, facultatif.\n",
        Takes::One => "- `dossier`\u{a0}: son numéro, facultatif dans son fil.\n",
        Takes::Many => {
            "- `dossiers`\u{a0}: `4807`, `4807, 4810`, `4807-4812`, `onglet=suivis` ou `filtre=colonne:valeur`\u{202f}; facultatif \
             dans le fil d’un dossier.\n"
        }
        Takes::Any => {
            "- `dossiers`\u{a0}: `4807`, `4807, 4810`, `4807-4812`, `onglet=suivis` ou `filtre=colonne:valeur`\u{202f}; facultatif.\n"
        }
    };
    text.push_str(dossiers);
    for arg in &spec.args {
        let _ = writeln!(text, "- {}", taken_arg(arg));
    }
    if spec.files {
        text.push_str("- Les fichiers joints au message sont pris en compte.\n");
    }
    if spec.confirm {
        text.push_str("- Un aperçu est montré d’abord\u{202f}; `confirmer CODE` l’exécute.\n");
    }
    text
}

fn taken_arg(arg: &Arg) -> String {
    let name = if arg.option {
        format!("`{}=…`", arg.name)
    } else {
        format!("`{}`", arg.name)
    };
    let mut line = format!("{name}\u{a0}: {}", arg.help.trim_end_matches('.'));
    if arg.kind == Kind::Choice {
        let labels: Vec<_> = arg
            .choices
            .iter()
            .map(|choice| choice.label().to_owned())
            .collect();
        let _ = write!(line, " ({})", either(&labels));
    }
    match &arg.default {
        Some(default) => {
            let _ = write!(line, "\u{202f}; `{default}` si rien n’est précisé.");
        }
        None if !arg.required => line.push_str("\u{202f}; facultatif."),
        None => line.push('.'),
    }
    line
}

fn see_also(spec: &Spec, under: &[String]) -> String {
    let others: Vec<_> = under
        .iter()
        .filter(|name| **name != spec.name)
        .map(|name| format!("`{name}`"))
        .collect();
    if others.is_empty() {
        String::new()
    } else {
        format!("\nVoir aussi {}.\n", others.join(", "))
    }
}
