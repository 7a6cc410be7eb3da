//! Orders that fail. While the platform is away they wait, for as long as that takes; where it answers everything but them,
//! they are refused after some tries, so that those behind them about the same dossier need not wait for ever.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

use super::fault::{Fault, LATE, LONG};
use super::lock;
use crate::message::platform::Order;

/// Failures of an order's own after which it is refused, where the server says that it fails at it.
const FAILED: u32 = 3;
/// The same where nothing says whose fault it is: ten minutes of tries.
const UNANSWERED: u32 = 6;
/// The longest wait between two tries.
const LONGEST: Duration = Duration::from_mins(5);

/// What is to become of an order that failed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// It is tried again.
    Wait(Duration),
    /// It cannot be said how the dossier stands, and it was tried often enough: why, for people.
    Refuse(String),
}

/// How an order has failed.
#[derive(Debug)]
struct Stumble {
    /// How often while the platform answered others.
    count: u32,
    /// How often at most.
    most: u32,
    /// When it did so last.
    at: Instant,
    /// Why, for people.
    sentence: String,
}

impl Stumble {
    fn is_spent(&self) -> bool {
        self.count >= self.most
    }
}

/// The orders that have failed, by name.
#[derive(Debug, Default)]
pub(super) struct Stumbles(Mutex<HashMap<String, Stumble>>);

impl Stumbles {
    /// Notes that a try of `order` that began at `begun` has failed. `answered` is when the platform gave its last good
    /// answer, to whatever was asked.
    pub(super) fn note(
        &self,
        order: &Order,
        fault: &Fault,
        begun: Instant,
        answered: Option<Instant>,
    ) -> Next {
        let (base, most) = match fault {
            Fault::Limited(wait) | Fault::Unsure(wait) => return Next::Wait(*wait),
            // What is wrong here is mended here, and the token's end is the end of everything.
            Fault::Local(_) | Fault::Lost(_) => return Next::Wait(Duration::from_mins(1)),
            Fault::Expired | Fault::Forbidden(_) => (Duration::from_mins(1), UNANSWERED),
            Fault::Away(_) | Fault::Strange(_) | Fault::Storage(_) => {
                (Duration::from_secs(10), UNANSWERED)
            }
            Fault::Barred(_)
            | Fault::Partial(_)
            | Fault::Failed(_)
            | Fault::Refused(_)
            | Fault::Unable(_) => (Duration::from_secs(1), FAILED),
        };
        let mut stumbles = lock(&self.0);
        let stumble = stumbles.entry(order.id.clone()).or_insert(Stumble {
            count: 0,
            most,
            at: begun,
            sentence: String::new(),
        });
        let spent = stumble.is_spent();
        let own = answered.is_some_and(|answered| answered >= stumble.at);
        stumble.at = Instant::now();
        if !own {
            return Next::Wait(base.max(Duration::from_secs(10)));
        }
        stumble.count += 1;
        stumble.most = most;
        stumble.sentence = sentence(fault);
        if spent {
            return Next::Refuse(stumble.sentence.clone());
        }
        let (dossier, count) = (order.dossier, stumble.count);
        tracing::warn!(
            dossier,
            "An order about dossier {dossier} fails while the platform answers, {count} of {most} times: {fault}"
        );
        let wait = base.saturating_mul(1 << (count - 1).min(10));
        Next::Wait(wait.min(LONGEST.max(base)))
    }

    /// Why `order` is not to be tried any more, for people; none while it is.
    pub(super) fn spent(&self, order: &Order) -> Option<String> {
        let stumbles = lock(&self.0);
        let stumble = stumbles.get(&order.id).filter(|stumble| stumble.is_spent());
        stumble.map(|stumble| stumble.sentence.clone())
    }

    /// `order` is over, or has come further.
    pub(super) fn forget(&self, order: &Order) {
        lock(&self.0).remove(&order.id);
    }
}

/// What a fault is to people.
fn sentence(fault: &Fault) -> String {
    match fault {
        Fault::Failed(status) => format!("Erreur interne de la plateforme ({status})"),
        Fault::Barred(status) => {
            format!("Cette demande est arrêtée avant d’être traitée (erreur {status})")
        }
        Fault::Storage(_) => {
            "Le serveur de fichiers de la plateforme ne prend pas le document".to_owned()
        }
        Fault::Partial(_) => "La plateforme n’y arrive pas dans le temps imparti".to_owned(),
        Fault::Away(why) if why == LATE => {
            "La plateforme n’y arrive pas dans le temps imparti".to_owned()
        }
        Fault::Away(why) if why == LONG => "Le dossier est trop volumineux pour être lu".to_owned(),
        Fault::Expired | Fault::Forbidden(_) => {
            "La plateforme n’accepte pas cette demande avec le jeton de Greffier".to_owned()
        }
        _ => "La plateforme ne répond pas à cette demande, alors qu’elle répond aux autres"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::platform::Profile;

    fn order() -> Order {
        Order {
            id: "o".to_owned(),
            demarche: 1,
            dossier: 2,
            dossier_id: "d".to_owned(),
            instructeur: Profile::default(),
            acts: Vec::new(),
            expects: None,
            at: jiff::Timestamp::UNIX_EPOCH,
            asked: None,
            cause: String::new(),
            memo: serde_json::Value::Null,
        }
    }

    #[test]
    fn an_order_waits_for_ever_for_a_platform_that_is_away() {
        let (stumbles, order) = (Stumbles::default(), order());
        let before = Instant::now();
        for fault in [
            Fault::Away("the connection broke".to_owned()),
            Fault::Failed(500),
            Fault::Barred(403),
            Fault::Forbidden(None),
        ] {
            for _ in 0..50 {
                let next = stumbles.note(&order, &fault, Instant::now(), Some(before));
                assert!(matches!(next, Next::Wait(_)), "{next:?}");
            }
        }
        assert_eq!(stumbles.spent(&order), None);
    }

    #[test]
    fn an_order_that_alone_fails_is_tried_so_often_and_no_more() {
        for (fault, most) in [
            (Fault::Away("the connection broke".to_owned()), UNANSWERED),
            (Fault::Storage("answers 503".to_owned()), UNANSWERED),
            (Fault::Barred(413), FAILED),
            (Fault::Partial(serde_json::Value::Null), FAILED),
        ] {
            let (stumbles, order) = (Stumbles::default(), order());
            let mut waited = Duration::ZERO;
            for _ in 0..most {
                assert_eq!(stumbles.spent(&order), None);
                let begun = Instant::now();
                match stumbles.note(&order, &fault, begun, Some(Instant::now())) {
                    Next::Wait(wait) => waited += wait,
                    Next::Refuse(_) => panic!("too soon"),
                }
            }
            assert!(stumbles.spent(&order).is_some());
            assert!(waited < Duration::from_mins(15), "{waited:?}");
            // The last look fails as well.
            let last = stumbles.note(&order, &fault, Instant::now(), Some(Instant::now()));
            assert!(matches!(last, Next::Refuse(_)));
            stumbles.forget(&order);
            assert_eq!(stumbles.spent(&order), None);
        }
    }

    #[test]
    fn what_is_wrong_on_this_side_is_not_the_order_s_fault() {
        let (stumbles, order) = (Stumbles::default(), order());
        let full = Fault::Local("the disk is full".to_owned());
        for _ in 0..20 {
            let next = stumbles.note(&order, &full, Instant::now(), Some(Instant::now()));
            assert_eq!(next, Next::Wait(Duration::from_mins(1)));
        }
        assert_eq!(stumbles.spent(&order), None);
    }
}
