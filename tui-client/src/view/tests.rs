//! Screens, as they are seen.

use chat_protocol::{RoomName, Timestamp, UserName, server::Message};
use ratatui::{Terminal, backend::TestBackend};

use super::*;
use crate::model::Entry;

fn said(seq: u64, from: &str, text: &str) -> Message {
    let json =
        serde_json::json!({"room": "general", "seq": seq, "from": from, "text": text, "at": Timestamp(seq as i64 * 60_000)});
    serde_json::from_value(json).unwrap()
}

fn model() -> Model {
    let mut model = Model::new(UserName::parse("alice").unwrap(), RoomName::parse("general").unwrap(), 1);
    model.link = Link::Online;
    model.topic = "tea & cake".into();
    model.users = ["alice", "bob", "Ann Lee"].iter().map(|name| UserName::parse(name).unwrap()).collect();
    model.transcript.insert(said(1, "bob", "hello\nalice: I owe you a cake"));
    model.transcript.insert(said(2, "Ann Lee", "\u{1b}[31mred\u{202e} and a line that is too long for a narrow pane"));
    model.transcript.push(Entry::Notice("bob set the topic".into()));
    model.outbox.push("on its way".into());
    model.typing.insert(UserName::parse("bob").unwrap(), std::time::Duration::from_secs(6));
    model.input.insert("so I typ");
    model
}

fn screen(model: &Model, width: u16, height: u16) -> (Vec<String>, Seen) {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let mut seen = Seen::default();
    terminal.draw(|frame| seen = view(model, frame)).unwrap();
    let buffer = terminal.backend().buffer();
    let row = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
    ((0..height).map(row).collect(), seen)
}

#[test]
fn a_wide_terminal_has_three_panes() {
    let (rows, seen) = screen(&model(), 100, 30);
    let bar = "│";
    assert_eq!(rows[0], format!(" general · tea & cake{}● 3 online", " ".repeat(68)));
    assert_eq!(rows[1], format!("{}{bar}alice", " ".repeat(80)));
    assert_eq!(rows[2], format!("{}{bar}Ann Lee", " ".repeat(80)));
    let shown: Vec<_> = rows[22..].iter().map(|row| row.trim_end_matches(bar).trim_end()).collect();
    assert_eq!(
        shown,
        [
            "",
            "00:01 1 bob: hello",
            "    alice: I owe you a cake",
            "00:02 2 Ann Lee: \u{fffd}[31mred and a line that is too long for a narrow pane",
            "  bob set the topic",
            " …… alice: on its way",
            "bob is typing…",
            "> so I typ",
        ]
    );
    assert_eq!(seen, Seen { page: 27, offset: 0, at_top: true });
}

#[test]
fn a_narrow_terminal_has_no_sidebar_and_scrolls() {
    let mut model = model();
    let bottom = ["00:02 Ann Lee: \u{fffd}[31mred and a", "    line that is too long for", "    a narrow pane"];
    let (rows, _) = screen(&model, 30, 8);
    assert_eq!(rows[1..4], bottom);
    assert_eq!(rows[4..], ["  bob set the topic", " …… alice: on its way", "bob is typing…", "> so I typ"]);
    model.scroll = 2;
    let (rows, seen) = screen(&model, 30, 8);
    assert_eq!(rows[1..6], ["00:01 bob: hello", "    alice: I owe you a cake", bottom[0], bottom[1], bottom[2]]);
    assert_eq!(seen, Seen { page: 5, offset: 2, at_top: true });
    assert!(rows[6].starts_with("↓ PageDown"));
    // Something new below does not move what is read; scrolling too far ends at the top.
    model.transcript.insert(said(3, "bob", "new"));
    model.below = 1;
    assert_eq!(screen(&model, 30, 8).1.offset, 3);
    model.scroll = usize::MAX;
    assert_eq!(screen(&model, 30, 8).1, Seen { page: 5, offset: 3, at_top: true });
}

#[test]
fn every_size_is_drawn() {
    let mut model = model();
    model.input.insert("日本語 and much more than fits in any of these terminals");
    for link in [Link::Online, Link::Connecting, Link::Ended { reason: "Name is taken".into() }] {
        model.link = link;
        for (width, height) in
            [1, 2, 3, 5, 10, 11, 12, 20, 59, 60, 61].into_iter().flat_map(|width| (1..7).map(move |height| (width, height)))
        {
            screen(&model, width, height);
        }
    }
    assert_eq!(screen(&model, 20, 1).0, [" of these terminals"], "the end of what is typed, and the cursor after it");
}

#[test]
fn what_is_shown_of_the_input_is_harmless_and_holds_the_cursor() {
    let mut model = model();
    model.input.insert("\u{1b}]0;x\u{7}");
    let mut terminal = Terminal::new(TestBackend::new(30, 1)).unwrap();
    terminal.draw(|frame| _ = view(&model, frame)).unwrap();
    terminal.backend_mut().assert_cursor_position((16, 0));
    assert_eq!(screen(&model, 30, 1).0[0], "> so I typ\u{fffd}]0;x\u{fffd}");
}
