#!/usr/bin/env python3
"""Writes tests/mails/automatic/*.eml, what machines and absent people send back, and beside each what it is, *.txt:
its class, and of a bounce its action, status and recipient."""

import pathlib

from write import ADDRESS, SUBJECT, part

HERE = pathlib.Path(__file__).parent / "automatic"
EXPERT = "abf@culture.example"
OURS = "outbox-13.d749d9@greffier.example"


def header(text):
    from email.header import Header
    return Header(text, "utf-8", header_name="Subject").encode()


def write(name, kind, subject, body, *headers, sender=f'"Paul Durand" <{EXPERT}>', answers=True, charset="utf-8", encoding="quoted-printable", to=ADDRESS):
    rows = [f"From: {sender}", f"To: <{to}>", f"Subject: {header(subject)}", "Date: Tue, 2 Jun 2026 10:05:11 +0200", f"Message-ID: <{name}@culture.example>"]
    if answers:
        rows += [f"In-Reply-To: <{OURS}>", f"References: <dossier-1.avis-1@greffier.example> <{OURS}>"]
    rows += [*headers, "MIME-Version: 1.0"]
    body = body if body.startswith("Content-Type:") else part("text/plain", body.strip("\n") + "\n", charset, encoding)
    (HERE / f"{name}.eml").write_bytes(("\n".join(rows) + "\n" + body).encode("latin-1"))
    (HERE / f"{name}.txt").write_text(kind + "\n", encoding="utf-8")


def report(kind, human, fields, original=True, language="utf-8"):
    """multipart/report (RFC 6522)."""
    third = f"--r\nContent-Type: message/rfc822\n\nFrom: greffier@greffier.example\nTo: {EXPERT}\nSubject: x\nMessage-ID: <{OURS}>\n\nx\n" if original else ""
    name = "delivery-status" if kind == "delivery-status" else "disposition-notification"
    return f'Content-Type: multipart/report; report-type={kind}; boundary="r"\n\n--r\n' + part("text/plain", human, "utf-8", "quoted-printable") + f"\n--r\nContent-Type: message/{name}\n\n{fields}\n\n{third}--r--\n"


MTA = "Reporting-MTA: dns; mx.culture.example\n\n"


def absences():
    auto = "auto-reply"
    write("exchange-fr", auto, f"Réponse automatique : {SUBJECT}", "Bonjour,\n\nJe suis absent du bureau jusqu’au 12 juin 2026 inclus.\n\nEn cas d’urgence, contactez secretariat@culture.example.\n\nCordialement,\nPaul Durand", "Auto-Submitted: auto-generated", "X-Auto-Response-Suppress: All")
    write("exchange-fr-subject-alone", auto, f"Réponse automatique : {SUBJECT}", "Bonjour,\n\nVotre message sera lu à mon retour.")
    write("exchange-en", auto, f"Automatic reply: {SUBJECT}", "I am out of the office with limited access to email until June 12th.", "X-Auto-Response-Suppress: All")
    write("exchange-de", auto, f"Automatische Antwort: {SUBJECT}", "Ich bin bis zum 12. Juni nicht im Büro.")
    write("exchange-es", auto, f"Respuesta automática: {SUBJECT}", "Estaré fuera de la oficina hasta el 12 de junio.")
    write("exchange-it", auto, f"Risposta automatica: {SUBJECT}", "Sono assente fino al 12 giugno.")
    write("exchange-nl", auto, f"Automatisch antwoord: {SUBJECT}", "Ik ben afwezig tot 12 juni.")
    write("exchange-pt", auto, f"Resposta automática: {SUBJECT}", "Estou ausente até 12 de junho.")
    write("zimbra-fr", auto, f"Re: {SUBJECT}", "Bonjour,\n\nJe suis en congés du 1er au 12 juin. Pendant mon absence, merci de vous adresser à l’accueil.", "Auto-Submitted: auto-replied (zimbra; vacation)", "Precedence: bulk")
    write("zimbra-fr-no-header", auto, f"Re: {SUBJECT}", "Bonjour,\n\nJe suis en congés du 1er au 12 juin.\nPendant mon absence, merci de vous adresser à l’accueil.")
    write("gmail-vacation", auto, f"Absence Re: {SUBJECT}", "Bonjour, je suis absente jusqu’au lundi 15 juin et ne consulterai pas mes mails.", "Auto-Submitted: auto-replied", "Precedence: bulk", "X-Autoreply: yes")
    write("bluemind-fr", auto, f"Absent : {SUBJECT}", "Je suis absent du 1er au 12 juin 2026.", "X-BM-Autoreply: true")
    write("bluemind-fr-text", auto, f"Re : {SUBJECT}", "Bonjour,\n\nActuellement absent du bureau, je serai de retour le 15 juin.\n\nPaul Durand")
    write("orange-repondeur", auto, f"Répondeur : {SUBJECT}", "Je suis absent pour le moment, je vous répondrai dès mon retour.")
    write("sfr-repondeur", auto, f"Message d’absence : {SUBJECT}", "Je suis en vacances.")
    write("laposte-absence", auto, f"Réponse d’absence Re: {SUBJECT}", "Absent jusqu’au 15/06.")
    write("notes-absence", auto, "Paul Durand est absent(e).", "Je serai absent(e) du bureau à partir du 01/06/2026 et ne reviendrai pas avant le 15/06/2026.\n\nJe répondrai à votre message à mon retour.")
    write("notes-absence-de", auto, "Paul Durand ist außer Haus.", "Ich werde ab 01.06.2026 nicht im Büro sein. Ich kehre zurück am 15.06.2026.\n\nIch werde Ihre Nachricht nach meiner Rückkehr beantworten.")
    write("conge-maternite", auto, f"RE: {SUBJECT}", "Bonjour,\n\nActuellement en congé maternité jusqu’au 30 septembre, je ne lis pas mes courriels. Vous pouvez joindre Mme Petit au 03 20 00 00 00.")
    write("mutation", auto, f"RE: {SUBJECT}", "Bonjour,\n\nAyant changé de poste, je ne traite plus ces dossiers et cette boîte n’est plus relevée. Merci d’écrire à udap.nord@culture.example.")
    write("teletravail-auto", auto, f"RE: {SUBJECT}", "Ceci est un message automatique, merci de ne pas y répondre.\n\nJe suis en formation jusqu’au vendredi 5 juin.")
    write("accuse-mairie", auto, "Accusé de réception de votre message", "Nous accusons réception de votre courriel, qui sera traité dans les meilleurs délais.\n\nCeci est une réponse automatique.", sender='"Mairie" <accueil@mairie.example>')
    write("accuse-ticket", auto, f"[Ticket #20260602] {SUBJECT}", "Votre demande a bien été enregistrée sous le numéro 20260602. Un agent vous répondra.\n\nMerci de ne pas répondre à ce message, généré automatiquement.", "Auto-Submitted: auto-generated")
    write("accuse-text", auto, f"Re: {SUBJECT}", "Bonjour,\n\nVotre courriel a bien été reçu et sera traité dans les meilleurs délais.\n\nCe message est généré automatiquement, merci de ne pas y répondre.")
    write("mailinblack-fr", auto, "Mail en attente d’authentification", "Bonjour,\n\nVous m’avez envoyé un mail. Pour qu’il me parvienne, cliquez une seule fois :\nhttps://mib.culture.example/captcha?id=1\n\nProtégé par Mailinblack", sender="<no-reply@mailinblack.example>")
    write("mailinblack-text", auto, f"RE: {SUBJECT}", "Votre message est en attente. Authentifiez-vous pour que votre message soit remis : https://captcha.culture.example/a\n\nMailinblack")
    write("altospam", auto, f"Validez votre envoi : {SUBJECT}", "Bonjour,\n\nPour protéger ma boîte, validez votre adresse auprès de notre anti-spam : https://as.culture.example/v?1")
    write("null-return-path", auto, f"Re: {SUBJECT}", "Votre message a été transmis.", "Return-Path: <>")


def others():
    disposition = f"Reporting-UA: culture.example; Outlook\nFinal-Recipient: rfc822;{EXPERT}\nOriginal-Message-ID: <{OURS}>\nDisposition: manual-action/MDN-sent-manually; displayed"
    write("receipt-outlook", "other", f"Lu : {SUBJECT}", report("disposition-notification", "Votre message a été lu le mardi 2 juin 2026 10:05.\n", disposition, original=False))
    write("receipt-thunderbird", "other", f"Accusé de réception (affiché) - {SUBJECT}", report("disposition-notification", "Ceci est un accusé de réception pour le courrier que vous avez envoyé.\n", disposition, original=False))
    write("receipt-deleted", "other", f"Non lu : {SUBJECT}", report("disposition-notification", "Votre message a été supprimé sans être lu.\n", disposition.replace("displayed", "deleted"), original=False))
    calendar = "BEGIN:VCALENDAR\nMETHOD:REPLY\nBEGIN:VEVENT\nUID:1\nATTENDEE;PARTSTAT=ACCEPTED:mailto:abf@culture.example\nEND:VEVENT\nEND:VCALENDAR\n"
    write("calendar-accepted", "other", "Accepté : réunion de chantier", 'Content-Type: multipart/alternative; boundary="c"\n\n--c\n' + part("text/plain", "Paul Durand a accepté.\n", "utf-8", "quoted-printable") + "\n--c\n" + part("text/calendar; method=REPLY", calendar, "utf-8", "quoted-printable") + "\n--c--\n")
    write("calendar-alone", "other", "Refusé : réunion", part("text/calendar; method=COUNTER", calendar.replace("REPLY", "COUNTER"), "utf-8", "base64"))
    write("list-digest", "list", "[urbanisme] Bulletin de juin", "Voici le bulletin.", "List-Id: <urbanisme.listes.example>", "List-Unsubscribe: <mailto:x@listes.example>", "Precedence: list", answers=False, to="greffier@greffier.example")
    write("newsletter", "list", "Nos nouveautés", "Découvrez nos offres.", "List-Unsubscribe: <https://x.example/u>", "Feedback-ID: 1:2:3", "Precedence: bulk", answers=False, to="greffier@greffier.example")
    write("own-back", "own", SUBJECT, "Bonjour.", f"Message-ID: <{OURS}>", sender="greffier@greffier.example")
    own = HERE / "own-back.eml"
    own.write_bytes(own.read_bytes().replace(b"Message-ID: <own-back@culture.example>\n", b""))


def bounces():
    daemon = "Mail Delivery System <MAILER-DAEMON@mx.culture.example>"
    fields = lambda action, status: MTA + f"Final-Recipient: rfc822; {EXPERT}\nAction: {action}\nStatus: {status}\nDiagnostic-Code: smtp; 550 {status} x"
    bounce = lambda action, status, who=EXPERT: f"bounce {action} {status} {who}"
    write("dsn-postfix", bounce("failed", "5.1.1"), "Undelivered Mail Returned to Sender", report("delivery-status", "This is the mail system at host mx.culture.example.\n", fields("failed", "5.1.1")), sender=daemon, answers=False)
    write("dsn-delayed", bounce("delayed", "4.4.1"), "Delayed Mail (still being retried)", report("delivery-status", "Your message could not be delivered yet.\n", fields("delayed", "4.4.1")), sender=daemon, answers=False)
    write("dsn-delivered", bounce("delivered", "2.0.0"), "Successful Mail Delivery Report", report("delivery-status", "Delivered.\n", fields("delivered", "2.0.0")), sender=daemon, answers=False)
    write("dsn-relayed", bounce("relayed", "2.1.9"), "Relayé : x", report("delivery-status", "La remise à ces destinataires est terminée, mais aucune notification n’a été envoyée par le serveur de destination.\n", fields("relayed", "2.1.9")), sender=daemon, answers=False)
    write("dsn-expanded", bounce("expanded", "2.0.0"), "Delivery report", report("delivery-status", "Expanded.\n", fields("expanded", "2.0.0")), sender=daemon, answers=False)
    write("dsn-exchange-fr", bounce("failed", "5.1.10"), f"Non remis : {SUBJECT}", report("delivery-status", "Échec de la remise pour ces destinataires ou groupes :\n\nabf@culture.example\nL’adresse de messagerie entrée est introuvable.\n", fields("failed", "5.1.10")), sender="postmaster@culture.example", answers=False)
    write("dsn-gmail-fr", bounce("failed", "5.2.1"), "Delivery Status Notification (Failure)", report("delivery-status", "** Adresse introuvable **\n\nVotre message n’est pas parvenu à abf@culture.example.\n", fields("failed", "5.2.1")), "X-Failed-Recipients: abf@culture.example", sender="Mail Delivery Subsystem <mailer-daemon@googlemail.example>", answers=False)
    write("dsn-quota", bounce("failed", "5.2.2"), "Undelivered Mail Returned to Sender", report("delivery-status", "Boîte pleine.\n", fields("failed", "5.2.2"), original=False), sender=daemon, answers=False)
    free = dict(answers=False)
    write("free-qmail", bounce("failed", "5.1.1"), "failure notice", f"Hi. This is the qmail-send program at culture.example.\nI'm afraid I wasn't able to deliver your message to the following addresses.\n\n<{EXPERT}>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\nReturn-Path: <greffier@greffier.example>\nMessage-ID: <{OURS}>\n", sender=daemon, **free)
    write("free-exim", bounce("failed", "-"), "Mail delivery failed: returning message to sender", f"This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of its recipients.\nThe following address(es) failed:\n\n  {EXPERT}\n    Unrouteable address\n\n------ This is a copy of the message, including all the headers. ------\n\nMessage-ID: <{OURS}>\n", f"X-Failed-Recipients: {EXPERT}", "Auto-Submitted: auto-replied", sender=daemon, **free)
    write("free-exim-warning", bounce("delayed", "-"), "Warning: message 1a2b delayed 24 hours", f"This message was created automatically by mail delivery software.\nA message that you sent has not yet been delivered to one or more of its recipients after more than 24 hours.\n\n  {EXPERT}\n\nNo action is required on your part. Delivery attempts will continue.\n", sender=daemon, **free)
    write("free-exchange-fr", bounce("failed", "5.1.1"), f"Non remis : {SUBJECT}", f"Votre message n’a pas été remis à certains ou à tous les destinataires.\n\n  {EXPERT} sur 02/06/2026 10:05\n        Le compte de messagerie n’existe pas dans l’organisation.\n            <mx.culture.example #5.1.1>\n", sender="Administrateur système <postmaster@culture.example>", charset="windows-1252", **free)
    write("free-exchange-fr-delay", bounce("delayed", "4.4.7"), f"Retard de remise : {SUBJECT}", f"La remise à ces destinataires a été retardée :\n\n  {EXPERT}\n\nCode 4.4.7. De nouvelles tentatives seront faites.\n", sender="postmaster@culture.example", **free)
    write("free-orange", bounce("failed", "5.1.1"), "Echec de distribution de votre message", f"Bonjour,\n\nVotre message n'a pas pu être distribué à : {EXPERT}\nMotif : 550 5.1.1 Adresse d au moins un destinataire invalide.\n", sender="postmaster@orange.example", **free)
    write("free-free", bounce("failed", "5.7.1"), "Undelivered Mail Returned to Sender", f"<{EXPERT}>: host mx1.free.example said: 550 5.7.1 spam detected\n", "Return-Path: <>", sender=daemon, **free)
    write("free-postfix-fr", bounce("failed", "5.4.4"), "Courrier non distribué retourné à l’expéditeur", f"Ici le système de messagerie de l’hôte mx.culture.example.\n\nJe suis désolé de devoir vous informer que votre message n’a pas pu être remis.\n\n<{EXPERT}>: domaine introuvable (5.4.4)\n", "Return-Path: <>", sender=daemon, **free)
    write("free-notes", bounce("failed", "-"), "RAPPORT D’ECHEC DE DISTRIBUTION", f"Votre document : {SUBJECT}\nn’a pas pu être distribué à : {EXPERT}\nà cause de : Utilisateur absent du carnet d’adresses Domino\n", sender="postmaster@culture.example", **free)
    write("free-notes-en", bounce("failed", "-"), "DELIVERY FAILURE: User abf not listed in Domino Directory", f"Your message\n\n  Subject: x\n\nwas not delivered to:\n\n  {EXPERT}\n\nbecause:\n\n  User abf not listed in Domino Directory\n", sender="postmaster@culture.example", **free)
    write("free-yahoo", bounce("failed", "5.0.0"), "Failure Notice", f"Sorry, we were unable to deliver your message to the following address.\n\n<{EXPERT}>:\n554: 5.0.0 delivery error: this user doesn't have an account\n", sender="MAILER-DAEMON@yahoo.example", **free)
    write("free-laposte", bounce("failed", "-"), "Message non distribué", f"Le message n’a pas pu être remis au destinataire suivant : {EXPERT}\nBoîte aux lettres inconnue.\n", "Return-Path: <>", sender="postmaster@laposte.example", **free)


def people():
    """Real replies that look like the above."""
    write("person-leave-but-favourable", "reply", f"RE: {SUBJECT}", "Bonjour,\n\nJe suis en congé la semaine prochaine mais avis favorable.\n\nPaul Durand")
    write("person-back-on", "reply", f"RE: {SUBJECT}", "Bonjour,\n\nJ’étais en congés jusqu’au 1er juin, d’où ma réponse tardive. Avis défavorable : les lucarnes sont trop larges.\n\nCordialement")
    write("person-absent-tomorrow", "reply", f"RE: {SUBJECT}", "Bonjour Madame,\n\nMerci de m’envoyer le plan de masse. Je serai absent demain matin, vous pouvez me rappeler l’après-midi.\n\nPaul Durand")
    write("person-wall-is-absent", "reply", f"RE: {SUBJECT}", "Le mur est absent du plan de masse. Pouvez-vous le faire corriger par le demandeur ?")
    write("person-usager-away", "reply", f"RE: {SUBJECT}", "Bonjour,\n\nVous trouverez ci-dessous l’adresse demandée : 4 rue de l’Église. Je suis en déplacement jusqu’à vendredi, les plans suivront.\n\nCamille Durand")
    write("person-colleague-absent", "reply", f"RE: {SUBJECT}", "Bonjour,\n\nEn l’absence de M. Durand, en congés jusqu’au 15 juin, je vous réponds à sa place : pas d’observation de notre part sur les lucarnes, la pente de 45° est conforme à l’article 11 du règlement.\n\nClaire Petit")
    write("person-auto-word", "reply", f"RE: {SUBJECT}", "Le portail automatique de l’entrée n’est pas prévu au dossier, est-ce normal ?")
    write("person-received", "reply", f"RE: {SUBJECT}", "Bien reçu, je regarde et vous réponds avant vendredi.\n\nPaul")
    write("person-relay-adds-headers", "reply", f"RE: {SUBJECT}", "Oui.", "X-Auto-Response-Suppress: OOF, AutoReply", "List-Unsubscribe: <https://relais.example/u>", "Precedence: bulk")
    write("person-bounce-told", "reply", f"RE: {SUBJECT}", "Bonjour,\n\nMon message à la mairie m’est revenu non distribué : avez-vous une autre adresse que accueil@mairie.example ?")
    write("person-attachment-en", "reply", f"RE: {SUBJECT}", "I was out of the office last week, sorry. We have no objection to the dormers.")
    write("person-subject-ar", "reply", "AR Votre demande d’avis", "Bonjour,\n\nLe terrain n’est pas dans le périmètre de 500 m, nous n’avons pas à donner d’avis.\n\nPaul Durand")


if __name__ == "__main__":
    for what in [absences, others, bounces, people]:
        what()
    print(len(list(HERE.glob("*.eml"))), "mails")
