### Finding somebody to leave a message for, by spelling on the keypad.

# Asks for the letters of a name. The keys carry the letters of E.161.
spell-name = Spell the last name, then the first name of the person, and press pound. The first letters are enough. If you know the extension, press pound.
# Asks for the letters of the mail address.
spell-alias = Spell the mail address of the person, as far as the at sign, and press pound. To go back, press star.
# Asks for the extension instead.
extension-of-person = Enter the extension of the person. To spell the mail address instead, press pound.
# Nobody has that name, address or extension.
nobody-found = Nobody was found.
# The list would be too long to hear.
too-many-found = Too many people were found. Please enter more letters.
# Comes before a list of names.
people-found = { $count ->
    [one] There is { $count } person of that name.
   *[other] There are { $count } people of that name.
}
# One name of the list. $alike is yes when another has the same name.
people-first = { $alike ->
    [yes] For { $name }, { $department }, press { $key }.
   *[no] For { $name }, press { $key }.
}
people-second = { $alike ->
    [yes] For { $name }, { $department }, press { $key }.
   *[no] For { $name }, press { $key }.
}
people-third = { $alike ->
    [yes] For { $name }, { $department }, press { $key }.
   *[no] For { $name }, press { $key }.
}
people-fourth = { $alike ->
    [yes] For { $name }, { $department }, press { $key }.
   *[no] For { $name }, press { $key }.
}
people-fifth = { $alike ->
    [yes] For { $name }, { $department }, press { $key }.
   *[no] For { $name }, press { $key }.
}
people-sixth = { $alike ->
    [yes] For { $name }, { $department }, press { $key }.
   *[no] For { $name }, press { $key }.
}
# The rest of the list.
people-next-page = For more names, press { $key }.
people-new-search = To search again, press { $key }.
# Follows the name of the person who was found.
leave-message-after-tone = Please leave your message after the tone. When you are done, hang up, or press pound for more options.
# The directory does not answer; the call ends after it.
directory-unavailable = Sorry, the directory cannot be searched at the moment. Please try again later.
# Keys once somebody was found. They are not announced; they stand on the key card.
person-leave-message = To leave a message, press { $key }.
person-skip-to-tone = To leave a message without hearing the rest, press { $key }.
person-new-search = To search again, press { $key }.
