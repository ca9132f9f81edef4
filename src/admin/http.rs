//! The HTTP side: `/healthz` and `/metrics`. Nothing here changes anything, and nothing is
//! authenticated: it listens on loopback unless configured otherwise.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State as Shared;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;

use super::health::{Health, State};
use super::metrics::Metrics;

#[derive(Clone)]
struct Rooms {
    health: Arc<Health>,
    metrics: Arc<Metrics>,
}

/// The page of health and metrics, already listening.
pub struct HttpServer {
    listener: TcpListener,
    rooms: Rooms,
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
        })
    }

    /// The address it listens on.
    ///
    /// # Errors
    /// When the socket is gone.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers until `stop` is done.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve(self, stop: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        let router = Router::new()
            .route("/healthz", get(health))
            .route("/metrics", get(metrics))
            .with_state(self.rooms);
        axum::serve(self.listener, router)
            .with_graceful_shutdown(stop)
            .await
    }
}

/// 200 while calls are taken, 503 before and after: a load balancer needs no more.
async fn health(Shared(rooms): Shared<Rooms>) -> impl IntoResponse {
    match rooms.health.state() {
        State::Starting => (StatusCode::SERVICE_UNAVAILABLE, "starting\n"),
        State::Ready => (StatusCode::OK, "ready\n"),
        State::Draining => (StatusCode::SERVICE_UNAVAILABLE, "draining\n"),
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
