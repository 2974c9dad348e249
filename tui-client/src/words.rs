//! What was said as lines of text, for output without a screen and for the log on disk: one event a line, the lines after the
//! first set in, nothing that a terminal would obey.

use chat_protocol::{RoomName, Seq, ServerMessage, Timestamp, UserName, display};
use jiff::{fmt::strtime, tz::TimeZone};

/// When something happened, in this zone, as `format` has it (strftime).
pub(crate) fn time(at: Timestamp, zone: &TimeZone, format: &str) -> String {
    let zoned = jiff::Timestamp::from_millisecond(at.0).map(|at| at.to_zoned(zone.clone()));
    let text = zoned.and_then(|zoned| strtime::format(format, &zoned));
    text.unwrap_or_else(|_| at.to_string())
}

/// Who did what, of what the log holds: `alice: text`, `* alice edited a message: …`. Nothing for what is no event.
pub(crate) fn words(event: &ServerMessage) -> Option<String> {
    let name = |user: &UserName| display::line(user.shown()).into_owned();
    Some(match event {
        ServerMessage::Message(message) => {
            let (from, text) = (name(&message.from), display::indented(&message.text));
            match message {
                message if message.deleted => format!("* {from} deleted this message"),
                message if message.action => format!("* {from} {text}"),
                message if message.edited_at.is_some() => format!("{from}: {text} (edited)"),
                _ => format!("{from}: {text}"),
            }
        }
        ServerMessage::Edited { from, deleted: true, .. } => format!("* {} edited a message that is gone", name(from)),
        ServerMessage::Edited { from, text, .. } => format!("* {} edited a message: {}", name(from), display::indented(text)),
        ServerMessage::Deleted { from, .. } => format!("* {} deleted a message", name(from)),
        ServerMessage::Reacted { from, emoji, on: true, .. } => format!("* {} reacted with {}", name(from), display::line(emoji)),
        ServerMessage::Reacted { from, emoji, .. } => format!("* {} took back {}", name(from), display::line(emoji)),
        ServerMessage::Topic { from, text, .. } if text.is_empty() => format!("* {} removed the topic", name(from)),
        ServerMessage::Topic { from, text, .. } => format!("* {} changed the topic: {}", name(from), display::line(text)),
        _ => return None,
    })
}

/// Where and when in the log an event stands.
pub(crate) fn place(event: &ServerMessage) -> Option<(&RoomName, Seq, Timestamp)> {
    match event {
        ServerMessage::Message(message) => Some((&message.room, message.seq, message.at)),
        ServerMessage::Edited { room, seq, at, .. }
        | ServerMessage::Deleted { room, seq, at, .. }
        | ServerMessage::Reacted { room, seq, at, .. }
        | ServerMessage::Topic { room, seq, at, .. } => Some((room, *seq, *at)),
        _ => None,
    }
}

/// How a room is called, for the one who is in it.
pub(crate) fn room(name: &RoomName, user: &UserName) -> String {
    match name.other_than(user) {
        Some(other) if name.is_private() => format!("@{}", display::line(other.shown())),
        _ => display::line(name.shown()).into_owned(),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeMap;

    use chat_protocol::server::Message;

    use super::*;

    pub(crate) fn message(seq: u64, from: &str, text: &str) -> Message {
        Message {
            room: RoomName::parse("general").unwrap(),
            seq: Seq(seq),
            from: UserName::parse(from).unwrap(),
            text: text.into(),
            at: Timestamp(1_795_175_999_000),
            cid: None,
            reply_to: None,
            action: false,
            edited_at: None,
            deleted: false,
            reactions: BTreeMap::new(),
        }
    }

    #[test]
    fn every_event_has_words() {
        let said = message(1, "alice", "hi\nbob: fake \u{1b}[2J");
        let (room, seq, from, at, target) = (said.room.clone(), Seq(2), said.from.clone(), said.at, Seq(1));
        for (event, expected) in [
            (ServerMessage::Message(said.clone()), Some("alice: hi\n    bob: fake \u{fffd}[2J")),
            (ServerMessage::Message(Message { action: true, text: "waves".into(), ..said.clone() }), Some("* alice waves")),
            (ServerMessage::Message(Message { deleted: true, ..said.clone() }), Some("* alice deleted this message")),
            (
                ServerMessage::Message(Message { edited_at: Some(at), text: "x".into(), ..said.clone() }),
                Some("alice: x (edited)"),
            ),
            (
                ServerMessage::Edited {
                    room: room.clone(),
                    seq,
                    from: from.clone(),
                    at,
                    target,
                    text: "hi!".into(),
                    deleted: false,
                },
                Some("* alice edited a message: hi!"),
            ),
            (
                ServerMessage::Deleted { room: room.clone(), seq, from: from.clone(), at, target },
                Some("* alice deleted a message"),
            ),
            (
                ServerMessage::Reacted {
                    room: room.clone(),
                    seq,
                    from: from.clone(),
                    at,
                    target,
                    emoji: "👍\n".into(),
                    on: true,
                },
                Some("* alice reacted with 👍 "),
            ),
            (
                ServerMessage::Topic { room: room.clone(), seq, from: from.clone(), at, text: "tea\u{202e}".into() },
                Some("* alice changed the topic: tea"),
            ),
            (ServerMessage::Pong {}, None),
        ] {
            assert_eq!(words(&event).as_deref(), expected, "{event:?}");
            assert_eq!(place(&event).is_some(), expected.is_some(), "{event:?}");
        }
    }

    #[test]
    fn times_are_local_and_a_bad_format_does_no_harm() {
        let at = Timestamp(1_795_175_999_000);
        assert_eq!(time(at, &TimeZone::UTC, "%Y-%m-%d %H:%M"), "2026-11-20 11:59");
        assert_eq!(time(at, &TimeZone::fixed(jiff::tz::offset(2)), "%H:%M"), "13:59");
        assert_eq!(time(at, &TimeZone::UTC, "%!"), "2026-11-20T11:59:59.000Z");
        assert!(!time(Timestamp(i64::MAX), &TimeZone::UTC, "%H").is_empty());
    }

    #[test]
    fn a_private_room_is_called_after_the_other() {
        let (alice, bob) = (UserName::parse("alice").unwrap(), UserName::parse("bob").unwrap());
        assert_eq!(room(&RoomName::private(&alice, &bob), &alice), "@bob");
        assert_eq!(room(&RoomName::parse("Tea").unwrap(), &alice), "Tea");
    }
}
