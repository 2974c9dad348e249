//! The composition root: the only file that knows every part, and the order in which they start and stop.

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::Context;
use chat_protocol::Timestamp;
use tokio::{
    net::TcpListener,
    sync::{mpsc, watch},
    time::timeout,
};

use crate::{
    admin::{Desk, Running},
    admission::{Admission, NoPlace},
    auth::{self, Uses},
    blocks::Blocks,
    clock,
    config::{Config, Store},
    departure::Departure,
    fanout::Fanout,
    hub::Presence,
    limits::Seldom,
    listener,
    log::{
        Keeper, Log,
        memory::Memory,
        sqlite::{self, Sqlite},
    },
    metrics::Metrics,
    passwords::Passwords,
    pulse::Pulse,
    serve::{self, Arrival, ShardHandle},
    services::{Lent, Numbers, Services},
    shard, sweep,
    tasks::{self, Kept, Tasks, Tools},
    tls::Certificate,
    vitals::Birth,
};

/// After an accept that failed, so that a lack of file descriptors does not become a lack of processor too.
const ACCEPT_AGAIN: Duration = Duration::from_millis(50);

/// Sessions used within this before a restart have their names held after it.
const HELD_OVER_RESTART_MS: i64 = 24 * 3600 * 1000;
/// Names held after a restart, those used last.
const NAMES_HELD: usize = 10_000;
/// The longest that the clock is believed to go on as it does.
const EXPIRIES_EVERY: Duration = Duration::from_secs(60);
/// How long the store may take to come to rest, after everybody was told.
const REST_WITHIN: Duration = Duration::from_secs(1);

/// A server that is bound and has its store open, and has not begun to accept.
pub struct Server {
    listener: TcpListener,
    running: Running,
    shards: Vec<ShardHandle>,
    stop: watch::Sender<bool>,
    /// Where the operator's orders are taken.
    desk: Option<Desk>,
}

impl Server {
    /// Opens the store, binds the port, starts the threads.
    ///
    /// # Errors
    /// In one line for the operator: the port is taken, the store cannot be opened.
    pub async fn open(config: Config) -> anyhow::Result<Self> {
        let address = SocketAddr::new(config.host, config.port);
        let listener =
            listener::bind(address).and_then(listener::listen).with_context(|| format!("cannot listen on {address}"))?;
        let metrics = Arc::new(Metrics::default());
        let (mailboxes, inboxes): (Vec<_>, Vec<_>) = (0..config.shards.max(1)).map(|_| mpsc::channel(shard::MAIL)).unzip();
        let fanout = Arc::new(Fanout::new(mailboxes, Arc::clone(&metrics)));
        let (keeper, tasks) = match &config.store {
            Store::Ephemeral => {
                let directory = std::env::temp_dir().join(format!("chat-exports-{}", auth::random_word(12)?));
                start_log(Memory::new()?, directory, &fanout, &metrics)?
            }
            Store::Directory { path, durability } => {
                let log = Sqlite::open(path, *durability)?;
                start_log(log, path.join(tasks::EXPORTS), &fanout, &metrics)?
            }
        };
        let directory = match &config.store {
            Store::Ephemeral => None,
            Store::Directory { path, .. } => Some(path.as_path()),
        };
        let certificate = Certificate::open(&config.tls, directory, config.host).context("cannot speak TLS")?;
        let url: Arc<str> = {
            let tls = if certificate.is_some() { "s" } else { "" };
            let port = listener.local_addr().map_or(config.port, |address| address.port());
            format!("http{tls}://{}:{port}/", config.host_here()).into()
        };
        let desk = directory.and_then(open_desk);
        let hub = Presence::new({
            let fanout = Arc::clone(&fanout);
            move |signal| fanout.signal(signal)
        });
        // Everybody was cut off by the restart at once: each name waits for its session as if it had just dropped.
        if config.hold_names {
            let since = Timestamp(clock::now().0 - HELD_OVER_RESTART_MS);
            let sessions = keeper.read(move |reader| reader.sessions_since(since, NAMES_HELD)).await?;
            let realm = keeper.realm();
            let guests = sessions.iter().filter(|session| realm.borrow().owner_of(&session.name).is_none());
            hub.hold(guests.map(|session| (&session.name, &session.author)), Instant::now());
        }
        let retention = watch::Sender::new(config.retention.clone());
        let store = directory.map(|directory| Kept { directory: directory.to_owned(), backup });
        tasks.equip(Tools { keeper: Arc::downgrade(&keeper), retention: retention.subscribe(), store });
        let blocks = Blocks::of(keeper.read(|reader| reader.blocks()).await?);
        let services = Arc::new(Services {
            admission: Arc::new(Admission::new(config.max_per_ip, config.max_connections, config.rate, &config.limits)),
            live: Mutex::new(Arc::new(config.live())),
            retention,
            caveat: config.store.caveat(),
            birth: Birth::of(config.store),
            departure: Departure::default(),
            lent: OnceLock::new(),
            proxies: config.proxies,
            uses: Uses::default(),
            passwords: Passwords::default(),
            realm: keeper.realm(),
            keeper,
            hub,
            blocks,
            fanout,
            metrics,
            tasks,
            certificate: certificate.map(Arc::new),
            numbers: Numbers::default(),
            refusals: Seldom::default(),
            failed_logins: Seldom::default(),
            draining: AtomicBool::new(false),
        });
        let (stop, stopped) = watch::channel(false);
        let start = |(id, mail)| serve::start(id, Arc::clone(&services), mail, stopped.clone());
        let shards = inboxes.into_iter().enumerate().map(start).collect::<io::Result<_>>().context("cannot start a thread")?;
        let running = Running { url, services };
        Ok(Self { listener, running, shards, stop, desk })
    }

    /// Where it listens: the port is a real one even if 0 was asked for.
    ///
    /// # Errors
    /// The system does not say.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// The certificate that it shows, if it speaks TLS.
    #[must_use]
    pub fn certificate(&self) -> Option<Arc<Certificate>> {
        self.running.services.certificate.clone()
    }

    /// Lends it what is of use to who operates it. Once.
    pub fn lend(&self, lent: Lent) {
        let _ = self.running.services.lent.set(lent);
    }

    /// For who operates it from within this program.
    #[must_use]
    pub fn running(&self) -> Running {
        self.running.clone()
    }

    /// Has it take up, while it runs, what of a configuration may be chosen anew.
    pub fn chooser(&self) -> impl Fn(&Config) + Send + use<> {
        let services = Arc::clone(&self.running.services);
        move |config| services.choose(config)
    }

    /// Says, while it runs, whether its threads turn.
    #[must_use]
    pub fn pulse(&self) -> Pulse {
        Pulse::new(Arc::clone(&self.running.services))
    }

    /// Serves until `shutdown`, then drains: what was appended is committed and answered, everybody is told, the store is
    /// brought to rest.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let services = Arc::clone(&self.running.services);
        tokio::select! {
            () = self.accept() => {}
            () = services.hub.keep_time(clock::now) => {}
            () = keep_fresh(services.certificate.as_deref()) => {}
            () = expiries(&services) => {}
            () = sweep::keep_swept(&services) => {}
            () = take_orders(self.desk.as_ref(), &self.running) => {}
            () = services.departure.comes(&services.fanout) => tracing::info!("going down, as an operator said"),
            () = shutdown => {}
        }
        self.drain().await;
    }

    async fn accept(&self) {
        loop {
            let (stream, peer) = match self.listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_AGAIN).await;
                    continue;
                }
            };
            // Whom a proxy speaks for is known only when it has said so.
            let admission = &self.running.services.admission;
            let entered = match self.running.services.proxies.contains(peer.ip()) {
                true => admission.enter_proxy(),
                false => admission.enter(peer.ip(), Instant::now()),
            };
            let place = match entered {
                Ok(place) => Ok(place),
                Err(NoPlace { told: Some(turned_away), .. }) => Err(turned_away),
                Err(NoPlace { full, told: None }) => {
                    self.running.services.refused(full.reason(), Some(peer.ip()));
                    continue;
                }
            };
            let (Ok(stream), Some(shard)) = (stream.into_std(), serve::least_loaded(&self.shards)) else { continue };
            let arrival = Arrival { stream, address: peer.ip(), place: place.map(|place| place.on(&shard.load)) };
            if shard.arrivals.send(arrival).await.is_err() {
                tracing::error!("a shard is gone");
            }
        }
    }

    async fn drain(self) {
        let Self { listener, running: Running { services, .. }, shards, stop, desk } = self;
        drop((listener, desk));
        services.draining.store(true, Ordering::Relaxed);
        // First the log: what was said before is kept, and its answers are on their way before the goodbye is.
        let at_rest = services.keeper.finish().await;
        services.fanout.close_all(services.parting()).await;
        stop.send_replace(true);
        let joined = tokio::task::spawn_blocking(move || {
            for shard in shards {
                drop(shard.arrivals);
                if shard.thread.join().is_err() {
                    tracing::error!("a shard did not end well");
                }
            }
        });
        let _ = joined.await;
        let _ = timeout(REST_WITHIN, at_rest).await;
        services.tasks.finish();
    }
}

async fn keep_fresh(certificate: Option<&Certificate>) {
    match certificate {
        Some(certificate) => certificate.keep_fresh().await,
        None => std::future::pending().await,
    }
}

/// The server is of use without it.
fn open_desk(directory: &Path) -> Option<Desk> {
    let desk = Desk::open(directory);
    desk.inspect_err(|error| tracing::warn!(%error, directory = %directory.display(), "no socket for the operator's orders")).ok()
}

async fn take_orders(desk: Option<&Desk>, running: &Running) {
    match desk {
        Some(desk) => desk.serve(running).await,
        None => std::future::pending().await,
    }
}

/// Has everybody look again whether they may stay when a token expires, for ever.
async fn expiries(services: &Services) {
    let mut realm = services.realm.clone();
    loop {
        let now = clock::now();
        let next = realm.borrow_and_update().tokens().filter_map(|token| token.expires).filter(|expires| *expires > now).min();
        let Some(next) = next else {
            if realm.changed().await.is_err() {
                return std::future::pending().await;
            }
            continue;
        };
        // The clock may be set meanwhile: it is asked again now and then.
        let wait = Duration::from_millis(u64::try_from(next.0 - now.0).unwrap_or(0)).min(EXPIRIES_EVERY);
        if timeout(wait, realm.changed()).await.is_err() && clock::now() >= next {
            services.fanout.look_again().await;
        }
    }
}

fn start_log<L: Log>(
    log: L,
    exports: PathBuf,
    fanout: &Arc<Fanout>,
    metrics: &Arc<Metrics>,
) -> anyhow::Result<(Arc<Keeper>, Arc<Tasks>)> {
    let reader = log.reader()?;
    let tasks = Tasks::start(reader, exports.clone(), Arc::clone(fanout))
        .with_context(|| format!("cannot remove the exports of an earlier run in {}", exports.display()))?;
    let tasks = Arc::new(tasks);
    let tail = {
        let (fanout, tasks) = (Arc::clone(fanout), Arc::clone(&tasks));
        move |committed| {
            tasks.take_back(&committed);
            fanout.committed(committed);
        }
    };
    let keeper = Keeper::start(log, Arc::clone(metrics), tail)?;
    Ok((Arc::new(keeper), tasks))
}

/// See [`Kept`].
fn backup(directory: &Path, to: &Path, progress: &mut dyn FnMut(u64, u64) -> bool) -> Result<u64, String> {
    sqlite::backup::backup(directory, to, progress).map_err(|error| error.to_string())
}

/// How many shards a machine of so many processors gets, unless told otherwise.
#[must_use]
pub fn shards_for_this_machine() -> usize {
    thread::available_parallelism().map_or(1, usize::from).min(16)
}
