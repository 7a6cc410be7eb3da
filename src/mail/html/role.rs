//! What an element is for, by the names that mail programs give it.

use markup5ever_rcdom::{Handle, NodeData};

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

type Attribute<'a> = dyn Fn(&str) -> Option<String> + 'a;

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

pub(super) fn of(tag: &str, attribute: &Attribute<'_>, node: &Handle) -> Role {
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
pub(super) fn is_quoting(node: &Handle) -> bool {
    let NodeData::Element { name, attrs, .. } = &node.data else {
        return false;
    };
    let attrs = attrs.borrow();
    let attribute = |wanted: &str| {
        let found = attrs.iter().find(|attr| &*attr.name.local == wanted);
        found.map(|attr| attr.value.to_string())
    };
    &*name.local == "blockquote" && of("blockquote", &attribute, node) == Role::Quotation
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
fn begins_with_label(node: &Handle) -> bool {
    let mut steps = vec![node.clone()];
    let mut text = String::new();
    let mut seen = 0;
    while let Some(node) = steps.pop() {
        seen += 1;
        if let NodeData::Text { contents } = &node.data {
            text.push_str(
                contents
                    .borrow()
                    .trim_start_matches(|c: char| c.is_ascii_whitespace()),
            );
        }
        if seen > 60 || text.chars().count() > 30 || text.contains(':') {
            break;
        }
        steps.extend(node.children.borrow().iter().rev().cloned());
    }
    text.find(':').is_some_and(|at| (1..=24).contains(&at))
}

/// Not shown to who reads the mail: scripts, styles, preheaders.
pub(super) fn is_hidden(tag: &str, attribute: &Attribute<'_>) -> bool {
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
    let style: String = attribute("style")
        .unwrap_or_default()
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
    attribute("hidden").is_some()
        || style.contains("display:none")
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
pub(super) fn is_tight(tag: &str, attribute: &Attribute<'_>) -> bool {
    tag == "p" && attribute("class").is_some_and(|class| class.to_lowercase().contains("msonormal"))
}

/// Elements whose end tag is often or always left out.
pub(super) fn may_stay_open(name: &str) -> bool {
    const OPEN: &[&str] = &[
        "p", "br", "hr", "img", "meta", "link", "input", "li", "dt", "dd", "td", "th", "tr",
        "tbody", "thead", "tfoot", "option", "col", "area", "base", "wbr", "source", "embed", "o",
        "v", "w", "html", "body", "head",
    ];
    OPEN.iter().any(|open| open.eq_ignore_ascii_case(name))
}

/// Elements that a parser opens again after a block has closed them (HTML, "active formatting elements").
pub(super) fn is_style(name: &str) -> bool {
    const STYLES: &[&str] = &[
        "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt",
        "u",
    ];
    STYLES.iter().any(|style| style.eq_ignore_ascii_case(name))
}

/// Whether a picture is shown as small as the logos of signatures are: Outlook marks no signature, and writes how large
/// it shows each picture.
pub(super) fn is_logo(attribute: &dyn Fn(&str) -> Option<String>) -> bool {
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
