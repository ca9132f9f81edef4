### How moments, lengths and keys are spoken. These messages are used inside others and are never
### heard alone.

# The key marked with an asterisk.
spoken-star = star
# The key marked # (British English calls it hash).
spoken-pound = pound

# A moment today. $time is one of the clock forms below.
spoken-today = today at { $time }
spoken-yesterday = yesterday at { $time }
spoken-tomorrow = tomorrow at { $time }
# Two to six days ago.
spoken-weekday = { $weekday } at { $time }
# Any other day of this year.
spoken-date = { $weekday }, { $month } { $day }, at { $time }
# A day of another year.
spoken-date-with-year = { $month } { $day }, { $year }, at { $time }

# A day without a time.
spoken-day-today = today
spoken-day-yesterday = yesterday
spoken-day-tomorrow = tomorrow
spoken-day = { $weekday }, { $month } { $day }
spoken-day-with-year = { $weekday }, { $month } { $day }, { $year }

# 1 is Monday.
spoken-weekday-name = { $weekday ->
    [1] Monday
    [2] Tuesday
    [3] Wednesday
    [4] Thursday
    [5] Friday
    [6] Saturday
   *[7] Sunday
}
spoken-month-name = { $month ->
    [1] January
    [2] February
    [3] March
    [4] April
    [5] May
    [6] June
    [7] July
    [8] August
    [9] September
    [10] October
    [11] November
   *[12] December
}

# 9:05 in the morning. $hour and $minute are numbers, $minutes is $minute in the words of the rule
# set "minutes", $half is morning or afternoon.
spoken-12-hours = { $hour } { $minutes } { $half ->
    [morning] a.m.
   *[afternoon] p.m.
}
# 9:00.
spoken-12-hours-full = { $hour } { $half ->
    [morning] a.m.
   *[afternoon] p.m.
}
spoken-noon = twelve noon
spoken-midnight = midnight
# 14:05.
spoken-24-hours = { $hour } { $minutes }
# 14:00.
spoken-24-hours-full = { $hour } hundred hours

# How long a recording is. $seconds is 0 when $hours is not.
spoken-length = { $hours ->
    [0] {""}
    [one] { $hours } hour
   *[other] { $hours } hours
} { $minutes ->
    [0] {""}
    [one] { $minutes } minute
   *[other] { $minutes } minutes
} { $seconds ->
    [0] { $minutes ->
        [0] { $hours ->
            [0] no time
           *[other] {""}
        }
       *[other] {""}
    }
    [one] { $seconds } second
   *[other] { $seconds } seconds
}
