//! The page in a real browser, under its own content security policy, against a real server.
//!
//! Needs `chromium` and `chromedriver` on the path, so it is not part of `cargo test`; CI runs it by name.

#[path = "../common/chromium.rs"]
mod chromium;
#[path = "../common/mod.rs"]
mod common;

mod account;
mod burst;
mod gate;
mod hostile;
mod looks;
mod outage;
mod register;
mod talk;
mod tutorials;
mod ways;

use common::TestServer;

fn page(server: &TestServer) -> String {
    format!("http://{}/", server.address)
}
