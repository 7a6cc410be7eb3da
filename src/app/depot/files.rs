//! The files that come with a form: which question each answers.

use serde_json::Value;

use super::super::draft::Draft;
use super::super::{App, Error};
use super::form::Form;
use super::of_file;
use crate::domain::{Champ, Piece};
use crate::mail::form::{Read, Said, fold};
use crate::mail::{Attachment, Understood};
use crate::store::Store;

/// Most files of one draft.
const MOST: usize = 60;
/// Most bytes of the files of one draft.
const MOST_BYTES: u64 = 100_000_000;
/// Words of a label that say nothing of a file.
const LITTLE: [&str; 10] = [
    "pour",
    "avec",
    "votre",
    "piece",
    "document",
    "fichier",
    "justificatif",
    "copie",
    "autre",
    "dans",
];

impl<S: Store> App<S> {
    /// Takes the files of a mail into `files`, by champ; what is not taken is said. None in a rehearsal.
    pub(super) fn take_files(
        &self,
        draft: &mut Draft<'_, S>,
        understood: &Understood,
        form: &Form<'_>,
        found: &Read,
        files: &mut Vec<(String, Piece)>,
    ) -> Result<Option<Vec<Value>>, Error> {
        let mut told = Vec::new();
        let mut taken: Vec<(String, &Attachment)> = Vec::new();
        let mut bytes: u64 = files.iter().map(|(_, piece)| piece.bytes).sum();
        for attachment in &understood.attachments {
            if let Some(why) = &attachment.refused {
                told.push(of_file(
                    &attachment.name,
                    &format!("fichier écarté : {why}"),
                ));
            } else if files.len() + taken.len() >= MOST
                || bytes.saturating_add(attachment.bytes) > MOST_BYTES
            {
                told.push(of_file(&attachment.name, "fichier écarté : il y en a trop"));
            } else {
                bytes += attachment.bytes;
                let id = champ_of(&attachment.name, form, found);
                taken.push((id, attachment));
            }
        }
        if form.file_fields().is_empty() {
            let detail = "ce formulaire ne demande pas de fichier ; vous pourrez l’envoyer en réponse à l’accusé de dépôt";
            told.extend(taken.iter().map(|(_, file)| of_file(&file.name, detail)));
            // Said once, and not asked again.
            taken.clear();
        }
        let contents: Vec<&[u8]> = taken.iter().map(|(_, file)| &*file.content).collect();
        if draft.note(&contents) {
            return Ok(None);
        }
        let hashes = self.shelf.keep_all(&contents);
        for ((id, file), hash) in taken.into_iter().zip(hashes) {
            let piece = Piece {
                hash: hash?,
                name: file.name.clone(),
                media_type: file.media_type.clone(),
                bytes: file.bytes,
            };
            // Sent again, it is the same file.
            files.retain(|(_, known)| known.hash != piece.hash || known.name != piece.name);
            files.push((id, piece));
        }
        // Files of earlier mails may be named by this one.
        for (id, piece) in files.iter_mut().filter(|(id, _)| id.is_empty()) {
            *id = champ_of(&piece.name, form, found);
        }
        Ok(Some(told))
    }

    /// The files that belong to no question yet.
    pub(super) fn unplaced(&self, form: &Form<'_>, files: &[(String, Piece)]) -> Vec<Value> {
        let known: Vec<String> = form
            .file_fields()
            .iter()
            .map(|(index, champ)| format!("{} ({})", index + 1, champ.libelle))
            .collect();
        let detail = format!(
            "à quelle question ce fichier répond-il ? Écrivez son nom en face de l’une d’elles : {}",
            known.join(", ")
        );
        let lost = files.iter().filter(|(id, _)| id.is_empty());
        lost.map(|(_, piece)| of_file(&piece.name, &detail))
            .collect()
    }
}

/// The id of the champ that a file answers; empty where that cannot be told.
pub(super) fn champ_of(name: &str, form: &Form<'_>, found: &Read) -> String {
    let fields = form.file_fields();
    let id = |champ: &Champ| champ.id.clone();
    // By what stands on the form.
    for answer in &found.answers {
        if let (Some(champ), Said::Text(text)) = (form.is_file(answer.place), &answer.said)
            && names(text, name)
        {
            return id(champ);
        }
    }
    if let [(_, only)] = fields.as_slice() {
        return id(only);
    }
    // By the number that its name begins with, or what it is called.
    let folded = fold(name);
    let first = folded.split(' ').next().unwrap_or_default();
    if let Some((_, champ)) = fields
        .iter()
        .find(|(index, _)| first == (index + 1).to_string())
    {
        return id(champ);
    }
    let stem = fold(stem_of(name));
    let alike: Vec<&Champ> = fields
        .iter()
        .map(|(_, champ)| *champ)
        .filter(|champ| is_like(&stem, &champ.libelle) || is_like(&stem, &champ.id))
        .collect();
    match alike.as_slice() {
        [one] => id(one),
        _ => String::new(),
    }
}

fn stem_of(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// Whether `text` names a file, with or without its extension.
pub(super) fn names(text: &str, name: &str) -> bool {
    let (text, whole, stem) = (fold(text), fold(name), fold(stem_of(name)));
    let said = |what: &str| !what.is_empty() && format!(" {text} ").contains(&format!(" {what} "));
    said(&whole) || stem.len() >= 3 && said(&stem)
}

/// Whether a file name has a word of a label in it, in the singular or the plural, or cut.
fn is_like(stem: &str, label: &str) -> bool {
    let label = fold(label);
    let telling = label
        .split(' ')
        .filter(|word| word.len() >= 4 && !LITTLE.contains(word));
    let telling: Vec<&str> = telling.collect();
    let mut words = stem
        .split(|c: char| !c.is_alphabetic())
        .filter(|word| word.len() >= 4);
    words.any(|word| {
        let same = |known: &&&str| known.starts_with(word) || word.starts_with(**known);
        telling.iter().any(|known| same(&known))
    })
}
