//! The connection's coming and going.

use super::*;
use crate::model::{Audience, Membership, Overlay};

#[test]
fn a_start_connects_and_the_welcome_asks_for_the_other_rooms() {
    let mut story = Story::new();
    story.model.rooms.add(RoomName::parse("tea").unwrap(), None);
    let effects = story.takes();
    assert!(
        matches!(&effects[..], [.., Effect::Connect { resume, .. }] if resume.room.shown() == "general" && resume.session.is_none())
    );
    story.welcome();
    assert_eq!(story.model.link, Link::Online);
    let effects = story.effects.clone();
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Keep { session, .. } if session == "secret")));
    assert_eq!(story.asked(), [json!({"type":"join","room":"tea"})]);
}

#[test]
fn what_was_missed_is_filled_in_by_position_in_every_room() {
    let mut story = Story::online();
    story.line("/join tea");
    story.answers("join", joined("tea", 7, &[said("tea", 7, "bob", "cake?")]));
    story.takes();
    story.lost();
    assert!(matches!(story.model.link, Link::Waiting { .. }));
    let effects = story.takes();
    let resume = effects.iter().find_map(|effect| match effect {
        Effect::Connect { resume, .. } => Some(resume),
        _ => None,
    });
    let position = resume.and_then(|resume| resume.position.clone()).map(|(epoch, seq)| (epoch.0.to_string(), seq.0));
    assert_eq!(position, Some(("e1".to_owned(), 3)));
    assert_eq!(resume.and_then(|resume| resume.session.clone()).as_deref(), Some("secret"));
    story.welcome();
    assert!(story.effects.iter().any(|effect| matches!(effect, Effect::Ask(request)
        if request.encode().contains(r#""room":"tea","after":7,"epoch":"e1""#))));
    story.answers("join", resumed("tea", 9, &[said("tea", 8, "bob", "more?"), said("tea", 9, "bob", "gone")]));
    assert_eq!(story.pane(), ["bob: cake?", "bob: more?", "bob: gone"]);
}

#[test]
fn the_rooms_are_kept_for_the_next_start() {
    let mut story = Story::online();
    story.line("/join tea");
    story.answers("join", joined("tea", 0, &[]));
    let kept = |story: &mut Story| {
        story.takes().into_iter().rev().find_map(|effect| match effect {
            Effect::KeepRooms { rooms, .. } => Some(rooms.iter().map(|room| room.shown().to_owned()).collect::<Vec<_>>()),
            _ => None,
        })
    };
    assert_eq!(kept(&mut story).unwrap(), ["general", "tea"]);
    story.line("/leave");
    story.answers("leave", json!({"type":"left","room":"tea"}));
    assert_eq!(kept(&mut story).unwrap(), ["general"]);
}

#[test]
fn a_long_gap_comes_in_pieces_and_only_then_is_the_room_open() {
    let mut story = Story::online();
    story.lost();
    story.welcome();
    let mut first = resumed("general", 9, &[said("general", 4, "bob", "four")]);
    first["more"] = json!(true);
    story.hears(first);
    assert_eq!(story.model.room().membership, Membership::CatchingUp);
    assert_eq!(story.model.room().position.as_ref().unwrap().1.0, 4, "only what has come counts");
    story.hears(json!({"type":"events","room":"general","events":[said("general", 5, "bob", "five")],"more":false}));
    assert_eq!(story.model.room().membership, Membership::Joined);
    assert_eq!(story.pane()[3..], ["bob: four", "bob: five"]);
}

#[test]
fn a_gap_that_cannot_be_filled_is_said() {
    let mut story = Story::online();
    story.lost();
    story.welcome();
    story.takes();
    story.hears(joined("general", 1, &[said("general", 1, "bob", "a new log")]));
    let effects = story.takes();
    assert!(told(&effects).iter().any(|told| matches!(told, Told::Gap { .. })));
    let pane = story.pane();
    assert_eq!(pane[0], "bob: a new log");
    assert!(pane[1].starts_with("! The server could not fill in"), "{pane:?}");
}

#[test]
fn a_private_word_before_its_conversation_is_caught_up_with_leaves_no_gap() {
    let mut story = Story::online();
    story.line("/pm bob hi");
    story.answers("join", joined("@alice,bob", 5, &[said("@alice,bob", 5, "bob", "five")]));
    story.lost();
    story.welcome();
    story.takes();
    // The answer to the join is still on its way.
    story.hears(said("@alice,bob", 8, "bob", "eight"));
    assert_eq!(story.model.room().position.as_ref().unwrap().1.0, 5);
    let join = |story: &mut Story, frame: Value| {
        let asked = story.model.asked.iter().find(|(_, asked)| asked.is_about(&RoomName::known("@alice,bob").unwrap()));
        let mut frame = frame;
        frame["ref"] = json!(asked.unwrap().0.clone());
        story.hears(frame);
    };
    let events =
        [said("@alice,bob", 6, "bob", "six"), said("@alice,bob", 7, "bob", "seven"), said("@alice,bob", 8, "bob", "eight")];
    join(&mut story, resumed("@alice,bob", 8, &events));
    let pane = story.pane();
    assert_eq!(pane[..4], ["bob: five", "bob: six", "bob: seven", "bob: eight"]);
}

#[test]
fn a_refusal_is_shown_and_can_be_answered() {
    let mut story = Story::new();
    story.takes();
    story.happens(Msg::Link(LinkEvent::Lost { reason: "Name is taken (4009)".into(), come_back: None }));
    assert!(matches!(&story.model.link, Link::Refused { reason } if reason.contains("taken")));
    assert!(!story.takes().iter().any(|effect| matches!(effect, Effect::Connect { .. } | Effect::Quit(_))));
    story.line("/nick alicia");
    let effects = story.takes();
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Connect { resume, .. } if resume.user.shown() == "alicia")));
    // A program that nobody looks at ends instead.
    let mut story = Story::new();
    story.model.audience = Audience::Program;
    story.happens(Msg::Link(LinkEvent::Lost { reason: "Name is taken".into(), come_back: None }));
    assert!(story.takes().contains(&Effect::Quit(Ending::Refused("Name is taken".into()))));
}

#[test]
fn any_key_wakes_a_connection_that_waits() {
    let mut story = Story::online();
    story.press("x");
    assert!(!story.takes().contains(&Effect::Wake));
    story.lost();
    story.happens(Msg::Link(LinkEvent::Waiting { delay: Duration::from_secs(20), attempt: 3 }));
    assert!(matches!(&story.model.link, Link::Waiting { attempt: 3, reason, .. } if reason == "broken"));
    story.press("x");
    assert!(story.takes().contains(&Effect::Wake));
}

#[test]
fn changes_are_asked_again_after_haste_and_after_a_loss() {
    let mut story = Story::online();
    story.line("/edit 1 better");
    story.answers("edit", json!({"type":"error","code":"rate_limited","text":"Too fast","retry_ms":500}));
    story.takes();
    story.passes(1);
    let edit = [json!({"type":"edit","room":"general","seq":1,"text":"better"})];
    assert_eq!(story.asked(), edit);
    story.lost();
    story.welcome();
    story.passes(1);
    assert!(story.takes().iter().all(|effect| !matches!(effect, Effect::Ask(_))), "not before the room is caught up with");
    story.hears(resumed("general", 3, &[]));
    assert_eq!(story.asked(), edit);
}

#[test]
fn a_name_cannot_be_changed_over_unsent_words() {
    let mut story = Story::online();
    story.lost();
    story.line("hi");
    story.line("/nick bob");
    assert_eq!(story.model.user.shown(), "alice");
}

#[test]
fn the_help_is_an_overlay_that_any_other_key_closes() {
    let mut story = Story::online();
    story.press("f1");
    assert!(matches!(story.model.overlay, Some(Overlay::Help { scroll: 0 })));
    story.press("down");
    assert!(matches!(story.model.overlay, Some(Overlay::Help { scroll: 1 })));
    story.press("esc");
    assert_eq!(story.model.overlay, None);
}
