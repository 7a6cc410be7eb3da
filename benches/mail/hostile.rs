//! Mails made to be slow to read. None is longer than some megabytes but those that carry files.

#![expect(clippy::too_many_lines, reason = "they are lists")]

/// A hostile mail and what is bad about it.
pub(crate) struct Hostile {
    /// What it does.
    pub(crate) name: &'static str,
    /// The mail.
    pub(crate) raw: Vec<u8>,
}

const MEGABYTE: usize = 1 << 20;
const HEAD: &str = "From: Paul <paul@example.org>\r\nTo: reponse+abc@greffier.example\r\nSubject: Re: dossier\r\nDate: Mon, 3 Jun 2024 10:12:00 +0200\r\nMessage-ID: <a@example.org>\r\nMIME-Version: 1.0\r\n";
/// The line above a quotation, which makes the marks below it count.
const ATTRIBUTION: &str = "Le 3 juin 2024 à 10:12, G <g@greffier.example> a écrit :\n";

/// All of them.
pub(crate) fn mails() -> Vec<Hostile> {
    [bodies(), pages(), structures(), headers()]
        .into_iter()
        .flatten()
        .map(|(name, raw)| Hostile { name, raw })
        .collect()
}

fn plain(body: &str) -> Vec<u8> {
    format!("{HEAD}Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{body}").into_bytes()
}

fn flowed(body: &str) -> Vec<u8> {
    format!("{HEAD}Content-Type: text/plain; charset=utf-8; format=flowed; delsp=yes\r\n\r\n{body}")
        .into_bytes()
}

fn html(body: &str) -> Vec<u8> {
    format!("{HEAD}Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{body}").into_bytes()
}

fn fill(piece: &str, octets: usize) -> String {
    piece.repeat(octets / piece.len() + 1)
}

fn bodies() -> Vec<(&'static str, Vec<u8>)> {
    let words = "le mur de l’église est à refaire, dit-il. ";
    let prose = fill(&format!("{}\n", words.repeat(2)), 4 * MEGABYTE);
    let dated = "Le 3 juin 2024 à 10:12, Paul <p@example.org>\n";
    vec![
        ("1 MB in one line", plain(&fill(words, MEGABYTE))),
        ("1 MB of one letter", plain(&fill("x", MEGABYTE))),
        ("4 MB in one line", plain(&fill(words, 4 * MEGABYTE))),
        ("4 MB of prose", plain(&prose)),
        (
            "4 MB of prose above a quotation",
            plain(&format!("{prose}\n{ATTRIBUTION}> x\n")),
        ),
        (
            "4 MB quoted",
            plain(&format!(
                "Oui.\n\n{ATTRIBUTION}{}",
                fill("> le mur est à refaire\n", 4 * MEGABYTE)
            )),
        ),
        ("100 000 short lines", plain(&"a\n".repeat(100_000))),
        (
            "100 000 short lines, every other quoted",
            plain(&format!("{ATTRIBUTION}{}", "> a\nb\n".repeat(50_000))),
        ),
        (
            "100 000 short lines, every other quoted and long",
            plain(&format!(
                "{ATTRIBUTION}{}",
                format!("> {}\nb\n", "mot ".repeat(14)).repeat(10_000)
            )),
        ),
        ("1 000 000 blank lines", plain(&"\n".repeat(MEGABYTE))),
        ("1 MB of >", plain(&fill(">", MEGABYTE))),
        (
            "1 MB of > in lines",
            plain(&fill(&format!("{}\n", ">".repeat(70)), MEGABYTE)),
        ),
        ("1 MB of lines of one >", plain(&fill(">\n", MEGABYTE))),
        ("1 MB of > and spaces", plain(&fill("> ", MEGABYTE))),
        ("1 MB of attributions", plain(&fill(dated, MEGABYTE))),
        (
            "1 MB of whole attributions",
            plain(&fill(ATTRIBUTION, MEGABYTE)),
        ),
        (
            "1 MB of quoted attributions",
            plain(&fill(&format!("> {ATTRIBUTION}"), MEGABYTE)),
        ),
        (
            "1 MB of half attributions",
            plain(&fill("On Mon, Jun 3, 2024 Paul <\n", MEGABYTE)),
        ),
        (
            "1 MB of dates in one line",
            plain(&fill("Le 3 juin 2024 à 10:12, ", MEGABYTE)),
        ),
        (
            "1 MB of addresses in one line",
            plain(&fill("a@b.example ", MEGABYTE)),
        ),
        ("1 MB of @ in one line", plain(&fill("a@", MEGABYTE))),
        ("1 MB of labels", plain(&fill("De : x\nObjet\n", MEGABYTE))),
        (
            "1 MB of labels without values",
            plain(&fill("Date :\n", MEGABYTE)),
        ),
        ("1 MB of rules", plain(&fill("-----\n", MEGABYTE))),
        ("1 MB of delimiters", plain(&fill("-- \nPaul\n", MEGABYTE))),
        (
            "1 MB of delimiters and blanks",
            plain(&fill("--\n\n", MEGABYTE)),
        ),
        (
            "1 MB of legal footers",
            plain(&fill("Ce message est confidentiel.\n\n", MEGABYTE)),
        ),
        (
            "1 MB of footers of phones",
            plain(&fill("Envoyé de mon iPhone\n", MEGABYTE)),
        ),
        (
            "1 MB of combining marks",
            plain(&fill("e\u{301}\u{323}", MEGABYTE)),
        ),
        (
            "1 MB of combining marks without a letter",
            plain(&fill("\u{301}\u{316}", MEGABYTE)),
        ),
        (
            "1 MB of invisible characters",
            plain(&fill("\u{200b}", MEGABYTE)),
        ),
        (
            "1 MB of invisible lines",
            plain(&fill("\u{200b}\u{a0}\n", MEGABYTE)),
        ),
        (
            "1 MB of octets without a charset",
            plain("")
                .into_iter()
                .chain(std::iter::repeat_n(0xe9, MEGABYTE))
                .collect(),
        ),
        ("1 MB of flowed lines", flowed(&fill("a \n", MEGABYTE))),
        ("1 MB of flowed marks", flowed(&fill(">", MEGABYTE))),
        (
            "1 MB of flowed quotations",
            flowed(&fill(">> a \n> b \n", MEGABYTE)),
        ),
        ("1 MB of oui and non", plain(&fill("oui, non\n", MEGABYTE))),
        ("1 MB of [x]", plain(&fill("[x] oui [ ] non\n", MEGABYTE))),
    ]
}

fn pages() -> Vec<(&'static str, Vec<u8>)> {
    let quote = "<blockquote type=cite>";
    vec![
        ("4 MB of HTML", html(&fill("<p>le mur est <b>à refaire</b></p>\n", 4 * MEGABYTE))),
        ("4 MB of HTML text", html(&fill("le mur de l’église est à refaire\n", 4 * MEGABYTE))),
        ("4 MB of pre", html(&format!("<pre>{}", fill("le mur de l’église est à refaire\n", 4 * MEGABYTE)))),
        ("1 MB of HTML", html(&fill("<p>le mur est <b>à refaire</b></p>\n", MEGABYTE))),
        ("1 MB of HTML in one line", html(&fill("<span>mur </span>", MEGABYTE))),
        ("4 MB of br", html(&fill("<br>", 4 * MEGABYTE))),
        ("4 MB of Outlook", html(&fill("<p class=MsoNormal><span style='font-family:\"Calibri\",sans-serif;mso-fareast-language:EN-US'>mur<o:p></o:p></span></p>\n", 4 * MEGABYTE))),
        (
            "1 MB of line ends in pre",
            html(&format!("<pre>{}", fill("\n", MEGABYTE))),
        ),
        (
            "100 000 b within a table, outside its cells",
            html(&format!("<table>{}", "<b>x</b>".repeat(100_000))),
        ),
        (
            "100 000 options",
            html(&format!(
                "<select><selectedcontent>{}",
                "<option selected>x".repeat(100_000)
            )),
        ),
        (
            "200 div around 100 000 ends of b",
            html(&format!("{}{}", "<div>".repeat(200), "</b>".repeat(100_000))),
        ),
        (
            "100 000 body",
            html(&(0..100_000).map(|n| format!("<body a{n}>")).collect::<String>()),
        ),
        ("100 000 blockquotes", html(&quote.repeat(100_000))),
        ("100 000 blockquotes, closed", html(&format!("{}x{}", quote.repeat(100_000), "</blockquote>".repeat(100_000)))),
        ("100 000 blockquotes, one after the other", html(&format!("{quote}x</blockquote>y").repeat(100_000))),
        ("199 blockquotes with 100 000 lines", html(&format!("{}{}", quote.repeat(199), "<br>x".repeat(100_000)))),
        ("100 000 nested div", html(&"<div>".repeat(100_000))),
        ("100 000 nested span", html(&"<span>x".repeat(100_000))),
        ("100 000 nested tables", html(&"<table><tr><td>".repeat(100_000))),
        ("100 000 tables without cells", html(&"<table>x".repeat(100_000))),
        ("100 000 lists", html(&"<ul><li>".repeat(100_000))),
        ("100 000 items", html(&"<li>x".repeat(100_000))),
        ("100 000 paragraphs", html(&"<p>x".repeat(100_000))),
        ("100 000 font", html(&"<font color=red>x".repeat(100_000))),
        ("100 000 font with paragraphs", html(&"<font color=red><p>x".repeat(100_000))),
        ("100 different styles around 100 000 paragraphs", html(&format!("{}{}", (0..100).map(|n| format!("<font size={n}>")).collect::<String>(), "<p>x".repeat(100_000)))),
        ("100 000 a", html(&"<a href=http://a.example/>x".repeat(100_000))),
        ("100 000 misnested b and p", html(&"<b><p>x</b></p>".repeat(100_000))),
        ("100 000 misnested a and div", html(&"<a><div></a>".repeat(100_000))),
        ("100 000 ends without a start", html(&"</p></b></div>".repeat(100_000))),
        ("100 000 form, select, option", html(&"<form><select><option>".repeat(100_000))),
        ("100 000 svg", html(&"<svg><g>".repeat(100_000))),
        ("100 000 template", html(&"<template>".repeat(100_000))),
        ("1 MB of <", html(&fill("<", MEGABYTE))),
        ("1 MB of <a", html(&fill("<a ", MEGABYTE))),
        ("1 MB of </", html(&fill("</", MEGABYTE))),
        ("1 MB of &", html(&fill("&", MEGABYTE))),
        ("1 MB of &amp", html(&fill("&amp;&#233;&lt", MEGABYTE))),
        ("1 MB of an entity's number", html(&format!("&#{}", fill("9", MEGABYTE)))),
        ("1 MB of comments", html(&fill("<!--x-->", MEGABYTE))),
        ("1 MB of a comment", html(&format!("<!--{}", fill("--!", MEGABYTE)))),
        ("1 MB of one attribute", html(&format!("<p style=\"{}\">x", fill("a:b;", MEGABYTE)))),
        ("1 MB of one class", html(&format!("<p class=\"{}\">x", fill("a ", MEGABYTE)))),
        ("100 000 attributes of one tag", html(&format!("<p {}>x", (0..100_000).map(|n| format!("a{n}=1 ")).collect::<String>()))),
        ("1 MB of one tag's name", html(&format!("<{}>x", fill("a", MEGABYTE)))),
        ("20 000 styles that hide nothing", html(&"<p style='color:red;margin:0;padding:0;border-left:solid' class='a b c' id=x>y</p>".repeat(20_000))),
        ("5 000 rules of Outlook over 60 nodes", html(&format!("<div style='border:none;border-top:solid #E1E1E1 1.0pt'>{}</div>", "<b></b>".repeat(60)).repeat(5_000))),
        ("one link with 1 MB of text", html(&format!("<a href=http://a.example/>{}</a>", fill("mur ", MEGABYTE)))),
        ("100 000 links open around text", html(&format!("<a href=http://a.example/>{}", "x<b>y</b>".repeat(100_000)))),
        ("100 000 cells of a row", html(&format!("<table><tr>{}", "<td>x".repeat(100_000)))),
        ("100 000 images", html(&"<img src=cid:a>".repeat(100_000))),
    ]
}

fn multipart(boundary: &str, parts: &str) -> String {
    format!("Content-Type: multipart/mixed; boundary=\"{boundary}\"\r\n\r\n{parts}")
}

fn structures() -> Vec<(&'static str, Vec<u8>)> {
    let whole = |rest: String| format!("{HEAD}{rest}").into_bytes();
    let deep = |depth: usize| {
        let open: String = (0..depth)
            .map(|n| format!("{}--b{n}\r\n", multipart(&format!("b{n}"), "")))
            .collect();
        let close: String = (0..depth).rev().map(|n| format!("--b{n}--\r\n")).collect();
        whole(format!(
            "{open}Content-Type: text/plain\r\n\r\nOui.\r\n{close}"
        ))
    };
    let parts = |head: &str, count: usize| {
        let part = format!("--b\r\n{head}\r\n\r\nx\r\n");
        whole(multipart("b", &format!("{}--b--\r\n", part.repeat(count))))
    };
    let nested = |depth: usize| {
        whole(format!(
            "{}Subject: x\r\n\r\nx",
            "Content-Type: message/rfc822\r\n\r\n".repeat(depth)
        ))
    };
    let same = whole(multipart(
        "b",
        &format!("--b\r\n{}", multipart("b", "")).repeat(2_000),
    ));
    let file = |encoding: &str, line: &str, octets: usize| {
        whole(multipart(
            "b",
            &format!(
                "--b\r\nContent-Type: text/plain\r\n\r\nOui.\r\n--b\r\nContent-Type: application/pdf; name=plan.pdf\r\nContent-Disposition: attachment; filename=plan.pdf\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{}--b--\r\n",
                fill(line, octets)
            ),
        ))
    };
    let base64 = format!("{}\r\n", "JVBERi0x".repeat(9));
    vec![
        ("1 000 multiparts, one in the other", deep(1_000)),
        ("20 multiparts, one in the other", deep(20)),
        ("5 000 text parts", parts("Content-Type: text/plain", 5_000)),
        ("5 000 HTML parts", parts("Content-Type: text/html", 5_000)),
        (
            "5 000 files",
            parts(
                "Content-Type: application/pdf; name=\"plan.pdf\"\r\nContent-Disposition: attachment; filename=\"plan.pdf\"",
                5_000,
            ),
        ),
        (
            "5 000 pictures",
            parts(
                "Content-Type: image/png\r\nContent-ID: <a@b>\r\nContent-Disposition: inline",
                5_000,
            ),
        ),
        ("19 000 parts without a header", parts("", 19_000)),
        (
            "19 000 boundaries of another part",
            whole(multipart("b", &"--c\r\n\r\nx\r\n".repeat(19_000))),
        ),
        ("2 000 multiparts of the same boundary", same),
        ("40 messages, one in the other", nested(40)),
        ("10 000 messages, one in the other", nested(10_000)),
        (
            "a file of 4 MB in base64",
            file("base64", &base64, 4 * MEGABYTE),
        ),
        (
            "a file of 4 MB in quoted-printable",
            file("quoted-printable", "=E9=E8=E7=E6=\r\n", 4 * MEGABYTE),
        ),
        (
            "a file of 4 MB without encoding",
            file("8bit", "\u{e9}\u{e8}\r\n", 4 * MEGABYTE),
        ),
        (
            "a body of 4 MB in base64",
            whole(format!(
                "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{}",
                fill(
                    "bGUgbXVyIGVzdCDDoCByZWZhaXJlCmxlIG11ciBlc3Qg\r\n",
                    4 * MEGABYTE
                )
            )),
        ),
        (
            "a boundary of 1 MB",
            whole(multipart(&fill("b", MEGABYTE), "--b\r\n\r\nx")),
        ),
    ]
}

fn headers() -> Vec<(&'static str, Vec<u8>)> {
    let whole = |rest: String| format!("{HEAD}{rest}\r\n\r\nOui.\r\n").into_bytes();
    let list = |piece: &str, octets: usize| fill(piece, octets);
    vec![
        ("100 000 headers", whole("X-A: b\r\n".repeat(100_000))),
        ("10 000 Received", whole("Received: from a.example ([192.0.2.1]) by b.example with ESMTP id x; Mon, 3 Jun 2024 10:12:00 +0200\r\n".repeat(10_000))),
        ("2 000 Authentication-Results", whole("Authentication-Results: mx.example; dkim=pass header.d=example.org; spf=pass smtp.mailfrom=example.org; dmarc=pass header.from=example.org\r\n".repeat(2_000))),
        ("1 MB of one Authentication-Results", whole(format!("Authentication-Results: mx.example; {}", list("dkim=pass (x) header.d=a.example; ", MEGABYTE)))),
        ("1 MB of open comments", whole(format!("To: {}", list("(", MEGABYTE)))),
        ("1 MB of one subject", whole(format!("Subject: {}", list("mur ", MEGABYTE)))),
        ("1 MB of encoded words", whole(format!("Subject: {}", list("=?utf-8?q?=C3=A9?= ", MEGABYTE)))),
        ("1 MB of encoded words without end", whole(format!("Subject: {}", list("=?utf-8?q?", MEGABYTE)))),
        ("1 MB of references", whole(format!("References: {}", list("<a@b.example> ", MEGABYTE)))),
        ("1 MB of recipients", whole(format!("To: {}", list("a@b.example, ", MEGABYTE)))),
        ("1 MB of different recipients", whole(format!("To: {}", (0..60_000).map(|n| format!("a{n}@b.example, ")).collect::<String>()))),
        ("1 MB of groups", whole(format!("To: {}", list("g: a@b.example;, ", MEGABYTE)))),
        ("1 MB of folded lines", whole(format!("X-A: {}", list("b\r\n ", MEGABYTE)))),
        ("1 MB of parameters", whole(format!("Content-Type: text/plain; {}", list("a*0*=b; ", MEGABYTE)))),
        ("1 MB of From", whole(format!("From: {}", list("\"a\" <a@b.example>, ", MEGABYTE)))),
        ("10 000 From", whole("From: a@b.example\r\n".repeat(10_000))),
        ("a name of 1 MB for a file", whole(format!("Content-Type: application/pdf; name=\"{}\"", list("a/../", MEGABYTE)))),
        ("no end of the headers", format!("{HEAD}{}", list("X-A: b\r\n", 4 * MEGABYTE)).into_bytes()),
        ("4 MB without a line end", fill("x", 4 * MEGABYTE).into_bytes()),
        ("4 MB of zeros", vec![0; 4 * MEGABYTE]),
        ("4 MB of a letter of every value", (0..4 * MEGABYTE).map(|n| u8::try_from((n * 31 + n / 251) % 256).unwrap_or_default()).collect()),
    ]
}
