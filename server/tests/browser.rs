//! The page in a real browser: two tabs talk, under the page's own content security policy.
//!
//! Needs `chromium` and `chromedriver` on the path, so it is not part of `cargo test`; CI runs it by name.

mod common;

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::Duration,
};

use common::{PATIENCE, TestServer};
use fantoccini::{Client, ClientBuilder, Locator, error::CmdError};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value, json};

/// A driver on a port of its own, ended with the test.
struct Driver {
    child: Child,
    url: String,
}

impl Driver {
    fn start() -> Self {
        let mut child = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is installed");
        let lines = BufReader::new(child.stdout.take().expect("it has a stdout")).lines();
        let started = lines.map_while(Result::ok).find(|line| line.contains("started successfully on port"));
        let line = started.expect("chromedriver says where it listens");
        let port: String = line.chars().filter(char::is_ascii_digit).collect();
        Self { child, url: format!("http://127.0.0.1:{port}") }
    }

    async fn browser(&self) -> Client {
        let mut capabilities = Map::new();
        capabilities.insert(
            "goog:chromeOptions".into(),
            json!({ "args": ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1000,700"] }),
        );
        capabilities.insert("goog:loggingPrefs".into(), json!({ "browser": "ALL" }));
        let connector = HttpConnector::new();
        ClientBuilder::new(connector).capabilities(capabilities).connect(&self.url).await.expect("a browser")
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Gone already is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn enter(browser: &Client, url: &str, name: &str) -> Result<(), CmdError> {
    browser.goto(url).await?;
    // Everything that the policy forbids is remembered, so that the test can ask for it.
    let watch = "window.violations = []; document.addEventListener('securitypolicyviolation', \
                 event => window.violations.push(event.violatedDirective + ' ' + event.blockedURI));";
    browser.execute(watch, vec![]).await?;
    let field = browser.wait().at_most(PATIENCE).for_element(Locator::Css("#name")).await?;
    field.clear().await?;
    field.send_keys(name).await?;
    let room = browser.find(Locator::Css("#room")).await?;
    room.clear().await?;
    room.send_keys("general").await?;
    browser.find(Locator::Css("#enter")).await?.click().await?;
    browser.wait().at_most(PATIENCE).for_element(Locator::Css("#status[data-state=connected]")).await?;
    Ok(())
}

async fn say(browser: &Client, text: &str) -> Result<(), CmdError> {
    let input = browser.find(Locator::Css("#input")).await?;
    input.send_keys(&format!("{text}\n")).await
}

/// The messages as they are read, once there are as many as expected.
async fn messages(browser: &Client, count: usize) -> Result<Vec<String>, CmdError> {
    let read = "return [...document.querySelectorAll('#messages li.message[data-seq]')].map(line => \
                line.querySelector('.sender').textContent + ': ' + line.querySelector('.text').textContent)";
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let lines: Vec<String> = serde_json::from_value(browser.execute(read, vec![]).await?).unwrap_or_default();
        if lines.len() >= count || tokio::time::Instant::now() > deadline {
            return Ok(lines);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver: just test-browser"]
async fn two_tabs_talk_and_nothing_breaks_the_policy() {
    let server = TestServer::start().await;
    let driver = Driver::start();
    let url = format!("http://{}/", server.address);
    let (alice, bob) = (driver.browser().await, driver.browser().await);
    let hostile = "<img src=x onerror=alert(1)> https://example.org/?a=1&b=2 javascript:alert(2)";
    let talk = async {
        enter(&alice, &url, "alice").await?;
        enter(&bob, &url, "bob").await?;
        say(&alice, "hello from a tab").await?;
        assert_eq!(messages(&bob, 1).await?, ["alice: hello from a tab"]);
        say(&bob, hostile).await?;
        let expected = ["alice: hello from a tab".to_owned(), format!("bob: {hostile}")];
        assert_eq!(messages(&alice, 2).await?, expected);
        assert_eq!(messages(&bob, 2).await?, expected);
        // A page that is loaded again is the same person, and has the history.
        alice.refresh().await?;
        if let Ok(enter) = alice.find(Locator::Css("#enter")).await
            && enter.is_displayed().await?
        {
            enter.click().await?;
        }
        assert_eq!(messages(&alice, 2).await?, expected);
        say(&alice, "back again").await?;
        assert_eq!(messages(&bob, 3).await?.last().map(String::as_str), Some("alice: back again"));
        let users = "return [...document.querySelectorAll('#users li')].map(user => user.textContent.trim()).sort()";
        assert_eq!(bob.execute(users, vec![]).await?, json!(["alice", "bob"]));
        let injected = "return document.querySelectorAll('#messages img, #messages script').length";
        assert_eq!(bob.execute(injected, vec![]).await?, json!(0));
        let links = "return [...document.querySelectorAll('#messages a')].map(link => link.href + ' ' + link.rel)";
        assert_eq!(bob.execute(links, vec![]).await?, json!(["https://example.org/?a=1&b=2 noopener noreferrer nofollow"]));
        assert_eq!(bob.execute("return window.violations", vec![]).await?, Value::Array(vec![]));
        if let Ok(path) = std::env::var("SCREENSHOT") {
            std::fs::write(path, bob.screenshot().await?).expect("the picture is written");
        }
        Ok::<_, CmdError>(())
    };
    let outcome = talk.await;
    let (alice_ends, bob_ends) = (alice.close().await, bob.close().await);
    outcome.expect("the tabs do what they are told");
    alice_ends.and(bob_ends).expect("the browsers end");
}
