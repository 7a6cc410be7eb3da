//! The console as a channel, on a script.

use std::io;

use tokio::sync::mpsc;

use super::*;
use crate::channel::{Heard, Shelf};
use crate::message::Piece;
use crate::message::{Button, Destination, Line, Place, Receipt, Style, Verdict};

struct Nothing;

impl Suggest for Nothing {
    fn suggest(&self, _: &str, _: usize, _: &str) -> Vec<Suggestion> {
        Vec::new()
    }
}

impl Shelf for Nothing {
    fn keep(&self, _: &[u8]) -> io::Result<String> {
        Ok(String::new())
    }

    fn read(&self, _: &str) -> io::Result<Vec<u8>> {
        Ok(Vec::new())
    }
}

/// What was written, for whoever holds a clone. Once `shut`, nothing can be written any more.
#[derive(Clone, Default)]
struct Paper {
    ink: Arc<Mutex<Vec<u8>>>,
    shut: bool,
}

impl Paper {
    fn text(&self) -> String {
        String::from_utf8(lock(&self.ink).clone()).expect("UTF-8")
    }
}

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.shut {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        lock(&self.ink).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn console(script: &[u8], paper: &Paper) -> Console {
    let settings = Settings {
        room: "salle".to_owned(),
        who: Some("ines@ddt.example".to_owned()),
        mode: Mode::Plain,
        color: Color::Auto,
        history: None,
    };
    let source = Box::new(io::Cursor::new(script.to_vec()));
    let mut console = Console::on(settings, Arc::new(Nothing), source, Box::new(paper.clone()));
    // An answer that is due must come, however slow the machine; nothing else is waited for.
    console.pace = Pace {
        patience: Duration::from_mins(10),
        quiet: Duration::ZERO,
    };
    console
}

fn known() -> Known {
    Known {
        thread: None,
        edits: None,
        since: jiff::Timestamp::UNIX_EPOCH,
        shelf: Arc::new(Nothing),
    }
}

fn to_room(body: Body) -> Outgoing {
    let to = Destination {
        network: "console".to_owned(),
        address: "salle".to_owned(),
    };
    Outgoing { to, body }
}

fn post(text: &str) -> Post {
    Post {
        text: text.to_owned(),
        ..Post::default()
    }
}

fn button(label: &str, line: &str, style: Style) -> Button {
    Button {
        label: label.to_owned(),
        emoji: "✅".to_owned(),
        line: line.to_owned(),
        style,
    }
}

fn delivered(remote_id: &str) -> Outcome {
    Outcome::Delivered {
        remote_id: remote_id.to_owned(),
    }
}

/// Runs `script` against a middle that answers each line with `answer`, and gives what was heard and written.
async fn run(
    script: &[u8],
    answer: impl Fn(&Line) -> (Verdict, Option<Body>),
) -> (Vec<Line>, String) {
    let paper = Paper::default();
    let console = console(script, &paper);
    let (sender, mut heard) = mpsc::channel::<Heard>(1);
    let stop = CancellationToken::new();
    let listening = console.listen(Inbox::new(sender, Arc::new(Nothing)), stop.clone());
    let middle = async {
        let mut lines = Vec::new();
        while let Some(Heard { incoming, receipt }) = heard.recv().await {
            let crate::message::Heard::Line(line) = incoming.heard else {
                panic!("only lines")
            };
            assert_eq!(line.remote_id.as_ref(), Some(&incoming.id));
            let (verdict, body) = answer(&line);
            receipt.send(Receipt::of(verdict)).expect("awaited");
            if let Some(body) = body {
                let key = format!("outbox-{}", lines.len());
                console.deliver(&key, &to_room(body), &known()).await;
            }
            lines.push(line);
        }
        lines
    };
    let (ended, lines) = tokio::join!(listening, middle);
    ended.expect("no error");
    assert!(
        stop.is_cancelled(),
        "the end of the script asks for the stop"
    );
    (lines, paper.text())
}

fn echo(line: &Line) -> (Verdict, Option<Body>) {
    let answers = line.remote_id.clone();
    let text = format!("Entendu : **{}**", line.text.replace('\n', " / "));
    (
        Verdict::Done,
        Some(Body::Post(Post {
            answers,
            ..post(&text)
        })),
    )
}

fn texts(lines: &[Line]) -> Vec<&str> {
    lines.iter().map(|line| line.text.as_str()).collect()
}

#[tokio::test]
async fn a_script_is_answered_to_its_last_line_before_it_ends() {
    let script =
        "\u{feff}suivre 4807\r\n\r\nmessage 4807 Bonjour,\\\r\nà vous.\r\n/prive\naide".as_bytes();
    let (lines, written) = run(script, echo).await;
    assert_eq!(
        texts(&lines),
        ["suivre 4807", "message 4807 Bonjour,\nà vous.", "aide"]
    );
    let places: Vec<_> = lines.iter().map(|line| &line.place).collect();
    let room = Place::Room("salle".to_owned());
    assert_eq!(places, [&room, &room, &Place::Direct]);
    insta::assert_snapshot!(written, @r"
    #salle Entendu : suivre 4807

    #salle Entendu : message 4807 Bonjour, / à vous.

    * Vous parlez à Greffier en privé.

    #salle Entendu : aide
    ");
}

#[tokio::test]
async fn the_consoles_own_last_word_is_heard() {
    let (_, written) = run(b"/qui", echo).await;
    assert_eq!(written, "* Vous êtes ines@ddt.example.\n\n");
}

#[tokio::test]
async fn what_cannot_be_read_is_said_and_the_rest_goes_on() {
    let mut script = b"caf\xe9\n".to_vec();
    script.extend(vec![b'a'; 100_000]);
    script.extend(b"\nsuite \\\n\xff\\\nencore\nfin\n");
    let (lines, written) = run(&script, echo).await;
    assert_eq!(texts(&lines), ["encore", "fin"]);
    insta::assert_snapshot!(written, @r"
    * La ligne 1 n’est pas en UTF-8 : elle est ignorée.

    * La ligne 2 est trop longue : elle est ignorée.

    * La ligne 4 n’est pas en UTF-8 : elle est ignorée.

    #salle Entendu : encore

    #salle Entendu : fin
    ");
}

#[tokio::test]
async fn a_reaction_is_an_answer_and_an_ignored_line_needs_none() {
    let (lines, written) = run(b"bof\nsuivre 4807\n", |line| {
        let remote_id = line.remote_id.clone().expect("named");
        match line.text.as_str() {
            "bof" => (Verdict::Ignored, None),
            _ => (
                Verdict::Done,
                Some(Body::React(React {
                    remote_id,
                    mark: Mark::Done,
                })),
            ),
        }
    })
    .await;
    assert_eq!(lines.len(), 2);
    assert_eq!(written, "#salle ✅ suivre 4807\n\n");
}

#[tokio::test]
async fn a_script_presses_the_button_of_the_answer_before() {
    let (lines, _) = run(b"accepter 4807\n2\n", |line| {
        let buttons = vec![
            button("Annuler", "annuler K7Q2", Style::Secondary),
            button("Confirmer", "confirmer K7Q2", Style::Danger),
        ];
        let answers = line.remote_id.clone();
        (
            Verdict::Done,
            Some(Body::Post(Post {
                buttons,
                answers,
                ..post("Sûr ?")
            })),
        )
    })
    .await;
    assert_eq!(texts(&lines), ["accepter 4807", "confirmer K7Q2"]);
}

#[tokio::test]
async fn a_stop_is_not_held_up_by_a_silent_pipe() {
    let (reader, _writer) = io::pipe().expect("a pipe");
    let paper = Paper::default();
    let console = console(b"", &paper);
    *lock(&console.source) = Some(Box::new(io::BufReader::new(reader)));
    let (sender, _heard) = mpsc::channel(1);
    let stop = CancellationToken::new();
    stop.cancel();
    console
        .listen(Inbox::new(sender, Arc::new(Nothing)), stop)
        .await
        .expect("no error");
}

#[tokio::test]
async fn the_console_is_listened_to_once() {
    let console = console(b"", &Paper::default());
    let (sender, _heard) = mpsc::channel(1);
    let inbox = Inbox::new(sender, Arc::new(Nothing));
    console
        .listen(inbox.clone(), CancellationToken::new())
        .await
        .expect("no error");
    console
        .listen(inbox, CancellationToken::new())
        .await
        .expect_err("read already");
}

#[tokio::test]
async fn the_same_key_is_shown_once() {
    let paper = Paper::default();
    let console = console(b"", &paper);
    let message = to_room(Body::Post(post("Bonjour")));
    for _ in 0..2 {
        assert_eq!(
            console.deliver("outbox-1", &message, &known()).await,
            delivered("outbox-1")
        );
    }
    assert_eq!(paper.text(), "#salle Bonjour\n\n");
}

#[tokio::test]
async fn an_edit_keeps_the_name_of_what_it_replaces() {
    let paper = Paper::default();
    let console = console(b"", &paper);
    let edits = Known {
        edits: Some("outbox-1".to_owned()),
        ..known()
    };
    let message = to_room(Body::Post(post("Nouvel état")));
    assert_eq!(
        console.deliver("outbox-2", &message, &edits).await,
        delivered("outbox-1")
    );
    assert_eq!(paper.text(), "#salle ✎ Nouvel état\n\n");
}

#[tokio::test]
async fn a_closed_output_is_tried_again_later() {
    let console = console(
        b"",
        &Paper {
            shut: true,
            ..Paper::default()
        },
    );
    let message = to_room(Body::Post(post("Bonjour")));
    for _ in 0..2 {
        let outcome = console.deliver("outbox-1", &message, &known()).await;
        assert!(matches!(outcome, Outcome::Retry { .. }), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_mail_is_not_for_the_console() {
    let console = console(b"", &Paper::default());
    let message = to_room(Body::Mail(Box::default()));
    let outcome = console.deliver("outbox-1", &message, &known()).await;
    assert!(matches!(outcome, Outcome::Dead { .. }), "{outcome:?}");
}

/// A message that has everything, all of it hostile where it can be.
fn card() -> Post {
    Post {
        text: "**Dossier 4807** — En construction\n\n- Demandeur : Mairie\u{1b}]0;x\u{7} de \\*X\\*\n- À suivre".to_owned(),
        card: Some("dossier-4807".to_owned()),
        alert: true,
        buttons: vec![
            button("Suivre", "suivre 4807", Style::Primary),
            button("Sup\u{1b}[2Jprimer", "supprimer 4807\nsuite", Style::Danger),
        ],
        files: vec![Piece {
            hash: "0".to_owned(),
            name: "plan\u{202e}fdp.exe".to_owned(),
            media_type: "application/pdf".to_owned(),
            bytes: 1_250_000,
        }],
        ..Post::default()
    }
}

fn frame<'a>() -> Frame<'a> {
    Frame {
        to: "salle",
        mine: true,
        pressed: true,
        ..Frame::default()
    }
}

#[test]
fn a_card_at_the_terminal() {
    let shown = render::for_terminal(&card(), &frame(), false);
    insta::assert_snapshot!(shown.trim_end_matches('\u{7}'), @r"
    ▲ [4807] Dossier 4807 — En construction
      • Demandeur : Mairie de *X*
      • À suivre
      [1] Suivre → suivre 4807
      [2] Supprimer → supprimer 4807 suite
      📎 planfdp.exe (1,2 Mo)
    ");
    let painted = render::for_terminal(&card(), &frame(), true);
    insta::assert_snapshot!(painted.replace('\u{1b}', "␛").replace('\u{7}', "␇"), @r"
    ␛[1;33m▲␛[0m ␛[36m[4807]␛[0m ␛[1mDossier 4807␛[0m — En construction
      ␛[90m• ␛[0mDemandeur : Mairie de *X*
      ␛[90m• ␛[0mÀ suivre
      ␛[1;36m[1] Suivre → suivre 4807␛[0m
      ␛[1;31m[2] Supprimer → supprimer 4807 suite␛[0m
      📎 planfdp.exe (1,2 Mo)
    ␇
    ");
}

#[test]
fn a_card_in_a_script() {
    insta::assert_snapshot!(render::for_script(&card(), &frame()), @r"
    #salle [4807] ! Dossier 4807 — En construction
    #salle [4807] • Demandeur : Mairie de *X*
    #salle [4807] • À suivre
    #salle [4807] [1] Suivre → suivre 4807
    #salle [4807] [2] Supprimer → supprimer 4807 suite
    #salle [4807] 📎 planfdp.exe (1,2 Mo)
    ");
}

#[test]
fn an_edited_card_shows_only_what_is_new() {
    let before = Some(render::lines(&card()));
    let after = Post {
        text: card().text.replace("À suivre", "Suivi par Inès"),
        buttons: Vec::new(),
        files: Vec::new(),
        ..card()
    };
    let frame = Frame {
        edited: true,
        before,
        ..frame()
    };
    insta::assert_snapshot!(render::for_terminal(&after, &frame, false), @r"
    ✎ [4807] Dossier 4807 — En construction
      • Suivi par Inès
    ");
}

#[test]
fn an_empty_message_is_still_a_line() {
    assert_eq!(render::for_terminal(&post(""), &frame(), false), "▸ \n");
    assert_eq!(render::for_script(&post(""), &frame()), "#salle\n\n");
}

#[test]
fn who_may_read_a_message_is_said() {
    let direct = Post {
        direct: true,
        thread: Some("dossier:4807".to_owned()),
        ..post("Un\n\ndeux")
    };
    let other = Frame {
        to: "paul@ddt.example",
        mine: false,
        pressed: false,
        ..Frame::default()
    };
    let ephemeral = Post {
        ephemeral: true,
        ..post("Rien que pour vous")
    };
    let shown = [
        render::for_terminal(&direct, &frame(), false),
        render::for_terminal(&direct, &other, false),
        render::for_script(&direct, &other),
        render::for_terminal(&ephemeral, &frame(), false),
        render::for_script(&ephemeral, &frame()),
        render::for_script(
            &Post {
                thread: Some("bilan".to_owned()),
                ..post("Un\n\ndeux")
            },
            &frame(),
        ),
    ];
    insta::assert_snapshot!(shown.concat(), @r"
    ▸ [4807] (privé) Un

      deux
    ▸ [4807] (privé pour paul@ddt.example) Un

      deux
    @paul@ddt.example [4807] Un
    @paul@ddt.example [4807]
    @paul@ddt.example [4807] deux

    ▸ (privé) Rien que pour vous
    #salle (privé) Rien que pour vous

    #salle [bilan] Un
    #salle [bilan]
    #salle [bilan] deux
    ");
}

#[test]
fn a_block_holds_no_control_character_but_its_own() {
    let hostile = "x\u{1b}[2J\u{9b}31m\u{7}\u{202e}\r\n&#27;]0;t&#7;";
    let post = Post {
        text: hostile.to_owned(),
        thread: Some(hostile.to_owned()),
        buttons: vec![button(hostile, hostile, Style::Primary)],
        files: vec![Piece {
            hash: String::new(),
            name: hostile.to_owned(),
            media_type: String::new(),
            bytes: 1,
        }],
        direct: true,
        ..Post::default()
    };
    for mine in [true, false] {
        let frame = Frame {
            to: hostile,
            mine,
            pressed: mine,
            ..Frame::default()
        };
        for block in [
            render::for_terminal(&post, &frame, false),
            render::for_script(&post, &frame),
        ] {
            assert!(
                block.chars().all(|c| c == '\n' || !c.is_control()),
                "{block:?}"
            );
        }
    }
    let mark = render::mark_for_script(Mark::Failed, hostile, hostile, true);
    assert!(
        mark.chars().all(|c| c == '\n' || !c.is_control()),
        "{mark:?}"
    );
}
