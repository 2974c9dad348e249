//! A text frame, read in every dialect: refusals are safe to show, requests are written and read again as they were, and what
//! the server would say of them is safe.
#![no_main]

use chat_fuzz::{assert_plain, assert_safe};
use chat_protocol::{Dialect, Request, ServerFrame, ServerMessage, dialect::Heard};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|frame: &str| {
    for dialect in Dialect::ALL {
        match dialect.parse(frame) {
            Heard::Request(request) => {
                let written = request.encode();
                assert_plain(&written);
                assert_eq!(Request::decode(&written).as_ref(), Ok(&request), "{written}");
            }
            Heard::Misread(misread) => {
                assert_safe(&misread.refusal.text, false);
                assert!(!misread.refusal.text.is_empty());
                let message = ServerMessage::Error { code: misread.refusal.code, text: misread.refusal.text, retry_ms: None };
                let frame = ServerFrame { message, reference: misread.reference };
                for dialect in Dialect::ALL {
                    let said = dialect.answer(&frame).expect("a refusal is told in every dialect");
                    assert_safe(&said, true);
                }
            }
            Heard::Value(value) => {
                let said = dialect.value(&value).expect("who hears a value answers it");
                assert_plain(&said);
                assert_eq!(serde_json::from_str::<serde_json::Value>(&said).expect("JSON")["data"], value);
            }
            Heard::Help(_) | Heard::Quit | Heard::Register => {}
        }
    }
    if let Ok(frame) = ServerFrame::decode(frame) {
        let written = frame.encode();
        assert_plain(&written);
        let again = ServerFrame::decode(&written).expect("what is written is read");
        assert_eq!(again.encode(), written);
    }
});
