//! Frames, and the steps to which they lead.

use super::*;
use crate::limits::Rate;

const OFF: Rates = Rates { lines: Rate::Off, control: Rate::Off };

fn alone(_: u32) -> Duration {
    Duration::ZERO
}

fn state(dialect: Dialect) -> State {
    let mut state = State::new(dialect, UserName::parse("alice").unwrap(), true, Instant::now());
    state.entered(RoomName::parse("general").unwrap());
    state.entered(RoomName::parse("tea").unwrap());
    state
}

#[track_caller]
fn check(frame: &str, expected: &str) {
    let said = match state(Dialect::Chat).hear(frame, OFF, Instant::now(), alone) {
        Step::Say(frame) => match frame.message {
            ServerMessage::Error { code, .. } => code.as_str().to_owned(),
            other => format!("{other:?}"),
        },
        Step::Keep { room, event, .. } => format!("keep in {room}: {}", serde_json::to_string(&event).unwrap()),
        Step::Join { room, from, .. } => format!("join {room} from {:?}", from.map(|from| from.after.0)),
        other => format!("{other:?}"),
    };
    assert!(said.starts_with(expected), "{frame}\n  said     {said}\n  expected {expected}");
}

#[test]
fn requests_are_checked_and_become_steps() {
    check("hi", r#"keep in general: {"kind":"message","text":"hi"}"#);
    check("", "bad_request");
    check("  ", "bad_request");
    check("42", r#"keep in general: {"kind":"message","text":"42"}"#);
    check("/me waves", r#"keep in general: {"kind":"message","text":"waves","action":true}"#);
    check(r#"{"type":"send","text":"/me","room":"Tea"}"#, r#"keep in Tea: {"kind":"message","text":"/me"}"#);
    check(r#"{"type":"send","text":"x","room":"cake"}"#, "not_joined");
    check(r#"{"type":"send","text":"x","room":"@bob,eve"}"#, "no_such_room");
    check(r#"{"type":"send","text":"x","room":"@bob,alice"}"#, "keep in @alice,bob");
    check(r#"{"type":"send","text":"x","room":"-"}"#, "bad_name");
    check("/pm bob hi", "keep in @alice,bob");
    check("/pm b,b hi", "bad_name");
    check("/pm #7 hi", "keep in @#7,alice");
    check(&format!(r#"{{"type":"send","text":"{}"}}"#, "x".repeat(limits::TEXT_BYTES + 1)), "too_long");
    check(&format!(r#"{{"type":"send","text":"{}"}}"#, "x".repeat(limits::TEXT_BYTES)), "keep");
    check(r#"{"type":"edit","seq":1,"text":" "}"#, "bad_request");
    check(r#"{"type":"react","seq":1,"emoji":"a b","on":true}"#, "bad_request");
    check(r#"{"type":"react","seq":1,"emoji":"","on":true}"#, "bad_request");
    check(r#"{"type":"history","before":1,"after":1}"#, "bad_request");
    check(
        r#"{"type":"history","room":"cake","limit":0}"#,
        "Look { at: History { room: \"cake\", page: Page { from: End, limit: 1 } }",
    );
    check(
        r#"{"type":"history","limit":4000000000}"#,
        "Look { at: History { room: \"general\", page: Page { from: End, limit: 200 } }",
    );
    check(r#"{"type":"search","query":"x","before":7}"#, "bad_request");
    check(r#"{"type":"search","query":" "}"#, "bad_request");
    check(r#"{"type":"search","query":"x","room":"@bob,eve"}"#, "no_such_room");
    check(r#"{"type":"join","room":"cake","after":7,"epoch":"e"}"#, "join cake from Some(7)");
    check(r#"{"type":"join","room":"cake","after":7}"#, "join cake from None");
    check(r#"{"type":"join","room":"@bob,eve"}"#, "no_such_room");
    check(r#"{"type":"join","room":"gеneral"}"#, "bad_name");
    check(r#"{"type":"history","room":"gеneral"}"#, "Look { at: History { room: \"gеneral\"");
    check(r#"{"type":"leave","room":"cake"}"#, "not_joined");
    check(r#"{"type":"leave","room":"@alice,bob"}"#, "bad_request");
    check(r#"{"type":"typing","active":true}"#, "Typing { room: \"general\", active: true }");
    check(r#"{"type":"dance"}"#, "unknown_type");
    check("/quit", "Close { code: Normal");
    check("/help", "Notice");
}

#[test]
fn after_the_first_room_the_next_one_joined_is_meant() {
    let mut state = state(Dialect::Chat);
    state.went(&RoomName::parse("general").unwrap());
    assert!(matches!(state.hear("hi", OFF, Instant::now(), alone), Step::Keep { room, .. } if room.shown() == "tea"));
    state.went(&RoomName::parse("tea").unwrap());
    assert!(matches!(state.hear("hi", OFF, Instant::now(), alone), Step::Say(_)));
}

#[test]
fn tutorials_may_say_nothing_and_channels_need_no_subscription() {
    assert!(matches!(state(Dialect::Plain).hear("", OFF, Instant::now(), alone), Step::Keep { .. }));
    let send = r#"{"action":"send","channel":"cake","message":"hi"}"#;
    assert!(
        matches!(state(Dialect::Channel).hear(send, OFF, Instant::now(), alone), Step::Keep { room, .. } if room.shown() == "cake")
    );
}

#[test]
fn a_refusal_for_haste_carries_the_ref() {
    let now = Instant::now();
    let rates = Rates { lines: Rate::new(1, 1), control: Rate::new(1, 1) };
    let mut state = State::new(Dialect::Chat, UserName::parse("alice").unwrap(), true, now);
    assert!(matches!(state.hear(r#"{"type":"ping"}"#, rates, now, alone), Step::Say(_)));
    match state.hear(r#"{"type":"ping","ref":"r"}"#, rates, now, alone) {
        Step::TooSoon(frame) => assert_eq!(frame.reference.as_deref(), Some("r")),
        other => panic!("{other:?}"),
    }
    let steps: Vec<_> = (0..5).map(|_| state.control(rates, now)).collect();
    assert_eq!(steps, [Step::Nothing, Step::LeaveUnanswered, Step::LeaveUnanswered, Step::LeaveUnanswered, flooding()]);
}
