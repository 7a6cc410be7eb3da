//! A daemon that follows a platform, and that platform.

use std::fs;
use std::ops::{Deref, DerefMut};

use greffier::channel::control::{self, LineRequest, Request};
use tokio::runtime::Runtime;

use super::fake::{Fake, NewDemarche};
use super::wire::write_token;
use crate::daemon::desk::{self, INES, PAUL, ROSE, until};

/// What makes mail of a démarche: the usager's, in both directions, and the experts'.
pub(crate) fn with_mail() -> String {
    format!("usager_mail = true\nporte_parole = \"{INES}\"\navis_annotation = \"Note interne\"\n")
}

/// A platform with one démarche of the groups Nord and Sud.
pub(crate) struct Site {
    pub(crate) fake: Fake,
    /// Number of the démarche.
    pub(crate) demarche: i32,
    _runtime: Runtime,
}

impl Site {
    pub(crate) fn open() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let fake = runtime.block_on(Fake::new());
        fake.follow_real_time();
        let demarche = fake.add_demarche(NewDemarche::sample(&[INES, PAUL]).groupe("Sud", &[ROSE]));
        Self {
            fake,
            demarche,
            _runtime: runtime,
        }
    }

    /// Makes a daemon that is not started follow it. `more` is added to its `[[demarche]]`.
    pub(crate) fn follow(&self, daemon: &desk::Desk, more: &str) {
        self.give(daemon, &self.fake.token());
        let more = format!(
            "\n[platform]\nurl = \"{}\"\ntoken_file = \"platform-token\"\npoll_seconds = 1\noverlap_seconds = 5\n\
             requests_per_minute = 6000\n\n[[demarche]]\nnumber = {}\n{more}\n",
            self.fake.base_url(),
            self.demarche,
        );
        let file = daemon.path().join("bot.toml");
        let config = fs::read_to_string(&file).unwrap();
        fs::write(file, format!("{config}{more}")).unwrap();
        fs::remove_dir_all(daemon.path().join("demarches")).unwrap();
    }

    /// Puts a token where Greffier looks for it.
    pub(crate) fn give(&self, daemon: &desk::Desk, token: &str) {
        write_token(&daemon.path().join("platform-token"), token);
    }

    /// Waits until the first reading is over.
    pub(crate) fn is_read(&self, daemon: &desk::Desk) {
        let demarche = self.demarche;
        until("the démarche is read", || {
            let said = daemon.command("demarches", INES);
            let read = said.text.contains(&demarche.to_string());
            (read && self.fake.count("Light") > 0).then_some(())
        });
    }
}

/// The daemon with its platform.
pub(crate) struct Desk {
    daemon: desk::Desk,
    pub(crate) site: Site,
}

impl Desk {
    /// A platform with one démarche of the groups Nord and Sud, and a daemon that is not started. `more` is added to its
    /// `[[demarche]]`.
    pub(crate) fn closed(more: &str) -> Self {
        let desk = Self {
            daemon: desk::Desk::closed(),
            site: Site::open(),
        };
        desk.site.follow(&desk.daemon, more);
        desk
    }

    /// The same, started, once it has read the démarche.
    pub(crate) fn open(more: &str) -> Self {
        let mut desk = Self::closed(more);
        desk.start();
        desk.is_read();
        desk
    }

    /// Puts a token where Greffier looks for it.
    pub(crate) fn give(&self, token: &str) {
        self.site.give(&self.daemon, token);
    }

    /// Says a line under a name of the caller's, and waits for no answer: it may have come before, or never come.
    pub(crate) fn throw(&self, id: &str, line: &str, by: &str) {
        let socket = self.path().join("var/greffier.sock");
        let request = Request::Line(LineRequest {
            by: by.to_owned(),
            text: line.to_owned(),
            files: Vec::new(),
            id: Some(id.to_owned()),
        });
        std::thread::spawn(move || control::call(&socket, &request));
    }

    /// Waits until the first reading is over.
    pub(crate) fn is_read(&self) {
        self.site.is_read(&self.daemon);
    }

    /// Somebody files a dossier on the site; answers its number once the room is told.
    pub(crate) fn filed(&self, usager: &str) -> i32 {
        let number = self.site.fake.usager_files(self.site.demarche, usager);
        self.shown(&format!("Nouveau dossier n° {number}"));
        number
    }
}

impl Deref for Desk {
    type Target = desk::Desk;

    fn deref(&self) -> &desk::Desk {
        &self.daemon
    }
}

impl DerefMut for Desk {
    fn deref_mut(&mut self) -> &mut desk::Desk {
        &mut self.daemon
    }
}
