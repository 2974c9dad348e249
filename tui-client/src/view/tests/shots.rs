//! Screens as a terminal gets them, to look at: each a file of bytes, in the folder that `CHAT_SHOTS` names, to be shown with `cat`
//! in a terminal of the size that its name ends with. They are written by
//! `CHAT_SHOTS=<folder> cargo test -p chat-tui --bin chat-tui shots -- --ignored`.

use std::{env, fs, path::PathBuf};

use ratatui::{Terminal, TerminalOptions, Viewport, backend::CrosstermBackend, layout::Rect};

use super::fixture::*;
use crate::{
    model::{
        Candidate, Completion, Item, Link, List, ListKind, Membership, Model, Overlay, Place, Purpose, Question, Row, Scroll,
    },
    theme::Depth,
    view::{links, view},
};

const SMALLER: [(u16, u16); 3] = [(100, 30), (60, 20), (30, 8)];

/// What a terminal of that size is sent for a first frame.
pub(super) fn bytes(model: &Model, width: u16, height: u16) -> Vec<u8> {
    let mut bytes = Vec::new();
    let viewport = Viewport::Fixed(Rect::new(0, 0, width, height));
    let mut terminal = Terminal::with_options(CrosstermBackend::new(&mut bytes), TerminalOptions { viewport }).unwrap();
    terminal
        .draw(|frame| {
            let (_, spots) = view(model, frame);
            links::apply(frame.buffer_mut(), &spots);
        })
        .unwrap();
    drop(terminal);
    bytes
}

pub(super) fn overlays() -> Vec<(&'static str, Overlay)> {
    let row = |text: &str, note: &str| Row { text: text.into(), note: note.into(), item: Item::Room(room("general")) };
    let found = |seq, from, text: &str, note: &str| Row {
        text: String::new(),
        note: note.into(),
        item: Item::Message(Box::new(said(seq, from, 0, text))),
    };
    let list = |title: &str, kind, rows, chosen| {
        Overlay::List(List { title: title.into(), filter: "de".into(), rows, chosen, kind, more: false })
    };
    vec![
        ("help", Overlay::Help { scroll: 0 }),
        (
            "rooms",
            list("Go to", ListKind::Rooms, vec![row("general", "8 online"), row("design", "!2 14"), row("@dedrick", "○")], 1),
        ),
        (
            "found",
            list(
                "Found «deploy»",
                ListKind::Found { query: "deploy".into(), room: None },
                vec![
                    found(
                        10,
                        "dave",
                        "alice: could you look at the deploy before lunch? It waits for somebody",
                        "general · 09:08",
                    ),
                    found(4, "Ann Lee", "deploying now", "general · yesterday"),
                ],
                0,
            ),
        ),
        ("paste", Overlay::Question(Question::Paste { text: "one\ntwo\n  three\nfour\nfive\nsix".into() })),
        (
            "open",
            Overlay::Question(Question::Open {
                url: "https://bank.example.com@еvil.example.org/login?next=%2Faccount&session=0123456789abcdef".into(),
            }),
        ),
        ("delete", Overlay::Question(Question::Delete { room: room("general"), seq: chat_protocol::Seq(7) })),
        ("quit", Overlay::Question(Question::Quit { unsent: 2 })),
        ("stale", Overlay::Question(Question::Stale { count: 3 })),
    ]
}

#[test]
#[ignore = "for looking at: CHAT_SHOTS=<folder> cargo test -p chat-tui --bin chat-tui shots -- --ignored"]
fn shots() {
    let folder = PathBuf::from(env::var_os("CHAT_SHOTS").expect("CHAT_SHOTS names a folder"));
    fs::create_dir_all(&folder).unwrap();
    let shot = |name: &str, model: &Model, width, height| {
        fs::write(folder.join(format!("{name}.{width}x{height}.ansi")), bytes(model, width, height)).unwrap();
    };
    for (name, dark, depth) in [
        ("dark", true, Depth::True),
        ("light", false, Depth::True),
        ("none", true, Depth::None),
        ("dark16", true, Depth::Ansi16),
        ("light16", false, Depth::Ansi16),
    ] {
        let mut model = themed(morning(), dark, depth);
        for (width, height) in [(140, 40), (100, 30), (80, 24), (60, 20), (40, 10), (30, 8), (20, 5)] {
            shot(name, &model, width, height);
        }
        model.room_mut().selected = Some(Place { seq: chat_protocol::Seq(10), behind: 0 });
        model.room_mut().selecting = true;
        shot(&format!("{name}-selected"), &model, 100, 30);
        model.room_mut().selected = None;
        for (overlay, what) in overlays() {
            model.overlay = Some(what);
            for (width, height) in [(140, 40), (100, 30), (60, 20), (30, 8)] {
                shot(&format!("{name}-{overlay}"), &model, width, height);
            }
        }
        model.overlay = None;
        model.room_mut().purpose = Purpose::Reply(chat_protocol::Seq(10));
        model.room_mut().composer.insert("Sure, @d");
        model.completion = Some(Completion {
            before: "@d".into(),
            start: 6,
            candidates: [("dave", "spoke just now"), ("design", "room"), ("/delete <seq>", "take a message of yours away")]
                .map(|(label, note)| Candidate { text: label.into(), label: label.into(), note: note.into() })
                .into(),
            chosen: Some(0),
        });
        model.link =
            Link::Waiting { until: std::time::Duration::from_secs(3), attempt: 4, reason: "the server does not answer".into() };
        for (width, height) in SMALLER {
            shot(&format!("{name}-reply"), &model, width, height);
        }
        let mut model = themed(morning(), dark, depth);
        let oldest = Place { seq: chat_protocol::Seq(1), behind: 0 };
        let general = model.room_mut();
        general.scroll = Scroll::Show { place: oldest, down: 0 };
        general.membership = Membership::Joined;
        general.position = Some((chat_protocol::Epoch("log".into()), chat_protocol::Seq(13)));
        for (what, more_before) in [("beginning", false), ("loading", true)] {
            model.room_mut().live.more_before = more_before;
            for (width, height) in SMALLER {
                shot(&format!("{name}-{what}"), &model, width, height);
            }
        }
    }
}
