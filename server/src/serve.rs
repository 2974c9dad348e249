//! A shard's thread: its mail, its connections from the first byte on, and the hand-over from HTTP to the conversation.

use std::{
    cell::Cell,
    convert::Infallible,
    io,
    net::{IpAddr, TcpStream as StdTcpStream},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Body,
    http::{HeaderValue, header},
    response::Response,
};
use http_body_util::BodyExt as _;
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn, upgrade::OnUpgrade};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::TcpStream,
    sync::{mpsc, watch},
    task::{LocalSet, spawn_local, yield_now},
    time::timeout,
};
use tower::ServiceExt;

use crate::{
    admission::{Cut, Full, NoPlace, Place, Stranger, TurnedAway},
    doorstep::{self, Caller},
    doorway::Doorway,
    fanout::Mail,
    http::{self, Peer},
    metrics::Reason,
    proxy::forwarded,
    services::Services,
    session::{self, Knock, Opening},
    shard::Shard,
    stream::Stream,
};

/// A request must be there within this of the connection, or of the one before. What comes before HTTP has as long once.
const HEADER_WITHIN: Duration = Duration::from_secs(5);
/// What the first line of a request and its headers may take.
const HEADER_BYTES: usize = 8 * 1024;
/// A crowd is let in so many at a time: those who are in are served in between, and the next ones use the memory that the
/// handshakes before them needed.
const LET_IN: usize = 16;
/// Turns of the scheduler that it takes to come in, where a request is there already: HTTP, the hand-over, the greeting.
const TURNS: usize = 4;
/// How often the shard looks for signs of life.
const SWEEP_EVERY: Duration = Duration::from_secs(1);
/// What a drain takes at most, before the rest is cut.
const DRAIN_WITHIN: Duration = Duration::from_millis(3500);
/// Accepted connections that wait for their shard.
pub const ARRIVALS: usize = 1024;

/// A connection that was just accepted.
pub struct Arrival {
    pub stream: StdTcpStream,
    pub address: IpAddr,
    pub place: Result<Place, TurnedAway>,
}

/// A shard as the one who deals out connections sees it.
pub struct ShardHandle {
    pub arrivals: mpsc::Sender<Arrival>,
    pub load: Arc<AtomicUsize>,
    pub thread: thread::JoinHandle<()>,
}

/// Starts a shard's thread. It ends once `stop` says so and its connections, which are told by mail, are gone.
///
/// # Errors
/// The system has no thread or no event queue to give.
pub fn start(
    id: usize,
    services: Arc<Services>,
    mail: mpsc::Receiver<Mail>,
    stop: watch::Receiver<bool>,
) -> io::Result<ShardHandle> {
    let (arrivals, inbox) = mpsc::channel(ARRIVALS);
    let load = Arc::new(AtomicUsize::new(0));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(2).build()?;
    let thread = thread::Builder::new().name(format!("shard-{id}")).spawn(move || {
        let shard = Rc::new(Shard::new(id, Arc::clone(&services.metrics), services.realm.clone()));
        LocalSet::new().block_on(&runtime, run(shard, services, mail, inbox, stop));
        // A file that is still being sent does not hold up the end.
        runtime.shutdown_background();
    })?;
    Ok(ShardHandle { arrivals, load, thread })
}

async fn run(
    shard: Rc<Shard>,
    services: Arc<Services>,
    mail: mpsc::Receiver<Mail>,
    mut arrivals: mpsc::Receiver<Arrival>,
    mut stop: watch::Receiver<bool>,
) {
    let router = http::routes(Arc::clone(&services));
    let post = spawn_local({
        let shard = Rc::clone(&shard);
        async move { shard.take_mail(mail).await }
    });
    let sweep = spawn_local({
        let shard = Rc::clone(&shard);
        async move {
            let mut every = tokio::time::interval(SWEEP_EVERY);
            loop {
                every.tick().await;
                shard.sweep(Instant::now());
            }
        }
    });
    let notes = spawn_local({
        let (shard, services) = (Rc::clone(&shard), Arc::clone(&services));
        async move {
            loop {
                // Its turn comes behind those who are coming in meanwhile: their notes go with it.
                shard.noted.notified().await;
                services.keeper.hand_in().await;
            }
        }
    });
    let mut crowd = Vec::with_capacity(LET_IN);
    loop {
        tokio::select! {
            taken = arrivals.recv_many(&mut crowd, LET_IN) => if taken == 0 {
                break;
            },
            _ = stop.wait_for(|stop| *stop) => break,
        }
        for arrival in crowd.drain(..) {
            welcome(&shard, &services, &router, arrival);
        }
        if !arrivals.is_empty() {
            for _ in 0..TURNS {
                yield_now().await;
            }
        }
    }
    let _ = timeout(DRAIN_WITHIN, shard.empty()).await;
    sweep.abort();
    post.abort();
    notes.abort();
}

fn welcome(shard: &Rc<Shard>, services: &Arc<Services>, router: &Router, arrival: Arrival) {
    let Arrival { stream, address, place } = arrival;
    let Ok(socket) = TcpStream::from_std(stream) else { return };
    // Small frames go out when they are written, not when a second one comes.
    let _ = socket.set_nodelay(true);
    let peer = Peer { address, place: place.map(Arc::new).map_err(Arc::new) };
    let (shard, services, router) = (Rc::clone(shard), Arc::clone(services), router.clone());
    // Those behind a proxy have their proxy's word, and its patience.
    let stranger = (!services.proxies.contains(address)).then(|| services.admission.strangers.enter(address));
    if !doorstep::is_needed(&services, address) {
        spawn_local(speak(shard, services, router, Caller::plain(socket, peer), stranger));
        return;
    }
    spawn_local(async move {
        let mut stranger = stranger;
        let receiving = timeout(HEADER_WITHIN, doorstep::receive(&services, socket, peer));
        let received = match &mut stranger {
            Some((_, cut)) => tokio::select! {
                received = receiving => received,
                () = cut.comes() => return services.refused(Reason::Stranger, Some(address)),
            },
            None => receiving.await,
        };
        if let Ok(Some(caller)) = received {
            spawn_local(speak(shard, services, router, caller, stranger));
        }
    });
}

/// Speaks HTTP for as long as the peer does.
async fn speak(shard: Rc<Shard>, services: Arc<Services>, router: Router, caller: Caller, stranger: Option<(Stranger, Cut)>) {
    let Caller { stream, begun, peer, mistaken } = caller;
    let visit = Visit {
        speaks_for_others: services.proxies.contains(peer.address),
        encrypted: matches!(stream, Stream::Encrypted(_)),
        mistaken,
        peer,
    };
    let (stranger, cut) = stranger.unzip();
    let (stranger, address, told) = (Cell::new(stranger), visit.peer.address, Arc::clone(&services));
    let service = service_fn(move |request| {
        // It has said what it wants.
        stranger.take();
        answer(Rc::clone(&shard), Arc::clone(&services), router.clone(), visit.clone(), request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_WITHIN)
        .max_header_size(HEADER_BYTES)
        .max_buf_size(HEADER_BYTES)
        .serve_connection(TokioIo::new(Doorway::new(stream, begun)), service)
        .with_upgrades();
    let Some(mut cut) = cut else {
        // A peer that breaks off is its own affair.
        let _ = connection.await;
        return;
    };
    tokio::select! {
        _ = connection => {}
        () = cut.comes() => told.refused(Reason::Stranger, Some(address)),
    }
}

/// What is known of a connection whatever it asks.
#[derive(Clone)]
struct Visit {
    peer: Peer,
    /// It is a proxy's: each request is of somebody else.
    speaks_for_others: bool,
    encrypted: bool,
    mistaken: bool,
}

async fn answer(
    shard: Rc<Shard>,
    services: Arc<Services>,
    router: Router,
    visit: Visit,
    mut request: Request<Incoming>,
) -> Result<Response, Infallible> {
    if visit.mistaken {
        return Ok(last_word(http::wants_tls()));
    }
    if let Err(turned_away) = &visit.peer.place {
        services.refused(turned_away.full.reason(), Some(visit.peer.address));
        return Ok(last_word(http::no_place(turned_away.full)));
    }
    let mut peer = visit.peer;
    let proxies = &services.proxies;
    peer.address = forwarded::believe(request.headers_mut(), peer.address, proxies, visit.encrypted);
    if visit.speaks_for_others {
        let Ok(proxy) = peer.place else { return Ok(last_word(http::no_place(Full::Server))) };
        let begins = request.headers().contains_key(header::UPGRADE).then(Instant::now);
        match services.admission.behind(proxy, peer.address, begins) {
            Ok(place) => peer.place = Ok(Arc::new(place)),
            Err(NoPlace { full, .. }) => {
                services.refused(full.reason(), Some(peer.address));
                return Ok(hardened(http::no_place(full)));
            }
        }
    }
    if let Some(cost) = http::cost(&request) {
        let wait = services.admission.ask(Some(peer.address), None, Instant::now(), cost);
        if !wait.is_zero() {
            services.refused(Reason::RateLimited, Some(peer.address));
            return Ok(hardened(http::too_soon(wait)));
        }
    }
    let place = visit.speaks_for_others.then(|| peer.place.clone());
    let upgrade = hyper::upgrade::on(&mut request);
    request.extensions_mut().insert(peer);
    let mut response = router.oneshot(request.map(Body::new)).await?;
    match response.extensions_mut().remove::<Opening>() {
        Some(opening) => {
            spawn_local(hand_over(shard, services, upgrade, opening));
        }
        None => {
            http::harden(&mut response);
            if visit.encrypted && services.certificate.as_ref().is_some_and(|certificate| !certificate.is_own()) {
                http::insist_on_tls(&mut response);
            }
        }
    }
    // An answer may take as long as a conversation.
    Ok(match place {
        Some(place) => response.map(|body| Body::new(body.map_frame(move |frame| (frame, &place).0))),
        None => response,
    })
}

fn hardened(mut response: Response) -> Response {
    http::harden(&mut response);
    response
}

/// An answer behind which nothing is heard.
fn last_word(response: Response) -> Response {
    let mut response = hardened(response);
    response.headers_mut().insert("connection", HeaderValue::from_static("close"));
    response
}

async fn hand_over(shard: Rc<Shard>, services: Arc<Services>, upgrade: OnUpgrade, opening: Opening) {
    let Ok(upgraded) = upgrade.await else { return };
    let Ok(parts) = upgraded.downcast::<TokioIo<Doorway>>() else {
        return tracing::error!("an upgraded connection was not the socket that was accepted");
    };
    let (stream, answer, unread) = parts.io.into_inner().into_parts();
    // Copied, so that the buffer that HTTP was read into is not held for as long as the conversation lasts.
    let leftover = [&parts.read_buf[..], &unread].concat();
    drop((parts.read_buf, unread));
    let knock = Box::new(Knock { stream, answer, leftover, opening });
    // A task of its own, so that what the hand-over needed is not held either.
    spawn_local(session::converse(shard, services, knock));
}

/// The shard with the fewest connections.
pub fn least_loaded(shards: &[ShardHandle]) -> Option<&ShardHandle> {
    shards.iter().min_by_key(|shard| shard.load.load(Ordering::Relaxed))
}
