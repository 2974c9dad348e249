//! Scripts: what happens, one step a line, and what is asked for or known after it.

use chat_protocol::{RoomName, ServerFrame, UserName};

use super::*;
use crate::{model::Entry, msg::Key};

const WELCOME: &str = r#"{"type":"welcome","protocol":1,"server":"s","user":"alice","guest":true,"session":"S","epoch":"e1",
 "limits":{"text_bytes":40,"frame_bytes":65536,"history":200},"ping_seconds":20,"typing_seconds":3}"#;
const JOINED: &str = r#"{"type":"joined","room":"general","seq":2,"topic":"tea","users":[{"name":"alice"},{"name":"bob"}],"read":0,
 "recovered":false,"more":true,"messages":[{"room":"general","seq":2,"from":"bob","text":"hi","at":"2026-01-01T00:00:00.000Z"}]}"#;

fn frame(json: &str) -> Msg {
    Msg::Link(LinkEvent::Frame(Box::new(ServerFrame::decode(json).unwrap())))
}

/// A message of the room, `seq from text cid`.
fn message(seq: u64, from: &str, text: &str, cid: &str) -> Msg {
    let cid = if cid.is_empty() { String::new() } else { format!(r#","cid":"{cid}""#) };
    let head = format!(r#"{{"type":"message","room":"general","seq":{seq},"from":"{from}","text":"{text}""#);
    frame(&format!(r#"{head},"at":"2026-01-01T00:00:00.000Z"{cid}}}"#))
}

fn lost(come_back: Option<u64>) -> Msg {
    Msg::Link(LinkEvent::Lost { reason: "gone".into(), come_back: come_back.map(Duration::from_millis) })
}

fn fresh() -> Model {
    Model::new(UserName::parse("alice").unwrap(), RoomName::parse("general").unwrap(), 0xa)
}

fn online() -> Model {
    let mut model = fresh();
    for msg in [Msg::Started, frame(WELCOME), frame(JOINED)] {
        update(&mut model, msg);
    }
    model
}

fn enter(model: &mut Model, text: &str) -> Vec<Effect> {
    update(model, Msg::Paste(text.into()));
    update(model, Msg::Key(Key::Enter))
}

/// Effects in one line each.
fn written(effects: &[Effect]) -> Vec<String> {
    let line = |effect: &Effect| match effect {
        Effect::Ask(request) => request.encode(),
        Effect::Raw(line) => format!("raw {line}"),
        Effect::Quit(reason) => format!("quit {reason:?}"),
        Effect::Connect { resume, no_sooner } => {
            let position = resume.position.as_ref().map(|(epoch, seq)| format!("{epoch}:{seq}"));
            format!("connect {:?} {position:?} {}", resume.session.as_deref(), no_sooner.as_millis())
        }
    };
    effects.iter().map(line).collect()
}

#[track_caller]
fn check(model: &mut Model, msg: Msg, expected: &[&str]) {
    let told = format!("{msg:?}");
    assert_eq!(written(&update(model, msg)), expected, "{told}");
}

fn texts(model: &Model) -> Vec<&str> {
    fn text(entry: &Entry) -> &str {
        match entry {
            Entry::Said(message) => &message.text,
            Entry::Notice(text) | Entry::Fault(text) => text,
        }
    }
    model.transcript.entries.iter().map(text).collect()
}

const SEND: &str = r#"{"type":"send","room":"general","text":"tea?","cid":"000000000000000a-1","ref":"000000000000000a-1"}"#;
const CID: &str = "000000000000000a-1";

#[test]
fn keys_lead_to_effects() {
    let typing = r#"{"type":"typing","room":"general","active":true,"ref":"typing"}"#;
    let stopped = r#"{"type":"typing","room":"general","active":false,"ref":"typing"}"#;
    let model = &mut online();
    check(model, Msg::Key(Key::Enter), &[]);
    check(model, Msg::Key(Key::Char('a')), &[typing]);
    check(model, Msg::Key(Key::Char('b')), &[]);
    check(model, Msg::Tick(Duration::from_secs(2)), &[]);
    check(model, Msg::Key(Key::Char('c')), &[typing]);
    check(model, Msg::Key(Key::EraseWord), &[stopped]);
    check(model, Msg::Paste("/me waves".into()), &[]);
    check(model, Msg::Key(Key::Enter), &["raw /me waves"]);
    check(model, Msg::Paste("tea?".into()), &[typing]);
    check(model, Msg::Key(Key::Enter), &[SEND]);
    check(model, Msg::Key(Key::Quit), &["quit None"]);
    assert_eq!(written(&enter(model, "/bye")), ["quit None"]);
    assert_eq!(written(&enter(&mut fresh(), "/users")), [""; 0], "a command cannot wait for a connection");
    let long = "x".repeat(41);
    let model = &mut online();
    assert_eq!(written(&enter(model, &long)), [""; 0]);
    assert_eq!(model.input.text(), long, "what is too long stays where it can be mended");
}

#[test]
fn an_own_message_is_shown_once_whichever_comes_first() {
    let ack = format!(r#"{{"type":"ack","room":"general","seq":3,"at":"2026-01-01T00:00:00.000Z","cid":"{CID}","ref":"{CID}"}}"#);
    for swapped in [false, true] {
        let model = &mut online();
        enter(model, "tea?");
        let mut both = [frame(&ack), message(3, "alice", "tea?", CID)];
        if swapped {
            both.reverse();
        }
        for msg in both {
            check(model, msg, &[]);
            assert_eq!((texts(model), model.outbox.messages.len()), (vec!["hi", "tea?"], 0));
        }
    }
}

#[test]
fn an_ack_moves_no_position_and_a_late_earlier_message_finds_its_place() {
    let model = &mut online();
    enter(model, "tea?");
    update(model, frame(&format!(r#"{{"type":"ack","room":"general","seq":4,"at":"2026-01-01T00:00:00.000Z","cid":"{CID}"}}"#)));
    check(model, lost(Some(0)), &[r#"connect Some("S") Some("e1:2") 0"#]);
    update(model, message(3, "bob", "before", ""));
    assert_eq!(texts(model), ["hi", "before", "tea?"]);
}

#[test]
fn what_was_not_acknowledged_is_sent_again_with_its_cid() {
    let model = &mut online();
    enter(model, "tea?");
    check(model, lost(Some(800)), &[r#"connect Some("S") Some("e1:2") 800"#]);
    enter(model, "cake?");
    check(model, frame(WELCOME), &[]);
    let recovered =
        r#"{"type":"joined","room":"general","seq":3,"topic":"","users":[],"read":0,"recovered":true,"more":false,"events":[]}"#;
    let cake = SEND.replace("tea?", "cake?").replace("a-1", "a-2");
    check(model, frame(recovered), &[SEND]);
    assert_eq!(model.position.as_ref().map(|(_, seq)| seq.0), Some(3));
    // Somebody else's key settles nothing.
    update(model, message(4, "bob", "x", CID));
    assert_eq!(model.outbox.messages.len(), 2);
    // Another log: what was there is not, what waits is still to be said.
    update(model, lost(Some(0)));
    update(model, frame(&WELCOME.replace("e1", "e2")));
    check(model, frame(JOINED), &[SEND]);
    assert_eq!(texts(model), ["hi", "The server has begun a new log: what was said before is not in it."]);
    assert_eq!(model.position.as_ref().map(|(epoch, seq)| format!("{epoch}:{seq}")).as_deref(), Some("e2:2"));
    check(model, message(3, "alice", "tea?", CID), &[&cake]);
}

#[test]
fn a_refusal_for_haste_waits_and_another_gives_the_words_back() {
    let model = &mut online();
    enter(model, "tea?");
    let refusal = |code| frame(&format!(r#"{{"type":"error","code":"{code}","text":"no","retry_ms":300,"ref":"{CID}"}}"#));
    check(model, refusal("rate_limited"), &[]);
    check(model, frame(r#"{"type":"error","code":"rate_limited","text":"no","ref":"typing"}"#), &[]);
    assert_eq!(texts(model), ["hi"], "of neither the user has anything to learn");
    enter(model, "later");
    check(model, Msg::Tick(Duration::from_millis(299)), &[]);
    check(model, Msg::Tick(Duration::from_millis(300)), &[SEND]);
    assert_eq!(update(model, refusal("muted")).len(), 1, "the next one goes");
    assert_eq!((model.input.text(), model.outbox.messages.len()), ("tea?", 1));
}

#[test]
fn the_end_of_a_connection_is_final_only_where_it_is() {
    check(&mut fresh(), lost(None), &[r#"quit Some("gone")"#]);
    check(&mut fresh(), lost(Some(0)), &["connect None None 0"]);
    let model = &mut online();
    check(model, lost(None), &[]);
    assert_eq!(model.link, Link::Ended { reason: "gone".into() });
    check(model, Msg::Paste("x".into()), &[]);
}

#[test]
fn typing_ends_by_itself_and_with_the_message() {
    let typing = r#"{"type":"typing","room":"general","user":"bob","active":true}"#;
    let model = &mut online();
    update(model, frame(typing));
    update(model, Msg::Tick(Duration::from_secs(5)));
    assert_eq!(model.typing.len(), 1);
    model.dirty = false;
    update(model, Msg::Tick(Duration::from_secs(6)));
    assert!(model.typing.is_empty() && model.dirty);
    update(model, frame(typing));
    update(model, message(3, "bob", "x", ""));
    assert!(model.typing.is_empty());
}

#[test]
fn scrolling_to_the_top_asks_for_older_messages_once() {
    let seen = |offset, at_top| Msg::Drawn(Seen { page: 10, offset, at_top });
    let older = r#"{"type":"history","room":"general","before":2,"limit":50}"#;
    let model = &mut online();
    check(model, seen(0, true), &[]);
    update(model, Msg::Key(Key::PageUp));
    check(model, seen(0, true), &[older]);
    update(model, Msg::Key(Key::PageUp));
    check(model, seen(9, true), &[]);
    update(model, message(3, "bob", "x", ""));
    assert_eq!((model.scroll, model.below, model.news), (9, 1, 1), "who reads above is left there");
    let page = r#"{"type":"history","room":"general","more":false,"messages":[{"room":"general","seq":1,"from":"bob","text":"first","at":"2026-01-01T00:00:00.000Z"}]}"#;
    update(model, frame(page));
    assert_eq!(texts(model), ["first", "hi", "x"]);
    check(model, seen(9, true), &[]);
    update(model, Msg::Key(Key::PageDown));
    assert_eq!((model.scroll, model.news), (0, 0));
}

#[test]
fn events_change_the_message_they_are_about() {
    let event = |kind: &str, seq: u64, rest: &str| {
        let at = "2026-01-01T00:00:00.000Z";
        frame(&format!(r#"{{"type":"{kind}","room":"general","seq":{seq},"from":"bob","at":"{at}","target":2{rest}}}"#))
    };
    let model = &mut online();
    update(model, event("edited", 3, r#","text":"hello""#));
    update(model, event("reacted", 4, r#","emoji":"👍","on":true"#));
    let Some(Entry::Said(said)) = model.transcript.entries.first() else { panic!("no message") };
    assert_eq!((said.text.as_str(), said.reactions.len(), said.edited_at.is_some()), ("hello", 1, true));
    update(model, event("deleted", 5, ""));
    assert_eq!(texts(model), [""]);
    assert_eq!(model.position.as_ref().map(|(_, seq)| seq.0), Some(5));
}
