//! The promise of the crate's root, kept by reading its source: no IO, no clock, no randomness, no threads, no async, and no
//! dependency that would bring them. What the standard library may be used for is a list of what is allowed, so that a new
//! kind of impurity is found without anybody having thought of it.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Paths of the standard library that are plain data and pure functions. Hash maps are not here: their order is random.
const PURE: [&str; 13] = [
    "std::borrow",
    "std::cmp",
    "std::collections::BTreeMap",
    "std::collections::VecDeque",
    "std::collections::BTreeSet",
    "std::fmt",
    "std::hash::Hash",
    "std::hash::Hasher",
    "std::mem",
    "std::ops",
    "std::str::FromStr",
    "std::sync::Arc",
    "std::time::Duration",
];

/// The one file that writes, into a buffer: serde_json's formatter is made of these.
const PURE_IN_JSON: [&str; 3] = ["std::io", "std::io::Write", "std::io::Result"];

/// Words that are no path and yet reach outside, or that make a promise about when something runs.
const IMPURE_WORDS: [&str; 20] = [
    "async",
    "await",
    "dbg",
    "eprint",
    "eprintln",
    "env",
    "extern",
    "getrandom",
    "include_bytes",
    "include_str",
    "io",
    "option_env",
    "print",
    "println",
    "rand",
    "thread_local",
    "thread",
    "tokio",
    "unsafe",
    "HashMap",
];

/// What the crate may stand on, and what for.
const DEPENDENCIES: [&str; 8] = [
    "caseless",
    "serde",
    "serde_json",
    "thiserror",
    "unicode-normalization",
    "unicode-properties",
    "unicode-script",
    "unicode-security",
];

/// What its tests may use besides.
const DEV_DEPENDENCIES: [&str; 1] = ["proptest"];

/// Every path of the standard library in a source, with the groups of `use` taken apart.
fn standard_paths(code: &str) -> BTreeSet<String> {
    let mut code = code.split_whitespace().collect::<Vec<_>>().join(" ").replace(" as ", "@");
    for (spaced, close) in [("{ ", "{"), (" }", "}"), (", ", ","), (" ,", ","), (":: ", "::"), (" ::", "::")] {
        code = code.replace(spaced, close);
    }
    let mut paths = BTreeSet::new();
    for root in ["std::", "core::", "alloc::"] {
        for (place, _) in code.match_indices(root) {
            let before = code[..place].chars().next_back();
            if !before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
                // `core` and `alloc` are `std` by other names.
                branches("std::", &code[place + root.len()..], &mut paths);
            }
        }
    }
    // `use std as s`, `use {std as s}`: nothing of it could be seen.
    paths.extend(code.contains("std@").then(|| "std as …".to_owned()));
    paths
}

/// Follows one path to its ends, and returns what comes after it.
fn branches<'a>(path: &str, code: &'a str, paths: &mut BTreeSet<String>) -> &'a str {
    if let Some(mut rest) = code.strip_prefix('{') {
        while !rest.starts_with('}') && !rest.is_empty() {
            rest = branches(path, rest, paths);
            rest = rest.strip_prefix(',').unwrap_or(rest);
        }
        return rest.strip_prefix('}').unwrap_or(rest);
    }
    let end = code.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '*' || c == '@')).unwrap_or(code.len());
    let (name, rest) = code.split_at(end);
    if name.is_empty() {
        // What no path goes on with: taken as it is, so that a list cannot stand still.
        return rest.get(1..).unwrap_or("");
    }
    let name = name.split('@').next().unwrap_or(name);
    match rest.strip_prefix("::") {
        Some(rest) => branches(&format!("{path}{name}::"), rest, paths),
        None => {
            let whole = format!("{path}{name}");
            paths.insert(whole.trim_end_matches("::self").to_owned());
            rest
        }
    }
}

/// What is impure in one file of the crate.
fn impurities(file: &str, source: &str) -> Vec<String> {
    let code: String =
        source.lines().filter(|line| !line.trim_start().starts_with("//")).fold(String::new(), |code, line| code + line + "\n");
    let json = file == "json.rs";
    let pure = |path: &str| {
        let allowed = |root: &&str| path == *root || path.strip_prefix(*root).is_some_and(|rest| rest.starts_with("::"));
        PURE.iter().any(allowed) || (json && PURE_IN_JSON.contains(&path))
    };
    let mut found: Vec<_> = standard_paths(&code).into_iter().filter(|path| !pure(path)).collect();
    for word in code.split(|c: char| !(c.is_alphanumeric() || c == '_')) {
        if IMPURE_WORDS.contains(&word) && !(json && word == "io") {
            found.push(word.to_owned());
        }
    }
    found.into_iter().map(|what| format!("{file}: {what}")).collect()
}

/// What the crate's manifest brings in beyond the lists.
fn strange_dependencies(manifest: &str) -> Vec<String> {
    let mut section = "";
    let mut found = vec![];
    for line in manifest.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(header) = line.strip_prefix('[') {
            section = header.trim_end_matches(']');
            let known = ["package", "dependencies", "dev-dependencies", "lints"].contains(&section);
            found.extend((!known).then(|| format!("a section [{section}]")));
            continue;
        }
        let name = line.split(['=', '.', ' ']).next().unwrap_or(line).trim_matches('"');
        let fine = match section {
            "dependencies" => DEPENDENCIES.contains(&name) && !line.contains("package"),
            "dev-dependencies" => DEV_DEPENDENCIES.contains(&name),
            "package" => name != "build",
            _ => true,
        };
        found.extend((!fine).then(|| format!("[{section}] {line}")));
    }
    found
}

fn crate_root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file under a folder, with its path from there.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![];
    for entry in fs::read_dir(folder).expect("the source can be listed") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

#[test]
fn the_crate_is_plain_data_and_pure_functions() {
    let source = crate_root().join("src");
    let files = files(&source);
    assert!(files.len() >= 15, "the source is where this test looks for it");
    let mut found = vec![];
    for path in files {
        let name = path.strip_prefix(&source).expect("a file of the source").display().to_string();
        found.extend(impurities(&name, &fs::read_to_string(&path).expect("source is text")));
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn the_crate_stands_on_nothing_that_reaches_outside() {
    let manifest = fs::read_to_string(crate_root().join("Cargo.toml")).expect("the manifest");
    assert_eq!(strange_dependencies(&manifest), Vec::<String>::new());
    assert!(!crate_root().join("build.rs").exists(), "a build script runs outside every promise");
}

#[test]
fn the_search_finds_what_is_impure() {
    for (source, what) in [
        ("use std::fs;", "std::fs"),
        ("use std::{fmt, fs::File};", "std::fs::File"),
        ("use std::{\n    fmt,\n    net::{TcpStream, UdpSocket},\n};", "std::net::UdpSocket"),
        ("use std::time::{Duration, Instant};", "std::time::Instant"),
        ("fn now() { std::time::SystemTime::now(); }", "std::time::SystemTime::now"),
        ("use ::std::env;", "std::env"),
        ("use std::{self as s, fmt};", "std"),
        ("use std as s;", "std as …"),
        ("use std::time as t;", "std::time"),
        ("use std::*;", "std::*"),
        ("use std::sync::*;", "std::sync::*"),
        ("use std::sync::{Arc, Mutex};", "std::sync::Mutex"),
        ("use core::sync::atomic::AtomicU64;", "std::sync::atomic::AtomicU64"),
        ("use std::collections::{BTreeMap, HashMap};", "std::collections::HashMap"),
        ("std::thread::spawn(f);", "std::thread::spawn"),
        ("use std::io::Write;", "std::io::Write"),
        ("println!(\"hi\");", "println"),
        ("let at = tokio::time::Instant::now();", "tokio"),
        ("async fn later() {}", "async"),
        ("let n: u8 = rand::random();", "rand"),
        ("getrandom::fill(&mut key);", "getrandom"),
        ("let home = env!(\"HOME\");", "env"),
    ] {
        let found = impurities("time.rs", source);
        assert!(found.contains(&format!("time.rs: {what}")), "{source}: {found:?}");
    }
    assert_eq!(impurities("json.rs", "use std::io::{self, Read};"), ["json.rs: std::io::Read"]);
}

#[test]
fn the_search_lets_pass_what_is_pure() {
    for source in [
        "//! No `std::fs`, no clock.\n    // println!() would be wrong here.",
        "use std::{borrow::Cow, cmp::Ordering, fmt::{self, Write as _}, hash::{Hash, Hasher}, sync::Arc};",
        "use std::time::Duration;\nconst LONG: Duration = Duration::from_secs(1);",
        "#[serde(skip_serializing_if = \"std::ops::Not::not\")]",
        "let word = std::mem::take(&mut self.0);",
    ] {
        assert_eq!(impurities("names.rs", source), Vec::<String>::new(), "{source}");
    }
    assert_eq!(impurities("json.rs", "use std::io::{self, Write};"), Vec::<String>::new());
}

#[test]
fn the_search_finds_strange_dependencies() {
    for (manifest, what) in [
        ("[dependencies]\ntokio.workspace = true", "[dependencies] tokio.workspace = true"),
        ("[dependencies]\nserde = { package = \"rand\" }", "[dependencies] serde = { package = \"rand\" }"),
        ("[dependencies.tokio]\nversion = \"1\"", "a section [dependencies.tokio]"),
        ("[target.'cfg(unix)'.dependencies]\nlibc = \"1\"", "a section [target.'cfg(unix)'.dependencies]"),
        ("[build-dependencies]\ncc = \"1\"", "a section [build-dependencies]"),
        ("[dev-dependencies]\ntokio = \"1\"", "[dev-dependencies] tokio = \"1\""),
        ("[package]\nbuild = \"make.rs\"", "[package] build = \"make.rs\""),
    ] {
        assert_eq!(strange_dependencies(manifest), [what], "{manifest}");
    }
    assert!(strange_dependencies("[package]\nname = \"x\"\n\n[dependencies]\nserde.workspace = true").is_empty());
}
