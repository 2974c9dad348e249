//! Scrolling: what is read stays where it is, both ends are ends, and a long past costs nothing.

use chat_protocol::{Seq, Timestamp, server::Message};

use super::fixture::*;
use crate::{
    model::{Entry, Link, Membership, Model, Place, Scroll, Seen},
    view::messages,
};

const SIZE: (u16, u16) = (100, 13);

fn at(seq: u64) -> Place {
    Place { seq: Seq(seq), behind: 0 }
}

/// Draws, and takes what came to light as the update does.
fn draw(model: &mut Model, (width, height): (u16, u16)) -> (Vec<String>, Seen) {
    let Screen { rows, seen, .. } = screen(model, width, height);
    model.room_mut().scroll = match seen.bottom {
        Some((place, row)) => Scroll::At { place, row, moved: 0 },
        None => Scroll::Newest,
    };
    let pane = rows[1..=seen.page].iter().map(|row| row.split('│').nth(1).unwrap_or(row).trim().to_owned()).collect();
    (pane, seen)
}

fn up(model: &mut Model, moved: isize) {
    let scroll = model.room().scroll;
    model.room_mut().scroll = match scroll {
        Scroll::At { place, row, .. } => Scroll::At { place, row, moved },
        // What is behind everything: the newest.
        _ => Scroll::At { place: Place { behind: u32::MAX, ..Place::pending(0) }, row: usize::MAX, moved },
    };
}

fn texts(rows: &[String]) -> Vec<String> {
    rows.iter().filter_map(|row| row.find("message ").map(|at| row[at + 8..].to_owned())).collect()
}

#[test]
fn pages_go_to_both_ends_and_stop_there() {
    let mut model = long(30);
    let (rows, seen) = draw(&mut model, SIZE);
    assert_eq!(texts(&rows).last().unwrap(), "30");
    assert!(seen.bottom.is_none() && !seen.at_top && seen.page == 10);
    assert_eq!((seen.first, seen.last), (Some(Seq(21)), Some(Seq(30))));
    up(&mut model, 10);
    let (rows, seen) = draw(&mut model, SIZE);
    assert_eq!((texts(&rows)[0].as_str(), texts(&rows)[9].as_str()), ("11", "20"));
    assert_eq!(seen.bottom, Some((at(20), 0)));
    for _ in 0..3 {
        up(&mut model, 10);
        draw(&mut model, SIZE);
    }
    let (rows, seen) = draw(&mut model, SIZE);
    assert!(seen.at_top && rows[0].contains("20 November 2026"), "{rows:?}");
    assert_eq!(texts(&rows)[0], "1");
    up(&mut model, -9);
    let (_, seen) = draw(&mut model, SIZE);
    assert!(!seen.at_top && seen.bottom.is_some());
    for _ in 0..3 {
        up(&mut model, -10);
        draw(&mut model, SIZE);
    }
    let (rows, seen) = draw(&mut model, SIZE);
    assert!(seen.bottom.is_none() && texts(&rows)[9] == "30", "{rows:?}");
}

#[test]
fn what_is_read_stays_when_something_new_comes() {
    let mut model = long(30);
    draw(&mut model, SIZE);
    up(&mut model, 3);
    let before = draw(&mut model, SIZE).0;
    for seq in 31..60 {
        put(&mut model, said(seq, "bob", 5000, "new\nand long"));
        assert_eq!(draw(&mut model, SIZE).0, before);
    }
    // Older ones that come above move nothing either; what is drawn only grows at the top, which is out of sight.
    model.room_mut().live.push(Entry::Notice { text: "at the end".into(), at: Timestamp(NINE) });
    assert_eq!(draw(&mut model, SIZE).0, before);
    model.room_mut().scroll = Scroll::Newest;
    assert!(draw(&mut model, SIZE).0[9].contains("at the end"));
}

#[test]
fn a_long_entry_is_left_in_its_middle() {
    let mut model = long(0);
    for seq in 1..10 {
        put(&mut model, said(seq, "bob", seq as i64 * 60, "1\n2\n3\n4\n5"));
    }
    model.room_mut().scroll = Scroll::At { place: at(5), row: 2, moved: 0 };
    let (rows, seen) = draw(&mut model, SIZE);
    assert_eq!((rows[9].as_str(), seen.bottom), ("3", Some((at(5), 2))));
    assert_eq!((seen.first, seen.last), (Some(Seq(4)), Some(Seq(4))), "what is cut was not seen");
    up(&mut model, 1);
    assert_eq!(draw(&mut model, SIZE).1.bottom, Some((at(5), 1)));
    up(&mut model, -4);
    assert_eq!(draw(&mut model, SIZE).1.bottom, Some((at(6), 0)));
}

#[test]
fn the_foot_stays_through_every_size() {
    let mut model = long(0);
    for seq in 1..40 {
        put(&mut model, said(seq, "bob", seq as i64 * 60, &format!("message {seq} {}", "word ".repeat(20))));
    }
    model.room_mut().scroll = Scroll::At { place: at(20), row: 0, moved: 0 };
    for size in [(140, 40), (100, 30), (60, 20), (30, 8), (20, 5), (8, 4), (60, 20), (140, 40)] {
        let (_, seen) = draw(&mut model, size);
        assert_eq!(seen.bottom.map(|(place, _)| place), Some(at(20)), "{size:?}");
    }
}

#[test]
fn an_entry_is_shown_where_it_was_asked_for() {
    let mut model = long(100);
    for (down, row) in [(0, 0), (50, 4), (100, 9)] {
        model.room_mut().scroll = Scroll::Show { place: at(50), down };
        let (rows, _) = draw(&mut model, SIZE);
        assert!(rows[row].ends_with("message 50"), "{down}: {rows:?}");
    }
    for seq in [1, 100] {
        model.room_mut().scroll = Scroll::Show { place: at(seq), down: 30 };
        let (rows, _) = draw(&mut model, SIZE);
        assert!(texts(&rows).contains(&seq.to_string()) && rows.iter().all(|row| !row.is_empty()), "{rows:?}");
    }
    // One that is not there any more: what stands nearest.
    model.room_mut().scroll = Scroll::Show { place: at(1000), down: 30 };
    assert_eq!(texts(&draw(&mut model, SIZE).0)[9], "100");
    model.room_mut().scroll = Scroll::At { place: Place { seq: Seq(50), behind: 7 }, row: 3, moved: 0 };
    assert_eq!(texts(&draw(&mut model, SIZE).0)[9], "50");
}

#[test]
fn the_line_before_what_is_new_stands_once_and_only_for_others() {
    let mut model = long(20);
    model.room_mut().marker = Some(Seq(20));
    let has_line = |model: &mut Model| draw(model, SIZE).0.iter().filter(|row| row.contains("─ new ─")).count();
    assert_eq!(has_line(&mut model), 0);
    put(&mut model, said(21, "alice", 900, "message mine"));
    assert_eq!(has_line(&mut model), 0);
    put(&mut model, said(22, "bob", 901, "message his"));
    put(&mut model, said(23, "bob", 902, "message his too"));
    let rows = draw(&mut model, SIZE).0;
    let line = rows.iter().position(|row| row.contains("─ new ─")).unwrap();
    assert!(
        rows[line - 1].ends_with("mine") && rows[line + 1].contains("bob") && rows[line + 1].ends_with("message his"),
        "{rows:?}"
    );
    assert_eq!(has_line(&mut model), 1);
    // The update goes to the line when it opens the room.
    model.room_mut().scroll = Scroll::Show { place: at(21), down: 30 };
    assert_eq!(has_line(&mut model), 1);
}

#[test]
fn the_ignored_take_no_row() {
    let mut model = long(30);
    model.settings.ignore = vec!["BOB".into()];
    let (rows, _) = draw(&mut model, SIZE);
    assert!(rows.iter().all(|row| !row.contains("bob") && !row.is_empty()), "{rows:?}");
    model.settings.ignore.push("ann lee".into());
    let (_, seen) = draw(&mut model, SIZE);
    assert!(seen.at_top && seen.bottom.is_none() && seen.first.is_none());
}

#[test]
fn a_long_past_costs_nothing() {
    let scrolls = [
        Scroll::Newest,
        Scroll::At { place: at(700), row: 0, moved: 20 },
        Scroll::Show { place: at(700), down: 30 },
        Scroll::At { place: at(500), row: 0, moved: isize::MAX },
        Scroll::At { place: at(500), row: 0, moved: isize::MIN },
    ];
    let costs = [1000, 100_000].map(|count| {
        let mut model = bare();
        let message = said(1, "bob", 0, "message");
        for seq in 1..=count {
            put(&mut model, Message { seq: Seq(seq), ..message.clone() });
        }
        model.room_mut().marker = Some(Seq(count / 2));
        scrolls.map(|scroll| {
            model.room_mut().scroll = scroll;
            messages::cost(&model, 80, 30)
        })
    });
    assert_eq!(costs[0], costs[1]);
    assert!(costs[1].into_iter().all(|(laid, looked)| (30..90).contains(&laid) && looked < 1000), "{costs:?}");
}

/// A room of so many messages of mallory's, who is ignored, but for those of bob that are asked for.
fn spammed(count: u64, is_bob: impl Fn(u64) -> bool) -> Model {
    let mut model = bare();
    let (mallory, bob) = (said(1, "mallory", 0, "spam"), said(1, "bob", 0, "message"));
    for seq in 1..=count {
        put(&mut model, Message { seq: Seq(seq), ..if is_bob(seq) { &bob } else { &mallory }.clone() });
    }
    model.settings.ignore = vec!["Mallory".into()];
    model.room_mut().marker = Some(Seq(count - 5));
    model
}

fn costs(model: &mut Model, scrolls: &[Scroll]) -> Vec<(usize, usize)> {
    let cost = |scroll: &Scroll| {
        model.room_mut().scroll = *scroll;
        messages::cost(model, 80, 30)
    };
    scrolls.iter().map(cost).collect()
}

#[test]
fn a_long_past_of_ignored_people_costs_no_more_than_a_short_one() {
    let scrolls = [
        Scroll::Newest,
        Scroll::At { place: at(700), row: 0, moved: 20 },
        Scroll::Show { place: at(700), down: 30 },
        Scroll::At { place: at(500), row: 0, moved: isize::MAX },
        Scroll::At { place: at(500), row: 0, moved: isize::MIN },
    ];
    let most = [1000, 100_000].map(|count| costs(&mut spammed(count, |seq| seq.is_multiple_of(10)), &scrolls));
    assert_eq!(most[0], most[1]);
    assert!(most[1].iter().all(|(laid, looked)| (25..90).contains(laid) && *looked < 2000), "{most:?}");
    for is_bob in [|_| false, |seq| seq == 5000] {
        let all = [10_000, 100_000].map(|count| costs(&mut spammed(count, is_bob), &scrolls));
        assert_eq!(all[0], all[1]);
        assert!(all[1].iter().all(|(laid, looked)| *laid <= 1 && *looked < 12_000), "{all:?}");
    }
}

#[test]
fn what_many_hidden_ones_part_is_no_end() {
    // Few are passed over, and then it is the top: there may be something older to show.
    let mut model = spammed(1500, |seq| seq == 1);
    let (rows, seen) = draw(&mut model, SIZE);
    assert!(seen.at_top && seen.bottom.is_none() && texts(&rows).is_empty() && rows[9].ends_with("message"), "{rows:?}");
    assert!(draw(&mut spammed(1500, |_| false), SIZE).1.at_top);
    // Many are not, and the rest of the log is not fetched for their sake.
    let mut model = spammed(10_000, |seq| seq > 9990);
    let (rows, seen) = draw(&mut model, SIZE);
    assert!(!seen.at_top && seen.bottom.is_none() && rows[9].ends_with("message"), "{rows:?}");
    let (rows, seen) = draw(&mut spammed(10_000, |_| false), SIZE);
    assert!(!seen.at_top && rows.iter().any(|row| row == "Nothing here but what you ignore."), "{rows:?}");
    // Nor are they taken for the newest: the pane stays where it is.
    let mut model = spammed(10_000, |seq| !(10..=9990).contains(&seq));
    model.room_mut().scroll = Scroll::Show { place: at(1), down: 0 };
    for _ in 0..3 {
        let (_, seen) = draw(&mut model, SIZE);
        assert_eq!((seen.at_top, seen.bottom), (true, Some((at(9), 0))));
        up(&mut model, -3);
    }
}

/// The row at the top of the pane, and the rows below it.
fn at_its_top(model: &mut Model) -> (String, Vec<String>) {
    let (rows, seen) = draw(model, SIZE);
    assert!(seen.at_top);
    (rows[0].clone(), rows[1..].to_vec())
}

#[test]
fn the_top_says_whether_there_are_older_messages_and_moves_nothing() {
    let mut model = long(30);
    model.room_mut().live.more_before = true;
    model.room_mut().membership = Membership::Joined;
    let loading = "loading older messages…";
    assert_ne!(draw(&mut model, SIZE).0[0], loading, "not where the top is not seen");
    up(&mut model, 100);
    let (top, below) = at_its_top(&mut model);
    assert_eq!(top, loading);
    assert!(below[0].contains("20 November"), "{below:?}");
    model.link = Link::Connecting { attempt: 1 };
    assert_eq!(at_its_top(&mut model), ("older messages are not loaded".into(), below.clone()));
    model.link = Link::Online;
    model.room_mut().live.more_before = false;
    model.room_mut().position = Some((chat_protocol::Epoch("log".into()), Seq(30)));
    assert_eq!(at_its_top(&mut model), ("This is the beginning of general.".into(), below.clone()));
    up(&mut model, 1);
    assert_eq!(at_its_top(&mut model).1, below, "it is an end");
    model.room_mut().scroll = Scroll::Show { place: at(1), down: 0 };
    assert_eq!(at_its_top(&mut model), ("This is the beginning of general.".into(), below.clone()), "going to the oldest, too");
    // Where older ones come, what is read stays.
    let mut older = long(0);
    for seq in 101..130 {
        put(&mut older, said(seq, "bob", seq as i64, &format!("message {seq}")));
    }
    older.room_mut().live.more_before = true;
    older.room_mut().membership = Membership::Joined;
    up(&mut older, 100);
    let (top, below) = at_its_top(&mut older);
    assert_eq!(top, loading);
    for seq in 1..100 {
        put(&mut older, said(seq, "carol", seq as i64, &format!("message {seq}")));
    }
    // The day is said above the first of it.
    assert_eq!(texts(&draw(&mut older, SIZE).0)[2..], texts(&below)[..]);
}

#[test]
fn the_beginning_is_said_in_what_space_there_is() {
    for (size, with, words) in [
        ((100, 13), None, "This is the beginning of general."),
        ((100, 13), Some("山田"), "This is the beginning of your words with 山田."),
        ((20, 8), None, "the beginning"),
    ] {
        let mut model = long(1);
        model.room_mut().with = with.map(user);
        model.room_mut().position = Some((chat_protocol::Epoch("log".into()), Seq(1)));
        let (rows, _) = draw(&mut model, size);
        assert!(rows.iter().any(|row| row == words), "{rows:?}");
    }
    assert!(draw(&mut long(1), SIZE).0.iter().all(|row| !row.contains("beginning")), "not before the log is known");
}

#[test]
fn whoever_said_what_is_at_the_top_is_named_there() {
    let mut model = bare();
    for seq in 1..60 {
        put(&mut model, said(seq, "bob", 0, "one of many in a minute"));
    }
    put(&mut model, said(60, "bob", 0, &"a long one\n".repeat(40)));
    for lines in [30, 12, 1] {
        let (rows, _) = draw(&mut model, (100, 30));
        assert!(rows[0].starts_with("bob  "), "{rows:#?}");
        assert_eq!(rows.iter().filter(|row| row.contains("bob  ")).count(), 1);
        up(&mut model, lines);
    }
}
