//! What one audience may see of a dossier, part by part.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::{
    Answer, Avis, AvisId, Champ, ChampType, Decided, Decision, Email, Mark, Message, MessageId,
    Person, Piece, Reassignment, Step, Valeur, WITHDRAW_DELAY, next_reminder,
};

use super::super::scene::{Audience, Level, Scene};
use super::super::word;
use super::{
    AnswerView, AvisView, ChampView, DecidedView, MessageView, PersonView, PieceView,
    ReassignmentView, StepView,
};

/// What one audience may see, by part.
pub(super) struct Sight<'a> {
    scene: &'a Scene<'a>,
    /// Of the team, and the room may show names.
    pub(super) standard: bool,
    /// Of the team, and the room may show everything.
    pub(super) full: bool,
    pub(super) usager: bool,
    /// The reader's avis, while it was not taken away.
    pub(super) expert: Option<AvisId>,
}

impl<'a> Sight<'a> {
    pub(super) fn of(scene: &'a Scene<'a>) -> Self {
        let kept = |id: &AvisId| {
            let avis = scene.dossier.avis.get(id);
            avis.is_some_and(|avis| avis.revoked.is_none())
        };
        Self {
            scene,
            standard: scene.audience.sees(Level::Standard),
            full: scene.audience.sees(Level::Full),
            usager: scene.audience == Audience::Usager,
            expert: match &scene.audience {
                Audience::Expert(id) => Some(*id).filter(kept),
                _ => None,
            },
        }
    }

    pub(super) fn person(&self, person: &Person) -> PersonView {
        let (role, nom) = match person {
            Person::Instructeur(email) => ("instructeur", self.instructeur(email)),
            Person::Usager(_) if self.usager => ("usager", "vous".to_owned()),
            Person::Usager(_) => ("usager", "l’usager".to_owned()),
            Person::Expert(email) => ("expert", self.expert_name(email.as_str())),
            Person::Greffier if self.scene.audience.team() => ("greffier", "Greffier".to_owned()),
            Person::Plateforme if self.scene.audience.team() => {
                ("plateforme", "la plateforme".to_owned())
            }
            Person::Greffier | Person::Plateforme => ("greffier", "le service".to_owned()),
        };
        let capital = match nom.as_str() {
            "un membre de l’équipe" => "Un membre de l’équipe",
            "le service instructeur" => "Le service instructeur",
            "l’usager" => "L’usager",
            "vous" => "Vous",
            "un expert" => "Un expert",
            "le service" => "Le service",
            "la plateforme" => "La plateforme",
            other => other,
        };
        let sujet = capital.to_owned();
        PersonView { role, nom, sujet }
    }

    /// Colleagues know each other by the local part; an expert knows who asked him; nobody else knows anybody.
    fn instructeur(&self, email: &Email) -> String {
        if self.standard {
            return word::local(email.as_str()).to_owned();
        }
        if self.scene.audience.team() {
            return "un membre de l’équipe".to_owned();
        }
        let asked = self.expert.and_then(|id| self.scene.dossier.avis.get(&id));
        match asked.filter(|avis| avis.by == *email) {
            Some(avis) => avis.by.to_string(),
            None => "le service instructeur".to_owned(),
        }
    }

    fn expert_name(&self, email: &str) -> String {
        let own = self.expert.and_then(|id| self.scene.dossier.avis.get(&id));
        if own.is_some_and(|avis| avis.expert.as_str() == email) {
            "vous".to_owned()
        } else if self.full {
            email.to_owned()
        } else {
            "un expert".to_owned()
        }
    }

    /// Who decided. Where silence does and Greffier did, it was silence.
    fn decider(&self, by: &Person, decided: bool) -> PersonView {
        let mut person = self.person(by);
        if decided && self.by_silence(by) && self.scene.audience.team() {
            let word = match self.scene.demarche.silence() {
                Some((Decision::Accepte, _)) => "Greffier (silence vaut accord)",
                _ => "Greffier (silence vaut rejet)",
            };
            word.clone_into(&mut person.nom);
            word.clone_into(&mut person.sujet);
        }
        person
    }

    fn by_silence(&self, by: &Person) -> bool {
        *by == Person::Greffier && self.scene.demarche.silence().is_some()
    }

    pub(super) fn marks(&self) -> Vec<Mark> {
        let marks = self.scene.mark_of.filter(|_| self.scene.audience.team());
        let marks = marks.and_then(|email| self.scene.dossier.followers.get(email));
        marks.into_iter().flatten().copied().collect()
    }

    pub(super) fn message(&self, id: MessageId, message: &Message) -> MessageView {
        // To the usager what can still be taken back was never said.
        let waits = matches!(message.by, Person::Instructeur(_))
            && self.scene.at.duration_since(message.at) < WITHDRAW_DELAY
            && !self.scene.audience.team();
        let seen = (self.full || self.usager) && !message.withdrawn;
        MessageView {
            number: id.0,
            by: self.person(&message.by),
            at: message.at,
            text: seen
                .then(|| message.text.clone())
                .filter(|text| !text.is_empty()),
            pieces: seen.then(|| pieces(&message.pieces, "messagerie")),
            files: message.pieces.len(),
            correction: message.correction,
            withdrawn: message.withdrawn,
            waits,
            unproven: self.scene.audience.team()
                && message
                    .mail
                    .as_ref()
                    .is_some_and(|mail| !mail.authenticated),
            by_mail: self.scene.audience.team() && message.mail.is_some(),
        }
    }

    /// An expert sees his own avis, and what others answered openly.
    pub(super) fn avis(&self, id: AvisId, avis: &Avis) -> Option<AvisView> {
        if self.expert == Some(id) {
            return Some(self.own_avis(id, avis));
        }
        let open_to_others =
            !avis.confidentiel && !avis.answers.is_empty() && avis.revoked.is_none();
        let visible = self.scene.audience.team() || (self.expert.is_some() && open_to_others);
        visible.then(|| self.avis_with(id, avis, self.full || self.expert.is_some()))
    }

    pub(super) fn own_avis(&self, id: AvisId, avis: &Avis) -> AvisView {
        AvisView {
            mine: true,
            ..self.avis_with(id, avis, self.expert == Some(id))
        }
    }

    fn avis_with(&self, id: AvisId, avis: &Avis, seen: bool) -> AvisView {
        let plateforme = self.scene.demarche.plateforme.as_ref();
        let answer = |answer: &Answer| AnswerView {
            to_usager: plateforme.is_some_and(|it| avis.shown_to_usager(answer, it)),
            at: answer.at,
            text: seen
                .then(|| answer.text.clone())
                .filter(|text| !text.is_empty()),
            oui_non: answer.oui_non.filter(|_| seen),
            pieces: seen.then(|| pieces(&answer.pieces, "avis")),
            files: answer.pieces.len(),
            unproven: self.scene.audience.team()
                && answer.mail.as_ref().is_some_and(|mail| !mail.authenticated),
        };
        AvisView {
            number: id.0,
            expert: seen.then(|| avis.expert.to_string()),
            by: self.person(&Person::Instructeur(avis.by.clone())),
            at: avis.at,
            text: seen.then(|| avis.text.clone()),
            question: avis.question.clone().filter(|_| seen),
            asks: avis.question.is_some(),
            pieces: seen.then(|| pieces(&avis.pieces, "avis")),
            files: avis.pieces.len(),
            confidentiel: avis.confidentiel,
            to_usager: avis.to_usager,
            answers: avis.answers.iter().map(answer).collect(),
            oui_non: avis.oui_non().filter(|_| seen),
            open: avis.open(),
            answered: !avis.answers.is_empty(),
            unclear: avis.unclear(),
            revoked: avis.revoked,
            closed: avis.closed,
            reminded: avis.reminded,
            reminders: avis.reminders,
            next_reminder: next_reminder(avis, self.scene.demarche)
                .filter(|_| self.scene.audience.team() && self.scene.dossier.statut.en_cours()),
            mine: false,
        }
    }

    /// The usager reads the motivation in his mail only where the démarche says so; an expert never does.
    pub(super) fn decided(&self, decided: &Decided) -> DecidedView {
        let motivated = self.full || (self.usager && self.scene.demarche.motivation_dans_mail);
        let documents = self.full || self.usager;
        let piece = |piece: &Option<Piece>| {
            let piece = piece.as_ref().filter(|_| documents);
            piece.map(|piece| PieceView::of(piece, "décision"))
        };
        DecidedView {
            decision: decided.decision,
            at: decided.at,
            by: self.decider(&decided.by, true),
            motivation: decided.motivation.clone().filter(|_| motivated),
            motivated: decided.motivation.is_some(),
            justificatif: piece(&decided.justificatif),
            justified: decided.justificatif.is_some(),
            attestation: piece(&decided.attestation),
            attested: decided.attestation.is_some(),
            by_silence: self.by_silence(&decided.by),
        }
    }

    /// Every file that the audience may see, with where it was given. Those of the demande come first, the others in the
    /// order in which they came: a file that comes later does not change the number of those before it.
    pub(super) fn pieces(&self) -> Vec<(&'a Piece, &'a str)> {
        let Scene {
            dossier, demarche, ..
        } = self.scene;
        let mut dated = Vec::new();
        if self.full || self.usager {
            for message in dossier.messages.values() {
                dated.push((message.at, message.pieces.iter().collect(), "messagerie"));
            }
            if let Some(decided) = &dossier.decided {
                let documents = decided.justificatif.iter().chain(&decided.attestation);
                dated.push((decided.at, documents.collect(), "décision"));
            }
        }
        let visible = dossier
            .avis
            .iter()
            .filter(|(id, _)| self.full || self.expert == Some(**id));
        for (_, avis) in visible {
            dated.push((avis.at, avis.pieces.iter().collect(), "demande d’avis"));
            for answer in &avis.answers {
                dated.push((answer.at, answer.pieces.iter().collect(), "avis"));
            }
        }
        dated.sort_by_key(|(at, _, _)| *at);
        let of_demande = dossier.champs.iter().map(|(id, valeur)| {
            let champ = demarche.champ(id);
            let libelle: &str = champ.map_or(id, |champ| &champ.libelle);
            (valeur.pieces(), libelle)
        });
        let dated = dated
            .into_iter()
            .map(|(_, pieces, origine): (Timestamp, Vec<&Piece>, &str)| (pieces, origine));
        of_demande
            .chain(dated)
            .flat_map(|(pieces, origine)| pieces.into_iter().map(move |piece| (piece, origine)))
            .collect()
    }

    pub(super) fn steps(&self) -> Vec<StepView> {
        let step = |step: &Step| StepView {
            statut: step.statut,
            at: step.at,
            by: self.decider(&step.by, step.statut.traite()),
            proposal: step
                .proposal
                .as_ref()
                .map(|proposal| self.person(&Person::Instructeur(proposal.by.clone()))),
        };
        self.scene.dossier.steps.iter().map(step).collect()
    }

    pub(super) fn reassignments(&self) -> Vec<ReassignmentView> {
        let change = |change: &Reassignment| ReassignmentView {
            from: change.from.clone(),
            to: change.to.clone(),
            at: change.at,
            by: self.person(&change.by),
        };
        self.scene
            .dossier
            .reassignments
            .iter()
            .map(change)
            .collect()
    }
}

impl PieceView {
    pub(super) fn of(piece: &Piece, origine: &str) -> Self {
        Self {
            name: piece.name.clone(),
            bytes: piece.bytes,
            origine: origine.to_owned(),
        }
    }
}

fn pieces(pieces: &[Piece], origine: &str) -> Vec<PieceView> {
    pieces
        .iter()
        .map(|piece| PieceView::of(piece, origine))
        .collect()
}

/// The fields in the order of the form, with their answers.
pub(super) fn champs(form: &[Champ], answers: &BTreeMap<String, Valeur>) -> Vec<ChampView> {
    form.iter()
        .filter(|champ| champ.kind != ChampType::Explication)
        .map(|champ| {
            let valeur = answers.get(&champ.id);
            let rows = match valeur {
                Some(Valeur::Rows(rows)) => rows.iter().map(|row| row_of(champ, row)).collect(),
                _ => Vec::new(),
            };
            ChampView {
                libelle: champ.libelle.clone(),
                obligatoire: champ.obligatoire,
                titre: champ.kind == ChampType::HeaderSection,
                valeur: valeur.filter(|_| rows.is_empty()).map(Valeur::shown),
                rows,
            }
        })
        .collect()
}

fn row_of(champ: &Champ, row: &BTreeMap<String, Valeur>) -> Vec<(String, String)> {
    let cell = |champ: &Champ| Some((champ.libelle.clone(), row.get(&champ.id)?.shown()));
    champ.champs.iter().filter_map(cell).collect()
}
