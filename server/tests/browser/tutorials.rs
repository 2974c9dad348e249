//! The pages of tutorials, opened from disk as their readers open them. Only the port is filled in.

use std::{fs, path::Path};

use serde_json::json;

use crate::{
    chromium::{Browser, Driver, ENTER},
    common::TestServer,
};

/// A copy of one of `tests/pages/` that knows the server's port, as an address.
fn copied(directory: &Path, name: &str, server: &TestServer) -> String {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pages").join(name)).expect("the page");
    assert_eq!(page.matches("ws://localhost:8000/ws/").count(), 1, "{name}");
    let path = directory.join(name);
    fs::write(&path, page.replace("localhost:8000", &format!("localhost:{}", server.address.port()))).expect("a copy");
    format!("file://{}", path.display())
}

async fn reads(browser: &Browser, lines: &[String]) {
    browser.becomes("[...document.querySelectorAll('#messages li')].map((line) => line.textContent)", json!(lines)).await;
}

async fn says(browser: &Browser, text: &str) {
    browser.keys("#messageText", &format!("{text}{ENTER}")).await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver: just test-browser"]
async fn the_tutorials_page_of_numbered_clients_works_from_disk() {
    let (server, driver, directory) = (TestServer::start().await, Driver::start(), tempfile::tempdir().expect("a directory"));
    let url = copied(directory.path(), "numbered.html", &server);
    let (first, second) = (driver.browser().await, driver.browser().await);
    let mut numbers = Vec::new();
    for browser in [&first, &second] {
        browser.go(&url).await;
        browser.wait_for("document.querySelector('#messages li')").await;
        numbers.push(browser.run("return String(number)").await.as_str().expect("a number").to_owned());
    }
    let [one, two] = [&numbers[0], &numbers[1]];
    says(&first, "hello from disk").await;
    says(&first, "<b>bold</b>").await;
    let talk = [
        format!("Client #{one} has entered the chat"),
        format!("Client #{two} has entered the chat"),
        format!("Client #{one}: hello from disk"),
        format!("Client #{one}: <b>bold</b>"),
    ];
    reads(&first, &talk).await;
    reads(&second, &talk[1..]).await;
    says(&second, &format!("{one}:for you")).await;
    let private = [&talk[..], &[format!("Client #{two} (private): for you")]].concat();
    reads(&first, &private).await;
    second.go("about:blank").await;
    reads(&first, &[&private[..], &[format!("Client #{two} has left the chat")]].concat()).await;
    first.finish().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver: just test-browser"]
async fn the_tutorials_page_of_named_clients_works_from_disk() {
    let (server, driver, directory) = (TestServer::start().await, Driver::start(), tempfile::tempdir().expect("a directory"));
    let url = copied(directory.path(), "named.html", &server);
    let (ann, ben) = (driver.browser().await, driver.browser().await);
    for (browser, name) in [(&ann, "ann"), (&ben, "ben")] {
        browser.go(&format!("{url}#{name}")).await;
        browser.wait_for("document.querySelector('#messages .connection')").await;
    }
    says(&ann, "hello from disk").await;
    let said = "[...document.querySelectorAll('#messages .message')].map((line) => line.textContent)";
    for browser in [&ann, &ben] {
        browser.becomes(said, json!(["ann: hello from disk"])).await;
    }
    says(&ben, "hello yourself").await;
    ann.becomes(said, json!(["ann: hello from disk", "ben: hello yourself"])).await;
    ben.go("about:blank").await;
    ann.wait_for("document.querySelector('#messages .disconnection')").await;
    ann.finish().await;
}
