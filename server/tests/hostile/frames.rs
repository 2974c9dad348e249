//! Frames as no client writes them, each with one fault, and the close code that this fault must get.

use std::net::SocketAddr;

use chat_protocol::limits::FRAME_BYTES;

use crate::{
    dice::Dice,
    peer::{Peer, Said, Wrong},
    tally::Tally,
};

/// As many as one message may have.
const FRAMES: usize = 64;

const FIN: u8 = 0x80;
const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// What must come of it.
enum End {
    /// Closed with one of these.
    Closed(&'static [u16]),
    /// Still there: a ping is answered.
    Alive,
    /// Whatever a WebSocket may end with, or still waiting for more.
    Any,
}

/// Every end that garbage may have. 1006 is none: hung up.
const ENDS: [u16; 7] = [1002, 1003, 1005, 1006, 1007, 1009, 4029];

/// A frame as a client writes it, with a mask.
pub(crate) fn frame(dice: &mut Dice, first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = head(first, payload.len());
    frame[1] |= 0x80;
    let mask = (dice.next() as u32).to_be_bytes();
    frame.extend(mask);
    frame.extend(payload.iter().enumerate().map(|(place, byte)| byte ^ mask[place % 4]));
    frame
}

pub(crate) fn text(dice: &mut Dice, text: &str) -> Vec<u8> {
    frame(dice, FIN | TEXT, text.as_bytes())
}

fn head(first: u8, length: usize) -> Vec<u8> {
    match length {
        0..=125 => vec![first, length as u8],
        126..=0xffff => [&[first, 126][..], &(length as u16).to_be_bytes()].concat(),
        _ => [&[first, 127][..], &(length as u64).to_be_bytes()].concat(),
    }
}

/// A whole message in so many frames, with controls between them.
fn fragments(dice: &mut Dice, opcode: u8, payload: &[u8], count: usize) -> Vec<u8> {
    let step = payload.len().div_ceil(count).max(1);
    let mut pieces: Vec<&[u8]> = payload.chunks(step).collect();
    if pieces.is_empty() {
        pieces.push(&[]);
    }
    let last = pieces.len() - 1;
    let mut bytes = Vec::new();
    for (place, piece) in pieces.iter().enumerate() {
        let first = (if place == 0 { opcode } else { CONTINUATION }) | (if place == last { FIN } else { 0 });
        bytes.extend(frame(dice, first, piece));
        if place < last && dice.one_in(4) {
            bytes.extend(frame(dice, FIN | PONG, b"unasked"));
        }
    }
    bytes
}

const NOT_UTF8: [&[u8]; 9] = [
    b"\xff",
    b"caf\xe9",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"a\xc3",
    b"\xe2\x82",
    b"\xf0\x9f\x91",
    b"\xf8\x88\x80\x80\x80",
];

/// One fault, in bytes.
fn fault(dice: &mut Dice) -> (&'static str, Vec<u8>, End) {
    let sized = |dice: &mut Dice| {
        let length = dice.any(&[0, 1, 5, 125, 126, 127, 300, 4000]);
        dice.bytes(length).iter().map(|byte| byte & 0x7f).collect::<Vec<u8>>()
    };
    const WRONG: End = End::Closed(&[1002]);
    match dice.below(20) {
        0 => {
            let payload = sized(dice);
            let first = FIN | dice.any(&[TEXT, BINARY, CLOSE, PING, PONG]);
            // What is wrong with it beside the mask may be seen first.
            ("unmasked", [head(first, payload.len()), payload].concat(), WRONG)
        }
        1 => {
            let (bits, opcode) = (dice.between(1, 7) as u8, dice.any(&[TEXT, BINARY, CLOSE, PING, CONTINUATION]));
            ("reserved bits", frame(dice, FIN | bits << 4 | opcode, b"hi"), WRONG)
        }
        2 => {
            let opcode = dice.any(&[3, 4, 5, 6, 7, 0xb, 0xc, 0xd, 0xe, 0xf]);
            let first = opcode | dice.any(&[0, FIN]);
            ("unknown opcode", frame(dice, first, b"hi"), WRONG)
        }
        3 => {
            let opcode = dice.any(&[CLOSE, PING, PONG]);
            ("control in fragments", frame(dice, opcode, b""), WRONG)
        }
        4 => {
            let (opcode, length) = (dice.any(&[CLOSE, PING, PONG]), dice.any(&[126, 127, 1000, 65_535, 65_536]));
            ("long control", frame(dice, FIN | opcode, &vec![b'x'; length]), WRONG)
        }
        5 => {
            let first = dice.any(&[CONTINUATION, FIN | CONTINUATION]);
            let payload = sized(dice);
            ("continuation of nothing", frame(dice, first, &payload), WRONG)
        }
        6 => {
            let (first, second) = (dice.any(&[TEXT, BINARY]), dice.any(&[TEXT, BINARY, FIN | TEXT, FIN | BINARY]));
            ("message within a message", [frame(dice, first, b"hi"), frame(dice, second, b"hi")].concat(), WRONG)
        }
        7 => {
            let payload = sized(dice);
            let pieces = dice.between(1, 5);
            ("binary", fragments(dice, BINARY, &payload, pieces), End::Closed(&[1003]))
        }
        8 => {
            let mut payload = sized(dice);
            payload.extend(dice.pick(&NOT_UTF8));
            let pieces = dice.between(1, 4);
            ("not UTF-8", fragments(dice, TEXT, &payload, pieces), End::Closed(&[1007]))
        }
        9 => {
            let code: u16 = match dice.below(4) {
                0 => dice.any(&[1000, 1001, 1003, 1007, 1011, 3000, 4000, 4999]),
                1 => dice.below(1000) as u16,
                2 => dice.any(&[1004, 1005, 1006, 1015, 1016, 2000, 2999]),
                _ => dice.between(5000, 65_535) as u16,
            };
            let reason = dice.word(60);
            let answer: &'static [u16] = match code {
                1000 => &[1000],
                1001 => &[1001],
                1003 => &[1003],
                1007 => &[1007],
                1011 => &[1011],
                3000 => &[3000],
                4000 => &[4000],
                4999 => &[4999],
                _ => &[1002],
            };
            let payload = [&code.to_be_bytes()[..], reason.as_bytes()].concat();
            ("close of a code", frame(dice, FIN | CLOSE, &payload), End::Closed(answer))
        }
        10 => match dice.below(3) {
            0 => ("close without a code", frame(dice, FIN | CLOSE, b""), End::Closed(&[1005])),
            1 => ("close of half a code", frame(dice, FIN | CLOSE, b"\x03"), WRONG),
            _ => ("close with bad words", frame(dice, FIN | CLOSE, b"\x03\xe8\xff\xfe"), End::Closed(&[1002, 1007])),
        },
        11 => {
            let length = dice.any(&[FRAME_BYTES as u64 + 1, 1 << 20, 1 << 32, 1 << 40, (1 << 63) - 1, 1 << 63, u64::MAX]);
            let mut bytes = vec![FIN | dice.any(&[TEXT, BINARY]), 0xff];
            bytes.extend(length.to_be_bytes());
            bytes.extend(dice.bytes(4));
            // RFC 6455 has no lengths with the highest bit.
            ("giant length", bytes, End::Closed(if length >> 63 == 0 { &[1009] } else { &[1002, 1009] }))
        }
        12 => {
            let (over, pieces) = (dice.any(&[1, 2, 1000, 30_000]), dice.between(2, FRAMES));
            ("fragments over the limit", fragments(dice, TEXT, &vec![b'x'; FRAME_BYTES + over], pieces), End::Closed(&[1009]))
        }
        13 => {
            let pieces = dice.between(1, FRAMES);
            // More than a text may have, and a frame that may be.
            ("message at the limit", fragments(dice, TEXT, &vec![b'x'; FRAME_BYTES], pieces), End::Alive)
        }
        14 => {
            let count = if dice.one_in(2) { dice.between(1, FRAMES + 1) } else { dice.between(FRAMES, 1500) };
            let mut bytes = frame(dice, TEXT, b"");
            (0..count).for_each(|_| bytes.extend(frame(dice, CONTINUATION, b"x")));
            ("fragments without an end", bytes, if count < FRAMES { End::Alive } else { End::Closed(&[1008]) })
        }
        15 => {
            let mut bytes =
                if dice.one_in(2) { vec![FIN | TEXT, 0xfe, 0, 2] } else { vec![FIN | TEXT, 0xff, 0, 0, 0, 0, 0, 0, 0, 2] };
            bytes.extend([0, 0, 0, 0, b'h', b'i']);
            // RFC 6455 asks for the shortest form; what reads longer ones harms nobody.
            ("length in a longer form", bytes, End::Alive)
        }
        16 => {
            let length = dice.between(1, 400);
            ("garbage", dice.bytes(length), End::Any)
        }
        17 => {
            let payload = sized(dice);
            let mut bytes = frame(dice, FIN | TEXT, &payload);
            let place = dice.below(bytes.len());
            bytes[place] ^= 1 << dice.below(8);
            ("one bit other", bytes, End::Any)
        }
        18 => ("http once more", b"GET /ws HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(), WRONG),
        _ => {
            let payload = sized(dice);
            let mut bytes = frame(dice, FIN | TEXT, &payload);
            bytes.truncate(dice.below(bytes.len()));
            ("broken off", bytes, End::Any)
        }
    }
}

/// An endpoint of each kind.
pub(crate) fn endpoint(dice: &mut Dice, visit: u64) -> String {
    match dice.below(7) {
        0 => "/ws".into(),
        1 => format!("/ws/{}", dice.next()),
        2 => format!("/ws/f{visit}"),
        3 => "/ws/json".into(),
        4 => "/ws/tasks".into(),
        5 => format!("/ws/auth?token=s3cret&room=pit&user=f{visit}"),
        _ => format!("/ws/chat/pit/f{visit}"),
    }
}

/// One connection, one fault.
pub(crate) async fn visit(address: SocketAddr, dice: &mut Dice, visit: u64, tally: &Tally) -> Result<(), Wrong> {
    let path = endpoint(dice, visit);
    let mut peer = Peer::open(address, &path).await?;
    let (name, mut bytes, end) = fault(dice);
    if dice.one_in(3) {
        // What was right before does not excuse it.
        let before = [frame(dice, FIN | PONG, b""), text(dice, "\"hi\"")].concat();
        bytes.splice(0..0, before);
    }
    let wrong = |what: String| format!("{name} on {path}: {what}");
    if dice.one_in(20) {
        for byte in bytes.iter().take(500) {
            peer.write(&[*byte]).await;
        }
        peer.write(bytes.get(500..).unwrap_or_default()).await;
    } else {
        peer.write(&bytes).await;
    }
    match end {
        End::Closed(codes) => {
            let code = ended(&mut peer).await.map_err(wrong)?;
            if !codes.contains(&code) {
                return Err(wrong(format!("closed with {code}, not {codes:?}")));
            }
            tally.case(format!("frame: {name}: {code}"));
            tally.saw(if name == "close of a code" && code != 1002 {
                "close of its own".into()
            } else {
                format!("close {code}")
            });
        }
        End::Alive => {
            let asked = dice.bytes(12);
            peer.write(&frame(dice, FIN | PING, &asked)).await;
            loop {
                match peer.hear().await.map_err(wrong)? {
                    Said::Pong(answer) if answer == asked => break,
                    Said::Pong(_) | Said::Text(_) => {}
                    other => return Err(wrong(format!("{other:?}, though nothing was wrong"))),
                }
            }
            tally.case(format!("frame: {name}: alive"));
        }
        End::Any => {
            peer.hush().await;
            let code = ended(&mut peer).await.map_err(wrong)?;
            if !ENDS.contains(&code) && !(3000..5000).contains(&code) && !(1000..1015).contains(&code) {
                return Err(wrong(format!("closed with {code}")));
            }
            tally.case(format!("frame: {name}"));
        }
    }
    if dice.one_in(3) {
        peer.slam();
    }
    Ok(())
}

/// The close code at the end, or 1006.
async fn ended(peer: &mut Peer) -> Result<u16, Wrong> {
    match peer.find(|_| false).await? {
        Ok(text) => Err(text),
        Err(code) => Ok(code),
    }
}

/// More pings than anybody may send.
pub(crate) async fn flood(address: SocketAddr, dice: &mut Dice, visit: u64, tally: &Tally) -> Result<(), Wrong> {
    let path = endpoint(dice, visit);
    let mut peer = Peer::open(address, &path).await?;
    let pings = if dice.one_in(2) { frame(dice, FIN | PING, b"!") } else { text(dice, "\"!\"") }.repeat(500);
    for _ in 0..200 {
        if !peer.write(&pings).await {
            break;
        }
    }
    let code = ended(&mut peer).await?;
    if code != 4029 {
        return Err(format!("a flood on {path} is closed with {code}"));
    }
    tally.case(format!("flood: {code}"));
    tally.saw(format!("close {code}"));
    Ok(())
}
