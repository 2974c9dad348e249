//! A gate before the server, for a network that fails halfway: sockets that are cut or refused while pages still load, and a server
//! that hears but cannot be heard.

use std::{net::SocketAddr, sync::Arc};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passage {
    Open,
    /// What the server says is lost.
    Deaf,
    /// No sockets; pages still.
    Shut,
}

pub(crate) struct Gate {
    pub(crate) address: SocketAddr,
    passage: Arc<watch::Sender<Passage>>,
    task: JoinHandle<()>,
}

impl Gate {
    pub(crate) async fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its number");
        let passage = Arc::new(watch::Sender::new(Passage::Open));
        let state = Arc::clone(&passage);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(pass(stream, server, state.subscribe()));
            }
        });
        Self { address, passage, task }
    }

    pub(crate) fn is(&self, passage: Passage) {
        self.passage.send_replace(passage);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One connection, until either end or the gate closes it.
async fn pass(mut near: TcpStream, server: SocketAddr, mut passage: watch::Receiver<Passage>) -> Option<()> {
    let mut request = Vec::new();
    while !request.windows(4).any(|part| part == b"\r\n\r\n") {
        if near.read_buf(&mut request).await.ok()? == 0 {
            return None;
        }
    }
    let is_socket = String::from_utf8_lossy(&request).to_ascii_lowercase().contains("upgrade: websocket");
    if is_socket && *passage.borrow() == Passage::Shut {
        return None;
    }
    let mut far = TcpStream::connect(server).await.ok()?;
    far.write_all(&request).await.ok()?;
    let (mut near_reader, mut near_writer) = near.split();
    let (mut far_reader, mut far_writer) = far.split();
    let state = passage.clone();
    let speaks = tokio::io::copy(&mut near_reader, &mut far_writer);
    let hears = async {
        let mut chunk = vec![0; 64 * 1024];
        while let Ok(count @ 1..) = far_reader.read(&mut chunk).await {
            // Not even what came before it is shut: the server was heard last when the gate went deaf.
            let lost = is_socket && *state.borrow() != Passage::Open;
            if !lost && near_writer.write_all(&chunk[..count]).await.is_err() {
                break;
            }
        }
    };
    let shut = async {
        if is_socket {
            let _ = passage.wait_for(|passage| *passage == Passage::Shut).await;
        } else {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! { _ = speaks => {} () = hears => {} () = shut => {} }
    Some(())
}
