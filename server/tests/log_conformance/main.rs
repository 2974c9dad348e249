//! What every log does, whatever it keeps it in: one suite, run against each implementation, and both held against each other.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod agreement;
mod importing;
mod reading;
mod retaining;
mod told;
mod writing;

use self::{importing::*, reading::*, retaining::*, writing::*};
use told::Told;

macro_rules! for_each_log {
    ($($case:ident)*) => {
        mod memory { $(#[test] fn $case() { super::$case(super::Told::memory()); })* }
        mod sqlite { $(#[test] fn $case() { super::$case(super::Told::sqlite()); })* }
    };
}

for_each_log! {
    numbers_are_dense_in_each_room_and_time_never_goes_back
    a_room_keeps_the_spelling_of_its_first_event
    an_event_is_read_as_it_was_kept
    a_message_sent_again_is_kept_once
    a_cid_is_its_authors_and_its_rooms
    what_is_refused_leaves_nothing
    a_reply_names_a_message_of_the_room
    an_edit_changes_the_message_and_not_what_was_logged
    only_the_author_edits_and_deletes
    a_deletion_empties_the_text_everywhere
    reactions_are_on_or_off
    reactions_are_limited
    a_batch_sees_its_own_effects
    a_topic_is_the_last_one
    rooms_are_listed_by_last_use
    private_rooms_are_for_two
    a_guest_sees_of_a_private_room_only_its_own_time
    a_whole_gap_is_filled_with_events
    a_gap_that_cannot_be_whole_is_filled_with_messages
    a_long_gap_comes_in_parts
    pages_go_both_ways
    search_finds_words
    search_pages_within_a_room
    search_survives_anything
    marks_go_forward_only
    sessions_last_thirty_days
    a_reader_sees_whole_batches
    all_is_well
    the_oldest_go_and_numbers_go_on
    a_bite_is_not_more_than_that
    a_bite_of_long_texts_has_fewer
    what_is_pruned_is_found_by_nobody
    an_edit_of_what_is_pruned_loses_its_words
    a_pruned_message_stays_sent
    a_gap_that_was_pruned_is_not_whole
    what_is_gone_counts_as_read
    a_topic_outlives_its_event
    what_is_overdue_is_known_by_time_and_by_number
    what_comes_from_another_log_stands_as_it_stood_there
    what_was_brought_already_is_not_brought_again
    an_import_that_was_cut_off_goes_on_though_its_beginning_was_pruned
    a_room_that_holds_something_else_takes_nothing
    what_came_from_another_log_is_nobodys
}
