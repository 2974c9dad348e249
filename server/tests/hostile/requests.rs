//! The HTTP API, asked what it should not be asked.

use std::net::SocketAddr;

use chat_protocol::{display, limits};
use serde_json::{Value, json};

use crate::{
    dice::Dice,
    peer::{Peer, Wrong},
    tally::Tally,
    words,
};

struct Asked {
    name: &'static str,
    request: String,
    fine: &'static [u16],
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn get(name: &'static str, path: &str, fine: &'static [u16]) -> Asked {
    Asked { name, request: format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"), fine }
}

fn post(name: &'static str, path: &str, kind: &str, body: &str, fine: &'static [u16]) -> Asked {
    let length = body.len();
    let head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n");
    Asked { name, request: head + body, fine }
}

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const ROOM: &str = "/api/rooms/pit/messages";

fn generated(dice: &mut Dice) -> Asked {
    let hostile = words();
    let words = hostile[dice.below(hostile.len())].clone();
    match dice.below(16) {
        0 => {
            let query = dice.pick(&[
                "before=x",
                "after=-1",
                "limit=1.5",
                "before=9007199254740992",
                "limit=99999999999999999999",
                "after=",
                "limit=%00",
            ]);
            get("bad query", &format!("{ROOM}?{query}"), &[400])
        }
        1 => {
            let query = dice.pick(&[
                "limit=0",
                "limit=-9223372036854775808",
                "before=0",
                "after=9007199254740991",
                "x=y",
                "limit=1&q=%ff",
            ]);
            get("odd query", &format!("{ROOM}?{query}"), &[200, 400])
        }
        2 => get("both directions", &format!("{ROOM}?before=3&after=1"), &[400]),
        3 => get("hostile room", &format!("/api/rooms/{}/messages", encoded(&words)), &[200, 400, 404]),
        4 => {
            let room = dice.pick(&["@alice,bob", "%40ALICE%2Cbob"]);
            get("somebody else's room", &format!("/api/rooms/{room}/messages"), &[404])
        }
        5 => {
            let path = dice.pick(&[
                "/api/",
                "/api/rooms/",
                "/api/rooms/pit",
                "/api/exports/../../etc/passwd",
                "/api/exports/%2e%2e%2fx",
                "/api/exports/",
                "/static/x/../../Cargo.toml",
                "/static/%00/app.js",
                "/api/rooms/%ff/messages",
            ]);
            get("no such thing", path, &[400, 404])
        }
        6 => {
            let method = dice.pick(&["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"]);
            Asked {
                name: "another method",
                request: format!("{method} {ROOM} HTTP/1.1\r\nHost: localhost\r\n\r\n"),
                fine: &[405],
            }
        }
        7 => {
            let kind = dice.pick(&[
                "text/plain",
                "",
                "application/jsonx",
                "multipart/form-data; boundary=x",
                "APPLICATION/JSON",
                "application/json; charset=utf-16",
            ]);
            post("another kind of body", ROOM, kind, "text=hi", &[400, 415, 429])
        }
        8 => {
            let body = dice.pick(&[
                "",
                "{",
                "[]",
                "null",
                "{\"text\":\"\\ud800\"}",
                "{\"text\":1e999}",
                "\u{feff}{}",
                "{\"text\":\"a\"} x",
                "{\"text\":\"\u{1}\"}",
            ]);
            post("no json", ROOM, JSON, body, &[400, 429])
        }
        9 => {
            let wrong = [json!(1), json!(null), json!([]), json!({}), json!(true)];
            let field = dice.any(&["text", "user", "cid", "session", "reply_to", "action"]);
            let mut body = json!({ "text": "hi" });
            body[field] = wrong[dice.below(wrong.len())].clone();
            post("wrong kind", ROOM, JSON, &body.to_string(), &[201, 400, 429])
        }
        10 => {
            let over = dice.any(&[0, 1, 500]);
            let body = json!({ "text": "x".repeat(limits::TEXT_BYTES + over) }).to_string();
            post("around the limit of a text", ROOM, JSON, &body, if over == 0 { &[201, 429] } else { &[413, 429] })
        }
        11 => {
            let body = format!("text={}", "x".repeat(limits::FRAME_BYTES + 1));
            post("body over the limit", ROOM, FORM, &body, &[413, 429])
        }
        12 => {
            let body = format!("text={}&user={}", encoded(&words), encoded(&words));
            post("hostile form", ROOM, FORM, &body, &[201, 400, 404, 409, 429])
        }
        13 => {
            let body = json!({ "text": words, "user": dice.any(&["alice", "bob", "ALICE", "аlice", "admin", "#7"]) }).to_string();
            post("somebody else's name", ROOM, JSON, &body, &[400, 409, 429])
        }
        14 => Asked {
            name: "foreign page",
            request: format!("GET {ROOM} HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\n\r\n"),
            fine: &[403],
        },
        _ => {
            let session = encoded(&words);
            get("strange session", &format!("{ROOM}?session={session}"), &[200, 400])
        }
    }
}

/// A few on one connection, as long as the server holds it.
pub(crate) async fn visit(address: SocketAddr, dice: &mut Dice, tally: &Tally) -> Result<(), Wrong> {
    let mut peer = Peer::connect(address).await?;
    let mut before = Vec::new();
    for _ in 0..dice.between(4, 40) {
        let Asked { name, request, fine } = generated(dice);
        let wrong = |what: String| format!("{name} after {before:?}: {what}\n{request:.400}");
        peer.write(request.as_bytes()).await;
        let reply = peer.reply(false).await.map_err(wrong)?;
        if !fine.contains(&reply.status) {
            return Err(wrong(format!("{} {}", reply.status, String::from_utf8_lossy(&reply.body))));
        }
        if reply.header("x-content-type-options") != Some("nosniff") {
            return Err(wrong(format!("an answer that may be sniffed: {}", reply.head)));
        }
        if reply.status >= 400 {
            let body: Value = serde_json::from_slice(&reply.body).map_err(|error| wrong(format!("{error}: {:?}", reply.body)))?;
            let words = body["error"]["text"].as_str().unwrap_or_default();
            if words.is_empty() || words.chars().any(display::is_unsafe) || body["error"]["code"].as_str().is_none() {
                return Err(wrong(format!("it says {body}")));
            }
        }
        tally.case(format!("request: {name}: {}", reply.status));
        before.push(format!("{name}: {}", reply.status));
        tally.saw(format!("status {}", reply.status));
        // Refused before its body was read, it is not read on.
        if reply.header("connection") == Some("close") || matches!(reply.status, 413 | 429) {
            break;
        }
    }
    Ok(())
}
