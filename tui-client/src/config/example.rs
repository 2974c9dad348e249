//! The configuration with everything in it: written by hand where there is something to say, and the keys from their own table.

use std::fmt::Write as _;

use crate::keys::{ACTIONS, Context};

/// What `--print-config` prints.
pub(crate) fn example() -> String {
    let mut text = include_str!("example.toml").to_owned();
    let mut section = None;
    for about in ACTIONS {
        if section.replace(about.context) != Some(about.context) {
            let place = match about.context {
                Context::Everywhere => "Everywhere",
                Context::Input => "In the input line",
                Context::Select => "With a message selected",
                Context::List => "In a list",
            };
            let _ = writeln!(text, "\n# {place}:");
        }
        let keys = about.keys.iter().map(|key| format!("\"{key}\"")).collect::<Vec<_>>().join(", ");
        let assignment = format!("#{} = [{keys}]", about.name);
        let _ = writeln!(text, "{assignment:<52} # {}", about.help);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::File,
        keys::KeyMap,
        theme::{Depth, Theme},
    };

    /// Every assignment, taken out of its comment.
    fn uncommented() -> String {
        let is_assignment = |line: &str| line.starts_with(|c: char| c.is_ascii_lowercase()) && line.contains(" = ");
        let line = |line: &str| line.strip_prefix('#').filter(|rest| is_assignment(rest)).unwrap_or(line).to_owned() + "\n";
        example().lines().map(line).collect()
    }

    #[test]
    fn the_example_says_what_holds_anyway() {
        assert_eq!(File::parse(&example()).unwrap(), File::default());
        let mut file = File::parse(&uncommented()).unwrap();
        let keys: Vec<_> = std::mem::take(&mut file.keys).into_iter().collect();
        assert_eq!(keys.len(), ACTIONS.len());
        assert_eq!(KeyMap::new(&keys).unwrap(), KeyMap::default());
        assert_eq!(file, File::default());
    }

    #[test]
    fn the_example_holds_every_key() {
        let table: toml::Table = uncommented().parse().unwrap();
        let names = |table: &toml::Table| table.keys().cloned().collect::<Vec<_>>();
        // What a section knows is what it lists when it is given something that it does not know.
        for section in ["", "look", "alerts", "typing", "theme"] {
            let head = if section.is_empty() { String::new() } else { format!("[{section}]\n") };
            let error = File::parse(&format!("{head}nonsense = 1")).unwrap_err();
            let known: Vec<_> = error.split('\'').skip(3).step_by(2).map(str::to_owned).collect();
            let mut found = if section.is_empty() { names(&table) } else { names(table[section].as_table().unwrap()) };
            let mut known = known;
            found.sort();
            known.sort();
            assert!(known.len() > 1, "{error}");
            assert_eq!(found, known, "[{section}]");
        }
    }

    #[test]
    fn the_example_names_every_part_of_the_theme() {
        let error = Theme::build(true, Depth::True, &[("nonsense".into(), "red".into())]).unwrap_err();
        let (_, names) = error.split_once("there are: ").unwrap();
        let text = example();
        let (_, words) = text.split_once("The parts: ").unwrap();
        let words: Vec<_> = words.split(|c: char| !c.is_ascii_alphabetic() && c != '-').collect();
        assert!(names.split(", ").count() > 10, "{error}");
        for name in names.split(", ") {
            assert!(words.contains(&name), "{name}");
        }
    }
}
