//! To look: a dossier and what is in it, help, oneself. Looking at a dossier in private clears its orange
//! marks, as opening its tabs does on the platform.

use std::collections::BTreeSet;

use super::ask::{Ask, Part};
use super::draft::Draft;
use super::line::Speaker;
use super::piece::Wanted;
use super::platform::{Acted, Errand};
use super::{App, Error};
use crate::command::Parsed;
use crate::domain::{Command, Dossier, DossierId, Email, Mark, Refusal};
use crate::message::Verdict;
use crate::store::Store;
use crate::template::Answer;

impl<S: Store> App<S> {
    /// Answers what is not an act.
    #[expect(clippy::too_many_lines, reason = "one arm for each question")]
    pub(super) fn ask(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        parsed: &Parsed<'_>,
        ask: Ask,
    ) -> Result<(), Error> {
        let number = parsed.selection.single().map(DossierId);
        match ask {
            Ask::Help { command } => {
                self.help(draft, speaker, command.as_deref());
                Ok(())
            }
            Ask::Link { value } => self.link(draft, speaker, &value),
            Ask::Unlink { whose } => self.unlink(draft, speaker, whose.as_deref()),
            Ask::ListAccounts { address } => self.list_accounts(draft, speaker, address),
            Ask::ShowRoom => self.show_room(draft, speaker),
            Ask::BindRoom(binding) => self.bind_room(draft, speaker, binding),
            Ask::UnbindRoom { salon } => self.unbind_room(draft, speaker, salon.as_deref()),
            Ask::Status => self.status(draft, speaker),
            // In a room that is no démarche's nobody may read how much there is to do in one.
            Ask::ListDemarches if !self.at_home(speaker, None) => {
                self.aside(draft, speaker, |draft, speaker| {
                    self.list_demarches(draft, speaker)
                })
            }
            Ask::ListDemarches => self.list_demarches(draft, speaker),
            Ask::ListDossiers(listing) if !self.at_home(speaker, listing.demarche) => {
                self.aside(draft, speaker, |draft, speaker| {
                    self.list_dossiers(draft, speaker, &listing, None)
                })
            }
            Ask::ListDossiers(listing) => self.list_dossiers(draft, speaker, &listing, None),
            Ask::ShowDossier { partie } => {
                let (answer, marks) = part(partie);
                self.show(draft, speaker, number, &answer, marks)
            }
            Ask::ShowMessages => self.show_part(draft, speaker, number, Part::Messagerie),
            Ask::ListAvis => self.show_part(draft, speaker, number, Part::Avis),
            Ask::ShowPersons => self.show_part(draft, speaker, number, Part::Personnes),
            Ask::ShowHistory => self.show_part(draft, speaker, number, Part::Historique),
            Ask::ShowPieces => self.show_part(draft, speaker, number, Part::Pieces),
            Ask::SendPieces {
                numero,
                toutes,
                depuis,
            } => {
                let wanted = match (numero, toutes, depuis) {
                    (Some(numero), None, None) => Wanted::One(numero),
                    (None, None, None) => Wanted::Any,
                    (_, _, depuis) => Wanted::From(depuis.unwrap_or(1)),
                };
                self.send_pieces(draft, speaker, number, wanted)
            }
            Ask::Stats { demarche, theme } => self.stats(draft, speaker, demarche, theme),
            Ask::MakeAttestation => self.make_attestation(draft, speaker, number),
            Ask::SendDocument => self.send_document(draft, speaker, number),
            Ask::Export { format, demarche } => {
                self.export(draft, speaker, &parsed.selection, format, demarche)
            }
            Ask::Experts { demarche } if !self.at_home(speaker, demarche) => {
                self.aside(draft, speaker, |draft, speaker| {
                    self.ask(draft, speaker, parsed, Ask::Experts { demarche })
                })
            }
            Ask::Experts { demarche } => match self.meant(speaker, demarche) {
                Ok(demarche) => {
                    let answer = Answer::Experts {
                        demarche: (demarche.number, demarche.titre.clone()),
                        experts: demarche.experts.clone(),
                    };
                    self.answer(draft, speaker, &answer, None)
                }
                Err(answer) => self.answer(draft, speaker, &answer, None),
            },
            Ask::Confirm { code: Some(code) } => self.confirm(draft, speaker, &code),
            Ask::Confirm { code: None } => self.unconfirmed(draft, speaker),
            Ask::Cancel { code } => match (number, code) {
                (None, code) => self.cancel(draft, speaker, code.as_deref()),
                // In a thread the dossier was not typed: what waits for a confirmation is meant first.
                (Some(_), None) if parsed.selection.implied && self.waits(draft, speaker)? => {
                    self.cancel(draft, speaker, None)
                }
                (Some(_), Some(code)) => self.cancel(draft, speaker, Some(&code)),
                (Some(number), None) => self.withdraw(draft, speaker, number),
            },
            Ask::Notifications {
                demarche,
                choix,
                valeur,
            } => {
                let value = valeur.and_then(|valeur| serde_json::from_value(valeur.into()).ok());
                self.notifications(draft, speaker, demarche, choix.as_deref(), value)
            }
            Ask::Columns { demarche, colonnes } => {
                self.columns(draft, speaker, demarche, colonnes.as_deref())
            }
            Ask::Sort {
                demarche,
                tri,
                pastille,
                clear,
            } => self.sort(draft, speaker, demarche, tri.as_deref(), pastille, clear),
            Ask::Filter {
                demarche,
                filtre,
                clear,
            } => self.filter(draft, speaker, demarche, filtre.as_deref(), clear),
            Ask::ListQuarantine => self.list_held(draft, speaker),
            Ask::ShowQuarantine { id } => self.show_held(draft, speaker, id),
            Ask::AcceptQuarantine { id } => self.accept_held(draft, speaker, id, number, false),
            Ask::RememberQuarantine { id } => self.accept_held(draft, speaker, id, number, true),
            Ask::AllowQuarantine { id } => self.allow_held(draft, speaker, id, number),
            Ask::RejectQuarantine { id, raison } => {
                self.reject_held(draft, speaker, id, raison.as_deref())
            }
            Ask::MailTrace => self.mail_trace(draft, speaker, number),
            Ask::ListAliases => self.list_aliases(draft, speaker, number),
            Ask::RevokeAlias { address } => self.revoke_alias(draft, speaker, &address, number),
        }
    }

    fn show_part(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        number: Option<DossierId>,
        partie: Part,
    ) -> Result<(), Error> {
        let (answer, marks) = part(Some(partie));
        self.show(draft, speaker, number, &answer, marks)
    }

    fn help(&self, draft: &mut Draft<'_, S>, speaker: &Speaker<'_>, command: Option<&str>) {
        use crate::command::{Record, Right};
        // Where Greffier serves the platform, no démarche is its own.
        let record = if self.mirrored.is_empty() {
            Record::Local
        } else {
            Record::Platform
        };
        let text = if let Some(command) = command {
            self.catalogue
                .help_for(command, record)
                .unwrap_or_else(|error| {
                    draft.receipt.verdict = Verdict::Misunderstood;
                    error.to_string()
                })
        } else {
            let right = match &speaker.email {
                None => Right::Anyone,
                Some(email) if self.directory.is_administrateur(email) => Right::Administrateur,
                Some(email) if self.groupes_of(email).next().is_some() => Right::Instructeur,
                Some(_) => Right::Linked,
            };
            self.catalogue.help(&right, record)
        };
        self.reply(draft, speaker.line, text);
    }

    fn status(&self, draft: &mut Draft<'_, S>, speaker: &Speaker<'_>) -> Result<(), Error> {
        let Some(email) = speaker.email.clone() else {
            return self.answer(draft, speaker, &Answer::NotLinked, None);
        };
        let depths = self.store.depths()?;
        let (unread, reading) = self.readings(&email)?;
        let groupes = self
            .groupes_of(&email)
            .map(|(demarche, groupe)| {
                (
                    demarche.number,
                    demarche.titre.clone(),
                    groupe.label.clone(),
                )
            })
            .collect();
        let quarantine = self.held_count(draft, &email)?;
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let answer = Answer::Status {
            version,
            email: Some(email),
            groupes,
            outbox: depths.outbox,
            dead: depths.dead,
            quarantine,
            unread,
            reading,
        };
        self.answer(draft, speaker, &answer, None)
    }

    /// Shows a part of a dossier. Its marks go out when the person saw everything.
    fn show(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        number: Option<DossierId>,
        answer: &Answer,
        marks: &[Mark],
    ) -> Result<(), Error> {
        let (Some(number), Some(email)) = (number, speaker.email.clone()) else {
            return self.answer(draft, speaker, &Answer::WhichDossier, None);
        };
        draft.receipt.dossier = Some(number.0);
        let dossier = match self.visible(draft, number, &email)? {
            Ok((dossier, _)) => dossier,
            Err(refusal) => {
                let entry = self.entry(draft, number, &email)?;
                return match entry.filter(|_| *answer == Answer::Dossier) {
                    Some(entry) => self.answer(draft, speaker, answer, Some(&entry)),
                    None => self.refuse(draft, speaker, &refusal),
                };
            }
        };
        let elsewhere =
            !self
                .directory
                .may_hear(&speaker.line.from.network, &speaker.line.place, &dossier);
        if let Some(by) = speaker.person().filter(|_| {
            if elsewhere {
                self.shows_all_in_private(speaker)
            } else {
                self.shows_all(speaker)
            }
        }) {
            let marks: BTreeSet<Mark> = marks.iter().copied().collect();
            // Looking cannot be refused to somebody who may see; were it, the marks would stay.
            let _looked = self.act(draft, number, &by, &[Command::Look { marks }])?;
        }
        self.answer(draft, speaker, answer, Some(&dossier))
    }

    /// What stays of a dossier that was purged, for those who instruct its group.
    fn entry(
        &self,
        draft: &Draft<'_, S>,
        number: DossierId,
        email: &Email,
    ) -> Result<Option<Dossier>, Error> {
        let found = draft.dossier(number)?.map(|change| change.dossier);
        Ok(found.filter(|dossier| {
            let demarche = self.demarche(dossier.demarche);
            let groupe = demarche.and_then(|demarche| demarche.groupe(&dossier.groupe));
            dossier.purged.is_some()
                && groupe.is_some_and(|groupe| groupe.instructeurs.contains(email))
        }))
    }

    fn withdraw(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        number: DossierId,
    ) -> Result<(), Error> {
        let Some(by) = speaker.person() else {
            return self.answer(draft, speaker, &Answer::NotLinked, None);
        };
        if draft.again {
            // The mail left in this very moment.
            return self.refuse(draft, speaker, &Refusal::TooLateToWithdraw);
        }
        draft.receipt.dossier = Some(number.0);
        let errand = Errand::typed(speaker.line, "withdraw");
        match self.perform(draft, number, &by, &[Command::Withdraw], &errand)? {
            Ok(Acted::Done(act)) => self.done(draft, speaker, number, "withdraw", &act),
            Ok(Acted::Asked) => self.asked(draft, speaker),
            Err(refusal) => self.refuse(draft, speaker, &refusal),
        }
    }
}

/// What shows a part of a dossier, and the marks that go out when it is seen.
fn part(partie: Option<Part>) -> (Answer, &'static [Mark]) {
    match partie {
        None => (Answer::Dossier, &[Mark::Demande, Mark::Annotations]),
        Some(Part::Demande) => (Answer::Demande, &[Mark::Demande]),
        Some(Part::Annotations) => (Answer::Annotations, &[Mark::Annotations]),
        Some(Part::Avis) => (Answer::Avis, &[Mark::Avis]),
        Some(Part::Messagerie) => (Answer::Messages, &[Mark::Messagerie]),
        Some(Part::Personnes) => (Answer::Persons, &[]),
        Some(Part::Historique) => (Answer::History, &[]),
        Some(Part::Pieces) => (Answer::Pieces, &[]),
    }
}
