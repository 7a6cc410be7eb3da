//! One thread that writes, so that a slow terminal or pipe holds up nobody else.

use std::io::{self, Write};
use std::sync::mpsc;

use tokio::sync::oneshot;

/// Where blocks are written.
pub(super) trait Sink: Send {
    /// Writes `block`, which ends with a line end, and flushes.
    fn write(&mut self, block: String) -> io::Result<()>;
}

/// Straight to a stream.
struct Stream(Box<dyn Write + Send>);

impl Sink for Stream {
    fn write(&mut self, block: String) -> io::Result<()> {
        self.0.write_all(block.as_bytes())?;
        self.0.flush()
    }
}

/// A terminal's line editor, which shows blocks above the line being typed.
impl<P: rustyline::ExternalPrinter + Send> Sink for P {
    fn write(&mut self, block: String) -> io::Result<()> {
        self.print(block).map_err(|error| match error {
            rustyline::error::ReadlineError::Io(error) => error,
            other => io::Error::other(other),
        })
    }
}

/// The way to the writing thread, one clone per speaker. The thread ends with the last of them.
#[derive(Clone)]
pub(super) struct Screen {
    jobs: mpsc::Sender<Job>,
}

enum Job {
    Write(String, oneshot::Sender<io::Result<()>>),
    Note(String),
    Through(Box<dyn Sink>),
}

impl Screen {
    /// A screen that writes to `stream`.
    pub(super) fn on(stream: Box<dyn Write + Send>) -> Self {
        let (jobs, queue) = mpsc::channel();
        // Should the system refuse the thread, each block is answered with an error: the queue is then closed.
        if let Err(error) = std::thread::Builder::new()
            .name("screen".to_owned())
            .spawn(move || serve(&queue, stream))
        {
            tracing::error!("Cannot start the thread that writes to the console: {error}");
        }
        Self { jobs }
    }

    /// Writes `block` and answers once it is written.
    pub(super) async fn print(&self, block: String) -> io::Result<()> {
        let (done, written) = oneshot::channel();
        self.jobs
            .send(Job::Write(block, done))
            .map_err(|_| closed())?;
        written.await.map_err(|_| closed())?
    }

    /// Writes `block` without anybody waiting for it.
    pub(super) fn note(&self, block: String) {
        // Without the thread there is nothing to disturb either.
        let _ = self.jobs.send(Job::Note(block));
    }

    /// Writes through `sink` from now on.
    pub(super) fn write_through(&self, sink: Box<dyn Sink>) {
        // Without the thread nothing is written at all, and print() says so.
        let _ = self.jobs.send(Job::Through(sink));
    }

    /// Writes straight to standard output from now on.
    pub(super) fn write_straight(&self) {
        self.write_through(Box::new(Stream(Box::new(io::stdout()))));
    }
}

fn serve(queue: &mpsc::Receiver<Job>, stream: Box<dyn Write + Send>) {
    let mut sink: Box<dyn Sink> = Box::new(Stream(stream));
    for job in queue {
        match job {
            Job::Write(block, done) => {
                // Whoever no longer waits has given up; the block is written all the same.
                let _ = done.send(sink.write(block));
            }
            // What cannot be shown is no reason to stop.
            Job::Note(block) => drop(sink.write(block)),
            Job::Through(other) => sink = other,
        }
    }
}

fn closed() -> io::Error {
    io::Error::from(io::ErrorKind::BrokenPipe)
}
