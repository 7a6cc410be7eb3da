//! What an element is for, by the names that mail programs give it.

use html5ever::Attribute;

use super::tree::{Data, Node};

/// What an element says about the text in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Plain,
    /// Its content is quoted.
    Quotation,
    /// All that follows it is quoted.
    Below,
    Signature,
}

/// The attributes of an element, by name.
pub(super) type Attributes<'a> = dyn Fn(&str) -> Option<&'a str> + 'a;

/// Beginnings of classes and ids around quotations: Gmail, Yahoo, Proton, Zimbra, Thunderbird, GMX, Tutanota.
const QUOTATIONS: &[&str] = &[
    "gmail_quote",
    "gmail_attr",
    "yahoo_quoted",
    "protonmail_quote",
    "moz-cite-prefix",
    "moz-forward-container",
    "reply-intro",
    "tutanota_quote",
    "zmail_extra",
    "outlookmessageheader",
    "fairemail_quote",
];
/// Marks above quotations: Outlook, its web form, Zimbra. Not among them are `appendonsend` and
/// `ms-outlook-mobile-body-separator-line`: people write below these.
const BELOW: &[&str] = &[
    "divrplyfwdmsg",
    "zwchr",
    "stopspelling",
    "mailoriginal",
    "_mailoriginal",
];
/// What names of signatures contain: `gmail_signature`, `moz-signature`, `ms-outlook-mobile-signature`,
/// `composer_signature`, `protonmail_signature_block-user`, `ydp5f2asignature`, `k9mail-signature`, `x_Signature`.
const SIGNATURE_ENDS: &[&str] = &[
    "signature",
    "signature_block",
    "signature_block-user",
    "signature_block-proton",
    "_mailautosig",
    "_rc_sig",
];

pub(super) fn of<'n>(tag: &str, attribute: &Attributes<'_>, node: &'n Node<'n>) -> Role {
    let names: Vec<String> = ["class", "id", "name", "data-marker", "fairemail"]
        .iter()
        .filter_map(|name| attribute(name))
        .flat_map(|value| {
            value
                .split_whitespace()
                .map(str::to_lowercase)
                .collect::<Vec<_>>()
        })
        .collect();
    let named = |known: &[&str]| {
        names
            .iter()
            .any(|name| known.iter().any(|known| is_named(name, known)))
    };
    if tag == "body" || tag == "html" {
        return Role::Plain;
    }
    let style = attribute("style").unwrap_or_default().to_lowercase();
    let signs = |name: &String| {
        SIGNATURE_ENDS.iter().any(|end| name.ends_with(end))
            || matches!(name.as_str(), "__sig_pre__" | "__sig_post__")
    };
    if names.iter().any(signs)
        || attribute("data-bm-signature").is_some()
        || style.contains("mso-bookmark:_mailautosig")
    {
        return Role::Signature;
    }
    if named(BELOW) {
        return Role::Below;
    }
    if tag == "blockquote" {
        let cites = attribute("type").is_some_and(|kind| kind.eq_ignore_ascii_case("cite"))
            || attribute("cite").is_some();
        let quote = cites
            || names
                .iter()
                .any(|name| name.contains("quote") || name == "cite")
            || style.contains("border-left");
        return if quote { Role::Quotation } else { Role::Plain };
    }
    let quoted = named(QUOTATIONS)
        || names
            .iter()
            .any(|name| name == "__quoted_text__" || name == "quote" || name == "quoted-content");
    if quoted {
        return Role::Quotation;
    }
    // Outlook on the desktop draws a line above the copied headers, which are bold.
    let ruled = tag == "div"
        && (style.contains("border-top:solid #e1e1e1")
            || style.contains("border-top:solid #b5c4df")
            || style.contains("border:none;border-top:solid"));
    if ruled && begins_with_label(node) {
        Role::Below
    } else {
        Role::Plain
    }
}

/// Whether `node` is a `blockquote` of a mail program.
pub(super) fn is_quoting<'n>(node: &'n Node<'n>) -> bool {
    let Data::Element {
        name, attributes, ..
    } = &node.data
    else {
        return false;
    };
    let attributes = attributes.borrow();
    let attribute = |wanted: &str| value(&attributes, wanted);
    &*name.local == "blockquote" && of("blockquote", &attribute, node) == Role::Quotation
}

/// The value of the attribute `wanted`.
pub(super) fn value<'a>(attributes: &'a [Attribute], wanted: &str) -> Option<&'a str> {
    let found = attributes
        .iter()
        .find(|found| &*found.name.local == wanted)?;
    Some(&found.value)
}

/// `name` is `known`, with the prefixes that programs add when a mail passes through them (`x_`, `ydp1a2b`, `m_-12`).
fn is_named(name: &str, known: &str) -> bool {
    name == known
        || (name.len() > known.len()
            && known.len() > 9
            && (name.ends_with(known) || name.starts_with(known)))
        || name.strip_prefix("x_").is_some_and(|rest| rest == known)
}

/// Whether the first words under `node` end in a colon: `De :`, `From:`.
fn begins_with_label<'a>(node: &'a Node<'a>) -> bool {
    let mut steps = vec![node];
    let mut text = String::new();
    let mut seen = 0;
    while let Some(node) = steps.pop() {
        seen += 1;
        if let Data::Text(contents) = &node.data {
            let contents = contents.borrow();
            let said = contents.trim_start_matches(|c: char| c.is_ascii_whitespace());
            text.push_str(said.get(..said.floor_char_boundary(200)).unwrap_or(said));
        }
        if seen > 60 || text.chars().count() > 30 || text.contains(':') {
            break;
        }
        steps.extend(node.backwards());
    }
    text.find(':').is_some_and(|at| (1..=24).contains(&at))
}

/// Not shown to who reads the mail: scripts, styles, preheaders.
pub(super) fn is_hidden(tag: &str, attribute: &Attributes<'_>) -> bool {
    if matches!(
        tag,
        "head"
            | "script"
            | "style"
            | "title"
            | "template"
            | "noscript"
            | "object"
            | "svg"
            | "math"
            | "select"
            | "iframe"
            | "xml"
    ) {
        return true;
    }
    // What holds for the whole mail hides nothing of it.
    if matches!(tag, "body" | "html") {
        return false;
    }
    if attribute("hidden").is_some() {
        return true;
    }
    let Some(style) = attribute("style") else {
        return false;
    };
    let style: String = style
        .to_lowercase()
        .chars()
        .filter(|c| !c.is_whitespace())
        .collect();
    let zero = [
        "font-size:0;",
        "font-size:0px",
        "max-height:0;",
        "max-height:0px",
        "opacity:0;",
    ]
    .iter()
    .any(|zero| style.contains(zero));
    style.contains("display:none")
        || style.contains("visibility:hidden")
        || style.contains("mso-hide:all")
        || zero
}

pub(super) fn is_block(tag: &str) -> bool {
    is_paragraph(tag)
        || matches!(
            tag,
            "div"
                | "li"
                | "tr"
                | "dt"
                | "dd"
                | "section"
                | "article"
                | "header"
                | "footer"
                | "main"
                | "aside"
                | "nav"
                | "form"
                | "center"
                | "body"
                | "address"
                | "fieldset"
                | "figure"
                | "hr"
                | "caption"
        )
}

/// Blocks with a blank line after them.
pub(super) fn is_paragraph(tag: &str) -> bool {
    matches!(
        tag,
        "p" | "ul"
            | "ol"
            | "dl"
            | "table"
            | "blockquote"
            | "pre"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
    )
}

/// Whether a paragraph has no space around it.
pub(super) fn is_tight(tag: &str, attribute: &Attributes<'_>) -> bool {
    tag == "p" && attribute("class").is_some_and(|class| class.to_lowercase().contains("msonormal"))
}

/// Whether a picture is shown as small as the logos of signatures are: Outlook marks no signature, and writes how large
/// it shows each picture.
pub(super) fn is_logo(attribute: &Attributes<'_>) -> bool {
    let pixels = |name: &str| {
        attribute(name)?
            .trim()
            .trim_end_matches("px")
            .parse::<u32>()
            .ok()
    };
    matches!(
        (pixels("width"), pixels("height")),
        (Some(..=300), Some(..=150))
    )
}
