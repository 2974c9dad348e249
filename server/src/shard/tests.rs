use std::cell::RefCell;

use chat_protocol::{Access, Event, Recorded, Role, Rules, Timestamp};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::{
    fanout::Entry,
    realm::{AccountId, Decree, Decreed, Penalty, Sentence, Whom},
    stream::Stream,
};

/// The first account owns a private room, the second does not belong there, the third did and is banned.
fn realm(room: &RoomName) -> Realm {
    let private = Rules { access: Some(Access::Private), ..Rules::default() };
    let account = |name| Decree::Account { name: UserName::parse(name).unwrap(), role: Role::Member };
    let (penalty, whom, room) = (Penalty::Ban, Whom::Account(AccountId(3)), room.clone());
    let mut realm = Realm::default();
    for decree in [
        account("alice"),
        account("bob"),
        account("carol"),
        Decree::Founded { room: room.clone(), rules: private, owner: Some(AccountId(1)) },
        Decree::Rank { room: room.clone(), account: AccountId(3), role: Some(Role::Member) },
        Decree::Sentenced(Sentence { penalty, whom, room: Some(room), until: None, reason: String::new(), by: None }),
    ] {
        realm.apply(&Decreed { seq: realm.seq().next(), at: Timestamp(0), by: String::new(), decree });
    }
    realm
}

/// A connection, as long as there is somebody to connect to.
async fn connection(listener: &TcpListener, id: u64, account: Option<u64>) -> Rc<Connection> {
    let socket = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let connection = Connection::new(id, Some(Dialect::Chat), [127, 0, 0, 1].into(), Stream::Plain(socket), Instant::now());
    connection.belongs_to(account.map(AccountId));
    Rc::new(connection)
}

/// Those three, and a guest.
async fn connections(listener: &TcpListener) -> Vec<Rc<Connection>> {
    let mut all = Vec::new();
    for (id, account) in [(1, Some(1)), (2, Some(2)), (3, Some(3)), (4, None)] {
        all.push(connection(listener, id, account).await);
    }
    all
}

fn said(room: &RoomName, seq: u64) -> Mail {
    let event = Event::Message { text: "hi".into(), cid: None, reply_to: None, action: false };
    let (from, at) = (UserName::parse("ann").unwrap(), Timestamp(0));
    let recorded = Arc::new(Recorded { room: room.clone(), seq: Seq(seq), at, from, event, deleted: false });
    let mut batch = RoomBatch::new(room.clone());
    batch.entries.push(Entry { recorded, by: None });
    Mail::Committed { rooms: [Arc::new(batch)].into(), answers: Vec::new() }
}

#[tokio::test]
async fn whoever_may_not_read_a_room_is_no_member_of_it_any_more() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (ops, tea) = (RoomName::parse("ops").unwrap(), RoomName::parse("tea").unwrap());
    let mut world = World::default();
    for connection in connections(&listener).await {
        for room in [&ops, &tea] {
            world.rooms.entry(room.key()).or_default().put(&connection, Dialect::Chat, Progress::Live(Seq(0)));
        }
    }
    world.shut_out(&realm(&ops), Timestamp(0), &mut Tally::default());
    let mut left = |room: &RoomName| {
        let ids = RefCell::new(Vec::new());
        let all = |connection: &Connection| {
            ids.borrow_mut().push(connection.id);
            true
        };
        world.rooms.get_mut(room.folded()).unwrap().retain(all, &mut Tally::default());
        ids.into_inner()
    };
    assert_eq!((left(&ops), left(&tea)), (vec![1], vec![1, 2, 3, 4]));
}

/// However much mail is taken in one go.
#[tokio::test]
async fn who_is_shut_out_is_told_what_came_before_and_nothing_from_behind() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let ops = RoomName::parse("ops").unwrap();
    let (_sender, realm) = watch::channel(Arc::new(realm(&ops)));
    let shard = Shard::new(0, Arc::new(Metrics::default()), realm);
    for connection in connections(&listener).await {
        shard.admit(&connection);
        shard.subscribe(&connection, Dialect::Chat, &ops, Some(Seq(0)));
    }
    shard.handle([said(&ops, 1), Mail::ShutOut, said(&ops, 2)].into_iter());
    assert_eq!(shard.metrics.deliveries.count(), 5, "the first to all four, the second to one");
    shard.handle([said(&ops, 3)].into_iter());
    assert_eq!(shard.metrics.deliveries.count(), 6);
}

/// Enough of them for their room to be a big one.
const CROWD: u64 = 205;

/// A shard with a crowd in one room.
struct Crowded {
    shard: Shard,
    fair: RoomName,
    crowd: Vec<Rc<Connection>>,
    _peers: Vec<TcpStream>,
}

/// Every other one of them does not belong there: a `ShutOut` puts it out.
async fn crowded() -> Crowded {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let fair = RoomName::parse("fair").unwrap();
    let (_, realm) = watch::channel(Arc::new(realm(&fair)));
    let shard = Shard::new(0, Arc::new(Metrics::default()), realm);
    let (mut crowd, mut peers) = (Vec::new(), Vec::new());
    for id in 0..CROWD {
        let connection = connection(&listener, id, Some(1 + id % 2)).await;
        peers.push(listener.accept().await.unwrap().0);
        shard.admit(&connection);
        shard.subscribe(&connection, Dialect::Chat, &fair, Some(Seq(0)));
        crowd.push(connection);
    }
    Crowded { shard, fair, crowd, _peers: peers }
}

impl Shard {
    /// Deliveries, in so many goes.
    fn told(&self) -> (u64, u64) {
        (self.metrics.deliveries.count(), self.metrics.tellings.count())
    }

    /// When the next room wants to be woken, if that is so.
    fn due(&self) -> Option<Instant> {
        self.world.borrow().resting.first().map(|(when, _)| *when)
    }

    /// Waits until no room wants to be woken any more.
    async fn calm(&self) {
        while let Some(due) = self.due() {
            sleep_until(due.into()).await;
            self.wake_rested(due);
        }
    }
}

#[tokio::test]
async fn who_speaks_at_the_same_time_in_a_big_room_is_told_in_one_go_soon() {
    let Crowded { shard, fair, crowd, .. } = &crowded().await;
    let nook = RoomName::parse("nook").unwrap();
    shard.subscribe(&crowd[0], Dialect::Chat, &nook, Some(Seq(0)));
    shard.handle([said(&nook, 1)].into_iter());
    assert_eq!(shard.told(), (1, 1), "a small room is told at once");
    let began = Instant::now();
    shard.handle([said(fair, 1)].into_iter());
    shard.handle([said(fair, 2)].into_iter());
    shard.wake_rested(began);
    assert_eq!(shard.told(), (1, 1), "a big one not before its moment has passed");
    let due = shard.due().unwrap();
    sleep_until(due.into()).await;
    shard.wake_rested(due);
    assert_eq!(shard.told(), (1 + 2 * CROWD, 1 + CROWD));
    // It rests, and takes more.
    let rested = shard.due().unwrap();
    assert!(rested > due);
    shard.handle([said(fair, 3)].into_iter());
    assert_eq!(shard.due(), Some(rested));
    // Nothing of what waits is forgotten, however its rest goes on.
    shard.calm().await;
    assert_eq!(shard.told(), (1 + 3 * CROWD, 1 + 2 * CROWD));
}

#[tokio::test]
async fn a_rest_of_which_somebody_made_an_end_does_not_end_the_next_one() {
    let Crowded { shard, fair, crowd, .. } = &crowded().await;
    shard.handle([said(fair, 1)].into_iter());
    let due = shard.due().unwrap();
    // All leave, and are told what waited; all come again.
    crowd.iter().for_each(|connection| shard.unsubscribe(connection, Dialect::Chat, fair));
    assert_eq!(shard.told(), (CROWD, CROWD));
    crowd.iter().for_each(|connection| shard.subscribe(connection, Dialect::Chat, fair, Some(Seq(1))));
    shard.handle([said(fair, 2)].into_iter());
    shard.wake_rested(due);
    assert_eq!(shard.told(), (CROWD, CROWD), "what came later waits for its own moment");
    shard.calm().await;
    assert_eq!(shard.told(), (2 * CROWD, 2 * CROWD));
}

#[tokio::test]
async fn who_is_shut_out_of_a_big_room_is_told_what_waited_and_nothing_from_behind() {
    let Crowded { shard, fair, .. } = &crowded().await;
    shard.handle([said(fair, 1), Mail::ShutOut, said(fair, 2)].into_iter());
    assert_eq!(shard.told(), (CROWD / 2, CROWD / 2));
    shard.calm().await;
    assert_eq!(shard.told(), (2 * CROWD - CROWD / 2, CROWD));
}
