//! The table of limits in `docs/operations.md` is whole and true: every flag of that heading stands in it with its variable and
//! its default, and every fixed number that a peer can run into.

use chat_protocol::limits;
use chat_server::cli::Arguments;
use clap::CommandFactory;

const DOCUMENT: &str = include_str!("../../docs/operations.md");

/// The rows of the table under that heading.
fn rows() -> Vec<&'static str> {
    let section = DOCUMENT.split("\n## Limits\n").nth(1).expect("a section about limits");
    let section = section.split("\n## ").next().expect("its text");
    section.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| what |")).collect()
}

#[track_caller]
fn row_with(words: &str) -> &'static str {
    let found: Vec<_> = rows().into_iter().filter(|row| row.contains(words)).collect();
    assert_eq!(found.len(), 1, "{words}: {found:#?}");
    found[0]
}

#[test]
fn every_flag_stands_in_the_table_with_its_variable_and_its_default() {
    let command = Arguments::command();
    let flags: Vec<_> = command.get_arguments().filter(|flag| flag.get_help_heading() == Some("Limits")).collect();
    assert_eq!(flags.len(), 9);
    for flag in flags {
        let row = row_with(&format!("| `--{}`, ", flag.get_long().expect("a long flag")));
        let variable = flag.get_env().and_then(|name| name.to_str()).expect("a variable");
        assert!(row.contains(&format!("`{variable}`")), "{variable}: {row}");
        let default = flag.get_default_values()[0].to_str().expect("a default");
        assert!(row.contains(&format!("`{default}`")), "{default}: {row}");
    }
}

#[test]
fn every_flag_in_the_table_is_one() {
    let command = Arguments::command();
    for row in rows() {
        for (place, _) in row.match_indices("`--") {
            let name = row[place + 3..].split('`').next().expect("a name");
            assert!(command.get_arguments().any(|flag| flag.get_long() == Some(name)), "--{name}");
        }
    }
}

#[test]
fn what_is_fixed_is_what_the_table_says() {
    let count =
        |number: usize| if number >= 1000 { format!("{},{:03}", number / 1000, number % 1000) } else { number.to_string() };
    for (what, number) in [
        ("one frame, and one message", limits::FRAME_BYTES),
        ("one text", limits::TEXT_BYTES),
        ("a topic", limits::TOPIC_BYTES),
        ("a search", limits::QUERY_BYTES),
        ("a reaction", limits::EMOJI_BYTES),
        ("reactions to one message", limits::REACTIONS_PER_MESSAGE),
        ("a `ref`", limits::REF_BYTES),
        ("arrays and objects in each other", limits::JSON_DEPTH),
        ("messages of one page", limits::HISTORY),
        ("rooms of one connection", limits::ROOMS_PER_CONNECTION),
        ("a `cid`", limits::CID_CHARS),
        ("a name of a user, of a room", limits::USER_CHARS),
        ("a name of a user, of a room", limits::ROOM_CHARS),
    ] {
        let row = row_with(&format!("| {what} |"));
        assert!(row.split('|').nth(2).is_some_and(|value| value.contains(&count(number))), "{number}: {row}");
    }
}

/// Those that are no business of the protocol, by where they are written down: who changes one reads here what else says it.
const ELSEWHERE: &[(&str, &str, &str, &str)] = &[
    ("rooms with rules", "realm/ruling.rs", "const ROOMS: usize = 10_000;", "10,000;"),
    ("rooms with rules", "realm/ruling.rs", "const OWNED: usize = 100;", "; 100 "),
    ("members of one room", "realm/ruling.rs", "const PEOPLE: usize = 10_000;", "10,000"),
    ("seconds between two messages", "realm/ruling.rs", "const SLOWEST: u32 = 6 * 3600;", "21,600"),
    ("penalties at a time", "realm/ruling.rs", "const SENTENCES: usize = 100_000;", "100,000 each"),
    ("penalties at a time", "realm/ruling.rs", "const SENTENCES_EACH: usize = 1_000;", "; 1,000 "),
    ("a reason", "realm/ruling.rs", "const REASON: usize = 500;", "500 bytes"),
    ("addresses of one user", "office.rs", "const ADDRESSES: usize = 8;", " 8 "),
    ("deeds told at once", "govern.rs", "const DEEDS_MOST: usize = 200;", "200"),
    ("people whom one has blocked", "log/rules.rs", "const BLOCKS: usize = 500;", "500"),
    ("accounts |", "realm/decree.rs", "const ACCOUNTS: usize = 100_000;", "100,000"),
    ("tokens of an account", "realm/decree.rs", "const TOKENS_EACH: usize = 100;", " 100;"),
    ("tokens of an account", "http/login.rs", "const REMEMBERED: usize = 50;", "; 50 "),
    ("what a token or an invitation", "realm/decree.rs", "const LABEL: usize = 100;", "100 bytes"),
    ("open invitations", "realm/invitation.rs", "const INVITATIONS: usize = 1000;", " 1,000;"),
    ("open invitations", "realm/invitation.rs", "const MOST_USES: u32 = 1000;", "; 1,000 "),
    ("a password |", "passwords.rs", "const SHORTEST: usize = 8;", "8 characters"),
    ("a password |", "passwords.rs", "const LONGEST: usize = 1024;", "1,024 bytes"),
    ("passwords compared", "passwords.rs", "const AT_ONCE: usize = 2;", " 2,"),
    ("passwords compared", "passwords.rs", "const WAITING: usize = 32;", "32 wait"),
    ("attempts to log in, of one address", "passwords.rs", "const OF_ADDRESS: Rate = Rate::new(50, 1);", " 5, and 1 in 10 s"),
    ("attempts to log in by one name", "passwords.rs", "const OF_ACCOUNT: Rate = Rate::new(300, 5);", " 30, and 1 in 2 s"),
    ("tasks that wait", "tasks/mod.rs", "const QUEUE: usize = 16;", " 16;"),
    ("tasks that wait", "tasks/worker.rs", "const REMEMBERED: usize = 20;", "; 20,"),
    ("tasks that wait", "tasks/worker.rs", "const REMEMBERED_IN_ALL: usize = 500;", ", 500 "),
    ("one line of a transcript", "tasks/import.rs", "const LINE: u64 = 256 * 1024;", "262,144 bytes"),
    ("a request's first line and headers", "serve.rs", "const HEADER_BYTES: usize = 8 * 1024;", "8,192 bytes"),
    ("time for a request's headers", "serve.rs", "const HEADER_WITHIN: Duration = Duration::from_secs(5);", "5 s"),
    ("time for a request's body", "http/api.rs", "const BODY_WITHIN: Duration = Duration::from_secs(10);", "10 s"),
    ("time for `hello`", "session/entry.rs", "const CREDENTIAL_WITHIN: Duration = Duration::from_secs(10);", "10 s"),
    ("frames of one message", "session/boundary.rs", "const MOST_FRAMES: u8 = 64;", "64"),
    (
        "time from the first byte of a message",
        "session/line.rs",
        "const MESSAGE_WITHIN: Duration = Duration::from_secs(10);",
        "10 s",
    ),
    ("what waits for one connection", "shard/outbox.rs", "const QUEUE: usize = 256 * 1024;", "256 KiB"),
    ("what waits for one connection", "shard/outbox.rs", "const QUEUE_MOVING: usize = 1024 * 1024;", "1 MiB"),
    ("what waits for one connection", "shard/outbox.rs", "const STANDSTILL: Duration = Duration::from_secs(2);", "for 2 s"),
    ("what is heard after the server", "session/line.rs", "const GOODBYE_WITHIN: Duration = Duration::from_secs(5);", "5 s;"),
    ("what is heard after the server", "session/line.rs", "const GOODBYE_BYTES: usize = 128 * 1024;", "128 KiB"),
    ("what is heard after the server", "session/line.rs", "const HANG_UP_BYTES: usize = 16 * 1024 * 1024;", "16 MiB"),
    ("what is heard after the server", "session/line.rs", "const FLOOD_BYTES: usize = 1024 * 1024;", "1 MiB of a flood"),
    (
        "what is heard after the server",
        "session/line.rs",
        "const HANG_UP_WITHIN: Duration = Duration::from_millis(500);",
        "0.5 s",
    ),
    ("connections that one address begins", "admission/mod.rs", "const A_FLOOD: u32 = 20;", "counts as 20"),
    ("connections that one address begins", "admission/mod.rs", "const TOLD: Rate = Rate::new(32, 16);", "16 a second"),
];

#[test]
fn what_is_fixed_elsewhere_is_what_the_table_says() {
    for (what, file, constant, shown) in ELSEWHERE {
        let path = format!("{}/src/{file}", env!("CARGO_MANIFEST_DIR"));
        let source = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert!(source.contains(constant), "{file} has another `{constant}`: the table in docs/operations.md says {shown}");
        let row = row_with(&format!("| {what}"));
        assert!(row.split('|').skip(2).any(|cell| format!("{cell} ").contains(shown)), "{shown}: {row}");
    }
}
