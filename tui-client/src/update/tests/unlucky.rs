//! Things that come in an unlucky order: answers that are late, lost or refused, keys in the middle of them, peers that mean no good.

use super::*;
use crate::model::{Audience, Place, Purpose, Scroll};
use chat_protocol::Seq;

pub(super) fn at_newest(last: u64) -> Seen {
    Seen { page: 20, bottom: None, at_top: false, first: Some(Seq(1)), last: Some(Seq(last)), spots: Vec::new() }
}

fn private(rooms: Value) -> Value {
    json!({"type":"welcome","protocol":1,"server":"s","user":"alice","guest":true,"session":"secret","epoch":"e1",
            "limits":{"text_bytes":100,"frame_bytes":65536,"history":200},"ping_seconds":20,"typing_seconds":3,"private":rooms})
}

#[test]
fn nick_to_the_own_name_does_not_pretend_to_connect() {
    let mut story = Story::online();
    story.line("/nick Alice");
    // The transport ignores Connect for the same user while a connection is there.
    assert!(!story.takes().iter().any(|effect| matches!(effect, Effect::Connect { .. })));
    story.line("hello");
    assert_eq!(story.asked().iter().filter(|ask| ask["type"] == "send").count(), 1, "{:?} {:?}", story.model.link, story.pane());
}

#[test]
fn back_to_the_old_name_with_its_proof() {
    let mut story = Story::online();
    story.line("/nick bob");
    story.takes();
    story.happens(Msg::Link(LinkEvent::Lost { reason: "Name is taken (4009)".into(), come_back: None }));
    assert_eq!(story.model.user.shown(), "alice", "a name that is refused is not ours, and the old one is");
    let effects = story.takes();
    let session = effects.iter().find_map(|effect| match effect {
        Effect::Connect { resume, .. } => Some(resume.session.clone()),
        _ => None,
    });
    assert_eq!(session, Some(Some("secret".into())));
}

#[test]
fn a_question_about_old_messages_does_not_take_letters_that_are_being_typed() {
    let mut story = Story::online();
    story.lost();
    story.line("good morning");
    story.passes(3601);
    story.press("w o r l");
    story.welcome();
    story.hears(resumed("general", 3, &[]));
    story.press("d");
    assert_eq!(story.model.outbox.len(), 1, "a letter in the middle of a word dropped a message");
}

#[test]
fn plain_says_what_becomes_of_old_messages() {
    let mut story = Story::online();
    story.model.audience = Audience::Lines;
    story.lost();
    story.line("good morning");
    story.passes(3601);
    story.takes();
    story.welcome();
    story.hears(resumed("general", 3, &[]));
    story.passes(60);
    let effects = story.takes();
    let sent = effects.iter().any(|effect| matches!(effect, Effect::Ask(request) if request.encode().contains("good morning")));
    let words = told(&effects).iter().any(|told| matches!(told, Told::Notice { .. } | Told::Fault { .. }));
    assert!(sent || words, "{effects:?}");
}

#[test]
fn a_room_that_is_entered_is_not_read_by_what_was_seen_in_another() {
    let mut story = Story::online();
    story.line("/join tea");
    story.answers("join", joined("tea", 0, &[]));
    story.press("alt-1");
    for seq in 4..60 {
        story.hears(said("general", seq, "bob", "x"));
    }
    story.drawn(at_newest(59));
    for seq in 1..50 {
        story.hears(said("tea", seq, "bob", "cake"));
    }
    assert_eq!(story.counts("tea"), (49, 0));
    story.press("alt-2");
    assert!(matches!(story.model.room().scroll, Scroll::Show { .. }));
    // Before the next frame is drawn, somebody says something elsewhere.
    story.hears(said("general", 60, "bob", "y"));
    assert_eq!(story.model.room().read, Seq(0), "nothing of tea was before the user's eyes yet");
}

#[test]
fn what_was_missed_while_away_is_not_read_unseen() {
    let mut story = Story::online();
    story.drawn(at_newest(3));
    story.lost();
    story.welcome();
    let events: Vec<_> = (4..404).map(|seq| said("general", seq, "bob", "missed")).collect();
    story.hears(resumed("general", 403, &events));
    assert!(story.model.room().read < Seq(403), "400 messages, of which a screen shows 20, are all read");
    assert_eq!(story.model.room().marker, Some(Seq(3)));
}

#[test]
fn messages_of_a_left_room_are_not_forgotten() {
    let mut story = Story::online();
    story.line("/join tea");
    story.answers("join", joined("tea", 0, &[]));
    story.lost();
    story.line("for tea");
    story.line("/leave");
    story.welcome();
    story.hears(resumed("general", 3, &[]));
    story.takes();
    story.hears(json!({"type":"error","code":"not_joined","text":"You are not in tea","ref":"0000000000000001-1"}));
    let visible = story.pane().iter().any(|line| line.contains("for tea") || line.contains("not in tea"));
    assert!(visible || story.model.outbox.is_empty(), "{:?} {:?}", story.pane(), story.model.outbox);
}

#[test]
fn a_late_join_does_not_pull_the_line_away() {
    let mut story = Story::online();
    story.line("/join tea");
    story.press("s e c r e t");
    story.answers("join", joined("tea", 0, &[]));
    story.press("x enter");
    let sends: Vec<_> = story.asked().into_iter().filter(|ask| ask["type"] == "send").collect();
    assert!(sends.iter().all(|ask| ask["room"] == "general"), "{sends:?}");
}

#[test]
fn a_paste_goes_where_it_was_pasted() {
    let mut story = Story::online();
    story.line("/join tea");
    story.happens(Msg::Paste("one\ntwo\n".into()));
    story.answers("join", joined("tea", 0, &[]));
    story.press("s");
    let sends: Vec<_> = story.asked().into_iter().filter(|ask| ask["type"] == "send").collect();
    assert!(sends.iter().all(|ask| ask["room"] == "general"), "{sends:?}");
}

#[test]
fn what_comes_from_the_editor_goes_to_the_room_it_was_written_for() {
    let mut story = Story::online();
    story.line("/join tea");
    story.press("h i ctrl-x");
    story.answers("join", joined("tea", 0, &[]));
    story.happens(Msg::Edited(Ok("hi, all of general".into())));
    assert!(story.model.room().name.shown() == "general" || story.model.room().composer.is_empty());
}

#[test]
fn an_edit_in_progress_does_not_become_a_new_message() {
    let mut story = Story::online();
    story.hears(said("general", 4, "alice", "my own"));
    story.press("d r a f t ctrl-up e");
    assert_eq!(story.model.room().composer.text(), "my own");
    story.lost();
    story.welcome();
    story.hears(joined("general", 1, &[said("general", 1, "bob", "a new log")]));
    assert!(
        story.model.room().purpose != Purpose::New || story.model.room().composer.text() == "draft",
        "{}",
        story.model.room().composer.text()
    );
}

#[test]
fn a_history_that_is_refused_is_not_asked_for_ever() {
    let mut story = Story::online();
    let mut frame = joined("tea", 60, &[said("tea", 60, "bob", "sixty")]);
    frame["more"] = json!(true);
    story.line("/join tea");
    story.answers("join", frame);
    story.takes();
    let mut asked = 0;
    for _ in 0..100 {
        story.drawn(Seen { at_top: true, bottom: Some((Place::of(Seq(60)), 0)), ..at_newest(60) });
        let Some(reference) = story.effects.iter().find_map(|effect| match effect {
            Effect::Ask(request) if request.encode().contains("history") => request.reference.clone(),
            _ => None,
        }) else {
            break;
        };
        asked += 1;
        story.takes();
        story.hears(json!({"type":"error","code":"forbidden","text":"No","ref":reference}));
    }
    assert!(asked < 5, "asked {asked} times, {} lines", story.pane().len());
}

#[test]
fn leaving_two_rooms_at_once_leaves_one_to_be_in() {
    let mut story = Story::online();
    story.line("/join tea");
    story.answers("join", joined("tea", 0, &[]));
    story.line("/go @bob");
    story.answers("join", joined("@alice,bob", 0, &[]));
    story.line("/leave tea");
    story.line("/leave general");
    let leaves = story.asked().iter().filter(|ask| ask["type"] == "leave").count();
    story.hears(json!({"type":"left","room":"tea"}));
    if leaves == 2 {
        story.hears(json!({"type":"left","room":"general"}));
    }
    story.takes();
    story.lost();
    let effects = story.takes();
    assert!(
        effects.iter().any(|effect| matches!(effect, Effect::Connect { resume, .. } if !resume.room.is_private())),
        "{effects:?}"
    );
}

#[test]
fn a_mark_that_was_refused_or_lost_is_told_again() {
    let mut story = Story::online();
    story.hears(said("general", 4, "bob", "hi"));
    story.drawn(at_newest(4));
    story.passes(2);
    assert_eq!(story.asked().len(), 1);
    story.lost();
    story.welcome();
    let mut frame = resumed("general", 4, &[]);
    frame["read"] = json!(3);
    story.takes();
    story.hears(frame);
    story.passes(2);
    assert_eq!(story.asked(), [json!({"type":"read","room":"general","seq":4})]);
}

#[test]
fn the_title_counts_while_nobody_looks() {
    let mut story = Story::online();
    story.happens(Msg::Focus(false));
    story.takes();
    story.hears(said("general", 4, "bob", "hello"));
    assert!(story.takes().iter().any(|effect| matches!(effect, Effect::Title(title) if title.contains("(1)"))));
}

#[test]
fn the_title_is_not_written_again_when_it_is_the_same() {
    let mut story = Story::online();
    story.takes();
    for seq in 4..54 {
        story.hears(said("general", seq, "bob", "hello"));
    }
    let titles = story.takes().iter().filter(|effect| matches!(effect, Effect::Title(_))).count();
    assert!(titles <= 1, "{titles} titles, all the same");
}

#[test]
fn an_edit_waits_for_its_room_on_the_next_connection() {
    let mut story = Story::online();
    story.line("/join tea");
    story.answers("join", joined("tea", 1, &[said("tea", 1, "alice", "x")]));
    story.line("/edit 1 y");
    story.lost();
    story.welcome();
    story.takes();
    // Too many rooms at once: the join has to wait.
    let (mut references, room) = (Vec::new(), RoomName::known("tea").unwrap());
    references
        .extend(story.model.asked.iter().filter(|(_, asked)| asked.is_about(&room)).map(|(reference, _)| reference.clone()));
    story.hears(json!({"type":"error","code":"rate_limited","text":"Too fast","retry_ms":5000,"ref":references[0]}));
    story.passes(1);
    let order: Vec<_> = story.asked().iter().map(|ask| ask["type"].as_str().unwrap_or_default().to_owned()).collect();
    let (join, edit) = (order.iter().position(|kind| kind == "join"), order.iter().position(|kind| kind == "edit"));
    assert!(edit.is_none() || (join.is_some() && join < edit), "{order:?}");
}

#[test]
fn a_topic_is_not_said_again_over_a_newer_one() {
    let mut story = Story::online();
    story.line("/topic mine");
    story.takes();
    story.lost();
    story.welcome();
    let topic = |seq: u64, from: &str, text: &str| json!({"type":"topic","room":"general","seq":seq,"from":from,"at":"2026-11-20T09:32:00.000Z","text":text});
    story.hears(resumed("general", 5, &[topic(4, "alice", "mine"), topic(5, "bob", "bobs")]));
    story.takes();
    story.passes(1);
    assert!(
        story.asked().iter().all(|ask| ask["type"] != "topic"),
        "what was heard already is done again over what came after it"
    );
}

#[test]
fn a_wheel_notch_is_three_rows() {
    let mut story = Story::online();
    story.happens(Msg::Mouse(crate::msg::Mouse::Wheel(1)));
    assert!(matches!(story.model.room().scroll, Scroll::At { moved: 3, .. }), "{:?}", story.model.room().scroll);
}

#[test]
fn reload_keeps_who_is_ignored_until_we_leave() {
    let mut story = Story::online();
    story.line("/ignore bob");
    story.happens(Msg::Settings(Ok(Box::default())));
    assert!(story.model.ignores(&UserName::parse("bob").unwrap()));
}

#[test]
fn old_private_words_are_no_part_of_a_programs_room() {
    let mut story = Story::new();
    story.model.audience = Audience::Program;
    story.happens(Msg::Link(LinkEvent::Trying { attempt: 1 }));
    story.hears(private(json!([{"room":"@alice,bob","with":"bob","seq":3,"read":0}])));
    story.hears(joined("general", 0, &[]));
    assert!(story.asked().iter().all(|ask| ask["type"] != "join"), "a tail of general joins and prints @bob");
}

#[test]
fn a_room_that_is_gone_wakes_nobody() {
    let mut story = Story::online();
    story.line("/edit 1 x");
    story.happens(Msg::Link(LinkEvent::Lost { reason: "banned (4003)".into(), come_back: None }));
    story.passes(60);
    assert!(!story.model.is_waiting(), "four wakeups a second for ever");
}

#[test]
fn deletions_among_much_unread_are_not_quadratic() {
    let mut story = Story::online();
    story.happens(Msg::Focus(false));
    let text = "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod ".repeat(3);
    for seq in 4..1_004u64 {
        story.hears(said("general", seq, "bob", &text));
    }
    let start = std::time::Instant::now();
    for seq in 0..50u64 {
        story.hears(json!({"type":"deleted","room":"general","seq":1_004 + seq,"from":"bob","at":"2026-11-20T09:32:00.000Z","target":4 + seq}));
    }
    let took = start.elapsed();
    assert!(took < std::time::Duration::from_secs(1), "50 deletions among 1000 unread took {took:?}");
}

#[test]
fn a_question_about_a_paste_is_not_answered_by_a_search_that_comes_back() {
    let mut story = Story::online();
    story.line("/search two");
    story.happens(Msg::Paste("one\ntwo\n".into()));
    story.answers("search", json!({"type":"found","more":false,"messages":[said("general", 2, "carol", "two")]}));
    assert!(matches!(&story.model.overlay, Some(crate::model::Overlay::Question(_))), "{:?}", story.model.overlay);
}

#[test]
fn the_question_about_old_messages_waits_for_its_turn() {
    let mut story = Story::online();
    story.lost();
    story.line("good morning");
    story.passes(3601);
    story.press("f1");
    story.welcome();
    story.hears(resumed("general", 3, &[]));
    story.press("esc");
    story.passes(10);
    assert!(story.model.overlay.is_some(), "never asked: {:?}", story.pane());
}

#[test]
fn a_found_message_of_another_room_while_offline() {
    let mut story = Story::online();
    story.line("/search far");
    story.answers("search", json!({"type":"found","more":false,"messages":[said("garden", 5, "carol", "far")]}));
    story.lost();
    story.takes();
    story.press("enter");
    assert!(
        !story.effects.iter().any(|effect| matches!(effect, Effect::Ask(_))) && story.model.asked.is_empty(),
        "asked of nobody, and nothing is said"
    );
}

#[test]
fn seq_at_the_very_end() {
    let highest = chat_protocol::names::HIGHEST;
    let mut story = Story::online();
    story.hears(said("general", highest, "bob", "the last"));
    story.happens(Msg::Focus(false));
    story.hears(said("general", highest, "bob", "again"));
    story.line("hi");
    for key in [
        "ctrl-up", "up", "up", "down", "down", "down", "ctrl-up", "s", "ctrl-up", "x", "d", "ctrl-up", "r", "esc", "ctrl-up",
        "e", "esc", "alt-j", "alt-r", "pageup",
    ] {
        story.press(key);
        story.drawn(Seen::default());
    }
    story.line(&format!("/jump {}", u64::MAX));
    story.line(&format!("/jump {highest}"));
    story.hears(json!({"type":"typing","room":"general","user":"#7","active":true}));
    story.hears(said("@#7,alice", 1, "#7", "psst"));
}

#[test]
fn many_rooms_are_joined_a_few_at_a_time_and_one_by_one_after_haste() {
    let mut story = Story::new();
    for number in 0..30 {
        story.model.rooms.add(RoomName::parse(&format!("room{number}")).unwrap(), None);
    }
    story.takes();
    story.welcome();
    assert_eq!(story.asked().len(), 8, "the first comes by itself");
    let answer = |story: &mut Story, refused: bool| {
        let sent = |asked: &crate::model::Asked| matches!(asked.progress, crate::model::Progress::Sent(_));
        let next = story.model.asked.iter().filter(|(_, asked)| sent(asked)).min_by_key(|(_, asked)| asked.number);
        let (reference, asked) = next.unwrap();
        let room = serde_json::to_value(&asked.message).unwrap()["room"].as_str().unwrap().to_owned();
        let mut frame = if refused {
            json!({"type":"error","code":"rate_limited","text":"Too fast","retry_ms":400})
        } else {
            joined(&room, 0, &[])
        };
        frame["ref"] = json!(reference);
        story.hears(frame);
        story.asked().iter().filter(|ask| ask["type"] == "join").count()
    };
    assert_eq!(answer(&mut story, false), 1, "an answer makes room for the next");
    assert_eq!(answer(&mut story, true), 0);
    assert_eq!(answer(&mut story, false), 0, "not at once after a refusal");
    let mut most = 0;
    for second in 0..40 {
        story.passes(1);
        let asked = story.asked();
        // After a while it may go faster again.
        most = most.max(asked.iter().filter(|_| second < 8).filter(|ask| ask["type"] == "join").count());
        if story.model.asked.values().any(|asked| matches!(asked.progress, crate::model::Progress::Sent(_))) {
            answer(&mut story, false);
        }
    }
    assert_eq!((most, story.model.asked.len()), (1, 0), "one by one, and all of them");
}
