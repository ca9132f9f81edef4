### Finding somebody to leave a message for, by spelling on the keypad.

# Asks for the letters of a name. The keys carry the letters of E.161.
spell-name = { $by ->
    [first-last] Spell the first name, then the last name of the person, and press pound. The first letters are enough. If you know the extension, press pound.
    [alias] Spell the mail address of the person, as far as the at sign, and press pound. To go back, press star.
   *[last-first] Spell the last name, then the first name of the person, and press pound. The first letters are enough. If you know the extension, press pound.
}
# Follows that question, where names can be spelled in two ways.
or-switch-spelling = { $by ->
    [first-last] To spell the first name first, press pound twice.
    [last-first] To spell the last name first, press pound twice.
   *[alias] To spell the mail address instead, press pound twice.
}
# Letters are there already, and found too many.
spell-on = Spell on where you left off, and press pound. To search again, press star.
# Instead of a list: the organisation wants it so.
spell-alias-of-one = { $count ->
    [one] There is { $count } name that fits. Spell the mail address of the person, as far as the at sign, and press pound. To search again, press star.
   *[other] There are { $count } names that fit. Spell the mail address of the one you mean, as far as the at sign, and press pound. To search again, press star.
}
# Asks for the extension instead.
extension-of-person = Enter the extension of the person.
# Follows the question for an extension, where names can be spelled in two ways.
or-spell-otherwise = { $by ->
    [first-last] To spell the first name first, press pound.
    [last-first] To spell the last name first, press pound.
   *[alias] To spell the mail address instead, press pound.
}
# Nobody has that name, address or extension.
nobody-found = Nobody was found.
# The list would be too long to hear.
too-many-found = Too many people were found. Please enter more letters.
# Comes before a list of names.
people-found = { $count ->
    [one] There is { $count } name that fits.
   *[other] There are { $count } names that fit.
}
# One name of the list. Of "recorded", the owner's voice has just said the name; $info is a title, a
# department or a place that tells people of one name apart.
people-first = { $form ->
    [recorded] Press { $key }.
    [recorded-with-info] { $info }, press { $key }.
    [written-with-info] For { $name }, { $info }, press { $key }.
   *[written] For { $name }, press { $key }.
}
people-second = { $form ->
    [recorded] Press { $key }.
    [recorded-with-info] { $info }, press { $key }.
    [written-with-info] For { $name }, { $info }, press { $key }.
   *[written] For { $name }, press { $key }.
}
people-third = { $form ->
    [recorded] Press { $key }.
    [recorded-with-info] { $info }, press { $key }.
    [written-with-info] For { $name }, { $info }, press { $key }.
   *[written] For { $name }, press { $key }.
}
people-fourth = { $form ->
    [recorded] Press { $key }.
    [recorded-with-info] { $info }, press { $key }.
    [written-with-info] For { $name }, { $info }, press { $key }.
   *[written] For { $name }, press { $key }.
}
people-fifth = { $form ->
    [recorded] Press { $key }.
    [recorded-with-info] { $info }, press { $key }.
    [written-with-info] For { $name }, { $info }, press { $key }.
   *[written] For { $name }, press { $key }.
}
people-sixth = { $form ->
    [recorded] Press { $key }.
    [recorded-with-info] { $info }, press { $key }.
    [written-with-info] For { $name }, { $info }, press { $key }.
   *[written] For { $name }, press { $key }.
}
# The rest of the list; behind the last page comes the first.
people-next-page = { $rest ->
    [no] For the first names again
   *[yes] For more names
}, press { $key }.
people-more-letters = To enter more letters, press { $key }.
people-new-search = To search again, press { $key }.
# Follows the name of the person who was found.
leave-message-after-tone = Please leave your message after the tone. When you are done, hang up, or press pound for more options.
# The directory does not answer; the call ends after it.
directory-unavailable = Sorry, the directory cannot be searched at the moment. Please try again later.
# Keys once somebody was found. They are not announced; they stand on the key card.
person-leave-message = To leave a message, press { $key }.
person-skip-to-tone = To leave a message without hearing the rest, press { $key }.
person-new-search = To search again, press { $key }.
