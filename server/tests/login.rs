//! A password becomes a token over HTTP, and not for whoever tries often enough.

mod common;

use std::path::Path;

use chat_protocol::CloseCode;
use chat_server::{
    admin::{Answer, Order},
    auth::Secret,
    realm::Role,
};
use common::{Reply, TestServer, config_in, operator::order};
use serde_json::{Value, json};
use tempfile::TempDir;

const PASSWORD: &str = "correct horse";

async fn start() -> (TestServer, TempDir) {
    let directory = tempfile::tempdir().expect("a directory");
    let server = TestServer::with(config_in(directory.path())).await;
    done(directory.path(), Order::AddAccount { name: "paul".into(), role: Role::Member }).await;
    set_password(directory.path(), Some(PASSWORD)).await;
    (server, directory)
}

async fn done(directory: &Path, asked: Order) {
    let answer = order(directory, asked).await;
    assert!(matches!(answer, Answer::Done { .. }), "{answer:?}");
}

async fn set_password(directory: &Path, password: Option<&str>) {
    done(directory, Order::SetPassword { name: "paul".into(), password: password.map(Secret::new) }).await;
}

async fn login(server: &TestServer, body: Value) -> Reply {
    server.http("POST", "/api/login", &[("content-type", "application/json")], &body.to_string()).await
}

#[track_caller]
fn check(reply: &Reply, status: u16, code: &str) {
    assert_eq!((reply.status, reply.json()["error"]["code"].as_str()), (status, Some(code)), "{reply:?}");
}

#[tokio::test]
async fn a_password_becomes_a_token_until_it_is_given_back() {
    let (server, directory) = start().await;
    let reply = login(&server, json!({ "user": "PAUL", "password": PASSWORD, "label": "phone" })).await;
    let (status, said) = (reply.status, reply.json());
    assert_eq!((status, &said["user"]), (200, &json!("paul")), "{said}");
    assert!(reply.header("cache-control").is_some_and(|value| value.contains("no-store")), "{reply:?}");
    let token = said["token"].as_str().expect("a token");
    let path = format!("/ws/chat/general/paul?token={token}");
    let mut paul = server.open(&path).await;
    assert_eq!(paul.expect("welcome").await["guest"], false);
    let Answer::Tokens { tokens } = order(directory.path(), Order::Tokens { name: None }).await else { panic!("no list") };
    assert_eq!((tokens[0].label.as_str(), tokens[0].expires.is_some()), ("phone", true));
    let bearer = format!("Bearer {token}");
    let logout = async || server.http("POST", "/api/logout", &[("authorization", &bearer)], "").await;
    assert_eq!(logout().await.status, 204);
    paul.closed_with(CloseCode::InvalidToken).await;
    server.open(&path).await.closed_with(CloseCode::InvalidToken).await;
    check(&logout().await, 401, "forbidden");
    check(&server.http("POST", "/api/logout", &[], "").await, 401, "forbidden");
    let form = [("content-type", "application/x-www-form-urlencoded")];
    assert_eq!(server.http("POST", "/api/login", &form, "user=paul&password=correct+horse").await.status, 200, "as curl has it");
}

#[tokio::test]
async fn who_comes_in_again_and_again_loses_the_oldest_token_of_that_purpose_and_no_other() {
    let (server, directory) = start().await;
    let token = async |label: &str| {
        let new = Order::NewToken { name: "paul".into(), label: label.into(), days: None };
        let Answer::Token { token, .. } = order(directory.path(), new).await else { panic!("no token") };
        token.tell().to_owned()
    };
    let (bot, oldest) = (token("bot").await, token("phone").await);
    for _ in 0..48 {
        token("phone").await;
    }
    let opens = async |token: &str| {
        server.http("GET", "/api/rooms", &[("authorization", &format!("Bearer {token}"))], "").await.status == 200
    };
    let phone = json!({ "user": "paul", "password": PASSWORD, "label": "phone" });
    assert_eq!(login(&server, phone.clone()).await.status, 200);
    assert!(opens(&oldest).await, "the fiftieth");
    assert_eq!(login(&server, phone).await.status, 200);
    assert!(!opens(&oldest).await && opens(&bot).await);
}

#[tokio::test]
async fn what_is_wrong_is_refused_in_the_same_words() {
    let (server, directory) = start().await;
    let wrong = login(&server, json!({ "user": "paul", "password": "incorrect horse" })).await;
    check(&wrong, 401, "forbidden");
    let unknown = login(&server, json!({ "user": "nobody", "password": PASSWORD })).await;
    assert_eq!((unknown.status, &unknown.body), (wrong.status, &wrong.body), "nobody learns which names have accounts");
    let looks_like = login(&server, json!({ "user": "p\u{430}ul", "password": PASSWORD })).await;
    assert_eq!((looks_like.status, &looks_like.body), (wrong.status, &wrong.body));
    check(&login(&server, json!({ "user": "paul" })).await, 400, "bad_request");
    check(&login(&server, json!({ "user": 7, "password": [] })).await, 400, "bad_request");
    assert_eq!(server.get("/api/login").await.status, 405);
    let foreign = [("content-type", "application/json"), ("origin", "http://evil.example")];
    check(&server.http("POST", "/api/login", &foreign, "{}").await, 403, "forbidden");
    set_password(directory.path(), None).await;
    assert_eq!(login(&server, json!({ "user": "paul", "password": PASSWORD })).await.status, 401, "it has none");
}

#[tokio::test]
async fn who_may_not_come_in_gets_no_token_and_a_new_password_is_the_only_one() {
    let (server, directory) = start().await;
    let disable = |disabled| Order::SetDisabled { name: "paul".into(), disabled };
    done(directory.path(), disable(true)).await;
    assert_eq!(login(&server, json!({ "user": "paul", "password": PASSWORD })).await.status, 401);
    done(directory.path(), disable(false)).await;
    set_password(directory.path(), Some("another horse")).await;
    assert_eq!(login(&server, json!({ "user": "paul", "password": PASSWORD })).await.status, 401);
    assert_eq!(login(&server, json!({ "user": "paul", "password": "another horse" })).await.status, 200);
    let short = Order::SetPassword { name: "paul".into(), password: Some(Secret::new("short")) };
    assert!(matches!(order(directory.path(), short).await, Answer::Refused { words } if words.contains("at least 8")));
}

#[tokio::test]
async fn who_guesses_is_told_to_wait_and_the_others_do_not() {
    let (server, _directory) = start().await;
    let mut talker = server.join("general", "carol").await;
    for _ in 0..5 {
        assert_eq!(login(&server, json!({ "user": "paul", "password": "a wrong one" })).await.status, 401);
    }
    let refused = login(&server, json!({ "user": "paul", "password": PASSWORD })).await;
    check(&refused, 429, "rate_limited");
    let wait: u64 = refused.header("retry-after").and_then(|value| value.parse().ok()).expect("when to come back");
    assert!((1..=11).contains(&wait), "{wait}");
    for _ in 0..40 {
        let refused = login(&server, json!({ "user": "paul", "password": PASSWORD })).await;
        let wait = refused.header("retry-after").and_then(|value| value.parse().ok()).unwrap_or(0);
        assert!(refused.status == 429 && (1..=10).contains(&wait), "it is true however often one asks: {refused:?}");
    }
    assert_eq!(server.metric("chat_drops_total{reason=\"Login\"}").await, 41.0);
    talker.say("still here").await;
    server.join("general", "dave").await;
}
