//! The mails about a form.

use serde_json::{Value, json};

use super::super::draft::Draft;
use super::super::{App, Error};
use super::Desk;
use super::form::{Answers, Form};
use super::kept::{DAYS, Kept};
use crate::domain::{DossierId, Etat, Piece};
use crate::mail::{Purpose, token};
use crate::message::{Body, Destination, MailOut, Outgoing};
use crate::store::{Queued, Store};
use crate::template::Worded;

/// A form as it is sent.
pub(super) struct Sheet {
    /// Why: `demande`, `recommence`, `illisible`, `fautes`, or `modifier` for that of a dossier.
    pub(super) reason: &'static str,
    /// What is wrong, line by line.
    pub(super) faults: Vec<Value>,
    /// Whether nothing that is kept stands on it.
    blank: bool,
}

impl Sheet {
    pub(super) fn blank(reason: &'static str) -> Self {
        Self {
            reason,
            faults: Vec::new(),
            blank: true,
        }
    }

    pub(super) fn of(reason: &'static str, faults: Vec<Value>) -> Self {
        Self {
            reason,
            faults,
            blank: false,
        }
    }
}

impl<S: Store> App<S> {
    /// Sends the form of a démarche, with what is kept, which is kept further.
    pub(super) fn send_form(
        &self,
        draft: &mut Draft<'_, S>,
        desk: &Desk<'_>,
        mut kept: Kept,
        sheet: &Sheet,
    ) -> Result<(), Error> {
        let demarche = desk.demarche;
        let form = Form::of(demarche);
        let nothing = (Answers::new(), Vec::new());
        let (answers, files) = if sheet.blank {
            (&nothing.0, &nothing.1)
        } else {
            (&kept.answers, &kept.files)
        };
        let context = json!({
            "reason": sheet.reason,
            "faults": sheet.faults,
            "items": form.items(answers, files),
            "files": names(files),
            "code": kept.code(&self.secret, &self.form_digest(demarche)),
            "test": demarche.etat == Etat::Test,
            "description": demarche.description.trim(),
            "until": DAYS,
            "repondre": true,
        });
        let worded = self.word_letter(desk, "formulaire", context)?;
        kept.wrote(draft.at, desk.proven);
        self.keep_form(draft, demarche.number, desk.person, &kept)?;
        let sealed = token(
            &self.secret,
            demarche.number.0,
            Purpose::Deposit,
            desk.person.as_str(),
        );
        let reply_to = self.own.reply_local(&sealed);
        self.by_return(draft, desk, worded, Some(reply_to), None);
        Ok(())
    }

    pub(super) fn say_closed(
        &self,
        draft: &mut Draft<'_, S>,
        desk: &Desk<'_>,
        mut kept: Kept,
    ) -> Result<(), Error> {
        let worded = self.word_letter(desk, "demarche_closed", json!({}))?;
        kept.wrote(draft.at, desk.proven);
        self.keep_form(draft, desk.demarche.number, desk.person, &kept)?;
        self.by_return(draft, desk, worded, None, None);
        Ok(())
    }

    /// Says that a dossier was made of this form already.
    pub(super) fn say_made(
        &self,
        draft: &mut Draft<'_, S>,
        desk: &Desk<'_>,
        mut kept: Kept,
        number: DossierId,
    ) -> Result<(), Error> {
        draft.receipt.dossier = Some(number.0);
        let local = desk.demarche.depot_local().unwrap_or_default();
        let context = json!({
            "number": number,
            "address": format!("{local}@{}", self.own.domain),
        });
        let worded = self.word_letter(desk, "depot_fait", context)?;
        kept.wrote(draft.at, desk.proven);
        self.keep_form(draft, desk.demarche.number, desk.person, &kept)?;
        self.by_return(draft, desk, worded, None, None);
        Ok(())
    }

    pub(super) fn word_letter(
        &self,
        desk: &Desk<'_>,
        name: &str,
        mut context: Value,
    ) -> Result<Worded, Error> {
        if let Value::Object(context) = &mut context {
            context.insert("titre".to_owned(), json!(desk.demarche.titre));
            context.insert("service".to_owned(), json!(desk.demarche.service));
            context.insert(
                "max".to_owned(),
                json!(self.own.inbound_limits.attachment_bytes),
            );
        }
        Ok(self.templates.mail_named(name, &context)?)
    }

    /// Sends a letter by return. Of a dossier, its purge takes it away.
    pub(super) fn by_return(
        &self,
        draft: &mut Draft<'_, S>,
        desk: &Desk<'_>,
        worded: Worded,
        reply_to: Option<String>,
        dossier: Option<DossierId>,
    ) {
        let Worded {
            subject,
            text,
            html,
        } = worded;
        let from_name = if self.from_name.is_empty() {
            desk.demarche.service.clone()
        } else {
            self.from_name.clone()
        };
        let mail = MailOut {
            from_name,
            subject,
            text,
            html,
            reply_to,
            in_reply_to: desk.understood.message_id.clone(),
            dossier: dossier.map(|number| number.0),
            ..MailOut::default()
        };
        let to = Destination {
            network: "mail".to_owned(),
            address: desk.person.to_string(),
        };
        draft.queue(Queued {
            outgoing: Outgoing {
                to,
                body: Body::Mail(Box::new(mail)),
            },
            not_before: None,
            dossier,
            tag: None,
        });
    }
}

/// The files that are kept.
fn names(files: &[(String, Piece)]) -> Vec<&str> {
    files.iter().map(|(_, piece)| piece.name.as_str()).collect()
}
