//! The fields of a démarche, of its descriptor and of its groups.

use apollo_compiler::response::{JsonMap, JsonValue};

use super::clock::iso;
use super::ctx::Ctx;
use super::descriptor::typed_id;
use super::model::{Groupe, Label, Revision};
use super::state::State;
use super::tree::{Tree, list, object};

/// A field of `Demarche`, connections apart.
pub(super) fn field(ctx: &Ctx<'_>, number: i32, name: &str, args: &JsonMap) -> Tree {
    let state = ctx.state();
    let demarche = state.demarche(number);
    let active = demarche.revisions.last();
    match name {
        "activeRevision" | "draftRevision" | "publishedRevision" => {
            active.map(revision).unwrap_or_default()
        }
        "revisions" => list(demarche.revisions.iter().map(revision)),
        "champDescriptors" => list(active.iter().flat_map(|form| {
            form.champs
                .iter()
                .map(super::descriptor::ChampDescriptor::tree)
        })),
        "annotationDescriptors" => list(active.iter().flat_map(|form| {
            form.annotations
                .iter()
                .map(super::descriptor::ChampDescriptor::tree)
        })),
        "labels" => list(demarche.labels.iter().map(label)),
        "administrateurs" => list([profile("Administrateur", 1, &state.admin)]),
        "groupeInstructeurs" => {
            let closed = args.get("closed").and_then(JsonValue::as_bool);
            let groupes = demarche
                .groupes
                .iter()
                .filter_map(|number| state.groupes.get(number));
            list(
                groupes
                    .filter(|each| closed.is_none_or(|closed| each.closed == closed))
                    .map(|each| groupe(&state, each)),
            )
        }
        _ => {
            drop(state);
            descriptor_field(ctx, number, name)
        }
    }
}

/// A field of `DemarcheDescriptor`.
pub(super) fn descriptor_field(ctx: &Ctx<'_>, number: i32, name: &str) -> Tree {
    let state = ctx.state();
    let demarche = state.demarche(number);
    match name {
        "id" => typed_id("Procedure", number).into(),
        "number" => number.into(),
        "title" => demarche.title.as_str().into(),
        "description" => "Démarche inventée pour les essais.".into(),
        "state" => demarche.state.into(),
        "dateCreation" | "dateDerniereModification" | "datePublication" => {
            iso(demarche.created_at).into()
        }
        "revision" => demarche.revisions.last().map(revision).unwrap_or_default(),
        "dureeConservationDossiers" => 12.into(),
        "opendata" => false.into(),
        "tags" | "zones" => list([]),
        "demarcheURL" | "demarcheUrl" => {
            format!("https://demarches.example/commencer/{number}").into()
        }
        "service" => object(
            "Service",
            vec![
                ("id", Tree::from(typed_id("Service", 1))),
                ("nom", "Service instructeur de l’Exemple".into()),
                ("organisme", "Collectivité de l’Exemple".into()),
                ("typeOrganisme", "collectivite_territoriale".into()),
            ],
        ),
        _ => Tree::default(),
    }
}

/// A field of `GroupeInstructeurWithDossiers`, connections apart.
pub(super) fn groupe_field(ctx: &Ctx<'_>, number: i32, name: &str) -> Tree {
    let state = ctx.state();
    match state.groupes.get(&number).map(|each| groupe(&state, each)) {
        Some(Tree::Object(_, fields)) => Tree::get(&fields, name),
        _ => Tree::default(),
    }
}

/// A group, with its members.
pub(super) fn groupe(state: &State, groupe: &Groupe) -> Tree {
    let members = groupe
        .instructeurs
        .iter()
        .map(|&id| profile("Instructeur", id, &state.email(id)));
    object(
        "GroupeInstructeur",
        vec![
            (
                "id",
                Tree::from(typed_id("GroupeInstructeur", groupe.number)),
            ),
            ("number", groupe.number.into()),
            ("label", groupe.label.as_str().into()),
            ("closed", groupe.closed.into()),
            ("instructeurs", list(members)),
        ],
    )
}

/// `Profile`: an id and an address, whatever the role.
pub(super) fn profile(role: &str, id: u32, email: &str) -> Tree {
    object(
        "Profile",
        vec![
            ("id", Tree::from(typed_id(role, id))),
            ("email", email.into()),
        ],
    )
}

pub(super) fn label(label: &Label) -> Tree {
    object(
        "Label",
        vec![
            ("id", Tree::from(typed_id("Label", label.id))),
            ("name", label.name.as_str().into()),
            ("color", label.color.as_str().into()),
        ],
    )
}

pub(super) fn revision(revision: &Revision) -> Tree {
    object(
        "Revision",
        vec![
            ("id", Tree::from(typed_id("Revision", revision.id))),
            ("dateCreation", iso(revision.at).into()),
            ("datePublication", iso(revision.at).into()),
            (
                "champDescriptors",
                list(
                    revision
                        .champs
                        .iter()
                        .map(super::descriptor::ChampDescriptor::tree),
                ),
            ),
            (
                "annotationDescriptors",
                list(
                    revision
                        .annotations
                        .iter()
                        .map(super::descriptor::ChampDescriptor::tree),
                ),
            ),
        ],
    )
}
