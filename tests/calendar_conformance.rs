//! What every calendar must do, whichever backend is behind it: the same assertions for all.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod embedded {
    use std::sync::Arc;

    use ringback::calendar::embedded::EmbeddedCalendar;
    use ringback::store::Store;

    use super::suite::{self, Bench};

    /// Two empty calendars, of alice@example.test and bob@example.test, for each assertion.
    fn bench() -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let people = ["alice", "bob"];
        let added = store.write_now(|db| {
            for user in people {
                let body = format!(r#"{{"user":"{user}","mail":"{user}@example.test"}}"#);
                db.execute("INSERT INTO person VALUES (?1, ?2)", [user, &body])?;
            }
            Ok(())
        });
        added.unwrap();
        Bench {
            calendar: Arc::new(EmbeddedCalendar::new(store)),
            _folder: folder,
        }
    }

    macro_rules! assertions {
        ($($name:ident),* $(,)?) => {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                suite::$name(bench()).await;
            })*
        };
    }

    assertions! {
        an_event_is_found_in_its_time_only,
        all_day_comes_first_then_by_time,
        calendars_of_others_are_out_of_reach,
        a_newer_object_replaces_an_older_one_and_never_the_other_way,
        a_request_is_unanswered_until_it_is_answered,
        an_answer_is_kept_and_told_as_it_has_to_be,
        a_zone_that_is_only_named_is_described_to_others,
        an_answer_to_one_occurrence_leaves_the_others,
        declining_takes_it_out,
        declining_one_occurrence_leaves_the_others,
        nobody_answers_who_was_not_asked,
        cancelling_tells_everybody_who_comes,
        cancelling_one_occurrence_leaves_the_others,
        an_appointment_without_others_goes_without_a_word,
        a_cancellation_by_the_organiser_removes,
        a_cancellation_by_somebody_else_changes_nothing,
        a_cancellation_of_one_occurrence_leaves_the_others,
        a_reply_changes_the_attendee_who_sent_it,
        a_reply_of_somebody_else_changes_nothing,
        unknown_properties_survive_every_change,
        what_is_not_there_is_not_found,
        what_is_no_calendar_is_refused,
        a_broken_event_is_named_and_the_rest_is_read,
        an_invitation_can_be_read_without_being_kept,
        a_mail_is_compared_with_what_is_kept,
        a_mail_about_one_occurrence_is_compared_with_that_one,
        a_cancellation_that_comes_late_changes_nothing,
        an_invitation_is_forwarded_as_a_request,
        two_sessions_at_once_leave_a_serial_result,
    }
}

#[path = "calendar_conformance/suite.rs"]
mod suite;
