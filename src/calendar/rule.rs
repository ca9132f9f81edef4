//! Recurrence rules (RFC 5545 section 3.3.10) on wall clocks: which moments a rule names inside a
//! window. Which moment a wall clock means is the business of [`super::zones`].
//!
//! The library that reads iCalendar expands rules too, but from their beginning, without a window,
//! and asks nothing of the hour that a change of clocks leaves out; so this is ours.

use calcard::icalendar::{
    ICalendarFrequency as Frequency, ICalendarRecurrenceRule, ICalendarSkip, ICalendarWeekday,
};
use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::{Span, ToSpan};

/// The work that may be spent on rules: how many days and periods are looked at, for all items of one
/// question together. A million take some tens of milliseconds.
#[derive(Debug)]
pub(super) struct Budget(u32);

/// More work than the [`Budget`] allows.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Exhausted;

impl Budget {
    /// For one question.
    pub(super) fn new() -> Budget {
        Budget(1_000_000)
    }

    /// A part of it, for one item: a hostile one must not starve the others.
    pub(super) fn share(&mut self) -> Budget {
        let share = self.0.min(100_000);
        self.0 -= share;
        Budget(share)
    }

    /// Gives back what an item did not need.
    pub(super) fn give_back(&mut self, share: &Budget) {
        self.0 += share.0;
    }

    fn spend(&mut self, steps: usize) -> Result<(), Exhausted> {
        let steps = u32::try_from(steps).unwrap_or(u32::MAX);
        self.0 = self.0.checked_sub(steps).ok_or(Exhausted)?;
        Ok(())
    }
}

/// A rule.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    frequency: Frequency,
    interval: i64,
    count: Option<u32>,
    until: Option<DateTime>,
    seconds: Vec<i8>,
    minutes: Vec<i8>,
    hours: Vec<i8>,
    weekdays: Vec<(i16, Weekday)>,
    month_days: Vec<i8>,
    year_days: Vec<i16>,
    weeks: Vec<i8>,
    months: Vec<i8>,
    positions: Vec<i32>,
    week_start: Weekday,
}

impl Rule {
    /// The rule of a series that begins at `start`; `until` is its UNTIL on the series' clock.
    /// Nothing when it is one that we cannot follow.
    pub(super) fn read(
        from: &ICalendarRecurrenceRule,
        start: DateTime,
        until: Option<DateTime>,
    ) -> Option<Rule> {
        use calcard::common::CalendarScale;
        let interval = from.interval.unwrap_or(1);
        let gregorian = matches!(from.rscale, None | Some(CalendarScale::Gregorian));
        let skips = !matches!(from.skip, None | Some(ICalendarSkip::Omit));
        let leap = from.bymonth.iter().any(|month| month.is_leap());
        if interval == 0 || !gregorian || skips || leap {
            return None;
        }
        let small = |values: &[u8]| values.iter().map(|value| (*value).min(59) as i8).collect();
        let mut rule = Rule {
            frequency: from.freq,
            interval: i64::from(interval),
            count: from.count,
            until,
            seconds: small(&from.bysecond),
            minutes: small(&from.byminute),
            hours: small(&from.byhour),
            weekdays: from
                .byday
                .iter()
                .map(|day| (day.ordwk.unwrap_or(0), weekday(day.weekday)))
                .collect(),
            month_days: from.bymonthday.clone(),
            year_days: from.byyearday.clone(),
            weeks: from.byweekno.clone(),
            months: from
                .bymonth
                .iter()
                .map(|month| month.month() as i8)
                .collect(),
            positions: from.bysetpos.clone(),
            week_start: from.wkst.map_or(Weekday::Monday, weekday),
        };
        rule.complete(start);
        Some(rule)
    }

    /// What a rule leaves out is as in the first instance.
    fn complete(&mut self, start: DateTime) {
        let chooses_days =
            !self.weekdays.is_empty() || !self.month_days.is_empty() || !self.year_days.is_empty();
        match self.frequency {
            Frequency::Yearly if !self.weeks.is_empty() && self.weekdays.is_empty() => {
                self.weekdays.push((0, start.weekday()));
            }
            Frequency::Yearly if !chooses_days => {
                if self.months.is_empty() {
                    self.months.push(start.month());
                }
                self.month_days.push(start.day());
            }
            Frequency::Monthly if !chooses_days => self.month_days.push(start.day()),
            Frequency::Weekly if !chooses_days => self.weekdays.push((0, start.weekday())),
            _ => {}
        }
    }

    /// Whether the rule has an end.
    pub(super) fn ends(&self) -> bool {
        self.count.is_some() || self.until.is_some()
    }

    /// The last moment that it may name, where it says so.
    pub(super) fn until(&self) -> Option<DateTime> {
        self.until
    }

    /// The instances from `from` to `to`, both included, of a series that begins at `start`; the
    /// budget bounds how many.
    pub(super) fn between(
        &self,
        start: DateTime,
        from: DateTime,
        to: DateTime,
        budget: &mut Budget,
    ) -> Result<Vec<DateTime>, Exhausted> {
        let to = self.until.map_or(to, |until| until.min(to));
        let mut found = Vec::new();
        // Where each period has one instance, those before the window need not be counted one by one.
        let countable = self.count.is_none() || self.has_one_a_period();
        let mut index = if countable {
            self.periods_before(start, from)
        } else {
            0
        };
        let mut left = match self.count {
            Some(count) if countable => i64::from(count) - index,
            Some(count) => i64::from(count),
            None => i64::MAX,
        };
        while let Some(period) = self.period(start, index) {
            if period > to || left <= 0 {
                break;
            }
            for moment in self.instances(start, period, budget)? {
                if moment < start || left <= 0 {
                    continue;
                }
                left -= 1;
                if moment >= from && moment <= to {
                    found.push(moment);
                }
            }
            index += 1;
        }
        Ok(found)
    }

    /// Whether every period has just one instance, its beginning.
    fn has_one_a_period(&self) -> bool {
        let chosen = self.seconds.len()
            + self.minutes.len()
            + self.hours.len()
            + self.month_days.len()
            + self.year_days.len()
            + self.weeks.len()
            + self.months.len()
            + self.positions.len();
        let weekdays = match self.frequency {
            Frequency::Weekly => self.weekdays.len() == 1,
            Frequency::Yearly | Frequency::Monthly => false,
            _ => self.weekdays.is_empty(),
        };
        chosen == 0 && weekdays
    }

    /// So many whole periods lie before `from`, with one to spare.
    fn periods_before(&self, start: DateTime, from: DateTime) -> i64 {
        let years = i64::from(from.year()) - i64::from(start.year());
        let elapsed = || (from - start).get_days_and_seconds();
        let periods = match self.frequency {
            Frequency::Yearly => years,
            Frequency::Monthly => years * 12 + i64::from(from.month()) - i64::from(start.month()),
            Frequency::Weekly => elapsed() / (7 * 86_400),
            Frequency::Daily => elapsed() / 86_400,
            Frequency::Hourly => elapsed() / 3_600,
            Frequency::Minutely => elapsed() / 60,
            Frequency::Secondly => elapsed(),
        };
        (periods / self.interval - 1).max(0)
    }

    /// The beginning of a period; nothing beyond the year 9999.
    fn period(&self, start: DateTime, index: i64) -> Option<DateTime> {
        let units = index.checked_mul(self.interval)?;
        let first = |year: i64, month: i64| {
            let year = i16::try_from(year).ok()?;
            Date::new(year, month as i8, 1).ok().map(midnight)
        };
        match self.frequency {
            Frequency::Yearly => first(i64::from(start.year()).checked_add(units)?, 1),
            Frequency::Monthly => {
                let months = (i64::from(start.month()) - 1).checked_add(units)?;
                first(
                    i64::from(start.year()) + months.div_euclid(12),
                    months.rem_euclid(12) + 1,
                )
            }
            Frequency::Weekly => {
                let back = start.weekday().since(self.week_start);
                let days = units.checked_mul(7)? - i64::from(back);
                later(midnight(start.date()), days, 86_400)
            }
            Frequency::Daily => later(midnight(start.date()), units, 86_400),
            Frequency::Hourly => {
                let hour = start.date().at(start.hour(), 0, 0, 0);
                later(hour, units, 3_600)
            }
            Frequency::Minutely => {
                let minute = start.date().at(start.hour(), start.minute(), 0, 0);
                later(minute, units, 60)
            }
            Frequency::Secondly => later(start, units, 1),
        }
    }

    /// What the rule names inside one period, in order.
    fn instances(
        &self,
        start: DateTime,
        period: DateTime,
        budget: &mut Budget,
    ) -> Result<Vec<DateTime>, Exhausted> {
        let day = period.date();
        let days = match self.frequency {
            Frequency::Yearly => i64::from(day.days_in_year()),
            Frequency::Monthly => i64::from(day.days_in_month()),
            Frequency::Weekly => 7,
            _ => 1,
        };
        budget.spend(days as usize)?;
        let mut found = Vec::new();
        for offset in 0..days {
            let Ok(date) = day.checked_add(Span::new().days(offset)) else {
                break;
            };
            if self.fits(date) {
                let times = self.times(start, period);
                budget.spend(times.len())?;
                found.extend(times.iter().map(|time| date.to_datetime(*time)));
            }
        }
        if !self.positions.is_empty() {
            let all = found.len() as i64;
            let at = |position: i64| match position {
                1.. => position - 1,
                _ => all + position,
            };
            let mut chosen: Vec<i64> = self.positions.iter().map(|p| at(i64::from(*p))).collect();
            chosen.sort_unstable();
            chosen.dedup();
            found = chosen
                .into_iter()
                .filter_map(|index| usize::try_from(index).ok())
                .filter_map(|index| found.get(index).copied())
                .collect();
        }
        Ok(found)
    }

    fn fits(&self, date: Date) -> bool {
        let any = |list: &[i8], value: i8, last: i8| {
            list.is_empty()
                || list
                    .iter()
                    .any(|one| *one == value || *one < 0 && last + 1 + *one == value)
        };
        let year_day = |one: &i16| {
            let (day, last) = (date.day_of_year(), date.days_in_year());
            *one == day || *one < 0 && last + 1 + *one == day
        };
        any(&self.months, date.month(), 12)
            && any(&self.month_days, date.day(), date.days_in_month())
            && (self.year_days.is_empty() || self.year_days.iter().any(year_day))
            && (self.weeks.is_empty() || self.fits_week(date))
            && (self.weekdays.is_empty()
                || self.weekdays.iter().any(|day| self.fits_day(date, *day)))
    }

    fn fits_week(&self, date: Date) -> bool {
        let Some((number, last)) = week_of_year(date, self.week_start) else {
            return false;
        };
        self.weeks
            .iter()
            .any(|one| *one == number || *one < 0 && last + 1 + *one == number)
    }

    /// The third Monday, the last Friday: of the month, or of the year where no month is named.
    fn fits_day(&self, date: Date, (ordinal, weekday): (i16, Weekday)) -> bool {
        if date.weekday() != weekday {
            return false;
        }
        let (day, last) = match self.frequency {
            Frequency::Monthly => (i16::from(date.day()), i16::from(date.days_in_month())),
            Frequency::Yearly if !self.weeks.is_empty() => return true,
            Frequency::Yearly if self.months.is_empty() => {
                (date.day_of_year(), date.days_in_year())
            }
            Frequency::Yearly => (i16::from(date.day()), i16::from(date.days_in_month())),
            _ => return true,
        };
        match ordinal {
            0 => true,
            1.. => (day - 1) / 7 + 1 == ordinal,
            _ => (last - day) / 7 + 1 == -ordinal,
        }
    }

    fn times(&self, start: DateTime, period: DateTime) -> Vec<Time> {
        let choose = |list: &[i8], given: i8, fixed: Option<i8>| -> Vec<i8> {
            match fixed {
                Some(fixed) if list.is_empty() || list.contains(&fixed) => vec![fixed],
                Some(_) => Vec::new(),
                None if list.is_empty() => vec![given],
                None => {
                    let mut list = list.to_vec();
                    list.sort_unstable();
                    list.dedup();
                    list
                }
            }
        };
        let when = |fixed: bool, value: i8| fixed.then_some(value);
        let by = self.frequency as u8;
        let hours = choose(
            &self.hours,
            start.hour(),
            when(by >= Frequency::Hourly as u8, period.hour()),
        );
        let minutes = choose(
            &self.minutes,
            start.minute(),
            when(by >= Frequency::Minutely as u8, period.minute()),
        );
        let seconds = choose(
            &self.seconds,
            start.second(),
            when(by >= Frequency::Secondly as u8, period.second()),
        );
        let mut times = Vec::with_capacity(hours.len() * minutes.len() * seconds.len());
        for hour in &hours {
            for minute in &minutes {
                for second in &seconds {
                    times.extend(Time::new(*hour, *minute, *second, 0));
                }
            }
        }
        times
    }
}

/// Days and seconds of a difference of wall clocks, as seconds.
trait DaysAndSeconds {
    fn get_days_and_seconds(&self) -> i64;
}

impl DaysAndSeconds for Span {
    fn get_days_and_seconds(&self) -> i64 {
        i64::from(self.get_days()) * 86_400
            + i64::from(self.get_hours()) * 3_600
            + self.get_minutes() * 60
            + self.get_seconds()
    }
}

fn midnight(date: Date) -> DateTime {
    date.to_datetime(Time::midnight())
}

fn later(from: DateTime, units: i64, seconds: i64) -> Option<DateTime> {
    let seconds = units.checked_mul(seconds)?;
    let span = Span::new().try_days(seconds.div_euclid(86_400)).ok()?;
    let rest = seconds.rem_euclid(86_400);
    from.checked_add(span)
        .ok()?
        .checked_add(rest.seconds())
        .ok()
}

/// The number of the week, and of the last one of the same year: the first week is the one with at
/// least four days in the year.
fn week_of_year(date: Date, week_start: Weekday) -> Option<(i8, i8)> {
    let back = i64::from(date.weekday().since(week_start));
    let begin = date.checked_sub(Span::new().days(back)).ok()?;
    // The fourth day of a week says to which year it belongs.
    let middle = begin.checked_add(3.days()).ok()?;
    let number = (middle.day_of_year() - 1) / 7 + 1;
    let left = (middle.days_in_year() - middle.day_of_year()) / 7;
    Some((number as i8, (number + left) as i8))
}

fn weekday(day: ICalendarWeekday) -> Weekday {
    match day {
        ICalendarWeekday::Monday => Weekday::Monday,
        ICalendarWeekday::Tuesday => Weekday::Tuesday,
        ICalendarWeekday::Wednesday => Weekday::Wednesday,
        ICalendarWeekday::Thursday => Weekday::Thursday,
        ICalendarWeekday::Friday => Weekday::Friday,
        ICalendarWeekday::Saturday => Weekday::Saturday,
        ICalendarWeekday::Sunday => Weekday::Sunday,
    }
}
