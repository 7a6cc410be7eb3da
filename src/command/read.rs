//! One file of `commands/`, from TOML to a [`Spec`].

use std::ops::Range;

use jiff::civil::Date;
use toml::de::DeTable;

use super::fold::fold;
use super::spec::{Arg, Choice, Doer, Family, Kind, Right, Spec, Takes};
use super::table::{Fault, Table};
use super::value;

/// Characters of a help and of a name, so that Discord takes them.
const HELP: usize = 100;
const NAME: usize = 32;

/// What `text` declares, and everything that is wrong with it.
pub(super) fn read(text: &str) -> (Option<Spec>, Vec<Fault>) {
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let faults = errors
            .iter()
            .map(|error| (error.span().unwrap_or_default(), error.message().to_owned()));
        return (None, faults.collect());
    }
    let mut table = Table::new(table.get_ref(), 0..0);
    let (args, mut faults) = args(&mut table);
    let spec = spec(&mut table, args);
    check(&mut table, &spec);
    faults.extend(table.faults());
    (faults.is_empty().then_some(spec), faults)
}

fn spec(table: &mut Table<'_, '_>, args: Vec<Arg>) -> Spec {
    Spec {
        name: table.required("name"),
        aliases: table.texts("aliases"),
        family: table
            .one_of("family", Family::ALL, Family::name, None)
            .unwrap_or(Family::Start),
        help: table.required("help"),
        help_en: table.text("help_en").unwrap_or_default(),
        detail: table.text("detail").unwrap_or_default().trim().to_owned(),
        platform: table
            .one_of("platform", Doer::ALL, Doer::name, Some(Doer::Greffier))
            .unwrap_or(Doer::Greffier),
        platform_detail: table
            .text("platform_detail")
            .unwrap_or_default()
            .trim()
            .to_owned(),
        examples: table.texts("examples"),
        right: table
            .one_of("right", Right::ALL, Right::name, None)
            .unwrap_or(Right::Administrateur),
        confirm: table.flag("confirm"),
        selection: table
            .one_of("selection", Takes::ALL, Takes::name, Some(Takes::None))
            .unwrap_or(Takes::None),
        files: table.flag("files"),
        tag: table.required("do"),
        fixed: table.constants("fixed"),
        args,
    }
}

fn args(table: &mut Table<'_, '_>) -> (Vec<Arg>, Vec<Fault>) {
    let mut args = Vec::new();
    let mut faults = Vec::new();
    for mut table in table.tables("args") {
        args.push(arg(&mut table));
        faults.extend(table.faults());
    }
    (args, faults)
}

fn arg(table: &mut Table<'_, '_>) -> Arg {
    let name = table.required("name");
    let arg = Arg {
        key: table.text("key").unwrap_or_else(|| name.clone()),
        help: table.required("help"),
        help_en: table.text("help_en").unwrap_or_default(),
        kind: table
            .one_of("type", Kind::ALL, Kind::name, None)
            .unwrap_or(Kind::Text),
        required: table.flag("required"),
        rest: table.flag("rest"),
        option: table.flag("option"),
        choices: choices(table),
        default: table.text("default"),
        max_length: table.count("max_length"),
        name,
    };
    check_arg(table, &arg);
    arg
}

fn choices(table: &mut Table<'_, '_>) -> Vec<Choice> {
    let mut choices = Vec::new();
    for mut choice in table.tables("choices") {
        choices.push(Choice {
            value: choice.required("value"),
            labels: choice.texts("labels"),
        });
        for (span, message) in choice.faults() {
            table.fault(span, message);
        }
    }
    choices
}

fn check(table: &mut Table<'_, '_>, spec: &Spec) {
    let names = std::iter::once((&spec.name, "name"))
        .chain(spec.aliases.iter().map(|alias| (alias, "aliases")));
    for (name, key) in names {
        check_name(table, name, key);
    }
    check_help(table, "help", &spec.help);
    check_help(table, "help_en", &spec.help_en);
    if spec.examples.is_empty() {
        table.fault(
            table.span("examples"),
            "`examples` is missing: write at least one line that one could type",
        );
    }
    for (place, arg) in spec.args.iter().enumerate() {
        if let Some(fault) = misplaced(spec, place, arg) {
            table.fault(
                table.span("args"),
                format!("argument `{}` {fault}", arg.name),
            );
        }
    }
}

fn check_name(table: &mut Table<'_, '_>, name: &str, key: &'static str) {
    let odd = name
        .chars()
        .find(|letter| !letter.is_alphanumeric() && !matches!(letter, ' ' | '-' | '\'' | '’'));
    if let Some(odd) = odd {
        table.fault(
            table.span(key),
            format!("`{name}` contains {odd:?}: write letters, digits, spaces and hyphens"),
        );
    } else if !name.is_empty()
        && (fold(name).is_empty() || name.chars().count() > NAME || name != name.to_lowercase())
    {
        table.fault(
            table.span(key),
            format!("`{name}` must be in lower case, of 1 to {NAME} characters"),
        );
    }
}

fn check_help(table: &mut Table<'_, '_>, key: &'static str, help: &str) {
    let length = help.chars().count();
    if length > HELP {
        table.fault(
            table.span(key),
            format!("`{key}` has {length} characters: keep it to {HELP}, put more in `detail`"),
        );
    }
}

fn check_arg(table: &mut Table<'_, '_>, arg: &Arg) {
    check_name(table, &arg.name, "name");
    check_help(table, "help", &arg.help);
    check_help(table, "help_en", &arg.help_en);
    if arg.name.contains([' ', '\'', '’']) {
        table.fault(
            table.span("name"),
            format!(
                "`{}` must be one word: write a hyphen between words",
                arg.name
            ),
        );
    }
    if (arg.kind == Kind::Choice) == arg.choices.is_empty() {
        table.fault(
            table.span("choices"),
            "`choices` goes with `type = \"choice\"`: write both, or neither",
        );
    }
    if let Some(fault) = bad_default(arg) {
        table.fault(table.span("default"), fault);
    }
    if arg.option && arg.rest {
        table.fault(
            table.span("rest"),
            "`rest` and `option` exclude each other: free text has no name before it",
        );
    }
    if arg.max_length == Some(0) {
        table.fault(table.span("max_length"), "`max_length` must be at least 1");
    }
}

fn bad_default(arg: &Arg) -> Option<String> {
    let default = arg.default.as_ref()?;
    if arg.required {
        return Some("`default` and `required` exclude each other: remove one".to_owned());
    }
    let read = value::read(arg, default, Date::default());
    read.is_err().then(|| {
        format!(
            "`default` is no `{}`: write what somebody would type",
            arg.kind.name()
        )
    })
}

/// What is wrong with the place of an argument among the others.
fn misplaced(spec: &Spec, place: usize, arg: &Arg) -> Option<&'static str> {
    let before = spec.args.get(..place).unwrap_or_default();
    let twin = before
        .iter()
        .any(|other| other.key == arg.key || fold(&other.name) == fold(&arg.name));
    let reserved: &[&str] = match spec.selection {
        Takes::None => &[],
        Takes::Optional | Takes::One => &["dossier", "dossiers"],
        Takes::Many | Takes::Any => &["dossier", "dossiers", "onglet", "filtre"],
    };
    if twin || spec.fixed.contains_key(&arg.key) || arg.key == "do" {
        Some("has the name or the key of another: choose another `name` or `key`")
    } else if reserved.contains(&fold(&arg.name).as_str()) {
        Some("has a name that selects dossiers: choose another `name`")
    } else if !arg.option && before.iter().any(|other| other.rest) {
        Some("comes after free text, which takes all that remains: put it before")
    } else if arg.required
        && !arg.option
        && before.iter().any(|other| !other.option && !other.required)
    {
        Some("is required and comes after an optional one: put it before")
    } else {
        None
    }
}

/// The line, from 1, on which byte `span.start` of `text` stands.
pub(super) fn line_of(text: &str, span: &Range<usize>) -> usize {
    text.bytes()
        .take(span.start)
        .filter(|byte| *byte == b'\n')
        .count()
        + 1
}
