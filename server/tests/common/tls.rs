//! Certificates in files, servers that speak TLS with them, and clients that trust nothing else.

use std::{net::SocketAddr, ops::Deref, path::Path, sync::Arc};

use chat_protocol::CloseCode;
use chat_server::{
    Config,
    tls::{Choice, Files},
};
use rcgen::{CertificateParams, KeyPair};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion, crypto::ring, pki_types::CertificateDer};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_tungstenite::MaybeTlsStream;

use super::{Closed, PATIENCE, Reply, TestClient, TestServer, config};

/// A certificate for this machine and its key, in files.
pub struct Papers {
    directory: TempDir,
    pub certificate: CertificateDer<'static>,
}

impl Papers {
    pub fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let certificate = issue(directory.path());
        Self { directory, certificate }
    }

    /// Another certificate in the place of this one.
    pub fn renew(&mut self) {
        self.certificate = issue(self.directory.path());
    }

    /// Something that is no certificate.
    pub fn spoil(&self) {
        std::fs::write(self.files().certificate, "-----BEGIN CERTIFICATE-----\nhalf of").expect("writes");
    }

    pub fn files(&self) -> Files {
        Files { certificate: self.directory.path().join("cert.pem"), key: self.directory.path().join("key.pem") }
    }

    /// As the program takes them.
    pub fn arguments(&self) -> [String; 4] {
        let Files { certificate, key } = self.files();
        ["--tls-cert".into(), certificate.display().to_string(), "--tls-key".into(), key.display().to_string()]
    }

    /// Trusts what is in the files now, and no more.
    pub fn trust(&self) -> Arc<ClientConfig> {
        trust([&self.certificate])
    }
}

/// The key first, as careful renewals do: for a moment the two do not fit.
fn issue(directory: &Path) -> CertificateDer<'static> {
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(["localhost".to_owned(), "127.0.0.1".to_owned()]).expect("names");
    let certificate = params.self_signed(&key).expect("a certificate");
    std::fs::write(directory.join("key.pem"), key.serialize_pem()).expect("writes");
    std::fs::write(directory.join("cert.pem"), certificate.pem()).expect("writes");
    certificate.der().clone()
}

/// A client that trusts these certificates.
pub fn trust<'a>(certificates: impl IntoIterator<Item = &'a CertificateDer<'static>>) -> Arc<ClientConfig> {
    trust_by(rustls::ALL_VERSIONS, certificates)
}

/// The same, speaking these versions of TLS only.
pub fn trust_by<'a>(
    versions: &[&'static SupportedProtocolVersion],
    certificates: impl IntoIterator<Item = &'a CertificateDer<'static>>,
) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    certificates.into_iter().for_each(|certificate| roots.add(certificate.clone()).expect("a certificate"));
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_protocol_versions(versions).expect("versions");
    Arc::new(builder.with_root_certificates(roots).with_no_client_auth())
}

/// TLS on a socket.
pub async fn encrypt(stream: TcpStream, config: &Arc<ClientConfig>) -> std::io::Result<TlsStream<TcpStream>> {
    let connecting = TlsConnector::from(Arc::clone(config)).connect("localhost".try_into().expect("a name"), stream);
    timeout(PATIENCE, connecting).await.expect("a handshake in time")
}

/// TLS with whoever listens there.
pub async fn reach(address: SocketAddr, config: &Arc<ClientConfig>) -> std::io::Result<TlsStream<TcpStream>> {
    encrypt(TcpStream::connect(address).await?, config).await
}

/// The certificate that is shown there, whichever of these it is.
pub async fn shown(address: SocketAddr, any: &Arc<ClientConfig>) -> CertificateDer<'static> {
    let stream = reach(address, any).await.expect("TLS");
    let certificates = stream.get_ref().1.peer_certificates().expect("certificates");
    certificates[0].clone().into_owned()
}

/// A server that speaks TLS.
pub struct TlsServer {
    server: TestServer,
    pub papers: Papers,
}

impl Deref for TlsServer {
    type Target = TestServer;

    fn deref(&self) -> &TestServer {
        &self.server
    }
}

impl TlsServer {
    pub async fn start() -> Self {
        Self::with(config()).await
    }

    pub async fn with(config: Config) -> Self {
        let papers = Papers::new();
        let server = TestServer::with(Config { tls: Choice::Files(papers.files()), ..config }).await;
        Self { server, papers }
    }

    pub fn begin_to_stop(&mut self) {
        self.server.begin_to_stop();
    }

    pub async fn stop(self) {
        self.server.stop().await;
    }

    /// A user in a room, after `welcome` and `joined`.
    pub async fn join(&self, room: &str, user: &str) -> TestClient {
        let stream = reach(self.address, &self.papers.trust()).await.expect("TLS");
        self.server.join_on(stream, room, user, "").await.expect("a WebSocket").0
    }

    /// The same with a query, over a socket whose system takes few bytes in advance.
    pub async fn join_narrow(&self, room: &str, user: &str, query: &str) -> (TestClient, serde_json::Value) {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(64 * 1024).expect("a small buffer");
        let stream = timeout(PATIENCE, socket.connect(self.address)).await.expect("in time").expect("connects");
        let stream = encrypt(stream, &self.papers.trust()).await.expect("TLS");
        self.server.join_on(stream, room, user, query).await.expect("a WebSocket")
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.request(&format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")).await
    }

    /// A whole request as it is; the answer ends with TLS's own goodbye.
    pub async fn request(&self, request: &str) -> Reply {
        let mut stream = reach(self.address, &self.papers.trust()).await.expect("TLS");
        stream.write_all(request.as_bytes()).await.expect("writes");
        let mut answer = Vec::new();
        timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("answers").expect("ends well");
        Reply::parse(&answer)
    }

    /// One number out of `/metrics`.
    pub async fn metric(&self, name: &str) -> f64 {
        let text = self.get("/metrics").await.body;
        let line = text.lines().find(|line| line.starts_with(name) && !line.starts_with('#'));
        line.and_then(|line| line.rsplit(' ').next()).and_then(|number| number.parse().ok()).unwrap_or(0.0)
    }

    /// Waits until a number of `/metrics` is as expected.
    pub async fn metric_becomes(&self, name: &str, expected: impl Fn(f64) -> bool) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let value = self.metric(name).await;
            if expected(value) {
                return;
            }
            assert!(tokio::time::Instant::now() < deadline, "{name} stays at {value}");
        }
    }
}

impl TestServer {
    /// A user in a room, over TLS that is there.
    pub async fn join_on(
        &self,
        stream: TlsStream<TcpStream>,
        room: &str,
        user: &str,
        query: &str,
    ) -> Result<(TestClient, serde_json::Value), tokio_tungstenite::tungstenite::Error> {
        let url = self.url(&format!("/ws/chat/{room}/{user}?{query}"));
        let mut client = TestClient::over(MaybeTlsStream::Rustls(stream), &url, &[]).await?;
        client.welcome = client.expect("welcome").await;
        let joined = client.expect("joined").await;
        Ok((client, joined))
    }
}

impl TestClient {
    /// The TLS below.
    pub fn tls(&mut self) -> &mut TlsStream<TcpStream> {
        match self.socket.get_mut() {
            MaybeTlsStream::Rustls(stream) => stream,
            _ => unreachable!("it speaks TLS"),
        }
    }

    /// Waits for the end of this code, and then for TLS's own goodbye.
    pub async fn parted_with(&mut self, code: CloseCode) -> Closed {
        let closed = self.closed_with(code).await;
        let rest = timeout(PATIENCE, self.tls().read_to_end(&mut Vec::new())).await.expect("in time");
        assert_eq!(rest.expect("no end without a word"), 0);
        closed
    }
}
