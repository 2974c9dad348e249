//! Objects of the chat protocol that are wrong in one way each, and what each must be answered.

use chat_protocol::{command::COMMANDS, limits};
use serde_json::{Map, Value, json};

use crate::{dice::Dice, words};

/// What must come back.
pub(crate) enum Answer {
    /// An error of one of these codes, without a `ref`, before anything that is asked later is answered.
    Now(&'static [&'static str]),
    /// One answer with this `ref`: a type, or the code of an error. Of all kinds, where nothing is named.
    Ref(String, &'static [&'static str]),
    /// At most one, with or without a `ref`.
    Loose,
}

pub(crate) struct Ask {
    pub(crate) name: &'static str,
    pub(crate) frame: String,
    pub(crate) answer: Answer,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Text,
    Room,
    User,
    Cid,
    Seq,
    Limit,
    Flag,
    /// Left out it is false, and it cannot be null.
    Mark,
    Emoji,
    /// Seconds.
    Seconds,
    /// One of a few.
    Word(&'static [&'static str]),
}

use Kind::{Cid, Emoji, Flag, Limit, Mark, Room, Seconds, Seq, Text, User, Word};

const ACCESS: Kind = Word(&["public", "private"]);
const VOICE: Kind = Word(&["all", "moderators"]);
const ROLE: Kind = Word(&["member", "moderator", "owner"]);
const ACTION: Kind = Word(&["kick", "mute", "unmute", "ban", "unban"]);

/// A field, and whether it must be there.
type Field = (&'static str, Kind, bool);

/// Every type and its fields.
const TYPES: &[(&str, &[Field])] = &[
    ("hello", &[("token", Text, false), ("client", Text, false)]),
    (
        "send",
        &[("room", Room, false), ("text", Text, true), ("cid", Cid, false), ("reply_to", Seq, false), ("action", Mark, false)],
    ),
    ("private", &[("to", User, true), ("text", Text, true), ("cid", Cid, false)]),
    ("edit", &[("room", Room, false), ("seq", Seq, true), ("text", Text, true)]),
    ("delete", &[("room", Room, false), ("seq", Seq, true)]),
    ("react", &[("room", Room, false), ("seq", Seq, true), ("emoji", Emoji, true), ("on", Flag, true)]),
    ("typing", &[("room", Room, false), ("active", Flag, true)]),
    ("read", &[("room", Room, false), ("seq", Seq, true)]),
    ("join", &[("room", Room, true), ("after", Seq, false), ("epoch", Text, false)]),
    ("leave", &[("room", Room, false)]),
    ("history", &[("room", Room, false), ("before", Seq, false), ("after", Seq, false), ("limit", Limit, false)]),
    ("search", &[("query", Text, true), ("room", Room, false), ("before", Seq, false), ("limit", Limit, false)]),
    ("rooms", &[]),
    ("users", &[("room", Room, false)]),
    ("topic", &[("room", Room, false), ("text", Text, true)]),
    (
        "create",
        &[
            ("room", Room, true),
            ("access", ACCESS, false),
            ("speak", VOICE, false),
            ("topic", VOICE, false),
            ("slow", Seconds, false),
        ],
    ),
    (
        "rules",
        &[
            ("room", Room, false),
            ("access", ACCESS, false),
            ("speak", VOICE, false),
            ("topic", VOICE, false),
            ("slow", Seconds, false),
        ],
    ),
    ("rank", &[("room", Room, false), ("user", User, true), ("role", ROLE, false)]),
    (
        "moderate",
        &[
            ("action", ACTION, true),
            ("user", User, true),
            ("address", Mark, false),
            ("room", Room, false),
            ("everywhere", Mark, false),
            ("seconds", Seconds, false),
            ("reason", Text, false),
        ],
    ),
    ("deeds", &[("room", Room, false), ("everywhere", Mark, false), ("limit", Limit, false)]),
    ("block", &[("user", User, true), ("on", Flag, true)]),
    ("ping", &[]),
];

/// Never answered when all is well.
const SILENT: [&str; 3] = ["hello", "typing", "read"];

fn value(dice: &mut Dice, kind: Kind) -> Value {
    match kind {
        Text => json!(dice.word(30)),
        Room => json!(dice.pick(&["pit", "pit2", "tea", "никто", "PIT", "general"])),
        User => json!(dice.pick(&["alice", "bob", "#7", "hans", "Ann Lee"])),
        Cid => json!(dice.word(20)),
        Seq => json!(dice.below(40)),
        Limit => json!(dice.any(&[i64::MIN, -1, 0, 1, 50, 200, 201, i64::MAX])),
        Flag | Mark => json!(dice.one_in(2)),
        Emoji => json!(dice.pick(&["👍", "🇩🇪", "+1", "👩\u{200d}👩\u{200d}👧"])),
        Seconds => json!(dice.any(&[0, 1, 60, 604_800, u64::from(u32::MAX)])),
        Word(words) => json!(dice.pick(words)),
    }
}

/// What no field of this kind takes.
fn wrong_value(dice: &mut Dice, kind: Kind, required: bool) -> Value {
    let mut wrong = vec![json!([]), json!({}), json!([1]), json!({ "a": 1 }), json!(1.5)];
    match kind {
        Text | Room | User | Emoji => wrong.extend([json!(1), json!(true), json!(-7), json!(["pit"])]),
        Cid => wrong.extend([json!(1), json!(""), json!("a b"), json!("ä"), json!("x".repeat(65)), json!("\u{0}"), json!(false)]),
        Seq => wrong.extend([json!("1"), json!(-1), json!(1u64 << 53), json!(u64::MAX), json!(true), json!(1e3), json!("")]),
        Limit => wrong.extend([json!("5"), json!(u64::MAX), json!(true), json!(1e300)]),
        Seconds => wrong.extend([json!("1"), json!(-1), json!(u64::MAX as f64), json!(true), json!(1e3)]),
        Word(_) => wrong.extend([json!(0), json!(""), json!("king"), json!("Public"), json!("ban "), json!(false)]),
        Flag | Mark => wrong.extend([json!(0), json!(1), json!("true"), json!("")]),
    }
    if required || kind == Mark {
        wrong.push(Value::Null);
    }
    let place = dice.below(wrong.len());
    wrong.swap_remove(place)
}

/// An object with nothing wrong in it.
fn fine(dice: &mut Dice, kind: &str, fields: &[Field], reference: &str) -> Map<String, Value> {
    let mut object = Map::from_iter([("type".to_owned(), json!(kind)), ("ref".to_owned(), json!(reference))]);
    for (name, kind, required) in fields {
        if *required || dice.one_in(3) {
            object.insert((*name).to_owned(), value(dice, *kind));
        }
    }
    object
}

fn line(object: Map<String, Value>) -> String {
    Value::Object(object).to_string()
}

/// A text of exactly so many bytes, of characters of any width.
fn of_bytes(dice: &mut Dice, bytes: usize) -> String {
    let wide = dice.any(&['x', 'é', '山', '👍', '\u{202e}', '"']);
    let mut text = wide.to_string().repeat(bytes / wide.len_utf8());
    text += &"y".repeat(bytes - text.len());
    text
}

const ANY: &[&str] = &[];

/// Something around a limit: below, at, above.
fn around_a_limit(dice: &mut Dice, reference: String) -> Ask {
    let over = dice.any(&[-1_i64, 0, 1, 1, 7]);
    let size = |limit: usize| (limit as i64 + over) as usize;
    let too_much = over > 0;
    let within = |fine: &'static [&'static str], refused: &'static [&'static str]| if too_much { refused } else { fine };
    let (object, labels) = match dice.below(8) {
        0 => (
            json!({ "type": "send", "room": "pit", "text": of_bytes(dice, size(limits::TEXT_BYTES)) }),
            within(&["ack", "not_joined"], &["too_long", "not_joined"]),
        ),
        1 => (
            json!({ "type": "private", "to": "alice", "text": of_bytes(dice, size(limits::TEXT_BYTES)) }),
            within(&["ack", "no_such_user"], &["too_long"]),
        ),
        2 => (
            json!({ "type": "topic", "room": "pit", "text": of_bytes(dice, size(limits::TOPIC_BYTES)) }),
            within(&["ack", "not_joined"], &["too_long", "not_joined"]),
        ),
        3 => (json!({ "type": "search", "query": of_bytes(dice, size(limits::QUERY_BYTES)) }), within(&["found"], &["too_long"])),
        4 => (
            json!({ "type": "react", "room": "pit", "seq": 1, "emoji": "x".repeat(size(limits::EMOJI_BYTES)), "on": true }),
            within(&["ack", "no_such_message", "bad_request", "not_joined"], &["bad_request", "not_joined"]),
        ),
        5 => {
            let room = dice.any(&['x', 'ж', '山']).to_string().repeat(size(limits::ROOM_CHARS));
            (json!({ "type": "users", "room": room }), within(&["users"], &["bad_name"]))
        }
        6 => {
            let user = dice.any(&['x', 'ж', 'ß', 'İ']).to_string().repeat(size(limits::USER_CHARS));
            // Folded it may be longer than it is.
            let labels: &[&str] = if too_much { &["bad_name"] } else { &["no_such_user", "bad_name"] };
            (json!({ "type": "private", "to": user, "text": "hi" }), labels)
        }
        _ => {
            let cid = "x".repeat(size(limits::CID_CHARS));
            (
                json!({ "type": "send", "room": "pit", "text": "once", "cid": cid }),
                within(&["ack", "not_joined"], &["bad_request"]),
            )
        }
    };
    let mut object = object;
    object["ref"] = json!(reference);
    Ask { name: "around a limit", frame: object.to_string(), answer: Answer::Ref(reference, labels) }
}

/// A line as a person types it: text, a command, or nearly one. Not a goodbye.
fn typed(dice: &mut Dice) -> String {
    let commands: Vec<_> = COMMANDS.iter().filter(|command| command.name != "quit").collect();
    let command = commands[dice.below(commands.len())];
    let name = [&[command.name], command.aliases].concat()[dice.below(1 + command.aliases.len())];
    match dice.below(6) {
        0 => words()[dice.below(words().len())].replace(char::is_whitespace, " ").trim_start_matches(['/', '{']).to_owned(),
        1 => format!("/{}", dice.word(300)).replacen("/q", "/x", 1).replacen("/b", "/x", 1).replacen("/e", "/x", 1),
        2 => format!("/{name}"),
        3 => format!("/{name} {}", words()[dice.below(words().len())]),
        4 => format!(
            "/{name} {} {}",
            dice.any(&["7", "-1", "bob", "\"Ann Lee\"", "\"", "99999999999999999999", "#7"]),
            dice.word(20)
        ),
        _ => format!("//{name}\t{}", dice.word(9)),
    }
}

/// One ask. Its answer can be known by `reference`.
pub(crate) fn ask(dice: &mut Dice, reference: String) -> Ask {
    const BAD_JSON: Answer = Answer::Now(&["bad_json"]);
    let (kind, fields) = TYPES[dice.below(TYPES.len())];
    let mut object = fine(dice, kind, fields, &reference);
    let by_ref = |labels| Answer::Ref(reference.clone(), labels);
    let (name, frame, answer) = match dice.below(21) {
        0..=3 if !fields.is_empty() => {
            let (field, kind, required) = fields[dice.below(fields.len())];
            object.insert(field.to_owned(), wrong_value(dice, kind, required));
            ("wrong kind", line(object), by_ref(&["bad_request"]))
        }
        4 if fields.iter().any(|(_, _, required)| *required) => {
            let required: Vec<_> = fields.iter().filter(|(_, _, required)| *required).collect();
            object.remove(required[dice.below(required.len())].0);
            ("field left out", line(object), by_ref(&["bad_request"]))
        }
        5 => {
            let kind = dice.any(&["dance", "", "Send", "send ", "\u{1b}[31m\u{202e}", "__proto__", "message", "ack", "welcome"]);
            object.insert("type".into(), json!(kind));
            ("unknown type", line(object), by_ref(&["unknown_type"]))
        }
        6 => {
            let kind = dice.any(&[json!(null), json!(7), json!([]), json!({}), json!(true)].each_ref()).clone();
            object.insert("type".into(), kind);
            ("type of a wrong kind", line(object), by_ref(&["bad_request"]))
        }
        7 => {
            let bad = [json!(1), json!([]), json!({}), json!(true), json!("x".repeat(limits::REF_BYTES + 1))];
            object.insert("ref".into(), bad[dice.below(bad.len())].clone());
            ("bad ref", line(object), Answer::Now(&["bad_request"]))
        }
        8 => {
            let twice = line(object.clone());
            let (name, value) = object.iter().nth(dice.below(object.len())).expect("a field");
            let frame = format!("{{{}:{},{}", json!(name), value, &twice[1..]);
            ("key twice", frame, Answer::Loose)
        }
        9 => {
            let depth = dice.any(&[7, limits::JSON_DEPTH - 1, limits::JSON_DEPTH, 128, 200, 5000, 30_000]);
            let (open, close) = dice.any(&[("[", "]"), ("{\"a\":", "}")]);
            let depth = depth.min(limits::FRAME_BYTES / (open.len() + close.len()) - 200);
            let deep = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            let whole = line(object);
            let frame = format!("{{\"deep\":{deep},{}", &whole[1..]);
            ("depth", frame, if depth >= limits::JSON_DEPTH { BAD_JSON } else { Answer::Loose })
        }
        10 => {
            let number = dice.any(&["1e999", "-1e999", "1e", "0x10", "01", "+1", ".5", "1.", "NaN", "Infinity", "--1", "1_000"]);
            ("no number", format!("{{\"n\":{number},{}", &line(object)[1..]), BAD_JSON)
        }
        11 => {
            let number = dice.any(&["1e308", "-0", "0.1e-400", "123456789012345678901234567890", "1E+2"]);
            ("odd number", format!("{{\"n\":{number},{}", &line(object)[1..]), Answer::Loose)
        }
        12 => {
            let bad = dice.any(&[
                "\\ud800",
                "\\udc00",
                "\\ud800\\ud800",
                "\\udfff\\ud800",
                "\\uD83Dx",
                "\\x41",
                "\\u12",
                "\\ ",
                "\u{1}",
                "\n",
            ]);
            let frame = match dice.below(3) {
                0 => format!("{{\"{bad}\":1,{}", &line(object)[1..]),
                1 => format!("{{\"x\":\"{bad}\",{}", &line(object)[1..]),
                _ => format!("{{\"x\":[{{\"y\":\"a{bad}b\"}}],{}", &line(object)[1..]),
            };
            ("no string", frame, BAD_JSON)
        }
        13 => {
            let whole = line(object);
            let end = (1..whole.len()).filter(|end| whole.is_char_boundary(*end)).nth(dice.below(whole.len() - 8)).unwrap_or(1);
            ("broken off", whole[..end].to_owned(), BAD_JSON)
        }
        14 => {
            let rest = dice.any(&["x", "{}", ",", "\0", "}", "]", " 1", "//"]);
            ("more behind it", line(object) + rest, BAD_JSON)
        }
        15 => {
            let mut characters: Vec<char> = line(object).chars().collect();
            let place = dice.below(characters.len());
            characters[place] =
                dice.any(&['\0', '"', '\\', '{', '}', '[', ',', ':', '0', 'e', '-', ' ', '\u{2028}', '\u{feff}', '👍']);
            ("one character other", String::from_iter(characters), Answer::Loose)
        }
        16 => {
            let hostile = words();
            let text = &hostile[dice.below(hostile.len())];
            if let Some((field, ..)) = fields.iter().find(|(_, kind, _)| matches!(kind, Text | Room | User | Emoji)) {
                object.insert((*field).to_owned(), json!(text));
            }
            let labels = if SILENT.contains(&kind) {
                return Ask { name: "hostile words", frame: line(object), answer: Answer::Loose };
            } else {
                ANY
            };
            ("hostile words", line(object), by_ref(labels))
        }
        17 => return around_a_limit(dice, reference),
        18 => {
            let whole = line(object);
            match dice.below(3) {
                0 => ("wide space before it", format!("\u{3000}{whole}"), BAD_JSON),
                1 => ("mark of byte order", format!("\u{feff}{whole}"), Answer::Loose),
                _ => (
                    "somebody else's",
                    json!({ "type": "history", "room": "@alice,bob", "ref": reference }).to_string(),
                    by_ref(&["no_such_room"]),
                ),
            }
        }
        19 => ("typed", typed(dice), Answer::Loose),
        _ if SILENT.contains(&kind) => ("nothing wrong", line(object), Answer::Loose),
        _ => ("nothing wrong", line(object), by_ref(ANY)),
    };
    Ask { name, frame, answer }
}
