//! What Greffier says, worded from `templates/`.

mod answer;

pub use answer::{Answer, DemarcheRow, DossierRow, Held, MailRow, TOPICS};
