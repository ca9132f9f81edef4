### Personal contacts, and what is known of people and groups.

# Asks for the letters of a contact's name. The keys carry the letters of E.161.
spell-contact = { $directory ->
    [open] Spell the name of a contact or a group, and press pound. The first letters are enough. For the directory, press zero zero.
   *[closed] Spell the name of a contact or a group, and press pound. The first letters are enough.
}
# Neither a contact nor a personal group has that name.
no-contact-found = No contact was found.
# The contacts do not answer.
contacts-unavailable = Sorry, your contacts cannot be searched at the moment. Please try again later.
# The organisation has closed contacts and directory.
finding-not-allowed = You cannot search for people by telephone.
# Follows the name of somebody without mailbox and mail address.
no-way-to-send = No message can be sent there.
# Follows the name of a group in which nobody can be reached.
group-empty = No message can be sent there, because nobody in the group can be reached.
# Follows the name of a group that is too large.
group-too-large = No message can be sent there, because the group has too many members.
# Options for somebody who was found; his name has just been said.
contact-details = For details, press { $key }.
contact-send-message = To send a message, press { $key }.
contact-find-another = To find somebody else, press { $key }.
contact-switch-spelling = { $by ->
    [first-last] To spell the first name first, press { $key }.
    [last-first] To spell the last name first, press { $key }.
   *[alias] To search by mail address, press { $key }.
}
# The details, each a sentence, after the name. Job title.
details-title = { $text }.
details-department = Department: { $text }.
details-company = Company: { $text }.
details-location = Location: { $text }.
details-extension = Extension { $number }.
details-business = Office number { $number }.
details-mobile = Mobile number { $number }.
details-home = Number at home { $number }.
details-mail = Mail address { $user } at { $host }.
# Names of members follow.
details-members = { $count ->
    [0] The group has no members.
    [one] The group has { $count } member.
   *[other] The group has { $count } members.
}
# Members whose names are not read.
details-more-members = { $count ->
    [one] And { $count } more.
   *[other] And { $count } more.
}
# There is a name and nothing else.
details-none = Nothing else is known.
