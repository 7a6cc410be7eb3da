//! What people write to a question oui/non: `tests/mails/answers.txt`.

use std::fs;
use std::path::PathBuf;

use greffier::mail::{Answer, answer};

#[test]
fn only_answers_that_leave_no_doubt_decide() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/mails/answers.txt");
    let table = fs::read_to_string(path).unwrap();
    let lines = table.lines().filter(|line| !line.starts_with('#'));
    let (mut wrong, mut phrases) = (Vec::new(), 0);
    for (wanted, phrase) in lines.filter_map(|line| line.split_once('\t')) {
        phrases += 1;
        let said = answer(&phrase.replace("\\n", "\n"));
        let found = match said.filter(|said| said.certain).map(|said| said.answer) {
            Some(Answer::Oui) => "oui",
            Some(Answer::Non) => "non",
            None => "?",
        };
        if found != wanted {
            wrong.push(format!("{found} instead of {wanted}: {phrase}"));
        }
    }
    assert!(phrases >= 120, "{phrases} phrases only");
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
