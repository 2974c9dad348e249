//! The terminal as it is left when things go wrong. No user can ask the program for a panic, so this starts the tests themselves
//! once more, in a terminal, with one test that does.

use std::{env, fs, io::Read as _, os::unix::fs::OpenOptionsExt as _, path::Path};

use crossterm::terminal::is_raw_mode_enabled;
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use rustix::{
    stdio::dup2_stdout,
    termios::{LocalModes, tcgetattr},
};

use super::*;

/// What the test in the terminal is to do, and where to tell what came of it.
const ENDING: &str = "CHAT_TUI_TEST_ENDING";
const REPORT: &str = "CHAT_TUI_TEST_REPORT";

/// Does nothing, unless it is started by [`run`].
#[test]
fn in_a_terminal() {
    let (Ok(ending), Ok(report)) = (env::var(ENDING), env::var(REPORT)) else { return };
    let tell = |words: &str| fs::write(&report, words).unwrap();
    if ending == "cannot" {
        // A terminal to type in, and nothing to draw on.
        dup2_stdout(fs::OpenOptions::new().write(true).open("/dev/full").unwrap()).unwrap();
        let error = Screen::enter("chat-tui", true, Panics::OfAll).err().unwrap();
        tell(&format!("{:?} raw={}", error.kind(), is_raw_mode_enabled().unwrap()));
        return;
    }
    let mut screen = Screen::enter("chat-tui", true, Panics::OfAll).unwrap();
    screen.draw(|_| {}).unwrap();
    tell(&format!("raw={}", is_raw_mode_enabled().unwrap()));
    match ending.as_str() {
        "panic" => panic!("of its own \u{1b}]0;evil\u{7}"),
        "task" => {
            let _ = thread::spawn(|| panic!("elsewhere")).join();
            tell(&format!("{:?}", screen.draw(|_| {}).is_err()));
        }
        _ => drop(screen),
    }
}

/// What it wrote to the terminal, and what it told.
fn run(ending: &str) -> (String, String) {
    let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size).unwrap();
    let device = pair.master.tty_name().unwrap();
    let before = attributes(&device);
    let directory = tempfile::tempdir().unwrap();
    let report = directory.path().join("report");
    let mut command = CommandBuilder::new(env::current_exe().unwrap());
    command.args(["--exact", "screen::tests::in_a_terminal", "--nocapture", "--test-threads=1"]);
    command.env(ENDING, ending);
    command.env(REPORT, &report);
    command.env("TERM", "xterm-256color");
    command.env("RUST_BACKTRACE", "0");
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let mut reader = pair.master.try_clone_reader().unwrap();
    let (mut bytes, mut chunk) = (Vec::new(), [0; 4096]);
    while let Ok(count @ 1..) = reader.read(&mut chunk) {
        bytes.extend_from_slice(&chunk[..count]);
    }
    child.wait().unwrap();
    assert_eq!(format!("{before:?}"), format!("{:?}", attributes(&device)), "the line discipline is as it was");
    (String::from_utf8_lossy(&bytes).into_owned(), fs::read_to_string(report).unwrap())
}

fn attributes(device: &Path) -> rustix::termios::Termios {
    // O_NOCTTY: looking at a terminal must not make it ours.
    let flag = if cfg!(target_os = "linux") { 0o400 } else { 0 };
    let tty = fs::OpenOptions::new().read(true).write(true).custom_flags(flag).open(device).unwrap();
    let attributes = tcgetattr(tty).unwrap();
    assert!(attributes.local_modes.contains(LocalModes::ICANON), "it is no raw terminal");
    attributes
}

/// Everything was taken, and given back, once; answers with what came after that.
#[track_caller]
fn given_back(written: &str) -> &str {
    let modes = ["1049", "2004", "1004", "1000", "1006"];
    for mode in modes {
        let count = |end: char| written.matches(&format!("\x1b[?{mode}{end}")).count();
        assert_eq!((count('h'), count('l')), (1, 1), "{mode} in {written:?}");
    }
    let (taken, after) = written.rsplit_once("\x1b[?25h\x1b[23;2t").expect("the cursor is shown, the title is as it was");
    assert!(taken.contains("\x1b[22;2t"), "the title was put aside: {written:?}");
    assert!(modes.iter().all(|mode| taken.contains(&format!("\x1b[?{mode}l"))), "{written:?}");
    assert!(taken.contains("\x1b[?25l"), "the cursor was hidden: {written:?}");
    after
}

#[test]
fn a_panic_gives_the_terminal_back_before_it_says_what_it_is() {
    let (written, told) = run("panic");
    assert_eq!(told, "raw=true");
    let after = given_back(&written);
    assert!(after.contains("a fault of its own") && after.contains("of its own \u{fffd}]0;evil\u{fffd}"), "{after:?}");
    assert!(!written.contains("\x1b]0;evil"), "what a panic quotes is no command to the terminal: {written:?}");
}

#[test]
fn after_a_panic_elsewhere_nothing_is_drawn() {
    let (written, told) = run("task");
    assert_eq!(told, "true");
    assert!(given_back(&written).contains("elsewhere"), "{written:?}");
}

#[test]
fn the_end_gives_the_terminal_back() {
    let (written, told) = run("end");
    assert_eq!(told, "raw=true");
    given_back(&written);
}

#[test]
#[cfg(target_os = "linux")]
fn a_terminal_that_cannot_be_taken_whole_is_given_back() {
    let (_, told) = run("cannot");
    assert_eq!(told, "StorageFull raw=false");
}
