//! What `packaging/Containerfile` says is so: an image is made where there is a builder, and that is not everywhere. Its steps name
//! files, a compiler, variables and a port, and those are here.

use std::{fs, path::Path};

use chat_server::cli::{Arguments, is_variable};
use clap::CommandFactory as _;

/// Instructions and what stands behind them, with lines that go on joined.
fn instructions() -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/Containerfile");
    let text = fs::read_to_string(path).expect("a Containerfile").replace("\\\n", " ");
    let lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    lines
        .map(|line| line.split_once(' ').map(|(what, rest)| (what.to_owned(), rest.to_owned())).expect("an instruction"))
        .collect()
}

/// What stands behind each of these.
fn all(what: &str) -> Vec<String> {
    instructions().into_iter().filter(|(one, _)| one == what).map(|(_, rest)| rest).collect()
}

#[test]
fn what_is_copied_from_the_sources_is_there_and_enough_for_the_build() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let copied: Vec<_> = all("COPY").into_iter().filter(|rest| !rest.starts_with("--")).collect();
    let sources: Vec<&str> = copied.iter().flat_map(|rest| rest.split(' ').rev().skip(1)).collect();
    assert!(sources.iter().all(|source| root.join(source).exists()), "{sources:?}");
    // Cargo wants every member of the workspace, whichever is built.
    let manifest: toml::Table = fs::read_to_string(root.join("Cargo.toml")).expect("a manifest").parse().expect("TOML");
    for member in manifest["workspace"]["members"].as_array().expect("members") {
        let member = Path::new(member.as_str().expect("a name"));
        assert!(sources.iter().any(|source| member.starts_with(source)), "{member:?}: {sources:?}");
    }
    assert!(sources.contains(&"Cargo.lock") && sources.contains(&".cargo"), "{sources:?}");
    let compiler = manifest["workspace"]["package"]["rust-version"].as_str().expect("a version");
    assert!(all("FROM").iter().any(|from| from.starts_with(&format!("rust:{compiler}-alpine "))), "{:?}", all("FROM"));
}

#[test]
fn what_is_built_is_what_is_copied_and_started() {
    let run = all("RUN").join(" ");
    let taken: Vec<_> = all("COPY").into_iter().filter(|rest| rest.starts_with("--from=build")).collect();
    assert_eq!(taken.len(), 2);
    for copy in taken {
        let made = copy.split(' ').find(|word| word.starts_with("/image/")).expect("from where");
        assert!(run.contains(made), "{made}: {run}");
    }
    assert!(run.contains("-p chat-server ") && run.contains("target/release/chat-server /image/chat-server"), "{run}");
    assert_eq!(all("ENTRYPOINT"), ["[\"/chat-server\"]"]);
    assert_eq!(all("STOPSIGNAL"), ["SIGTERM"]);
}

#[test]
fn its_variables_its_port_and_its_directory_are_those_of_the_server() {
    let set = all("ENV").join(" ");
    let set: Vec<_> = set.split(' ').filter_map(|one| one.split_once('=')).collect();
    assert!(set.iter().all(|(name, _)| is_variable(name)), "{set:?}");
    assert!(set.contains(&("CHAT_DATA_DIR", all("VOLUME")[0].as_str())), "{set:?}");
    let command = Arguments::command();
    let port = command.get_arguments().find(|arg| arg.get_long() == Some("port")).expect("a flag").get_default_values();
    assert_eq!(all("EXPOSE"), [port[0].to_str().expect("a number")]);
}
