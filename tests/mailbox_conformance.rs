//! What every mailbox must do, whichever backend is behind it: the same assertions for all.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod embedded {
    use std::path::Path;
    use std::sync::Arc;

    use jiff::Timestamp;
    use rand::SeedableRng;
    use rand::rngs::StdRng;
    use ringback::mailbox::embedded::EmbeddedMailbox;
    use ringback::organisation::demo;
    use ringback::policy::pin::PinCost;
    use ringback::store::Store;

    use super::email;
    use super::suite::{self, Bench};

    /// The mailboxes of the demo, in this folder.
    fn mailboxes(folder: &Path) -> EmbeddedMailbox {
        let store = Store::open(folder).unwrap();
        let now = Timestamp::from_second(1_795_000_000).unwrap();
        let mut random = StdRng::seed_from_u64(1);
        demo::build(&store, &[], now, &mut random, PinCost::CHEAPEST).unwrap();
        EmbeddedMailbox::new(store)
    }

    /// A mailbox of its own for each assertion.
    fn bench() -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let mailbox = Arc::new(mailboxes(folder.path()));
        Bench {
            deposit: mailbox.clone(),
            mail: mailbox.clone(),
            settings: mailbox,
            mailbox: "alice".into(),
            other: "bob".into(),
            folder,
        }
    }

    #[test]
    fn files_without_sound_are_refused_with_a_reason() {
        let folder = tempfile::tempdir().unwrap();
        let mailbox = mailboxes(folder.path());
        let file = folder.path().join("message.wav");
        let envelope = suite::envelope(&"alice".into(), "nothing");
        let deliver = |bytes: &[u8]| {
            std::fs::write(&file, bytes).unwrap();
            mailbox.deliver_file(&envelope, &file)
        };
        let empty = deliver(&ringback::sound::wav::encode(&[])).unwrap_err();
        assert!(empty.to_string().contains("no sound"), "{empty}");
        let foreign = deliver(b"not a WAV file").unwrap_err();
        assert!(foreign.to_string().contains("convert it"), "{foreign}");
        assert_eq!(deliver(&ringback::sound::wav::encode(&[7; 8_000])), Ok(()));
    }

    macro_rules! assertions {
        ($suite:ident: $($name:ident),* $(,)?) => {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                $suite::$name(bench()).await;
            })*
        };
    }

    assertions! {
        email:
        an_email_is_found_with_all_it_had,
        emails_come_in_pages_unread_first,
        flags_are_set_and_cleared_alone,
        an_email_moves_and_comes_back,
        a_message_id_is_delivered_once,
        parallel_deliveries_of_one_mail_store_one,
        emails_of_others_are_out_of_reach,
        an_email_that_is_not_there_is_not_found,
        conversations_hold_together,
        usage_counts_emails_too,
        broken_mail_is_listed_with_what_can_be_read,
        guarded_mail_says_why_it_cannot_be_read,
        attached_sound_is_played_and_the_rest_is_refused,
        voice_mail_becomes_a_voice_message,
        changes_are_told_from_where_one_was,
        watching_wakes_for_a_change_and_only_then,
    }

    assertions! {
        suite:
        a_deposited_message_is_found_with_all_it_had,
        depositing_twice_stores_one_message,
        parallel_deposits_of_one_message_store_one,
        unread_comes_first_and_newest_first_in_both,
        reading_and_unreading_move_the_counts,
        deleting_moves_and_can_be_undone,
        messages_of_others_are_out_of_reach,
        what_is_not_there_is_not_found,
        ids_never_name_files_elsewhere,
        a_message_for_nobody_is_refused_for_good,
        usage_counts_what_is_stored,
        an_empty_message_is_a_message,
        hostile_text_comes_back_as_it_was,
        two_sessions_at_once_leave_a_serial_result,
        settings_are_kept_for_each,
        recordings_are_replaced_and_removed,
        recordings_may_be_replaced_while_they_are_read,
    }
}

#[path = "mailbox_conformance/email.rs"]
mod email;
#[path = "mailbox_conformance/suite.rs"]
mod suite;
