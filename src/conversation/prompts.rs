//! The names of everything conversations say. The words stand in `prompts/<locale>/`, and `check`
//! joins the two: each name here must have words, and each message there must have a name.

use crate::line::PromptName;

macro_rules! prompts {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        $($(#[$doc])* pub(super) const $name: PromptName = PromptName($text);)*

        /// Every prompt that conversations say by name, the options of menus apart.
        pub(super) static ALL: &[PromptName] = &[$($name),*];
    };
}

prompts! {
    // Reception.
    /// The last word of a call.
    GOODBYE = "goodbye";
    /// Said by the server to whoever is still there when it stops.
    SHUTDOWN_GOODBYE = "shutdown-goodbye";
    /// The system's own welcome.
    WELCOME = "welcome";

    // The welcome and the announcement of a dial plan.
    /// Who is to record them has to sign in.
    SYSTEM_PROMPTS_SIGN_IN = "system-prompts-sign-in";
    /// This subscriber may not record them.
    SYSTEM_PROMPTS_NOT_ALLOWED = "system-prompts-not-allowed";
    /// No file is configured, so there is nothing to record.
    SYSTEM_PROMPTS_NONE = "system-prompts-none";
    /// Read before the options.
    SYSTEM_PROMPTS = "system-prompts";
    /// The present welcome follows.
    WELCOME_IS = "welcome-is";
    /// The present announcement follows.
    ANNOUNCEMENT_IS = "announcement-is";
    /// The present one cannot be played.
    SYSTEM_PROMPT_UNPLAYABLE = "system-prompt-unplayable";
    /// Before the tone.
    RECORD_WELCOME = "record-welcome";
    /// Before the tone.
    RECORD_ANNOUNCEMENT = "record-announcement";
    /// Kept: from the next call on callers hear it.
    SYSTEM_PROMPT_SAVED = "system-prompt-saved";
    /// What was recorded was not kept.
    SYSTEM_PROMPT_NOT_SAVED = "system-prompt-not-saved";

    // Personal options.
    /// The away greeting was switched on.
    AWAY_GREETING_ON = "away-greeting-on";
    /// The away greeting was switched off.
    AWAY_GREETING_OFF = "away-greeting-off";
    /// Shall the automatic reply be switched on too?
    AUTO_REPLY_ON_TOO = "auto-reply-on-too";
    /// Shall the automatic reply be switched off too?
    AUTO_REPLY_OFF_TOO = "auto-reply-off-too";
    /// The automatic reply was switched on.
    AUTO_REPLY_ON = "auto-reply-on";
    /// The automatic reply was switched off.
    AUTO_REPLY_OFF = "auto-reply-off";
    /// Shall an away greeting be recorded?
    RECORD_AWAY_GREETING_NOW = "record-away-greeting-now";
    /// Keys from now on.
    INTERFACE_KEYS = "interface-keys";
    /// Voice commands from now on.
    INTERFACE_VOICE = "interface-voice";
    /// But nobody can recognise speech here.
    INTERFACE_KEYS_ALL_THE_SAME = "interface-keys-all-the-same";
    /// Twelve hours from now on.
    TIME_FORMAT_12_HOURS = "time-format-12-hours";
    /// Twenty-four hours from now on.
    TIME_FORMAT_24_HOURS = "time-format-24-hours";
    /// Brief prompts from now on.
    PROMPTS_BRIEF = "prompts-brief";
    /// Full prompts from now on.
    PROMPTS_FULL = "prompts-full";
    /// Nothing was changed.
    LEFT_AS_IT_IS = "left-as-it-is";
    /// A zone was chosen.
    TIME_ZONE_SET = "time-zone-set";
    /// How long we wait was chosen.
    PATIENCE_SET = "patience-set";
    /// A speed was chosen.
    SPEED_SET = "speed-set";
    /// A key layout was chosen.
    KEY_LAYOUT_SET = "key-layout-set";
    /// Half as long.
    PATIENCE_SHORT = "patience-short";
    /// As configured.
    PATIENCE_USUAL = "patience-usual";
    /// Twice as long.
    PATIENCE_LONG = "patience-long";
    /// Four times as long.
    PATIENCE_VERY_LONG = "patience-very-long";
    /// Read before the options.
    COMFORT = "comfort";
    /// `$percent` of the normal speed.
    SPEED_IS = "speed-is";
    /// The default layout.
    KEY_LAYOUT_OUTLOOK_VOICE_ACCESS = "key-layout-outlook-voice-access";
    /// A key layout.
    KEY_LAYOUT_UNITY_STANDARD = "key-layout-unity-standard";
    /// A key layout.
    KEY_LAYOUT_ASTERISK = "key-layout-asterisk";
    /// A layout called `$name`.
    KEY_LAYOUT_OTHER = "key-layout-other";
    /// A zone whose city is `$city`.
    ZONE_OTHER = "zone-other";
    /// It is `$time` there.
    ZONE_TIME = "zone-time";
    /// What is said for an absent subscriber who has recorded nothing: `$name`.
    GREETING_AWAY = "greeting-away";
    /// The same after the recorded name.
    GREETING_AWAY_AFTER_RECORDED_NAME = "greeting-away-after-recorded-name";
    /// Callers hear this while the away greeting is on.
    GREETING_AWAY_IS = "greeting-away-is";
    /// Nothing is recorded for absence.
    GREETING_AWAY_NONE = "greeting-away-none";
    /// Record the away greeting after the tone.
    RECORD_AWAY_GREETING = "record-away-greeting";

    // Names.
    /// Somebody's name and nothing else: `$name`.
    NAME = "name";

    // Sign-in.
    /// Enter your extension; to contact someone press `#`.
    ENTER_EXTENSION = "enter-extension";
    /// Enter your extension; nobody can be contacted.
    ENTER_EXTENSION_ONLY = "enter-extension-only";
    /// Enter your PIN and `#`.
    ENTER_PIN = "enter-pin";
    /// The same by name, and what to do if it is another's mailbox: `$name`.
    ENTER_PIN_FOR = "enter-pin-for";
    /// The same after the recorded name.
    ENTER_PIN_FOR_RECORDED_NAME = "enter-pin-for-recorded-name";
    /// Enter your PIN again, or `*` for another extension.
    ENTER_PIN_AGAIN = "enter-pin-again";
    /// Voice mail opened without a PIN; this needs one.
    PIN_NEEDED = "pin-needed";
    /// The same once more.
    PIN_NEEDED_AGAIN = "pin-needed-again";
    /// The PIN is wrong; whose it is, is known.
    PIN_WRONG = "pin-wrong";
    /// Voice mail was opened without a PIN for `$name`.
    OWN_PHONE = "own-phone";
    /// The same before the recorded name.
    OWN_PHONE_RECORDED_NAME = "own-phone-recorded-name";
    /// Extension or PIN is wrong; never says which.
    PIN_INCORRECT = "pin-incorrect";
    /// Too many wrong sign-ins in this call; call again later.
    TOO_MANY_ATTEMPTS = "too-many-attempts";
    /// Locked or blocked; ask the administrator.
    MAILBOX_LOCKED = "mailbox-locked";
    /// The PIN is right, but signing in by telephone is switched off.
    SIGN_IN_NOT_ALLOWED = "sign-in-not-allowed";
    /// PINs can be neither checked nor changed at present.
    SIGN_IN_UNAVAILABLE = "sign-in-unavailable";

    // Change of PIN.
    /// The PIN has to be changed before anything else.
    PIN_MUST_CHANGE = "pin-must-change";
    /// Enter a new PIN of at least `$digits`.
    ENTER_NEW_PIN = "enter-new-pin";
    /// Enter it once more.
    CONFIRM_NEW_PIN = "confirm-new-pin";
    /// The two differ.
    PINS_DIFFER = "pins-differ";
    /// Fewer than `$digits` digits.
    PIN_TOO_SHORT = "pin-too-short";
    /// More than `$digits` digits.
    PIN_TOO_LONG = "pin-too-long";
    /// Part of the subscriber's own number.
    PIN_OWN_NUMBER = "pin-own-number";
    /// All digits equal or in sequence.
    PIN_COMMON_PATTERN = "pin-common-pattern";
    /// One of the last PINs.
    PIN_USED_BEFORE = "pin-used-before";
    /// Done.
    PIN_CHANGED = "pin-changed";
    /// The PIN stays as it was.
    PIN_NOT_CHANGED = "pin-not-changed";

    // First-time set-up.
    /// What is going to happen.
    SETUP_WELCOME = "setup-welcome";
    /// Say your name after the tone.
    SETUP_RECORD_NAME = "setup-record-name";
    /// Before the recorded name.
    SETUP_NAME_IS = "setup-name-is";
    /// What callers hear now.
    SETUP_GREETING = "setup-greeting";
    /// All is ready.
    SETUP_DONE = "setup-done";

    // Summary and main menu.
    /// How many new voice messages: `$count`.
    SUMMARY_VOICE_MESSAGES = "summary-voice-messages";
    /// How many new e-mails: `$count`.
    SUMMARY_EMAILS = "summary-emails";
    /// Nobody can leave a message any more.
    SUMMARY_FULL = "summary-full";
    /// Callers hear the away greeting.
    SUMMARY_AWAY = "summary-away";
    /// E-mail is still answered, though callers do not hear that greeting.
    SUMMARY_AUTO_REPLY = "summary-auto-reply";
    /// How it goes off: `$key`.
    SUMMARY_AWAY_OFF = "summary-away-off";
    /// Where the caller is.
    MAIN_MENU = "main-menu";
    /// Shall the call end?
    END_THE_CALL = "end-the-call";

    // Sending.
    /// Speak after the tone.
    RECORD_YOUR_MESSAGE = "record-your-message";
    /// Introduce what is forwarded after the tone, or press `#`.
    RECORD_INTRODUCTION = "record-introduction";
    /// Words to go along with what is sent?
    OPTIONAL_RECORDING = "optional-recording";
    /// Some of the recipients do not get it: it is protected, and they have no mailbox of ours.
    PROTECTED_STAYS_INSIDE = "protected-stays-inside";
    /// The private mark cannot be set, for the same reason.
    PRIVATE_STAYS_INSIDE = "private-stays-inside";
    /// Nothing was sent.
    NOTHING_SENT = "nothing-sent";
    /// Who gets it: `$name`.
    RECIPIENT_IS = "recipient-is";
    /// How many get it: `$count`.
    RECIPIENTS_ARE = "recipients-are";
    /// Nobody gets it.
    NO_RECIPIENTS = "no-recipients";
    /// He is on the list already.
    RECIPIENT_THERE = "recipient-there";
    /// The list is full.
    TOO_MANY_RECIPIENTS = "too-many-recipients";
    /// One entry of the list: `$number`, `$name`.
    RECIPIENT_NUMBER = "recipient-number";
    /// Which number shall go?
    REMOVE_WHICH = "remove-which";
    /// There is no such number.
    NO_SUCH_RECIPIENT = "no-such-recipient";
    /// After the name: he is off the list.
    RECIPIENT_REMOVED = "recipient-removed";

    // Voice messages.
    /// Nothing there.
    NO_VOICE_MESSAGES = "no-voice-messages";
    /// The new ones are over.
    OLD_MESSAGES_FOLLOW = "old-messages-follow";
    /// The last one has been dealt with.
    NO_MORE_MESSAGES = "no-more-messages";
    /// There is none before this one.
    FIRST_MESSAGE = "first-message";
    /// Header with a written name: `$sender`, `$when`, `$importance`, `$private`.
    MESSAGE_FROM = "message-from";
    /// Header up to the recorded name: `$importance`, `$private`.
    MESSAGE_FROM_RECORDED_NAME = "message-from-recorded-name";
    /// The rest of that header: `$when`.
    MESSAGE_WHEN = "message-when";
    /// Header with a number that nobody is known by.
    MESSAGE_FROM_NUMBER = "message-from-number";
    /// Header without a sender.
    MESSAGE_FROM_UNKNOWN = "message-from-unknown";
    /// A crash took the end.
    MESSAGE_CUT_SHORT = "message-cut-short";
    /// Everything about a message: `$sender`, `$when`, `$importance`, `$private`, `$length`.
    ENVELOPE = "envelope";
    /// The same with a number.
    ENVELOPE_FROM_NUMBER = "envelope-from-number";
    /// The same without a sender.
    ENVELOPE_FROM_UNKNOWN = "envelope-from-unknown";
    /// The number of a sender whose name was said: `$number`.
    ENVELOPE_NUMBER = "envelope-number";
    /// After the sound of a message.
    END_OF_MESSAGE = "end-of-message";
    /// Moved to Deleted Items.
    MESSAGE_DELETED = "message-deleted";
    /// Stays new.
    MESSAGE_MARKED_UNREAD = "message-marked-unread";
    /// Somebody else has deleted it meanwhile.
    MESSAGE_GONE = "message-gone";
    /// Its sound cannot be had; on to the next.
    MESSAGE_UNREADABLE = "message-unreadable";
    /// As fast as it gets.
    FASTEST = "fastest";
    /// As slow as it gets.
    SLOWEST = "slowest";

    // Messages of either kind.
    /// Which of how many: `$number`, `$count`.
    MESSAGE_POSITION = "message-position";
    /// It was flagged before.
    /// It forwards another one: `$subject`.
    MESSAGE_IS_FORWARDED = "message-is-forwarded";
    MESSAGE_IS_FLAGGED = "message-is-flagged";
    /// Marked for follow-up.
    MESSAGE_FLAGGED = "message-flagged";
    /// The mark is gone.
    MESSAGE_NOT_FLAGGED = "message-not-flagged";
    /// What was deleted just now can come back: `$key`.
    DELETION_CAN_BE_TAKEN_BACK = "deletion-can-be-taken-back";
    /// So many deleted messages are back: `$count`.
    MESSAGES_RESTORED = "messages-restored";
    /// Nothing was deleted in this call that could be taken back.
    NOTHING_TO_TAKE_BACK = "nothing-to-take-back";
    /// Spell the name of the sender.
    SPELL_SENDER = "spell-sender";
    /// Nobody of that name has sent anything.
    SENDER_NOT_FOUND = "sender-not-found";
    /// More letters, please: `$count`.
    MANY_SENDERS = "many-senders";
    /// What was found: `$count`, `$sender`.
    MESSAGES_OF_SENDER = "messages-of-sender";

    // E-mail.
    /// Nothing there.
    NO_EMAILS = "no-emails";
    /// The unread ones are over.
    OLD_EMAILS_FOLLOW = "old-emails-follow";
    /// Who it is from: `$kind`, `$sender`.
    EMAIL_FROM = "email-from";
    /// The same without a sender.
    EMAIL_FROM_NOBODY = "email-from-nobody";
    /// Nothing was written there.
    EMAIL_NO_SUBJECT = "email-no-subject";
    /// The rest of the header: `$when`, `$importance`, `$private`, `$flagged`.
    EMAIL_WHEN = "email-when";
    /// How many: `$count`.
    EMAIL_ATTACHMENTS = "email-attachments";
    /// One of them: `$name`.
    EMAIL_ATTACHMENT = "email-attachment";
    /// One without a name.
    EMAIL_ATTACHMENT_NAMELESS = "email-attachment-nameless";
    /// Those that were not named: `$count`.
    EMAIL_MORE_ATTACHMENTS = "email-more-attachments";
    /// There is nothing to read.
    EMAIL_NO_TEXT = "email-no-text";
    /// Nobody but the owner's mail program can read it.
    EMAIL_ENCRYPTED = "email-encrypted";
    /// The same for rights that are kept elsewhere.
    EMAIL_PROTECTED = "email-protected";
    /// There is more than can be read.
    EMAIL_CUT = "email-cut";
    /// Nothing of it can be read: it has more parts within parts than are taken apart.
    EMAIL_TOO_COMPLICATED = "email-too-complicated";
    /// Attached sound is broken or too long.
    EMAIL_SOUND_MISSING = "email-sound-missing";
    /// It cannot be read; on to the next.
    EMAIL_UNREADABLE = "email-unreadable";
    /// The sender: `$sender`.
    EMAIL_ENVELOPE_FROM = "email-envelope-from";
    /// There is none.
    EMAIL_ENVELOPE_FROM_NOBODY = "email-envelope-from-nobody";
    /// The address of a sender whose name was said: `$address`.
    EMAIL_ENVELOPE_ADDRESS = "email-envelope-address";
    /// How many recipients: `$count`.
    EMAIL_ENVELOPE_TO = "email-envelope-to";
    /// The same for copies.
    EMAIL_ENVELOPE_CC = "email-envelope-cc";
    /// Those that were not named: `$count`.
    EMAIL_ENVELOPE_OTHERS = "email-envelope-others";
    /// When, and marks: `$when`, `$importance`, `$private`, `$flagged`.
    EMAIL_ENVELOPE_WHEN = "email-envelope-when";
    /// Its size: `$count`.
    EMAIL_ENVELOPE_KILOBYTES = "email-envelope-kilobytes";
    /// The same when it is large.
    EMAIL_ENVELOPE_MEGABYTES = "email-envelope-megabytes";
    /// Not read out any more in this call.
    CONVERSATION_HIDDEN = "conversation-hidden";
    /// So many went to Deleted Items: `$count`.
    CONVERSATION_DELETED = "conversation-deleted";
    /// `##` leads nowhere.
    NO_MORE_UNREAD = "no-more-unread";
    /// Before the list of languages.
    CHOOSE_LANGUAGE = "choose-language";
    /// The name of a language: `$language`.
    LANGUAGE_NAME = "language-name";
    // Calendar.
    /// Which day it is, and how many appointments it has: `$day`, `$count`.
    CALENDAR_DAY = "calendar-opening";
    /// So many items cannot be read: `$count`.
    CALENDAR_BROKEN = "calendar-broken";
    /// One that is damaged and left out, by its subject: `$name`.
    CALENDAR_BROKEN_ITEM = "calendar-broken-item";
    /// The appointments cannot be reached at present.
    CALENDAR_UNAVAILABLE = "calendar-unavailable";
    /// None before this one.
    FIRST_APPOINTMENT = "first-appointment";
    /// None after the last one.
    NO_MORE_APPOINTMENTS = "no-more-appointments";
    /// An appointment within a day: `$named`, `$subject`, `$from`, `$to`.
    APPOINTMENT_TIMED = "appointment-timed";
    /// One without a length: `$named`, `$subject`, `$from`.
    APPOINTMENT_MOMENT = "appointment-moment";
    /// One that begins or ends on another day: `$named`, `$subject`, `$from-day`, `$from`, `$to-day`,
    /// `$to`.
    APPOINTMENT_LONG = "appointment-long";
    /// The whole day: `$named`, `$subject`.
    APPOINTMENT_ALL_DAY = "appointment-all-day";
    /// Several whole days: `$named`, `$subject`, `$from`, `$to`.
    APPOINTMENT_DAYS = "appointment-days";
    /// Its time may be wrong.
    APPOINTMENT_ZONE_UNCERTAIN = "appointment-zone-uncertain";
    /// Where: `$location`.
    APPOINTMENT_LOCATION = "appointment-location";
    /// Who invited: `$name`.
    APPOINTMENT_ORGANISER = "appointment-organiser";
    /// The subscriber invited.
    APPOINTMENT_OWN = "appointment-own";
    /// The subscriber's answer: `$answer`.
    APPOINTMENT_ANSWER = "appointment-answer";
    /// Not for others' eyes.
    APPOINTMENT_PRIVATE = "appointment-private";
    /// Nothing but what was read.
    NO_DETAILS = "no-details";
    /// After the description.
    END_OF_DETAILS = "end-of-details";
    /// Who has answered so: `$answer`, `$names`, `$more`.
    ATTENDANCE = "attendance";
    /// How late, in minutes?
    HOW_LATE = "how-late";
    /// The same after something else was entered.
    HOW_LATE_AGAIN = "how-late-again";
    /// Everybody is told: `$count` minutes.
    LATE_TOLD = "late-told";
    /// Accept, or accept tentatively?
    ACCEPT_HOW = "accept-how";
    /// Done.
    MEETING_ACCEPTED = "meeting-accepted";
    /// Done.
    MEETING_TENTATIVE = "meeting-tentative";
    /// Done; it has left the calendar.
    MEETING_DECLINED = "meeting-declined";
    /// It has left the calendar, and nobody is told.
    DECLINED_WITHOUT_ANSWER = "declined-without-answer";
    /// Shall the meeting be cancelled?
    CANCEL_MEETING = "cancel-meeting";
    /// Shall the appointment be deleted?
    CANCEL_APPOINTMENT = "cancel-appointment";
    /// Done, and everybody is told.
    MEETING_CANCELLED = "meeting-cancelled";
    /// Done.
    APPOINTMENT_REMOVED = "appointment-removed";
    /// How many hours? `*` for days.
    CLEAR_HOW_MANY_HOURS = "clear-how-many-hours";
    /// The same after something else was entered.
    CLEAR_HOURS_AGAIN = "clear-hours-again";
    /// How many days?
    CLEAR_HOW_MANY_DAYS = "clear-how-many-days";
    /// The same after something else was entered.
    CLEAR_DAYS_AGAIN = "clear-days-again";
    /// Nothing is in that time.
    CLEAR_NOTHING = "clear-nothing";
    /// What will happen: `$count`, `$cancelled`, `$declined`, `$deleted`.
    CLEAR_COUNT = "clear-count";
    /// From when to when is cleared, by `$extent`: `$from-day`, `$from`, `$to-day`, `$to`; the count follows.
    CLEAR_RANGE = "clear-range";
    /// The caller did not want it.
    NOTHING_CHANGED = "nothing-changed";
    /// So many are gone: `$count`.
    CLEAR_DONE = "clear-done";
    /// So many are still there: `$count`.
    CLEAR_FAILED = "clear-failed";
    /// Nobody else can be reached.
    NOBODY_TO_TELL = "nobody-to-tell";

    // Meetings in e-mail.
    /// A part of the mail makes no sense.
    MEETING_DAMAGED = "meeting-damaged";
    /// Where the meeting's subject is not the mail's: `$subject`.
    MEETING_ABOUT = "meeting-about";
    /// It was sent before, and is different now.
    MEETING_CHANGED = "meeting-changed";
    /// Within a day: `$day`, `$from`, `$to`.
    MEETING_TIMED = "meeting-timed";
    /// Without a length: `$day`, `$from`.
    MEETING_MOMENT = "meeting-moment";
    /// Over more than a day: `$from-day`, `$from`, `$to-day`, `$to`.
    MEETING_LONG = "meeting-long";
    /// A whole day: `$day`.
    MEETING_ALL_DAY = "meeting-all-day";
    /// Several whole days: `$from`, `$to`.
    MEETING_DAYS = "meeting-days";
    /// It repeats.
    MEETING_SERIES = "meeting-series";
    /// Somebody's answer: `$name`, `$answer`.
    MEETING_ANSWER_OF = "meeting-answer-of";
    /// It overlaps with this: `$named`, `$subject`.
    MEETING_CONFLICT = "meeting-conflict";
    /// It overlaps with so many: `$count`.
    MEETING_CONFLICTS = "meeting-conflicts";
    /// It overlaps with nothing.
    MEETING_NO_CONFLICT = "meeting-no-conflict";
    /// It has taken place.
    MEETING_OVER = "meeting-over";
    /// The calendar has a newer version.
    MEETING_OUTDATED = "meeting-outdated";
    /// It was cancelled after this request.
    MEETING_CANCELLED_SINCE = "meeting-cancelled-since";
    /// An answer to a version that has changed since.
    MEETING_ANSWER_OUTDATED = "meeting-answer-outdated";
    /// The sender has no right to change it.
    MEETING_NOT_BY_ORGANISER = "meeting-not-by-organiser";
    /// Nobody asked the subscriber by name.
    MEETING_NOT_INVITED = "meeting-not-invited";
    /// There is nothing of it in the calendar.
    MEETING_NOT_IN_CALENDAR = "meeting-not-in-calendar";
    /// It is cancelled, and there all the same.
    MEETING_STILL_IN_CALENDAR = "meeting-still-in-calendar";
    /// It has left the calendar.
    MEETING_REMOVED = "meeting-removed";
    /// Decline, or only delete the mail?
    DECLINE_OR_DELETE = "decline-or-delete";

    // Mails about meetings. `$name` sends them; `$named` and `$subject` are the meeting's.
    /// Subject of an acceptance.
    MAIL_ACCEPTED_SUBJECT = "mail-accepted-subject";
    /// Its text.
    MAIL_ACCEPTED = "mail-accepted";
    /// Subject of a tentative acceptance.
    MAIL_TENTATIVE_SUBJECT = "mail-tentative-subject";
    /// Its text.
    MAIL_TENTATIVE = "mail-tentative";
    /// Subject of a refusal.
    MAIL_DECLINED_SUBJECT = "mail-declined-subject";
    /// Its text.
    MAIL_DECLINED = "mail-declined";
    /// Subject of a cancellation.
    MAIL_CANCELLED_SUBJECT = "mail-cancelled-subject";
    /// Its text.
    MAIL_CANCELLED = "mail-cancelled";
    /// Subject of "I'll be late": `$count`, `$minutes`.
    MAIL_LATE_SUBJECT = "mail-late-subject";
    /// Its text.
    MAIL_LATE = "mail-late";
    /// Subject of the words that go with a cleared calendar.
    MAIL_CLEARED_SUBJECT = "mail-cleared-subject";
    /// Its text.
    MAIL_CLEARED = "mail-cleared";
    /// What goes with a forwarded meeting: `$when`.
    MAIL_FORWARDED = "mail-forwarded";

    // Summary, its part of the calendar.
    /// What is next today: `$from`, `$named`, `$subject`.
    SUMMARY_NEXT_MEETING = "summary-next-meeting";

    // Recording.
    /// The last sentence before the tone of call answering.
    RECORD_AFTER_TONE = "record-after-tone";
    /// Before the tone when what was recorded goes on.
    CONTINUE_AFTER_TONE = "continue-after-tone";
    /// Nothing usable was heard.
    NOTHING_RECORDED = "nothing-recorded";
    /// No room for more in this recording.
    RECORDING_LIMIT = "recording-limit";
    /// Recording is not possible at present.
    RECORDING_UNAVAILABLE = "recording-unavailable";
    /// Sent.
    MESSAGE_SENT = "message-sent";
    /// Follows what was sent: people elsewhere get it once there is a mail relay.
    WAITS_FOR_RELAY = "waits-for-relay";
    /// Thrown away at the caller's wish.
    MESSAGE_CANCELLED = "message-cancelled";
    /// It could not be kept.
    MESSAGE_NOT_SENT = "message-not-sent";
    /// Important from now on.
    MARKED_IMPORTANT = "marked-important";
    /// As usual again.
    MARKED_NOT_IMPORTANT = "marked-not-important";
    /// Private from now on.
    MARKED_PRIVATE = "marked-private";
    /// Not private any more.
    MARKED_NOT_PRIVATE = "marked-not-private";

    // Call answering.
    /// The system's greeting: `$name`, `$reason`.
    GREETING = "greeting";
    /// What follows the recorded name: `$reason`.
    GREETING_AFTER_RECORDED_NAME = "greeting-after-recorded-name";
    /// No voice mail at this extension.
    MAILBOX_DISABLED = "mailbox-disabled";
    /// Callers without a number cannot leave a message here.
    NO_ANONYMOUS_MESSAGES = "no-anonymous-messages";
    /// No more room in this mailbox.
    MAILBOX_FULL = "mailbox-full";

    // Directory search.
    /// Spell the name or alias: `$by`.
    SPELL_NAME = "spell-name";
    /// Or `##` to spell the other way: `$by`.
    OR_SWITCH_SPELLING = "or-switch-spelling";
    /// Spell on, where it was left.
    SPELL_ON = "spell-on";
    /// Several of the name, `$count`; spell the alias of one.
    SPELL_ALIAS_OF_ONE = "spell-alias-of-one";
    /// Enter the extension of the person.
    EXTENSION_OF_PERSON = "extension-of-person";
    /// Or `#` to spell the other way: `$by`.
    OR_SPELL_OTHERWISE = "or-spell-otherwise";
    /// Nobody is found by that.
    NOBODY_FOUND = "nobody-found";
    /// Too many: more letters, please.
    TOO_MANY_FOUND = "too-many-found";
    /// How many were found, before the choices: `$count`.
    PEOPLE_FOUND = "people-found";
    /// The message will be for the person just named.
    LEAVE_MESSAGE_AFTER_TONE = "leave-message-after-tone";
    /// The search is not possible at present.
    DIRECTORY_UNAVAILABLE = "directory-unavailable";

    // Personal contacts, and what is known of people.
    /// Spell a contact; whether `00` leads to the directory: `$directory`.
    SPELL_CONTACT = "spell-contact";
    /// No contact and no group is found by that.
    NO_CONTACT_FOUND = "no-contact-found";
    /// The contacts cannot be searched at present.
    CONTACTS_UNAVAILABLE = "contacts-unavailable";
    /// Neither contacts nor directory may be searched.
    FINDING_NOT_ALLOWED = "finding-not-allowed";
    /// Neither mailbox nor mail address.
    NO_WAY_TO_SEND = "no-way-to-send";
    /// Nobody in the group can be reached.
    GROUP_EMPTY = "group-empty";
    /// The group has more members than a message may go to.
    GROUP_TOO_LARGE = "group-too-large";
    /// Job title: `$text`.
    DETAILS_TITLE = "details-title";
    /// Department: `$text`.
    DETAILS_DEPARTMENT = "details-department";
    /// Company: `$text`.
    DETAILS_COMPANY = "details-company";
    /// Where somebody works: `$text`.
    DETAILS_LOCATION = "details-location";
    /// Extension: `$number`.
    DETAILS_EXTENSION = "details-extension";
    /// Office: `$number`.
    DETAILS_BUSINESS = "details-business";
    /// Mobile: `$number`.
    DETAILS_MOBILE = "details-mobile";
    /// At home: `$number`.
    DETAILS_HOME = "details-home";
    /// Mail address: `$user`, `$host`.
    DETAILS_MAIL = "details-mail";
    /// How many members a group has, before their names: `$count`.
    DETAILS_MEMBERS = "details-members";
    /// So many are not read: `$count`.
    DETAILS_MORE_MEMBERS = "details-more-members";
    /// There is a name and nothing else.
    DETAILS_NONE = "details-none";

    // Folders and options of other key layouts.
    /// Where the caller is.
    FOLDERS = "folders";
    /// Where the caller is.
    FIND_MESSAGES = "find-messages";
    /// Where the caller is.
    ADVANCED = "advanced";
    /// Where the caller is.
    MAILBOX_OPTIONS = "mailbox-options";
    /// Where the caller is.
    SETUP_OPTIONS = "setup-options";
    /// Where the caller is.
    MESSAGE_SETTINGS = "message-settings";
    /// Where the caller is.
    PREFERENCES = "preferences";
    /// So many have been heard before: `$count`.
    SAVED_MESSAGES = "saved-messages";
    /// So many lie in Deleted Items: `$count`.
    DELETED_MESSAGES = "deleted-messages";
    /// So many were left by callers from outside: `$count`.
    MESSAGES_FROM_OUTSIDE = "messages-from-outside";
    /// The number of the caller whose messages are looked for.
    NUMBER_OF_CALLER = "number-of-caller";
    /// The number of the message to go to.
    WHICH_MESSAGE = "which-message";
    /// There is none of that number.
    NO_SUCH_MESSAGE = "no-such-message";
    /// Marked as heard.
    MESSAGE_SAVED = "message-saved";

    // Personal options and greetings.
    /// Where the caller is.
    PERSONAL_OPTIONS = "personal-options";
    /// Where the caller is.
    GREETINGS = "greetings";
    /// Before the personal greeting.
    GREETING_PERSONAL_IS = "greeting-personal-is";
    /// Callers hear the system's greeting.
    GREETING_PERSONAL_NONE = "greeting-personal-none";
    /// Before the recorded name.
    GREETING_NAME_IS = "greeting-name-is";
    /// A voice reads the name.
    GREETING_NAME_NONE = "greeting-name-none";
    /// Record the greeting after the tone.
    RECORD_GREETING = "record-greeting";
    /// Say your name after the tone.
    RECORD_NAME = "record-name";
    /// The new recording is in use.
    RECORDING_SAVED = "recording-saved";
    /// The recording is as it was.
    RECORDING_CANCELLED = "recording-cancelled";
    /// The system's is in use.
    GREETING_REMOVED = "greeting-removed";

    // Faults.
    /// The subscriber's messages cannot be reached at present.
    MAILBOX_UNAVAILABLE = "mailbox-unavailable";
    /// The subscriber's mailbox has no room for this.
    OWN_MAILBOX_FULL = "own-mailbox-full";
}
