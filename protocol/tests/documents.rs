//! The documents tell the truth: every JSON example of `docs/protocol.md` is a golden file, word for word.

use std::{collections::HashMap, fs, path::Path};

fn golden() -> HashMap<String, String> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut files = HashMap::new();
    for kind in ["client", "server", "task"] {
        for file in fs::read_dir(golden.join(kind)).expect("the golden files are there").flatten() {
            let text = fs::read_to_string(file.path()).expect("a golden file is text");
            files.insert(text.trim_end().to_owned(), format!("{kind}/{}", file.file_name().display()));
        }
    }
    files
}

#[test]
fn every_reserved_word_is_told() {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/protocol.md");
    let text = fs::read_to_string(document).unwrap();
    let (_, after) = text.split_once("*Reserved*").expect("the paragraph is there");
    let told = after.split("\nRooms").next().unwrap_or_default();
    let words: Vec<_> = told
        .rsplit(": ")
        .next()
        .unwrap_or_default()
        .split(", ")
        .map(|word| word.trim_end_matches('.').trim_matches('`'))
        .collect();
    let reserved: Vec<_> = chat_protocol::names::RESERVED.iter().map(|row| row.word).collect();
    assert_eq!(words, reserved);
}

#[test]
fn every_example_is_a_golden_file() {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/protocol.md");
    let text = fs::read_to_string(document).unwrap();
    let golden = golden();
    let examples: Vec<_> = text.split("```json\n").skip(1).filter_map(|rest| rest.split_once("\n```")).collect();
    assert!(examples.len() > 10, "the document shows by example");
    for (example, _) in examples {
        assert!(golden.contains_key(example), "no golden file says\n{example}");
    }
}
