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

/// Those three, and a guest, as long as there is somebody to connect to.
async fn connections(listener: &TcpListener) -> Vec<Rc<Connection>> {
    let mut all = Vec::new();
    for (id, account) in [(1, Some(1)), (2, Some(2)), (3, Some(3)), (4, None)] {
        let socket = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let connection = Connection::new(id, Some(Dialect::Chat), [127, 0, 0, 1].into(), Stream::Plain(socket), Instant::now());
        connection.belongs_to(account.map(AccountId));
        all.push(Rc::new(connection));
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
    world.shut_out(&realm(&ops), Timestamp(0));
    let mut left = |room: &RoomName| {
        let ids = RefCell::new(Vec::new());
        world.rooms.get_mut(room.folded()).unwrap().retain(|connection| {
            ids.borrow_mut().push(connection.id);
            true
        });
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
