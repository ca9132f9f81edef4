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
# The calendar cannot be reached; the main menu follows.
calendar-unavailable = Sorry, your calendar cannot be reached at the moment.
# There is nothing before the first appointment of a day, or after its last.
first-appointment = This is the first appointment of the day.
no-more-appointments = There are no more appointments on this day.
# An appointment: $subject is somebody's own words; $named is no when there are none.
appointment-timed = From { $from } to { $to }: { $named ->
    [yes] { $subject }
   *[no] no subject
}.
appointment-moment = At { $from }: { $named ->
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
# The next appointment of today, in the summary after sign-in.
summary-next-meeting = Your next appointment is at { $from }: { $named ->
    [yes] { $subject }
   *[no] no subject
}.
