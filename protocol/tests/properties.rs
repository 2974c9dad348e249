//! What holds for every input, not only for those that somebody thought of: nothing panics, nothing hostile is shown, what is
//! written is read again as it was. Inputs are generated, and mixed with the hostile corpus.
//!
//! `PROPTEST_CASES=20000 cargo test -p chat-protocol --test properties` looks longer. What it finds becomes a line of
//! `golden/hostile.txt` or a test of its own: seeds are not kept.

mod hostile;

use std::collections::BTreeMap;

use chat_protocol::{
    Access, Action, ClientId, ClientMessage, CloseCode, Dialect, Epoch, ErrorCode, Event, NameError, Recorded, Request, Role,
    RoomName, Rules, Seq, ServerFrame, ServerMessage, Timestamp, UserName, Voice, command,
    dialect::Heard,
    display, json,
    names::{HIGHEST, fold},
    server::{Joined, Limits, Message, Private, Room, User, Welcome},
};
use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::Value;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeEmoji, UnicodeGeneralCategory};

fn config() -> ProptestConfig {
    // Many of the texts that are nearly names are none: that is no reason to stop.
    ProptestConfig { failure_persistence: None, max_local_rejects: u32::MAX, ..ProptestConfig::default() }
}

// ---- What is put in. The larger generators are boxed: as one type they outgrow the stack of a test's thread.

/// Single characters that have been trouble somewhere.
const TROUBLE: &[char] = &[
    '\0',
    '\n',
    '\r',
    '\t',
    '\u{b}',
    '\u{1b}',
    '\u{7f}',
    '\u{85}',
    '\u{9b}',
    ' ',
    '\u{a0}',
    '\u{ad}',
    '\u{34f}',
    '\u{61c}',
    '\u{115f}',
    '\u{180e}',
    '\u{200b}',
    '\u{200c}',
    '\u{200d}',
    '\u{200e}',
    '\u{202e}',
    '\u{2028}',
    '\u{2029}',
    '\u{2060}',
    '\u{2066}',
    '\u{2800}',
    '\u{3000}',
    '\u{3164}',
    '\u{fe0f}',
    '\u{feff}',
    '\u{ffa0}',
    '\u{fffd}',
    '\u{fffe}',
    '\u{e000}',
    '\u{e0041}',
    '\u{e0100}',
    '\u{10ffff}',
    '\u{301}',
    '\u{323}',
    '\u{307}',
    '\u{345}',
    '\u{903}',
    '\u{20e3}',
    '\u{20dd}',
    '👩',
    '🚀',
    '❤',
    '🏽',
    '🇩',
    '1',
    '#',
    '@',
    ',',
    ':',
    '/',
    '"',
    '\'',
    '\\',
    '{',
    '}',
    '[',
    '-',
    '.',
    '_',
    '+',
    'İ',
    'ŉ',
    'ß',
    'ẞ',
    'ﬃ',
    'ΐ',
    'ᾳ',
    'ǰ',
    'Σ',
    'ς',
    'K',
    'Ꭰ',
    'ꭰ',
    'а',
    '山',
    '한',
    'ᄒ',
    'ᅡ',
    'ᆫ',
    'é',
    'Z',
    'z',
    '０',
];

fn character() -> impl Strategy<Value = char> {
    prop_oneof![3 => select(TROUBLE), 2 => proptest::char::range('a', 'z'), 1 => any::<char>()]
}

/// Any text: usually short, often hostile.
fn text() -> BoxedStrategy<String> {
    let corpus: Vec<String> = hostile::corpus().into_iter().map(|(_, text)| text).collect();
    prop_oneof![
        4 => vec(character(), 0..24).prop_map(String::from_iter),
        1 => select(corpus.clone()),
        1 => (select(corpus.clone()), select(corpus)).prop_map(|(one, other)| one + &other),
        1 => any::<String>(),
    ]
    .boxed()
}

/// Text that is often nearly a name.
fn nearly_a_name() -> BoxedStrategy<String> {
    let letter =
        || select(&['a', 'B', 'İ', 'ŉ', 'ß', 'ẞ', 'ﬃ', 'ΐ', 'ᾳ', 'ǰ', 'Σ', 'ς', 'K', 'Ꭰ', '山', '한', '7', 'ᾈ', 'ẖ', 'Ａ'][..]);
    let other = || select(&['\u{301}', '\u{323}', '\u{307}', '\u{345}', '\u{903}', ' ', '-', '.', '_', '+', '\''][..]);
    prop_oneof![
        4 => (letter(), vec(prop_oneof![3 => letter(), 2 => other()], 0..12)).prop_map(|(first, rest)| format!("{first}{}", String::from_iter(rest))),
        1 => (letter(), 1..70_usize).prop_map(|(c, count)| c.to_string().repeat(count)),
        1 => text(),
        1 => any::<u64>().prop_map(|number| format!("#{number}")),
        1 => any::<u64>().prop_map(|number| format!("#w{number}")),
    ].boxed()
}

fn user() -> BoxedStrategy<UserName> {
    nearly_a_name().prop_filter_map("a name", |text| UserName::known(&text).ok()).boxed()
}

fn room() -> BoxedStrategy<RoomName> {
    prop_oneof![
        nearly_a_name().prop_filter_map("a room", |text| RoomName::known(&text).ok()),
        (user(), user()).prop_map(|(one, other)| RoomName::private(&one, &other)),
    ]
    .boxed()
}

fn seq() -> impl Strategy<Value = Seq> {
    prop_oneof![0..=10_u64, 0..=HIGHEST].prop_map(Seq)
}

/// Every moment that the wire can write: the years 0000 to 9999.
fn moment() -> impl Strategy<Value = Timestamp> {
    (-62_167_219_200_000..=253_402_300_799_999_i64).prop_map(Timestamp)
}

fn cid() -> impl Strategy<Value = Option<ClientId>> {
    option::of("[A-Za-z0-9_-]{1,64}".prop_map(|key| ClientId::parse(&key).expect("a cid")))
}

fn number() -> impl Strategy<Value = u64> {
    0..=HIGHEST
}

fn count() -> impl Strategy<Value = usize> {
    0..=1_000_000_usize
}

fn client_message() -> BoxedStrategy<ClientMessage> {
    use ClientMessage as C;
    let some_text = || option::of(text());
    let (some_seq, some_limit) = (|| option::of(seq()), || option::of(any::<i64>()));
    prop_oneof![
        (some_text(), some_text()).prop_map(|(token, client)| C::Hello { token, client }),
        (some_text(), text(), cid(), some_seq(), any::<bool>()).prop_map(|(room, text, cid, reply_to, action)| C::Send {
            room,
            text,
            cid,
            reply_to,
            action
        }),
        (text(), text(), cid()).prop_map(|(to, text, cid)| C::Private { to, text, cid }),
        (some_text(), seq(), text()).prop_map(|(room, seq, text)| C::Edit { room, seq, text }),
        (some_text(), seq()).prop_map(|(room, seq)| C::Delete { room, seq }),
        (some_text(), seq(), text(), any::<bool>()).prop_map(|(room, seq, emoji, on)| C::React { room, seq, emoji, on }),
        (some_text(), any::<bool>()).prop_map(|(room, active)| C::Typing { room, active }),
        (some_text(), seq()).prop_map(|(room, seq)| C::Read { room, seq }),
        (text(), some_seq(), some_text()).prop_map(|(room, after, epoch)| C::Join { room, after, epoch }),
        some_text().prop_map(|room| C::Leave { room }),
        (some_text(), some_seq(), some_seq(), some_limit()).prop_map(|(room, before, after, limit)| C::History {
            room,
            before,
            after,
            limit
        }),
        (text(), some_text(), some_seq(), some_limit()).prop_map(|(query, room, before, limit)| C::Search {
            query,
            room,
            before,
            limit
        }),
        Just(C::Rooms {}),
        some_text().prop_map(|room| C::Users { room }),
        (some_text(), text()).prop_map(|(room, text)| C::Topic { room, text }),
        Just(C::Ping {}),
        (text(), rules()).prop_map(|(room, rules)| C::Create { room, rules }),
        (some_text(), rules()).prop_map(|(room, rules)| C::Rules { room, rules }),
        (some_text(), text(), option::of(select(Role::ALL))).prop_map(|(room, user, role)| C::Rank { room, user, role }),
        (select(Action::ALL), text(), any::<bool>(), some_text(), any::<bool>(), option::of(number()), some_text()).prop_map(
            |(action, user, address, room, everywhere, seconds, reason)| C::Moderate {
                action,
                user,
                address,
                room,
                everywhere,
                seconds,
                reason
            }
        ),
        (some_text(), any::<bool>(), some_limit()).prop_map(|(room, everywhere, limit)| C::Deeds { room, everywhere, limit }),
        (text(), any::<bool>()).prop_map(|(user, on)| C::Block { user, on }),
    ]
    .boxed()
}

prop_compose! {
    fn rules()(
        access in option::of(select(Access::ALL)),
        speak in option::of(select(Voice::ALL)),
        topic in option::of(select(Voice::ALL)),
        slow in option::of(any::<u32>()),
    ) -> Rules {
        Rules { access, speak, topic, slow }
    }
}

prop_compose! {
    fn message()(
        (room, seq, from, text, at) in (room(), seq(), user(), text(), moment()),
        (cid, reply_to, action) in (cid(), option::of(seq()), any::<bool>()),
        (edited_at, deleted) in (option::of(moment()), any::<bool>()),
        reactions in proptest::collection::btree_map(text(), vec(user(), 0..3), 0..3),
    ) -> Message {
        Message { room, seq, from, text, at, cid, reply_to, action, edited_at, deleted, reactions }
    }
}

/// What is logged, as the server says it.
fn logged() -> BoxedStrategy<ServerMessage> {
    use ServerMessage as S;
    let place = || (room(), seq(), user(), moment());
    prop_oneof![
        message().prop_map(S::Message).boxed(),
        (place(), seq(), text(), any::<bool>()).prop_map(|((room, seq, from, at), target, text, deleted)| S::Edited {
            room,
            seq,
            from,
            at,
            target,
            text,
            deleted
        }),
        (place(), seq()).prop_map(|((room, seq, from, at), target)| S::Deleted { room, seq, from, at, target }),
        (place(), seq(), text(), any::<bool>()).prop_map(|((room, seq, from, at), target, emoji, on)| S::Reacted {
            room,
            seq,
            from,
            at,
            target,
            emoji,
            on
        }),
        (place(), text()).prop_map(|((room, seq, from, at), text)| S::Topic { room, seq, from, at, text }),
    ]
    .boxed()
}

prop_compose! {
    fn welcome()(
        (protocol, server, user, guest, session) in (any::<u32>(), text(), user(), any::<bool>(), text()),
        (epoch, text_bytes, frame_bytes, history) in (text(), count(), count(), count()),
        (users, burst, per_second) in (option::of(count()), option::of(any::<u32>()), option::of(any::<u32>())),
        (ping_seconds, typing_seconds) in (number(), number()),
        private in vec((room(), self::user(), seq(), seq()).prop_map(|(room, with, seq, read)| Private { room, with, seq, read }), 0..3),
        blocked in vec(self::user(), 0..3),
    ) -> Welcome {
        let limits = Limits { text_bytes, frame_bytes, history, users, burst, per_second };
        Welcome { protocol, server, user, guest, session, epoch: Epoch(epoch.into()), limits, ping_seconds, typing_seconds, private, blocked }
    }
}

prop_compose! {
    fn joined()(
        (room, seq, topic, read) in (room(), seq(), text(), seq()),
        (users, online) in (vec(user().prop_map(User::from), 0..3), option::of(count())),
        (recovered, more) in (any::<bool>(), any::<bool>()),
        messages in option::of(vec(message(), 0..3)),
        events in option::of(vec(logged(), 0..3)),
    ) -> Joined {
        Joined { room, seq, topic, users, online, read, recovered, more, messages, events }
    }
}

fn server_message() -> BoxedStrategy<ServerMessage> {
    use ServerMessage as S;
    let flag = any::<bool>;
    let some_retry = || option::of(number());
    let users = || vec(user().prop_map(User::from), 0..3);
    let listed = || {
        (room(), text(), count(), seq(), flag()).prop_map(|(name, topic, users, seq, private)| Room {
            name,
            topic,
            users,
            seq,
            private,
        })
    };
    prop_oneof![
        welcome().prop_map(S::Welcome).boxed(),
        joined().prop_map(S::Joined).boxed(),
        logged(),
        (room(), vec(logged(), 0..4), flag()).prop_map(|(room, events, more)| S::Events { room, events, more }),
        (room(), users(), vec(user(), 0..3), count()).prop_map(|(room, joined, left, online)| S::Presence {
            room,
            joined,
            left,
            online
        }),
        (room(), user(), flag()).prop_map(|(room, user, active)| S::Typing { room, user, active }),
        (room(), seq(), moment(), cid(), flag()).prop_map(|(room, seq, at, cid, duplicate)| S::Ack {
            room,
            seq,
            at,
            cid,
            duplicate
        }),
        room().prop_map(|room| S::Left { room }),
        (room(), vec(message(), 0..3), flag()).prop_map(|(room, messages, more)| S::History { room, messages, more }),
        (vec(message(), 0..3), flag()).prop_map(|(messages, more)| S::Found { messages, more }),
        vec(listed(), 0..3).prop_map(|rooms| S::Rooms { rooms }),
        (room(), users()).prop_map(|(room, users)| S::Users { room, users }),
        (room(), seq()).prop_map(|(room, seq)| S::Read { room, seq }),
        Just(S::Pong {}),
        vec(user(), 0..3).prop_map(|users| S::Blocked { users }),
        (text(), option::of(room())).prop_map(|(text, room)| S::Notice { text, room }),
        (select(&ErrorCode::ALL[..]), text(), some_retry()).prop_map(|(code, text, retry_ms)| S::Error { code, text, retry_ms }),
        (select(&CloseCode::ALL[..]), text(), flag(), some_retry()).prop_map(|(code, reason, reconnect, retry_ms)| S::Closing {
            code,
            reason,
            reconnect,
            retry_ms
        }),
    ]
    .boxed()
}

/// Any JSON value.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text().prop_map(Value::from)
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((text(), inner), 0..4).prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// A frame: any text, or nearly a message.
fn frame() -> BoxedStrategy<String> {
    let kinds: Vec<&'static str> = chat_protocol::client::TYPES.into_iter().chain(chat_protocol::server::TYPES).collect();
    let broken = (client_message(), any::<prop::sample::Index>(), character()).prop_map(|(message, place, c)| {
        let mut chars: Vec<char> = json::line(&message).chars().collect();
        let place = place.index(chars.len());
        chars[place] = c;
        String::from_iter(chars)
    });
    let nearly = (select(kinds), proptest::collection::btree_map("[a-z_]{2,8}", value(), 0..4)).prop_map(|(kind, mut fields)| {
        fields.insert("type".into(), kind.into());
        json::line(&fields)
    });
    let command = (select(command::COMMANDS.iter().map(|command| command.name).collect::<Vec<_>>()), text())
        .prop_map(|(name, rest)| format!("/{name} {rest}"));
    prop_oneof![
        3 => text(),
        2 => broken,
        1 => nearly,
        1 => command,
        1 => value().prop_map(|value| value.to_string()),
        1 => vec(any::<u8>(), 0..64).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
    ]
    .boxed()
}

// ---- What must come out

/// Whether a character may never be shown, said from the standards and not from the crate: controls, separators, what is in
/// Unicode's own list of what is ignorable, and blanks that pose as letters. U+200D and U+FE0F depend on their neighbours.
fn is_hostile(c: char) -> bool {
    let ignorable = matches!(u32::from(c),
        0xad | 0x34f | 0x61c | 0x115f..=0x1160 | 0x17b4..=0x17b5 | 0x180b..=0x180f | 0x200b..=0x200f | 0x202a..=0x202e
        | 0x2060..=0x206f | 0x3164 | 0xfe00..=0xfe0f | 0xfeff | 0xffa0 | 0xfff0..=0xfffb | 0x1bca0..=0x1bca3
        | 0x1d173..=0x1d17a | 0xe0000..=0xe0fff);
    c.is_control() || ignorable || matches!(c, '\u{2028}' | '\u{2029}' | '\u{2800}')
}

fn is_pictograph(c: char) -> bool {
    c.is_emoji_char()
}

/// The first thing in a shown text that should not have come through.
fn let_through(shown: &str, line_ends: bool) -> Option<String> {
    let chars: Vec<char> = shown.chars().collect();
    let mut marks = 0;
    for (place, &c) in chars.iter().enumerate() {
        let before = place.checked_sub(1).map(|place| chars[place]);
        // What a joiner joins is before the style of it.
        let styled = match before {
            Some('\u{fe0f}') => place.checked_sub(2).map(|place| chars[place]),
            _ => before,
        };
        let fine = match c {
            '\n' => line_ends,
            '\u{200d}' => {
                styled.is_some_and(|c| is_pictograph(c) && !c.is_ascii())
                    && chars.get(place + 1).is_some_and(|c| is_pictograph(*c) && !c.is_ascii())
            }
            '\u{fe0f}' => before.is_some_and(is_pictograph),
            _ => !is_hostile(c),
        };
        let mark = c.general_category_group() == GeneralCategoryGroup::Mark && c != '\u{fe0f}';
        marks = if mark { marks + 1 } else { 0 };
        if !fine || marks > 4 {
            return Some(format!("{} in {}", c.escape_unicode(), shown.escape_unicode()));
        }
    }
    None
}

fn check_display(raw: &str) {
    assert_eq!(let_through(&display::text(raw), true), None, "text of {}", raw.escape_unicode());
    assert_eq!(let_through(&display::line(raw), false), None, "line of {}", raw.escape_unicode());
    assert_eq!(let_through(&display::indented(raw), true), None, "indented {}", raw.escape_unicode());
    for longest in [0, 1, 2, 3, 5, 8, 16] {
        let clipped = display::clip(raw, longest);
        assert_eq!(let_through(&clipped, false), None, "clip of {}", raw.escape_unicode());
        assert!(clipped.chars().count() <= longest + 1, "clip of {} to {longest}", raw.escape_unicode());
    }
    assert_eq!(display::text(&display::text(raw)), display::text(raw), "shown twice: {}", raw.escape_unicode());
    for line in display::indented(raw).split('\n').skip(1) {
        assert!(line.starts_with("    "), "indented {}", raw.escape_unicode());
    }
}

/// Everything that reads, on one text: it may refuse, and it must not panic. What it says of a refusal is safe to show where
/// it quotes.
fn check_parsers(raw: &str) {
    for dialect in Dialect::ALL {
        match dialect.parse(raw) {
            Heard::Misread(misread) => {
                assert_eq!(let_through(&misread.refusal.text, false), None, "{dialect:?} of {}", raw.escape_unicode());
            }
            Heard::Value(value) => {
                let said = dialect.value(&value).expect("who hears a value answers it");
                assert_eq!(serde_json::from_str::<Value>(&said).expect("JSON")["data"], value);
            }
            Heard::Request(_) | Heard::Help(_) | Heard::Register | Heard::Quit => {}
        }
    }
    let _ = Request::decode(raw);
    let _ = ServerFrame::decode(raw);
    if let Err(error) = command::parse(raw) {
        assert_eq!(let_through(&error.to_string(), false), None, "command {}", raw.escape_unicode());
    }
    let _ = command::help(Some(raw));
    for error in [UserName::parse(raw).err(), RoomName::parse(raw).err(), UserName::known(raw).err(), RoomName::known(raw).err()]
    {
        let said = error.map(|error| error.to_string()).unwrap_or_default();
        assert_eq!(let_through(&said, false), None, "name {}", raw.escape_unicode());
    }
    let _ = (Timestamp::parse(raw), ClientId::parse(raw), fold(raw));
    for c in raw.chars() {
        assert_eq!(let_through(&display::name_of_char(c), false), None);
    }
}

/// What holds of every text that turns out to be a name.
fn check_name(raw: &str) {
    if let Ok(name) = UserName::known(raw) {
        let again = UserName::known(name.shown()).expect("a name is a name");
        assert_eq!((again.shown(), again.folded()), (name.shown(), name.folded()), "{raw:?} read again");
        assert_eq!(fold(name.folded()), name.folded(), "{raw:?} folded again");
        let folded = UserName::known(name.folded()).unwrap_or_else(|error| panic!("{raw:?} folded is no name: {error}"));
        assert_eq!(folded, name, "{raw:?} and its folded form are one name");
        assert_eq!(let_through(name.shown(), false), None);
        match UserName::parse(raw) {
            Ok(chosen) => {
                assert!(!name.is_made() && chosen == name, "only the server makes {raw:?}");
                assert!(UserName::parse(chosen.folded()).is_ok(), "{raw:?} folded is of several scripts");
            }
            Err(NameError::Scripts(_) | NameError::WrongSide) => assert!(!name.is_made(), "{raw:?}"),
            Err(error) => assert!(name.is_made(), "{raw:?}: {error}"),
        }
        let _ = name.skeleton();
    }
    if let Ok(name) = RoomName::known(raw) {
        let again = RoomName::known(name.shown()).expect("a room's name is one");
        assert_eq!((again.shown(), again.folded()), (name.shown(), name.folded()), "{raw:?} read again");
        assert_eq!(fold(name.folded()), name.folded(), "{raw:?} folded again");
        assert_eq!(let_through(name.shown(), false), None);
        assert_eq!(name.is_private(), name.pair().is_some(), "{raw:?}");
    }
}

fn check_plain(text: &str, action: bool, room: &RoomName) {
    let from = UserName::parse("alice").expect("a name");
    let said = Event::Message { text: text.into(), cid: None, reply_to: None, action };
    let edited = Event::Edited { target: Seq(1), text: text.into() };
    let topic = Event::Topic { text: text.into() };
    for event in [said, edited, topic] {
        let recorded = Recorded { room: room.clone(), seq: Seq(2), at: Timestamp(0), from: from.clone(), event, deleted: false };
        for dialect in [Dialect::Plain, Dialect::Echo] {
            let seen = dialect.recorded(&recorded).expect("plain text says what is said");
            assert!(seen.starts_with("alice") || seen.starts_with("* alice"), "{seen:?}");
            for said in [Some(seen), dialect.kept(&recorded, false, None)].into_iter().flatten() {
                assert_eq!(let_through(&said, true), None);
                for line in said.split('\n').skip(1) {
                    assert!(line.starts_with("    "), "{dialect:?}: {said:?}");
                }
            }
        }
    }
}

fn check_json(value: &Value) {
    let line = json::line(value);
    let raw = line.chars().find(|c| is_hostile(*c) || c.general_category() == GeneralCategory::Format);
    assert_eq!(raw, None, "{}", line.escape_unicode());
    assert_eq!(&serde_json::from_str::<Value>(&line).expect("JSON"), value);
}

// ---- The hostile corpus, every line of it

#[test]
fn the_hostile_corpus_goes_through_everything() {
    let corpus = hostile::corpus();
    assert!(corpus.len() > 100, "the corpus is read");
    for (_, text) in &corpus {
        check_display(text);
        check_parsers(text);
        check_name(text);
        check_json(&Value::from(text.as_str()));
        check_json(&Value::Object([(text.clone(), Value::from(text.as_str()))].into_iter().collect()));
        for room in ["general", "@alice,bob"] {
            check_plain(text, false, &RoomName::known(room).expect("a room"));
            check_plain(text, true, &RoomName::known(room).expect("a room"));
        }
    }
}

#[test]
fn the_hostile_corpus_is_hostile() {
    let shown: Vec<_> = hostile::corpus().into_iter().filter(|(_, text)| let_through(text, true).is_some()).collect();
    assert!(shown.len() > 40, "the check sees what is hostile: {}", shown.len());
}

#[test]
fn every_single_character_is_shown_safely() {
    for c in ('\0'..=char::MAX).filter(|c| *c != '\n') {
        let mut buffer = [0; 4];
        let raw: &str = c.encode_utf8(&mut buffer);
        assert_eq!(let_through(&display::text(raw), true), None, "{}", c.escape_unicode());
        assert!(!is_hostile(c) || display::is_unsafe(c), "{} is unsafe", c.escape_unicode());
        assert!(!is_hostile(c) || UserName::parse(&format!("a{c}b")).is_err(), "{} is in no name", c.escape_unicode());
    }
}

// ---- Whatever else there may be

proptest! {
    #![proptest_config(config())]

    #[test]
    fn requests_are_read_as_they_were_written(message in client_message()) {
        let line = json::line(&message);
        prop_assert_eq!(Request::decode(&line), Ok(Request::from(message)), "{}", line);
    }

    #[test]
    fn server_frames_are_read_as_they_were_written(message in server_message(), reference in option::of(text())) {
        let frame = ServerFrame { message, reference };
        let line = frame.encode();
        let read = ServerFrame::decode(&line);
        prop_assert!(read.is_ok(), "{:?} of {}", read, line);
        let read = read.expect("just seen");
        prop_assert_eq!(&read, &frame, "{}", line);
        // Names are equal when they fold alike; written again they show whether they also look alike.
        prop_assert_eq!(read.encode(), line);
    }

    #[test]
    fn nothing_that_reads_panics(frame in frame()) {
        check_parsers(&frame);
    }

    #[test]
    fn nothing_hostile_is_shown(text in text()) {
        check_display(&text);
    }

    #[test]
    fn json_lines_hold_nothing_hostile_and_lose_nothing(value in value()) {
        check_json(&value);
    }

    #[test]
    fn names_stay_what_they_are(text in nearly_a_name()) {
        check_name(&text);
    }

    #[test]
    fn names_are_equal_when_they_fold_alike(one in user(), other in user(), wide in nearly_a_name()) {
        prop_assert_eq!(one == other, one.folded() == other.folded());
        prop_assert_eq!(one.cmp(&other).is_eq(), one == other);
        if let (Ok(name), Ok(upper)) = (UserName::parse(&wide), UserName::parse(&wide.to_uppercase())) {
            prop_assert_eq!(name == upper, fold(&wide) == fold(&wide.to_uppercase()));
        }
    }

    #[test]
    fn private_rooms_belong_to_their_two(one in user(), other in user(), third in user()) {
        let room = RoomName::private(&one, &other);
        prop_assert_eq!(&room, &RoomName::private(&other, &one));
        let known = RoomName::known(room.shown());
        prop_assert_eq!(known.as_ref().map(RoomName::shown), Ok(room.shown()));
        prop_assert!(room.is_private() && room.admits(Some(&one)) && room.admits(Some(&other)) && !room.admits(None));
        prop_assert_eq!(room.admits(Some(&third)), third == one || third == other);
        prop_assert_eq!(room.other_than(&one), Some(other.clone()));
        prop_assert_eq!(room.other_than(&other), Some(one));
    }

    #[test]
    fn moments_are_read_as_they_were_written(at in moment(), anything in any::<i64>()) {
        prop_assert_eq!(Timestamp::parse(&at.to_string()), Some(at));
        prop_assert_eq!(at.to_string().len(), "2026-11-20T09:30:00.000Z".len());
        // A moment that the wire cannot write is still no reason to panic.
        let _ = Timestamp(anything).to_string();
    }

    #[test]
    fn moments_are_never_read_as_something_else(text in "[-+]?[0-9]{3,4}-[+01]?[0-9]-[+0-3]?[0-9]T[+0-2]?[0-9]:[+0-6]?[0-9]:[+0-6]?[0-9](\\.[0-9]{0,4})?Z") {
        if let Some(read) = Timestamp::parse(&text) {
            // A leap second is read as the second after it.
            prop_assume!(!text.contains(":60"));
            let whole = text.split('.').next().map(|whole| whole.trim_end_matches('Z').to_owned()).unwrap_or_default();
            prop_assert!(read.to_string().starts_with(&whole), "{} is read as {}", text, read);
        }
    }

    #[test]
    fn plain_text_never_begins_a_line_in_another_name(text in text(), action in any::<bool>(), other in option::of(user())) {
        let alice = UserName::parse("alice").expect("a name");
        let room = other.map_or_else(|| RoomName::parse("general").expect("a room"), |other| RoomName::private(&alice, &other));
        check_plain(&text, action, &room);
    }
}

/// Kept apart from the generated reactions above: two keys that look alike are two keys.
#[test]
fn reactions_that_look_alike_stay_apart() {
    let reactions: BTreeMap<&str, u8> = BTreeMap::from([("❤", 1), ("❤\u{fe0f}", 2)]);
    let read: BTreeMap<String, u8> = serde_json::from_str(&json::line(&reactions)).expect("JSON");
    assert_eq!(read.len(), 2);
}
