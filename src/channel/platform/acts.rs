//! Orders carried out. The dossier is read before and after: what is done already is not done again, whatever was lost on
//! the way.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::fault::Fault;
use super::hand::said;
use super::pace::Rank;
use super::plan::{Progress, Stand};
use super::{Inner, annotation, later, lock};
use crate::channel::Known;
use crate::message::Outcome;
use crate::message::platform::{Act, Answered, DossierIn, Ended, Order, Said};

/// Failures of the server's own after which an order is given up: it fails at that, not at the moment.
const STUMBLES: u32 = 3;
/// When a dossier is read again after its decision: its attestation takes a moment.
const ATTESTED: Duration = Duration::from_secs(30);
/// Said where the server failed again and again.
const FAILED: &str = "Erreur interne de la plateforme";

/// What is sent for an act.
struct Errand {
    document: &'static str,
    input: Map<String, Value>,
}

impl Inner {
    /// Does what `order` asks, hands in what became of it, and says that it is done once that is committed.
    pub(super) async fn carry_out(self: &Arc<Self>, order: &Order, known: &Known) -> Outcome {
        let acting = self.acting(order.dossier);
        let answered = match self.execute(order, known).await {
            Ok(answered) => answered,
            Err(Fault::Failed(status)) if self.stumbles(order) >= STUMBLES => {
                tracing::error!(
                    dossier = order.dossier,
                    "The platform fails again and again at an act on dossier {} ({status})",
                    order.dossier
                );
                self.over(
                    order,
                    Ended::Refused {
                        act: 0,
                        sentences: vec![FAILED.to_owned()],
                    },
                )
                .await
            }
            Err(fault) => return later(&fault),
        };
        lock(&self.stumbles).remove(&order.id);
        let decided = order.acts.iter().any(|act| {
            matches!(
                act,
                Act::Accepter { .. } | Act::Refuser { .. } | Act::ClasserSansSuite { .. }
            )
        });
        if decided && answered.ended == Ended::Done {
            let when = Instant::now() + ATTESTED;
            lock(&self.again).insert(order.dossier, (order.demarche, when));
        }
        let Some(door) = self.door() else {
            return Outcome::Held {
                after: Duration::from_secs(1),
                why: "Greffier is starting or stopping".to_owned(),
            };
        };
        let name = format!("answered:{}", order.id);
        let incoming = said(
            &name,
            Said::Answered(Box::new(answered)),
            crate::clock::now(),
        );
        match door.hand(incoming).await {
            Ok(receipt) => {
                drop(acting);
                door.tell(order.cause.clone(), receipt);
                Outcome::Delivered {
                    remote_id: String::new(),
                }
            }
            Err(closed) => Outcome::Held {
                after: Duration::from_secs(1),
                why: closed.to_string(),
            },
        }
    }

    fn stumbles(&self, order: &Order) -> u32 {
        let mut stumbles = lock(&self.stumbles);
        let count = stumbles.entry(order.id.clone()).or_default();
        *count += 1;
        *count
    }

    /// An order that ended so, with the dossier as it can be read now.
    async fn over(&self, order: &Order, ended: Ended) -> Answered {
        let read = self.dossier(Rank::Act, order.dossier).await.ok();
        Answered {
            order: order.clone(),
            ended,
            dossier: read.map(Box::new),
            messages: Vec::new(),
            files: Vec::new(),
        }
    }

    async fn execute(&self, order: &Order, known: &Known) -> Result<Answered, Fault> {
        let mut answered = Answered {
            order: order.clone(),
            ended: Ended::Done,
            dossier: None,
            messages: Vec::new(),
            files: Vec::new(),
        };
        let hidden = |mut answered: Answered| {
            answered.ended = Ended::Hidden;
            answered.dossier = None;
            answered
        };
        let mut read = match self.dossier(Rank::Act, order.dossier).await {
            Ok(read) => read,
            Err(fault) if fault.is_hidden() => return Ok(hidden(answered)),
            Err(fault) => return Err(fault),
        };
        let claims = self.mirror.claims(order.dossier, &order.id);
        let mut progress = Progress::default();
        for (index, act) in order.acts.iter().enumerate() {
            if let Act::Fetch { files } = act {
                answered.files = self.fetch(order, files, known).await?;
                continue;
            }
            match progress.next(order, act, &read, &claims) {
                Stand::Done(_) => continue,
                Stand::Moved => {
                    answered.ended = Ended::Moved { act: index };
                    break;
                }
                Stand::Open => {}
            }
            let sent = self.mutate(order, index, act, &read, known).await;
            read = match self.dossier(Rank::Act, order.dossier).await {
                Ok(read) => read,
                Err(fault) if fault.is_hidden() => return Ok(hidden(answered)),
                Err(fault) => return Err(fault),
            };
            if let Ok(Sent::Done(message)) = &sent {
                // What it shows of it is noted, so that the next act goes on from there.
                let shown = progress.next(order, act, &read, &claims);
                if let (Some(id), Stand::Open) = (message, &shown) {
                    progress.posted(id.clone());
                }
                continue;
            }
            // A refusal of what is so already is none.
            if matches!(progress.next(order, act, &read, &claims), Stand::Done(_)) {
                continue;
            }
            answered.ended = match sent {
                Ok(Sent::Refused(sentences)) => Ended::Refused {
                    act: index,
                    sentences,
                },
                Ok(Sent::ReadOnly) => Ended::ReadOnly,
                Ok(Sent::Done(_)) => continue,
                Err(Fault::Unable(mutation)) => Ended::Unable { mutation },
                // The dossier is shown: it is something else that is not, the instructeur or a message.
                Err(Fault::Refused(complaints)) => Ended::Refused {
                    act: index,
                    sentences: complaints.into_iter().map(|each| each.message).collect(),
                },
                Err(fault) => return Err(fault),
            };
            break;
        }
        answered.messages = progress.messages;
        answered.dossier = Some(Box::new(read));
        Ok(answered)
    }

    /// Sends what an act needs, and reads what the platform says of it.
    async fn mutate(
        &self,
        order: &Order,
        index: usize,
        act: &Act,
        read: &DossierIn,
        known: &Known,
    ) -> Result<Sent, Fault> {
        let errand = self.errand(order, index, act, read, known).await?;
        let input = json!({ "input": errand.input });
        let data = self.instance.ask(Rank::Act, errand.document, input).await?;
        let payload = data.as_object().and_then(|data| data.values().next());
        let payload = payload.cloned().unwrap_or_default();
        let sentences: Vec<String> = payload
            .get("errors")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|error| error.get("message")?.as_str().map(str::to_owned))
            .collect();
        if sentences.is_empty() {
            let message = payload.pointer("/message/id").and_then(Value::as_str);
            return Ok(Sent::Done(message.map(str::to_owned)));
        }
        let reads = |sentence: &String| sentence.contains("jeton") && sentence.contains("lecture");
        Ok(if sentences.iter().any(reads) {
            Sent::ReadOnly
        } else {
            Sent::Refused(sentences)
        })
    }

    async fn errand(
        &self,
        order: &Order,
        index: usize,
        act: &Act,
        read: &DossierIn,
        known: &Known,
    ) -> Result<Errand, Fault> {
        let schema = self.instance.schema(Rank::Act).await?;
        let mut input = Map::new();
        let mut give = |key: &str, value: Value| input.insert(key.to_owned(), value);
        give("dossierId", json!(order.dossier_id));
        if !matches!(act, Act::ChangerGroupe { .. } | Act::Label { .. }) {
            give("instructeurId", json!(order.instructeur.id));
        }
        let document = match act {
            Act::Suivi { follow } => {
                give("follow", json!(follow));
                "Suivi"
            }
            Act::PasserEnInstruction => {
                // The decision that follows says it all.
                let alone = index + 1 == order.acts.len();
                if !alone && schema.input("DossierPasserEnInstructionInput", "disableNotification")
                {
                    give("disableNotification", json!(true));
                }
                "PasserEnInstruction"
            }
            Act::RepasserEnConstruction => "RepasserEnConstruction",
            Act::RepasserEnInstruction => "RepasserEnInstruction",
            Act::Accepter {
                motivation,
                justificatif,
            } => {
                if let Some(motivation) = motivation {
                    give("motivation", json!(motivation));
                }
                if let Some(piece) = justificatif {
                    give(
                        "justificatif",
                        json!(self.upload(order, piece, known).await?),
                    );
                }
                "Accepter"
            }
            Act::Refuser {
                motivation,
                justificatif,
            }
            | Act::ClasserSansSuite {
                motivation,
                justificatif,
            } => {
                give("motivation", json!(motivation));
                if let Some(piece) = justificatif {
                    give(
                        "justificatif",
                        json!(self.upload(order, piece, known).await?),
                    );
                }
                match act {
                    Act::Refuser { .. } => "Refuser",
                    _ => "ClasserSansSuite",
                }
            }
            Act::Archiver => "Archiver",
            Act::Desarchiver => "Desarchiver",
            Act::EnvoyerMessage {
                body,
                piece,
                correction,
            } => {
                give("body", json!(body));
                if let Some(piece) = piece {
                    give("attachment", json!(self.upload(order, piece, known).await?));
                }
                if let Some(reason) = correction {
                    give("correction", json!(reason));
                }
                "EnvoyerMessage"
            }
            Act::SupprimerMessage { message } => {
                give("messageId", json!(message));
                "SupprimerMessage"
            }
            Act::AnnulerDemandeCorrection { message } => {
                give("messageId", json!(message));
                "AnnulerDemandeCorrection"
            }
            Act::ChangerGroupe { groupe, .. } => {
                give("groupeInstructeurId", json!(groupe));
                "ChangerGroupe"
            }
            Act::ModifierAnnotation {
                annotation,
                kind,
                value,
            } => {
                let way = annotation::write(&schema, read, annotation, kind, value);
                let unable = || Fault::Unable(format!("way to write an annotation of type {kind}"));
                let way = way.ok_or_else(unable)?;
                if let Value::Object(fields) = way.input {
                    input.extend(fields);
                }
                way.document
            }
            Act::Label { label, on, .. } => {
                give("labelId", json!(label));
                if *on {
                    "AjouterLabel"
                } else {
                    "SupprimerLabel"
                }
            }
            Act::Fetch { .. } => return Err(Fault::Local("files are not sent".to_owned())),
        };
        Ok(Errand { document, input })
    }
}

/// What the platform said to a mutation.
enum Sent {
    /// It is done; the message that it made, where it is one.
    Done(Option<String>),
    /// It refuses, in these sentences.
    Refused(Vec<String>),
    /// The token may only read.
    ReadOnly,
}
