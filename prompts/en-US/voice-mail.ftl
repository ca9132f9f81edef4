### Listening to voice messages.

# No voice message at all.
no-voice-messages = You have no voice messages.
# The new ones are over, those heard before begin.
old-messages-follow = Those were your new messages. Next are the ones you have heard before.
# Who a message is from, when it came, and what is special about it. $sender is a name read aloud.
# $importance is high or normal, $private yes or no.
message-from = { $importance ->
    [high] Important.
   *[normal] {""}
} { $private ->
    [yes] Private.
   *[no] {""}
} From { $sender }, { $when }.
# The same before a recorded name, which follows; message-when comes after it.
message-from-recorded-name = { $importance ->
    [high] Important.
   *[normal] {""}
} { $private ->
    [yes] Private.
   *[no] {""}
} From
message-when = { $when }.
# The same for a number that belongs to nobody we know.
message-from-number = { $importance ->
    [high] Important.
   *[normal] {""}
} { $private ->
    [yes] Private.
   *[no] {""}
} From an unknown number, { $number }, { $when }.
# The same where no number was sent.
message-from-unknown = { $importance ->
    [high] Important.
   *[normal] {""}
} { $private ->
    [yes] Private.
   *[no] {""}
} From an unknown caller, { $when }.
# It is not its sender's own; $subject is what it forwards.
message-is-forwarded = Forwarded: { $subject }.
# The message carries a flag.
message-is-flagged = Flagged.
# The recording was cut short by a failure of the system.
message-cut-short = This message was cut short.
# Everything about a message, on request.
envelope = From { $sender }, received { $when }. { $importance ->
    [high] It is marked as important.
   *[normal] {""}
} { $private ->
    [yes] It is marked as private.
   *[no] {""}
} It is { $length } long.
envelope-from-number = From an unknown number, { $number }, received { $when }. { $importance ->
    [high] It is marked as important.
   *[normal] {""}
} { $private ->
    [yes] It is marked as private.
   *[no] {""}
} It is { $length } long.
envelope-from-unknown = From an unknown caller, received { $when }. { $importance ->
    [high] It is marked as important.
   *[normal] {""}
} { $private ->
    [yes] It is marked as private.
   *[no] {""}
} It is { $length } long.
# Follows the details of a message whose sender has a name.
envelope-number = The number is { $number }.
# The options while a message plays and after it.
voice-message-rewind = To go back a little, press { $key }.
voice-message-pause = To pause or go on, press { $key }.
voice-message-fast-forward = To skip ahead, press { $key }.
voice-message-end = To jump to the end, press { $key }.
voice-message-slower = To play slower, press { $key }.
voice-message-faster = To play faster, press { $key }.
voice-message-next = For the next message, press { $key }.
voice-message-delete = To delete, press { $key }.
voice-message-reply = To reply, press { $key }.
voice-message-forward = To forward it, press { $key }.
voice-message-mark-unread = To keep it as new, press { $key }.
voice-message-previous = For the previous message, press { $key }.
voice-message-replay = To hear it again, press { $key }.
voice-message-flag = To flag it, or to remove the flag, press { $key }.
voice-message-find-by-name = To find the messages of one sender, press { $key }.
voice-message-undo = To take back the last deletion, press { $key }.
voice-message-envelope = For the details of the message, press { $key }.
# Said when a message has ended, before the options.
end-of-message = End of message.
# What was done.
message-deleted = Message deleted.
message-marked-unread = Kept as new.
# There is nothing before the first message or after the last.
first-message = This is the first message.
no-more-messages = There are no more messages.
# The limits of the speed.
slowest = This is the slowest speed.
fastest = This is the fastest speed.
# Another telephone or a mail program has deleted the message meanwhile.
message-gone = That message has been deleted elsewhere.
# The messages cannot be reached; the main menu follows.
mailbox-unavailable = Sorry, your messages cannot be reached at the moment.
# What was to be saved did not fit into the mailbox.
own-mailbox-full = Sorry, your mailbox is full. Please delete some messages first.
# A message whose sound cannot be read; the next one follows.
message-unreadable = Sorry, this message can't be played.
