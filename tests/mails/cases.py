"""What people wrote in the mails of tests/mails/clients, and what is to be found in each."""

import write as w
from write import Answer

SHORT = "Oui."
LONG = """Bonjour,

Avis favorable, sous réserve que les lucarnes soient couvertes en ardoise naturelle et que les gouttières restent en zinc.

1. la pente existante (45°) est conservée ;
2. les jouées sont en bois peint.

Cordialement,"""
NO = """Bonjour Madame,

Non, car la hauteur à l’égout dépasse de 80 cm celle de l’immeuble voisin.

Bien à vous"""
SIG = """Paul Durand
Architecte des bâtiments de France
UDAP du Nord – 03 20 00 00 00"""
LEGAL = """Ce message et toutes les pièces jointes sont confidentiels et établis à l’intention exclusive de leurs destinataires. Si vous avez reçu ce message par erreur, merci de le détruire et d’en avertir l’expéditeur."""
BETWEEN = "Oui, le projet est conforme au règlement, article 4.2."
UNDER = """Favorable.

Les lucarnes ne posent pas de difficulté."""
ARROW = """Bonjour,

De : Paris
À : Lyon
Date : 3 juin 2026

-> le train de 8 h
> tarif réduit

Merci."""
WROTE = """Le 3 juin, M. Durand m’a écrit : « le mur est à refaire ».

Je suis du même avis que lui."""
DASHES = """Voici le relevé :

Lot | Surface
--- | ---
A | 120 m²
B | 80 m²

-- à vérifier sur place --

La suite demain."""

QP, B64, RAW = "quoted-printable", "base64", "8bit"
LATIN, WINDOWS = "iso-8859-1", "windows-1252"
FLOWED = "; format=flowed"


def tops(client, top=SHORT, **more):
    return client(Answer(top), **more)


def put(name, made, expected, *, agent="", **more):
    w.write(name, made, expected, agent=agent, **more)


def gmail():
    put("gmail-web-oui", w.gmail(Answer(SHORT)), SHORT, encoding=B64)
    put("gmail-web-signed", w.gmail(Answer(LONG, SIG)), LONG)
    put("gmail-web-legal", w.gmail(Answer(NO, SIG + "\n\n" + LEGAL)), NO)
    put("gmail-web-between", w.gmail(Answer("Bonjour, voir ma réponse dans le texte.", between=BETWEEN)), between("Bonjour, voir ma réponse dans le texte.", BETWEEN))
    put("gmail-web-between-only", w.gmail(Answer(between=BETWEEN)), BETWEEN)
    put("gmail-web-under", w.gmail(Answer(under=UNDER)), UNDER)
    put("gmail-web-above-and-under", w.gmail(Answer("Bonjour,", under=UNDER)), f"Bonjour,\n\n{UNDER}")
    put("gmail-web-html-only", (None, w.gmail(Answer(LONG))[1]), LONG)
    put("gmail-web-arrow", w.gmail(Answer(ARROW)), ARROW)
    put("gmail-android-oui", w.gmail(Answer("Oui, avis favorable"), "android", auto=True), "Oui, avis favorable")
    put("gmail-android-long", w.gmail(Answer(NO), "android", auto=True), NO)
    put("gmail-ios-non", w.gmail_ios(Answer("Non")), "Non")
    put("gmail-ios-long", w.gmail_ios(Answer(LONG)), LONG)
    said = {
        "en": "Yes, I have no objection.\n\nBest regards,\nPaul",
        "de": "Ja, ich bin einverstanden.\n\nMit freundlichen Grüßen\nPaul Durand",
        "es": "Sí, informe favorable.\n\nUn saludo,",
        "it": "Sì, parere favorevole.\n\nCordiali saluti",
        "nl": "Ja, akkoord.\n\nMet vriendelijke groet,",
        "pt": "Sim, parecer favorável.\n\nCumprimentos,",
        "ar": "نعم، أوافق على المشروع.\n\nمع التحية",
    }
    for language, text in said.items():
        put(f"gmail-web-{language}", w.gmail(Answer(text), language), text, encoding=B64 if language == "ar" else QP)


def between(top, text):
    """An answer in the quotation is shown with what it answers."""
    return f"{top}\n\n…\n\n{text}"


def outlook():
    agent = "X-Mailer: Microsoft Outlook 16.0"
    put("outlook-desktop-oui", w.outlook_desktop(Answer(SHORT)), SHORT, agent=agent, charset=LATIN)
    put("outlook-desktop-signed", w.outlook_desktop(Answer(LONG, SIG)), LONG, agent=agent, charset=WINDOWS)
    put("outlook-desktop-legal", w.outlook_desktop(Answer(NO + "\n\n" + SIG + "\n\n" + LEGAL), bookmarked=False), NO + "\n\n" + SIG, agent=agent)
    put("outlook-desktop-wrote", w.outlook_desktop(Answer(WROTE)), WROTE, agent=agent, charset=WINDOWS)
    put("outlook-2010-oui", w.outlook_desktop(Answer("Avis favorable."), rule="B5C4DF"), "Avis favorable.", agent="X-Mailer: Microsoft Office Outlook 12.0", charset=LATIN)
    put("outlook-2010-long", w.outlook_desktop(Answer(LONG), rule="B5C4DF"), LONG, agent="X-Mailer: Microsoft Office Outlook 12.0", charset=WINDOWS)
    put("outlook-text-oui", w.outlook_text(Answer("OUI")), "OUI", charset=LATIN, encoding=RAW)
    put("outlook-text-legal", w.outlook_text(Answer(NO + "\n\n" + LEGAL)), NO, charset=WINDOWS)
    put("outlook-text-table", w.outlook_text(Answer(DASHES)), DASHES, charset=LATIN)
    for language, text in {"en": "No objection from our side.", "de": "Kein Einwand unsererseits.\n\nViele Grüße", "es": "No tenemos objeción.", "it": "Nessuna obiezione.", "nl": "Geen bezwaar.", "pt": "Sem objeções.", "ar": "لا اعتراض لدينا."}.items():
        put(f"outlook-desktop-{language}", w.outlook_desktop(Answer(text), language), text, charset="utf-8" if language == "ar" else WINDOWS)
    put("outlook-desktop-banner", banner(w.outlook_desktop(Answer(SHORT))), SHORT)
    put("outlook-web-oui", w.outlook_web(Answer(SHORT)), SHORT, charset=LATIN)
    put("outlook-web-signed", w.outlook_web(Answer(LONG, SIG)), LONG, charset=LATIN)
    put("outlook-web-text", (w.outlook_web(Answer(NO))[0], None), NO, charset=WINDOWS)
    put("outlook-web-en", w.outlook_web(Answer("Yes.\n\nRegards,"), "en"), "Yes.\n\nRegards,")
    put("outlook-new-oui", w.outlook_web(Answer(SHORT), container=True), SHORT)
    put("outlook-new-signed", w.outlook_web(Answer(LONG, SIG + "\n\n" + LEGAL), container=True), LONG)
    put("outlook-ios-oui", w.outlook_mobile(Answer(SHORT)), SHORT, charset=WINDOWS)
    put("outlook-ios-long", w.outlook_mobile(Answer(LONG)), LONG, charset=LATIN)
    put("outlook-ios-inside", w.outlook_mobile(Answer(NO), inside=True), NO)
    put("outlook-android-oui", w.outlook_mobile(Answer(SHORT), "Android"), SHORT)
    put("outlook-android-signed", w.outlook_mobile(Answer(NO, SIG), "Android"), NO)
    put("outlook-android-inside", w.outlook_mobile(Answer("Avis favorable."), "Android", inside=True), "Avis favorable.")
    put("outlook-ios-inside-html-only", (None, w.outlook_mobile(Answer(NO), inside=True)[1]), NO)
    put("outlook-ios-above-and-inside", (None, w.outlook_mobile(Answer(NO), inside=True)[1].replace('<div dir="auto"><br></div>', '<div dir="auto">Bonjour, suite à votre demande :</div>', 1)), "Bonjour, suite à votre demande :\n\n" + NO)
    put("outlook-web-in-signature", (None, w.outlook_web(Answer("Bonjour,", NO.removeprefix("Bonjour Madame,\n\n")))[1]), "Bonjour,\n\n" + NO.removeprefix("Bonjour Madame,\n\n"))
    put("outlook-web-under", w.outlook_web(Answer("", under=UNDER)), UNDER)
    put("outlook-desktop-under", w.outlook_desktop(Answer("", under=UNDER)), UNDER)
    put("outlook-mac-oui", w.outlook_mac(Answer(SHORT)), SHORT)
    put("outlook-mac-long", w.outlook_mac(Answer(LONG)), LONG, encoding=B64)
    put("windows-mail-oui", w.windows_mail(Answer(SHORT)), SHORT)
    put("windows-mail-long", w.windows_mail(Answer(NO)), NO, charset=WINDOWS)


def banner(made):
    plain, page = made
    text = "[EXTERNE] Ce message provient de l’extérieur de l’organisation. Ne cliquez pas sur les liens si vous ne connaissez pas l’expéditeur."
    box = f'<table border="1" cellpadding="4"><tr><td style="background:#FFEB9C"><b>{text}</b></td></tr></table>'
    return f"{text}\n\n{plain}", page.replace('<div class="WordSection1">', f'<div class="WordSection1">{box}', 1)


def apple():
    agent = "X-Mailer: Apple Mail (2.3826.500.181.1.5)"
    put("apple-mail-oui", w.apple(Answer(SHORT)), SHORT, agent=agent)
    put("apple-mail-signed", w.apple(Answer(LONG, SIG)), LONG, agent=agent)
    put("apple-mail-between", w.apple(Answer("Bonjour,", between=BETWEEN)), between("Bonjour,", BETWEEN), agent=agent)
    put("apple-mail-under", w.apple(Answer(under=UNDER)), UNDER, agent=agent)
    put("apple-mail-text", (w.apple(Answer(LONG))[0], None), LONG, agent=agent)
    put("apple-mail-de", w.apple(Answer("Ja."), "de"), "Ja.", agent=agent)
    put("apple-mail-it", w.apple(Answer("No, la gronda è troppo alta."), "it"), "No, la gronda è troppo alta.", agent=agent)
    agent = "X-Mailer: iPhone Mail (22F76)"
    put("iphone-oui", w.iphone(Answer(SHORT)), SHORT, agent=agent)
    put("iphone-long", w.iphone(Answer(NO)), NO, agent=agent)
    put("iphone-under", w.iphone(Answer("", under=UNDER)), UNDER, agent=agent)
    put("iphone-text", (w.iphone(Answer("Avis favorable"))[0], None), "Avis favorable", agent=agent)
    put("ipad-oui", w.iphone(Answer("Oui sans réserve"), "iPad"), "Oui sans réserve", agent="X-Mailer: iPad Mail (22F76)")
    put("ipad-long", w.iphone(Answer(LONG), "iPad"), LONG, agent="X-Mailer: iPad Mail (22F76)")


def thunderbird():
    agent = "User-Agent: Mozilla Thunderbird"
    put("thunderbird-flowed-oui", w.thunderbird(Answer(SHORT)), SHORT, agent=agent, more=FLOWED)
    put("thunderbird-flowed-signed", w.thunderbird(Answer(LONG, SIG), sig_last=True), LONG, agent=agent, more=FLOWED, charset=LATIN, encoding=RAW)
    put("thunderbird-flowed-between", w.thunderbird(Answer("Bonjour,", between=BETWEEN)), between("Bonjour,", BETWEEN), agent=agent, more=FLOWED)
    put("thunderbird-flowed-under", w.thunderbird(Answer(under=UNDER, sig=SIG), sig_last=True), UNDER, agent=agent, more=FLOWED)
    put("thunderbird-delsp", w.thunderbird(Answer(LONG), delsp=True), LONG, agent=agent, more=FLOWED + "; delsp=yes")
    put("thunderbird-html-oui", w.thunderbird_html(Answer(SHORT)), SHORT, agent=agent)
    put("thunderbird-html-signed", w.thunderbird_html(Answer(LONG, SIG)), LONG, agent=agent)
    put("thunderbird-html-between", w.thunderbird_html(Answer("Bonjour,", between=BETWEEN)), between("Bonjour,", BETWEEN), agent=agent)
    put("thunderbird-html-under", w.thunderbird_html(Answer(under=UNDER, sig=SIG)), UNDER, agent=agent)
    put("thunderbird-flowed-arrow", w.thunderbird(Answer(ARROW)), ARROW, agent=agent, more=FLOWED)
    for language, text in {"en": "Yes, approved.", "de": "Nein, das Dach ist zu hoch.", "nl": "Akkoord.", "pt": "Sim."}.items():
        put(f"thunderbird-{language}", w.thunderbird(Answer(text), language), text, agent=agent, more=FLOWED)
    put("courrielleur-oui", w.courrielleur(Answer(SHORT)), SHORT, agent="User-Agent: Courrielleur")
    put("courrielleur-signed", w.courrielleur(Answer(LONG, SIG)), LONG, agent="User-Agent: Courrielleur", charset=LATIN)
    put("courrielleur-text", w.thunderbird(Answer(NO), "courrielleur"), NO, agent="User-Agent: Courrielleur", more=FLOWED)


def zimbra():
    agent = "X-Mailer: Zimbra 8.8.15_GA_4717 (ZimbraWebClient - GC125 (Win)/8.8.15_GA_4717)"
    put("zimbra-oui", w.zimbra(Answer(SHORT)), SHORT, agent=agent)
    put("zimbra-signed", w.zimbra(Answer(LONG, SIG)), LONG, agent=agent)
    put("zimbra-text-oui", w.zimbra_text(Answer("Avis défavorable.")), "Avis défavorable.", agent=agent)
    put("zimbra-text-signed", w.zimbra_text(Answer(LONG, SIG), "> "), LONG, agent=agent)
    put("zimbra-text-between", w.zimbra_text(Answer("Bonjour,", between=BETWEEN), "> "), between("Bonjour,", BETWEEN), agent=agent)
    put("zimbra-under", (w.zimbra_text(Answer(""))[0] + "\n" + UNDER + "\n", None), UNDER)
    put("free-zimbra-oui", w.zimbra(Answer("oui")), "oui", agent="X-Mailer: Zimbra 7.2.0-GA2598 (ZimbraWebClient - FF3.0 (Win)/7.2.0-GA2598)")
    put("free-zimbra-text", w.zimbra_text(Answer(NO)), NO)


def french():
    put("orange-oui", w.orange(Answer(SHORT)), SHORT)
    put("orange-signed", w.orange(Answer(LONG, SIG)), LONG + "\n\n" + SIG, charset=LATIN)
    put("orange-text", (w.orange(Answer(NO))[0], None), NO, charset=WINDOWS, encoding=RAW)
    put("orange-new-oui", w.orange_new(Answer(SHORT)), SHORT)
    put("orange-new-text", (w.orange_new(Answer(LONG))[0], None), LONG)
    put("sfr-oui", w.sfr(Answer(SHORT)), SHORT)
    put("sfr-signed", w.sfr(Answer(LONG, SIG)), LONG + "\n\n" + SIG, charset=WINDOWS)
    put("sfr-html", w.sfr_html(Answer(NO)), NO)
    put("laposte-oui", w.laposte(Answer(SHORT)), SHORT)
    put("laposte-text", (w.laposte(Answer(NO))[0], None), NO)
    put("laposte-old", (w.orange(Answer("Favorable"))[0], None), "Favorable", charset=LATIN)
    put("mailo-oui", w.mailo(Answer(SHORT)), SHORT)
    put("mailo-text", (w.mailo(Answer(LONG))[0], None), LONG)
    put("free-roundcube-oui", w.roundcube_text(Answer(SHORT)), SHORT, more=FLOWED)
    put("free-roundcube-signed", w.roundcube_text(Answer(LONG, SIG)), LONG, more=FLOWED)


def webmails():
    put("yahoo-oui", w.yahoo(Answer(SHORT)), SHORT)
    put("yahoo-signed", w.yahoo(Answer(LONG, SIG)), LONG)
    put("yahoo-iphone", w.yahoo(Answer(NO), "Envoyé à partir de Yahoo Mail pour iPhone"), NO)
    put("yahoo-text", (w.yahoo(Answer("Oui, favorable"))[0], None), "Oui, favorable")
    put("roundcube-html-oui", w.roundcube(Answer(SHORT)), SHORT)
    put("roundcube-html-signed", w.roundcube(Answer(LONG, SIG)), LONG)
    put("roundcube-html-under", w.roundcube(Answer(under=UNDER)), UNDER)
    put("roundcube-html-between", w.roundcube(Answer("Bonjour,", between=BETWEEN)), between("Bonjour,", BETWEEN))
    put("roundcube-text-under", w.roundcube_text(Answer(under=UNDER)), UNDER, more=FLOWED)
    put("proton-oui", w.proton(Answer(SHORT)), SHORT, encoding=B64)
    put("proton-signed", w.proton(Answer(LONG, SIG)), LONG, encoding=B64)
    put("proton-text", (w.proton(Answer(NO))[0], None), NO)
    put("gmx-ja", w.gmx(Answer("Ja, einverstanden.")), "Ja, einverstanden.")
    put("gmx-text", (w.gmx(Answer("Nein."))[0], None), "Nein.")
    put("gmx-fr", w.gmx(Answer(LONG), "fr"), LONG)
    put("open-xchange-ja", w.open_xchange(Answer("Ja.")), "Ja.")
    put("open-xchange-text", (w.open_xchange(Answer("Ja, ohne Auflagen."))[0], None), "Ja, ohne Auflagen.")


def groupware():
    put("notes-oui", w.notes(Answer(SHORT)), SHORT, charset=LATIN)
    put("notes-signed", w.notes(Answer(LONG, SIG)), LONG + "\n\n" + SIG, charset=LATIN)
    put("notes-text", (w.notes(Answer(NO))[0], None), NO, charset=WINDOWS)
    put("inotes-oui", w.inotes(Answer(SHORT)), SHORT)
    put("inotes-text", (w.inotes(Answer(NO))[0], None), NO)
    put("bluemind-oui", w.bluemind(Answer(SHORT)), SHORT)
    put("bluemind-signed", w.bluemind(Answer(LONG, SIG)), LONG)
    put("bluemind-text", (w.bluemind(Answer(NO))[0], None), NO)
    put("obm-oui", w.obm(Answer(SHORT)), SHORT)
    put("obm-between", w.obm(Answer("Bonjour,", between=BETWEEN)), between("Bonjour,", BETWEEN), charset=LATIN)
    put("sogo-oui", w.sogo(Answer(SHORT)), SHORT)
    put("sogo-text", (w.sogo(Answer(NO))[0], None), NO)
    put("evolution-oui", w.evolution(Answer(SHORT)), SHORT)
    put("evolution-under", w.evolution(Answer("", under=UNDER)), UNDER)


def phones():
    put("samsung-oui", w.samsung(Answer(SHORT)), SHORT, encoding=B64)
    put("samsung-long", w.samsung(Answer(NO)), NO, encoding=B64)
    put("samsung-html-only", (None, w.samsung(Answer("avis favorable"))[1]), "avis favorable")
    put("samsung-text", (w.samsung(Answer("Oui"))[0], None), "Oui")
    put("huawei-oui", w.huawei(Answer(SHORT)), SHORT)
    put("huawei-text", (w.huawei(Answer(NO))[0], None), NO)
    put("k9-oui", w.k9(Answer(SHORT)), SHORT)
    put("k9-text", (w.k9(Answer(LONG))[0], None), LONG)
    put("fairemail-oui", w.fairemail(Answer(SHORT)), SHORT)
    put("fairemail-signed", w.fairemail(Answer(LONG, SIG)), LONG)
    put("fairemail-text", (w.fairemail(Answer(NO))[0], None), NO)


def odd():
    """What no program does of its own, and people and relays do all the same."""
    forwarded = f"---------- Message transféré ---------\nDe : Claire Petit <claire.petit@mairie.example>\nDate: lun. 1 juin 2026 à 08:00\nObjet : Avis de la commune\nÀ : Paul Durand <abf@culture.example>\n\nLa commune est favorable.\n\nClaire Petit"
    put("forward-is-the-point", (f"Pour information, l’avis de la commune :\n\n{forwarded}\n", None), "Pour information, l’avis de la commune :")
    put("subject-only", w.outlook_desktop(Answer("")), "", subject=f"Avis favorable – RE: {w.SUBJECT}")
    put("capitals", w.outlook_text(Answer("BONJOUR,\n\nAVIS FAVORABLE SANS RESERVE.\n\nCORDIALEMENT")), "BONJOUR,\n\nAVIS FAVORABLE SANS RESERVE.\n\nCORDIALEMENT")
    put("unmarked-above", (f"{NO}\n\n\n{w.TEXT}\n", None), NO)
    put("unmarked-below", (f"{w.TEXT}\n\n{UNDER}\n", None), UNDER)
    put("empty-plain", ("", w.outlook_web(Answer(LONG))[1]), LONG)
    put("plain-is-a-stub", ("Votre messagerie ne peut pas afficher ce message au format HTML.\n", w.gmail(Answer(NO))[1]), NO)
    put("preheader", (None, f'<html><body><div style="display:none;max-height:0">Aperçu caché du message</div><p>{SHORT}</p><img src="https://pix.example/o.gif" width="1" height="1"></body></html>'), SHORT)
    put("nested-quotes", (w.mark(f"Le 31/05/2026 à 08:00, Claire a écrit :\n> Bonjour,\n>> Encore avant.") + f"\n\n{SHORT}\n", None), SHORT)
    put("coloured-answers", w.outlook_desktop(Answer("Bonjour,\n\nMes réponses en bleu ci-dessous.", under=BETWEEN)), pointed("Bonjour,\n\nMes réponses en bleu ci-dessous.", BETWEEN))
    put("bold-labels-in-text", (f"{NO}\n\n*De :* {w.CLERK} <{w.ADDRESS}>\n*Envoyé :* lundi 1 juin 2026 09:12\n*À :* abf@culture.example\n*Objet :* {w.SUBJECT}\n\n{w.TEXT}\n", None), NO)
    put("rtl-marks", w.gmail(Answer("\u200fنعم\u200f"), "ar"), "\u200fنعم\u200f", encoding=B64)
    put("wrote-sentence", w.thunderbird_html(Answer(WROTE)), WROTE)
    put("dash-table", w.roundcube_text(Answer(DASHES)), DASHES)


def pointed(top, text):
    """The person points at what is written below: nothing of that is cut."""
    return f"{top}\n\n…\n\n{text}"


def main():
    for part in [gmail, outlook, apple, thunderbird, zimbra, french, webmails, groupware, phones, odd]:
        part()
    print(len(list((w.HERE / "clients").glob("*.eml"))), "mails")
