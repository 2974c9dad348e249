//! What the program prints for shells and for `man` is of use to them.

use std::{fs, path::Path, process::Command};

const PROGRAM: &str = env!("CARGO_BIN_EXE_chat-server");

fn printed(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).env("CHAT_CONFIG", "/dev/null").output().expect("it runs");
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// What a bash offers for the last of these words, in the order in which it does.
fn offered(script: &str, words: &[&str]) -> Vec<String> {
    let complete = r#"
        source /dev/stdin
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
function=$(complete -p chat-server) function=${function#*-F } function=${function%% *}
        "$function" chat-server "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let mut bash = Command::new("bash");
    bash.args(["--norc", "-c", complete, "bash"]).args(words);
    let mut bash =
        bash.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).spawn().expect("there is a bash");
    std::io::Write::write_all(&mut bash.stdin.take().expect("a stdin"), script.as_bytes()).expect("it reads the script");
    let output = bash.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("UTF-8").lines().map(str::to_owned).collect()
}

#[test]
fn a_bash_completes_flags_commands_and_values() {
    let script = printed(PROGRAM, &["completions", "bash"]);
    for (words, expected) in [
        (&["chat-server", "--max-p"][..], &["--max-per-ip"][..]),
        (&["chat-server", "--durability", ""], &["full", "normal"]),
        (&["chat-server", "acc"], &["account"]),
        (&["chat-server", "account", "token", "ne"], &["new"]),
        (&["chat-server", "account", "add", "--ro"], &["--role"]),
        (&["chat-server", "config", "show", "--or"], &["--origin"]),
    ] {
        assert_eq!(offered(&script, words), expected, "{words:?}");
    }
}

#[test]
fn the_manual_is_printed_or_written_page_by_page() {
    let directory = tempfile::tempdir().expect("a directory");
    let place = directory.path().join("new/man1");
    assert_eq!(printed(PROGRAM, &["man", "--out", place.to_str().expect("a path")]), "");
    let page = fs::read_to_string(place.join("chat-server.1")).expect("a page");
    assert_eq!(page, printed(PROGRAM, &["man"]));
    assert!(place.join("chat-server-account-token-new.1").exists());
}

/// What groff and man say of pages: nothing, if they are right.
fn said_by_man(page: &Path) -> String {
    let mut man = Command::new("man");
    man.args(["--warnings=w,mac,reg", "-E", "UTF-8", "-l", "-Tutf8", "-Z"]).arg(page).env("MANROFFSEQ", "").env("MANWIDTH", "80");
    let output = man.env("LC_ALL", "C.UTF-8").output().expect("there is a man");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
#[ignore = "needs man-db and groff: cargo test -p chat-server --test manual -- --ignored"]
fn man_has_nothing_to_say_of_any_page() {
    let directory = tempfile::tempdir().expect("a directory");
    printed(PROGRAM, &["man", "--out", directory.path().to_str().expect("a path")]);
    let pages: Vec<_> =
        fs::read_dir(directory.path()).expect("a directory").map(|entry| entry.expect("an entry").path()).collect();
    assert!(pages.len() > 15, "{pages:?}");
    for page in pages {
        assert_eq!(said_by_man(&page), "", "{}", page.display());
    }
    let wrong = directory.path().join("wrong.1");
    fs::write(&wrong, ".TH X 1\n.SH NAME\n.nonsense\n").expect("it is written");
    assert_ne!(said_by_man(&wrong), "");
}
