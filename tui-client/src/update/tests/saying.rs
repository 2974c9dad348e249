//! What we say, until the server has it.

use super::*;
use crate::model::State;

const FIRST: &str = "0000000000000001-1";
const SECOND: &str = "0000000000000001-2";

#[test]
fn a_message_is_shown_once_whichever_comes_first_its_ack_or_itself() {
    for ack_first in [true, false] {
        let mut story = Story::online();
        story.line("hi");
        assert_eq!(story.asked(), [json!({"type":"send","room":"general","text":"hi","cid":FIRST})]);
        assert_eq!(story.pane().last().unwrap(), "Sending hi");
        let mut echo = said("general", 4, "alice", "hi");
        echo["cid"] = json!(FIRST);
        let frames = [ack("general", 4, FIRST), echo];
        for index in if ack_first { [0, 1] } else { [1, 0] } {
            story.hears(frames[index].clone());
            assert_eq!(story.pane()[3..], ["alice: hi"], "{ack_first}");
        }
        let effects = story.takes();
        let sent = told(&effects).iter().filter(|told| matches!(told, Told::Sent { .. })).count();
        let events = told(&effects).iter().filter(|told| matches!(told, Told::Event { .. })).count();
        assert_eq!((sent, events), (1, 1), "told once each");
    }
}

#[test]
fn what_is_said_while_offline_goes_out_later_in_order_with_its_keys() {
    let mut story = Story::online();
    story.line("one");
    story.lost();
    story.line("two");
    assert_eq!(story.pane()[3..], ["Queued one", "Queued two"]);
    story.takes();
    story.welcome();
    assert!(story.asked().is_empty(), "not before the room is open");
    story.hears(resumed("general", 3, &[]));
    assert_eq!(story.asked(), [json!({"type":"send","room":"general","text":"one","cid":FIRST})], "one at a time");
    story.hears(ack("general", 4, FIRST));
    assert_eq!(story.asked(), [json!({"type":"send","room":"general","text":"two","cid":SECOND})]);
    story.hears(ack("general", 5, SECOND));
    assert_eq!(story.pane()[3..], ["alice: one", "alice: two"]);
    assert!(story.model.outbox.is_empty());
}

#[test]
fn a_message_that_the_server_had_is_settled_by_what_was_missed() {
    let mut story = Story::online();
    story.line("one");
    story.lost();
    story.welcome();
    let mut echo = said("general", 4, "alice", "one");
    echo["cid"] = json!(FIRST);
    story.takes();
    story.hears(resumed("general", 4, &[echo]));
    assert_eq!(story.asked(), Vec::<Value>::new(), "not sent again");
    assert_eq!(story.pane()[3..], ["alice: one"]);
}

#[test]
fn somebody_elses_key_settles_nothing() {
    let mut story = Story::online();
    story.line("one");
    let mut theirs = said("general", 4, "bob", "mine now");
    theirs["cid"] = json!(FIRST);
    story.hears(theirs);
    assert_eq!(story.model.outbox.len(), 1);
}

#[test]
fn haste_waits_and_keeps_the_order() {
    let mut story = Story::online();
    story.line("one");
    story.line("two");
    story.takes();
    story.hears(json!({"type":"error","code":"rate_limited","text":"Too fast","retry_ms":900,"ref":FIRST}));
    story.happens(Msg::Focus(true));
    assert!(story.asked().is_empty(), "quiet for a while");
    assert_eq!(story.pane()[3..], ["Queued one", "Queued two"]);
    story.passes(1);
    assert_eq!(story.asked(), [json!({"type":"send","room":"general","text":"one","cid":FIRST})]);
}

#[test]
fn a_refused_message_stays_until_it_is_sent_again_or_dropped() {
    let mut story = Story::online();
    story.line("one");
    story.line("two");
    story.hears(json!({"type":"error","code":"muted","text":"You are muted","ref":FIRST}));
    assert_eq!(story.pane()[3..], ["Failed(\"You are muted\") one", "Sending two"], "the next one goes on");
    story.takes();
    story.press("ctrl-up up s");
    assert!(story.asked().is_empty(), "one at a time");
    story.hears(ack("general", 4, SECOND));
    assert_eq!(story.asked(), [json!({"type":"send","room":"general","text":"one","cid":FIRST})]);
    story.hears(json!({"type":"error","code":"muted","text":"You are muted","ref":FIRST}));
    story.drawn(Seen::default());
    story.press("ctrl-up x y");
    assert!(story.model.outbox.is_empty());
}

#[test]
fn what_is_older_than_an_hour_is_asked_about() {
    for (answer, sent) in [("s", 1), ("k", 0), ("d", 0)] {
        let mut story = Story::online();
        story.lost();
        story.line("good morning");
        story.passes(3601);
        story.line("fresh");
        story.welcome();
        story.hears(resumed("general", 3, &[]));
        let first = story.asked();
        assert_eq!(first.iter().filter(|ask| ask["type"] == "send").map(|ask| &ask["text"]).collect::<Vec<_>>(), ["fresh"]);
        story.press(answer);
        story.hears(ack("general", 4, SECOND));
        assert_eq!(story.asked().iter().filter(|ask| ask["text"] == "good morning").count(), sent, "{answer}");
        let kept = story.model.outbox.iter().filter(|pending| pending.state == State::Stale).count();
        assert_eq!(kept, usize::from(answer == "k"), "{answer}");
    }
}

#[test]
fn leaving_asks_while_something_is_not_sent() {
    let mut story = Story::online();
    story.line("/quit");
    assert_eq!(story.takes(), [Effect::Quit(Ending::Wished)]);
    story.lost();
    story.line("one");
    story.takes();
    story.line("/quit");
    assert!(story.takes().is_empty());
    story.press("c");
    story.line("/quit");
    story.press("q");
    assert!(story.takes().contains(&Effect::Quit(Ending::Unsent("1 not sent".into()))));
}

#[test]
fn the_last_words_are_sent_before_leaving() {
    for answered in [true, false] {
        let mut story = Story::online();
        story.line("bye");
        story.line("/quit");
        assert!(!story.takes().contains(&Effect::Quit(Ending::Wished)));
        if answered {
            story.hears(ack("general", 4, FIRST));
            assert!(story.takes().contains(&Effect::Quit(Ending::Wished)));
        } else {
            story.passes(3);
            assert!(story.model.overlay.is_some(), "asked, when it takes too long");
        }
    }
}

#[test]
fn ctrl_c_leaves_only_when_it_is_pressed_twice() {
    let mut story = Story::online();
    story.press("ctrl-c a ctrl-c");
    assert!(!story.takes().contains(&Effect::Quit(Ending::Wished)), "a key between them");
    story.passes(3);
    story.press("ctrl-c");
    assert!(!story.takes().contains(&Effect::Quit(Ending::Wished)), "too late");
    story.press("ctrl-c");
    assert!(story.takes().contains(&Effect::Quit(Ending::Wished)));
}

#[test]
fn commands_become_requests_for_this_room() {
    for (line, expected) in [
        ("/me waves", json!({"type":"send","room":"general","text":"waves","cid":FIRST,"action":true})),
        ("//x", json!({"type":"send","room":"general","text":"/x","cid":FIRST})),
        ("/reply 2 yes", json!({"type":"send","room":"general","text":"yes","cid":FIRST,"reply_to":2})),
        ("/edit 1 x", json!({"type":"edit","room":"general","seq":1,"text":"x"})),
        ("/delete 1", json!({"type":"delete","room":"general","seq":1})),
        ("/react 1 👍", json!({"type":"react","room":"general","seq":1,"emoji":"👍","on":true})),
        ("/topic tea", json!({"type":"topic","room":"general","text":"tea"})),
        ("/join #tea", json!({"type":"join","room":"tea"})),
        ("/users", json!({"type":"users","room":"general"})),
        ("/search a b", json!({"type":"search","query":"a b","limit":100})),
        ("/ping", json!({"type":"ping"})),
    ] {
        let mut story = Story::online();
        story.line(line);
        assert_eq!(story.asked(), [expected], "{line}");
    }
    for (line, words) in
        [("/dance", "no command /dance"), ("/pm bob", "Like this: /pm"), ("/find", "Like this: /find"), ("/join -", "«-»")]
    {
        let mut story = Story::online();
        story.line(line);
        assert!(story.pane()[3].contains(words), "{line}: {:?}", story.pane());
        assert!(story.asked().is_empty());
    }
}

#[test]
fn a_private_word_opens_its_conversation_and_waits_for_a_connection_like_any_other() {
    let mut story = Story::online();
    story.lost();
    story.line("/pm bob hi");
    assert_eq!(story.model.room().title(), "@bob");
    assert_eq!(story.pane(), ["Queued hi"]);
    story.welcome();
    story.hears(resumed("general", 3, &[]));
    story.answers("join", joined("@alice,bob", 0, &[]));
    let asked = story.asked();
    assert!(asked.contains(&json!({"type":"send","room":"@alice,bob","text":"hi","cid":FIRST})), "{asked:?}");
    story.hears(json!({"type":"error","code":"no_such_user","text":"bob is not here","ref":FIRST}));
    assert_eq!(story.pane(), ["Failed(\"bob is not here\") hi"]);
}

#[test]
fn typing_is_told_rarely_and_not_of_commands() {
    let mut story = Story::online();
    story.press("h i");
    assert_eq!(story.asked(), [json!({"type":"typing","room":"general","active":true})]);
    story.passes(3);
    story.press("x");
    assert_eq!(story.asked().len(), 1, "renewed");
    story.press("ctrl-u");
    assert_eq!(story.asked(), [json!({"type":"typing","room":"general","active":false})]);
    story.press("/ j");
    assert!(story.asked().is_empty(), "a command is nobody's business");
}
