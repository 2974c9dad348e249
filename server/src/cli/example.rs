//! The configuration file with everything in it, made from the definition of the command line.

use std::fmt::Write as _;

use super::keys::{Key, Shape, keys};

/// A comment's line is no longer than this, where its words let it be.
const WIDTH: usize = 100;

const HEAD: &str = "\
# The configuration of chat-server. Each key stands with what holds without it: take away the # to change it.
# A flag goes before an environment variable, and that before this file. An empty text is as good as none.
# Whether the file is right:  chat-server config check FILE
# What holds, and why:        chat-server config show --origin
";

/// What `config print` prints.
#[must_use]
pub fn example() -> String {
    let mut text = HEAD.to_owned();
    let keys = keys();
    let mut headings: Vec<&str> = Vec::new();
    for key in &keys {
        if !headings.contains(&key.heading.as_str()) {
            headings.push(&key.heading);
        }
    }
    for heading in headings {
        let _ = writeln!(text, "\n# --- {heading} ---");
        for key in keys.iter().filter(|key| key.heading == heading) {
            describe(key, &mut text);
        }
    }
    text
}

fn describe(key: &Key, text: &mut String) {
    text.push('\n');
    let mut line = "#".to_owned();
    for word in key.help.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > WIDTH {
            let _ = writeln!(text, "{line}");
            line = "#".to_owned();
        }
        line.push(' ');
        line.push_str(word);
    }
    let _ = writeln!(text, "{line}");
    if key.shape == Shape::One && !key.words.is_empty() {
        let _ = writeln!(text, "# One of: {}", key.words.join(", "));
    }
    let list = if key.shape == Shape::List { "; a list" } else { "" };
    let live = if key.is_live { "; taken up at SIGHUP" } else { "" };
    let _ = writeln!(text, "# --{}, {}{list}{live}", key.name, key.variable);
    let _ = writeln!(text, "#{} = {}", key.name, key.written(&key.default));
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::cli::File;

    /// Every assignment, taken out of its comment.
    fn uncommented() -> String {
        let is_assignment = |line: &str| line.starts_with(|c: char| c.is_ascii_lowercase()) && line.contains(" = ");
        let line = |line: &str| line.strip_prefix('#').filter(|rest| is_assignment(rest)).unwrap_or(line).to_owned() + "\n";
        example().lines().map(line).collect()
    }

    fn read(text: &str) -> File {
        let file = File::parse(Path::new("example"), text).unwrap();
        file.check().unwrap();
        file
    }

    #[test]
    fn the_example_says_what_holds_anyway() {
        assert!(read(&example()).entries.is_empty());
        for entry in read(&uncommented()).entries {
            let words: Vec<_> = entry.words().iter().map(|word| word.to_string_lossy().into_owned()).collect();
            let default: Vec<_> = entry.key.default.iter().map(|value| format!("--{}={value}", entry.key.name)).collect();
            assert_eq!(words, if entry.key.shape == Shape::Switch { Vec::new() } else { default });
        }
    }

    #[test]
    fn the_example_holds_every_key_once_with_its_flag_and_its_variable() {
        let table: toml::Table = uncommented().parse().unwrap();
        let mut names: Vec<_> = keys().into_iter().map(|key| key.name).collect();
        names.sort();
        assert_eq!(table.keys().cloned().collect::<Vec<_>>(), names);
        let text = example();
        for key in keys() {
            assert_eq!(text.matches(&format!("# --{}, {}", key.name, key.variable)).count(), 1, "{}", key.name);
        }
        assert!(text.lines().all(|line| line.chars().count() <= 110), "{text}");
    }
}
