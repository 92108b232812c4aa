//! Headless Chromium, driven by chromedriver: see [`Scene`].

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

/// How long to wait for a page. On an idle machine it takes milliseconds.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A browser with its own profile. It ends with the [`Scene`].
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
        // Some versions of Chromium open a new-tab page, which then has the focus.
        browser.devtools("Page.bringToFront", json!({})).await;
        browser
    }

    /// Opens a page of the site.
    pub async fn open(&self, path: &str) {
        self.goto(&format!("{}{path}", self.site)).await.unwrap();
    }

    /// Waits for an element.
    pub async fn see(&self, css: &str) -> Element {
        let wait = self.wait().at_most(TIMEOUT);
        match wait.for_element(Locator::Css(css)).await {
            Ok(element) => element,
            Err(error) => self.fail(css, &error).await,
        }
    }

    /// Waits for the page with this heading.
    pub async fn wait_for_heading(&self, heading: &str) {
        let wait = self.wait().at_most(TIMEOUT);
        let heading = format!("//h1[.='{heading}']");
        if let Err(error) = wait.for_element(Locator::XPath(&heading)).await {
            self.fail(&heading, &error).await;
        }
    }

    /// Waits for a URL of the site.
    pub async fn wait_for_path(&self, path: &str) {
        let url = Url::parse(&format!("{}{path}", self.site)).unwrap();
        if let Err(error) = self.wait().at_most(TIMEOUT).for_url(&url).await {
            self.fail(path, &error).await;
        }
    }

    async fn fail(&self, expected: &str, error: &dyn Error) -> ! {
        let (url, page) = (self.current_url().await, self.source().await);
        panic!("{expected} was not found: {error}\nat {url:?}\n{}", page.unwrap_or_default())
    }

    /// Clears a field and types into it.
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

    /// Clicks a link or button and waits for the next page.
    pub async fn follow(&self, css: &str) {
        self.leave(async || self.see(css).await.click().await.unwrap()).await;
    }

    /// Runs an action that leads to another page, and waits for that page. Without the wait, the next
    /// query could still see the old page.
    pub async fn leave(&self, act: impl AsyncFnOnce()) {
        self.script("window.left = true").await;
        act().await;
        self.eventually("return !window.left && document.readyState === 'complete'").await;
    }

    /// Signs up and waits for the profile.
    pub async fn sign_up(&self, email: &str) {
        self.open("/signup").await;
        self.submit(email, PASSWORD).await;
        self.wait_for_heading("Profile").await;
    }

    /// Logs out and waits for the log-in page.
    pub async fn log_out(&self) {
        self.follow("header form button").await;
        self.wait_for_heading("Log in").await;
    }

    pub async fn text(&self, css: &str) -> String {
        self.see(css).await.text().await.unwrap()
    }

    /// The current value of a field.
    pub async fn value(&self, css: &str) -> String {
        self.see(css).await.prop("value").await.unwrap().unwrap_or_default()
    }

    /// The id of the element that has the focus.
    pub async fn focus(&self) -> String {
        self.active_element().await.unwrap().prop("id").await.unwrap().unwrap_or_default()
    }

    /// Types into the focused element.
    pub async fn press(&self, keys: &str) {
        self.active_element().await.unwrap().send_keys(keys).await.unwrap();
    }

    /// Presses Enter and waits for the next page.
    pub async fn enter(&self) {
        self.leave(async || self.press(&Key::Enter).await).await;
    }

    pub async fn script(&self, script: &str) -> Value {
        self.execute(script, Vec::new()).await.unwrap()
    }

    /// The console messages since the last call.
    pub async fn console(&self) -> Vec<String> {
        let log = self.issue_cmd(Raw("se/log", json!({ "type": "browser" }))).await.unwrap();
        let entries = log.as_array().expect("a list").iter();
        entries.map(|entry| entry["message"].as_str().unwrap().to_owned()).collect()
    }

    /// Sets the size of the page, in CSS pixels.
    pub async fn size(&self, width: u32, height: u32) {
        self.view(width, height, 1).await;
    }

    /// Sets the width of the page, in CSS pixels, to that of a phone.
    pub async fn narrow(&self, width: u32) {
        self.resize(width, 1).await;
    }

    /// Sets the width of the page, in CSS pixels, and the scale at which it is drawn.
    pub async fn resize(&self, width: u32, scale: u32) {
        self.view(width, 640, scale).await;
    }

    async fn view(&self, width: u32, height: u32, scale: u32) {
        let small = width < 640;
        let view = json!({ "width": width, "height": height, "deviceScaleFactor": scale, "mobile": small });
        self.devtools("Emulation.setDeviceMetricsOverride", view).await;
    }

    /// Emulates a media feature, such as `prefers-color-scheme: dark`.
    pub async fn emulate_media(&self, feature: &str, value: &str) {
        let features = json!({ "features": [{ "name": feature, "value": value }] });
        self.devtools("Emulation.setEmulatedMedia", features).await;
    }

    /// Emulates print media.
    pub async fn emulate_print(&self) {
        self.devtools("Emulation.setEmulatedMedia", json!({ "media": "print" })).await;
    }

    /// Sets an HttpOnly cookie. (WebDriver's own command does not accept an IP address.)
    pub async fn set_cookie(&self, name: &str, value: &str) {
        let cookie = json!({ "name": name, "value": value, "url": self.site, "httpOnly": true, "sameSite": "Lax" });
        self.devtools("Network.setCookie", cookie).await;
    }

    /// Deletes a cookie.
    pub async fn delete_cookie(&self, name: &str) {
        let cookie = json!({ "name": name, "url": self.site });
        self.devtools("Network.deleteCookies", cookie).await;
    }

    async fn devtools(&self, cmd: &str, params: Value) {
        let raw = Raw("goog/cdp/execute", json!({ "cmd": cmd, "params": params }));
        self.issue_cmd(raw).await.unwrap();
    }

    /// Waits until a script returns `true`.
    pub async fn eventually(&self, condition: &str) {
        let so = async {
            // Between two pages, the script fails.
            while !self.execute(condition, Vec::new()).await.is_ok_and(|answer| answer == true) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        if tokio::time::timeout(TIMEOUT, so).await.is_err() {
            let page = self.source().await.unwrap_or_default();
            panic!("never true: {condition}\n{page}");
        }
    }
}

/// A chromedriver command that fantoccini lacks.
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
