//! What `ringback demo` says before it serves: where to call, and with which PINs.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use ipnet::IpNet;

use super::wiring::Server;
use crate::organisation::demo::ACCESS_NUMBER;
use crate::organisation::mailboxes::NewPin;

/// What a newcomer needs to know.
pub(super) fn introduction(
    server: &Server,
    trust: &[IpNet],
    data: &Path,
    pins: &[NewPin],
) -> String {
    let mut text = String::new();
    let mut line = |words: std::fmt::Arguments<'_>| {
        let _ = writeln!(text, "{words}");
    };
    line(format_args!("Ringback {} demo", env!("CARGO_PKG_VERSION")));
    line(format_args!(""));
    let mut addresses: Vec<SocketAddr> = Vec::new();
    for listener in server.sip_listeners() {
        // UDP and TCP of one address are one line.
        if !addresses.contains(&listener.address) {
            addresses.push(listener.address);
        }
    }
    for sip in addresses {
        line(format_args!(
            "  dial       sip:{ACCESS_NUMBER}@{sip}   (UDP or TCP, no registration)"
        ));
    }
    if let Some(http) = server.http_address() {
        line(format_args!(
            "  look       http://{http}/healthz   http://{http}/metrics"
        ));
    }
    line(format_args!("  data       {}", data.display()));
    if let Some(transcript) = &server.house.config().log.transcript {
        line(format_args!("  transcript {}", transcript.display()));
    }
    line(format_args!("  calls from 127.0.0.0/8{}", {
        let mut more = String::new();
        for net in trust {
            let _ = write!(more, ", {net}");
        }
        more
    }));
    line(format_args!(""));
    line(format_args!("  extension  PIN"));
    line(format_args!(
        "  2001       482915  Alice Archer: two new voice messages and an old one"
    ));
    line(format_args!("  2002       739164  Bob Baker"));
    line(format_args!(
        "  2003       615284  Carol Carter: never signed in; change the PIN, then set up"
    ));
    line(format_args!("  2004       950371  Dave Dyer: locked out"));
    let snapshot = server.house.organisation.snapshot();
    let mut others = Vec::new();
    for new in pins {
        use crate::policy::mailbox::Subscribers as _;
        if let Some(subscriber) = snapshot.by_user(&new.user)
            && !["2001", "2002", "2003", "2004"].contains(&subscriber.extension())
        {
            let remark = if subscriber.mailbox.enabled {
                ""
            } else {
                ": disabled for voice mail"
            };
            others.push(format!(
                "  {:<9}  {:<6}  {}{remark}",
                subscriber.extension(),
                new.pin,
                subscriber.display_name
            ));
        }
    }
    if others.is_empty() {
        line(format_args!(
            "  others: PINs were printed when the demo was made; --fresh makes new ones"
        ));
    }
    for other in others {
        line(format_args!("{other}"));
    }
    line(format_args!(""));
    line(format_args!("Three things to try:"));
    line(format_args!(
        "  1. Dial {ACCESS_NUMBER}, enter 2001 and the PIN 482915#, then press 1 for voice messages."
    ));
    line(format_args!(
        "  2. Have a call diverted from 2002 to {ACCESS_NUMBER} (or dial 2002), leave a message, hang up;"
    ));
    line(format_args!(
        "     then sign in as 2002 with 739164# and hear it."
    ));
    line(format_args!(
        "  3. Sign in as 2001, press 6 for personal options, 2 for greetings, and record one."
    ));
    line(format_args!(""));
    text
}
