//! Which address shows what. Everything a page needs is inside the binary.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router, middleware};
use rust_embed::RustEmbed;
use serde::{Deserialize, Serialize};

use super::guard::{self, Sessions};
use super::live::Summary;
use super::{Rooms, messages, socket};

/// The longest body that a request may have, in bytes: a token, and room to spare.
const BODY_MOST: usize = 4_096;
/// How long an answer may take, the reading of the request's body included.
const ANSWERED_WITHIN: Duration = Duration::from_secs(20);

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/src/web_phone/page"]
struct Files;

pub(super) struct Pages {
    pub(super) rooms: Rooms,
    pub(super) sessions: Sessions,
}

pub(super) fn router(rooms: Arc<Rooms>) -> Router {
    let Some(rooms) = Arc::into_inner(rooms) else {
        return Router::new();
    };
    let pages = Arc::new(Pages {
        rooms,
        sessions: Sessions::default(),
    });
    Router::new()
        .route("/", get(|| async { file("phone.html") }))
        .route("/live", get(|| async { file("live.html") }))
        .route("/sign-in", get(sign_in_page).post(sign_in))
        .route("/sign-out", post(sign_out))
        .route(
            "/page/{name}",
            get(|Path(name): Path<String>| async move { file(&name) }),
        )
        .route("/phone", get(socket::phone))
        .route("/api/numbers", get(numbers))
        .route("/api/calls", get(calls))
        .route("/api/calls/{number}", get(call))
        .route("/api/messages/{mailbox}", get(messages::list))
        .route("/api/messages/{mailbox}/{id}/sound", get(messages::sound))
        .route("/api/messages/{mailbox}/{id}/shape", get(messages::shape))
        .layer(middleware::from_fn_with_state(pages.clone(), guard::guard))
        .layer(middleware::from_fn(in_time))
        .layer(DefaultBodyLimit::max(BODY_MOST))
        .with_state(pages)
}

async fn in_time(request: axum::extract::Request, next: middleware::Next) -> Response {
    match tokio::time::timeout(ANSWERED_WITHIN, next.run(request)).await {
        Ok(response) => response,
        Err(_) => StatusCode::REQUEST_TIMEOUT.into_response(),
    }
}

/// A file of the page, as it is in the binary.
fn file(name: &str) -> Response {
    let kind = match name.rsplit_once('.').map(|(_, end)| end) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    match Files::get(name) {
        Some(file) => ([(header::CONTENT_TYPE, kind)], file.data).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn sign_in_page() -> Response {
    file("sign-in.html")
}

async fn sign_in(State(pages): State<Arc<Pages>>, headers: HeaderMap, body: Bytes) -> Response {
    let form = String::from_utf8_lossy(&body);
    match guard::sign_in(&pages, &headers, &form) {
        Some(cookie) => ([(header::SET_COOKIE, cookie)], Redirect::to("/live")).into_response(),
        None => (StatusCode::UNAUTHORIZED, file("wrong-token.html")).into_response(),
    }
}

async fn sign_out(State(pages): State<Arc<Pages>>, headers: HeaderMap) -> Response {
    guard::sign_out(&pages, &headers);
    Redirect::to("/sign-in").into_response()
}

#[derive(Serialize)]
struct Numbers {
    demo: bool,
    numbers: Vec<super::Listed>,
}

async fn numbers(State(pages): State<Arc<Pages>>) -> Json<Numbers> {
    Json(Numbers {
        demo: pages.rooms.access.demo,
        numbers: pages.rooms.exchange.numbers(),
    })
}

#[derive(Serialize)]
struct Calls {
    running: Vec<Summary>,
    finished: Vec<Summary>,
}

async fn calls(State(pages): State<Arc<Pages>>) -> Json<Calls> {
    let (running, finished) = pages.rooms.live.calls();
    Json(Calls { running, finished })
}

#[derive(Deserialize)]
struct From {
    #[serde(default)]
    after: usize,
}

async fn call(
    State(pages): State<Arc<Pages>>,
    Path(number): Path<u64>,
    Query(from): Query<From>,
) -> Response {
    match pages.rooms.live.follow(number, from.after) {
        Some(followed) => Json(followed).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
