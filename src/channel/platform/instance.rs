//! One instance: what it knows, whose turn it is to ask, and whether it answers.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::client::Client;
use super::fault::{Complaint, Fault};
use super::pace::{Pace, Rank};
use super::schema::Schema;
use super::settings::Settings;
use super::{documents, lock};
use crate::channel::http::health::Health;
use crate::message::platform::PLATFORM;

/// How long a schema is believed.
const DAY: Duration = Duration::from_hours(24);
/// How soon an instance is asked for its schema again.
const AGAIN: Duration = Duration::from_mins(1);
/// How soon it is asked after it did not answer, where one is known that serves meanwhile.
const LATER: Duration = Duration::from_mins(5);
/// Corrections of a document before it is given up.
const TRIES: usize = 8;
/// Failures in a row after which the server counts as lost.
const LOST: u32 = 3;

/// When an instance last told its schema, and until when that is believed.
#[derive(Debug, Clone, Copy)]
struct Learned {
    at: Instant,
    until: Instant,
}

impl Learned {
    fn now() -> Self {
        let at = Instant::now();
        Self {
            at,
            until: at + DAY,
        }
    }
}

/// An instance of the platform.
pub(super) struct Instance {
    pub(super) client: Client,
    pace: Pace,
    health: Arc<Health>,
    schema: RwLock<Option<Arc<Schema>>>,
    /// When it last told its schema, and when it is asked again. Held while it is.
    learned: tokio::sync::Mutex<Option<Learned>>,
    /// Connections that failed in a row.
    failures: AtomicU32,
    /// When it gave its last good answer.
    answered: Mutex<Option<Instant>>,
    /// What is wrong with single démarches.
    troubles: Mutex<BTreeMap<u64, String>>,
    /// Whether the token may only read, and when that was asked.
    pub(super) read_only: tokio::sync::Mutex<Option<(Instant, bool)>>,
}

impl Instance {
    /// The instance of `settings`. Nothing is asked yet.
    pub(super) fn new(settings: &Settings, health: Arc<Health>) -> Result<Self, Fault> {
        Ok(Self {
            client: Client::new(settings)?,
            pace: Pace::new(settings.requests_per_minute),
            health,
            schema: RwLock::new(None),
            learned: tokio::sync::Mutex::new(None),
            failures: AtomicU32::new(0),
            answered: Mutex::default(),
            troubles: Mutex::default(),
            read_only: tokio::sync::Mutex::new(None),
        })
    }

    /// What it answers to the document `name`, in the form that it understands.
    pub(super) async fn ask(
        &self,
        rank: Rank,
        name: &str,
        variables: Value,
    ) -> Result<Value, Fault> {
        for _ in 0..TRIES {
            let schema = self.schema(rank).await?;
            let Some(document) = documents::document(name, &schema) else {
                return Err(Fault::Unable(documents::subject(name).to_owned()));
            };
            match self.send(rank, name, &document, &variables).await {
                Err(Fault::Refused(complaints)) if is_unknown(&complaints) => {
                    if !self.correct(rank, &schema, &complaints).await? {
                        return Err(Fault::Refused(complaints));
                    }
                }
                answered => return answered,
            }
        }
        Err(Fault::Local(format!(
            "the instance does not understand the document {name}"
        )))
    }

    /// What the instance knows. It is asked once a day.
    pub(super) async fn schema(&self, rank: Rank) -> Result<Arc<Schema>, Fault> {
        let mut learned = self.learned.lock().await;
        let fresh = learned.is_some_and(|learned| Instant::now() < learned.until);
        if let Some(schema) = self.known().filter(|_| fresh) {
            return Ok(schema);
        }
        match self.introspect(rank).await {
            Ok(schema) => {
                *learned = Some(Learned::now());
                Ok(self.learn(schema))
            }
            // The one of yesterday serves until it answers.
            Err(fault) => {
                if let Some(learned) = &mut *learned {
                    learned.until = Instant::now() + LATER;
                }
                self.known().ok_or(fault)
            }
        }
    }

    fn known(&self) -> Option<Arc<Schema>> {
        let schema = self.schema.read().unwrap_or_else(PoisonError::into_inner);
        schema.clone()
    }

    fn learn(&self, schema: Schema) -> Arc<Schema> {
        let schema = Arc::new(schema);
        let mut known = self.schema.write().unwrap_or_else(PoisonError::into_inner);
        *known = Some(Arc::clone(&schema));
        schema
    }

    /// Asks for the schema. Where that is refused, the published one is as good a guess as any: what is wrong with it shows.
    async fn introspect(&self, rank: Rank) -> Result<Schema, Fault> {
        let nothing = Schema::default();
        let document = documents::document("Introspection", &nothing).unwrap_or_default();
        let variables = Value::Object(serde_json::Map::new());
        match self
            .send(rank, "Introspection", &document, &variables)
            .await
        {
            Ok(data) => Ok(Schema::introspected(&data).unwrap_or_else(Schema::published)),
            Err(Fault::Refused(_)) => {
                tracing::info!("The platform does not tell its schema: it is found out by trying");
                Ok(self
                    .known()
                    .map_or_else(Schema::published, |known| (*known).clone()))
            }
            Err(fault) => Err(fault),
        }
    }

    /// Learns from `complaints` about a document made for `schema`. Says whether anything is to be tried now.
    async fn correct(
        &self,
        rank: Rank,
        schema: &Arc<Schema>,
        complaints: &[Complaint],
    ) -> Result<bool, Fault> {
        let mut learned = self.learned.lock().await;
        if self.known().is_some_and(|known| known != *schema) {
            return Ok(true);
        }
        if learned.is_none_or(|learned| learned.at.elapsed() > AGAIN) {
            let schema_now = self.introspect(rank).await?;
            *learned = Some(Learned::now());
            if schema_now != **schema {
                self.learn(schema_now);
                return Ok(true);
            }
        }
        let corrected = schema.corrected(complaints).or_else(|| {
            let conservative = Schema::conservative();
            (conservative != **schema).then_some(conservative)
        });
        Ok(corrected.map(|corrected| self.learn(corrected)).is_some())
    }

    async fn send(
        &self,
        rank: Rank,
        name: &str,
        document: &str,
        variables: &Value,
    ) -> Result<Value, Fault> {
        let mut answered = self.once(rank, name, document, variables).await;
        // What was turned away was not done.
        if matches!(answered, Err(Fault::Limited(_))) {
            answered = self.once(rank, name, document, variables).await;
        }
        answered
    }

    async fn once(
        &self,
        rank: Rank,
        name: &str,
        document: &str,
        variables: &Value,
    ) -> Result<Value, Fault> {
        self.pace.turn(rank).await;
        let begun = std::time::Instant::now();
        let answered = self.client.send(name, document, variables).await;
        metrics::histogram!("greffier_platform_request_seconds", "document" => name.to_owned())
            .record(begun.elapsed());
        let outcome = match &answered {
            Ok(_) => "ok",
            Err(Fault::Limited(wait)) => {
                self.pace.shut(*wait);
                "limited"
            }
            Err(Fault::Expired | Fault::Forbidden(_)) => "token",
            Err(Fault::Partial(_)) => "partial",
            Err(Fault::Refused(_)) => "refused",
            Err(_) => "failed",
        };
        metrics::counter!("greffier_platform_requests_total", "outcome" => outcome).increment(1);
        if matches!(answered, Ok(_) | Err(Fault::Refused(_))) {
            *lock(&self.answered) = Some(Instant::now());
        }
        self.judge(answered.as_ref().err());
        answered
    }

    /// When it gave its last good answer: a refusal is one, too.
    pub(super) fn answered(&self) -> Option<Instant> {
        *lock(&self.answered)
    }

    /// Says by `/readyz` whether the instance answers.
    fn judge(&self, fault: Option<&Fault>) {
        match fault {
            Some(fault @ (Fault::Expired | Fault::Forbidden(_) | Fault::Local(_))) => {
                self.say(Some(fault.to_string()));
            }
            Some(
                fault @ (Fault::Away(_) | Fault::Strange(_) | Fault::Barred(_) | Fault::Failed(_)),
            ) => {
                if self.failures.fetch_add(1, Ordering::SeqCst) + 1 >= LOST {
                    self.say(Some(fault.to_string()));
                }
            }
            Some(_) | None => {
                self.failures.store(0, Ordering::SeqCst);
                self.say(None);
            }
        }
    }

    fn say(&self, why: Option<String>) {
        let troubles = self.troubles();
        let why = why.or_else(|| troubles.values().next().cloned());
        match why {
            Some(why) => self.health.ill(PLATFORM, why),
            None => self.health.well(PLATFORM),
        }
    }

    /// Notes what is wrong with a démarche, or that nothing is. It is logged where that is new.
    pub(super) fn trouble(&self, demarche: u64, why: Option<String>) {
        let mut troubles = self.troubles();
        match why {
            Some(why) if troubles.get(&demarche) != Some(&why) => {
                tracing::warn!(demarche, "Démarche {demarche} cannot be read: {why}");
                self.health.ill(PLATFORM, why.clone());
                troubles.insert(demarche, why);
            }
            Some(_) => {}
            None if troubles.remove(&demarche).is_some() => {
                drop(troubles);
                tracing::info!(demarche, "Démarche {demarche} is read again");
                self.say(None);
            }
            None => {}
        }
    }

    fn troubles(&self) -> MutexGuard<'_, BTreeMap<u64, String>> {
        lock(&self.troubles)
    }
}

fn is_unknown(complaints: &[Complaint]) -> bool {
    complaints
        .iter()
        .any(|complaint| !complaint.unknown().is_empty())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[tokio::test]
    async fn a_schema_of_yesterday_serves_while_the_instance_does_not_tell_another() {
        let folder = tempfile::tempdir().unwrap();
        let token = folder.path().join("token");
        std::fs::write(&token, "t").unwrap();
        std::fs::set_permissions(&token, std::fs::Permissions::from_mode(0o600)).unwrap();
        // A port on which nobody listens.
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", free.local_addr().unwrap());
        drop(free);
        let text = format!("url = \"{url}\"\ntoken_file = \"{}\"", token.display());
        let settings: Settings = toml::from_str(&text).unwrap();
        let instance = Instance::new(&settings, Arc::new(Health::default())).unwrap();
        assert!(instance.schema(Rank::Read).await.is_err());
        instance.learn(Schema::published());
        let now = Instant::now();
        *instance.learned.lock().await = Some(Learned {
            at: now,
            until: now,
        });
        for _ in 0..5 {
            assert!(instance.schema(Rank::Read).await.is_ok());
        }
        // It was asked once with nothing known, and once since.
        assert_eq!(instance.failures.load(Ordering::SeqCst), 2);
    }
}
