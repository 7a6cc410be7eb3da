//! Messages of the platform: whose they are, what they say. The API gives an address and a text, no role.

use crate::domain::{Demarche, Email, Person};
use crate::mail::text_of_html;
use crate::message::platform::{DossierIn, MessageIn};

/// Local parts that the platform itself writes from, whatever its domain.
const AUTOMATIC: [&str; 6] = [
    "contact",
    "ne-pas-repondre",
    "nepasrepondre",
    "no-reply",
    "noreply",
    "ne_pas_repondre",
];
/// Domains of the State's instance, past and present.
const DOMAINS: [&str; 5] = [
    "demarche.numerique.gouv.fr",
    "demarches.numerique.gouv.fr",
    "demarches-simplifiees.fr",
    "www.demarches-simplifiees.fr",
    "tps.apientreprise.fr",
];
/// Elements by which a text shows that it is HTML.
const ELEMENTS: [&str; 12] = [
    "<p>", "<p ", "<br", "<div", "<a ", "<ul", "<ol", "<li", "<strong", "<em>", "<span", "<b>",
];

/// Who has written a message of a dossier.
pub(super) fn author(message: &MessageIn, read: &DossierIn, demarche: &Demarche) -> Person {
    let email = Email::new(&message.email);
    if !email.plausible() {
        return Person::Plateforme;
    }
    if email == Email::new(&read.usager) {
        return Person::Usager(email);
    }
    let same = |other: &str| Email::new(other) == email;
    let instructs = demarche.has_instructeur(&email)
        || read.followers.iter().any(|profile| same(&profile.email))
        || read
            .traitements
            .iter()
            .any(|traitement| traitement.by.as_deref().is_some_and(same));
    if instructs {
        return Person::Instructeur(email);
    }
    if is_automatic(message, &email) {
        return Person::Plateforme;
    }
    let asked = |expert: &Option<String>| expert.as_deref().is_some_and(same);
    if read.avis.iter().any(|avis| asked(&avis.expert)) {
        return Person::Expert(email);
    }
    // Somebody whom the usager invited, who speaks for him.
    Person::Usager(email)
}

/// Whether the platform has written it by itself: from an address of its own, which an instance chooses. Elsewhere than on the
/// State's a mail that was copied into the messagerie begins with its subject in brackets, and goes on as HTML.
fn is_automatic(message: &MessageIn, from: &Email) -> bool {
    let (local, domain) = from.as_str().split_once('@').unwrap_or_default();
    let copied = message.body.trim_start().starts_with('[') && has_elements(&message.body);
    AUTOMATIC.contains(&local) && (DOMAINS.contains(&domain) || copied)
}

fn has_elements(body: &str) -> bool {
    let lower = body.to_lowercase();
    ELEMENTS.iter().any(|element| lower.contains(element))
}

/// What a message says, as text.
pub(super) fn text(message: &MessageIn, by: &Person) -> String {
    let body = message.body.replace("\r\n", "\n");
    let html = *by == Person::Plateforme || has_elements(&body);
    let text = if html { text_of_html(&body) } else { body };
    text.trim().to_owned()
}
