//! The operator of a server, at another terminal.

use std::path::Path;

use chat_protocol::CloseCode;
use chat_server::{
    admin::{self, Answer, Order, TokenLine},
    realm::Role,
};
use serde_json::json;
use tempfile::TempDir;
use tokio_tungstenite::tungstenite::Message;

use super::{TestClient, TestServer, config_in};

/// Has the operator order something, as from another process.
pub async fn order(directory: &Path, order: Order) -> Answer {
    let directory = directory.to_owned();
    let sent = tokio::task::spawn_blocking(move || admin::send(&directory, order)).await;
    sent.expect("it does not panic").expect("an answer")
}

/// A server with a store, and its operator.
pub struct Stage {
    pub server: TestServer,
    pub directory: TempDir,
}

impl Stage {
    pub async fn start() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let server = TestServer::with(config_in(directory.path())).await;
        Self { server, directory }
    }

    pub async fn order(&self, asked: Order) -> Answer {
        order(self.directory.path(), asked).await
    }

    #[track_caller]
    pub fn done(&self, order: Order) -> impl Future<Output = ()> + '_ {
        let caller = std::panic::Location::caller();
        async move {
            let answer = self.order(order).await;
            assert!(matches!(answer, Answer::Done { .. }), "{caller}: {answer:?}");
        }
    }

    /// An account with a token.
    pub async fn account(&self, name: &str) -> String {
        self.account_as(name, Role::Member).await
    }

    /// One that is more than others.
    pub async fn account_as(&self, name: &str, role: Role) -> String {
        self.done(Order::AddAccount { name: name.into(), role }).await;
        self.token(name).await
    }

    /// Somebody with a new account, in a room.
    pub async fn comes(&self, room: &str, name: &str, role: Role) -> TestClient {
        let token = self.account_as(name, role).await;
        self.joins(room, name, &token).await
    }

    /// Somebody with an account, in a room.
    pub async fn joins(&self, room: &str, name: &str, token: &str) -> TestClient {
        welcomed(self.server.open(&format!("/ws/chat/{room}/{name}?token={token}")).await).await
    }

    /// The same server anew, on the same store.
    pub async fn again(self) -> Self {
        let Self { server, directory } = self;
        server.stop().await;
        Self { server: TestServer::with(config_in(directory.path())).await, directory }
    }

    pub async fn token(&self, name: &str) -> String {
        match self.order(Order::NewToken { name: name.into(), label: "test".into(), days: None }).await {
            Answer::Token { token, .. } => token.tell().to_owned(),
            other => panic!("{other:?}"),
        }
    }

    pub async fn tokens(&self) -> Vec<TokenLine> {
        match self.order(Order::Tokens { name: None }).await {
            Answer::Tokens { tokens } => tokens,
            other => panic!("{other:?}"),
        }
    }

    /// A handshake that ends so. Where a credential is still waited for, the first frame has none.
    pub async fn check_closed(&self, path: &str, code: CloseCode) {
        let mut client = self.server.open(path).await;
        let _ = client.frame(Message::text(json!({ "type": "hello" }).to_string())).await;
        let closed = client.closed().await;
        assert_eq!(closed.code, code.number(), "{path}: {closed:?}");
    }
}

pub fn in_as(name: &str, token: &str) -> String {
    format!("/ws/chat/general/{name}?token={token}")
}

pub async fn welcomed(mut client: TestClient) -> TestClient {
    client.welcome = client.expect("welcome").await;
    client.expect("joined").await;
    client
}
