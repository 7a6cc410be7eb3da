//! Completion while an option is typed: answered from memory and the ledger within a second, or not at all.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::Inner;
use super::api::{Api, Request};
use super::button::cut;
use super::event::{Deed, Interaction};
use super::hear::{account, place};
use crate::command::Kind;
use crate::message::{Account, Place};

/// How long is thought about it: Discord wants an answer within three seconds.
const THOUGHT: Duration = Duration::from_secs(1);
/// What Discord shows.
const MOST: usize = 25;
const LONGEST: usize = 100;

/// What is typed, by whom, where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Who types.
    pub who: Account,
    /// Where.
    pub place: Place,
    /// The command, as one word.
    pub command: String,
    /// What is wanted.
    pub wanted: Wanted,
    /// What is typed of it.
    pub typed: String,
    /// The dossiers that were given before, as typed.
    pub dossiers: Option<String>,
    /// The first message of the thread where it is typed.
    pub about: Option<String>,
    /// The démarche that was given before, as typed.
    pub demarche: Option<String>,
}

/// What an option wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Dossiers.
    Dossiers,
    /// An argument of that kind.
    Kind(Kind),
}

/// Something to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// What is shown.
    pub label: String,
    /// What is typed by choosing it.
    pub value: String,
}

/// Completes.
pub type Complete = dyn Fn(&Asked) -> Vec<Offer> + Send + Sync;

impl Inner {
    /// Answers what may be typed next. Whoever does not hear of it in time types on.
    pub(super) async fn complete(self: Arc<Self>, api: Arc<Api>, interaction: Interaction) {
        let offers = match self.asked(&interaction) {
            Some(asked) => {
                let complete = Arc::clone(&self.complete);
                let thought = tokio::task::spawn_blocking(move || complete(&asked));
                match tokio::time::timeout(THOUGHT, thought).await {
                    Ok(Ok(offers)) => offers,
                    Ok(Err(_)) | Err(_) => Vec::new(),
                }
            }
            None => Vec::new(),
        };
        let body = json!({ "type": 8, "data": { "choices": choices(offers) } });
        let Interaction { id, token, .. } = &interaction;
        let path = format!("interactions/{id}/{token}/callback");
        // One that comes too late is of no use to anybody.
        if let Err(fault) = api.ask(Request::post(path, body).of_interaction()).await {
            tracing::debug!("A completion was not taken: {fault}");
        }
    }

    fn asked(&self, interaction: &Interaction) -> Option<Asked> {
        let Deed::Typing {
            name,
            option,
            typed,
            options,
        } = &interaction.deed
        else {
            return None;
        };
        if !self.obeys(interaction) {
            return None;
        }
        let spec = self.catalogue.of_line(name)?;
        let arg = spec.args.iter().find(|arg| arg.name == *option);
        let wanted = match (arg, option.as_str()) {
            (Some(arg), _) => Wanted::Kind(arg.kind),
            (None, "dossier" | "dossiers") => Wanted::Dossiers,
            (None, "onglet") => Wanted::Kind(Kind::Onglet),
            (None, "filtre") => Wanted::Kind(Kind::Filtre),
            (None, _) => return None,
        };
        let given = |wanted: &[&str]| {
            let found = options
                .iter()
                .find(|(name, _)| wanted.contains(&name.as_str()));
            found.map(|(_, value)| value.clone())
        };
        let (place, about) = place(interaction);
        Some(Asked {
            who: account(&interaction.person),
            place,
            command: name.clone(),
            wanted,
            typed: typed.chars().take(LONGEST).collect(),
            dossiers: given(&["dossier", "dossiers"]),
            about,
            demarche: given(&["demarche"]),
        })
    }
}

/// Offers as Discord takes them; one whose value does not fit is left out, for a part of it would mean something else.
fn choices(offers: Vec<Offer>) -> Vec<Value> {
    let fitting = offers.into_iter().filter(|offer| {
        !offer.value.is_empty()
            && !offer.label.trim().is_empty()
            && offer.value.encode_utf16().count() <= LONGEST
    });
    fitting
        .take(MOST)
        .map(|offer| json!({ "name": cut(offer.label.trim(), LONGEST), "value": offer.value }))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_offered_fits() {
        let offer = |label: &str, value: &str| Offer {
            label: label.to_owned(),
            value: value.to_owned(),
        };
        let many = (0..40).map(|number| offer(&"é".repeat(200), &number.to_string()));
        let odd = [
            offer("a", ""),
            offer(" ", "b"),
            offer("c", &"d".repeat(101)),
        ];
        let choices = choices(odd.into_iter().chain(many).collect());
        assert_eq!(choices.len(), 25);
        for choice in choices {
            assert_eq!(choice["name"].as_str().unwrap().chars().count(), 100);
        }
    }
}
