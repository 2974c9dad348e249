//! What the client prints for shells and for `man` is of use to them.

use std::{fs, process::Command};

fn printed(argument: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_chat-tui")).args(argument).output().expect("it runs");
    assert!(output.status.success(), "{argument:?}: {output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn a_bash_completes_flags() {
    let directory = tempfile::tempdir().expect("a directory");
    let script = directory.path().join("chat-tui.bash");
    fs::write(&script, printed(&["--print-completions", "bash"])).expect("it is written");
    let complete = r#"
        source "$0"
        function=$(complete -p chat-tui) function=${function#*-F } function=${function%% *}
        COMP_WORDS=("$@") COMP_CWORD=1
        "$function" chat-tui "$2" "$1"
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let output = Command::new("bash").args(["--norc", "-c", complete]).arg(&script).args(["chat-tui", "--fing"]).output();
    let output = output.expect("there is a bash");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "--fingerprint\n", "{output:?}");
}

#[test]
#[ignore = "needs man-db and groff: cargo test -p chat-tui --test manual -- --ignored"]
fn man_has_nothing_to_say_of_the_page() {
    let directory = tempfile::tempdir().expect("a directory");
    let page = directory.path().join("chat-tui.1");
    fs::write(&page, printed(&["--print-man"])).expect("it is written");
    let mut man = Command::new("man");
    man.args(["--warnings=w,mac,reg", "-E", "UTF-8", "-l", "-Tutf8", "-Z"]).arg(&page).env("MANWIDTH", "80");
    let output = man.env("LC_ALL", "C.UTF-8").output().expect("there is a man");
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stdout.len() > 1000);
}
