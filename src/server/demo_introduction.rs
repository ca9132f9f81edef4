//! What `ringback demo` says before it serves: where to call, and with which PINs.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use ipnet::IpNet;
use jiff::Timestamp;

use super::demo_data::Made;
use super::wiring::{Server, StartFault};
use crate::mailbox::embedded::EmbeddedMailbox;
use crate::mailbox::{MailStore as _, MailboxId};
use crate::organisation::demo::{ACCESS_NUMBER, FIRST_USER, first_pin};
use crate::organisation::mailboxes::{self, MailboxState};
use crate::policy::lockout::Gate;

/// What a newcomer needs to know; `people` is what [`people`] says.
pub(super) fn introduction(server: &Server, trust: &[IpNet], data: &Path, people: &str) -> String {
    let mut text = String::new();
    let mut line = |words: std::fmt::Arguments<'_>| {
        let _ = writeln!(text, "{words}");
    };
    line(format_args!("Ringback {} demo", env!("CARGO_PKG_VERSION")));
    line(format_args!(""));
    if let Some(http) = server.http_address() {
        line(format_args!(
            "  browser    {}   (press Call; nothing else is needed)",
            page_address(http)
        ));
    }
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
            "  look       http://{http}/live   http://{http}/healthz   http://{http}/metrics"
        ));
    }
    for lmtp in server.lmtp_addresses() {
        line(format_args!(
            "  mail       lmtp://{lmtp}   (RFC 2033, for alice@example.test and the others)"
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
    text.push_str(people);
    text.push_str(&things_to_try());
    text
}

/// Where a browser of this machine finds the web phone: `localhost`, where it gives a microphone.
fn page_address(http: SocketAddr) -> String {
    if http.ip() == IpAddr::from([127, 0, 0, 1]) || http.ip().is_unspecified() {
        format!("http://localhost:{}/", http.port())
    } else {
        format!("http://{http}/")
    }
}

/// Every mailbox with its PIN, and how things stand there now: a demo that was used before is not
/// what it was on its first day.
pub(super) async fn people(made: &Made, now: Timestamp) -> Result<String, StartFault> {
    let failed = |fault: &dyn std::fmt::Display| StartFault(fault.to_string());
    let mailbox = EmbeddedMailbox::new(made.store.clone());
    let mut states = mailboxes::list(&made.store, now).map_err(|fault| failed(&fault))?;
    states.sort_by(|one, other| one.mailbox.extensions.cmp(&other.mailbox.extensions));
    let mut text = "  extension  PIN\n".to_owned();
    for state in &states {
        let user = &state.mailbox.user;
        let counts = mailbox.counts(&MailboxId(user.as_str().into())).await;
        let counts = counts.map_err(|fault| failed(&fault))?;
        let extension = state.mailbox.extensions.first().map_or("", String::as_str);
        let name = state.person.as_ref().map(|person| person.display_name());
        let name = name.filter(|name| !name.is_empty());
        let mut remarks = standing(state);
        if counts.unread + counts.read > 0 {
            let (new, old) = (counts.unread, counts.read);
            remarks.push(format!("voice messages: {new} new, {old} old"));
        } else if user == FIRST_USER {
            remarks.push("no voice messages".to_owned());
        }
        let colon = if remarks.is_empty() { "" } else { ": " };
        let _ = writeln!(
            text,
            "  {extension:<9}  {:<7}  {}{colon}{}",
            pin_word(made, state),
            name.as_ref().unwrap_or(user),
            remarks.join("; ")
        );
    }
    if made.pins.is_empty() {
        text.push_str(
            "  -: that PIN was told when the demo was made; give another with ringback mailbox\n     \
             set-pin, or make the demo anew with --fresh\n",
        );
    }
    text.push('\n');
    Ok(text)
}

/// The PIN of a mailbox, as far as anybody can know it.
fn pin_word(made: &Made, state: &MailboxState) -> String {
    let user = &state.mailbox.user;
    let new = made.pins.iter().find(|new| new.user == *user);
    if let Some(new) = new {
        return new.pin.clone();
    }
    match &state.pin {
        Some(pin) if pin.changed => "changed".to_owned(),
        Some(_) => first_pin(user).unwrap_or("-").to_owned(),
        None => "none".to_owned(),
    }
}

fn standing(state: &MailboxState) -> Vec<String> {
    let mut remarks = Vec::new();
    if !state.mailbox.enabled {
        remarks.push("disabled for voice mail".to_owned());
    }
    if let Some(pin) = &state.pin {
        match pin.gate {
            Gate::Locked => remarks.push("locked out".to_owned()),
            Gate::Blocked => remarks.push("blocked for a while".to_owned()),
            Gate::Open if pin.must_change && first_pin(&state.mailbox.user).is_some() => {
                remarks.push("never signed in: change the PIN, then set up".to_owned());
            }
            Gate::Open => {}
        }
    }
    remarks
}

fn things_to_try() -> String {
    format!(
        "Three things to try:\n  \
         1. Dial {ACCESS_NUMBER}, enter 2001 and its PIN followed by #, then press 1 for voice messages.\n  \
         2. Have a call diverted from 2002 to {ACCESS_NUMBER} (or dial 2002), leave a message, hang up;\n     \
         then sign in as 2002 and hear it.\n  \
         3. Sign in as 2001, press 6 for personal options, 2 for greetings, and record one.\n\n"
    )
}
