//! Who may do what: one table. What somebody is in a room (their [`Standing`]) is compared with the least that a deed takes there.
//!
//! Pure, and knows nobody by name: who is what, and who was punished, is said elsewhere.

use chat_protocol::{Access, Role, Voice};

/// What somebody is in a room, or on the server, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// A guest, or an account that does not belong to the room.
    Stranger,
    Member,
    Moderator,
    Owner,
    /// An owner of the server.
    Operator,
}

impl From<Role> for Standing {
    fn from(role: Role) -> Self {
        match role {
            Role::Member => Self::Member,
            Role::Moderator => Self::Moderator,
            Role::Owner => Self::Owner,
        }
    }
}

/// Something that one may want to do in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Know of it, be in it, read it.
    Read,
    /// Say, edit and react.
    Speak,
    SetTopic,
    /// Take somebody else's message away.
    Delete,
    /// Kick, mute, ban, and let it be again.
    Punish,
    SetSlow,
    /// Make somebody a member.
    Invite,
    /// Make somebody more or less than that.
    SetRank,
    /// Say whose the room is, and who speaks.
    SetRules,
}

impl Deed {
    #[cfg(test)]
    pub(super) const ALL: [Self; 9] = [
        Self::Read,
        Self::Speak,
        Self::SetTopic,
        Self::Delete,
        Self::Punish,
        Self::SetSlow,
        Self::Invite,
        Self::SetRank,
        Self::SetRules,
    ];
}

/// How a room is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mode {
    pub access: Access,
    pub speak: Voice,
    pub topic: Voice,
    /// Seconds between two messages of one who is no moderator; 0: as fast as they like.
    pub slow: u32,
}

impl Default for Mode {
    /// A room that nobody said anything of.
    fn default() -> Self {
        Self { access: Access::Public, speak: Voice::All, topic: Voice::All, slow: 0 }
    }
}

/// The least that one has to be.
pub fn least(deed: Deed, mode: Mode) -> Standing {
    let reader = match mode.access {
        Access::Public => Standing::Stranger,
        Access::Private => Standing::Member,
    };
    let voiced = |voice| match voice {
        Voice::All => reader,
        Voice::Moderators => Standing::Moderator,
    };
    match deed {
        Deed::Read => reader,
        Deed::Speak => voiced(mode.speak),
        // A topic is something said.
        Deed::SetTopic => voiced(mode.speak).max(voiced(mode.topic)),
        Deed::Delete | Deed::Punish | Deed::SetSlow | Deed::Invite => Standing::Moderator,
        Deed::SetRank | Deed::SetRules => Standing::Owner,
    }
}

/// What an account of this role on the server is in a room where it has this rank.
pub fn standing(role: Role, rank: Option<Role>, mode: Mode) -> Standing {
    let rank = rank.map_or(Standing::Stranger, Into::into);
    match role {
        Role::Owner => Standing::Operator,
        // What is private is so for those, too, who keep order on the server.
        Role::Moderator if mode.access == Access::Public || rank > Standing::Stranger => rank.max(Standing::Moderator),
        Role::Moderator | Role::Member => rank,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    use Standing::{Member, Moderator, Owner, Stranger};

    const OPEN: Mode = Mode { access: Access::Public, speak: Voice::All, topic: Voice::All, slow: 0 };
    const PRIVATE: Mode = Mode { access: Access::Private, ..OPEN };

    #[test]
    fn the_table() {
        let read_only = |mode| Mode { speak: Voice::Moderators, ..mode };
        let kept = |mode| Mode { topic: Voice::Moderators, ..mode };
        let modes = [OPEN, read_only(OPEN), kept(OPEN), PRIVATE, read_only(PRIVATE), kept(PRIVATE)];
        for (deed, expected) in [
            (Deed::Read, [Stranger, Stranger, Stranger, Member, Member, Member]),
            (Deed::Speak, [Stranger, Moderator, Stranger, Member, Moderator, Member]),
            (Deed::SetTopic, [Stranger, Moderator, Moderator, Member, Moderator, Moderator]),
            (Deed::Delete, [Moderator; 6]),
            (Deed::Punish, [Moderator; 6]),
            (Deed::SetSlow, [Moderator; 6]),
            (Deed::Invite, [Moderator; 6]),
            (Deed::SetRank, [Owner; 6]),
            (Deed::SetRules, [Owner; 6]),
        ] {
            assert_eq!(modes.map(|mode| least(deed, mode)), expected, "{deed:?}");
        }
        for (role, [no_rank, member, moderator, owner]) in [
            (Role::Member, [Stranger, Member, Moderator, Owner]),
            (Role::Moderator, [Stranger, Moderator, Moderator, Owner]),
            (Role::Owner, [Standing::Operator; 4]),
        ] {
            let ranks = [None, Some(Role::Member), Some(Role::Moderator), Some(Role::Owner)];
            assert_eq!(ranks.map(|rank| standing(role, rank, PRIVATE)), [no_rank, member, moderator, owner], "{role}");
        }
        assert_eq!(standing(Role::Moderator, None, OPEN), Moderator);
        assert_eq!(standing(Role::Member, None, OPEN), Stranger);
    }

    fn mode() -> impl Strategy<Value = Mode> {
        let (access, voice) = (prop::sample::select(Access::ALL), || prop::sample::select(Voice::ALL));
        (access, voice(), voice(), 0..100_u32).prop_map(|(access, speak, topic, slow)| Mode { access, speak, topic, slow })
    }

    fn role() -> impl Strategy<Value = Role> {
        prop::sample::select(Role::ALL)
    }

    proptest! {
        #[test]
        fn whoever_may_do_something_may_read(mode in mode(), deed in prop::sample::select(&Deed::ALL[..])) {
            prop_assert!(least(deed, mode) >= least(Deed::Read, mode));
        }

        #[test]
        fn more_rank_and_more_role_are_never_less(
            mode in mode(), deed in prop::sample::select(&Deed::ALL[..]),
            (role, more_role) in (role(), role()), (rank, more_rank) in (prop::option::of(role()), prop::option::of(role())),
        ) {
            prop_assume!(role <= more_role && rank <= more_rank);
            let (less, more) = (standing(role, rank, mode), standing(more_role, more_rank, mode));
            prop_assert!(less <= more);
            prop_assert!(less < least(deed, mode) || more >= least(deed, mode));
        }

        #[test]
        fn a_stranger_never_reads_what_is_private(speak in prop::sample::select(Voice::ALL), topic in prop::sample::select(Voice::ALL)) {
            let mode = Mode { access: Access::Private, speak, topic, slow: 0 };
            for deed in Deed::ALL {
                prop_assert!(least(deed, mode) > Standing::Stranger);
                prop_assert!(standing(Role::Moderator, None, mode) < least(deed, mode));
            }
        }

        #[test]
        fn whoever_owns_a_server_may_do_anything(mode in mode(), deed in prop::sample::select(&Deed::ALL[..]), rank in prop::option::of(role())) {
            prop_assert!(standing(Role::Owner, rank, mode) >= least(deed, mode));
        }
    }
}
