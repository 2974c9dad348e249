//! A chat to draw, and what drawing it gives.

use std::time::Duration;

use chat_protocol::{RoomName, Seq, Timestamp, UserName, server::Message};
use ratatui::{Terminal, backend::TestBackend, buffer::Buffer};

use crate::{
    config::Settings,
    model::{Entry, Link, Model, Rooms, Seen},
    theme::{Depth, Theme},
    view::{LinkSpot, view},
};

/// 20 November 2026, 09:00 UTC.
pub(super) const NINE: i64 = 1_795_165_200_000;

pub(super) fn user(name: &str) -> UserName {
    UserName::known(name).unwrap()
}

pub(super) fn room(name: &str) -> RoomName {
    RoomName::known(name).unwrap()
}

/// A message, so many seconds after nine.
pub(super) fn said(seq: u64, from: &str, seconds: i64, text: &str) -> Message {
    Message {
        room: room("general"),
        seq: Seq(seq),
        from: user(from),
        text: text.into(),
        at: Timestamp(NINE + seconds * 1000),
        cid: None,
        reply_to: None,
        action: false,
        edited_at: None,
        deleted: false,
        reactions: Default::default(),
    }
}

pub(super) fn put(model: &mut Model, message: Message) {
    let seq = message.seq;
    model.room_mut().live.insert(seq, Entry::Message(Box::new(message)));
}

/// Nothing but two rooms, of alice's.
pub(super) fn bare() -> Model {
    let rooms = Rooms::new(room("general"), [room("ops")]);
    let mut model = Model::new(user("alice"), rooms, Settings::default(), jiff::tz::TimeZone::UTC, 1);
    model.link = Link::Online;
    model.welcomed = true;
    model
}

/// As many plain messages of two people.
pub(super) fn long(count: u64) -> Model {
    let mut model = bare();
    for seq in 1..=count {
        put(&mut model, said(seq, if seq % 3 == 0 { "bob" } else { "Ann Lee" }, seq as i64 * 30, &format!("message {seq}")));
    }
    model
}

/// A morning with some of everything.
pub(super) fn morning() -> Model {
    let mut model = bare();
    let general = model.room_mut();
    general.topic = "Release 2.4 on Friday · docs: https://wiki.example.org/release".into();
    general.users =
        ["alice", "bob", "carol", "Ann Lee", "dave", "Grace", "山田", "mallory-the-magnificent"].map(user).into_iter().collect();
    general.typing.insert(user("bob"), Duration::from_secs(6));
    put(&mut model, said(1, "bob", -50_000, "Last one out: the staging box is yours, I am off."));
    put(&mut model, Message { action: true, ..said(2, "carol", -49_900, "waves goodnight") });
    put(&mut model, said(3, "Ann Lee", 30, "Morning everyone ☕"));
    put(
        &mut model,
        said(
            4,
            "Ann Lee",
            45,
            "The build is green again; it was the `tokio` pin after all. Details in https://ci.example.org/builds/4711?step=integration-tests&attempt=2 if you *really* want to know.",
        ),
    );
    put(&mut model, said(5, "bob", 130, "nice! who fixed it?"));
    let mut reply = said(6, "Grace", 190, "That was 山田, at 3 in the morning 🙇 — 素晴らしい仕事をありがとうございました。");
    reply.reply_to = Some(Seq(5));
    reply.reactions.insert("👍".into(), vec![user("bob"), user("carol")]);
    reply.reactions.insert("❤\u{fe0f}".into(), vec![user("alice")]);
    put(&mut model, reply);
    put(&mut model, said(7, "alice", 250, "Then the cake is on me.\nTwo kinds, since nobody could agree last time."));
    let mut edited = said(8, "mallory-the-magnificent", 310, "I will take both, thank you");
    edited.edited_at = Some(Timestamp(NINE));
    put(&mut model, edited);
    model.room_mut().live.push(Entry::Presence {
        came: vec![user("dave"), user("Eve")],
        went: vec![user("Trent")],
        passed: vec![user("peggy")],
        at: Timestamp(NINE + 400_000),
    });
    let mut gone = said(9, "bob", 430, "");
    gone.deleted = true;
    put(&mut model, gone);
    model.room_mut().marker = Some(Seq(9));
    put(
        &mut model,
        said(
            10,
            "dave",
            500,
            "alice: could you look at the deploy before lunch? It waits for somebody who may press the button, and I may not.",
        ),
    );
    put(&mut model, said(11, "dave", 505, "👩‍🚀 no hurry though"));
    model
        .room_mut()
        .live
        .insert(Seq(12), Entry::Topic { from: user("bob"), text: "Release 2.4 on Friday".into(), at: Timestamp(NINE + 560_000) });
    put(&mut model, Message { action: true, ..said(13, "carol", 600, "brings tea for alice") });
    model.room_mut().live.push(Entry::Notice { text: "Your name is kept for you here.".into(), at: Timestamp(NINE + 610_000) });
    model.room_mut().live.push(Entry::Fault { text: "There is no room «cake».".into(), at: Timestamp(NINE + 620_000) });
    model.outbox.push(room("general"), "On it, give me five minutes.".into(), None, false, Timestamp(NINE + 700_000));
    model.outbox.push(room("general"), "x".repeat(30), None, false, Timestamp(NINE + 700_000));
    let refused = model.outbox.iter().last().unwrap().cid.clone();
    model.outbox.fail(&refused, "too long".into());

    let ops = model.rooms.find_mut(&room("ops")).unwrap();
    ops.unread = 12;
    ops.mentions = 2;
    ops.composer.insert("half a th");
    model.rooms.add(room("random"), None).unread = 140;
    let muted = model.rooms.add(room("builds-and-other-noise"), None);
    (muted.muted, muted.unread) = (true, 37);
    let bob = model.rooms.add(room("@alice,bob"), Some(user("bob")));
    bob.unread = 1;
    bob.users = ["alice", "bob"].map(user).into_iter().collect();
    model.rooms.add(room("@alice,zoe"), Some(user("zoe")));
    model
}

pub(super) fn themed(mut model: Model, dark: bool, depth: Depth) -> Model {
    model.settings.look.theme = Theme::build(dark, depth, &[]).unwrap();
    model
}

/// What was drawn.
pub(super) struct Screen {
    pub(super) rows: Vec<String>,
    pub(super) buffer: Buffer,
    pub(super) cursor: Option<(u16, u16)>,
    pub(super) seen: Seen,
    pub(super) links: Vec<LinkSpot>,
}

pub(super) fn screen(model: &Model, width: u16, height: u16) -> Screen {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let mut drawn = (Seen::default(), Vec::new());
    terminal.draw(|frame| drawn = view(model, frame)).unwrap();
    let backend = terminal.backend();
    let buffer = backend.buffer().clone();
    let cursor = backend.cursor_visible().then(|| backend.cursor_position()).map(|position| (position.x, position.y));
    let rows = (0..height).map(|y| row(&buffer, y)).collect();
    Screen { rows, buffer, cursor, seen: drawn.0, links: drawn.1 }
}

/// What stands in a row, as it is read: the cell behind a wide character is a part of it.
pub(super) fn row(buffer: &Buffer, y: u16) -> String {
    use ratatui::buffer::CellWidth as _;
    let (mut x, mut text) = (0, String::new());
    while x < buffer.area.width {
        let cell = &buffer[(x, y)];
        text.push_str(cell.symbol());
        x += cell.cell_width().max(1);
    }
    text.trim_end().to_owned()
}
