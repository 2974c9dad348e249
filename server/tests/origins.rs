//! Which web pages may use the server: a foreign page is turned away before the upgrade.

mod common;

use chat_server::Config;
use common::{TestServer, config};
use tokio_tungstenite::tungstenite;

const TUTORIALS: [&str; 4] = ["/ws", "/ws/7", "/ws/bob", "/ws/18446744073709551615"];
const OTHERS: [&str; 4] = ["/ws/chat/general/alice", "/ws/json", "/ws/tasks", "/ws/auth?token=s3cret"];

fn with_origins(require_auth: bool) -> Config {
    let allow_origin = vec!["https://chat.example".into(), "http://localhost:3000/".into()];
    Config { allow_origin, tokens: vec!["s3cret".into()], require_auth, ..config() }
}

/// The status of a handshake with these headers.
async fn status(server: &TestServer, path: &str, headers: &[(&str, &str)]) -> u16 {
    match server.try_open(path, headers).await {
        Ok(client) => {
            client.close().await;
            101
        }
        Err(tungstenite::Error::Http(response)) => response.status().as_u16(),
        Err(error) => panic!("{path} {headers:?}: {error}"),
    }
}

#[tokio::test]
async fn own_pages_and_allowed_ones_may_connect_and_others_may_not() {
    let server = TestServer::with(with_origins(false)).await;
    let own = format!("http://{}", server.address);
    let own_by_tls = format!("https://{}", server.address);
    let other_port = format!("http://127.0.0.1:{}", server.address.port().wrapping_add(1));
    let longer = format!("{own}.evil.example");
    let cases = [
        (None, 101),
        (Some(own.as_str()), 101),
        (Some(&own_by_tls), 101),
        (Some("https://chat.example"), 101),
        (Some("https://CHAT.example"), 101),
        (Some("http://localhost:3000"), 101),
        (Some("http://chat.example"), 403),
        (Some("https://chat.example:8443"), 403),
        (Some("https://evil.example"), 403),
        (Some("http://127.0.0.1"), 403),
        (Some(&other_port), 403),
        (Some(&longer), 403),
        (Some(""), 403),
        (Some("chrome-extension://abcdef"), 403),
    ];
    for path in TUTORIALS.into_iter().chain(OTHERS) {
        for (origin, expected) in cases {
            let headers: Vec<_> = origin.map(|origin| ("origin", origin)).into_iter().collect();
            assert_eq!(status(&server, path, &headers).await, expected, "{path} from {origin:?}");
        }
        let two = [("origin", own.as_str()), ("origin", "https://evil.example")];
        assert_eq!(status(&server, path, &two).await, 403, "{path} from two origins");
    }
}

#[tokio::test]
async fn a_page_opened_from_disk_may_use_the_tutorials_endpoints_only() {
    let server = TestServer::with(with_origins(false)).await;
    for origin in ["null", "file://"] {
        for path in TUTORIALS {
            assert_eq!(status(&server, path, &[("origin", origin)]).await, 101, "{path} from {origin}");
        }
        for path in OTHERS {
            assert_eq!(status(&server, path, &[("origin", origin)]).await, 403, "{path} from {origin}");
        }
    }
    let server = TestServer::with(with_origins(true)).await;
    for path in TUTORIALS {
        let path = format!("{path}?token=s3cret");
        assert_eq!(status(&server, &path, &[("origin", "null")]).await, 403, "{path} where a credential is required");
        assert_eq!(status(&server, &path, &[]).await, 101, "{path}");
    }
}

#[tokio::test]
async fn own_is_what_the_host_header_says_behind_whatever_proxy() {
    let server = TestServer::start().await;
    let handshake = |host: &str, origin: &str| {
        let headers = format!(
            "GET /ws/chat/general/alice HTTP/1.1\r\nhost: {host}\r\norigin: {origin}\r\nupgrade: websocket\r\n\
             connection: upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        let address = server.address;
        async move {
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            let mut stream = tokio::net::TcpStream::connect(address).await.expect("connects");
            stream.write_all(headers.as_bytes()).await.expect("writes");
            let mut line = [0; 12];
            stream.read_exact(&mut line).await.expect("answers");
            String::from_utf8_lossy(&line[9..]).into_owned()
        }
    };
    for (host, origin, expected) in [
        ("chat.example", "https://chat.example", "101"),
        ("chat.example:443", "https://chat.example", "101"),
        ("chat.example", "http://chat.example", "101"),
        ("Chat.Example", "https://chat.example", "101"),
        ("chat.example:8443", "https://chat.example:8443", "101"),
        ("chat.example:8443", "https://chat.example", "403"),
        ("chat.example", "https://chat.example.evil", "403"),
        ("chat.example", "https://evil.chat.example", "403"),
        ("[::1]:8000", "http://[::1]:8000", "101"),
        ("[::1]:8000", "http://[::2]:8000", "403"),
    ] {
        assert_eq!(handshake(host, origin).await, expected, "{origin} at {host}");
    }
}

#[tokio::test]
async fn a_foreign_page_may_not_use_the_api() {
    let server = TestServer::with(with_origins(false)).await;
    let own = format!("http://{}", server.address);
    let form = [("content-type", "application/x-www-form-urlencoded")];
    for (origin, read, write) in [
        (own.as_str(), 200, 201),
        ("https://chat.example", 200, 201),
        ("https://evil.example", 403, 403),
        ("null", 403, 403),
        ("file://", 403, 403),
    ] {
        for path in ["/api/rooms", "/api/rooms/general/messages"] {
            let reply = server.http("GET", path, &[("origin", origin)], "").await;
            assert_eq!(reply.status, read, "{path} from {origin}");
            if read == 403 {
                assert_eq!(reply.json()["error"]["code"], "forbidden");
                assert_eq!(reply.header("access-control-allow-origin"), None);
            }
        }
        let headers = [form[0], ("origin", origin)];
        let reply = server.http("POST", "/api/rooms/general/messages", &headers, "text=hi").await;
        assert_eq!(reply.status, write, "a form posted from {origin}");
    }
    for path in ["/api/rooms/general/tail", "/api/exports/none"] {
        assert_eq!(server.http("GET", path, &[("origin", "https://evil.example")], "").await.status, 403, "{path}");
    }
    let kept = server.get("/api/rooms/general/messages").await.json();
    assert_eq!(kept["messages"].as_array().map(Vec::len), Some(2), "only the two that were allowed");
}
