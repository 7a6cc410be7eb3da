//! What takes long is ordered, and told when it is there. Who asked must then still have the right.

use jiff::Timestamp;

use super::draft::Draft;
use super::line::{SHELL, Speaker};
use super::piece::at_the_machine;
use super::reply::With;
use super::word::Saying;
use super::{App, Error};
use crate::domain::{
    Command, Dossier, DossierId, Notice, Person, Piece, Recipient, Recorded, Refusal,
};
use crate::message::work::{Made, Order, Product, Work};
use crate::message::{Body, Mark, Outgoing, Verdict};
use crate::store::{Queued, Store};
use crate::template::Answer;

impl<S: Store> App<S> {
    /// Orders something for whoever asks, and says that it is being made.
    pub(super) fn order(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        work: Work,
    ) -> Result<(), Error> {
        if let Some(enough) = self.ration(draft, speaker, &work)? {
            return self.answer(draft, speaker, &enough, None);
        }
        let order = Order {
            work,
            asked: Some(Box::new(speaker.line.clone())),
            cause: draft.cause.clone(),
        };
        queue(draft, order);
        draft.receipt.awaits = true;
        if self.mark(draft, speaker.line, Mark::Running) || speaker.line.from.network == SHELL {
            return Ok(());
        }
        self.answer(draft, speaker, &Answer::Making, None)
    }

    /// Orders a dossier as a document, for somebody who may have it where he asks or in private.
    pub(super) fn send_document(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        number: Option<DossierId>,
    ) -> Result<(), Error> {
        let (Some(number), Some(email)) = (number, &speaker.email) else {
            return self.answer(draft, speaker, &Answer::WhichDossier, None);
        };
        draft.receipt.dossier = Some(number.0);
        match self.visible(draft, number, email)? {
            Ok(_) if !self.shows_all(speaker) && !self.shows_all_in_private(speaker) => {
                self.answer(draft, speaker, &Answer::NotHere, None)
            }
            Ok(_) => self.order(
                draft,
                speaker,
                Work::Dossier {
                    dossier: number,
                    by: Some(email.clone()),
                },
            ),
            Err(refusal) => self.refuse(draft, speaker, &refusal),
        }
    }

    /// Orders the attestation of the decision taken then; nobody waits for it but the usager, who is told once it is there.
    pub(super) fn order_attestation(
        &self,
        draft: &mut Draft<'_, S>,
        dossier: DossierId,
        decided: Timestamp,
    ) {
        let order = Order {
            work: Work::Attestation { dossier, decided },
            asked: None,
            cause: draft.cause.clone(),
        };
        queue(draft, order);
    }

    /// `attestation`: orders that of a decision again, where it could not be made.
    pub(super) fn make_attestation(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        number: Option<DossierId>,
    ) -> Result<(), Error> {
        let (Some(number), Some(email)) = (number, &speaker.email) else {
            return self.answer(draft, speaker, &Answer::WhichDossier, None);
        };
        draft.receipt.dossier = Some(number.0);
        let (dossier, demarche) = match self.visible(draft, number, email)? {
            Ok(visible) => visible,
            Err(refusal) => return self.refuse(draft, speaker, &refusal),
        };
        if dossier.trash.is_some() {
            return self.refuse(draft, speaker, &Refusal::Trashed);
        }
        let decided = dossier.decided.as_ref();
        let decided = decided.filter(|decided| demarche.attestation_of(decided.decision).is_some());
        match decided {
            None => self.answer(
                draft,
                speaker,
                &Answer::NoAttestation { number },
                Some(&dossier),
            ),
            Some(decided) if decided.attestation.is_some() => {
                let answer = Answer::AttestationThere { number };
                self.answer(draft, speaker, &answer, Some(&dossier))
            }
            Some(decided) => {
                let work = Work::Attestation {
                    dossier: number,
                    decided: decided.at,
                };
                self.order(draft, speaker, work)
            }
        }
    }

    /// Tells what came of an order.
    pub(super) fn made(&self, draft: &mut Draft<'_, S>, made: &Made) -> Result<(), Error> {
        let Made { order, product } = made;
        self.arrived(draft, order)?;
        let speaker = match &order.asked {
            Some(line) => Some(Speaker {
                line,
                email: self.speaker(draft, line)?,
            }),
            None => None,
        };
        if let Work::Attestation { dossier, decided } = order.work {
            return self.attested(draft, speaker.as_ref(), dossier, decided, product);
        }
        let Some(speaker) = &speaker else {
            return Ok(());
        };
        let line = speaker.line;
        match (&order.work, product) {
            (_, Product::Failed) => {
                draft.receipt.verdict = Verdict::Refused;
                self.mark(draft, line, Mark::Failed);
                self.answer(draft, speaker, &Answer::NotMade, None)
            }
            (Work::Dossier { dossier, .. }, Product::Files { files }) => {
                self.hand_over(draft, speaker, *dossier, files)
            }
            (Work::List { .. }, Product::Found { found }) => self.tell_found(draft, speaker, found),
            (Work::Export(export), product) => self.exported(draft, speaker, export, product),
            (Work::Stats { demarche, .. }, Product::Stats { on, usual, charts }) => {
                self.show_stats(draft, speaker, *demarche, (*on, *usual), charts)
            }
            // A product of another kind than the order: written by another version.
            _ => Ok(()),
        }
    }

    /// Joins an attestation to its dossier, or tells that there is none: whoever asked for it again, or else the rooms.
    fn attested(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: Option<&Speaker<'_>>,
        number: DossierId,
        decided: Timestamp,
        product: &Product,
    ) -> Result<(), Error> {
        let joined = match product {
            Product::Files { files } => self.attest(draft, number, decided, files)?,
            _ => None,
        };
        match (speaker, joined) {
            (Some(speaker), Some(act)) => {
                self.done(draft, speaker, number, "attach_attestation", &act)
            }
            (None, Some(_)) => Ok(()),
            (Some(speaker), None) => {
                self.mark(draft, speaker.line, Mark::Failed);
                self.answer(draft, speaker, &Answer::NotMade, None)
            }
            (None, None) => {
                draft.receipt.verdict = Verdict::Refused;
                match product {
                    Product::Failed => self.tell_of_failure(draft, number, decided),
                    // The decision was taken back meanwhile.
                    _ => Ok(()),
                }
            }
        }
    }

    /// Joins an attestation to the dossier whose decision it attests, which tells the usager. None where it attests
    /// nothing any more.
    fn attest(
        &self,
        draft: &mut Draft<'_, S>,
        number: DossierId,
        decided: Timestamp,
        files: &[Piece],
    ) -> Result<Option<Vec<Recorded>>, Error> {
        let still = self.still_decided(draft, number, decided)?;
        let Some(piece) = files.first().filter(|_| still.is_some()).cloned() else {
            return Ok(None);
        };
        let attach = Command::AttachAttestation { piece };
        let act = self.act(draft, number, &Person::Greffier, &[attach])?;
        Ok(act.ok())
    }

    /// The dossier, if the decision that was taken then is that which it has now. It may have been taken back meanwhile,
    /// and another taken.
    fn still_decided(
        &self,
        draft: &Draft<'_, S>,
        number: DossierId,
        decided: Timestamp,
    ) -> Result<Option<Dossier>, Error> {
        let dossier = draft.dossier(number)?.map(|change| change.dossier);
        Ok(dossier.filter(|dossier| {
            let now = dossier.decided.as_ref();
            dossier.present() && now.is_some_and(|now| now.at == decided)
        }))
    }

    /// Tells the rooms, or who decided where there is none, that an attestation could not be made. The usager was
    /// promised nothing yet.
    fn tell_of_failure(
        &self,
        draft: &mut Draft<'_, S>,
        number: DossierId,
        decided: Timestamp,
    ) -> Result<(), Error> {
        let Some(dossier) = self.still_decided(draft, number, decided)? else {
            return Ok(());
        };
        let Some(demarche) = self.demarche(dossier.demarche) else {
            return Ok(());
        };
        let saying = Saying {
            dossier: &dossier,
            demarche,
            by: &Person::Greffier,
            notice: &Notice::AttestationFailed,
            not_before: None,
        };
        let by = dossier.decided.as_ref().map(|decided| &decided.by);
        match by {
            Some(Person::Instructeur(email)) if self.is_roomless(&dossier) => {
                self.tell_privately(draft, &saying, email)
            }
            _ => self.tell(draft, &saying, &Recipient::Rooms),
        }
    }

    /// Gives files of a dossier to whoever asked for them.
    pub(super) fn hand_over(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        number: DossierId,
        files: &[Piece],
    ) -> Result<(), Error> {
        let Some(email) = &speaker.email else {
            return self.answer(draft, speaker, &Answer::NotLinked, None);
        };
        draft.receipt.dossier = Some(number.0);
        let dossier = match self.visible(draft, number, email)? {
            Ok((dossier, _)) => dossier,
            Err(refusal) => return self.refuse(draft, speaker, &refusal),
        };
        self.give(draft, speaker, &dossier, |app, draft, speaker| {
            let places: Vec<String> = files
                .iter()
                .filter_map(|file| app.place_of(speaker, file))
                .collect();
            if !places.is_empty() {
                app.keep_in_place(draft, files, dossier.demarche)?;
            }
            let answer = Answer::Made { number, places };
            // At the machine itself the answer says where it is.
            let given: &[Piece] = if at_the_machine(speaker) { &[] } else { files };
            let with = With {
                files: given,
                ..With::default()
            };
            app.answer_with(draft, speaker, &answer, Some(&dossier), with)
        })
    }
}

/// Queues an order.
pub(super) fn queue<S: Store>(draft: &mut Draft<'_, S>, order: Order) {
    let dossier = match &order.work {
        Work::Dossier { dossier, .. } | Work::Attestation { dossier, .. } => Some(*dossier),
        Work::Stats { .. } | Work::Export(_) | Work::List { .. } => None,
    };
    draft.queue(Queued {
        outgoing: Outgoing {
            to: order.work.destination(),
            body: Body::Make(Box::new(order)),
        },
        not_before: None,
        dossier,
        tag: None,
    });
}
