//! The platform beside a conversation: a fake one, and the channel that reads it and acts in it, one look or one order at a
//! time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use greffier::app::{App, mirrored};
use greffier::channel::http::health::Health;
use greffier::channel::platform::{Mirror, Platform, Settings};
use greffier::channel::{Channel as _, Inbox, Known};
use greffier::clock;
use greffier::message::platform::{Claims, Progress, Said, Taken, Unread};
use greffier::message::{Heard, Outcome, Outgoing};
use greffier::mirror;
use greffier::store::sled::Sled;
use jiff::Timestamp;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::desk::Desk;
use crate::platform::fake::{Decision, Demandeur, Fake, NewDemarche, NewDossier, Options, Value};
use crate::platform::wire::write_token;

/// Number of the démarche, and of its first dossier.
const NUMBERS: (i32, i32) = (12_345, 4807);

/// A platform with one démarche.
pub(crate) struct Site {
    fake: Fake,
    runtime: Runtime,
    folder: TempDir,
}

impl Site {
    /// A platform on which these people are instructeurs.
    pub(super) fn open(instructeurs: &[&str], now: Timestamp) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let (first_demarche, first_dossier) = NUMBERS;
        let fake = runtime.block_on(Fake::start(Options {
            now,
            first_dossier,
            first_demarche,
            ..Options::default()
        }));
        let mut demarche = NewDemarche::sample(instructeurs);
        demarche.settings.blocking_correction = true;
        demarche.annotations.truncate(1);
        fake.add_demarche(demarche);
        let folder = tempfile::tempdir().unwrap();
        write_token(&folder.path().join("token"), &fake.token());
        Self {
            fake,
            runtime,
            folder,
        }
    }

    /// Has `desk` serve its démarche as `more` says, in the form of a `[[demarche]]` without its number.
    pub(super) fn follow(&self, desk: &mut Desk, more: &[String]) {
        let (number, _) = NUMBERS;
        let settings = format!("number = {number}\n{}", more.join("\n"));
        let settings: mirror::Settings = toml::from_str(&settings).unwrap();
        desk.app.mirrored = Arc::new([(settings.number, settings)].into());
        self.look(desk);
    }

    /// Somebody does something there: `camille@x.example dépose un dossier pour Camille Durand`.
    pub(super) fn act(&self, now: Timestamp, what: &str) {
        self.fake.set_now(now.max(self.fake.now()));
        let (who, what) = what.split_once(' ').unwrap();
        if let Some(name) = what.strip_prefix("dépose un dossier pour ") {
            let (prenom, nom) = name.split_once(' ').unwrap();
            self.file(who, prenom, nom);
            return;
        }
        let (verb, rest) = what.split_once(" le dossier ").unwrap();
        let (number, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let number: i32 = number.parse().unwrap();
        let instructeur = self.fake.instructeur(who);
        match (verb, rest.split_once(": ")) {
            ("suit", None) => instructeur.follows(number),
            ("passe", None) => instructeur.passes(number),
            ("classe", Some((_, why))) => {
                instructeur.decides(number, Decision::ClasserSansSuite, why);
            }
            _ => panic!("not something that is done on the site: {what}"),
        }
    }

    fn file(&self, usager: &str, prenom: &str, nom: &str) {
        let mut dossier = NewDossier::of(usager)
            .champ("Intitulé du projet", "Réfection de la toiture")
            .champ("Nature des travaux", "Toiture")
            .champ(
                "Je certifie l’exactitude des informations",
                Value::Bool(true),
            );
        dossier.demandeur = Demandeur::Physique {
            civilite: "Mme",
            nom: nom.to_owned().into(),
            prenom: prenom.to_owned().into(),
        };
        self.fake.add_dossier(NUMBERS.0, dossier);
    }

    /// Reads what there is to see, as the daemon does each minute.
    pub(super) fn look(&self, desk: &mut Desk) {
        // When the next look begins, this one is over.
        let (number, _) = NUMBERS;
        let number = u64::try_from(number).unwrap();
        let read = desk.app.progress(number).unwrap();
        let whole = read.is_some_and(|progress| progress.whole);
        let (fake, looks) = (self.fake.clone(), if whole { 2 } else { 1 });
        let until = fake.count("Light") + looks;
        self.with(desk, vec![number], |_| async move {
            for _ in 0..6_000 {
                if fake.count("Light") >= until {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            panic!("the platform is not read");
        });
    }

    /// Carries out an order, with what comes of it.
    pub(crate) fn carry_out(&self, desk: &mut Desk, order: &Outgoing) {
        let (order, shelf) = (order.clone(), Arc::clone(&desk.app.shelf));
        self.with(desk, Vec::new(), |platform| async move {
            let known = Known {
                thread: None,
                edits: None,
                since: clock::now(),
                shelf,
            };
            for _ in 0..100 {
                match platform.deliver("outbox", &order, &known).await {
                    Outcome::Delivered { .. } => return,
                    Outcome::Held { .. } => tokio::time::sleep(Duration::from_millis(20)).await,
                    other => panic!("an order is not carried out: {other:?}"),
                }
            }
            panic!("an order is not carried out");
        });
    }

    /// Lets a channel that reads `demarches` run until `work` is done, and the desk hear what it says.
    fn with<F: Future<Output = ()> + Send + 'static>(
        &self,
        desk: &mut Desk,
        demarches: Vec<u64>,
        work: impl FnOnce(Arc<Platform>) -> F,
    ) {
        self.fake.set_now(desk.now.max(self.fake.now()));
        let mirror = Ledger {
            app: desk.app.clone(),
            now: desk.now,
        };
        let platform = Platform::new(
            self.settings(),
            demarches,
            Arc::new(mirror),
            Arc::new(Health::default()),
        );
        let platform = Arc::new(platform.unwrap());
        let (sender, mut heard) = mpsc::channel(16);
        let inbox = Inbox::new(sender, Arc::clone(&desk.app.shelf));
        let stop = CancellationToken::new();
        let listening = self.runtime.spawn({
            let (platform, stop) = (Arc::clone(&platform), stop.clone());
            async move { platform.listen(inbox, stop).await.unwrap() }
        });
        let mut work = self.runtime.spawn(work(platform));
        loop {
            let next = self.runtime.block_on(async {
                tokio::select! {
                    biased;
                    heard = heard.recv() => heard,
                    done = &mut work => {
                        done.unwrap();
                        None
                    }
                }
            });
            let Some(next) = next else { break };
            let incoming = next.incoming;
            let met = matches!(&incoming.heard, Heard::Platform(said) if matches!(**said, Said::Demarche(_)));
            let receipt = desk.hear(Some(incoming.id), incoming.heard);
            if met {
                let app = &mut desk.app;
                app.demarches = mirrored(&*app.store, &app.mirrored).unwrap();
            }
            // Who waited for it may be gone.
            let _gone = next.receipt.send(receipt);
        }
        stop.cancel();
        drop(heard);
        self.runtime.block_on(listening).unwrap();
    }

    fn settings(&self) -> Settings {
        let text = format!(
            "url = \"{}\"\ntoken_file = \"{}\"\npoll_seconds = 1\nrequests_per_minute = 6000",
            self.fake.base_url(),
            self.folder.path().join("token").display()
        );
        toml::from_str(&text).unwrap()
    }
}

/// What the desk's ledger knows of the platform.
struct Ledger {
    app: App<Sled>,
    now: Timestamp,
}

impl Mirror for Ledger {
    fn progress(&self, demarche: u64) -> Option<Progress> {
        let known = self.app.progress(demarche).unwrap();
        // It is met by the clock of the conversation.
        Some(known.unwrap_or(Progress {
            demarche,
            met: self.now,
            ..Progress::default()
        }))
    }

    fn taken(&self, dossier: u64) -> Option<Taken> {
        self.app.taken(dossier).unwrap()
    }

    fn claims(&self, dossier: u64, order: &str) -> Claims {
        self.app.claims(dossier, order).unwrap()
    }

    fn unread(&self) -> BTreeMap<u64, Unread> {
        self.app.unread().unwrap()
    }

    fn shown(&self, demarche: u64) -> Vec<u64> {
        self.app.shown(demarche).unwrap()
    }
}
