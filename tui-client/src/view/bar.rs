//! The bar at the top: where we are, and how the connection is.

use std::borrow::Cow;

use ratatui::{buffer::Buffer, layout::Rect};

use super::text::{clip, columns, line, put, settle, width};
use crate::{
    model::{Link, Model},
    theme::Role,
};

pub(super) fn draw(model: &Model, buffer: &mut Buffer, area: Rect) {
    if area.is_empty() {
        return;
    }
    let theme = &model.settings.look.theme;
    let bar = theme.style(Role::Bar);
    buffer.set_style(area, bar);
    let room = model.room();
    let (raw, wide) = (room.title(), usize::from(area.width));
    let title = line(&raw);
    // At least a third stays for the name of the room, so that one always sees where one is.
    let kept = (width(&title) + 3).min(wide / 3);
    let (role, words) = badge(model, wide.saturating_sub(kept + 2));
    let taken = width(&words) + 2;
    let left = Rect { width: area.width.saturating_sub(columns(taken)), ..area };
    let x = put(buffer, left, area.x + u16::from(wide > 12), area.y, &clip(&title, usize::from(left.width).saturating_sub(2)), {
        bar.patch(theme.style(Role::Title))
    });
    // A conversation of two has no topic; what one would like to know there is whether the other one is there.
    let about = match &room.with {
        Some(user) if room.topic.is_empty() && *user != model.user => {
            if room.users.contains(user) {
                "● online"
            } else {
                "○ not here now"
            }
        }
        _ => &room.topic,
    };
    if !about.is_empty() && x + 8 < left.right() {
        let topic = line(about);
        let space = usize::from(left.right() - x).saturating_sub(3);
        put(buffer, left, x + 2, area.y, &clip(&topic, space), bar.patch(theme.style(Role::Dim)));
    }
    put(buffer, area, left.right() + 1, area.y, &words, bar.patch(theme.style(role)));
    settle(buffer, area);
}

/// What is said of the connection in so many columns: first the reason gets shorter, then the words, the sign stays.
fn badge(model: &Model, space: usize) -> (Role, String) {
    let mut reason = "";
    let (role, words): (_, Vec<Cow<'static, str>>) = match &model.link {
        Link::Online => match model.lag {
            Some(lag) => {
                let lag = format!("● lag {:.1} s", lag.as_secs_f32());
                (Role::Warning, vec![lag.into(), "●".into()])
            }
            None => (Role::Good, vec!["● connected".into(), "●".into()]),
        },
        Link::Connecting { attempt: 0 | 1 } => (Role::Warning, vec!["◌ connecting".into(), "◌".into()]),
        Link::Connecting { attempt } => {
            (Role::Warning, vec![format!("◌ connecting (attempt {attempt})").into(), "◌ connecting".into(), "◌".into()])
        }
        Link::Waiting { until, attempt, reason: why } => {
            reason = why;
            let seconds = until.saturating_sub(model.now.since).as_secs_f32().ceil();
            let (word, short) = if model.welcomed {
                (format!("reconnecting in {seconds} s"), format!("retry in {seconds} s"))
            } else {
                (format!("offline, next try in {seconds} s"), "offline".to_owned())
            };
            let words = [
                format!("○ {word} (attempt {attempt})"),
                format!("○ {word}"),
                format!("○ {short}"),
                format!("○ {seconds} s"),
                "○".into(),
            ];
            (if model.welcomed { Role::Warning } else { Role::Fault }, words.into_iter().map(Cow::from).collect())
        }
        Link::Refused { reason: why } => {
            reason = why;
            (Role::Fault, vec!["✕ refused".into(), "✕".into()])
        }
    };
    let reason = line(reason);
    let fits = words.iter().find(|words| width(words) <= space);
    let mut badge = fits.or(words.last()).map(|words| words.to_string()).unwrap_or_default();
    let left = space.saturating_sub(width(&badge) + 2);
    // Less than this of a reason says nothing.
    if !reason.is_empty() && left >= 8.min(width(&reason)) && badge.len() > "○".len() {
        badge = format!("{badge}: {}", clip(&reason, left));
    }
    (role, badge)
}
