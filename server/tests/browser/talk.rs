//! People in one room, each with a page; and one person with two.

use serde_json::json;

use crate::{
    chromium::{Driver, ENTER, UP},
    common::TestServer,
    page,
};

#[tokio::test]
#[ignore = "needs chromium and chromedriver: just test-browser"]
async fn two_tabs_talk_and_nothing_breaks_the_policy() {
    let server = TestServer::start().await;
    let driver = Driver::start();
    let url = page(&server);
    let (alice, bob) = (driver.browser().await, driver.browser().await);
    alice.enter(&url, "alice").await;
    bob.enter(&url, "bob").await;
    alice.say("hello from a tab").await;
    bob.shows(&["alice: hello from a tab"]).await;
    let markup = "<img src=x onerror=alert(1)> https://example.org/?a=1&b=2 javascript:alert(2)";
    bob.say(markup).await;
    let expected = ["alice: hello from a tab", &format!("bob: {markup}")];
    alice.shows(&expected).await;
    bob.shows(&expected).await;
    let links = "[...document.querySelectorAll('#messages a')].map((link) => link.href + ' ' + link.rel)";
    bob.becomes(links, json!(["https://example.org/?a=1&b=2 noopener noreferrer nofollow"])).await;

    // A page that is loaded again is the same person, and has the history.
    alice.reload().await;
    alice.connected().await;
    alice.shows(&expected).await;
    alice.say("back again").await;
    bob.shows(&[expected[0], expected[1], "alice: back again"]).await;

    // Up on an empty line edits one's last message.
    alice.keys("#input", UP).await;
    alice.becomes("document.querySelector('#input').value", json!("back again")).await;
    alice.keys("#input", &format!(", still{ENTER}")).await;
    bob.shows(&[expected[0], expected[1], "alice: back again, still"]).await;
    bob.becomes("document.querySelectorAll('#messages li.message .mark').length", json!(1)).await;
    alice.say("/react 2 👍").await;
    bob.wait_for("document.querySelector('#messages li[data-seq=\"2\"] .reactions button')?.textContent.includes('👍')").await;
    alice.say("/delete 3").await;
    bob.wait_for("document.querySelector('#messages li[data-seq=\"3\"]')?.classList.contains('deleted')").await;
    alice.say("/topic Tea and cake").await;
    bob.becomes("document.querySelector('#topic').textContent", json!("Tea and cake")).await;
    alice.say("/search hello").await;
    alice.becomes("document.querySelector('#search li .text')?.textContent", json!("hello from a tab")).await;
    alice.click("#search button[aria-label=Close]").await;
    alice.wait_for("!document.querySelector('#search')?.open").await;
    let users = "[...document.querySelectorAll('#users li')].map((user) => user.querySelector('bdi').textContent).sort()";
    bob.becomes(users, json!(["alice", "bob"])).await;
    alice.finish().await;
    bob.finish().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver: just test-browser"]
async fn two_windows_of_one_person_share_the_session_and_what_was_read() {
    let server = TestServer::start().await;
    let driver = Driver::start();
    let mut bob = server.join("general", "bob").await;
    let browser = driver.browser().await;
    let url = page(&server);
    browser.enter(&url, "alice").await;
    let first = browser.window().await;
    let second = browser.open_window().await;
    // It is known who comes: the door may be passed already.
    browser.go(&format!("{url}#general")).await;
    browser.connected().await;
    browser.say("said in the second").await;
    browser.shows(&["alice: said in the second"]).await;
    browser.look_at(&first).await;
    browser.shows(&["alice: said in the second"]).await;
    browser.say("said in the first").await;
    let both = ["alice: said in the second", "alice: said in the first"];
    browser.shows(&both).await;
    browser.look_at(&second).await;
    browser.shows(&both).await;

    // Both look elsewhere; what comes is unread in both, until one of them looks.
    for window in [&first, &second] {
        browser.look_at(window).await;
        browser.say("/join tea").await;
        browser.wait_for("document.querySelector('#rooms a[data-room=tea][aria-current=page]')").await;
    }
    bob.say("anybody?").await;
    let unread = "document.querySelector('#rooms a[data-room=general] .unread')?.textContent.trim() ?? ''";
    for window in [&first, &second] {
        browser.look_at(window).await;
        browser.becomes(unread, json!("1")).await;
    }
    browser.click("#rooms a[data-room=general]").await;
    browser.shows(&[both[0], both[1], "bob: anybody?"]).await;
    browser.becomes(unread, json!("")).await;
    browser.look_at(&first).await;
    browser.becomes(unread, json!("")).await;
    browser.finish().await;
}
