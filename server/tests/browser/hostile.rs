//! The hostile corpus, in every place that a peer can write to: nothing runs, nothing is made of it but text, and nothing is pushed
//! off the screen.

#[path = "../../../protocol/tests/hostile/mod.rs"]
mod corpus;

use chat_protocol::display;
use serde_json::{Value, json};

use crate::{
    chromium::{Browser, Driver, ESCAPE, LOOKS},
    common::{TestClient, TestServer},
    page,
};

/// What of the page is somebody else's words.
const THEIRS: &str = "#title, #topic, #messages, #users, #rooms, #typing, #announce, #hint";

/// Whatever would be wider or taller than it may be, in words.
const BROKEN: &str = r#"
    const broken = [];
    const screen = document.documentElement.clientWidth;
    const wide = (element) => element.scrollWidth > element.clientWidth + 1;
    for (const element of [document.documentElement, document.body, document.querySelector('#scroll')]) {
        if (wide(element)) broken.push(`${element.tagName} ${element.id} is ${element.scrollWidth} wide, in ${element.clientWidth}`);
    }
    if (document.documentElement.scrollHeight > innerHeight + 1) broken.push(`the page is ${document.documentElement.scrollHeight} tall, in ${innerHeight}`);
    for (const row of document.querySelectorAll('#messages > li')) {
        const { left, right, height } = row.getBoundingClientRect();
        if (left < -1 || right > screen + 1 || wide(row)) broken.push(`from ${left} to ${right}, ${row.scrollWidth} wide: ${row.outerHTML}`);
        // A long text may be long, also in wide letters on a phone; a short one is not tall.
        if (height > 300 + 2 * row.textContent.length) broken.push(`${height} tall: ${row.outerHTML}`);
    }
    return broken;
"#;

async fn send(peer: &mut TestClient, request: Value) {
    // What the server refuses comes to nobody.
    peer.ask(request).await;
}

/// Everything that stands where somebody else's words may stand is what it seems.
async fn check(browser: &Browser, theirs: &str) {
    let made = format!(
        "return [...document.querySelectorAll('{theirs}')].flatMap((place) => [...place.querySelectorAll(\
                        'img, script, iframe, object, embed, base, meta, link, style, form, video, audio, math')]).map((made) => made.outerHTML)"
    );
    assert_eq!(browser.run(&made).await, json!([]));
    let links = "return [...document.querySelectorAll('#messages a[href]')].filter((link) => !/^https?:$/.test(link.protocol) || \
                 !link.rel.includes('noopener')).map((link) => link.outerHTML)";
    assert_eq!(browser.run(links).await, json!([]));
    let text = format!(
        "return [document.title, ...[...document.querySelectorAll('{theirs}')].map((place) => place.textContent)].join('\\n')"
    );
    let text = browser.run(&text).await;
    let text = text.as_str().expect("text");
    // Inside an emoji these two have a meaning; lines and tabs are kept.
    let harmless = ['\u{200d}', '\u{fe0f}', '\n', '\t'];
    let hurtful: Vec<_> = text.char_indices().filter(|(_, c)| display::is_unsafe(*c) && !harmless.contains(c)).collect();
    let around = |at: usize| text[at..].chars().take(20).collect::<String>();
    assert!(hurtful.is_empty(), "{:?}", hurtful.iter().map(|(at, c)| (c, around(*at))).collect::<Vec<_>>());
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver: just test-browser"]
async fn hostile_text_runs_nothing_and_breaks_no_layout() {
    let server = TestServer::start().await;
    let driver = Driver::start();
    let browser = driver.browser().await;
    browser.enter(&page(&server), "alice").await;
    let mut eve = server.join("general", "eve").await;
    let mut texts: Vec<String> = corpus::corpus().into_iter().map(|(_, text)| text).collect();
    texts.push("W".repeat(3000));
    texts.push(format!("https://example.org/{}", "long/".repeat(200)));
    for text in &texts {
        send(&mut eve, json!({ "type": "send", "text": text })).await;
        send(&mut eve, json!({ "type": "send", "text": text, "action": true })).await;
    }
    // As names of people and rooms, as far as the server lets them pass.
    for text in texts.iter().filter(|text| text.len() < 60) {
        let encoded: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
        if let Ok(mut peer) = server.try_open(&format!("/ws/chat/general/{encoded}"), &[]).await
            && peer.hear().await.is_ok_and(|welcome| welcome["type"] == "welcome")
        {
            peer.say("my name is hostile").await;
        }
        send(&mut eve, json!({ "type": "join", "room": text })).await;
    }
    let seq = eve.say("reacted to").await["seq"].clone();
    for text in &texts {
        send(&mut eve, json!({ "type": "react", "room": "general", "seq": seq, "emoji": text, "on": true })).await;
    }
    eve.send(json!({ "type": "typing", "room": "general", "active": true })).await;
    let newest = "[...document.querySelectorAll('#messages li.message')].at(-1)?.querySelector('.text').textContent";
    for (round, text) in texts.iter().rev().take(3).chain(&texts).enumerate() {
        send(&mut eve, json!({ "type": "topic", "room": "general", "text": text })).await;
        // Often enough to see each kind, and not each of them.
        if round % 16 == 0 {
            let now = format!("round {round}");
            send(&mut eve, json!({ "type": "send", "room": "general", "text": now })).await;
            browser.becomes(newest, json!(now)).await;
            check(&browser, THEIRS).await;
        }
    }
    // All of it, from the newest to the oldest, on a phone and on a wide screen.
    send(&mut eve, json!({ "type": "topic", "room": "general", "text": format!("Tea {}", "and cake ".repeat(100)) })).await;
    // The list of rooms, with their names.
    browser.say("/rooms").await;
    browser.wait_for("document.querySelectorAll('#switcher li').length > 10").await;
    check(&browser, "#switcher").await;
    browser.press(&[ESCAPE]).await;
    browser.wait_for("!document.querySelector('#switcher')?.open").await;
    for look in LOOKS.into_iter().filter(|look| look.dark) {
        browser.look(look).await;
        assert_eq!(browser.run(BROKEN).await, json!([]), "{look:?}");
        browser.picture(&format!("hostile-{}", look.name())).await;
        for _ in 0..5 {
            browser.run("document.querySelector('#scroll').scrollTop = 0").await;
            browser.run("return new Promise((done) => setTimeout(done, 100))").await;
            assert_eq!(browser.run(BROKEN).await, json!([]), "{look:?}");
            check(&browser, THEIRS).await;
        }
    }
    browser.finish().await;
}
