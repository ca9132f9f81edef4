### Heard in every conversation.

# After a key that means nothing here, the first time.
not-a-choice = Sorry, that key does nothing here.
    .brief = No such key.
# After a key that means nothing here, the second time; the options follow.
not-a-choice-again = Sorry, that key does nothing here. These are your options.
    .brief = No such key. Options:
# After words that were not understood, the first time.
not-understood = Sorry, I didn't understand.
# After words that were not understood, the second time; the options follow.
not-understood-again = Sorry, I still didn't understand. You can also use the keys. These are your options.
# After words that were not understood, the third time.
keys-only = Let's use the keys from here on.
# Nothing was pressed or said, the first time; the options follow.
still-there = Are you still there?
# Nothing was pressed or said again and again; the call ends after it.
no-answer-goodbye = I can't hear you, so I'll end the call now. Goodbye.
# Too many wrong keys in a row; the call ends after it.
too-many-errors = Sorry, that isn't working. Please call again later. Goodbye.
# Asked before a word of doubtful hearing is acted upon. $words is what was understood; $yes and $no are
# keys.
did-you-say = Did you say { $words }? For yes, press { $yes }. For no, press { $no }.
# Something failed on our side; the conversation goes on.
fault-apology = Sorry, something went wrong on our side.
# The server is being stopped for maintenance.
shutdown-goodbye = Sorry, this service is going down for maintenance. Please call again later. Goodbye.
# Said a minute before the longest time for a call is over, between other words.
call-ends-soon = This call will end in { $length }.
# The longest time for a call is over.
call-too-long = This call has reached its longest time. Goodbye.
# The subscriber leaves.
goodbye = Goodbye.
# A subscriber has been silent for long; the call would end soon. How to prevent it follows.
ending-for-silence = I can't hear you, so I'll end the call in a moment.
# Option of the above.
waiting-wait = To take your time, press { $key }.
# The subscriber wants us to wait; we do, for some minutes.
waiting = I'll wait. Press any key to go on.
# The caller confirms something by yes or no.
yes-no-yes = For yes, press { $key }.
yes-no-no = For no, press { $key }.
# Options that every menu has.
everywhere-repeat = To hear the options again, press { $key }.
everywhere-more = For more options, press { $key }.
everywhere-help = For all options, press { $key }.
everywhere-main-menu = For the main menu, press { $key }.
# Spoken instead of a sentence that the voice cannot read.
unreadable-text = This text cannot be read.
