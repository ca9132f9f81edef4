//! The HTTP side: `/healthz` and `/metrics`, and the pages that others bring along.
//!
//! Of what is here nothing changes anything, and nothing is authenticated: it listens on loopback
//! unless configured otherwise. Pages guard themselves. A connection has to say what it wants in
//! time and in few words, and there are only so many.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, State as Shared};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::health::{Health, State};
use super::metrics::Metrics;

/// Connections at once: a hundred web phones with their pages, and those who watch. One more waits.
pub const CONNECTIONS_MOST: usize = 256;
/// How long a request's head may take to come, and an open connection to ask for something more.
const HEADERS_WITHIN: Duration = Duration::from_secs(10);
/// Header fields in a request; browsers send about twenty.
const HEADERS_MOST: usize = 64;
/// Bytes of a request that are held while its head comes.
const HEADER_BYTES_MOST: usize = 16 * 1_024;
/// How long connections may take to end when the service does.
const GOODBYE_WITHIN: Duration = Duration::from_millis(300);

#[derive(Clone)]
struct Rooms {
    health: Arc<Health>,
    metrics: Arc<Metrics>,
}

/// The page of health and metrics, already listening.
pub struct HttpServer {
    listener: TcpListener,
    rooms: Rooms,
    pages: Router,
}

impl HttpServer {
    /// Listens on `address`.
    ///
    /// # Errors
    /// When the address is taken or not ours.
    pub async fn listen(
        address: SocketAddr,
        health: Arc<Health>,
        metrics: Arc<Metrics>,
    ) -> io::Result<HttpServer> {
        Ok(HttpServer {
            listener: TcpListener::bind(address).await?,
            rooms: Rooms { health, metrics },
            pages: Router::new(),
        })
    }

    /// The address it listens on.
    ///
    /// # Errors
    /// When the socket is gone.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves these pages as well.
    #[must_use]
    pub fn with_pages(mut self, pages: Router) -> HttpServer {
        self.pages = pages;
        self
    }

    /// Answers until `stop` is done.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve(self, stop: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        let router = Router::new()
            .route("/healthz", get(health))
            .route("/metrics", get(metrics))
            .with_state(self.rooms)
            .merge(self.pages);
        let places = Arc::new(Semaphore::new(CONNECTIONS_MOST));
        let mut connections = JoinSet::new();
        let stopping = CancellationToken::new();
        tokio::pin!(stop);
        loop {
            let stream = tokio::select! {
                () = &mut stop => break,
                // Connections that are over give their place back.
                Some(_) = connections.join_next(), if !connections.is_empty() => continue,
                accepted = accept(&self.listener, &places) => accepted?,
            };
            connections.spawn(answer(stream, router.clone(), stopping.clone()));
        }
        stopping.cancel();
        let all_over = async { while connections.join_next().await.is_some() {} };
        let _ = timeout(GOODBYE_WITHIN, all_over).await;
        Ok(())
    }
}

/// A connection, with the right to be one of those that are open.
struct Accepted {
    stream: TcpStream,
    peer: SocketAddr,
    _place: OwnedSemaphorePermit,
}

/// Waits for a place, then for somebody to take it.
async fn accept(listener: &TcpListener, places: &Arc<Semaphore>) -> io::Result<Accepted> {
    let place = places.clone().acquire_owned().await;
    let place = place.map_err(io::Error::other)?;
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                return Ok(Accepted {
                    stream,
                    peer,
                    _place: place,
                });
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                // Out of descriptors, most likely: some will be free again.
                tracing::warn!(%error, "an HTTP connection was not accepted");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
    )
}

/// Serves one connection to its end.
async fn answer(accepted: Accepted, router: Router, stopping: CancellationToken) {
    // Sound that waits for more to travel with comes late.
    let _ = accepted.stream.set_nodelay(true);
    let router = router.layer(Extension(ConnectInfo(accepted.peer)));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_WITHIN)
        .max_headers(HEADERS_MOST)
        .max_buf_size(HEADER_BYTES_MOST)
        .serve_connection(
            TokioIo::new(accepted.stream),
            TowerToHyperService::new(router),
        )
        .with_upgrades();
    tokio::pin!(connection);
    let served = tokio::select! {
        served = connection.as_mut() => served,
        () = stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = served {
        tracing::debug!(%error, "an HTTP connection ended early");
    }
}

/// 200 while calls are taken, 503 before and after: a load balancer needs no more. A line for people
/// may follow.
async fn health(Shared(rooms): Shared<Rooms>) -> impl IntoResponse {
    let (status, word) = match rooms.health.state() {
        State::Starting => (StatusCode::SERVICE_UNAVAILABLE, "starting"),
        State::Ready => (StatusCode::OK, "ready"),
        State::Draining => (StatusCode::SERVICE_UNAVAILABLE, "draining"),
    };
    match rooms.health.note() {
        Some(note) => (status, format!("{word}\nnote: {note}\n")),
        None => (status, format!("{word}\n")),
    }
}

async fn metrics(Shared(rooms): Shared<Rooms>) -> impl IntoResponse {
    (
        [(
            header::CONTENT_TYPE,
            "text/plain; version=0.0.4; charset=utf-8",
        )],
        rooms.metrics.page(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    async fn get(address: SocketAddr, path: &str) -> String {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn health_follows_the_state_and_metrics_are_served() {
        let (health, metrics) = (Arc::new(Health::default()), Arc::new(Metrics::default()));
        metrics.count("messages_left_total");
        let server = HttpServer::listen(
            SocketAddr::from(([127, 0, 0, 1], 0)),
            health.clone(),
            metrics.clone(),
        )
        .await
        .unwrap();
        let address = server.address().unwrap();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let serving = server.serve(async move {
            let _ = stopped.await;
        });
        let asking = async {
            assert!(get(address, "/healthz").await.starts_with("HTTP/1.1 503"));
            health.set(State::Ready);
            assert!(get(address, "/healthz").await.starts_with("HTTP/1.1 200"));
            health.ask(Arc::new(|| Some("3 mails wait".to_owned())));
            let answer = get(address, "/healthz").await;
            assert!(answer.ends_with("ready\nnote: 3 mails wait\n"), "{answer}");
            health.ask(Arc::new(|| None));
            health.set(State::Draining);
            let answer = get(address, "/healthz").await;
            assert!(answer.starts_with("HTTP/1.1 503") && answer.ends_with("draining\n"));
            let page = get(address, "/metrics").await;
            assert!(page.contains("text/plain; version=0.0.4"), "{page}");
            assert!(page.contains("ringback_messages_left_total 1"), "{page}");
            assert!(get(address, "/secret").await.starts_with("HTTP/1.1 404"));
            stop.send(()).unwrap();
        };
        let (served, ()) = tokio::join!(serving, asking);
        served.unwrap();
    }
}
