//! Somebody with an account at the door: a password once, then none, until the token ends.

use chat_server::{
    admin::{Answer, Order},
    auth::Secret,
    realm::Role,
};
use serde_json::json;

use crate::{
    chromium::Driver,
    common::{TestServer, config_in, operator::order},
    page,
};

#[tokio::test]
#[ignore = "needs chromium and chromedriver: just test-browser"]
async fn a_password_is_asked_once_and_again_when_its_token_ends() {
    let directory = tempfile::tempdir().expect("a directory");
    let server = TestServer::with(config_in(directory.path())).await;
    let order = async |asked| order(directory.path(), asked).await;
    order(Order::AddAccount { name: "Paul".into(), role: Role::Member }).await;
    order(Order::SetPassword { name: "paul".into(), password: Some(Secret::new("correct horse")) }).await;
    let mut bob = server.join("general", "bob").await;
    let driver = Driver::start();
    let browser = driver.browser().await;
    browser.go(&page(&server)).await;

    // A guest's name that another guest has is no matter of passwords.
    browser.fill("#name", "bob").await;
    browser.click("#enter").await;
    browser.wait_for("document.querySelector('#door-error').textContent.includes('taken')").await;
    browser.becomes("[document.activeElement.id, document.querySelector('#account').open]", json!(["name", false])).await;

    // As a guest: the door says why, and where the password goes.
    browser.fill("#name", "paul").await;
    browser.click("#enter").await;
    browser.wait_for("!document.querySelector('#entrance').hidden && document.querySelector('#account').open").await;
    browser.wait_for("document.querySelector('#door-error').textContent.includes('belongs to an account')").await;
    browser.wait_for("document.activeElement.id === 'password'").await;
    browser.fill("#password", "incorrect horse").await;
    browser.click("#enter").await;
    browser.wait_for("document.querySelector('#door-error').textContent.includes('no account with that name')").await;
    assert_eq!(browser.axe().await, Vec::<String>::new());
    browser.picture("account").await;
    browser.fill("#password", "correct horse").await;
    browser.click("#enter").await;
    browser.connected().await;
    browser.becomes("document.querySelector('#me').textContent", json!("Paul")).await;
    browser.say("here by my password").await;
    bob.hears("here by my password").await;
    browser.wait_for("!document.querySelector('#password').value").await;

    // The next time it is not asked for.
    browser.reload().await;
    browser.connected().await;
    browser.say("and without").await;
    bob.hears("and without").await;

    // Nor is it of use any more once it was revoked.
    let Answer::Tokens { tokens } = order(Order::Tokens { name: None }).await else { panic!("no list") };
    assert_eq!(tokens.len(), 1, "{tokens:?}");
    order(Order::RevokeToken { token: tokens[0].id }).await;
    browser.wait_for("!document.querySelector('#entrance').hidden && document.querySelector('#account').open").await;
    browser.wait_for("Object.keys(localStorage).every((key) => !key.startsWith('chat:token:'))").await;
    browser.fill("#password", "correct horse").await;
    browser.click("#enter").await;
    browser.connected().await;

    // Signing out ends it for the server, too.
    browser.say("/quit").await;
    browser.click("#logout").await;
    browser.wait_for("document.querySelector('#logout').hidden").await;
    let Answer::Tokens { tokens } = order(Order::Tokens { name: None }).await else { panic!("no list") };
    assert!(tokens.is_empty(), "{tokens:?}");
    // That a password was wrong is told by the browser as well.
    let trouble = browser.trouble().await;
    assert!(trouble.iter().all(|what| what.contains("/api/login - ")) && trouble.len() == 1, "{trouble:#?}");
}
