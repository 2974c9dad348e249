//! Somebody without an account at the door: by the link of an invitation, by a code, and where anybody may.

use chat_server::{
    Config,
    admin::{Answer, Order},
    registration::Registration,
};
use serde_json::json;

use crate::{
    chromium::{Driver, ENTER, LOOKS},
    common::{TestServer, config_in, operator::order},
    page,
};

#[tokio::test]
#[ignore = "needs chromium and chromedriver: just test-browser"]
async fn the_link_of_an_invitation_leads_through_the_form_into_the_chat() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = Config { registration: Registration::Invite, ..config_in(directory.path()) };
    let server = TestServer::with(config).await;
    let invite = async || {
        let invite = Order::Invite { uses: 1, minutes: 60, label: "team".into(), url: None };
        match order(directory.path(), invite).await {
            Answer::Invitation { code, .. } => code.tell().to_owned(),
            other => panic!("{other:?}"),
        }
    };
    let mut bob = server.join("general", "bob").await;
    let driver = Driver::start();
    let browser = driver.browser().await;

    let code = invite().await;
    browser.go(&format!("{}#invite={code}", page(&server))).await;
    browser.wait_for("document.querySelector('#door').dataset.way === 'register'").await;
    // The code is in no place where others come by it.
    let everywhere = "return JSON.stringify([location.href, {...localStorage}, {...sessionStorage}, document.body.outerHTML])";
    assert!(!browser.run(everywhere).await.as_str().expect("text").contains(&code));
    browser.becomes("document.querySelector('#invite-field').checkVisibility()", json!(false)).await;
    browser.wait_for("document.querySelector('#welcome').textContent.startsWith('You are invited.')").await;
    for look in LOOKS {
        browser.look(look).await;
        assert_eq!(browser.axe().await, Vec::<String>::new(), "{look:?}");
        browser.picture(&format!("register-{}", look.name())).await;
    }

    // What is wrong is said where it is, and mended there; with the keyboard alone.
    let wrong = "[document.activeElement.id, document.querySelector('[aria-invalid]')?.id, [...document.querySelectorAll('.wrong')].map((one) => one.textContent).join('')]";
    browser.fill("#name", "Bob").await;
    browser.fill("#new-password", "short").await;
    browser.press(&[ENTER]).await;
    browser.becomes(wrong, json!(["new-password", "new-password", "A password has 8 characters or more."])).await;
    browser.fill("#new-password", "correct horse").await;
    browser.fill("#again", "incorrect horse").await;
    browser.press(&[ENTER]).await;
    browser.becomes(wrong, json!(["again", "again", "This is another password."])).await;
    assert_eq!(browser.axe().await, Vec::<String>::new());
    browser.picture("register-wrong").await;
    browser.click("#reveal").await;
    browser.becomes("document.querySelector('#new-password').type", json!("text")).await;
    browser.becomes("document.querySelector('#again').checkVisibility()", json!(false)).await;
    browser.click("#enter").await;
    browser.becomes(wrong, json!(["name", "name", "Bob is taken, or looks like a name that is"])).await;
    browser.fill("#name", "Paul").await;
    browser.press(&[ENTER]).await;
    browser.connected().await;
    browser.becomes("document.querySelector('#me').textContent", json!("Paul")).await;
    browser.say("here by my invitation").await;
    bob.hears("here by my invitation").await;
    browser.becomes("document.querySelector('#new-password').value", json!("")).await;
    browser.say("/register").await;
    browser.wait_for("document.querySelector('#messages').textContent.includes('An account is made at the door')").await;

    // The next time nothing is asked for.
    browser.reload().await;
    browser.connected().await;

    // By a link in the open page: to the door again. It is used up by somebody else meanwhile.
    browser.run(&format!("location.hash = 'invite={code}'")).await;
    browser.wait_for("document.querySelector('#door').dataset.way === 'register'").await;
    browser.becomes("location.hash", json!("")).await;
    browser.fill("#name", "Carol").await;
    browser.fill("#new-password", "correct horse").await;
    browser.fill("#again", "correct horse").await;
    browser.press(&[ENTER]).await;
    let over = "This invitation is not known here, or it is over: ask for another one";
    browser.becomes(wrong, json!(["invite", "invite", over])).await;
    assert_eq!(browser.axe().await, Vec::<String>::new());
    // A whole link is as good as the code.
    browser.fill("#invite", &format!("https://chat.example/#invite={}", invite().await)).await;
    browser.press(&[ENTER]).await;
    browser.connected().await;
    browser.becomes("document.querySelector('#me').textContent", json!("Carol")).await;
    // That something was refused is told by the browser as well.
    let trouble = browser.trouble().await;
    assert!(trouble.iter().all(|what| what.contains("/api/register - ")) && trouble.len() == 2, "{trouble:#?}");
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver: just test-browser"]
async fn the_door_offers_what_the_server_allows() {
    let driver = Driver::start();
    let browser = driver.browser().await;
    let offer = "document.querySelector('#to-other').checkVisibility() && document.querySelector('#to-other').textContent";
    let directory = tempfile::tempdir().expect("a directory");
    let open = TestServer::with(Config { registration: Registration::Open, ..config_in(directory.path()) }).await;
    browser.go(&page(&open)).await;
    browser.becomes(offer, json!("Create an account")).await;
    for look in LOOKS {
        browser.look(look).await;
        assert_eq!(browser.axe().await, Vec::<String>::new(), "{look:?}");
        browser.picture(&format!("offer-{}", look.name())).await;
    }
    // A guest's own name, which the guest's session shows to be theirs.
    browser.fill("#name", "paul").await;
    browser.click("#enter").await;
    browser.connected().await;
    browser.say("/quit").await;
    browser.click("#to-other").await;
    browser.becomes("document.querySelector('#invite-field').checkVisibility()", json!(false)).await;
    browser.becomes(offer, json!("Come in without a new account")).await;
    browser.fill("#new-password", "correct horse").await;
    browser.fill("#again", "correct horse").await;
    browser.press(&[ENTER]).await;
    browser.connected().await;
    browser.becomes("Object.keys(localStorage).includes('chat:token:paul')", json!(true)).await;

    let closed = TestServer::start().await;
    browser.go(&format!("{}#invite=abc", page(&closed))).await;
    browser.wait_for("document.querySelector('#door-error').textContent.includes('lets nobody make an account')").await;
    browser.becomes(offer, json!(false)).await;
    browser.becomes("[location.hash, document.querySelector('#register').hidden]", json!(["", true])).await;
    browser.finish().await;
}
