//! An avis that came by mail is put where the usager reads it only where the démarche wants it, the expert was told so, and he is
//! proven to have written it.

use greffier::domain::DemarcheId;
use greffier::message::platform::{Act, Order};
use greffier::message::{Body, Heard, MailOut, Verdict};
use greffier::mirror::Settings;

use super::middle::{INES, Middle, filed};
use crate::conversation::letter::{Letter, Proof};

const EXPERT: &str = "abf@culture.example";
/// What the expert is told.
const KEPT: &str = "il n’est pas transmis à l’usager";
const PASSED_ON: &str = "il pourra être transmis à l’usager, pièces jointes comprises";

struct Asked {
    middle: Middle,
    mail: MailOut,
    address: String,
}

/// A démarche that has avis written into an annotation, and published or not.
fn settings(published: bool) -> Settings {
    Settings {
        avis_message: published,
        avis_annotation: Some("Avis reçus".to_owned()),
        ..Settings::of(DemarcheId(12))
    }
}

fn asked(published: bool, line: &str) -> Asked {
    let mut middle = Middle::new(settings(published), &["dossierEnvoyerMessage"]);
    middle.wait(1);
    middle.shown = filed(4807, middle.desk.now);
    middle.look();
    let asked = middle.line(INES, line);
    assert_eq!(asked.verdict, Verdict::Done, "{asked:?}");
    let mail = middle.mails(&mut Vec::new()).pop().unwrap();
    let address = format!("{}@greffier.example", mail.reply_to.clone().unwrap());
    Asked {
        middle,
        mail,
        address,
    }
}

impl Asked {
    /// The expert answers. What the platform is asked, and what the room is told.
    fn answered(&mut self, proof: Proof, id: u32, text: &str) -> (Vec<Order>, String) {
        let lines = [text.to_owned()];
        let letter = Letter {
            from: EXPERT,
            to: &self.address,
            proof,
            answers: None,
            lines: &lines,
            id,
            at: self.middle.desk.now,
        };
        let mail = letter.taken(&*self.middle.desk.app.shelf);
        let receipt = self.middle.desk.hear(None, Heard::Mail(mail));
        assert_eq!(receipt.verdict, Verdict::Done, "{receipt:?}");
        let (mut orders, mut told) = (Vec::new(), String::new());
        for said in self.middle.desk.pump(&[].into()) {
            match said.row.queued.outgoing.body {
                Body::Platform(order) => orders.push(*order),
                Body::Post(post) => told.push_str(&post.text),
                _ => {}
            }
        }
        (orders, told)
    }
}

/// The messages that `orders` put into the messagerie.
fn messages(orders: &[Order]) -> Vec<&str> {
    let acts = orders.iter().flat_map(|order| &order.acts);
    acts.filter_map(|act| match act {
        Act::EnvoyerMessage { body, .. } => Some(body.as_str()),
        _ => None,
    })
    .collect()
}

fn annotated(orders: &[Order]) -> Vec<String> {
    let acts = orders.iter().flat_map(|order| &order.acts);
    acts.filter_map(|act| match act {
        Act::ModifierAnnotation { value, .. } => Some(value.to_string()),
        _ => None,
    })
    .collect()
}

#[test]
fn an_avis_that_the_expert_knows_to_be_passed_on_is() {
    let mut asked = asked(true, &format!("avis demander 4807 {EXPERT} Conforme ?"));
    assert!(asked.mail.text.contains(PASSED_ON), "{}", asked.mail.text);
    let (orders, told) = asked.answered(Proof::Signed, 1, "Oui, tout à fait.");
    assert_eq!(messages(&orders).len(), 1, "{orders:?}");
    assert!(messages(&orders)[0].contains("Oui, tout à fait."));
    assert!(
        told.contains("déposé dans la messagerie de la plateforme"),
        "{told}"
    );
    // What he adds is added, and what he said first is not said again.
    let (orders, _) = asked.answered(Proof::Signed, 2, "J’ajoute une réserve.");
    assert_eq!(messages(&orders).len(), 1, "{orders:?}");
    assert!(messages(&orders)[0].contains("une réserve"));
    assert!(!messages(&orders)[0].contains("tout à fait"));
}

#[test]
fn what_nobody_proves_to_be_the_expert_s_is_not_published() {
    let mut asked = asked(true, &format!("avis demander 4807 {EXPERT} Conforme ?"));
    let (orders, told) = asked.answered(Proof::None, 1, "Oui, tout à fait.");
    assert!(messages(&orders).is_empty(), "{orders:?}");
    assert!(
        told.contains("L’avis n’est donc pas transmis à l’usager"),
        "{told}"
    );
    // The instructeurs have it, with the doubt.
    let [note] = &annotated(&orders)[..] else {
        panic!("{orders:?}")
    };
    assert!(note.contains("n’a pas pu être authentifié"), "{note}");
    // What is proven is published, without what was not.
    let (orders, _) = asked.answered(Proof::Signed, 2, "Je confirme.");
    assert_eq!(messages(&orders).len(), 1, "{orders:?}");
    assert!(!messages(&orders)[0].contains("tout à fait"));
}

#[test]
fn nothing_is_published_that_the_expert_was_told_is_kept() {
    let plain = format!("avis demander 4807 {EXPERT} Conforme ?");
    let confidential = format!("avis demander 4807 {EXPERT} confidentiel=oui Conforme ?");
    for (published, line) in [(false, &plain), (true, &confidential)] {
        let mut asked = asked(published, line);
        assert!(asked.mail.text.contains(KEPT), "{}", asked.mail.text);
        // The démarche changes its mind too late.
        let settings = settings(true);
        let app = &mut asked.middle.desk.app;
        app.mirrored = std::sync::Arc::new([(settings.number, settings)].into());
        asked.middle.learn();
        let (orders, told) = asked.answered(Proof::Signed, 1, "Oui, tout à fait.");
        assert_eq!(annotated(&orders).len(), 1, "{orders:?}");
        assert!(messages(&orders).is_empty(), "{orders:?}");
        assert!(!told.contains("messagerie"), "{told}");
    }
}
