//! From an answer to a dossier. What is missing, null or of a kind not known yet does no harm.

use jiff::Timestamp;
use serde_json::Value;

use super::json::{inner, list, moment, number, scalar, string, text, truth};
use crate::message::platform::{
    AvisIn, ChampIn, CorrectionIn, DemandeurIn, DossierIn, FileIn, GoneDossier, MessageIn, Profile,
    TraitementIn,
};

/// The dossier that `value` is. None where it has no number or no date.
pub(super) fn dossier(value: &Value, demarche: Option<u64>) -> Option<DossierIn> {
    let depot = moment(value, "dateDepot").or_else(|| moment(value, "datePassageEnConstruction"));
    let modified = moment(value, "dateDerniereModification")?;
    let own = value.get("demarche").and_then(|own| number(own, "number"));
    let mut followers: Vec<Profile> = list(value, "instructeurs").filter_map(profile).collect();
    followers.sort_by(|one, other| one.email.cmp(&other.email));
    Some(DossierIn {
        id: text(value, "id")?,
        number: number(value, "number")?,
        demarche: own.or(demarche)?,
        state: string(value, "state"),
        archived: truth(value, "archived").unwrap_or_default(),
        depot: depot.unwrap_or(modified),
        modified,
        champs_modified: moment(value, "dateDerniereModificationChamps"),
        expires: moment(value, "dateExpiration"),
        correction_pending: moment(value, "dateDerniereCorrectionEnAttente"),
        sva_svr: moment(value, "datePrevisionnelleDecisionSVASVR"),
        processed: moment(value, "dateTraitement"),
        motivation: text(value, "motivation").filter(|text| !text.is_empty()),
        justificatif: inner(value, "motivationAttachment").and_then(file),
        attestation: inner(value, "attestation").and_then(file),
        usager: value
            .get("usager")
            .and_then(|usager| text(usager, "email"))
            .unwrap_or_default(),
        demandeur: inner(value, "demandeur").map(demandeur).unwrap_or_default(),
        groupe: value
            .get("groupeInstructeur")
            .and_then(|groupe| text(groupe, "label"))
            .unwrap_or_default(),
        followers,
        messages: sorted(list(value, "messages").filter_map(message), |message| {
            message.at
        }),
        avis: list(value, "avis").filter_map(avis).collect(),
        champs: list(value, "champs").filter_map(champ).collect(),
        annotations: list(value, "annotations").filter_map(champ).collect(),
        traitements: sorted(list(value, "traitements").filter_map(traitement), |done| {
            done.at
        }),
        labels: labels(value),
    })
}

/// Oldest first; of one moment, in the order given.
fn sorted<T>(items: impl Iterator<Item = T>, at: impl Fn(&T) -> Timestamp) -> Vec<T> {
    let mut items: Vec<T> = items.collect();
    items.sort_by_key(at);
    items
}

/// The names of a dossier's labels, in one order whatever that of the answer; none where the instance has no labels.
pub(super) fn labels(value: &Value) -> Option<Vec<String>> {
    value.get("labels").and_then(Value::as_array)?;
    let mut names: Vec<String> = list(value, "labels")
        .filter_map(|label| text(label, "name"))
        .collect();
    names.sort();
    Some(names)
}

/// A person's account. None without an address.
pub(super) fn profile(value: &Value) -> Option<Profile> {
    Some(Profile {
        id: string(value, "id"),
        email: text(value, "email")?,
    })
}

/// A file. None without a name.
pub(super) fn file(value: &Value) -> Option<FileIn> {
    Some(FileIn {
        filename: text(value, "filename")?,
        content_type: string(value, "contentType"),
        bytes: number(value, "byteSizeBigInt")
            .or_else(|| number(value, "byteSize"))
            .unwrap_or_default(),
        checksum: string(value, "checksum"),
    })
}

/// The files at `many`, or the one at `one` of an older instance.
fn files(value: &Value, many: &str, one: &str) -> Vec<FileIn> {
    if value.get(many).is_some_and(Value::is_array) {
        return list(value, many).filter_map(file).collect();
    }
    inner(value, one).and_then(file).into_iter().collect()
}

fn demandeur(value: &Value) -> DemandeurIn {
    let of = |key: &str, name: &str| inner(value, key).and_then(|inner| text(inner, name));
    DemandeurIn {
        civilite: text(value, "civilite"),
        nom: text(value, "nom"),
        prenom: text(value, "prenom"),
        siret: text(value, "siret"),
        raison_sociale: of("entreprise", "raisonSociale")
            .filter(|name| !name.trim().is_empty())
            .or_else(|| of("association", "titre")),
    }
}

fn message(value: &Value) -> Option<MessageIn> {
    Some(MessageIn {
        id: text(value, "id")?,
        email: string(value, "email"),
        body: string(value, "body"),
        at: moment(value, "createdAt")?,
        discarded: moment(value, "discardedAt"),
        files: files(value, "attachments", "attachment"),
        correction: inner(value, "correction").map(|correction| CorrectionIn {
            reason: string(correction, "reason"),
            resolved: moment(correction, "dateResolution"),
        }),
    })
}

fn avis(value: &Value) -> Option<AvisIn> {
    let email = |key: &str| inner(value, key).and_then(|person| text(person, "email"));
    Some(AvisIn {
        id: text(value, "id")?,
        claimant: email("claimant").or_else(|| email("instructeur")),
        expert: email("expert"),
        question: string(value, "question"),
        label: text(value, "questionLabel"),
        answer: truth(value, "questionAnswer"),
        reponse: text(value, "reponse"),
        asked: moment(value, "dateQuestion")?,
        answered: moment(value, "dateReponse"),
        files: files(value, "attachments", "attachment"),
    })
}

fn traitement(value: &Value) -> Option<TraitementIn> {
    let at = moment(value, "dateTraitement")?;
    let event = text(value, "event").unwrap_or_else(|| format!("state:{}", string(value, "state")));
    Some(TraitementIn {
        id: text(value, "id").unwrap_or_else(|| format!("{event}@{at}")),
        event,
        at,
        by: text(value, "emailAgentTraitant").filter(|by| !by.is_empty()),
        motivation: text(value, "motivation").filter(|text| !text.is_empty()),
    })
}

/// An answer to a field. None without an id.
pub(super) fn champ(value: &Value) -> Option<ChampIn> {
    let id = text(value, "id")?;
    let descriptor = text(value, "champDescriptorId").unwrap_or_else(|| id.clone());
    let kind = string(value, "__typename");
    let typed = [
        "text", "checkbox", "yesNo", "date", "day", "datetime", "integer", "decimal", "choice",
        "civilite",
    ];
    let typed = typed
        .iter()
        .find_map(|key| value.get(*key).and_then(scalar));
    let rows = list(value, "rows").map(|row| list(row, "champs").filter_map(champ).collect());
    let mut rows: Vec<Vec<ChampIn>> = rows.collect();
    if rows.is_empty() {
        rows = old_rows(list(value, "champs").filter_map(champ));
    }
    Some(ChampIn {
        id,
        descriptor,
        label: string(value, "label"),
        kind,
        string: text(value, "stringValue"),
        value: typed.filter(|typed| !typed.is_empty()),
        values: list(value, "values").filter_map(scalar).collect(),
        files: files(value, "files", "file"),
        rows,
    })
}

/// An older instance gives the fields of all rows one after the other: a row ends where a field comes again.
fn old_rows(champs: impl Iterator<Item = ChampIn>) -> Vec<Vec<ChampIn>> {
    let mut rows: Vec<Vec<ChampIn>> = Vec::new();
    for champ in champs {
        match rows.last_mut() {
            Some(row) if row.iter().all(|other| other.label != champ.label) => row.push(champ),
            _ => rows.push(vec![champ]),
        }
    }
    rows
}

/// A dossier that was deleted.
pub(super) fn gone(value: &Value) -> Option<GoneDossier> {
    Some(GoneDossier {
        number: number(value, "number")?,
        state: string(value, "state"),
        reason: string(value, "reason"),
        at: moment(value, "dateSupression")?,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_dossier_with_nothing_but_its_name_is_one() {
        let bare = json!({"id": "RG9z", "number": 7, "dateDerniereModification": "2026-11-01T10:00:00+01:00"});
        let dossier = dossier(&bare, Some(3)).unwrap();
        assert_eq!((dossier.number, dossier.demarche), (7, 3));
        assert_eq!(dossier.modified.to_string(), "2026-11-01T09:00:00Z");
        assert_eq!(dossier.labels, None);
        for key in ["id", "number", "dateDerniereModification"] {
            let mut less = bare.clone();
            less[key] = Value::Null;
            assert!(super::dossier(&less, Some(3)).is_none(), "{key}");
        }
        assert!(super::dossier(&bare, None).is_none());
    }

    #[test]
    fn what_is_null_strange_or_new_does_no_harm() {
        let odd = json!({
            "id": "RG9z", "number": "7", "state": "en_orbite", "archived": null,
            "dateDepot": "2026-10-01T00:00:00Z", "dateDerniereModification": "2026-11-01T10:00:00+01:00",
            "datePrevisionnelleDecisionSVASVR": "2026-12-01",
            "usager": null, "groupeInstructeur": null,
            "demandeur": {"__typename": "Extraterrestre"},
            "instructeurs": [null, {"id": "b", "email": "b@x"}, {"id": "a", "email": "a@x"}],
            "labels": [{"name": "z"}, null, {"name": "a"}],
            "messages": [
                {"id": "2", "email": "e", "body": "b", "createdAt": "2026-11-02T00:00:00Z", "correction": {"reason": "autre"}},
                {"id": "1", "email": "e", "body": null, "createdAt": "2026-11-01T00:00:00Z", "attachments": [null]},
                {"id": "3", "createdAt": "demain"}
            ],
            "avis": [{"id": "1", "dateQuestion": "2026-11-01T00:00:00Z", "questionAnswer": false}, null],
            "traitements": [{"id": "t", "event": "teleporte", "dateTraitement": "2026-11-01T00:00:00Z", "emailAgentTraitant": ""}],
            "champs": [{"__typename": "HologrammeChamp", "id": "c", "label": "H", "stringValue": "vu"}, {"label": "sans id"}]
        });
        let dossier = dossier(&odd, Some(3)).unwrap();
        assert_eq!(dossier.state, "en_orbite");
        assert_eq!(dossier.sva_svr.unwrap().to_string(), "2026-11-30T23:00:00Z");
        assert_eq!(
            dossier
                .followers
                .iter()
                .map(|who| who.email.as_str())
                .collect::<Vec<_>>(),
            ["a@x", "b@x"]
        );
        assert_eq!(
            dossier.labels.as_deref(),
            Some(&["a".to_owned(), "z".to_owned()][..])
        );
        assert_eq!(
            dossier
                .messages
                .iter()
                .map(|message| message.id.as_str())
                .collect::<Vec<_>>(),
            ["1", "2"]
        );
        assert_eq!(
            dossier.messages[1].correction.as_ref().unwrap().reason,
            "autre"
        );
        assert_eq!(dossier.avis[0].answer, Some(false));
        assert_eq!(
            (
                dossier.traitements[0].event.as_str(),
                &dossier.traitements[0].by
            ),
            ("teleporte", &None)
        );
        assert_eq!(dossier.champs.len(), 1);
        assert_eq!(dossier.champs[0].string.as_deref(), Some("vu"));
    }

    #[test]
    fn values_are_read_by_their_type() {
        let of = |value: Value| champ(&value).unwrap();
        let integer = of(
            json!({"id": "c", "champDescriptorId": "d", "__typename": "IntegerNumberChamp", "integer": "42"}),
        );
        assert_eq!(
            (integer.value.as_deref(), integer.descriptor.as_str()),
            (Some("42"), "d")
        );
        assert_eq!(
            of(json!({"id": "c", "decimal": 1.5})).value.as_deref(),
            Some("1.5")
        );
        assert_eq!(
            of(json!({"id": "c", "yesNo": true})).value.as_deref(),
            Some("true")
        );
        assert_eq!(
            of(json!({"id": "c", "values": ["a", "b"]})).values,
            ["a", "b"]
        );
        let piece = of(
            json!({"id": "c", "files": [{"filename": "a.pdf", "checksum": "x", "byteSizeBigInt": "9000000000"}]}),
        );
        assert_eq!(piece.files[0].bytes, 9_000_000_000);
        let old = of(json!({"id": "c", "file": {"filename": "a.pdf", "byteSize": 3}}));
        assert_eq!((old.files[0].bytes, old.descriptor.as_str()), (3, "c"));
        let rows = of(
            json!({"id": "c", "rows": [{"champs": [{"id": "1", "label": "a"}]}, {"champs": [{"id": "2", "label": "a"}]}]}),
        );
        let flat = of(
            json!({"id": "c", "champs": [{"id": "1", "label": "a"}, {"id": "2", "label": "a"}]}),
        );
        assert_eq!(rows.rows, flat.rows);
        assert_eq!(rows.rows.len(), 2);
    }
}
