//! The workshop: makes what takes long (documents, charts, exports) beside the writer.
//!
//! It stands behind the port of the networks. An order is a row of the outbox like a message, and what was made of it comes
//! in as something heard: a crash anywhere makes it again, and it is told once, for its id is that of the row.

pub mod bench;
mod export;

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::channel::{Channel, Inbox, Known};
use crate::message::work::{Made, Order, Product, WORKSHOP, Work};
use crate::message::{Body, Heard, Incoming, Limits, Outcome, Outgoing};

/// Whoever makes things. Called on a blocking thread.
pub trait Make: Send + Sync + 'static {
    /// Makes `work` as of `at`. It looks at `halt` now and then, and ends early once that is cancelled.
    fn make(
        &self,
        work: &Work,
        at: Timestamp,
        halt: &CancellationToken,
    ) -> Result<Product, Trouble>;
}

/// Why something was not made.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The disk is full, the store failed, Greffier is stopping: the same goes well later.
    #[error("{0}")]
    Passing(String),
    /// It will never go well; whoever asked is told that it failed.
    #[error("{0}")]
    Lasting(String),
}

/// The workshop.
pub struct Workshop<M> {
    maker: Arc<M>,
    /// The way back in, while Greffier runs.
    door: Mutex<Option<Inbox>>,
    halt: CancellationToken,
}

impl<M: Make> Workshop<M> {
    /// A workshop in which `maker` works.
    pub fn new(maker: M) -> Self {
        Self {
            maker: Arc::new(maker),
            door: Mutex::new(None),
            halt: CancellationToken::new(),
        }
    }

    fn door(&self) -> Option<Inbox> {
        self.door
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Hands in what was made, and waits until it is committed.
    async fn tell(&self, incoming: Incoming) -> Result<(), String> {
        let Some(door) = self.door() else {
            return Err("Greffier is starting or stopping".to_owned());
        };
        let cause = match &incoming.heard {
            Heard::Made(made) => made.order.cause.clone(),
            _ => String::new(),
        };
        let receipt = door.hand(incoming).await;
        door.tell(cause, receipt.map_err(|closed| closed.to_string())?);
        Ok(())
    }

    fn open(&self, door: Option<Inbox>) {
        *self.door.lock().unwrap_or_else(PoisonError::into_inner) = door;
    }
}

/// Makes what `order` asks for. What fails for good, or panics, is a product too.
pub fn make<M: Make + ?Sized>(
    maker: &M,
    order: &Order,
    at: Timestamp,
    halt: &CancellationToken,
) -> Result<Product, String> {
    let made = std::panic::catch_unwind(AssertUnwindSafe(|| maker.make(&order.work, at, halt)));
    match made {
        Ok(Ok(product)) => Ok(product),
        Ok(Err(Trouble::Passing(why))) => Err(why),
        // What was broken off is made anew.
        Ok(Err(Trouble::Lasting(why))) if halt.is_cancelled() => Err(why),
        Ok(Err(Trouble::Lasting(why))) => {
            tracing::error!(work = order.work.name(), why, "Something cannot be made");
            Ok(Product::Failed)
        }
        Err(_panic) => {
            tracing::error!(work = order.work.name(), "What makes files panicked");
            Ok(Product::Failed)
        }
    }
}

/// What is heard of an order that was delivered under `key`.
pub fn heard(key: &str, order: Order, product: Product, at: Timestamp) -> Incoming {
    Incoming {
        id: format!("made:{key}"),
        at,
        heard: Heard::Made(Box::new(Made { order, product })),
    }
}

impl<M: Make> Channel for Workshop<M> {
    fn name(&self) -> &'static str {
        WORKSHOP
    }

    fn limits(&self) -> Limits {
        Limits::NONE
    }

    async fn listen(&self, inbox: Inbox, stop: CancellationToken) -> anyhow::Result<()> {
        self.open(Some(inbox));
        stop.cancelled().await;
        self.halt.cancel();
        self.open(None);
        Ok(())
    }

    async fn deliver(&self, key: &str, message: &Outgoing, _known: &Known) -> Outcome {
        let Body::Make(order) = &message.body else {
            return Outcome::Dead {
                why: "the workshop carries no messages".to_owned(),
            };
        };
        let at = crate::clock::now();
        let (maker, order, halt) = (
            Arc::clone(&self.maker),
            (**order).clone(),
            self.halt.clone(),
        );
        let making = tokio::task::spawn_blocking(move || {
            let product = make(&*maker, &order, at, &halt)?;
            Ok::<_, String>((order, product))
        });
        // What is under way when Greffier stops is made anew at the next start.
        let made = tokio::select! {
            biased;
            () = self.halt.cancelled() => Err("Greffier is stopping".to_owned()),
            made = making => made.map_err(|error| error.to_string()).and_then(|made| made),
        };
        let told = match made {
            Ok((order, product)) => self.tell(heard(key, order, product, at)).await,
            Err(why) => Err(why),
        };
        match told {
            Ok(()) => Outcome::Delivered {
                remote_id: String::new(),
            },
            // It is not the order's fault, and it is never given up.
            Err(why) => Outcome::Held {
                after: Duration::from_secs(2),
                why,
            },
        }
    }
}

#[cfg(test)]
mod tests;
