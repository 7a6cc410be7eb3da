//! From an answer to a démarche: its form, groups, instructeurs and labels.

use std::collections::BTreeSet;

use serde_json::Value;

use super::json::{inner, list, number, scalar, string, text, truth};
use super::read::profile;
use crate::message::platform::{DemarcheIn, DescriptorIn, GroupeIn, LabelIn};

/// The démarche that `value` is, on an instance with `mutations`. None where it has no number.
pub(super) fn demarche(value: &Value, mutations: BTreeSet<String>) -> Option<DemarcheIn> {
    let revision = inner(value, "activeRevision");
    let form = |key: &str| {
        let holder = revision.filter(|revision| revision.get(key).is_some());
        let descriptors = list(holder.unwrap_or(value), key);
        descriptors.filter_map(descriptor).collect()
    };
    Some(DemarcheIn {
        number: number(value, "number")?,
        title: string(value, "title"),
        state: string(value, "state"),
        declarative: text(value, "declarative"),
        service: inner(value, "service").and_then(|service| text(service, "nom")),
        groupes: list(value, "groupeInstructeurs")
            .filter_map(groupe)
            .collect(),
        labels: list(value, "labels").filter_map(label).collect(),
        champs: form("champDescriptors"),
        annotations: form("annotationDescriptors"),
        mutations,
    })
}

fn groupe(value: &Value) -> Option<GroupeIn> {
    let mut instructeurs: Vec<_> = list(value, "instructeurs").filter_map(profile).collect();
    instructeurs.sort_by(|one, other| one.email.cmp(&other.email));
    Some(GroupeIn {
        id: text(value, "id")?,
        number: number(value, "number").unwrap_or_default(),
        label: string(value, "label"),
        closed: truth(value, "closed").unwrap_or_default(),
        instructeurs,
    })
}

fn label(value: &Value) -> Option<LabelIn> {
    Some(LabelIn {
        id: text(value, "id")?,
        name: text(value, "name")?,
        color: string(value, "color"),
    })
}

fn descriptor(value: &Value) -> Option<DescriptorIn> {
    let kind = text(value, "type").unwrap_or_else(|| kind_of(&string(value, "__typename")));
    Some(DescriptorIn {
        id: text(value, "id")?,
        kind,
        label: string(value, "label"),
        description: text(value, "description").filter(|text| !text.is_empty()),
        required: truth(value, "required").unwrap_or_default(),
        options: list(value, "options").filter_map(scalar).collect(),
        champs: list(value, "champDescriptors")
            .filter_map(descriptor)
            .collect(),
    })
}

/// `TypeDeChamp` of a `ChampDescriptor`'s type: `LinkedDropDownListChampDescriptor` is `linked_drop_down_list`.
fn kind_of(typename: &str) -> String {
    let name = typename.strip_suffix("ChampDescriptor").unwrap_or(typename);
    match name {
        "Commune" => return "communes".to_owned(),
        "Departement" => return "departements".to_owned(),
        "Region" => return "regions".to_owned(),
        _ if name.chars().all(char::is_uppercase) => return name.to_lowercase(),
        _ => {}
    }
    let mut kind = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !kind.is_empty() {
            kind.push('_');
        }
        kind.extend(c.to_lowercase());
    }
    kind
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_form_is_read_from_new_and_old_instances() {
        let form = json!([
            {"__typename": "LinkedDropDownListChampDescriptor", "id": "a", "label": "L", "required": true, "options": ["--x--", "y"]},
            {"__typename": "RepetitionChampDescriptor", "id": "r", "label": "R",
             "champDescriptors": [{"type": "yes_no", "id": "o", "label": "O"}, null]}
        ]);
        let new = json!({"number": 3, "activeRevision": {"champDescriptors": form, "annotationDescriptors": []}});
        let old = json!({"number": 3, "champDescriptors": form});
        let new = demarche(&new, BTreeSet::new()).unwrap();
        assert_eq!(new.champs, demarche(&old, BTreeSet::new()).unwrap().champs);
        assert_eq!(new.champs[0].kind, "linked_drop_down_list");
        assert_eq!(new.champs[0].options, ["--x--", "y"]);
        assert_eq!(
            (
                new.champs[1].kind.as_str(),
                new.champs[1].champs[0].kind.as_str()
            ),
            ("repetition", "yes_no")
        );
    }

    #[test]
    fn kinds_are_made_from_names_of_types() {
        for (name, kind) in [
            ("COJO", "cojo"),
            ("RNA", "rna"),
            ("Commune", "communes"),
            ("YesNo", "yes_no"),
            ("Text", "text"),
        ] {
            assert_eq!(kind_of(&format!("{name}ChampDescriptor")), kind);
        }
    }

    #[test]
    fn who_instructs_is_read_with_ids() {
        let value = json!({"number": 3, "groupeInstructeurs": [
            {"id": "g", "number": 1, "label": "défaut", "closed": false,
             "instructeurs": [{"id": "2", "email": "z@x"}, {"id": "1", "email": "a@x"}, {"id": "3", "email": null}]}, null]});
        let read = demarche(&value, BTreeSet::new()).unwrap();
        assert_eq!(read.groupes[0].instructeurs.len(), 2);
        assert_eq!(read.groupes[0].instructeurs[0].id, "1");
    }
}
