//! What takes long is ordered, and told when it is there. Who asked must then still have the right.

use jiff::Timestamp;

use super::draft::Draft;
use super::line::{SHELL, Speaker};
use super::piece::at_the_machine;
use super::reply::With;
use super::{App, Error};
use crate::domain::{Command, DossierId, Person, Piece};
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

    /// Tells what came of an order.
    pub(super) fn made(&self, draft: &mut Draft<'_, S>, made: &Made) -> Result<(), Error> {
        let Made { order, product } = made;
        self.arrived(draft, order)?;
        if let (Work::Attestation { dossier, decided }, Product::Files { files }) =
            (&order.work, product)
        {
            return self.attest(draft, *dossier, *decided, files);
        }
        // Where nobody asked, the log has it.
        let Some(line) = &order.asked else {
            return Ok(());
        };
        let email = self.speaker(draft, line)?;
        let speaker = &Speaker { line, email };
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

    /// Joins an attestation to the dossier whose decision it attests, which tells the usager.
    fn attest(
        &self,
        draft: &mut Draft<'_, S>,
        number: DossierId,
        decided: Timestamp,
        files: &[Piece],
    ) -> Result<(), Error> {
        let change = draft.dossier(number)?;
        let now = change.and_then(|change| change.dossier.decided);
        // The decision may have been taken back meanwhile, and another taken.
        let still = now.is_some_and(|now| now.at == decided);
        let Some(piece) = files.first().filter(|_| still).cloned() else {
            draft.receipt.verdict = Verdict::Refused;
            return Ok(());
        };
        let attach = Command::AttachAttestation { piece };
        if self
            .act(draft, number, &Person::Greffier, &[attach])?
            .is_err()
        {
            draft.receipt.verdict = Verdict::Refused;
        }
        Ok(())
    }

    /// Gives files of a dossier to whoever asked for them.
    fn hand_over(
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
            // At the machine itself nothing is copied.
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
