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
    section.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| what")).collect()
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
    ] {
        let row = row_with(&format!("| {what} |"));
        assert!(row.split('|').nth(2).is_some_and(|value| value.contains(&count(number))), "{number}: {row}");
    }
}
