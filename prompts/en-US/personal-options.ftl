### Personal options.

# Read before the options.
personal-options = Personal options.
personal-options-away-on = To turn on the greeting for when you are away, press { $key }.
    .brief = Away greeting on, { $key }.
personal-options-away-off = To turn off the greeting for when you are away, press { $key }.
    .brief = Away greeting off, { $key }.
personal-options-greetings = For your greetings and recorded name, press { $key }.
personal-options-change-pin = To change your PIN, press { $key }.
personal-options-interface = To switch between keys and voice commands, press { $key }.
    .brief = Keys or voice, { $key }.
personal-options-time-zone = To set your time zone, press { $key }.
    .brief = Time zone, { $key }.
personal-options-time-format = To switch between 12 and 24 hours, press { $key }.
    .brief = 12 or 24 hours, { $key }.
personal-options-prompt-style = To switch between brief and full prompts, press { $key }.
    .brief = Brief or full prompts, { $key }.
personal-options-patience = To set how long I wait for you, press { $key }.
    .brief = Waiting time, { $key }.
personal-options-comfort = For playing speed and key layout, press { $key }.

# The switch was set.
away-greeting-on = Your away greeting is on.
away-greeting-off = Your away greeting is off.
# Yes and no follow.
auto-reply-on-too = Do you want an automatic reply to e-mail too?
auto-reply-off-too = Do you want to turn off the automatic reply to e-mail too?
auto-reply-on = The automatic reply is on.
auto-reply-off = The automatic reply is off.
# The away greeting is on, but nothing was recorded for it. Yes and no follow.
record-away-greeting-now = You have not recorded an away greeting. Do you want to record one now?

# What holds from now on.
interface-keys = From now on you use the keys.
interface-voice = From now on you can say what you want.
# Follows the above where nobody can recognise speech.
interface-keys-all-the-same = But voice commands are not available here, so you use the keys all the same.
time-format-12-hours = Times are told in twelve hours.
time-format-24-hours = Times are told in twenty-four hours.
prompts-brief = Prompts are brief from now on.
prompts-full = Prompts are full from now on.

# Choosing one of several by ear.
choosing-next = For the next one, press { $key }.
    .brief = Next, { $key }.
choosing-previous = For the previous one, press { $key }.
    .brief = Previous, { $key }.
choosing-take = To choose this one, press { $key }.
    .brief = Choose, { $key }.
choosing-leave = To leave it as it is, press { $key }.
    .brief = Leave it, { $key }.
# Nothing was changed.
left-as-it-is = All is as it was.
# A choice was made.
time-zone-set = Your time zone is set.
patience-set = Your waiting time is set.
speed-set = Your playing speed is set.
key-layout-set = Your key layout is set.

# How long we wait for keys.
patience-short = Half as long as usual.
patience-usual = As long as usual.
patience-long = Twice as long as usual.
patience-very-long = Four times as long as usual.

# Playing speed and key layout.
comfort = Playing speed and keys.
comfort-speed = For the playing speed of messages, press { $key }.
    .brief = Playing speed, { $key }.
comfort-key-layout = For the key layout, press { $key }.
    .brief = Key layout, { $key }.
comfort-back = To go back, press { $key }.
# $percent of the speed at which it was spoken.
speed-is = { $percent } percent.
# Key layouts by name.
key-layout-outlook-voice-access = Keys as in Outlook Voice Access.
# A layout of the administrator's own.
key-layout-other = Keys as in { $name }.
