//! Invitations: made, listed, revoked. The secret is told once, as a link where it is known to which page it leads; it stands
//! behind the `#`, which browsers send to nobody.

use chat_protocol::{Refusal, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Answer, Running, decree, no_randomness};
use crate::{
    auth, clock,
    log::Keeper,
    realm::{Decree, Invitation, InvitationId, NewInvitation, Realm},
    registration::Registration,
};

const MINUTE_MS: i64 = 60 * 1000;
/// Names of a row, of those who came by one invitation.
const NAMED: usize = 5;

/// An invitation as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationLine {
    pub id: InvitationId,
    pub uses: u32,
    pub used: usize,
    pub made: Timestamp,
    pub expires: Timestamp,
    pub open: bool,
    pub label: String,
    /// Who came by it, in words.
    pub came: String,
}

pub(super) async fn invite(
    keeper: &Keeper,
    running: Option<&Running>,
    (uses, minutes): (u32, u32),
    label: String,
    url: Option<String>,
) -> Result<Answer, Refusal> {
    let (code, hash) = auth::invitation().map_err(no_randomness)?;
    let expires = Timestamp(clock::now().0 + i64::from(minutes) * MINUTE_MS);
    let id = decree(keeper, Decree::Invitation(NewInvitation { hash, label, uses, expires })).await?;
    let accounts = if uses == 1 { "one account".to_owned() } else { format!("{uses} accounts") };
    let mut words = format!(
        "Invitation {id} is good for {accounts}, until {expires}, for whoever has its link or code. They are not shown again."
    );
    let place = url.or_else(|| running.map(|running| running.url.to_string()));
    let link = place.map(|place| link(&place, code.tell()));
    if link.is_none() {
        words += "\nNo server runs here that would say where its page is: --url https://… makes it a link.";
    }
    match running.map(|running| running.services.live().registration) {
        Some(Registration::Closed) => words += "\nNobody can use it yet: the server runs with --registration closed.",
        Some(Registration::Open) => words += "\nNobody needs it: the server runs with --registration open.",
        Some(Registration::Invite) | None => {}
    }
    Ok(Answer::Invitation { link: link.map(auth::Secret::new), code, words })
}

pub(super) fn list(realm: &Realm) -> Answer {
    let now = clock::now();
    let line = |invitation: &Invitation| InvitationLine {
        id: invitation.id,
        uses: invitation.uses,
        used: invitation.came.len(),
        made: invitation.made,
        expires: invitation.expires,
        open: invitation.is_open(now),
        label: invitation.label.clone(),
        came: came(realm, invitation),
    };
    Answer::Invitations { invitations: realm.invitations().map(line).collect() }
}

pub(super) async fn revoke(keeper: &Keeper, invitation: InvitationId) -> Result<Answer, Refusal> {
    decree(keeper, Decree::InvitationRevoked { invitation }).await?;
    Ok(Answer::Done { words: format!("Invitation {invitation} lets nobody in any more; who came by it stays") })
}

fn came(realm: &Realm, invitation: &Invitation) -> String {
    let accounts = invitation.came.iter().filter_map(|id| realm.account(*id));
    let mut names: Vec<_> = accounts.take(NAMED).map(|account| account.name.to_string()).collect();
    if let Some(more) = invitation.came.len().checked_sub(NAMED).filter(|more| *more > 0) {
        names.push(format!("{more} more"));
    }
    names.join(", ")
}

fn link(page: &str, code: &str) -> String {
    format!("{}/#invite={code}", page.trim_end_matches('/'))
}
