//! Edges that must never exist, read from the sources: who may know whom is a table here, and what is not in the code cannot be
//! gone round. The reading is itself tested on samples that break the rules.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// What a module, and everything below it, may not know; and what of that it may all the same.
struct Rule {
    of: &'static str,
    not: &'static [&'static str],
    but: &'static [&'static str],
    why: &'static str,
}

/// Everything that speaks HTTP or WebSocket.
const WIRE: [&str; 7] = ["axum", "http", "http_body_util", "hyper", "hyper_util", "tokio_tungstenite", "tungstenite"];

const RULES: &[Rule] = &[
    Rule { of: "crate::hub", not: &WIRE, but: &[], why: "who is here does not depend on how they came" },
    Rule { of: "crate::session", not: &["axum", "http", "hyper", "hyper_util"], but: &[], why: "it is handed a socket" },
    Rule { of: "crate::session::state", not: &WIRE, but: &[], why: "deciding is pure" },
    Rule { of: "crate::limits", not: &WIRE, but: &[], why: "deciding is pure" },
    Rule { of: "crate::log", not: &WIRE, but: &[], why: "what is kept does not depend on who said it how" },
    Rule { of: "crate::shard", not: &["axum", "http", "hyper", "hyper_util"], but: &[], why: "it writes sockets, and no more" },
    Rule { of: "crate::fanout", not: &WIRE, but: &[], why: "it hands on buffers" },
    Rule {
        of: "crate::hub",
        not: &["crate::"],
        but: &["crate::hub", "crate::log::Author"],
        why: "it knows names, and whose they are",
    },
    Rule {
        of: "crate::session::state",
        not: &["crate::", "tokio", "std::io", "std::net"],
        but: &[
            "crate::limits",
            "crate::log::From",
            "crate::log::Page",
            "crate::log::Position",
            "crate::log::Search",
            "crate::metrics::Reason",
            "crate::govern",
            "crate::session::state",
        ],
        why: "(state, input, now) → step",
    },
    Rule {
        of: "crate::govern",
        not: &["crate::", "tokio", "std::io"],
        but: &["crate::govern"],
        why: "a request is read, and no more",
    },
    Rule { of: "crate::limits", not: &["crate::", "tokio", "std::io", "std::net"], but: &["crate::limits"], why: "it is pure" },
    Rule {
        of: "crate::log",
        not: &["crate::"],
        but: &["crate::log", "crate::clock", "crate::metrics", "crate::realm"],
        why: "the log stands below everything",
    },
    Rule {
        of: "crate::realm",
        not: &["crate::", "tokio", "std::io", "std::net", "std::fs", "std::time"],
        but: &["crate::realm", "tokio::sync::watch", "std::net::IpAddr"],
        why: "who belongs here is (realm, decree) → realm",
    },
    Rule {
        of: "crate::admin",
        not: &["crate::http", "crate::session", "crate::shard", "crate::serve", "crate::hub", "crate::cli"],
        but: &[],
        why: "an order is carried out by the log",
    },
    Rule {
        of: "crate::console",
        not: &["crate::"],
        but: &[
            "crate::console",
            "crate::admin",
            "crate::auth::Secret",
            "crate::clock",
            "crate::journal",
            "crate::metrics::Distribution",
            "crate::office::Hand",
            "crate::roster",
            "crate::vitals",
        ],
        why: "a console is a client of the operator's orders, and of nothing else",
    },
    Rule { of: "crate::console::model", not: &WORLD, but: &[], why: "what is known is plain data" },
    Rule { of: "crate::console::update", not: &WORLD, but: &[], why: "(model, msg) → effects" },
    Rule { of: "crate::console::view", not: &WORLD, but: &[], why: "(model) → cells" },
    Rule { of: "crate::roster", not: &["crate::", "tokio", "std::io"], but: &["crate::roster"], why: "lines are sorted purely" },
    Rule { of: "crate::metrics", not: &["crate::"], but: &["crate::metrics"], why: "counting decides nothing" },
    Rule { of: "crate::log::sqlite", not: &["crate::log::memory"], but: &[], why: "two stores" },
    Rule { of: "crate::log::memory", not: &["crate::log::sqlite", "rusqlite"], but: &[], why: "two stores" },
    Rule {
        of: "crate::fanout",
        not: &["crate::hub", "crate::session", "crate::shard", "crate::http", "crate::serve", "crate::services"],
        but: &[],
        why: "it hands on what it is given",
    },
    Rule {
        of: "crate::shard",
        not: &["crate::hub", "crate::session", "crate::http", "crate::serve", "crate::services", "crate::log::Keeper"],
        but: &[],
        why: "a shard knows connections and rooms, nobody's conversation",
    },
    Rule {
        of: "crate::stream",
        not: &["crate::", "axum", "http", "hyper", "hyper_util", "tokio_tungstenite", "tungstenite"],
        but: &["crate::stream"],
        why: "bytes in, bytes out",
    },
    Rule { of: "crate::tls", not: &["crate::"], but: &["crate::tls"], why: "a certificate knows nobody who shows it" },
    Rule { of: "crate::tls", not: &WIRE, but: &[], why: "a certificate knows nobody who shows it" },
    Rule { of: "crate::proxy", not: &["crate::", "tokio"], but: &["crate::proxy"], why: "what is said is judged purely" },
    Rule { of: "crate::proxy::preamble", not: &["axum", "http", "std::io"], but: &[], why: "bytes in, an address out" },
    Rule { of: "crate::shard", not: &["rustls"], but: &[], why: "plain or with TLS, a socket is a socket" },
    Rule { of: "crate::session", not: &["rustls"], but: &[], why: "plain or with TLS, a socket is a socket" },
    Rule { of: "crate::session", not: &["crate::http", "crate::serve"], but: &[], why: "it does not know how one knocks" },
    Rule { of: "crate::http", not: &["crate::serve", "crate::hub::Manner"], but: &[], why: "requests are only judged there" },
];

/// What takes time, sockets or threads.
const WORLD: [&str; 11] = [
    "tokio",
    "tokio_tungstenite",
    "futures",
    "crossterm",
    "std::net",
    "std::fs",
    "std::io",
    "std::env",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
];

/// The same for the terminal client: what is known, how it changes and how it looks is pure, and the way to the server knows none
/// of it.
const CLIENT_RULES: &[Rule] = &[
    Rule { of: "crate::model", not: &WORLD, but: &[], why: "what is known is plain data" },
    Rule {
        of: "crate::model",
        not: &["crate::"],
        but: &["crate::model", "crate::config::Settings", "crate::keys"],
        why: "what is known knows nobody who uses it",
    },
    Rule { of: "crate::update", not: &WORLD, but: &[], why: "(model, msg) → effects" },
    Rule {
        of: "crate::update",
        not: &["crate::"],
        but: &["crate::update", "crate::model", "crate::msg", "crate::effect", "crate::keys", "crate::config::Settings"],
        why: "deciding is pure",
    },
    Rule { of: "crate::view", not: &WORLD, but: &[], why: "(model) → cells" },
    Rule {
        of: "crate::view",
        not: &["crate::"],
        but: &[
            "crate::view",
            "crate::model",
            "crate::msg",
            "crate::keys",
            "crate::theme",
            "crate::config",
            "crate::update::LOCAL_COMMANDS",
        ],
        why: "looking changes nothing",
    },
    Rule { of: "crate::keys", not: &["crate::", "crossterm", "tokio"], but: &["crate::keys"], why: "keys are data" },
    Rule {
        of: "crate::transport",
        not: &["crate::"],
        but: &["crate::transport", "crate::msg::LinkEvent", "crate::effect::Resume", "crate::token"],
        why: "the way to the server knows no model and no screen",
    },
];

/// And for what both programs in a terminal share.
const TERMINAL_RULES: &[Rule] = &[
    Rule { of: "crate::chord", not: &["crate::", "crossterm", "tokio"], but: &["crate::chord"], why: "keys are data" },
    Rule { of: "crate::theme", not: &["crate::", "crossterm", "tokio"], but: &["crate::theme"], why: "a table of styles" },
    Rule { of: "crate::text", not: &WORLD, but: &[], why: "text → cells" },
    Rule {
        of: "crate::reach",
        not: &["crate::", "ratatui", "crossterm"],
        but: &["crate::reach"],
        why: "the way knows no screen",
    },
];

/// Modules that may name an implementation of the log: what it is, and what it is told to be.
const CHOOSE_A_STORE: [&str; 5] = ["crate::log", "crate::server", "crate::config", "crate::cli", "crate::admin::client"];
/// Files that may know the composition root.
const KNOW_THE_ROOT: [&str; 3] = ["lib.rs", "main.rs", "cli.rs"];

/// A source without comments, strings and the tests at its foot.
fn bare(source: &str) -> String {
    let source = source.split("#[cfg(test)]\nmod tests").next().unwrap_or(source);
    let mut bare = String::new();
    for line in source.lines() {
        let mut text = false;
        let mut characters = line.chars().peekable();
        while let Some(character) = characters.next() {
            match character {
                '\\' if text => drop(characters.next()),
                '"' => text = !text,
                '/' if !text && characters.peek() == Some(&'/') => break,
                '\'' if !text && line.contains("'\"'") => {}
                _ if text => {}
                _ => bare.push(character),
            }
        }
        bare.push('\n');
    }
    bare
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Every path in a source with at least two parts, with the groups of `use` taken apart.
fn paths(source: &str) -> BTreeSet<String> {
    let code = bare(source).split_whitespace().collect::<Vec<_>>().join(" ");
    let mut code = code.replace(" as ", "@");
    for (spaced, close) in [("{ ", "{"), (" }", "}"), (", ", ","), (",}", "}"), (":: ", "::"), (" ::", "::")] {
        code = code.replace(spaced, close);
    }
    let mut found = BTreeSet::new();
    let mut before = ' ';
    for (place, character) in code.char_indices() {
        if is_word(character) && !is_word(before) && before != ':' {
            follow(String::new(), &code[place..], &mut found);
        }
        before = character;
    }
    found.retain(|path| path.contains("::"));
    found
}

/// Follows one path to its ends; returns what comes after it.
fn follow<'a>(path: String, code: &'a str, found: &mut BTreeSet<String>) -> &'a str {
    if let Some(mut rest) = code.strip_prefix('{') {
        while !rest.is_empty() && !rest.starts_with('}') {
            let after = follow(path.clone(), rest, found);
            rest = after.strip_prefix(',').unwrap_or(after);
            if rest.len() == after.len() && !rest.starts_with('}') {
                // Not a group of paths after all.
                return rest;
            }
        }
        return rest.strip_prefix('}').unwrap_or(rest);
    }
    let end = code.find(|c: char| !is_word(c) && c != '@').unwrap_or(code.len());
    let (name, rest) = code.split_at(end);
    let name = name.split('@').next().unwrap_or(name);
    match rest.strip_prefix("::") {
        Some(rest) => follow(format!("{path}{name}::"), rest, found),
        None => {
            found.insert(format!("{path}{name}").trim_end_matches("::self").to_owned());
            rest
        }
    }
}

/// The module that a file is: `log/sqlite/mod.rs` is `crate::log::sqlite`.
fn module(file: &str) -> String {
    let path = file.trim_end_matches(".rs").trim_end_matches("/mod");
    if path == "lib" { "crate".into() } else { format!("crate::{}", path.replace('/', "::")) }
}

/// A path as the crate's root would write it.
fn absolute(path: &str, module: &str) -> String {
    let mut module = module.to_owned();
    let mut path = path;
    if let Some(rest) = path.strip_prefix("chat_server::") {
        return format!("crate::{rest}");
    }
    let relative = path.starts_with("self::") || path.starts_with("super::");
    path = path.strip_prefix("self::").unwrap_or(path);
    while let Some(rest) = path.strip_prefix("super::") {
        path = rest;
        module.truncate(module.rfind("::").unwrap_or(module.len()));
    }
    if relative { format!("{module}::{path}") } else { path.to_owned() }
}

fn is_below(path: &str, root: &str) -> bool {
    let root = root.trim_end_matches("::");
    path == root || path.strip_prefix(root).is_some_and(|rest| rest.starts_with("::"))
}

/// What a file knows, as its crate's root would write it.
fn known(file: &str, source: &str) -> BTreeSet<String> {
    let module = module(file);
    paths(source).iter().map(|path| absolute(path, &module)).collect()
}

/// What one file knows and should not, by a table of rules.
fn broken(rules: &[Rule], file: &str, source: &str) -> Vec<String> {
    let (module, known) = (module(file), known(file, source));
    let mut found = Vec::new();
    for rule in rules.iter().filter(|rule| is_below(&module, rule.of)) {
        let forbidden =
            |path: &&String| rule.not.iter().any(|not| is_below(path, not)) && !rule.but.iter().any(|but| is_below(path, but));
        found.extend(known.iter().filter(forbidden).map(|path| format!("{file} knows {path}: {}", rule.why)));
    }
    found
}

/// What one file of the server knows and should not.
fn offences(file: &str, source: &str) -> Vec<String> {
    let module = module(file);
    let mut found = broken(RULES, file, source);
    for path in &known(file, source) {
        let store = is_below(path, "crate::log::sqlite") || is_below(path, "crate::log::memory");
        if store && !CHOOSE_A_STORE.iter().any(|chooser| is_below(&module, chooser)) {
            found.push(format!("{file} knows {path}: only the root chooses a store"));
        }
        let root = is_below(path, "crate::server") || is_below(path, "crate::Server");
        if root && module != "crate::server" && !KNOW_THE_ROOT.contains(&file) {
            found.push(format!("{file} knows {path}: nobody knows the composition root"));
        }
    }
    found
}

/// The dependencies of a manifest that are there when it runs.
fn dependencies(manifest: &str) -> Vec<String> {
    let mut inside = false;
    let mut found = Vec::new();
    for line in manifest.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[') {
            let section = section.trim_end_matches(']');
            inside = section.ends_with("dependencies") && !section.contains("dev-");
            // `[dependencies.name]`
            let named = section.split_once("dependencies.").filter(|_| !section.contains("dev-"));
            found.extend(named.map(|(_, name)| name.to_owned()));
        } else if inside && !line.is_empty() && !line.starts_with('#') {
            found.push(line.split(['=', '.', ' ']).next().unwrap_or(line).to_owned());
        }
    }
    found
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the source can be listed") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

/// The sources under a folder of the workspace, by their path from there.
fn sources(folder: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder);
    let rust = files(&root).into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "rs"));
    rust.map(|path| {
        let name = path.strip_prefix(&root).expect("it is below").display().to_string();
        (name, fs::read_to_string(&path).expect("source is text"))
    })
    .collect()
}

/// A file of tests.
fn is_test(file: &str) -> bool {
    file.split(['/', '.']).any(|part| part == "tests")
}

fn manifest(package: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(package).join("Cargo.toml")).expect("a manifest")
}

#[test]
fn nobody_knows_what_it_should_not() {
    let sources: Vec<_> = sources("server/src").into_iter().filter(|(file, _)| !is_test(file)).collect();
    assert!(sources.len() >= 40, "the source is where this test looks for it");
    let found: Vec<_> = sources.iter().flat_map(|(file, source)| offences(file, source)).collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn nobody_in_the_client_knows_what_it_should_not() {
    let sources: Vec<_> = sources("tui-client/src").into_iter().filter(|(file, _)| !is_test(file)).collect();
    assert!(sources.len() >= 40, "the source is where this test looks for it");
    let found: Vec<_> = sources.iter().flat_map(|(file, source)| broken(CLIENT_RULES, file, source)).collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn nobody_in_what_both_share_knows_what_it_should_not() {
    let sources = sources("tui-client/terminal/src");
    assert!(sources.len() >= 12, "the source is where this test looks for it");
    let found: Vec<_> = sources.iter().flat_map(|(file, source)| broken(TERMINAL_RULES, file, source)).collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn every_rule_is_about_a_module_that_exists() {
    let modules: BTreeSet<_> = sources("server/src").iter().map(|(file, _)| module(file)).collect();
    for rule in RULES {
        assert!(modules.contains(rule.of), "{} is gone, and its rule watches nothing", rule.of);
    }
    let client: BTreeSet<_> = sources("tui-client/src").iter().map(|(file, _)| module(file)).collect();
    for rule in CLIENT_RULES {
        assert!(client.contains(rule.of), "{} is gone, and its rule watches nothing", rule.of);
    }
    let terminal: BTreeSet<_> = sources("tui-client/terminal/src").iter().map(|(file, _)| module(file)).collect();
    for rule in TERMINAL_RULES {
        assert!(terminal.contains(rule.of), "{} is gone, and its rule watches nothing", rule.of);
    }
    for chooser in CHOOSE_A_STORE {
        assert!(modules.contains(chooser), "{chooser} is gone");
    }
}

#[test]
fn the_packages_stand_apart() {
    let protocol = dependencies(&manifest("protocol"));
    for strange in ["tokio", "futures", "hyper", "axum", "tokio-tungstenite", "rusqlite", "getrandom", "chat-server", "chat-tui"]
    {
        assert!(!protocol.iter().any(|name| name == strange), "protocol stands on {strange}");
    }
    assert!(!dependencies(&manifest("server")).iter().any(|name| name == "chat-tui"), "server stands on the terminal client");
    let shared = dependencies(&manifest("tui-client/terminal"));
    assert!(
        !shared.iter().any(|name| ["chat-tui", "chat-server"].contains(&name.as_str())),
        "what both share stands on one of them"
    );
    assert!(!dependencies(&manifest("tui-client")).iter().any(|name| name == "chat-server"), "the client stands on the server");
    for (file, source) in sources("protocol/src") {
        for path in paths(&source) {
            let strange = ["tokio", "std::net", "std::fs", "std::time::Instant", "std::time::SystemTime", "chat_server"];
            assert!(!strange.iter().any(|root| is_below(&path, root)), "protocol's {file} knows {path}");
        }
    }
}

#[test]
fn the_reading_finds_every_forbidden_edge() {
    for (file, source, path) in [
        ("hub/mod.rs", "use hyper::Request;", "hyper::Request"),
        (
            "hub/names.rs",
            "use tokio_tungstenite::{WebSocketStream, tungstenite::Message};",
            "tokio_tungstenite::tungstenite::Message",
        ),
        ("hub/presence.rs", "use crate::{\n    clock,\n    session::state::State,\n};", "crate::session::state::State"),
        ("hub/presence.rs", "use super::super::shard::Shard;", "crate::shard::Shard"),
        ("session/state.rs", "fn f() { let x = axum::http::StatusCode::OK; }", "axum::http::StatusCode::OK"),
        ("session/state.rs", "use crate::services::Services;", "crate::services::Services"),
        ("session/state.rs", "use crate::log::{Page, Keeper};", "crate::log::Keeper"),
        ("session/state.rs", "use super::line::Line;", "crate::session::line::Line"),
        ("limits.rs", "use crate::http::error::Refused;", "crate::http::error::Refused"),
        ("limits.rs", "pub(crate) use tokio::time as clock;", "tokio::time"),
        ("session/join.rs", "use crate::log::{Events, sqlite::Sqlite};", "crate::log::sqlite::Sqlite"),
        ("session/mod.rs", "use crate::log::memory;", "crate::log::memory"),
        ("session/mod.rs", "use crate::{http, log};", "crate::http"),
        ("log/keeper.rs", "use crate::{clock, hub::Presence};", "crate::hub::Presence"),
        ("log/mod.rs", "use crate::shard::Shard;", "crate::shard::Shard"),
        ("log/sqlite/apply.rs", "use crate::log::{rules, memory::words};", "crate::log::memory::words"),
        ("log/memory.rs", "use super::sqlite::Durability;", "crate::log::sqlite::Durability"),
        ("log/memory/read.rs", "use super::super::sqlite::Sqlite;", "crate::log::sqlite::Sqlite"),
        ("tasks/mod.rs", "use crate::server::Server;", "crate::server::Server"),
        ("http/mod.rs", "use crate::Server;", "crate::Server"),
        ("shard/rooms.rs", "fn f(_: &crate::services::Services) {}", "crate::services::Services"),
        ("fanout.rs", "use crate::{\n    // why not\n    session::{self, Opening},\n};", "crate::session"),
        ("http/ws.rs", "use crate::serve::{self, Arrival};", "crate::serve::Arrival"),
        ("stream/encrypted.rs", "use crate::tls::Certificate;", "crate::tls::Certificate"),
        ("tls/own.rs", "use crate::config::Store;", "crate::config::Store"),
        ("proxy/preamble.rs", "use std::io::Read;", "std::io::Read"),
        ("shard/connection.rs", "use rustls::ServerConnection;", "rustls::ServerConnection"),
    ] {
        let found = offences(file, source);
        let knows = format!("{file} knows {path}: ");
        assert!(found.iter().any(|offence| offence.starts_with(&knows)), "{file}: {source}: {found:?}");
    }
}

#[test]
fn the_reading_finds_forbidden_edges_of_the_client() {
    for (file, source, path) in [
        ("model/room.rs", "use std::time::{Duration, Instant};", "std::time::Instant"),
        ("model/mod.rs", "use crate::{config::Start, keys::KeyMap};", "crate::config::Start"),
        ("model/room.rs", "use crate::msg::Msg;", "crate::msg::Msg"),
        ("update/keys.rs", "use crossterm::event::KeyCode;", "crossterm::event::KeyCode"),
        ("update/rooms.rs", "use crate::transport::Command;", "crate::transport::Command"),
        ("view/bar.rs", "use crate::update::update;", "crate::update::update"),
        ("transport/socket.rs", "use crate::model::Model;", "crate::model::Model"),
    ] {
        let found = broken(CLIENT_RULES, file, source);
        let knows = format!("{file} knows {path}: ");
        assert!(found.iter().any(|offence| offence.starts_with(&knows)), "{file}: {source}: {found:?}");
    }
}

#[test]
fn the_reading_lets_pass_what_is_allowed() {
    for (file, source) in [
        ("hub/mod.rs", "//! Not [`hyper`](hyper::Request), not crate::http.\nuse crate::log::Author;\nuse tokio::sync::Notify;"),
        ("session/state.rs", "use crate::log::{From, Page};\n// crate::services::Services would be wrong here.\n"),
        ("session/state.rs", "fn f() -> &'static str { \"crate::http::Refused\" }"),
        ("limits.rs", "use std::time::{Duration, Instant};\n\n#[cfg(test)]\nmod tests {\n    use crate::http;\n}"),
        ("log/sqlite/apply.rs", "use crate::log::{Author, rules};\nuse rusqlite::Connection;"),
        ("server.rs", "use crate::log::{memory::Memory, sqlite::Sqlite};"),
        ("main.rs", "use chat_server::{Server, config::Config};"),
        ("lib.rs", "pub mod server;\npub use self::server::Server;"),
        ("cli.rs", "use crate::server::shards_for_this_machine;"),
        ("httpd.rs", "use crate::servers::Server;"),
    ] {
        assert_eq!(offences(file, source), Vec::<String>::new(), "{file}: {source}");
    }
}

#[test]
fn the_reading_of_manifests_finds_what_is_there() {
    let text = "[package]\nname = \"x\"\n[dependencies]\ntokio.workspace = true\nserde = \"1\"\n[dependencies.axum]\nversion = \"1\"\n\
                [target.'cfg(unix)'.dependencies]\nlibc = \"1\"\n[dev-dependencies]\nchat-server = { path = \"..\" }\n";
    assert_eq!(dependencies(text), ["tokio", "serde", "axum", "libc"]);
}
