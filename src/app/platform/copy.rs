//! What came by mail, written on the platform: an usager's answer into the messagerie, an avis where the démarche wants it.

use super::super::draft::Draft;
use super::super::{App, Error};
use super::order::{Kept, Memo, Request, signer};
use crate::domain::{
    Answer, Avis, Demarche, Dossier, DossierId, Event, MailRef, MessageId, Person, Plateforme,
    Recorded, Refusal,
};
use crate::message::platform::{Act, Profile};
use crate::mirror::{self, Ids};
use crate::store::Store;

/// Stands in an annotation above the avis that came by mail, which are added one after the other: what others write there is
/// theirs.
const HEADING: &str = "— Avis reçus par courriel (Greffier) —";

/// What is copied, as the template that says that it was not names it.
const USAGER: &str = "usager";
const AVIS: &str = "avis";

impl<S: Store> App<S> {
    /// Writes on the platform what of `act` came by mail.
    pub(super) fn copy(
        &self,
        draft: &mut Draft<'_, S>,
        number: DossierId,
        act: &[Recorded],
    ) -> Result<(), Error> {
        let Some(change) = draft.dossier(number)? else {
            return Ok(());
        };
        let dossier = change.dossier;
        let Some(demarche) = self.demarche(dossier.demarche) else {
            return Ok(());
        };
        let (Some(plateforme), Some(ids)) = (&demarche.plateforme, self.ids(draft, demarche)?)
        else {
            return Ok(());
        };
        let there = There {
            dossier: &dossier,
            demarche,
            plateforme,
            ids: &ids,
        };
        for Recorded { by, event, .. } in act {
            match (event, by) {
                (Event::MessagePosted { message, .. }, Person::Usager(_)) => {
                    self.copy_message(draft, &there, *message)?;
                }
                (Event::AvisRendered { avis, .. }, _) => {
                    let found = dossier.avis.get(avis).filter(|avis| !avis.elsewhere);
                    if let Some(avis) = found {
                        self.copy_avis(draft, &there, avis)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn copy_message(
        &self,
        draft: &mut Draft<'_, S>,
        there: &There<'_>,
        id: MessageId,
    ) -> Result<(), Error> {
        let dossier = there.dossier;
        let Some(message) = dossier.messages.get(&id) else {
            return Ok(());
        };
        let instructeur = match there.porte_parole() {
            Ok(instructeur) => instructeur,
            Err(refusal) => return self.not_written(draft, dossier.number, USAGER, &refusal),
        };
        let head = format!(
            "[Réponse de l’usager reçue par courriel le {}, déposée ici par Greffier{}]",
            moment_of(message.at),
            doubt(message.mail.as_ref())
        );
        let body = format!("{head}\n\n{}", message.text).trim_end().to_owned();
        let request = Request {
            instructeur,
            acts: mirror::messages(&body, &message.pieces),
            message: Some(id),
            kept: kept(USAGER),
            suffix: &format!("/message-{id}"),
            ..Request::default()
        };
        self.send_order(draft, dossier, request)
    }

    fn copy_avis(
        &self,
        draft: &mut Draft<'_, S>,
        there: &There<'_>,
        avis: &Avis,
    ) -> Result<(), Error> {
        let There {
            dossier,
            plateforme,
            ids,
            ..
        } = *there;
        let Some(answer) = avis.answers.last() else {
            return Ok(());
        };
        let report = report(avis, answer);
        let mut acts = Vec::new();
        if let Some(annotation) = &plateforme.avis_annotation {
            let champ = there.demarche.annotation(annotation);
            let kind = ids.annotations.iter().find(|known| known.id == *annotation);
            if let (Some(_), Some(kind)) = (champ, kind) {
                acts.push(Act::ModifierAnnotation {
                    annotation: annotation.clone(),
                    kind: kind.kind.clone(),
                    value: report.clone().into(),
                    under: Some(HEADING.to_owned()),
                });
            }
        }
        if avis.shown_to_usager(answer, plateforme) {
            acts.extend(mirror::messages(&report, &answer.pieces));
        }
        if acts.is_empty() {
            return Ok(());
        }
        let asked = signer(ids, Some(&avis.by), Refusal::NoPorteParole);
        let instructeur = match asked.or_else(|_| there.porte_parole()) {
            Ok(instructeur) => instructeur,
            Err(refusal) => return self.not_written(draft, dossier.number, AVIS, &refusal),
        };
        let request = Request {
            instructeur,
            acts,
            kept: kept(AVIS),
            suffix: "/avis",
            ..Request::default()
        };
        self.send_order(draft, dossier, request)
    }
}

/// A dossier, and its démarche as the platform has it.
struct There<'a> {
    dossier: &'a Dossier,
    demarche: &'a Demarche,
    plateforme: &'a Plateforme,
    ids: &'a Ids,
}

impl There<'_> {
    /// Who puts into the messagerie what nobody there has written.
    fn porte_parole(&self) -> Result<Profile, Refusal> {
        let email = self.plateforme.porte_parole.as_ref();
        signer(self.ids, email, Refusal::NoPorteParole)
    }
}

/// What an order remembers that copies `what`.
fn kept(what: &str) -> Kept {
    Kept {
        why: Memo::Copy {
            what: what.to_owned(),
        },
        ..Kept::default()
    }
}

fn moment_of(at: jiff::Timestamp) -> String {
    let local = at.to_zoned_datetime(crate::domain::paris());
    local.strftime("%d/%m/%Y à %H:%M").to_string()
}

/// What is to be known of a mail whose sender is not proven, wherever it is written down.
fn doubt(mail: Option<&MailRef>) -> &'static str {
    let doubtful = mail.is_some_and(|mail| !mail.authenticated);
    if doubtful {
        " ; l’expéditeur n’a pas pu être authentifié"
    } else {
        ""
    }
}

/// An answer to a request for an avis, as the platform keeps it.
fn report(avis: &Avis, answer: &Answer) -> String {
    let mut lines = vec![
        format!("Avis de {}, demandé par {}", avis.expert, avis.by),
        format!(
            "Reçu par courriel le {}{}\u{a0}:",
            moment_of(answer.at),
            doubt(answer.mail.as_ref())
        ),
    ];
    if !answer.text.is_empty() {
        lines.push(quoted(&answer.text));
    }
    if let (Some(question), Some(oui)) = (&avis.question, answer.oui_non) {
        lines.push(format!("{question} {}", if oui { "Oui" } else { "Non" }));
    }
    lines.join("\n")
}

/// What an expert writes, where each line that reads like one of Greffier's own is marked as his: under the other avis it would
/// be taken for that of somebody else.
fn quoted(text: &str) -> String {
    let mark = |line: &str| {
        let words: Vec<String> = line.split_whitespace().map(str::to_lowercase).collect();
        let words = words.join(" ");
        let ours = words.contains("avis de ") && words.contains("demandé par")
            || words.contains("reçu par courriel le")
            || words.contains("avis reçus par courriel");
        if ours {
            format!("> {line}")
        } else {
            line.to_owned()
        }
    };
    text.lines().map(mark).collect::<Vec<_>>().join("\n")
}
