//! A wire between two sides that breaks where it is told to.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// Where a connection breaks.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cut {
    /// Nowhere.
    Never,
    /// After so many octets from the one who connected.
    Asking(u64),
    /// After so many octets from the one who was connected to.
    Answering(u64),
}

/// A relay to `target`, listening on an address of its own until it is dropped.
pub(crate) struct Proxy {
    address: String,
    broken: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
}

impl Proxy {
    /// A relay on `listen` (port 0 for any) whose first connections break at `cuts`, and the others never.
    pub(crate) fn new(listen: &str, target: String, cuts: Vec<Cut>) -> Self {
        let listener = TcpListener::bind(listen).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (broken, stop) = (
            Arc::new(AtomicUsize::new(0)),
            Arc::new(AtomicBool::new(false)),
        );
        let cuts = Mutex::new(cuts.into_iter());
        let (counted, ended) = (Arc::clone(&broken), Arc::clone(&stop));
        thread::spawn(move || {
            for asking in listener.incoming() {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(asking) = asking else { continue };
                // A server that is away hangs up on whoever comes.
                let Ok(answering) = TcpStream::connect(&target) else {
                    continue;
                };
                let cut = cuts.lock().unwrap().next().unwrap_or(Cut::Never);
                let (first, second) = match cut {
                    Cut::Never => (u64::MAX, u64::MAX),
                    Cut::Asking(octets) => (octets, u64::MAX),
                    Cut::Answering(octets) => (u64::MAX, octets),
                };
                let back = (answering.try_clone().unwrap(), asking.try_clone().unwrap());
                for (from, to, octets) in [(asking, answering, first), (back.0, back.1, second)] {
                    let counted = Arc::clone(&counted);
                    thread::spawn(move || carry(from, to, octets, &counted));
                }
            }
        });
        Self {
            address,
            broken,
            stop,
        }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Connections that were broken so far.
    pub(crate) fn broken(&self) -> usize {
        self.broken.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _woken = TcpStream::connect(&self.address);
    }
}

/// Carries octets on until there are no more, or so many were carried; then both directions end.
fn carry(mut from: TcpStream, mut to: TcpStream, octets: u64, broken: &AtomicUsize) {
    let mut left = octets;
    let mut buffer = [0; 4096];
    while left > 0 {
        let room = usize::try_from(left)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        match from.read(&mut buffer[..room]) {
            Ok(read) if read > 0 && to.write_all(&buffer[..read]).is_ok() => left -= read as u64,
            _ => break,
        }
    }
    if left == 0 {
        broken.fetch_add(1, Ordering::SeqCst);
    }
    for stream in [from, to] {
        let _gone = stream.shutdown(Shutdown::Both);
    }
}
