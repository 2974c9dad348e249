//! `/ws` and `/ws/{integer}`: what the pages of the tutorials see, in plain text.

mod common;

use common::{TestClient, TestServer};

/// A client on `/ws` that is surely there: it has heard its own echo.
async fn echoing(server: &TestServer) -> TestClient {
    let mut client = server.open("/ws").await;
    client.line("here").await;
    client.find_text(|text| text == "Echo: here").await;
    client
}

/// Client `id` after everybody, itself too, was told that it came.
async fn client(server: &TestServer, id: u64) -> TestClient {
    let mut client = server.open(&format!("/ws/{id}")).await;
    client.find_text(move |text| text == format!("Client #{id} has entered the chat")).await;
    client
}

/// What a hurried reader takes for lines of their own.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split(['\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'])
}

#[tokio::test]
async fn ws_echoes_to_the_sender_and_gives_the_others_a_line_that_holds_it() {
    let server = TestServer::start().await;
    let mut alice = echoing(&server).await;
    let mut bob = echoing(&server).await;
    alice.find_words("here").await;
    alice.line("hello there").await;
    assert_eq!(alice.next_text().await, "Echo: hello there", "the sender gets the echo and nothing else");
    let mut line = bob.next_text().await;
    if line.ends_with(": here") {
        // The echo does not wait for the log: alice's first line may come by after bob came.
        line = bob.next_text().await;
    }
    assert!(line.contains("hello there") && !line.starts_with("Echo:"), "{line}");
    alice.line("again").await;
    assert_eq!(alice.next_text().await, "Echo: again");
    assert!(bob.next_text().await.contains("again"));
    assert!(bob.unasked().is_empty() && alice.unasked().is_empty());
}

#[tokio::test]
async fn ws_passes_on_an_empty_line_and_looks_into_none() {
    let server = TestServer::start().await;
    let mut client = echoing(&server).await;
    for line in ["", " ", "/help", "42", r#"{"type":"ping"}"#, "{", "7:hi", "Grüße 👋"] {
        client.line(line).await;
        assert_eq!(client.next_text().await, format!("Echo: {line}"));
    }
}

#[tokio::test]
async fn the_others_on_ws_hear_when_one_left_and_when_one_was_cut_off() {
    let server = TestServer::start().await;
    let mut alice = echoing(&server).await;
    let bob = echoing(&server).await;
    alice.find_words("here").await;
    bob.close().await;
    let line = alice.next_text().await;
    assert!(line.contains("left"), "{line}");
    let carol = echoing(&server).await;
    alice.find_words("here").await;
    carol.cut();
    let line = alice.next_text().await;
    assert!(line.contains("left"), "{line}");
}

#[tokio::test]
async fn everybody_on_a_numbered_endpoint_sees_who_enters_speaks_and_leaves() {
    let server = TestServer::start().await;
    let mut one = client(&server, 1).await;
    let mut two = client(&server, 2).await;
    assert_eq!(one.next_text().await, "Client #2 has entered the chat");
    one.line("hello").await;
    for client in [&mut one, &mut two] {
        assert_eq!(client.next_text().await, "Client #1: hello");
    }
    two.close().await;
    assert_eq!(one.next_text().await, "Client #2 has left the chat");
    client(&server, 3).await.cut();
    assert_eq!(one.next_text().await, "Client #3 has entered the chat");
    assert_eq!(one.next_text().await, "Client #3 has left the chat");
    assert!(one.unasked().is_empty());
}

#[tokio::test]
async fn a_private_line_reaches_its_reader_and_is_confirmed_to_its_sender_only() {
    let server = TestServer::start().await;
    let mut one = client(&server, 1).await;
    let mut two = client(&server, 2).await;
    let mut three = client(&server, 3).await;
    one.line("2:psst: a secret").await;
    assert_eq!(two.find_words("secret").await, "Client #1 (private): psst: a secret");
    let confirmed = one.find_words("secret").await;
    assert!(confirmed.contains("psst: a secret") && !confirmed.starts_with("Client #1:"), "{confirmed}");
    one.line("in public").await;
    for client in [&mut one, &mut two, &mut three] {
        client.find_text(|text| text == "Client #1: in public").await;
        client.never_saw("secret");
    }
    one.line("2:").await;
    assert_eq!(two.find_words("(private)").await, "Client #1 (private): ", "an empty line is passed on in private too");
}

#[tokio::test]
async fn a_private_line_to_nobody_never_becomes_public_and_its_sender_is_told_how_it_could() {
    let server = TestServer::start().await;
    let mut one = client(&server, 1).await;
    let mut two = client(&server, 2).await;
    let three = client(&server, 3).await;
    one.find_text(|text| text == "Client #3 has entered the chat").await;
    three.close().await;
    one.find_text(|text| text == "Client #3 has left the chat").await;
    for line in ["3:secret", "99:secret", "18446744073709551615:secret", "18446744073709551616:secret", "0003:secret"] {
        one.line(line).await;
        let told = one.find_text(|text| text != "Client #2 has entered the chat").await;
        assert!(!told.starts_with("Client #1:") && !told.contains("(private)") && !told.contains("secret"), "{line}: {told}");
        if line == "3:secret" {
            assert!(told.contains("not connected") && told.contains("space"), "{told}");
        }
    }
    one.line("that is all").await;
    two.find_text(|text| text == "Client #1: that is all").await;
    two.never_saw("secret");
}

#[tokio::test]
async fn only_digits_and_a_colon_make_a_line_private() {
    let server = TestServer::start().await;
    let mut one = client(&server, 1).await;
    let mut two = client(&server, 2).await;
    for line in [" 2:hi", "note: hi", "2 :hi", "-2:hi", "+2:hi", ":hi", "2", "٢:hi", "2;hi", "12:a"] {
        one.line(line).await;
        if line == "12:a" {
            break;
        }
        assert_eq!(two.next_text().await, format!("Client #1: {line}"));
    }
    one.line("end").await;
    assert_eq!(two.next_text().await, "Client #1: end", "the last line of the table was private to nobody");
}

#[tokio::test]
async fn the_same_id_may_be_open_twice_and_a_private_line_reaches_both() {
    let server = TestServer::start().await;
    let mut one = client(&server, 1).await;
    let mut tab = client(&server, 7).await;
    let mut other_tab = client(&server, 7).await;
    one.find_text(|text| text == "Client #7 has entered the chat").await;
    one.find_text(|text| text == "Client #7 has entered the chat").await;
    one.line("7:psst").await;
    for tab in [&mut tab, &mut other_tab] {
        tab.find_text(|text| text == "Client #1 (private): psst").await;
    }
    tab.line("from a tab").await;
    for client in [&mut one, &mut tab, &mut other_tab] {
        client.find_text(|text| text == "Client #7: from a tab").await;
    }
    // Said privately from one tab, it is nothing for the other; said to oneself, it is.
    tab.line("1:from one of two").await;
    one.find_text(|text| text == "Client #7 (private): from one of two").await;
    tab.line("7:note").await;
    other_tab.find_text(|text| text == "Client #7 (private): note").await;
    other_tab.never_saw("from one of two");
    other_tab.close().await;
    one.find_text(|text| text == "Client #7 has left the chat").await;
    one.line("7:still there?").await;
    tab.find_text(|text| text == "Client #1 (private): still there?").await;
}

#[tokio::test]
async fn an_id_is_read_as_a_number_however_it_is_written() {
    let server = TestServer::start().await;
    let mut one = client(&server, 1).await;
    let mut bond = server.open("/ws/007").await;
    assert_eq!(bond.next_text().await, "Client #7 has entered the chat");
    one.line("7:psst").await;
    assert_eq!(bond.next_text().await, "Client #1 (private): psst");
    one.line("0000007:again").await;
    assert_eq!(bond.next_text().await, "Client #1 (private): again");
    let mut zero = server.open("/ws/000").await;
    assert_eq!(zero.next_text().await, "Client #0 has entered the chat");
}

#[tokio::test]
async fn the_time_in_milliseconds_and_the_largest_u64_are_ids() {
    let server = TestServer::start().await;
    let mut now = client(&server, 1_763_641_528_123).await;
    let mut largest = client(&server, u64::MAX).await;
    now.line(&format!("{}:psst", u64::MAX)).await;
    assert_eq!(largest.next_text().await, "Client #1763641528123 (private): psst");
    largest.line("1763641528123:yes?").await;
    now.find_text(|text| text == format!("Client #{} (private): yes?", u64::MAX)).await;
}

#[tokio::test]
async fn a_line_end_in_a_text_cannot_begin_a_line_in_another_name() {
    let server = TestServer::start().await;
    let mut one = client(&server, 1).await;
    let mut two = client(&server, 2).await;
    for end in ["\n", "\r", "\r\n", "\u{b}", "\u{c}", "\u{85}", "\u{2028}", "\u{2029}", "\n\u{200b}", "\n\u{202e}"] {
        for (prefix, to) in [("", "Client #1: hi"), ("2:", "Client #1 (private): hi")] {
            one.line(&format!("{prefix}hi{end}Client #3: forged")).await;
            let seen = two.find_words("forged").await;
            assert!(seen.starts_with(to), "{seen:?}");
            assert!(lines(&seen).skip(1).all(|line| !line.starts_with("Client")), "{end:?} → {seen:?}");
        }
    }
    let mut echo = echoing(&server).await;
    let mut other = echoing(&server).await;
    echo.line("hi\n#w9: forged").await;
    let seen = other.find_words("forged").await;
    assert!(lines(&seen).skip(1).all(|line| !line.starts_with('#')), "{seen:?}");
}

#[tokio::test]
async fn what_could_hurt_a_terminal_does_not_come_out() {
    let server = TestServer::start().await;
    let mut one = client(&server, 1).await;
    let mut two = client(&server, 2).await;
    one.line("a\u{1b}[2J\u{9b}31m\u{7}\u{0}\u{202e}b\u{2066}c\u{200b}d\u{feff}e").await;
    let seen = two.next_text().await;
    assert!(seen.starts_with("Client #1: a") && seen.ends_with("bcde"), "{seen:?}");
    let unsafe_ones: Vec<_> = seen.chars().filter(|c| chat_protocol::display::is_unsafe(*c)).collect();
    assert!(unsafe_ones.is_empty(), "{unsafe_ones:?}");
}

#[tokio::test]
async fn a_line_that_is_too_long_is_refused_in_words_and_the_client_stays() {
    let server = TestServer::start().await;
    let mut one = client(&server, 1).await;
    let longest = "x".repeat(chat_protocol::limits::TEXT_BYTES);
    one.line(&format!("{longest}x")).await;
    let told = one.next_text().await;
    assert!(told.contains("16384") && !told.contains("xxxx"), "{told}");
    one.line(&longest).await;
    assert_eq!(one.next_text().await, format!("Client #1: {longest}"));
}
