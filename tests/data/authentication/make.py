"""Makes the mails of this folder: signed by dkimpy (pip install dkimpy pynacl authres), with keys that are thrown away.

The lines of the mails end in LF here; the tests make CRLF of them, which is what was signed. `keys.txt` holds the public
halves, as they stand in the DNS.
"""

import base64
import subprocess

import dkim

MAIL = """From: =?utf-8?q?Mairie?= <mairie@ville.example>
To: greffier@greffier.example
Subject: Avis de la commune
Date: Mon, 03 Jun 2024 10:12:00 +0200
Message-ID: <1@ville.example>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

Bonjour,

la commune est favorable.
"""


def crlf(text):
    return text.replace("\n", "\r\n").encode()


def rsa(bits):
    key = subprocess.run(["openssl", "genrsa", "-traditional", str(bits)], capture_output=True, check=True).stdout
    public = subprocess.run(["openssl", "rsa", "-pubout", "-outform", "DER"], input=key, capture_output=True, check=True)
    return key, "v=DKIM1; k=rsa; p=" + base64.b64encode(public.stdout).decode()


def ed25519():
    import nacl.signing

    key = nacl.signing.SigningKey.generate()
    public = base64.b64encode(bytes(key.verify_key)).decode()
    return base64.b64encode(bytes(key)), "v=DKIM1; k=ed25519; p=" + public


def write(name, mail):
    with open(name, "wb") as file:
        file.write(mail.replace(b"\r\n", b"\n"))


def signed(mail, domain, key, algorithm=b"rsa-sha256", **more):
    return dkim.sign(mail, b"test", domain, key, signature_algorithm=algorithm, **more) + mail


class Expired(dkim.DKIM):
    """Signs with a time of expiry long past."""

    def gen_header(self, fields, include_headers, canon_policy, header_name, pk, standardize=False):
        fields = [(k, b"1000000000" if k == b"t" else v) for k, v in fields]
        at = next(n for n, (k, _) in enumerate(fields) if k == b"t")
        fields.insert(at + 1, (b"x", b"1000000060"))
        return super().gen_header(fields, include_headers, canon_policy, header_name, pk, standardize)


mail = crlf(MAIL)
key, public = rsa(2048)
edkey, edpublic = ed25519()
relaxed = (b"relaxed", b"relaxed")
with open("keys.txt", "w") as file:
    file.write(f"rsa {public}\ned25519 {edpublic}\n")
write("aligned.eml", signed(mail, b"ville.example", key, canonicalize=relaxed))
write("simple.eml", signed(mail, b"ville.example", key, canonicalize=(b"simple", b"simple")))
write("ed25519.eml", signed(mail, b"courrier.ville.example", edkey, b"ed25519-sha256"))
write("unaligned.eml", signed(mail, b"evil.example", key))
write("length.eml", signed(mail, b"ville.example", key, length=True))
expired = Expired(mail)
write("expired.eml", expired.sign(b"test", b"ville.example", key) + mail)
write("sha1.eml", signed(mail, b"ville.example", key, b"rsa-sha1"))

# A mailing list took the signed mail, put its mark into the subject, and sealed what it had seen.
original = signed(mail, b"ville.example", key)
changed = original.replace(b"Subject: Avis", b"Subject: [liste] Avis")
for name, results in [
    ("sealed.eml", "dkim=pass header.d=ville.example; dmarc=pass header.from=ville.example"),
    ("sealed-failed.eml", "dkim=fail header.d=ville.example; dmarc=fail header.from=ville.example"),
]:
    seen = crlf(f"Authentication-Results: mx.listes.example; {results}\n") + changed
    seal = dkim.arc_sign(seen, b"test", b"listes.example", key, b"mx.listes.example")
    write(name, b"".join(seal) + seen)
