//! Credentials: tokens that the operator gave, and secrets that guests prove their names with. Secrets are compared and kept by
//! their SHA-256 only.

use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

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
    fn secrets_are_long_and_different() {
        let (one, other) = (secret().unwrap(), secret().unwrap());
        assert!(one.len() == 52 && one != other);
    }
}
