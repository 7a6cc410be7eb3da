#!/usr/bin/env python3
"""Writes tests/mails/formulaires/*.eml: one form, asked.eml as Greffier composes it, answered in the mail programs of
../write.py. Each says the same: see `ANSWERS` and `LABELS`. The mails are committed: run this after a change, and read
the diff.
"""

import email
import email.policy
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
import write as w



class Answer(w.Answer):
    """Nothing is written between the quoted lines as a block: what is written within them is in the form already."""

    def split(self):
        return w.TEXT, ""

    def split_page(self):
        return w.BODY, ""


ASKED = email.message_from_bytes((HERE / "asked.eml").read_bytes(), policy=email.policy.default)
TEXT = ASKED.get_body(("plain",)).get_content().strip("\n")
BODY = re.search(r"<body[^>]*>(.*)</body>", ASKED.get_body(("html",)).get_content(), re.S).group(1).strip()
w.ADDRESS = ASKED["Reply-To"].addresses[0].addr_spec
w.CLERK = ASKED["From"].addresses[0].display_name
w.SUBJECT = str(ASKED["Subject"])

ANSWERS = {
    "2": "Martin", "3": "Jean", "6": "1 rue Haute", "7.1.1": "Chêne", "7.1.2": "2", "9": "3 juin 2026",
    "10": "1 240,5", "13": "Oui",
}
LABELS = """Bonjour,

Nom : Martin
Prénom : Jean
Adresse du terrain : 1 rue Haute
Motif : danger
Date souhaitée : 3 juin 2026
Surface, en m² : 1 240,5
[7.1.1] Chêne
[7.1.2] 2
Je certifie ces informations : oui

Cordialement,
Jean Martin"""


def filled(text, box="[x]", break_=None):
    """`text` with the answers written into it, behind the colon or, with `break_`, on the line below."""
    parts = re.split(r"(?=\[(?:\d[\d.]*|-|fin \w+)\] )", text)
    out = []
    for part in parts:
        number = re.match(r"\[([\d.]+)\]", part)
        answer = ANSWERS.get(number.group(1)) if number else None
        if answer:
            part = re.sub(r"Réponse\s?:[^\S\n]?", f"Réponse : {break_ or ''}{answer}", part, count=1)
        if number and number.group(1) == "8":
            part = re.sub(r"\[\s?\] 2\)", f"{box} 2)", part, count=1)
        out.append(part)
    return "".join(out)


def write(name, made, charset="utf-8", encoding="quoted-printable", more=""):
    from email.header import Header
    subject = Header(f"RE: {w.SUBJECT}", "utf-8", header_name="Subject").encode()
    octets = w.mail(name, "", made, subject, charset, encoding, more, ())
    octets = octets.replace(b'"Paul Durand" <abf@culture.example>', b'"Jean Martin" <jean.martin@exemple.fr>')
    octets = octets.replace(b"culture.example>", b"exemple.fr>")
    (HERE / f"{name}.eml").write_bytes(octets)


PROGRAMS = [
    "gmail", "gmail_ios", "outlook_desktop", "outlook_text", "outlook_web", "outlook_mobile", "outlook_mac",
    "windows_mail", "apple", "iphone", "thunderbird", "thunderbird_html", "courrielleur", "zimbra", "zimbra_text",
    "orange", "orange_new", "sfr", "sfr_html", "laposte", "mailo", "yahoo", "roundcube", "roundcube_text", "proton",
    "gmx", "open_xchange", "bluemind", "sogo", "evolution", "samsung", "k9", "fairemail",
]


w.Answer = Answer


def main():
    for old in HERE.glob("*.eml"):
        if old.name != "asked.eml":
            old.unlink()
    dash = lambda name: name.replace("_", "-")
    # Written into the quotation.
    for program in PROGRAMS:
        w.TEXT, w.BODY = filled(TEXT), filled(BODY)
        write(f"{dash(program)}-within", getattr(w, program)(Answer("")))
    # Written above it, by label.
    w.TEXT, w.BODY = TEXT, BODY
    for program in PROGRAMS[::3]:
        write(f"{dash(program)}-above", getattr(w, program)(Answer(LABELS)))
    # What else happens on the way.
    w.TEXT, w.BODY = filled(TEXT, "[X ]", "\n"), filled(BODY, "[&nbsp;x]", "<br>")
    write("thunderbird-below", w.thunderbird(Answer("")))
    write("gmail-below", w.gmail(Answer("Voici.", sig="Jean Martin\n06 00 00 00 00")))
    write("html-only", (None, w.gmail(Answer(""))[1]))
    w.TEXT, w.BODY = filled(TEXT, "☒"), filled(BODY, "✓")
    write("marks", w.apple(Answer("Bonjour, voici le formulaire.")))
    w.TEXT = filled(TEXT).replace("’", "'").replace("–", "-")
    write("latin-1", (w.thunderbird(Answer(""))[0], None), "iso-8859-1", "8bit")
    write("ascii", (w.thunderbird(Answer(""))[0].replace("Chêne", "Chene"), None), "us-ascii", "7bit")
    write("undeclared", (w.outlook_text(Answer(""))[0], None), "windows-1252", "8bit")
    (HERE / "undeclared.eml").write_bytes((HERE / "undeclared.eml").read_bytes().replace(b"; charset=windows-1252", b""))
    write("wrapped-at-50", (w.mark(filled(TEXT), "> ", 50), None))
    write("unquoted", (filled(TEXT), None))


main()
