//! What stands between the client and its server: TLS with a certificate that nobody signed, and a proxy with a path.

mod common;

use chat_server::{Config, tls::Choice};
use common::{
    TestServer, config,
    program::{Ended, Program},
    tui::Launch,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional},
    net::{TcpListener, TcpStream},
};

async fn self_signed() -> (TestServer, String, String) {
    let server = TestServer::with(Config { tls: Choice::SelfSigned, ..config() }).await;
    let print = server.fingerprint.clone().expect("a fingerprint");
    let url = format!("wss://{}", server.address);
    (server, url, print)
}

#[tokio::test]
async fn who_was_told_the_fingerprint_talks_over_tls() {
    let (_server, url, print) = self_signed().await;
    let mut alice = Launch::of(&url, "alice").args(&["--fingerprint", &print]).start();
    alice.shows("connected").await;
    // As other programs write it.
    let colons = print.to_uppercase().as_bytes().chunks(2).map(String::from_utf8_lossy).collect::<Vec<_>>().join(":");
    let mut bob = Program::start(&url, &["--user", "bob", "--room", "general", "--tail", "--fingerprint", &colons]);
    let carol = ["--user", "carol", "--room", "general", "--once", "from afar", "--fingerprint", &print];
    Program::start(&url, &carol).ended().await.with(0);
    alice.shows("from afar").await;
    alice.line("and back");
    bob.line_with("and back").await;
}

async fn refused(url: &str, arguments: &[&str]) -> Ended {
    let all = [&["--user", "eve", "--room", "general", "--once", "hi", "--timeout", "1"], arguments].concat();
    Program::start(url, &all).ended().await
}

#[tokio::test]
async fn another_certificate_and_one_that_nobody_signed_are_refused_in_words() {
    let (_server, url, print) = self_signed().await;
    let (_other, _, other) = self_signed().await;
    for (arguments, says) in [
        (vec!["--fingerprint", &other], vec!["is not the one of --fingerprint but", &print]),
        (vec![], vec!["signed by nobody whom this system trusts", "--fingerprint"]),
    ] {
        let ended = refused(&url, &arguments).await;
        ended.with(4);
        for words in says {
            assert!(ended.errors.contains(words), "{words}: {}", ended.errors);
        }
    }
    let ended = refused(&url.replace("wss://", "ws://"), &[]).await;
    assert!(ended.errors.contains("TLS is spoken on this port"), "{}", ended.errors);
    let ended = refused(&url.replace("wss://", "ws://"), &["--fingerprint", &print]).await;
    assert!(ended.with(2).errors.contains("proves nothing"), "{}", ended.errors);
}

/// A proxy that has a server under `/chat/` and takes the path off.
async fn under_a_path(server: &TestServer) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("ws://{}/chat/", listener.local_addr().expect("its number"));
    let inside = server.address;
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let mut far = TcpStream::connect(inside).await.expect("the server");
            let mut request = Vec::new();
            while !request.windows(4).any(|window| window == b"\r\n\r\n") {
                assert!(near.read_buf(&mut request).await.expect("reads") > 0);
            }
            let Some(rest) = request.strip_prefix(b"GET /chat") else {
                let _ = near.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n").await;
                continue;
            };
            far.write_all(&[b"GET ", rest].concat()).await.expect("writes");
            tokio::spawn(async move { copy_bidirectional(&mut near, &mut far).await });
        }
    });
    url
}

#[tokio::test]
async fn a_server_under_a_path_is_one_like_others() {
    let server = TestServer::start().await;
    let mut peer = server.join("general", "watcher").await;
    let url = under_a_path(&server).await;
    let mut alice = Launch::of(&url, "alice").start();
    alice.shows("connected").await;
    alice.line("from below");
    peer.hears("from below").await;
    peer.say("and back").await;
    alice.shows("and back").await;
}
