//! Chromium without a window, driven by chromedriver: see [`Scene`].

mod driver;
mod node_modules;
mod other_site;
mod scene;

use std::{error::Error, ops::Deref, str::FromStr, time::Duration};

use fantoccini::{Locator, elements::Element, wd::WebDriverCompatibleCommand};
use reqwest::{Method, Url};
use serde_json::{Value, json};

pub use self::{node_modules::node_modules, other_site::other_site, scene::Scene};
pub use fantoccini::key::Key;

use crate::PASSWORD;

/// How long a page may take to come; on an idle machine it takes milliseconds.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A browser with a profile of its own. It ends with the [`Scene`].
pub struct Browser {
    client: fantoccini::Client,
    site: String,
}

impl Deref for Browser {
    type Target = fantoccini::Client;

    fn deref(&self) -> &fantoccini::Client {
        &self.client
    }
}

impl Browser {
    async fn start(client: fantoccini::Client, site: String) -> Self {
        let browser = Self { client, site };
        // Some versions of Chromium open a page of their own in front, which then has the focus.
        browser.devtools("Page.bringToFront", json!({})).await;
        browser
    }

    /// Goes to a page of the site.
    pub async fn open(&self, path: &str) {
        self.goto(&format!("{}{path}", self.site)).await.unwrap();
    }

    /// Waits for an element.
    pub async fn see(&self, css: &str) -> Element {
        let wait = self.wait().at_most(TIMEOUT);
        match wait.for_element(Locator::Css(css)).await {
            Ok(element) => element,
            Err(error) => self.lost(css, &error).await,
        }
    }

    /// Waits for the page with this heading.
    pub async fn arrive(&self, heading: &str) {
        let wait = self.wait().at_most(TIMEOUT);
        let heading = format!("//h1[.='{heading}']");
        if let Err(error) = wait.for_element(Locator::XPath(&heading)).await {
            self.lost(&heading, &error).await;
        }
    }

    /// Waits for an address of the site.
    pub async fn arrive_at(&self, path: &str) {
        let url = Url::parse(&format!("{}{path}", self.site)).unwrap();
        if let Err(error) = self.wait().at_most(TIMEOUT).for_url(&url).await {
            self.lost(path, &error).await;
        }
    }

    async fn lost(&self, expected: &str, error: &dyn Error) -> ! {
        let (url, page) = (self.current_url().await, self.source().await);
        panic!("{expected} does not come: {error}\nat {url:?}\n{}", page.unwrap_or_default())
    }

    /// Empties a field and types into it.
    pub async fn type_into(&self, field: &str, text: &str) {
        let field = self.see(field).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Fills in the page's form, clicks its button, and waits for the next page.
    pub async fn submit(&self, email: &str, password: &str) {
        self.type_into("#email", email).await;
        self.type_into("#password", password).await;
        self.follow("main form button").await;
    }

    /// Clicks on something that leads to another page, and waits for that.
    pub async fn follow(&self, css: &str) {
        self.leave(async || self.see(css).await.click().await.unwrap()).await;
    }

    /// Does what leads to another page, and waits for that: otherwise the old page could still answer
    /// the next question.
    pub async fn leave(&self, act: impl AsyncFnOnce()) {
        self.script("window.left = true").await;
        act().await;
        self.eventually("return !window.left && document.readyState === 'complete'").await;
    }

    /// Signs up, and arrives at the profile.
    pub async fn sign_up(&self, email: &str) {
        self.open("/signup").await;
        self.submit(email, PASSWORD).await;
        self.arrive("Profile").await;
    }

    /// Logs out, and arrives at the log-in page.
    pub async fn log_out(&self) {
        self.follow("header form button").await;
        self.arrive("Log in").await;
    }

    pub async fn text(&self, css: &str) -> String {
        self.see(css).await.text().await.unwrap()
    }

    /// What a field holds now.
    pub async fn value(&self, css: &str) -> String {
        self.see(css).await.prop("value").await.unwrap().unwrap_or_default()
    }

    /// The id of the element that has the focus.
    pub async fn focus(&self) -> String {
        self.active_element().await.unwrap().prop("id").await.unwrap().unwrap_or_default()
    }

    /// Types where the focus is.
    pub async fn press(&self, keys: &str) {
        self.active_element().await.unwrap().send_keys(keys).await.unwrap();
    }

    /// Presses Enter where that leads to another page, and waits for that.
    pub async fn enter(&self) {
        self.leave(async || self.press(&Key::Enter).await).await;
    }

    pub async fn script(&self, script: &str) -> Value {
        self.execute(script, Vec::new()).await.unwrap()
    }

    /// What the browser has written to its console since it was last asked.
    pub async fn console(&self) -> Vec<String> {
        let log = self.issue_cmd(Raw("se/log", json!({ "type": "browser" }))).await.unwrap();
        let entries = log.as_array().expect("a list").iter();
        entries.map(|entry| entry["message"].as_str().unwrap().to_owned()).collect()
    }

    /// Makes the page this large, in CSS pixels.
    pub async fn size(&self, width: u32, height: u32) {
        self.view(width, height, 1).await;
    }

    /// Makes the page as wide as a small phone.
    pub async fn narrow(&self, width: u32) {
        self.resize(width, 1).await;
    }

    /// Makes the page this wide, in CSS pixels, with everything drawn this many times as large.
    pub async fn resize(&self, width: u32, scale: u32) {
        self.view(width, 640, scale).await;
    }

    async fn view(&self, width: u32, height: u32, scale: u32) {
        let small = width < 640;
        let view = json!({ "width": width, "height": height, "deviceScaleFactor": scale, "mobile": small });
        self.devtools("Emulation.setDeviceMetricsOverride", view).await;
    }

    /// Has the person prefer something, such as `prefers-color-scheme: dark`.
    pub async fn prefer(&self, feature: &str, value: &str) {
        let features = json!({ "features": [{ "name": feature, "value": value }] });
        self.devtools("Emulation.setEmulatedMedia", features).await;
    }

    /// Shows pages as they are printed.
    pub async fn as_printed(&self) {
        self.devtools("Emulation.setEmulatedMedia", json!({ "media": "print" })).await;
    }

    /// Gives the browser a cookie that scripts don't see. (WebDriver's own command takes no address
    /// that is a number.)
    pub async fn remember(&self, name: &str, value: &str) {
        let cookie = json!({ "name": name, "value": value, "url": self.site, "httpOnly": true, "sameSite": "Lax" });
        self.devtools("Network.setCookie", cookie).await;
    }

    /// Takes the cookie away again.
    pub async fn forget(&self, name: &str) {
        let cookie = json!({ "name": name, "url": self.site });
        self.devtools("Network.deleteCookies", cookie).await;
    }

    async fn devtools(&self, cmd: &str, params: Value) {
        let raw = Raw("goog/cdp/execute", json!({ "cmd": cmd, "params": params }));
        self.issue_cmd(raw).await.unwrap();
    }

    /// Asks the page until it is so.
    pub async fn eventually(&self, condition: &str) {
        let so = async {
            // Between two pages there is none to ask.
            while !self.execute(condition, Vec::new()).await.is_ok_and(|answer| answer == true) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        if tokio::time::timeout(TIMEOUT, so).await.is_err() {
            let page = self.source().await.unwrap_or_default();
            panic!("it never comes to be: {condition}\n{page}");
        }
    }
}

/// A command of chromedriver's that fantoccini doesn't have.
#[derive(Debug)]
struct Raw(&'static str, Value);

impl WebDriverCompatibleCommand for Raw {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, <Url as FromStr>::Err> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.0))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.1.to_string()))
    }
}
