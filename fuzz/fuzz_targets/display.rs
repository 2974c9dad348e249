//! Any text made safe to show: in whole, on one line, set in, clipped. Shown twice it is the same.
#![no_main]

use chat_fuzz::{assert_plain, assert_safe};
use chat_protocol::{Dialect, Event, Recorded, RoomName, Seq, Timestamp, UserName, display};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|raw: &str| {
    let shown = display::text(raw);
    assert_safe(&shown, true);
    assert_eq!(display::text(&shown), shown);
    assert_safe(&display::line(raw), false);
    for longest in [0, 1, 2, 5, 16] {
        let clipped = display::clip(raw, longest);
        assert_safe(&clipped, false);
        assert!(clipped.chars().count() <= longest + 1);
    }
    let from = UserName::parse("alice").expect("a name");
    for room in ["general", "@alice,bob"] {
        let room = RoomName::known(room).expect("a room");
        for event in [
            Event::Message { text: raw.into(), cid: None, reply_to: None, action: raw.len() % 2 == 0 },
            Event::Edited { target: Seq(1), text: raw.into() },
            Event::Topic { text: raw.into() },
        ] {
            let recorded =
                Recorded { room: room.clone(), seq: Seq(2), at: Timestamp(0), from: from.clone(), event, deleted: false };
            for dialect in Dialect::ALL {
                let Some(said) = dialect.recorded(&recorded) else { continue };
                // JSON loses nothing, and shows nothing either.
                match dialect {
                    Dialect::Echo | Dialect::Plain => assert_safe(&said, true),
                    Dialect::Chat | Dialect::Envelope | Dialect::Channel => assert_plain(&said),
                }
                // No line of it begins in somebody else's name.
                assert!(said.split('\n').skip(1).all(|line| line.starts_with("    ")), "{said:?}");
            }
        }
    }
});
