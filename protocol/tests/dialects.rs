//! What each endpoint says of the same thing: one table of events, signals and answers × all dialects, in
//! `golden/dialects.txt`. `-` means that it is not said there.
//!
//! `UPDATE_GOLDEN=1 cargo test -p chat-protocol` writes the table anew.

mod golden_file;
mod hostile;

use std::fmt::Write as _;

use chat_protocol::{
    ClientId, CloseCode, Dialect, ErrorCode, Event, Recorded, RoomName, Seq, ServerFrame, ServerMessage, Signal, Timestamp,
    UserName, dialect::Heard, display, server::Joined,
};
use serde_json::json;
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

const AT: &str = "2026-11-20T09:30:00.000Z";

fn user(name: &str) -> UserName {
    UserName::known(name).expect("a name of the table")
}

fn room(name: &str) -> RoomName {
    RoomName::known(name).expect("a room of the table")
}

fn at() -> Timestamp {
    Timestamp::parse(AT).expect("a time of the table")
}

fn recorded(room_name: &str, from: &str, event: Event) -> Recorded {
    Recorded { room: room(room_name), seq: Seq(42), at: at(), from: user(from), event, deleted: false }
}

fn says(text: &str) -> Event {
    Event::Message { text: text.into(), cid: None, reply_to: None, action: false }
}

fn does(text: &str) -> Event {
    Event::Message { text: text.into(), cid: None, reply_to: None, action: true }
}

fn hostile(name: &str) -> Event {
    let corpus = hostile::corpus();
    says(&corpus.iter().find(|(named, _)| *named == name).expect("a text of the corpus").1)
}

fn events() -> Vec<(&'static str, Recorded)> {
    let key = ClientId::parse("k7Qz-1");
    vec![
        ("a message", recorded("general", "alice", says("hi"))),
        (
            "a message with all that it may have",
            recorded("general", "alice", Event::Message { text: "hi".into(), cid: key, reply_to: Some(Seq(41)), action: false }),
        ),
        ("a message of two lines", recorded("general", "alice", says("hi\nbob: I owe you money"))),
        ("an empty message", recorded("echo", "#w3", says(""))),
        ("a message by client #7", recorded("lobby", "#7", says("hi"))),
        ("a message by a nameless client", recorded("echo", "#w3", says("hi"))),
        ("a message by a name with a space", recorded("general", "Ann Lee", says("hi"))),
        ("an action", recorded("general", "alice", does("waves"))),
        ("an action of two lines by client #7", recorded("lobby", "#7", does("waves\nand leaves"))),
        ("a private message", recorded("@alice,bob", "alice", says("hi"))),
        ("a private message of two lines between clients", recorded("@#7,#9", "#7", says("hi\nyou"))),
        ("a private message to oneself", recorded("@#7,#7", "#7", says("hi"))),
        ("a private action", recorded("@#7,alice", "alice", does("waves"))),
        ("a message that was deleted since", Recorded { deleted: true, ..recorded("general", "alice", says("")) }),
        ("an edit", recorded("general", "alice", Event::Edited { target: Seq(41), text: "hello\nthere".into() })),
        ("a private edit", recorded("@#7,#9", "#7", Event::Edited { target: Seq(41), text: "hello".into() })),
        ("a deletion", recorded("general", "alice", Event::Deleted { target: Seq(41) })),
        ("a reaction", recorded("general", "alice", Event::Reacted { target: Seq(41), emoji: "👍".into(), on: true })),
        ("a reaction taken back", recorded("general", "#7", Event::Reacted { target: Seq(41), emoji: "👍".into(), on: false })),
        ("a topic", recorded("general", "alice", Event::Topic { text: "tea\nand cake".into() })),
        ("a topic cleared", recorded("general", "#7", Event::Topic { text: String::new() })),
        ("hostile: colours", recorded("general", "alice", hostile("escape colour"))),
        ("hostile: a C1 sequence", recorded("general", "#7", hostile("c1 control sequence"))),
        ("hostile: carriage return", recorded("general", "alice", hostile("forged carriage return"))),
        ("hostile: line separators", recorded("general", "alice", hostile("forged separators"))),
        ("hostile: reading order", recorded("general", "alice", hostile("right to left override"))),
        ("hostile: zero width", recorded("general", "alice", hostile("zero width"))),
        ("hostile: tags", recorded("general", "alice", hostile("tags"))),
        ("hostile: zalgo", recorded("general", "alice", hostile("zalgo"))),
        ("hostile: fillers", recorded("general", "alice", hostile("hangul fillers"))),
        ("harmless: a family", recorded("general", "alice", hostile("family"))),
    ]
}

fn signals() -> Vec<(&'static str, Signal)> {
    let general = || room("general");
    vec![
        (
            "presence",
            Signal::Presence { room: general(), joined: vec![user("alice"), user("#7")], left: vec![user("bob")], online: 3 },
        ),
        ("alice came", Signal::Came { room: general(), user: user("alice"), at: at() }),
        ("client #7 came", Signal::Came { room: room("lobby"), user: user("#7"), at: at() }),
        ("a nameless client came", Signal::Came { room: room("echo"), user: user("#w3"), at: at() }),
        ("alice went", Signal::Went { room: general(), user: user("alice"), at: at() }),
        ("client #7 went", Signal::Went { room: room("lobby"), user: user("#7"), at: at() }),
        ("a nameless client went", Signal::Went { room: room("echo"), user: user("#w3"), at: at() }),
        ("alice types", Signal::Typing { room: general(), user: user("alice"), active: true }),
        ("alice types no longer", Signal::Typing { room: general(), user: user("alice"), active: false }),
        ("somebody was muted", Signal::Notice { room: general(), text: "alice muted eve: spam".into() }),
        ("read elsewhere", Signal::Read { room: general(), seq: Seq(42) }),
    ]
}

fn answers() -> Vec<(&'static str, ServerFrame)> {
    let general = || room("general");
    let joined = Joined {
        room: general(),
        seq: Seq(42),
        topic: "tea".into(),
        users: vec![user("alice").into()],
        online: Some(1),
        read: Seq(0),
        recovered: false,
        more: false,
        messages: Some(vec![]),
        events: None,
    };
    let frame = |reference: Option<&str>, message| ServerFrame { message, reference: reference.map(str::to_owned) };
    vec![
        (
            "an error",
            frame(
                Some("r1"),
                ServerMessage::Error { code: ErrorCode::NoSuchUser, text: "There is no user bob here".into(), retry_ms: None },
            ),
        ),
        (
            "an error with a time",
            frame(None, ServerMessage::Error { code: ErrorCode::RateLimited, text: "Too fast".into(), retry_ms: Some(800) }),
        ),
        (
            "an error that quotes something hostile",
            frame(
                None,
                ServerMessage::Error { code: ErrorCode::BadRequest, text: "No: \u{1b}[31m\u{202e}x".into(), retry_ms: None },
            ),
        ),
        ("a notice", frame(None, ServerMessage::Notice { text: "The server restarts at noon".into(), room: None })),
        ("a notice of two lines", frame(Some("r2"), ServerMessage::Notice { text: "one\ntwo".into(), room: Some(general()) })),
        ("joined", frame(Some("r3"), ServerMessage::Joined(joined))),
        ("left", frame(Some("r4"), ServerMessage::Left { room: general() })),
        ("pong", frame(Some("r5"), ServerMessage::Pong {})),
        (
            "closing",
            frame(
                None,
                ServerMessage::Closing {
                    code: CloseCode::TooSlow,
                    reason: CloseCode::TooSlow.reason().into(),
                    reconnect: true,
                    retry_ms: Some(1500),
                },
            ),
        ),
    ]
}

fn values() -> Vec<(&'static str, serde_json::Value)> {
    vec![
        ("an object", json!({"hello": "you", "n": [1, null, true]})),
        ("a number", json!(42)),
        ("something hostile", json!({"\u{202e}key": "\u{1b}[31m\u{9b}2J"})),
    ]
}

/// One cell: lines after the first stay under it, and what an editor would act on, hide or trim is written out.
fn cell(label: &str, said: Option<String>) -> String {
    let said = said.unwrap_or_else(|| "-".into());
    let mut chars = said.chars().peekable();
    let mut shown = String::new();
    while let Some(c) = chars.next() {
        match c {
            '\n' => shown += "\n            │ ",
            ' ' if matches!(chars.peek(), None | Some('\n')) => shown += "\\u{20}",
            c if display::is_unsafe(c) || c.general_category_group() == GeneralCategoryGroup::Mark => {
                let _ = write!(shown, "{}", c.escape_unicode());
            }
            c => shown.push(c),
        }
    }
    format!("  {label:<9} │ {shown}\n")
}

fn name(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Chat => "chat",
        Dialect::Echo => "echo",
        Dialect::Plain => "plain",
        Dialect::Envelope => "envelope",
        Dialect::Channel => "channel",
    }
}

fn row(table: &mut String, title: &str, says: impl Fn(Dialect) -> Option<String>) {
    let _ = write!(table, "\n{title}\n");
    for dialect in Dialect::ALL {
        *table += &cell(name(dialect), says(dialect));
    }
}

#[test]
fn every_dialect_says_what_the_table_shows() {
    let mut table = String::from("What each dialect says of the same thing; - where it says nothing.\n");
    table += "\n== Events, as everybody in the room sees them ==\n";
    for (title, event) in events() {
        row(&mut table, title, |dialect| dialect.recorded(&event));
    }
    table += "\n== Events, as whoever said them is answered: the log has them ==\n";
    for (title, event) in events() {
        row(&mut table, title, |dialect| dialect.kept(&event, false, Some("r1".into())));
    }
    row(&mut table, "a message that was there already, without a ref", |dialect| dialect.kept(&events()[1].1, true, None));
    table += "\n== Whether whoever said it sees it as everybody does ==\n";
    for (title, event) in [&events()[0], &events()[9]] {
        row(&mut table, title, |dialect| Some(if dialect.shows_sender(event) { "yes" } else { "no" }.into()));
    }
    table += "\n== Signals ==\n";
    for (title, signal) in signals() {
        row(&mut table, title, |dialect| dialect.signal(&signal));
    }
    table += "\n== Answers to one connection ==\n";
    for (title, frame) in answers() {
        row(&mut table, title, |dialect| dialect.answer(&frame));
    }
    table += "\n== Values that mean nothing in particular ==\n";
    for (title, value) in values() {
        row(&mut table, title, |dialect| dialect.value(&value));
    }
    golden_file::compare("dialects.txt", &table).unwrap_or_else(|difference| panic!("\n{difference}"));
}

/// What a frame turns out to be, in a word or two.
fn heard(heard: Heard) -> String {
    match heard {
        Heard::Request(request) => {
            let reference = request.reference.map(|reference| format!(" (ref {reference})")).unwrap_or_default();
            chat_protocol::json::line(&request.message) + &reference
        }
        Heard::Register => "register".to_owned(),
        Heard::Help(command) => format!("help {}", command.unwrap_or_default()).trim_end().to_owned(),
        Heard::Quit => "quit".into(),
        Heard::Value(value) => format!("value {}", chat_protocol::json::line(&value)),
        Heard::Misread(misread) => {
            let reference = misread.reference.map(|reference| format!(" (ref {reference})")).unwrap_or_default();
            format!("{}: {}{reference}", misread.refusal.code.as_str(), misread.refusal.text)
        }
    }
}

#[test]
fn every_dialect_hears_what_the_table_shows() {
    let mut table = String::from("What each dialect hears in the same text frame.\n");
    for frame in [
        "hi",
        "",
        "  hi",
        "42",
        "\"hi\"",
        "[1]",
        "null",
        r#"{"type":"send","text":"hi","ref":"r1"}"#,
        r#"  {"type":"send","text":"/me waves"}"#,
        r#"{"type":"dance","ref":"r1"}"#,
        r#"{"type":"send","ref":"r1"}"#,
        r#"{"type":"send","text":"\ud800"}"#,
        "{hi",
        "/me waves",
        "//me waves",
        r#"/pm "Ann Lee" hi"#,
        "/help /pm",
        "/register me hunter22",
        "/quit",
        "/dance",
        "/pm bob",
        "7:hi",
        "007:hi",
        "7:",
        " 7:hi",
        "+7:hi",
        "7 :hi",
        "bob:hi",
        "18446744073709551616:hi",
        r#"{"action":"subscribe","channel":"news"}"#,
        r#"{"action":"unsubscribe","channel":"news"}"#,
        r#"{"action":"send","channel":"news","message":"Hello"}"#,
        r#"{"action":"send","channel":"news"}"#,
        r#"{"action":"send","message":"Hello"}"#,
        r#"{"action":"subscribe"}"#,
        r#"{"action":"dance","channel":"news"}"#,
    ] {
        let title = format!("«{frame}»");
        row(&mut table, &title, |dialect| Some(heard(dialect.parse(frame))));
    }
    golden_file::compare("heard.txt", &table).unwrap_or_else(|difference| panic!("\n{difference}"));
}
