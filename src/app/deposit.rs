//! A dossier deposited over HTTP or from a file, and what every deposit comes to.

use super::draft::Draft;
use super::{App, Error};
use crate::domain::{
    Demarche, DemarcheId, Deposit, DossierId, Email, Fault, Person, Refusal, View, deposit, fill,
    react, replay,
};
use crate::message::{DepositIn, Verdict};
use crate::store::Store;

impl<S: Store> App<S> {
    pub(super) fn deposit(
        &self,
        draft: &mut Draft<'_, S>,
        incoming: &DepositIn,
    ) -> Result<(), Error> {
        draft.receipt.digest.clone_from(&incoming.digest);
        let Some(demarche) = self.demarche(DemarcheId(incoming.demarche)) else {
            draft.receipt.verdict = Verdict::Unknown;
            return Ok(());
        };
        let filled = match fill(demarche, &incoming.body, &incoming.files) {
            Ok(filled) if self.is_ours(&filled.usager) => {
                draft.receipt.verdict = Verdict::Refused;
                let detail = "cette adresse est celle du service, qui ne se répond pas à lui-même"
                    .to_owned();
                draft.receipt.errors = vec![Fault {
                    pointer: "/usager".to_owned(),
                    detail,
                }];
                return Ok(());
            }
            Ok(filled) => filled,
            Err(faults) => {
                draft.receipt.verdict = Verdict::Refused;
                draft.receipt.errors = faults;
                return Ok(());
            }
        };
        if let Err(faults) = self.file_deposit(draft, demarche, filled)? {
            draft.receipt.verdict = Verdict::Refused;
            draft.receipt.errors = faults;
        }
        Ok(())
    }

    /// Makes a dossier of what was filled in, and tells those concerned. The error is what is wrong with it.
    pub(super) fn file_deposit(
        &self,
        draft: &mut Draft<'_, S>,
        demarche: &Demarche,
        filled: Deposit,
    ) -> Result<Result<DossierId, Vec<Fault>>, Error> {
        let number = self.store.next_number()?;
        let act = match deposit(demarche, number, filled, draft.at) {
            Ok(act) => act,
            Err(refusal) => {
                let pointer = if matches!(refusal, Refusal::UnknownGroupe { .. }) {
                    "/groupe"
                } else {
                    ""
                };
                return Ok(Err(vec![Fault {
                    pointer: pointer.to_owned(),
                    detail: self.templates.refusal(&refusal, None)?,
                }]));
            }
        };
        let Some(dossier) = replay(&act) else {
            return Ok(Err(Vec::new()));
        };
        draft.receipt.dossier = Some(number.0);
        draft.found(dossier.clone(), act.clone(), View::of(&dossier, demarche));
        let by = Person::Usager(dossier.usager.clone());
        for effect in react(&dossier, demarche, &act) {
            self.word(draft, &dossier, demarche, &by, &effect)?;
        }
        Ok(Ok(number))
    }

    /// Whether an address is of our own mail domain: mail to it would come back to us.
    pub(super) fn is_ours(&self, address: &Email) -> bool {
        let domain = address.as_str().rsplit('@').next().unwrap_or_default();
        domain == self.own.domain
    }
}
