//! A typed line: a request, help, a goodbye, or words that are safe to show.
#![no_main]

use chat_fuzz::assert_safe;
use chat_protocol::{
    Request,
    command::{self, Typed},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|line: &str| {
    for line in [line.to_owned(), format!("/{line}")] {
        match command::parse(&line) {
            Ok(Typed::Request(message)) => {
                let request = Request::from(message);
                assert_eq!(Request::decode(&request.encode()), Ok(request), "{line:?}");
            }
            Ok(Typed::Help(about)) => assert_safe(&command::help(about.as_deref()), true),
            Ok(Typed::Quit | Typed::Register) => {}
            Err(error) => assert_safe(&error.to_string(), false),
        }
    }
});
