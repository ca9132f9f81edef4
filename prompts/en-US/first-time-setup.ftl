### The first call of a subscriber, after the PIN was changed.

# Begins the set-up.
setup-welcome = Welcome to your mailbox. Let's set it up. This takes a minute.
# Asks for the name, recorded after the tone.
setup-record-name = After the tone, please say your name, then press pound.
# Precedes the recorded name.
setup-name-is = Your name sounds like this.
# What to do with the recorded name.
setup-name-accept = To keep it, press { $key }.
setup-name-start-over = To record it again, press { $key }.
# Asks about the greeting that callers hear.
setup-greeting = Callers hear a standard greeting with your name in it.
setup-greeting-record = To record a greeting of your own, press { $key }.
setup-greeting-skip = To keep the standard greeting, press { $key }.
# All done.
setup-done = Your mailbox is ready.
