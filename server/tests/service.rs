//! What a service manager is told, over a real socket: ready, reloading, stopping; and signs of life for as long as every thread
//! turns.

mod common;

use std::{os::unix::ffi::OsStrExt as _, path::PathBuf, time::Duration};

use common::{PATIENCE, program::Program};
use rusqlite::Connection;
use rustix::process::Signal;
use tempfile::TempDir;
use tokio::{net::UnixDatagram, time::timeout};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// A service manager, as far as a service sees it.
struct Manager {
    socket: UnixDatagram,
    path: PathBuf,
    directory: TempDir,
}

impl Manager {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("notify");
        Self { socket: UnixDatagram::bind(&path).expect("a socket"), path, directory }
    }

    /// Has a server started, with these variables besides.
    async fn start(&self, environment: &[(&str, &str)], arguments: &[&str]) -> Program {
        assert!(self.path.as_os_str().as_bytes().len() < 100);
        let all: Vec<_> =
            [("NOTIFY_SOCKET", self.path.to_str().expect("a path"))].into_iter().chain(environment.iter().copied()).collect();
        Program::start_amid(&all, arguments).await
    }

    /// The next datagram.
    async fn hear(&self) -> String {
        let mut buffer = [0; 1024];
        let length = timeout(PATIENCE, self.socket.recv(&mut buffer)).await.expect("it says something").expect("it is heard");
        String::from_utf8(buffer[..length].to_vec()).expect("UTF-8")
    }

    /// Whether nothing is said for so long.
    async fn hears_nothing(&self, within: Duration) -> bool {
        timeout(within, self.socket.recv(&mut [0; 1024])).await.is_err()
    }
}

#[tokio::test]
async fn a_service_manager_hears_when_the_server_listens_reloads_and_goes() {
    let manager = Manager::new();
    let file = manager.directory.path().join("config.toml");
    std::fs::write(&file, "ephemeral = true\n").expect("the file is written");
    let program = manager.start(&[], &["--config", file.to_str().expect("a path")]).await;
    let ready = format!("READY=1\nSTATUS=Listening on 127.0.0.1 port {}", program.address.port());
    assert_eq!(manager.hear().await, ready);
    for (text, said) in
        [("ephemeral = true\nfinal = true\n", "taken up key=final"), ("nonsense", "the configuration is of no use")]
    {
        std::fs::write(&file, text).expect("the file is written");
        program.signal(Signal::HUP);
        let reloading = manager.hear().await;
        assert!(reloading.starts_with("RELOADING=1\nMONOTONIC_USEC="), "{reloading}");
        assert_eq!(manager.hear().await, ready, "also when what it read is of no use");
        program.says(said).await;
    }
    program.signal(Signal::TERM);
    assert_eq!(manager.hear().await, "STOPPING=1\nSTATUS=Going down");
    assert_eq!(program.ended().await.status.code(), Some(0));
}

#[tokio::test]
async fn a_reload_ends_no_service_that_has_nothing_to_read_again() {
    let manager = Manager::new();
    let program = manager.start(&[], &["--ephemeral", "--config", "/dev/null"]).await;
    assert!(manager.hear().await.starts_with("READY=1\n"));
    program.signal(Signal::HUP);
    assert!(manager.hear().await.starts_with("RELOADING=1\n"));
    assert!(manager.hear().await.starts_with("READY=1\n"));
    assert_eq!(program.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn signs_of_life_stop_while_the_log_is_stuck_and_come_again() {
    let manager = Manager::new();
    let store = manager.directory.path().join("store");
    let program = manager.start(&[("WATCHDOG_USEC", "100000")], &["--data-dir", store.to_str().expect("a path")]).await;
    assert!(manager.hear().await.starts_with("READY=1\n"));
    for _ in 0..3 {
        assert_eq!(manager.hear().await, "WATCHDOG=1");
    }
    // Somebody else writes in the store for a long time: its writer stands and waits, as it would before a disk that hangs.
    let other = Connection::open(store.join("chat.db")).expect("the store");
    other.execute_batch("BEGIN IMMEDIATE").expect("it is free");
    let post = program.http("POST", "/api/rooms/tea/messages", &[FORM], "text=hi&user=alice");
    let released = async {
        // Twenty signs of life are due in that time.
        while !manager.hears_nothing(Duration::from_secs(1)).await {}
        other.execute_batch("ROLLBACK").expect("it ends");
    };
    let (answer, ()) = timeout(PATIENCE, async { tokio::join!(post, released) }).await.expect("the signs of life stop");
    assert!(answer.status < 300, "{answer:?}");
    assert_eq!(manager.hear().await, "WATCHDOG=1");
}

#[tokio::test]
async fn a_server_that_is_not_watched_gives_no_signs_of_life() {
    let manager = Manager::new();
    let _program = manager.start(&[("WATCHDOG_USEC", "20000"), ("WATCHDOG_PID", "1")], &["--ephemeral"]).await;
    assert!(manager.hear().await.starts_with("READY=1\n"));
    assert!(manager.hears_nothing(Duration::from_millis(500)).await);
}
