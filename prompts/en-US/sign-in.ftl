### Extension, PIN, and what can go wrong with them.

# Asks whose mailbox it is.
enter-extension = Please enter your extension.
# Asks for the PIN after the extension was entered.
enter-pin = Please enter your PIN, then press pound.
# Asks for the PIN of the person whose number is calling; $name was recorded or is read.
enter-pin-for = { $name }, please enter your PIN, then press pound. If this is not your mailbox, press star.
# The same where only the number is known.
enter-pin-for-extension = Mailbox { $number }. Please enter your PIN, then press pound. If this is not your mailbox, press star.
# Follows the recorded name of the subscriber.
enter-pin-for-recorded-name = Please enter your PIN, then press pound. If this is not your mailbox, press star.
# The extension or the PIN is wrong. It must not become clear which of the two.
pin-incorrect = That extension and PIN don't match.
# Too many wrong PINs in this call.
too-many-attempts = Sorry, that was tried too often. Please call again later. Goodbye.
# After too many wrong PINs over several calls, the mailbox is closed for sign-in.
mailbox-locked = This mailbox is locked. Please ask your administrator to unlock it. Goodbye.
# After five wrong PINs, sign-in is blocked for some minutes.
mailbox-blocked = Sign-in to this mailbox is blocked for a while. Please try again in { $minutes ->
    [one] { $minutes } minute
   *[other] { $minutes } minutes
}. Goodbye.
# The PIN was replaced by a new one, which has been mailed.
pin-was-reset = Your PIN was tried too often, so you were sent a new one by mail. Goodbye.
# The PIN was right, but this person may not use voice access.
sign-in-not-allowed = Sorry, voice access is switched off for your mailbox. Goodbye.
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
# Refused: not only digits.
pin-only-digits = A PIN has digits only.
# Refused: the extension, or the end of it.
pin-like-extension = That PIN is too much like your extension.
# Refused: 123456, 654321.
pin-consecutive = That PIN is just digits in a row.
# Refused: 111111.
pin-repeated = That PIN is just one digit repeated.
# Refused: part of a telephone number of the subscriber.
pin-in-number = That PIN is part of your telephone number.
# Refused: one of the last PINs.
pin-used-before = You have used that PIN before.
# The new PIN holds.
pin-changed = Your PIN has been changed.
# The change was given up; the old PIN stays.
pin-not-changed = Your PIN has not been changed.
