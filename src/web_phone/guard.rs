//! Who is let in: people at this machine while it serves a demo, and whoever has the administrator's
//! token. Pages of other sites are kept out, however a browser was led here: by a name that points
//! at us (DNS rebinding), by a form, or by a WebSocket.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use rand::Rng;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::time::Instant;

use super::Rooms;
use super::pages::Pages;

/// A token has at least so many characters.
const TOKEN_LEAST: usize = 20;
/// Whoever signed in stays so for a working day.
const SIGNED_IN_FOR: Duration = Duration::from_secs(12 * 3_600);
/// So many are signed in at once; one more puts out whoever has been in the longest.
const SIGNED_IN_MOST: usize = 64;
const COOKIE: &str = "ringback";

/// The administrator's secret, as its digest: comparing two digests takes the same time whatever
/// is given.
#[derive(Clone)]
pub struct Token([u8; 32]);

/// Why a text is no token.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum TokenFault {
    /// It could be guessed.
    #[error("has fewer than {TOKEN_LEAST} characters; make one with: openssl rand -hex 32")]
    Short,
    /// It would not pass through forms and headers unchanged.
    #[error(
        "has other characters than letters, digits and -._~; make one with: openssl rand -hex 32"
    )]
    Characters,
}

impl Token {
    /// The token in a file's text; white space around it does not count.
    ///
    /// # Errors
    /// When it is too short or has characters that do not travel well.
    pub fn parse(text: &str) -> Result<Token, TokenFault> {
        let text = text.trim();
        if text.len() < TOKEN_LEAST {
            return Err(TokenFault::Short);
        }
        if !text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
        {
            return Err(TokenFault::Characters);
        }
        Ok(Token(digest(text)))
    }

    fn is(&self, given: &str) -> bool {
        self.0.ct_eq(&digest(given)).into()
    }
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// Who is let in.
#[derive(Clone, Default)]
pub struct Access {
    /// Everybody at this machine: it serves a demo.
    pub demo: bool,
    /// Whoever has this.
    pub token: Option<Token>,
}

/// Those who have signed in, by the digest of their cookie.
#[derive(Default)]
pub(super) struct Sessions(Mutex<HashMap<[u8; 32], Instant>>);

impl Sessions {
    fn begin(&self) -> String {
        let secret: [u8; 32] = rand::rng().random();
        let cookie: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut sessions = self.lock();
        if sessions.len() >= SIGNED_IN_MOST {
            let oldest = sessions.iter().min_by_key(|(_, until)| **until);
            if let Some(oldest) = oldest.map(|(digest, _)| *digest) {
                sessions.remove(&oldest);
            }
        }
        sessions.insert(digest(&cookie), Instant::now() + SIGNED_IN_FOR);
        cookie
    }

    fn has(&self, cookie: &str) -> bool {
        let now = Instant::now();
        let mut sessions = self.lock();
        sessions.retain(|_, until| *until > now);
        sessions.contains_key(&digest(cookie))
    }

    fn end(&self, cookie: &str) {
        self.lock().remove(&digest(cookie));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Stands before every page.
pub(super) async fn guard(
    State(pages): State<Arc<Pages>>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path().to_owned();
    let headers = request.headers();
    let Some(host) = own_host(&pages.rooms, headers) else {
        return refusal(
            StatusCode::FORBIDDEN,
            "This server is not known under that name. Open it as localhost or by its address, or \
             have its administrator add the name to http.host_names.\n",
        );
    };
    let changes = *request.method() != Method::GET && *request.method() != Method::HEAD;
    if (changes || path == "/phone") && !is_of_origin(headers, host) {
        return refusal(
            StatusCode::FORBIDDEN,
            "Only pages of this server may do that.\n",
        );
    }
    if path.starts_with("/api/") && is_of_another_site(headers) {
        return refusal(
            StatusCode::FORBIDDEN,
            "Only pages of this server may read that.\n",
        );
    }
    let is_public = path == "/sign-in" || path.starts_with("/page/");
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map(|info| info.0.ip());
    let let_in = is_public || is_let_in(&pages, headers, peer);
    let policy = content_policy(host);
    let mut response = if let_in {
        next.run(request).await
    } else if pages.rooms.access.token.is_none() {
        refusal(
            StatusCode::FORBIDDEN,
            "Only from this machine: open it there, or through a tunnel \
             (ssh -L 8080:localhost:8080 this-machine). To let others in, set http.token_file.\n",
        )
    } else if path == "/" || path == "/live" {
        Redirect::to("/sign-in").into_response()
    } else {
        refusal(
            StatusCode::UNAUTHORIZED,
            "Sign in first, or send the token.\n",
        )
    };
    secure(response.headers_mut(), policy);
    response
}

fn refusal(status: StatusCode, why: &'static str) -> Response {
    (
        status,
        [(header::CONTENT_TYPE, "text/plain; charset=utf-8")],
        why,
    )
        .into_response()
}

/// The Host header, when it is a name of ours. An address is always one: no name leads to it.
fn own_host<'a>(rooms: &Rooms, headers: &'a HeaderMap) -> Option<&'a str> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next()?.to_str().ok()?;
    if hosts.next().is_some() {
        return None;
    }
    let authority: axum::http::uri::Authority = host.parse().ok()?;
    if authority.as_str().contains('@') {
        return None;
    }
    let name = authority.host();
    let address = name.trim_start_matches('[').trim_end_matches(']');
    let known = address.parse::<IpAddr>().is_ok()
        || name.eq_ignore_ascii_case("localhost")
        || rooms
            .host_names
            .iter()
            .any(|own| own.eq_ignore_ascii_case(name));
    known.then_some(host)
}

/// Whether a browser says that a page of ours asks. Whoever is no browser has to say so too.
fn is_of_origin(headers: &HeaderMap, host: &str) -> bool {
    let origin = headers
        .get(header::ORIGIN)
        .and_then(|origin| origin.to_str().ok());
    let origin = origin.and_then(|origin| {
        origin
            .strip_prefix("http://")
            .or_else(|| origin.strip_prefix("https://"))
    });
    origin.is_some_and(|origin| origin.eq_ignore_ascii_case(host))
}

/// Whether a browser says that a page of somebody else's asks.
fn is_of_another_site(headers: &HeaderMap) -> bool {
    headers
        .get("sec-fetch-site")
        .is_some_and(|site| site != "same-origin" && site != "none")
}

fn is_let_in(pages: &Pages, headers: &HeaderMap, peer: Option<IpAddr>) -> bool {
    let access = &pages.rooms.access;
    // What a proxy of this machine passes on comes from somewhere else.
    let forwarded = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];
    let is_here = peer.is_some_and(|peer| peer.to_canonical().is_loopback())
        && !forwarded.iter().any(|name| headers.contains_key(*name));
    if access.demo && is_here {
        return true;
    }
    let Some(token) = &access.token else {
        return false;
    };
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    bearer.is_some_and(|given| token.is(given))
        || cookie(headers).is_some_and(|given| pages.sessions.has(given))
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}

/// Signs in whoever gives the token: the value of his cookie header.
pub(super) fn sign_in(pages: &Pages, headers: &HeaderMap, form: &str) -> Option<HeaderValue> {
    let token = pages.rooms.access.token.as_ref()?;
    let given = form
        .split('&')
        .find_map(|field| field.strip_prefix("token="))?;
    // A form writes blanks that were pasted along with it as +.
    if !token.is(given.trim_matches('+')) {
        return None;
    }
    let over_tls = headers
        .get(header::ORIGIN)
        .is_some_and(|origin| origin.as_bytes().starts_with(b"https://"));
    let secure = if over_tls { "; Secure" } else { "" };
    let seconds = SIGNED_IN_FOR.as_secs();
    let value = format!(
        "{COOKIE}={}; HttpOnly; SameSite=Strict; Path=/; Max-Age={seconds}{secure}",
        pages.sessions.begin()
    );
    HeaderValue::from_str(&value).ok()
}

/// Signs out: the cookie means nothing any more.
pub(super) fn sign_out(pages: &Pages, headers: &HeaderMap) {
    if let Some(cookie) = cookie(headers) {
        pages.sessions.end(cookie);
    }
}

/// Nothing but what this server itself sends; its own WebSocket by name, which not every browser
/// counts as itself.
fn content_policy(host: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; \
         connect-src 'self' ws://{host} wss://{host}; worker-src 'self'; form-action 'self'; \
         base-uri 'none'; frame-ancestors 'none'"
    )
}

fn secure(headers: &mut HeaderMap, policy: String) {
    let fixed = [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        (
            "permissions-policy",
            "microphone=(self), camera=(), geolocation=()",
        ),
        ("cache-control", "no-store"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_long_and_travel_well() {
        let good = "0123456789abcdef0123";
        let token = Token::parse(&format!("  {good}\n")).unwrap();
        assert!(token.is(good));
        for wrong in ["", "0123456789abcdef0124", "0123456789abcdef01234"] {
            assert!(!token.is(wrong), "{wrong}");
        }
        assert_eq!(Token::parse("short").err(), Some(TokenFault::Short));
        let odd = Token::parse("0123456789 0123456789").err();
        assert_eq!(odd, Some(TokenFault::Characters));
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_signed_in_is_put_out_after_a_day_or_by_too_many() {
        let sessions = Sessions::default();
        let first = sessions.begin();
        assert!(sessions.has(&first));
        assert!(!sessions.has("somebody else"));
        sessions.end(&first);
        assert!(!sessions.has(&first));
        let second = sessions.begin();
        tokio::time::advance(Duration::from_secs(1)).await;
        for _ in 0..SIGNED_IN_MOST {
            sessions.begin();
        }
        assert!(!sessions.has(&second));
        let last = sessions.begin();
        tokio::time::advance(SIGNED_IN_FOR).await;
        assert!(!sessions.has(&last));
    }

    #[test]
    fn origins_must_be_ours_to_the_port() {
        let mut headers = HeaderMap::new();
        assert!(
            !is_of_origin(&headers, "localhost:8080"),
            "none is none of ours"
        );
        for (origin, ours) in [
            ("http://localhost:8080", true),
            ("https://localhost:8080", true),
            ("http://localhost:8081", false),
            ("http://localhost:8080.evil.example", false),
            ("http://evil.example", false),
            ("null", false),
        ] {
            headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
            assert_eq!(is_of_origin(&headers, "localhost:8080"), ours, "{origin}");
        }
    }
}
