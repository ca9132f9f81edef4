//! What both ends remember of a call between requests (RFC 3261 section 12), and the messages built from it.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use rsipstack::sip::message::Request;
use rsipstack::sip::{Domain, Header, Headers, Method, Response, Scheme, StatusCode, Uri, Version};
use rsipstack::transport::{SipAddr, SipConnection};

use super::address::{NameAddress, parameter, split_outside_quotes};
use super::transport::Transport;

/// What the methods that a dialog of ours takes are called in Allow.
pub(super) const ALLOW: &str = "INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, INFO, PRACK";
/// Extensions that we know.
pub(super) const SUPPORTED: &str = "timer, 100rel";
/// Bodies that we read.
pub(super) const ACCEPT: &str =
    "application/sdp, multipart/mixed, application/dtmf-relay, application/dtmf";

/// How long a name in a Contact or Route may take to look up.
const LOOK_UP_WITHIN: Duration = Duration::from_secs(2);
/// More routes than any network has.
const ROUTES_MAX: usize = 32;

/// What tells one dialog from all others.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct DialogKey {
    pub(super) call_id: String,
    pub(super) local_tag: String,
    pub(super) remote_tag: String,
}

/// Where a dialog's messages travel.
#[derive(Clone, Debug)]
pub(super) struct Path {
    pub(super) transport: Transport,
    /// Where the peer's messages come from.
    pub(super) source: SocketAddr,
    /// Our address that they were sent to, where that is known.
    pub(super) came_to: Option<SocketAddr>,
    pub(super) connection: SipConnection,
}

impl Path {
    /// Whether a request that came over `other` belongs to a dialog on this path.
    pub(super) fn is_shared_by(&self, other: &Self) -> bool {
        self.transport == other.transport && self.source.ip() == other.source.ip()
    }
}

pub(super) struct Dialog {
    pub(super) key: DialogKey,
    pub(super) path: Path,
    /// Our address as peers must write it: `192.0.2.1:5060`, `[2001:db8::1]:5060`.
    pub(super) authority: String,
    pub(super) remote_cseq: u32,
    local_cseq: u32,
    /// Our From, tag included.
    local: String,
    /// Their From, tag included: our To.
    remote: String,
    route_set: Vec<String>,
    remote_target: String,
}

impl Dialog {
    /// The dialog that an INVITE creates at the called side (section 12.1.1).
    pub(super) fn called(
        invite: &Request,
        path: Path,
        local_tag: String,
        authority: String,
    ) -> Option<Self> {
        let from = value(&invite.headers, "From")?;
        let to = value(&invite.headers, "To")?;
        let key = DialogKey {
            call_id: value(&invite.headers, "Call-ID")?.to_owned(),
            remote_tag: tag(from)?,
            local_tag,
        };
        Some(Self {
            local: format!("{to};tag={}", key.local_tag),
            remote: from.to_owned(),
            route_set: values(&invite.headers, "Record-Route")
                .flat_map(|routes| split_outside_quotes(routes, ','))
                .take(ROUTES_MAX)
                .map(str::to_owned)
                .collect(),
            remote_target: contact(&invite.headers).unwrap_or_else(|| as_received(&invite.uri)),
            remote_cseq: cseq(&invite.headers)?,
            // Any start will do (section 8.1.1.5).
            local_cseq: 1,
            key,
            path,
            authority,
        })
    }

    /// INVITE and UPDATE tell where the peer now wants its requests (section 12.2.2).
    pub(super) fn refresh_target(&mut self, headers: &Headers) {
        if let Some(target) = contact(headers) {
            self.remote_target = target;
        }
    }

    /// Our Contact.
    pub(super) fn contact(&self) -> String {
        match self.path.transport {
            Transport::Udp => format!("<sip:{}>", self.authority),
            Transport::Tcp => format!("<sip:{};transport=tcp>", self.authority),
        }
    }

    pub(super) fn next_cseq(&mut self) -> u32 {
        self.local_cseq = self.local_cseq.saturating_add(1);
        self.local_cseq
    }

    /// A request of ours within the dialog (section 12.2.1.1). None: the peer's Contact is no URI that we can use.
    pub(super) fn request(
        &self,
        method: Method,
        cseq: u32,
        user_agent: &str,
        extra: Vec<Header>,
        body: String,
    ) -> Option<Request> {
        let (target, routes) = self.target_and_routes();
        let uri = verbatim(&target)?;
        let branch = rsipstack::transaction::random_text(24);
        let via = format!(
            "SIP/2.0/{} {};branch=z9hG4bK{branch};rport",
            self.path.transport.token(),
            self.authority
        );
        let mut headers = vec![Header::Via(via.into()), Header::MaxForwards("70".into())];
        headers.extend(routes.into_iter().map(|route| Header::Route(route.into())));
        headers.extend([
            Header::From(self.local.clone().into()),
            Header::To(self.remote.clone().into()),
            Header::CallId(self.key.call_id.clone().into()),
            Header::CSeq(format!("{cseq} {method}").into()),
        ]);
        headers.extend(extra);
        headers.push(Header::UserAgent(user_agent.into()));
        // The stack writes the Content-Length of what goes through a transaction; an ACK goes past it.
        if method == Method::Ack {
            headers.push(Header::ContentLength(body.len().to_string().into()));
        }
        Some(Request {
            method,
            uri,
            version: Version::V2,
            headers: headers.into(),
            body: body.into_bytes(),
        })
    }

    /// Loose routing, and strict where the first route asks for it (section 12.2.1.1).
    fn target_and_routes(&self) -> (String, Vec<String>) {
        let first = self
            .route_set
            .first()
            .and_then(|route| NameAddress::parse(route));
        match first {
            Some(first) if !is_loose(&first.uri) => {
                let mut routes: Vec<String> = self.route_set[1..].to_vec();
                routes.push(format!("<{}>", self.remote_target));
                (first.uri, routes)
            }
            _ => (self.remote_target.clone(), self.route_set.clone()),
        }
    }

    /// The address that the next request goes to: the first route, else the peer's Contact (section 12.2.1.1).
    /// What cannot be looked up is sent where the peer's own requests came from.
    pub(super) fn next_hop(&self) -> NextHop {
        let route = self
            .route_set
            .first()
            .and_then(|route| NameAddress::parse(route))
            .map(|address| address.uri);
        NextHop {
            uri: route.unwrap_or_else(|| self.remote_target.clone()),
            otherwise: self.path.source,
            transport: self.path.transport,
        }
    }
}

/// The URI as the peer wrote it. The stack would write its escapes anew, and wrongly (`%20` as `%2520`), so it gets
/// everything behind the scheme as one name; where the request goes is decided by [`NextHop`] alone.
fn verbatim(uri: &str) -> Option<Uri> {
    let (scheme, rest) = uri.split_once(':')?;
    let is_known = ["sip", "sips", "tel"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known));
    let is_sound = !rest.is_empty()
        && rest
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>' | b'"'));
    (is_known && is_sound).then(|| Uri {
        scheme: Some(Scheme::Other(scheme.to_owned())),
        host_with_port: Domain::from(rest).into(),
        ..Uri::default()
    })
}

/// A URI of a request as it came, escapes untouched.
pub(super) fn as_received(uri: &Uri) -> String {
    let scheme = uri
        .scheme
        .as_ref()
        .map_or_else(String::new, |scheme| format!("{scheme}:"));
    let user = uri
        .auth
        .as_ref()
        .map_or_else(String::new, |auth| format!("{}@", auth.user));
    let parameters: String = uri.params.iter().map(ToString::to_string).collect();
    format!("{scheme}{user}{}{parameters}", uri.host_with_port)
}

fn is_loose(uri: &str) -> bool {
    uri.split_once(';')
        .is_some_and(|(_, parameters)| parameter(parameters, "lr").is_some())
}

/// Where a request goes.
pub(super) struct NextHop {
    uri: String,
    otherwise: SocketAddr,
    transport: Transport,
}

impl NextHop {
    pub(super) async fn resolve(&self) -> SipAddr {
        let address = self.address().await.unwrap_or(self.otherwise);
        SipAddr::new(self.transport.of_the_stack(), address.into())
    }

    async fn address(&self) -> Option<SocketAddr> {
        let (_, rest) = self.uri.split_once(':')?;
        let authority = rest
            .split_once('@')
            .map_or(rest, |(_, host)| host)
            .split([';', '?'])
            .next()?;
        let (host, port) = host_and_port(authority)?;
        if let Ok(address) = host.parse::<IpAddr>() {
            return Some(SocketAddr::new(address, port));
        }
        // A stream's requests go over the dialog's own connection: no name needs looking up.
        if self.transport.is_stream() {
            return None;
        }
        let found = tokio::time::timeout(
            LOOK_UP_WITHIN,
            tokio::net::lookup_host((host.as_str(), port)),
        )
        .await;
        let mut found = found.ok()?.ok()?;
        found.find(|address| address.is_ipv6() == self.otherwise.is_ipv6())
    }
}

/// `host`, `host:port`, `[v6]`, `[v6]:port`; 5060 where no port is named.
fn host_and_port(authority: &str) -> Option<(String, u16)> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(inside) => {
            let (host, behind) = inside.split_once(']')?;
            (host, behind.strip_prefix(':'))
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let port = port.map_or(Some(5060), |port| {
        port.parse().ok().filter(|port| *port != 0)
    })?;
    (!host.is_empty()).then(|| (host.to_owned(), port))
}

/// A response to `request` (section 8.2.6); `tag` is ours, added where the request's To has none.
pub(super) fn response(
    request: &Request,
    status: u16,
    tag: &str,
    server: &str,
    extra: Vec<Header>,
    body: String,
) -> Response {
    let mut headers: Vec<Header> = request
        .headers
        .iter()
        .filter(|header| matches!(header, Header::Via(_)))
        .cloned()
        .collect();
    for header in request.headers.iter() {
        match header {
            Header::To(to) if tag_is_missing(to.value()) => {
                headers.push(Header::To(format!("{};tag={tag}", to.value()).into()))
            }
            Header::From(_) | Header::To(_) | Header::CallId(_) | Header::CSeq(_) => {
                headers.push(header.clone())
            }
            // Section 8.2.6.1: a 100 repeats the Timestamp; section 12.1.1: what creates a dialog repeats the route.
            Header::Timestamp(_) if status == 100 => headers.push(header.clone()),
            Header::RecordRoute(_)
                if (101..300).contains(&status) && request.method == Method::Invite =>
            {
                headers.push(header.clone());
            }
            _ => {}
        }
    }
    headers.extend(extra);
    headers.push(Header::Server(server.into()));
    headers.push(Header::ContentLength(body.len().to_string().into()));
    Response {
        status_code: StatusCode::try_from((status, "Declined"))
            .unwrap_or(StatusCode::ServerInternalError),
        wire_reason: None,
        version: Version::V2,
        headers: headers.into(),
        body: body.into_bytes(),
    }
}

fn tag_is_missing(address: &str) -> bool {
    tag(address).is_none()
}

/// The tag of a From or To.
pub(super) fn tag(address: &str) -> Option<String> {
    NameAddress::parse(address)?
        .parameter("tag")
        .filter(|tag| !tag.is_empty())
}

/// The URI of the first Contact.
fn contact(headers: &Headers) -> Option<String> {
    let contact = split_outside_quotes(value(headers, "Contact")?, ',').next()?;
    NameAddress::parse(contact)
        .map(|address| address.uri)
        .filter(|uri| uri != "*")
}

/// The number of a CSeq, at most 2^31 - 1 (section 8.1.1.5).
pub(super) fn cseq(headers: &Headers) -> Option<u32> {
    let number = value(headers, "CSeq")?.split_ascii_whitespace().next()?;
    number.parse().ok().filter(|number| *number < 1 << 31)
}

/// The compact forms of RFC 3261 section 7.3.3 and its extensions that the stack leaves as they are.
fn is_named(header: &Header, name: &str) -> bool {
    header.name().eq_ignore_ascii_case(name)
}

/// All values of a header, in order.
pub(super) fn values<'a>(headers: &'a Headers, name: &'a str) -> impl Iterator<Item = &'a str> {
    headers
        .iter()
        .filter(move |header| is_named(header, name))
        .map(Header::value)
}

/// The first value of a header.
pub(super) fn value<'a>(headers: &'a Headers, name: &'a str) -> Option<&'a str> {
    values(headers, name).next()
}

/// Whether a list header such as Supported, Require or Allow holds a token.
pub(super) fn lists(headers: &Headers, name: &str, token: &str) -> bool {
    values(headers, name)
        .flat_map(|value| value.split(','))
        .any(|entry| entry.trim().eq_ignore_ascii_case(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_ports() {
        let read = |authority| host_and_port(authority);
        assert_eq!(read("h"), Some(("h".into(), 5060)));
        assert_eq!(read("192.0.2.1:5070"), Some(("192.0.2.1".into(), 5070)));
        assert_eq!(read("[2001:db8::1]"), Some(("2001:db8::1".into(), 5060)));
        assert_eq!(
            read("[2001:db8::1]:5070"),
            Some(("2001:db8::1".into(), 5070))
        );
        assert_eq!(read("h:0"), None);
        assert_eq!(read("h:70000"), None);
        assert_eq!(read(""), None);
        assert_eq!(read("[::1"), None);
    }

    #[test]
    fn uris_leave_as_they_came() {
        for uri in [
            "sip:al%20ice;x=y@[2001:db8::1]:5070;transport=udp",
            "tel:+1-555-0100",
            "sips:h?Subject=x",
        ] {
            assert_eq!(verbatim(uri).unwrap().to_string(), uri);
        }
        for uri in ["sip:", "http://h", "sip:a b@h", "sip:a@h\r\nEvil: yes", "h"] {
            assert_eq!(verbatim(uri), None, "{uri}");
        }
    }

    #[test]
    fn tags() {
        assert_eq!(
            tag("\"A;tag=x\" <sip:a@h;tag=y>;tag=z").as_deref(),
            Some("z")
        );
        assert_eq!(tag("sip:a@h;tag=z;x=y").as_deref(), Some("z"));
        assert_eq!(tag("<sip:a@h>"), None);
    }
}
