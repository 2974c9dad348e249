//! Yesterday's frames are read for ever. `golden/old/v1` holds frames as version 1 wrote them on its first day.
//!
//! **These files must never be edited, and none may be taken away**: they stand for programs that other people wrote and
//! that nobody can change. When a frame gains a field, today's form is shown by `golden/client` and `golden/server`; the old
//! one stays here as it is. If a later form is worth keeping too, it gets a folder of its own.

use std::{collections::BTreeMap, fs, path::PathBuf};

use chat_protocol::{
    ErrorCode, Request, ServerFrame, json,
    server::{ServerMessage, Unread},
};
use serde_json::Value;

/// Of the names and contents of all old files: see above before you change it.
const FINGERPRINT: u64 = 0x2f0b_1853_9d25_cbfe;

/// What version 1 could say on its first day. A copy: the crate's own lists grow.
const CLIENT_TYPES: [&str; 16] = [
    "delete", "edit", "hello", "history", "join", "leave", "ping", "private", "react", "read", "rooms", "search", "send",
    "topic", "typing", "users",
];
const SERVER_TYPES: [&str; 21] = [
    "ack", "closing", "deleted", "edited", "error", "events", "found", "history", "joined", "left", "message", "notice", "pong",
    "presence", "reacted", "read", "rooms", "topic", "typing", "users", "welcome",
];

/// The files of one direction: name → content.
fn samples(direction: &str) -> BTreeMap<String, String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/old/v1").join(direction);
    fs::read_dir(folder)
        .expect("the old samples")
        .map(|file| {
            let path = file.expect("an old sample").path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            (name, fs::read_to_string(path).expect("a sample is text").replace("\r\n", "\n"))
        })
        .collect()
}

fn parsed(sample: &str) -> Value {
    serde_json::from_str(sample).expect("an old sample is JSON")
}

/// Reads a frame of either direction and writes it again, or says why not.
fn through(direction: &str, frame: &str) -> Result<String, String> {
    match direction {
        "client" => {
            let request = Request::decode(frame).map_err(|misread| format!("{misread:?}"))?;
            let mut again = parsed(&json::line(&request.message));
            if let Some(reference) = request.reference {
                again["ref"] = reference.into();
            }
            Ok(again.to_string())
        }
        _ => ServerFrame::decode(frame).map(|frame| frame.encode()).map_err(|error| error.to_string()),
    }
}

/// Whether all that `old` says is said by `new` too.
fn holds(new: &Value, old: &Value) -> bool {
    match (new, old) {
        (Value::Object(new), Value::Object(old)) => old.iter().all(|(key, old)| new.get(key).is_some_and(|new| holds(new, old))),
        (Value::Array(new), Value::Array(old)) => new.len() == old.len() && new.iter().zip(old).all(|(new, old)| holds(new, old)),
        _ => new == old,
    }
}

/// Puts fields of tomorrow into every object of a frame. Reactions are a map of what people chose and have no fields.
fn grow(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.iter_mut().filter(|(key, _)| *key != "reactions").for_each(|(_, value)| grow(value));
            fields.insert("tomorrow".into(), serde_json::json!({ "type": "surprise", "list": [1, null, "x"] }));
            fields.insert("kind".into(), "also new".into());
        }
        Value::Array(values) => values.iter_mut().for_each(grow),
        _ => {}
    }
}

/// FNV-1a: short, and good enough to notice an edit.
fn fingerprint() -> u64 {
    let files = ["client", "server"].map(samples).into_iter().flatten();
    let bytes = files.flat_map(|(name, content)| [name.into_bytes(), content.into_bytes()].concat());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[test]
fn old_samples_are_as_they_were() {
    assert_eq!(
        fingerprint(),
        FINGERPRINT,
        "golden/old/v1 was changed. It must never be: take the files back from git, and mend what reads them"
    );
    for (direction, types) in [("client", &CLIENT_TYPES[..]), ("server", &SERVER_TYPES[..])] {
        let samples = samples(direction);
        let mut kinds: Vec<&str> = samples.keys().filter_map(|name| name.split('.').next()).collect();
        kinds.dedup();
        assert_eq!(kinds, types, "every {direction} type of the first day has an old sample");
    }
}

#[test]
fn old_frames_are_still_read() {
    for direction in ["client", "server"] {
        for (name, sample) in samples(direction) {
            let again = through(direction, &sample).unwrap_or_else(|error| panic!("{direction}/{name}: {error}"));
            assert!(holds(&parsed(&again), &parsed(&sample)), "{direction}/{name} lost something:\n{sample}\n{again}");
        }
    }
}

#[test]
fn unknown_fields_are_survived_in_every_frame() {
    for direction in ["client", "server"] {
        for (name, sample) in samples(direction) {
            let mut grown = parsed(&sample);
            grow(&mut grown);
            let again = through(direction, &grown.to_string()).unwrap_or_else(|error| panic!("{direction}/{name}: {error}"));
            assert_eq!(Ok(again), through(direction, &sample), "{direction}/{name}");
        }
    }
}

#[test]
fn a_request_of_an_unknown_type_is_refused_with_its_ref() {
    for (name, sample) in samples("client") {
        let mut unknown = parsed(&sample);
        unknown["type"] = "surprise".into();
        unknown["ref"] = "r1".into();
        let misread = Request::decode(&unknown.to_string()).expect_err("nobody knows a surprise");
        assert_eq!((misread.refusal.code, misread.reference.as_deref()), (ErrorCode::UnknownType, Some("r1")), "{name}");
    }
}

#[test]
fn a_server_frame_of_an_unknown_type_is_told_apart_from_nonsense() {
    for (name, sample) in samples("server") {
        let mut unknown = parsed(&sample);
        unknown["type"] = "surprise".into();
        assert!(matches!(ServerFrame::decode(&unknown.to_string()), Err(Unread::UnknownType)), "{name}");
    }
    for nonsense in ["", "{}", "[]", "7", "{\"type\":7}", "{\"type\":\"ack\"}", "{\"type\":\"message\",\"room\":\"\"}"] {
        assert!(matches!(ServerFrame::decode(nonsense), Err(Unread::Json(_))), "{nonsense}");
    }
}

#[test]
fn what_a_server_of_the_first_day_left_out_may_stay_out() {
    let samples = samples("server");
    let mut welcome = parsed(&samples["welcome.json"]);
    welcome.as_object_mut().expect("an object").remove("private");
    match ServerFrame::decode(&welcome.to_string()).map(|frame| frame.message) {
        Ok(ServerMessage::Welcome(welcome)) => assert!(welcome.private.is_empty()),
        other => panic!("{other:?}"),
    }
}
