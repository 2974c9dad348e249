//! The proxies of docs/operations.md, run with the very snippets that stand there, for other ports and files.
//!
//! They are programs of their own, so this is not part of `cargo test`; CI runs it by name.

#[path = "common/chromium.rs"]
mod chromium;
mod common;

use std::{
    fs,
    os::unix::{fs::chown, process::CommandExt as _},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use chat_server::Config;
use chromium::Driver;
use common::{
    PATIENCE, Reply, TestClient, TestServer, config,
    tls::{Papers, encrypt},
};
use rustls::ClientConfig;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    time::timeout,
};
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::{MaybeTlsStream, tungstenite};

/// Who runs a proxy where the tests are root's.
const NOBODY: u32 = 65534;

/// A proxy before a server. It is ended, by its own id, when it is dropped.
struct Proxy {
    child: Child,
    port: u16,
    trust: Arc<ClientConfig>,
    _home: TempDir,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What stands in the document between this mark and the end of the block behind it.
fn snippet(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operations.md");
    let text = fs::read_to_string(path).expect("the document");
    let block = text.split_once(&format!("<!-- {name} -->\n```{name}")).expect("the snippet").1;
    let block = block.split_once('\n').expect("a block").1;
    block.split_once("\n```").expect("its end").0.to_owned()
}

/// Everything is there to be replaced, or the snippet is another one than the test knows.
fn replaced(mut text: String, changes: &[(&str, String)]) -> String {
    for (from, to) in changes {
        assert!(text.contains(from), "«{from}» is not in the snippet:\n{text}");
        text = text.replace(from, to);
    }
    text
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port()
}

impl Proxy {
    async fn start(write: impl FnOnce(&Path, u16) -> Command) -> Self {
        let home = tempfile::tempdir().expect("a home");
        let (papers, port) = (Papers::new(), free_port());
        // Its own copies, which it may read whoever it is.
        let files = papers.files();
        for (file, name) in [(files.certificate, "cert.pem"), (files.key, "key.pem")] {
            fs::copy(file, home.path().join(name)).expect("copies");
        }
        let mut command = write(home.path(), port);
        if rustix::process::geteuid().is_root() {
            for entry in fs::read_dir(home.path()).expect("a home") {
                chown(entry.expect("an entry").path(), Some(NOBODY), Some(NOBODY)).expect("its owner");
            }
            chown(home.path(), Some(NOBODY), Some(NOBODY)).expect("its owner");
            command.uid(NOBODY).gid(NOBODY);
        }
        command.current_dir(home.path()).env("HOME", home.path()).stdin(Stdio::null());
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let trust = papers.trust();
        let mut proxy = Self { child, port, trust, _home: home };
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            assert!(proxy.child.try_wait().expect("its state").is_none(), "the proxy has ended");
            assert!(began.elapsed() < PATIENCE, "the proxy does not listen");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        proxy
    }

    async fn nginx(server: u16) -> Self {
        Self::nginx_of(server, snippet("nginx")).await
    }

    /// For browsers, which take no certificate that nobody signed.
    async fn nginx_without_tls(server: u16) -> Self {
        Self::nginx_of(server, snippet("nginx").replace(" ssl;", ";").replace("ssl_certificate", "# ")).await
    }

    async fn nginx_of(server: u16, snippet: String) -> Self {
        Self::start(|home, port| {
            let file = |name: &str| home.join(name).display().to_string();
            let changes = [
                ("listen 443", format!("listen 127.0.0.1:{port}")),
                ("server_name chat.example", "server_name localhost".into()),
                ("/etc/ssl/chat.example/fullchain.pem", file("cert.pem")),
                ("/etc/ssl/chat.example/privkey.pem", file("key.pem")),
                ("http://127.0.0.1:8000/", format!("http://127.0.0.1:{server}/")),
            ];
            let snippet = replaced(snippet, &changes);
            let places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
            let places: String = places.iter().map(|name| format!("{name}_temp_path {};\n", file(name))).collect();
            let config = format!(
                "daemon off;\nmaster_process off;\npid {};\nevents {{}}\nhttp {{\naccess_log off;\n{places}{snippet}\n}}\n",
                file("pid")
            );
            fs::write(home.join("nginx.conf"), config).expect("writes");
            let mut command = Command::new("nginx");
            command.args(["-e", "stderr", "-p"]).arg(home).arg("-c").arg(home.join("nginx.conf"));
            command
        })
        .await
    }

    async fn caddy(server: u16) -> Self {
        Self::start(|home, port| {
            let tls = format!("\ttls {} {}", home.join("cert.pem").display(), home.join("key.pem").display());
            let changes = [
                ("chat.example {", format!("https://localhost:{port} {{\n\tbind 127.0.0.1\n{tls}")),
                ("127.0.0.1:8000", format!("127.0.0.1:{server}")),
            ];
            let snippet = replaced(snippet("caddy"), &changes);
            let config = format!("{{\n\tadmin off\n\tauto_https disable_redirects\n}}\n{snippet}\n");
            fs::write(home.join("Caddyfile"), config).expect("writes");
            let mut command = Command::new("caddy");
            command.args(["run", "--adapter", "caddyfile", "--config"]).arg(home.join("Caddyfile"));
            command.env("XDG_DATA_HOME", home).env("XDG_CONFIG_HOME", home).stderr(Stdio::null());
            command
        })
        .await
    }

    /// TLS with the proxy, from one of this machine's many addresses.
    async fn reach(&self, from: u8) -> TlsStream<TcpStream> {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(([127, 0, 0, from], 0).into()).expect("an address");
        let stream = socket.connect(([127, 0, 0, 1], self.port).into()).await.expect("connects");
        encrypt(stream, &self.trust).await.expect("TLS")
    }

    async fn get(&self, path: &str) -> Reply {
        let mut stream = self.reach(1).await;
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost:{}\r\nconnection: close\r\n\r\n", self.port);
        stream.write_all(request.as_bytes()).await.expect("writes");
        let mut answer = Vec::new();
        // How it takes leave of TLS is the proxy's affair.
        let _ = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("in time");
        Reply::parse(&answer)
    }

    /// A WebSocket; or the status that refused it.
    async fn enter(&self, from: u8, user: &str, headers: &[(&str, &str)]) -> Result<TestClient, u16> {
        let url = format!("wss://localhost:{}/chat/ws/chat/Tea%20Room/{user}", self.port);
        match TestClient::over(MaybeTlsStream::Rustls(self.reach(from).await), &url, headers).await {
            Ok(mut client) => {
                client.expect("joined").await;
                Ok(client)
            }
            Err(tungstenite::Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{user}: {error}"),
        }
    }
}

async fn server() -> TestServer {
    let proxies = ["127.0.0.1".parse().expect("an address")].into_iter().collect();
    TestServer::with(Config { proxies, max_per_ip: 2, ..config() }).await
}

/// The page with all that it names, people, and streams, below the path; each address by itself.
async fn it_is_all_there_below_a_path(proxy: &Proxy) {
    let there = proxy.get("/chat").await;
    assert!(there.status == 308 && there.header("location").is_some_and(|place| place.ends_with("/chat/")), "{there:?}");
    let page = proxy.get("/chat/").await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let script = page.body.split('"').find(|word| word.starts_with("static/") && word.ends_with("app.js")).expect("a script");
    assert_eq!(proxy.get(&format!("/chat/{script}")).await.status, 200);
    assert_eq!(proxy.get("/chat/api/rooms").await.status, 200);

    let own = format!("https://localhost:{}", proxy.port);
    let mut alice = proxy.enter(2, "Zo%C3%AB%201", &[("origin", &own)]).await.expect("the server's own page");
    let mut bob = proxy.enter(3, "bob", &[]).await.expect("a program");
    alice.say("through the proxy").await;
    assert_eq!(bob.hears("through the proxy").await["from"], "Zoë 1");
    let long = "x".repeat(16_000);
    bob.say(&long).await;
    alice.hears(&long).await;
    let plain = own.replace("https", "http");
    for stranger in ["https://evil.example", &plain] {
        assert_eq!(proxy.enter(4, "eve", &[("origin", stranger)]).await.map(TestClient::cut), Err(403), "{stranger}");
    }

    // Whatever somebody says of himself, he has the places of his own address.
    let forged = [("x-forwarded-for", "203.0.113.7")];
    let _second = proxy.enter(2, "carol", &forged).await.expect("a second place");
    assert_eq!(proxy.enter(2, "dave", &forged).await.map(TestClient::cut), Err(429));
    assert_eq!(proxy.enter(2, "dave", &[]).await.map(TestClient::cut), Err(429));
    let _dave = proxy.enter(4, "dave", &[]).await.expect("another address");

    // A line of a tail comes when it is said.
    let mut tail = proxy.reach(5).await;
    let request = format!("GET /chat/api/rooms/Tea%20Room/tail HTTP/1.1\r\nhost: localhost:{}\r\n\r\n", proxy.port);
    tail.write_all(request.as_bytes()).await.expect("writes");
    let mut heard = Vec::new();
    let mut said = 0;
    let began = Instant::now();
    while !String::from_utf8_lossy(&heard).contains("into the tail") {
        assert!(began.elapsed() < PATIENCE, "nothing comes: {}", String::from_utf8_lossy(&heard));
        // Said again until the tail has begun to listen.
        said += 1;
        bob.say(&format!("{said} into the tail")).await;
        let _ = timeout(Duration::from_millis(200), tail.read_buf(&mut heard)).await;
    }
    alice.close().await;
}

#[tokio::test]
#[ignore = "needs nginx: just test-proxies"]
async fn nginx_passes_everything_on_as_the_document_has_it() {
    let server = server().await;
    let proxy = Proxy::nginx(server.address.port()).await;
    it_is_all_there_below_a_path(&proxy).await;
}

#[tokio::test]
#[ignore = "needs nginx, chromium and chromedriver: just test-proxies"]
async fn the_page_finds_everything_below_a_path() {
    let proxies = ["127.0.0.1".parse().expect("an address")].into_iter().collect();
    let server = TestServer::with(Config { proxies, ..config() }).await;
    let proxy = Proxy::nginx_without_tls(server.address.port()).await;
    let driver = Driver::start();
    let page = driver.browser().await;
    page.enter(&format!("http://127.0.0.1:{}/chat/", proxy.port), "alice").await;
    let mut bob = server.join("general", "bob").await;
    page.say("from below a path").await;
    bob.hears("from below a path").await;
    bob.say("and back").await;
    page.shows(&["alice: from below a path", "bob: and back"]).await;
}

#[tokio::test]
#[ignore = "needs caddy: just test-proxies"]
async fn caddy_passes_everything_on_as_the_document_has_it() {
    let server = server().await;
    let proxy = Proxy::caddy(server.address.port()).await;
    it_is_all_there_below_a_path(&proxy).await;
}
