//! The way to the server: within this program, through the socket in its data directory, or over the network with the token of an
//! account that owns it. One order at a time, and never more waiting than a few: a console that cannot keep up asks less.

use std::{io, path::PathBuf, time::Duration};

use chat_terminal::reach::{Address, Trust, not_a_chat, post_for_much, words};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::UnixStream,
    sync::mpsc::{Receiver, Sender},
    time::timeout,
};

use super::update::Msg;
use crate::{
    admin::{Answer, OPERATOR, Order, Running, SOCKET},
    auth::Secret,
    office::Hand,
};

/// Orders that wait for their turn.
pub const WAITING: usize = 8;
/// How long an answer may take.
const WITHIN: Duration = Duration::from_secs(20);

/// How the server is reached.
pub enum Way {
    /// It runs in this program.
    Here(Running),
    /// The data directory of one that runs on this machine.
    Socket(PathBuf),
    /// Over the network.
    Afar { address: Address, trust: Trust, token: Secret },
}

impl Way {
    /// Where that is, in words.
    pub fn place(&self) -> String {
        match self {
            Self::Here(running) => running.url.to_string(),
            Self::Socket(directory) => directory.display().to_string(),
            Self::Afar { address, .. } => address.to_string(),
        }
    }
}

/// Asks, and tells what was answered, until nobody asks any more.
pub async fn run(way: Way, mut orders: Receiver<Order>, told: Sender<Msg>) {
    let (mut open, mut heard) = (None, true);
    while let Some(order) = orders.recv().await {
        // Who has left still means what was ordered before.
        if !heard && order.is_a_look() {
            continue;
        }
        let asked = timeout(WITHIN, ask(&way, &mut open, &order)).await;
        let msg = match asked.unwrap_or_else(|_| Err("the server does not answer".into())) {
            Ok(answer) => Msg::Answered(answer),
            Err(words) => {
                open = None;
                Msg::Lost { words, was_a_look: order.is_a_look() }
            }
        };
        heard = told.send(msg).await.is_ok();
    }
}

async fn ask(way: &Way, open: &mut Option<BufReader<UnixStream>>, order: &Order) -> Result<Answer, String> {
    match way {
        Way::Here(running) => Ok(running.perform(order.clone(), &Hand::operator(OPERATOR)).await),
        Way::Socket(directory) => {
            let path = directory.join(SOCKET);
            let unreached = |error: io::Error| match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
                    format!("no server runs on {}", directory.display())
                }
                io::ErrorKind::PermissionDenied => format!("{} is not yours to open", path.display()),
                _ => format!("{}: {error}", path.display()),
            };
            if open.is_none() {
                *open = Some(BufReader::new(UnixStream::connect(&path).await.map_err(unreached)?));
            }
            let Some(stream) = open else { return Err("the socket is gone".into()) };
            exchange(stream, order).await
        }
        Way::Afar { address, trust, token } => {
            let header = format!("Authorization: Bearer {}\r\n", token.tell());
            let body = serde_json::to_string(order).map_err(|error| error.to_string())?;
            let (status, answer) = post_for_much((address, trust), "operator", &header, &body).await?;
            match status {
                200 => serde_json::from_str(&answer).map_err(|_| not_a_chat(address)),
                401 => Err("the token opens nothing there".into()),
                404 | 405 => Err(format!("{address} takes no orders: it is of another version")),
                _ => Err(words(&answer).unwrap_or_else(|| not_a_chat(address))),
            }
        }
    }
}

async fn exchange(stream: &mut BufReader<UnixStream>, order: &Order) -> Result<Answer, String> {
    let mut line = serde_json::to_string(order).map_err(|error| error.to_string())?;
    line.push('\n');
    let exchanged = async {
        match stream.get_mut().write_all(line.as_bytes()).await {
            // Who was turned away at the door is told why, and that can still be read.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error),
            _ => {}
        }
        let mut answer = String::new();
        match stream.read_line(&mut answer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(answer),
        }
    };
    let answer = exchanged.await.map_err(|error: io::Error| match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => {
            "the server has gone, or has too many consoles".to_owned()
        }
        _ => error.to_string(),
    })?;
    serde_json::from_str(&answer).map_err(|error| format!("the server is of another version: {error}"))
}
