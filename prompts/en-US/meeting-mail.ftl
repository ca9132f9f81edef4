### What is written in mails about meetings: read by people, not by a voice. $name is the sender;
### $subject is the meeting's, and $named is no when it has none.

# An answer to an invitation.
mail-accepted-subject = Accepted: { $named ->
    [yes] { $subject }
   *[no] (no subject)
}
mail-accepted = { $name } has accepted this invitation by telephone.
mail-tentative-subject = Tentative: { $named ->
    [yes] { $subject }
   *[no] (no subject)
}
mail-tentative = { $name } has accepted this invitation tentatively by telephone.
mail-declined-subject = Declined: { $named ->
    [yes] { $subject }
   *[no] (no subject)
}
mail-declined = { $name } has declined this invitation by telephone.
# The organizer cancels.
mail-cancelled-subject = Canceled: { $named ->
    [yes] { $subject }
   *[no] (no subject)
}
mail-cancelled = { $name } has canceled this meeting by telephone.
# Somebody will be late. $minutes is a number in digits, by $count a plural is chosen.
mail-late-subject = Late: { $named ->
    [yes] { $subject }
   *[no] (no subject)
} ({ $minutes } { $count ->
    [one] minute
   *[other] minutes
})
mail-late = { $name } will be { $minutes } { $count ->
    [one] minute
   *[other] minutes
} late. The meeting itself has not been moved.
# Spoken words to everybody whose meetings were cancelled or declined at once.
mail-cleared-subject = About our meetings
mail-cleared = { $name } has canceled or declined meetings by telephone, and says why.
# With a meeting that is forwarded. $when is a day, or a day and a time.
mail-forwarded = { $name } forwards this invitation by telephone: { $named ->
    [yes] { $subject }
   *[no] (no subject)
}, { $when }.
