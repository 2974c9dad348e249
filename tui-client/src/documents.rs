//! The tables of keys and commands in docs/terminal.md are those of the code. `UPDATE_GOLDEN=1 cargo test -p chat-tui` writes them anew.

use std::{env, fs, path::Path};

use chat_protocol::command::COMMANDS;

use crate::{
    keys::{ACTIONS, Chord, Context},
    update::LOCAL_COMMANDS,
};

fn keys() -> String {
    let mut table = String::new();
    for (context, title) in [
        (Context::Everywhere, "Everywhere"),
        (Context::Input, "The input line"),
        (Context::Select, "A selected message"),
        (Context::List, "A list"),
    ] {
        table += &format!("\n**{title}**\n\n| name | keys | |\n|---|---|---|\n");
        for about in ACTIONS.iter().filter(|about| about.context == context) {
            let keys = about.keys.iter().filter_map(|key| Chord::parse(key)).map(|chord| format!("`{chord}`"));
            let keys: Vec<_> = keys.collect();
            table += &format!("| `{}` | {} | {} |\n", about.name, keys.join(" "), about.help);
        }
    }
    table
}

fn commands() -> String {
    let row = |synopsis: String, help: &str| format!("| `{}` | {} |\n", synopsis.trim_end(), help);
    let shared = COMMANDS.iter().map(|command| row(command.synopsis(), command.help));
    let own = LOCAL_COMMANDS.iter().map(|local| row(format!("/{} {}", local.name, local.usage), local.help));
    let head = "\n| command | |\n|---|---|\n".to_owned();
    let line = "| | |\n".to_owned();
    std::iter::once(head).chain(shared).chain([line]).chain(own).collect()
}

#[test]
fn the_tables_of_the_document_are_those_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/terminal.md");
    let text = fs::read_to_string(&path).expect("the document is there");
    let mut meant = text.clone();
    for (name, table) in [("keys", keys()), ("commands", commands())] {
        let (begin, end) = (format!("<!-- {name} -->\n"), format!("\n<!-- /{name} -->"));
        let start = meant.find(&begin).expect("the table begins somewhere") + begin.len();
        let stop = meant.find(&end).expect("the table ends somewhere");
        meant.replace_range(start.min(stop)..stop, &table);
    }
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, meant).expect("the document can be written");
    } else {
        assert!(text == meant, "docs/terminal.md: UPDATE_GOLDEN=1 cargo test -p chat-tui writes it anew");
    }
}
