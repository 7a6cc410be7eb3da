//! The whole daemon, from its start until it is ready, and its memory at rest; on the stores that the bench `store` made.
//!
//! The stores are copied, and the copies go away. A kill is SIGKILL after 200 deposits.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench that cannot go on stops, and its figures are printed"
)]

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

const TOKEN: &str = "a bearer token of the benches";
/// Dossiers of a group, as in the bench `store`.
const GROUPE: u64 = 5_000;

fn main() {
    let stores = std::env::var_os("GREFFIER_BENCH_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench-stores"),
        PathBuf::from,
    );
    let sizes = [10_000, 100_000, 1_000_000].into_iter();
    for size in sizes.filter(|size| stores.join(format!("{size}.done")).exists()) {
        let folder = tempfile::tempdir_in(concat!(env!("CARGO_MANIFEST_DIR"), "/target")).unwrap();
        let address = prepare(folder.path(), size);
        copy_all(
            &stores.join(size.to_string()),
            &folder.path().join("var/store"),
        );
        for round in 1..=3 {
            let (daemon, took) = start(folder.path(), address);
            let resident = resident(&daemon);
            println!("{size} dossiers, clean, {round}: ready in {took:.2?}, {resident} MiB");
            end(daemon);
        }
        for round in 1..=3 {
            let (mut daemon, _) = start(folder.path(), address);
            (0..200).for_each(|_| deposit(address));
            daemon.kill().unwrap();
            daemon.wait().unwrap();
            let (daemon, took) = start(folder.path(), address);
            let resident = resident(&daemon);
            println!("{size} dossiers, killed, {round}: ready in {took:.2?}, {resident} MiB");
            end(daemon);
        }
    }
}

/// A folder with `bot.toml` and the démarche, and the address that its daemon will have.
fn prepare(folder: &Path, dossiers: u64) -> SocketAddr {
    let address = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let bot = format!(
        "[greffier]\ndata = \"var\"\ndemarches = \"demarches\"\n[mail]\ndomain = \"greffier.example\"\n\
         from_address = \"greffier@greffier.example\"\n[listener]\nsmtp = \"127.0.0.1:0\"\n\
         [http]\nlisten = \"{address}\"\ntoken_file = \"token\"\n[eml]\nfolder = \"mails\"\n"
    );
    let mut demarche = "number = 7\ntitre = \"Autorisation\"\nservice = \"DDT\"\n".to_owned();
    for groupe in 0..=dossiers / GROUPE {
        let groupe = format!(
            "[[groupe]]\nlabel = \"groupe {groupe}\"\ninstructeurs = [\"i{groupe}@ddt.example\"]\n"
        );
        demarche.push_str(&groupe);
    }
    fs::create_dir_all(folder.join("demarches")).unwrap();
    fs::write(folder.join("demarches/7.toml"), demarche).unwrap();
    fs::write(folder.join("bot.toml"), bot).unwrap();
    fs::write(folder.join("token"), TOKEN).unwrap();
    address
}

/// Starts the daemon, and answers how long it took until it says that it is ready.
fn start(folder: &Path, address: SocketAddr) -> (Child, Duration) {
    let log = File::create(folder.join("log")).unwrap();
    let started = Instant::now();
    let mut daemon = Command::new(env!("CARGO_BIN_EXE_greffier"))
        .current_dir(folder)
        .args(["run", "--console", "off"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap();
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    while !exchange(address, &request).is_some_and(|answer| answer.contains(" 200 ")) {
        assert!(daemon.try_wait().unwrap().is_none(), "the daemon ended");
        std::thread::sleep(Duration::from_millis(2));
    }
    (daemon, started.elapsed())
}

/// SIGTERM.
fn end(mut daemon: Child) {
    let pid = rustix::process::Pid::from_child(&daemon);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert!(daemon.wait().unwrap().success());
}

fn deposit(address: SocketAddr) {
    let body = json!({
        "usager": "lina@courriel.example",
        "demandeur": { "nom": "Moreau", "prenom": "Lina" },
        "groupe": "groupe 0",
        "champs": {},
    });
    let body = body.to_string();
    let request = format!(
        "POST /api/demarches/7/dossiers HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {TOKEN}\r\n\
         Connection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = exchange(address, &request).unwrap();
    assert!(answer.contains(" 201 "), "{answer}");
}

fn exchange(address: SocketAddr, request: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

/// Resident memory of the daemon, in MiB.
fn resident(daemon: &Child) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", daemon.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or_default() / 1024
}

fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_all(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}
