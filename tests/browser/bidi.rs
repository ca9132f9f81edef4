//! A small client of WebDriver BiDi (<https://w3c.github.io/webdriver-bidi/>): one command at a time,
//! and no more of them than these tests need.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// A browser that takes so long is stuck.
const ANSWERED_WITHIN: Duration = Duration::from_secs(60);

pub(crate) struct Session {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    next: u64,
}

impl Session {
    /// Connects to a session that exists.
    pub(crate) async fn connect(address: &str) -> Result<Session, String> {
        let (socket, _) = connect_async(address)
            .await
            .map_err(|error| error.to_string())?;
        Ok(Session { socket, next: 1 })
    }

    /// Sends a command; gives its result.
    pub(crate) async fn command(&mut self, method: &str, params: Value) -> Result<Value, String> {
        let id = self.next;
        self.next += 1;
        let command = json!({ "id": id, "method": method, "params": params });
        let sent = self.socket.send(Message::text(command.to_string())).await;
        sent.map_err(|error| error.to_string())?;
        let answer = tokio::time::timeout(ANSWERED_WITHIN, self.answer(id)).await;
        answer.map_err(|_| format!("{method}: no answer"))?
    }

    async fn answer(&mut self, id: u64) -> Result<Value, String> {
        while let Some(message) = self.socket.next().await {
            let message = message.map_err(|error| error.to_string())?;
            let Message::Text(text) = message else {
                continue;
            };
            let mut answer: Value =
                serde_json::from_str(&text).map_err(|error| error.to_string())?;
            if answer["id"] != id {
                continue;
            }
            return match answer["type"].as_str() {
                Some("success") => Ok(answer["result"].take()),
                _ => Err(format!("{}: {}", answer["error"], answer["message"])),
            };
        }
        Err("the browser is gone".to_owned())
    }
}
