//! The real program in a real terminal, against a real server: what a user sees, and what the terminal is left as.

mod common;

use std::time::Duration;

use common::{
    TestServer, config_in, free_port,
    tui::{CTRL_C, Launch, Tui, count},
};
use rustix::process::Signal;
use tokio::time::timeout;

/// In the room, with the connection up.
async fn inside(server: &TestServer, user: &str) -> Tui {
    let mut tui = Launch::of(&server.url(), user).start();
    online(&mut tui).await;
    tui
}

/// What the badge says once the server has let us in, and the room is there.
async fn online(tui: &mut Tui) {
    tui.shows("connected").await;
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
