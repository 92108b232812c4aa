//! What a browser test needs: an application, a chromedriver and Chromium.

use std::{
    env,
    path::PathBuf,
    sync::{Arc, LazyLock},
};

use fantoccini::ClientBuilder;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use waxseal_session::{Clock, Timestamp};

use super::{Browser, driver::Driver};
use crate::{App, Database, programs::find, skip_test};

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

/// The paths of chromedriver and Chromium, or what is missing.
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

/// An application and a chromedriver to visit it with.
pub struct Scene {
    pub app: App,
    driver: Driver,
    browser: PathBuf,
    /// The browsers' profiles. Dropped after the driver has ended.
    profiles: TempDir,
}

impl Scene {
    /// The application's time: 2023-11-14T22:13:20Z.
    pub const START: Timestamp = Timestamp::from_unix(1_700_000_000);

    /// Starts both. Skips the test and returns `None` if there is no browser.
    pub async fn set() -> Option<Self> {
        Self::set_with(&[]).await
    }

    /// Starts both, the application with these settings.
    pub async fn set_with(settings: &[(&str, &str)]) -> Option<Self> {
        let programs = PROGRAMS.as_ref().map_err(|missing| skip_test("BROWSER", missing));
        let (driver, browser) = programs.ok()?;
        let clock = Clock::manual(Self::START);
        let app = App::launch(Arc::new(Database::sqlite()), clock, settings).await;
        let (driver, browser) = (Driver::start(driver), browser.clone());
        Some(Self { app, driver, browser, profiles: TempDir::new().unwrap() })
    }

    /// Starts a browser with a new profile.
    pub async fn browser(&self) -> Browser {
        self.browser_with(json!({})).await
    }

    /// Starts a browser with these Chromium preferences.
    pub async fn browser_with(&self, preferences: Value) -> Browser {
        self.start(self.app.url(), &[], preferences).await
    }

    /// Starts a browser that reaches the site by this name, as one on another machine would.
    pub async fn browser_at(&self, name: &str) -> Browser {
        let resolve = format!("--host-resolver-rules=MAP {name} 127.0.0.1");
        let site = format!("http://{name}:{}", self.app.address.port());
        self.start(site, &[&resolve], json!({})).await
    }

    async fn start(&self, site: String, flags: &[&str], preferences: Value) -> Browser {
        let profile = TempDir::new_in(&self.profiles).unwrap().keep();
        let own = format!("--user-data-dir={}", profile.display());
        let flags: Vec<&str> = FLAGS.iter().chain(flags).copied().chain([own.as_str()]).collect();
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
        Browser::start(client, site).await
    }
}
