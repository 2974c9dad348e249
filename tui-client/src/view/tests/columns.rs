//! Whatever is said stays in its columns.

use chat_protocol::Seq;
use ratatui::buffer::CellWidth as _;

use super::{fixture::*, shots::overlays};
use crate::{
    model::{Candidate, Completion, Place, Purpose},
    theme::Depth,
};

const ODD: [&str; 9] = [
    "日本語のとても長い文章がここにあります、そして折り返されます。日本語のとても長い文章がここにあります。",
    "👩‍🚀👨‍👩‍👧‍👦🏳️‍🌈❤️🇩🇪👍🏽 and 👩‍🚀👨‍👩‍👧‍👦🏳️‍🌈❤️🇩🇪👍🏽 and 👩‍🚀👨‍👩‍👧‍👦🏳️‍🌈❤️🇩🇪👍🏽",
    "z\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}a\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}l\u{489}\u{489}\u{489}g\u{20dd}o",
    "\u{301}\u{302} begins with marks, and ｶﾞｷﾞ with halves ﾞﾟ",
    "مرحبا بالعالم שלום עולם \u{202e}txet desrever\u{202c} and on with it for a while",
    "averyveryverylongwordwithoutanyspacesinitaveryveryverylongwordwithoutanyspacesinitaveryverylong",
    "two\n09:30          bob  faked\n\n\n  three",
    "tab\tand\u{1b}[2Jescape\u{7}\u{9b}31m and \u{200b}\u{feff}\u{ad}nothing",
    "한국어 텍스트 ไทย ภาษา नमस्ते दुनिया བོད་ཡིག ﷽",
];

#[test]
fn panes_keep_their_edges_and_names_their_column() {
    for text in ODD {
        for (width, height) in [(100, 30), (90, 12), (61, 20), (60, 20), (75, 9)] {
            let mut model = bare();
            model.room_mut().users = [user("alice"), user("山田山田山田山田山田"), user("bob")].into_iter().collect();
            model.room_mut().topic = text.into();
            put(&mut model, said(1, "山田", 0, text));
            put(&mut model, said(2, "bob", 0, text));
            model.room_mut().composer.set(&text.replace('\n', " "));
            let drawn = screen(&model, width, height);
            let buffer = &drawn.buffer;
            let users = width - 18;
            let rooms = if width >= 90 { 18 } else { 0 };
            let bottom = 1 + u16::try_from(drawn.seen.page).unwrap();
            for y in 1..bottom {
                assert_eq!(buffer[(users, y)].symbol(), "│", "{text:?} at {width}x{height}, row {y}: {:#?}", drawn.rows);
                assert_eq!(buffer[(users - 1, y)].cell_width(), 1, "{text:?}: nothing wide reaches into the edge");
                if width >= 90 {
                    assert_eq!(buffer[(17, y)].symbol(), "│", "{text:?}");
                    let row: String = (rooms..users).map(|x| buffer[(x, y)].symbol()).collect();
                    let (left, names): (String, String) = (row.chars().take(8).collect(), row.chars().skip(8).take(6).collect());
                    let is_first = ["山", "bob"].iter().any(|name| names.contains(name));
                    assert!(
                        is_first || row.contains('─') || matches!(names.trim(), "" | "›") && left.trim().is_empty(),
                        "{text:?}: {row:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn no_text_begins_where_names_do_in_a_narrow_pane_either() {
    for text in ODD.into_iter().chain(["alice: two\n09:30 bob: faked\n bob: faked\n▌09:30 bob: faked"]) {
        let mut model = bare();
        put(&mut model, said(1, "bob", 0, text));
        put(&mut model, said(2, "bob", 1, text));
        let drawn = screen(&model, 40, 30);
        for y in 1..29 {
            let begins: String = (0..3).map(|x| drawn.buffer[(x, y)].symbol()).collect();
            let is_first = drawn.rows[usize::from(y)].contains("09:00 bob:") && begins.ends_with("09");
            assert!(
                is_first || begins.contains("──") || matches!(&*begins, "   " | "▌  " | " › " | "▌› "),
                "{text:?}: {:#?}",
                drawn.rows
            );
        }
    }
}

#[test]
fn a_box_keeps_its_border_over_wide_characters() {
    let mut model = bare();
    for seq in 1..20 {
        put(&mut model, said(seq, "bob", seq as i64 * 60, &"日".repeat(90)));
    }
    model.overlay = overlays().into_iter().find(|(name, _)| *name == "quit").map(|(_, overlay)| overlay);
    model.show_rooms = Some(false);
    for width in 94..104 {
        let drawn = screen(&model, width, 20);
        let symbol = |x: u16, y: u16| drawn.buffer[(x, y)].symbol();
        let corner = (0..20).flat_map(|y| (0..width).map(move |x| (x, y))).find(|(x, y)| symbol(*x, *y) == "╭");
        let (x, top) = corner.unwrap_or_else(|| panic!("no corner in {width}: {:#?}", drawn.rows));
        let left: String = (top..top + 5).map(|y| symbol(x, y)).collect();
        assert_eq!(left, "╭│││╰", "{width}: {:#?}", drawn.rows);
    }
}

#[test]
fn every_size_is_drawn() {
    let overlays: Vec<_> = overlays().into_iter().map(|(_, overlay)| Some(overlay)).collect();
    let mut model = themed(morning(), true, Depth::Ansi256);
    model.room_mut().purpose = Purpose::Reply(Seq(6));
    model.room_mut().composer.set(&ODD.join("\n"));
    for (number, (width, height)) in (0..40).flat_map(|width| (0..15).map(move |height| (width, height))).enumerate() {
        model.show_rooms = [None, Some(true), Some(false)][number % 3];
        model.show_users = [None, Some(true)][number % 2];
        model.room_mut().selected = (number % 5 == 0).then_some(Place { seq: Seq(10), behind: 0 });
        model.completion = (number % 2 == 0).then(|| Completion {
            start: 0,
            before: String::new(),
            candidates: ODD
                .iter()
                .map(|odd| Candidate { text: String::new(), label: (*odd).into(), note: (*odd).into() })
                .collect(),
            chosen: Some(number % 12),
        });
        // One after the other: each comes by at sizes of all kinds, since there are not as many of them as there are heights.
        for overlay in [&None, &overlays[number % overlays.len()]] {
            model.overlay.clone_from(overlay);
            let drawn = screen(&model, width, height);
            if let Some((column, row)) = drawn.cursor {
                assert!(column < width && row < height, "the cursor is on the screen: {width}x{height}");
            }
        }
    }
}

#[test]
fn messages_keep_their_columns_whatever_the_user_wants_beside_them() {
    let mut model = morning();
    (model.show_rooms, model.show_users) = (Some(true), Some(true));
    for width in 24..70 {
        let drawn = screen(&model, width, 20);
        let edge = |x: &u16| drawn.buffer[(*x, 1)].symbol() == "│";
        let edges: Vec<_> = (0..width).filter(edge).collect();
        let pane = match edges[..] {
            [] => width,
            [users] => users,
            [rooms, users] => users - rooms - 1,
            _ => panic!("{width}: {edges:?}"),
        };
        assert!(pane >= 24, "{width}: {edges:?}");
    }
}

#[test]
fn the_cursor_stands_where_the_next_letter_will() {
    for (text, back, column) in [
        ("abc", 0, 3),
        ("日本", 0, 4),
        ("日本", 1, 2),
        ("e\u{301}x", 0, 2),
        ("\u{1b}]0;x\u{7}", 0, 4),
        ("👩\u{200d}🚀!", 0, 3),
        ("a\u{200b}b", 0, 2),
        ("a\u{200b}b", 1, 1),
        ("", 0, 0),
    ] {
        let mut model = bare();
        model.room_mut().composer.set(text);
        for _ in 0..back {
            model.room_mut().composer.edit(crate::keys::Action::Left);
        }
        let drawn = screen(&model, 30, 3);
        assert_eq!(drawn.cursor, Some((3 + column, 2)), "{text:?}: {:?}", drawn.rows);
    }
}
