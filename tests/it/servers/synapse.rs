//! Synapse, the homeserver, from the Python environment that `tests/matrix/venv` makes.

use std::fs;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU16, Ordering};

use data_encoding::BASE64_NOPAD;

use super::until;

/// The name of every homeserver of the tests that speaks with no other.
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
    name: String,
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
    Some(own(|folder| Synapse::alone(folder, rates, more)))
}

/// A homeserver of the caller's own that speaks with others like it, on loopback.
pub(crate) fn federated_synapse() -> Option<Synapse> {
    environment()?;
    Some(own(Synapse::federated))
}

fn own(configure: impl FnOnce(&Path) -> Synapse) -> Synapse {
    let folder = tempfile::tempdir().unwrap();
    let mut server = configure(folder.path());
    server.owned = Some(folder);
    server.start();
    server
}

/// The homeserver that tests share, with accounts and rooms of their own. It ends with this process.
pub(crate) fn shared_synapse() -> Option<&'static Synapse> {
    static SHARED: LazyLock<Option<Synapse>> = LazyLock::new(|| {
        environment()?;
        Some(kept(|folder| Synapse::alone(folder, Rates::High, "")))
    });
    SHARED.as_ref()
}

/// Two homeservers that speak with others, shared by tests in the same way.
pub(crate) fn shared_federation() -> Option<&'static [Synapse; 2]> {
    static SHARED: LazyLock<Option<[Synapse; 2]>> = LazyLock::new(|| {
        environment()?;
        Some([kept(Synapse::federated), kept(Synapse::federated)])
    });
    SHARED.as_ref()
}

/// A homeserver that ends with this process. Its launcher removes its folder.
fn kept(configure: impl FnOnce(&Path) -> Synapse) -> Synapse {
    let folder = tempfile::Builder::new()
        .prefix("greffier-synapse")
        .tempdir()
        .unwrap()
        .keep();
    let mut server = configure(&folder);
    server.launch(true);
    server
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
    /// One that speaks with no other.
    fn alone(folder: &Path, rates: Rates, more: &str) -> Self {
        let address = own_address();
        let rates = match rates {
            Rates::Default => "",
            Rates::High => HIGH,
        };
        let options = format!("federation_domain_whitelist: []\n{rates}{more}");
        fs::write(
            folder.join("signing.key"),
            "ed25519 a_essai 6Ri5UNqkZLF5AnlqRZTpBmlR6Fk4qyzyIVgoUvlBwvE\n",
        )
        .unwrap();
        Self::configured(folder, SERVER, &address, &options, "")
    }

    /// One whose name is the address where others of its kind find it, by a certificate that it made itself.
    fn federated(folder: &Path) -> Self {
        let address = own_address();
        let port = free_port(&address);
        let made = rcgen::generate_simple_self_signed([address.clone()]).unwrap();
        fs::write(folder.join("cert.pem"), made.cert.pem()).unwrap();
        fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).unwrap();
        let seed = BASE64_NOPAD.encode(&seed);
        fs::write(
            folder.join("signing.key"),
            format!("ed25519 a_essai {seed}\n"),
        )
        .unwrap();
        let shown = folder.display();
        let options = format!(
            "tls_certificate_path: {shown}/cert.pem\ntls_private_key_path: {shown}/key.pem\n{FEDERATED}{HIGH}"
        );
        let listener = format!(
            "- port: {port}\n  bind_addresses: ['{address}']\n  type: http\n  tls: true\n\
             \x20 resources:\n  - names: [federation]\n"
        );
        Self::configured(
            folder,
            &format!("{address}:{port}"),
            &address,
            &options,
            &listener,
        )
    }

    fn configured(
        folder: &Path,
        name: &str,
        address: &str,
        options: &str,
        listeners: &str,
    ) -> Self {
        let port = free_port(address);
        let shown = folder.display();
        let config = format!(
            "server_name: '{name}'\npid_file: {shown}/pid\nreport_stats: false\nsigning_key_path: {shown}/signing.key\n\
             media_store_path: {shown}/media\nlog_config: {shown}/log.yaml\n\
             registration_shared_secret: {SHARED_SECRET}\nenable_registration: false\n\
             trusted_key_servers: []\nsuppress_key_server_warning: true\n\
             presence:\n  enabled: false\nallow_public_rooms_over_federation: false\n\
             database:\n  name: sqlite3\n  args:\n    database: {shown}/homeserver.db\n{options}\
             listeners:\n- port: {port}\n  bind_addresses: ['{address}']\n  type: http\n  tls: false\n\
             \x20 resources:\n  - names: [client]\n{listeners}"
        );
        fs::write(folder.join("homeserver.yaml"), config).unwrap();
        fs::write(
            folder.join("log.yaml"),
            LOG.replace("HERE", &shown.to_string()),
        )
        .unwrap();
        Self {
            folder: folder.to_owned(),
            name: name.to_owned(),
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

    /// What stands behind the colon of its accounts.
    pub(crate) fn name(&self) -> &str {
        &self.name
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

/// Found free, and then the server's for as long as it is restarted.
fn free_port(address: &str) -> u16 {
    let listener = TcpListener::bind((address, 0)).unwrap();
    listener.local_addr().unwrap().port()
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

/// Others are met on loopback, and asked again soon after they were away.
const FEDERATED: &str = "federation_verify_certificates: false
ip_range_blacklist: []
federation_ip_range_blacklist: []
federation: {destination_min_retry_interval: 1s, destination_max_retry_interval: 2s}
rc_federation: {sleep_limit: 10000, reject_limit: 10000, concurrent: 100}
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
