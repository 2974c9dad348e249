//! Whether the certificate can be used, and for how long yet.

use std::fs;

use chat_protocol::Timestamp;

use super::Finding;
use crate::{
    config::{Config, Store},
    tls::{Certificate, Choice, Facts, own_files},
};

const WHAT: &str = "certificate";
const DAY_MS: i64 = 24 * 3600 * 1000;
/// Sooner than this somebody should see to it: what renews it should have done so.
const SOON_DAYS: i64 = 21;

pub(super) fn certificate(config: &Config, now: Timestamp) -> Option<Finding> {
    let files = match (&config.tls, &config.store) {
        (Choice::Off, _) => return None,
        (Choice::Files(files), _) => files.clone(),
        (Choice::SelfSigned, Store::Ephemeral) => return Some(Finding::fine(WHAT, "made anew at each start")),
        (Choice::SelfSigned, Store::Directory { path, .. }) => own_files(path),
    };
    let own = config.tls == Choice::SelfSigned;
    if own && !(files.certificate.exists() && files.key.exists()) {
        return Some(Finding::fine(WHAT, "the server makes one at its start"));
    }
    let advice = "the certificate first, in PEM, then those above it; the key in PEM, without a password";
    if let Err(error) = Certificate::open(&Choice::Files(files.clone()), None, config.host) {
        return Some(Finding::fault(WHAT, error.to_string(), advice));
    }
    let Some(facts) = fs::read(&files.certificate).ok().and_then(|pem| Facts::of_the_first(&pem)) else {
        return Some(Finding::hint(
            WHAT,
            format!("{}: it is not clear until when it is good", files.certificate.display()),
            "openssl x509 -noout -text -in FILE",
        ));
    };
    Some(judge(&facts, now))
}

fn judge(facts: &Facts, now: Timestamp) -> Finding {
    let renew = "renew it: the server takes up what is new in the files by itself";
    let names = if facts.names.is_empty() { "no host name".to_owned() } else { facts.names.join(", ") };
    if facts.from > now {
        return Finding::fault(WHAT, format!("for {names}: it is good only from {} on", facts.from), "is the clock right?");
    }
    let days = (facts.until.0 - now.0).div_euclid(DAY_MS);
    match days {
        ..0 => Finding::fault(WHAT, format!("for {names}: it was good until {}", facts.until), renew),
        0..SOON_DAYS => Finding::hint(WHAT, format!("for {names}: good for {days} days yet"), renew),
        _ => Finding::fine(WHAT, format!("for {names}: good for {days} days yet")),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Verdict, *};

    #[test]
    fn an_end_is_said_three_weeks_before() {
        let day = |days: i64| Timestamp(days * DAY_MS);
        let facts = Facts { from: day(100), until: day(190), names: vec!["chat.example".into()] };
        for (today, verdict, part) in [
            (99, Verdict::Fault, "only from"),
            (100, Verdict::Fine, "chat.example: good for 90 days"),
            (169, Verdict::Fine, "21 days"),
            (170, Verdict::Hint, "20 days"),
            (190, Verdict::Hint, "0 days"),
            (191, Verdict::Fault, "was good until"),
        ] {
            let found = judge(&facts, day(today));
            assert!(found.verdict == verdict && found.words.contains(part), "{today}: {found:?}");
        }
    }
}
