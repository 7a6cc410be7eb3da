//! A dossier as its template reads it: what one reader may see, in the order of the page, worded.

mod form;

use jiff::Timestamp;
use serde::Serialize;

use super::plain::paragraphs;
use super::{Print, Reader};
use crate::domain::{
    Avis, CorrectionKind, Decided, Decision, Email, Message, Person, Piece, Statut, Step,
    WITHDRAW_DELAY,
};
use crate::template::french;
use form::Bloc;
pub(super) use form::{shown, siret};

/// What `dossier.typ` reads.
#[derive(Debug, Serialize)]
pub(super) struct Sheet {
    titre: String,
    demarche: String,
    service: String,
    /// Annotations privées and avis are in it.
    interne: bool,
    resume: Vec<Ligne>,
    demandeur: Vec<Ligne>,
    formulaire: Vec<Bloc>,
    annotations: Vec<Bloc>,
    decision: Vec<Ligne>,
    avis: Vec<AvisSheet>,
    messages: Vec<MessageSheet>,
    historique: Vec<Etape>,
    etabli: String,
}

/// A label, and what is answered to it: text, files, or neither.
#[derive(Debug, Serialize)]
pub(super) struct Ligne {
    libelle: String,
    paragraphes: Vec<Vec<String>>,
    fichiers: Vec<Fichier>,
}

/// A file that was given.
#[derive(Debug, Serialize)]
struct Fichier {
    nom: String,
    taille: String,
}

#[derive(Debug, Serialize)]
struct AvisSheet {
    titre: String,
    lignes: Vec<Ligne>,
}

#[derive(Debug, Serialize)]
struct MessageSheet {
    titre: String,
    paragraphes: Vec<Vec<String>>,
    fichiers: Vec<Fichier>,
}

#[derive(Debug, Serialize)]
struct Etape {
    date: String,
    quoi: String,
    par: String,
}

impl Ligne {
    fn text(libelle: &str, text: &str) -> Self {
        Self {
            libelle: libelle.to_owned(),
            paragraphes: paragraphs(text),
            fichiers: Vec::new(),
        }
    }

    fn files<'a>(libelle: &str, pieces: impl IntoIterator<Item = &'a Piece>) -> Self {
        Self {
            libelle: libelle.to_owned(),
            paragraphes: Vec::new(),
            fichiers: files(pieces),
        }
    }
}

fn files<'a>(pieces: impl IntoIterator<Item = &'a Piece>) -> Vec<Fichier> {
    let file = |piece: &Piece| Fichier {
        nom: piece.name.clone(),
        taille: french::taille(piece.bytes),
    };
    pieces.into_iter().map(file).collect()
}

/// `3 juin 2024`.
fn day(at: Timestamp) -> String {
    french::date(french::france(at))
}

/// `3 juin 2024 à 10 h 12`.
fn moment(at: Timestamp) -> String {
    format!("{} à {}", day(at), french::heure(french::france(at)))
}

/// The dossier for its reader.
pub(super) fn sheet(print: &Print<'_>) -> Sheet {
    let Print {
        dossier, demarche, ..
    } = print;
    let interne = print.interne();
    let avis = dossier.avis.values().filter(|_| interne);
    let asked = print
        .by
        .map(|by| format!(", à la demande de {by}"))
        .unwrap_or_default();
    Sheet {
        titre: format!("Dossier n°\u{a0}{}", dossier.number),
        demarche: demarche.titre.clone(),
        service: demarche.service.clone(),
        interne,
        resume: print.resume(),
        demandeur: print.demandeur(),
        formulaire: form::blocs(&demarche.champs, &dossier.champs),
        annotations: if interne {
            form::blocs(&demarche.annotations, &dossier.annotations)
        } else {
            Vec::new()
        },
        decision: dossier
            .decided
            .as_ref()
            .map(|decided| print.decision(decided))
            .unwrap_or_default(),
        avis: avis.map(|avis| print.avis(avis)).collect(),
        messages: dossier
            .messages
            .values()
            .filter(|message| print.told(message))
            .map(|message| print.message(message))
            .collect(),
        historique: print.historique(),
        etabli: format!("Établi par Greffier le {}{asked}.", moment(print.at)),
    }
}

impl Print<'_> {
    fn interne(&self) -> bool {
        self.reader == Reader::Instructeur
    }

    /// The usager knows the service, not who works there.
    fn person(&self, person: &Person) -> String {
        match (person, self.interne()) {
            (Person::Instructeur(email) | Person::Expert(email), true) => email.to_string(),
            (Person::Usager(email), true) => format!("L’usager ({email})"),
            (Person::Greffier, true) => "Greffier".to_owned(),
            (Person::Plateforme, true) => "La plateforme".to_owned(),
            (Person::Instructeur(_), false) => "Le service instructeur".to_owned(),
            (Person::Usager(_), false) => "L’usager".to_owned(),
            (Person::Expert(_), false) => "Un expert".to_owned(),
            (Person::Greffier | Person::Plateforme, false) => "Le service".to_owned(),
        }
    }

    fn resume(&self) -> Vec<Ligne> {
        let Print {
            dossier, demarche, ..
        } = self;
        let mut lignes = vec![
            Ligne::text("Démarche", &format!("n°\u{a0}{}", demarche.number)),
            Ligne::text("État", dossier.statut.libelle()),
            Ligne::text("Déposé le", &moment(dossier.deposited)),
        ];
        let mut steps = dossier.steps.iter().rev();
        let passed = steps.find(|step| step.statut == Statut::EnInstruction);
        if let Some(step) = passed {
            lignes.push(Ligne::text("Passé en instruction le", &moment(step.at)));
        }
        if let Some(decided) = &dossier.decided {
            lignes.push(Ligne::text("Traité le", &moment(decided.at)));
        }
        if let Some(correction) = &dossier.correction {
            let kind = match correction.kind {
                CorrectionKind::Incorrect => "incorrect",
                CorrectionKind::Incomplete => "incomplet",
                CorrectionKind::Outdated => "périmé",
            };
            let text = format!("Demandée le {} : dossier {kind}", moment(correction.at));
            lignes.push(Ligne::text("Correction attendue", &text));
        }
        if self.interne() {
            lignes.push(Ligne::text("Groupe instructeur", &dossier.groupe));
            let followers: Vec<String> =
                dossier.followers.keys().map(ToString::to_string).collect();
            let followers = if followers.is_empty() {
                "personne".to_owned()
            } else {
                followers.join("\n")
            };
            lignes.push(Ligne::text("Suivi par", &followers));
            if !dossier.etiquettes.is_empty() {
                let etiquettes: Vec<&str> = dossier.etiquettes.iter().map(String::as_str).collect();
                lignes.push(Ligne::text("Étiquettes", &etiquettes.join(", ")));
            }
        }
        lignes
    }

    fn demandeur(&self) -> Vec<Ligne> {
        let dossier = self.dossier;
        let who = &dossier.demandeur;
        let siret = siret(&who.siret);
        let mut lignes: Vec<Ligne> = [
            ("Civilité", &who.civilite),
            ("Prénom", &who.prenom),
            ("Nom", &who.nom),
            ("Raison sociale", &who.raison_sociale),
            ("SIRET", &siret),
        ]
        .into_iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(libelle, text)| Ligne::text(libelle, text))
        .collect();
        lignes.push(Ligne::text("Adresse électronique", dossier.usager.as_str()));
        if !dossier.invites.is_empty() {
            let invites: Vec<&str> = dossier.invites.iter().map(Email::as_str).collect();
            lignes.push(Ligne::text("Personnes invitées", &invites.join("\n")));
        }
        lignes
    }

    fn decision(&self, decided: &Decided) -> Vec<Ligne> {
        let decision = match decided.decision {
            Decision::Accepte => "Accepté",
            Decision::Refuse => "Refusé",
            Decision::SansSuite => "Classé sans suite",
        };
        let mut lignes = vec![
            Ligne::text("Décision", decision),
            Ligne::text("Le", &moment(decided.at)),
            Ligne::text("Par", &self.person(&decided.by)),
        ];
        if let Some(motivation) = &decided.motivation {
            lignes.push(Ligne::text("Motivation", motivation));
        }
        for (libelle, piece) in [
            ("Justificatif", &decided.justificatif),
            ("Attestation", &decided.attestation),
        ] {
            if piece.is_some() {
                lignes.push(Ligne::files(libelle, piece));
            }
        }
        lignes
    }

    fn avis(&self, avis: &Avis) -> AvisSheet {
        let asked = format!("{}, le {}", avis.by, moment(avis.at));
        let mut lignes = vec![
            Ligne::text("Demandé par", &asked),
            Ligne {
                fichiers: files(&avis.pieces),
                ..Ligne::text("Demande", &avis.text)
            },
        ];
        if let Some(question) = &avis.question {
            lignes.push(Ligne::text("Question", question));
        }
        if avis.confidentiel {
            lignes.push(Ligne::text(
                "Confidentiel",
                "Oui, les autres experts ne le voient pas",
            ));
        }
        for answer in &avis.answers {
            let unproven = answer.mail.as_ref().is_some_and(|mail| !mail.authenticated);
            let proof = if unproven {
                "\n(expéditeur non vérifié)"
            } else {
                ""
            };
            let libelle = format!("Réponse du {}{proof}", moment(answer.at));
            let said = match answer.oui_non {
                Some(true) => "Oui\n\n",
                Some(false) => "Non\n\n",
                None => "",
            };
            lignes.push(Ligne {
                fichiers: files(&answer.pieces),
                ..Ligne::text(&libelle, &format!("{said}{}", answer.text))
            });
        }
        let state = match (avis.revoked, avis.closed) {
            (Some(at), _) => Some(format!("Demande retirée le {}", moment(at))),
            (None, Some(at)) => Some(format!("Resté sans réponse, clos le {}", moment(at))),
            (None, None) if avis.open() => Some("En attente de réponse".to_owned()),
            (None, None) => None,
        };
        lignes.extend(state.map(|state| Ligne::text("État", &state)));
        AvisSheet {
            titre: format!("Avis de {}", avis.expert),
            lignes,
        }
    }

    /// What was taken back was never said; what still can be was not yet said to the usager.
    fn told(&self, message: &Message) -> bool {
        let waits = matches!(message.by, Person::Instructeur(_))
            && self.at.duration_since(message.at) < WITHDRAW_DELAY;
        !message.withdrawn && (self.interne() || !waits)
    }

    fn message(&self, message: &Message) -> MessageSheet {
        let correction = if message.correction.is_some() {
            " : demande de correction"
        } else {
            ""
        };
        let unproven = self.interne()
            && message
                .mail
                .as_ref()
                .is_some_and(|mail| !mail.authenticated);
        let proof = if unproven {
            " (expéditeur non vérifié)"
        } else {
            ""
        };
        MessageSheet {
            titre: format!(
                "{}, le {}{correction}{proof}",
                self.person(&message.by),
                moment(message.at)
            ),
            paragraphes: paragraphs(&message.text),
            fichiers: files(&message.pieces),
        }
    }

    fn historique(&self) -> Vec<Etape> {
        let dossier = self.dossier;
        let mut etapes = Vec::new();
        let mut before = None;
        for step in &dossier.steps {
            etapes.push((step.at, reached(step, before), self.person(&step.by)));
            before = Some(step.statut);
        }
        for change in dossier.reassignments.iter().filter(|_| self.interne()) {
            let etape = format!("Réaffectation de « {} » à « {} »", change.from, change.to);
            etapes.push((change.at, etape, self.person(&change.by)));
        }
        etapes.sort_by_key(|(at, ..)| *at);
        let etape = |(at, quoi, par): (Timestamp, String, String)| Etape {
            date: moment(at),
            quoi,
            par,
        };
        etapes.into_iter().map(etape).collect()
    }
}

/// What a step is called, given where the dossier stood before.
fn reached(step: &Step, before: Option<Statut>) -> String {
    match (step.statut, before) {
        (Statut::EnConstruction, None) => "Dépôt",
        (Statut::EnConstruction, Some(_)) => "Retour en construction",
        (Statut::EnInstruction, Some(before)) if before.traite() => "Réexamen",
        (Statut::EnInstruction, _) => "Passage en instruction",
        (Statut::Accepte, _) => "Acceptation",
        (Statut::Refuse, _) => "Refus",
        (Statut::SansSuite, _) => "Classement sans suite",
    }
    .to_owned()
}
