//! A demarche.numerique.gouv.fr that lives in the test: stateful, GraphQL over HTTP on a loopback port.
//!
//! [`Fake`] is a handle: it adds démarches and dossiers, plays the usager, the web instructeurs and the experts, moves
//! the clock, makes requests fail, and tells what was asked and done.

#![expect(
    unreachable_pub,
    dead_code,
    unused_imports,
    reason = "it can do more than the tests here ask of it"
)]

mod annotation;
mod body;
mod bulk;
mod champ;
#[cfg(test)]
mod check;
mod clock;
mod control;
mod ctx;
mod demarche;
mod descriptor;
mod dossier;
mod fault;
mod file;
mod graphql;
mod groupe_mutation;
mod http;
mod knob;
mod message_mutation;
mod model;
mod mutation;
mod page;
mod payload;
mod rule;
mod schema;
mod seed;
mod state;
mod token;
mod tree;
mod upload;
mod web;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::watch;

pub use champ::{Champ, Value};
pub use descriptor::{ChampDescriptor, champ_id, sample_annotations, sample_champs, typed_id};
pub use fault::{Broken, Fault};
pub use model::{
    Avis, Correction, Demandeur, Demarche, DossierState, Groupe, Instructeur, Label, Message,
    Settings, Statut, Traitement,
};
pub use rule::Decision;
pub use schema::{Edition, PUBLISHED};
pub use seed::{NewDemarche, NewDossier};
pub use state::{Count, Effect};
pub use web::{AsExpert, AsInstructeur, AsUsager};

use http::Shared;
use schema::Documents;
use state::State;

/// How the platform is to behave.
#[derive(Debug, Clone)]
pub struct Options {
    /// Which schema it has.
    pub edition: Edition,
    /// Author of the automatic messages.
    pub contact: String,
    /// Address of the administrateur who owns the tokens.
    pub admin: String,
    /// Requests allowed a minute (of the fake's clock) under one `Authorization`; none for no limit.
    pub rate: Option<u32>,
    /// Where the clock starts.
    pub now: Timestamp,
    /// How long an attestation takes to appear.
    pub attestation_delay: Duration,
    /// Several corrections may be pending, as in older versions.
    pub several_corrections: bool,
    /// Number of the first dossier.
    pub first_dossier: i32,
    /// Number of the first démarche.
    pub first_demarche: i32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            edition: Edition::default(),
            contact: "contact@demarches.example".to_owned(),
            admin: "administration@collectivite.example".to_owned(),
            rate: None,
            now: Timestamp::constant(1_788_249_600, 0),
            attestation_delay: Duration::from_secs(5),
            several_corrections: false,
            first_dossier: 24_000_001,
            first_demarche: 101,
        }
    }
}

/// A running fake platform; it stops when the last handle is dropped.
#[derive(Clone)]
pub struct Fake {
    shared: Arc<Shared>,
    token: Arc<str>,
    _alive: Arc<watch::Sender<()>>,
}

impl Fake {
    /// Starts a platform on a free port of the loopback interface; needs a tokio runtime.
    pub async fn start(options: Options) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound port");
        let documents = Documents::new(&options.edition);
        let events: Vec<&'static str> = EVENTS
            .iter()
            .copied()
            .filter(|event| {
                documents.has("TraitementEvent", event)
                    || !documents.schema.types.contains_key("TraitementEvent")
            })
            .collect();
        let mut state = State::new(&options, events);
        let token = state.add_token(true, false, None);
        let base = format!("http://{address}");
        let shared = Arc::new(Shared {
            state: state.into(),
            documents,
            base,
        });
        let (alive, stopped) = watch::channel(());
        tokio::spawn(http::serve(listener, shared.clone(), stopped));
        Self {
            shared,
            token: token.into(),
            _alive: Arc::new(alive),
        }
    }

    /// A platform with the default options.
    pub async fn new() -> Self {
        Self::start(Options::default()).await
    }

    /// The base, without a slash at the end: `http://127.0.0.1:<port>`.
    pub fn base_url(&self) -> String {
        self.shared.base.clone()
    }

    /// Where queries are posted.
    pub fn url(&self) -> String {
        format!("{}/api/v2/graphql", self.shared.base)
    }

    /// A token that reads and writes every démarche.
    pub fn token(&self) -> String {
        self.token.to_string()
    }
}

const EVENTS: &[&str] = &[
    "depose",
    "depose_correction_usager",
    "depose_correction_instructeur",
    "passe_en_instruction",
    "passe_en_instruction_automatiquement",
    "repasse_en_construction",
    "repasse_en_instruction",
    "accepte",
    "accepte_automatiquement",
    "refuse",
    "refuse_automatiquement",
    "classe_sans_suite",
    "quelque_chose_de_nouveau",
];
