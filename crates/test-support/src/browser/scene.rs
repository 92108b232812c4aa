use std::{env, path::PathBuf, sync::LazyLock};

use fantoccini::ClientBuilder;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use waxseal_session::Timestamp;

use super::{Browser, driver::Driver};
use crate::{App, left_out, programs::find};

const FLAGS: [&str; 8] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// chromedriver and Chromium, or what is missing.
static PROGRAMS: LazyLock<Result<(PathBuf, PathBuf), String>> = LazyLock::new(|| {
    let driver = program("CHROMEDRIVER", &["chromedriver"])?;
    let browser = program("CHROMIUM", &["chromium", "chromium-browser", "google-chrome"])?;
    Ok((driver, browser))
});

fn program(variable: &str, names: &[&str]) -> Result<PathBuf, String> {
    if let Some(path) = env::var_os(variable).map(PathBuf::from) {
        return if path.is_file() { Ok(path) } else { Err(format!("{variable} names no file")) };
    }
    find(names)
        .ok_or_else(|| format!("no {} in PATH, and {variable} is not set", names.join(" or ")))
}

/// A site, and a chromedriver to visit it with.
pub struct Scene {
    pub app: App,
    driver: Driver,
    browser: PathBuf,
    /// The browsers' profiles, which go when the driver has ended.
    profiles: TempDir,
}

impl Scene {
    /// When a scene begins: 14 November 2023, 22:13:20 UTC.
    pub const START: Timestamp = Timestamp::from_unix(1_700_000_000);

    /// `None`, with a word about it, where there is no browser.
    pub async fn set() -> Option<Self> {
        let programs = PROGRAMS.as_ref().map_err(|missing| left_out("BROWSER", missing));
        let (driver, browser) = programs.ok()?;
        let app = App::start_at(Self::START).await;
        let (driver, browser) = (Driver::start(driver), browser.clone());
        Some(Self { app, driver, browser, profiles: TempDir::new().unwrap() })
    }

    /// A browser that no one has used before.
    pub async fn browser(&self) -> Browser {
        self.browser_with(json!({})).await
    }

    /// The same, with some of Chromium's preferences.
    pub async fn browser_with(&self, preferences: Value) -> Browser {
        let profile = TempDir::new_in(&self.profiles).unwrap().keep();
        let own = format!("--user-data-dir={}", profile.display());
        let flags: Vec<&str> = FLAGS.into_iter().chain([own.as_str()]).collect();
        let Value::Object(capabilities) = json!({
            "goog:chromeOptions": { "binary": self.browser, "args": flags, "prefs": preferences },
            "goog:loggingPrefs": { "browser": "ALL" },
        }) else {
            panic!("capabilities are an object")
        };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{}", self.driver.port))
            .await
            .expect("Chromium starts");
        Browser::start(client, self.app.url()).await
    }
}
