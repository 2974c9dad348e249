//! All guests of an address are one: what is done to them there, they are found by, and held to, at every door.

mod common;

use chat_protocol::CloseCode;
use chat_server::realm::Role;
use common::{
    operator::Stage,
    order::{punish, refused, say, told, welcome_again},
    tail::Tail,
};
use serde_json::json;

#[tokio::test]
async fn the_guests_of_an_address_are_put_out_together_and_accounts_are_not() {
    let stage = Stage::start().await;
    let mut olga = stage.comes("tea", "olga", Role::Owner).await;
    let mut bob = stage.comes("tea", "bob", Role::Member).await;
    let mut eve = stage.server.join("tea", "eve").await;
    let mut other = stage.server.join("tea", "mallory").await;
    let words = told(&mut olga, punish("kick", "eve", json!({ "address": true, "reason": "noise" }))).await;
    assert_eq!(words, "In tea: you kicked the guests of 127.0.0.1: noise");
    for guest in [&mut eve, &mut other] {
        guest.expect("left").await;
        guest.find_words("You were put out of tea: noise").await;
        guest.does(json!({ "type": "join", "room": "cake" })).await;
    }
    let mut feed = stage.server.open("/ws/tasks").await;
    let tail = Tail::open(&stage.server, "/api/rooms/tea/tail").await;
    told(&mut olga, punish("kick", "127.0.0.1", json!({ "address": true, "everywhere": true }))).await;
    for guest in [&mut eve, &mut other, &mut feed] {
        assert_eq!(guest.closed_with(CloseCode::Kicked).await.reason, "You were put out");
    }
    assert!(tail.ended().await.is_empty());
    for client in [&mut olga, &mut bob] {
        client.does(say("we are here")).await;
    }
}

#[tokio::test]
async fn where_a_guest_is_can_be_told_whatever_it_speaks() {
    let stage = Stage::start().await;
    let mut olga = stage.comes("tea", "olga", Role::Owner).await;
    for (path, user) in [("/ws/chat/tea/eve", "eve"), ("/ws/ada", "ADA"), ("/ws/json?user=bob", "bob"), ("/ws/7", "#7")] {
        let mut guest = stage.server.open(path).await;
        // Not every endpoint greets whom it has let in.
        welcome_again(&mut olga, punish("ban", user, json!({ "address": true, "everywhere": true })), "no_such_user").await;
        guest.closed_with(CloseCode::Kicked).await;
        stage.check_closed(path, CloseCode::Kicked).await;
        told(&mut olga, punish("unban", "127.0.0.1", json!({ "address": true, "everywhere": true }))).await;
        // Who is gone is nowhere.
        drop(guest);
        stage.server.metric_becomes("chat_connections", |count| count == 1.0).await;
        refused(&mut olga, punish("ban", user, json!({ "address": true, "everywhere": true })), "no_such_user").await;
    }
}

#[tokio::test]
async fn who_is_banned_from_a_room_by_address_neither_finds_it_nor_what_is_said_there() {
    let stage = Stage::start().await;
    let mut olga = stage.comes("tea", "olga", Role::Owner).await;
    let mut bob = stage.comes("tea", "bob", Role::Member).await;
    let mut eve = stage.server.join("cake", "eve").await;
    for (room, text) in [("tea", "sugar and milk"), ("cake", "sugar and flour")] {
        olga.does(json!({ "type": "join", "room": room })).await;
        olga.does(json!({ "type": "send", "room": room, "text": text })).await;
    }
    // Nothing is said there, but somebody sits in it.
    olga.does(json!({ "type": "join", "room": "empty" })).await;
    for room in ["tea", "empty"] {
        let more = json!({ "room": room, "address": true });
        told(&mut olga, punish("ban", "eve", more)).await;
    }
    let said = async |client: &mut common::TestClient| {
        let found = client.does(json!({ "type": "search", "query": "sugar" })).await;
        found["messages"].as_array().expect("a list").iter().map(|found| found["room"].to_string()).collect::<Vec<_>>()
    };
    let names = |listed: &serde_json::Value| {
        let rooms = listed["rooms"].as_array().expect("a list").iter();
        let mut names: Vec<_> = rooms.map(|room| room["name"].as_str().expect("a name").to_owned()).collect();
        names.sort();
        names
    };
    assert_eq!(said(&mut eve).await, ["\"cake\""]);
    eve.refused(json!({ "type": "search", "query": "sugar", "room": "tea" }), "forbidden").await;
    assert_eq!(names(&eve.does(json!({ "type": "rooms" })).await), ["cake"]);
    assert_eq!(names(&stage.server.get("/api/rooms").await.json()), ["cake"]);
    // Accounts are known by more than where they come from.
    assert_eq!(said(&mut bob).await, ["\"cake\"", "\"tea\""]);
    assert_eq!(names(&bob.does(json!({ "type": "rooms" })).await), ["cake", "empty", "tea"]);
}
