//! What came by mail, written on the platform: an usager's answer into the messagerie, an avis where the démarche wants it.

use super::super::draft::Draft;
use super::super::{App, Error};
use super::order::{Kept, Memo, Told};
use crate::domain::{
    Answer, Avis, Demarche, Dossier, DossierId, Email, Event, MailRef, MessageId, Person,
    Plateforme, Recorded, Refusal,
};
use crate::message::platform::{Act, DemarcheIn};
use crate::mirror;
use crate::store::Store;

/// Stands in an annotation above the avis that came by mail, which are added one after the other: what others write there is
/// theirs.
const HEADING: &str = "— Avis reçus par courriel (Greffier) —";

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
        for Recorded { by, event, .. } in act {
            match (event, by) {
                (Event::MessagePosted { message, .. }, Person::Usager(_)) => {
                    self.copy_message(draft, &dossier, plateforme, &ids, *message)?;
                }
                (Event::AvisRendered { avis, .. }, _) => {
                    let found = dossier.avis.get(avis).filter(|avis| !avis.elsewhere);
                    if let Some(avis) = found {
                        self.copy_avis(draft, (&dossier, demarche), plateforme, &ids, avis)?;
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
        dossier: &Dossier,
        plateforme: &Plateforme,
        ids: &DemarcheIn,
        id: MessageId,
    ) -> Result<(), Error> {
        let Some(message) = dossier.messages.get(&id) else {
            return Ok(());
        };
        let author = match self.writer(ids, plateforme.porte_parole.as_ref()) {
            Ok(author) => author,
            Err(refusal) => return self.not_written(draft, dossier.number, "usager", &refusal),
        };
        let head = format!(
            "[Réponse de l’usager reçue par courriel le {}, déposée ici par Greffier{}]",
            moment_of(message.at),
            doubt(message.mail.as_ref())
        );
        let body = format!("{head}\n\n{}", message.text).trim_end().to_owned();
        let acts = mirror::messages(&body, &message.pieces);
        let told = Told {
            instructeur: author,
            message: Some(id),
        };
        let kept = Kept {
            why: Memo::Copy {
                what: "usager".to_owned(),
            },
            ..Kept::default()
        };
        let known = self.mirror(draft, dossier.number)?;
        let suffix = format!("/message-{id}");
        self.send_order(draft, dossier, known, acts, told, None, &kept, &suffix)
    }

    fn copy_avis(
        &self,
        draft: &mut Draft<'_, S>,
        (dossier, demarche): (&Dossier, &Demarche),
        plateforme: &Plateforme,
        ids: &DemarcheIn,
        avis: &Avis,
    ) -> Result<(), Error> {
        let Some(answer) = avis.answers.last() else {
            return Ok(());
        };
        let report = report(avis, answer);
        let mut acts = Vec::new();
        if let Some(annotation) = &plateforme.avis_annotation {
            let champ = demarche.annotation(annotation);
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
        let asked = self.writer(ids, Some(&avis.by));
        let author = match asked.or_else(|_| self.writer(ids, plateforme.porte_parole.as_ref())) {
            Ok(author) => author,
            Err(refusal) => return self.not_written(draft, dossier.number, "avis", &refusal),
        };
        let told = Told {
            instructeur: author,
            message: None,
        };
        let kept = Kept {
            why: Memo::Copy {
                what: "avis".to_owned(),
            },
            ..Kept::default()
        };
        let known = self.mirror(draft, dossier.number)?;
        self.send_order(draft, dossier, known, acts, told, None, &kept, "/avis")
    }

    /// In whose name it is written.
    fn writer(
        &self,
        ids: &DemarcheIn,
        email: Option<&Email>,
    ) -> Result<crate::message::platform::Profile, Refusal> {
        if ids.mutations.is_empty() {
            return Err(Refusal::PlatformReadOnly);
        }
        let Some(email) = email else {
            return Err(Refusal::NoPorteParole);
        };
        let unknown = || Refusal::PlatformUnknownInstructeur {
            email: email.clone(),
        };
        mirror::instructeur(ids, email).ok_or_else(unknown)
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
