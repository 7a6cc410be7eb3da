//! A dossier as one audience may see it. This is the one place that knows who may see what of a dossier.

mod sight;

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::{
    self, Avis, AvisId, CorrectionKind, Decision, Demarche, Dossier, Mark, Message, MessageId,
    Person, Piece, Statut,
};

use super::scene::{Audience, Scene};
use super::word;
use sight::{Sight, champs};

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
    /// An answer of the usager is waited for.
    reponse_attendue: bool,
    silence: Option<SilenceView>,
    correction: Option<CorrectionKind>,
    expires: Option<Timestamp>,
    open_avis: Option<usize>,
    /// Answered ones whose question is put again.
    unclear_avis: Option<usize>,
    total_avis: Option<usize>,
    /// Of the avis that are not revoked, those that were answered.
    rendered_avis: Option<usize>,
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
    entry: Option<EntryView>,
}

/// What silence decides, and when; no date while a correction suspends the period. The platform tells the day, and not what it
/// decides.
#[derive(Serialize)]
struct SilenceView {
    decision: Option<Decision>,
    le: Option<Timestamp>,
}

impl SilenceView {
    fn of(dossier: &Dossier, demarche: &Demarche) -> Option<Self> {
        if let Some((decision, le)) = domain::silence(dossier, demarche) {
            let decision = Some(decision);
            return Some(Self { decision, le });
        }
        let open = dossier.present() && !dossier.statut.traite();
        let le = dossier.decides.filter(|_| open);
        le.map(|_| Self { decision: None, le })
    }
}

/// What stays of a dossier that was purged.
#[derive(Serialize)]
struct EntryView {
    purged: Timestamp,
    trashed: Timestamp,
    decided: Option<Timestamp>,
    expired: bool,
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
#[expect(
    clippy::struct_excessive_bools,
    reason = "templates ask simple questions"
)]
pub(super) struct MessageView {
    number: u32,
    by: PersonView,
    at: Timestamp,
    text: Option<String>,
    pieces: Option<Vec<PieceView>>,
    files: usize,
    correction: Option<CorrectionKind>,
    withdrawn: bool,
    /// Its mail has not left, and may be taken back: not to be quoted to the usager.
    waits: bool,
    /// It came by a mail whose sender is not proven.
    unproven: bool,
    /// It came by mail.
    by_mail: bool,
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
    /// The usager may be shown what the expert answers, and the expert is told so.
    to_usager: bool,
    answers: Vec<AnswerView>,
    oui_non: Option<bool>,
    open: bool,
    answered: bool,
    /// Its question is put again.
    unclear: bool,
    revoked: Option<Timestamp>,
    closed: Option<Timestamp>,
    reminded: Option<Timestamp>,
    reminders: u32,
    next_reminder: Option<Timestamp>,
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
    /// It is put where the usager reads it.
    to_usager: bool,
}

#[derive(Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "templates ask simple questions"
)]
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
    /// By silence: nobody decided.
    by_silence: bool,
}

#[derive(Serialize)]
struct StepView {
    statut: Statut,
    at: Timestamp,
    by: PersonView,
    /// Who proposed it, where it took two.
    proposal: Option<PersonView>,
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
    /// The decision that silence makes, where it does.
    silence: Option<Decision>,
    motivation_dans_mail: bool,
    depot_par_mail: bool,
    decision_access: bool,
    /// The platform is the record, and writes to the usager itself.
    plateforme: bool,
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
            attestation: demarche.attestation.is_some(),
            declarative: demarche.declarative.is_some(),
            silence: demarche.silence().map(|(decision, _)| decision),
            motivation_dans_mail: demarche.motivation_dans_mail,
            depot_par_mail: demarche.depot_par_mail,
            decision_access: demarche.experts.decision_access,
            plateforme: demarche.plateforme.is_some(),
            mail: &demarche.mail,
        }
    }
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
        let count = |fits: fn(&Avis) -> bool| {
            team.then(|| dossier.avis.values().filter(|avis| fits(avis)).count())
        };
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
            reponse_attendue: team && dossier.awaited.is_some(),
            silence: SilenceView::of(dossier, scene.demarche).filter(|_| team || sight.usager),
            correction: dossier
                .correction
                .as_ref()
                .map(|correction| correction.kind),
            expires: dossier.expiry_noticed,
            open_avis: count(Avis::open),
            unclear_avis: count(Avis::unclear),
            total_avis: count(|avis| avis.revoked.is_none()),
            rendered_avis: count(|avis| avis.revoked.is_none() && !avis.answers.is_empty()),
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
            etiquettes: sight.standard.then(|| {
                let etiquettes = dossier.etiquettes.iter();
                let shown = etiquettes.map(|nom| scene.demarche.etiquette_shown(nom));
                shown.collect()
            }),
            marks: sight.marks(),
            champs: demande.then(|| champs(&scene.demarche.champs, &dossier.champs)),
            annotations: sight
                .full
                .then(|| champs(&scene.demarche.annotations, &dossier.annotations)),
            pieces: demande.then(|| {
                let listed = sight.pieces().into_iter();
                listed
                    .map(|(piece, origine)| PieceView::of(piece, origine))
                    .collect()
            }),
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
            entry: dossier.purged.as_ref().map(|entry| EntryView {
                purged: dossier.updated,
                trashed: entry.trashed,
                decided: entry.decided,
                expired: entry.expired,
            }),
        }
    }
}

/// The files that [`DossierView`] lists, in that order.
pub(super) fn pieces<'a>(scene: &'a Scene<'_>) -> Vec<&'a Piece> {
    let sight = Sight::of(scene);
    if !(sight.full || sight.usager || sight.expert.is_some()) {
        return Vec::new();
    }
    sight.pieces().into_iter().map(|(piece, _)| piece).collect()
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
