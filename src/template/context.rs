//! What a template sees. Every field of a notice, a refusal or an answer passes by [`rule`], which says for whom it is;
//! a field that it does not know is hidden, so that a new one cannot leak.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::scene::{Audience, Level, Scene};
use super::view::{self, DemarcheView, DossierView};
use super::{Error, word};

/// Who may see a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// Whoever sees that level.
    For(Level),
    /// Its own fields have rules.
    Inside,
    /// The address of an instructeur: colleagues read its local part.
    Colleague,
}

const OPEN: Rule = Rule::For(Level::Open);
const STANDARD: Rule = Rule::For(Level::Standard);
const FULL: Rule = Rule::For(Level::Full);

/// The rule of a field, by the tag of what holds it and the path to it.
pub(super) fn rule(tag: &str, path: &str) -> Rule {
    match (tag, path) {
        ("followed" | "unfollowed", "instructeur") | ("sent", "recipient") => Rule::Colleague,
        ("modified", "champs") | ("annotated", "libelle") | ("bounced", _) => FULL,
        ("labelled", "etiquette") | ("reassigned", _) => STANDARD,
        ("not_written", _) => OPEN,
        ("message_posted", "author") => Rule::For(Level::Hidden),
        ("refusal", path) => of_refusal(path),
        ("answer", path) => of_answer(path),
        ("salon", path) => of_room_line(path),
        (_, "message" | "avis" | "decision" | "expires" | "on") => OPEN,
        _ => Rule::For(Level::Hidden),
    }
}

fn of_refusal(path: &str) -> Rule {
    match path {
        // What the démarche defines and what the person typed a moment ago, in the same room.
        "number" | "act" | "statut" | "needed" | "decision" | "max" | "avis" | "known"
        | "annotation" | "groupe" | "etiquette" | "libelle" | "libelles" | "detail" => OPEN,
        // Whoever asked is told why not, in words that may name what he asked for.
        "sentences" => STANDARD,
        "expert" | "list" | "address" | "name" => FULL,
        "email" => Rule::Colleague,
        _ => Rule::For(Level::Hidden),
    }
}

fn of_answer(path: &str) -> Rule {
    match path {
        "rows" | "held" | "experts" => Rule::Inside,
        // Figures of all dossiers together tell of none.
        "on" | "usual" | "charts" => OPEN,
        "act" | "number" | "already" | "blank" | "deaf" | "unverified" | "undo_until"
        | "chained" | "told" | "open_avis" | "waiting" | "old_acceptance" | "code" | "until"
        | "version" | "groupes" | "outbox" | "dead" | "quarantine" | "demarche" | "onglet"
        | "total" | "next" | "id" | "choices" | "chosen" | "available" | "known" | "name"
        | "sent" | "wide" | "reason" | "count" | "numbers" | "doable" | "outside" | "passed"
        | "done" | "refused" | "left" | "most" | "old" | "second" | "state" | "signature"
        | "more" | "here" | "doubt" | "max" | "dossiers" | "missing" | "elsewhere" | "parts"
        | "bytes" | "near" | "tri" | "pastille" | "page" | "previous" | "fitting" | "at_least"
        | "partout" | "column" | "expected" | "over" | "unread" | "reading" => OPEN,
        "rows.number"
        | "rows.count"
        | "rows.code"
        | "rows.act"
        | "rows.until"
        | "rows.numbers"
        | "rows.titre"
        | "rows.etat"
        | "rows.onglets"
        | "rows.statut"
        | "rows.deposited"
        | "rows.marks"
        | "rows.followers"
        | "rows.en_attente"
        | "rows.reponse_attendue"
        | "rows.archived"
        | "rows.open_avis"
        | "rows.id"
        | "rows.at"
        | "rows.dossier"
        | "rows.avis"
        | "rows.reason"
        | "rows.takeable"
        | "rows.allowable"
        | "rows.received"
        | "rows.state"
        | "rows.demarche"
        | "rows.since"
        | "rows.cause"
        | "rows.network"
        | "rows.encrypted"
        | "rows.configured"
        | "rows.groupe"
        | "rows.privacy"
        | "rows.threads"
        | "rows.externals"
        | "rows.notify"
        | "experts.policy"
        | "experts.decision_access"
        | "held.id"
        | "held.at"
        | "held.dossier"
        | "held.avis"
        | "held.reason"
        | "held.takeable"
        | "held.allowable" => OPEN,
        "rows.demandeur" | "rows.etiquettes" => STANDARD,
        "motivation" | "justificatif" | "words" | "details" | "files" | "filters" | "excerpt"
        | "experts.list" | "rows.colonnes" | "rows.from" | "rows.subject" | "rows.attachments"
        | "rows.address" | "rows.why" | "rows.place" | "held.from" | "held.subject"
        | "held.attachments" | "rows.person" | "address" | "person" | "accounts" | "typed"
        | "places" | "link" | "texte" | "value" => FULL,
        "email" | "by" | "other" | "rows.by" | "held.instructeur" | "rows.instructeur" => {
            Rule::Colleague
        }
        _ => Rule::For(Level::Hidden),
    }
}

fn of_room_line(path: &str) -> Rule {
    match path {
        "id" | "number" | "avis" | "reason" | "network" | "count" | "state" | "other"
        | "takeable" | "allowable" | "titre" | "periode" | "rows" | "act" | "numbers" => OPEN,
        "instructeur" | "by" => Rule::Colleague,
        "from" | "subject" | "address" | "why" | "excerpt" => FULL,
        _ => Rule::For(Level::Hidden),
    }
}

/// `fields` with everything taken out that the audience may not see. Each list leaves its length in `…_count`.
pub(super) fn redacted(
    tag: &str,
    fields: Map<String, Value>,
    audience: Audience,
) -> Map<String, Value> {
    inside(tag, "", fields, audience)
}

fn inside(
    tag: &str,
    path: &str,
    fields: Map<String, Value>,
    audience: Audience,
) -> Map<String, Value> {
    let mut seen = Map::new();
    for (key, value) in fields {
        let path = if path.is_empty() {
            key.clone()
        } else {
            format!("{path}.{key}")
        };
        if let Value::Array(list) = &value {
            seen.insert(format!("{key}_count"), json!(list.len()));
        }
        let value = match rule(tag, &path) {
            Rule::For(level) if audience.sees(level) => value,
            Rule::For(_) => Value::Null,
            Rule::Colleague => colleague(&value, audience),
            Rule::Inside => match value {
                Value::Object(fields) => inside(tag, &path, fields, audience).into(),
                Value::Array(list) => list
                    .into_iter()
                    .map(|item| match item {
                        Value::Object(fields) => inside(tag, &path, fields, audience).into(),
                        _ => Value::Null,
                    })
                    .collect(),
                _ => Value::Null,
            },
        };
        seen.insert(key, value);
    }
    seen
}

fn colleague(address: &Value, audience: Audience) -> Value {
    let address = address.as_str().filter(|_| audience.sees(Level::Standard));
    address.map_or(Value::Null, |address| word::local(address).into())
}

/// `value` as an object, its tag apart.
pub(super) fn fields(
    value: &impl Serialize,
    tag: &str,
) -> Result<(String, Map<String, Value>), Error> {
    let Ok(Value::Object(mut fields)) = serde_json::to_value(value) else {
        return Err(Error::Context);
    };
    match fields.remove(tag) {
        Some(Value::String(tag)) => Ok((tag, fields)),
        _ => Err(Error::Context),
    }
}

/// What every template of a scene sees.
pub(super) fn of_scene(scene: &Scene<'_>) -> Result<Map<String, Value>, Error> {
    let mut context = of_audience(scene.audience);
    let mut put = |key: &str, value: serde_json::Result<Value>| {
        value
            .map(|value| context.insert(key.to_owned(), value))
            .map_err(|_| Error::Context)
    };
    put("dossier", serde_json::to_value(DossierView::of(scene)))?;
    put(
        "demarche",
        serde_json::to_value(DemarcheView::of(scene.demarche)),
    )?;
    put("at", serde_json::to_value(scene.at))?;
    let by = scene.by.map(|by| view::person(scene, by));
    put("by", serde_json::to_value(by))?;
    put("can_reply", serde_json::to_value(can_reply(scene)))?;
    Ok(context)
}

/// What a template sees without a dossier.
pub(super) fn of_audience(audience: Audience) -> Map<String, Value> {
    let mut context = Map::new();
    context.insert("audience".to_owned(), audience.tag().into());
    context.insert("full".to_owned(), audience.sees(Level::Full).into());
    for absent in ["dossier", "demarche", "by"] {
        context.insert(absent.to_owned(), Value::Null);
    }
    context
}

/// Whether an answer to a mail of this scene would be taken.
pub(super) fn can_reply(scene: &Scene<'_>) -> bool {
    let dossier = scene.dossier;
    match scene.audience {
        Audience::Usager => dossier.present() && !dossier.archived,
        Audience::Expert(id) => {
            let avis = dossier.avis.get(&id);
            let waiting = avis.is_some_and(|avis| avis.revoked.is_none() && avis.closed.is_none());
            dossier.present() && dossier.statut.en_cours() && waiting
        }
        Audience::Instructeur | Audience::Room(_) => scene.can_reply,
    }
}

/// The fields of a notice as its scene's audience sees them; `message` and `avis` become what they point at.
pub(super) fn of_notice(
    tag: &str,
    fields: Map<String, Value>,
    scene: &Scene<'_>,
) -> Result<Map<String, Value>, Error> {
    let mut context = of_scene(scene)?;
    context.insert("notice".to_owned(), tag.into());
    for pointed in ["message", "avis"] {
        context.insert(pointed.to_owned(), Value::Null);
    }
    for (key, value) in redacted(tag, fields, scene.audience) {
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        let value = match (key.as_str(), number) {
            ("message", Some(id)) => serde_json::to_value(view::message(scene, id)),
            ("avis", Some(id)) => serde_json::to_value(view::avis(scene, id)),
            _ => Ok(value),
        };
        context.insert(key, value.map_err(|_| Error::Context)?);
    }
    Ok(context)
}
