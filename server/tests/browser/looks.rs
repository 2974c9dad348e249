//! How it looks, and whether everybody can use it: on a phone and on a wide screen, dark and light, with what people say there.
//! `SCREENSHOTS=directory` keeps the pictures.

use serde_json::json;

use crate::{
    chromium::{ALT, Browser, Driver, ENTER, ESCAPE, LOOKS},
    common::{TestClient, TestServer},
    page,
};

/// A room in which everything has happened.
async fn furnish(server: &TestServer) -> Vec<TestClient> {
    let mut ann = server.join("general", "Ann%20Lee").await;
    let mut bob = server.join("general", "bob").await;
    let carol = server.join("general", "carol").await;
    ann.ask(json!({ "type": "topic", "text": "Tea, cake and the release on Friday" })).await;
    ann.say("Good morning, all").await;
    ann.say("The build is green: https://ci.example/builds/4211?tab=log").await;
    bob.say("And to you, Ann Lee").await;
    bob.ask(json!({ "type": "send", "text": "looks outside", "action": true })).await;
    bob.ask(json!({ "type": "send", "text": "Which build?", "reply_to": 3 })).await;
    ann.say("The one that you broke yestreday").await;
    ann.ask(json!({ "type": "edit", "seq": 7, "text": "The one that you broke yesterday" })).await;
    bob.ask(json!({ "type": "react", "seq": 2, "emoji": "👍", "on": true })).await;
    bob.ask(json!({ "type": "react", "seq": 7, "emoji": "😅", "on": true })).await;
    let secret = bob.say("a secret").await["seq"].clone();
    bob.ask(json!({ "type": "delete", "seq": secret })).await;
    ann.say("שלום alice, مرحبا").await;
    ann.say("A longer text, so that it goes over the end of the line on a phone, and on a wide screen too if it is long enough, which it \
             is by now, or nearly so; a few more words will do.\nAnd a second line.").await;
    ann.say("alice: have you seen this?").await;
    vec![ann, bob, carol]
}

async fn accessible(browser: &Browser, what: &str, against: &mut Vec<String>) {
    let found = browser.axe().await;
    against.extend(found.into_iter().map(|found| format!("{what}: {found}")));
}

#[tokio::test]
#[ignore = "needs chromium, chromedriver and axe-core: just test-browser"]
async fn axe_finds_nothing_wherever_one_looks() {
    let server = TestServer::start().await;
    let driver = Driver::start();
    let browser = driver.browser().await;
    let url = page(&server);
    let mut against = Vec::new();
    browser.go(&url).await;
    browser.wait_for("document.querySelector('#door').checkVisibility()").await;
    for look in LOOKS {
        browser.look(look).await;
        browser.picture(&format!("door-{}", look.name())).await;
        accessible(&browser, &format!("door {look:?}"), &mut against).await;
    }
    browser.enter(&url, "alice").await;
    browser.say("/join tea").await;
    browser.wait_for("document.querySelector('#rooms a[data-room=tea][aria-current=page]')").await;
    let mut people = furnish(&server).await;
    browser.wait_for("document.querySelector('#rooms a[data-room=general] .mentions')?.textContent.includes('2')").await;
    browser.click("#rooms a[data-room=general]").await;
    browser.wait_for("document.querySelector('#messages li.new')").await;
    people[1].send(json!({ "type": "typing", "active": true })).await;
    browser.wait_for("document.querySelector('#typing').textContent.includes('bob')").await;
    for look in LOOKS {
        let (at, narrow) = (look.name(), look.width < 600);
        browser.look(look).await;
        browser.picture(&format!("chat-{at}")).await;
        accessible(&browser, &format!("chat {at}"), &mut against).await;
        for (what, button) in [("rooms", "#show-rooms"), ("people", "#show-people")].into_iter().filter(|_| narrow) {
            browser.click(button).await;
            browser.wait_for(&format!("document.querySelector('#{what}').checkVisibility()")).await;
            browser.picture(&format!("{what}-{at}")).await;
            accessible(&browser, &format!("{what} {at}"), &mut against).await;
            browser.press(&[ESCAPE]).await;
            browser.wait_for(&format!("!document.querySelector('#{what}').checkVisibility()")).await;
        }
        for overlay in ["help", "search", "switcher"] {
            match overlay {
                "help" => browser.say("/help").await,
                "search" => browser.click("#find").await,
                _ => browser.press(&[ALT, "k"]).await,
            }
            browser.wait_for(&format!("document.querySelector('#{overlay}')?.open")).await;
            if overlay == "search" {
                browser.keys("#search input[type=search]", format!("build{ENTER}")).await;
                browser.wait_for("document.querySelectorAll('#search li').length === 2").await;
            }
            browser.picture(&format!("{overlay}-{at}")).await;
            accessible(&browser, &format!("{overlay} {at}"), &mut against).await;
            browser.press(&[ESCAPE]).await;
            browser.wait_for(&format!("!document.querySelector('#{overlay}')?.open")).await;
        }
    }
    assert!(against.is_empty(), "{against:#?}");
    browser.finish().await;
}
