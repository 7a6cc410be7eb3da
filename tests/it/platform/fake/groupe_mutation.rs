//! Mutations on groups, which are an administrateur's.

use apollo_compiler::resolvers::FieldError;
use serde_json::Value;

use super::ctx::{Ctx, fail};
use super::descriptor::key;
use super::model::Groupe;
use super::mutation::{Outcome, groupe_tree, text};
use super::state::State;

pub(super) fn run(
    ctx: &Ctx<'_>,
    name: &str,
    payload: &str,
    input: &Value,
) -> Result<Outcome, FieldError> {
    let missing = || fail("not_found", format!("{payload} not found"));
    if name == "groupeInstructeurCreer" {
        let find = input.get("demarche").cloned().unwrap_or_default();
        let by_number = find
            .get("number")
            .and_then(Value::as_i64)
            .and_then(|number| i32::try_from(number).ok());
        let by_id = text(&find, "id").and_then(|id| key("Procedure", id)?.parse().ok());
        let demarche = by_number.or(by_id).ok_or_else(missing)?;
        if !ctx.covers(demarche) || !ctx.state().demarches.contains_key(&demarche) {
            return Err(fail(
                "unauthorized",
                "An object of type Demarche was hidden due to permissions",
            ));
        }
        let attributes = input.get("groupeInstructeur").cloned().unwrap_or_default();
        let state = &mut **ctx.state_mut();
        let emails = profiles(state, attributes.get("instructeurs"));
        let label = text(&attributes, "label").unwrap_or_default().to_owned();
        let number = state.add_groupe(demarche, &label);
        let closed = attributes
            .get("closed")
            .and_then(Value::as_bool)
            .unwrap_or_default();
        if let Some(groupe) = state.groupes.get_mut(&number) {
            groupe.instructeurs.extend(emails);
            groupe.closed = closed;
        }
        return Ok(Ok(vec![("groupeInstructeur", groupe_tree(state, number))]));
    }
    let id = text(input, "groupeInstructeurId").unwrap_or_default();
    let number: i32 = key("GroupeInstructeur", id)
        .and_then(|key| key.parse().ok())
        .ok_or_else(missing)?;
    let state = &mut **ctx.state_mut();
    let members = profiles(state, input.get("instructeurs"));
    let groupe = state.groupes.get_mut(&number).ok_or_else(missing)?;
    if !ctx.covers(groupe.demarche) {
        return Err(fail(
            "unauthorized",
            "An object of type GroupeInstructeur was hidden due to permissions",
        ));
    }
    match name {
        "groupeInstructeurAjouterInstructeurs" => groupe.instructeurs.extend(members),
        "groupeInstructeurSupprimerInstructeurs" => {
            groupe.instructeurs.retain(|id| !members.contains(id));
        }
        _ => {
            groupe.closed = input
                .get("closed")
                .and_then(Value::as_bool)
                .unwrap_or(groupe.closed);
            if let Some(label) = text(input, "label") {
                label.clone_into(&mut groupe.label);
            }
        }
    }
    Ok(Ok(vec![("groupeInstructeur", groupe_tree(state, number))]))
}

fn profiles(state: &mut State, profiles: Option<&Value>) -> Vec<u32> {
    let profiles = profiles
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let one = |profile: &Value| match text(profile, "email") {
        Some(email) => Some(state.instructeur(email)),
        None => key("Instructeur", text(profile, "id")?)?.parse().ok(),
    };
    profiles.iter().filter_map(one).collect()
}

impl State {
    pub(super) fn add_groupe(&mut self, demarche: i32, label: &str) -> i32 {
        let number = i32::try_from(self.next_id()).unwrap_or(i32::MAX);
        let (label, instructeurs) = (label.to_owned(), std::collections::BTreeSet::new());
        self.groupes.insert(
            number,
            Groupe {
                number,
                demarche,
                label,
                closed: false,
                instructeurs,
            },
        );
        if let Some(demarche) = self.demarches.get_mut(&demarche) {
            demarche.groupes.push(number);
        }
        number
    }
}
