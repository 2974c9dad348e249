//! What `docs/operations.md` says of the log is whole and true: every line that the server writes there as a warning or an error has
//! its row, with its level, and no row is about a line that nobody writes.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

const DOCUMENT: &str = include_str!("../../docs/operations.md");

fn sources(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

/// The last text between quotes in a call that begins here: a macro of `tracing` ends with its words.
fn words(call: &str) -> String {
    let (mut depth, mut quoted, mut last, mut text) = (0, false, String::new(), String::new());
    let mut letters = call.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if quoted => text.extend(letters.next()),
            '"' if quoted => {
                quoted = false;
                last = std::mem::take(&mut text);
            }
            '"' => quoted = true,
            other if quoted => text.push(other),
            '(' => depth += 1,
            ')' if depth == 1 => break,
            ')' => depth -= 1,
            _ => {}
        }
    }
    last
}

/// What a source writes, with the levels.
fn written(source: &str) -> Vec<(String, String)> {
    let source = source.split("#[cfg(test)]\nmod tests {").next().expect("its beginning");
    let mut found = Vec::new();
    for level in ["warn", "error"] {
        for (place, call) in source.match_indices(&format!("{level}!(")) {
            let words = words(&source[place + call.len() - 1..]);
            found.push((level.to_owned(), words));
        }
    }
    found
}

/// What the document explains.
fn explained() -> BTreeSet<(String, String)> {
    let section = DOCUMENT.split("\n## What the log says\n").nth(1).expect("a section about the log");
    let section = section.split("\n## ").next().expect("its text");
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| {
        let (words, rest) = row.split_once("` | ").expect("a line of the log");
        let (level, meaning) = rest.split_once(" | ").expect("a level");
        assert!(meaning.split(" | ").all(|cell| cell.trim_end_matches(" |").len() > 3), "{words}: it says too little");
        (level.to_owned(), words.to_owned())
    })
    .collect()
}

#[test]
fn every_warning_and_every_error_is_explained_and_nothing_else_is() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = sources(&root);
    assert!(files.len() > 80, "the sources are where this test looks for them");
    let written: BTreeSet<_> =
        files.iter().flat_map(|path| written(&fs::read_to_string(path).expect("source is text"))).collect();
    assert!(written.len() > 20, "{written:?}");
    let explained = explained();
    let (missing, gone): (Vec<_>, Vec<_>) = (written.difference(&explained).collect(), explained.difference(&written).collect());
    assert!(missing.is_empty(), "docs/operations.md, What the log says, has no row for these: {missing:#?}");
    assert!(gone.is_empty(), "docs/operations.md, What the log says, has rows for what nobody writes: {gone:#?}");
}

#[test]
fn the_reading_finds_the_words_of_a_call() {
    let source = "fn f() {\n    tracing::warn!(%error, name = f(\"x\"), \"one \\\"thing\\\"; (another)\");\n\
                  Err(error) => return tracing::error!(error, \"two\"),\n}\n#[cfg(test)]\nmod tests {\n    warn!(\"three\")\n}\n";
    let (warn, error) = (("warn".into(), "one \"thing\"; (another)".into()), ("error".into(), "two".into()));
    assert_eq!(written(source), [warn, error]);
}
