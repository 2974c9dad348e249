//! A peer of the figures: what most start from with axum, its chat example. Every room is a `tokio::sync::broadcast`, every
//! connection two tasks: one hands on what is said in the room, the other says what comes.
//!
//! Beyond the example it only has rooms, and says its port.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    extract::{
        Path, State,
        ws::{Message, WebSocket, WebSocketUpgrade},
    },
    routing::get,
    serve::ListenerExt,
};
use futures::{SinkExt, StreamExt};
use tokio::{net::TcpListener, sync::broadcast};

/// As in the example: who is further behind than this loses its place.
const KEPT: usize = 100;

type Rooms = Arc<Mutex<HashMap<String, broadcast::Sender<String>>>>;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let chat = get(async |upgrade: WebSocketUpgrade, Path((room, user)): Path<(String, String)>, State(rooms): State<Rooms>| {
        upgrade.on_upgrade(|socket| converse(socket, rooms, room, user))
    });
    let app = Router::new().route("/ws/chat/{room}/{user}", chat).with_state(Rooms::default());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on {}", listener.local_addr()?.port());
    // Nagle's delay would make it look slower than it is.
    let listener = listener.tap_io(|socket| drop(socket.set_nodelay(true)));
    axum::serve(listener, app).await
}

async fn converse(socket: WebSocket, rooms: Rooms, room: String, user: String) {
    let (mut to_client, mut from_client) = socket.split();
    let said = {
        let mut rooms = rooms.lock().unwrap_or_else(PoisonError::into_inner);
        rooms.entry(room).or_insert_with(|| broadcast::channel(KEPT).0).clone()
    };
    let mut heard = said.subscribe();
    let mut hand_on = tokio::spawn(async move {
        while let Ok(line) = heard.recv().await {
            if to_client.send(Message::text(line)).await.is_err() {
                break;
            }
        }
    });
    let mut listen = tokio::spawn(async move {
        while let Some(Ok(Message::Text(line))) = from_client.next().await {
            let _ = said.send(format!("{user}: {line}"));
        }
    });
    tokio::select! {
        _ = &mut hand_on => listen.abort(),
        _ = &mut listen => hand_on.abort(),
    }
}
