//! Carries out an order: reads the dossier, does what is not done yet, reads it again, and says what became of it.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::annotation;
use super::fault::{Complaint, Fault};
use super::hand::said;
use super::json::{list, text};
use super::pace::Rank;
use super::plan::{Plan, Standing};
use super::right::says_read_only;
use super::stumble::Next;
use super::{Inner, documents, lock};
use crate::channel::{Inbox, Known};
use crate::message::platform::{Act, Answered, DossierIn, Ended, Order, Said};
use crate::message::{Outcome, Piece};

/// When a dossier is looked at again for its attestation.
const ATTESTATION: Duration = Duration::from_mins(1);

/// What the platform says to who may not act on a dossier.
const NO_RIGHTS: &str = "L’instructeur n’a pas les droits d’accès à ce dossier";

/// What came of one mutation.
enum Sent {
    /// The platform says that it did it.
    Yes,
    /// It gives these reasons.
    No(Vec<String>),
}

/// What an order has come to.
struct Came {
    ended: Ended,
    files: Vec<Option<Piece>>,
}

impl Inner {
    /// Carries out `order`. The answer is committed before it counts as delivered.
    pub(super) async fn carry_out(
        self: &std::sync::Arc<Self>,
        order: &Order,
        known: &Known,
    ) -> Outcome {
        let Some(inbox) = self.door() else {
            return Outcome::Held {
                after: Duration::from_secs(2),
                why: "Greffier is starting or stopping".to_owned(),
            };
        };
        let acting = self.acting(order.dossier);
        let begun = Instant::now();
        let answered = match self.perform(order, &inbox, known).await {
            Ok(answered) => answered,
            Err(Fault::Lost(why)) => return Outcome::Dead { why },
            Err(fault) => {
                let answered = self.instance.answered();
                match self.stumbles.note(order, &fault, begun, answered) {
                    Next::Wait(after) => {
                        let why = fault.to_string();
                        return Outcome::Held { after, why };
                    }
                    Next::Refuse(sentence) => {
                        let sentences = vec![sentence];
                        Answered::unseen(order.clone(), Ended::Refused { act: 0, sentences })
                    }
                }
            }
        };
        let incoming = said(
            &format!("answered:{}", order.id),
            Said::Answered(Box::new(answered)),
            crate::clock::now(),
        );
        let receipt = inbox.hand(incoming).await;
        drop(acting);
        match receipt {
            Ok(receipt) => {
                self.stumbles.forget(order);
                lock(&self.unanswered).remove(&order.id);
                inbox.tell(order.cause.clone(), receipt);
                Outcome::Delivered {
                    remote_id: String::new(),
                }
            }
            Err(closed) => Outcome::Held {
                after: Duration::from_secs(2),
                why: closed.to_string(),
            },
        }
    }

    async fn perform(
        &self,
        order: &Order,
        inbox: &Inbox,
        known: &Known,
    ) -> Result<Answered, Fault> {
        let mut dossier = match self.dossier(Rank::Act, order.dossier).await {
            Ok(dossier) => dossier,
            Err(fault) if fault.is_hidden() => {
                return Ok(Answered::unseen(order.clone(), Ended::Hidden));
            }
            Err(fault) => return Err(fault),
        };
        let result = self.acts(order, &mut dossier, inbox, known).await?;
        // It was read again after the last mutation.
        let dossier = Some(dossier).filter(|_| result.ended != Ended::Hidden);
        let messages = dossier.as_ref().map(|dossier| self.made(order, dossier));
        Ok(Answered {
            order: order.clone(),
            ended: result.ended,
            dossier: dossier.map(Box::new),
            messages: messages.unwrap_or_default(),
            files: result.files,
        })
    }

    /// GraphQL ids of the messages that `order` made.
    fn made(&self, order: &Order, dossier: &DossierIn) -> Vec<String> {
        let claims = self.mirror.claims(order.dossier, &order.id);
        let mut plan = Plan::new(order, dossier, &claims);
        // Each that is there is noted by the plan, which goes by those before it.
        for act in &order.acts {
            if let Act::EnvoyerMessage { .. } = act {
                plan.standing(act);
            }
        }
        plan.messages()
    }

    /// Does the acts that are not done, one after the other.
    async fn acts(
        &self,
        order: &Order,
        dossier: &mut DossierIn,
        inbox: &Inbox,
        known: &Known,
    ) -> Result<Came, Fault> {
        let mut files = Vec::new();
        for (at, act) in order.acts.iter().enumerate() {
            let ended = |ended| {
                Ok(Came {
                    ended,
                    files: Vec::new(),
                })
            };
            let standing = self.standing(order, dossier, at);
            let posts = matches!(act, Act::EnvoyerMessage { .. });
            if standing == Standing::Open && posts {
                self.sure(order, known)?;
            }
            if standing == Standing::Open
                && let Some(sentence) = self.stumbles.spent(order)
            {
                let sentences = vec![sentence];
                return ended(Ended::Refused { act: at, sentences });
            }
            if let Act::Fetch { files: wanted } = act {
                files.extend(self.fetch(order.dossier, wanted, inbox, known).await?);
                continue;
            }
            match standing {
                Standing::Done => continue,
                Standing::Moved => return ended(Ended::Moved { act: at }),
                Standing::Open => {}
            }
            // These name nobody to the platform, which therefore asks nobody's rights.
            let unsigned = matches!(act, Act::ChangerGroupe { .. } | Act::Label { .. });
            if unsigned && !self.instance.reaches(order).await? {
                let sentences = vec![NO_RIGHTS.to_owned()];
                return ended(Ended::Refused { act: at, sentences });
            }
            let sent = match self.send(order, dossier, act, known).await {
                Ok(sent) => sent,
                Err(Fault::Unable(mutation)) => return ended(Ended::Unable { mutation }),
                // What it asks for, a message or a label, may be gone while the dossier is there.
                Err(Fault::Refused(complaints)) => Sent::No(sentences(&complaints)),
                Err(fault) => {
                    if posts && fault.may_be_done() {
                        lock(&self.unanswered).insert(order.id.clone(), Instant::now());
                    }
                    return Err(fault);
                }
            };
            // What the platform says is one thing, how the dossier stands another.
            *dossier = match self.dossier(Rank::Act, order.dossier).await {
                Ok(dossier) => dossier,
                Err(fault) if fault.is_hidden() => return ended(Ended::Hidden),
                Err(fault) => return Err(fault),
            };
            let Sent::No(sentences) = sent else {
                // Each act has its own tries.
                self.stumbles.forget(order);
                self.look_again(order, act);
                continue;
            };
            match self.standing(order, dossier, at) {
                Standing::Done => {}
                Standing::Moved => return ended(Ended::Moved { act: at }),
                Standing::Open if says_read_only(&sentences) => return ended(Ended::ReadOnly),
                Standing::Open => return ended(Ended::Refused { act: at, sentences }),
            }
        }
        Ok(Came {
            ended: Ended::Done,
            files,
        })
    }

    /// How the act at `at` stands, given those before it.
    fn standing(&self, order: &Order, dossier: &DossierIn, at: usize) -> Standing {
        let claims = self.mirror.claims(order.dossier, &order.id);
        let mut plan = Plan::new(order, dossier, &claims);
        let standings = order.acts.iter().take(at + 1).map(|act| plan.standing(act));
        standings.last().unwrap_or(Standing::Open)
    }

    /// Whether a message of `order` that is not there will not come either: nothing but its text tells that it was sent.
    fn sure(&self, order: &Order, known: &Known) -> Result<(), Fault> {
        let (started, since) = self.started;
        // Whether it was tried before a start is not known.
        let inherited = (known.since < started).then_some(since);
        let sent = lock(&self.unanswered).get(&order.id).copied();
        let Some(sent) = sent.max(inherited) else {
            return Ok(());
        };
        match self.instance.client.at_work().checked_sub(sent.elapsed()) {
            Some(left) if !left.is_zero() => Err(Fault::Unsure(left)),
            _ => Ok(()),
        }
    }

    /// An attestation is made some time after the decision, and nothing says when.
    fn look_again(&self, order: &Order, act: &Act) {
        if matches!(act, Act::Accepter { .. } | Act::Refuser { .. }) {
            let due = (order.demarche, Instant::now() + ATTESTATION);
            lock(&self.again).insert(order.dossier, due);
        }
    }

    /// Sends the mutation of `act`, after its file.
    async fn send(
        &self,
        order: &Order,
        dossier: &DossierIn,
        act: &Act,
        known: &Known,
    ) -> Result<Sent, Fault> {
        let schema = self.instance.schema(Rank::Act).await?;
        let (document, mut input) = mutation(order, act);
        if let Act::ModifierAnnotation {
            annotation,
            kind,
            value,
            under,
        } = act
        {
            let value = annotation::whole(dossier, annotation, value, under.as_deref());
            let write = annotation::write(&schema, dossier, annotation, kind, &value);
            let unable = || Fault::Unable("dossierModifierAnnotations".to_owned());
            let write = write.ok_or_else(unable)?;
            merge(&mut input, write.input);
            return self.mutate(write.document, input).await;
        }
        let name = documents::subject(document);
        if schema.field("Mutation", name).is_none() {
            return Err(Fault::Unable(name.to_owned()));
        }
        if let Act::EnvoyerMessage {
            correction: Some(reason),
            ..
        } = act
            && !(schema.input("DossierEnvoyerMessageInput", "correction")
                && schema.value("CorrectionReason", reason))
        {
            return Err(Fault::Unable(format!("{name}(correction: {reason})")));
        }
        if let Act::AnnulerDemandeCorrection { .. } = act {
            // No published schema has it yet: what it takes is seen from what it says.
            let kind = "DossierAnnulerDemandeCorrectionInput";
            if let Value::Object(input) = &mut input {
                input.retain(|key, _| schema.input(kind, key));
            }
        }
        if let Some((key, piece)) = piece(act) {
            let file = self.upload(&dossier.id, piece, known).await?;
            merge(&mut input, json!({ (key): file }));
        }
        self.mutate(document, input).await
    }

    async fn mutate(&self, document: &str, input: Value) -> Result<Sent, Fault> {
        let variables = json!({ "input": input });
        let data = self.instance.ask(Rank::Act, document, variables).await?;
        let payload = data.get(documents::subject(document));
        let payload = payload.filter(|payload| !payload.is_null());
        let payload =
            payload.ok_or_else(|| Fault::Away("an answer without what was done".to_owned()))?;
        let sentences = refusals(payload);
        if sentences.is_empty() {
            return Ok(Sent::Yes);
        }
        Ok(Sent::No(sentences))
    }
}

/// The document of an act, and its input without files and values.
fn mutation(order: &Order, act: &Act) -> (&'static str, Value) {
    let dossier = &order.dossier_id;
    let mut input = json!({ "dossierId": dossier, "instructeurId": order.instructeur.id });
    let (document, more) = match act {
        Act::Suivi { follow } => ("Suivi", json!({ "follow": follow })),
        Act::PasserEnInstruction => ("PasserEnInstruction", Value::Null),
        Act::RepasserEnConstruction => ("RepasserEnConstruction", Value::Null),
        Act::RepasserEnInstruction => ("RepasserEnInstruction", Value::Null),
        Act::Accepter { motivation, .. } => match motivation {
            Some(motivation) => ("Accepter", json!({ "motivation": motivation })),
            None => ("Accepter", Value::Null),
        },
        Act::Refuser { motivation, .. } => ("Refuser", json!({ "motivation": motivation })),
        Act::ClasserSansSuite { motivation, .. } => {
            ("ClasserSansSuite", json!({ "motivation": motivation }))
        }
        Act::Archiver => ("Archiver", Value::Null),
        Act::Desarchiver => ("Desarchiver", Value::Null),
        Act::EnvoyerMessage {
            body, correction, ..
        } => match correction {
            Some(reason) => (
                "EnvoyerMessage",
                json!({ "body": body, "correction": reason }),
            ),
            None => ("EnvoyerMessage", json!({ "body": body })),
        },
        Act::SupprimerMessage { message } => {
            let instructeur = &order.instructeur.id;
            input = json!({ "instructeurId": instructeur, "messageId": message });
            ("SupprimerMessage", Value::Null)
        }
        Act::AnnulerDemandeCorrection { message } => {
            ("AnnulerDemandeCorrection", json!({ "messageId": message }))
        }
        Act::ChangerGroupe { groupe, .. } => {
            input = json!({ "dossierId": dossier, "groupeInstructeurId": groupe });
            ("ChangerGroupe", Value::Null)
        }
        Act::Label { label, on, .. } => {
            input = json!({ "dossierId": dossier, "labelId": label });
            let document = if *on {
                "AjouterLabel"
            } else {
                "SupprimerLabel"
            };
            (document, Value::Null)
        }
        Act::ModifierAnnotation { .. } => ("ModifierAnnotations", Value::Null),
        Act::Fetch { .. } => ("Files", Value::Null),
    };
    merge(&mut input, more);
    (document, input)
}

/// The file of an act, and what its input calls it.
fn piece(act: &Act) -> Option<(&'static str, &Piece)> {
    match act {
        Act::Accepter { justificatif, .. }
        | Act::Refuser { justificatif, .. }
        | Act::ClasserSansSuite { justificatif, .. } => {
            Some(("justificatif", justificatif.as_ref()?))
        }
        Act::EnvoyerMessage { piece, .. } => Some(("attachment", piece.as_ref()?)),
        _ => None,
    }
}

fn merge(into: &mut Value, more: Value) {
    if let (Value::Object(into), Value::Object(more)) = (into, more) {
        into.extend(more);
    }
}

/// Why the platform has not done a mutation, in its own words; empty where it has.
pub(super) fn refusals(payload: &Value) -> Vec<String> {
    list(payload, "errors")
        .filter_map(|error| text(error, "message"))
        .collect()
}

/// The sentences of GraphQL errors, which are the platform's own and in English.
pub(super) fn sentences(complaints: &[Complaint]) -> Vec<String> {
    complaints
        .iter()
        .map(|complaint| complaint.message.clone())
        .collect()
}
