//! Any JSON that is read, as the server writes it: the same value, with nothing in it that a terminal could be hurt by.
#![no_main]

use chat_fuzz::assert_plain;
use chat_protocol::json;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(value) = serde_json::from_slice::<Value>(bytes) {
        let line = json::line(&value);
        assert_plain(&line);
        assert!(!line.contains('\n'));
        assert_eq!(serde_json::from_str::<Value>(&line).expect("JSON"), value);
    }
    let text = String::from_utf8_lossy(bytes);
    let line = json::line(&*text);
    assert_plain(&line);
    assert_eq!(serde_json::from_str::<String>(&line).expect("a string"), text);
});
