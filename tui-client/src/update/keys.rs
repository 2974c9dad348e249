//! What the user does: the line being typed, sending it, scrolling, leaving.

use chat_protocol::{
    ClientMessage, Request,
    command::{self, Typed},
    limits,
};

use super::{TYPING, flush};
use crate::{
    effect::Effect,
    model::{Link, Model},
    msg::Key,
};

pub(super) fn pressed(model: &mut Model, key: Key) -> Vec<Effect> {
    match key {
        Key::Quit => return vec![Effect::Quit(None)],
        Key::Enter => return entered(model),
        Key::PageUp => model.scroll = model.seen.offset.saturating_add(model.seen.page.max(2) - 1),
        Key::PageDown => {
            model.scroll = model.seen.offset.saturating_sub(model.seen.page.max(2) - 1);
            if model.scroll == 0 {
                model.follow();
            }
        }
        Key::Left => model.input.left(),
        Key::Right => model.input.right(),
        Key::Home => model.input.home(),
        Key::End => model.input.end(),
        Key::Char(c) => {
            model.input.insert(c.encode_utf8(&mut [0; 4]));
            return typed(model);
        }
        Key::Backspace => model.input.backspace(),
        Key::Delete => model.input.delete(),
        Key::EraseWord => model.input.erase_word(),
        Key::EraseLine => model.input.erase_line(),
    }
    if matches!(key, Key::PageUp | Key::PageDown) {
        // Two keys between two drawings are two pages.
        (model.seen.offset, model.below) = (model.scroll, 0);
    }
    emptied(model)
}

pub(super) fn pasted(model: &mut Model, text: &str) -> Vec<Effect> {
    if model.input.text().len() + text.len() > limits::FRAME_BYTES {
        model.fault("That is too long to be pasted here.");
        return Vec::new();
    }
    // Terminals send line ends of a paste as carriage returns.
    model.input.insert(&text.replace("\r\n", "\n").replace('\r', "\n"));
    typed(model)
}

fn entered(model: &mut Model) -> Vec<Effect> {
    let text = model.input.text();
    if text.trim().is_empty() {
        return Vec::new();
    }
    if text.len() > model.text_bytes {
        let (length, most) = (text.len(), model.text_bytes);
        model.fault(format!("That is {length} bytes long; a message holds at most {most}."));
        return Vec::new();
    }
    if !text.starts_with('/') {
        let text = model.input.take();
        model.follow();
        model.told_typing = None;
        model.outbox.push(text);
        return flush(model);
    }
    if command::parse(text) == Ok(Typed::Quit) {
        return vec![Effect::Quit(None)];
    }
    if model.link != Link::Online {
        model.fault("There is no connection now: a command cannot wait for one.");
        return Vec::new();
    }
    model.follow();
    vec![Effect::Raw(model.input.take())]
}

/// Tells the others, at most so often; of commands they need not know.
fn typed(model: &mut Model) -> Vec<Effect> {
    let text = model.input.text();
    // While words of ours are on their way, those go first.
    let due = model.told_typing.is_none_or(|told| model.now >= told + limits::TYPING_RENEW) && model.outbox.messages.is_empty();
    if !due || model.link != Link::Online || text.is_empty() || text.starts_with('/') {
        return Vec::new();
    }
    model.told_typing = Some(model.now);
    vec![typing(model, true)]
}

fn emptied(model: &mut Model) -> Vec<Effect> {
    let told = model.input.text().is_empty() && model.told_typing.take().is_some();
    if told && model.link == Link::Online { vec![typing(model, false)] } else { Vec::new() }
}

fn typing(model: &Model, active: bool) -> Effect {
    let message = ClientMessage::Typing { room: Some(model.room.shown().into()), active };
    Effect::Ask(Request { reference: Some(TYPING.into()), message })
}
