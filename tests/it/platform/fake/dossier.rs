//! The fields of a dossier.

use std::time::Duration;

use apollo_compiler::response::{JsonMap, JsonValue};
use jiff::Timestamp;

use super::champ::{personne_morale, project};
use super::clock::iso;
use super::ctx::Ctx;
use super::demarche::{groupe, label, profile, revision};
use super::descriptor::{champ_id, typed_id};
use super::model::{Avis, Demandeur, DossierState, Message, Traitement};
use super::tree::{Tree, list, object};

const YEAR: Duration = Duration::from_hours(365 * 24);

/// A field of `Dossier`.
pub(super) fn field(ctx: &Ctx<'_>, number: i32, name: &str, args: &JsonMap) -> Tree {
    let state = ctx.state();
    let dossier = state.dossier(number);
    let demarche = state.demarche(dossier.demarche);
    let form = demarche.revisions.get(dossier.revision);
    match name {
        "id" => typed_id("Dossier", number).into(),
        "number" => number.into(),
        "state" => dossier.statut.code().into(),
        "archived" => dossier.archived.into(),
        "prefilled" | "deposeParUnTiers" => false.into(),
        "demarche" => Tree::Descriptor(dossier.demarche),
        "revision" => form.map(revision).unwrap_or_default(),
        "usager" => profile("User", account(number), &dossier.usager),
        "connectionUsager" => if dossier.usager_deleted {
            "deleted"
        } else {
            "password"
        }
        .into(),
        "demandeur" => demandeur(dossier),
        "groupeInstructeur" => state
            .groupes
            .get(&dossier.groupe)
            .map(|each| groupe(&state, each))
            .unwrap_or_default(),
        "instructeurs" => list(
            dossier
                .followers
                .iter()
                .map(|&id| profile("Instructeur", id, &state.email(id))),
        ),
        "labels" => list(
            demarche
                .labels
                .iter()
                .filter(|each| dossier.labels.contains(&each.id))
                .map(label),
        ),
        "motivation" => dossier.motivation.as_deref().into(),
        "motivationAttachment" => dossier
            .justificatif
            .and_then(|id| ctx.file(id))
            .unwrap_or_default(),
        "attestation" => {
            let ready = dossier
                .attestation
                .filter(|(_, at)| *at <= state.clock.now());
            ready.and_then(|(id, _)| ctx.file(id)).unwrap_or_default()
        }
        "pdf" => generated(ctx, number, "pdf", "application/pdf"),
        "geojson" => generated(ctx, number, "json", "application/json"),
        "messages" => {
            let wanted = wanted(args);
            let all = dossier
                .messages
                .iter()
                .map(|each| (typed_id("Commentaire", each.id), each));
            list(
                all.filter(|(id, _)| wanted.is_none_or(|wanted| wanted == id))
                    .map(|(id, each)| message(id, each, ctx.files(&each.files))),
            )
        }
        "avis" => {
            let wanted = wanted(args);
            let all = dossier
                .avis
                .iter()
                .map(|each| (typed_id("Avis", each.id), each));
            list(
                all.filter(|(id, _)| wanted.is_none_or(|wanted| wanted == id))
                    .map(|(id, each)| avis(ctx, id, each)),
            )
        }
        "traitements" => list(dossier.traitements.iter().map(traitement)),
        "champs" => {
            let form = form.map(|form| form.champs.as_slice()).unwrap_or_default();
            only(
                wanted(args),
                project(ctx, form, &dossier.champs, None, dossier.depose_at),
            )
        }
        "annotations" => {
            let form = form
                .map(|form| form.annotations.as_slice())
                .unwrap_or_default();
            only(
                wanted(args),
                project(ctx, form, &dossier.annotations, None, dossier.depose_at),
            )
        }
        _ => date(dossier, demarche.settings.sva_days, name),
    }
}

/// One annotation, by its stable id and its row.
pub(super) fn annotation(ctx: &Ctx<'_>, number: i32, id: u32, row: Option<&str>) -> Tree {
    let id = champ_id(id, row);
    let all = field(ctx, number, "annotations", &JsonMap::new());
    let is = |champ: &Tree| match champ {
        Tree::Object(_, fields) => {
            matches!(Tree::get(fields, "id"), Tree::Leaf(JsonValue::String(own)) if own.as_str() == id)
        }
        _ => false,
    };
    let Tree::List(champs) = all else {
        return Tree::default();
    };
    let rows = |champ: &Tree| match champ {
        Tree::Object("RepetitionChamp", fields) => match Tree::get(fields, "champs") {
            Tree::List(children) => children.to_vec(),
            _ => vec![],
        },
        _ => vec![],
    };
    let nested: Vec<Tree> = champs.iter().flat_map(rows).collect();
    champs
        .iter()
        .chain(&nested)
        .find(|champ| is(champ))
        .cloned()
        .unwrap_or_default()
}

fn date(dossier: &DossierState, sva_days: Option<i64>, name: &str) -> Tree {
    let at = match name {
        "dateDepot" => Some(dossier.depose_at),
        "datePassageEnConstruction" => Some(dossier.en_construction_at),
        "datePassageEnInstruction" => dossier.en_instruction_at,
        "dateTraitement" => dossier.processed_at,
        "dateDerniereModification" => Some(dossier.updated_at),
        "dateDerniereModificationChamps" => Some(dossier.champs_at),
        // Not moved by the API's own edits, as on the platform.
        "dateDerniereModificationAnnotations" => dossier.annotations_at.or(Some(dossier.depose_at)),
        "dateSuppressionParUsager" => dossier.hidden_by_usager_at,
        "dateSuppressionParAdministration" => dossier.hidden_by_administration_at,
        "dateExpiration" => dossier
            .processed_at
            .filter(|_| dossier.statut.termine())
            .map(|at| at + YEAR),
        "dateDerniereCorrectionEnAttente" => dossier.correction_pending_since(),
        "datePrevisionnelleDecisionSVASVR" => {
            let running = !dossier.statut.termine() && dossier.correction_pending_since().is_none();
            let due = sva_days
                .filter(|_| running)
                .map(|days| dossier.depose_at + jiff::SignedDuration::from_hours(24 * (days + 1)));
            return due
                .map(|at: Timestamp| iso(at).chars().take(10).collect::<String>())
                .into();
        }
        _ => None,
    };
    at.map(iso).into()
}

fn wanted(args: &JsonMap) -> Option<&str> {
    args.get("id").and_then(JsonValue::as_str)
}

fn only(wanted: Option<&str>, champs: Vec<Tree>) -> Tree {
    let is = |champ: &Tree| match (wanted, champ) {
        (Some(wanted), Tree::Object(_, fields)) => {
            matches!(Tree::get(fields, "id"), Tree::Leaf(JsonValue::String(id)) if id.as_str() == wanted)
        }
        _ => true,
    };
    list(champs.into_iter().filter(is))
}

fn demandeur(dossier: &DossierState) -> Tree {
    let id = Tree::from(typed_id("Individual", dossier.number));
    match &dossier.demandeur {
        Demandeur::Physique {
            civilite,
            nom,
            prenom,
        } => object(
            "PersonnePhysique",
            vec![
                ("id", id),
                ("civilite", (*civilite).into()),
                ("nom", nom.as_ref().into()),
                ("prenom", prenom.as_ref().into()),
                ("email", dossier.usager.as_str().into()),
            ],
        ),
        Demandeur::Morale {
            siret,
            raison_sociale,
        } => personne_morale(siret, raison_sociale),
        Demandeur::MoraleIncomplete { siret } => object(
            "PersonneMoraleIncomplete",
            vec![("id", id), ("siret", siret.as_ref().into())],
        ),
    }
}

/// A message, by its typed id.
pub(super) fn message(id: String, message: &Message, files: Vec<Tree>) -> Tree {
    let correction = message.correction.as_ref().map(|correction| {
        let resolved = correction.resolved_at.map(iso).into();
        object(
            "Correction",
            vec![
                ("reason", correction.reason.as_str().into()),
                ("dateResolution", resolved),
            ],
        )
    });
    object(
        "Message",
        vec![
            ("id", Tree::from(id)),
            ("email", message.email.as_ref().into()),
            ("body", message.body.as_str().into()),
            ("createdAt", iso(message.created_at).into()),
            ("discardedAt", message.discarded_at.map(iso).into()),
            ("attachment", files.first().cloned().unwrap_or_default()),
            ("attachments", list(files)),
            ("correction", correction.unwrap_or_default()),
        ],
    )
}

fn avis(ctx: &Ctx<'_>, id: String, avis: &Avis) -> Tree {
    let files = ctx.files(&avis.files);
    let claimant = ctx
        .state()
        .instructeurs
        .values()
        .find(|each| each.email == avis.claimant)
        .map_or(1, |each| each.id);
    object(
        "Avis",
        vec![
            ("id", Tree::from(id)),
            ("question", avis.question.as_str().into()),
            ("questionLabel", avis.question_label.as_deref().into()),
            ("questionAnswer", avis.question_answer.into()),
            ("reponse", avis.reponse.as_deref().into()),
            ("dateQuestion", iso(avis.created_at).into()),
            ("dateReponse", iso(avis.updated_at).into()),
            ("claimant", profile("Instructeur", claimant, &avis.claimant)),
            (
                "instructeur",
                profile("Instructeur", claimant, &avis.claimant),
            ),
            ("expert", profile("Expert", avis.id, &avis.expert)),
            ("attachment", files.first().cloned().unwrap_or_default()),
            ("attachments", list(files)),
        ],
    )
}

fn traitement(traitement: &Traitement) -> Tree {
    object(
        "Traitement",
        vec![
            ("id", Tree::from(typed_id("Traitement", traitement.id))),
            ("event", traitement.event.into()),
            ("state", traitement.statut.code().into()),
            ("dateTraitement", iso(traitement.at).into()),
            ("emailAgentTraitant", traitement.agent.as_deref().into()),
            ("motivation", traitement.motivation.as_deref().into()),
        ],
    )
}

// Served without being stored: id 0 followed by the number says which dossier.
fn generated(ctx: &Ctx<'_>, number: i32, extension: &str, content_type: &str) -> Tree {
    let state = ctx.state();
    let name = format!("dossier-{number}.{extension}");
    let id = u32::MAX - u32::try_from(number).unwrap_or_default();
    object(
        "File",
        vec![
            ("filename", Tree::from(name.clone())),
            ("contentType", content_type.into()),
            ("byteSize", 0.into()),
            ("byteSizeBigInt", "0".into()),
            ("checksum", "".into()),
            ("createdAt", iso(state.clock.now()).into()),
            ("virusScanResult", "safe".into()),
            ("url", state.file_url(ctx.base, id, &name).into()),
        ],
    )
}

fn account(number: i32) -> u32 {
    u32::try_from(number).unwrap_or_default() + 500_000
}
