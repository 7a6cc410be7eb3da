//! Synapse, the homeserver, from the Python environment that `tests/matrix/venv` makes.

use std::fs;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU16, Ordering};

use super::until;

/// The name of every homeserver of the tests: they speak with no other.
pub(crate) const SERVER: &str = "agent.example";
/// Who knows it may register accounts.
pub(crate) const SHARED_SECRET: &str = "inscriptions";

/// What the homeserver allows a person in a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Rates {
    /// So much that no test meets the limit.
    High,
    /// What Synapse allows by itself.
    Default,
}

/// A homeserver with its data. It stops when it is dropped, and keeps its data until then.
pub(crate) struct Synapse {
    folder: PathBuf,
    /// Removes the folder when it is dropped; none where the launcher does.
    owned: Option<tempfile::TempDir>,
    url: String,
    launcher: Option<Child>,
}

/// A homeserver of the caller's own, that can be restarted. None where there is no environment: the reason is printed, and
/// the test passes by doing nothing. With `GREFFIER_REQUIRE_SERVERS=1` it fails instead.
pub(crate) fn synapse(rates: Rates) -> Option<Synapse> {
    synapse_with(rates, "")
}

/// The same, with more lines of configuration.
pub(crate) fn synapse_with(rates: Rates, more: &str) -> Option<Synapse> {
    environment()?;
    let folder = tempfile::tempdir().unwrap();
    let mut server = Synapse::configured(folder.path(), rates, more);
    server.owned = Some(folder);
    server.start();
    Some(server)
}

/// The homeserver that tests share, with accounts and rooms of their own. It ends with this process.
pub(crate) fn shared_synapse() -> Option<&'static Synapse> {
    static SHARED: LazyLock<Option<Synapse>> = LazyLock::new(|| {
        environment()?;
        let folder = tempfile::Builder::new()
            .prefix("greffier-synapse")
            .tempdir()
            .unwrap()
            .keep();
        let mut server = Synapse::configured(&folder, Rates::High, "");
        server.launch(true);
        Some(server)
    });
    SHARED.as_ref()
}

/// The interpreter of the Python environment, if it is complete.
pub(crate) fn environment() -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder =
        std::env::var_os("GREFFIER_VENV").map_or_else(|| "target/venv".into(), PathBuf::from);
    let folder = here.join(folder);
    if folder.join("made-of").exists() {
        return Some(folder.join("bin/python"));
    }
    let why = "there is no Synapse: tests/matrix/venv makes the environment in target/venv or $GREFFIER_VENV";
    assert!(
        std::env::var("GREFFIER_REQUIRE_SERVERS").as_deref() != Ok("1"),
        "{why}"
    );
    eprintln!("Skipped: {why}");
    None
}

impl Synapse {
    fn configured(folder: &Path, rates: Rates, more: &str) -> Self {
        let address = own_address();
        // Found free, and then the server's for as long as it is restarted.
        let port = TcpListener::bind((address.as_str(), 0))
            .and_then(|listener| listener.local_addr())
            .unwrap()
            .port();
        let shown = folder.display();
        let rates = match rates {
            Rates::Default => "",
            Rates::High => HIGH,
        };
        let config = format!(
            "server_name: {SERVER}\npid_file: {shown}/pid\nreport_stats: false\nsigning_key_path: {shown}/signing.key\n\
             media_store_path: {shown}/media\nlog_config: {shown}/log.yaml\n\
             registration_shared_secret: {SHARED_SECRET}\nenable_registration: false\n\
             trusted_key_servers: []\nsuppress_key_server_warning: true\nfederation_domain_whitelist: []\n\
             presence:\n  enabled: false\nallow_public_rooms_over_federation: false\n\
             database:\n  name: sqlite3\n  args:\n    database: {shown}/homeserver.db\n\
             listeners:\n- port: {port}\n  bind_addresses: ['{address}']\n  type: http\n  tls: false\n\
             \x20 resources:\n  - names: [client]\n{rates}{more}"
        );
        fs::write(folder.join("homeserver.yaml"), config).unwrap();
        fs::write(
            folder.join("log.yaml"),
            LOG.replace("HERE", &shown.to_string()),
        )
        .unwrap();
        fs::write(
            folder.join("signing.key"),
            "ed25519 a_essai 6Ri5UNqkZLF5AnlqRZTpBmlR6Fk4qyzyIVgoUvlBwvE\n",
        )
        .unwrap();
        Self {
            folder: folder.to_owned(),
            owned: None,
            url: format!("http://{address}:{port}"),
            launcher: None,
        }
    }

    fn launch(&mut self, remove: bool) {
        let mut command = Command::new(environment().unwrap());
        command
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/matrix/homeserver.py"))
            .arg(&self.folder)
            .args(remove.then_some("--remove"))
            .stdin(Stdio::piped())
            .stdout(Stdio::null());
        self.launcher = Some(command.spawn().unwrap());
        let address = self.url.strip_prefix("http://").unwrap().to_owned();
        until("Synapse listens", || {
            let launcher = self.launcher.as_mut()?;
            let ended = launcher.try_wait().unwrap().is_some();
            assert!(!ended, "Synapse ended at its start: {}", self.log());
            TcpStream::connect(&address).ok()
        });
    }

    /// Starts it, on the data that there is.
    pub(crate) fn start(&mut self) {
        self.launch(false);
    }

    /// Stops it in good order.
    pub(crate) fn stop(&mut self) {
        if let Some(mut launcher) = self.launcher.take() {
            drop(launcher.stdin.take());
            launcher.wait().unwrap();
        }
    }

    /// Cuts it off in the middle of whatever it does.
    pub(crate) fn cut_off(&mut self) {
        if let Some(mut launcher) = self.launcher.take() {
            launcher.stdin.take().unwrap().write_all(b"!").unwrap();
            launcher.wait().unwrap();
        }
    }

    /// Where it is: `http://127.11.0.0:PORT`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// What it logged.
    pub(crate) fn log(&self) -> String {
        let read = |name: &str| fs::read_to_string(self.folder.join(name)).unwrap_or_default();
        read("stderr") + read("log").as_str()
    }
}

impl Drop for Synapse {
    fn drop(&mut self) {
        self.stop();
        if self.owned.is_some() && std::thread::panicking() {
            eprintln!("--- Synapse\n{}", self.log());
        }
    }
}

/// A loopback address of its own where the system has more than one.
fn own_address() -> String {
    static USED: AtomicU16 = AtomicU16::new(0);
    let [high, low] = USED.fetch_add(1, Ordering::SeqCst).to_be_bytes();
    if cfg!(target_os = "linux") {
        format!("127.11.{high}.{low}")
    } else {
        "127.0.0.1".to_owned()
    }
}

const LOG: &str = "version: 1
disable_existing_loggers: false
formatters:
  plain: {format: '%(asctime)s %(levelname)s %(name)s %(message)s'}
handlers:
  file: {class: logging.FileHandler, filename: HERE/log, formatter: plain}
root: {level: WARNING, handlers: [file]}
";

const HIGH: &str = "rc_message: {per_second: 10000, burst_count: 10000}
rc_registration: {per_second: 10000, burst_count: 10000}
rc_login:
  address: {per_second: 10000, burst_count: 10000}
  account: {per_second: 10000, burst_count: 10000}
  failed_attempts: {per_second: 10000, burst_count: 10000}
rc_joins:
  local: {per_second: 10000, burst_count: 10000}
  remote: {per_second: 10000, burst_count: 10000}
rc_joins_per_room: {per_second: 10000, burst_count: 10000}
rc_invites:
  per_room: {per_second: 10000, burst_count: 10000}
  per_user: {per_second: 10000, burst_count: 10000}
  per_issuer: {per_second: 10000, burst_count: 10000}
rc_room_creation: {per_second: 10000, burst_count: 10000}
rc_media_create: {per_second: 10000, burst_count: 10000}
rc_key_requests: {per_second: 10000, burst_count: 10000}
rc_admin_redaction: {per_second: 10000, burst_count: 10000}
";
