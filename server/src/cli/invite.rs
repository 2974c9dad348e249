//! `account invite`: how an invitation is asked for, and listed and revoked.

use std::str::FromStr;

use clap::{Args, Subcommand};

use crate::{admin::Order, realm::InvitationId};

/// They are part of the server's arguments.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Invite {
    #[command(subcommand)]
    command: Option<InviteCommand>,

    /// How many accounts may come of it
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    uses: u32,
    /// How long it is good: 7d, 12h, 30m
    #[arg(long, value_name = "TIME", default_value = "7d")]
    expires: Span,
    /// Whom or what it is for
    #[arg(long, default_value = "")]
    label: String,
    /// Where people find the page, as in `https://chat.example/` [default: where it is for this machine]
    #[arg(long)]
    url: Option<Page>,
}

#[derive(Debug, Subcommand)]
enum InviteCommand {
    /// List invitations, and who came by them
    List,
    /// End an invitation; who came by it stays
    Revoke {
        /// Its number in the list
        invitation: u64,
    },
}

impl Invite {
    /// What it orders.
    pub(super) fn order(self) -> Order {
        match self.command {
            None => Order::Invite {
                uses: self.uses,
                minutes: self.expires.minutes,
                label: self.label,
                url: self.url.map(|page| page.0),
            },
            Some(InviteCommand::List) => Order::Invitations,
            Some(InviteCommand::Revoke { invitation }) => Order::RevokeInvitation { invitation: InvitationId(invitation) },
        }
    }
}

/// A time as it is typed: a number alone is days, as it is for tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    minutes: u32,
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (number, unit) = match text.strip_suffix(['d', 'h', 'm']) {
            Some(number) => (number, text.chars().next_back()),
            None => (text, None),
        };
        let each: u32 = match unit {
            Some('m') => 1,
            Some('h') => 60,
            _ => 24 * 60,
        };
        let minutes = number.parse().ok().filter(|number| *number > 0).and_then(|number: u32| number.checked_mul(each));
        minutes.map(|minutes| Self { minutes }).ok_or_else(|| "a time like 7d, 12h or 30m".into())
    }
}

/// The page's address, which a link is made of.
#[derive(Clone, Debug)]
struct Page(String);

impl FromStr for Page {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or_default();
        let is_whole = !rest.is_empty() && !rest.starts_with('/');
        let is_plain = !text.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '?' | '#' | '@'));
        if is_whole && is_plain { Ok(Self(text.to_owned())) } else { Err("an address like https://chat.example/".into()) }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Arguments, Command};

    /// What a line orders, or the words that refuse it.
    fn ordered(line: &str) -> Result<Order, String> {
        let words = ["chat-server", "account", "invite"].into_iter().chain(line.split_whitespace());
        match Arguments::try_parse_from(words).map_err(|error| error.to_string())?.command {
            Some(Command::Account(command)) => command.order(|| unreachable!()).map_err(|error| error.to_string()),
            other => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn an_invitation_is_ordered_as_it_is_typed() {
        let invite = |uses, minutes, label: &str, url: Option<&str>| Order::Invite {
            uses,
            minutes,
            label: label.into(),
            url: url.map(Into::into),
        };
        for (line, expected) in [
            ("", Ok(invite(1, 7 * 24 * 60, "", None))),
            ("--uses 3 --expires 12h --label team", Ok(invite(3, 720, "team", None))),
            ("--expires 2 --url https://chat.example/x", Ok(invite(1, 2880, "", Some("https://chat.example/x")))),
            ("--expires 30m", Ok(invite(1, 30, "", None))),
            ("list", Ok(Order::Invitations)),
            ("revoke 7", Ok(Order::RevokeInvitation { invitation: InvitationId(7) })),
            ("--uses x", Err("invalid value 'x'")),
            ("--expires 0d", Err("a time like 7d")),
            ("--expires 7w", Err("a time like 7d")),
            ("--expires d", Err("a time like 7d")),
            ("--expires 99999999d", Err("a time like 7d")),
            ("--expires -1d", Err("-1")),
            ("--url chat.example", Err("https://chat.example/")),
            ("--url https:///x", Err("https://chat.example/")),
            ("--url https://me@chat.example/", Err("https://chat.example/")),
            ("--url https://chat.example/#x", Err("https://chat.example/")),
            ("--uses 3 list", Err("cannot be used with")),
            ("revoke", Err("required")),
        ] {
            match (ordered(line), expected) {
                (Ok(order), Ok(expected)) => assert_eq!(order, expected, "{line}"),
                (Err(words), Err(part)) => assert!(words.contains(part), "{line}: {words}"),
                (found, _) => panic!("{line}: {found:?}"),
            }
        }
    }
}
