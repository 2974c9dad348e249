//! Nobody gets around what is held against them, and nobody undoes what is not theirs to undo.

mod common;

use chat_protocol::CloseCode;
use chat_server::{Config, realm::Role, registration::Registration};
use common::{
    TestServer, config_in,
    operator::Stage,
    order::{punish, refused, say, told},
};
use serde_json::json;

#[tokio::test]
async fn what_is_held_against_one_is_undone_by_others_who_are_no_less() {
    let stage = Stage::start().await;
    let mut alice = stage.comes("tea", "alice", Role::Member).await;
    told(&mut alice, json!({ "type": "create", "room": "club" })).await;
    alice.does(json!({ "type": "join", "room": "club" })).await;
    let mut bob = stage.comes("club", "bob", Role::Member).await;
    let mut mallory = stage.comes("club", "mallory", Role::Member).await;
    let in_club = |action: &str, user: &str| punish(action, user, json!({ "room": "club" }));
    told(&mut alice, json!({ "type": "rank", "room": "club", "user": "bob", "role": "moderator" })).await;

    told(&mut alice, in_club("mute", "bob")).await;
    refused(&mut bob, in_club("unmute", "bob"), "forbidden").await;
    refused(&mut bob, say("still here"), "muted").await;
    told(&mut alice, in_club("unmute", "bob")).await;

    // The owner's is not made shorter by a moderator; a moderator's own is.
    told(&mut alice, in_club("ban", "mallory")).await;
    mallory.expect("left").await;
    refused(&mut bob, punish("ban", "mallory", json!({ "room": "club", "seconds": 1 })), "forbidden").await;
    refused(&mut bob, in_club("unban", "mallory"), "forbidden").await;
    refused(&mut mallory, json!({ "type": "join", "room": "club" }), "forbidden").await;
    told(&mut alice, in_club("unban", "mallory")).await;
    told(&mut bob, in_club("ban", "mallory")).await;
    told(&mut bob, punish("ban", "mallory", json!({ "room": "club", "seconds": 600 }))).await;
    told(&mut alice, in_club("unban", "mallory")).await;
    mallory.does(json!({ "type": "join", "room": "club" })).await;

    let mut sam = stage.comes("tea", "sam", Role::Moderator).await;
    let mut olga = stage.comes("tea", "olga", Role::Owner).await;
    told(&mut olga, punish("mute", "sam", json!({ "everywhere": true }))).await;
    refused(&mut sam, punish("unmute", "sam", json!({ "everywhere": true })), "forbidden").await;
    refused(&mut sam, say("still here"), "muted").await;

    // Nor one's own when whoever did it is nothing any more.
    told(&mut alice, in_club("mute", "bob")).await;
    told(&mut alice, json!({ "type": "rank", "room": "club", "user": "alice" })).await;
    refused(&mut bob, in_club("unmute", "bob"), "forbidden").await;
    refused(&mut bob, punish("mute", "bob", json!({ "room": "club", "seconds": 1 })), "forbidden").await;
    told(&mut olga, in_club("unmute", "bob")).await;
}

#[tokio::test]
async fn who_is_muted_says_nothing_in_the_words_of_a_deed_either() {
    let stage = Stage::start().await;
    let mut olga = stage.comes("club", "olga", Role::Owner).await;
    let mut sam = stage.comes("club", "sam", Role::Moderator).await;
    let _eve = stage.server.join("club", "eve").await;
    told(&mut olga, punish("mute", "sam", json!({ "everywhere": true }))).await;
    refused(&mut sam, punish("kick", "eve", json!({ "reason": "I talk on" })), "muted").await;
    refused(&mut sam, punish("mute", "eve", json!({ "reason": "I talk on" })), "muted").await;
    told(&mut sam, punish("mute", "eve", json!({}))).await;
}

#[tokio::test]
async fn nobody_makes_more_of_themselves_nor_members_of_what_is_everybodys() {
    let stage = Stage::start().await;
    let mut sam = stage.comes("tea", "sam", Role::Moderator).await;
    let mut alice = stage.comes("tea", "alice", Role::Member).await;
    refused(&mut sam, json!({ "type": "rank", "room": "attic", "user": "sam", "role": "member" }), "no_such_room").await;
    told(&mut alice, json!({ "type": "create", "room": "attic" })).await;
    refused(&mut sam, json!({ "type": "rank", "room": "attic", "user": "sam", "role": "member" }), "forbidden").await;
    told(&mut alice, json!({ "type": "rules", "room": "attic", "access": "private" })).await;
    refused(&mut sam, json!({ "type": "join", "room": "attic" }), "no_such_room").await;
}

#[tokio::test]
async fn whom_one_blocks_reaches_one_in_no_way() {
    let stage = Stage::start().await;
    let mut carol = stage.comes("tea", "carol", Role::Member).await;
    let mut eve = stage.server.join("tea", "eve").await;
    let said = eve.does(json!({ "type": "private", "to": "carol", "text": "psst" })).await;
    carol.hears("psst").await;
    carol.does(json!({ "type": "block", "user": "eve", "on": true })).await;
    let room = "@carol,eve";
    for request in [
        json!({ "type": "edit", "room": room, "seq": said["seq"], "text": "abuse" }),
        json!({ "type": "react", "room": room, "seq": said["seq"], "emoji": "abuse", "on": true }),
        json!({ "type": "topic", "room": room, "text": "abuse" }),
    ] {
        refused(&mut eve, request, "forbidden").await;
    }
    eve.send(json!({ "type": "typing", "room": room, "active": true })).await;
    // One's own words may always be taken back.
    eve.does(json!({ "type": "delete", "room": room, "seq": said["seq"] })).await;
    carol.expect("deleted").await;
    let heard = carol.quiet().await.join("");
    assert!(!heard.contains("abuse") && !heard.contains("typing"), "{heard}");
}

#[tokio::test]
async fn where_the_server_makes_the_name_the_account_behind_it_is_judged() {
    let directory = tempfile::tempdir().expect("a directory");
    let server =
        TestServer::with(Config { require_auth: true, tokens: vec!["s3cret".into()], ..config_in(directory.path()) }).await;
    let stage = Stage { server, directory };
    let mut olga = stage.comes("lobby", "olga", Role::Owner).await;
    let token = stage.account("eve").await;
    let mut there = stage.server.open(&format!("/ws/7?token={token}")).await;
    there.line("as long as I may").await;
    olga.hears("as long as I may").await;
    told(&mut olga, punish("mute", "eve", json!({ "everywhere": true }))).await;
    there.closed_with(CloseCode::Kicked).await;
    for path in ["/ws/8", "/ws"] {
        let mut again = stage.server.open(&format!("{path}?token={token}")).await;
        again.closed_with(CloseCode::Kicked).await;
    }
    told(&mut olga, punish("unmute", "eve", json!({ "everywhere": true }))).await;
    told(&mut olga, punish("ban", "eve", json!({ "room": "lobby" }))).await;
    stage.server.open(&format!("/ws/8?token={token}")).await.closed_with(CloseCode::Kicked).await;
    let mut echo = stage.server.open(&format!("/ws?token={token}")).await;
    echo.line("elsewhere").await;
    echo.find_words("elsewhere").await;
}

#[tokio::test]
async fn in_a_slow_room_a_name_waits_by_whichever_door_it_comes() {
    let stage = Stage::start().await;
    let mut olga = stage.comes("lobby", "olga", Role::Owner).await;
    told(&mut olga, json!({ "type": "rules", "slow": 600 })).await;
    let mut first = stage.server.open("/ws/spammer").await;
    first.line("one").await;
    olga.hears("one").await;
    first.close().await;
    let mut again = stage.server.open("/ws/spammer").await;
    again.line("two").await;
    again.find_words("slow").await;
    again.close().await;
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let posted = stage.server.http("POST", "/api/rooms/lobby/messages", &form, "user=Spammer&text=three").await;
    assert_eq!(posted.status, 429, "{posted:?}");
    olga.never_saw("two");
}

#[tokio::test]
async fn what_is_held_against_a_guest_is_held_against_the_account_that_it_makes() {
    let directory = tempfile::tempdir().expect("a directory");
    let server = TestServer::with(Config { registration: Registration::Open, ..config_in(directory.path()) }).await;
    let stage = Stage { server, directory };
    let mut olga = stage.comes("tea", "olga", Role::Owner).await;
    let hank = stage.server.join("tea", "hank").await;
    told(&mut olga, punish("mute", "hank", json!({ "everywhere": true }))).await;
    told(&mut olga, punish("ban", "hank", json!({ "room": "club" }))).await;
    let json = [("content-type", "application/json")];
    let new = json!({ "user": "hank", "password": "correct horse", "session": hank.session() }).to_string();
    let made = stage.server.http("POST", "/api/register", &json, &new).await;
    assert_eq!(made.status, 201, "{made:?}");
    let token = made.json()["token"].as_str().expect("a token").to_owned();
    let mut hank = stage.joins("tea", "hank", &token).await;
    refused(&mut hank, say("somebody new"), "muted").await;
    refused(&mut hank, json!({ "type": "join", "room": "club" }), "forbidden").await;
    // And from where guests may not speak, nobody becomes somebody who may.
    told(&mut olga, punish("mute", "127.0.0.1", json!({ "everywhere": true, "address": true }))).await;
    let new = json!({ "user": "another", "password": "correct horse" }).to_string();
    assert_eq!(stage.server.http("POST", "/api/register", &json, &new).await.status, 403);
}
