//! Whole screens with their styles, at many sizes, against the golden files.

use std::{fmt::Write as _, time::Duration};

use chat_protocol::{Seq, Timestamp, server::Message};
use ratatui::{
    Terminal,
    backend::TestBackend,
    buffer::{Buffer, CellWidth as _},
    style::{Color, Modifier},
};

use super::{fixture::*, golden_file::compare, shots::overlays};
use crate::{
    keys::KeyMap,
    model::{Candidate, Completion, Find, Link, Model, Overlay, Place, Purpose, Question, Scroll, Spot, Target},
    theme::Depth,
    view::view,
};

/// The rows, and below them the runs of cells that do not look plain.
fn dump(screen: &Screen) -> String {
    let mut text = String::new();
    for row in &screen.rows {
        let _ = writeln!(text, "|{row}");
    }
    if let Some((column, row)) = screen.cursor {
        let _ = writeln!(text, "cursor {column},{row}");
    }
    let buffer = &screen.buffer;
    for y in 0..buffer.area.height {
        let mut runs: Vec<(u16, u16, String)> = Vec::new();
        let mut x = 0;
        while x < buffer.area.width {
            let cell = &buffer[(x, y)];
            let wide = cell.cell_width().max(1);
            let style = style(cell.fg, cell.bg, cell.modifier);
            match runs.last_mut() {
                Some((_, end, last)) if *last == style => *end = x + wide,
                _ => runs.push((x, x + wide, style)),
            }
            x += wide;
        }
        let runs: Vec<_> = runs.into_iter().filter(|(.., style)| !style.is_empty()).collect();
        if !runs.is_empty() {
            let runs: Vec<_> = runs.into_iter().map(|(from, to, style)| format!("{from}-{to} {style}")).collect();
            let _ = writeln!(text, "{y}: {}", runs.join(" | "));
        }
    }
    text
}

fn style(fg: Color, bg: Color, modifier: Modifier) -> String {
    let mut words = Vec::new();
    if fg != Color::Reset {
        words.push(fg.to_string().to_lowercase());
    }
    if bg != Color::Reset {
        words.push(format!("on {}", bg.to_string().to_lowercase()));
    }
    words.extend(modifier.iter_names().map(|(name, _)| name.to_lowercase()));
    words.join(" ")
}

/// All differences at once: a change is looked at once.
#[derive(Default)]
struct Golden(Vec<String>);

impl Golden {
    fn check(&mut self, name: &str, model: &Model, (width, height): (u16, u16)) {
        let drawn = dump(&screen(model, width, height));
        self.0.extend(compare(&format!("{name}.{width}x{height}"), &drawn).err());
    }

    #[track_caller]
    fn end(self) {
        assert!(self.0.is_empty(), "{}", self.0.join("\n"));
    }
}

const SIZES: [(u16, u16); 8] = [(140, 40), (100, 30), (80, 24), (60, 20), (40, 10), (30, 8), (20, 5), (1, 1)];

#[test]
fn a_morning_at_every_size() {
    let mut golden = Golden::default();
    let model = themed(morning(), true, Depth::True);
    for size in SIZES {
        golden.check("morning", &model, size);
    }
    golden.end();
}

#[test]
fn a_morning_with_every_theme() {
    let mut golden = Golden::default();
    for (name, dark, depth) in [
        ("light", false, Depth::True),
        ("256", true, Depth::Ansi256),
        ("dark16", true, Depth::Ansi16),
        ("light16", false, Depth::Ansi16),
        ("none", true, Depth::None),
    ] {
        let mut model = themed(morning(), dark, depth);
        model.room_mut().selected = Some(Place { seq: Seq(10), behind: 0 });
        model.room_mut().selecting = true;
        golden.check(&format!("theme.{name}"), &model, (100, 30));
    }
    golden.end();
}

#[test]
fn every_overlay() {
    let mut golden = Golden::default();
    let mut model = themed(morning(), true, Depth::None);
    for (name, overlay) in overlays() {
        model.overlay = Some(overlay);
        for size in [(120, 30), (60, 20), (30, 8)] {
            golden.check(&format!("overlay.{name}"), &model, size);
        }
    }
    golden.end();
}

#[test]
fn every_state_of_the_connection() {
    let mut golden = Golden::default();
    let reason = || "the server\u{1b}[2J does not answer".to_owned();
    let waiting = || Link::Waiting { until: Duration::from_millis(2600), attempt: 4, reason: reason() };
    let states = [
        ("connected", Link::Online, true, None),
        ("lag", Link::Online, true, Some(Duration::from_millis(1234))),
        ("connecting", Link::Connecting { attempt: 1 }, false, None),
        ("again", Link::Connecting { attempt: 3 }, true, None),
        ("waiting", waiting(), true, None),
        ("offline", waiting(), false, None),
        ("refused", Link::Refused { reason: "Name is taken".into() }, false, None),
    ];
    for (name, link, welcomed, lag) in states {
        let mut text = String::new();
        for width in [100, 80, 60, 40, 30, 20, 12, 6, 1] {
            let mut model = themed(bare(), true, Depth::None);
            model.room_mut().topic = "tea & cake, and what else there is".into();
            (model.link, model.welcomed, model.lag) = (link.clone(), welcomed, lag);
            let _ = writeln!(text, "|{}", screen(&model, width, 4).rows[0]);
        }
        golden.0.extend(compare(&format!("link.{name}"), &text).err());
    }
    golden.end();
}

#[test]
fn what_is_typed_and_asked_for() {
    let mut golden = Golden::default();
    let mut model = themed(morning(), true, Depth::None);
    model.room_mut().purpose = Purpose::Reply(Seq(10));
    model.room_mut().composer.insert("Sure, @d");
    model.completion = Some(Completion {
        before: "@d".into(),
        start: 6,
        candidates: (0..12)
            .map(|number| Candidate { text: String::new(), label: format!("dave{number}"), note: "spoke just now".into() })
            .collect(),
        chosen: Some(9),
    });
    golden.check("typed.completion", &model, (60, 20));
    golden.check("typed.completion", &model, (30, 8));
    model.completion = None;
    model.room_mut().purpose = Purpose::Edit(Seq(7));
    model.room_mut().composer.set("Then the cake is on me, 日本語 and a line that is longer than the screen is wide.\n\nthird");
    golden.check("typed.lines", &model, (60, 20));
    golden.check("typed.lines", &model, (30, 9));
    model.history_search = Some("cake".into());
    golden.check("typed.search", &model, (60, 10));
    model.history_search = None;
    model.find = Some(Find { words: "ALICE cake".into(), typing: true });
    golden.check("typed.find", &model, (60, 20));
    model.find = Some(Find { words: "ALICE cake".into(), typing: false });
    model.hint = Some(("Press Ctrl-C again to leave.".into(), Duration::ZERO));
    golden.check("typed.found", &model, (100, 20));
    golden.end();
}

#[test]
fn a_room_that_is_bigger_than_its_list() {
    let mut golden = Golden::default();
    let mut model = long(6);
    model.room_mut().users = (0..200).map(|number| user(&format!("user{number:03}"))).collect();
    model.room_mut().counted(10_000);
    golden.check("crowd", &model, (80, 12));
    // Where the list is long enough for all that the server lists, the others are still counted.
    model.room_mut().users = ["alice", "bob"].map(user).into_iter().collect();
    model.room_mut().counted(10_000);
    golden.check("crowd.short", &model, (80, 12));
    golden.end();
}

#[test]
fn one_model_through_many_sizes_is_drawn_as_if_it_had_always_been_so() {
    let model = themed(morning(), true, Depth::True);
    let mut terminal = Terminal::new(TestBackend::new(1, 1)).unwrap();
    for (width, height) in SIZES.into_iter().chain(SIZES.into_iter().rev()) {
        terminal.backend_mut().resize(width, height);
        terminal.draw(|frame| _ = view(&model, frame)).unwrap();
        let expected = screen(&model, width, height).buffer;
        // What a terminal shows is what came through the differences, not what was in the buffer behind wide characters.
        let drawn: &Buffer = terminal.backend().buffer();
        let rows = |buffer: &Buffer| (0..height).map(|y| row(buffer, y)).collect::<Vec<_>>();
        assert_eq!(rows(drawn), rows(&expected), "{width}x{height}");
    }
}

#[test]
fn times_are_local_and_a_format_that_is_none_falls_back() {
    let mut model = bare();
    put(&mut model, said(1, "bob", 0, "hi"));
    model.zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(16));
    let rows = |model: &Model| screen(model, 80, 10).rows.join("\n");
    assert!(rows(&model).contains(" 01:00  ") && rows(&model).contains("Saturday, 21 November 2026"), "{}", rows(&model));
    model.settings.look.time = "%H:%".into();
    model.settings.look.date = "%!".into();
    assert!(rows(&model).contains(" 01:00  ") && rows(&model).contains(" 2026-11-21 "), "{}", rows(&model));
    model.settings.look.time = "%I:%M:%S %p, %A".into();
    model.settings.look.date = String::new();
    assert!(rows(&model).contains("hi"), "{}", rows(&model));
    put(&mut model, Message { at: Timestamp(i64::MAX), ..said(2, "bob", 0, "when?") });
    assert!(rows(&model).contains("when?"));
}

#[test]
fn links_are_whole_in_every_row_that_they_take() {
    let mut model = bare();
    let url = format!("https://example.org/{}", "long".repeat(20));
    put(&mut model, said(1, "bob", 0, &format!("see {url}, or not")));
    let drawn = screen(&model, 60, 20);
    assert!(drawn.links.len() > 2 && drawn.links.iter().all(|link| *link.url == *url), "{:?}", drawn.links);
    let shown: String = drawn
        .links
        .iter()
        .flat_map(|link| (link.columns.0..link.columns.1).map(|x| drawn.buffer[(x, link.row)].symbol().to_owned()))
        .collect();
    assert_eq!(shown, url);
    model.completion = Some(Completion {
        before: String::new(),
        start: 0,
        candidates: (0..8).map(|_| Candidate { text: String::new(), label: "x".repeat(60), note: String::new() }).collect(),
        chosen: None,
    });
    assert_eq!(screen(&model, 60, 20).links, [], "not under what lies above");
}

#[test]
fn the_end_of_a_host_is_always_seen() {
    let mut model = bare();
    let url = format!("https://bank.example.com.{}evil.example.org/", "a".repeat(200));
    model.overlay = Some(Overlay::Question(Question::Open { url }));
    for (width, height) in [(100, 30), (30, 8)] {
        let rows: String = screen(&model, width, height).rows.iter().map(|row| row.trim_matches([' ', '│'])).collect();
        let host = rows.split("leads to:").nth(1).unwrap();
        assert!(host.starts_with('…') && host.contains("evil.example.org"), "{host}");
    }
}

#[test]
fn a_click_means_what_is_there() {
    let mut model = morning();
    model.room_mut().scroll = Scroll::At { place: Place { seq: Seq(9), behind: 0 }, row: 0, moved: 0 };
    model.room_mut().news = 3;
    let drawn = screen(&model, 120, 30);
    let at = |column: u16, text: &str| {
        let row = drawn.rows.iter().position(|row| row.contains(text)).unwrap();
        let hit = |spot: &Spot| usize::from(spot.row) == row && (spot.columns.0..spot.columns.1).contains(&column);
        drawn.seen.spots.iter().find(|(spot, _)| hit(spot)).map(|(_, target)| target.clone())
    };
    assert_eq!(at(3, "2 ops"), Some(Target::Room(1)));
    assert_eq!(at(105, "Ann Lee"), Some(Target::User("Ann Lee".into())));
    assert_eq!(at(38, "Then the cake"), Some(Target::User("alice".into())));
    assert_eq!(at(60, "Then the cake"), Some(Target::Message(Place { seq: Seq(7), behind: 0 })));
    assert_eq!(at(60, "Two kinds"), Some(Target::Message(Place { seq: Seq(7), behind: 0 })));
    assert_eq!(at(60, "3 new messages below"), Some(Target::Newest));
    assert_eq!(at(60, "Friday, 20"), None);
}

#[test]
fn what_can_be_done_about_a_failure_is_said_as_the_keys_are() {
    let note = |width: u16, changes: &[(&str, &[&str])]| {
        let mut model = bare();
        let changes: Vec<_> =
            changes.iter().map(|(name, keys)| ((*name).into(), keys.iter().map(|key| (*key).into()).collect())).collect();
        model.settings.keys = KeyMap::new(&changes).unwrap();
        model.outbox.push(room("general"), "hi".into(), None, false, Timestamp(NINE));
        let cid = model.outbox.iter().next().unwrap().cid.clone();
        model.outbox.fail(&cid, "too long".into());
        model.show_rooms = Some(false);
        model.show_users = Some(false);
        let rows = screen(&model, width, 10).rows;
        let from = rows.iter().position(|row| row.contains("not sent")).unwrap();
        rows[from..=7].iter().map(|row| row.trim()).collect::<Vec<_>>().join(" / ")
    };
    for (width, changes, expected) in [
        (100, &[][..], "✗ not sent: too long · select it (Ctrl-Up): s sends again, x drops it"),
        (60, &[], "✗ not sent: too long / select it (Ctrl-Up): s again, x drop"),
        (30, &[], "✗ not sent: too long / Ctrl-Up: s again, x drop"),
        (100, &[("select", &["f5"][..]), ("drop", &[])], "✗ not sent: too long · select it (F5): s sends again"),
        (100, &[("select", &[]), ("resend", &["S"])], "✗ not sent: too long · select it: S sends again, x drops it"),
        (100, &[("resend", &[]), ("drop", &[])], "✗ not sent: too long"),
    ] {
        assert_eq!(note(width, changes), expected, "{width} {changes:?}");
    }
}

#[test]
fn a_paste_that_is_too_long_for_one_message_says_so() {
    let mut model = bare();
    model.text_bytes = 10;
    for (typed, text, words) in [
        ("", "one\ntwo", "Send these 2 lines as one message?"),
        ("and ", "one\ntwo", "Send these 2 lines as several messages,"),
        ("", "one\n", "Send this line as one message?"),
    ] {
        model.room_mut().composer.set(typed);
        model.overlay = Some(Overlay::Question(Question::Paste { text: text.into() }));
        let rows = screen(&model, 80, 20).rows;
        assert!(rows.iter().any(|row| row.contains(words)), "{rows:#?}");
    }
}
