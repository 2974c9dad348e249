//! One in the page, one in the terminal: the two clients of one server see the same.
//!
//! Needs `chromium` and `chromedriver` on the path, so it is not part of `cargo test`; CI runs it by name.

#[path = "../../server/tests/common/chromium.rs"]
mod chromium;
mod common;

use chromium::{CONTROL, Driver, ENTER, UP};
use common::{
    TestServer,
    tui::{Launch, count},
};
use serde_json::json;

const CTRL_U: &str = "\x15";
const BACKSPACE: &str = "\u{e003}";
const TYPING: &str = "document.querySelector('#typing').textContent.includes('bob is typing')";

#[tokio::test]
#[ignore = "needs chromium and chromedriver: just test-browser"]
async fn the_page_and_the_terminal_talk() {
    let server = TestServer::start().await;
    let driver = Driver::start();
    let alice = driver.browser().await;
    alice.enter(&format!("http://{}/", server.address), "alice").await;
    let mut bob = Launch::of(&server.url(), "bob").start();
    bob.shows("connected").await;

    alice.say("hello, terminal").await;
    bob.shows("hello, terminal").await;
    bob.line("hello, page");
    alice.shows(&["alice: hello, terminal", "bob: hello, page"]).await;

    // That somebody types shows, and goes when it is thrown away.
    alice.keys("#input", "never mi").await;
    bob.shows("alice is typing").await;
    alice.press(&[CONTROL, "a"]).await;
    alice.press(&[BACKSPACE]).await;
    bob.hides("alice is typing").await;
    bob.keys("never mi");
    alice.wait_for(TYPING).await;
    bob.keys(CTRL_U);
    alice.wait_for(&format!("!{TYPING}")).await;

    // Edits and deletions, from either side.
    alice.keys("#input", UP).await;
    alice.becomes("document.querySelector('#input').value", json!("hello, terminal")).await;
    alice.keys("#input", format!(" of mine{ENTER}")).await;
    bob.shows("hello, terminal of mine").await;
    bob.line("/edit 2 hello, page of yours");
    alice.shows(&["alice: hello, terminal of mine", "bob: hello, page of yours"]).await;
    alice.wait_for("document.querySelector('#messages li[data-seq=\"2\"] .mark')").await;
    bob.line("/react 1 👍");
    alice.wait_for("document.querySelector('#messages li[data-seq=\"1\"] .reactions')?.textContent.includes('👍')").await;
    alice.say("/delete 1").await;
    bob.hides("hello, terminal of mine").await;
    bob.line("/delete 2");
    alice.wait_for("document.querySelector('#messages li[data-seq=\"2\"]').classList.contains('deleted')").await;

    // What is said elsewhere is counted, until it is looked at.
    alice.say("/join tea").await;
    alice.wait_for("document.querySelector('#rooms a[data-room=tea][aria-current=page]')").await;
    bob.line("alice: where are you?");
    alice.wait_for("document.querySelector('#rooms a[data-room=general] .mentions')?.textContent.includes('1')").await;
    alice.wait_for("document.title.includes('1')").await;
    alice.click("#rooms a[data-room=general]").await;
    alice.wait_for("!document.querySelector('#rooms a[data-room=general] .mentions')?.textContent.trim()").await;
    alice.wait_for("!document.title.includes('1')").await;
    bob.line("/pm alice between us");
    alice.wait_for("[...document.querySelectorAll('#rooms a')].some((room) => room.dataset.room === '@alice,bob' && /1/.test(room.textContent))").await;

    bob.line("/quit");
    bob.ended_with(0).await;
    bob.assert_restored();
    assert_eq!(count(&bob.bytes(), "panicked"), 0);
    alice
        .becomes(
            "[...document.querySelectorAll('#users li')].map((user) => user.querySelector('bdi').textContent)",
            json!(["alice"]),
        )
        .await;
    alice.finish().await;
}
