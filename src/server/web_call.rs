//! Calls that pages make: routed, limited, recorded and ended like those of gateways.

use std::net::IpAddr;
use std::sync::{Arc, Weak};

use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use super::call::{Answered, Turned};
use super::call_record::{Notes, refused};
use super::house::House;
use super::offer::{Calling, Offer};
use super::signalling::Signalling;
use super::translate::{arrival_of, refusal_word};
use crate::conversation::ReasonForCall;
use crate::media::{LegPlan, LegWatch};
use crate::organisation::snapshot::OrganisationSnapshot;
use crate::policy::dial_plan::GatewayStatus;
use crate::policy::routing::{Diversion, Offered, Refusal, Route};
use crate::transcript::{Event, Witness};
use crate::web_phone::live::Passing;
use crate::web_phone::{Dialled, Diverted, Exchange, Listed, News, SoundFigures, Told, WebCall};

/// Packets that may wait for a page: half a second. What waits longer is old, and dropped.
const PACKETS_WAITING: usize = 25;
/// So many people are offered to be called; a page is no directory.
const LISTED_MOST: usize = 50;

/// The house, as pages call it.
pub(super) struct WebExchange {
    house: Weak<House>,
    tasks: TaskTracker,
    /// Whether people are listed: a demo's are invented.
    lists_people: bool,
}

impl WebExchange {
    pub(super) fn new(house: &Arc<House>, tasks: TaskTracker, lists_people: bool) -> WebExchange {
        WebExchange {
            house: Arc::downgrade(house),
            tasks,
            lists_people,
        }
    }
}

impl Exchange for WebExchange {
    fn begin(&self, call: WebCall) {
        if let Some(house) = self.house.upgrade() {
            self.tasks.spawn(Box::pin(serve(house, call)));
        }
    }

    fn numbers(&self) -> Vec<Listed> {
        let Some(house) = self.house.upgrade() else {
            return Vec::new();
        };
        let snapshot = house.organisation.snapshot();
        let mut numbers: Vec<Listed> = snapshot
            .dial_plans()
            .flat_map(|plan| plan.access_telephone_numbers.clone())
            .map(|number| Listed {
                number,
                name: String::new(),
                mailbox: None,
            })
            .collect();
        if self.lists_people {
            let mut people: Vec<Listed> = snapshot
                .subscribers()
                .map(|subscriber| Listed {
                    number: subscriber.extension().to_owned(),
                    name: subscriber.display_name.clone(),
                    mailbox: Some(subscriber.user().to_owned()),
                })
                .collect();
            people.sort_by(|one, other| one.number.cmp(&other.number));
            numbers.extend(people);
        }
        numbers.truncate(LISTED_MOST);
        numbers
    }
}

/// Serves one call of a page from its dialling to its record.
async fn serve(house: Arc<House>, call: WebCall) {
    let snapshot = house.organisation.snapshot();
    let (gateway, route, offer) = routed(&snapshot, call.source, &call.dialled);
    let notes = Notes::new(&house, &offer);
    if let Route::Refuse(refusal) = route {
        return turn_away(
            &house,
            notes,
            &call.news,
            refusal.status(),
            refusal_word(refusal),
        )
        .await;
    }
    // Who sits at a page can give any number for his own.
    let Some((arrival, notes)) = arrival_of(&offer, route, false, notes) else {
        return;
    };
    if !house.health.is_ready() {
        return turn_away(&house, notes, &call.news, 503, Turned::Draining.label()).await;
    }
    let ticket = match house.admit(gateway) {
        Ok(ticket) => ticket,
        Err(why) => return turn_away(&house, notes, &call.news, 503, why.label()).await,
    };
    let WebCall { wishes, news, .. } = call;
    let mut sound = None;
    let answered = Answered::new(
        &house,
        Signalling::Web(wishes),
        arrival,
        ticket,
        with_page(&house, &news),
        |far| {
            let plan = LegPlan::streamed(false);
            let (leg, door, packets) = house.media.start_streamed(plan, far, PACKETS_WAITING);
            sound = Some((door, packets));
            leg
        },
    );
    if let Some((door, packets)) = sound {
        let answer = News::Answered {
            call: offer.call_id,
            take: Box::new(move |packet| door.take(packet)),
            packets,
        };
        let _ = news.send(answer).await;
    }
    let why = answered.serve(notes).await;
    let _ = news.send(News::Told(Told::Ended { why })).await;
}

/// Those who follow all calls, and the page of this one.
fn with_page(house: &House, news: &mpsc::Sender<News>) -> Arc<[Arc<dyn Witness>]> {
    let page = news.downgrade();
    let passing = Passing {
        to: Arc::new(move |event: Event| {
            // The end is told apart from the others, and a page that reads too slowly misses some.
            if let Some(page) = page.upgrade()
                && !matches!(event, Event::Ended { .. })
            {
                let _ = page.try_send(News::Told(Told::Happened { event }));
            }
        }),
    };
    let mut witnesses = house.witnesses.to_vec();
    witnesses.push(Arc::new(passing));
    witnesses.into()
}

async fn turn_away(house: &House, notes: Notes, news: &mpsc::Sender<News>, status: u16, why: &str) {
    refused(house, notes, status, why);
    let told = Told::Refused {
        status,
        why: why.to_owned(),
    };
    let _ = news.send(News::Told(told)).await;
}

/// Routes a page's call as if it came by the gateway of the page's own address; where there is none,
/// by the first one that takes it. Gives the address that stands for the gateway.
fn routed(
    snapshot: &OrganisationSnapshot,
    source: IpAddr,
    dialled: &Dialled,
) -> (IpAddr, Route, Offer) {
    let offered = offered_of(snapshot, dialled);
    let others = snapshot
        .gateways()
        .iter()
        .filter(|gateway| gateway.status == GatewayStatus::Enabled)
        .map(|gateway| gateway.address.addr());
    let own = snapshot.gateway(source).map(|_| source);
    let gateways = own.into_iter().chain(others);
    let taken = gateways
        .map(|gateway| (gateway, snapshot.route(gateway, &offered)))
        .find(|(_, route)| !matches!(route, Route::Refuse(_)));
    let (gateway, route) = taken.unwrap_or_else(|| match snapshot.route(source, &offered) {
        Route::Refuse(Refusal::UnknownSource) if !snapshot.gateways().is_empty() => {
            (source, Route::Refuse(Refusal::NoEntryPoint))
        }
        refused => (source, refused),
    });
    let offer = Offer {
        call_id: format!("web-{}", ulid::Ulid::generate().to_string().to_lowercase()),
        source,
        called: dialled.to.as_str().to_owned(),
        calling: dialled.from.as_ref().map(|number| Calling {
            number: number.as_str().to_owned(),
            name: None,
        }),
        offered,
    };
    (gateway, route, offer)
}

/// A diverted call comes to our access numbers, from the number that was dialled.
fn offered_of(snapshot: &OrganisationSnapshot, dialled: &Dialled) -> Offered {
    let to = dialled.to.as_str().to_owned();
    let Some(diverted) = dialled.diverted else {
        return Offered {
            called: vec![to],
            diversions: Vec::new(),
        };
    };
    let mut called: Vec<String> = snapshot
        .dial_plans()
        .flat_map(|plan| plan.access_telephone_numbers.clone())
        .collect();
    called.push(to.clone());
    Offered {
        called,
        diversions: vec![Diversion {
            party: to,
            reason: match diverted {
                Diverted::Busy => ReasonForCall::DivertBusy,
                Diverted::NoAnswer => ReasonForCall::DivertNoAnswer,
                Diverted::Always => ReasonForCall::DivertForward,
            },
        }],
    }
}

/// How the sound of a call fares, for those who follow it.
pub(super) fn figures(watch: &LegWatch) -> SoundFigures {
    let statistics = watch.statistics();
    SoundFigures {
        codec: statistics
            .codec
            .map(|codec| codec.name().to_owned())
            .unwrap_or_default(),
        jitter_ms: statistics.jitter.as_secs_f64() * 1_000.0,
        received: statistics.packets_received,
        lost: statistics.packets_lost,
    }
}
