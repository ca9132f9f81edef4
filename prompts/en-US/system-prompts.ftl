### The welcome and the announcement of a dial plan, recorded by telephone.

# After pound and star on the way in.
system-prompts-sign-in = To record the welcome or the announcement, sign in.
# Then the subscriber's own mailbox opens.
system-prompts-not-allowed = You are not allowed to record the welcome or the announcement.
system-prompts-none = There is no welcome and no announcement to record. An administrator has to set a sound file for them first.
# Read before the options.
system-prompts = Welcome and announcement.
system-prompts-welcome = For the welcome, press { $key }.
system-prompts-announcement = For the announcement, press { $key }.
system-prompts-mailbox = To go on to your mailbox, press { $key }.
# Precede the recording.
welcome-is = Callers hear this welcome.
announcement-is = Callers hear this announcement.
system-prompt-unplayable = The present one cannot be played.
# Before the tone.
record-welcome = Record the welcome after the tone, then press pound.
    .brief = Welcome, after the tone.
record-announcement = Record the announcement after the tone, then press pound.
    .brief = Announcement, after the tone.
# Afterwards.
system-prompt-saved = Saved. Callers hear it from the next call on.
system-prompt-not-saved = Your recording could not be saved, and the old one stays. Please tell your administrator.
