//! `mailbox`: looking at and changing mailboxes, also while a server runs: it notices within a
//! second.

use std::fmt::Write as _;
use std::sync::Arc;

use anyhow::bail;

use super::super::pin_mails;
use super::{Place, print};
use crate::line::Locale;
use crate::mailbox::embedded::EmbeddedMailbox;
use crate::mailbox::writing::is_plain_address;
use crate::mailbox::{
    Folder, MailAddress, MailStore as _, MailboxId, OutgoingMail, Recipient, Settings as _,
};
use crate::organisation::Organisation;
use crate::organisation::mailboxes::{self, Enabling, MailboxState, NewPin};
use crate::outbox;
use crate::policy::dial_plan::is_language_tag;
use crate::policy::lockout::Gate;
use crate::policy::mailbox::{Subscriber, Subscribers as _};
use crate::policy::pin::PinCost;
use crate::server::wiring::open_language;
use crate::store::Store;

/// `mailbox enable`.
///
/// # Errors
/// Why the mailbox would not be right.
pub fn enable(
    place: &Place,
    user: &str,
    extension: Option<String>,
    policy: Option<String>,
    mailing: &Mailing,
) -> anyhow::Result<()> {
    mailing.check()?;
    let (store, clock) = place.store()?;
    let user = match find(&store, user, &clock.now()) {
        Ok(state) => state.mailbox.user,
        Err(_) => user.to_owned(),
    };
    let enabling = Enabling {
        user: user.clone(),
        policy,
        extensions: extension.into_iter().collect(),
        must_change: true,
        ..Enabling::default()
    };
    let new = mailboxes::enable(&store, enabling, PinCost::default(), clock.now())?;
    print(&format!("{user}: enabled\n"))?;
    let pin = new.as_ref().map(|new| new.pin.clone());
    let sent = mailing.send(store, &user, |owner| {
        pin_mails::welcome_mail(owner, pin.as_deref(), clock.now())
    });
    // Whatever becomes of the mail, the PIN is told this once.
    print_pin(new, true)?;
    if let Some(to) = sent? {
        print(&format!("{user}: the welcome mail is on its way to {to}\n"))?;
    }
    Ok(())
}

/// Whether and where the owner of a mailbox is told of a PIN.
#[derive(Clone, Debug, Default)]
pub struct Mailing {
    /// Not at all.
    pub no_mail: bool,
    /// To this address, instead of the mailbox (NotifyEmail).
    pub notify: Option<String>,
}

impl Mailing {
    fn check(&self) -> anyhow::Result<()> {
        match &self.notify {
            Some(address) if !is_plain_address(address) => {
                bail!("--notify {address}: this is no mail address; give one like name@example.com")
            }
            _ => Ok(()),
        }
    }

    /// Hands a mail to the outbox: the server that runs, or the next one, delivers it. Whom it goes to;
    /// nothing when it is not wanted.
    fn send(
        &self,
        store: Store,
        user: &str,
        mail: impl FnOnce(&Subscriber) -> OutgoingMail,
    ) -> anyhow::Result<Option<String>> {
        if self.no_mail {
            return Ok(None);
        }
        let folder = store.outbox_folder();
        let organisation = Organisation::open(store)?;
        let Some(owner) = organisation.by_user(user) else {
            bail!("{user}: no such mailbox; ringback mailbox list shows all");
        };
        let mut mail = mail(&owner);
        if let Some(address) = &self.notify {
            mail.to = vec![Recipient::address(MailAddress {
                name: Some(owner.display_name.clone()),
                address: address.clone(),
            })];
        }
        outbox::hand_in(&folder, mail)?;
        Ok(Some(
            self.notify
                .clone()
                .unwrap_or_else(|| "the mailbox".to_owned()),
        ))
    }
}

/// `mailbox disable`.
///
/// # Errors
/// When there is no such mailbox.
pub fn disable(place: &Place, user: &str) -> anyhow::Result<()> {
    let (store, clock) = place.store()?;
    let user = find(&store, user, &clock.now())?.mailbox.user;
    mailboxes::disable(&store, &user)?;
    print(&format!(
        "{user}: disabled for voice mail; its messages stay\n"
    ))
}

/// `mailbox list`.
///
/// # Errors
/// When the store cannot be read.
pub fn list(place: &Place) -> anyhow::Result<()> {
    let (store, clock) = place.store()?;
    let mut text = format!("{:<12} {:<12} {:<28} state\n", "extension", "user", "name");
    for state in mailboxes::list(&store, clock.now())? {
        let extensions = state.mailbox.extensions.join(",");
        writeln!(
            text,
            "{extensions:<12} {:<12} {:<28} {}",
            state.mailbox.user,
            name_of(&state),
            state_word(&state)
        )?;
    }
    print(&text)
}

/// `mailbox show`.
///
/// # Errors
/// When there is no such mailbox.
pub async fn show(place: &Place, user: &str) -> anyhow::Result<()> {
    let (store, clock) = place.store()?;
    let state = find(&store, user, &clock.now())?;
    let mailbox = EmbeddedMailbox::new(store);
    let id = MailboxId(Arc::from(state.mailbox.user.as_str()));
    let counts = mailbox.counts(&id).await?;
    let emails = mailbox.email_counts(&id, Folder::Inbox).await?;
    let usage = mailbox.usage(&id).await?;
    let settings = mailbox.settings(&id).await?;
    let mut text = String::new();
    let mut row = |key: &str, value: String| {
        let _ = writeln!(text, "{key:<16} {value}");
    };
    row("user", state.mailbox.user.clone());
    row("name", name_of(&state));
    row("extensions", state.mailbox.extensions.join(", "));
    if !state.mailbox.addresses.is_empty() {
        row("addresses", state.mailbox.addresses.join(", "));
    }
    row("policy", state.mailbox.policy.clone());
    row("state", state_word(&state));
    if let Some(pin) = &state.pin {
        row(
            "PIN set",
            pin.set_at.strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
        );
        row("PIN must change", yes_no(pin.must_change));
        row("failed sign-ins", pin.failures.count.to_string());
    }
    row("set up", yes_no(settings.set_up));
    row("away greeting", on_off(settings.away));
    row("automatic reply", on_off(settings.auto_reply));
    if let Some(language) = &settings.language {
        row("language", language.clone());
    }
    if let Some(zone) = &settings.time_zone {
        row("time zone", zone.clone());
    }
    row(
        "messages",
        format!("{} new, {} old", counts.unread, counts.read),
    );
    row(
        "e-mails",
        format!("{} new, {} old", emails.unread, emails.read),
    );
    row("stored", format!("{} bytes", usage.bytes));
    print(&text)
}

/// `mailbox set-pin`.
///
/// # Errors
/// Why the PIN is refused.
pub fn set_pin(
    place: &Place,
    user: &str,
    pin: Option<String>,
    must_change: bool,
    mailing: &Mailing,
) -> anyhow::Result<()> {
    mailing.check()?;
    let (store, clock) = place.store()?;
    let user = find(&store, user, &clock.now())?.mailbox.user;
    let new = mailboxes::set_pin(
        &store,
        &user,
        pin.clone(),
        must_change,
        PinCost::default(),
        clock.now(),
    )?;
    print(&format!("{user}: the PIN was set\n"))?;
    let told = pin.or_else(|| new.as_ref().map(|new| new.pin.clone()));
    let sent = mailing.send(store, &user, |owner| {
        pin_mails::given_mail(
            owner,
            told.as_deref().unwrap_or_default(),
            must_change,
            clock.now(),
        )
    });
    print_pin(new, must_change)?;
    if let Some(to) = sent? {
        print(&format!(
            "{user}: a mail with the PIN is on its way to {to}\n"
        ))?;
    }
    Ok(())
}

/// `mailbox unlock`.
///
/// # Errors
/// When there is no such mailbox.
pub fn unlock(place: &Place, user: &str) -> anyhow::Result<()> {
    let (store, clock) = place.store()?;
    let user = find(&store, user, &clock.now())?.mailbox.user;
    mailboxes::unlock(&store, &user)?;
    print(&format!(
        "{user}: unlocked; failed sign-ins are forgotten\n"
    ))
}

/// `mailbox set-language`.
///
/// # Errors
/// When there is no such mailbox, or the language is none.
pub async fn set_language(
    place: &Place,
    user: &str,
    language: Option<String>,
) -> anyhow::Result<()> {
    if let Some(tag) = language.as_deref().filter(|tag| !is_language_tag(tag)) {
        bail!(
            "{tag}: this is no language; give a tag such as en-US or fr-FR, or none for the dial plan's"
        );
    }
    let (store, clock) = place.store()?;
    let user = find(&store, user, &clock.now())?.mailbox.user;
    let mailbox = EmbeddedMailbox::new(store);
    let id = MailboxId(Arc::from(user.as_str()));
    let mut settings = mailbox.settings(&id).await?;
    settings.language = language.clone();
    mailbox.save_settings(&id, &settings).await?;
    let Some(tag) = language else {
        return print(&format!("{user}: hears the language of the dial plan\n"));
    };
    print(&format!("{user}: hears {tag} after signing in\n"))?;
    let language = open_language(&place.config()?)?;
    let prompts = &language.prompts;
    let locale = Locale::new(&tag);
    let best = prompts.best(&locale);
    if best != locale {
        let heard = if best.language() == locale.language() {
            format!("those of {best}")
        } else {
            "those of the dial plan".to_owned()
        };
        print(&format!(
            "{user}: there are no prompts for {tag}; until there are (conversation.words), {heard} are heard\n"
        ))?;
    }
    Ok(())
}

/// By user name, or by extension.
pub(super) fn find(
    store: &Store,
    user: &str,
    now: &jiff::Timestamp,
) -> anyhow::Result<MailboxState> {
    let all = mailboxes::list(store, *now)?;
    let by_user = all.iter().position(|state| state.mailbox.user == user);
    let mut by_extension = all
        .iter()
        .enumerate()
        .filter(|(_, state)| state.mailbox.extensions.iter().any(|own| own == user));
    let found = match by_user {
        Some(index) => Some(index),
        None => {
            let first = by_extension.next().map(|(index, _)| index);
            if by_extension.next().is_some() {
                bail!("{user}: several dial plans have this extension; give the user name");
            }
            first
        }
    };
    if let Some(state) = found.and_then(|index| all.get(index)) {
        return Ok(state.clone());
    }
    let nearest = all
        .iter()
        .map(|state| state.mailbox.user.as_str())
        .max_by(|one, other| {
            strsim::jaro_winkler(one, user).total_cmp(&strsim::jaro_winkler(other, user))
        });
    match nearest.filter(|nearest| strsim::jaro_winkler(nearest, user) > 0.75) {
        Some(nearest) => bail!("{user}: no such mailbox; did you mean {nearest}?"),
        None => bail!("{user}: no such mailbox; ringback mailbox list shows all"),
    }
}

pub(super) fn name_of(state: &MailboxState) -> String {
    state
        .person
        .as_ref()
        .map(crate::directory::Person::display_name)
        .unwrap_or_default()
}

fn state_word(state: &MailboxState) -> String {
    let mut words = Vec::new();
    if !state.mailbox.enabled {
        words.push("disabled".to_owned());
    }
    match &state.pin {
        None => words.push("no PIN".to_owned()),
        Some(pin) => match pin.gate {
            Gate::Locked => words.push("locked out".to_owned()),
            Gate::Blocked => words.push("blocked".to_owned()),
            Gate::Open => {
                if pin.must_change {
                    words.push("PIN must be changed".to_owned());
                }
            }
        },
    }
    if words.is_empty() {
        "enabled".to_owned()
    } else {
        words.join(", ")
    }
}

fn on_off(value: bool) -> String {
    if value { "on" } else { "off" }.to_owned()
}

fn yes_no(value: bool) -> String {
    if value { "yes" } else { "no" }.to_owned()
}

fn print_pin(new: Option<NewPin>, must_change: bool) -> anyhow::Result<()> {
    match new {
        Some(NewPin { user, pin }) => print(&format!(
            "{user}: PIN {pin}{} (it is shown this once)\n",
            if must_change {
                ", to be changed at the next call"
            } else {
                ""
            }
        )),
        None => Ok(()),
    }
}
