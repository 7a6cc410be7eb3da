//! The real binary in a folder of its own, and all the ways to speak with it.

use std::fs;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use greffier::channel::control::{self, Answer, LineRequest, Request};
use greffier::message::Receipt;
use serde_json::{Value, json};

use super::post::{Mail, Smtp};
use super::web::{self, Reply};

/// Instructeurs of the group Nord.
pub(crate) const INES: &str = "ines.roux@ddt.example";
pub(crate) const PAUL: &str = "paul.faure@ddt.example";
/// Instructrice of the group Sud.
pub(crate) const ROSE: &str = "rose.blanc@ddt.example";
/// Administratrice.
pub(crate) const CHEFFE: &str = "cheffe@ddt.example";
/// Usagère of most dossiers.
pub(crate) const LINA: &str = "lina.moreau@courriel.example";
/// Expert.
pub(crate) const ABF: &str = "abf@culture.example";

/// What must never stand in a log, whatever the test: people, their domains, their words.
const PERSONAL: [&str; 9] = [
    "ddt.example",
    "courriel.example",
    "culture.example",
    "ailleurs.example",
    "Moreau",
    "colombage",
    "Bonjour",
    "plan-masse",
    "reponse+",
];

/// How long something observable may take to come about, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

const BOT: &str = r#"
[greffier]
data = "var"
demarches = "demarches"
administrateurs = ["cheffe@ddt.example"]

[mail]
domain = "greffier.example"
from_address = "greffier@greffier.example"

[listener]
smtp = "HERE:0"

[eml]
folder = "mails"

[http]
listen = "HERE:0"
token_file = "http-token"

[[room]]
network = "console"
id = "salon"
privacy = "full"
"#;

const DEMARCHE: &str = r#"
number = 101
titre = "Permis de démolir"
service = "Direction départementale des territoires"
conservation_mois = 1

[experts]
decision_access = true

[routage]
champ = "secteur"

[[groupe]]
label = "Nord"
instructeurs = ["ines.roux@ddt.example", "paul.faure@ddt.example"]
valeurs = ["Nord"]

[[groupe]]
label = "Sud"
instructeurs = ["rose.blanc@ddt.example"]
valeurs = ["Sud"]

[[champ]]
id = "secteur"
libelle = "Secteur"
type = "drop_down_list"
options = ["Nord", "Sud"]
obligatoire = true

[[champ]]
id = "travaux"
libelle = "Travaux"
type = "textarea"
obligatoire = true

[[champ]]
id = "plan"
libelle = "Plan de masse"
type = "piece_justificative"
"#;

/// What is asked until it is so.
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "it never came about: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// The answer to a line.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) text: String,
}

/// A daemon, its folder, and what it has said.
pub(crate) struct Desk {
    folder: tempfile::TempDir,
    daemon: Option<Running>,
    /// Everything that this daemon and those before it logged.
    log: Arc<Mutex<String>>,
    room: Arc<Mutex<String>>,
}

struct Running {
    child: Child,
    /// Held open: its end would end the daemon.
    stdin: Option<ChildStdin>,
    http: String,
    smtp: String,
}

impl Desk {
    /// A daemon on an empty store, with a console for scripts.
    pub(crate) fn open() -> Self {
        let mut desk = Self::closed();
        desk.start();
        desk
    }

    /// The folder without the daemon.
    pub(crate) fn closed() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(
            folder.path().join("bot.toml"),
            BOT.replace("HERE", &loopback()),
        )
        .unwrap();
        fs::create_dir(folder.path().join("demarches")).unwrap();
        fs::write(folder.path().join("demarches/101.toml"), DEMARCHE).unwrap();
        Self {
            folder,
            daemon: None,
            log: Arc::default(),
            room: Arc::default(),
        }
    }

    /// Starts the daemon and waits until it takes what is brought to it.
    pub(crate) fn start(&mut self) {
        assert!(self.start_killed_at(None), "the daemon ended at its start");
    }

    /// The same, with a kill point. False where it was killed before it took anything.
    pub(crate) fn start_killed_at(&mut self, point: Option<&str>) -> bool {
        let mut command = self.greffier(&[
            "--log",
            "debug,sled=info",
            "run",
            "--console",
            "plain",
            "--as",
            INES,
        ]);
        if let Some(point) = point {
            command.env("GREFFIER_KILL_AT", point);
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let before = self.log().len();
        follow(child.stdout.take().unwrap(), &self.room);
        follow(child.stderr.take().unwrap(), &self.log);
        let stdin = child.stdin.take();
        let log = Arc::clone(&self.log);
        let up = until("the daemon announces its addresses", || {
            let log = log.lock().unwrap().clone();
            let log = log.get(before..).unwrap_or_default();
            let found = between(log, "taken by HTTP on http://", "/").zip(between(
                log,
                "taken by SMTP on ",
                "\n",
            ));
            match found {
                Some(found) => Some(Some(found)),
                None => child.try_wait().unwrap().map(|_| None),
            }
        });
        let Some((http, smtp)) = up else {
            return false;
        };
        self.daemon = Some(Running {
            child,
            stdin,
            http,
            smtp,
        });
        true
    }

    /// Asks the daemon to stop and answers its exit code.
    pub(crate) fn stop(&mut self) -> i32 {
        self.terminate();
        self.ended()
    }

    /// SIGTERM.
    pub(crate) fn terminate(&self) {
        let pid = rustix::process::Pid::from_child(&self.daemon.as_ref().unwrap().child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    }

    /// Waits for the daemon's end, at most as long as stopping may take (10 s) and some for the machine.
    pub(crate) fn ended(&mut self) -> i32 {
        let mut daemon = self.daemon.take().unwrap();
        let status = until("the daemon ends", || daemon.child.try_wait().unwrap());
        status.code().unwrap_or(-1)
    }

    /// The process id of the daemon.
    pub(crate) fn pid(&self) -> u32 {
        self.daemon.as_ref().unwrap().child.id()
    }

    /// Whether the daemon is there.
    pub(crate) fn lives(&mut self) -> bool {
        self.daemon
            .as_mut()
            .is_some_and(|daemon| daemon.child.try_wait().unwrap().is_none())
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            // It may have ended by itself.
            let _gone = daemon.child.kill();
            daemon.child.wait().unwrap();
        }
    }

    /// Ends the console's input.
    pub(crate) fn close_console(&mut self) {
        self.daemon.as_mut().unwrap().stdin = None;
    }

    /// Types a line in the room.
    pub(crate) fn type_line(&mut self, line: &str) {
        let stdin = self.daemon.as_mut().unwrap().stdin.as_mut().unwrap();
        writeln!(stdin, "{line}").unwrap();
        stdin.flush().unwrap();
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The binary, in this desk's folder.
    pub(crate) fn greffier(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_greffier"));
        command
            .current_dir(self.path())
            .args(arguments)
            .env_remove("GREFFIER_CONFIG")
            .env_remove("GREFFIER_LOG")
            .env_remove("GREFFIER_KILL_AT");
        command
    }

    /// What the binary answers to `arguments` and `input`.
    pub(crate) fn run(&self, arguments: &[&str], input: &[u8]) -> Output {
        let mut child = self
            .greffier(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that reads nothing may be gone already.
        let _unread = child.stdin.take().unwrap().write_all(input);
        child.wait_with_output().unwrap()
    }

    /// `greffier command LINE --as EMAIL`.
    pub(crate) fn command(&self, line: &str, by: &str) -> Said {
        self.command_with(line, by, &[])
    }

    /// The same with files.
    pub(crate) fn command_with(&self, line: &str, by: &str, files: &[&Path]) -> Said {
        let mut arguments = vec!["command", line, "--as", by];
        for file in files {
            arguments.extend(["--file", file.to_str().unwrap()]);
        }
        let output = self.run(&arguments, b"");
        assert_eq!(
            String::from_utf8_lossy(&output.stderr),
            "",
            "the shell complained of {line}"
        );
        Said {
            code: output.status.code().unwrap(),
            text: plain(&String::from_utf8(output.stdout).unwrap()),
        }
    }

    /// A command that must be done.
    pub(crate) fn done(&self, line: &str, by: &str) -> String {
        let said = self.command(line, by);
        assert_eq!(said.code, 0, "{line}: {}", said.text);
        said.text
    }

    /// A command that must be refused.
    pub(crate) fn refused(&self, line: &str, by: &str) -> String {
        let said = self.command(line, by);
        assert_eq!(said.code, 1, "{line}: {}", said.text);
        said.text
    }

    /// A command that is not done, with an answer that holds `word`.
    pub(crate) fn refused_or_told(&self, line: &str, by: &str, word: &str) {
        let said = self.command(line, by);
        assert!(
            said.code == 1 && said.text.contains(word),
            "{line}: {said:?}"
        );
    }

    /// A command in two steps: previewed, then confirmed. Answers the preview.
    pub(crate) fn confirmed(&self, line: &str, by: &str) -> String {
        let preview = self.done(line, by);
        self.done(&format!("confirmer {}", code(&preview)), by);
        preview
    }

    /// A line through the control socket under a name of the caller's. None where the daemon was gone before it answered.
    pub(crate) fn line(&self, id: &str, line: &str, by: &str) -> Option<Receipt> {
        let request = Request::Line(LineRequest {
            by: by.to_owned(),
            text: line.to_owned(),
            files: Vec::new(),
            id: Some(id.to_owned()),
        });
        match control::call(&self.socket(), &request).ok()? {
            Answer::Receipt(receipt) => Some(receipt),
            Answer::Admin(_) | Answer::Error(_) => None,
        }
    }

    /// What the operator asks.
    pub(crate) fn admin(&self, request: Value) -> Value {
        self.try_admin(request).expect("the daemon answers")
    }

    /// The same, none where the daemon was gone before it answered.
    pub(crate) fn try_admin(&self, request: Value) -> Option<Value> {
        match control::call(&self.socket(), &Request::Admin(request)).ok()? {
            Answer::Admin(answer) => Some(answer),
            other => panic!("{other:?}"),
        }
    }

    fn socket(&self) -> PathBuf {
        self.path().join("var/greffier.sock")
    }

    /// Moves the daemon's clock on, and waits until it has done what is due by then.
    pub(crate) fn advance(&self, seconds: i64) {
        let before = self.ticks();
        self.admin(json!({ "name": "advance", "seconds": seconds }));
        until("the clock ticks", || (self.ticks() > before).then_some(()));
    }

    /// How often the clock has ticked.
    pub(crate) fn ticks(&self) -> u64 {
        let metrics = web::get(self.http(), "/metrics").unwrap().body;
        let ticks = metrics
            .lines()
            .filter(|line| line.starts_with("greffier_heard_total{kind=\"tick\""));
        ticks
            .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok())
            .sum()
    }

    /// Waits until nothing is left to handle or to send now.
    pub(crate) fn settled(&self, later: u64) {
        until("the outbox is empty", || {
            let depths = self.admin(json!({ "name": "depths" }));
            (depths["journal"] == 0 && depths["outbox"] == later).then_some(())
        });
    }

    pub(crate) fn http(&self) -> &str {
        &self.daemon.as_ref().unwrap().http
    }

    pub(crate) fn smtp(&self) -> &str {
        &self.daemon.as_ref().unwrap().smtp
    }

    pub(crate) fn token(&self) -> String {
        let token = fs::read_to_string(self.path().join("http-token")).unwrap();
        token.trim().to_owned()
    }

    /// Deposits over HTTP and answers what came back. None where the daemon was gone before it answered.
    pub(crate) fn post(&self, key: &str, body: &Value) -> Option<Reply> {
        web::deposit(self.http(), &self.token(), key, &body.to_string())
    }

    /// Deposits a dossier of `usager` and answers its number.
    pub(crate) fn deposit(&self, usager: &str, secteur: &str) -> u64 {
        let reply = self.post("", &dossier(usager, secteur)).unwrap();
        assert_eq!(reply.status, 201, "{}", reply.body);
        reply.json()["dossier"].as_u64().unwrap()
    }

    /// Hands a mail over by SMTP: the code of the answer to its content, or of the first refusal.
    pub(crate) fn send(&self, from: &str, to: &str, mail: &str) -> u16 {
        self.try_send(from, to, mail).expect("the listener answers")
    }

    /// The same, none where the daemon was gone before it answered.
    pub(crate) fn try_send(&self, from: &str, to: &str, mail: &str) -> Option<u16> {
        Smtp::connect(self.smtp())?.send(from, to, mail)
    }

    /// All mails that have left, in the order of the outbox.
    pub(crate) fn mails(&self) -> Vec<Mail> {
        Mail::all(&self.path().join("mails"))
    }

    /// The last mail to `to` whose subject or text holds `with`, once it has left.
    pub(crate) fn mail(&self, to: &str, with: &str) -> Mail {
        until(&format!("a mail to {to} about {with}"), || {
            self.mails().into_iter().rev().find(|mail| {
                mail.to == to && (mail.subject.contains(with) || mail.text.contains(with))
            })
        })
    }

    /// How many mails to `to` hold `with`.
    pub(crate) fn count(&self, to: &str, with: &str) -> usize {
        let about = |mail: &Mail| mail.subject.contains(with) || mail.text.contains(with);
        self.mails()
            .iter()
            .filter(|mail| mail.to == to && about(mail))
            .count()
    }

    /// Everything that the room has shown.
    pub(crate) fn room(&self) -> String {
        plain(&self.room.lock().unwrap())
    }

    /// Waits until the room has shown `text`.
    pub(crate) fn shown(&self, text: &str) -> String {
        until(&format!("the room shows {text:?}"), || {
            Some(self.room()).filter(|room| room.contains(text))
        })
    }

    /// Waits until the room has shown `text` after what it showed `before`, and answers what came after.
    pub(crate) fn shown_after(&self, before: &str, text: &str) -> String {
        until(&format!("the room shows {text:?} again"), || {
            let room = self.room();
            let new = room.strip_prefix(before)?.to_owned();
            Some(new).filter(|new| new.contains(text))
        })
    }

    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.kill();
        let log = self.log();
        if thread::panicking() {
            eprintln!("--- log\n{log}\n--- room\n{}", self.room());
            return;
        }
        for mail in self.mails() {
            let token = mail.reply_to.split(['+', '@']).nth(1).unwrap_or_default();
            assert!(
                token.is_empty() || !log.contains(token),
                "a token stands in the log"
            );
        }
        let told = log
            .lines()
            .find(|line| PERSONAL.iter().any(|word| line.contains(word)));
        assert_eq!(told, None, "something personal stands in the log");
    }
}

/// A dossier as a program deposits it.
pub(crate) fn dossier(usager: &str, secteur: &str) -> Value {
    json!({
        "usager": usager,
        "demandeur": { "nom": "Moreau", "prenom": "Lina" },
        "champs": { "secteur": secteur, "travaux": "Démolir une grange à colombages" },
    })
}

/// `text` with the spaces and the apostrophe of a keyboard.
pub(crate) fn plain(text: &str) -> String {
    text.replace(['\u{a0}', '\u{202f}'], " ").replace('’', "'")
}

/// The code of a preview.
pub(crate) fn code(preview: &str) -> String {
    let typed = preview.replace("!confirmer", "confirmer");
    between(&typed, "Pour le faire : confirmer ", ",").unwrap()
}

/// What stands between `start` and `end`.
pub(crate) fn between(text: &str, start: &str, end: &str) -> Option<String> {
    let (_, rest) = text.split_once(start)?;
    let (found, _) = rest.split_once(end)?;
    Some(found.to_owned())
}

/// A loopback address of one's own where the system has more than one: the port of a daemon that was killed may be taken
/// by the next, and what was meant for the one must not reach the other.
fn loopback() -> String {
    static USED: AtomicU16 = AtomicU16::new(0);
    let number = USED.fetch_add(1, Ordering::SeqCst);
    if cfg!(target_os = "linux") {
        let [high, low] = number.to_be_bytes();
        // Another run of the tests has other addresses.
        format!("127.{}.{high}.{low}", 8 + std::process::id() % 100)
    } else {
        "127.0.0.1".to_owned()
    }
}

fn follow(source: impl Read + Send + 'static, into: &Arc<Mutex<String>>) {
    let into = Arc::clone(into);
    thread::spawn(move || {
        let mut source = BufReader::new(source);
        let mut line = Vec::new();
        while source
            .read_until(b'\n', &mut line)
            .is_ok_and(|read| read > 0)
        {
            into.lock()
                .unwrap()
                .push_str(&String::from_utf8_lossy(&line));
            line.clear();
        }
    });
}
