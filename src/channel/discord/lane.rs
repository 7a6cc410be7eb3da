//! Keeps what one person says, and what is said in one place, in the order in which it came.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::oneshot;

/// Lanes looked through for ended ones.
const MANY: usize = 512;

/// Who comes after whom.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    last: Mutex<HashMap<String, oneshot::Receiver<()>>>,
}

/// A place in some lanes. It is given up when it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    before: Vec<oneshot::Receiver<()>>,
    after: Vec<oneshot::Sender<()>>,
}

impl Lanes {
    /// The next place in each of `lanes`.
    pub(super) fn queue(&self, lanes: &[String]) -> Turn {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.len() > MANY {
            last.retain(|_, end| {
                matches!(end.try_recv(), Err(oneshot::error::TryRecvError::Empty))
            });
        }
        let mut turn = Turn {
            before: Vec::new(),
            after: Vec::new(),
        };
        for lane in lanes {
            let (after, end) = oneshot::channel();
            turn.before.extend(last.insert(lane.clone(), end));
            turn.after.push(after);
        }
        turn
    }
}

impl Turn {
    /// Waits until those before have gone.
    pub(super) async fn come(&mut self) {
        for before in self.before.drain(..) {
            // Gone by being dropped.
            let _gone = before.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn each_waits_for_those_before_in_any_of_its_lanes() {
        let lanes = Lanes::default();
        let lane = |name: &str| name.to_owned();
        let first = lanes.queue(&[lane("ines"), lane("salon")]);
        let mut second = lanes.queue(&[lane("paul"), lane("salon")]);
        let mut third = lanes.queue(&[lane("ines"), lane("autre")]);
        let mut other = lanes.queue(&[lane("rose"), lane("ailleurs")]);
        other.come().await;
        let order = Arc::new(Mutex::new(Vec::new()));
        let (seen, after) = (Arc::clone(&order), Arc::clone(&order));
        let second = tokio::spawn(async move {
            second.come().await;
            seen.lock().unwrap().push(2);
        });
        let third = tokio::spawn(async move {
            third.come().await;
            after.lock().unwrap().push(3);
        });
        tokio::task::yield_now().await;
        order.lock().unwrap().push(1);
        drop(first);
        second.await.unwrap();
        third.await.unwrap();
        assert_eq!(order.lock().unwrap().first(), Some(&1));
    }
}
