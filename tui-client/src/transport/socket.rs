//! One connection from its handshake to its end. Every wait has a limit, and nobody who leaves has to sit one out.

use std::{pin::pin, time::Duration};

use chat_protocol::{ClientMessage, CloseCode, Request, ServerFrame, ServerMessage, limits};
use chat_terminal::reach::{Address, reach};
use futures::{SinkExt as _, StreamExt as _};
use tokio::{
    net::TcpStream,
    sync::mpsc::{Receiver, Sender},
    time::{Instant, sleep_until, timeout},
};
use tokio_tungstenite::{
    Connector, MaybeTlsStream, WebSocketStream, client_async_tls_with_config,
    tungstenite::{
        Error, Message, client::IntoClientRequest as _, handshake::client, http::HeaderValue, protocol::WebSocketConfig,
    },
};

use super::{
    Command, Server,
    ending::{Ending, Said},
    place,
    pulse::{Beat, Pulse},
};
use crate::{effect::Resume, msg::LinkEvent};

/// How long a connection may take to come about, name lookup and handshakes included.
const CONNECT: Duration = Duration::from_secs(10);
/// The header in which a guest shows its session.
const SESSION: &str = "chat-session";
/// How long the server may take nothing of what we send.
const WRITE: Duration = Duration::from_secs(10);
/// However seldom a server says that it pings: without a sign of life for so long, it is gone.
const QUIETEST: Duration = Duration::from_secs(600);
/// The most that the server may send at once. A catch-up of 500 long events stays under a quarter of it.
const LARGEST: usize = 16 << 20;
const BUFFER: usize = 16 << 10;

const TAKES_NOTHING: &str = "the server takes nothing";

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Connects, and talks until the end.
pub(super) async fn converse(
    server: &Server,
    tls: Option<Connector>,
    resume: &Resume,
    commands: &mut Receiver<Command>,
    events: &Sender<LinkEvent>,
) -> Ending {
    let connected = {
        let mut connecting = pin!(timeout(CONNECT, connect(server, tls, resume)));
        loop {
            tokio::select! {
                connected = &mut connecting => break connected,
                command = commands.recv() => match meant(command, resume) {
                    // What is to be sent is dropped.
                    Ok(_) => {}
                    Err(ending) => return ending,
                },
            }
        }
    };
    let mut socket = match connected {
        Ok(Ok(socket)) => socket,
        Ok(Err(ending)) => return ending,
        Err(_) => return Ending::broken(format!("no answer from {}", server.address.place())),
    };
    // Where no token is asked for this changes nothing. Where one is and we have none, it is refused now, and not after a while.
    let token = server.token.as_ref().map(|token| token.secret().to_owned());
    let had_token = token.is_some();
    let client = Some(concat!("chat-tui/", env!("CARGO_PKG_VERSION")).to_owned());
    let hello = Request::from(ClientMessage::Hello { token, client }).encode();
    if let Err(ending) = write(&mut socket, Message::text(hello)).await {
        return ending;
    }
    let mut silence = limits::SILENCE;
    let mut heard = Instant::now();
    let mut pulse = Pulse::new(heard);
    let mut said = None;
    loop {
        let frame = tokio::select! {
            frame = socket.next() => frame,
            command = commands.recv() => {
                match meant(command, resume) {
                    Ok(Command::Send(text)) => {
                        if let Err(ending) = write(&mut socket, Message::text(text)).await {
                            return ending;
                        }
                    }
                    Ok(Command::Break) => return Ending::broken(TAKES_NOTHING),
                    Ok(_) => {}
                    Err(ending) => {
                        let _ = timeout(WRITE, socket.close(None)).await;
                        return ending;
                    }
                }
                continue;
            }
            () = sleep_until(pulse.due()) => {
                let told = match pulse.beat(Instant::now()) {
                    Beat::Ask(bytes) => match write(&mut socket, Message::Ping(bytes.to_vec().into())).await {
                        Ok(()) => None,
                        Err(ending) => return ending,
                    },
                    Beat::Tell(lag) => Some(lag),
                    Beat::Nothing => None,
                };
                if let Some(lag) = told && events.send(LinkEvent::Lag(lag)).await.is_err() {
                    return Ending::Left;
                }
                continue;
            }
            // The server pings, so a connection that says nothing for so long leads nowhere.
            () = sleep_until(heard + silence) => return Ending::broken("no sign of life"),
        };
        heard = Instant::now();
        let text = match frame {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Pong(bytes))) => {
                let lag = pulse.answered(heard, &bytes);
                if let Some(lag) = lag
                    && events.send(LinkEvent::Lag(lag)).await.is_err()
                {
                    return Ending::Left;
                }
                continue;
            }
            Some(Ok(Message::Close(frame))) => {
                let frame = frame.map(|frame| (CloseCode::from_number(frame.code.into()), frame.reason.to_string()));
                return Ending::closed(frame, said, had_token);
            }
            Some(Ok(_)) => continue,
            Some(Err(error)) if said.is_none() => return Ending::failed(&error, &server.address),
            Some(Err(_)) | None => return Ending::closed(None, said, had_token),
        };
        // What cannot be read is of a later version, or none of our business.
        let Ok(frame) = ServerFrame::decode(text.as_str()) else { continue };
        match &frame.message {
            ServerMessage::Welcome(welcome) => {
                silence = silence.max(Duration::from_secs(welcome.ping_seconds.saturating_mul(2))).min(QUIETEST);
            }
            ServerMessage::Closing { code, reason, reconnect, retry_ms } => {
                let retry = Duration::from_millis(retry_ms.unwrap_or(0));
                said = Some(Said { code: *code, reason: reason.clone(), come_back: reconnect.then_some(retry) });
            }
            _ => {}
        }
        if events.send(LinkEvent::Frame(Box::new(frame))).await.is_err() {
            return Ending::Left;
        }
    }
}

/// A command for the connection of somebody; or how that ends by it.
fn meant(command: Option<Command>, resume: &Resume) -> Result<Command, Ending> {
    match command {
        None => Err(Ending::Left),
        Some(Command::Connect { resume: newer, no_sooner }) if newer.user != resume.user => {
            Err(Ending::Replaced { resume: Box::new(newer), no_sooner })
        }
        Some(command) => Ok(command),
    }
}

async fn connect(server: &Server, tls: Option<Connector>, resume: &Resume) -> Result<Socket, Ending> {
    let address = &server.address;
    let stream = reach(address.host(), address.port()).await.map_err(|error| Ending::unreached(&error, address))?;
    // What is typed goes out at once. Where that cannot be, it goes out all the same.
    let _ = stream.set_nodelay(true);
    let bounds = WebSocketConfig::default()
        .read_buffer_size(BUFFER)
        .write_buffer_size(BUFFER)
        .max_write_buffer_size(LARGEST)
        .max_message_size(Some(LARGEST))
        .max_frame_size(Some(LARGEST));
    let made = match request(address, resume) {
        Ok(request) => client_async_tls_with_config(request, stream, Some(bounds), tls).await,
        Err(error) => Err(error),
    };
    made.map(|(socket, _)| socket).map_err(|error| Ending::failed(&error, address))
}

/// What is asked for, and the session, if there is one.
fn request(address: &Address, resume: &Resume) -> Result<client::Request, Error> {
    let mut request = place::url(address, &resume.room, &resume.user, resume).into_client_request()?;
    if let Some(session) = &resume.session {
        let mut session = HeaderValue::from_str(session)?;
        session.set_sensitive(true);
        request.headers_mut().insert(SESSION, session);
    }
    Ok(request)
}

/// An error of writing is none yet: what the server said last is still to be read; if there is nothing, reading tells.
async fn write(socket: &mut Socket, message: Message) -> Result<(), Ending> {
    let written = timeout(WRITE, socket.send(message)).await;
    written.map(drop).map_err(|_| Ending::broken(TAKES_NOTHING))
}
