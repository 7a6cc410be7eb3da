//! What machines, mail servers and absent people send back, and people's mails that look like it:
//! `tests/mails/automatic`, made by `tests/mails/automatic.py`.

use std::fs;
use std::path::PathBuf;

use greffier::mail::{Class, Understood, understand};

/// The class, and of a bounce its action, status and recipient.
fn said(mail: &Understood) -> String {
    let class = match mail.class {
        Class::Reply => "reply",
        Class::AutoReply => "auto-reply",
        Class::Bounce => "bounce",
        Class::List => "list",
        Class::Own => "own",
        Class::Other => "other",
    };
    let Some(bounce) = &mail.bounce else {
        return class.to_owned();
    };
    format!(
        "{class} {} {} {}",
        format!("{:?}", bounce.action).to_lowercase(),
        bounce.status.as_deref().unwrap_or("-"),
        bounce.recipient.as_deref().unwrap_or("-")
    )
}

#[test]
fn machines_are_told_from_people() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/mails/automatic");
    let (mut wrong, mut mails) = (Vec::new(), 0);
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "eml") {
            continue;
        }
        mails += 1;
        let understood = understand(&fs::read(&path).unwrap(), &super::own());
        let found = said(&understood);
        let wanted = fs::read_to_string(path.with_extension("txt")).unwrap();
        if found != wanted.trim() {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            wrong.push(format!(
                "{name}: {found} ({:?}) instead of {}",
                understood.reason,
                wanted.trim()
            ));
        }
    }
    assert!(mails >= 40, "{mails} mails only");
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
