//! What becomes of messages that come from another log.

use chat_protocol::{ClientId, ErrorCode, Role, Seq, Timestamp, server::Message};
use chat_server::{
    log::{Asker, Author, Draft, Motion, Outcome, Write},
    realm::{AccountId, Decree},
};

use crate::told::*;

/// Three messages of another time: an edited one that two reacted to, a deleted one, and an answer to the first.
fn brought() -> Vec<Message> {
    let message = |seq: u64, from: &str, text: &str| Message {
        room: room("elsewhere"),
        seq: Seq(seq),
        from: user(from),
        text: text.into(),
        at: Timestamp(seq as i64 * 10),
        cid: None,
        reply_to: None,
        action: false,
        edited_at: None,
        deleted: false,
        reactions: Default::default(),
    };
    let reactions = [("x".to_owned(), vec![user("bob"), user("Bob")]), ("y".to_owned(), vec![user("eve")])].into();
    vec![
        Message { edited_at: Some(Timestamp(15)), reactions, cid: ClientId::parse("k1"), ..message(1, "ann", "one") },
        Message { deleted: true, ..message(2, "bob", "") },
        Message { reply_to: Some(Seq(1)), action: true, ..message(3, "eve", "three") },
    ]
}

fn here(messages: Vec<Message>) -> Vec<Message> {
    messages.into_iter().map(|message| Message { room: room("tea"), ..message }).collect()
}

pub(super) fn what_comes_from_another_log_stands_as_it_stood_there(mut log: Told) {
    assert_eq!(log.one(import("tea", "import:1", brought())), Outcome::Imported { messages: 3 });
    assert_eq!(log.messages("tea"), here(brought()));
    assert_eq!((log.found("one", None, None), log.found("three", Some("tea"), None)), (vec!["one".into()], vec!["three".into()]));
    assert_eq!(log.events("tea").iter().map(|event| event.seq.0).collect::<Vec<_>>(), [1, 2, 3]);
    // And it goes on from there.
    let kept = log.kept(reply("tea", "dan", "four", 3));
    assert_eq!((kept.seq, kept.at), (Seq(4), Timestamp(1000)));
    log.kept(react("tea", "dan", 1, "x", true));
    assert_eq!(log.message("tea", 1).reactions["x"], [user("bob"), user("Bob"), user("dan")]);
    assert_eq!(log.reader().verify(&mut |_| true).unwrap(), Some(vec![]));
}

pub(super) fn what_was_brought_already_is_not_brought_again(mut log: Told) {
    let part = brought().into_iter().take(2).collect();
    assert_eq!(log.one(import("tea", "import:1", part)), Outcome::Imported { messages: 2 });
    assert_eq!(log.one(import("tea", "import:1", brought())), Outcome::Imported { messages: 1 });
    assert_eq!(log.one(import("tea", "import:1", brought())), Outcome::Imported { messages: 0 });
    log.kept(say("tea", "dan", "four"));
    assert_eq!(log.one(import("tea", "import:1", brought())), Outcome::Imported { messages: 0 });
    log.one(prune("tea", 9));
    assert_eq!(log.one(import("tea", "import:1", brought())), Outcome::Imported { messages: 0 });
    assert!(log.messages("tea").is_empty());
}

pub(super) fn an_import_that_was_cut_off_goes_on_though_its_beginning_was_pruned(mut log: Told) {
    let part = brought().into_iter().take(2).collect();
    assert_eq!(log.one(import("tea", "import:1", part)), Outcome::Imported { messages: 2 });
    log.one(prune("tea", 2));
    assert_eq!(log.one(import("tea", "import:1", brought())), Outcome::Imported { messages: 1 });
    assert_eq!(log.messages("tea").iter().map(|message| message.seq.0).collect::<Vec<_>>(), [3]);
    // But not behind what somebody else said.
    log.kept(say("tea", "dan", "four"));
    let mut more = brought();
    more.push(Message { seq: Seq(5), at: Timestamp(50), ..more[0].clone() });
    assert!(matches!(log.one(import("tea", "import:1", more)), Outcome::Refused(_)));
}

pub(super) fn a_room_that_holds_something_else_takes_nothing(mut log: Told) {
    log.kept(say("tea", "ann", "mine"));
    assert_eq!(log.refused(import("tea", "import:1", brought())), ErrorCode::BadRequest);
    // One that was begun by a file, by another file.
    log.one(import("cake", "import:1", brought()));
    assert_eq!(log.refused(import("cake", "import:2", brought())), ErrorCode::BadRequest);
    // One in which somebody spoke before the rest came.
    log.one(import("milk", "import:1", brought().into_iter().take(2).collect()));
    log.kept(say("milk", "ann", "mine"));
    let more = Message { seq: Seq(4), ..brought().remove(2) };
    assert_eq!(log.refused(import("milk", "import:1", [brought(), vec![more]].concat())), ErrorCode::BadRequest);
    // One that would have a hole.
    assert_eq!(log.refused(import("new", "import:1", brought().split_off(1))), ErrorCode::BadRequest);
    assert_eq!(log.messages("tea").len() + log.messages("cake").len() + log.messages("milk").len(), 1 + 3 + 3);
    assert!(log.events("new").is_empty());
}

pub(super) fn what_came_from_another_log_is_nobodys(mut log: Told) {
    log.one(import("tea", "import:1", brought()));
    for change in [edit("tea", "ann", 1, "mine"), delete("tea", "ann", 1), edit("tea", "eve", 3, "mine")] {
        assert_eq!(log.refused(change), ErrorCode::Forbidden);
    }
    // Who keeps order may take it away, and it is taken away once.
    let decree = Decree::Account { name: user("olga"), role: Role::Owner };
    log.one(Write::Decree(Motion { by: "operator".into(), of: None, decree, asker: Asker::Nobody }));
    let by_olga = |seq| {
        let Write::Event(draft) = delete("tea", "olga", seq) else { panic!("it is an event") };
        Write::Event(Draft { author: Author::account(AccountId(1)), ..draft })
    };
    assert_eq!(log.kept(by_olga(3)).seq, Seq(4));
    assert!(log.message("tea", 3).deleted && log.found("three", None, None).is_empty());
    assert_eq!(log.duplicate(by_olga(2)).seq, Seq(2), "it was deleted there");
    assert_eq!(log.refused(react("tea", "dan", 2, "x", true)), ErrorCode::NoSuchMessage);
}
