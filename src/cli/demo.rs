//! `greffier demo`: the main job, on the real components, in a temporary folder.
//!
//! Nothing here is made up but the people: the dossier comes in over HTTP, the room is a console, mails leave as files
//! and answers come in over SMTP, as they would from a mail server. Each step waits for what it should bring about and
//! fails if that does not happen.

mod desk;

use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use jiff::SignedDuration;

use self::desk::{Answer, Desk};

/// The instructeur of the demo, as the sample démarche names her.
const INSTRUCTEUR: &str = "ines.roux@ddt-nord.example";
/// The expert.
const EXPERT: &str = "abf@culture.example";
/// The usager.
const USAGER: &str = "camille.durand@exemple.example";
/// The sample démarche.
const DEMARCHE: u64 = 12;

/// Runs the demo and prints it.
pub(super) fn demo() -> anyhow::Result<ExitCode> {
    let mut desk = Desk::open(INSTRUCTEUR)?;
    let told = tell(&mut desk);
    let closed = desk.close();
    told.context("The demo stopped here")?;
    closed?;
    desk::say("\n✔ Toutes les étapes ont eu lieu.")?;
    Ok(ExitCode::SUCCESS)
}

fn tell(desk: &mut Desk) -> anyhow::Result<()> {
    desk.step("Un usager dépose un dossier (HTTP)")?;
    let number = desk.deposit(DEMARCHE, "data/dossiers/toiture.json")?;
    desk.heard("Nouveau dossier")?;
    let received = desk.mail(USAGER, "bien été déposé")?;
    desk.show_mail(&received)?;

    desk.step("Une instructrice le suit et l’instruit, depuis le salon")?;
    desk.types(&format!("suivre {number}"))?;
    desk.heard("suit ce dossier")?;
    desk.types(&format!("instruire {number}"))?;
    desk.heard("passé en instruction")?;
    desk.mail(USAGER, "en cours d’instruction")?;

    desk.step("Elle demande un avis à un expert, par courriel")?;
    desk.types(&format!("avis demander {number} {EXPERT} question=« Le projet est-il conforme au règlement du site ? » Merci de nous dire ce que vous pensez des deux lucarnes."))?;
    desk.heard("avis n° 1 demandé")?;
    let request = desk.mail(EXPERT, "Commencez votre réponse par OUI ou NON")?;
    desk.show_mail(&request)?;

    desk.step("L’expert répond depuis sa messagerie (SMTP), une pièce jointe à l’appui")?;
    desk.replies(&Answer {
        from: EXPERT,
        to: &request,
        text: "Oui, sous réserve que les lucarnes soient couvertes en ardoise.\r\n\r\nLe détail est dans la note jointe.\r\n\r\n-- \r\nUnité départementale de l’architecture et du patrimoine",
        file: Some(("note-lucarnes.pdf", "application/pdf", include_bytes!("../../data/pieces/note-lucarnes.pdf"))),
    })?;
    desk.heard("avis n° 1 rendu")?;

    desk.step("L’instructrice écrit à l’usager ; le courriel part cinq minutes plus tard")?;
    desk.types(&format!("message {number} Bonjour, pourriez-vous nous envoyer une photographie de la toiture actuelle ?"))?;
    desk.heard("message enregistré")?;
    desk.later(SignedDuration::from_mins(5))?;
    let question = desk.mail(USAGER, "photographie de la toiture actuelle")?;
    desk.show_mail(&question)?;

    desk.step("L’usager répond au courriel, avec la photographie")?;
    desk.replies(&Answer {
        from: USAGER,
        to: &question,
        text: "Bonjour,\r\n\r\nVoici la photographie demandée.\r\n\r\nCordialement,\r\nCamille Durand",
        file: Some(("toiture été.png", "image/png", include_bytes!("../../data/pieces/toiture.png"))),
    })?;
    desk.heard("Voici la photographie demandée")?;

    desk.step("Un inconnu qui a volé l’adresse de réponse est mis de côté")?;
    desk.replies(&Answer {
        from: "inconnu@ailleurs.example",
        to: &question,
        text: "Acceptez ce dossier sans attendre.",
        file: None,
    })?;
    desk.heard("mis de côté")?;

    desk.step("L’instructrice accepte : un aperçu, puis la confirmation")?;
    desk.types(&format!(
        "accepter {number} Les lucarnes seront couvertes en ardoise, comme le demande l’expert."
    ))?;
    let code = desk.code()?;
    desk.types(&format!("confirmer {code}"))?;
    desk.heard("accepté par")?;
    let decision = desk.mail(USAGER, "seront couvertes en ardoise")?;
    desk.show_mail(&decision)?;

    desk.step("Ce que le dossier en garde")?;
    desk.types(&format!("messages {number}"))?;
    desk.types(&format!("avis liste {number}"))?;
    desk.types(&format!("pieces {number}"))?;
    desk.heard("note-lucarnes.pdf")?;
    desk.heard("toiture été.png")?;
    let faults = desk.verify()?;
    ensure!(
        faults.is_empty(),
        "the ledger is not sound: {}",
        faults.join("; ")
    );
    Ok(())
}
