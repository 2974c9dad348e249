//! SIGHUP has the configuration read again: each kind of what may change while the server runs is taken up, what waits for a
//! restart is said, and a file that is wrong changes nothing.

mod common;

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use chat_protocol::CloseCode;
use common::{
    PATIENCE,
    program::{Ended, Program},
};
use rustix::process::Signal;
use serde_json::json;
use tempfile::TempDir;
use tokio::{io::AsyncReadExt, net::TcpStream, time::timeout};

/// A server and its file.
struct Stage {
    program: Program,
    file: PathBuf,
    directory: TempDir,
}

impl Stage {
    async fn start(text: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("config.toml");
        write(&file, text);
        let program = Program::start_by(file.to_str().expect("a path in UTF-8")).await;
        Self { program, file, directory }
    }

    /// Changes the file and waits until the server says this of it.
    async fn change(&self, text: &str, says: &str) {
        write(&self.file, text);
        self.program.signal(Signal::HUP);
        self.program.says(says).await;
    }

    /// The same, of a change that is taken up.
    async fn choose(&self, text: &str, key: &str, from: &str, to: &str) {
        self.change(text, &format!("taken up key={key} from={from} to={to} by=")).await;
    }

    async fn status(&self, path: &str) -> u16 {
        self.program.get(path).await.status
    }

    async fn ends(self) -> Ended {
        let ended = self.program.terminate().await;
        assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
        ended
    }
}

/// Beside what each has: nothing is kept, and who comes first is served first.
fn write(file: &Path, text: &str) {
    std::fs::write(file, format!("ephemeral = true\nshards = 1\n{text}\n")).expect("the file is written");
}

#[tokio::test]
async fn a_rate_holds_at_once_on_connections_that_are_there() {
    let stage = Stage::start("rate-limit = '1000/1000'").await;
    let mut alice = stage.program.join("tea", "alice").await;
    assert_eq!(alice.welcome["limits"]["burst"], 1000);
    for line in 0..20 {
        alice.say(&format!("line {line}")).await;
    }
    stage.choose("rate-limit = '2/1'", "rate-limit", "\"1000/1000\"", "\"2/1\"").await;
    let mut refused = 0;
    for _ in 0..4 {
        refused += usize::from(alice.ask(json!({ "type": "send", "text": "more" })).await["code"] == "rate_limited");
    }
    assert!(refused > 0);
    let bob = stage.program.join("tea", "bob").await;
    assert_eq!((&bob.welcome["limits"]["burst"], &bob.welcome["limits"]["per_second"]), (&json!(2), &json!(1)));
    // What is not in the file any more is as it is without it, and what is off holds nobody up.
    stage.choose("rate-limit = 'off'", "rate-limit", "\"2/1\"", "\"off\"").await;
    for line in 0..20 {
        alice.say(&format!("and {line}")).await;
    }
    stage.choose("", "rate-limit", "\"off\"", "\"100/10\"").await;
}

#[tokio::test]
async fn what_an_address_may_ask_and_begin_is_chosen_anew() {
    let stage = Stage::start("").await;
    assert_eq!(stage.status("/api/rooms").await, 200);
    let refused = async |status| {
        let asked = Instant::now();
        while stage.status("/api/rooms").await != status {
            assert!(asked.elapsed() < PATIENCE, "nobody is refused with {status}");
        }
    };
    stage.choose("ip-rate = '5/1'", "ip-rate", "\"6400/640\"", "\"5/1\"").await;
    refused(429).await;
    stage.choose("connect-rate = '1/1'", "connect-rate", "\"1000/50\"", "\"1/1\"").await;
    refused(429).await;
    stage.choose("max-connections = 1", "max-connections", "0", "1").await;
    let _alice = stage.program.join("tea", "alice").await;
    refused(503).await;
    stage.choose("max-per-ip = 1", "max-per-ip", "256", "1").await;
    refused(429).await;
    stage.choose("max-per-ip = 0", "max-per-ip", "1", "0").await;
    assert_eq!(stage.status("/api/rooms").await, 200);
    stage.choose("max-strangers-per-ip = 1", "max-strangers-per-ip", "128", "1").await;
    let mut silent = TcpStream::connect(stage.program.address).await.expect("connects");
    refused(200).await;
    // Sooner than its time is over.
    let cut = timeout(Duration::from_secs(3), silent.read_to_end(&mut Vec::new())).await;
    assert!(matches!(cut, Ok(Ok(0) | Err(_))), "{cut:?}");
}

#[tokio::test]
async fn an_origin_that_is_added_may_ask_and_one_that_is_taken_away_may_not() {
    let stage = Stage::start("allow-origin = ['https://one.example']").await;
    let of = async |origin: &str| stage.program.http("GET", "/api/rooms", &[("origin", origin)], "").await.status;
    let socket = async |origin: &str| stage.program.try_open("/ws/chat/tea/eve", &[("origin", origin)]).await.is_ok();
    assert_eq!((of("https://one.example").await, of("https://two.example").await), (200, 403));
    let (from, to) = ("[\"https://one.example\"]", "[\"https://two.example\"]");
    stage.choose("allow-origin = ['https://two.example']", "allow-origin", from, to).await;
    assert_eq!((of("https://one.example").await, of("https://two.example").await), (403, 200));
    assert!(!socket("https://one.example").await && socket("https://two.example").await);
}

#[tokio::test]
async fn tokens_are_changed_without_a_restart_and_never_shown() {
    let stage = Stage::start("auth-token = ['hush-one']").await;
    let opens = async |token: &str| {
        let mut client = stage.program.open(&format!("/ws/auth?token={token}")).await;
        match client.hear().await {
            Ok(heard) => heard["type"] == "welcome",
            Err(closed) => {
                assert_eq!(closed.code, CloseCode::InvalidToken.number(), "{closed:?}");
                false
            }
        }
    };
    assert!(opens("hush-one").await && !opens("hush-two").await);
    let mut alice = stage.program.open("/ws/auth?token=hush-one&user=alice").await;
    alice.expect("welcome").await;
    stage.choose("auth-token = ['hush-two', 'hush-three']", "auth-token", "[\"…\"]", "[\"…\", \"…\"]").await;
    assert!(!opens("hush-one").await && opens("hush-two").await && opens("hush-three").await);
    alice.does(json!({ "type": "rooms" })).await;
    alice.cut();
    assert_eq!(stage.status("/api/rooms").await, 200);
    stage.choose("auth-token = ['hush-two']\nrequire-auth = true", "require-auth", "false", "true").await;
    assert_eq!(stage.status("/api/rooms").await, 401);
    let ended = stage.ends().await;
    assert!(!ended.stderr.contains("hush"), "{}", ended.stderr);
}

#[tokio::test]
async fn registration_is_opened_and_the_operator_is_told_what_holds() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("config.toml");
    let text = |choice: &str| format!("data-dir = {:?}\nregistration = '{choice}'", directory.path().join("store"));
    std::fs::write(&file, text("closed")).expect("the file is written");
    let path = file.to_str().expect("a path");
    let program = Program::start_by(path).await;
    assert_eq!(program.get("/api/registration").await.json(), json!({ "registration": "closed" }));
    std::fs::write(&file, text("open")).expect("the file is written");
    program.signal(Signal::HUP);
    program.says("taken up key=registration from=\"closed\" to=\"open\" by=file ").await;
    assert_eq!(program.get("/api/registration").await.json(), json!({ "registration": "open" }));
    let ran = Program::run(&["account", "invite", "--config", path]).await;
    assert!(ran.stderr.contains("the server runs with --registration open"), "{}", ran.stderr);
}

#[tokio::test]
async fn what_going_down_means_is_chosen_before_it() {
    let stage = Stage::start("").await;
    let mut alice = stage.program.join("tea", "alice").await;
    stage.choose("final = true", "final", "false", "true").await;
    stage.program.signal(Signal::TERM);
    alice.closed_with(CloseCode::GoingAway).await;
}

#[tokio::test]
async fn what_waits_for_a_restart_is_said_for_as_long_as_it_waits() {
    let stage = Stage::start("durability = 'full'").await;
    let waits = |key: &str, from: &str, to: &str| format!("waits for a restart key={key} from={from} to={to} by=file ");
    let (durability, format) = (waits("durability", "\"full\"", "\"normal\""), waits("log-format", "\"text\"", "\"json\""));
    stage.change("durability = 'normal'\nfinal = true", &durability).await;
    stage.change("durability = 'normal'\nlog-format = 'json'", &format).await;
    // A flag goes before the file: what the file says of it changes nothing.
    stage.change("durability = 'full'\nport = 1", "nothing in it is new").await;
    let ended = stage.ends().await;
    assert_eq!((ended.stderr.matches(&durability).count(), ended.stderr.matches(&format).count()), (2, 1), "{}", ended.stderr);
    assert!(!ended.stderr.contains("key=port"), "{}", ended.stderr);
}

#[tokio::test]
async fn a_file_that_is_wrong_changes_nothing() {
    let stage = Stage::start("registration = 'open'").await;
    let file = stage.file.display().to_string();
    for (text, said) in [
        ("registration = 'closed'\nregistrations = 'x'", "line 4: there is no key registrations; did you mean registration?"),
        ("registration = 'closed'\nrate-limit = 'x'", "line 4: rate-limit: «x»: BURST/PER_SECOND like 100/10, or off"),
        ("registration = 'closed'\nfinal = ", "line 4: string values must be quoted"),
        ("registration = 'invite'", "--registration invite with --ephemeral lets nobody in"),
        ("registration = 'closed'\ntls-cert = 'x'", "--tls-key <FILE>"),
    ] {
        stage.change(text, said).await;
        assert_eq!(stage.program.get("/api/registration").await.json(), json!({ "registration": "open" }), "{text}");
    }
    std::fs::remove_file(&stage.file).expect("the file goes");
    stage.program.signal(Signal::HUP);
    stage.program.says(&format!("{file}: No such file")).await;
    assert_eq!(stage.program.get("/api/registration").await.json(), json!({ "registration": "open" }));
    assert!(stage.directory.path().is_dir());
    stage.choose("registration = 'closed'", "registration", "\"open\"", "\"closed\"").await;
    let ended = stage.ends().await;
    assert_eq!(ended.stderr.matches("the configuration is of no use; what held goes on").count(), 6, "{}", ended.stderr);
    assert!(ended.stderr.contains("ERROR"), "{}", ended.stderr);
}

#[tokio::test]
async fn which_log_lines_are_written_is_chosen_anew() {
    let stage = Stage::start("log-filter = 'info'").await;
    let orders = async || {
        let _alice = stage.program.join("tea", "alice").await;
    };
    orders().await;
    stage.choose("log-filter = 'warn'", "log-filter", "\"info\"", "\"warn\"").await;
    // What is of no more interest than that is not written now: of two things that are new, only the warning is said.
    stage
        .change(
            "log-filter = 'warn'\nmax-per-ip = 7\nlog-format = 'json'",
            "waits for a restart key=log-format from=\"text\" to=\"json\"",
        )
        .await;
    let ended = stage.ends().await;
    assert!(!ended.stderr.contains("taken up key=max-per-ip"), "{}", ended.stderr);
    let stage = Stage::start("").await;
    write(&stage.file, "log-filter = 'a=b=c'");
    stage.program.signal(Signal::HUP);
    stage.program.says("the configuration is of no use").await;
}
