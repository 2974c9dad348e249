//! The real program in a real terminal, against a real server: what a user sees, and what the terminal is left as.

mod common;

use std::{fs, os::unix::fs::PermissionsExt as _, time::Duration};

use common::{
    PATIENCE, TestServer, config_in, free_port,
    tui::{CTRL_C, Launch, Tui, count},
};
use rustix::process::Signal;
use serde_json::json;
use tokio::{
    net::TcpListener,
    time::{Instant, interval, timeout},
};

const CTRL_U: &str = "\x15";
const CTRL_X: &str = "\x18";
const CTRL_Z: &str = "\x1a";
const PAGE_UP: &str = "\x1b[5~";
const FOCUS_LOST: &str = "\x1b[O";
const FOCUS_GAINED: &str = "\x1b[I";

/// In the room, with the connection up.
async fn inside(server: &TestServer, user: &str) -> Tui {
    let mut tui = Launch::of(&server.url(), user).args(&["--mouse"]).start();
    tui.shows("connected").await;
    tui
}

/// How often a word is on the screen.
fn on_screen(tui: &Tui, word: &str) -> usize {
    tui.contents().matches(word).count()
}

/// Says the first thing in a room, and waits until the server has it: what is on its way has no time beside it.
#[track_caller]
fn say_first<'a>(tui: &'a mut Tui, text: &'a str) -> impl Future<Output = ()> + 'a {
    tui.line(text);
    tui.wait_for(text, move |screen| {
        let contents = screen.contents();
        let row = contents.lines().find(|row| row.contains(text)).unwrap_or_default();
        row.as_bytes().windows(5).any(|part| part[2] == b':' && [0, 1, 3, 4].iter().all(|at| part[*at].is_ascii_digit()))
    })
}

#[tokio::test]
async fn two_clients_talk() {
    let server = TestServer::start().await;
    let mut alice = inside(&server, "alice").await;
    let mut bob = inside(&server, "bob").await;
    alice.line("hello, bob");
    bob.shows("hello, bob").await;
    bob.line("hello yourself");
    alice.shows("hello yourself").await;
    alice.shows("hello, bob").await;
}

#[tokio::test]
async fn typing_shows_and_clears() {
    let server = TestServer::start().await;
    let mut alice = inside(&server, "alice").await;
    let mut bob = inside(&server, "bob").await;
    alice.keys("never mi");
    bob.shows("alice is typing").await;
    alice.keys(CTRL_U);
    bob.hides("alice is typing").await;
}

#[tokio::test]
async fn what_is_typed_while_the_server_is_away_arrives_once_and_in_order() {
    let directory = tempfile::tempdir().expect("a directory");
    let server = TestServer::with(config_in(directory.path(), 0)).await;
    let (url, port) = (server.url(), server.address.port());
    let mut alice = inside(&server, "alice").await;
    let mut bob = inside(&server, "bob").await;
    alice.line("before-0");
    bob.shows("before-0").await;

    server.stop().await;
    alice.shows("reconnecting").await;
    bob.shows("reconnecting").await;
    for line in ["away-1", "away-2", "away-3"] {
        alice.line(line);
        alice.shows(line).await;
    }
    bob.line("away-4");
    bob.shows("away-4").await;

    let server = TestServer::with(config_in(directory.path(), port)).await;
    assert_eq!(server.url(), url, "the same port");
    let mut carol = server.join("general", "carol").await;
    carol.say("back-5").await;
    let all = ["before-0", "away-1", "away-2", "away-3", "away-4", "back-5"];
    for tui in [&mut alice, &mut bob] {
        for word in all {
            tui.shows(word).await;
        }
        tui.shows("connected").await;
    }
    let log = carol.log().await;
    let texts = |user: &str| log.iter().filter(|(from, _)| from == user).map(|(_, text)| text.clone()).collect::<Vec<_>>();
    assert_eq!(texts("alice"), ["before-0", "away-1", "away-2", "away-3"]);
    assert_eq!(texts("bob"), ["away-4"]);
    carol.say("the-end").await;
    for tui in [&mut alice, &mut bob] {
        tui.shows("the-end").await;
        for word in all {
            assert_eq!(on_screen(tui, word), 1, "{word} once:\n{}", tui.contents());
        }
    }
}

/// Leaves in one way, and looks at what the terminal is left as.
async fn leaves(code: u32, leave: impl AsyncFnOnce(&mut Tui)) {
    let server = TestServer::start().await;
    let mut tui = inside(&server, "alice").await;
    assert!(tui.is_raw(), "it takes the terminal");
    let taken = tui.look(|screen| (screen.alternate_screen(), screen.bracketed_paste()));
    assert_eq!(taken, (true, true));
    for taken in ["\x1b[?1004h", "\x1b[?1000h"] {
        assert_eq!(count(&tui.bytes(), taken), 1, "{taken:?}");
    }
    leave(&mut tui).await;
    tui.ended_with(code).await;
    tui.assert_restored();
}

#[tokio::test]
async fn quit_gives_the_terminal_back() {
    leaves(0, async |tui| tui.line("/quit")).await;
}

#[tokio::test]
async fn ctrl_c_twice_gives_the_terminal_back() {
    leaves(0, async |tui| {
        tui.keys(CTRL_C);
        tui.shows("Ctrl-C again").await;
        tui.keys(CTRL_C);
    })
    .await;
}

#[tokio::test]
async fn sigterm_gives_the_terminal_back() {
    leaves(0, async |tui| tui.signal(Signal::TERM)).await;
}

#[tokio::test]
async fn sighup_gives_the_terminal_back() {
    leaves(0, async |tui| tui.signal(Signal::HUP)).await;
}

#[tokio::test]
async fn sigint_gives_the_terminal_back() {
    leaves(0, async |tui| tui.signal(Signal::INT)).await;
}

#[tokio::test]
async fn a_stop_and_going_on_gives_the_terminal_back_once_more() {
    leaves(0, async |tui| {
        tui.signal(Signal::STOP);
        tui.signal(Signal::CONT);
        // It cannot know what the shell did meanwhile, and takes everything again.
        tui.took_again().await;
        say_first(tui, "still here").await;
        tui.shows("connected").await;
        tui.line("/quit");
    })
    .await;
}

#[tokio::test]
async fn without_a_shell_to_wake_it_it_does_not_sleep() {
    leaves(0, async |tui| {
        tui.keys(CTRL_Z);
        tui.took_again().await;
        say_first(tui, "wide awake").await;
        tui.line("/quit");
    })
    .await;
}

#[tokio::test]
async fn a_closed_window_ends_it() {
    let server = TestServer::start().await;
    let mut tui = inside(&server, "alice").await;
    // Something without a cursor: what cannot be shown again must not be cried over either.
    tui.keys("\x1bOP");
    tui.wait_for("the help", vt100::Screen::hide_cursor).await;
    tui.close().await;
    assert_eq!(tui.ended().await.exit_code(), 0);
}

#[tokio::test]
async fn a_terminal_that_goes_without_a_signal_ends_it() {
    let server = TestServer::start().await;
    let mut tui = Launch::of(&server.url(), "alice").detached().start();
    tui.shows("connected").await;
    tui.close().await;
    assert_eq!(tui.ended().await.exit_code(), 0);
}

#[tokio::test]
async fn a_flood_arrives_whole_and_keys_are_answered_meanwhile() {
    const LINES: usize = 500;
    let server = TestServer::start().await;
    let mut tui = inside(&server, "alice").await;
    let mut peer = server.join("general", "bob").await;
    let flood = tokio::spawn(async move {
        peer.flood((0..LINES).map(|number| format!("flood-{number:03}."))).await;
        peer
    });
    tui.keys("answered");
    tui.shows("answered").await;
    let mut peer = flood.await.expect("the flood");
    tui.shows("flood-499.").await;
    tui.keys(&format!("{CTRL_U}dry again\r"));
    peer.hears("dry again").await;

    let numbers = |contents: &str| -> Vec<usize> {
        let parts = contents.split("flood-").skip(1);
        parts.map(|part| part.get(..3).and_then(|digits| digits.parse().ok()).expect("a number")).collect()
    };
    let mut found = [false; LINES];
    loop {
        let page = numbers(&tui.contents());
        page.iter().for_each(|number| found[*number] = true);
        let top = *page.iter().min().expect("a page of the flood");
        if top == 0 {
            break;
        }
        tui.keys(PAGE_UP);
        tui.wait_for("an older page", |screen| numbers(&screen.contents()).iter().any(|number| *number < top)).await;
    }
    let missing: Vec<_> = (0..LINES).filter(|number| !found[*number]).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[tokio::test]
async fn a_server_that_is_not_there_yet_is_waited_for() {
    let port = free_port();
    let mut tui = Launch::of(&format!("ws://127.0.0.1:{port}"), "alice").start();
    tui.shows("offline").await;
    tui.line("typed too early");
    tui.shows("typed too early").await;
    let directory = tempfile::tempdir().expect("a directory");
    let server = TestServer::with(config_in(directory.path(), port)).await;
    tui.shows("connected").await;
    let mut peer = server.join("general", "bob").await;
    let sent = async {
        loop {
            let log = peer.log().await;
            if !log.is_empty() {
                break log;
            }
        }
    };
    let log = timeout(PATIENCE, sent).await.expect("it is sent in time");
    assert_eq!(log, [("alice".to_owned(), "typed too early".to_owned())]);
}

#[tokio::test]
async fn the_first_screen_waits_for_nobody() {
    // It takes connections, and says nothing.
    let mute = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = mute.local_addr().expect("its address");
    let mut tui = Launch::of(&format!("ws://{address}"), "alice").start();
    tui.shows("connecting").await;
    tui.keys("usable");
    tui.shows("usable").await;
    let _connection = timeout(PATIENCE, mute.accept()).await.expect("it connects");
}

#[tokio::test]
async fn it_lives_through_every_size() {
    let server = TestServer::start().await;
    let mut tui = inside(&server, "alice").await;
    tui.line("a line that stays");
    tui.shows("a line that stays").await;
    let sizes = [(80, 24), (60, 20), (40, 10), (30, 8), (20, 5), (8, 3), (2, 2), (1, 1), (1, 30), (200, 1), (200, 60), (100, 30)];
    for (columns, rows) in sizes {
        let before = tui.bytes().len();
        tui.resize(columns, rows);
        tui.grows_beyond(before).await;
        assert!(tui.is_running(), "{columns}x{rows}");
    }
    tui.shows("a line that stays").await;
    tui.shows("connected").await;
    tui.line("and it still answers");
    tui.shows("and it still answers").await;
}

#[tokio::test]
async fn idle_it_writes_nothing_and_takes_no_time() {
    let server = TestServer::start().await;
    let mut tui = inside(&server, "alice").await;
    // What a start brings along: who is there, a word at the foot of the screen.
    while !tui.is_quiet(Duration::from_secs(1)).await {}
    let (written, used) = (tui.bytes().len(), tui.processor_time());
    assert!(tui.is_quiet(Duration::from_secs(3)).await, "it writes {:?}", {
        String::from_utf8_lossy(&tui.bytes()[written..]).into_owned()
    });
    let used = tui.processor_time() - used;
    assert!(used <= Duration::from_millis(30), "more than 1 % of a core: {used:?} in three seconds");
}

/// What is measured here is a build without optimisation, which shows a fault of the kind «everything is laid out anew for each
/// message». The figure that is promised, under 10 % of a core, is measured by hand with one that has it: 3 to 5 %.
#[tokio::test]
async fn fifty_messages_a_second_leave_the_processor_to_others() {
    const COUNT: usize = 150;
    let server = TestServer::start().await;
    let mut tui = inside(&server, "alice").await;
    let mut peer = server.join("general", "bob").await;
    // A screen that is full.
    peer.flood((0..60).map(|number| format!("before-{number} {}", "lorem ipsum ".repeat(5)))).await;
    tui.shows("before-59").await;
    let (began, used) = (Instant::now(), tui.processor_time());
    let mut beat = interval(Duration::from_millis(20));
    for number in 0..COUNT {
        beat.tick().await;
        peer.send(json!({ "type": "send", "text": format!("beat-{number} {}", "dolor sit amet ".repeat(5)) })).await;
    }
    tui.shows(&format!("beat-{}", COUNT - 1)).await;
    let (used, length) = (tui.processor_time() - used, began.elapsed());
    assert!(used.as_secs_f64() < 0.6 * length.as_secs_f64(), "{used:?} of a core in {length:?}");
}

/// With optimisation, by hand: 7 to 17 ms.
#[tokio::test]
async fn the_first_screen_is_there_at_once() {
    const BOUND: Duration = Duration::from_secs(1);
    let nobody = format!("ws://127.0.0.1:{}", free_port());
    let mut times = Vec::new();
    // A machine that has something else to do delays one start, and not every one.
    for _ in 0..5 {
        let began = Instant::now();
        let mut tui = Launch::of(&nobody, "alice").start();
        tui.shows("general").await;
        times.push(began.elapsed());
        if times.iter().any(|time| *time < BOUND) {
            return;
        }
    }
    panic!("{times:?}");
}

#[tokio::test]
async fn what_comes_in_one_piece_is_read_whole() {
    let server = TestServer::start().await;
    let mut peer = server.join("general", "bob").await;
    let mut tui = inside(&server, "alice").await;
    // More than is read at once, by a terminal that does not mark pastes.
    let text = "0123456789".repeat(300);
    tui.keys(&format!("{text}\r"));
    peer.hears(&text).await;
}

#[tokio::test]
async fn who_does_not_look_is_called() {
    let server = TestServer::start().await;
    let mut peer = server.join("general", "bob").await;
    let mut tui = inside(&server, "alice").await;
    peer.say("alice: one").await;
    tui.shows("alice: one").await;
    tui.keys(FOCUS_LOST);
    tui.keys("unseen");
    tui.shows("unseen").await;
    peer.say("alice: two").await;
    tui.wrote("\x1b]9;").await;
    tui.keys(FOCUS_GAINED);
    tui.keys(CTRL_U);
    tui.hides("unseen").await;
    peer.say("alice: three").await;
    tui.shows("alice: three").await;
    assert_eq!(count(&tui.bytes(), "\x1b]9;"), 1, "once, while nobody looked");
}

#[tokio::test]
async fn the_door_asks_who_and_where() {
    let server = TestServer::start().await;
    let mut tui = Launch::bare().args(&["--server", &server.url()]).start();
    tui.shows("Your name [tester]:").await;
    tui.line("-x");
    tui.shows("That cannot be").await;
    tui.line("alice");
    tui.shows("Room [general]:").await;
    tui.line("Tea Room");
    tui.shows("connected").await;
    tui.shows("Tea Room").await;
    let mut peer = server.join("Tea%20Room", "bob").await;
    tui.line("here I am");
    peer.hears("here I am").await;
    peer.say("welcome").await;
    tui.shows("welcome").await;
    tui.line("/quit");
    tui.ended_with(0).await;
    tui.assert_restored();
}

#[tokio::test]
async fn an_editor_gets_the_terminal_and_gives_it_back() {
    let server = TestServer::start().await;
    let mut peer = server.join("general", "bob").await;
    let launch = Launch::of(&server.url(), "alice");
    let shelf = launch.home.path().join("run");
    fs::create_dir(&shelf).expect("a directory");
    let editor = launch.home.path().join("editor");
    fs::write(&editor, "#!/bin/sh\necho \"editing: $(cat \"$2\")\"\nread answer\nprintf '%s\\n' \"$answer\" > \"$2\"\n")
        .expect("a script");
    fs::set_permissions(&editor, fs::Permissions::from_mode(0o755)).expect("a mode");
    let mut tui = launch
        .env("VISUAL", &format!("{} --wait", editor.display()))
        .env("XDG_RUNTIME_DIR", &shelf.display().to_string())
        .start();
    tui.shows("connected").await;
    tui.keys("a draft");
    tui.shows("a draft").await;
    tui.keys(CTRL_X);
    tui.wait_for("the editor", |screen| screen.contents().contains("editing: a draft") && !screen.alternate_screen()).await;
    assert!(!tui.is_raw(), "the editor finds a terminal as it was");
    peer.say("said meanwhile").await;
    tui.line("from the editor");
    tui.wait_for("the way back", |screen| screen.contents().contains("from the editor") && screen.alternate_screen()).await;
    tui.shows("said meanwhile").await;
    assert_eq!(fs::read_dir(&shelf).expect("the shelf").count(), 0, "nothing is left behind");
    tui.line("");
    peer.hears("from the editor").await;
    peer.say("well written").await;
    tui.shows("well written").await;
    tui.line("/quit");
    tui.ended_with(0).await;
    tui.assert_restored();
}

/// Leaves by a signal while an editor has the terminal, which does this when it is told to end.
async fn leaves_from_an_editor(signal: Signal, told_to_end: &str) {
    let server = TestServer::start().await;
    let launch = Launch::of(&server.url(), "alice");
    let editor = launch.home.path().join("editor");
    let shelf = launch.home.path().join("run");
    fs::create_dir(&shelf).expect("a directory");
    // As vi and nano do: the other screen, no cursor, raw keys.
    let script = format!("#!/bin/sh\n{told_to_end}\nstty raw -echo\nprintf '\\033[?1049h\\033[?25lEDITING'\nread answer\n");
    fs::write(&editor, script).expect("a script");
    fs::set_permissions(&editor, fs::Permissions::from_mode(0o755)).expect("a mode");
    let mut tui =
        launch.env("VISUAL", &editor.display().to_string()).env("XDG_RUNTIME_DIR", &shelf.display().to_string()).start();
    tui.shows("connected").await;
    tui.keys(CTRL_X);
    tui.shows("EDITING").await;
    tui.signal(signal);
    tui.ended_with(0).await;
    tui.assert_restored();
    assert_eq!(fs::read_dir(&shelf).expect("the shelf").count(), 0, "nothing is left behind");
}

#[tokio::test]
async fn a_signal_ends_the_editor_too_and_gives_the_terminal_back() {
    leaves_from_an_editor(Signal::TERM, "").await;
    leaves_from_an_editor(Signal::HUP, "").await;
}

#[tokio::test]
async fn an_editor_that_does_not_listen_is_not_waited_for() {
    leaves_from_an_editor(Signal::TERM, "trap '' TERM").await;
}

#[tokio::test]
async fn the_shell_gets_the_terminal_and_gives_it_back() {
    let server = TestServer::start().await;
    let mut peer = server.join("general", "bob").await;
    let mut tui = Launch::of(&server.url(), "alice").args(&["--mouse"]).in_a_shell().start();
    tui.shows("connected").await;
    tui.keys(CTRL_Z);
    tui.wait_for("the shell", |screen| !screen.alternate_screen() && !screen.bracketed_paste()).await;
    tui.line("echo $((6 * 7))");
    tui.shows("42").await;
    peer.say("said meanwhile").await;
    tui.line("fg");
    tui.wait_for("the way back", |screen| screen.alternate_screen() && screen.contents().contains("said meanwhile")).await;
    tui.line("back again");
    peer.hears("back again").await;
    peer.say("welcome back").await;
    tui.shows("welcome back").await;
    tui.line("/quit");
    // Whatever is typed from here on is for the shell, even if that does not ask yet.
    tui.wait_for("the screen of the shell", |screen| !screen.alternate_screen()).await;
    tui.line("echo $((6 * 9))");
    tui.shows("54").await;
    tui.line("exit");
    tui.ended().await;
    tui.assert_restored();
}

/// How the bar at the top is coloured.
fn bar(screen: &vt100::Screen) -> Option<(vt100::Color, vt100::Color)> {
    screen.cell(0, 0).map(|cell| (cell.fgcolor(), cell.bgcolor()))
}

#[tokio::test]
async fn a_light_terminal_is_noticed_and_its_answer_is_no_typing() {
    let server = TestServer::start().await;
    let mut light = Launch::of(&server.url(), "lucy").env("COLORFGBG", "0;15").start();
    light.shows("connected").await;
    let expected = light.look(bar);

    let mut tui = Launch::of(&server.url(), "alice").env("COLORFGBG", "").start();
    tui.wrote("\x1b]11;?").await;
    assert!(tui.look(vt100::Screen::alternate_screen), "drawn before it was asked");
    assert_ne!(tui.look(bar), expected, "dark, until the terminal says otherwise");
    tui.keys("\x1b]10;rgb:0000/0000/0000\x07\x1b]11;rgb:ffff/ffff/ffff\x07\x1b[?62;c");
    tui.wait_for("the colours of a light terminal", |screen| bar(screen) == expected).await;
    tui.shows("connected").await;
    let mut peer = server.join("general", "bob").await;
    tui.shows("bob").await;
    tui.line("nothing else is typed");
    assert_eq!(peer.expect("message").await["text"], "nothing else is typed");
}

#[tokio::test]
async fn a_terminal_that_can_move_no_cursor_gets_plain_lines() {
    let server = TestServer::start().await;
    let mut peer = server.join("general", "bob").await;
    let mut tui = Launch::of(&server.url(), "alice").env("TERM", "dumb").start();
    tui.shows("Connection: connected").await;
    tui.line("hello");
    peer.hears("hello").await;
    peer.say("hello yourself").await;
    tui.shows("bob: hello yourself").await;
    tui.keys(CTRL_C);
    tui.ended_with(0).await;
    assert_eq!(count(&tui.bytes(), "\x1b"), 0, "{:?}", String::from_utf8_lossy(&tui.bytes()));
}
