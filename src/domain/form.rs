//! A deposit checked against the form of its démarche, field by field.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Piece;
use super::act::Deposit;
use super::demarche::{Champ, ChampType, Demarche};
use super::dossier::Demandeur;
use super::id::Email;
use super::valeur::Valeur;

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// JSON Pointer (RFC 6901) to the field: `/champs/surface`.
    pub pointer: String,
    /// What is wrong and what to write instead, in French.
    pub detail: String,
}

/// The most rows of a repetition.
const MAX_ROWS: usize = 200;
/// The most files of one field.
const MAX_FILES: usize = 50;
/// The most faults told at once.
const MAX_FAULTS: usize = 100;
/// The most characters of a key that a fault repeats, and of a group's label.
const MAX_KEY: usize = 200;

/// The deposit in `body`, with its `files` by id of champ, or everything that is wrong with it.
///
/// ```json
/// { "usager": "nom@example.org", "demandeur": { "nom": "…", "prenom": "…" }, "groupe": "…", "invites": ["…"],
///   "champs": { "surface": 12, "travaux": "…" } }
/// ```
pub fn fill(
    demarche: &Demarche,
    body: &Value,
    files: &[(String, Piece)],
) -> Result<Deposit, Vec<Fault>> {
    let mut faults = Faults::default();
    let Some(body) = body.as_object() else {
        faults.add(
            "",
            "un objet JSON est attendu, avec « usager », « demandeur » et « champs »",
        );
        return Err(faults.0);
    };
    for key in body.keys().filter(|key| {
        !["usager", "demandeur", "groupe", "invites", "champs"].contains(&key.as_str())
    }) {
        faults.add(&format!("/{}", escaped(key)), "clé inconnue ; sont attendues « usager », « demandeur », « groupe », « invites » et « champs »");
    }
    let usager = address(body.get("usager"), "/usager", &mut faults);
    let demandeur = demandeur(body.get("demandeur"), &mut faults);
    let groupe = optional_text(body.get("groupe"), "/groupe", &mut faults);
    let invites = invites(body.get("invites"), &mut faults);
    let champs = champs(&demarche.champs, body.get("champs"), files, &mut faults);
    for (id, _) in files {
        if demarche
            .champ(id)
            .is_none_or(|champ| champ.kind != ChampType::PieceJustificative)
        {
            faults.add(
                &format!("/champs/{}", escaped(id)),
                "aucun champ « pièce justificative » ne porte cet identifiant",
            );
        }
    }
    if faults.0.is_empty() {
        Ok(Deposit {
            groupe,
            usager,
            demandeur,
            champs,
            invites,
        })
    } else {
        Err(faults.0)
    }
}

/// The answers in `answers` alone, each checked against its field: what an usager changes of a dossier. The error is
/// everything that is wrong with them.
pub fn amend(
    demarche: &Demarche,
    answers: &Value,
    files: &[(String, Piece)],
) -> Result<BTreeMap<String, Valeur>, Vec<Fault>> {
    let named = |champ: &&Champ| {
        answers.get(&champ.id).is_some() || files.iter().any(|(id, _)| *id == champ.id)
    };
    let form: Vec<Champ> = demarche.champs.iter().filter(named).cloned().collect();
    let mut faults = Faults::default();
    let filled = champs(&form, Some(answers), files, &mut faults);
    if faults.0.is_empty() {
        Ok(filled)
    } else {
        Err(faults.0)
    }
}

#[derive(Default)]
struct Faults(Vec<Fault>);

impl Faults {
    fn add(&mut self, pointer: &str, detail: &str) {
        if self.0.len() >= MAX_FAULTS {
            return;
        }
        self.0.push(Fault {
            pointer: pointer.to_owned(),
            detail: detail.to_owned(),
        });
    }
}

/// RFC 6901, section 3. A hostile key is cut.
fn escaped(key: &str) -> String {
    let key: String = key.chars().take(MAX_KEY).collect();
    key.replace('~', "~0").replace('/', "~1")
}

/// A field of that type which is not in the form.
fn champ(kind: ChampType) -> Champ {
    Champ {
        id: String::new(),
        libelle: String::new(),
        kind,
        obligatoire: true,
        options: Vec::new(),
        champs: Vec::new(),
    }
}

fn address(value: Option<&Value>, pointer: &str, faults: &mut Faults) -> Email {
    match value
        .and_then(Value::as_str)
        .map(|typed| Valeur::read(&champ(ChampType::Email), typed))
    {
        Some(Ok(valeur)) => Email::new(&valeur.shown()),
        Some(Err(detail)) => {
            faults.add(pointer, &detail);
            Email::new("")
        }
        None => {
            faults.add(
                pointer,
                "une adresse électronique est attendue, par exemple « nom@exemple.fr »",
            );
            Email::new("")
        }
    }
}

fn optional_text(value: Option<&Value>, pointer: &str, faults: &mut Faults) -> Option<String> {
    match value {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) if text.chars().count() <= MAX_KEY => Some(text.clone()),
        Some(_) => {
            faults.add(pointer, "un texte de 200 caractères au plus est attendu");
            None
        }
    }
}

fn demandeur(value: Option<&Value>, faults: &mut Faults) -> Demandeur {
    // serde would take a list for the parts in their order.
    let read = value.map(|value| match value {
        Value::Object(_) => serde_json::from_value(value.clone()).ok(),
        _ => None,
    });
    let mut demandeur: Demandeur = match read {
        Some(Some(demandeur)) => demandeur,
        Some(None) => {
            faults.add("/demandeur", "un objet est attendu, avec « civilite », « nom » et « prenom », ou « raison_sociale » et « siret »");
            return Demandeur::default();
        }
        None => Demandeur::default(),
    };
    let parts = [
        &demandeur.civilite,
        &demandeur.nom,
        &demandeur.prenom,
        &demandeur.raison_sociale,
        &demandeur.siret,
    ];
    if parts
        .iter()
        .any(|part| part.chars().count() > 200 || part.chars().any(char::is_control))
    {
        faults.add(
            "/demandeur",
            "chaque partie tient sur une ligne de 200 caractères au plus",
        );
    }
    if !demandeur.siret.trim().is_empty() {
        match Valeur::read(&champ(ChampType::Siret), &demandeur.siret) {
            Ok(siret) => demandeur.siret = siret.shown(),
            Err(detail) => faults.add("/demandeur/siret", &detail),
        }
    }
    if demandeur.name().trim().is_empty() {
        faults.add(
            "/demandeur/nom",
            "le nom du demandeur, ou sa raison sociale, est obligatoire",
        );
    }
    demandeur
}

fn invites(value: Option<&Value>, faults: &mut Faults) -> BTreeSet<Email> {
    match value {
        None | Some(Value::Null) => BTreeSet::new(),
        Some(Value::Array(list)) if list.len() <= 20 => list
            .iter()
            .enumerate()
            .map(|(index, value)| address(Some(value), &format!("/invites/{index}"), faults))
            .collect(),
        Some(_) => {
            faults.add(
                "/invites",
                "une liste de vingt adresses au plus est attendue",
            );
            BTreeSet::new()
        }
    }
}

fn champs(
    form: &[Champ],
    value: Option<&Value>,
    files: &[(String, Piece)],
    faults: &mut Faults,
) -> BTreeMap<String, Valeur> {
    let nothing = Map::new();
    let answers = match value {
        None | Some(Value::Null) => &nothing,
        Some(Value::Object(answers)) => answers,
        Some(_) => {
            faults.add(
                "/champs",
                "un objet est attendu : l’identifiant de chaque champ et sa réponse",
            );
            return BTreeMap::new();
        }
    };
    let mut filled = row(form, answers, "/champs", faults);
    for champ in form
        .iter()
        .filter(|champ| champ.kind == ChampType::PieceJustificative)
    {
        let pieces: Vec<Piece> = files
            .iter()
            .filter(|(id, _)| *id == champ.id)
            .map(|(_, piece)| piece.clone())
            .collect();
        let pointer = format!("/champs/{}", escaped(&champ.id));
        if pieces.iter().any(|piece| piece.bytes > super::MAX_PIECE) {
            faults.add(&pointer, "chaque fichier est limité à 20 Mo");
        }
        if pieces.len() > MAX_FILES {
            faults.add(&pointer, "cinquante fichiers au plus sont acceptés");
        }
        if pieces.is_empty() && champ.obligatoire {
            faults.add(
                &pointer,
                &format!("la pièce « {} » est obligatoire", champ.libelle),
            );
        }
        if !pieces.is_empty() {
            filled.insert(champ.id.clone(), Valeur::Pieces(pieces));
        }
    }
    filled
}

/// The answers of one set of fields: the form itself, or a row of a repetition.
fn row(
    form: &[Champ],
    answers: &Map<String, Value>,
    at: &str,
    faults: &mut Faults,
) -> BTreeMap<String, Valeur> {
    for key in answers
        .keys()
        .filter(|key| !form.iter().any(|champ| champ.id == **key))
    {
        faults.add(
            &format!("{at}/{}", escaped(key)),
            "aucun champ ne porte cet identifiant",
        );
    }
    let mut filled = BTreeMap::new();
    for champ in form {
        let pointer = format!("{at}/{}", escaped(&champ.id));
        let silent = matches!(
            champ.kind,
            ChampType::HeaderSection | ChampType::Explication | ChampType::PieceJustificative
        );
        if silent {
            // Files come beside the answers; whatever stands here would be lost.
            if let Some(value) = answers.get(&champ.id) {
                answer(champ, value, &pointer, faults);
            }
            continue;
        }
        let before = faults.0.len();
        if let Some(valeur) = answers
            .get(&champ.id)
            .and_then(|value| answer(champ, value, &pointer, faults))
        {
            if champ.obligatoire
                && champ.kind == ChampType::Checkbox
                && valeur == Valeur::YesNo(false)
            {
                faults.add(
                    &pointer,
                    &format!("la case « {} » doit être cochée", champ.libelle),
                );
            }
            filled.insert(champ.id.clone(), valeur);
        } else if champ.obligatoire && faults.0.len() == before {
            faults.add(
                &pointer,
                &format!("une réponse à « {} » est obligatoire", champ.libelle),
            );
        }
    }
    filled
}

/// One answer. JSON's own types are taken as they are; text is read as if it were typed. None is no answer.
fn answer(champ: &Champ, value: &Value, pointer: &str, faults: &mut Faults) -> Option<Valeur> {
    let typed = match (champ.kind, value) {
        (_, Value::Null) => return None,
        (ChampType::Repetition, Value::Array(list)) if list.len() <= MAX_ROWS => {
            return rows(champ, list, pointer, faults);
        }
        (ChampType::MultipleDropDownList, Value::Array(list)) => {
            return choices(champ, list, pointer, faults);
        }
        (ChampType::YesNo | ChampType::Checkbox, Value::Bool(yes)) => {
            return Some(Valeur::YesNo(*yes));
        }
        (_, Value::String(text)) if text.trim().is_empty() => return None,
        (ChampType::Repetition, _) => Err(format!(
            "une liste de {MAX_ROWS} lignes au plus est attendue"
        )),
        (_, Value::String(text)) => Ok(text.clone()),
        // `f64` is written without an exponent, as people write numbers.
        (ChampType::DecimalNumber, Value::Number(number)) => {
            Ok(number.as_f64().unwrap_or(f64::NAN).to_string())
        }
        (_, Value::Number(number)) => Ok(number.to_string()),
        (_, Value::Bool(_) | Value::Array(_) | Value::Object(_)) => {
            Err("un texte ou un nombre est attendu".to_owned())
        }
    };
    match typed.and_then(|typed| Valeur::read(champ, &typed)) {
        Ok(valeur) => Some(valeur),
        Err(detail) => {
            faults.add(pointer, &detail);
            None
        }
    }
}

fn choices(champ: &Champ, list: &[Value], pointer: &str, faults: &mut Faults) -> Option<Valeur> {
    if list.len() > champ.options.len() {
        faults.add(
            pointer,
            &format!("{} choix au plus sont attendus", champ.options.len()),
        );
        return None;
    }
    let mut chosen: Vec<String> = Vec::new();
    for (index, value) in list.iter().enumerate() {
        match champ.options.iter().find(|option| {
            value
                .as_str()
                .is_some_and(|typed| super::fold(typed) == super::fold(option))
        }) {
            Some(option) if !chosen.contains(option) => chosen.push(option.clone()),
            Some(_) => {}
            None => faults.add(
                &format!("{pointer}/{index}"),
                &format!("un de ces choix est attendu : {}", champ.options.join(", ")),
            ),
        }
    }
    (!chosen.is_empty()).then_some(Valeur::Choices(chosen))
}

fn rows(champ: &Champ, list: &[Value], pointer: &str, faults: &mut Faults) -> Option<Valeur> {
    let mut rows = Vec::new();
    for (index, value) in list.iter().enumerate() {
        let at = format!("{pointer}/{index}");
        match value.as_object() {
            Some(answers) => rows.push(row(&champ.champs, answers, &at, faults)),
            None => faults.add(
                &at,
                "un objet est attendu : l’identifiant de chaque champ de la ligne et sa réponse",
            ),
        }
    }
    (!rows.is_empty()).then_some(Valeur::Rows(rows))
}
