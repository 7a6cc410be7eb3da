//! A dossier as one audience may see it. This is the one place that knows who may see what of a dossier.

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::{
    Answer, Avis, AvisId, Champ, ChampType, CorrectionKind, Decided, Decision, Demarche, Mark,
    Message, MessageId, Person, Piece, Statut, Valeur,
};

use super::scene::{Audience, Level, Scene};
use super::word;

/// The dossier in a template's context. `None` is "not for this audience", or "there is none".
#[derive(Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "templates ask simple questions"
)]
pub(super) struct DossierView {
    number: u64,
    statut: Statut,
    deposited: Timestamp,
    updated: Timestamp,
    since: Timestamp,
    archived: bool,
    deleted: bool,
    expired: bool,
    purged: bool,
    en_attente: bool,
    correction: Option<CorrectionKind>,
    expires: Option<Timestamp>,
    open_avis: Option<usize>,
    total_avis: Option<usize>,
    followed_by: Option<usize>,
    groupe: Option<String>,
    demandeur: Option<String>,
    identite: Option<Identite>,
    usager: Option<String>,
    invites: Option<Vec<String>>,
    followers: Option<Vec<String>>,
    etiquettes: Option<Vec<String>>,
    marks: Vec<Mark>,
    champs: Option<Vec<ChampView>>,
    annotations: Option<Vec<ChampView>>,
    pieces: Option<Vec<PieceView>>,
    messages: Option<Vec<MessageView>>,
    avis: Option<Vec<AvisView>>,
    decided: Option<DecidedView>,
    bounced: Option<Vec<String>>,
    steps: Option<Vec<StepView>>,
    reassignments: Option<Vec<ReassignmentView>>,
}

/// Who the dossier is for.
#[derive(Serialize)]
struct Identite {
    civilite: String,
    nom: String,
    prenom: String,
    raison_sociale: String,
    siret: String,
}

/// A person as the audience knows him.
#[derive(Serialize)]
pub(super) struct PersonView {
    role: &'static str,
    /// Within a sentence: `ines.roux`, `l’usager`.
    nom: String,
    /// At the start of a sentence.
    sujet: String,
}

/// A field and its answer.
#[derive(Serialize)]
struct ChampView {
    libelle: String,
    obligatoire: bool,
    /// A title within the form.
    titre: bool,
    valeur: Option<String>,
    /// Rows of a repetition, each a list of label and answer.
    rows: Vec<Vec<(String, String)>>,
}

/// A file.
#[derive(Serialize)]
struct PieceView {
    name: String,
    bytes: u64,
    /// Where it was given: a field's label, `messagerie`, `avis`, `décision`.
    origine: String,
}

/// A message of the messagerie.
#[derive(Serialize)]
pub(super) struct MessageView {
    number: u32,
    by: PersonView,
    at: Timestamp,
    text: Option<String>,
    pieces: Option<Vec<PieceView>>,
    files: usize,
    correction: Option<CorrectionKind>,
    withdrawn: bool,
    /// It came by a mail whose sender is not proven.
    unproven: bool,
}

/// An avis.
#[derive(Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "templates ask simple questions"
)]
pub(super) struct AvisView {
    number: u32,
    expert: Option<String>,
    by: PersonView,
    at: Timestamp,
    text: Option<String>,
    question: Option<String>,
    asks: bool,
    pieces: Option<Vec<PieceView>>,
    files: usize,
    confidentiel: bool,
    answers: Vec<AnswerView>,
    oui_non: Option<bool>,
    open: bool,
    answered: bool,
    revoked: Option<Timestamp>,
    closed: Option<Timestamp>,
    reminded: Option<Timestamp>,
    reminders: u32,
    mine: bool,
}

#[derive(Serialize)]
struct AnswerView {
    at: Timestamp,
    text: Option<String>,
    oui_non: Option<bool>,
    pieces: Option<Vec<PieceView>>,
    files: usize,
    unproven: bool,
}

#[derive(Serialize)]
struct DecidedView {
    decision: Decision,
    at: Timestamp,
    by: PersonView,
    motivation: Option<String>,
    motivated: bool,
    justificatif: Option<PieceView>,
    justified: bool,
    attestation: Option<PieceView>,
    attested: bool,
}

#[derive(Serialize)]
struct StepView {
    statut: Statut,
    at: Timestamp,
    by: PersonView,
}

#[derive(Serialize)]
struct ReassignmentView {
    from: String,
    to: String,
    at: Timestamp,
    by: PersonView,
}

/// The démarche in a template's context: nothing in it is personal, and its lists of people are left out.
#[derive(Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "templates ask simple questions"
)]
pub(super) struct DemarcheView<'a> {
    number: u64,
    titre: &'a str,
    service: &'a str,
    description: &'a str,
    conservation_mois: u32,
    attestation: bool,
    declarative: bool,
    motivation_dans_mail: bool,
    decision_access: bool,
    mail: &'a crate::domain::MailTexts,
}

impl<'a> DemarcheView<'a> {
    pub(super) fn of(demarche: &'a Demarche) -> Self {
        Self {
            number: demarche.number.0,
            titre: &demarche.titre,
            service: &demarche.service,
            description: &demarche.description,
            conservation_mois: demarche.conservation_mois,
            attestation: demarche.attestation,
            declarative: demarche.declarative.is_some(),
            motivation_dans_mail: demarche.motivation_dans_mail,
            decision_access: demarche.experts.decision_access,
            mail: &demarche.mail,
        }
    }
}

/// What one audience may see, by part.
struct Sight<'a> {
    scene: &'a Scene<'a>,
    /// Of the team, and the room may show names.
    standard: bool,
    /// Of the team, and the room may show everything.
    full: bool,
    usager: bool,
    /// The reader's avis, while it was not taken away.
    expert: Option<AvisId>,
}

impl DossierView {
    pub(super) fn of(scene: &Scene<'_>) -> Self {
        let sight = Sight::of(scene);
        let dossier = scene.dossier;
        let team = scene.audience.team();
        // The demande is for all but smaller rooms and experts whose avis was taken away.
        let demande = sight.full || sight.usager || sight.expert.is_some();
        let identite = &dossier.demandeur;
        let named = sight.standard || sight.usager || sight.expert.is_some();
        Self {
            number: dossier.number.0,
            statut: dossier.statut,
            deposited: dossier.deposited,
            updated: dossier.updated,
            since: dossier.since(),
            archived: dossier.archived,
            deleted: dossier.trash.is_some(),
            expired: dossier.trash.as_ref().is_some_and(|trash| trash.expired),
            purged: dossier.purged.is_some(),
            en_attente: dossier.correction.is_some(),
            correction: dossier
                .correction
                .as_ref()
                .map(|correction| correction.kind),
            expires: dossier.expiry_noticed,
            open_avis: team.then(|| dossier.avis.values().filter(|avis| avis.open()).count()),
            total_avis: team.then(|| {
                dossier
                    .avis
                    .values()
                    .filter(|avis| avis.revoked.is_none())
                    .count()
            }),
            followed_by: team.then_some(dossier.followers.len()),
            groupe: sight.standard.then(|| dossier.groupe.clone()),
            demandeur: named
                .then(|| identite.name())
                .filter(|name| !name.is_empty()),
            identite: demande.then(|| Identite {
                civilite: identite.civilite.clone(),
                nom: identite.nom.clone(),
                prenom: identite.prenom.clone(),
                raison_sociale: identite.raison_sociale.clone(),
                siret: identite.siret.clone(),
            }),
            usager: sight.full.then(|| dossier.usager.to_string()),
            invites: sight
                .full
                .then(|| dossier.invites.iter().map(ToString::to_string).collect()),
            followers: sight.standard.then(|| {
                let local = |email: &crate::domain::Email| word::local(email.as_str()).to_owned();
                dossier.followers.keys().map(local).collect()
            }),
            etiquettes: sight
                .standard
                .then(|| dossier.etiquettes.iter().cloned().collect()),
            marks: sight.marks(),
            champs: demande.then(|| champs(&scene.demarche.champs, &dossier.champs)),
            annotations: sight
                .full
                .then(|| champs(&scene.demarche.annotations, &dossier.annotations)),
            pieces: demande.then(|| sight.pieces()),
            messages: (team || sight.usager).then(|| {
                let view = |(id, message): (&MessageId, &Message)| sight.message(*id, message);
                dossier.messages.iter().map(view).collect()
            }),
            avis: (team || sight.expert.is_some()).then(|| {
                let view = |(id, avis): (&AvisId, &Avis)| sight.avis(*id, avis);
                dossier.avis.iter().filter_map(view).collect()
            }),
            decided: dossier
                .decided
                .as_ref()
                .map(|decided| sight.decided(decided)),
            bounced: sight
                .full
                .then(|| dossier.bounced.iter().map(ToString::to_string).collect()),
            steps: team.then(|| sight.steps()),
            reassignments: sight.standard.then(|| sight.reassignments()),
        }
    }
}

/// A message of the scene's dossier.
pub(super) fn message(scene: &Scene<'_>, id: u32) -> Option<MessageView> {
    let visible = scene.audience.team() || scene.audience == Audience::Usager;
    let message = scene
        .dossier
        .messages
        .get(&MessageId(id))
        .filter(|_| visible)?;
    Some(Sight::of(scene).message(MessageId(id), message))
}

/// An avis of the scene's dossier. An expert sees what is left of his own even when it was taken away.
pub(super) fn avis(scene: &Scene<'_>, id: u32) -> Option<AvisView> {
    let avis = scene.dossier.avis.get(&AvisId(id))?;
    let sight = Sight::of(scene);
    if scene.audience == Audience::Expert(AvisId(id)) {
        return Some(sight.own_avis(AvisId(id), avis));
    }
    sight.avis(AvisId(id), avis)
}

/// A person as the scene's audience knows him.
pub(super) fn person(scene: &Scene<'_>, person: &Person) -> PersonView {
    Sight::of(scene).person(person)
}

impl<'a> Sight<'a> {
    fn of(scene: &'a Scene<'a>) -> Self {
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

    fn person(&self, person: &Person) -> PersonView {
        let (role, nom) = match person {
            Person::Instructeur(email) => ("instructeur", self.instructeur(email)),
            Person::Usager(_) if self.usager => ("usager", "vous".to_owned()),
            Person::Usager(_) => ("usager", "l’usager".to_owned()),
            Person::Expert(email) => ("expert", self.expert_name(email.as_str())),
            Person::Greffier if self.scene.audience.team() => ("greffier", "Greffier".to_owned()),
            Person::Greffier => ("greffier", "le service".to_owned()),
        };
        let capital = match nom.as_str() {
            "un membre de l’équipe" => "Un membre de l’équipe",
            "le service instructeur" => "Le service instructeur",
            "l’usager" => "L’usager",
            "vous" => "Vous",
            "un expert" => "Un expert",
            "le service" => "Le service",
            other => other,
        };
        let sujet = capital.to_owned();
        PersonView { role, nom, sujet }
    }

    /// Colleagues know each other by the local part; an expert knows who asked him; nobody else knows anybody.
    fn instructeur(&self, email: &crate::domain::Email) -> String {
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

    fn marks(&self) -> Vec<Mark> {
        let marks = self.scene.mark_of.filter(|_| self.scene.audience.team());
        let marks = marks.and_then(|email| self.scene.dossier.followers.get(email));
        marks.into_iter().flatten().copied().collect()
    }

    fn message(&self, id: MessageId, message: &Message) -> MessageView {
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
            unproven: self.scene.audience.team()
                && message
                    .mail
                    .as_ref()
                    .is_some_and(|mail| !mail.authenticated),
        }
    }

    /// An expert sees his own avis, and what others answered openly.
    fn avis(&self, id: AvisId, avis: &Avis) -> Option<AvisView> {
        if self.expert == Some(id) {
            return Some(self.own_avis(id, avis));
        }
        let open_to_others =
            !avis.confidentiel && !avis.answers.is_empty() && avis.revoked.is_none();
        let visible = self.scene.audience.team() || (self.expert.is_some() && open_to_others);
        visible.then(|| self.avis_with(id, avis, self.full || self.expert.is_some()))
    }

    fn own_avis(&self, id: AvisId, avis: &Avis) -> AvisView {
        AvisView {
            mine: true,
            ..self.avis_with(id, avis, self.expert == Some(id))
        }
    }

    fn avis_with(&self, id: AvisId, avis: &Avis, seen: bool) -> AvisView {
        let answer = |answer: &Answer| AnswerView {
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
            answers: avis.answers.iter().map(answer).collect(),
            oui_non: avis.oui_non().filter(|_| seen),
            open: avis.open(),
            answered: !avis.answers.is_empty(),
            revoked: avis.revoked,
            closed: avis.closed,
            reminded: avis.reminded,
            reminders: avis.reminders,
            mine: false,
        }
    }

    /// The usager reads the motivation in his mail only where the démarche says so; an expert never does.
    fn decided(&self, decided: &Decided) -> DecidedView {
        let motivated = self.full || (self.usager && self.scene.demarche.motivation_dans_mail);
        let documents = self.full || self.usager;
        let piece = |piece: &Option<Piece>| {
            let piece = piece.as_ref().filter(|_| documents);
            piece.map(|piece| PieceView::of(piece, "décision"))
        };
        DecidedView {
            decision: decided.decision,
            at: decided.at,
            by: self.person(&decided.by),
            motivation: decided.motivation.clone().filter(|_| motivated),
            motivated: decided.motivation.is_some(),
            justificatif: piece(&decided.justificatif),
            justified: decided.justificatif.is_some(),
            attestation: piece(&decided.attestation),
            attested: decided.attestation.is_some(),
        }
    }

    /// Every file that the audience may see, with where it was given.
    fn pieces(&self) -> Vec<PieceView> {
        let Scene {
            dossier, demarche, ..
        } = self.scene;
        let mut all = Vec::new();
        for (id, valeur) in &dossier.champs {
            let libelle = demarche.champ(id).map_or(id, |champ| &champ.libelle);
            all.extend(
                valeur
                    .pieces()
                    .into_iter()
                    .map(|piece| PieceView::of(piece, libelle)),
            );
        }
        if self.full || self.usager {
            all.extend(
                dossier
                    .messages
                    .values()
                    .flat_map(|message| pieces(&message.pieces, "messagerie")),
            );
            let decided = dossier.decided.iter();
            let documents =
                decided.flat_map(|decided| decided.justificatif.iter().chain(&decided.attestation));
            all.extend(documents.map(|piece| PieceView::of(piece, "décision")));
        }
        let visible = dossier
            .avis
            .iter()
            .filter(|(id, _)| self.full || self.expert == Some(**id));
        for (_, avis) in visible {
            all.extend(pieces(&avis.pieces, "demande d’avis"));
            all.extend(
                avis.answers
                    .iter()
                    .flat_map(|answer| pieces(&answer.pieces, "avis")),
            );
        }
        all
    }

    fn steps(&self) -> Vec<StepView> {
        let step = |step: &crate::domain::Step| StepView {
            statut: step.statut,
            at: step.at,
            by: self.person(&step.by),
        };
        self.scene.dossier.steps.iter().map(step).collect()
    }

    fn reassignments(&self) -> Vec<ReassignmentView> {
        let change = |change: &crate::domain::Reassignment| ReassignmentView {
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
    fn of(piece: &Piece, origine: &str) -> Self {
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
fn champs(form: &[Champ], answers: &std::collections::BTreeMap<String, Valeur>) -> Vec<ChampView> {
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

fn row_of(
    champ: &Champ,
    row: &std::collections::BTreeMap<String, Valeur>,
) -> Vec<(String, String)> {
    let cell = |champ: &Champ| Some((champ.libelle.clone(), row.get(&champ.id)?.shown()));
    champ.champs.iter().filter_map(cell).collect()
}
