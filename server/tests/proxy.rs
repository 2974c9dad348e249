//! Behind a proxy: who comes by one is counted by its own address and stands on its own site, where the operator trusts the proxy;
//! where not, what anybody says of others is nothing to us.

mod common;

use std::time::{Duration, Instant};

use chat_server::{Config, proxy::Proxies, tls::Choice};
use common::{
    PATIENCE, TestClient, TestServer, config,
    tls::{Papers, encrypt},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tokio_tungstenite::{MaybeTlsStream, tungstenite};

/// Where the tests' own connections come from, and where they do not.
const HERE: &str = "127.0.0.0/8";
const ELSEWHERE: &str = "198.51.100.0/24";
const V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

fn trusting(networks: &[&str]) -> Config {
    let proxies: Proxies = networks.iter().map(|network| network.parse().expect("a network")).collect();
    Config { proxies, ..config() }
}

/// A WebSocket of this user, behind bytes that a proxy says first; or the status that refused it.
async fn enter(server: &TestServer, first: &[u8], user: &str, headers: &[(&str, &str)]) -> Result<TestClient, u16> {
    let mut stream = TcpStream::connect(server.address).await.expect("connects");
    stream.write_all(first).await.expect("writes");
    let url = server.url(&format!("/ws/chat/tea/{user}"));
    match TestClient::over(MaybeTlsStream::Plain(stream), &url, headers).await {
        Ok(mut client) => {
            client.expect("joined").await;
            Ok(client)
        }
        Err(tungstenite::Error::Http(response)) => Err(response.status().as_u16()),
        Err(error) => panic!("{user}: {error}"),
    }
}

fn v2(source: [u8; 4]) -> Vec<u8> {
    [V2, &[0x21, 0x11, 0, 12], &source, &[127, 0, 0, 1, 1, 1, 2, 2]].concat()
}

#[tokio::test]
async fn a_forwarded_address_counts_only_where_a_trusted_proxy_says_it() {
    for (trusted, one, other, expected) in [
        // From a proxy of ours each address has its own places.
        (HERE, "192.0.2.1", "192.0.2.2", Ok(())),
        (HERE, "192.0.2.1", "192.0.2.1", Err(429)),
        (HERE, "2001:db8::1", "2001:db8::2", Err(429)),
        (HERE, "2001:db8::1", "2001:db8:1::2", Ok(())),
        // What stands before the last address that is not a proxy of ours is what anybody may have said.
        (HERE, "192.0.2.1, 203.0.113.9", "192.0.2.2, 203.0.113.9", Err(429)),
        (HERE, "203.0.113.9, 127.0.0.2", "203.0.113.8, 127.0.0.2", Ok(())),
        (HERE, "192.0.2.1", "192.0.2.9, 192.0.2.1, 127.0.0.2, 127.0.0.3", Err(429)),
        // What cannot be read is the proxy's own.
        (HERE, "nobody", "unknown", Err(429)),
        // From anybody else it means nothing.
        (ELSEWHERE, "192.0.2.1", "192.0.2.2", Err(429)),
        (ELSEWHERE, "198.51.100.1", "198.51.100.2", Err(429)),
    ] {
        let server = TestServer::with(Config { max_per_ip: 1, ..trusting(&[trusted]) }).await;
        let first = enter(&server, b"", "alice", &[("x-forwarded-for", one)]).await.expect("the first one");
        let second = enter(&server, b"", "bob", &[("x-forwarded-for", other)]).await.map(TestClient::cut);
        assert_eq!(second, expected, "«{one}», then «{other}», where {trusted} is trusted");
        // The place is free again when the conversation is over.
        first.close().await;
        comes_in(&server, b"", "carol", &[("x-forwarded-for", one)]).await;
    }
}

/// Tries until there is a place: the server may learn of a goodbye a moment later.
async fn comes_in(server: &TestServer, first: &[u8], user: &str, headers: &[(&str, &str)]) -> TestClient {
    let began = Instant::now();
    loop {
        match enter(server, first, user, headers).await {
            Ok(client) => return client,
            Err(status) => assert!(status == 429 && began.elapsed() < PATIENCE, "{user}: {status}"),
        }
    }
}

#[tokio::test]
async fn what_a_proxy_says_before_the_first_byte_counts_only_where_it_is_trusted() {
    let other = "PROXY TCP4 192.0.2.2 127.0.0.1 2 2\r\n";
    for (trusted, one, other, expected) in [
        (HERE, b"PROXY TCP4 192.0.2.1 127.0.0.1 1 1\r\n".to_vec(), other.as_bytes(), Ok(())),
        (HERE, b"PROXY TCP4 192.0.2.2 127.0.0.1 1 1\r\n".to_vec(), other.as_bytes(), Err(429)),
        (HERE, b"PROXY TCP6 2001:db8::1 ::1 1 1\r\n".to_vec(), other.as_bytes(), Ok(())),
        (HERE, v2([192, 0, 2, 1]), other.as_bytes(), Ok(())),
        (HERE, v2([192, 0, 2, 2]), other.as_bytes(), Err(429)),
        (HERE, v2([192, 0, 2, 2]), &v2([192, 0, 2, 2]), Err(429)),
        // The proxy's own connections are counted as such.
        (HERE, b"PROXY UNKNOWN\r\n".to_vec(), other.as_bytes(), Ok(())),
        (HERE, b"PROXY UNKNOWN\r\n".to_vec(), b"", Err(429)),
    ] {
        let server = TestServer::with(Config { max_per_ip: 1, ..trusting(&[trusted]) }).await;
        let shown = one.escape_ascii().to_string();
        let first = enter(&server, &one, "alice", &[]).await.expect("the first one");
        assert_eq!(enter(&server, other, "bob", &[]).await.map(TestClient::cut), expected, "{shown}");
        first.close().await;
        comes_in(&server, &one, "carol", &[]).await;
    }
    // From anybody else, and where it is none, it is a bad request.
    for (trusted, first) in [
        (ELSEWHERE, other.as_bytes()),
        (ELSEWHERE, &v2([192, 0, 2, 1])),
        (HERE, b"PROXY TCP4 192.0.2.1 127.0.0.1 1\r\n"),
        (HERE, b"PROXY TCP4 192.0.2.1.1 127.0.0.1 1 1\r\n"),
        (HERE, b"PROXY TCP4 192.0.2.1 127.0.0.1 1 1\n"),
        (HERE, &[V2, &[0x11, 0x11, 0, 0]].concat()),
        (HERE, &[V2, &[0x21, 0x11, 0, 1, 1]].concat()),
        (HERE, &[V2, &[0x21, 0x11, 0xff, 0xff]].concat()),
        (HERE, &[other.as_bytes(), other.as_bytes()].concat()),
    ] {
        let server = TestServer::with(trusting(&[trusted])).await;
        let shown = first.escape_ascii().to_string();
        assert_eq!(enter(&server, first, "eve", &[]).await.map(TestClient::cut), Err(400), "{shown}");
        assert_eq!(server.get("/healthz").await.status, 200);
    }
}

#[tokio::test]
async fn who_is_behind_two_proxies_is_told_by_the_nearer_one_only() {
    let server = TestServer::with(Config { max_per_ip: 1, ..trusting(&[HERE, ELSEWHERE]) }).await;
    let forwarded = |address| [("x-forwarded-for", address)];
    // The connection is somebody's own: what its headers say is its own word.
    let direct = b"PROXY TCP4 192.0.2.1 127.0.0.1 1 1\r\n";
    let _alice = enter(&server, direct, "alice", &forwarded("203.0.113.1")).await.expect("a place");
    assert_eq!(enter(&server, direct, "bob", &forwarded("203.0.113.2")).await.map(drop), Err(429));
    // It is another proxy's: that one says in headers for whom it speaks.
    let proxy = b"PROXY TCP4 198.51.100.1 127.0.0.1 1 1\r\n";
    let _carol = enter(&server, proxy, "carol", &forwarded("203.0.113.1")).await.expect("a place");
    let _dave = enter(&server, proxy, "dave", &forwarded("203.0.113.2")).await.expect("a place");
    assert_eq!(enter(&server, proxy, "erin", &forwarded("203.0.113.2")).await.map(drop), Err(429));
}

#[tokio::test]
async fn the_first_words_may_come_one_by_one_and_must_come_soon() {
    let server = TestServer::with(trusting(&[HERE])).await;
    let mut stream = TcpStream::connect(server.address).await.expect("connects");
    stream.set_nodelay(true).expect("at once");
    for byte in b"PROXY TCP4 192.0.2.1 127.0.0.1 1 1\r\nGET /healthz HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n" {
        stream.write_all(&[*byte]).await.expect("writes");
        tokio::task::yield_now().await;
    }
    let mut answer = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut answer)).await.expect("in time").expect("reads");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let began = Instant::now();
    for begun in [&b"PROXY TCP4 192."[..], V2, b""] {
        let mut stream = TcpStream::connect(server.address).await.expect("connects");
        stream.write_all(begun).await.expect("writes");
        let ended = timeout(PATIENCE, stream.read_to_end(&mut Vec::new())).await.expect("it is let go");
        drop(ended);
    }
    assert!(began.elapsed() < Duration::from_secs(18), "{:?}", began.elapsed());
}

#[tokio::test]
async fn tls_comes_after_what_the_proxy_says() {
    let papers = Papers::new();
    let config = Config { tls: Choice::Files(papers.files()), max_per_ip: 1, ..trusting(&[HERE]) };
    let server = TestServer::with(config).await;
    let join = async |first: &[u8], user: &str| {
        let mut stream = TcpStream::connect(server.address).await.expect("connects");
        stream.write_all(first).await.expect("writes");
        let stream = encrypt(stream, &papers.trust()).await.expect("TLS");
        server.join_on(stream, "tea", user, "").await.map(|(client, _)| client)
    };
    let mut alice = join(b"PROXY TCP4 192.0.2.1 127.0.0.1 1 1\r\n", "alice").await.expect("a place");
    let mut bob = join(&v2([192, 0, 2, 2]), "bob").await.expect("a place");
    alice.say("by words and by bytes").await;
    bob.hears("by words and by bytes").await;
    let refused = join(&v2([192, 0, 2, 2]), "carol").await.map(drop).expect_err("a second one of bob's");
    assert!(matches!(&refused, tungstenite::Error::Http(response) if response.status() == 429), "{refused}");
    // From anybody else it is not TLS, whatever comes behind it.
    let other = TestServer::with(Config { tls: Choice::Files(papers.files()), ..trusting(&[ELSEWHERE]) }).await;
    let mut stream = TcpStream::connect(other.address).await.expect("connects");
    stream.write_all(b"PROXY TCP4 192.0.2.1 127.0.0.1 1 1\r\n").await.expect("writes");
    assert!(encrypt(stream, &papers.trust()).await.is_err());
    // Without TLS behind it, it is plain HTTP where TLS is spoken.
    assert_eq!(enter(&server, b"PROXY TCP4 192.0.2.3 127.0.0.1 1 1\r\n", "eve", &[]).await.map(drop), Err(400));
}

#[tokio::test]
async fn an_answer_that_goes_on_holds_its_place_and_the_proxys_connection_is_anybodys() {
    let server = TestServer::with(Config { max_per_ip: 1, ..trusting(&[HERE]) }).await;
    // Two people on one connection of the proxy, one after the other.
    let mut stream = TcpStream::connect(server.address).await.expect("connects");
    let ask = |path: &str, address: &str| format!("GET {path} HTTP/1.1\r\nhost: h\r\nx-forwarded-for: {address}\r\n\r\n");
    let _alice = enter(&server, b"", "alice", &[("x-forwarded-for", "192.0.2.1")]).await.expect("a place");
    for (address, expected) in [("192.0.2.2", "200"), ("192.0.2.1", "429"), ("192.0.2.2", "200")] {
        stream.write_all(ask("/healthz", address).as_bytes()).await.expect("writes");
        let mut answer = Vec::new();
        while !answer.ends_with(b"ok\n") && !answer.ends_with(b"}") {
            assert!(stream.read_buf(&mut answer).await.expect("reads") > 0, "the connection goes on");
        }
        let answer = String::from_utf8_lossy(&answer);
        assert_eq!(answer.split(' ').nth(1), Some(expected), "{address}: {answer}");
    }
    // A tail is heard for as long as its reader likes.
    stream.write_all(ask("/api/rooms/tea/tail", "192.0.2.3").as_bytes()).await.expect("writes");
    let mut answer = Vec::new();
    while !answer.windows(4).any(|window| window == b"\r\n\r\n") {
        assert!(stream.read_buf(&mut answer).await.expect("reads") > 0);
    }
    assert_eq!(enter(&server, b"", "carol", &[("x-forwarded-for", "192.0.2.3")]).await.map(drop), Err(429));
    drop(stream);
    comes_in(&server, b"", "carol", &[("x-forwarded-for", "192.0.2.3")]).await;
}

#[tokio::test]
async fn posts_are_counted_by_the_address_that_is_believed() {
    let server = TestServer::with(Config { rate: "2/1".parse().expect("a rate"), ..trusting(&[HERE]) }).await;
    let post = async |address: &str| {
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("x-forwarded-for", address)];
        server.http("POST", "/api/rooms/tea/messages", &headers, "text=hi").await.status
    };
    while post("192.0.2.1").await == 201 {}
    assert_eq!((post("192.0.2.1").await, post("192.0.2.2").await), (429, 201));
}

#[tokio::test]
async fn the_servers_own_site_is_what_a_trusted_proxy_says_it_is() {
    for (trusted, said, origin, expected) in [
        (HERE, vec![("x-forwarded-host", "chat.example")], "https://chat.example", Ok(())),
        (HERE, vec![("x-forwarded-host", "chat.example"), ("x-forwarded-proto", "https")], "https://chat.example", Ok(())),
        (HERE, vec![("x-forwarded-host", "chat.example:8443")], "https://chat.example:8443", Ok(())),
        (HERE, vec![("x-forwarded-host", "chat.example")], "https://evil.example", Err(403)),
        // Where browsers come by TLS, a page without it could be anybody's.
        (HERE, vec![("x-forwarded-host", "chat.example"), ("x-forwarded-proto", "https")], "http://chat.example", Err(403)),
        (HERE, vec![("x-forwarded-host", "chat.example"), ("x-forwarded-proto", "http")], "http://chat.example", Ok(())),
        (ELSEWHERE, vec![("x-forwarded-host", "chat.example")], "https://chat.example", Err(403)),
        (ELSEWHERE, vec![("x-forwarded-host", "evil.example")], "https://evil.example", Err(403)),
    ] {
        let server = TestServer::with(trusting(&[trusted])).await;
        let headers: Vec<_> = said.iter().copied().chain([("origin", origin)]).collect();
        assert_eq!(enter(&server, b"", "alice", &headers).await.map(drop), expected, "{said:?} from {origin}");
    }
    // What a stranger says of TLS does not shut out the server's own page.
    let server = TestServer::with(trusting(&[ELSEWHERE])).await;
    let own = format!("http://{}", server.address);
    assert!(enter(&server, b"", "alice", &[("x-forwarded-proto", "https"), ("origin", &own)]).await.is_ok());
}
