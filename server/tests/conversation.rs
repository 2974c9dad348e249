//! Two people talk: the shortest way through everything.

mod common;

use common::TestServer;
use serde_json::json;

#[tokio::test]
async fn two_people_talk_and_see_the_same() {
    let server = TestServer::start().await;
    let mut alice = server.join("general", "alice").await;
    let mut bob = server.join("general", "bob").await;
    alice.say("hello").await;
    bob.say("hi alice").await;
    let expected = [(1, "hello".to_owned()), (2, "hi alice".to_owned())];
    assert_eq!(alice.messages(2).await, expected);
    assert_eq!(bob.messages(2).await, expected);
    let users = alice.ask(json!({ "type": "users" })).await;
    assert_eq!(users["users"], json!([{ "name": "alice" }, { "name": "bob" }]));
    server.stop().await;
}
