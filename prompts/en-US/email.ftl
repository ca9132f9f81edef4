### Listening to e-mail.

# No e-mail at all.
no-emails = You have no e-mail.
# The unread ones are over, those heard before begin.
old-emails-follow = Those were your unread messages. Next are the ones you have read before.
# Which one of how many, before a message.
message-position = Message { $number } of { $count }.
# Who a message is from. $kind tells what it is: note (ordinary), voice (a spoken reply), missed-call,
# request (to a meeting), response (to one), cancellation (of one), report (of delivery).
# The subject follows, as the sender wrote it, but not that of a missed call.
email-from = { $kind ->
    [voice] Voice reply. From
    [missed-call] Missed call from
    [request] Meeting request. From
    [response] Answer to a meeting request. From
    [cancellation] Meeting cancelled. From
    [report] Delivery report. From
   *[note] From
} { $sender }.
email-from-nobody = { $kind ->
    [voice] Voice reply. From an unknown sender.
    [missed-call] Missed call from an unknown caller.
    [request] Meeting request. From an unknown sender.
    [response] Answer to a meeting request. From an unknown sender.
    [cancellation] Meeting cancelled. From an unknown sender.
    [report] Delivery report. From an unknown sender.
   *[note] From an unknown sender.
}
email-no-subject = No subject.
# Follows the subject. $importance is high, normal or low; $private and $flagged are yes or no.
email-when = { $when }. { $importance ->
    [high] Important.
    [low] Not important.
   *[normal] {""}
} { $private ->
    [yes] Private.
   *[no] {""}
} { $flagged ->
    [yes] Flagged.
   *[no] {""}
}
# How many things are attached; their names follow.
email-attachments = { $count ->
    [one] { $count } attachment:
   *[other] { $count } attachments:
}
email-attachment = { $name }.
email-attachment-nameless = One without a name.
# The attachments that were not named.
email-more-attachments = { $count ->
    [one] And { $count } more.
   *[other] And { $count } more.
}
# Why there is nothing to read, or not all.
email-no-text = This message has no text.
email-encrypted = This message is encrypted. It can only be read with a mail program.
email-protected = This message is protected. It can only be read with a mail program.
email-cut = This message cannot be read as a whole. You will hear only the beginning.
email-too-complicated = This message is too complicated to be read out. It can be read with a mail program.
email-sound-missing = Some of the sound in this message cannot be played.
# Follows sender and subject of a message that cannot be read; the next one follows.
email-unreadable = Sorry, this message can't be read.
# Everything about a message, on request.
email-envelope-from = From { $sender }.
email-envelope-from-nobody = The sender is not known.
email-envelope-address = The address is { $address }.
# How many recipients; their names follow.
email-envelope-to = { $count ->
    [one] To { $count } person:
   *[other] To { $count } people:
}
email-envelope-cc = { $count ->
    [one] With a copy to { $count } person:
   *[other] With a copy to { $count } people:
}
# The recipients that were not named.
email-envelope-others = { $count ->
    [one] And { $count } other.
   *[other] And { $count } others.
}
email-envelope-when = Received { $when }. { $importance ->
    [high] It is marked as important.
    [low] It is marked as not important.
   *[normal] {""}
} { $private ->
    [yes] It is marked as private.
   *[no] {""}
} { $flagged ->
    [yes] It is flagged.
   *[no] {""}
}
email-envelope-kilobytes = { $count ->
    [one] Its size is { $count } kilobyte.
   *[other] Its size is { $count } kilobytes.
}
email-envelope-megabytes = { $count ->
    [one] Its size is { $count } megabyte.
   *[other] Its size is { $count } megabytes.
}
# A mail about a meeting; its sender, its subject and when it came have been read.
meeting-changed = The meeting has been changed.
# When it is:
meeting-timed = When: { $day }, from { $from } to { $to }.
meeting-moment = When: { $day } at { $from }.
meeting-long = When: from { $from-day } at { $from } to { $to-day } at { $to }.
meeting-all-day = When: { $day }, all day.
meeting-days = When: from { $from } to { $to }, all day.
# It is the first of a series, which is answered as a whole.
meeting-series = It is repeated. Your answer is for the whole series.
# The subject of the meeting, where it is not that of the mail.
meeting-about = About { $subject }.
# Somebody's answer to an invitation.
meeting-answer-of = { $answer ->
    [accepted] { $name } has accepted.
    [tentative] { $name } has accepted tentatively.
    [declined] { $name } has declined.
   *[none] { $name } has not decided yet.
}
# What else is in the calendar at that time: one appointment, several, none.
meeting-conflict = { $named ->
    [yes] It overlaps with another appointment: { $subject }.
   *[no] It overlaps with another appointment.
}
meeting-conflicts = { $count ->
    [one] It overlaps with { $count } other appointment.
   *[other] It overlaps with { $count } other appointments.
}
meeting-no-conflict = You have nothing else at that time.
# Why there is nothing to answer.
meeting-damaged = Sorry, the meeting in this message can't be read.
meeting-over = This meeting is over.
meeting-outdated = This is out of date. Your calendar has a newer version of the meeting.
meeting-cancelled-since = This meeting has been cancelled.
meeting-answer-outdated = The meeting has changed since this answer was written.
meeting-not-by-organiser = This does not come from the organizer of the meeting in your calendar, so nothing was changed.
meeting-not-invited = You are not invited by name, so no answer can be sent.
meeting-not-in-calendar = It is not in your calendar.
meeting-still-in-calendar = It is still in your calendar.
meeting-removed = It is no longer in your calendar.
# After the key that declines and deletes; the options follow.
decline-or-delete = Do you want to decline?
meeting-decline-decline = To decline the meeting, press { $key }.
# $of is where it is read: the e-mail, or the calendar.
meeting-decline-delete = { $of ->
    [calendar] To delete it without an answer, press { $key }.
   *[email] To delete only the message, press { $key }.
}
meeting-decline-back = To go back, press { $key }.
# The options while a message is read and after it.
email-rewind = To go back a little, press { $key }.
email-pause = To pause or go on, press { $key }.
email-fast-forward = To skip ahead, press { $key }.
email-end = To jump to the end, press { $key }.
email-slower = To read slower, press { $key }.
email-faster = To read faster, press { $key }.
email-next = For the next message, press { $key }.
email-accept = To accept, press { $key }.
email-remove-meeting = To take it out of your calendar, press { $key }.
email-decline = To decline or delete it, press { $key }.
email-delete = To delete, press { $key }.
email-reply = To reply, press { $key }.
email-reply-all = To reply to everybody, press { $key }.
email-forward = To forward it, press { $key }.
email-mark-unread = To keep it as new, press { $key }.
email-next-unread = For the next unread message, press { $key }.
email-previous = For the previous message, press { $key }.
email-delete-conversation = To delete the whole conversation, press { $key }.
email-hide-conversation = To hear nothing more of this conversation in this call, press { $key }.
email-undo = To take back the last deletion, press { $key }.
email-replay = To hear it again, press { $key }.
email-quoted = To hear the earlier messages that it quotes, press { $key }.
email-flag = To flag it, or to remove the flag, press { $key }.
email-envelope = For the details of the message, press { $key }.
email-language = To hear it in another language, press { $key }.
email-find-by-name = To find the messages of one sender, press { $key }.
email-read-header = To hear sender and subject again, press { $key }.
# What was done.
message-flagged = Flagged.
message-not-flagged = The flag is removed.
conversation-hidden = You will hear nothing more of this conversation in this call.
conversation-deleted = { $count ->
    [one] { $count } message deleted.
   *[other] { $count } messages deleted.
}
no-more-unread = There are no more unread messages.
# Said after the first deletion of a call.
deletion-can-be-taken-back = To take it back, press { $key }.
messages-restored = { $count ->
    [0] The messages are no longer there.
    [one] { $count } message is back.
   *[other] { $count } messages are back.
}
nothing-to-take-back = There is no deletion to take back.
# Finding the messages of one sender.
spell-sender = Spell the name of the sender, and press pound. The first letters are enough. To go back, press star.
sender-not-found = There is no message from anybody of that name.
many-senders = { $count ->
    [one] { $count } sender has a name like that. Please enter more letters.
   *[other] { $count } senders have a name like that. Please enter more letters.
}
messages-of-sender = { $count ->
    [one] { $count } message from { $sender }.
   *[other] { $count } messages from { $sender }.
}
# Choosing the language that a message is read in.
choose-language = In which language do you want to hear it?
languages-first = For { $language }, press { $key }.
languages-second = For { $language }, press { $key }.
languages-third = For { $language }, press { $key }.
languages-fourth = For { $language }, press { $key }.
languages-fifth = For { $language }, press { $key }.
languages-sixth = For { $language }, press { $key }.
languages-next-page = For more languages, press { $key }.
languages-back = To leave it as it is, press { $key }.
# The names of languages, by their tags.
language-name = { $language ->
    [af] Afrikaans
    [ar] Arabic
    [bg] Bulgarian
    [bn] Bengali
    [ca] Catalan
    [cmn] Chinese
    [cs] Czech
    [da] Danish
    [de] German
    [el] Greek
    [es] Spanish
    [et] Estonian
    [fa] Persian
    [fi] Finnish
    [fr] French
    [hi] Hindi
    [hr] Croatian
    [hu] Hungarian
    [id] Indonesian
    [it] Italian
    [ja] Japanese
    [ko] Korean
    [lt] Lithuanian
    [lv] Latvian
    [nb] Norwegian
    [nl] Dutch
    [pl] Polish
    [pt] Portuguese
    [ro] Romanian
    [ru] Russian
    [sk] Slovak
    [sl] Slovenian
    [sr] Serbian
    [sv] Swedish
    [tr] Turkish
    [uk] Ukrainian
    [vi] Vietnamese
   *[en] English
}
