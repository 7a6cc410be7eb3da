//! Lines that a mail program or a relay writes of its own: separators, signatures, footers, banners.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Regex, RegexSet};

use super::line::{Line, plain};
use super::words::Words;

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is well formed")
}

fn patterns(texts: &[&str]) -> RegexSet {
    RegexSet::new(texts).expect("the patterns are well formed")
}

/// What a separator announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Separator {
    /// The message that is answered.
    Original,
    /// A message passed on.
    Forward,
}

static ORIGINAL: LazyLock<RegexSet> = LazyLock::new(|| {
    patterns(&[concat!(
        r"(?i)^[-_=*> ]{2,80}(?:original message|original|reply message|original appointment|message d[’']origine|mail original|e-mail d[’']origine|message original|message initial|",
        r"ursprüngliche (?:nachricht|mail|e-mail)|originalnachricht|original-nachricht|antwort nachricht|weitergeleitete nachricht original|",
        r"oprindelig (?:meddelelse|besked|mail)|original ?meddelelse|opprinnelig melding|ursprungligt meddelande|originalmeddelande|alkuperäinen viesti|",
        r"mensaje original|messaggio originale|mensagem original|oorspronkelijk bericht|origineel bericht|wiadomość oryginalna|oryginalna wiadomość|",
        r"původní zpráva|pôvodná správa|eredeti üzenet|исходное сообщение|пересылаемое сообщение|orijinal mesaj|özgün ileti|mesaj original|",
        r"原始邮件|邮件原件|原始郵件|元のメッセージ|원본 메시지|αρχικό μήνυμα|הודעה מקורית|الرسالة الأصلية)[-_=*<: ]{2,80}$",
    )])
});
static FORWARD: LazyLock<RegexSet> = LazyLock::new(|| {
    patterns(&[
        concat!(
            r"(?i)^[-_=*> ]{2,80}(?:forwarded message|forwarded by [^-]+|forward(?:ed)?|message (?:transféré|réexpédié|transfere)|courriel transféré|",
            r"weitergeleitete nachricht|mensaje reenviado|messaggio inoltrato|mensagem (?:encaminhada|reencaminhada)|doorgestuurd bericht|vidarebefordrat meddelande|",
            r"videresendt (?:meddelelse|besked|melding)|välitetty viesti|wiadomość przekazana|przekazana wiadomość|přeposlaná zpráva|preposlaná správa|továbbított üzenet|",
            r"пересланное сообщение|переслане повідомлення|iletilmiş mesaj|转发的邮件|转发邮件|轉寄郵件|転送メッセージ|전달된 메시지|mesaj redirecționat|προωθημένο μήνυμα)[-_=*< ]{2,80}$",
        ),
        concat!(
            r"(?i)^(?:begin forwarded message|forwarded message|début du message (?:réexpédié|transféré)|anfang der weitergeleiteten (?:nachricht|e-mail)|weitergeleitete nachricht|",
            r"inicio del mensaje reenviado|inizio messaggio inoltrato|início da mensagem (?:reencaminhada|encaminhada)|begin doorgestuurd bericht|vidarebefordrat mejl|",
            r"start på videresendt besked|videresendt (?:melding|besked)|välitetty viesti alkaa|początek przekazywanej wiadomości|začátek přeposílané zprávy|továbbított levél kezdete|начало переадресованного сообщения) ?[:：]$",
        ),
    ])
});

/// What the line announces, where it is a separator.
pub(crate) fn separator(line: &Line) -> Option<Separator> {
    let text = plain(&line.text);
    // Every separator begins with a line drawn or ends with a colon.
    if !text.starts_with(['-', '_', '=', '*', '>']) && !text.ends_with([':', '：']) {
        return None;
    }
    let text = announced(text);
    if FORWARD.is_match(&text) {
        return Some(Separator::Forward);
    }
    ORIGINAL.is_match(&text).then_some(Separator::Original)
}

/// Phones of Samsung leave out the line ends of the copied headers: `-------- Message d’origine --------De : …`.
static RUN_ON: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^(-{5,20} ?\pL[\pL’' -]{5,40} ?-{5,20}) ?\pL{1,12} ?: .*@"));

/// `text` without the headers that run on behind a separator.
fn announced(text: Cow<'_, str>) -> Cow<'_, str> {
    match RUN_ON.captures(&text).and_then(|found| found.get(1)) {
        Some(separator) => Cow::Owned(separator.as_str().to_owned()),
        None => text,
    }
}

static RULE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^(?:[_]{5,120}|[-]{5,120}|[=]{3,120}|[*]{5,120}|[—–]{3,120})$"));

/// A line drawn across, which may belong to what follows it.
pub(crate) fn is_rule(line: &Line) -> bool {
    let text = plain(&line.text);
    text.starts_with(['_', '-', '=', '*', '—', '–']) && RULE.is_match(&text.replace(' ', ""))
}

static MOBILE: LazyLock<Regex> = LazyLock::new(|| {
    let forms = [
        r"sent (?:from|via|with|using) [^\s,;]+",
        r"get outlook for \pL+",
        r"get (?:bluemail|type(?:app|mail)|mail) for",
        r"(?:obtenir|obtenez|télécharger|téléchargez|découvrez) outlook pour",
        r"(?:envoyé|envoyée|provenance|expédié|transmis|message envoyé|ce message a été envoyé|envoi) ?(?::|de mon|de ma|du mien|depuis (?:mon|ma|un|une|l[’']|la|le|proton|outlook|yahoo|orange|gmail|sfr|free)|à partir (?:de|d[’']|du)|par mon|avec (?:la messagerie|l[’']appli|proton|mon|outlook|blackberry|bluemail|tutanota)|via (?:mon|l[’']|la|proton|outlook|bluemail))",
        r"provenance ?: courrier pour windows",
        r"(?:gesendet|geschickt|versendet) (?:von|mit|über|via) [^\s,;]+",
        r"(?:diese (?:nachricht|mail|e-mail) wurde )?(?:von|mit) mein(?:em|er) [^\s,;]+(?: [^\s,;]+){0,6} gesendet",
        r"outlook für \pL+ beziehen",
        r"enviado (?:desde|do|da|pelo|a partir do|con|com) (?:mi|meu|minha|el|o|a|outlook|yahoo|proton|correo)",
        r"(?:inviato|scaricato|ottieni) (?:da|dal|con|outlook)",
        r"(?:verzonden|verstuurd) (?:vanaf|van|met|vanuit|via)",
        r"(?:sendt|skickat|skickades|hent outlook|hämta outlook|lähetetty|wysłane|wysłano|odesláno|odoslané|отправлено|надіслано|poslano|trimis|elküldve) (?:fra|från|med|til|for|för|iphonesta|ipadista|z|ze|s|с|из|з|iz|de pe|iphone|innen)",
        r"(?:发自我的|從我的|我的 ?iPhone|iPhoneから送信|私のiPhone|나의)",
        r"iphone(?:’imden|'imden|umdan|dan) gönderildi",
        r"lähetetty [\pL:]+",
    ];
    pattern(&format!("(?i)^(?:{})", forms.join("|")))
});

static LINK: LazyLock<Regex> = LazyLock::new(|| pattern(r"[<(\[]?https?://\S+"));

static BREVITY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)\. (?:veuillez excuser (?:ma|la) brièveté|please excuse (?:my|the) brevity|bitte entschuldigen sie (?:die|meine) kürze|scusa(?:te)? la brevità|disculpe mi brevedad|desculpe a brevidade)$",
    )
});

/// `Envoyé de mon iPhone` and the like, alone on its line: a known beginning, a few words, perhaps a link.
pub(crate) fn is_mobile_footer(text: &str) -> bool {
    let text = plain(text);
    let text = text.trim_matches(['*', '_', '"', '-', '[', ']', ' ', '.', '!']);
    let Some(rest) = MOBILE.find(text).and_then(|found| text.get(found.end()..)) else {
        return false;
    };
    let rest = LINK.replace(rest, "");
    let rest = BREVITY.replace(&rest, "");
    rest.split_whitespace().count() <= 7
        && !rest.contains([',', ';', '?', '!', ':'])
        && !rest.contains(". ")
}

static LEGAL: LazyLock<RegexSet> = LazyLock::new(|| {
    patterns(&[
        r"(?i)^(?:ce|le présent|cet) (?:message|courriel|mail|e-mail|courrier électronique)(?: \pL+)?(?: et| ainsi que|,| \(|/| peut contenir| est (?:confidentiel|établi|destiné|strictement)| contient des informations (?:confidentielles|privées)| électronique)",
        r"(?i)^les informations (?:contenues|figurant) dans (?:ce|cet|le présent) (?:message|courriel|mail|e-mail)",
        r"(?i)^(?:avis de confidentialité|clause de confidentialité|confidentialité|confidentiality notice|disclaimer|avertissement|mentions? légales?) ?[:.]",
        r"(?i)^(?:this|the information (?:contained )?in this|the contents of this) (?:e-?mail|message|communication|transmission)[^.]*(?:confidential|privileged|intended (?:only|solely)|virus)",
        r"(?i)^(?:si vous n[’']êtes pas (?:le|la|l[’'])|if you are not the intended recipient|if you have received this)",
        r"(?i)^(?:p |🌳 |🍃 )?(?:pensez à (?:l[’']environnement|la planète)|avant d[’']imprimer|n[’']imprimez (?:ce|cet)|afin de préserver l[’']environnement|adoptons l[’']éco|please consider the environment|before printing|think before you print|think green)",
        r"(?i)^(?:diese (?:e-?mail|nachricht) (?:enthält|ist) vertraulich|le informazioni contenute in questo messaggio|este (?:mensaje|correo|mensagem|e-mail)[^.]*confiden)",
        r"(?i)^(?:garanti sans virus|l[’']absence de virus dans ce courrier|aucun virus|virus-free|cet e-mail a été vérifié|this email has been checked for viruses|no virus found)",
    ])
});

static GREEN: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)imprim|environ|print|virus|planète|planet"));
/// Words of such a footer. One alone may be the person's; lawyers use several.
static LAWYERS: LazyLock<RegexSet> = LazyLock::new(|| {
    patterns(&[
        r"(?i)confiden|vertraulich|privileged",
        r"(?i)destinat|intended|recipient|adressat|empfänger",
        r"(?i)erreur|\berror|mistake|irrtüm",
        r"(?i)divulg|disclos|diffusion|copie|copy|distribut|utilisation|\buse\b",
        r"(?i)interdit|prohibit|unauthori|non autoris|strictement",
        r"(?i)supprim|détrui|delete|destroy|cancel",
        r"(?i)responsab|liab|intégrité|integrity|falsifi|altér",
    ])
});

/// Whether `lines` begin with a legal, environmental or antivirus footer and hold nothing else but more of them.
pub(crate) fn is_legal_footer(lines: &[Line]) -> bool {
    let mut paragraphs = lines
        .split(Line::is_blank)
        .filter(|paragraph| !paragraph.is_empty())
        .peekable();
    paragraphs.peek().is_some() && paragraphs.all(is_legal_paragraph)
}

fn is_legal_paragraph(lines: &[Line]) -> bool {
    let text = lines
        .iter()
        .map(|line| plain(&line.text))
        .collect::<Vec<_>>()
        .join(" ");
    let start: String = text
        .trim_matches(['*', '_', '"', ' ', '-'])
        .chars()
        .take(1_500)
        .collect();
    let words = LAWYERS.matches(&start).iter().count();
    let begins = LEGAL.is_match(&start);
    begins && (words >= 2 || GREEN.is_match(&start)) || words >= 4
}

static LIST: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)(?:mailing list|liste de diffusion|mailman/listinfo|to unsubscribe|se désabonner|se désinscrire|you received this message because|vous recevez ce message car|reply to this email directly or view it)",
    )
});

/// What a mailing list or a notification adds below.
pub(crate) fn is_list_footer(text: &str) -> bool {
    LIST.is_match(&plain(text))
}

static BANNER: LazyLock<RegexSet> = LazyLock::new(|| {
    patterns(&[
        r"(?i)^[\[(*⚠️! ]{0,6}(?:externe|external(?: email| sender)?|mail externe|courriel externe|expéditeur externe|message externe|attention ?: ?(?:mail|message|courriel|e-mail) externe)[\])*! ]{0,4}$",
        r"(?i)^[\[(*⚠️! ]{0,6}(?:attention|caution|avertissement|warning|prudence|important|externe|external)?[\])*!:, -]{0,4}(?:ce (?:message|mail|courriel|e-mail) (?:provient|vient|a été envoyé|émane) (?:de l[’']|d[’']un[e]? )ext|cet (?:e-?mail|expéditeur) (?:provient|est|vient)|this (?:e-?mail|message) (?:originated|came|was sent|is) (?:from )?(?:outside|an external))",
        r"(?i)^(?:ne cliquez (?:pas )?sur|n[’']ouvrez pas|do not click)[^.]*(?:pièces? jointes?|liens?|links?|attachments?)",
        r"(?i)^[\[(]?(?:vous (?:n[’']obtenez|ne recevez) pas souvent d[’']e-mails|you don[’']t often get email|découvrez pourquoi|learn why this is important)",
        r"(?i)^(?:--- ?|#+ ?|=+ ?)?(?:merci d[’'])?(?:répond(?:re|ez)|reply|écrivez)(?: votre réponse)? (?:au-dessus|au dessus|above) (?:de )?(?:cette|this) (?:ligne|line)",
    ])
});

/// What a relay writes above people's text, or the line of ours above which they are asked to answer.
pub(crate) fn is_banner(text: &str) -> bool {
    BANNER.is_match(plain(text).trim_matches(['*', '_', ' ', '-', '#', '=']))
}

static DELIMITER: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^(?:--|—|––|_{2,3}|—{3,40}|–{3,40})$"));

/// The line above a signature (RFC 3676 §4.3), as people's programs write it.
pub(crate) fn is_signature_delimiter(text: &str) -> bool {
    let text = plain(text);
    text.starts_with(['-', '—', '–', '_']) && DELIMITER.is_match(&text)
}

static CONTACT: LazyLock<Words> = LazyLock::new(|| {
    Words::new(
        r"(?i)\+?\d[\d .()/-]{7,20}\d|[^\s@]+@[^\s@]+\.\pL+|https?://|www\.|\b(?:tél|tel|mob|fax|port)\b ?[.:]|\bmobile\b",
    )
});

/// Whether a legal, environmental or antivirus footer begins on the line.
pub(crate) fn begins_legal(text: &str) -> bool {
    LEGAL.is_match(plain(text).trim_matches(['*', '_', '"', ' ', '-']))
}

/// Whether the line is a sentence, rather than a name, a service or an address.
pub(crate) fn is_sentence(text: &str) -> bool {
    let text = plain(text);
    text.ends_with(['.', '?', '!']) && text.split(' ').count() >= 5 && !CONTACT.is_match(&text)
}

/// How sure the line above a supposed signature makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ground {
    /// `-- ` to the letter.
    Standard,
    /// `--`.
    Usual,
    /// Some line drawn across.
    Line,
}

/// Whether the lines could stand under a delimiter: few, short, none a sentence in a paragraph.
pub(crate) fn looks_like_signature(lines: &[Line], ground: Ground) -> bool {
    let said: Vec<_> = lines
        .iter()
        .map(|line| plain(&line.text))
        .filter(|text| !text.is_empty())
        .collect();
    let body: Vec<_> = said
        .iter()
        .take_while(|text| !LEGAL.is_match(text))
        .collect();
    let short = body
        .iter()
        .filter(|text| text.chars().count() <= 72)
        .count();
    let contact = body
        .iter()
        .any(|text| CONTACT.is_match(text) || is_mobile_footer(text));
    let sentences = body
        .iter()
        .filter(|text| {
            text.split(' ').count() > 8
                && (text.ends_with(['.', '?', '!', ';']) || text.chars().count() > 90)
        })
        .count();
    match ground {
        Ground::Standard => body.len() <= 14 && sentences <= 1 && short + 2 >= body.len(),
        Ground::Usual => body.len() <= 10 && sentences == 0 && short + 1 >= body.len(),
        Ground::Line => {
            body.len() <= 8 && short == body.len() && (contact || body.len() <= 4) && sentences == 0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn footers_of_phones_are_known() {
        for text in [
            "Envoyé de mon iPhone",
            "Envoyé depuis mon appareil Galaxy",
            "Obtenir Outlook pour iOS<https://aka.ms/o0ukef>",
            "Télécharger Outlook pour Android",
            "Envoyé avec la messagerie sécurisée Proton Mail.",
            "Sent from my BlackBerry",
            "Von meinem iPhone gesendet",
            "Envoyé à partir de Outlook pour iOS<https://aka.ms/x>",
        ] {
            assert!(is_mobile_footer(text), "{text}");
        }
    }

    #[test]
    fn sentences_of_people_are_no_footers() {
        for text in [
            "Sent from my desk, is much easier then my mobile phone.",
            "Envoyé par courrier hier.",
            "Envoyé le 3 juin à la mairie",
            "The notification was sent from my iPhone app to all users.",
            "Ce message est clair.",
            "Ce message vous convient-il ?",
        ] {
            assert!(!is_mobile_footer(text), "{text}");
        }
    }

    #[test]
    fn separators_say_what_they_announce() {
        let of = |text: &str| {
            separator(&Line {
                text: text.to_owned(),
                ..Line::default()
            })
        };
        assert_eq!(of("-----Message d'origine-----"), Some(Separator::Original));
        assert_eq!(of("----- Mail original -----"), Some(Separator::Original));
        assert_eq!(
            of("---------- Message transféré ---------"),
            Some(Separator::Forward)
        );
        assert_eq!(of("Début du message transféré :"), Some(Separator::Forward));
        assert_eq!(of("------- Enter Feedback Below -------"), None);
        assert_eq!(of("Message original"), None);
    }
}
