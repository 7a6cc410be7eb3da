//! Dovecot.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// How long something observable may take to come about, on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);
/// The one mailbox of the servers, and its password.
pub(crate) const USER: &str = "greffe";
pub(crate) const PASSWORD: &str = "sésame \"ouvre-toi\"";
/// The password of everybody else, where there are [`OTHERS`].
pub(crate) const CLIENT: &str = "ouvre-toi";
/// More configuration: mail comes in by LMTP at [`Dovecot::lmtp`], and every address has a mailbox, whatever stands behind
/// a `+` in it.
pub(crate) const OTHERS: &str = "protocols = imap lmtp\nservice lmtp {\n inet_listener lmtp {\n port = 1024\n }\n}\n\
    passdb {\n driver = static\n args = password=ouvre-toi\n}\nrecipient_delimiter = +\n\
    postmaster_address = postmaster@relais.example\nmail_max_userip_connections = 100\n";

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

/// An IMAP server with one mailbox. It stops when it is dropped.
pub(crate) struct Dovecot {
    folder: tempfile::TempDir,
    address: String,
    child: Option<Child>,
}

/// A Dovecot that runs, or none where it is not installed: the reason is printed, and the test passes by doing nothing.
/// With `GREFFIER_REQUIRE_SERVERS=1` it fails instead. `more` is added to the configuration.
pub(crate) fn dovecot(more: &str) -> Option<Dovecot> {
    let binary = ["/usr/sbin/dovecot", "/usr/local/sbin/dovecot"]
        .into_iter()
        .find(|path| Path::new(path).exists());
    let lmtp = ["/usr/lib/dovecot/lmtp", "/usr/libexec/dovecot/lmtp"];
    let lmtp = lmtp.into_iter().any(|path| Path::new(path).exists());
    let binary = binary.filter(|_| lmtp || !more.contains("lmtp"));
    let Some(binary) = binary else {
        assert!(
            std::env::var("GREFFIER_REQUIRE_SERVERS").as_deref() != Ok("1"),
            "Dovecot is not installed: apt-get install dovecot-imapd dovecot-lmtpd"
        );
        eprintln!("Skipped: Dovecot is not installed, or not all of it");
        return None;
    };
    let mut server = Dovecot::configured(more);
    server.start_binary(binary);
    Some(server)
}

impl Dovecot {
    fn configured(more: &str) -> Self {
        static USED: AtomicU16 = AtomicU16::new(0);
        let [high, low] = USED.fetch_add(1, Ordering::SeqCst).to_be_bytes();
        // Another run of the tests has other addresses.
        let run = 128 + std::process::id() % 100;
        let address = format!("127.{run}.{high}.{low}");
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path();
        // The server's processes run as several users.
        fs::set_permissions(here, fs::Permissions::from_mode(0o755)).unwrap();
        for name in ["run", "state", "mail"] {
            fs::create_dir(here.join(name)).unwrap();
        }
        let authority = certificates(here, &address);
        fs::write(here.join("ca.pem"), authority).unwrap();
        fs::write(here.join("password"), format!("{PASSWORD}\n")).unwrap();
        fs::write(
            here.join("users"),
            format!("{USER}:{{PLAIN}}{PASSWORD}::::::\n"),
        )
        .unwrap();
        let root = rustix::process::getuid().is_root();
        let who = if root {
            std::os::unix::fs::chown(here.join("mail"), Some(65534), Some(65534)).unwrap();
            "first_valid_uid = 1\nfirst_valid_gid = 1\nmail_uid = 65534\nmail_gid = 65534\n"
                .to_owned()
        } else {
            let (uid, gid) = (rustix::process::getuid(), rustix::process::getgid());
            let (uid, gid) = (uid.as_raw(), gid.as_raw());
            let name = std::env::var("USER").unwrap();
            format!(
                "first_valid_uid = {uid}\nfirst_valid_gid = {gid}\nmail_uid = {uid}\nmail_gid = {gid}\n\
                 default_internal_user = {name}\ndefault_login_user = {name}\n\
                 service anvil {{\n chroot =\n}}\nservice imap-login {{\n chroot =\n}}\n"
            )
        };
        let shown = here.display();
        let config = format!(
            "protocols = imap\nlisten = {address}\nbase_dir = {shown}/run\nstate_dir = {shown}/state\n\
             log_path = {shown}/log\ninstance_name = {address}\n{who}\
             mail_location = maildir:~\ndisable_plaintext_auth = no\nauth_mechanisms = plain login\n\
             ssl = yes\nssl_cert = <{shown}/cert.pem\nssl_key = <{shown}/key.pem\n\
             passdb {{\n driver = passwd-file\n args = scheme=PLAIN username_format=%u {shown}/users\n}}\n\
             userdb {{\n driver = static\n args = home={shown}/mail/%u\n}}\n\
             namespace inbox {{\n inbox = yes\n separator = /\n}}\n\
             service imap-login {{\n inet_listener imap {{\n port = 1143\n }}\n inet_listener imaps {{\n port = 1993\n ssl = yes\n }}\n}}\n\
             {more}\n"
        );
        fs::write(here.join("dovecot.conf"), config).unwrap();
        Self {
            folder,
            address,
            child: None,
        }
    }

    fn start_binary(&mut self, binary: &str) {
        let child = Command::new(binary)
            .arg("-F")
            .arg("-c")
            .arg(self.path("dovecot.conf"))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        self.child = Some(child);
        until("Dovecot greets", || {
            let child = self.child.as_mut()?;
            if child.try_wait().unwrap().is_some() {
                let mut why = String::new();
                let _ = child.stderr.take()?.read_to_string(&mut why);
                panic!("Dovecot ended at its start: {why}");
            }
            Client::connect(&self.address)
        });
    }

    /// Starts it again.
    pub(crate) fn start(&mut self) {
        self.start_binary("/usr/sbin/dovecot");
    }

    /// Stops it, connections and all.
    pub(crate) fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let pid = Pid::from_child(&child);
            let _ = kill_process(pid, Signal::TERM);
            let _ = child.wait();
        }
    }

    /// The address that it listens on.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Where it takes mail by LMTP, if it has [`OTHERS`].
    pub(crate) fn lmtp(&self) -> String {
        format!("{}:1024", self.address)
    }

    /// Where it is read by IMAP.
    pub(crate) fn imap(&self) -> String {
        format!("{}:1143", self.address)
    }

    /// A file or folder of it: `password`, `ca.pem`, `mail`.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Whose files its mailboxes are.
    pub(crate) fn owner(&self) -> u32 {
        let uid = rustix::process::getuid();
        if uid.is_root() { 65534 } else { uid.as_raw() }
    }

    /// What it logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// A client that is logged in.
    pub(crate) fn client(&self) -> Client {
        self.client_of(USER, PASSWORD)
    }

    /// The same for somebody else.
    pub(crate) fn client_of(&self, user: &str, password: &str) -> Client {
        let mut client = Client::connect(&self.address).unwrap();
        let password = password.replace('"', "\\\"");
        client.ask(&format!("LOGIN {user} \"{password}\""));
        client
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        self.stop();
        if thread::panicking() {
            eprintln!("{}", self.log());
        }
    }
}

/// Writes a server's certificate for `address` into `folder` and answers the certificate of its authority.
pub(crate) fn certificates(folder: &Path, address: &str) -> String {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().unwrap();
    let root = authority.self_signed(&authority_key).unwrap();
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![address.to_owned()])
        .unwrap()
        .signed_by(&key, &issuer)
        .unwrap();
    fs::write(folder.join("cert.pem"), certificate.pem()).unwrap();
    fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
    root.pem()
}

/// A small IMAP client, to put mail there and look at what became of it.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    fn connect(address: &str) -> Option<Self> {
        let stream = TcpStream::connect((address, 1143)).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut client = Self {
            stream: BufReader::new(stream),
        };
        client.line().starts_with("* OK").then_some(client)
    }

    fn line(&mut self) -> String {
        let mut line = Vec::new();
        let _ = self.stream.read_until(b'\n', &mut line);
        String::from_utf8_lossy(&line).into_owned()
    }

    /// Runs a command and answers all that was said. It must succeed.
    pub(crate) fn ask(&mut self, command: &str) -> String {
        let answer = self.try_ask(command);
        let last = answer.lines().last().unwrap_or_default();
        assert!(last.starts_with("t OK"), "{command}: {answer}");
        answer
    }

    fn try_ask(&mut self, command: &str) -> String {
        write!(self.stream.get_mut(), "t {command}\r\n").unwrap();
        self.answer()
    }

    fn answer(&mut self) -> String {
        let mut answer = String::new();
        loop {
            let line = self.line();
            answer.push_str(&line);
            if line.is_empty() || line.starts_with("t ") || line.starts_with("+ ") {
                return answer;
            }
        }
    }

    /// Puts a mail into a folder, as if it came `at` (`" 1-Jan-2024 10:00:00 +0000"`) or now.
    pub(crate) fn append(&mut self, folder: &str, at: Option<&str>, mail: &str) {
        let at = at.map_or_else(String::new, |at| format!(" \"{at}\""));
        let asked = self.try_ask(&format!("APPEND {folder}{at} {{{}}}", mail.len()));
        assert!(asked.ends_with("+ OK\r\n"), "{asked}");
        write!(self.stream.get_mut(), "{mail}\r\n").unwrap();
        let answer = self.answer();
        assert!(answer.contains("t OK"), "{answer}");
    }

    /// How many mails are in a folder, none if there is no such folder.
    pub(crate) fn count(&mut self, folder: &str) -> usize {
        let answer = self.try_ask(&format!("STATUS {folder} (MESSAGES)"));
        let count = answer
            .split("(MESSAGES ")
            .nth(1)
            .and_then(|rest| rest.split(')').next());
        count.map_or(0, |count| count.parse().unwrap())
    }
}
