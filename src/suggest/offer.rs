//! What is offered while an option of a slash command is typed: only what the person may see, and no more of it than the
//! place may be shown.

use crate::app::App;
use crate::channel::discord::{Asked, Offer, Wanted};
use crate::command::{Kind, fold};
use crate::domain::{Demarche, Dossier, DossierId, Email, Onglet, Privacy};
use crate::store::Store;

/// What a room may be told of, as people type it.
const SUBJECTS: [&str; 7] = [
    "dépôt",
    "message",
    "avis",
    "statut",
    "suivi",
    "conservation",
    "courrier",
];

/// Offers made at once.
const MOST: usize = 25;

/// What may be typed for `asked`, the best first.
pub fn offer<S: Store>(app: &App<S>, asked: &Asked) -> Vec<Offer> {
    let known = app.person_of(&asked.who).ok().flatten();
    let Some(email) = known else {
        // Somebody who is nobody yet may ask what there is to type.
        return match asked.wanted {
            Wanted::Kind(Kind::Command) => commands(app, &asked.typed),
            Wanted::Kind(_) | Wanted::Dossiers => Vec::new(),
        };
    };
    match asked.wanted {
        Wanted::Dossiers => dossiers(app, asked, &email),
        Wanted::Kind(kind) => of_kind(app, asked, &email, kind),
    }
}

fn of_kind<S: Store>(app: &App<S>, asked: &Asked, email: &Email, kind: Kind) -> Vec<Offer> {
    let demarches = demarches(app, asked, email);
    let each = |words: fn(&Demarche) -> Vec<String>| {
        let mut all: Vec<String> = demarches
            .iter()
            .flat_map(|demarche| words(demarche))
            .collect();
        all.sort();
        all.dedup();
        all
    };
    let one = |words: fn(&Demarche) -> Vec<String>| {
        let words = each(words);
        fitting(words.iter().map(|word| plain(word)), &asked.typed)
    };
    match kind {
        Kind::Command => commands(app, &asked.typed),
        Kind::Onglet => {
            let onglets = Onglet::ALL.into_iter();
            fitting(onglets.map(|onglet| plain(onglet.libelle())), &asked.typed)
        }
        Kind::Demarche => {
            let known = demarches.iter().map(|demarche| Offer {
                label: format!("{} — {}", demarche.number, demarche.titre),
                value: demarche.number.to_string(),
            });
            fitting(known, &asked.typed)
        }
        Kind::Emails => listed(&each(experts), &asked.typed),
        Kind::Expert => one(experts),
        Kind::Email => one(instructeurs),
        Kind::Groupe => one(|demarche| {
            let groupes = demarche.groupes.iter();
            groupes.map(|groupe| groupe.label.clone()).collect()
        }),
        Kind::Annotation => one(|demarche| {
            let annotations = demarche.annotations.iter();
            annotations.map(|champ| champ.libelle.clone()).collect()
        }),
        Kind::Etiquette => one(|demarche| demarche.noms_des_etiquettes().cloned().collect()),
        Kind::Colonnes => listed(&each(columns), &asked.typed),
        Kind::Sujets => listed(&SUBJECTS.map(str::to_owned), &asked.typed),
        // What follows the sign is a value of a dossier.
        Kind::Filtre if asked.typed.contains('=') => Vec::new(),
        Kind::Filtre => {
            let names = each(columns);
            let filters = names.iter().map(|name| Offer {
                label: format!("{name} = …"),
                value: format!("{name}="),
            });
            fitting(filters, &asked.typed)
        }
        Kind::Text
        | Kind::Word
        | Kind::Code
        | Kind::EmailOrCode
        | Kind::Number
        | Kind::Choice
        | Kind::Boolean
        | Kind::Date => Vec::new(),
    }
}

fn experts(demarche: &Demarche) -> Vec<String> {
    let experts = demarche.experts.list.iter();
    experts.map(ToString::to_string).collect()
}

fn instructeurs(demarche: &Demarche) -> Vec<String> {
    let groupes = demarche.groupes.iter();
    let members = groupes.flat_map(|groupe| &groupe.instructeurs);
    members.map(ToString::to_string).collect()
}

fn columns(demarche: &Demarche) -> Vec<String> {
    let columns = crate::domain::column::columns(demarche).into_iter();
    columns.map(|named| named.label).collect()
}

/// The démarches that somebody instructs; the one that was named, or that of the room, where there is one.
fn demarches<'a, S: Store>(app: &'a App<S>, asked: &Asked, email: &Email) -> Vec<&'a Demarche> {
    let room = app.directory.room(&asked.who.network, &asked.place);
    let named = asked
        .demarche
        .as_ref()
        .and_then(|number| number.trim().parse().ok());
    let wanted = named.or(room.and_then(|room| room.demarche.map(|number| number.0)));
    let mine = app.demarches.values().filter(|demarche| {
        wanted.is_none_or(|wanted| wanted == demarche.number.0) && demarche.has_instructeur(email)
    });
    mine.collect()
}

/// Dossiers by number, demandeur and state. What the place may not show is looked for, and not shown.
fn dossiers<S: Store>(app: &App<S>, asked: &Asked, email: &Email) -> Vec<Offer> {
    // Of a list only the last number is being typed.
    let (before, typed) = match asked.typed.rfind([',', ';', ' ']) {
        Some(at) => asked
            .typed
            .split_at_checked(at + 1)
            .unwrap_or(("", &asked.typed)),
        None => ("", asked.typed.as_str()),
    };
    let list = before.chars().any(|letter| letter.is_ascii_digit());
    let (before, wanted) = if list {
        (before, fold(typed))
    } else {
        ("", fold(&asked.typed))
    };
    let named = app.directory.privacy(&asked.who.network, &asked.place) >= Privacy::Standard;
    let near = app.near(email).unwrap_or_default();
    let exact = wanted.parse().ok().map(DossierId);
    let exact = exact
        .into_iter()
        .filter(|number| near.iter().all(|(near, _)| near != number));
    let numbers = near.iter().map(|(number, _)| *number).chain(exact);
    let mut offers = Vec::new();
    for number in numbers {
        let Some(dossier) = seen(app, number, email) else {
            continue;
        };
        let who = dossier.demandeur.name();
        let statut = dossier.statut.libelle().to_lowercase();
        let found = number.to_string().starts_with(&wanted)
            || fold(&who).contains(&wanted)
            || fold(&statut).contains(&wanted);
        if !found || offers.len() >= MOST {
            continue;
        }
        let label = if named {
            format!("n° {number} — {who}, {statut}")
        } else {
            format!("n° {number} — {statut}")
        };
        offers.push(Offer {
            label: format!("{before}{label}"),
            value: format!("{before}{number}"),
        });
    }
    offers
}

/// A dossier that somebody may see.
fn seen<S: Store>(app: &App<S>, number: DossierId, email: &Email) -> Option<Dossier> {
    let (dossier, _) = app.store.load(number).ok().flatten()?;
    let groupe = app
        .demarches
        .get(&dossier.demarche)?
        .groupe(&dossier.groupe)?;
    (dossier.purged.is_none() && groupe.instructeurs.contains(email)).then_some(dossier)
}

fn commands<S: Store>(app: &App<S>, typed: &str) -> Vec<Offer> {
    let specs = app.catalogue.specs().iter();
    fitting(
        specs.map(|spec| Offer {
            label: format!("{} — {}", spec.name, spec.help),
            value: spec.name.clone(),
        }),
        typed,
    )
}

fn plain(text: &str) -> Offer {
    Offer {
        label: text.to_owned(),
        value: text.to_owned(),
    }
}

/// Those in which `typed` is found.
fn fitting(offers: impl Iterator<Item = Offer>, typed: &str) -> Vec<Offer> {
    let wanted = fold(typed);
    offers
        .filter(|offer| fold(&offer.label).contains(&wanted))
        .take(MOST)
        .collect()
}

/// Those that go on a list whose last entry is being typed.
fn listed(words: &[String], typed: &str) -> Vec<Offer> {
    let (before, last) = match typed.rfind([',', ';']) {
        Some(at) => typed.split_at_checked(at + 1).unwrap_or(("", typed)),
        None => ("", typed),
    };
    let before = before.trim();
    let space = if before.is_empty() { "" } else { " " };
    let offers = fitting(words.iter().map(|word| plain(word)), last.trim());
    let unused = offers
        .into_iter()
        .filter(|offer| !before.contains(&offer.value));
    unused
        .map(|offer| Offer {
            label: format!("{before}{space}{}", offer.label),
            value: format!("{before}{space}{}", offer.value),
        })
        .collect()
}
