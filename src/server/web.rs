//! Opens the pages: the web phone, the live view and, in a demo, the messages.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::house::House;
use super::web_call::WebExchange;
use super::wiring::StartFault;
use crate::config::Config;
use crate::policy::clock::WallClock;
use crate::web_phone::{self, Access, Live, Rooms, Token};

/// Who may see the pages; nothing: there are none.
pub(super) fn access(config: &Config, demo: bool) -> Result<Option<Access>, StartFault> {
    let token = config
        .http
        .token_file
        .as_deref()
        .map(read_token)
        .transpose()?;
    Ok((demo || token.is_some()).then_some(Access { demo, token }))
}

fn read_token(file: &Path) -> Result<Token, StartFault> {
    let wrong =
        |problem: String| StartFault(format!("http.token_file: {}: {problem}", file.display()));
    let cannot = |error: std::io::Error| wrong(format!("cannot be read: {error}"));
    let mode = std::fs::metadata(file)
        .map_err(cannot)?
        .permissions()
        .mode();
    if mode & 0o077 != 0 {
        return Err(wrong("others may read it; run: chmod 600".to_owned()));
    }
    let text = std::fs::read_to_string(file).map_err(cannot)?;
    Token::parse(&text).map_err(|fault| wrong(fault.to_string()))
}

/// Calls as pages follow them, with the time that callers hear.
pub(super) fn live(clock: &Arc<dyn WallClock>) -> Live {
    let clock = clock.clone();
    Live::new(Box::new(move || {
        clock.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }))
}

/// All pages.
pub(super) fn pages(
    house: &Arc<House>,
    tasks: &TaskTracker,
    stop: &CancellationToken,
    access: Access,
) -> Router {
    let demo = access.demo;
    let Some(live) = house.live.clone() else {
        return Router::new();
    };
    web_phone::router(Rooms {
        exchange: Arc::new(WebExchange::new(house, tasks.clone(), demo)),
        live,
        messages: demo.then(|| house.desk.mail.clone()),
        access,
        host_names: house.config().http.host_names.clone(),
        stop: stop.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_file_is_read_only_when_nobody_else_can() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        let mut config = Config::default();
        assert!(access(&config, false).unwrap().is_none(), "no pages");
        assert!(access(&config, true).unwrap().unwrap().token.is_none());
        config.http.token_file = Some(file.clone());
        let said = |config: &Config| access(config, false).err().unwrap().to_string();
        assert!(
            said(&config).contains("cannot be read"),
            "{}",
            said(&config)
        );
        std::fs::write(&file, "0123456789abcdef0123456789abcdef\n").unwrap();
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).unwrap();
        assert!(said(&config).contains("chmod 600"), "{}", said(&config));
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
        assert!(access(&config, false).unwrap().unwrap().token.is_some());
        std::fs::write(&file, "1234").unwrap();
        assert!(said(&config).contains("openssl rand"), "{}", said(&config));
    }
}
