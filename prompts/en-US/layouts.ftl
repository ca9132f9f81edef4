### Menus and options that only some key layouts have: folders, advanced options, setup options.

# Options of the main menu.
main-menu-new-messages = For new voice messages, press { $key }.
main-menu-folders = For saved or deleted voice messages, press { $key }.
main-menu-find-messages = To find voice messages, press { $key }.
main-menu-advanced = For advanced options, press { $key }.
main-menu-mailbox-options = For mailbox options, press { $key }.
main-menu-setup-options = For setup options, press { $key }.
main-menu-interface = To switch between keys and voice commands, press { $key }.
    .brief = Keys or voice, { $key }.

# Read before the options of the folders.
folders = Folders.
folders-new = For new messages, press { $key }.
folders-saved = For saved messages, press { $key }.
folders-deleted = For deleted messages, press { $key }.
folders-back = To go back, press { $key }.
# How many there are in a folder.
saved-messages = { $count ->
    [0] You have no saved voice messages.
    [one] You have { $count } saved voice message.
   *[other] You have { $count } saved voice messages.
}
deleted-messages = { $count ->
    [0] You have no deleted voice messages.
    [one] You have { $count } deleted voice message.
   *[other] You have { $count } deleted voice messages.
}

# Read before the ways to find messages.
find-messages = Find messages.
find-messages-user = From a colleague, press { $key }.
    .brief = Colleague, { $key }.
find-messages-outside = From all outside callers, press { $key }.
    .brief = All outside callers, { $key }.
find-messages-number = From one outside caller, press { $key }.
    .brief = One outside caller, { $key }.
find-messages-back = To go back, press { $key }.
# How many were left by outside callers.
messages-from-outside = { $count ->
    [0] There is no message from there.
    [one] { $count } message from outside.
   *[other] { $count } messages from outside.
}
number-of-caller = Enter the number of the caller, or its last digits, then press pound. To go back, press star.

# Options of a voice message.
voice-message-save = To save it, press { $key }.
voice-message-skip = To skip it and leave it as it is, press { $key }.
voice-message-undelete = To take the deletion back, press { $key }.
voice-message-restore = To restore it as heard, press { $key }.
voice-message-restore-as-new = To restore it as new, press { $key }.
voice-message-first = For the first message, press { $key }.
voice-message-last = For the last message, press { $key }.
voice-message-by-number = To go to a message by its number, press { $key }.
voice-message-folders = To change folders, press { $key }.
voice-message-advanced = For advanced options, press { $key }.
voice-message-options = For mailbox options, press { $key }.
message-saved = Saved.
which-message = Enter the number of the message, then press pound. To go back, press star.
no-such-message = There is no message of that number.

# The same for e-mail.
email-save = To save it, press { $key }.
email-skip = To skip it and leave it as it is, press { $key }.

# Read before the advanced options.
advanced = Advanced options.
advanced-reply = To reply, press { $key }.
advanced-envelope = For the details of the message, press { $key }.
advanced-send-message = To send a message to somebody else, press { $key }.
advanced-back = To go back, press { $key }.

# Read before the mailbox options.
mailbox-options = Mailbox options.
mailbox-options-greeting = To record your greeting, press { $key }.
mailbox-options-name = To record your name, press { $key }.
mailbox-options-away-on = To turn on the greeting for when you are away, press { $key }.
    .brief = Away greeting on, { $key }.
mailbox-options-away-off = To turn off the greeting for when you are away, press { $key }.
    .brief = Away greeting off, { $key }.
mailbox-options-change-pin = To change your PIN, press { $key }.
mailbox-options-others = For all other options, press { $key }.
mailbox-options-back = To go back, press { $key }.

# Read before the setup options.
setup-options = Setup options.
setup-options-greetings = For your greetings, press { $key }.
setup-options-message-settings = For message settings, press { $key }.
setup-options-preferences = For preferences, press { $key }.
setup-options-others = For all other options, press { $key }.
setup-options-back = To go back, press { $key }.
setup-greetings-record = To record a new greeting, press { $key }.
setup-greetings-away-on = To turn on the greeting for when you are away, press { $key }.
    .brief = Away greeting on, { $key }.
setup-greetings-away-off = To turn off the greeting for when you are away, press { $key }.
    .brief = Away greeting off, { $key }.
setup-greetings-other = To edit the greeting for when you are away, press { $key }.
    .brief = Edit away greeting, { $key }.
setup-greetings-system = To use the standard greeting, press { $key }.
setup-greetings-back = To go back, press { $key }.
message-settings = Message settings.
message-settings-prompt-style = To switch between brief and full prompts, press { $key }.
    .brief = Brief or full prompts, { $key }.
message-settings-speed = For the playing speed of messages, press { $key }.
    .brief = Playing speed, { $key }.
message-settings-back = To go back, press { $key }.
preferences = Preferences.
preferences-change-pin = To change your PIN, press { $key }.
preferences-name = For your recorded name, press { $key }.
preferences-back = To go back, press { $key }.

# Options after recording a message, where marks and sending stand in one menu.
message-recording-send = To send it, press { $key }.
message-recording-add-recipient = To add a recipient, press { $key }.
message-recording-important = To mark it as important, press { $key }.
message-recording-not-important = To mark it as normal, press { $key }.
message-recording-private = To mark it as private, press { $key }.
message-recording-not-private = To take the private mark away, press { $key }.

# Key layouts by name.
key-layout-unity-standard = Keys as in Unity Connection.
key-layout-asterisk = Keys as in Asterisk.
