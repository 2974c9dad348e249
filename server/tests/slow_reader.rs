//! Nobody can hurt the others: who does not read costs itself its connection, and nobody else a message or much time.

mod common;

use std::time::{Duration, Instant};

use common::{TestClient, TestServer, sight::Sight};
use futures::future::{join, join_all};
use serde_json::json;

/// A line so long that a few hundred of them are more than a socket and a queue take.
const LONG: usize = 12_000;
const TOO_SLOW: &str = "chat_drops_total{reason=\"TooSlow\"}";

/// Says a line so many times, and waits until all are kept. What it hears besides is nothing to it.
async fn say(talker: &mut TestClient, text: &str, times: usize) {
    for _ in 0..times {
        talker.send(json!({ "type": "send", "text": text })).await;
    }
    let mut kept = 0;
    while kept < times {
        kept += usize::from(talker.next_text().await.starts_with("{\"type\":\"ack\""));
    }
}

/// Talks, one line after the other, each heard by all, until the server has had enough of somebody. The slowest line.
async fn talk_until_dropped(server: &TestServer, talker: &mut TestClient, readers: &mut [(TestClient, Sight)]) -> Duration {
    let long = "x".repeat(LONG);
    let mut slowest = Duration::ZERO;
    for _ in 0..200 {
        let began = Instant::now();
        let heard = join_all(readers.iter_mut().map(|(reader, sight)| async move {
            let until = sight.last() + 10;
            while sight.last() < until {
                sight.hear(&reader.hear().await.expect("who reads is not closed"));
            }
        }));
        join(say(talker, &long, 10), heard).await;
        slowest = slowest.max(began.elapsed());
        if server.metric(TOO_SLOW).await > 0.0 {
            return slowest;
        }
    }
    panic!("24 MB wait for a reader that takes nothing");
}

async fn healthy(server: &TestServer) -> Vec<(TestClient, Sight)> {
    let mut readers = Vec::new();
    for number in 0..2 {
        readers.push((server.join("tea", &format!("reader{number}")).await, Sight::after("tea", 0)));
    }
    readers
}

#[tokio::test]
async fn who_stops_reading_is_told_when_it_reads_again_and_comes_back_whole() {
    let server = TestServer::start().await;
    let (mut snail, _) = server.join_narrow("tea", "snail", "").await;
    let mut readers = healthy(&server).await;
    let mut talker = server.join("tea", "talker").await;
    let slowest = talk_until_dropped(&server, &mut talker, &mut readers).await;
    assert!(slowest < Duration::from_secs(5), "others waited {slowest:?}");
    // It reads on: what was already on its way, in order, and then the reason.
    let mut sight = Sight::after("tea", 0);
    let (closing, closed) = loop {
        let frame = snail.hear().await.expect("the goodbye comes first");
        if frame["type"] == "closing" {
            break (frame, snail.hear().await.expect_err("and then it is over"));
        }
        sight.hear(&frame);
    };
    assert_eq!((&closing["code"], &closing["reconnect"]), (&json!(4008), &json!(true)), "{closing}");
    assert_eq!(closed.code, 4008);
    let end = readers[0].1.last();
    assert!(sight.last() < end, "it missed something");
    // Nothing of it is left behind, and it can have the rest.
    server.metric_becomes("chat_queue_bytes", |bytes| bytes == 0.0).await;
    server.metric_becomes("chat_connections", |open| open == 3.0).await;
    let query = format!("session={}&after={}&epoch={}", snail.session(), sight.last(), snail.epoch());
    let (mut snail, joined) = server.join_with("tea", "snail", &query).await;
    let mut rest = Sight::joined(&joined, sight.last());
    while rest.last() < end {
        rest.hear(&snail.hear().await.expect("open"));
    }
    say(&mut talker, "all together", 1).await;
    for (reader, sight) in readers.iter_mut().chain([&mut (snail, rest)]) {
        while sight.last() < end + 1 {
            sight.hear(&reader.hear().await.expect("open"));
        }
    }
}

#[tokio::test]
async fn who_never_reads_again_is_cut_and_leaves_nothing_behind() {
    let server = TestServer::start().await;
    let (mut snail, _) = server.join_narrow("tea", "snail", "").await;
    let mut readers = healthy(&server).await;
    let mut talker = server.join("tea", "talker").await;
    talk_until_dropped(&server, &mut talker, &mut readers).await;
    // Five seconds are given to take the goodbye.
    server.metric_becomes("chat_connections", |open| open == 3.0).await;
    server.metric_becomes("chat_queue_bytes", |bytes| bytes == 0.0).await;
    let mut sight = Sight::after("tea", 0);
    let closed = loop {
        match snail.hear().await {
            Ok(frame) => drop(sight.hear(&frame)),
            Err(closed) => break closed,
        }
    };
    assert_eq!(closed.code, 1006, "cut in the middle: {closed:?}");
    assert!(sight.last() < readers[0].1.last());
}

/// How many long lines wait in the two systems between the server and somebody who does not read.
async fn on_the_way(server: &TestServer, talker: &mut TestClient) -> usize {
    let (mut snail, joined) = server.join_narrow("tea", "measure", "").await;
    talk_until_dropped(server, talker, &mut []).await;
    let mut sight = Sight::joined(&joined, 0);
    while let Ok(frame) = snail.hear().await {
        sight.hear(&frame);
    }
    sight.seen.len()
}

#[tokio::test]
async fn who_is_merely_slow_gets_everything() {
    let server = TestServer::start().await;
    let mut talker = server.join("tea", "talker").await;
    let full = on_the_way(&server, &mut talker).await;
    let (mut slow, joined) = server.join_narrow("tea", "slow", "").await;
    let mut sight = Sight::joined(&joined, 0);
    let until = sight.last() + full as u64 + 10;
    // As much as the systems take, and then one by one half of what the queue holds, before the slow one begins to read.
    let long = "x".repeat(LONG);
    say(&mut talker, &long, full).await;
    for _ in 0..10 {
        say(&mut talker, &long, 1).await;
    }
    server.metric_becomes("chat_queue_bytes", |bytes| bytes > 0.0).await;
    while sight.last() < until {
        sight.hear(&slow.hear().await.expect("it is not closed"));
    }
    assert_eq!(server.metric(TOO_SLOW).await, 1.0, "only the one that was measured with");
}

#[tokio::test]
async fn who_asks_for_more_than_it_reads_waits_alone() {
    let server = TestServer::start().await;
    let mut talker = server.join("tea", "talker").await;
    say(&mut talker, &"x".repeat(4000), 200).await;
    let (mut greedy, _) = server.join_narrow("coffee", "greedy", "").await;
    // 50 MB of answers, asked for in one breath.
    for number in 0..200 {
        greedy.send(json!({ "type": "history", "room": "tea", "limit": 200, "ref": format!("r{number}") })).await;
    }
    server.metric_becomes("chat_queue_bytes", |bytes| bytes > 0.0).await;
    // The others talk as if nothing were.
    let mut readers = Vec::new();
    for number in 0..4 {
        readers.push(server.join("milk", &format!("reader{number}")).await);
    }
    for line in 0..20 {
        let began = Instant::now();
        let seq = readers[line % 4].say("hi").await["seq"].clone();
        for reader in &mut readers {
            assert_eq!(reader.expect("message").await["seq"], seq);
        }
        assert!(began.elapsed() < Duration::from_secs(2), "others waited {:?}", began.elapsed());
    }
    // One answer waits, not two hundred.
    let waiting = server.metric("chat_queue_bytes").await;
    assert!(waiting < 2_000_000.0, "{waiting} bytes wait for one reader");
    // And it gets what it asked for, in order, as fast as it takes it.
    let take = async {
        for number in 0..6 {
            let answer = greedy.expect("history").await;
            assert_eq!(answer["ref"], json!(format!("r{number}")));
            // A page ends where it gets heavy.
            let messages = answer["messages"].as_array().expect("messages").len();
            assert!((50..200).contains(&messages) && answer["more"] == true, "{messages} messages");
        }
    };
    join(take, async {
        readers[0].say("meanwhile").await;
    })
    .await;
    greedy.cut();
    server.metric_becomes("chat_queue_bytes", |bytes| bytes == 0.0).await;
}
