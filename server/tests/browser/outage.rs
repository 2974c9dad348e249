//! The server goes away while people type: nothing is lost, nothing is there twice.

use serde_json::json;

use crate::{
    chromium::Driver,
    common::{TestServer, program::Program},
    gate::{Gate, Passage},
    page,
};

/// How many lines of ours wait.
const WAITING: &str = "document.querySelectorAll('#messages li.pending').length";

#[tokio::test]
#[ignore = "needs chromium and chromedriver: just test-browser"]
async fn a_reload_in_the_middle_of_sending_loses_nothing_and_says_nothing_twice() {
    let server = TestServer::start().await;
    let gate = Gate::before(server.address).await;
    let driver = Driver::start();
    let mut bob = server.join("general", "bob").await;
    let alice = driver.browser().await;
    alice.enter(&format!("http://{}/", gate.address), "alice").await;
    alice.say("before").await;
    alice.shows(&["alice: before"]).await;
    bob.hears("before").await;

    // The server hears the first, and it is never known here; the others cannot go out.
    gate.is(Passage::Deaf);
    alice.say("heard").await;
    bob.hears("heard").await;
    gate.is(Passage::Shut);
    alice.wait_for("document.querySelector('#status').dataset.state !== 'connected'").await;
    alice.say("typed").await;
    alice.say("typed too").await;
    alice.becomes(WAITING, json!(3)).await;
    alice.reload().await;
    alice.becomes(WAITING, json!(3)).await;

    gate.is(Passage::Open);
    let all = ["alice: before", "alice: heard", "alice: typed", "alice: typed too"];
    alice.shows(&all).await;
    for text in ["typed", "typed too"] {
        bob.hears(text).await;
    }
    bob.say("the end").await;
    alice.shows(&[all[0], all[1], all[2], all[3], "bob: the end"]).await;
    // In the log as well.
    let log = server.get("/api/rooms/general/messages").await.json();
    let texts: Vec<_> = log["messages"].as_array().expect("messages").iter().map(|message| message["text"].clone()).collect();
    assert_eq!(json!(texts), json!(["before", "heard", "typed", "typed too", "the end"]));
    alice.finish_after_an_outage().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver: just test-browser"]
async fn lines_typed_while_the_server_is_killed_and_started_again_are_shown_once() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = ["--data-dir", directory.path().to_str().expect("a plain path")];
    let program = Program::start(&data).await;
    let (url, port) = (page(&program), program.address.port());
    let driver = Driver::start();
    let (alice, bob) = (driver.browser().await, driver.browser().await);
    alice.enter(&url, "alice").await;
    bob.enter(&url, "bob").await;
    alice.say("before").await;
    bob.shows(&["alice: before"]).await;

    program.kill().await;
    for (browser, line) in [(&alice, "alice away 1"), (&bob, "bob away 1"), (&alice, "alice away 2"), (&bob, "bob away 2")] {
        browser.say(line).await;
    }
    alice.becomes(WAITING, json!(2)).await;
    bob.becomes(WAITING, json!(2)).await;

    let program = Program::start_at(port, &data).await;
    let seen = alice.lines(5).await;
    let seen: Vec<_> = seen.iter().map(String::as_str).collect();
    let of = |name: &str| seen.iter().filter(|line| line.starts_with(name)).copied().collect::<Vec<_>>();
    assert_eq!(seen.len(), 5, "each once: {seen:?}");
    assert_eq!(of("alice"), ["alice: before", "alice: alice away 1", "alice: alice away 2"]);
    assert_eq!(of("bob"), ["bob: bob away 1", "bob: bob away 2"]);
    alice.shows(&seen).await;
    bob.shows(&seen).await;
    alice.say("after").await;
    let all = [&seen[..], &["alice: after"]].concat();
    bob.shows(&all).await;
    alice.shows(&all).await;
    alice.finish_after_an_outage().await;
    bob.finish_after_an_outage().await;
    program.terminate().await;
}
