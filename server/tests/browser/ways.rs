//! Ways in, out and around: links, the keyboard, pastes, files of a room, and what calls somebody who looks elsewhere.

use serde_json::json;

use crate::{
    chromium::{ALT, CONTROL, Driver, ENTER, ESCAPE, SHIFT, UP},
    common::TestServer,
    page,
};

/// The keys that are only used here, as WebDriver names them.
const TAB: &str = "\u{e004}";

const FOCUS: &str = "document.activeElement.id";
const INPUT: &str = "document.querySelector('#input').value";

#[tokio::test]
#[ignore = "needs chromium and chromedriver: just test-browser"]
async fn links_lead_in_and_the_keyboard_does_everything() {
    let server = TestServer::start().await;
    let driver = Driver::start();
    let mut bob = server.join("tea", "bob").await;
    bob.say("who is there?").await;
    let alice = driver.browser().await;
    alice.enter(&page(&server), "alice").await;
    // A link into a room, for a name that is known.
    alice.go(&format!("{}#tea", page(&server))).await;
    alice.reload().await;
    alice.connected().await;
    alice.becomes("document.querySelector('#title').textContent", json!("#tea")).await;
    alice.shows(&["bob: who is there?"]).await;
    alice.becomes("document.title", json!("#tea – Chat")).await;

    // Enter sends, Shift-Enter begins a line.
    alice.keys("#input", "one").await;
    alice.press(&[SHIFT, ENTER]).await;
    alice.keys("#input", format!("two{ENTER}")).await;
    alice.shows(&["bob: who is there?", "alice: one\ntwo"]).await;

    // Tab completes; where there is nothing to complete, it leaves the field.
    alice.keys("#input", format!("bo{TAB}")).await;
    alice.becomes(INPUT, json!("bob: ")).await;
    alice.becomes(FOCUS, json!("input")).await;
    alice.keys("#input", format!("hm {TAB}")).await;
    alice.wait_for("document.activeElement.id !== 'input' && document.activeElement !== document.body").await;
    alice.press(&[CONTROL, "k"]).await;
    alice.wait_for("document.querySelector('#switcher[open]')").await;
    alice.press(&[ESCAPE]).await;
    alice.wait_for("!document.querySelector('#switcher')").await;

    // A message is selected, answered, and the answer let go of.
    alice.keys("#input", "").await;
    alice.press(&[CONTROL, UP]).await;
    alice.press(&[UP]).await;
    alice.wait_for("document.activeElement.dataset.from === 'bob'").await;
    alice.press(&["r"]).await;
    alice.becomes(FOCUS, json!("input")).await;
    alice.wait_for("!document.querySelector('#purpose').hidden").await;
    alice.press(&[ESCAPE]).await;
    alice.wait_for("document.querySelector('#purpose').hidden").await;

    // A draft stays with its room.
    alice.becomes(INPUT, json!("bob: hm ")).await;
    alice.press(&[ALT, UP]).await;
    alice.becomes("document.querySelector('#title').textContent", json!("#general")).await;
    alice.becomes(INPUT, json!("")).await;
    alice.press(&[ALT, "0"]).await;
    alice.becomes(INPUT, json!("bob: hm ")).await;
    // «Back» leads to the room before.
    alice.run("history.back()").await;
    alice.becomes("document.querySelector('#title').textContent", json!("#general")).await;
    alice.finish().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver: just test-browser"]
async fn what_is_composed_or_pasted_is_not_sent_by_itself() {
    let server = TestServer::start().await;
    let driver = Driver::start();
    let alice = driver.browser().await;
    alice.enter(&page(&server), "alice").await;
    alice.click("#input").await;

    // While an input method composes, Enter picks a character.
    alice.devtools("Input.imeSetComposition", json!({ "text": "にほん", "selectionStart": 3, "selectionEnd": 3 })).await;
    let enter =
        |kind: &str| json!({ "type": kind, "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 229, "isSystemKey": false });
    alice.devtools("Input.dispatchKeyEvent", enter("rawKeyDown")).await;
    alice.devtools("Input.dispatchKeyEvent", enter("keyUp")).await;
    alice.devtools("Input.insertText", json!({ "text": "日本" })).await;
    alice.becomes(INPUT, json!("日本")).await;
    alice.becomes("document.querySelectorAll('#messages li.message, #messages li.pending').length", json!(0)).await;
    alice.keys("#input", ENTER).await;
    alice.shows(&["alice: 日本"]).await;

    // Several lines are asked about; a slash that was pasted is no command.
    let paste = |text: &str| {
        format!(
            "const data = new DataTransfer(); data.setData('text/plain', {text:?}); \
             document.querySelector('#input').dispatchEvent(new ClipboardEvent('paste', {{ clipboardData: data, bubbles: true, cancelable: true }}))"
        )
    };
    alice.run(&paste("first\nsecond\nthird")).await;
    alice.wait_for("document.querySelector('#paste[open]')").await;
    alice.press(&["s"]).await;
    alice.shows(&["alice: 日本", "alice: first\nsecond\nthird"]).await;
    alice.run(&paste("/quit")).await;
    alice.becomes(INPUT, json!("/quit")).await;
    alice.keys("#input", ENTER).await;
    alice.shows(&["alice: 日本", "alice: first\nsecond\nthird", "alice: /quit"]).await;
    alice.finish().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver: just test-browser"]
async fn a_file_of_a_room_is_made_and_can_be_fetched() {
    let server = TestServer::start().await;
    let driver = Driver::start();
    let alice = driver.browser().await;
    alice.enter(&page(&server), "alice").await;
    alice.say("to be kept").await;
    alice.shows(&["alice: to be kept"]).await;
    alice.say("/export jsonl").await;
    alice.wait_for("document.querySelector('#tasks a[href]')").await;
    let link = alice.run("return document.querySelector('#tasks a[href]').href").await;
    let path =
        link.as_str().and_then(|link| link.split_once(&server.address.to_string())).expect("a link of this server").1.to_owned();
    let file = server.get(&path).await;
    assert_eq!(file.status, 200);
    assert!(file.body.contains("to be kept"), "{}", file.body);

    // One that is for two is opened by what stands in no address.
    let mut bob = server.join("general", "bob").await;
    alice.say("/pm bob for you alone").await;
    bob.hears("for you alone").await;
    alice.keys("#input", "").await;
    alice.wait_for("[...document.querySelectorAll('#rooms a')].find((one) => one.textContent.includes('bob'))").await;
    alice.run("[...document.querySelectorAll('#rooms a')].find((one) => one.textContent.includes('bob')).click()").await;
    alice.say("/export text").await;
    alice.wait_for("document.querySelector('#tasks a[download^=\"_alice\"]')").await;
    alice.run("document.querySelector('#tasks a[download^=\"_alice\"]').click()").await;
    alice.wait_for("document.querySelector('#tasks a[href^=\"blob:\"]')").await;
    let asked = alice.run("return performance.getEntries().map((one) => one.name).join(' ')").await;
    let asked = asked.as_str().expect("addresses");
    assert!(asked.contains("/api/exports/") && !asked.contains("session"), "{asked}");
    alice.finish().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver: just test-browser"]
async fn who_looks_elsewhere_is_called_and_what_is_read_calls_no_more() {
    let server = TestServer::start().await;
    let driver = Driver::start();
    let mut bob = server.join("general", "bob").await;
    let alice = driver.browser().await;
    // What the page asks of the system, without the system.
    let notifications = "window.asked = 0; window.shown = []; window.Notification = class { \
        static permission = 'default'; \
        static async requestPermission() { asked += 1; return this.permission = 'granted'; } \
        constructor(title, options) { shown.push({ title, ...options, open: true }); this.at = shown.length - 1; } \
        close() { shown[this.at].open = false; } }";
    alice.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": notifications })).await;
    alice.enter(&page(&server), "alice").await;
    alice.becomes("asked", json!(0)).await;
    alice.click("#bell").await;
    alice.becomes("document.querySelector('#bell').getAttribute('aria-pressed')", json!("true")).await;
    alice.becomes("asked", json!(1)).await;

    bob.say("alice: seen at once").await;
    alice.shows(&["bob: alice: seen at once"]).await;
    // She looks elsewhere.
    alice.devtools("Emulation.setFocusEmulationEnabled", json!({ "enabled": false })).await;
    alice.run("document.hasFocus = () => false; dispatchEvent(new Event('blur'))").await;
    bob.say("nothing that calls").await;
    bob.say("alice, look").await;
    alice
        .becomes("shown.map(({ title, body, open }) => [title, body, open])", json!([["bob in #general", "alice, look", true]]))
        .await;
    alice.becomes("document.title", json!("(1) #general – Chat")).await;
    alice.wait_for("document.querySelector('link[rel=icon]').href.includes('alert')").await;
    // And back: it is read, here and for the server.
    alice.run("document.hasFocus = () => true; dispatchEvent(new Event('focus'))").await;
    alice.becomes("shown.map(({ open }) => open)", json!([false])).await;
    alice.becomes("document.title", json!("#general – Chat")).await;
    alice.wait_for("!document.querySelector('link[rel=icon]').href.includes('alert')").await;
    alice.wait_for("document.querySelector('#messages li.new')").await;
    alice.finish().await;
}
