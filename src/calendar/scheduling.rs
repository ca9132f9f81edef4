//! Answers and cancellations (iTIP, RFC 5546): what is written to others, and what a calendar becomes
//! by them. The forms are those of `mailbox-backends` section 6.

mod versions;

use calcard::common::PartialDateTime;
use calcard::icalendar::{
    ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarEntry, ICalendarMethod,
    ICalendarParameter, ICalendarParameterName, ICalendarParameterValue,
    ICalendarParticipationStatus, ICalendarProperty, ICalendarStatus, ICalendarValue,
};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use self::versions::{sequence, version};
use super::event::{Event, Stamp, address, attendance, events, without_scheme};
use super::zones::{Zones, local};
use super::{Attendance, Notice, object};
use crate::mailbox::{MailAddress, MailFault};

/// Who writes our objects (PRODID).
const PRODUCT: &str = "-//Ringback//Ringback//EN";

/// A stored object that is being changed.
pub(super) struct Draft {
    calendar: ICalendar,
    zones: Zones,
}

/// Which component of the object stands for an occurrence.
#[derive(Clone, Copy)]
enum Place {
    /// It has one of its own.
    Apart(usize),
    /// The series has it by its rule.
    ByRule(usize),
    /// There is no series.
    Only(usize),
}

impl Draft {
    /// Of a stored text.
    pub(super) fn of(text: &str) -> Result<Draft, MailFault> {
        let calendar = object::parse(text)
            .ok_or_else(|| MailFault::Refused("the event cannot be read".to_owned()))?;
        // Whose zone it is does not matter here: nothing is compared but digits on one clock.
        let zones = Zones::of(&calendar, &TimeZone::UTC);
        Ok(Draft { calendar, zones })
    }

    /// As text.
    pub(super) fn text(&self) -> Result<String, MailFault> {
        object::write(&self.calendar)
    }

    fn events(&self) -> impl Iterator<Item = (usize, Event<'_>)> {
        let indices = self.calendar.components.iter().enumerate();
        let indices = indices
            .filter(|(_, one)| one.component_type == ICalendarComponentType::VEvent)
            .map(|(index, _)| index);
        let linked = self
            .calendar
            .components
            .first()
            .map(|root| &root.component_ids);
        indices
            .zip(events(&self.calendar, &self.zones))
            .filter(move |(index, _)| {
                linked.is_some_and(|ids| ids.iter().any(|id| *id as usize == *index))
            })
    }

    fn master(&self) -> Option<(usize, Event<'_>)> {
        self.events()
            .find(|(_, event)| !event.component.is_recurrence_override())
    }

    fn place(&self, recurrence: Option<DateTime>) -> Result<Place, MailFault> {
        let master = self.master();
        let Some(recurrence) = recurrence else {
            let only = master.or_else(|| self.events().next());
            return only
                .map(|(index, _)| Place::Only(index))
                .ok_or(MailFault::NotFound);
        };
        let start = master.and_then(|(_, event)| event.start().ok());
        for (index, event) in self.events() {
            let Ok(Some(of)) = event.recurrence() else {
                continue;
            };
            let local = start
                .as_ref()
                .map_or(Some(of.local), |start| of.in_series(start));
            if local == Some(recurrence) {
                return Ok(Place::Apart(index));
            }
        }
        master
            .map(|(index, _)| Place::ByRule(index))
            .ok_or(MailFault::NotFound)
    }

    fn component(&self, index: usize) -> Result<&ICalendarComponent, MailFault> {
        self.calendar
            .components
            .get(index)
            .ok_or(MailFault::NotFound)
    }

    fn component_mut(&mut self, index: usize) -> Result<&mut ICalendarComponent, MailFault> {
        self.calendar
            .components
            .get_mut(index)
            .ok_or(MailFault::NotFound)
    }

    /// The occurrence as a component of its own.
    fn instance(&self, recurrence: Option<DateTime>) -> Result<ICalendarComponent, MailFault> {
        let place = self.place(recurrence)?;
        let (Place::Apart(index) | Place::ByRule(index) | Place::Only(index)) = place;
        let mut instance = self.component(index)?.clone();
        if let (Place::ByRule(_), Some(recurrence)) = (place, recurrence) {
            let start = self
                .events()
                .find(|(at, _)| *at == index)
                .and_then(|(_, event)| event.start().ok())
                .ok_or_else(|| MailFault::Refused("the series has no beginning".to_owned()))?;
            make_instance(&mut instance, &start, recurrence);
        }
        // Alarms of a series stay with it.
        instance.component_ids.clear();
        Ok(instance)
    }

    /// Makes sure that the occurrence has a component of its own, and gives its place.
    fn set_apart(&mut self, recurrence: Option<DateTime>) -> Result<usize, MailFault> {
        match self.place(recurrence)? {
            Place::Apart(index) | Place::Only(index) => Ok(index),
            Place::ByRule(_) => {
                let instance = self.instance(recurrence)?;
                Ok(self.add(instance))
            }
        }
    }

    fn add(&mut self, component: ICalendarComponent) -> usize {
        let index = self.calendar.components.len();
        self.calendar.components.push(component);
        if let Some(root) = self.calendar.components.first_mut() {
            root.component_ids.push(index as u32);
        }
        index
    }

    fn unlink(&mut self, index: usize) {
        if let Some(root) = self.calendar.components.first_mut() {
            root.component_ids.retain(|id| *id as usize != index);
        }
    }

    /// Takes the occurrence out; true when nothing is left of the event.
    pub(super) fn remove(&mut self, recurrence: Option<DateTime>) -> Result<bool, MailFault> {
        let Some(at) = recurrence else {
            return Ok(true);
        };
        if let Place::Apart(index) = self.place(recurrence)? {
            self.unlink(index);
        }
        let master = self.master().map(|(index, _)| index);
        let Some(master) = master else {
            return Ok(self.events().next().is_none());
        };
        let master = self.component_mut(master)?;
        let exception = master
            .property(&ICalendarProperty::Dtstart)
            .and_then(|start| like(start, ICalendarProperty::Exdate, at));
        master.entries.extend(exception);
        Ok(false)
    }

    /// Raises SEQUENCE of the event by one, as its organiser does with each change.
    pub(super) fn raise_sequence(&mut self, recurrence: Option<DateTime>) -> Result<(), MailFault> {
        let master = self.master().map(|(index, _)| index);
        let index = match master {
            Some(index) => index,
            None => match self.place(recurrence)? {
                Place::Apart(index) | Place::ByRule(index) | Place::Only(index) => index,
            },
        };
        let raised = self.sequence(recurrence)? + 1;
        set(
            self.component_mut(index)?,
            ICalendarProperty::Sequence,
            ICalendarValue::Integer(raised),
        );
        Ok(())
    }

    /// The newest SEQUENCE that holds for the occurrence.
    fn sequence(&self, recurrence: Option<DateTime>) -> Result<i64, MailFault> {
        let of_master = self
            .master()
            .map_or(0, |(_, event)| sequence(event.component));
        Ok(sequence(&self.instance(recurrence)?).max(of_master))
    }

    /// Writes the answer of somebody with one of these addresses into the event; false when nobody
    /// with such an address is invited.
    pub(super) fn answer(
        &mut self,
        recurrence: Option<DateTime>,
        own: &[String],
        answer: Attendance,
    ) -> Result<bool, MailFault> {
        let invited = self.instance(recurrence)?;
        if invitee(&invited, own).is_none() {
            return Ok(false);
        }
        let index = self.set_apart(recurrence)?;
        let component = self.component_mut(index)?;
        for entry in &mut component.entries {
            if entry.name == ICalendarProperty::Attendee && is_one_of(entry, own) {
                entry.params.retain(|param| {
                    !matches!(
                        param.name,
                        ICalendarParameterName::Partstat | ICalendarParameterName::Rsvp
                    )
                });
                entry
                    .params
                    .push(ICalendarParameter::partstat(status(answer)));
            }
        }
        let busy = match answer {
            Attendance::Accepted => "BUSY",
            Attendance::Declined => "FREE",
            Attendance::Tentative | Attendance::NeedsAction => "TENTATIVE",
        };
        let name = ICalendarProperty::Other("X-MICROSOFT-CDO-BUSYSTATUS".to_owned());
        if component.has_property(&name) {
            set(component, name, ICalendarValue::Text(busy.to_owned()));
        }
        Ok(true)
    }

    /// The answer as it is sent to the organiser; nothing when there is none.
    pub(super) fn reply(
        &self,
        recurrence: Option<DateTime>,
        own: &[String],
        answer: Attendance,
        words: Option<&str>,
        now: Timestamp,
    ) -> Result<Option<Notice>, MailFault> {
        let event = self.instance(recurrence)?;
        let organiser = event.property(&ICalendarProperty::Organizer);
        let (Some(organiser), Some(own)) = (organiser, invitee(&event, own)) else {
            return Ok(None);
        };
        let Some(to) = address(organiser) else {
            return Ok(None);
        };
        let mut attendee = ICalendarEntry::new(ICalendarProperty::Attendee);
        let name = own.parameters(&ICalendarParameterName::Cn).next();
        if let Some(name) = name.and_then(ICalendarParameterValue::as_text) {
            attendee.add_param(ICalendarParameter::cn(name.to_owned()));
        }
        attendee.add_param(ICalendarParameter::partstat(status(answer)));
        attendee.values.clone_from(&own.values);
        let mut sent = self.outline(&event, now, sequence(&event));
        sent.entries.push(attendee);
        comment(&mut sent, words);
        set(
            &mut sent,
            ICalendarProperty::RequestStatus,
            ICalendarValue::Text("2.0".to_owned()),
        );
        if let Some(status) = sent.property_mut(&ICalendarProperty::RequestStatus) {
            status
                .values
                .push(ICalendarValue::Text("Success".to_owned()));
        }
        self.notice("REPLY", ICalendarMethod::Reply, sent, vec![to], &event)
            .map(Some)
    }

    /// The cancellation as it is sent to the attendees; nothing when there are none.
    pub(super) fn cancellation(
        &self,
        recurrence: Option<DateTime>,
        words: Option<&str>,
        now: Timestamp,
    ) -> Result<Option<Notice>, MailFault> {
        let event = self.instance(recurrence)?;
        let organiser = event
            .property(&ICalendarProperty::Organizer)
            .and_then(address);
        let attendees = event
            .entries
            .iter()
            .filter(|entry| entry.name == ICalendarProperty::Attendee);
        let to: Vec<MailAddress> = attendees
            .clone()
            .filter(|entry| attendance(entry) != Attendance::Declined)
            .filter_map(address)
            .filter(|who| !organiser.as_ref().is_some_and(|one| one.is(&who.address)))
            .collect();
        if to.is_empty() {
            return Ok(None);
        }
        let mut sent = self.outline(&event, now, self.sequence(recurrence)? + 1);
        sent.entries.extend(attendees.cloned());
        set(
            &mut sent,
            ICalendarProperty::Status,
            ICalendarValue::Status(ICalendarStatus::Cancelled),
        );
        comment(&mut sent, words);
        self.notice("CANCEL", ICalendarMethod::Cancel, sent, to, &event)
            .map(Some)
    }

    /// The occurrence as a request, as it is forwarded.
    pub(super) fn request(&self, recurrence: Option<DateTime>) -> Result<String, MailFault> {
        let event = self.instance(recurrence)?;
        let notice = self.notice(
            "REQUEST",
            ICalendarMethod::Request,
            event.clone(),
            Vec::new(),
            &event,
        )?;
        Ok(notice.calendar)
    }

    /// What every message about an event says of it.
    fn outline(
        &self,
        event: &ICalendarComponent,
        now: Timestamp,
        sequence: i64,
    ) -> ICalendarComponent {
        let mut sent = ICalendarComponent::new(ICalendarComponentType::VEvent);
        let mut copy = |name: ICalendarProperty| {
            sent.entries.extend(event.property(&name).cloned());
        };
        copy(ICalendarProperty::Uid);
        copy(ICalendarProperty::RecurrenceId);
        copy(ICalendarProperty::Dtstart);
        copy(ICalendarProperty::Summary);
        copy(ICalendarProperty::Organizer);
        set(
            &mut sent,
            ICalendarProperty::Sequence,
            ICalendarValue::Integer(sequence),
        );
        let now = PartialDateTime::from_utc_timestamp(now.as_second());
        set(
            &mut sent,
            ICalendarProperty::Dtstamp,
            ICalendarValue::PartialDateTime(Box::new(now)),
        );
        sent
    }

    fn notice(
        &self,
        name: &'static str,
        method: ICalendarMethod,
        sent: ICalendarComponent,
        to: Vec<MailAddress>,
        event: &ICalendarComponent,
    ) -> Result<Notice, MailFault> {
        let mut header = ICalendarComponent::new(ICalendarComponentType::VCalendar);
        let text = |text: &str| ICalendarValue::Text(text.to_owned());
        set(&mut header, ICalendarProperty::Prodid, text(PRODUCT));
        set(&mut header, ICalendarProperty::Version, text("2.0"));
        set(
            &mut header,
            ICalendarProperty::Method,
            ICalendarValue::Method(method),
        );
        let has_zone = sent.entries.iter().any(|entry| entry.tz_id().is_some());
        let mut calendar = ICalendar {
            components: vec![header],
        };
        if has_zone {
            copy_zones(&mut calendar, &self.calendar);
        }
        let index = calendar.components.len() as u32;
        calendar.components.push(sent);
        if let Some(root) = calendar.components.first_mut() {
            root.component_ids.push(index);
        }
        // Some programs only name the zone; who gets our words must be told (RFC 5545 section 3.2.19).
        calendar.add_missing_timezones();
        let subject = event.property(&ICalendarProperty::Summary);
        let subject = subject.and_then(|entry| entry.values.first()?.as_text());
        Ok(Notice {
            method: name,
            calendar: object::write(&calendar)?,
            to,
            subject: subject.unwrap_or_default().to_owned(),
        })
    }

    /// Takes over the occurrences of `newer`, which has no series of its own; false when all of
    /// them are older than what is here.
    pub(super) fn merge_occurrences(&mut self, newer: &Draft) -> Result<bool, MailFault> {
        let mut changed = false;
        for (_, event) in newer.events() {
            let Some(recurrence) = self.recurrence_here(event)? else {
                continue;
            };
            if let Ok(Place::Apart(index)) = self.place(Some(recurrence)) {
                if version(self.component(index)?) > version(event.component) {
                    continue;
                }
                self.unlink(index);
            }
            let mut component = event.component.clone();
            component.component_ids.clear();
            self.add(component);
            changed = true;
        }
        if changed {
            copy_zones(&mut self.calendar, &newer.calendar);
        }
        Ok(changed)
    }

    /// RECURRENCE-ID of somebody's component on the clock of this series.
    fn recurrence_here(&self, event: Event<'_>) -> Result<Option<DateTime>, MailFault> {
        let unreadable = || MailFault::Refused("its RECURRENCE-ID cannot be read".to_owned());
        let Some(of) = event.recurrence().map_err(|_| unreadable())? else {
            return Ok(None);
        };
        let start = self.master().and_then(|(_, event)| event.start().ok());
        Ok(start.map_or(Some(of.local), |start| of.in_series(&start)))
    }

    /// What a CANCEL takes out; nothing for the whole event.
    pub(super) fn occurrences_of(&self, other: &Draft) -> Result<Vec<Option<DateTime>>, MailFault> {
        other
            .events()
            .map(|(_, event)| self.recurrence_here(event))
            .collect()
    }

    /// The answers that a REPLY brings: occurrence, address, answer, and its SEQUENCE.
    pub(super) fn answers_of(
        &self,
        reply: &Draft,
    ) -> Result<Vec<(Option<DateTime>, String, Attendance)>, MailFault> {
        let mut found = Vec::new();
        for (_, event) in reply.events() {
            let recurrence = self.recurrence_here(event)?;
            if sequence(event.component) < self.sequence(recurrence)? {
                continue;
            }
            for attendee in event.attendees() {
                found.push((recurrence, attendee.who.address, attendee.attendance));
            }
        }
        Ok(found)
    }

    /// Whether nothing but occurrences of a series stands in it.
    pub(super) fn has_no_master(&self) -> bool {
        self.master().is_none()
    }

    /// Whether somebody with one of these addresses organises it.
    pub(super) fn is_organised_by(&self, own: &[String]) -> bool {
        self.events().any(|(_, event)| {
            let organiser = event.organiser();
            organiser.is_some_and(|who| own.iter().any(|own| who.is(own)))
        })
    }
}

/// Turns a copy of a series into one of its instances.
fn make_instance(component: &mut ICalendarComponent, start: &Stamp, recurrence: DateTime) {
    let shift = recurrence.duration_since(start.local);
    component.entries.retain(|entry| {
        !matches!(
            entry.name,
            ICalendarProperty::Rrule
                | ICalendarProperty::Rdate
                | ICalendarProperty::Exdate
                | ICalendarProperty::Exrule
        )
    });
    let begins = component.property(&ICalendarProperty::Dtstart).cloned();
    for entry in &mut component.entries {
        if !matches!(
            entry.name,
            ICalendarProperty::Dtstart | ICalendarProperty::Dtend
        ) {
            continue;
        }
        for value in &mut entry.values {
            if let ICalendarValue::PartialDateTime(at) = value
                && let Some(moved) = local(at).and_then(|local| local.checked_add(shift).ok())
            {
                write_digits(at, moved);
            }
        }
    }
    let of = begins.and_then(|begins| like(&begins, ICalendarProperty::RecurrenceId, recurrence));
    component.entries.extend(of);
}

/// A time in the form of another property: same value type, same zone.
fn like(entry: &ICalendarEntry, name: ICalendarProperty, at: DateTime) -> Option<ICalendarEntry> {
    let mut digits = entry.values.first()?.as_partial_date_time()?.clone();
    write_digits(&mut digits, at);
    Some(ICalendarEntry {
        name,
        params: entry.params.clone(),
        values: vec![ICalendarValue::PartialDateTime(Box::new(digits))],
    })
}

fn write_digits(at: &mut PartialDateTime, digits: DateTime) {
    at.year = u16::try_from(digits.year()).ok();
    at.month = u8::try_from(digits.month()).ok();
    at.day = u8::try_from(digits.day()).ok();
    if at.hour.is_some() {
        at.hour = u8::try_from(digits.hour()).ok();
        at.minute = u8::try_from(digits.minute()).ok();
        at.second = u8::try_from(digits.second()).ok();
    }
}

/// Brings the zones of `from` that `to` does not have yet, before its events.
fn copy_zones(to: &mut ICalendar, from: &ICalendar) {
    let name = |zone: &ICalendarComponent| {
        let entry = zone.property(&ICalendarProperty::Tzid)?;
        entry.values.first()?.as_text().map(str::to_owned)
    };
    let known: Vec<_> = to.timezones().map(name).collect();
    let mut before = Vec::new();
    for zone in from.timezones().filter(|zone| !known.contains(&name(zone))) {
        let at = to.components.len() as u32;
        let parts = zone.component_ids.iter();
        let parts: Vec<_> = parts.filter_map(|id| from.component_by_id(*id)).collect();
        to.components.push(ICalendarComponent {
            component_ids: (1..=parts.len() as u32).map(|part| at + part).collect(),
            ..zone.clone()
        });
        to.components
            .extend(parts.into_iter().map(|part| ICalendarComponent {
                component_ids: Vec::new(),
                ..part.clone()
            }));
        before.push(at);
    }
    if let Some(root) = to.components.first_mut() {
        root.component_ids.splice(0..0, before);
    }
}

/// Gives a property its only value.
fn set(component: &mut ICalendarComponent, name: ICalendarProperty, value: ICalendarValue) {
    match component.property_mut(&name) {
        Some(entry) => entry.values = vec![value],
        None => component.add_property(name, value),
    }
}

fn comment(component: &mut ICalendarComponent, words: Option<&str>) {
    if let Some(words) = words.filter(|words| !words.is_empty()) {
        let words = ICalendarValue::Text(words.to_owned());
        component.add_property(ICalendarProperty::Comment, words);
    }
}

fn invitee<'a>(event: &'a ICalendarComponent, own: &[String]) -> Option<&'a ICalendarEntry> {
    let mut entries = event.entries.iter();
    entries.find(|entry| entry.name == ICalendarProperty::Attendee && is_one_of(entry, own))
}

fn is_one_of(entry: &ICalendarEntry, own: &[String]) -> bool {
    let written = entry.values.first().and_then(ICalendarValue::as_text);
    let written = written.map(|written| MailAddress {
        name: None,
        address: without_scheme(written).to_owned(),
    });
    let beside = address(entry);
    let all = || written.iter().chain(&beside);
    own.iter().any(|own| all().any(|one| one.reaches(own)))
}

fn status(answer: Attendance) -> ICalendarParticipationStatus {
    match answer {
        Attendance::NeedsAction => ICalendarParticipationStatus::NeedsAction,
        Attendance::Accepted => ICalendarParticipationStatus::Accepted,
        Attendance::Tentative => ICalendarParticipationStatus::Tentative,
        Attendance::Declined => ICalendarParticipationStatus::Declined,
    }
}
