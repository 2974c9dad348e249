//! The wire, frame by frame: every message of the chat protocol and the JSON file that shows it. The files are the examples of
//! `docs/protocol.md`; a frame that is written or read otherwise than its file shows is a change of the wire.
//!
//! `UPDATE_GOLDEN=1 cargo test -p chat-protocol` writes the files anew.

mod golden_file;
mod samples;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use chat_protocol::{
    ClientMessage, CloseCode, ErrorCode, Request, Rules, ServerFrame, ServerMessage, client, json,
    server::{self, Joined, Limits, Message, Welcome},
    task::{TaskRequest, TaskUpdate},
};
use samples::{client_samples, server_samples, task_requests, task_updates};
use serde::de::DeserializeOwned;

/// What a message may leave out: (field, whether it is there).
type Optional = Vec<(&'static str, bool)>;

/// The type of a request and what it may leave out. Without `..`, so that a variant or a field that is added does not compile
/// until somebody thought of its golden file.
fn client_fields(message: &ClientMessage) -> (&'static str, Optional) {
    use ClientMessage as C;
    let (with_room, has) = (|room: &Option<String>| vec![("room", room.is_some())], Option::is_some);
    match message {
        C::Hello { token, client } => ("hello", vec![("token", has(token)), ("client", has(client))]),
        C::Send { room, text: _, cid, reply_to, action } => {
            ("send", vec![("room", has(room)), ("cid", cid.is_some()), ("reply_to", reply_to.is_some()), ("action", *action)])
        }
        C::Private { to: _, text: _, cid } => ("private", vec![("cid", cid.is_some())]),
        C::Edit { room, seq: _, text: _ } => ("edit", with_room(room)),
        C::Delete { room, seq: _ } => ("delete", with_room(room)),
        C::React { room, seq: _, emoji: _, on: _ } => ("react", with_room(room)),
        C::Typing { room, active: _ } => ("typing", with_room(room)),
        C::Read { room, seq: _ } => ("read", with_room(room)),
        C::Join { room: _, after, epoch } => ("join", vec![("after", after.is_some()), ("epoch", has(epoch))]),
        C::Leave { room } => ("leave", with_room(room)),
        C::History { room, before, after, limit } => (
            "history",
            vec![("room", has(room)), ("before", before.is_some()), ("after", after.is_some()), ("limit", limit.is_some())],
        ),
        C::Search { query: _, room, before, limit } => {
            ("search", vec![("room", has(room)), ("before", before.is_some()), ("limit", limit.is_some())])
        }
        C::Rooms {} => ("rooms", vec![]),
        C::Users { room } => ("users", with_room(room)),
        C::Topic { room, text: _ } => ("topic", with_room(room)),
        C::Create { room: _, rules } => ("create", rules_fields(rules)),
        C::Rules { room, rules } => ("rules", [with_room(room), rules_fields(rules)].concat()),
        C::Rank { room, user: _, role } => ("rank", vec![("room", has(room)), ("role", role.is_some())]),
        C::Moderate { action: _, user: _, address, room, everywhere, seconds, reason } => (
            "moderate",
            vec![
                ("address", *address),
                ("room", has(room)),
                ("everywhere", *everywhere),
                ("seconds", seconds.is_some()),
                ("reason", has(reason)),
            ],
        ),
        C::Deeds { room, everywhere, limit } => {
            ("deeds", vec![("room", has(room)), ("everywhere", *everywhere), ("limit", limit.is_some())])
        }
        C::Block { user: _, on: _ } => ("block", vec![]),
        C::Ping {} => ("ping", vec![]),
    }
}

fn rules_fields(Rules { access, speak, topic, slow }: &Rules) -> Optional {
    vec![("access", access.is_some()), ("speak", speak.is_some()), ("topic", topic.is_some()), ("slow", slow.is_some())]
}

/// The same of what the server says.
fn server_fields(message: &ServerMessage) -> (&'static str, Optional) {
    use ServerMessage as S;
    match message {
        S::Welcome(Welcome {
            protocol: _,
            server: _,
            user: _,
            guest: _,
            session: _,
            epoch: _,
            limits: Limits { text_bytes: _, frame_bytes: _, history: _, users, burst, per_second },
            ping_seconds: _,
            typing_seconds: _,
            private,
            blocked,
        }) => {
            let limits = [("users", users.is_some()), ("burst", burst.is_some()), ("per_second", per_second.is_some())];
            ("welcome", [&limits[..], &[("private", !private.is_empty()), ("blocked", !blocked.is_empty())]].concat())
        }
        S::Joined(Joined { room: _, seq: _, topic: _, users: _, online, read: _, recovered: _, more: _, messages, events }) => {
            ("joined", vec![("online", online.is_some()), ("messages", messages.is_some()), ("events", events.is_some())])
        }
        S::Message(Message {
            room: _,
            seq: _,
            from: _,
            text: _,
            at: _,
            cid,
            reply_to,
            action,
            edited_at,
            deleted,
            reactions,
        }) => (
            "message",
            vec![
                ("cid", cid.is_some()),
                ("reply_to", reply_to.is_some()),
                ("action", *action),
                ("edited_at", edited_at.is_some()),
                ("deleted", *deleted),
                ("reactions", !reactions.is_empty()),
            ],
        ),
        S::Edited { room: _, seq: _, from: _, at: _, target: _, text: _, deleted } => ("edited", vec![("deleted", *deleted)]),
        S::Deleted { room: _, seq: _, from: _, at: _, target: _ } => ("deleted", vec![]),
        S::Reacted { room: _, seq: _, from: _, at: _, target: _, emoji: _, on: _ } => ("reacted", vec![]),
        S::Topic { room: _, seq: _, from: _, at: _, text: _ } => ("topic", vec![]),
        S::Events { room: _, events: _, more: _ } => ("events", vec![]),
        S::Presence { room: _, joined: _, left: _, online: _ } => ("presence", vec![]),
        S::Typing { room: _, user: _, active: _ } => ("typing", vec![]),
        S::Ack { room: _, seq: _, at: _, cid, duplicate } => ("ack", vec![("cid", cid.is_some()), ("duplicate", *duplicate)]),
        S::Left { room: _ } => ("left", vec![]),
        S::History { room: _, messages: _, more: _ } => ("history", vec![]),
        S::Found { messages: _, more: _ } => ("found", vec![]),
        S::Rooms { rooms: _ } => ("rooms", vec![]),
        S::Users { room: _, users: _ } => ("users", vec![]),
        S::Read { room: _, seq: _ } => ("read", vec![]),
        S::Pong {} => ("pong", vec![]),
        S::Blocked { users: _ } => ("blocked", vec![]),
        S::Notice { text: _, room } => ("notice", vec![("room", room.is_some())]),
        S::Error { code: _, text: _, retry_ms } => ("error", vec![("retry_ms", retry_ms.is_some())]),
        S::Closing { code: _, reason: _, reconnect: _, retry_ms } => ("closing", vec![("retry_ms", retry_ms.is_some())]),
    }
}

fn client_line(message: &ClientMessage, reference: Option<&str>) -> String {
    let line = json::line(message);
    match reference {
        None => line,
        Some(reference) => format!("{},\"ref\":{}}}", line.trim_end_matches('}'), json::line(reference)),
    }
}

fn server_frame(message: &ServerMessage, reference: Option<&str>) -> ServerFrame {
    ServerFrame { message: message.clone(), reference: reference.map(str::to_owned) }
}

/// Compares one folder with its samples: `(file without .json, the line on the wire)`. A file that no sample has is an error.
#[track_caller]
fn check(folder: &str, lines: &[(&str, String)]) {
    let mut wrong = String::new();
    for (name, line) in lines {
        assert_eq!(minified(&laid_out(line, 0)), *line, "{name}: laying out must not change a frame");
        if let Err(difference) = golden_file::compare(&format!("{folder}/{name}.json"), &(laid_out(line, 0) + "\n")) {
            wrong += &difference;
        }
    }
    for file in fs::read_dir(golden_file::folder().join(folder)).expect("the golden folder") {
        let file = file.expect("a golden file").path();
        let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        if !lines.iter().any(|(name, _)| *name == stem) {
            if golden_file::updating() {
                fs::remove_file(&file).expect("a stale golden file can be removed");
            } else {
                wrong += &format!("{} belongs to no sample\n", file.display());
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// What a golden file holds.
fn golden(name: &str) -> String {
    fs::read_to_string(golden_file::folder().join(name)).expect("a golden file")
}

#[test]
fn requests_are_written_and_read_as_their_files_show() {
    let samples = client_samples();
    let lines: Vec<_> = samples.iter().map(|(name, reference, m)| (*name, client_line(m, *reference))).collect();
    check("client", &lines);
    for (name, reference, message) in samples {
        let expected = Request { reference: reference.map(str::to_owned), message };
        assert_eq!(Request::decode(&golden(&format!("client/{name}.json"))), Ok(expected), "{name}");
    }
}

#[test]
fn server_frames_are_written_and_read_as_their_files_show() {
    let samples = server_samples();
    let lines: Vec<_> = samples.iter().map(|(name, reference, m)| (*name, server_frame(m, *reference).encode())).collect();
    check("server", &lines);
    for (name, reference, message) in samples {
        let read = ServerFrame::decode(&golden(&format!("server/{name}.json")));
        assert_eq!(read.map_err(|error| error.to_string()), Ok(server_frame(&message, reference)), "{name}");
    }
}

#[test]
fn the_feed_of_tasks_is_written_and_read_as_its_files_show() {
    let (requests, updates) = (task_requests(), task_updates());
    let mut lines: Vec<_> = requests.iter().map(|(name, request)| (*name, json::line(request))).collect();
    lines.extend(updates.iter().map(|(name, update)| (*name, update.encode())));
    check("task", &lines);
    for (name, request) in requests {
        let read: TaskRequest = serde_json::from_str(&golden(&format!("task/{name}.json"))).expect("a request of a task");
        assert_eq!(read, request, "{name}");
    }
    for (name, update) in updates {
        let read: TaskUpdate = serde_json::from_str(&golden(&format!("task/{name}.json"))).expect("an update of a task");
        assert_eq!(read, update, "{name}");
    }
}

/// The variants that serde knows, from its own complaint about one that it does not: the only list that cannot be forgotten.
fn variants<T: DeserializeOwned>() -> Vec<String> {
    let error = serde_json::from_str::<T>(r#"{"type":"?"}"#).err().expect("no variant is called ?").to_string();
    error.split('`').skip(3).step_by(2).map(str::to_owned).collect()
}

/// Checks that types, variants and samples are the same set, and that what may be left out is shown both ways.
#[track_caller]
fn check_complete(types: &[&str], variants: &[String], samples: &[(&'static str, &'static str, Optional)]) {
    assert_eq!(types, variants, "TYPES are the variants, in their order");
    let mut seen: BTreeMap<(&str, &str), BTreeSet<bool>> = BTreeMap::new();
    for (file, kind, optional) in samples {
        assert_eq!(file.split('.').next(), Some(*kind), "a file is named after its type");
        for (field, there) in optional {
            seen.entry((kind, field)).or_default().insert(*there);
        }
    }
    for kind in types {
        assert!(samples.iter().any(|(file, _, _)| file == kind), "{kind} has no golden file");
    }
    for ((kind, field), ways) in seen {
        assert_eq!(ways.len(), 2, "{kind}: golden files show «{field}» both there and left out");
    }
}

#[test]
fn every_request_has_a_file_and_a_type() {
    let samples: Vec<_> = client_samples()
        .into_iter()
        .map(|(file, _, message)| {
            let (kind, optional) = client_fields(&message);
            (file, kind, optional)
        })
        .collect();
    check_complete(&client::TYPES, &variants::<ClientMessage>(), &samples);
}

#[test]
fn everything_that_the_server_says_has_a_file_and_a_type() {
    let samples: Vec<_> = server_samples()
        .into_iter()
        .map(|(file, _, message)| {
            let (kind, optional) = server_fields(&message);
            (file, kind, optional)
        })
        .collect();
    check_complete(&server::TYPES, &variants::<ServerMessage>(), &samples);
}

#[test]
fn every_code_is_what_the_table_shows() {
    let mut table = String::from("Codes of `error`\n\n");
    for code in ErrorCode::ALL {
        table += &format!("  {}\n", code.as_str());
    }
    table += "\nCodes of a close, the usual reason, and whether to come back\n\n";
    for code in CloseCode::ALL {
        let back = if code.reconnect() { "come back" } else { "stay away" };
        table += &format!("  {}  {:<34} {back}\n", code.number(), code.reason());
        assert!(code.reason().len() <= 123, "a close frame has room for 123 bytes");
        assert_eq!(CloseCode::from_number(code.number()), code);
    }
    golden_file::compare("codes.txt", &table).unwrap_or_else(|difference| panic!("\n{difference}"));
}

#[test]
fn every_error_code_is_in_the_table_and_others_are_survived() {
    for code in ErrorCode::ALL {
        // A new code breaks this match, and with it is remembered in the table.
        match code {
            ErrorCode::BadJson | ErrorCode::UnknownType | ErrorCode::BadRequest | ErrorCode::TooLong => {}
            ErrorCode::RateLimited | ErrorCode::NotJoined | ErrorCode::NoSuchRoom | ErrorCode::NoSuchUser => {}
            ErrorCode::NoSuchMessage | ErrorCode::BadName | ErrorCode::Forbidden | ErrorCode::Muted => {}
            ErrorCode::Unavailable => {}
            ErrorCode::Unknown => panic!("it stands for what is not in the table"),
        }
    }
    assert_eq!(serde_json::from_str::<ErrorCode>("\"slow_mode\"").unwrap(), ErrorCode::Unknown);
    assert_eq!(serde_json::from_str::<CloseCode>("4999").unwrap(), CloseCode::Other(4999));
}

#[test]
fn a_difference_shows_the_lines_that_differ() {
    assert_eq!(golden_file::difference("a\nb\nc\n", "a\nB\nc\nd\n"), "   2 - b\n   3 + B\n   4 + d\n");
    assert_eq!(golden_file::difference("a\n", "a"), "only line ends differ\n");
}

/// A frame for a reader: what fits a line stays as the wire has it, what does not is broken at its commas.
fn laid_out(json: &str, indent: usize) -> String {
    const WIDTH: usize = 100;
    let container = json.starts_with(['{', '[']);
    if !container || indent + json.chars().count() <= WIDTH {
        return json.to_owned();
    }
    let inside = &json[1..json.len() - 1];
    let margin = " ".repeat(indent + 2);
    let lines: Vec<_> = top_level(inside)
        .into_iter()
        .map(|part| match part.strip_prefix('"').and_then(|rest| rest.split_once("\":")) {
            Some((key, value)) if json.starts_with('{') => format!("{margin}\"{key}\": {}", laid_out(value, indent + 2)),
            _ => format!("{margin}{}", laid_out(part, indent + 2)),
        })
        .collect();
    format!("{}\n{}\n{}{}", &json[..1], lines.join(",\n"), " ".repeat(indent), &json[json.len() - 1..])
}

/// The parts of a JSON text between the commas that are in no string, array or object.
fn top_level(json: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0, 0, vec![]);
    for (place, c) in outside_strings(json) {
        match c {
            '{' | '[' => depth += 1,
            '}' | ']' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&json[start..place]);
                start = place + 1;
            }
            _ => {}
        }
    }
    parts.push(&json[start..]);
    parts
}

/// A JSON text without the white space between its tokens.
fn minified(json: &str) -> String {
    let blanks: BTreeSet<_> = outside_strings(json).filter(|(_, c)| c.is_whitespace()).map(|(place, _)| place).collect();
    json.char_indices().filter(|(place, _)| !blanks.contains(place)).map(|(_, c)| c).collect()
}

/// The characters of a JSON text that are in no string.
fn outside_strings(json: &str) -> impl Iterator<Item = (usize, char)> {
    let (mut inside, mut escaped) = (false, false);
    json.char_indices().filter(move |(_, c)| {
        let was_inside = inside;
        match c {
            '"' if !escaped => inside = !inside,
            _ => {}
        }
        escaped = inside && *c == '\\' && !escaped;
        !was_inside && !inside
    })
}

#[test]
fn a_resume_survives_events_of_a_later_version() {
    let frame = r#"{"type":"events","room":"general","more":false,"events":[
        {"type":"pinned","room":"general","seq":1},
        {"type":"deleted","room":"general","seq":2,"from":"alice","at":"2026-11-20T12:00:00.000Z","target":1}]}"#;
    match ServerFrame::decode(frame).unwrap().message {
        ServerMessage::Events { events, .. } => assert!(matches!(events[..], [ServerMessage::Deleted { .. }]), "{events:?}"),
        other => panic!("{other:?}"),
    }
}
