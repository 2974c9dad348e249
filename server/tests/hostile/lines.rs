//! Strangers on the other endpoints: lines for the tutorials' clients, any JSON for channels and tasks. Each is followed by words
//! that must come back, so that it is known that it was taken and the connection lives.

use std::net::SocketAddr;

use chat_protocol::display;
use serde_json::{Value, json};

use crate::{
    chat::read,
    dice::Dice,
    frames::text,
    objects,
    peer::{Peer, Wrong},
    tally::Tally,
    words,
};

/// Any JSON, or nearly.
fn nearly_json(dice: &mut Dice) -> String {
    let hostile = words();
    let words = hostile[dice.below(hostile.len())].clone();
    let channel = json!(dice.any(&["pit", "#7", "", "@alice,bob", "a  b", "аlice"]));
    match dice.below(15) {
        0 => objects::ask(dice, "r".into()).frame,
        1 => words,
        2 => json!({ "action": "send", "channel": channel, "message": words }).to_string(),
        3 => json!({ "action": dice.any(&["subscribe", "unsubscribe"]), "channel": channel }).to_string(),
        4 => json!({ "action": dice.any(&["send", "subscribe", "unsubscribe", "cancel", "start", "dance"]) }).to_string(),
        5 => json!({ "action": "send", "channel": 7, "message": [] }).to_string(),
        6 => json!({ "action": "start", "task": dice.any(&["export", "verify", "prune", ""]), "room": channel, "format": words })
            .to_string(),
        7 => json!({ "action": "cancel", "task_id": words }).to_string(),
        8 => "[".repeat(dice.any(&[10, 127, 129, 60_000])),
        9 => dice.any(&["null", "42", "1e999", "\"\\ud800\"", "", " ", "true false", "{\"action\":null}", "[[],{}]"]).to_owned(),
        10 => {
            json!({ "action": "send", "channel": "pit", "message": "x".repeat(dice.any(&[16_384, 16_385, 60_000])) }).to_string()
        }
        // Nothing wrong with these.
        11 => json!({ "action": "subscribe", "channel": "pit" }).to_string(),
        12 => json!({ "action": "send", "channel": "pit", "message": dice.word(20) }).to_string(),
        13 => json!({ "action": "start", "task": "export", "room": "pit2", "format": "jsonl" }).to_string(),
        _ => json!({ words.clone(): { "action": words } }).to_string(),
    }
}

/// A line as somebody might type it.
fn line(dice: &mut Dice) -> String {
    let hostile = words();
    match dice.below(6) {
        0 => format!("{}:{}", dice.next(), dice.word(20)),
        1 => format!("{}:x", "9".repeat(dice.between(1, 400))),
        2 => "x".repeat(dice.any(&[16_383, 16_384, 16_385, 65_000])),
        3 => "\n".repeat(dice.between(0, 50)),
        _ => hostile[dice.below(hostile.len())].clone(),
    }
}

pub(crate) async fn visit(address: SocketAddr, dice: &mut Dice, visit: u64, tally: &Tally) -> Result<(), Wrong> {
    let (path, kind) = match dice.below(6) {
        0 => ("/ws".to_owned(), "echo"),
        1 => (format!("/ws/{}", dice.below(1000)), "plain"),
        2 => (format!("/ws/l{visit}"), "envelope"),
        3 => ("/ws/tasks".to_owned(), "tasks"),
        _ => (format!("/ws/json?user=l{visit}"), "channels"),
    };
    let mut peer = Peer::open(address, &path).await?;
    for number in 0..dice.between(4, 24) {
        let hostile = if matches!(kind, "tasks" | "channels") { nearly_json(dice) } else { line(dice) };
        let probe = format!("still-here-{visit}-{number}");
        let asked = if matches!(kind, "tasks" | "channels") { json!([probe]).to_string() } else { probe.clone() };
        let bytes = [text(dice, &hostile), text(dice, &asked)].concat();
        peer.write(&bytes).await;
        let wrong = |what: String| format!("{path}: {what} after {hostile:.300}");
        loop {
            let frame = peer.find(|_| true).await.map_err(wrong)?.map_err(|code| wrong(format!("closed with {code}")))?;
            if matches!(kind, "echo" | "plain") {
                if frame.chars().any(|c| c != '\n' && c != '\u{200d}' && c != '\u{fe0f}' && display::is_unsafe(c)) {
                    return Err(wrong(format!("it says {frame:?}")));
                }
                // A line in somebody else's name begins one.
                if let Some(forged) = frame.split('\n').skip(1).find(|line| !line.starts_with("    ")) {
                    return Err(wrong(format!("a line begins with {forged:?}")));
                }
                if frame.contains(&probe) {
                    break;
                }
                continue;
            }
            let value = read(&frame).map_err(wrong)?;
            tally.saw(format!("{kind}: {}", value["type"].as_str().unwrap_or("none")));
            let answered = match kind {
                "tasks" => value["type"] == "error" && refused_sequence(&value),
                "channels" => value["data"][0] == json!(probe),
                _ => value["message"] == json!(probe),
            };
            if answered {
                break;
            }
        }
        tally.case(format!("line: {kind}"));
    }
    if dice.one_in(2) {
        peer.slam();
    }
    Ok(())
}

/// The refusal of an array that is no request: what the probe of `/ws/tasks` gets.
fn refused_sequence(value: &Value) -> bool {
    value["code"] == "bad_request" || value["code"] == "rate_limited"
}
