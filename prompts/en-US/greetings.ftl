### The greetings and the recorded name of a subscriber.

# Read before the options.
greetings = Greetings.
greetings-personal = For your personal greeting, press { $key }.
greetings-away = For the greeting while you are away, press { $key }.
    .brief = Away greeting, { $key }.
greetings-name = For your recorded name, press { $key }.
greetings-back = To go back, press { $key }.
# Precede the recording.
greeting-personal-is = Callers hear this greeting.
greeting-away-is = Callers hear this greeting while you are away.
greeting-name-is = Your recorded name sounds like this.
# There is no recording.
greeting-personal-none = Callers hear the standard greeting.
greeting-away-none = Callers hear a standard greeting while you are away.
greeting-name-none = Your name is read by the system.
# Options for the chosen one.
greeting-edit-record = To record a new one, press { $key }.
greeting-edit-system = To use the standard one, press { $key }.
greeting-edit-back = To go back, press { $key }.
# Before the tone.
record-greeting = Record your greeting after the tone, then press pound.
    .brief = Greeting, after the tone.
record-away-greeting = Record your away greeting after the tone, then press pound.
    .brief = Away greeting, after the tone.
record-name = Say your name after the tone, then press pound.
    .brief = Name, after the tone.
# The recording was removed.
greeting-removed = The standard one is used from now on.
