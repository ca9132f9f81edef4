### The words of the printed key card. They are never heard.

card-title = Keys for voice access
card-subtitle = Press the keys at any time; you need not wait for the end of a sentence.
card-column-keys = Press
card-column-says = What it does, as you hear it
card-column-when = When
card-any-time = any time
card-while-playing = while a message plays
card-after-playing = when nothing plays
card-more = announced after zero zero

# Headings, one for each menu.
card-everywhere = Everywhere
card-yes-no = Questions with yes or no
card-waiting = When nothing was pressed for long
card-main-menu = Main menu
card-voice-message = Voice messages
card-email = E-mail
card-languages = E-mail: the language it is read in
card-appointment = An appointment
card-calendar-day = The end of a day in the calendar
card-meeting-details = The details of an appointment
card-meeting-accept = How to accept an invitation
card-greeting = While you hear a greeting
card-caller-recording = After leaving a message
card-caller-sending = Before sending a message
card-personal-options = Personal options
card-choosing = One of several, by ear
card-comfort = Playing speed and keys
card-greetings = Greetings
card-greeting-edit = One greeting
card-recipients = Recipients of a message
card-message-recording = After recording a message to send
card-message-sending = Before sending it
card-optional-recording = Sending with words or without
card-recording = After a recording of your own
card-setup-name = First call: your name
card-setup-greeting = First call: your greeting
card-people = People found
card-person = One person found, without a PIN
card-contact = One person or group found
