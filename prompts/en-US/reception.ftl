### Where a call arrives, before anybody has signed in.

# The first words of a call to voice access.
welcome = Welcome to voice access.
# The call was diverted to, or dialled, a mailbox that is switched off.
mailbox-disabled = Sorry, voice mail is switched off for this number. Goodbye.
# Somebody's name and nothing else; it is read where there is no recording of it.
name = { $name }.
