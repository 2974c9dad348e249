//! Everything that opens a door, shown in every way that there is to one server that says all that it ever says and is then killed:
//! nothing of it is in what that leaves behind.

mod common;

use std::path::Path;

use common::{
    TestClient, left_behind,
    program::Program,
    raw::{FIN, Raw as _, TEXT, frame},
};
use serde_json::{Value, json};

const PASSWORD: &str = "correct horse";
const NEW_PASSWORD: &str = "incorrect horse";
const WRONG: &str = "a-wrong-guess";
const DOOR: &str = "d00r-t0ken-of-the-operator";

struct Run<'a> {
    place: &'a str,
}

impl Run<'_> {
    async fn order(&self, arguments: &[&str], input: &str) -> String {
        let ran = Program::run_with(&[arguments, &["--data-dir", self.place]].concat(), input).await;
        assert!(ran.status.success(), "{arguments:?}: {ran:?}");
        ran.stdout
    }
}

/// The last word of what was printed that is as long as a secret.
fn secret_in(printed: &str) -> String {
    let long = printed.split_whitespace().rfind(|word| word.len() > 30);
    long.expect("a secret").rsplit(['#', '=']).next().expect("its end").to_owned()
}

async fn post(server: &Program, path: &str, headers: &[(&str, &str)], body: Value) -> Value {
    let headers = [&[("content-type", "application/json")], headers].concat();
    server.http("POST", path, &headers, &body.to_string()).await.json()
}

/// Opens an endpoint, has a word, and leaves.
async fn visit(server: &Program, path: &str, headers: &[(&str, &str)]) {
    let mut client: TestClient = server.try_open(path, headers).await.expect(path);
    // Who is shut out already has still said it.
    client.raw(&frame(FIN | TEXT, b"hi")).await;
    client.quiet().await;
    client.close().await;
}

#[tokio::test]
async fn nothing_that_opens_a_door_is_left_behind_even_by_a_server_that_was_killed() {
    let directory = tempfile::tempdir().expect("a directory");
    let place = directory.path().to_str().expect("a path");
    let run = Run { place };
    let server = Program::start_loud(&["--data-dir", place, "--registration", "invite", "--auth-token", DOOR]).await;
    run.order(&["account", "add", "paul"], "").await;
    run.order(&["account", "passwd", "paul"], &format!("{PASSWORD}\n")).await;
    let invitation = secret_in(&run.order(&["account", "invite"], "").await);
    let open = secret_in(&run.order(&["account", "invite", "--uses", "2"], "").await);
    let refused = Program::run_with(&["account", "passwd", "nobody", "--data-dir", place], &format!("{PASSWORD}\n")).await;
    assert_eq!(refused.status.code(), Some(1));
    let made = secret_in(&run.order(&["account", "token", "new", "paul"], "").await);
    let login = post(&server, "/api/login", &[], json!({ "user": "paul", "password": PASSWORD })).await;
    let token = login["token"].as_str().expect("a token").to_owned();
    run.order(&["account", "passwd", "paul"], &format!("{NEW_PASSWORD}\n")).await;
    post(&server, "/api/login", &[], json!({ "user": "paul", "password": WRONG })).await;
    let new = json!({ "user": "dave", "password": PASSWORD, "invite": invitation });
    let registered = post(&server, "/api/register", &[], new).await["token"].as_str().expect("a token").to_owned();
    post(&server, "/api/register", &[], json!({ "user": "erin", "password": PASSWORD, "invite": WRONG })).await;
    let session = server.join("general", "carol").await.session().to_owned();

    let bearer = format!("Bearer {token}");
    for (path, headers) in [
        (format!("/ws/auth?token={DOOR}"), vec![]),
        (format!("/ws/auth?token={WRONG}"), vec![]),
        (format!("/ws/chat/general/paul?token={token}"), vec![]),
        (format!("/ws/tasks?token={made}&session={session}"), vec![]),
        (format!("/ws/json?user=carol&session={session}"), vec![]),
        ("/ws/chat/general/paul".into(), vec![("authorization", bearer.as_str())]),
        ("/ws/chat/general/carol".into(), vec![("chat-session", session.as_str())]),
    ] {
        visit(&server, &path, &headers).await;
    }
    let beside = format!("chat, token.{token}, session.{session}");
    visit(&server, "/ws/chat/general/paul", &[("sec-websocket-protocol", &beside)]).await;
    for said in [&registered, DOOR, WRONG] {
        let mut client = server.open("/ws/chat/general/dave").await;
        client.raw(&frame(FIN | TEXT, json!({ "type": "hello", "token": said }).to_string().as_bytes())).await;
        client.quiet().await;
        client.raw(&frame(FIN | TEXT, format!("{{\"type\":\"hello\",\"token\":7,\"{said}\":1}}").as_bytes())).await;
        client.quiet().await;
    }
    post(&server, "/api/rooms/general/messages", &[("authorization", &bearer)], json!({ "text": "said" })).await;
    server.http("GET", &format!("/api/rooms/general/messages?token={made}"), &[], "").await;
    server.http("GET", &format!("/api/rooms?session={session}&limit={WRONG}"), &[], "").await;
    server.http("POST", "/api/logout", &[("authorization", &bearer)], "").await;

    let ended = server.kill().await;
    assert!(ended.stderr.contains("the operator orders") && ended.stderr.contains("a login failed"), "{}", ended.stderr);
    let mut left = left_behind(Path::new(place));
    assert!(left.len() > 2, "a store was looked at: {:?}", left.iter().map(|(name, _)| name).collect::<Vec<_>>());
    left.push(("its log lines".to_owned(), ended.stderr.into_bytes()));
    left.push(("an error".to_owned(), refused.stderr.into_bytes()));
    for secret in [PASSWORD, NEW_PASSWORD, WRONG, DOOR, &invitation, &open, &made, &token, &registered, &session] {
        assert!(secret.len() > 10);
        for (name, bytes) in &left {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret} is in {name}");
        }
    }
}
