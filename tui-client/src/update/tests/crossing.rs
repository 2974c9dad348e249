//! Things that cross: leaving and coming back over a lost connection, names tried one after the other, rooms put away while
//! they are asked for.

use super::unlucky::*;
use super::*;
use crate::model::Audience;

fn two() -> Story {
    let mut story = Story::online();
    story.line("/join tea");
    story.answers("join", joined("tea", 1, &[said("tea", 1, "alice", "x")]));
    story.takes();
    story
}

#[test]
fn a_room_that_was_left_does_not_come_back_with_the_connection() {
    let mut story = two();
    story.line("/leave tea");
    story.lost();
    story.takes();
    story.welcome();
    let asked = story.asked();
    assert!(!asked.iter().any(|ask| ask["type"] == "join"), "{asked:?}");
}

#[test]
fn the_first_room_can_be_left_while_offline() {
    let mut story = two();
    story.lost();
    let connect = story.takes();
    let first = connect.iter().find_map(|e| match e {
        Effect::Connect { resume, .. } => Some(resume.room.shown().to_owned()),
        _ => None,
    });
    assert_eq!(first.as_deref(), Some("general"));
    story.line("/leave general");
    let again = story.takes().iter().any(|e| matches!(e, Effect::Connect { .. }));
    story.welcome();
    if !again {
        story.hears(resumed("general", 3, &[]));
    }
    let asked = story.asked();
    let rooms: Vec<_> = story.model.rooms.iter().map(|r| (r.name.shown().to_owned(), r.membership)).collect();
    assert!(again || asked.iter().any(|ask| ask["type"] == "join" && ask["room"] == "tea"), "{asked:?} {rooms:?}");
}

#[test]
fn a_second_name_that_is_refused_leads_back_to_the_name_that_was_ours() {
    let mut story = Story::online();
    story.line("/nick bob");
    story.line("/nick carol");
    story.happens(Msg::Link(LinkEvent::Lost { reason: "taken".into(), come_back: None }));
    assert_eq!(story.model.user.shown(), "alice");
}

#[test]
fn going_back_to_the_own_name_needs_no_answer_for_the_other() {
    let mut story = Story::online();
    story.line("/nick bob");
    story.line("/nick alice");
    story.happens(Msg::Link(LinkEvent::Lost { reason: "taken".into(), come_back: None }));
    assert_eq!(story.model.user.shown(), "alice");
}

#[test]
fn a_mention_that_was_edited_away_does_not_stay_counted() {
    let mut story = Story::online();
    story.happens(Msg::Focus(false));
    story.hears(said("general", 4, "bob", "alice: hi"));
    story.hears(
        json!({"type":"edited","room":"general","seq":5,"from":"bob","at":"2026-11-20T09:32:00.000Z","target":4,"text":"hi"}),
    );
    story.happens(Msg::Focus(true));
    story.drawn(at_newest(4));
    assert_eq!(story.counts("general"), (0, 0));
}

#[test]
fn what_was_trimmed_unread_does_not_stay_counted() {
    let mut story = Story::online();
    story.model.settings.scrollback = 10;
    story.happens(Msg::Focus(false));
    for seq in 4..64 {
        story.hears(said("general", seq, "bob", "alice x"));
        story.passes(1);
    }
    story.happens(Msg::Focus(true));
    story.drawn(at_newest(63));
    assert_eq!(story.counts("general"), (0, 0));
}

#[test]
fn a_change_that_was_refused_for_haste_is_not_overtaken() {
    let mut story = Story::online();
    story.hears(said("general", 4, "alice", "own"));
    story.line("/edit 4 a");
    story.answers("edit", json!({"type":"error","code":"rate_limited","text":"Too fast","retry_ms":1500}));
    story.passes(1);
    story.line("/edit 4 b");
    for _ in 0..5 {
        story.passes(1);
    }
    let texts: Vec<_> = story.asked().iter().filter(|a| a["type"] == "edit").map(|a| a["text"].clone()).collect();
    assert_eq!(texts.last().unwrap(), "b", "{texts:?}");
}

#[test]
fn a_join_that_the_connection_took_along_is_asked_again() {
    let mut story = Story::online();
    story.line("/join tea");
    story.lost();
    story.takes();
    story.welcome();
    story.hears(resumed("general", 3, &[]));
    let words = story.pane().iter().any(|l| l.contains("tea"));
    let asked = story.asked();
    assert!(words || asked.iter().any(|a| a["type"] == "join"), "{asked:?} {:?}", story.pane());
}

#[test]
fn the_refusal_of_a_private_conversation_is_seen() {
    let mut story = Story::online();
    story.line("/go @ghost");
    story.answers("join", json!({"type":"error","code":"no_such_room","text":"No such room"}));
    assert!(story.pane().iter().any(|l| l.contains("No such room")), "{:?} {:?}", story.model.room().name, story.pane());
}

#[test]
fn who_comes_back_in_a_room_is_not_missed_in_private() {
    let mut story = Story::online();
    story.line("/go @bob");
    story.answers("join", joined("@alice,bob", 1, &[said("@alice,bob", 1, "bob", "x")]));
    story.lost();
    story.welcome();
    let mut general = resumed("general", 3, &[]);
    general["users"] = json!([{"name":"alice"}]);
    story.hears(general);
    let mut private = resumed("@alice,bob", 1, &[]);
    private["users"] = json!([{"name":"alice"}]);
    story.answers("join", private);
    story.hears(json!({"type":"presence","room":"general","joined":[{"name":"bob"}],"left":[],"online":2}));
    story.passes(31);
    assert!(!story.pane().iter().any(|l| l.contains("-[bob]") || l.contains("UserName")), "{:?}", story.pane());
}

#[test]
fn a_change_in_a_room_that_refuses_us_wakes_nobody() {
    let mut story = two();
    story.line("/edit 1 y");
    story.lost();
    story.welcome();
    story.hears(resumed("general", 3, &[]));
    story.answers("join", json!({"type":"error","code":"forbidden","text":"No"}));
    for _ in 0..100 {
        story.passes(1);
    }
    assert!(!story.model.is_waiting(), "{:?}", story.model.asked);
}

#[test]
fn old_messages_wake_nobody_where_they_cannot_be_asked_about() {
    let mut story = Story::online();
    story.model.audience = Audience::Lines;
    story.lost();
    story.line("good morning");
    story.passes(3601);
    story.welcome();
    story.hears(resumed("general", 3, &[]));
    for _ in 0..20 {
        story.passes(1);
    }
    assert!(!story.model.is_waiting());
}

#[test]
fn words_to_find_are_no_answer_to_a_question() {
    let mut story = Story::online();
    story.lost();
    story.line("good morning");
    story.passes(3601);
    story.press("f3 w o r l");
    story.welcome();
    story.hears(resumed("general", 3, &[]));
    story.passes(2);
    story.press("d");
    assert_eq!(story.model.outbox.len(), 1);
    assert!(story.model.find.as_ref().is_some_and(|f| f.words == "worldd" || f.words == "world"));
}

#[test]
fn the_answer_to_leaving_moves_no_other_pane() {
    let mut story = two();
    story.line("/leave tea");
    story.happens(Msg::Focus(false));
    for s in 4..40 {
        story.hears(said("general", s, "bob", "x"));
    }
    story.happens(Msg::Focus(true));
    let before = story.model.room().scroll;
    story.answers("leave", json!({"type":"left","room":"tea"}));
    assert_eq!(story.model.room().scroll, before);
}

#[test]
fn nobody_is_led_into_a_room_that_is_being_left() {
    let mut story = two();
    story.line("/join cake");
    story.answers("join", joined("cake", 0, &[]));
    story.line("/go tea");
    story.line("/leave");
    story.line("/leave");
    assert_eq!(story.model.room().name.shown(), "general");
}

#[test]
fn what_was_typed_under_one_name_is_not_said_under_another() {
    let mut story = Story::online();
    story.line("/nick bob");
    story.line("I am bob");
    story.happens(Msg::Link(LinkEvent::Lost { reason: "taken".into(), come_back: None }));
    story.takes();
    story.welcome();
    story.hears(resumed("general", 3, &[]));
    assert!(!story.asked().iter().any(|a| a["type"] == "send"));
}

#[test]
fn a_conversation_that_was_put_away_does_not_come_back_by_a_late_answer() {
    let mut story = Story::online();
    story.line("/go @bob");
    story.line("/close");
    story.answers("join", joined("@alice,bob", 1, &[said("@alice,bob", 1, "bob", "x")]));
    assert_eq!(story.model.rooms.len(), 1);
}

#[test]
fn who_is_in_a_private_list_is_not_missed_there() {
    let mut story = Story::online();
    story.line("/go @bob");
    story.answers("join", joined("@alice,bob", 1, &[said("@alice,bob", 1, "bob", "x")]));
    story.lost();
    story.welcome();
    story.hears(resumed("general", 3, &[]));
    story.answers("join", resumed("@alice,bob", 1, &[]));
    story.passes(31);
    assert!(!story.pane().iter().any(|l| l.contains("-[bob]")), "{:?}", story.pane());
}

#[test]
fn a_room_is_asked_for_once() {
    let mut story = Story::online();
    story.line("/join tea");
    story.line("/join tea");
    assert_eq!(story.asked().iter().filter(|a| a["type"] == "join").count(), 1);
}
