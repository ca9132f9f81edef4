//! What a wall clock in a calendar means: UTC, zones of the database by their many names, zones that
//! an object describes itself (VTIMEZONE), and floating times, which are those of the listener.
//!
//! A zone that nobody knows is the owner's, and what is told of it is told as uncertain (C4).

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

use calcard::common::{PartialDateTime, timezone::Tz};
use calcard::icalendar::{
    ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarProperty, ICalendarValue,
};
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::rule::{Budget, Rule};

/// A clock on somebody's wall.
#[derive(Clone, Debug)]
pub(super) enum Clock {
    /// A zone of the database, or UTC.
    Zone(TimeZone),
    /// A zone as its object describes it.
    Described(Arc<Vec<Observance>>),
}

/// What holds for a part of the year (STANDARD, DAYLIGHT).
#[derive(Debug)]
pub(super) struct Observance {
    /// On the clock that goes by `before`.
    start: DateTime,
    rule: Option<Rule>,
    dates: Vec<DateTime>,
    /// Seconds east of UTC until it begins, and from then on.
    before: i32,
    after: i32,
}

/// The zones that an object names.
pub(super) struct Zones {
    /// Whose calendar it is.
    pub(super) owner: TimeZone,
    described: BTreeMap<String, Clock>,
}

impl Zones {
    /// The zones of `calendar`, heard by somebody in `owner`.
    pub(super) fn of(calendar: &ICalendar, owner: &TimeZone) -> Zones {
        let mut described = BTreeMap::new();
        for component in calendar.timezones() {
            let text = |wanted: &ICalendarProperty| {
                let entry = component.property(wanted)?;
                entry.values.first()?.as_text()
            };
            let Some(name) = text(&ICalendarProperty::Tzid) else {
                continue;
            };
            let location = text(&ICalendarProperty::Other("X-LIC-LOCATION".to_owned()));
            let zone = by_name(name)
                .or_else(|| by_name(location?))
                .or_else(|| describe(calendar, component));
            if let Some(zone) = zone {
                described.insert(name.to_owned(), zone);
            }
        }
        Zones {
            owner: owner.clone(),
            described,
        }
    }

    /// The clock of a TZID, and whether it is only guessed.
    pub(super) fn named(&self, name: &str) -> (Clock, bool) {
        let known = self
            .described
            .get(name)
            .cloned()
            .or_else(|| by_name(name))
            .or_else(|| by_other_name(name));
        match known {
            Some(clock) => (clock, false),
            None => (Clock::Zone(self.owner.clone()), true),
        }
    }

    /// The listener's own clock.
    pub(super) fn floating(&self) -> Clock {
        Clock::Zone(self.owner.clone())
    }
}

/// A name of the zone database, alone or behind a registry: `/mozilla.org/20050126_1/Europe/Berlin`.
fn by_name(name: &str) -> Option<Clock> {
    if let Ok(zone) = TimeZone::get(name.trim()) {
        return Some(Clock::Zone(zone));
    }
    let registered = name.strip_prefix('/')?;
    let mut parts = registered.split('/');
    while parts.next().is_some() {
        let rest: Vec<&str> = parts.clone().collect();
        if rest.len() < 2 {
            return None;
        }
        if let Ok(zone) = TimeZone::get(&rest.join("/")) {
            return Some(Clock::Zone(zone));
        }
    }
    None
}

/// The names that Windows and its mail programs use; the library has their list.
fn by_other_name(name: &str) -> Option<Clock> {
    let zone = Tz::from_str(name).ok()?;
    TimeZone::get(&zone.name()?).ok().map(Clock::Zone)
}

fn describe(calendar: &ICalendar, zone: &ICalendarComponent) -> Option<Clock> {
    /// A zone with more parts than any ever had is none.
    const OBSERVANCES_MAX: usize = 200;
    let parts = zone
        .component_ids
        .iter()
        .filter_map(|id| calendar.component_by_id(*id))
        .filter(|part| {
            matches!(
                part.component_type,
                ICalendarComponentType::Standard | ICalendarComponentType::Daylight
            )
        });
    let mut observances = Vec::new();
    for part in parts {
        observances.push(observance(part)?);
        if observances.len() > OBSERVANCES_MAX {
            return None;
        }
    }
    (!observances.is_empty()).then(|| Clock::Described(Arc::new(observances)))
}

fn observance(part: &ICalendarComponent) -> Option<Observance> {
    let value = |wanted: &ICalendarProperty| part.property(wanted)?.values.first();
    let start = local(value(&ICalendarProperty::Dtstart)?.as_partial_date_time()?)?;
    let before = offset(value(&ICalendarProperty::Tzoffsetfrom)?)?;
    let after = offset(value(&ICalendarProperty::Tzoffsetto)?)?;
    let mut rule = None;
    if let Some(ICalendarValue::RecurrenceRule(found)) = value(&ICalendarProperty::Rrule) {
        let until = match &found.until {
            Some(until) => Some(on_clock_with_offset(until, before)?),
            None => None,
        };
        rule = Some(Rule::read(found, start, until)?);
    }
    let mut dates = Vec::new();
    for entry in part.properties(&ICalendarProperty::Rdate) {
        for value in &entry.values {
            dates.push(on_clock_with_offset(value.as_partial_date_time()?, before)?);
        }
    }
    Some(Observance {
        start,
        rule,
        dates,
        before,
        after,
    })
}

/// A moment of a VTIMEZONE on the clock before the change; in UTC where it says so.
fn on_clock_with_offset(moment: &PartialDateTime, before: i32) -> Option<DateTime> {
    let local = local(moment)?;
    if moment.tz_hour.is_none() {
        return Some(local);
    }
    local.checked_add(i64::from(before).seconds()).ok()
}

/// Seconds east of UTC; what an offset cannot be is none.
fn offset(value: &ICalendarValue) -> Option<i32> {
    let offset = value.as_partial_date_time()?;
    let hours = i32::from(offset.tz_hour?);
    let minutes = i32::from(offset.tz_minute.unwrap_or(0));
    let seconds = hours * 3_600 + minutes * 60;
    if hours > 25 || minutes > 59 {
        return None;
    }
    Some(if offset.tz_minus { -seconds } else { seconds })
}

/// The digits of a moment, whatever its zone.
pub(super) fn local(moment: &PartialDateTime) -> Option<DateTime> {
    let second = moment.second.unwrap_or(0).min(59);
    DateTime::new(
        i16::try_from(moment.year?).ok()?,
        i8::try_from(moment.month?).ok()?,
        i8::try_from(moment.day?).ok()?,
        i8::try_from(moment.hour.unwrap_or(0)).ok()?,
        i8::try_from(moment.minute.unwrap_or(0)).ok()?,
        i8::try_from(second).ok()?,
        0,
    )
    .ok()
}

/// The clock of a moment that carries its own offset: `Z`, or `+01:00`.
pub(super) fn own_clock(moment: &PartialDateTime) -> Option<Clock> {
    let hours = i32::from(moment.tz_hour?);
    let seconds = hours * 3_600 + i32::from(moment.tz_minute.unwrap_or(0)) * 60;
    let seconds = if moment.tz_minus { -seconds } else { seconds };
    let offset = Offset::from_seconds(seconds).ok()?;
    Some(Clock::Zone(if seconds == 0 {
        TimeZone::UTC
    } else {
        TimeZone::fixed(offset)
    }))
}

impl Clock {
    /// The moment that this clock shows. A time that a change of clocks leaves out is read as if
    /// they had not changed yet; one that comes twice is the first (RFC 5545 section 3.3.5).
    pub(super) fn moment(&self, local: DateTime) -> Option<Timestamp> {
        match self {
            Clock::Zone(zone) => local.to_zoned(zone.clone()).ok().map(|at| at.timestamp()),
            Clock::Described(observances) => at_offset(local, offset_at(observances, local)?),
        }
    }

    /// What this clock shows then.
    pub(super) fn local(&self, moment: Timestamp) -> Option<DateTime> {
        match self {
            Clock::Zone(zone) => Some(zone.to_datetime(moment)),
            Clock::Described(observances) => {
                let offsets = observances.iter().flat_map(|one| [one.after, one.before]);
                let shown = |offset: i32| {
                    let moved = moment.checked_add(SignedDuration::from_secs(offset.into()));
                    Some(TimeZone::UTC.to_datetime(moved.ok()?))
                };
                let mut shown = offsets.filter_map(shown);
                let first = shown.clone().next();
                let right = shown.find(|local| self.moment(*local) == Some(moment));
                right.or(first)
            }
        }
    }

    /// Whether both go alike for all we know.
    pub(super) fn is_same(&self, other: &Clock) -> bool {
        match (self, other) {
            (Clock::Zone(one), Clock::Zone(other)) => one == other,
            (Clock::Described(one), Clock::Described(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }
}

fn at_offset(local: DateTime, offset: i32) -> Option<Timestamp> {
    let utc = local.to_zoned(TimeZone::UTC).ok()?.timestamp();
    utc.checked_sub(SignedDuration::from_secs(offset.into()))
        .ok()
}

/// The offset that holds at a time of this clock: that of the last change before it.
fn offset_at(observances: &[Observance], local: DateTime) -> Option<i32> {
    let mut last: Option<(DateTime, &Observance)> = None;
    for one in observances {
        if let Some(onset) = last_onset(one, local)
            && last.is_none_or(|(best, _)| onset > best)
        {
            last = Some((onset, one));
        }
    }
    let Some((onset, one)) = last else {
        // Before all that is described: as it was before the first change.
        let first = observances.iter().min_by_key(|one| one.start)?;
        return Some(first.before);
    };
    let gap = i64::from(one.after - one.before);
    let in_gap = gap > 0
        && onset
            .checked_add(gap.seconds())
            .is_ok_and(|end| local < end);
    Some(if in_gap { one.before } else { one.after })
}

/// When an observance last began, not after `local`.
fn last_onset(one: &Observance, local: DateTime) -> Option<DateTime> {
    if one.start > local {
        return None;
    }
    let mut last = one.start;
    for date in one.dates.iter().filter(|date| **date <= local) {
        last = last.max(*date);
    }
    let Some(rule) = &one.rule else {
        return Some(last);
    };
    // Rules of zones are yearly: the last year and a bit has the last onset, unless the rule ended
    // before; then it is in its last years. A rule that costs more than that is not one of a zone.
    let end = rule.until().map_or(local, |until| until.min(local));
    for years in [2, 10, 10_000] {
        let from = end.checked_sub(years.years()).unwrap_or(DateTime::MIN);
        let mut budget = Budget::new().share();
        let found = rule.between(one.start, from.max(one.start), end, &mut budget);
        if let Some(found) = found.ok()?.last() {
            return Some(last.max(*found));
        }
        if !rule.ends() {
            break;
        }
    }
    Some(last)
}
