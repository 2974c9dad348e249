//! Tables of keys and what the input line holds then: `|` is the cursor, `<C-a>` a key by its name, everything else is typed.

use chat_protocol::{ClientMessage, Request, RoomName, Timestamp, UserName, server::Message};
use jiff::tz::TimeZone;

use super::*;
use crate::{
    config::Settings,
    keys::{Chord, Code, Context},
    model::{Entry, Link, Membership, Place, Rooms, Scroll},
};

fn user(name: &str) -> UserName {
    UserName::known(name).unwrap()
}

/// Alice in «general» with a few others, who have spoken in this order.
fn model() -> Model {
    let rooms =
        Rooms::new(RoomName::parse("general").unwrap(), ["Tea Room", "gentle", "ops"].map(|name| RoomName::parse(name).unwrap()));
    let mut model = Model::new(user("alice"), rooms, Settings::default(), TimeZone::UTC, 1);
    model.known_rooms = ["garden", "ops"].map(|name| RoomName::parse(name).unwrap()).into();
    for name in ["alice", "Ann Lee", "anna", "andreas", "bob", "Ümit", "zed"] {
        model.room_mut().users.insert(user(name));
    }
    for (seq, (from, text)) in
        [("alice", "first"), ("anna", "hi"), ("bob", "ho"), ("alice", "second"), ("andreas", "hey"), ("zed", "well")]
            .iter()
            .enumerate()
    {
        add(&mut model, seq as u64 + 1, from, text);
    }
    model
}

fn add(model: &mut Model, seq: u64, from: &str, text: &str) {
    let message = Message {
        room: model.room().name.clone(),
        seq: Seq(seq),
        from: user(from),
        text: text.to_owned(),
        at: Timestamp(0),
        cid: None,
        reply_to: None,
        action: false,
        edited_at: None,
        deleted: false,
        reactions: Default::default(),
    };
    model.room_mut().live.insert(Seq(seq), Entry::Message(Box::new(message)));
}

/// Types; `<Paste:…>` pastes, with `\n` for a line end.
fn press(model: &mut Model, keys: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    let mut rest = keys;
    while let Some(c) = rest.chars().next() {
        if let Some((name, after)) = rest.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
            rest = after;
            if let Some(text) = name.strip_prefix("Paste:") {
                effects.extend(pasted(model, &text.replace("\\n", "\n")));
                continue;
            }
            let chord = Chord::parse(name).unwrap_or_else(|| panic!("{name}"));
            let action = model.settings.keys.action(Context::Input, chord);
            effects.extend(key(model, chord, action));
        } else {
            rest = &rest[c.len_utf8()..];
            effects.extend(key(model, Chord::plain(Code::Char(c)), None));
        }
    }
    effects
}

fn shown(model: &Model) -> String {
    let composer = &model.room().composer;
    let mut text = composer.text();
    text.insert(composer.offset(), '|');
    text
}

#[track_caller]
fn check(keys: &str, expected: &str) {
    let mut model = model();
    press(&mut model, keys);
    assert_eq!(shown(&model), expected, "{keys}");
}

/// The texts that were handed over to be sent, the newest last; those that are no person's typing in «».
fn sent(model: &Model) -> Vec<String> {
    model.room().composer.sent().map(|(text, typed)| if typed { text.to_owned() } else { format!("«{text}»") }).collect()
}

fn faults(model: &Model) -> Vec<String> {
    let faults = model.room().live.iter().filter_map(|(_, entry)| match entry {
        Entry::Fault { text, .. } => Some(text.clone()),
        _ => None,
    });
    faults.collect()
}

#[test]
fn readline_keys_move() {
    check("hello", "hello|");
    check("hello<C-a>X", "X|hello");
    check("hello<C-a>X<A-f>!", "Xhello!|");
    check("hello<Home><C-f><C-f>", "he|llo");
    check("hello<C-b><Left>", "hel|lo");
    check("one two, three<A-b><A-b>", "one |two, three");
    check("one two<C-a><C-Right>", "one| two");
    check("one two<C-Left><C-Left><C-e>", "one two|");
    check("<A-b><A-f><Left><Right><C-h><C-d>", "|");
    check("ab<A-Enter>cd<C-a>X", "ab\nX|cd");
    check("ab<A-Enter>cd<C-a><Left>X", "abX|\ncd");
}

#[test]
fn readline_keys_delete_and_put_back() {
    check("hello<C-h>", "hell|");
    check("hello<C-a><C-d>", "|ello");
    check("one two<C-w>", "one |");
    check("one two<A-Backspace><A-Backspace>", "|");
    check("one two<C-a><A-d>", "| two");
    check("one two<A-b><C-k>", "one |");
    check("one two<A-b><C-u>", "|two");
    check("one two<C-u><C-y><C-y>", "one twoone two|");
    check("one two three<C-w><C-w><C-y>", "one two three|");
    check("one two three<C-a><A-d><A-d><C-e><C-y>", " threeone two|");
    check("one two<A-b><C-w><C-k><C-y>", "one two|");
    check("one two<C-w>x<C-w><C-y>", "one x|");
    check("ab<A-Enter>cd<C-a><C-u>", "ab|cd");
    check("ab<A-Enter>cd<Up><C-k>", "ab|cd");
}

#[test]
fn changes_are_undone_and_done_again() {
    check("hello world<C-_>", "hello |");
    check("hello world<C-_><C-_><C-_>", "|");
    check("hello world<C-_><C-_><A-z>", "hello |");
    check("hello world<C-_><A-_>", "hello world|");
    check("one two<C-u><C-_>", "one two|");
    check("ab<C-h><C-_>", "ab|");
    check("<C-_>x<C-_><C-_>", "|");
    check("ab<A-Enter>cd<C-_><C-_>", "ab|");
}

#[test]
fn what_looks_like_one_character_is_one() {
    check("a👨‍👩‍👧b<Left><C-h>", "a|b");
    check("e\u{301}x<C-a><Right>|", "e\u{301}||x");
    check("e\u{301}<C-h>", "|");
    check("日本語<Left><C-h>", "日|語");
    check("🇩🇪🇫🇷<C-h>", "🇩🇪|");
    check("👍🏽 ok<C-a><C-d>", "| ok");
    check("日本<A-Enter>abcdef<Up><Down>", "日本\nabcdef|");
    check("日本<A-Enter>abcdef<Up><Left><Down>", "日本\nab|cdef");
    check("日本<A-Enter>abc<Up>", "日|本\nabc");
}

#[test]
fn several_lines_are_walked_before_the_history() {
    check("abc<A-Enter>d<A-Enter>efg<Up><Up>", "abc|\nd\nefg");
    check("sent<Enter>ab<A-Enter>c<Up><Up>", "sent|");
    check("sent<Enter>ab<A-Enter>c<Up><Up><Down>", "a|b\nc");
}

#[test]
fn the_history_keeps_the_draft() {
    check("one<Enter>two<Enter>dra<C-p>", "two|");
    check("one<Enter>two<Enter>dra<C-p><C-p><C-p>", "one|");
    check("one<Enter>two<Enter>dra<Up><Up><Down><Down>", "dra|");
    check("one<Enter>one<Enter>two<Enter><C-p><C-p><C-p>", "one|");
    check("one<Enter>two<Enter><C-p>!<C-p><C-n>", "two!|");
    check("dra<C-n>", "dra|");
    // A draft that was left behind for another text is not lost.
    check("one<Enter>dra<C-p><Enter><C-p><C-p>", "dra|");
}

#[test]
fn nothing_is_sent_but_what_is_something() {
    let mut model = model();
    press(&mut model, "<Enter>  <Enter><C-u>one<Enter>/me two<Enter>");
    assert_eq!(sent(&model), ["one", "/me two"]);
    assert_eq!(shown(&model), "|");
}

#[test]
fn what_is_too_long_stays_and_says_so() {
    let mut model = model();
    model.text_bytes = 5;
    press(&mut model, "ümlaut<Enter>");
    assert_eq!(shown(&model), "ümlaut|");
    assert_eq!(faults(&model), ["This is too long to send: 7 bytes, and at most 5 fit into a message."]);
    press(&mut model, "<C-h><C-h><Enter>");
    assert_eq!(sent(&model), ["ümla"]);
}

#[test]
fn one_pasted_line_goes_in_and_is_never_sent() {
    check("say <Paste:hi there\\n>", "say hi there|");
    check("<Paste:a\tb\u{1b}[201~\u{7}\u{9b}c\u{7f}>", "a    bc|");
    let mut model = model();
    press(&mut model, "<Paste:hi\\n>");
    assert!(sent(&model).is_empty() && model.overlay.is_none());
}

#[test]
fn several_pasted_lines_are_asked_about() {
    let mut model = model();
    press(&mut model, "dra<Paste:/quit\r\\ntwo\\n>");
    let text = "/quit\ntwo";
    assert_eq!(model.overlay, Some(Overlay::Question(Question::Paste { text: text.into() })));
    answer_paste(&mut model, text, 'c');
    assert_eq!(shown(&model), "dra|");
    answer_paste(&mut model, text, 'e');
    assert_eq!(shown(&model), "dra/quit\ntwo|");
    press(&mut model, "<C-_>");
    assert_eq!(shown(&model), "dra|");
    press(&mut model, "<C-a>");
    answer_paste(&mut model, text, 's');
    assert_eq!(shown(&model), "|");
    assert_eq!(sent(&model), ["«/quit\ntwodra»"]);
}

#[test]
fn a_pasted_slash_makes_no_command() {
    for (keys, expected) in [
        ("<Paste:/quit><Enter>", "«/quit»"),
        ("<Paste:/quit><C-u><C-y><Enter>", "«/quit»"),
        ("<Paste:/quit><C-u><C-_><Enter>", "«/quit»"),
        ("<Paste:x/quit><C-a><C-d><Enter>", "«/quit»"),
        ("<Paste:/quit><Enter><C-p><Enter>", "«/quit»"),
        ("<Paste:x/quit><Enter><C-p><C-a><C-d><Enter>", "«/quit»"),
        ("<Paste:x/quit><C-p><Enter><C-p><C-a><C-d><Enter>", "«/quit»"),
        ("<Paste:/quit>x<C-h><Enter>", "«/quit»"),
        ("/<Paste:/quit><C-a><C-d><Enter>", "«/quit»"),
        ("/me <Paste:/quit><Enter>", "/me /quit"),
        ("<Paste:/quit><C-u>/who<Enter>", "/who"),
        ("x/who<C-a><C-d><Enter>", "/who"),
        ("/who<C-u><C-_><Enter>", "/who"),
    ] {
        let mut model = model();
        press(&mut model, keys);
        assert_eq!(sent(&model).last().map(String::as_str), Some(expected), "{keys}");
    }
    let mut model = model();
    press(&mut model, "<Paste:/quit>");
    assert_eq!(model.hint.unwrap().0, "Pasted, so not a command: it will be sent as text.");
}

#[test]
fn a_huge_paste_is_refused_in_words() {
    let mut model = model();
    pasted(&mut model, &"x".repeat(PASTE + 1));
    pasted(&mut model, &"x".repeat(limits::FRAME_BYTES));
    assert_eq!(shown(&model), "|");
    assert_eq!(
        faults(&model),
        [
            "That paste is too long: 1048577 bytes, and at most 1048576 are taken.",
            "This does not fit into the line: 65536 bytes, and at most 65535 do."
        ]
    );
}

#[test]
fn a_long_paste_becomes_several_messages() {
    assert_eq!(parts("ab\ncd\nef", 5), ["ab\ncd", "ef"]);
    assert_eq!(parts("ab\ncd\nef", 100), ["ab\ncd\nef"]);
    assert_eq!(parts("ab\n\n\ncd\n", 4), ["ab", "cd"]);
    assert_eq!(parts("abcdefg\nh", 3), ["abc", "def", "g\nh"]);
    assert_eq!(parts("éé\n", 3), ["é", "é"]);
    assert!(parts("\n\n", 3).is_empty());
}

#[test]
fn up_on_an_empty_line_edits_what_was_said_last() {
    let mut model = model();
    press(&mut model, "<Up>");
    assert_eq!((shown(&model), model.room().purpose), ("second|".into(), Purpose::Edit(Seq(4))));
    press(&mut model, "<Up>");
    assert_eq!((shown(&model), model.room().purpose), ("first|".into(), Purpose::Edit(Seq(1))));
    press(&mut model, "<Up>");
    assert_eq!(model.room().purpose, Purpose::Edit(Seq(1)));
    press(&mut model, "<Down><Down>");
    assert_eq!((shown(&model), model.room().purpose), ("|".into(), Purpose::New));
    press(&mut model, "<Up>!<Esc>");
    assert_eq!((shown(&model), model.room().purpose), ("|".into(), Purpose::New));
}

#[test]
fn a_message_of_several_lines_is_walked_before_the_next_is_edited() {
    let mut model = model();
    add(&mut model, 9, "alice", "one\ttab\ntwo");
    press(&mut model, "<Up><Up>");
    assert_eq!((shown(&model), model.room().purpose), ("one|    tab\ntwo".into(), Purpose::Edit(Seq(9))));
    press(&mut model, "<Up>");
    assert_eq!(model.room().purpose, Purpose::Edit(Seq(4)));
    press(&mut model, "<Down><Down>");
    assert_eq!((shown(&model), model.room().purpose), ("|".into(), Purpose::New));
}

#[test]
fn a_draft_waits_for_an_edit() {
    let mut model = model();
    press(&mut model, "dra");
    assert!(edit(&mut model, Seq(1)));
    press(&mut model, "!");
    assert_eq!(shown(&model), "first!|");
    press(&mut model, "<Esc>");
    assert_eq!(shown(&model), "dra|");
    edit(&mut model, Seq(1));
    press(&mut model, "<Enter>");
    assert_eq!(shown(&model), "dra|");
    assert!(!edit(&mut model, Seq(99)));
}

#[test]
fn escape_keeps_the_text_of_a_reply() {
    let mut model = model();
    model.room_mut().purpose = Purpose::Reply(Seq(2));
    press(&mut model, "yes<Esc>");
    assert_eq!((shown(&model), model.room().purpose), ("yes|".into(), Purpose::New));
}

#[test]
fn what_was_sent_is_searched_backwards() {
    let before = "one tea<Enter>two coffee<Enter>three Tea<Enter>dra";
    for (keys, expected) in [
        ("<C-r>te", "three Tea|"),
        ("<C-r>te<C-r>", "one tea|"),
        ("<C-r>te<C-r><C-r>", "one tea|"),
        ("<C-r>coff", "two coffee|"),
        ("<C-r>coff<Backspace><Backspace><Backspace><Backspace>", "dra|"),
        ("<C-r>te<Esc>", "dra|"),
        ("<C-r>te<Enter>!", "three Tea!|"),
        ("<C-r>te<C-a>!", "!|three Tea"),
        ("<C-r>te<Enter><C-n>", "dra|"),
        ("<C-r>xyz<Esc>", "dra|"),
        ("<C-p><C-p><C-r>one<Esc>", "two coffee|"),
    ] {
        check(&format!("{before}{keys}"), expected);
    }
    let mut model = model();
    press(&mut model, "one<Enter><C-r>x");
    assert_eq!(model.hint.as_ref().map(|hint| hint.0.as_str()), Some("Nothing like «x» was sent."));
    assert_eq!(model.history_search.as_deref(), Some("x"));
    press(&mut model, "<Enter>");
    assert_eq!((model.history_search.clone(), sent(&model).len()), (None, 1));
}

#[test]
fn the_editor_gets_the_text_and_brings_another() {
    let mut model = model();
    assert_eq!(press(&mut model, "dra<C-x>"), [Effect::Edit("dra".into())]);
    edited(&mut model, Ok("one\ntwo\n".into()));
    assert_eq!(shown(&model), "one\ntwo|");
    edited(&mut model, Err("vi: not found".into()));
    assert_eq!((shown(&model), faults(&model)), ("one\ntwo|".into(), vec!["vi: not found".into()]));
}

#[test]
fn an_interrupted_text_comes_back() {
    let mut model = model();
    press(&mut model, "hello");
    assert!(interrupt(&mut model).is_some());
    assert_eq!(shown(&model), "|");
    assert!(interrupt(&mut model).is_none());
    press(&mut model, "<C-p>");
    assert_eq!(shown(&model), "hello|");
    press(&mut model, "<C-n><C-_>");
    assert_eq!(shown(&model), "hello|");
}

#[test]
fn names_are_completed_the_last_speaker_first() {
    check("<Tab>", "|");
    check("hi <Tab>", "hi |");
    check("b<Tab>", "bob: |");
    check("hi b<Tab>", "hi bob |");
    check("hi @b<Tab>", "hi @bob |");
    check("(B<Tab>", "(bob |");
    check("üM<Tab>", "Ümit: |");
    check("a<Tab>", "andreas: |");
    check("a<Tab><Tab>", "anna: |");
    check("a<Tab><Tab><Tab>", "Ann Lee: |");
    check("a<Tab><Tab><Tab><Tab>", "andreas: |");
    check("a<S-Tab>", "Ann Lee: |");
    check("hi a<Tab><S-Tab>!", "hi Ann Lee !|");
    check("so ann l<Tab>", "so Ann Lee |");
    check("x<A-Enter>b<Tab>", "x\nbob: |");
    check("hi @<Tab>", "hi @zed |");
    check("ali<Tab>", "ali|");
    check("a<Tab><Tab><Esc>", "a|");
    check("a<Tab>x<Esc>", "andreas: x|");
    check("b there<C-a><Right><Tab>", "bob:| there");
    check("a<Tab><C-_>", "a|");
}

#[test]
fn emoji_are_completed() {
    check(":smile:<Tab>", "😄 |");
    check("hi :tad<Tab>", "hi 🎉 |");
    check(":s<Tab>", ":s|");
    check("x:smile:<Tab>", "x:smile:|");
    check("12:smi<Tab>", "12:smi|");
    check(":nosuch:<Tab>", ":nosuch:|");
    check("/react 7 :tad<Tab>", "/react 7 🎉|");
}

#[test]
fn rooms_are_completed() {
    check("see #te<Tab>", "see #Tea Room |");
    check("#g<Tab><Tab><Tab>", "#garden |");
    check("/join te<Tab>", "/join Tea Room|");
    check("/join Tea R<Tab>", "/join Tea Room|");
    check("/join #op<Tab>", "/join ops|");
}

#[test]
fn commands_and_what_they_take_are_completed() {
    check("/joi<Tab>", "/join |");
    check("/j<Tab>", "/join |");
    check("/MS<Tab>", "/msg |");
    check("/rooms<Tab>", "/rooms|");
    check("/re<Tab><Tab>", "/react |");
    check("/re<Tab><Tab><Esc>", "/re|");
    check("/pm b<Tab>", "/pm bob |");
    check("/pm ann<Tab><Tab>", "/pm \"Ann Lee\" |");
    check("/pm \"Ann L<Tab>", "/pm \"Ann Lee\" |");
    check("/pm \"Ann Lee\" hi b<Tab>", "/pm \"Ann Lee\" hi bob |");
    check("/pm <Tab>", "/pm zed |");
    check("/help re<Tab>", "/help reply|");
    check("//jo<Tab>", "//jo|");
    check("x /jo<Tab>", "x /jo|");
    check("<Paste:/jo><Tab>", "/jo|");
}

/// What the popup shows, the chosen row in [].
fn popup(keys: &str) -> Vec<String> {
    let mut model = model();
    press(&mut model, keys);
    let Some(open) = model.completion else { return Vec::new() };
    let rows = open.candidates.iter().enumerate();
    rows.map(|(row, one)| if open.chosen == Some(row) { format!("[{}]", one.label) } else { one.label.clone() }).collect()
}

#[test]
fn a_popup_shows_what_there_is() {
    assert_eq!(popup("a<Tab>"), ["[andreas]", "anna", "Ann Lee"]);
    assert_eq!(popup("a<Tab><Tab>"), ["andreas", "[anna]", "Ann Lee"]);
    assert!(popup("a<Tab>x").is_empty() && popup("b<Tab>").is_empty() && popup("a").is_empty());
    assert_eq!(popup("/jo"), ["/join"]);
    assert_eq!(popup("/un"), ["/unreact", "/unmute", "/unban", "/unblock", "/unquiet", "/unignore"]);
    assert_eq!(popup("/un<Tab>"), ["[/unreact]", "/unmute", "/unban", "/unblock", "/unquiet", "/unignore"]);
    assert_eq!(popup("/pm "), ["/pm <user> <text>"]);
    assert_eq!(popup("/pm bo"), ["/pm <user> <text>"]);
    assert_eq!(popup("/pm bob "), ["/pm <user> <text>"]);
    assert!(popup("/pm bob h").is_empty() && popup("/rooms ").is_empty() && popup("/nosuch x").is_empty());
    assert!(popup("/jo<Esc>").is_empty() && popup("/jo<C-u>").is_empty() && popup("<Paste:/jo>").is_empty());
    assert!(popup("/join ops<Enter>").is_empty());
}

#[test]
fn a_completion_does_not_follow_into_another_room() {
    let mut model = model();
    press(&mut model, "a<Tab>");
    model.rooms.go(1);
    press(&mut model, "andreas: <Home>x<End>");
    model.completion = Some(crate::model::Completion { before: "a".into(), start: 3, candidates: Vec::new(), chosen: None });
    press(&mut model, "<Esc>");
    assert_eq!(shown(&model), "xandreas: |");
    model.rooms.go(0);
    assert_eq!(shown(&model), "andreas: |");
}

#[test]
fn the_others_hear_that_we_type_but_not_commands() {
    let typing = |active| vec![ClientMessage::Typing { room: Some("general".into()), active }];
    for (keys, expected) in [
        ("h", typing(true)),
        ("hi there", typing(true)),
        ("hi<C-u>", [typing(true), typing(false)].concat()),
        ("hi<C-a><Left><C-r><Esc>", typing(true)),
        ("/join ops<C-a><C-e>", Vec::new()),
        ("//shrug<C-u>", Vec::new()),
        ("<Paste:/join>", typing(true)),
        ("<Up>!", Vec::new()),
        ("<Tab><C-y><C-k><Esc>", Vec::new()),
    ] {
        let mut model = model();
        model.link = Link::Online;
        model.room_mut().membership = Membership::Joined;
        let effects = press(&mut model, keys);
        let told: Vec<_> = effects
            .into_iter()
            .filter_map(|effect| match effect {
                Effect::Ask(Request { message: message @ ClientMessage::Typing { .. }, .. }) => Some(message),
                _ => None,
            })
            .collect();
        assert_eq!(told, expected, "{keys}");
    }
}

#[test]
fn the_end_of_the_line_leads_to_the_rooms() {
    let mut model = model();
    press(&mut model, "one<A-b><C-k>");
    assert!(model.overlay.is_none());
    press(&mut model, "<C-k>");
    assert!(matches!(&model.overlay, Some(Overlay::List(_))));
}

#[test]
fn escape_lets_go_of_one_thing_after_the_other() {
    let mut model = model();
    model.find = Some(crate::model::Find { words: "x".into(), typing: false });
    model.room_mut().purpose = Purpose::Reply(Seq(2));
    model.room_mut().scroll = Scroll::At { place: Place { seq: Seq(1), behind: 0 }, row: 0, moved: 0 };
    press(&mut model, "a<Tab><Esc>");
    assert_eq!((shown(&model).as_str(), model.find.is_some()), ("a|", true));
    press(&mut model, "<C-r><Esc>");
    assert_eq!((model.history_search.is_none(), model.find.is_some()), (true, true));
    press(&mut model, "<Esc>");
    assert_eq!((model.find.is_none(), model.room().purpose), (true, Purpose::Reply(Seq(2))));
    press(&mut model, "<Esc>");
    assert_eq!((model.room().purpose, model.room().scroll == Scroll::Newest), (Purpose::New, false));
    press(&mut model, "<Esc>");
    assert_eq!((shown(&model).as_str(), model.room().scroll), ("a|", Scroll::Newest));
}

#[test]
fn a_pasted_text_goes_where_the_line_goes() {
    let mut model = model();
    press(&mut model, "/pm bob ");
    answer_paste(&mut model, "one\n/two", 's');
    let bob = model.rooms.index(&RoomName::known("@alice,bob").unwrap()).unwrap();
    assert_eq!(model.rooms.number(), bob);
    assert_eq!(model.outbox.len(), 1);
    let mut model = self::model();
    model.text_bytes = 8;
    press(&mut model, "/pm bob ");
    answer_paste(&mut model, "three\nfour", 's');
    assert_eq!((shown(&model), faults(&model).len()), ("/pm bob three\nfour|".into(), 1));
    let mut model = self::model();
    model.text_bytes = 4;
    answer_paste(&mut model, "/one\ntw\nx", 's');
    assert_eq!(model.outbox.iter().map(|pending| pending.text.as_str()).collect::<Vec<_>>(), ["/one", "tw\nx"]);
}
