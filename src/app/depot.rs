//! Dossiers deposited by mail: an empty mail to a démarche's address gets its form by return, a filled one becomes a
//! dossier, and what is wrong comes back line by line, with the rest kept.
//!
//! Anybody may write to a démarche's address, and a sender is easily forged. So nothing of what somebody wrote, and
//! nothing that is kept, goes to an address until its owner has proven that it is his: he answers the mail that was sent
//! there, whose reply address is sealed for him, or his domain answers for the mail. Until then he gets an empty form.

mod files;
mod form;
mod kept;
mod letter;
mod modify;
mod show;

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use serde_json::{Value, json};

use self::form::Form;
use self::kept::{Kept, Made};
use self::letter::Sheet;
use super::draft::Draft;
use super::mail::Obstacle;
use super::quarantine::Hold;
use super::tally::Measure;
use super::{App, Error, guarded};
use crate::domain::{Demarche, DemarcheId, Email, Etat, Piece, fill};
use crate::mail::form::{Read, fold, read};
use crate::mail::{Claim, Class, Purpose, Reason, State, Understood, short_code, written};
use crate::message::{MailIn, Scan, Verdict};
use crate::store::Store;

/// How many forms one démarche sends to addresses that nobody has proven.
const STRANGERS: Measure = Measure {
    most: 60,
    within: SignedDuration::from_hours(1),
};

/// The address of a démarche that a mail was sent to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counter {
    demarche: DemarcheId,
    /// The address is sealed for the sender.
    sealed: bool,
    /// The header names it too, so that the mail was written for it.
    addressed: bool,
}

impl<S: Store> App<S> {
    /// Whether a local part is one that takes deposits.
    pub fn takes_deposits(&self, local: &str) -> bool {
        let mut all = self.demarches.values().filter_map(Demarche::depot_local);
        all.any(|known| known == local.to_lowercase())
    }

    /// The démarche whose address a mail was sent to; none where it leads to a conversation about a dossier.
    pub(super) fn counter(&self, mail: &MailIn, understood: &Understood) -> Option<Counter> {
        let sender = understood.from.as_ref();
        let sender = sender.map(|from| Email::new(&from.address));
        let mut found: Option<Counter> = None;
        for address in mail.rcpt_to.iter().chain(&understood.recipients) {
            let counter = match self.own.token_in(address) {
                Some(token) => {
                    let Some(claim) = Claim::parse(&token) else {
                        continue;
                    };
                    if claim.purpose != Purpose::Deposit {
                        // Whichever comes first is where the mail goes.
                        return found;
                    }
                    let mine = |person: &Email| claim.is_for(&self.secret, person.as_str());
                    self.serving(|demarche| demarche.number.0 == claim.dossier)
                        .map(|demarche| (demarche, sender.as_ref().is_some_and(mine)))
                }
                None => self.local_of(address).and_then(|local| {
                    let demarche =
                        self.serving(|demarche| demarche.depot_local().as_ref() == Some(&local));
                    Some((demarche?, false))
                }),
            };
            let Some((demarche, sealed)) = counter else {
                continue;
            };
            let addressed = understood.recipients.contains(&address.to_lowercase());
            if found.is_none_or(|found| sealed && !found.sealed) {
                found = Some(Counter {
                    demarche,
                    sealed,
                    addressed,
                });
            }
        }
        found
    }

    fn serving(&self, is: impl Fn(&Demarche) -> bool) -> Option<DemarcheId> {
        let mut all = self
            .demarches
            .values()
            .filter(|demarche| demarche.depot_par_mail);
        all.find(|demarche| is(demarche))
            .map(|demarche| demarche.number)
    }

    fn local_of(&self, address: &str) -> Option<String> {
        let address = address.trim().trim_matches(['<', '>']).to_lowercase();
        let (local, domain) = address.rsplit_once('@')?;
        (domain == self.own.domain).then(|| local.to_owned())
    }

    /// What becomes of a mail to a démarche's address.
    pub(super) fn at_counter(
        &self,
        draft: &mut Draft<'_, S>,
        mail: &MailIn,
        understood: &Understood,
        counter: Counter,
    ) -> Result<(), Error> {
        let empty = understood.reason == Some(Reason::Empty);
        let person = understood.class == Class::Reply || empty;
        if !person {
            let encrypted = understood.reason == Some(Reason::Encrypted);
            if encrypted && counter.sealed {
                let told = Obstacle::told("encrypted");
                return self.turn_away(draft, mail, understood, None, &told);
            }
            let reason = super::mail::held_reason(understood);
            let origin = None;
            let hold = Hold {
                mail,
                understood,
                origin,
                reason,
            };
            return self.hold(draft, &hold);
        }
        let obstacle = match &understood.from {
            // No answer: whoever is named has not written it.
            _ if understood.authentication.state == State::Fail => Some("forged"),
            None => Some("no_sender"),
            Some(from) if self.is_ours(&Email::new(&from.address)) => Some("automatic"),
            Some(_) if mail.scan == Some(Scan::NotScanned) => Some("not_scanned"),
            Some(_) => None,
        };
        if let Some(reason) = obstacle {
            return self.turn_away(draft, mail, understood, None, &Obstacle::held(reason));
        }
        let (Some(from), Some(demarche)) = (&understood.from, self.demarche(counter.demarche))
        else {
            return Ok(());
        };
        let person = Email::new(&from.address);
        let proven = counter.sealed || counter.addressed && understood.authentication.is_proven();
        let mut kept = self.kept_form(draft, demarche.number, &person)?;
        // What was not proven to be his is no mail of his.
        if proven && !kept.heard(understood.message_id.as_deref(), draft.at) {
            draft.receipt.verdict = Verdict::Ignored;
            tracing::info!("A mail about a form came again; it is ignored");
            return Ok(());
        }
        let strangers = format!("depot\u{0}{}", demarche.number);
        if !kept.may_be_sent(draft.at, proven)
            || !proven && self.too_often(draft, &strangers, STRANGERS)?
        {
            // An address that is not proven is told nothing more.
            let obstacle = if proven {
                Obstacle::told("too_many")
            } else {
                Obstacle::held("too_many")
            };
            self.keep_form(draft, demarche.number, &person, &kept)?;
            return self.turn_away(draft, mail, understood, None, &obstacle);
        }
        if mail.too_large.is_some() {
            let obstacle = if proven {
                Obstacle::told("mail_too_large")
            } else {
                Obstacle::held("mail_too_large")
            };
            return self.turn_away(draft, mail, understood, None, &obstacle);
        }
        draft.receipt.verdict = Verdict::Done;
        let desk = Desk {
            demarche,
            person: &person,
            understood,
            proven,
        };
        if demarche.etat_at(draft.at) == Etat::Close {
            return self.say_closed(draft, &desk, kept);
        }
        if !proven {
            // What is kept is for its owner alone.
            let blank = Sheet::blank("demande");
            return self.send_form(draft, &desk, kept, &blank);
        }
        self.filled(draft, mail, &desk, kept)
    }

    /// A mail of somebody who is proven: what he answers is added to what is kept, and filed if nothing is wrong.
    fn filled(
        &self,
        draft: &mut Draft<'_, S>,
        mail: &MailIn,
        desk: &Desk<'_>,
        mut kept: Kept,
    ) -> Result<(), Error> {
        let form = Form::of(desk.demarche);
        if fold(&desk.understood.reply) == "recommencer" {
            kept.empty();
            if !kept.idles() {
                return self.say_no_more(draft, mail, desk, &kept);
            }
            let blank = Sheet::blank("recommence");
            return self.send_form(draft, desk, kept, &blank);
        }
        let code = kept.code(&self.secret, &self.form_digest(desk.demarche));
        let found = self.read_form(mail, &form, &form.known(&kept.answers))?;
        if let (Some(made), Some(used)) = (&kept.made, &found.code)
            && made.code == *used
        {
            // One form is one dossier: whoever thanks for it below a quotation does not file it again.
            let number = made.number;
            return self.say_made(draft, desk, kept, number);
        }
        let current = found.code.as_ref().is_none_or(|used| *used == code);
        let mut faults = Vec::new();
        let mut read_any = false;
        for answer in &found.answers {
            // A number alone means nothing once the form has changed.
            if form.is_file(answer.place).is_some() || !(answer.labelled || current) {
                continue;
            }
            read_any = true;
            faults.extend(form.take(&mut kept.answers, answer));
        }
        let mut told: Vec<Value> = marks(&form, &found);
        let Some(refused) =
            self.take_files(draft, desk.understood, &form, &found, &mut kept.files)?
        else {
            // A rehearsal.
            return Ok(());
        };
        read_any |= !desk.understood.attachments.is_empty();
        told.extend(refused);
        if !read_any && told.is_empty() {
            if !kept.idles() {
                return self.say_no_more(draft, mail, desk, &kept);
            }
            let silent = desk.understood.reply.trim().is_empty();
            let reason = if silent || asks(&desk.understood.reply) {
                "demande"
            } else {
                "illisible"
            };
            let sheet = Sheet::of(reason, Vec::new());
            return self.send_form(draft, desk, kept, &sheet);
        }
        kept.was_read();
        told.extend(self.unplaced(&form, &kept.files));
        let mut body = form.body(&kept.answers);
        body.insert("usager".to_owned(), json!(desk.person));
        let placed = kept.files.iter().filter(|(id, _)| !id.is_empty());
        let files: Vec<(String, Piece)> = placed.cloned().collect();
        let wrong = match fill(desk.demarche, &Value::Object(body), &files) {
            Ok(filled) if faults.is_empty() && told.is_empty() => {
                let digest = short_code(&self.secret, &json!([&kept.answers, &files]).to_string());
                if let Some(made) = &kept.made
                    && made.answers == digest
                {
                    let number = made.number;
                    return self.say_made(draft, desk, kept, number);
                }
                match self.file_deposit(draft, desk.demarche, filled)? {
                    Ok(number) => {
                        let answers = digest;
                        kept.done(
                            draft.at,
                            Made {
                                number,
                                code,
                                answers,
                            },
                        );
                        return self.keep_form(draft, desk.demarche.number, desk.person, &kept);
                    }
                    Err(faults) => faults,
                }
            }
            Ok(_) => Vec::new(),
            Err(wrong) => wrong,
        };
        faults.extend(wrong);
        let mut known = BTreeSet::new();
        faults.retain(|fault| known.insert(fault.pointer.clone()));
        told.extend(faults.iter().map(|fault| form.fault(fault, &kept.answers)));
        let sheet = Sheet::of("fautes", told);
        self.send_form(draft, desk, kept, &sheet)
    }

    /// Holds a mail of somebody to whom the form was sent often enough.
    fn say_no_more(
        &self,
        draft: &mut Draft<'_, S>,
        mail: &MailIn,
        desk: &Desk<'_>,
        kept: &Kept,
    ) -> Result<(), Error> {
        self.keep_form(draft, desk.demarche.number, desk.person, kept)?;
        let told = Obstacle::told("too_many");
        self.turn_away(draft, mail, desk.understood, None, &told)
    }

    /// What a mail answers to `form`.
    fn read_form(
        &self,
        mail: &MailIn,
        form: &Form<'_>,
        known: &BTreeMap<crate::mail::form::Place, String>,
    ) -> Result<Read, Error> {
        let raw = self.shelf.read(&mail.original.hash)?;
        guarded(|| read(&written(&raw), &form.fields, known))
    }

    /// A digest of the form of a démarche: another once it asks something else.
    fn form_digest(&self, demarche: &Demarche) -> String {
        let form = json!([&demarche.champs, &demarche.groupes.len(), &demarche.routage]);
        short_code(&self.secret, &form.to_string())
    }
}

/// Who stands at the counter of what.
struct Desk<'a> {
    demarche: &'a Demarche,
    person: &'a Email,
    understood: &'a Understood,
    /// The address is his.
    proven: bool,
}

/// Whether somebody asks for the form in so many words.
fn asks(text: &str) -> bool {
    let folded = fold(text);
    folded.len() < 200 && folded.split(' ').any(|word| word == "formulaire")
}

/// What is wrong with the numbers themselves: questions that were answered twice, and some that there are not.
fn marks(form: &Form<'_>, found: &Read) -> Vec<Value> {
    let torn = found.torn.iter().map(|place| {
        json!({
            "marker": place.to_string(),
            "label": place.of(&form.fields).map(|field| &field.label),
            "typed": null,
            "detail": "deux réponses différentes ; n’en laissez qu’une",
        })
    });
    let strange = found.strange.iter().map(|number| {
        json!({
            "marker": number,
            "label": null,
            "typed": null,
            "detail": "aucune question ne porte ce numéro",
        })
    });
    torn.chain(strange).collect()
}

/// A fault without a question, said of a file.
fn of_file(name: &str, detail: &str) -> Value {
    json!({ "marker": null, "label": name, "typed": null, "detail": detail })
}
