### Where a call arrives, before anybody has signed in.

# The first words of a call to voice access.
welcome = Welcome to voice access.
# The first words, where the organisation has given its name.
welcome-to = Welcome to voice access of { $organisation }.
# The directory was asked for, but nobody can be found by telephone yet.
directory-not-available = Sorry, the directory can't be searched by telephone.
# The call was diverted to, or dialled, a mailbox that is switched off.
mailbox-disabled = Sorry, voice mail is switched off for this number. Goodbye.
