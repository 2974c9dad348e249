//! Credentials: tokens that the operator gave, tokens of accounts, and secrets that guests prove their names with. Secrets are
//! compared and kept by their SHA-256 only.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, PoisonError},
};

use chat_protocol::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use crate::realm::{Pass, SecretHash, TokenId};

/// Something that only its owner knows. Nothing prints it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself.
    pub fn tell(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What was shown of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    None,
    /// It opens nothing.
    Bad,
    /// It is written like an account's, and opens nothing, or no longer.
    Over,
    /// The operator gave it: it opens the door, and says nothing of who comes in.
    Door,
    /// An account's.
    Account(Pass),
}

impl Credential {
    /// Whether it opens the door.
    pub fn is_good(self) -> bool {
        matches!(self, Self::Door | Self::Account(_))
    }

    /// Whose it is.
    pub fn pass(self) -> Option<Pass> {
        match self {
            Self::Account(pass) => Some(pass),
            Self::None | Self::Bad | Self::Over | Self::Door => None,
        }
    }
}

/// The tokens that open this server.
pub struct Tokens {
    hashes: Vec<[u8; 32]>,
    required: bool,
}

impl Tokens {
    pub fn new(tokens: &[String], required: bool) -> Self {
        Self { hashes: tokens.iter().map(|token| hash(token)).collect(), required }
    }

    /// Whether everything asks for a credential, or only `/ws/auth`.
    pub fn required(&self) -> bool {
        self.required
    }

    /// Whether this is one of them. How long that takes does not depend on how much of it is right.
    pub fn open(&self, token: &str) -> bool {
        let hash = hash(token);
        self.hashes.iter().fold(Choice::from(0), |found, known| found | known.ct_eq(&hash)).into()
    }
}

/// When tokens were noted as used, so that who comes often is noted now and then.
#[derive(Debug, Default)]
pub struct Uses(Mutex<HashMap<TokenId, Timestamp>>);

/// How often a token's use is noted.
const NOTE_EVERY_MS: i64 = 60_000;

impl Uses {
    /// Whether this use should be noted.
    pub fn is_news(&self, token: TokenId, now: Timestamp) -> bool {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = noted.insert(token, now);
        if let Some(before) = before.filter(|before| now.0 - before.0 < NOTE_EVERY_MS) {
            noted.insert(token, before);
            return false;
        }
        true
    }
}

/// How a token of an account begins, so that who finds one knows what it is.
const PREFIX: &str = "chat_";

/// Whether it is written like a token of an account.
pub fn is_account_token(token: &str) -> bool {
    token.starts_with(PREFIX)
}

/// A new token of an account, and what is kept of it.
///
/// # Errors
/// The system has no randomness to give.
pub fn token() -> Result<(Secret, SecretHash), getrandom::Error> {
    let token = format!("{PREFIX}{}", secret()?);
    let hash = SecretHash(hash(&token));
    Ok((Secret(token), hash))
}

/// The secret of a new invitation, as it stands in a link, and what is kept of it.
///
/// # Errors
/// As [`token`].
pub fn invitation() -> Result<(Secret, SecretHash), getrandom::Error> {
    let secret = secret()?;
    let hash = SecretHash(hash(&secret));
    Ok((Secret(secret), hash))
}

/// What is kept of a secret.
pub fn hash(secret: &str) -> [u8; 32] {
    hash_of(secret.as_bytes())
}

/// The SHA-256 of some bytes.
pub fn hash_of(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// A new secret: 256 bits, as 52 letters and digits.
///
/// # Errors
/// The system has no randomness to give.
pub fn secret() -> Result<String, getrandom::Error> {
    random_word(52)
}

/// A word of so many random letters and digits, five bits each.
///
/// # Errors
/// As [`secret`].
pub fn random_word(length: usize) -> Result<String, getrandom::Error> {
    let mut bytes = vec![0; length];
    getrandom::fill(&mut bytes)?;
    Ok(word(&bytes))
}

/// Bytes as letters and digits, five bits of each.
pub fn word(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte & 31)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_opens_only_if_it_is_one_of_them() {
        let tokens = Tokens::new(&["one".into(), "two".into()], false);
        assert!(tokens.open("one") && tokens.open("two"));
        assert!(!tokens.open("") && !tokens.open("on") && !tokens.open("three"));
        assert!(!Tokens::new(&[], true).open(""));
    }

    #[test]
    fn a_use_is_noted_once_in_a_while() {
        let uses = Uses::default();
        let noted: Vec<_> = [(1, 0), (1, 59_999), (2, 59_999), (1, 60_000), (1, 60_001)]
            .map(|(token, now)| uses.is_news(TokenId(token), Timestamp(now)))
            .into();
        assert_eq!(noted, [true, false, true, true, false]);
    }

    #[test]
    fn secrets_are_long_and_different() {
        let (one, other) = (secret().unwrap(), secret().unwrap());
        assert!(one.len() == 52 && one != other);
    }
}
