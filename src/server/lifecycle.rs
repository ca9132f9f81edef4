//! The life of a serving process: calls come, the organisation changes, signals end it.

use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::calls::Ending;
use super::house::House;
use super::housekeeping;
use super::wiring::{Server, StartFault};
use crate::admin::health::State;
use crate::config::Config;
use crate::policy::dial_plan::GatewayStatus;

/// How often we look whether the organisation was changed by another process.
const LOOK_EVERY: Duration = Duration::from_millis(400);
/// How long calls may take to be told that the service goes down, and to end.
const TOLD_WITHIN: Duration = Duration::from_secs(20);
/// How long calls may take to end when nobody waits for words: recordings are brought to safety.
/// Together with closing the rooms it stays below five seconds, also when no peer answers its BYE.
const ENDED_WITHIN: Duration = Duration::from_millis(2_500);
/// How long each room may take to close.
const CLOSED_WITHIN: Duration = Duration::from_millis(600);

struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Asked {
    End,
    Reload,
}

impl Signals {
    fn listen() -> std::io::Result<Signals> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// What the process is asked to do next.
    async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.terminate.recv() => Asked::End,
            _ = self.interrupt.recv() => Asked::End,
            _ = self.hang_up.recv() => Asked::Reload,
        }
    }

    /// Resolves when the process is asked to end; what else it is asked for is too late.
    async fn end(&mut self) {
        while self.next().await != Asked::End {}
    }
}

/// Serves until the process is asked to end and its calls are over. `ready` is called once calls
/// are taken.
///
/// # Errors
/// When signals cannot be received.
pub async fn run(mut server: Server, ready: impl FnOnce()) -> Result<(), StartFault> {
    let mut signals = Signals::listen()
        .map_err(|error| StartFault(format!("signals cannot be received: {error}")))?;
    let house = server.house.clone();
    let stop = server.stop.clone();
    serve_beside_calls(&mut server, &stop);
    house.health.set(State::Ready);
    ready();
    loop {
        tokio::select! {
            incoming = server.incoming.recv() => match incoming {
                Some(incoming) => server.serve_call(incoming),
                None => break,
            },
            asked = signals.next() => match asked {
                Asked::End => break,
                Asked::Reload => reload(&server),
            },
        }
    }
    drain(&mut server, &mut signals).await;
    tracing::info!("all calls are over");
    stop.cancel();
    server.tasks.close();
    // The outbox is stopped between two messages; what it has not delivered is on disk.
    let _ = tokio::time::timeout(CLOSED_WITHIN, server.tasks.wait()).await;
    if let Some(endpoint) = Arc::into_inner(server.endpoint) {
        let _ = tokio::time::timeout(CLOSED_WITHIN, endpoint.close()).await;
    }
    let _ = tokio::time::timeout(CLOSED_WITHIN, house.speech.close()).await;
    Ok(())
}

/// What runs for all calls: HTTP, deliveries, the watch on the organisation.
fn serve_beside_calls(server: &mut Server, stop: &CancellationToken) {
    let house = server.house.clone();
    let deliveries = stop.clone();
    server.tasks.spawn(async move {
        tokio::select! {
            () = house.desk.outbox.run() => {}
            () = deliveries.cancelled() => {}
        }
    });
    let house = server.house.clone();
    let watch = stop.clone();
    server.tasks.spawn(async move {
        tokio::select! {
            () = follow_organisation(&house) => {}
            () = watch.cancelled() => {}
        }
    });
    let house = server.house.clone();
    let keeping = stop.clone();
    server.tasks.spawn(async move {
        tokio::select! {
            () = housekeeping::keep(&house) => {}
            () = keeping.cancelled() => {}
        }
    });
    if let Some(lmtp) = server.lmtp.take() {
        server.tasks.spawn(lmtp.serve(stop.clone()));
    }
    if let Some(http) = server.http.take() {
        let stopped = stop.clone().cancelled_owned();
        server.tasks.spawn(async move {
            if let Err(error) = http.serve(stopped).await {
                tracing::error!("health and metrics are not served any more: {error}");
            }
        });
    }
}

/// Acts upon changes of the organisation, by whatever process they were made.
async fn follow_organisation(house: &House) {
    let mut every = tokio::time::interval(LOOK_EVERY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        match house.organisation.refresh().await {
            Ok(true) => organisation_changed(house),
            Ok(false) => {}
            Err(fault) => tracing::warn!(%fault, "cannot look for changes of the organisation"),
        }
    }
}

/// Calls of a gateway that is disabled, or gone, end at once.
fn organisation_changed(house: &House) {
    let snapshot = house.organisation.snapshot();
    let ended = house.calls.end(Ending::GatewayDisabled, |source| {
        snapshot
            .gateway(source)
            .is_none_or(|gateway| gateway.status == GatewayStatus::Disabled)
    });
    tracing::info!(
        version = snapshot.version(),
        ended,
        "the organisation was changed"
    );
}

/// SIGHUP: reads the configuration again and opens log files anew. A faulty file changes nothing.
fn reload(server: &Server) {
    let house = &server.house;
    house.call_log.reopen();
    if let Some(transcript) = &server.transcript {
        transcript.reopen();
    }
    let Some(file) = &server.config_file else {
        tracing::info!("log files were opened anew; there is no configuration file to read again");
        return;
    };
    let result = match Config::read(file) {
        Ok(config) => {
            let before = house.config();
            let mut fixed = config.clone();
            fixed.limits = before.limits.clone();
            fixed.conversation = before.conversation.clone();
            fixed.log = before.log.clone();
            fixed.storage = before.storage.clone();
            if fixed != *before {
                tracing::warn!(
                    "{}: what changed outside of [limits] and [conversation] takes effect at the next start",
                    file.display()
                );
            }
            match super::descriptors::raise_for(config.limits.calls_max) {
                Ok(_) => {
                    let mut next = (*before).clone();
                    next.limits = config.limits;
                    next.conversation = config.conversation;
                    house.reconfigure(next);
                    tracing::info!("{}: read again", file.display());
                    "ok"
                }
                Err(problem) => {
                    tracing::error!("nothing was changed: {problem}");
                    "refused"
                }
            }
        }
        Err(problems) => {
            for line in problems.to_string().lines() {
                tracing::error!("nothing was changed: {line}");
            }
            "refused"
        }
    };
    house.metrics.count_kind("reloads_total", "result", result);
}

/// Takes no new calls and lets the running ones end: by themselves, then told, then at once. A
/// second signal skips the waiting.
async fn drain(server: &mut Server, signals: &mut Signals) {
    let house = server.house.clone();
    house.health.set(State::Draining);
    server.endpoint.drain();
    let patience = house.config().drain();
    tracing::info!(
        calls = house.calls.count(),
        seconds = patience.as_secs(),
        "draining: running calls may go on; a second signal ends them"
    );
    let hurried = tokio::select! {
        () = house.calls.all_over() => return,
        () = signals.end() => true,
        () = tokio::time::sleep(patience) => false,
        () = turn_away(server) => false,
    };
    if !hurried {
        let told = house.calls.end(Ending::Told, |_| true);
        tracing::info!(calls = told, "running calls are told and ended");
        tokio::select! {
            () = house.calls.all_over() => return,
            () = signals.end() => {}
            () = tokio::time::sleep(TOLD_WITHIN) => {}
            () = turn_away(server) => {}
        }
    }
    house.calls.end(Ending::Now, |_| true);
    let _ = tokio::time::timeout(ENDED_WITHIN, house.calls.all_over()).await;
}

/// Calls that had passed the gate before the drain began are refused one by one.
async fn turn_away(server: &mut Server) {
    while let Some(incoming) = server.incoming.recv().await {
        server.serve_call(incoming);
    }
    std::future::pending().await
}
