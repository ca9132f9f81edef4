### Taking a message for somebody who is away.

# The system's greeting for a person without a greeting of their own. $reason is busy when the line
# was busy, no-answer when nobody answered, other otherwise.
greeting = { $reason ->
    [busy] { $name } is on another call.
    [no-answer] { $name } can't answer right now.
   *[other] { $name } is not available.
}
# The same after the person's recorded name, which was just played.
greeting-after-recorded-name = { $reason ->
    [busy] is on another call.
    [no-answer] can't answer right now.
   *[other] is not available.
}
# Before the tone.
record-after-tone = Please leave a message after the tone. When you are done, hang up, or press pound for more options.
# The mailbox holds all it may.
mailbox-full = Sorry, this mailbox is full and can't take messages. Please try again later. Goodbye.
# The owner takes no messages from callers without a number.
no-anonymous-messages = Sorry, this mailbox takes no messages from callers who hide their number. Goodbye.
# Before the tone, when a caller adds to the message.
continue-after-tone = Go on after the tone.
# The take was silent or shorter than a second.
nothing-recorded = Nothing was recorded.
# Options after the recording.
caller-recording-accept = To send your message, or mark it first, press { $key }.
caller-recording-replay = To listen to it, press { $key }.
caller-recording-start-over = To record it again, press { $key }.
caller-recording-continue = To add to it, press { $key }.
caller-recording-cancel = To cancel it, press { $key }.
# Options before sending.
caller-sending-send = To send it now, press { $key }.
caller-sending-important = To mark it as important, press { $key }.
caller-sending-not-important = To mark it as normal, press { $key }.
caller-sending-private = To mark it as private, press { $key }.
caller-sending-not-private = To take the private mark away, press { $key }.
caller-sending-back = To go back, press { $key }.
# What was done.
marked-important = Marked as important.
marked-not-important = Marked as normal.
marked-private = Marked as private.
marked-not-private = No longer private.
# The end of a call that left a message.
message-sent = Your message has been sent.
# The end of a call that left none.
message-cancelled = Your message has been cancelled. Goodbye.
# The message could not be kept; the call ends after it.
message-not-sent = Sorry, something went wrong, and your message could not be saved. Please try again later.
# There is no room or no place for recordings at present; the call or the choice ends after it.
recording-unavailable = Sorry, nothing can be recorded at the moment. Please try again later.
# Keys while the greeting is heard. They are not announced; they stand on the key card.
greeting-skip-to-tone = To skip the greeting, press { $key }.
greeting-sign-in = To sign in to this mailbox, press { $key }.
# The system's greeting of somebody who has turned on the greeting for absence and recorded none.
greeting-away = { $name } is away at the moment.
# The same after the recorded name.
greeting-away-after-recorded-name = is away at the moment.
