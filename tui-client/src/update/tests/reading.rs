//! What is read, and moving in what was said.

use super::*;
use crate::model::{Place, Scroll, Spot};
use chat_protocol::Seq;

fn at_newest(last: u64) -> Seen {
    Seen { page: 20, bottom: None, at_top: false, first: Some(Seq(1)), last: Some(Seq(last)), spots: Vec::<(Spot, _)>::new() }
}

#[test]
fn what_is_looked_at_is_read_and_told_once_in_a_while() {
    let mut story = Story::online();
    story.hears(said("general", 4, "bob", "hi alice"));
    assert_eq!(story.counts("general"), (0, 0), "it is before the user's eyes");
    story.passes(2);
    assert!(story.asked().is_empty(), "only what was drawn is read");
    story.drawn(at_newest(4));
    story.passes(2);
    assert_eq!(story.asked(), [json!({"type":"read","room":"general","seq":4})]);
    story.passes(2);
    assert!(story.asked().is_empty());
}

#[test]
fn what_comes_while_nobody_looks_is_counted_marked_and_called_out() {
    let mut story = Story::online();
    story.happens(Msg::Focus(false));
    story.hears(said("general", 4, "bob", "hello"));
    assert!(!story.takes().iter().any(|effect| matches!(effect, Effect::Notify { .. })), "nobody was named");
    story.hears(said("general", 5, "bob", "Alice: there?"));
    assert_eq!(story.counts("general"), (2, 1));
    assert_eq!(story.model.room().marker, Some(Seq(3)));
    let effects = story.takes();
    let call = effects.iter().find_map(|effect| match effect {
        Effect::Notify { title, body } => Some((title.as_str(), body.as_str())),
        _ => None,
    });
    assert_eq!(call, Some(("bob in general", "mentioned you")));
    story.happens(Msg::Focus(true));
    story.drawn(at_newest(5));
    assert_eq!(story.counts("general"), (0, 0));
    assert_eq!(story.model.room().marker, Some(Seq(3)), "the line stays to be seen");
}

#[test]
fn a_focused_terminal_is_not_called() {
    let mut story = Story::online();
    story.hears(said("general", 4, "bob", "alice!"));
    assert!(!story.takes().iter().any(|effect| matches!(effect, Effect::Notify { .. })));
}

#[test]
fn a_room_is_entered_at_its_first_unread() {
    let mut story = Story::online();
    story.line("/join tea");
    story.answers("join", joined("tea", 0, &[]));
    story.press("alt-1");
    story.hears(said("tea", 1, "bob", "cake"));
    story.hears(said("tea", 2, "bob", "alice, cake"));
    assert_eq!(story.counts("tea"), (2, 1));
    story.press("alt-a");
    assert_eq!(story.model.room().name.shown(), "tea");
    assert_eq!(story.model.room().scroll, Scroll::Show { place: Place::of(Seq(1)), down: 30 });
    story.drawn(at_newest(2));
    assert_eq!(story.counts("tea"), (0, 0));
}

#[test]
fn the_next_important_room_has_a_mention_before_a_private_word_before_a_message() {
    let mut story = Story::online();
    for room in ["tea", "cake", "jam"] {
        story.line(&format!("/join {room}"));
        story.answers("join", joined(room, 0, &[]));
    }
    story.line("/go @bob");
    story.answers("join", joined("@alice,bob", 0, &[]));
    story.press("alt-1");
    story.hears(said("tea", 1, "bob", "hello"));
    story.hears(said("jam", 1, "bob", "hello alice"));
    story.hears(said("@alice,bob", 1, "bob", "psst"));
    let mut order = Vec::new();
    for _ in 0..4 {
        story.press("alt-a");
        story.drawn(at_newest(1));
        order.push(story.model.room().title());
    }
    assert_eq!(order, ["jam", "@bob", "tea", "tea"]);
    story.line("/quiet cake");
    story.hears(said("cake", 1, "bob", "nothing"));
    story.press("alt-a");
    assert_eq!(story.model.room().title(), "tea", "a muted room does not ask");
}

#[test]
fn another_device_that_reads_takes_the_count_away() {
    let mut story = Story::online();
    story.happens(Msg::Focus(false));
    story.hears(said("general", 4, "bob", "one"));
    story.hears(said("general", 5, "bob", "two"));
    story.hears(json!({"type":"read","room":"general","seq":4}));
    assert_eq!(story.counts("general"), (1, 0));
}

#[test]
fn a_private_word_from_nowhere_becomes_a_room_with_its_past() {
    let mut story = Story::online();
    story.hears(said("@alice,bob", 9, "bob", "psst"));
    assert_eq!(story.asked(), [json!({"type":"join","room":"@alice,bob"})]);
    let room = RoomName::known("@alice,bob").unwrap();
    let reference = story.model.asked.iter().find(|(_, asked)| asked.is_about(&room)).unwrap().0.clone();
    let mut frame = joined("@alice,bob", 9, &[said("@alice,bob", 8, "alice", "hm?"), said("@alice,bob", 9, "bob", "psst")]);
    (frame["ref"], frame["read"]) = (json!(reference), json!(8));
    story.hears(frame);
    assert_eq!(story.counts("@alice,bob"), (1, 0));
    story.press("alt-2");
    assert_eq!(story.pane(), ["alice: hm?", "bob: psst"]);
}

#[test]
fn older_messages_are_fetched_once_at_the_top() {
    let mut story = Story::online();
    let mut frame = joined("tea", 60, &[said("tea", 60, "bob", "sixty")]);
    frame["more"] = json!(true);
    story.line("/join tea");
    story.answers("join", frame);
    story.takes();
    let top = Seen { at_top: true, ..at_newest(60) };
    story.drawn(top.clone());
    story.drawn(top.clone());
    assert_eq!(story.asked().iter().filter(|ask| ask["type"] == "history").count(), 1);
    story.drawn(top.clone());
    let reference = story.model.asked.keys().next().unwrap().clone();
    story.hears(json!({"type":"history","room":"tea","messages":[said("tea", 59, "bob", "x")],"more":true,"ref":reference}));
    assert_eq!(story.pane(), ["bob: x", "bob: sixty"]);
    story.drawn(top.clone());
    assert_eq!(story.asked(), [json!({"type":"history","room":"tea","before":59,"limit":50})]);
    let reference = story.model.asked.keys().next().unwrap().clone();
    story.hears(json!({"type":"history","room":"tea","messages":[],"more":true,"ref":reference}));
    story.drawn(top);
    assert!(story.asked().is_empty(), "an empty page ends it, whatever it says");
}

#[test]
fn a_jump_far_back_shows_a_piece_of_the_past_that_grows_until_it_meets_the_present() {
    let mut story = Story::online();
    let mut frame = joined("tea", 900, &[said("tea", 899, "bob", "899"), said("tea", 900, "bob", "900")]);
    frame["more"] = json!(true);
    story.line("/join tea");
    story.answers("join", frame);
    story.takes();
    story.line("/jump 100");
    story.answers(
        "history",
        json!({"type":"history","room":"tea","more":true,
        "messages":[said("tea", 99, "bob", "99"), said("tea", 100, "bob", "100"), said("tea", 101, "bob", "101")]}),
    );
    assert_eq!(story.pane(), ["bob: 99", "bob: 100", "bob: 101"]);
    assert_eq!(story.model.room().selected, Some(Place::of(Seq(100))));
    story.takes();
    story.drawn(Seen { first: Some(Seq(99)), ..at_newest(101) });
    assert!(matches!(story.model.room().scroll, Scroll::At { .. }), "what is fetched does not push the pane");
    assert!(
        story.effects.iter().any(|effect| matches!(effect, Effect::Ask(request) if request.encode().contains(r#""after":101"#)))
    );
    story.hears(said("tea", 901, "bob", "901"));
    assert_eq!(story.pane().len(), 3, "the present waits");
    story.answers("history", json!({"type":"history","room":"tea","more":true,"messages":[said("tea", 898, "bob", "898"), said("tea", 899, "bob", "899")]}));
    assert_eq!(story.pane(), ["bob: 99", "bob: 100", "bob: 101", "bob: 898", "bob: 899", "bob: 900", "bob: 901"]);
    assert!(story.model.room().past.is_none());
}

#[test]
fn more_unread_than_is_loaded_opens_at_the_oldest_of_it() {
    let mut story = Story::online();
    let mut frame = joined("tea", 900, &[said("tea", 900, "bob", "900")]);
    (frame["more"], frame["read"]) = (json!(true), json!(100));
    story.line("/join tea");
    story.answers("join", frame);
    assert!(story.model.room().unread_more);
    assert!(
        story.effects.iter().any(|effect| matches!(effect, Effect::Ask(request) if request.encode().contains(r#""before":126"#)))
    );
    story.answers("history", json!({"type":"history","room":"tea","more":true,"messages":[said("tea", 100, "bob", "100"), said("tea", 102, "bob", "102")]}));
    assert_eq!(story.model.room().scroll, Scroll::Show { place: Place::of(Seq(102)), down: 30 });
    assert_eq!(story.model.room().marker, Some(Seq(100)));
}

#[test]
fn what_comes_below_is_counted_while_the_user_looks_at_older_lines() {
    let mut story = Story::online();
    story.press("pageup");
    assert!(matches!(story.model.room().scroll, Scroll::At { row: usize::MAX, .. }));
    story.hears(said("general", 4, "bob", "four"));
    assert_eq!((story.model.room().news, story.counts("general").0), (1, 1));
    story.press("ctrl-end");
    story.drawn(at_newest(4));
    assert_eq!((story.model.room().news, story.counts("general").0), (0, 0));
}

#[test]
fn what_a_search_found_can_be_gone_to() {
    let mut story = Story::online();
    story.line("/search two");
    story.answers(
        "search",
        json!({"type":"found","more":false,"messages":[said("general", 2, "carol", "two"), said("general", 1, "bob", "one")]}),
    );
    story.press("enter");
    assert_eq!(story.model.room().selected, Some(Place::of(Seq(2))));
    story.press("esc");
    story.line("/search far");
    story.answers("search", json!({"type":"found","more":false,"messages":[said("garden", 5, "carol", "far")]}));
    story.press("enter");
    story.answers("join", joined("garden", 6, &[said("garden", 5, "carol", "far"), said("garden", 6, "bob", "away")]));
    assert_eq!((story.model.room().name.shown(), story.model.room().selected), ("garden", Some(Place::of(Seq(5)))));
    story.press("esc alt-1");
    story.line("/search nothing");
    story.answers("search", json!({"type":"found","more":false,"messages":[]}));
    assert_eq!(story.pane().last().unwrap(), ". Nothing found for «nothing».");
}

#[test]
fn find_goes_from_match_to_match() {
    let mut story = Story::online();
    story.line("/find O");
    assert_eq!(story.model.room().selected, Some(Place::of(Seq(2))));
    story.press("alt-p");
    assert_eq!(story.model.room().selected, Some(Place::of(Seq(1))));
    story.press("alt-p");
    assert_eq!(story.model.room().selected, Some(Place::of(Seq(1))), "there is no more");
    story.press("alt-n");
    assert_eq!(story.model.room().selected, Some(Place::of(Seq(2))));
}
