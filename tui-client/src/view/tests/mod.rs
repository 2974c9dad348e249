//! Screens, as they are seen.

mod fixture;
mod shots;
