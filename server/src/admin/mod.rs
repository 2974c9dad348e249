//! What an operator may order from a terminal: accounts, their tokens, invitations. An [`Order`] goes to the running server
//! through a socket in its data directory, or is carried out on the store itself where no server runs; the same code does both, with the same log.
//!
//! Who may open the directory is the operator: the file system has asked already. Does not know the command line.

mod act;
mod client;
mod invitations;
mod look;
mod socket;
mod words;
mod work;

use std::{collections::HashMap, sync::Arc};

use chat_protocol::{
    ErrorCode, Refusal, RoomName, Timestamp, UserName,
    task::{ExportFormat, TaskKind, TaskUpdate},
};
use serde::{Deserialize, Serialize};

pub use self::{
    act::Act,
    client::{Glance, OpenError, a_server_runs, backup, send, transcript},
    invitations::InvitationLine,
    look::{RoomLine, RoomSorting, Sight},
    socket::{Desk, SOCKET},
};
use crate::{
    auth::{self, Secret},
    clock,
    log::{Keeper, LogError},
    office::Hand,
    passwords,
    realm::{Account, Decree, InvitationId, Realm, Role, Token, TokenId},
    roster::{Asked, ConnectionLine},
    services::Services,
};

/// Under which words the log remembers what was ordered here.
pub const OPERATOR: &str = "operator";
const DAY_MS: i64 = 24 * 3600 * 1000;

/// Something to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "snake_case")]
pub enum Order {
    AddAccount {
        name: String,
        role: Role,
    },
    Accounts,
    SetRole {
        name: String,
        role: Role,
    },
    SetDisabled {
        name: String,
        disabled: bool,
    },
    /// None takes it away.
    SetPassword {
        name: String,
        password: Option<Secret>,
    },
    NewToken {
        name: String,
        label: String,
        days: Option<u32>,
    },
    Tokens {
        name: Option<String>,
    },
    RevokeToken {
        token: TokenId,
    },
    Invite {
        uses: u32,
        /// So long it is good.
        minutes: u32,
        label: String,
        /// Where people find the page.
        url: Option<String>,
    },
    Invitations,
    RevokeInvitation {
        invitation: InvitationId,
    },
    /// What changes by the second, and what was logged behind a line.
    Look {
        log_after: u64,
    },
    Connections(Asked),
    Rooms {
        filter: String,
        sorting: RoomSorting,
        limit: usize,
    },
    Room {
        name: String,
    },
    Act(Act),
    /// Some of the running server's long work. The same that is under way is not begun twice.
    Begin {
        task: TaskKind,
        #[serde(default)]
        room: Option<String>,
        #[serde(default)]
        format: Option<ExportFormat>,
        #[serde(default)]
        file: Option<String>,
    },
    /// How far it is, and what was done last.
    Tasks,
    StopTask {
        task_id: String,
    },
}

impl Order {
    /// Whether it only looks, again and again: nobody wants to read of it in the log.
    #[must_use]
    pub fn is_a_look(&self) -> bool {
        matches!(self, Self::Look { .. } | Self::Connections(_) | Self::Rooms { .. } | Self::Room { .. } | Self::Tasks)
    }

    /// Whether it may come over the network from an owner: what makes secrets, or people, is ordered on the server's own machine.
    #[must_use]
    pub fn is_for_afar(&self) -> bool {
        self.is_a_look() || matches!(self, Self::Act(_) | Self::Begin { .. } | Self::StopTask { .. })
    }
}

/// What is known of the server that takes an order, where one runs.
#[derive(Clone)]
pub struct Running {
    /// Where its page is for this machine.
    pub url: Arc<str>,
    pub services: Arc<Services>,
}

impl Running {
    /// Carries out an order of somebody who may give it, here.
    pub async fn perform(&self, order: Order, hand: &Hand) -> Answer {
        if !order.is_a_look() {
            tracing::info!(?order, by = %hand.by, "the operator orders");
        }
        perform(order, hand, &self.services.keeper, Some(self)).await
    }
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    Done {
        words: String,
    },
    Accounts {
        accounts: Vec<AccountLine>,
    },
    Tokens {
        tokens: Vec<TokenLine>,
    },
    /// The secret is told here once, and kept nowhere.
    Token {
        token: Secret,
        words: String,
    },
    /// Likewise.
    Invitation {
        link: Option<Secret>,
        code: Secret,
        words: String,
    },
    Invitations {
        invitations: Vec<InvitationLine>,
    },
    Sight(Box<Sight>),
    Connections {
        /// To what this is the answer.
        asked: Asked,
        connections: Vec<ConnectionLine>,
    },
    Rooms {
        filter: String,
        sorting: RoomSorting,
        rooms: Vec<RoomLine>,
    },
    Room {
        name: RoomName,
        users: Vec<String>,
        about: String,
    },
    Tasks {
        tasks: Vec<TaskUpdate>,
    },
    Refused {
        words: String,
    },
}

/// An account as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountLine {
    pub name: UserName,
    pub role: Role,
    pub disabled: bool,
    pub tokens: usize,
    pub made: Timestamp,
    pub used: Option<Timestamp>,
}

/// A token as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenLine {
    pub id: TokenId,
    pub name: UserName,
    pub label: String,
    pub made: Timestamp,
    pub expires: Option<Timestamp>,
    pub used: Option<Timestamp>,
}

/// Carries an order out.
pub async fn perform(order: Order, hand: &Hand, keeper: &Keeper, running: Option<&Running>) -> Answer {
    match attempt(order, hand, keeper, running).await {
        Ok(answer) => answer,
        Err(refusal) => Answer::Refused { words: refusal.text },
    }
}

async fn attempt(order: Order, hand: &Hand, keeper: &Keeper, running: Option<&Running>) -> Result<Answer, Refusal> {
    let server =
        || running.map(|running| &running.services).ok_or_else(|| Refusal::new(ErrorCode::Unavailable, "No server runs there"));
    let realm = || Realm::clone(&keeper.realm().borrow());
    let tasks = running.map(|running| &running.services.tasks);
    Ok(match order {
        Order::AddAccount { name, role } => {
            let name = UserName::parse(&name).map_err(|error| Refusal::new(ErrorCode::BadName, error.to_string()))?;
            let words = format!(
                "{name} has an account: {role}. To come in, it needs a password (account passwd {0}) or a token (account token new {0})",
                quoted(&name)
            );
            decree(keeper, Decree::Account { name, role }).await?;
            Answer::Done { words }
        }
        Order::Accounts => {
            let (realm, uses) = (realm(), uses(keeper).await?);
            let line = |account: &Account| {
                let tokens: Vec<_> = realm.tokens().filter(|token| token.account == account.id).collect();
                AccountLine {
                    name: account.name.clone(),
                    role: account.role,
                    disabled: account.disabled,
                    tokens: tokens.len(),
                    made: account.made,
                    used: tokens.iter().filter_map(|token| uses.get(&token.id).copied()).max(),
                }
            };
            Answer::Accounts { accounts: realm.accounts().map(line).collect() }
        }
        Order::SetRole { name, role } => {
            let account = named(&realm(), &name)?;
            decree(keeper, Decree::Role { account: account.id, role }).await?;
            Answer::Done { words: format!("{}: {role}, from now on", account.name) }
        }
        Order::SetDisabled { name, disabled } => {
            let account = named(&realm(), &name)?;
            decree(keeper, Decree::Disabled { account: account.id, disabled }).await?;
            let words = match disabled {
                true => format!("{} may not come in any more; its name stays taken", account.name),
                false => format!("{} may come in again", account.name),
            };
            Answer::Done { words }
        }
        Order::SetPassword { name, password } => {
            let account = named(&realm(), &name)?;
            let hash = match password {
                Some(password) => {
                    passwords::check(&password)?;
                    let hashed = tokio::task::spawn_blocking(move || passwords::hash(&password)).await;
                    Some(hashed.map_err(|_| Refusal::new(ErrorCode::Unavailable, "The password could not be hashed"))??)
                }
                None => None,
            };
            let words = match hash {
                Some(_) => format!("{} comes in with its new password from now on; its tokens stay good", account.name),
                None => format!("{} has no password any more; its tokens stay good", account.name),
            };
            decree(keeper, Decree::Password { account: account.id, hash }).await?;
            Answer::Done { words }
        }
        Order::NewToken { name, label, days } => {
            let account = named(&realm(), &name)?;
            let (token, hash) = auth::token().map_err(no_randomness)?;
            let expires = days.map(|days| Timestamp(clock::now().0 + i64::from(days) * DAY_MS));
            let seq = decree(keeper, Decree::Token { account: account.id, hash, label, expires }).await?;
            let until = expires.map_or_else(|| "until it is revoked".to_owned(), |expires| format!("until {expires}"));
            Answer::Token { token, words: format!("Token {seq} lets {} in {until}. It is not shown again.", account.name) }
        }
        Order::Tokens { name } => {
            let (realm, uses) = (realm(), uses(keeper).await?);
            let only = name.map(|name| named(&realm, &name)).transpose()?;
            let line = |token: &Token| {
                let account = realm.account(token.account)?;
                Some(TokenLine {
                    id: token.id,
                    name: account.name.clone(),
                    label: token.label.clone(),
                    made: token.made,
                    expires: token.expires,
                    used: uses.get(&token.id).copied(),
                })
            };
            let wanted = |token: &&Token| only.as_ref().is_none_or(|account| account.id == token.account);
            Answer::Tokens { tokens: realm.tokens().filter(wanted).filter_map(line).collect() }
        }
        Order::RevokeToken { token } => {
            decree(keeper, Decree::Revoked { token }).await?;
            Answer::Done { words: format!("Token {token} opens nothing any more") }
        }
        Order::Invite { uses, minutes, label, url } => invitations::invite(keeper, running, (uses, minutes), label, url).await?,
        Order::Invitations => invitations::list(&realm()),
        Order::RevokeInvitation { invitation } => invitations::revoke(keeper, invitation).await?,
        Order::Look { log_after } => look::look(server()?, log_after).await?,
        Order::Connections(asked) => {
            let connections = server()?.fanout.roster(asked.clone()).await;
            Answer::Connections { asked, connections }
        }
        Order::Rooms { filter, sorting, limit } => look::rooms(server()?, filter, sorting, limit).await?,
        Order::Room { name } => look::room(server()?, &name)?,
        Order::Act(act) => act.done(server()?, hand).await?,
        Order::Begin { task, room, format, file } => {
            let begun = work::begin(work::Asked { task, room: room.clone(), format, file }, keeper, tasks)?;
            if let Some(running) = running {
                act::began(&running.services, hand, task, room.as_deref()).await;
            }
            begun
        }
        Order::Tasks => work::list(tasks)?,
        Order::StopTask { task_id } => {
            let stopped = work::stop(&task_id, tasks)?;
            act::remembered(server()?, hand, None, "stopped a task").await;
            stopped
        }
    })
}

async fn decree(keeper: &Keeper, decree: Decree) -> Result<u64, Refusal> {
    Ok(keeper.decree(OPERATOR.into(), decree).await?.seq.0)
}

fn no_randomness(_: getrandom::Error) -> Refusal {
    Refusal::new(ErrorCode::Unavailable, "The system has no randomness to give")
}

async fn uses(keeper: &Keeper) -> Result<HashMap<TokenId, Timestamp>, Refusal> {
    // What was noted and not handed in yet is part of the answer.
    keeper.hand_in().await;
    let unread = |error: LogError| Refusal::new(ErrorCode::Unavailable, format!("That could not be read: {error}"));
    keeper.read(|reader| reader.token_uses()).await.map_err(unread)
}

fn named(realm: &Realm, name: &str) -> Result<Account, Refusal> {
    let unknown = || Refusal::new(ErrorCode::NoSuchUser, format!("There is no account {name}"));
    let name = UserName::known(name).map_err(|_| unknown())?;
    realm.named(&name).cloned().ok_or_else(unknown)
}

/// A name as it is typed in a shell.
fn quoted(name: &UserName) -> String {
    let name = name.shown();
    if name.contains([' ', '\'']) { format!("\"{name}\"") } else { name.to_owned() }
}
