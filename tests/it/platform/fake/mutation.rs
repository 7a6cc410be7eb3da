//! Mutations: who may, then in which state, then what it changes; refusals are sentences in the payload.

use apollo_compiler::resolvers::FieldError;
use apollo_compiler::response::JsonMap;
use serde_json::Value;

use super::ctx::{Ctx, fail};
use super::demarche::{groupe, label, profile};
use super::descriptor::key;
use super::rule::{Act, Decision};
use super::state::State;
use super::tree::{Tree, list, object};
use super::{annotation, groupe_mutation, message_mutation, payload, upload};

/// The fields of a payload, or the sentences that refuse.
pub(super) type Outcome = Result<Vec<(&'static str, Tree)>, Vec<String>>;

/// Carries out the mutation `name`.
pub(super) fn run(ctx: &Ctx<'_>, name: &str, args: &JsonMap) -> Result<Tree, FieldError> {
    let input = args
        .get("input")
        .and_then(|input| serde_json::to_value(input).ok())
        .unwrap_or_default();
    let payload = payload::name(name);
    let write = ctx.token.as_ref().is_some_and(|token| token.write);
    let outcome = if write {
        dispatch(ctx, name, payload, &input)?
    } else if name == "createDirectUpload" {
        let null =
            "Cannot return null for non-nullable field CreateDirectUploadPayload.directUpload";
        return Err(fail("invalid_null", null));
    } else {
        Err(vec![
            "Le jeton utilisé est configuré seulement en lecture".to_owned(),
        ])
    };
    let mut fields = match outcome {
        Ok(fields) => fields,
        Err(sentences) => vec![("errors", errors(sentences))],
    };
    fields.push(("clientMutationId", text(&input, "clientMutationId").into()));
    Ok(object(payload, fields))
}

fn dispatch(
    ctx: &Ctx<'_>,
    name: &str,
    payload: &'static str,
    input: &Value,
) -> Result<Outcome, FieldError> {
    if name.starts_with("groupeInstructeur") {
        return groupe_mutation::run(ctx, name, payload, input);
    }
    // The uploaded file is looked at before anything is loaded.
    let mut file = None;
    if let Some(signed) = text(input, "attachment").or_else(|| text(input, "justificatif")) {
        match ctx.state().blob(signed) {
            Ok(id) => file = Some(id),
            Err(sentence) => return Ok(Err(vec![sentence])),
        }
    }
    if let Err(sentence) = annotation::check_blobs(&ctx.state(), input) {
        return Ok(Err(vec![sentence]));
    }
    annotation::check_one_of(input).map_err(|sentence| fail("bad_request", sentence))?;
    if let Some(message) = text(input, "messageId") {
        return message_mutation::run(ctx, name, payload, message, input);
    }
    let number = load_dossier(ctx, payload, text(input, "dossierId").unwrap_or_default())?;
    if name == "createDirectUpload" {
        return Ok(Ok(upload::create(ctx, input)));
    }
    let instructeur = match text(input, "instructeurId") {
        Some(id) => Some(load_instructeur(ctx, payload, id)?),
        None => None,
    };
    if name == "dossierRepasserEnConstruction"
        && ctx.state().demarche_of(number).settings.sva_days.is_some()
    {
        ctx.crashed.set(true);
        return Err(fail("internal_server_error", "Internal Server Error"));
    }
    let state = &mut **ctx.state_mut();
    if let Err(sentence) = state_allows(state, name, number, input) {
        return Ok(Err(vec![sentence]));
    }
    if instructeur.is_some_and(|instructeur| !state.may_act(instructeur, number)) {
        return Ok(Err(vec![
            "L’instructeur n’a pas les droits d’accès à ce dossier".to_owned(),
        ]));
    }
    let target = Target {
        name,
        payload,
        number,
        instructeur: instructeur.unwrap_or_default(),
        file,
    };
    act(ctx, state, &target, input)
}

pub(super) struct Target<'t> {
    pub(super) name: &'t str,
    pub(super) payload: &'static str,
    pub(super) number: i32,
    pub(super) instructeur: u32,
    pub(super) file: Option<u32>,
}

fn state_allows(state: &State, name: &str, number: i32, input: &Value) -> Result<(), String> {
    let act = match name {
        "dossierPasserEnInstruction" => Act::PasserEnInstruction,
        "dossierRepasserEnConstruction" => Act::RepasserEnConstruction,
        "dossierRepasserEnInstruction" => Act::RepasserEnInstruction,
        "dossierAccepter" | "dossierRefuser" | "dossierClasserSansSuite" => Act::Decider,
        "dossierArchiver" => Act::Archiver,
        "dossierDesarchiver" => Act::Desarchiver,
        "dossierEnvoyerMessage" if text(input, "correction").is_some() => {
            return state.allows_correction(number);
        }
        _ => return Ok(()),
    };
    state.allows(number, act)
}

fn act(
    ctx: &Ctx<'_>,
    state: &mut State,
    target: &Target<'_>,
    input: &Value,
) -> Result<Outcome, FieldError> {
    let (number, by) = (target.number, target.instructeur);
    let motivation = || text(input, "motivation").filter(|why| !why.is_empty());
    let agent = input.get("instructeurId").map(|_| by);
    let done = match target.name {
        "dossierPasserEnInstruction" => state.passer_en_instruction(number, Some(by)),
        "dossierRepasserEnConstruction" => state.repasser_en_construction(number, by),
        "dossierRepasserEnInstruction" => state.repasser_en_instruction(number, by),
        "dossierAccepter" => state.decide(
            number,
            Some(by),
            Decision::Accepter,
            motivation(),
            target.file,
        ),
        "dossierRefuser" => state.decide(
            number,
            Some(by),
            Decision::Refuser,
            motivation(),
            target.file,
        ),
        "dossierClasserSansSuite" => state.decide(
            number,
            Some(by),
            Decision::ClasserSansSuite,
            motivation(),
            target.file,
        ),
        "dossierArchiver" => state.archive(number, true),
        "dossierDesarchiver" => state.archive(number, false),
        "dossierBasculeSuivi" => {
            state.follow(
                number,
                by,
                input.get("follow").and_then(Value::as_bool).unwrap_or(true),
            );
            let instructeur = profile("Instructeur", by, &state.email(by));
            state.record(target.name, number, agent, input);
            return Ok(Ok(vec![
                ("dossier", Tree::Dossier(number)),
                ("instructeur", instructeur),
            ]));
        }
        "dossierEnvoyerMessage" => return Ok(message_mutation::send(ctx, state, target, input)),
        "dossierChangerGroupeInstructeur" => change_groupe(state, target, input)?,
        "dossierAjouterLabel" | "dossierSupprimerLabel" => {
            return change_label(state, target, input);
        }
        _ => return Ok(annotation::run(state, target.name, number, by, input)),
    };
    Ok(match done {
        Ok(()) => {
            state.record(target.name, number, agent, input);
            Ok(vec![("dossier", Tree::Dossier(number))])
        }
        Err(sentence) => Err(vec![sentence]),
    })
}

fn change_groupe(
    state: &mut State,
    target: &Target<'_>,
    input: &Value,
) -> Result<Result<(), String>, FieldError> {
    let id = text(input, "groupeInstructeurId").unwrap_or_default();
    let groupe = key("GroupeInstructeur", id).and_then(|key| state.groupes.get(&key.parse().ok()?));
    let groupe =
        groupe.ok_or_else(|| fail("not_found", format!("{} not found", target.payload)))?;
    let dossier = state.dossier(target.number);
    if groupe.number == dossier.groupe {
        return Ok(Err(format!(
            "Le dossier est déjà avec le groupe instructeur: '{}'",
            groupe.label
        )));
    }
    if groupe.demarche != dossier.demarche {
        let label = &groupe.label;
        return Ok(Err(format!(
            "Le groupe instructeur '{label}' n’appartient pas à la même démarche que le dossier"
        )));
    }
    let groupe = groupe.number;
    state.reassign(target.number, groupe);
    Ok(Ok(()))
}

fn change_label(
    state: &mut State,
    target: &Target<'_>,
    input: &Value,
) -> Result<Outcome, FieldError> {
    let missing = || fail("not_found", format!("{} not found", target.payload));
    let id: u32 = text(input, "labelId")
        .and_then(|id| key("Label", id)?.parse().ok())
        .ok_or_else(missing)?;
    let demarche = state.dossier(target.number).demarche;
    let owner = state
        .demarches
        .values()
        .find(|each| each.labels.iter().any(|label| label.id == id))
        .ok_or_else(missing)?;
    if owner.number != demarche {
        return Ok(Err(vec![
            "Ce label n’appartient pas à la même démarche que le dossier".to_owned(),
        ]));
    }
    let tree = owner
        .labels
        .iter()
        .find(|each| each.id == id)
        .map(label)
        .unwrap_or_default();
    // Neither moves `updated_at`: polling does not see labels.
    let labels = &mut state.dossier_mut(target.number).labels;
    let adds = target.name == "dossierAjouterLabel";
    let changed = if adds {
        labels.insert(id)
    } else {
        labels.remove(&id)
    };
    Ok(if changed {
        state.record(target.name, target.number, None, input);
        Ok(vec![
            ("dossier", Tree::Dossier(target.number)),
            ("label", tree),
        ])
    } else if adds {
        Err(vec!["Ce label est déjà associé au dossier".to_owned()])
    } else {
        Err(vec!["Ce label n’est pas associé au dossier".to_owned()])
    })
}

pub(super) fn load_dossier(ctx: &Ctx<'_>, payload: &str, id: &str) -> Result<i32, FieldError> {
    let state = ctx.state();
    let found = key("Dossier", id).and_then(|key| state.dossiers.get(&key.parse().ok()?));
    let dossier = found.ok_or_else(|| fail("not_found", format!("{payload} not found")))?;
    if !ctx.covers(dossier.demarche) {
        return Err(fail(
            "unauthorized",
            "An object of type Dossier was hidden due to permissions",
        ));
    }
    Ok(dossier.number)
}

pub(super) fn load_instructeur(ctx: &Ctx<'_>, payload: &str, id: &str) -> Result<u32, FieldError> {
    let state = ctx.state();
    let found = key("Instructeur", id).and_then(|key| state.instructeurs.get(&key.parse().ok()?));
    found
        .map(|instructeur| instructeur.id)
        .ok_or_else(|| fail("not_found", format!("{payload} not found")))
}

pub(super) fn text<'i>(input: &'i Value, name: &str) -> Option<&'i str> {
    input.get(name).and_then(Value::as_str)
}

pub(super) fn errors(sentences: Vec<String>) -> Tree {
    list(
        sentences
            .into_iter()
            .map(|sentence| object("ValidationError", vec![("message", Tree::from(sentence))])),
    )
}

/// The group in a payload.
pub(super) fn groupe_tree(state: &State, number: i32) -> Tree {
    state
        .groupes
        .get(&number)
        .map(|each| groupe(state, each))
        .unwrap_or_default()
}
