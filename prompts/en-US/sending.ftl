### Sending voice messages, answers and forwards.

# Before the tone.
record-your-message = Record your message after the tone. When you are done, press pound.
# Before the tone, when something is forwarded.
record-introduction = Record an introduction after the tone, or press pound to send it without one.
# Before the options to send something with or without words of one's own.
optional-recording = You can add a spoken message.
optional-recording-record = To record it, press { $key }.
optional-recording-without = To send without it, press { $key }.
optional-recording-back = To leave everything as it is, press { $key }.
# Follows "sent" where mail for others cannot leave yet, because the administrator has not named a mail relay.
waits-for-relay = But mail for people outside cannot leave this system yet. It is kept, and goes out as soon as it can.
# Those who have no mailbox here do not get it.
protected-stays-inside = Protected messages do not leave this organization. { $count ->
    [one] This one does not go to { $count } recipient outside.
   *[other] This one does not go to { $count } recipients outside.
}
# The private mark cannot be set.
private-stays-inside = A message to somebody outside this organization cannot be private.
# It was cancelled.
nothing-sent = Nothing was sent.

# Options after the recording.
# $marks is yes, or no for words that go along with something else.
message-recording-accept = { $marks ->
    [no] To send it, press { $key }.
   *[yes] To send it, or mark it first, press { $key }.
}
message-recording-replay = To listen to it, press { $key }.
message-recording-start-over = To record it again, press { $key }.
message-recording-continue = To add to it, press { $key }.
message-recording-cancel = To cancel it, press { $key }.
# Options before sending. Silence sends.
message-sending-send = To send it now, press { $key }.
message-sending-important = To mark it as important, press { $key }.
message-sending-not-important = To mark it as normal, press { $key }.
message-sending-private = To mark it as private, press { $key }.
message-sending-not-private = To take the private mark away, press { $key }.
message-sending-back = To go back, press { $key }.

# Before the options of the recipients menu.
recipient-is = To { $name }.
recipients-are = { $count ->
    [one] To { $count } recipient.
   *[other] To { $count } recipients.
}
no-recipients = There is no recipient.
recipients-record = To record your message, press { $key }.
recipients-add = To add a recipient, press { $key }.
recipients-remove = To remove one, press { $key }.
recipients-cancel = To cancel, press { $key }.
recipient-there = This recipient is on the list already.
too-many-recipients = That would be too many recipients.
# One line of the list of recipients.
recipient-number = { $number }: { $name }.
remove-which = Enter the number of the recipient to remove, or press pound to keep them all.
no-such-recipient = There is no such number.
# After the name of the one who was removed.
recipient-removed = was removed.
