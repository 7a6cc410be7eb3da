//! Orders, by a maker that does as it is told.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::mpsc;

use super::*;
use crate::domain::DossierId;
use crate::message::{Receipt, Verdict};
use crate::shelf::Shelf;

struct Nowhere;

impl Shelf for Nowhere {
    fn keep(&self, _content: &[u8]) -> io::Result<String> {
        Err(io::Error::other("no shelf"))
    }

    fn read(&self, _hash: &str) -> io::Result<Vec<u8>> {
        Err(io::Error::other("no shelf"))
    }
}

/// Fails for now the first time, then makes dossier 1, fails for good at 2, panics at 3 and never ends with 4.
#[derive(Default)]
struct Maker {
    calls: AtomicUsize,
}

impl Make for Maker {
    fn make(
        &self,
        work: &Work,
        _at: Timestamp,
        halt: &CancellationToken,
    ) -> Result<Product, Trouble> {
        if self.calls.fetch_add(1, Ordering::Relaxed) == 0 {
            return Err(Trouble::Passing("the disk is full".to_owned()));
        }
        match work {
            Work::Dossier {
                dossier: DossierId(1),
                ..
            } => Ok(Product::Files { files: Vec::new() }),
            Work::Dossier {
                dossier: DossierId(2),
                ..
            } => Err(Trouble::Lasting("no".to_owned())),
            Work::Dossier {
                dossier: DossierId(4),
                ..
            } => {
                while !halt.is_cancelled() {
                    std::thread::sleep(Duration::from_millis(5));
                }
                Err(Trouble::Passing("halted".to_owned()))
            }
            _ => panic!("a fault"),
        }
    }
}

fn order(number: u64) -> Outgoing {
    let work = Work::Dossier {
        dossier: DossierId(number),
        by: None,
    };
    Outgoing {
        to: work.destination(),
        body: Body::Make(Box::new(Order {
            work,
            asked: None,
            cause: format!("test:{number}"),
        })),
    }
}

fn known() -> Known {
    Known {
        thread: None,
        edits: None,
        since: Timestamp::UNIX_EPOCH,
        shelf: Arc::new(Nowhere),
    }
}

#[tokio::test]
async fn what_is_made_is_heard_of_once_it_is_committed() {
    let workshop = Arc::new(Workshop::new(Maker::default()));
    let stop = CancellationToken::new();
    let (sender, mut heard) = mpsc::channel(8);
    let inbox = Inbox::new(sender, Arc::new(Nowhere));
    let listening = {
        let (workshop, stop) = (Arc::clone(&workshop), stop.clone());
        tokio::spawn(async move { workshop.listen(inbox, stop).await })
    };
    let writer = tokio::spawn(async move {
        let mut ids = Vec::new();
        while let Some(crate::channel::Heard { incoming, receipt }) = heard.recv().await {
            let Heard::Made(made) = incoming.heard else {
                panic!("something else was heard");
            };
            ids.push((incoming.id, made.product));
            receipt.send(Receipt::of(Verdict::Done)).unwrap();
        }
        ids
    });
    tokio::task::yield_now().await;
    let mut outcomes = Vec::new();
    for (key, number) in [("a", 1), ("a", 1), ("b", 2), ("c", 3)] {
        outcomes.push(workshop.deliver(key, &order(number), &known()).await);
    }
    assert!(matches!(&outcomes[0], Outcome::Held { why, .. } if why == "the disk is full"));
    assert!(
        outcomes[1..]
            .iter()
            .all(|outcome| matches!(outcome, Outcome::Delivered { .. }))
    );
    // What is under way does not keep Greffier from stopping, and nothing is told of it.
    let endless = {
        let workshop = Arc::clone(&workshop);
        tokio::spawn(async move { workshop.deliver("d", &order(4), &known()).await })
    };
    tokio::task::yield_now().await;
    stop.cancel();
    listening.await.unwrap().unwrap();
    assert!(matches!(endless.await.unwrap(), Outcome::Held { .. }));
    let files = Product::Files { files: Vec::new() };
    let expected = [
        ("made:a".to_owned(), files),
        ("made:b".to_owned(), Product::Failed),
        ("made:c".to_owned(), Product::Failed),
    ];
    assert_eq!(writer.await.unwrap(), expected);
}

#[test]
fn what_cannot_be_read_is_not_tried_for_ever() {
    let corrupt = crate::store::Error::Corrupt {
        tree: "dossier",
        why: "it is no JSON".to_owned(),
    };
    assert!(matches!(Trouble::from(corrupt), Trouble::Lasting(_)));
    let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
    assert!(matches!(
        Trouble::from(crate::store::Error::Io(full)),
        Trouble::Passing(_)
    ));
}
