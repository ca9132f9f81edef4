//! A page in a browser, as somebody uses it: by keyboard, by what is written, by what is heard.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::bidi::Session;
use crate::programs::{Browser, axe};

/// The keyboard's keys that are no characters.
pub(crate) const TAB: char = '\u{E004}';
pub(crate) const ENTER: char = '\u{E007}';
const SHIFT: char = '\u{E008}';

pub(crate) struct Page {
    session: Session,
    context: String,
    _browser: Browser,
}

impl Page {
    pub(crate) async fn open(
        browser: Browser,
        session: Session,
        context: String,
        address: &str,
    ) -> Page {
        let mut page = Page {
            session,
            context,
            _browser: browser,
        };
        page.go_to(address).await;
        page
    }

    pub(crate) async fn go_to(&mut self, address: &str) {
        let params = json!({ "context": self.context, "url": address, "wait": "complete" });
        let went = self
            .session
            .command("browsingContext.navigate", params)
            .await;
        went.unwrap();
    }

    /// What a JavaScript expression, which may be a promise, comes to.
    pub(crate) async fn evaluate(&mut self, expression: &str) -> Value {
        let params = json!({
            "expression": format!("(async () => JSON.stringify(await ({expression})))()"),
            "target": { "context": self.context },
            "awaitPromise": true,
        });
        let answer = self
            .session
            .command("script.evaluate", params)
            .await
            .unwrap();
        match answer["result"]["value"].as_str() {
            Some(text) => serde_json::from_str(text).unwrap(),
            None if answer["type"] == "success" => Value::Null,
            None => panic!("{expression}: {answer}"),
        }
    }

    /// Waits until an expression is true.
    pub(crate) async fn until(&mut self, expression: &str, within: Duration) {
        let until = Instant::now() + within;
        while self.evaluate(expression).await != true {
            if Instant::now() > until {
                let seen = self.evaluate("document.body.innerText").await;
                panic!(
                    "never came: {expression}\n{}",
                    seen.as_str().unwrap_or_default()
                );
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until the element called `id` has this text in it.
    pub(crate) async fn reads(&mut self, id: &str, text: &str) {
        let expression = format!(
            "document.getElementById({}).innerText.includes({})",
            json!(id),
            json!(text)
        );
        self.until(&expression, Duration::from_secs(40)).await;
    }

    /// The text of an element.
    pub(crate) async fn text(&mut self, id: &str) -> String {
        let text = self
            .evaluate(&format!("document.getElementById({}).innerText", json!(id)))
            .await;
        text.as_str().unwrap().to_owned()
    }

    /// Types on the keyboard, one key after the other.
    pub(crate) async fn types(&mut self, keys: &str) {
        let actions: Vec<Value> = keys
            .chars()
            .flat_map(|key| {
                let key = key.to_string();
                [
                    json!({ "type": "keyDown", "value": key }),
                    json!({ "type": "keyUp", "value": key }),
                    json!({ "type": "pause", "duration": 60 }),
                ]
            })
            .collect();
        self.act(&actions).await;
    }

    async fn act(&mut self, actions: &[Value]) {
        let params = json!({
            "context": self.context,
            "actions": [{ "type": "key", "id": "keyboard", "actions": actions }],
        });
        let acted = self.session.command("input.performActions", params).await;
        acted.unwrap();
    }

    /// Goes on by the Tab key until the element called `id` has the focus, as somebody without a
    /// mouse does.
    pub(crate) async fn tab_to(&mut self, id: &str) {
        for _ in 0..60 {
            self.types(&TAB.to_string()).await;
            if self.focus().await == id {
                return;
            }
        }
        panic!("the Tab key never came to {id}");
    }

    /// The same backwards. (Once round the page is no way: some browsers pass their own buttons there.)
    pub(crate) async fn tab_back_to(&mut self, id: &str) {
        let key = |what: &str, key: char| json!({ "type": what, "value": key.to_string() });
        let actions = [
            key("keyDown", SHIFT),
            key("keyDown", TAB),
            key("keyUp", TAB),
            key("keyUp", SHIFT),
            json!({ "type": "pause", "duration": 60 }),
        ];
        for _ in 0..30 {
            self.act(&actions).await;
            if self.focus().await == id {
                return;
            }
        }
        panic!("Shift and Tab never came to {id}");
    }

    /// The id of the element that has the focus.
    pub(crate) async fn focus(&mut self) -> String {
        let id = self.evaluate("document.activeElement.id").await;
        id.as_str().unwrap_or_default().to_owned()
    }

    /// Asserts that the accessibility checker finds nothing, in the light and for all of WCAG 2.2 A and AA and
    /// best practices.
    pub(crate) async fn has_no_barriers(&mut self) {
        let Some(axe) = axe() else { return };
        let loaded = format!("(() => {{ {axe}; return typeof window.axe; }})()");
        assert_eq!(self.evaluate(&loaded).await, "object");
        let found = self
            .evaluate(
                "axe.run(document, { resultTypes: ['violations'] }).then(({ violations, passes }) => ({ \
                 checked: passes.length, found: violations.map(({ id, nodes }) => \
                 id + ': ' + nodes.map((node) => node.target + ' ' + node.failureSummary).join('; ')) }))",
            )
            .await;
        assert!(found["checked"].as_u64().unwrap() > 10, "{found}");
        assert_eq!(found["found"], json!([]), "{found:#}");
    }

    /// Makes a picture for the documentation, where that is wished.
    pub(crate) async fn picture(&mut self, name: &str) {
        if std::env::var_os("UPDATE_PICTURES").is_none() {
            return;
        }
        let viewport =
            json!({ "context": self.context, "viewport": { "width": 1100, "height": 980 } });
        let set = self
            .session
            .command("browsingContext.setViewport", viewport)
            .await;
        set.unwrap();
        let params = json!({ "context": self.context, "origin": "viewport" });
        let taken = self
            .session
            .command("browsingContext.captureScreenshot", params)
            .await
            .unwrap();
        let file = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("docs/pictures")
            .join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, base64(taken["data"].as_str().unwrap())).unwrap();
        println!("{} was written", file.display());
    }
}

fn base64(text: &str) -> Vec<u8> {
    let value = |byte| match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let digits: Vec<u8> = text
        .bytes()
        .filter(|byte| *byte != b'=')
        .map(value)
        .collect();
    digits
        .chunks(4)
        .flat_map(|chunk| {
            let bits = chunk
                .iter()
                .fold(0_u32, |bits, digit| bits << 6 | u32::from(*digit));
            let bits = bits << (6 * (4 - chunk.len()));
            bits.to_be_bytes()[1..chunk.len()].to_vec()
        })
        .collect()
}
