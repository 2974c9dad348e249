//! The office: what is ordered about rooms and people, by whoever orders it, becomes decrees, and those whom it concerns hear of
//! them. Whether it may be, the log decides.
//!
//! Does not know by which way an order came: typed in a room, or from the operator's console.

use std::sync::Arc;

use chat_protocol::{Action, ErrorCode, Refusal, Signal, Timestamp, UserName};

use crate::{
    admission::household,
    clock,
    govern::{Aim, Govern},
    log::Who,
    realm::{self, AccountId, Decree, Decreed, Penalty, Realm, Sentence, Whom},
    services::Services,
};

/// Addresses of one user that are punished at once.
const ADDRESSES: usize = 8;

/// Who orders something.
#[derive(Clone, Debug)]
pub struct Hand {
    /// In words: what the log remembers, and the room is told.
    pub by: String,
    /// The account that must have the right; `None` for whoever runs the server.
    pub of: Option<AccountId>,
    /// The user whom it is, if it is one.
    name: Option<UserName>,
}

impl Hand {
    /// Whoever runs the server.
    pub fn operator(by: impl Into<String>) -> Self {
        Self { by: by.into(), of: None, name: None }
    }

    /// A user.
    ///
    /// # Errors
    /// It has no account.
    pub fn of(who: &Who) -> Result<Self, Refusal> {
        let of = who.author.account_id().ok_or_else(|| Refusal::new(ErrorCode::Forbidden, "That takes an account"))?;
        Ok(Self { by: who.name.to_string(), of: Some(of), name: Some(who.name.clone()) })
    }
}

/// The one whom a penalty finds by this name.
fn named(realm: &Realm, name: UserName) -> Whom {
    realm.named(&name).map_or(Whom::Guest(name), |account| Whom::Account(account.id))
}

fn account(realm: &Realm, name: &UserName) -> Result<AccountId, Refusal> {
    let unknown =
        || Refusal::new(ErrorCode::NoSuchUser, format!("{name} has no account: only who has one can be something in a room"));
    realm.named(name).map(|account| account.id).ok_or_else(unknown)
}

/// Has it decreed, and says what came of it.
///
/// # Errors
/// It may not be, or cannot be.
pub async fn carry_out(services: &Services, hand: &Hand, what: Govern) -> Result<String, Refusal> {
    let (realm, of) = (services.realm(), hand.of);
    let mut done = Vec::new();
    let decrees = match what {
        // A room is there, too, where people are and nobody has said anything yet. One that has rules is refused as soon,
        // or it could be told by the clock whether anybody is in it.
        Govern::Found { room, .. }
            if realm.has_rules(&room) || services.hub.users(&room).iter().any(|user| Some(user) != hand.name.as_ref()) =>
        {
            return Err(realm::taken(&room));
        }
        Govern::Found { room, rules } => vec![Decree::Founded { room, rules, owner: of }],
        Govern::Rules { room, rules } => vec![Decree::Rules { room, rules }],
        Govern::Rank { room, user, role } => vec![Decree::Rank { room, account: account(&realm, &user)?, role }],
        Govern::Punish { action, aim, room, seconds, reason } => {
            let until = seconds.map(|seconds| Timestamp(clock::now().0 + i64::try_from(seconds * 1000).unwrap_or(i64::MAX)));
            let all = match aim {
                Aim::User(name) => vec![named(&realm, name)],
                Aim::Address(address) => vec![Whom::Address(household(address))],
                Aim::Whereabouts(name) => whereabouts(services, &name).await?,
            };
            let decree = |whom| match action {
                Action::Kick => Decree::Kicked { whom, room: room.clone(), reason: reason.clone() },
                Action::Mute | Action::Ban => {
                    let penalty = if action == Action::Mute { Penalty::Mute } else { Penalty::Ban };
                    Decree::Sentenced(Sentence { penalty, whom, room: room.clone(), until, reason: reason.clone(), by: of })
                }
                Action::Unmute => Decree::Lifted { penalty: Penalty::Mute, whom, room: room.clone() },
                Action::Unban => Decree::Lifted { penalty: Penalty::Ban, whom, room: room.clone() },
            };
            all.into_iter().map(decree).collect()
        }
        Govern::Deeds { .. } | Govern::Block { .. } => Vec::new(),
    };
    for decree in decrees {
        let decreed = decree_of(services, hand, decree).await?;
        let realm = services.realm();
        let Some((room, words)) = realm::deed(&realm, &decreed.decree, decreed.at) else { continue };
        let place = room.as_ref().map_or_else(|| "Everywhere".to_owned(), |room| format!("In {room}"));
        done.push(format!("{place}: you {words}"));
        if let Some(room) = room.filter(|_| !realm::tells_addresses(&decreed.decree)) {
            let text = format!("{} {words}", hand.by);
            services.fanout.signal(Signal::Notice { room, text });
        }
    }
    Ok(done.join("\n"))
}

/// Has one thing decreed.
///
/// # Errors
/// As [`carry_out`].
pub async fn decree_of(services: &Services, hand: &Hand, decree: Decree) -> Result<Arc<Decreed>, Refusal> {
    match hand.of {
        Some(of) => services.keeper.decree_for(hand.by.clone(), of, decree).await,
        None => services.keeper.decree(hand.by.clone(), decree).await,
    }
}

/// Where somebody is now.
async fn whereabouts(services: &Services, name: &UserName) -> Result<Vec<Whom>, Refusal> {
    let mut addresses: Vec<_> = services.fanout.whereabouts(name).await.into_iter().map(household).collect();
    addresses.sort_unstable();
    addresses.dedup();
    addresses.truncate(ADDRESSES);
    if addresses.is_empty() {
        return Err(Refusal::new(ErrorCode::NoSuchUser, format!("{name} is not here, so nobody knows from where")));
    }
    Ok(addresses.into_iter().map(Whom::Address).collect())
}
