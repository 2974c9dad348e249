//! What a proxy says before the first byte of a connection: bounded, known at its last byte and not before, and not changed by
//! what comes behind it.
#![no_main]

#[path = "../../server/src/proxy/preamble.rs"]
mod preamble;

use libfuzzer_sys::fuzz_target;
use preamble::{LONGEST, Preamble, read};

fuzz_target!(|bytes: &[u8]| {
    let all = read(bytes);
    let mut known = Preamble::Unfinished;
    for end in 0..=bytes.len().min(LONGEST) {
        let now = read(&bytes[..end]);
        match known {
            Preamble::Unfinished => match now {
                Preamble::Whole { length, .. } => assert_eq!(length, end, "it is known at its last byte"),
                Preamble::Unfinished => assert!(end < LONGEST, "nobody waits for more than there may be"),
                Preamble::Absent => {}
            },
            known => assert_eq!(now, known, "what is known stays so"),
        }
        known = now;
    }
    assert_eq!(all, known, "what is behind it is not looked at");
});
