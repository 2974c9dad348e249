//! Hostile text in every place that a peer can write to, all the way to the bytes that the terminal gets: no control sequence
//! that we did not mean, no character that turns, hides or moves anything.

use std::{collections::BTreeMap, time::Duration};

use chat_protocol::{Seq, Timestamp, display};
use proptest::prelude::*;

use super::{fixture::*, shots::bytes};
use crate::{
    model::{Candidate, Completion, Entry, Find, Item, Link, List, ListKind, Model, Overlay, Place, Purpose, Question, Row},
    theme::Depth,
};

/// What a terminal would take from the bytes of a frame; the error says what is wrong with it.
fn check(bytes: &[u8]) -> Result<(), String> {
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    let mut rest = text;
    let mut link_open = false;
    while let Some(c) = rest.chars().next() {
        if let Some(sequence) = rest.strip_prefix("\x1b[") {
            let end = sequence.find(|c: char| !matches!(c, '0'..='9' | ';' | '?')).ok_or("a sequence without an end")?;
            let known = match &sequence[end..=end] {
                "H" => !sequence.starts_with('?'),
                "m" => !link_open && !sequence.starts_with('?'),
                "h" | "l" => &sequence[..end] == "?25",
                _ => false,
            };
            if !known {
                return Err(format!("a sequence that nobody meant: {:?}", &sequence[..=end]));
            }
            rest = &sequence[end + 1..];
        } else if let Some(link) = rest.strip_prefix("\x1b]8;") {
            let (head, after) = link.split_once("\x1b\\").ok_or("a link without an end")?;
            let (id, url) = head.split_once(';').ok_or("a link without an address")?;
            let opens = ["http://", "https://"].iter().any(|scheme| url.starts_with(scheme));
            let id = id.strip_prefix("id=").unwrap_or(id);
            let plain = url.bytes().all(|byte| byte.is_ascii_graphic()) && id.bytes().all(|byte| byte.is_ascii_hexdigit());
            if !plain || opens == url.is_empty() || opens == link_open || url.len() > 2000 {
                return Err(format!("a bad link: {head:?}"));
            }
            link_open = opens;
            rest = after;
        } else {
            // Inside an emoji these two have a meaning; that they are nowhere else is shown where they are let through.
            if display::is_unsafe(c) && !matches!(c, '\u{200d}' | '\u{fe0f}') {
                return Err(format!("{c:?} before {:?}", rest.chars().take(20).collect::<String>()));
            }
            rest = &rest[c.len_utf8()..];
        }
    }
    if link_open { Err("a link that goes on".into()) } else { Ok(()) }
}

/// The text in every place that somebody else's words come to.
fn model(text: &str, name: &str, depth: Depth) -> Model {
    let mut model = themed(bare(), true, depth);
    let name = chat_protocol::UserName::known(name).unwrap_or_else(|_| user("bob"));
    let message = |seq| {
        let mut message = said(seq, "bob", seq as i64 * 40, text);
        message.from = name.clone();
        message
    };
    model.alerts(text);
    let room = model.room_mut();
    room.topic = text.into();
    room.users = [name.clone(), user("alice")].into_iter().collect();
    room.typing.insert(name.clone(), Duration::ZERO);
    room.marker = Some(Seq(2));
    room.composer.set(text);
    put(&mut model, message(1));
    put(&mut model, message(2));
    let mut reply = message(3);
    reply.reply_to = Some(Seq(2));
    reply.reactions = BTreeMap::from([(text.chars().take(40).collect(), vec![name.clone()])]);
    put(&mut model, reply);
    let mut action = message(4);
    (action.action, action.edited_at) = (true, Some(Timestamp(0)));
    action.text = format!("https://example.org/{text}");
    put(&mut model, action);
    put(&mut model, said(7, "dave", 300, "see https://example.org/plain?x=1 too"));
    let at = Timestamp(NINE + 400_000);
    let live = &mut model.room_mut().live;
    live.insert(Seq(5), Entry::Topic { from: name.clone(), text: text.into(), at });
    live.push(Entry::Notice { text: text.into(), at });
    live.push(Entry::Fault { text: text.into(), at });
    live.push(Entry::Presence { came: vec![name.clone()], went: vec![name], passed: Vec::new(), at });
    model.outbox.push(room_name(), text.into(), Some(Seq(1)), false, at);
    model.outbox.push(room_name(), text.into(), None, true, at);
    let cid = model.outbox.iter().next().unwrap().cid.clone();
    model.outbox.fail(&cid, text.into());
    model.link = Link::Waiting { until: Duration::ZERO, attempt: 2, reason: text.into() };
    model
}

fn room_name() -> chat_protocol::RoomName {
    room("general")
}

impl Model {
    fn alerts(&mut self, text: &str) {
        self.settings.alerts.words = vec![text.chars().take(3).collect()];
        self.settings.look.time = "%H:%M\u{1b}[31m".into();
        self.settings.look.date = text.chars().take(30).collect();
    }
}

fn overlays(text: &str) -> Vec<Option<Overlay>> {
    let row = |item| Row { text: text.into(), note: text.into(), item };
    let list =
        |kind, rows| Some(Overlay::List(List { title: text.into(), filter: text.into(), rows, chosen: 0, kind, more: true }));
    let url = || format!("https://{text}");
    vec![
        None,
        list(ListKind::Rooms, vec![row(Item::Person(text.into())), row(Item::Link(url()))]),
        list(
            ListKind::Found { query: text.into(), room: None },
            vec![row(Item::Message(Box::new(said(1, "bob", 0, text)))), row(Item::Reaction(text.into()))],
        ),
        Some(Overlay::Question(Question::Paste { text: text.into() })),
        Some(Overlay::Question(Question::Open { url: url() })),
        Some(Overlay::Question(Question::Delete { room: room_name(), seq: Seq(1) })),
    ]
}

fn draw_everything(text: &str, name: &str, depth: Depth) -> Result<(), String> {
    let mut model = model(text, name, depth);
    for (number, overlay) in overlays(text).into_iter().enumerate() {
        model.overlay = overlay;
        for (width, height) in [(140, 40), (40, 16)] {
            // What hides what is different each time.
            let busy = number % 2 == 0;
            model.find = busy.then(|| Find { words: text.chars().take(20).collect(), typing: false });
            model.hint = busy.then(|| (text.into(), Duration::ZERO));
            model.history_search = (!busy).then(|| text.into());
            model.room_mut().purpose = if busy { Purpose::Reply(Seq(1)) } else { Purpose::Edit(Seq(2)) };
            model.room_mut().selected = (busy && width < 100).then_some(Place { seq: Seq(4), behind: 0 });
            model.completion = (model.overlay.is_none() && width < 100).then(|| Completion {
                start: 0,
                before: text.into(),
                candidates: vec![Candidate { text: text.into(), label: text.into(), note: text.into() }],
                chosen: Some(0),
            });
            check(&bytes(&model, width, height)).map_err(|error| format!("{error}, at {width}x{height}, overlay {number}"))?;
        }
        model.link = Link::Refused { reason: text.into() };
    }
    model.overlay = None;
    model.find = Some(Find { words: text.into(), typing: true });
    check(&bytes(&model, 60, 20))
}

const WORST: &[&str] = &[
    "\u{1b}]0;pwn\u{7}\u{1b}[2J\u{1b}]52;c;aGk=\u{7}\u{1b}P1$r\u{1b}\\\u{1b}c",
    "\u{9b}31mred\u{9d}0;x\u{9c}\u{90}\u{85}\u{8d}\u{7f}\u{0}\u{8}\u{b}\u{c}\r\r\n\t",
    "https://example.org/\u{1b}\\\u{1b}]8;;javascript:alert(1)\u{1b}\\\u{7}",
    "https://e\u{202e}gro.elpmaxe\u{2066}/\u{200b}\u{e0041}\u{e007f} https://é.example/ü?\u{9c}",
    "a\u{202a}b\u{202b}c\u{202d}d\u{202e}e\u{2066}f\u{2067}g\u{2068}h\u{2069}i\u{200e}\u{200f}\u{61c}\u{feff}\u{ad}\u{180e}\u{2028}\u{2029}",
    "\u{e000}\u{fffe}\u{10ffff}\u{fff9}\u{3164}\u{115f}\u{2800}\u{34f}",
    "\u{200d}\u{200d}👩\u{200d}\u{200d}x\u{fe0f}\u{fe0f}1\u{fe0f}\u{20e3}",
];

#[test]
fn nothing_but_what_we_mean_comes_to_the_terminal() {
    for text in WORST {
        for depth in [Depth::True, Depth::None, Depth::Ansi16] {
            draw_everything(text, "Zoë", depth).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        }
    }
    let zalgo = format!("z{}", "\u{301}\u{489}".repeat(5000));
    draw_everything(&zalgo, "bob", Depth::True).unwrap();
    draw_everything(&"https://example.org/日本/".repeat(600), "bob", Depth::True).unwrap();
    draw_everything(&"*a _b `c ".repeat(2000), "bob", Depth::True).unwrap();
    draw_everything(&format!("https://a{}", ")".repeat(16_000)), "bob", Depth::True).unwrap();
    assert!(bytes(&model(&zalgo, "bob", Depth::True), 110, 40).len() < 100_000);
}

#[test]
fn the_check_itself_finds_what_is_bad() {
    for bad in [
        "a\x1b[2J",
        "\x1b]0;x\x07",
        "\u{9b}31m",
        "\u{202e}",
        "\u{200b}",
        "\x1b]8;;javascript:x\x1b\\y\x1b]8;;\x1b\\",
        "\x1b]8;id=1;https://a\x07b\x1b\\y\x1b]8;;\x1b\\",
        "\x1b]8;id=1;https://a\x1b\\y",
        "\n",
        "\x1b",
    ] {
        assert!(check(bad.as_bytes()).is_err(), "{bad:?}");
    }
    assert_eq!(
        check("\x1b[1;1H\x1b[38;2;1;2;3mhé\x1b[0m\x1b]8;id=1f;https://a\x1b\\y\x1b]8;;\x1b\\\x1b[?25l".as_bytes()),
        Ok(())
    );
    // That there are links at all, and without the wish for them none.
    let mut model = model("hi", "bob", Depth::True);
    let has_link = |model: &Model| bytes(model, 110, 40).windows(5).any(|window| window == b"\x1b]8;i");
    assert!(has_link(&model));
    model.settings.look.links = false;
    assert!(!has_link(&model));
    model.settings.look.links = true;
    model.overlay = Some(Overlay::Help { scroll: 0 });
    assert!(!has_link(&model));
}

fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => prop::sample::select(WORST).prop_map(str::to_owned),
        3 => "[ -~]{0,12}",
        2 => "\\PC{0,8}",
        2 => prop::collection::vec(any::<char>(), 0..6).prop_map(|chars| chars.into_iter().collect()),
        1 => "[\u{0}-\u{1f}\u{7f}-\u{9f}]{1,4}",
        1 => "[\u{200b}-\u{200f}\u{202a}-\u{202e}\u{2060}-\u{206f}]{1,4}",
        1 => Just("https://example.org/".to_owned()),
        1 => "[日本語한국어👩🚀❤]{1,6}",
        1 => "[*_`]{1,3}",
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_but_what_we_mean_comes_to_the_terminal_whatever_is_said(text in hostile(), name in "\\PC{1,12}") {
        prop_assert_eq!(draw_everything(&text, &name, Depth::Ansi256), Ok(()));
    }
}
