"""A mail program for the tests: it reads a mailbox by IMAP and answers by SMTP, with Python's own library alone.

client.py COMMAND < request.json > answer.json

Nothing of it is shared with Greffier, so that both cannot be wrong in the same way.
"""

import base64
import email
import email.message
import email.policy
import email.utils
import hashlib
import imaplib
import json
import smtplib
import sys
import time

PATIENCE = 90
# Added or changed on the way.
TRACE = {"received", "return-path", "delivered-to", "x-original-to"}


class Mailbox:
    """One person's mailbox, whatever becomes of the server meanwhile."""

    def __init__(self, request):
        self.host, port = request["imap"].rsplit(":", 1)
        self.port = int(port)
        self.user, self.password = request["user"], request["password"]
        self.connection = None
        self.seen = {}

    def mails(self, folder="INBOX"):
        """All mails of a folder, each fetched once."""
        try:
            if self.connection is None:
                self.connection = imaplib.IMAP4(self.host, self.port, timeout=20)
                self.connection.login(self.user, self.password)
            status, _ = self.connection.select(f'"{folder}"', readonly=True)
            if status != "OK":
                return []
            validity = self.connection.untagged_responses["UIDVALIDITY"][-1]
            _, found = self.connection.uid("SEARCH", "ALL")
            uids = found[0].split()
            for uid in uids:
                key = (folder, validity, uid)
                if key not in self.seen:
                    _, data = self.connection.uid("FETCH", uid, "(BODY.PEEK[])")
                    raw = next(part[1] for part in data if isinstance(part, tuple))
                    self.seen[key] = email.message_from_bytes(raw, policy=email.policy.default)
            return [self.seen[(folder, validity, uid)] for uid in uids]
        except (OSError, imaplib.IMAP4.error, StopIteration):
            self.connection = None
            return None

    def wait(self, words):
        """The first mail whose subject or text holds these words."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            for mail in self.mails() or []:
                if words in plain(str(mail["subject"])) or words in plain(text(mail)):
                    return mail
            time.sleep(0.05)
        sys.exit(f"no mail with {words!r} came to {self.user}")


def plain(text):
    return text.replace("\u00a0", " ").replace("\u202f", " ").replace("’", "'")


def text(mail, kind="plain"):
    part = mail.get_body((kind,))
    return part.get_content() if part else ""


def content(mail):
    """A digest of what the sender wrote."""
    fields = [f"{name}: {value}" for name, value in mail.raw_items() if name.lower() not in TRACE]
    raw = mail.as_bytes()
    body = raw.split(b"\n\n", 1)[1]
    return hashlib.sha256("\n".join(fields).encode("utf-8", "surrogateescape") + body).hexdigest()


def facts(mail):
    return {
        "from": str(mail["from"]),
        "to": str(mail["to"]),
        "reply_to": str(mail["reply-to"]),
        "subject": plain(str(mail["subject"])),
        "text": plain(text(mail)),
        "html": plain(text(mail, "html")),
        "message_id": mail["message-id"],
        "references": (mail["references"] or "").split(),
        "auto_submitted": mail["auto-submitted"],
        "files": [
            {"name": part.get_filename(), "type": part.get_content_type(), "bytes": len(part.get_content())}
            for part in mail.iter_attachments()
        ],
        "content": content(mail),
    }


def answer(mail, sender, said, files, name):
    """The reply that a mail program writes: to Reply-To, above the quotation, as text and HTML."""
    reply = email.message.EmailMessage(policy=email.policy.SMTP)
    reply["From"] = sender
    reply["To"] = mail["reply-to"] or mail["from"]
    subject = str(mail["subject"])
    reply["Subject"] = subject if subject.startswith("Re:") else f"Re: {subject}"
    reply["Date"] = email.utils.format_datetime(email.utils.localtime())
    reply["Message-ID"] = f"<{name}@poste.example>"
    reply["In-Reply-To"] = mail["message-id"]
    reply["References"] = " ".join(filter(None, [mail["references"], mail["message-id"]]))
    reply["User-Agent"] = "Client of the tests"
    head = f"Le 03/06/2024 à 10:00, {mail['from']} a écrit :"
    quoted = "\n".join(f"> {line}" for line in text(mail).splitlines())
    reply.set_content(f"{said}\n\n{head}\n{quoted}\n")
    paragraphs = "".join(f"<p>{escape(line)}</p>" for line in said.split("\n\n"))
    html = text(mail, "html") or escape(text(mail))
    reply.add_alternative(
        f'<html><body>{paragraphs}<div class="moz-cite-prefix">{escape(head)}<br></div>'
        f'<blockquote type="cite" cite="mid:x">{html}</blockquote></body></html>',
        subtype="html",
    )
    for file in files:
        main, sub = file["type"].split("/")
        octets = base64.b64decode(file["base64"])
        reply.add_attachment(octets, maintype=main, subtype=sub, filename=file["name"])
    return reply


def escape(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def send(request, mail):
    """Hands a mail over until the server has taken it. What is unsure is handed over again, as mail programs do."""
    host, port = request["smtp"].rsplit(":", 1)
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            with smtplib.SMTP(host, int(port), timeout=20) as smtp:
                smtp.send_message(mail)
                return
        except (OSError, smtplib.SMTPException):
            time.sleep(0.1)
    sys.exit("the mail server does not take the mail")


def read(request):
    return facts(Mailbox(request).wait(request["with"]))


def reply(request):
    mail = Mailbox(request).wait(request["with"])
    said = answer(mail, request["user"], request["text"], request.get("files", []), request["name"])
    send(request, said)
    return {"message_id": said["message-id"]}


def write(request):
    """A mail that answers nothing."""
    mail = email.message.EmailMessage(policy=email.policy.SMTP)
    mail["From"] = request["user"]
    mail["To"] = request["to"]
    mail["Subject"] = request["subject"]
    mail["Date"] = email.utils.format_datetime(email.utils.localtime())
    mail["Message-ID"] = f"<{request['name']}@poste.example>"
    mail["User-Agent"] = "Client of the tests"
    mail.set_content(request["text"])
    send(request, mail)
    return {"message_id": mail["message-id"]}


def stream(request):
    """Answers each mail of a mailbox once, from the address that it was sent to, until so many were answered."""
    mailbox, answered = Mailbox(request), set()
    end = time.monotonic() + 4 * PATIENCE
    while len(answered) < request["count"]:
        if time.monotonic() > end:
            sys.exit(f"only {len(answered)} mails came")
        for mail in mailbox.mails() or []:
            to = email.utils.parseaddr(str(mail["to"]))[1]
            if to not in answered:
                mark = to.split("@")[0].replace("+", "-")
                said = answer(mail, to, f"Marque {mark}.", request.get("files", []), mark)
                send(request, said)
                answered.add(to)
        time.sleep(0.05)
    return {"answered": len(answered)}


def all_of(request):
    """What is in the folders of a mailbox."""
    mailbox = Mailbox(request)
    return {folder: [facts(mail) for mail in mailbox.mails(folder) or []] for folder in request["folders"]}


COMMANDS = {"read": read, "reply": reply, "write": write, "stream": stream, "all": all_of}

if __name__ == "__main__":
    json.dump(COMMANDS[sys.argv[1]](json.load(sys.stdin)), sys.stdout)
