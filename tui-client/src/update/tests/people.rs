//! People and their messages: who comes and goes, edits, reactions, rooms.

use super::*;
use crate::model::{Overlay, Purpose, Question};
use chat_protocol::Seq;

#[test]
fn a_run_of_comings_and_goings_is_one_line() {
    let mut story = Story::online();
    let presence = |joined: &[&str], left: &[&str]| presence(joined, left, 2);
    story.hears(presence(&["alice", "bob", "eve"], &["zoe"]));
    assert_eq!(story.pane()[3..], ["+[eve] -[] ~[]"], "who is known, and who was not here, changes nothing");
    story.hears(presence(&["dave"], &["eve", "bob"]));
    assert_eq!(story.pane()[3..], ["+[dave] -[bob] ~[eve]"]);
    story.hears(presence(&["bob"], &[]));
    assert_eq!(story.pane()[3..], ["+[dave] -[] ~[eve]"]);
    story.hears(said("general", 4, "dave", "hi"));
    story.hears(presence(&[], &["dave"]));
    assert_eq!(story.pane()[3..], ["+[dave] -[] ~[eve]", "dave: hi", "+[] -[dave] ~[]"]);
}

#[test]
fn who_comes_back_after_our_connection_broke_is_no_news_and_who_does_not_went() {
    let mut story = Story::online();
    let users = json!([{"name":"alice"},{"name":"bob"},{"name":"carol"}]);
    story.hears(json!({"type":"presence","room":"general","joined":users,"left":[],"online":3}));
    let before = story.pane().len();
    story.lost();
    story.welcome();
    let mut frame = resumed("general", 3, &[]);
    frame["users"] = json!([{"name":"alice"}]);
    story.hears(frame);
    story.hears(json!({"type":"presence","room":"general","joined":[{"name":"bob"}],"left":[],"online":2}));
    assert_eq!(story.pane().len(), before);
    assert_eq!(story.model.room().users.len(), 2);
    story.passes(31);
    assert_eq!(story.pane().last().unwrap(), "+[] -[] ~[carol]");
}

fn presence(joined: &[&str], left: &[&str], online: usize) -> Value {
    let joined: Vec<_> = joined.iter().map(|name| json!({"name":name})).collect();
    json!({"type":"presence","room":"general","joined":joined,"left":left,"online":online})
}

#[test]
fn names_that_move_in_and_out_of_a_part_of_the_list_neither_come_nor_go() {
    let mut story = Story::online();
    let check = |story: &mut Story, frame: Value, users: &[&str], online: usize, news: &[&str]| {
        let before = story.pane().len();
        story.hears(frame);
        let room = story.model.room();
        assert_eq!(room.users.iter().map(UserName::shown).collect::<Vec<_>>(), users);
        assert_eq!((room.online(), story.pane()[before..].to_vec()), (online, news.iter().map(|line| (*line).into()).collect()));
    };
    let story = &mut story;
    check(story, presence(&[], &[], 3), &["alice", "bob"], 3, &[]);
    check(story, presence(&["al"], &["bob"], 4), &["al", "alice"], 4, &[]);
    // It becomes whole: whom it shows only now was here before.
    check(story, presence(&["bob"], &[], 3), &["al", "alice", "bob"], 3, &[]);
    check(story, presence(&[], &["al"], 2), &["alice", "bob"], 2, &["+[] -[al] ~[]"]);
    // And it no longer is: who knows how many they are that came before bob.
    check(story, presence(&["al"], &["bob"], 3), &["al", "alice"], 3, &[]);
}

#[test]
fn who_is_not_in_a_part_of_the_list_may_be_here_all_the_same() {
    // Others come back after our connection broke, but nobody can say who did not.
    for (before, after) in [(3, 2), (2, 3)] {
        let mut story = Story::online();
        story.hears(presence(&[], &[], before));
        let lines = story.pane().len();
        story.lost();
        story.welcome();
        let mut frame = resumed("general", 3, &[]);
        (frame["users"], frame["online"]) = (json!([{"name":"al"}, {"name":"alice"}]), json!(after));
        story.hears(frame);
        assert_eq!(story.model.room().online(), after);
        story.passes(31);
        assert_eq!(story.pane().len(), lines, "{before} {after}");
    }
    // Nor when the room grew meanwhile.
    let mut story = Story::online();
    story.lost();
    story.welcome();
    let mut frame = resumed("general", 3, &[]);
    (frame["users"], frame["online"]) = (json!([{"name":"alice"}]), json!(1));
    story.hears(frame);
    let lines = story.pane().len();
    story.hears(presence(&["al"], &[], 3));
    story.passes(31);
    assert_eq!(story.pane().len(), lines);
}

#[test]
fn who_moves_out_of_a_part_of_the_list_is_still_there_for_a_private_word() {
    let mut story = Story::online();
    story.line("/go @bob");
    story.answers("join", joined("@alice,bob", 0, &[]));
    let online = |story: &Story| story.model.room().users.contains(&UserName::parse("bob").unwrap());
    story.hears(presence(&["al"], &["bob"], 3));
    assert!(online(&story), "pushed out");
    story.hears(presence(&["bob"], &[], 3));
    // He goes from a room that lists everybody, and may be in another that does not.
    let mut crowd = joined("crowd", 0, &[]);
    (crowd["users"], crowd["online"]) = (json!([{"name":"al"}, {"name":"alice"}]), json!(300));
    story.line("/join crowd");
    story.answers("join", crowd);
    story.line("/go @bob");
    story.hears(presence(&[], &["bob"], 2));
    assert!(online(&story), "perhaps in the crowd");
    story.hears(json!({"type":"presence","room":"crowd","joined":[],"left":[],"online":2}));
    story.hears(presence(&["bob"], &[], 3));
    story.hears(presence(&[], &["bob"], 2));
    assert!(!online(&story));
}

#[test]
fn typing_shows_and_goes_by_itself_or_with_the_message() {
    let mut story = Story::online();
    let typing = json!({"type":"typing","room":"general","user":"bob","active":true});
    story.hears(typing.clone());
    assert_eq!(story.model.room().typing.len(), 1);
    story.passes(7);
    assert!(story.model.room().typing.is_empty());
    story.hears(typing);
    story.hears(said("general", 4, "bob", "done"));
    assert!(story.model.room().typing.is_empty());
    story.hears(json!({"type":"typing","room":"general","user":"alice","active":true}));
    assert!(story.model.room().typing.is_empty(), "oneself, from another device");
}

#[test]
fn edits_deletions_and_reactions_change_what_is_there() {
    let mut story = Story::online();
    let event = |kind: &str, seq: u64, more: Value| {
        let mut event = json!({"type":kind,"room":"general","seq":seq,"from":"bob","at":"2026-11-20T09:32:00.000Z","target":1});
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event
    };
    story.hears(event("edited", 4, json!({"text":"uno"})));
    story.hears(event("reacted", 5, json!({"emoji":"👍","on":true})));
    assert_eq!(story.pane()[0], "bob: uno");
    assert_eq!(story.model.room().live.message(Seq(1)).unwrap().reactions["👍"].len(), 1);
    story.hears(event("reacted", 6, json!({"emoji":"👍","on":false})));
    assert!(story.model.room().live.message(Seq(1)).unwrap().reactions.is_empty());
    story.hears(event("deleted", 7, json!({})));
    assert_eq!(story.pane()[0], "bob (deleted)");
    story.hears(json!({"type":"topic","room":"general","seq":8,"from":"bob","at":"2026-11-20T09:32:00.000Z","text":"tea"}));
    assert_eq!((story.model.room().topic.as_str(), story.pane().last().unwrap().as_str()), ("tea", "topic tea"));
    assert_eq!(story.model.room().position.as_ref().unwrap().1, Seq(8));
}

#[test]
fn a_deleted_message_no_longer_waits_to_be_read() {
    let mut story = Story::online();
    story.happens(Msg::Focus(false));
    story.hears(said("general", 4, "bob", "alice!"));
    assert_eq!(story.counts("general"), (1, 1));
    story.hears(json!({"type":"deleted","room":"general","seq":5,"from":"bob","at":"2026-11-20T09:32:00.000Z","target":4}));
    assert_eq!(story.counts("general"), (0, 0));
}

#[test]
fn a_selected_message_is_answered_edited_deleted_copied() {
    let mut story = Story::online();
    story.hears(said("general", 4, "alice", "my own"));
    story.takes();
    story.press("ctrl-up e");
    assert_eq!((story.model.room().purpose, story.model.room().composer.text()), (Purpose::Edit(Seq(4)), "my own".into()));
    story.line("my very own");
    assert_eq!(story.asked(), [json!({"type":"edit","room":"general","seq":4,"text":"my very own"})]);
    story.press("ctrl-up d");
    assert!(matches!(story.model.overlay, Some(Overlay::Question(Question::Delete { .. }))));
    story.press("z");
    assert!(story.model.overlay.is_some(), "not an answer");
    story.press("y");
    assert_eq!(story.asked(), [json!({"type":"delete","room":"general","seq":4})]);
    story.press("ctrl-up up e");
    assert_eq!(story.model.room().purpose, Purpose::New, "somebody else's is not edited");
    story.press("r");
    assert_eq!(story.model.room().purpose, Purpose::Reply(Seq(3)));
    story.line("yes");
    assert_eq!(story.asked()[0]["reply_to"], json!(3));
    story.hears(ack("general", 5, "0000000000000001-1"));
    story.press("ctrl-up y");
    assert!(story.takes().contains(&Effect::Copy("yes".into())));
}

#[test]
fn a_link_is_opened_only_after_a_question() {
    let mut story = Story::online();
    story.hears(said("general", 4, "bob", "see https://example.org/a and http://b.example"));
    story.takes();
    story.press("ctrl-up o down enter");
    assert_eq!(story.model.overlay, Some(Overlay::Question(Question::Open { url: "http://b.example".into() })));
    assert!(story.takes().is_empty());
    story.press("o");
    assert_eq!(story.takes(), [Effect::Open("http://b.example".into())]);
}

#[test]
fn a_reaction_is_put_on_and_taken_back() {
    let mut story = Story::online();
    story.press("ctrl-up + enter");
    assert_eq!(story.asked(), [json!({"type":"react","room":"general","seq":3,"emoji":"👍","on":true})]);
    story.hears(json!({"type":"reacted","room":"general","seq":4,"from":"alice","at":"2026-11-20T09:32:00.000Z","target":3,"emoji":"👍","on":true}));
    story.press("ctrl-up + t h u m b s u enter");
    assert_eq!(story.asked(), [json!({"type":"react","room":"general","seq":3,"emoji":"👍","on":false})]);
    story.press("ctrl-up + h e a r t enter");
    assert_eq!(story.asked()[0]["emoji"], "❤\u{fe0f}", "what is called so comes first");
}

#[test]
fn who_is_ignored_is_not_counted_and_calls_nobody() {
    let mut story = Story::online();
    story.line("/ignore BOB");
    story.happens(Msg::Focus(false));
    story.takes();
    story.hears(said("general", 4, "bob", "alice!"));
    story.hears(json!({"type":"typing","room":"general","user":"bob","active":true}));
    assert_eq!(story.counts("general"), (0, 0));
    assert!(story.model.room().typing.is_empty());
    assert!(!story.takes().iter().any(|effect| matches!(effect, Effect::Notify { .. })));
    story.line("/unignore bob");
    assert_eq!(story.counts("general"), (1, 1));
}

#[test]
fn rooms_are_switched_to_by_a_part_of_their_name() {
    let mut story = Story::online();
    story.line("/join development");
    story.answers("join", joined("development", 0, &[]));
    story.press("alt-1 alt-k");
    story.answers("rooms", json!({"type":"rooms","rooms":[{"name":"garden","topic":"","users":1,"seq":1}]}));
    story.press("d v l");
    let titles = |story: &Story| match &story.model.overlay {
        Some(Overlay::List(list)) => list.rows.iter().map(|row| row.text.clone()).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(titles(&story), ["development", "dvl"], "what there is, and what there could be");
    story.press("enter");
    assert_eq!(story.model.room().name.shown(), "development");
    story.press("alt-k g a enter");
    assert_eq!(story.asked().last().unwrap(), &json!({"type":"join","room":"garden"}));
    story.press("alt-k b o b enter");
    assert_eq!(story.model.room().title(), "@bob");
}

#[test]
fn the_last_public_room_is_not_left() {
    let mut story = Story::online();
    story.line("/leave");
    assert!(story.pane()[3].starts_with(". This is your only room"));
    story.line("/go @bob");
    story.line("/close");
    assert_eq!(story.model.room().name.shown(), "general");
    story.line("/join tea");
    story.answers("join", joined("tea", 0, &[]));
    story.line("/leave");
    story.answers("leave", json!({"type":"left","room":"tea"}));
    assert_eq!(story.model.rooms.len(), 1);
}

#[test]
fn a_room_that_does_not_let_us_in_is_not_kept() {
    let mut story = Story::online();
    story.line("/join secret");
    story.answers("join", json!({"type":"error","code":"forbidden","text":"Members only"}));
    assert_eq!(story.model.rooms.len(), 1);
    assert_eq!(story.pane()[3], "! secret: Members only");
}

#[test]
fn a_selection_stays_with_its_message_when_it_comes_into_the_log() {
    let mut story = Story::online();
    story.line("one");
    story.press("ctrl-up");
    story.hears(ack("general", 4, "0000000000000001-1"));
    story.takes();
    story.press("+ enter");
    assert_eq!(story.asked(), [json!({"type":"react","room":"general","seq":4,"emoji":"👍","on":true})]);
}

#[test]
fn what_was_jumped_to_takes_no_letters() {
    let mut story = Story::online();
    story.line("/jump 2");
    story.press("d o n e");
    assert_eq!((story.model.room().composer.text().as_str(), story.model.overlay.is_none()), ("done", true));
    story.line("/jump 2");
    story.press("ctrl-up r");
    assert_eq!(story.model.room().purpose, Purpose::Reply(Seq(2)), "it is the one that is selected");
}

#[test]
fn who_comes_into_a_room_is_there_for_a_private_word_too() {
    let mut story = Story::online();
    story.line("/go @bob");
    let mut frame = joined("@alice,bob", 0, &[]);
    frame["users"] = json!([{"name":"alice"}]);
    story.answers("join", frame);
    let online = |story: &Story| story.model.room().users.len() == 2;
    assert!(!online(&story));
    story.hears(json!({"type":"presence","room":"general","joined":[],"left":["bob"],"online":1}));
    story.hears(json!({"type":"presence","room":"general","joined":[{"name":"bob"}],"left":[],"online":2}));
    assert!(online(&story));
    story.hears(json!({"type":"presence","room":"general","joined":[],"left":["bob"],"online":1}));
    assert!(!online(&story));
}

#[test]
fn drafts_stay_with_their_rooms() {
    let mut story = Story::online();
    story.line("/join tea");
    story.answers("join", joined("tea", 0, &[]));
    story.press("h i alt-1");
    assert!(story.model.room().composer.is_empty());
    story.press("alt-0");
    assert_eq!(story.model.room().composer.text(), "hi");
}
