### Extension, PIN, and what can go wrong with them.

# Asks whose mailbox it is.
enter-extension = Please enter your extension. To contact someone, press pound.
# The same where nobody can be contacted without a PIN.
enter-extension-only = Please enter your extension.
# Asks for the PIN after the extension was entered.
enter-pin = Please enter your PIN, then press pound.
# Asks for the PIN of the person whose number is calling; $name was recorded or is read.
enter-pin-for = { $name }, please enter your PIN, then press pound. If this is not your mailbox, press star.
# Follows the recorded name of the subscriber.
enter-pin-for-recorded-name = Please enter your PIN, then press pound. If this is not your mailbox, press star.
# Asks again after a wrong sign-in. It may have been the extension that was wrong.
enter-pin-again = Please enter your PIN again, then press pound. For another extension, press star.
# Voice mail was opened without a PIN from the subscriber's own telephone; what was chosen now needs one.
pin-needed = For this, please enter your PIN, then press pound. For the main menu, press star.
# The same, after a wrong PIN.
pin-needed-again = Please enter your PIN again, then press pound. For the main menu, press star.
# The PIN is wrong. Whose PIN is asked for is known.
pin-wrong = That PIN is not right.
# Voice mail is opened without a PIN, because this person's own telephone is calling.
own-phone = Voice mail for { $name }.
# The same; the recorded name follows.
own-phone-recorded-name = Voice mail for
# The extension or the PIN is wrong. It must not become clear which of the two.
pin-incorrect = That extension and PIN don't match.
# Too many wrong PINs in this call.
too-many-attempts = Sorry, that was tried too often. Please call again later. Goodbye.
# After too many wrong PINs over several calls, the mailbox is closed for sign-in.
mailbox-locked = This mailbox is locked. Please ask your administrator to unlock it. Goodbye.
# The PIN was right, but this person may not use voice access.
sign-in-not-allowed = Sorry, voice access is switched off for this mailbox.
# Nobody can sign in for the moment: the keeper of PINs does not answer.
sign-in-unavailable = Sorry, nobody can sign in at the moment. Please try again in a few minutes.
# The PIN is too old, too short by now, or was set by an administrator.
pin-must-change = Your PIN must be changed now.
# Asks for a new PIN. $digits is the smallest length.
enter-new-pin = Enter a new PIN of at least { $digits ->
    [one] { $digits } digit
   *[other] { $digits } digits
}, then press pound.
# Asks for the new PIN again.
confirm-new-pin = Enter the new PIN once more, then press pound.
# The two entries differ.
pins-differ = Those were two different PINs.
# Refused: too few digits.
pin-too-short = That PIN is too short. It needs at least { $digits ->
    [one] { $digits } digit
   *[other] { $digits } digits
}.
# Refused: too many digits.
pin-too-long = That PIN is too long. It may have { $digits ->
    [one] { $digits } digit
   *[other] { $digits } digits
} at most.
# Refused: the extension or the end of it, or part of a telephone number of the subscriber.
pin-own-number = That PIN is part of your own number.
# Refused: 111111, 123456, 654321.
pin-common-pattern = That PIN is too easy to guess. The same digit again and again, or digits in a row, cannot be used.
# Refused: one of the last PINs.
pin-used-before = You have used that PIN before.
# The new PIN holds.
pin-changed = Your PIN has been changed.
# The change was given up; the old PIN stays.
pin-not-changed = Your PIN has not been changed.
