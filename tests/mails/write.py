#!/usr/bin/env python3
"""Writes tests/mails/clients/*.eml and the text to be found in each, *.txt.

Each function below is one mail program: it lays out an answer and the mail that is answered (asked.eml, as Greffier
composes it) as that program does. What the person wrote is said in `cases.py`. The mails are committed: run this
after a change here or there, and read the diff.
"""

import base64
import email
import email.policy
import html as htmllib
import pathlib
import quopri
import re
import textwrap

HERE = pathlib.Path(__file__).parent
ASKED = email.message_from_bytes((HERE / "asked.eml").read_bytes(), policy=email.policy.default)
TEXT = ASKED.get_body(("plain",)).get_content().strip("\n")
PAGE = ASKED.get_body(("html",)).get_content()
BODY = re.search(r"<body[^>]*>(.*)</body>", PAGE, re.S).group(1).strip()
SUBJECT = "[Dossier 1] Demande d’avis – Autorisation de travaux en site classé"
CLERK = "DDT du Nord, bureau des sites"
ADDRESS = "reponse+aeaqcamem3iv3f5wx337kiy@greffier.example"
NNBSP, NBSP = "\u202f", "\u00a0"


def esc(text):
    return htmllib.escape(text, quote=False)


def mark(text, sign="> ", width=72):
    """`text` wrapped and quoted, as in plain text mails."""
    lines = []
    for line in text.split("\n"):
        lines += textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False) or [""]
    return "\n".join((sign + line).rstrip() if not line else sign + line for line in lines)


def divs(text, attributes="", empty="<br>"):
    """One div a line, as most editors write."""
    return "\n".join(f"<div{attributes}>{esc(line) if line else empty}</div>" for line in text.split("\n"))


def breaks(text):
    return "<br>\n".join(esc(line) for line in text.split("\n"))


def word(text, attributes=""):
    """Paragraphs as Word writes them."""
    said = lambda line: esc(line) if line else "&nbsp;"
    return "\n".join(
        f"<p class=\"MsoNormal\"><span style=\"font-size:11.0pt;font-family:&quot;Calibri&quot;,sans-serif;mso-fareast-language:EN-US\"{attributes}>{said(line)}<o:p></o:p></span></p>"
        for line in text.split("\n")
    )


def anchor(address):
    return f'<a href="mailto:{address}">{address}</a>'


class Answer:
    """What a person writes. `between` and `under` go into and below the quotation."""

    def __init__(self, top="", sig="", between="", under="", subject=None):
        self.top, self.sig, self.between, self.under, self.subject = top, sig, between, under, subject

    def split(self):
        """The quoted text before and after the answer written in it."""
        cut = TEXT.index("Commencez votre réponse")
        return (TEXT[:cut].rstrip("\n"), TEXT[cut:]) if self.between else (TEXT, "")

    def split_page(self):
        cut = BODY.index("<p style=\"margin:0 0 16px 0;\">Commencez votre")
        return (BODY[:cut] + "</div>", "<div>" + BODY[cut:]) if self.between else (BODY, "")

    def plain(self, attribution, sig="-- \n", sign="> ", sig_last=False):
        """The usual plain text reply."""
        before, after = self.split()
        signed = f"\n\n{sig}{self.sig}" if self.sig else ""
        parts = [self.top] if self.top else []
        if parts and not sig_last:
            parts[0] += signed
        parts.append(f"{attribution}\n{mark(before, sign)}")
        if self.between:
            parts += [self.between, mark(after, sign)]
        if self.under:
            parts.append(self.under)
        return "\n\n".join(parts) + (signed if sig_last or not self.top else "") + "\n"


# Gmail ------------------------------------------------------------------------------------------------------------

GMAIL = {
    "fr": ("Le lun. 1 juin 2026 à 09:12, {name} <{address}> a écrit" + NNBSP + ":"),
    "en": "On Mon, Jun 1, 2026 at 9:12 AM {name} <{address}> wrote:",
    "de": "Am Mo., 1. Juni 2026 um 09:12 Uhr schrieb {name} <{address}>:",
    "es": "El lun, 1 jun 2026 a las 9:12, {name} (<{address}>) escribió:",
    "it": "Il giorno lun 1 giu 2026 alle ore 09:12 {name} <{address}> ha scritto:",
    "nl": "Op ma 1 jun 2026 om 09:12 schreef {name} <{address}>:",
    "pt": "Em seg., 1 de jun. de 2026 às 09:12, {name} <{address}> escreveu:",
    "ar": "في الاثنين، 1 يونيو 2026 في 9:12 ص تمت كتابة ما يلي بواسطة {name} <{address}>:",
    "android": "Le lun. 1 juin 2026, 09:12, {name} <{address}> a écrit :",
}


def gmail(answer, language="fr", auto=False):
    line = GMAIL[language].format(name=CLERK, address=ADDRESS)
    wrapped = line.replace(f"<{ADDRESS}>", f"<\n{ADDRESS}>", 1)
    way = ' dir="rtl"' if language == "ar" else ' dir="auto"' if auto else ' dir="ltr"'
    quote = '<blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);padding-left:1ex">'
    before, after = answer.split_page()
    shown = esc(line).replace(esc(ADDRESS), f'<a href="mailto:{ADDRESS}" target="_blank">{ADDRESS}</a>')
    page = f"<div{way}>{divs(answer.top, way if auto else '')}"
    if answer.sig:
        page += f'<div><br clear="all"></div><br><span class="gmail_signature_prefix">-- </span><br><div dir="ltr" class="gmail_signature" data-smartmail="gmail_signature"><div dir="ltr">{breaks(answer.sig)}</div></div>'
    page += f'</div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">{shown}<br></div>{quote}<u></u>{before}</blockquote>'
    if answer.between:
        page += f"<div><br></div>{divs(answer.between)}<div><br></div>{quote}{after}</blockquote>"
    if answer.under:
        page += f"<div><br></div>{divs(answer.under)}"
    return answer.plain(wrapped + "\n"), page + "</div>\n"


def gmail_ios(answer):
    plain, page = gmail(answer)
    return plain, page.replace("<div dir=\"ltr\">", "<div><div dir=\"auto\">", 1) + "</div>"


# Outlook ----------------------------------------------------------------------------------------------------------

OUTLOOK = {
    "fr": ("De", "Envoyé", "À", "Objet", "lundi 1 juin 2026 09:12", " :"),
    "en": ("From", "Sent", "To", "Subject", "Monday, June 1, 2026 9:12 AM", ":"),
    "de": ("Von", "Gesendet", "An", "Betreff", "Montag, 1. Juni 2026 09:12", ":"),
    "es": ("De", "Enviado el", "Para", "Asunto", "lunes, 1 de junio de 2026 9:12", ":"),
    "it": ("Da", "Inviato", "A", "Oggetto", "lunedì 1 giugno 2026 09:12", ":"),
    "nl": ("Van", "Verzonden", "Aan", "Onderwerp", "maandag 1 juni 2026 09:12", ":"),
    "pt": ("De", "Enviada em", "Para", "Assunto", "segunda-feira, 1 de junho de 2026 09:12", ":"),
    "ar": ("من", "تم الإرسال", "إلى", "الموضوع", "الاثنين، 1 يونيو 2026 09:12 ص", ":"),
}


def outlook_head(language="fr", to="UDAP du Nord <abf@culture.example>"):
    sender, sent, receiver, subject, date, colon = OUTLOOK[language]
    return [(sender + colon, f"{CLERK} <{ADDRESS}>"), (sent + colon, date), (receiver + colon, to), (subject + colon, SUBJECT)]


def outlook_plain(answer, head, rule=""):
    block = "\n".join(f"{label} {value}" for label, value in head)
    signed = f"\n\n{answer.sig}" if answer.sig else ""
    return f"{answer.top}{signed}\n\n{rule}{block}\n\n{TEXT}\n" + (f"\n{answer.under}\n" if answer.under else "")


def outlook_desktop(answer, language="fr", rule="E1E1E1", bookmarked=True):
    """Word writes the mail: Outlook 2013 and later, and with another rule 2007 and 2010."""
    head = outlook_head(language)
    old = rule != "E1E1E1"
    font = "font-size:10.0pt;font-family:&quot;Tahoma&quot;,&quot;sans-serif&quot;" if old else "font-size:11.0pt;font-family:&quot;Calibri&quot;,sans-serif;mso-fareast-language:FR"
    labels = "<br>\n".join(f"<b>{esc(label).replace(' ', '&nbsp;')}</b> {esc(value)}" for label, value in head)
    sig = ""
    if answer.sig:
        mark_ = ' data-x="" ' if not bookmarked else ""
        sig = word("\n" + answer.sig)
        if bookmarked:
            sig = word("") + "\n" + "\n".join(
                f'<p class="MsoNormal"><a name="_MailAutoSig"><span style="mso-fareast-language:FR;mso-no-proof:yes">{esc(line) or "&nbsp;"}<o:p></o:p></span></a></p>'
                for line in answer.sig.split("\n"))
    page = f"""<html xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:w="urn:schemas-microsoft-com:office:word" xmlns="http://www.w3.org/TR/REC-html40">
<head><meta name="Generator" content="Microsoft Word 15 (filtered medium)">
<!--[if !mso]><style>v\\:* {{behavior:url(#default#VML);}}</style><![endif]--><style><!--
/* Style Definitions */
p.MsoNormal, li.MsoNormal, div.MsoNormal {{margin:0cm;font-size:11.0pt;font-family:"Calibri",sans-serif;}}
--></style><!--[if gte mso 9]><xml><o:shapedefaults v:ext="edit" spidmax="1026" /></xml><![endif]--></head>
<body lang="FR" link="#0563C1" vlink="#954F72" style="word-wrap:break-word"><div class="WordSection1">
{word(answer.top)}
{sig}
{word('')}
<div><div style="border:none;border-top:solid #{rule} 1.0pt;padding:3.0pt 0cm 0cm 0cm">
<p class="MsoNormal"><a name="_MailOriginal"></a><span style="{font}">{labels}<o:p></o:p></span></p></div></div>
{word('')}
{BODY}
{word(answer.under) if answer.under else ''}
</div></body></html>
"""
    return outlook_plain(answer, head), page


def outlook_text(answer):
    """Outlook answering in plain text."""
    return outlook_plain(answer, outlook_head(), "-----Message d'origine-----\n"), None


FONT = 'style="font-family: Aptos, Aptos_EmbeddedFont, Aptos_MSFontService, Calibri, Helvetica, sans-serif; font-size: 12pt; color: rgb(0, 0, 0);"'


def outlook_web(answer, language="fr", container=False):
    head = outlook_head(language)
    labels = "<br>\n".join(f"<b>{esc(label)}</b> {esc(value)}" for label, value in head)
    sig = f'<div class="elementToProof" {FONT}><br></div><div class="elementToProof" id="Signature">{divs(answer.sig, " " + FONT)}</div>' if answer.sig else ""
    ref = ('<div id="mail-editor-reference-message-container" class="elementToProof">', "</div>") if container else ('<div id="appendonsend"></div>', "")
    page = f"""<html><head><meta http-equiv="Content-Type" content="text/html; charset=iso-8859-1"><style type="text/css" style="display:none;"> P {{margin-top:0;margin-bottom:0;}} </style></head>
<body dir="ltr">
{divs(answer.top, ' class="elementToProof" ' + FONT)}
{sig}
{ref[0]}
<hr style="display:inline-block;width:98%" tabindex="-1">
<div id="divRplyFwdMsg" dir="ltr"><font face="Calibri, sans-serif" style="font-size:11pt" color="#000000">{labels}</font>
<div>&nbsp;</div></div>
{BODY.replace('style="max', 'class="x_a" style="max')}
{ref[1]}{divs(answer.under, " " + FONT) if answer.under else ""}
</body></html>
"""
    return outlook_plain(answer, head, "________________________________\n"), page


def outlook_mobile(answer, system="iOS", inside=False):
    """`inside`: the person went on typing where the program keeps the signature."""
    get = f'Obtenir <a href="https://aka.ms/o0ukef">Outlook pour {system}</a>'
    head = outlook_head()
    labels = "<br>\n".join(f"<b>{esc(label)}</b> {esc(value)}" for label, value in head)
    typed = divs(answer.top, f' dir="auto" {FONT}')
    above, below = ('<div dir="auto"><br></div>', typed) if inside else (typed, "")
    if answer.sig:
        get = divs(answer.sig, ' dir="auto"')
    page = f"""<html><head><meta http-equiv="Content-Type" content="text/html; charset=Windows-1252"></head><body>
{above}
<div id="ms-outlook-mobile-body-separator-line" data-applydefaultfontstyles="true" dir="auto"><br></div>
<div id="ms-outlook-mobile-signature" dir="auto" {FONT}>{below if inside else get}</div>
<div id="mail-editor-reference-message-container" class="ms-outlook-mobile-reference-message">
<hr style="display:inline-block;width:98%" tabindex="-1">
<div id="divRplyFwdMsg" dir="ltr"><font face="Calibri, sans-serif" color="#000000">{labels}</font><div>&nbsp;</div></div>
{BODY}</div></body></html>
"""
    footer = "" if inside else f"\n\n{answer.sig or f'Obtenir Outlook pour {system}<https://aka.ms/o0ukef>'}"
    return outlook_plain(Answer(answer.top + footer), head, "________________________________\n"), page


def outlook_mac(answer):
    head = outlook_head()
    labels = "<br>\n".join(f"<b>{esc(label)} </b>{esc(value)}" for label, value in head)
    signed = f"\n\n{answer.sig}" if answer.sig else ""
    page = f"""<html><body lang="FR" style="word-wrap:break-word"><div class="WordSection1">
{word(answer.top + signed)}
{word('')}
<div id="mail-editor-reference-message-container"><div>
<div style="border:none;border-top:solid #B5C4DF 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p class="MsoNormal" style="margin-bottom:12.0pt"><span style="font-size:12.0pt;color:black">{labels}<o:p></o:p></span></p></div>
{BODY}</div></div></div></body></html>
"""
    return outlook_plain(answer, head), page


def windows_mail(answer):
    _, page = outlook_desktop(Answer(answer.top), bookmarked=False)
    note = '<p class="MsoNormal">Provenance&nbsp;: <a href="https://go.microsoft.example/fwlink">Courrier</a> pour Windows</p>'
    page = page.replace("<div><div style=\"border:none", f"{note}\n<div style='mso-element:para-border-div'><div style=\"border:none", 1)
    return outlook_plain(Answer(answer.top + "\n\nProvenance : Courrier pour Windows"), outlook_head()), page


# Apple ------------------------------------------------------------------------------------------------------------

APPLE = {
    "fr": f"Le 1 juin 2026 à 09:12, {CLERK} <{ADDRESS}> a écrit :",
    "en": f"On 1 Jun 2026, at 09:12, {CLERK} <{ADDRESS}> wrote:",
    "de": f"Am 01.06.2026 um 09:12 schrieb {CLERK} <{ADDRESS}>:",
    "it": f"Il giorno 1 giu 2026, alle ore 09:12, {CLERK} <{ADDRESS}> ha scritto:",
}


def apple(answer, language="fr"):
    line = APPLE[language]
    before, after = answer.split_page()
    sig = f'<div><br></div><div><meta charset="UTF-8"><div id="AppleMailSignature" dir="auto">{breaks(answer.sig)}</div></div>' if answer.sig else ""
    page = f"""<html><head><meta http-equiv="content-type" content="text/html; charset=utf-8"></head><body style="overflow-wrap: break-word; -webkit-nbsp-mode: space; line-break: after-white-space;">{breaks(answer.top)}{sig}<br id="lineBreakAtBeginningOfMessage"><div><br><blockquote type="cite"><div>{esc(line)}</div><br class="Apple-interchange-newline"><div>{before}</div></blockquote>"""
    if answer.between:
        page += f'<div><br></div>{divs(answer.between)}<br><blockquote type="cite"><div>{after}</div></blockquote>'
    page += f"</div>{'<br>' + divs(answer.under) if answer.under else '<br>'}</body></html>\n"
    before, after = answer.split()
    plain = f"{answer.top}\n\n" + (f"{answer.sig}\n\n" if answer.sig else "") + mark(f"{line}\n\n{before}")
    if answer.between:
        plain += f"\n\n{answer.between}\n\n{mark(after)}"
    return plain + (f"\n\n{answer.under}\n" if answer.under else "\n"), page


def iphone(answer, device="iPhone"):
    line = f"Le 1 juin 2026 à 09:12, {CLERK} <{ADDRESS}> a écrit :"
    sig = answer.sig or f"Envoyé de mon {device}"
    page = f"""<html><head><meta http-equiv="content-type" content="text/html; charset=utf-8"></head><body dir="auto">{divs(answer.top)}<br id="lineBreakAtBeginningOfSignature"><div dir="ltr">{breaks(sig)}</div><div dir="ltr"><br><blockquote type="cite">{esc(line)}<br><br></blockquote></div><blockquote type="cite"><div dir="ltr">\ufeff{BODY}</div></blockquote>{divs(answer.under) if answer.under else ''}</body></html>
"""
    under = f"\n{answer.under}\n" if answer.under else ""
    return f"{answer.top}\n\n{sig}\n\n{mark(line)}\n> \n{mark('﻿' + TEXT)}\n{under}", page


# Thunderbird, and what is made of it ----------------------------------------------------------------------------

def flowed(text, width=72, delsp=False):
    """format=flowed (RFC 3676): lines that go on end with a space, a line that begins with one is stuffed."""
    lines = []
    for line in text.split("\n"):
        prefix = re.match(r"[> ]*> ?|", line).group() if line.startswith(">") else ""
        rest = line[len(prefix):]
        if rest == "-- ":
            lines.append(line)
            continue
        pieces = textwrap.wrap(rest, width - len(prefix), break_long_words=False, break_on_hyphens=False) or [""]
        stuffed = [" " + piece if not prefix and piece.startswith((" ", ">", "From ")) else piece for piece in pieces]
        lines += [prefix + piece + ("  " if delsp else " ") for piece in stuffed[:-1]] + [prefix + stuffed[-1]]
    return "\n".join(lines)


THUNDERBIRD = {
    "fr": "Le 01/06/2026 à 09:12, {name} a écrit :",
    "en": "On 01/06/2026 09:12, {name} wrote:",
    "de": "Am 01.06.26 um 09:12 schrieb {name}:",
    "nl": "Op 01-06-2026 om 09:12 schreef {name}:",
    "pt": "Às 09:12 de 01/06/2026, {name} escreveu:",
    "courrielleur": "Le 01/06/2026 à 09:12, > {name} (par Internet) a écrit :",
}


def thunderbird(answer, language="fr", delsp=False, sig_last=False):
    line = THUNDERBIRD[language].format(name=CLERK)
    plain = answer.plain(line, sig_last=sig_last)
    quoted = re.sub(r"^> (.*)\n(?=> )", r"> \1\n", plain, flags=re.M)
    return flowed(quoted, delsp=delsp), None


def thunderbird_html(answer, language="fr"):
    line = THUNDERBIRD[language].format(name=CLERK)
    before, after = answer.split_page()
    cite = '<blockquote type="cite" cite="mid:outbox-13.d749d9@greffier.example">'
    sig = f'<div class="moz-signature">-- <br>{breaks(answer.sig)}</div>' if answer.sig else ""
    top = "".join(f"<p>{breaks(part)}</p>\n" for part in answer.top.split("\n\n")) if answer.top else ""
    under = "".join(f"<p>{breaks(part)}</p>\n" for part in answer.under.split("\n\n")) if answer.under else ""
    page = f"""<!DOCTYPE html>
<html><head><meta http-equiv="Content-Type" content="text/html; charset=UTF-8"></head><body>
{top}<div class="moz-cite-prefix">{esc(line)}<br></div>
{cite}<meta http-equiv="content-type" content="text/html; charset=UTF-8">{before}</blockquote>
{f'{divs(answer.between)}{cite}{after}</blockquote>' if answer.between else ''}{under}{sig}
</body></html>
"""
    return answer.plain(line, sig_last=True), page


def courrielleur(answer):
    return thunderbird_html(answer, "courrielleur")


# Zimbra, and the providers that use it ----------------------------------------------------------------------------

def zimbra(answer, sig_class=True):
    labels = [("De: ", f'"{CLERK}" <{ADDRESS}>'), ("À: ", '"abf" <abf@culture.example>'), ("Envoyé: ", "Lundi 1 Juin 2026 09:12:33"), ("Objet: ", SUBJECT)]
    sig = f'<div><br></div><div data-marker="__SIG_PRE__"><div>{breaks(answer.sig)}</div></div>' if answer.sig else ""
    page = f"""<html><body><div style="font-family: arial, helvetica, sans-serif; font-size: 12pt; color: #000000">{divs(answer.top)}{sig}<div><br></div><hr id="zwchr" data-marker="__DIVIDER__"><div data-marker="__HEADERS__">{''.join(f'<b>{label}</b>{esc(value)}<br>' for label, value in labels)}</div><div><br></div><div data-marker="__QUOTED_TEXT__">{BODY}<br></div></div></body></html>
"""
    block = "\n".join(label + value for label, value in labels)
    signed = f"\n\n{answer.sig}" if answer.sig else ""
    return f"{answer.top}{signed} \n\n\n{block} \n\n{TEXT} \n", page


def zimbra_text(answer, sign=""):
    """Zimbra in plain text: `----- Mail original -----`, with marks or without."""
    block = f"De: \"{CLERK}\" <{ADDRESS}>\nÀ: abf@culture.example\nEnvoyé: Lundi 1 Juin 2026 09:12:33\nObjet: {SUBJECT}"
    before, after = answer.split()
    quoted = mark(f"{block}\n\n{before}", sign) if sign else f"{block}\n\n{before}"
    more = f"\n\n{answer.between}\n\n{mark(after, sign)}" if answer.between else ""
    signed = f"\n\n-- \n{answer.sig}" if answer.sig else ""
    return f"{answer.top}{signed}\n\n----- Mail original -----\n{quoted}{more}\n", None


# French providers -----------------------------------------------------------------------------------------------

def orange(answer):
    block = f"Message du 01/06/26 09:12\nDe : \"{CLERK}\" <{ADDRESS}>\nA : abf@culture.example\nCopie à : \nObjet : {SUBJECT}\n\n{TEXT}"
    page = f"""{breaks(answer.top)}<br><br>{breaks(answer.sig)}<br><br><blockquote style="padding-left: 5px; margin-left: 5px; border-left: #ff0000 2px solid;">&gt; Message du 01/06/26 09:12<br>&gt; De : "{CLERK}" &lt;{ADDRESS}&gt;<br>&gt; A : abf@culture.example<br>&gt; Copie à : <br>&gt; Objet : {SUBJECT}<br>&gt; <br>{BODY}</blockquote>
"""
    signed = f"\n\n{answer.sig}" if answer.sig else ""
    return f"{answer.top}{signed}\n\n\n\n{mark(block)}\n", page


def orange_new(answer):
    block = f"envoyé : 1 juin 2026 à 09:12\nde : {CLERK} <{ADDRESS}>\nà : abf@culture.example\nobjet : {SUBJECT}"
    page = f"""<!doctype html><html><body><div class="default-style">{divs(answer.top)}</div><blockquote type="cite"><div>{breaks(block)}</div><div><br></div>{BODY}</blockquote></body></html>
"""
    return f"{answer.top}\n\n{mark(block)}\n>\n{mark(TEXT)}\n", page


def sfr(answer):
    block = f"Message du : 01/06/2026 09:12\nDe : \"{CLERK}\" <{ADDRESS}>\nA : abf@culture.example\nCopie à : \nSujet : {SUBJECT}"
    signed = f"\n\n{answer.sig}" if answer.sig else ""
    return f"{answer.top}{signed}\n\n\n========================================\n\n{block}\n\n{TEXT}\n", None


def sfr_html(answer):
    block = f"De : {CLERK} <{ADDRESS}>\nDate : 01/06/2026 09:12\nÀ : abf@culture.example\nObjet : {SUBJECT}"
    page = f"<html><body><div>{breaks(answer.top)}</div><br><div>{breaks(answer.sig)}</div><br><div>-------- Message d'origine --------</div><div>{breaks(block)}</div><br>{BODY}</body></html>"
    return f"{answer.top}\n\n{answer.sig}\n\n----- Message d'origine -----\n{block}\n\n{TEXT}\n", page


def laposte(answer):
    return zimbra_text(answer, "")[0].replace("----- Mail original -----\n", ""), zimbra(answer)[1].replace(' id="zwchr" data-marker="__DIVIDER__"', ' id="zwchr"').replace(' data-marker="__HEADERS__"', "").replace(' data-marker="__QUOTED_TEXT__"', "")


def mailo(answer):
    block = f"De : {CLERK} <{ADDRESS}>\nÀ : abf@culture.example\nSujet : {SUBJECT}\nDate : 01/06/2026 09:12:33 Europe/Paris"
    page = f'<div>{breaks(answer.top)}</div><br><div style="border-left:2px solid #1565c0;padding-left:8px"><div>{breaks(block)}</div><br>{BODY}</div>'
    return f"{answer.top}\n\n{block}\n\n{mark(TEXT)}\n", page


# Other webmails ---------------------------------------------------------------------------------------------------

def yahoo(answer, footer=""):
    line = f"Le lundi 1 juin 2026 à 09:12:33 UTC+2, {CLERK} <{ADDRESS}> a écrit :"
    sig = f'<div><br></div><div class="ydp5f2asignature"><div>{breaks(answer.sig)}</div></div>' if answer.sig else ""
    foot = f'<div id="ydp93signature"><a href="https://mail.onelink.example/107872968">{footer}</a></div>' if footer else ""
    page = f"""<html><head></head><body><div class="ydp8c6c0ea3yahoo-style-wrap" style="font-family:Helvetica Neue, Helvetica, Arial, sans-serif;font-size:16px;">{divs(answer.top, ' dir="ltr" data-setdir="false"')}{sig}{foot}<div><br></div></div><div id="ydp1yahoo_quoted_5183" class="ydp1yahoo_quoted"><div style="font-family:'Helvetica Neue', Helvetica, Arial, sans-serif;font-size:13px;color:#26282a;"><div>{esc(line)}</div><div><br></div><div><br></div><div>{BODY}</div></div></div></body></html>
"""
    foot = f"\n\n{footer}" if footer else ""
    signed = f"\n\n{answer.sig}" if answer.sig else ""
    return f"{answer.top}{signed}{foot}\n\n    {line}  \n \n {TEXT}  \n", page


def roundcube(answer, under=False):
    line = f"Le 2026-06-01 09:12, {CLERK} a écrit :"
    before, after = answer.split_page()
    cite = '<blockquote type="cite" style="padding: 0 0.4em; border-left: #1010ff 2px solid; margin: 0">'
    top = "".join(f"<p>{breaks(part)}</p>\n" for part in answer.top.split("\n\n")) if answer.top else ""
    low = "".join(f"<p>{breaks(part)}</p>\n" for part in answer.under.split("\n\n")) if answer.under else ""
    sig = f'<div id="_rc_sig" class="pre" style="margin: 0; padding: 0; font-family: monospace">-- <br>{breaks(answer.sig)}</div>' if answer.sig else ""
    page = f"""<html><head><meta http-equiv="Content-Type" content="text/html; charset=UTF-8" /></head><body style='font-size: 10pt; font-family: Verdana,Geneva,sans-serif'>
{top}{sig}<p id="reply-intro">{esc(line)}</p>
{cite}
<div id="replybody1">{before}</div></blockquote>
{f'{divs(answer.between)}{cite}{after}</blockquote>' if answer.between else ''}{low}
</body></html>
"""
    return answer.plain(line), page


def roundcube_text(answer, sig_last=False):
    return flowed(answer.plain(f"Le 2026-06-01 09:12, {CLERK} a écrit :", sig_last=sig_last)), None


def proton(answer):
    line = f"Le lundi 1 juin 2026 à 09:12, {CLERK} <{ADDRESS}> a écrit :"
    style = ' style="font-family: Arial, sans-serif; font-size: 14px;"'
    user = f'<div class="protonmail_signature_block-user">{breaks(answer.sig)}</div>' if answer.sig else '<div class="protonmail_signature_block-user protonmail_signature_block-empty"></div>'
    page = f"""{divs(answer.top, style)}<div{style}><br></div><div{style} class="protonmail_signature_block">{user}<div class="protonmail_signature_block-proton">Envoyé avec la messagerie sécurisée <a target="_blank" href="https://proton.example/mail/home">Proton Mail.</a></div></div><div{style}><br></div><div class="protonmail_quote">{esc(line)}<br><br><blockquote class="protonmail_quote" type="cite">{BODY}</blockquote><br></div>
"""
    signed = f"{answer.sig}\n\n" if answer.sig else ""
    return f"{answer.top}\n\n{signed}Envoyé avec la messagerie sécurisée Proton Mail.\n\n{line}\n\n{mark(TEXT)}\n", page


def gmx(answer, language="de"):
    head = [("Gesendet:", "Montag, 01. Juni 2026 um 09:12"), ("Von:", f'"{CLERK}" <{ADDRESS}>'), ("An:", "abf@culture.example"), ("Betreff:", SUBJECT)]
    if language == "fr":
        head = [("Envoyé:", "lundi 1 juin 2026 à 09:12"), ("De:", f'"{CLERK}" <{ADDRESS}>'), ("À:", "abf@culture.example"), ("Objet:", SUBJECT)]
    block = "\n".join(f"{label} {value}" for label, value in head)
    labels = "<br>\n".join(f"<b>{label}</b>&nbsp;{esc(value)}" for label, value in head)
    page = f"""<html><head></head><body><div style="font-family: Verdana;font-size: 12.0px;">{divs(answer.top)}<div>&nbsp;
<div name="quote" style="margin:10px 5px 5px 10px; padding: 10px 0 10px 10px; border-left:2px solid #C3D9E5; word-wrap: break-word; -webkit-nbsp-mode: space;"><div style="margin:0 0 10px 0;">{labels}</div>
<div name="quoted-content">{BODY}</div></div></div></div></body></html>
"""
    return f"{answer.top}\n \n \n\n{block}\n\n{TEXT}\n", page


def open_xchange(answer):
    line = f"{CLERK} <{ADDRESS}> hat am 01.06.2026 09:12 CEST geschrieben:"
    page = f"""<!doctype html><html><body><div class="default-style">{breaks(answer.top)}</div><blockquote type="cite"><div>{esc(line)}</div><div><br></div><div><br></div>{BODY}</blockquote></body></html>"""
    return f"{answer.top}\n\n{mark(line)}\n> \n> \n{mark(TEXT)}\n", page


# Groupware of administrations -----------------------------------------------------------------------------------

def notes(answer):
    rows = [("De :", f"{CLERK} &lt;{ADDRESS}&gt;"), ("A :", "Paul DURAND/UDAP59/CULTURE"), ("Date :", "01/06/2026 09:12"), ("Objet :", SUBJECT)]
    table = "".join(f'<tr valign=top><td><font size=1 color=#5f5f5f face="sans-serif">{a}</font><td><font size=1 face="sans-serif">{b}</font>' for a, b in rows)
    page = f"""<font size=2 face="sans-serif">{breaks(answer.top)}</font>
<br>
<br><font size=2 face="sans-serif">{breaks(answer.sig)}</font>
<br>
<br>
<br>
<table width=100%>{table}</table>
<br>
<hr noshade>
<br>
<br>
<br>{BODY}
<br>
"""
    plain_rows = "\n".join(f"{a:<8}{htmllib.unescape(b)}" for a, b in rows)
    signed = f"\n\n{answer.sig}" if answer.sig else ""
    return f"{answer.top}{signed}\n\n\n\n\n{plain_rows}\n\n\n\n{TEXT}\n", page


def inotes(answer):
    line = f"-----\"{CLERK}\" <{ADDRESS}> a écrit : -----"
    block = f"A : Paul DURAND/UDAP59/CULTURE@CULTURE\nDe : \"{CLERK}\" <{ADDRESS}>\nDate : 01/06/2026 09:12\nObjet : {SUBJECT}"
    page = f"""<div style="font-family:Verdana, Arial, Helvetica, sans-serif;font-size:12px;">{breaks(answer.top)}<br><br><font color="#990099">{esc(line)}</font><div class="iNotesHistory" style="padding-left:5px;"><div style="padding-right:0px;padding-left:5px;border-left:solid black 2px;">{breaks(block)}<br><br>{BODY}</div></div></div>"""
    return f"{answer.top}\n\n{line}\n{block}\n\n{TEXT}\n", page


def bluemind(answer):
    line = f"Le 01/06/2026 09:12, « {CLERK} » <{ADDRESS}> a écrit :"
    sig = f'<br><div data-bm-signature="1"><p>{breaks(answer.sig)}</p></div>' if answer.sig else ""
    page = f"""<style>.bm-composer-content-wrapper p {{margin: 0;}}</style><div class="bm-composer-content-wrapper" style="font-family: Montserrat, sans-serif;"><p style="margin: 0">{breaks(answer.top)}</p>{sig}<br><div id="data-bm-reply-sep"><p>{esc(line)}</p><blockquote style="margin-left: 1rem; padding-left: 1rem; border-left: 2px solid black;">{BODY}</blockquote></div></div>"""
    return answer.plain(line, sig=""), page


def obm(answer):
    return answer.plain(f"Le 01/06/2026 09:12, {CLERK} a écrit :"), None


def sogo(answer):
    line = f"Le lundi, juin 01, 2026 09:12 CEST, {CLERK} <{ADDRESS}> a écrit:"
    page = f'<html>{"".join(f"<p>{esc(l) or chr(160)}</p>" for l in answer.top.split(chr(10)))}<br>{esc(line)}<br>&nbsp;<blockquote type="cite" cite="outbox-13.d749d9@greffier.example">{BODY}</blockquote><br>&nbsp;</html>'
    return answer.plain(line), page


def evolution(answer):
    line = f"Le lundi 01 juin 2026 à 09:12 +0200, {CLERK} a écrit :"
    page = f'<html><head></head><body>{divs(answer.top)}<div><br></div><div>{esc(line)}</div><blockquote type="cite" style="margin:0 0 0 .8ex; border-left:2px #729fcf solid;padding-left:1ex">{BODY}</blockquote>{divs(answer.under) if answer.under else ""}<div><span></span></div></body></html>'
    return answer.plain(line), page


# Phones -----------------------------------------------------------------------------------------------------------

def samsung(answer, footer="Envoyé depuis mon appareil Galaxy"):
    block = f"De : {CLERK} <{ADDRESS}> \nDate : 01/06/2026  09:12  (GMT+01:00) \nÀ : abf@culture.example \nObjet : {SUBJECT} "
    page = f"""<html><head><meta http-equiv="Content-Type" content="text/html; charset=UTF-8"></head><body dir="auto">{divs(answer.top, ' dir="auto"')}<div dir="auto"><br></div><div id="composer_signature" dir="auto"><div style="font-size:12px;color:#575757" dir="auto">{footer}</div></div><div dir="auto"><br></div><div><br></div><div align="left" dir="auto" style="font-size:100%;color:#000000"><div>-------- Message d'origine --------</div>{divs(block)}<div><br></div></div>{BODY}</body></html>"""
    return f"{answer.top}\n\n\n{footer}\n-------- Message d'origine --------{block.replace(chr(10), '')}\n{TEXT}\n", page


def huawei(answer):
    block = f"Objet : {SUBJECT}\nDe : {CLERK} <{ADDRESS}>\nÀ : abf@culture.example\nCc : "
    page = f"<p dir=\"ltr\">{breaks(answer.top)}</p><p dir=\"ltr\">Envoyé depuis mon téléphone Huawei</p><br><br>-------- Message original --------<br>{breaks(block)}<br><br><blockquote>{BODY}</blockquote>"
    return f"{answer.top}\n\nEnvoyé depuis mon téléphone Huawei\n\n\n-------- Message original --------\n{block}\n\n\n{mark(TEXT, '')}\n", page


def k9(answer):
    line = f"Le 1 juin 2026 09:12:33 GMT+02:00, {CLERK} <{ADDRESS}> a écrit :"
    sig = answer.sig or "Envoyé de mon appareil Android avec K-9 Mail. Veuillez excuser ma brièveté."
    page = f"""<!DOCTYPE html><html><body><div dir="auto">{breaks(answer.top)}<br><br></div><div class="k9mail-signature">-- <br>{breaks(sig)}</div><div class="gmail_quote"><div dir="auto">{esc(line)}</div><blockquote class="gmail_quote" style="margin: 0pt 0pt 0pt 0.8ex; border-left: 1px solid rgb(204, 204, 204); padding-left: 1ex;">{BODY}</blockquote></div></body></html>"""
    return f"{answer.top}\n\n-- \n{sig}\n\n{line}\n{mark(TEXT, '>')}\n", page


def fairemail(answer):
    line = f"Le 1 juin 2026 09:12:33 {CLERK} <{ADDRESS}> a écrit :"
    sig = f'<div fairemail="signature"><p>{breaks(answer.sig)}</p></div>' if answer.sig else ""
    page = f"""<!DOCTYPE html><html><head><title></title></head><body><div>{''.join(f'<p>{breaks(part)}</p>' for part in answer.top.split(chr(10) * 2))}</div>{sig}<div class="fairemail_quote"><p>{esc(line)}</p><blockquote style="margin:0;padding-left:10px;border-left:3px solid #cccccc">{BODY}</blockquote></div></body></html>"""
    signed = f"\n\n{answer.sig}" if answer.sig else ""
    return f"{answer.top}{signed}\n\n{line}\n\n{mark(TEXT)}\n", page


# Mails as octets ---------------------------------------------------------------------------------------------------

def part(kind, text, charset, encoding, more=""):
    octets = text.replace("\n", "\r\n").encode(charset, "xmlcharrefreplace" if kind == "text/html" else "replace")
    if encoding == "base64":
        body = base64.encodebytes(octets).decode().strip()
    elif encoding == "quoted-printable":
        body = quopri.encodestring(octets.replace(b"\r\n", b"\n")).decode().rstrip("\n")
    else:
        body = octets.replace(b"\r\n", b"\n").decode("latin-1").rstrip("\n")
    return f"Content-Type: {kind}; charset={charset}{more}\nContent-Transfer-Encoding: {encoding}\n\n{body}\n"


def mail(name, agent, made, subject, charset, encoding, more, extra):
    plain, page = made
    rows = [
        "Received: from mta.culture.example (mta.culture.example [192.0.2.10])\n\tby mx.greffier.example with ESMTPS id 4W1;\n\tTue, 2 Jun 2026 10:05:12 +0200",
        'From: "Paul Durand" <abf@culture.example>',
        f"To: <{ADDRESS}>",
        f"Subject: {subject}",
        "Date: Tue, 2 Jun 2026 10:05:11 +0200",
        f"Message-ID: <{name}@culture.example>",
        "In-Reply-To: <outbox-13.d749d9@greffier.example>",
        "References: <dossier-1.avis-1@greffier.example>\n <outbox-13.d749d9@greffier.example>",
        *([agent] if agent else []), *extra, "MIME-Version: 1.0",
    ]
    if page is None:
        body = part("text/plain", plain, charset, encoding, more)
    elif plain is None:
        body = part("text/html", page, charset, encoding)
    else:
        edge = f"=_{name}"
        body = f'Content-Type: multipart/alternative; boundary="{edge}"\n\n' + "".join(
            f"--{edge}\n{piece}\n" for piece in (part("text/plain", plain, charset, encoding, more), part("text/html", page, charset, encoding)))
        body += f"--{edge}--\n"
    return ("\n".join(rows) + "\n" + body).encode("latin-1")


def write(name, made, expected, agent="", subject=None, charset="utf-8", encoding="quoted-printable", more="", extra=()):
    from email.header import Header
    subject = Header(subject or f"RE: {SUBJECT}", "utf-8", header_name="Subject").encode()
    octets = mail(name, agent, made, subject, charset, encoding, more, extra)
    (HERE / "clients" / f"{name}.eml").write_bytes(octets)
    (HERE / "clients" / f"{name}.txt").write_text(expected.strip("\n") + "\n", encoding="utf-8")


if __name__ == "__main__":
    import cases
    cases.main()
