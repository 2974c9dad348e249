//! Who a connection is: a name, its author, and the secret that proves it next time.

use std::{net::IpAddr, sync::Arc, time::Instant};

use chat_protocol::{CloseCode, Timestamp, UserName};

use crate::{
    auth, clock,
    log::{Author, Session, Who, Write},
    realm::{AccountId, Pass},
    services::{Services, owned},
    shard::Closing,
};

/// A connection's place among the names. It must be given back with [`Identity::depart`].
pub struct Identity {
    pub who: Who,
    proof: Proof,
    /// The name waits for its session after a drop.
    hold: bool,
    /// It showed that it is who it says.
    pub proven: bool,
    /// Its author was made just now: nothing is kept of it.
    pub fresh: bool,
}

/// What a name is held by.
#[derive(Clone, Copy)]
enum Proof {
    None,
    /// The hash of a session, which was made when [`Who::since`] says.
    Session([u8; 32]),
    Account(Pass),
}

/// The secret of somebody's session, where the endpoint has a way to tell it.
pub type Secret = Option<Box<str>>;

/// How an endpoint keeps names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// With a session, told in `welcome`.
    Session,
    /// While it is open, under a session that nobody else has.
    WhileOpen,
}

impl Identity {
    /// A user of this name: the holder of the session it shows, or somebody new. The session waits to be handed in.
    pub async fn take(
        services: &Services,
        name: UserName,
        shown: Option<&str>,
        keeping: Keeping,
    ) -> Result<(Self, Secret), Closing> {
        let now = clock::now();
        let known = match shown {
            Some(secret) => session(services, secret, now).await?.filter(|session| session.name == name),
            None => None,
        };
        let proven = known.is_some();
        let (who, secret) = match (known, shown, keeping) {
            (Some(session), Some(secret), _) => {
                let session = Session { used: now, ..session };
                let who = Who { name, author: session.author.clone(), since: session.made };
                (who, Some((secret.to_owned(), session)))
            }
            (_, _, Keeping::Session) => {
                let secret = auth::secret().map_err(|_| Closing::from(CloseCode::Internal))?;
                let session = new_session(&secret, &name, now);
                let who = Who { name, author: session.author.clone(), since: now };
                (who, Some((secret, session)))
            }
            (_, _, Keeping::WhileOpen) => (nobody_else(name, now)?, None),
        };
        if !services.is_for_guests(&who.name) {
            return Err(owned());
        }
        services.hub.enter(&who.name, &who.author, Instant::now()).map_err(|_| Closing::from(CloseCode::NameTaken))?;
        let hold = secret.is_some();
        let proof = secret.as_ref().map_or(Proof::None, |(_, session)| Proof::Session(session.hash));
        let secret = secret.map(|(secret, session)| {
            // Before anything that this author says, so that no message outlives the proof of whose it is.
            services.keeper.note(Write::Session(session));
            secret.into()
        });
        Ok((Self { who, proof, hold, proven, fresh: !proven }, secret))
    }

    /// A user whose name the server makes: several may have it, nobody owns it. Who was let in by a pass stays as long as that
    /// lasts.
    pub fn made(services: &Services, name: UserName, pass: Option<Pass>) -> Result<Self, Closing> {
        let who = nobody_else(name, clock::now())?;
        services.hub.enter(&who.name, &who.author, Instant::now()).map_err(|_| Closing::from(CloseCode::NameTaken))?;
        Ok(Self { who, proof: pass.map_or(Proof::None, Proof::Account), hold: false, proven: false, fresh: true })
    }

    /// Somebody with an account.
    pub fn member(services: &Services, who: Who, pass: Pass) -> Result<Self, Closing> {
        services.hub.enter(&who.name, &who.author, Instant::now()).map_err(|_| Closing::from(CloseCode::NameTaken))?;
        Ok(Self { who, proof: Proof::Account(pass), hold: false, proven: true, fresh: false })
    }

    /// Whether nothing but a name is known of them.
    pub fn is_guest(&self) -> bool {
        !matches!(self.proof, Proof::Account(_))
    }

    /// Whose account it is, if it is one's.
    pub fn account(&self) -> Option<AccountId> {
        match self.proof {
            Proof::Account(pass) => Some(pass.account),
            Proof::None | Proof::Session(_) => None,
        }
    }

    /// The pass of who came in by one, under a name that the server made.
    pub fn nameless_pass(&self) -> Option<Pass> {
        match self.proof {
            Proof::Account(pass) if !self.who.author.is_account() => Some(pass),
            _ => None,
        }
    }

    /// Whether it may stay, by what is decreed now.
    pub fn may_stay(&self, services: &Services, address: IpAddr) -> Result<(), Closing> {
        let pass = match self.proof {
            Proof::Account(pass) => Some(pass),
            Proof::None | Proof::Session(_) => None,
        };
        services.may_stay(pass, Some(&self.who.name), address)
    }

    /// A guest that gave no name gets one.
    pub async fn unnamed(services: &Services, keeping: Keeping) -> Result<(Self, Secret), Closing> {
        let mut taken = Closing::from(CloseCode::NameTaken);
        for _ in 0..8 {
            let word = auth::random_word(4).map_err(|_| Closing::from(CloseCode::Internal))?;
            let name = UserName::parse(&format!("guest-{word}")).map_err(|error| policy(&error))?;
            match Self::take(services, name, None, keeping).await {
                Ok(identity) => return Ok(identity),
                Err(closing) => taken = closing,
            }
        }
        Err(taken)
    }

    /// The session is in use: its days are counted from now.
    pub fn touch(&self, services: &Services) {
        if let Proof::Session(hash) = self.proof {
            let Who { name, author, since } = self.who.clone();
            services.keeper.note(Write::Session(Session { hash, author, name, made: since, used: clock::now() }));
        }
    }

    /// The connection is over.
    pub fn depart(&self, services: &Services) {
        services.hub.depart(&self.who.name, self.hold, Instant::now());
        self.touch(services);
    }
}

/// The session of a secret, if it is known.
pub async fn session(services: &Services, secret: &str, now: Timestamp) -> Result<Option<Session>, Closing> {
    let hash = auth::hash(secret);
    let found = services.keeper.read(move |reader| reader.session(&hash, now)).await.map_err(|error| {
        tracing::warn!(%error, "a session could not be looked up");
        Closing::from(CloseCode::Overloaded)
    })?;
    // Told in `welcome`, it may still wait for its turn in the log: then who is here by it proves it as well.
    let here = || {
        let author = author(&hash);
        let name = services.hub.name_of(&author, Instant::now())?;
        Some(Session { hash, author, name, made: now, used: now })
    };
    Ok(found.or_else(here))
}

/// Who shows this secret, without coming in. A name may be somebody else's by now: then it proves nothing.
pub async fn proven(services: &Services, secret: &str) -> Result<Option<Who>, Closing> {
    let Some(session) = session(services, secret, clock::now()).await? else { return Ok(None) };
    let Session { name, author, made, .. } = session;
    if !services.is_for_guests(&name) {
        return Err(owned());
    }
    services.hub.may_enter(&name, &author, Instant::now()).map_err(|_| Closing::from(CloseCode::NameTaken))?;
    Ok(Some(Who { name, author, since: made }))
}

/// A name that cannot be, in the words of a close frame.
pub fn policy(error: &chat_protocol::NameError) -> Closing {
    Closing::new(CloseCode::Policy, error.to_string())
}

fn new_session(secret: &str, name: &UserName, now: Timestamp) -> Session {
    let hash = auth::hash(secret);
    Session { hash, author: author(&hash), name: name.clone(), made: now, used: now }
}

/// The author is public nowhere, and says nothing of the secret: it is a hash of its hash, 90 bits of it.
fn author(hash: &[u8; 32]) -> Author {
    let digest = auth::hash_of(&[b"author ", &hash[..]].concat());
    Author(format!("guest:{}", auth::word(&digest[..18])).into())
}

fn nobody_else(name: UserName, now: Timestamp) -> Result<Who, Closing> {
    let word = auth::random_word(20).map_err(|_| Closing::from(CloseCode::Internal))?;
    let author: Arc<str> = format!("open:{word}").into();
    Ok(Who { name, author: Author(author), since: now })
}
