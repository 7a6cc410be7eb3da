//! Answers of a dossier that its usager changes by mail, while it is en construction.
//!
//! A mail to a dossier is a message, and stays one. Where it also answers questions of the form by their number or their
//! label, these answers change with it: they are the usager's, and he is told what was before and what is now. Lines of
//! a quoted form count only where it is the one that shows the answers as they are.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::draft::Draft;
use super::super::{App, Error};
use super::files::names;
use super::form::Form;
use super::letter::Sheet;
use super::{Desk, marks, of_file};
use crate::app::mail::Origin;
use crate::domain::{Champ, Demarche, Dossier, Piece, Statut, Valeur, amend};
use crate::mail::form::{Said, fold};
use crate::mail::{Purpose, Understood, short_code, token};
use crate::message::MailIn;
use crate::store::Store;

/// What a mail changes of its dossier.
#[derive(Debug, Default)]
pub(in crate::app) struct Amendment {
    /// The new answers. Files have no hash yet.
    pub(in crate::app) champs: BTreeMap<String, Valeur>,
    /// What is wrong; then nothing changes.
    faults: Vec<Value>,
    /// Each change in words: number, label, before, now.
    changes: Vec<Value>,
}

impl Amendment {
    /// Whether the answers may be written.
    pub(in crate::app) fn is_sound(&self) -> bool {
        self.faults.is_empty() && !self.champs.is_empty()
    }

    /// What is changed, a line each, for a mail that says nothing else.
    pub(in crate::app) fn said(&self) -> String {
        let lines = self.changes.iter().map(|change| {
            let part = |key: &str| change.get(key).and_then(Value::as_str).unwrap_or_default();
            format!("{} : {}", part("label"), part("now"))
        });
        let lines: Vec<String> = lines.collect();
        format!("Réponses modifiées par courriel :\n{}", lines.join("\n"))
    }

    /// The new answers, with the files as they were kept.
    pub(in crate::app) fn with_files(&self, pieces: &[Piece]) -> BTreeMap<String, Valeur> {
        let kept = |piece: &Piece| {
            let found = pieces.iter().find(|kept| kept.name == piece.name);
            found.cloned().unwrap_or_else(|| piece.clone())
        };
        let champs = self.champs.iter().map(|(id, valeur)| {
            let valeur = match valeur {
                Valeur::Pieces(pieces) => Valeur::Pieces(pieces.iter().map(kept).collect()),
                other => other.clone(),
            };
            (id.clone(), valeur)
        });
        champs.collect()
    }
}

impl<S: Store> App<S> {
    /// Sends the form of a dossier, filled as it is, to an usager who asks for it. False where he does not, or must not.
    pub(in crate::app) fn asks_to_modify(
        &self,
        draft: &mut Draft<'_, S>,
        understood: &Understood,
        origin: &Origin,
    ) -> Result<bool, Error> {
        let asked = matches!(
            fold(&understood.reply).as_str(),
            "modifier" | "modification" | "formulaire"
        );
        let Some((dossier, demarche)) = self.amendable(draft, origin)?.filter(|_| asked) else {
            return Ok(false);
        };
        let kept = self.kept_form(draft, demarche.number, &dossier.usager)?;
        if !is_editable(&dossier) || !kept.may_be_sent(draft.at, true) {
            return Ok(false);
        }
        draft.receipt.dossier = Some(dossier.number.0);
        self.send_answers(draft, understood, &dossier, demarche, Vec::new())?;
        Ok(true)
    }

    /// What a mail changes of the answers of its dossier; none where it is a message and nothing else.
    pub(in crate::app) fn amendment(
        &self,
        draft: &Draft<'_, S>,
        mail: &MailIn,
        understood: &Understood,
        origin: &Origin,
    ) -> Result<Option<Amendment>, Error> {
        let Some((dossier, demarche)) = self.amendable(draft, origin)? else {
            return Ok(None);
        };
        let form = Form::of_answers(demarche);
        let before = form.answers_of(&dossier.champs);
        let found = self.read_form(mail, &form, &form.known(&before))?;
        let code = self.code_of(&dossier, demarche);
        let current = found.code.as_ref() == Some(&code);
        let mut answers = before.clone();
        let mut faults = marks(&form, &found);
        // Numbers of nothing are a person's own brackets.
        faults.retain(|fault| fault.get("label").is_some_and(|label| !label.is_null()));
        let mut touched: Vec<&Champ> = Vec::new();
        let mut files: Vec<(String, Piece)> = Vec::new();
        for answer in &found.answers {
            // An old form that is quoted shows what was, and whoever thanks above it changes nothing.
            let counts = current || answer.labelled && answer.own;
            let Some(champ) = form.whole(answer.place).filter(|_| counts) else {
                continue;
            };
            if form.is_file(answer.place).is_some() {
                let named = named_files(understood, &answer.said);
                files.extend(named.into_iter().map(|piece| (champ.id.clone(), piece)));
                continue;
            }
            let held = answers.clone();
            if let Some(fault) = form.take(&mut answers, answer) {
                faults.push(form.fault(&fault, &answers));
            } else if answers != held && !touched.iter().any(|known| known.id == champ.id) {
                touched.push(champ);
            }
        }
        if touched.is_empty() && files.is_empty() {
            return Ok(None);
        }
        let body = form.body(&answers);
        let all = body
            .get("champs")
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default();
        let part = |champ: &&Champ| {
            let said = all.get(&champ.id).cloned().unwrap_or_default();
            (champ.id.clone(), said)
        };
        let part: Map<String, Value> = touched.iter().map(part).collect();
        let mut champs = match amend(demarche, &Value::Object(part), &files) {
            Ok(champs) => champs,
            Err(wrong) => {
                faults.extend(wrong.iter().map(|fault| form.fault(fault, &answers)));
                BTreeMap::new()
            }
        };
        if found.code.is_some() && !current && found.code_own {
            // Nothing tells his lines from those of the old form that they stand in.
            champs.clear();
            let detail = "le dossier a changé depuis ; reprenez vos corrections dans celui-ci";
            faults.push(of_file("Ce formulaire n’est plus à jour", detail));
        }
        champs.retain(|id, valeur| dossier.champs.get(id) != Some(valeur));
        if champs.is_empty() && faults.is_empty() {
            return Ok(None);
        }
        let changes = changes(&form, &dossier, &champs);
        Ok(Some(Amendment {
            champs,
            faults,
            changes,
        }))
    }

    /// Tells the usager what became of the answers in his mail, which is filed as a message in any case.
    pub(in crate::app) fn tell_amendment(
        &self,
        draft: &mut Draft<'_, S>,
        understood: &Understood,
        origin: &Origin,
        amendment: &Amendment,
    ) -> Result<(), Error> {
        let Some((dossier, demarche)) = self.amendable(draft, origin)? else {
            return Ok(());
        };
        let mut kept = self.kept_form(draft, demarche.number, &dossier.usager)?;
        if !kept.may_be_sent(draft.at, true) {
            return Ok(());
        }
        if is_editable(&dossier) && !amendment.is_sound() {
            let faults = amendment.faults.clone();
            return self.send_answers(draft, understood, &dossier, demarche, faults);
        }
        kept.wrote(draft.at, true);
        self.keep_form(draft, demarche.number, &dossier.usager, &kept)?;
        let desk = Desk {
            demarche,
            person: &dossier.usager,
            understood,
            proven: true,
        };
        let name = if is_editable(&dossier) {
            "modification"
        } else {
            "pas_modifiable"
        };
        let context = json!({
            "number": dossier.number,
            "reason": dossier.statut,
            "changes": amendment.changes,
            "repondre": true,
        });
        let worded = self.word_letter(&desk, name, context)?;
        let reply_to = self.reply_to(&dossier);
        self.by_return(draft, &desk, worded, Some(reply_to), Some(dossier.number));
        Ok(())
    }

    /// The dossier and the démarche of an usager's conversation, where answers may come by mail.
    fn amendable(
        &self,
        draft: &Draft<'_, S>,
        origin: &Origin,
    ) -> Result<Option<(Dossier, &Demarche)>, Error> {
        if origin.purpose != Purpose::Message {
            return Ok(None);
        }
        let dossier = draft.dossier(origin.dossier)?.map(|change| change.dossier);
        Ok(dossier.and_then(|dossier| {
            let demarche = self.demarche(dossier.demarche)?;
            demarche.depot_par_mail.then_some((dossier, demarche))
        }))
    }

    /// The code of the form that shows a dossier's answers as they are now.
    fn code_of(&self, dossier: &Dossier, demarche: &Demarche) -> String {
        let state = json!([dossier.number, &dossier.champs, self.form_digest(demarche)]);
        short_code(&self.secret, &format!("dossier\u{0}{state}"))
    }

    fn reply_to(&self, dossier: &Dossier) -> String {
        let (number, usager) = (dossier.number.0, dossier.usager.as_str());
        let sealed = token(&self.secret, number, Purpose::Message, usager);
        self.own.reply_local(&sealed)
    }

    fn send_answers(
        &self,
        draft: &mut Draft<'_, S>,
        understood: &Understood,
        dossier: &Dossier,
        demarche: &Demarche,
        faults: Vec<Value>,
    ) -> Result<(), Error> {
        let desk = Desk {
            demarche,
            person: &dossier.usager,
            understood,
            proven: true,
        };
        let sheet = Sheet::of("modifier", faults);
        let form = Form::of_answers(demarche);
        let pieces = dossier.champs.iter().flat_map(|(id, valeur)| {
            let pieces = valeur.pieces().into_iter();
            pieces.map(|piece| (id.clone(), piece.clone()))
        });
        let pieces: Vec<(String, Piece)> = pieces.collect();
        let context = json!({
            "number": dossier.number,
            "reason": sheet.reason,
            "faults": sheet.faults,
            "items": form.items(&form.answers_of(&dossier.champs), &pieces),
            "code": self.code_of(dossier, demarche),
            "repondre": true,
        });
        let worded = self.word_letter(&desk, "formulaire", context)?;
        let mut kept = self.kept_form(draft, demarche.number, &dossier.usager)?;
        kept.wrote(draft.at, true);
        self.keep_form(draft, demarche.number, &dossier.usager, &kept)?;
        let reply_to = self.reply_to(dossier);
        self.by_return(draft, &desk, worded, Some(reply_to), Some(dossier.number));
        Ok(())
    }
}

fn is_editable(dossier: &Dossier) -> bool {
    dossier.statut == Statut::EnConstruction && !dossier.archived && dossier.present()
}

/// The files of a mail that an answer names; all of them where it only says that they are joined.
fn named_files(understood: &Understood, said: &Said) -> Vec<Piece> {
    let Said::Text(text) = said else {
        return Vec::new();
    };
    let folded = fold(text);
    let joined = ["ci joint", "joint", "jointe", "joints", "jointes"];
    let all = joined
        .iter()
        .any(|word| folded == *word || folded == format!("ci {word}"));
    let taken = understood
        .attachments
        .iter()
        .filter(|file| file.refused.is_none());
    let named = taken.filter(|file| all || names(text, &file.name));
    let piece = |file: &crate::mail::Attachment| Piece {
        hash: String::new(),
        name: file.name.clone(),
        media_type: file.media_type.clone(),
        bytes: file.bytes,
    };
    named.map(piece).collect()
}

/// Each change in words.
fn changes(form: &Form<'_>, dossier: &Dossier, champs: &BTreeMap<String, Valeur>) -> Vec<Value> {
    let changed = champs.iter().map(|(id, valeur)| {
        let at = form.number_of(id);
        json!({
            "marker": at.as_ref().map(|(marker, _)| marker),
            "label": at.map(|(_, label)| label),
            "before": dossier.champs.get(id).map(Valeur::shown),
            "now": valeur.shown(),
        })
    });
    changed.collect()
}
