//! What is taken out of a mail before it is filed, for a virus scanner: it may not open everything that we do.

use super::{Files, Limits, Own, raw, understand};

/// The mail signed within `raw`, where there is one, and the files that [`understand`] may take out of it.
pub fn contained(raw: &[u8]) -> Vec<Vec<u8>> {
    let mut notes = Vec::new();
    let bounded = raw::bounded(raw, &mut notes);
    let unsealed = raw::unsealed(&bounded, &mut notes);
    // Whatever a deployment may take, and whatever the size that it allows.
    let own = Own {
        inbound_limits: Limits {
            attachment_bytes: u64::MAX,
            total_bytes: u64::MAX,
            ..Limits::default()
        },
        files: Files {
            endings: vec!["*".to_owned()],
            encrypted: true,
        },
        ..Own::default()
    };
    let files = understand(&unsealed, &own).attachments.into_iter();
    let mut contained: Vec<Vec<u8>> = files
        .map(|file| file.content)
        .filter(|content| !content.is_empty())
        .collect();
    if *unsealed != *raw {
        contained.insert(0, unsealed.into_owned());
    }
    contained
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64;

    use super::contained;
    use crate::mail::smime::samples::chunked;
    use crate::mail::tnef::samples::Tnef;

    const SECRET: &[u8] = b"Un texte que personne ne voit de l'exterieur.";

    fn mail(kind: &str, content: &[u8]) -> Vec<u8> {
        let content = BASE64.encode(content);
        format!(
            "From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: {kind}\r\n\
             Content-Transfer-Encoding: base64\r\n\r\n{content}\r\n"
        )
        .into_bytes()
    }

    fn shows(mail: &[u8]) -> bool {
        let inside = |octets: &Vec<u8>| octets.windows(SECRET.len()).any(|found| found == SECRET);
        contained(mail).iter().any(inside)
    }

    #[test]
    fn what_is_signed_or_wrapped_is_shown_as_it_will_be_filed() {
        let inner = [b"Content-Type: text/plain\r\n\r\n", SECRET].concat();
        assert!(shows(&mail(
            "application/pkcs7-mime; name=smime.p7m",
            &chunked(&inner, 7)
        )));
        let winmail = Tnef::new().file("note.txt", SECRET, &[]).done();
        assert!(shows(&mail(
            "application/ms-tnef; name=winmail.dat",
            &winmail
        )));
    }

    #[test]
    fn a_plain_mail_holds_nothing_else() {
        assert!(contained(b"From: a@b.example\r\n\r\nBonjour\r\n").is_empty());
        assert!(contained(b"").is_empty());
    }
}
