//! One order: everybody in a room sees the same events with the same dense `seq`, whichever shard, endpoint or way in.

mod common;

use std::collections::BTreeMap;

use common::{
    TestClient, TestServer,
    sight::{Sight, seq},
};
use futures::future::join_all;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

const ROOMS: [&str; 3] = ["tea", "coffee", "cake"];
const SENDERS: usize = 6;
const EACH: usize = 25;

/// Reads until every room has as many events; the acks by `cid`, as (room, seq).
async fn watch(client: &mut TestClient, sights: &mut [Sight], events: u64, acks: usize) -> BTreeMap<String, (String, u64)> {
    let mut acked = BTreeMap::new();
    while acked.len() < acks || sights.iter().any(|sight| sight.last() < events) {
        let frame = client.hear().await.expect("nobody is closed");
        if frame["type"] == "ack" {
            let place = (frame["room"].as_str().expect("a room").to_owned(), seq(&frame));
            assert!(acked.insert(frame["cid"].as_str().expect("a cid").to_owned(), place).is_none(), "acked twice: {frame}");
        }
        for sight in &mut *sights {
            sight.hear(&frame);
        }
    }
    acked
}

async fn in_all_rooms(server: &TestServer, user: &str) -> (TestClient, Vec<Sight>) {
    let mut client = server.join(ROOMS[0], user).await;
    for room in &ROOMS[1..] {
        assert_eq!(client.ask(json!({ "type": "join", "room": room })).await["seq"], 0);
    }
    (client, ROOMS.iter().map(|room| Sight::after(room, 0)).collect())
}

#[tokio::test]
async fn many_senders_in_several_rooms_are_seen_in_one_order_by_all() {
    let server = TestServer::start().await;
    let users: Vec<_> = (0..SENDERS * 2).map(|number| format!("user{number}")).collect();
    let all = join_all(users.iter().map(|user| in_all_rooms(&server, user))).await;
    let events = (SENDERS * EACH) as u64;
    // The first half talks in all rooms without waiting for anything, the second half only listens.
    let talking = all.into_iter().enumerate().map(|(number, (mut client, mut sights))| async move {
        let talks = number < SENDERS;
        if talks {
            for line in 0..EACH {
                for room in ROOMS {
                    let cid = format!("{room}-{number}-{line}");
                    client.send(json!({ "type": "send", "room": room, "text": cid, "cid": cid })).await;
                }
            }
        }
        let acks = if talks { EACH * ROOMS.len() } else { 0 };
        let acked = watch(&mut client, &mut sights, events, acks).await;
        (sights, acked)
    });
    let told = join_all(talking).await;
    let (first, _) = &told[0];
    for (sights, acked) in &told {
        assert_eq!(sights, first, "two readers disagree");
        for (cid, (room, seq)) in acked {
            let place = ROOMS.iter().position(|other| other == room).expect("a room");
            assert_eq!(&sights[place].seen[*seq as usize - 1].1, cid, "the ack of {cid} names another place");
        }
    }
    for sight in first {
        for number in 0..SENDERS {
            let own = sight.seen.iter().filter(|(_, text)| text.contains(&format!("-{number}-")));
            let lines: Vec<usize> = own.map(|(_, text)| text.rsplit('-').next().unwrap().parse().expect("a number")).collect();
            assert_eq!(lines, (0..EACH).collect::<Vec<_>>(), "what one says keeps its order");
        }
    }
}

#[tokio::test]
async fn all_that_lasts_shares_one_order() {
    let server = TestServer::start().await;
    let mut clients = join_all((0..4).map(|number| server.join_with("tea", ["ann", "bob", "cyd", "dan"][number], "")))
        .await
        .into_iter()
        .map(|(client, _)| client)
        .collect::<Vec<_>>();
    let mut own = Vec::new();
    for client in &mut clients {
        own.push(seq(&client.say("first").await));
    }
    let talking = clients.into_iter().zip(own).enumerate().map(|(number, (mut client, own))| async move {
        for round in 0..10 {
            client.send(json!({ "type": "send", "text": format!("line {number} {round}") })).await;
            client.send(json!({ "type": "edit", "seq": own, "text": format!("edit {number} {round}") })).await;
            client.send(json!({ "type": "react", "seq": 1, "emoji": "👍", "on": round % 2 == 0 })).await;
            client.send(json!({ "type": "topic", "text": format!("topic {number} {round}") })).await;
        }
        client.send(json!({ "type": "delete", "seq": own })).await;
        // Who came later did not see the first ones live: all are asked for again below.
        let mut last = Vec::new();
        let mut after = 0;
        // The deletion of the first message makes a reaction that comes after it a refusal, so the end is not a number known
        // before: it is a line of one's own.
        client.send(json!({ "type": "send", "text": format!("end {number}") })).await;
        let mut ends = 0;
        while ends < 4 {
            let frame = client.hear().await.expect("nobody is closed");
            if common::sight::is_lasting(&frame) {
                assert!(after == 0 || seq(&frame) == after + 1, "a gap or a repeat: {frame}");
                after = seq(&frame);
                ends += usize::from(frame["text"].as_str().is_some_and(|text| text.starts_with("end ")));
                last.push(frame);
            }
        }
        last
    });
    let told = join_all(talking).await;
    let (mut again, joined) = server.join_with("tea", "eve", "").await;
    let epoch = again.epoch().to_owned();
    let whole = again.ask(json!({ "type": "join", "room": "tea", "after": 0, "epoch": epoch })).await;
    assert_eq!(whole["recovered"], true, "{whole}");
    let whole = whole["events"].as_array().expect("events");
    assert_eq!(whole.len() as u64, seq(&joined));
    let place = |value: &Value| (seq(value), value["type"].clone(), value["from"].clone(), value["at"].clone());
    for seen in told {
        let from = seq(&seen[0]) as usize - 1;
        let expected: Vec<_> = whole[from..].iter().map(place).collect();
        assert_eq!(seen.iter().map(place).collect::<Vec<_>>(), expected, "live and log disagree");
    }
}

/// A tail over HTTP, line by line.
async fn tail(server: &TestServer, room: &str) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(server.address).await.expect("connects");
    let request = format!("GET /api/rooms/{room}/tail?after=0 HTTP/1.1\r\nhost: {}\r\n\r\n", server.address);
    stream.write_all(request.as_bytes()).await.expect("asks");
    BufReader::new(stream)
}

#[tokio::test]
async fn chat_channels_tail_and_posts_see_the_same_order() {
    let server = TestServer::start().await;
    let room = "tea";
    let mut chat = server.join(room, "ann").await;
    let mut channel = server.open("/ws/json?user=bob").await;
    channel.send(json!({ "action": "subscribe", "channel": room })).await;
    channel.expect("subscribed").await;
    let mut lines = tail(&server, room).await;
    for line in 0..EACH {
        chat.send(json!({ "type": "send", "text": format!("chat {line}") })).await;
        channel.send(json!({ "action": "send", "channel": room, "message": format!("channel {line}") })).await;
    }
    let posts = join_all((0..EACH).map(|line| {
        let body = json!({ "text": format!("post {line}"), "user": "carl" }).to_string();
        let server = &server;
        async move {
            let path = format!("/api/rooms/{room}/messages");
            let reply = server.http("POST", &path, &[("content-type", "application/json")], &body).await;
            assert_eq!(reply.status, 201, "{reply:?}");
            (seq(&reply.json()), format!("post {line}"))
        }
    }))
    .await;
    let all = EACH * 3;
    let mut seen = Sight::after(room, 0);
    while seen.seen.len() < all {
        seen.hear(&chat.hear().await.expect("open"));
    }
    let mut heard = Sight::after(room, 0);
    while heard.seen.len() < all {
        let frame = channel.expect("message").await;
        heard.hear(&json!({ "type": "message", "room": frame["channel"], "seq": frame["seq"], "text": frame["message"] }));
    }
    let mut tailed = Sight::after(room, 0);
    while tailed.seen.len() < all {
        let mut line = String::new();
        let read = tokio::time::timeout(common::PATIENCE, lines.read_line(&mut line)).await;
        assert!(read.expect("the tail goes on").expect("it is text") > 0, "the tail ended at {}", tailed.last());
        if let Ok(frame) = serde_json::from_str(&line) {
            tailed.hear(&frame);
        }
    }
    assert_eq!(seen, heard);
    assert_eq!(seen, tailed);
    for post in posts {
        assert!(seen.seen.contains(&post), "the answer to {post:?} names another place");
    }
}

#[tokio::test]
async fn tutorials_hear_the_lobby_in_the_order_of_the_chat() {
    let server = TestServer::start().await;
    let mut chat = server.join("lobby", "ann").await;
    let mut plain = server.open("/ws/7").await;
    plain.find_text(|text| text == "Client #7 has entered the chat").await;
    let mut named = server.open("/ws/carl").await;
    named.find(|frame| frame["type"] == "connection" && frame["client_id"] == "carl").await;
    for line in 0..EACH {
        chat.send(json!({ "type": "send", "text": format!("a{line}") })).await;
        plain.line(&format!("b{line}")).await;
        named.line(&format!("c{line}")).await;
    }
    let all = EACH * 3;
    let mut expected = Sight::after("lobby", 0);
    while expected.seen.len() < all {
        expected.hear(&chat.hear().await.expect("open"));
    }
    let expected: Vec<_> = expected.seen.into_iter().map(|(_, text)| text).collect();
    let mut heard = Vec::new();
    while heard.len() < all {
        let text = plain.find_text(|text| text.starts_with("Client #7: ") || text.contains(": ")).await;
        heard.push(text.rsplit(": ").next().expect("a line").to_owned());
    }
    assert_eq!(heard, expected);
    let mut heard = Vec::new();
    while heard.len() < all {
        let frame = named.find(|frame| frame["type"] == "message").await;
        heard.push(frame["message"].as_str().expect("a text").to_owned());
    }
    assert_eq!(heard, expected);
}
