//! The copied headers above a quotation: `De : … Envoyé : … À : … Objet : …`, in many languages.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::Regex;

use super::line::{Line, plain};

/// What a label stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Label {
    From,
    /// `Envoyé :`, `Sent:`. Nobody writes this of their own about a journey or a meeting.
    Sent,
    Date,
    To,
    Copy,
    Subject,
}

/// Labels in lower case, by what they stand for.
const LABELS: &[(Label, &[&str])] = &[
    (
        Label::From,
        &[
            "de",
            "from",
            "von",
            "da",
            "van",
            "od",
            "fra",
            "från",
            "feladó",
            "lähettäjä",
            "от",
            "від",
            "kimden",
            "发件人",
            "發件人",
            "寄件者",
            "差出人",
            "보낸 사람",
            "expéditeur",
            "expediteur",
            "mittente",
            "remitente",
            "remetente",
            "absender",
            "avsändare",
            "nadawca",
            "odesílatel",
            "odosielateľ",
            "de la",
            "από",
            "מאת",
            "من",
            "отправитель",
            "sender",
            "afzender",
            "lähettänyt",
            "от кого",
        ],
    ),
    (
        Label::Sent,
        &[
            "envoyé",
            "envoye",
            "envoyé le",
            "sent",
            "gesendet",
            "inviato",
            "verzonden",
            "sendt",
            "skickat",
            "enviado",
            "enviada",
            "enviada em",
            "enviado el",
            "enviado em",
            "wysłano",
            "odesláno",
            "odoslané",
            "elküldve",
            "lähetetty",
            "отправлено",
            "надіслано",
            "gönderildi",
            "gönderme tarihi",
            "发送时间",
            "發送時間",
            "寄件日期",
            "送信日時",
            "보낸 날짜",
            "trimis",
            "message du",
            "reçu",
            "sent on",
            "date d'envoi",
            "inviato il",
        ],
    ),
    (
        Label::Date,
        &[
            "date",
            "datum",
            "data",
            "dato",
            "fecha",
            "dátum",
            "päivämäärä",
            "päiväys",
            "дата",
            "tarih",
            "日期",
            "日付",
            "日時",
            "날짜",
            "ημερομηνία",
            "תאריך",
            "تاريخ",
            "send date",
            "hora",
        ],
    ),
    (
        Label::To,
        &[
            "à",
            "a",
            "to",
            "an",
            "aan",
            "do",
            "para",
            "til",
            "till",
            "címzett",
            "vastaanottaja",
            "кому",
            "kime",
            "komu",
            "收件人",
            "宛先",
            "받는 사람",
            "pour",
            "destinataire",
            "destinatario",
            "destinatário",
            "către",
            "catre",
            "προς",
            "אל",
            "إلى",
            "adresat",
            "per",
            "empfänger",
        ],
    ),
    (
        Label::Copy,
        &[
            "cc",
            "copie",
            "copie à",
            "copie a",
            "kopie",
            "kopia",
            "kopi",
            "kópia",
            "kopio",
            "копия",
            "копія",
            "cópia",
            "copia",
            "másolatot kap",
            "bilgi",
            "dw",
            "抄送",
            "副本",
            "참조",
            "bcc",
            "cci",
            "kopie (cc)",
            "reply-to",
            "reply to",
            "répondre à",
            "antwort an",
            "cc:",
            "másolat",
            "responder a",
            "rispondi a",
        ],
    ),
    (
        Label::Subject,
        &[
            "objet",
            "sujet",
            "subject",
            "betreff",
            "oggetto",
            "onderwerp",
            "temat",
            "emne",
            "ämne",
            "asunto",
            "assunto",
            "tárgy",
            "aihe",
            "тема",
            "konu",
            "předmět",
            "predmet",
            "主题",
            "主題",
            "主旨",
            "件名",
            "제목",
            "subiect",
            "θέμα",
            "נושא",
            "موضوع",
            "re",
            "subjekt",
            "titre",
            "onderw.",
            "importance",
            "importância",
        ],
    ),
];

static LABEL: LazyLock<HashMap<&'static str, Label>> = LazyLock::new(|| {
    LABELS
        .iter()
        .flat_map(|(label, words)| words.iter().map(|word| (*word, *label)))
        .collect()
});

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is well formed")
}

static ADDRESS: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"[^\s@<>\[\]]+@[^\s@<>\[\]]+\.\pL|mailto:|\[\S+/\S+\]"));
static TIME: LazyLock<Regex> = LazyLock::new(|| pattern(r"\d{1,2} ?[:.hH] ?\d\d"));

/// Most lines of one block: long lists of recipients wrap.
const LONGEST: usize = 40;

/// Longest label, in octets.
const LONGEST_LABEL: usize = 60;

/// The label of a line and its value, where it has one that is known.
fn label(line: &Line) -> Option<(Label, String)> {
    let text = plain(&line.text);
    let (word, value) = text.split_once([':', '：'])?;
    if word.len() > LONGEST_LABEL {
        return None;
    }
    let word = word.trim_matches(['>', '|', '*', '_', ' ']).to_lowercase();
    let label = LABEL.get(word.as_str())?;
    let value = value.trim_matches(['*', '_', ' ']).to_owned();
    Some((*label, value))
}

/// How many lines the block of copied headers that starts on line `at` takes. `announced` blocks follow a line that
/// leaves no doubt (`-----Message d’origine-----`), and need less to be believed.
pub(crate) fn header_block(lines: &[Line], at: usize, announced: bool) -> Option<usize> {
    let depth = lines.get(at)?.depth;
    let (first, _) = label(lines.get(at)?)?;
    let mut seen: Vec<Label> = Vec::new();
    let (mut addressed, mut timed, mut end, mut blanks) = (false, false, at, 0);
    for (index, line) in lines.iter().enumerate().skip(at).take(LONGEST) {
        if line.depth != depth {
            break;
        }
        if line.is_blank() {
            blanks += 1;
            if blanks > 2 {
                break;
            }
            continue;
        }
        match label(line) {
            Some((kind, value)) if blanks == 0 || !seen.contains(&kind) => {
                addressed |= kind != Label::Subject && ADDRESS.is_match(&value);
                timed |= matches!(kind, Label::Date | Label::Sent) && TIME.is_match(&value);
                seen.push(kind);
            }
            // A recipient or a subject on a line of its own, within the block.
            None if blanks == 0 && continues(lines, index) => {
                addressed |= ADDRESS.is_match(&line.text);
            }
            _ => break,
        }
        end = index + 1;
        blanks = 0;
    }
    let has = |kind: Label| seen.contains(&kind);
    let sent = has(Label::Sent);
    let kinds = [
        Label::From,
        Label::Sent,
        Label::Date,
        Label::To,
        Label::Copy,
        Label::Subject,
    ];
    let kinds = kinds.into_iter().filter(|kind| has(*kind)).count();
    let pair = kinds >= 2 && (has(Label::From) || sent || has(Label::Date))
        || kinds >= 3 && has(Label::To);
    let marked = lines.get(at).is_some_and(|line| line.origin.is_quoted());
    let timed = timed && has(Label::From) && (sent || (has(Label::Subject) && kinds >= 4));
    let evident = kinds >= 2 && (addressed || timed) || kinds >= 3 && sent && has(Label::From);
    let opens = matches!(
        first,
        Label::From | Label::Sent | Label::Date | Label::To | Label::Subject
    );
    (opens && pair && (evident || announced || marked)).then_some(end - at)
}

/// Whether the line at `index`, which has no label, is wrapped from the one above: a labelled line follows soon.
fn continues(lines: &[Line], index: usize) -> bool {
    lines
        .iter()
        .skip(index + 1)
        .take(3)
        .take_while(|line| !line.is_blank())
        .any(|line| label(line).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::reply::line::lines_of;

    #[test]
    fn the_block_of_outlook_is_found() {
        let text = "De : Ines <i@ddt.example>\nEnvoyé : lundi 3 juin 2024 10:12\nÀ : Paul\nObjet : RE: dossier\n\nBonjour";
        assert_eq!(header_block(&lines_of(text), 0, false), Some(4));
    }

    #[test]
    fn a_travel_claim_is_not() {
        for text in [
            "De : Paris\nÀ : Lyon\nDate : 3 juin",
            "Objet : visite\nDate : 3 juin 2024\nLieu : mairie",
            "Date : 3 juin 2024 à 10:12\nÀ : la mairie\nObjet : visite",
            "De : Paris\nÀ : Lyon\nDate : 3 juin 2024 à 10:12",
            "Date : 3 juin 2024 à 10:12\nAdresse : 1 rue du Port",
        ] {
            assert_eq!(header_block(&lines_of(text), 0, false), None, "{text}");
        }
    }
}
