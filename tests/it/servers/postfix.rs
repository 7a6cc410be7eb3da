//! Postfix.

use std::fmt::Write as _;
use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};

use crate::daemon::desk::until;

const BINARY: &str = "/usr/sbin/postfix";
const PORT: u16 = 2525;
/// With TLS from the start.
const TLS_PORT: u16 = 2465;
/// Where mail for the domain goes on by LMTP.
const LMTP_PORT: u16 = 2424;

/// A Postfix with its own queue. It stops when it is dropped.
pub(crate) struct Postfix {
    folder: tempfile::TempDir,
    address: String,
}

/// A Postfix that takes mail on loopback, hands that for `domain` to [`Postfix::lmtp`] and all other to `relay`. None where
/// it cannot be had: the reason is printed, and the test passes by doing nothing. With `GREFFIER_REQUIRE_SERVERS=1` it
/// fails instead.
pub(crate) fn postfix(domain: &str, relay: SocketAddr) -> Option<Postfix> {
    let to = |postfix: &Postfix| format!("{domain} lmtp:inet:{}\n", postfix.lmtp());
    started(domain, relay, to)
}

/// The same, but each of the domains is handed on by LMTP to where it says; without an address to [`Postfix::lmtp`]. Mail
/// for other domains goes nowhere.
pub(crate) fn postfix_between(domains: &[(&str, Option<String>)]) -> Option<Postfix> {
    let names: Vec<&str> = domains.iter().map(|(name, _)| *name).collect();
    let to = |postfix: &Postfix| {
        let route = |(name, to): &(&str, Option<String>)| {
            let to = to.clone().unwrap_or_else(|| postfix.lmtp());
            format!("{name} lmtp:inet:{to}\n")
        };
        domains.iter().map(route).collect()
    };
    started(&names.join(", "), SocketAddr::from(([127, 0, 0, 1], 9)), to)
}

fn started(
    domains: &str,
    relay: SocketAddr,
    transport: impl Fn(&Postfix) -> String,
) -> Option<Postfix> {
    let missing = if !cfg!(target_os = "linux") || !Path::new(BINARY).exists() {
        "Postfix is not installed (apt-get install postfix)"
    } else if !rustix::process::getuid().is_root() {
        "Postfix can be started by root only"
    } else if Command::new("openssl").arg("version").output().is_err() {
        "there is no openssl to make a certificate with"
    } else {
        let postfix = Postfix::configured(domains, relay);
        fs::write(postfix.path("etc/transport"), transport(&postfix)).unwrap();
        postfix.start();
        return Some(postfix);
    };
    assert!(
        std::env::var("GREFFIER_REQUIRE_SERVERS").as_deref() != Ok("1"),
        "{missing}"
    );
    eprintln!("Skipped: {missing}");
    None
}

impl Postfix {
    fn configured(domains: &str, relay: SocketAddr) -> Self {
        static USED: AtomicU16 = AtomicU16::new(0);
        let [high, low] = USED.fetch_add(1, Ordering::SeqCst).to_be_bytes();
        let folder = tempfile::tempdir().unwrap();
        let postfix = Self {
            address: format!("127.10.{high}.{low}"),
            folder,
        };
        // Its processes run as several users.
        fs::set_permissions(postfix.path(""), fs::Permissions::from_mode(0o755)).unwrap();
        for name in ["etc", "queue", "data"] {
            fs::create_dir(postfix.path(name)).unwrap();
        }
        postfix.certify();
        fs::write(postfix.path("etc/main.cf"), postfix.main(domains, relay)).unwrap();
        fs::write(postfix.path("etc/master.cf"), postfix.master()).unwrap();
        postfix
    }

    fn main(&self, domains: &str, relay: SocketAddr) -> String {
        let here = self.path("");
        let here = here.display();
        let owned = Command::new("chown")
            .args(["postfix", &format!("{here}/data")])
            .status();
        assert!(owned.unwrap().success());
        format!(
            "compatibility_level = 3.6\nqueue_directory = {here}/queue\ndata_directory = {here}/data\n\
             maillog_file = {here}/log\nmaillog_file_prefixes = {here}\n\
             inet_interfaces = loopback-only\ninet_protocols = ipv4\nsmtp_dns_support_level = disabled\n\
             lmtp_dns_support_level = disabled\nsmtp_host_lookup = native\nlmtp_host_lookup = native\n\
             myhostname = relais.example\nmydestination =\nlocal_recipient_maps =\nalias_maps =\nalias_database =\n\
             mynetworks = 127.0.0.0/8\nsmtpd_relay_restrictions = permit_mynetworks, reject\nsmtpd_peername_lookup = no\n\
             relay_domains = {domains}\ntransport_maps = texthash:{here}/etc/transport\nrelayhost = [{}]:{}\n\
             queue_run_delay = 1s\nminimal_backoff_time = 1s\nmaximal_backoff_time = 2s\ntransport_retry_time = 1s\n\
             smtpd_tls_security_level = may\nsmtpd_tls_cert_file = {here}/cert.pem\nsmtpd_tls_key_file = {here}/key.pem\n\
             smtpd_tls_received_header = yes\nmessage_size_limit = 50000000\nbiff = no\n",
            relay.ip(),
            relay.port()
        )
    }

    fn master(&self) -> String {
        let mut master = format!(
            "{0}:{PORT} inet n - n - - smtpd\n{0}:{TLS_PORT} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes\n",
            self.address
        );
        for (name, program, more) in [
            ("pickup", "pickup", "n - n 60 1"),
            ("cleanup", "cleanup", "n - n - 0"),
            ("qmgr", "qmgr", "n - n 1 1"),
            ("tlsmgr", "tlsmgr", "- - n 1000? 1"),
            ("rewrite", "trivial-rewrite", "- - n - -"),
            ("bounce", "bounce", "- - n - 0"),
            ("defer", "bounce", "- - n - 0"),
            ("trace", "bounce", "- - n - 0"),
            ("verify", "verify", "- - n - 1"),
            ("flush", "flush", "n - n 1000? 0"),
            ("proxymap", "proxymap", "- - n - -"),
            ("smtp", "smtp", "- - n - -"),
            ("relay", "smtp", "- - n - -"),
            ("lmtp", "lmtp", "- - n - -"),
            ("error", "error", "- - n - -"),
            ("retry", "error", "- - n - -"),
            ("discard", "discard", "- - n - -"),
            ("showq", "showq", "n - n - -"),
            ("anvil", "anvil", "- - n - 1"),
            ("scache", "scache", "- - n - 1"),
        ] {
            writeln!(master, "{name} unix {more} {program}").unwrap();
        }
        master.push_str("postlog unix-dgram n - n - 1 postlogd\n");
        master
    }

    /// A certificate for its address, which is also the authority to trust.
    fn certify(&self) {
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt"])
            .args(["ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
            .args(["-subj", "/CN=relais.example", "-addext"])
            .arg(format!("subjectAltName=IP:{}", self.address))
            .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout"])
            .arg(self.path("key.pem"))
            .arg("-out")
            .arg(self.path("cert.pem"))
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
    }

    /// Starts it and waits until it greets.
    pub(crate) fn start(&self) {
        // After a stop its master may hold on to its lock for a little longer than to its ports.
        until("Postfix starts", || self.run("start").then_some(()));
        until("Postfix listens", || {
            TcpStream::connect(self.submission()).ok()
        });
    }

    /// Stops it, deliveries and all. What is in its queue stays there.
    pub(crate) fn stop(&self) {
        self.run("stop");
        until("Postfix is gone", || {
            TcpStream::connect(self.submission()).err()
        });
    }

    /// Adds to its configuration, or takes the place of what is there, from now on.
    pub(crate) fn set(&self, line: &str) {
        let main = self.path("etc/main.cf");
        let mut text = fs::read_to_string(&main).unwrap();
        text.push_str(line);
        text.push('\n');
        fs::write(main, text).unwrap();
        assert!(self.run("reload"), "{}", self.log());
    }

    /// Stops it as a power cut would: nothing is finished.
    pub(crate) fn abort(&self) {
        self.run("abort");
        until("Postfix is gone", || {
            TcpStream::connect(self.submission()).err()
        });
    }

    fn run(&self, what: &str) -> bool {
        // Its processes live on, and would hold on to what they inherit.
        let status = Command::new(BINARY)
            .arg("-c")
            .arg(self.path("etc"))
            .arg(what)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        status.unwrap().success()
    }

    pub(crate) fn host(&self) -> &str {
        &self.address
    }

    pub(crate) fn port(&self) -> u16 {
        PORT
    }

    pub(crate) fn tls_port(&self) -> u16 {
        TLS_PORT
    }

    /// Where it takes mail, in the clear or with STARTTLS.
    pub(crate) fn submission(&self) -> String {
        format!("{}:{PORT}", self.address)
    }

    /// Where it hands mail for the domain to.
    pub(crate) fn lmtp(&self) -> String {
        format!("{}:{LMTP_PORT}", self.address)
    }

    pub(crate) fn certificate(&self) -> PathBuf {
        self.path("cert.pem")
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// Waits until it has logged a line with all of these.
    pub(crate) fn logged(&self, parts: &[&str]) {
        until(&format!("Postfix logs {parts:?}"), || {
            let log = self.log();
            let found = log
                .lines()
                .any(|line| parts.iter().all(|part| line.contains(part)));
            found.then_some(())
        });
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        self.run("stop");
        if std::thread::panicking() {
            eprintln!("--- Postfix\n{}", self.log());
        }
    }
}
