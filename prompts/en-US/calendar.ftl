### The calendar, a day at a time.

# A day is opened; $count appointments follow, none perhaps.
calendar-opening = { $count ->
    [0] For { $day }, you have no appointments.
    [one] For { $day }, you have { $count } appointment.
   *[other] For { $day }, you have { $count } appointments.
}
# Some items are damaged and left out; the others follow.
calendar-broken = { $count ->
    [one] One item of your calendar can't be read and is left out.
   *[other] { $count } items of your calendar can't be read and are left out.
}
# One of them, by its subject.
calendar-broken-item = { $name } can't be read and is left out.
# The calendar cannot be reached; the main menu follows.
calendar-unavailable = Sorry, your calendar cannot be reached at the moment.
# There is nothing before the first appointment of a day, or after its last.
first-appointment = This is the first appointment of the day.
no-more-appointments = There are no more appointments on this day.
# An appointment: $subject is somebody's own words; $named is no when there are none.
# An hour that comes twice, at the end of summer time, is told apart.
appointment-timed = From { $from }{ $from-hour ->
    [first] , before the clocks go back,
    [second] , after the clocks go back,
   *[once] {""}
} to { $to }{ $to-hour ->
    [first] , before the clocks go back
    [second] , after the clocks go back
   *[once] {""}
}: { $named ->
    [yes] { $subject }
   *[no] no subject
}.
appointment-moment = At { $from }{ $from-hour ->
    [first] , before the clocks go back
    [second] , after the clocks go back
   *[once] {""}
}: { $named ->
    [yes] { $subject }
   *[no] no subject
}.
# It begins or ends on another day.
appointment-long = From { $from-day } at { $from } to { $to-day } at { $to }: { $named ->
    [yes] { $subject }
   *[no] no subject
}.
appointment-all-day = All day: { $named ->
    [yes] { $subject }
   *[no] no subject
}.
# Several whole days, both included.
appointment-days = All day, from { $from } to { $to }: { $named ->
    [yes] { $subject }
   *[no] no subject
}.
# The time zone of an appointment is not known.
appointment-zone-uncertain = Its time zone is unknown, so this time may be wrong.
appointment-location = Location: { $location }.
appointment-organiser = The organizer is { $name }.
appointment-own = You are the organizer.
# What the subscriber has answered.
appointment-answer = { $answer ->
    [accepted] You have accepted.
    [tentative] You have accepted tentatively.
    [declined] You have declined.
   *[none] You have not answered yet.
}
appointment-private = It is private.
# The options of an appointment.
appointment-next = For the next appointment, press { $key }.
appointment-next-day = For the next day, press { $key }.
appointment-previous = For the previous appointment, press { $key }.
appointment-repeat = To hear it again, press { $key }.
appointment-details = For the details, press { $key }.
appointment-attendance = To hear who attends, press { $key }.
appointment-accept = To accept, press { $key }.
appointment-late = To say that you will be late, press { $key }.
appointment-decline = To decline, press { $key }.
appointment-cancel = To cancel it, press { $key }.
appointment-reply = To reply to the organizer, press { $key }.
appointment-reply-all = To reply to everybody, press { $key }.
appointment-forward = To forward it, press { $key }.
appointment-clear = To clear your calendar, press { $key }.
# Being late.
how-late = How many minutes late? Enter the number, then press pound. To go back, press star.
how-late-again = Please enter a number from 1 to 180, then press pound. To go back, press star.
late-told = { $count ->
    [one] Everybody is told that you will be { $count } minute late.
   *[other] Everybody is told that you will be { $count } minutes late.
}
# Accepting an invitation; the options follow.
accept-how = How do you want to accept?
meeting-accept-accept = To accept, press { $key }.
meeting-accept-tentative = To accept tentatively, press { $key }.
meeting-accept-back = To go back without an answer, press { $key }.
meeting-accepted = Accepted.
meeting-tentative = Accepted tentatively.
meeting-declined = Declined. It is no longer in your calendar.
# The subscriber was invited as a member of a list, so no answer can be sent.
declined-without-answer = You were invited through a list, so no answer can be sent. The meeting is no longer in your calendar.
# Yes and no follow.
cancel-meeting = Do you want to cancel this meeting?
cancel-appointment = Do you want to delete this appointment?
meeting-cancelled = The meeting is cancelled, and everybody is told.
appointment-removed = The appointment is deleted.
# Clearing the calendar.
clear-how-many-hours = How many hours do you want to clear? Enter the number, then press pound. For days, press star first. To go back, press pound.
clear-hours-again = Please enter a number from 1 to 24, then press pound. For days, press star first.
clear-how-many-days = How many days do you want to clear? Enter the number, then press pound. To go back, press pound.
clear-days-again = Please enter a number from 1 to 31, then press pound. To go back, press pound.
# From when to when; what would happen follows.
clear-range = { $extent ->
    [rest-of-today] For the rest of today
    [day] For { $from-day }
    [days-from-now] From now to { $to-day }
    [days] From { $from-day } to { $to-day }
    [hours] For { $from-day }, from { $from } to { $to }
   *[hours-beyond-midnight] From { $from-day } at { $from } to { $to-day } at { $to }
}:
clear-nothing = There is nothing to clear.
# Yes and no follow.
clear-count = { $count ->
    [one] { $count } appointment is affected.
   *[other] { $count } appointments are affected.
} { $cancelled ->
    [0] {""}
    [one] { $cancelled } meeting of your own will be cancelled.
   *[other] { $cancelled } meetings of your own will be cancelled.
} { $declined ->
    [0] {""}
    [one] { $declined } invitation will be declined.
   *[other] { $declined } invitations will be declined.
} { $deleted ->
    [0] {""}
    [one] { $deleted } appointment will be deleted, and nobody is told.
   *[other] { $deleted } appointments will be deleted, and nobody is told.
} Do you want to clear your calendar?
# The caller thinks better of it.
nothing-changed = Nothing was changed.
clear-done = { $count ->
    [one] { $count } appointment is cleared.
   *[other] { $count } appointments are cleared.
}
clear-failed = { $count ->
    [one] Sorry, { $count } appointment could not be cleared.
   *[other] Sorry, { $count } appointments could not be cleared.
}
# The other people of a meeting have no address.
nobody-to-tell = Sorry, nobody of this meeting can be reached.
# The options after the last appointment of a day.
calendar-day-next-day = For the next day, press { $key }.
calendar-day-previous = For the previous appointment, press { $key }.
calendar-day-next = For the next day, press { $key }.
# There is no description.
no-details = There are no further details.
# After the description of a meeting, before the options.
end-of-details = End of details.
# The options while the description is read.
meeting-details-rewind = To go back a little, press { $key }.
meeting-details-beginning = To hear it from the beginning, press { $key }.
meeting-details-pause = To pause or go on, press { $key }.
meeting-details-fast-forward = To skip ahead, press { $key }.
meeting-details-end = To jump to the end, press { $key }.
meeting-details-slower = To read slower, press { $key }.
meeting-details-faster = To read faster, press { $key }.
meeting-details-language = To hear it in another language, press { $key }.
meeting-details-back = To go back to the appointment, press { $key }.
# Who has answered how; $more others are not named.
attendance = { $answer ->
    [accepted] Accepted:
    [tentative] Accepted tentatively:
    [declined] Declined:
   *[none] Not answered:
} { $names }{ $more ->
    [0] {""}
   *[other] , and { $more } more
}.
# The next appointment of today, in the summary after sign-in. The subject is a sentence of its own, so
# that only it has to be spoken anew.
summary-next-meeting = Your next appointment is at { $from }. { $named ->
    [yes] { $subject }.
   *[no] It has no subject.
}
