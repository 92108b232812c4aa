//! What the tests share: the real server, a chromedriver, and browsers that people would use.

use std::{
    env,
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpStream,
    ops::Deref,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    str::FromStr,
    sync::{LazyLock, mpsc},
    thread,
    time::Duration,
};

use actix_web::{App, HttpResponse, HttpServer, rt::System, web};
use fantoccini::{
    Client, ClientBuilder, Locator, elements::Element, key::Key, wd::WebDriverCompatibleCommand,
};
use hyper_util::client::legacy::connect::HttpConnector;
use reqwest::{Method, Url};
use serde_json::{Value, json};
use tempfile::TempDir;
use waxseal::{
    app::Application,
    clock::{Clock, Timestamp},
    config::Settings,
};

/// A password that is taken.
pub const PASSWORD: &str = "violet anvil forty marmots";
/// The server's time when it starts: 14 November 2023, 22:13:20 UTC.
pub const START: Timestamp = Timestamp::from_unix(1_700_000_000);
/// How long a page may take until it is there; on a machine with nothing else to do it is
/// milliseconds.
const PATIENCE: Duration = Duration::from_secs(20);

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
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .flat_map(|folder| names.iter().map(move |name| folder.join(name)))
        .find(|file| file.is_file())
        .ok_or_else(|| format!("no {} in PATH, and {variable} is not set", names.join(" or ")))
}

/// What tests/browser/package.json asks for, where npm has put it; or what is missing.
static NODE_MODULES: LazyLock<Result<PathBuf, String>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/node_modules");
    if !folder.join("axe-core/axe.min.js").is_file() {
        let install = "npm ci --prefix tests/browser --ignore-scripts";
        return Err(format!("tests/browser/node_modules is not there: {install}"));
    }
    // It may be there and not run: it wants a Node.js that is not too old.
    match Command::new(folder.join(".bin/html-validate")).arg("--version").output() {
        Ok(output) if output.status.success() => Ok(folder),
        Ok(output) => {
            Err(format!("html-validate does not run: {}", String::from_utf8_lossy(&output.stderr)))
        }
        Err(error) => Err(format!("html-validate does not run: {error}")),
    }
});

/// The packages that the pages are checked with. `None`, told on standard error, where they are
/// not installed; with WAXSEAL_REQUIRE_NODE=1 that fails instead.
pub fn node_modules() -> Option<&'static Path> {
    there_or_left_out(&NODE_MODULES, "WAXSEAL_REQUIRE_NODE").map(PathBuf::as_path)
}

fn there_or_left_out<T>(needed: &'static Result<T, String>, required: &str) -> Option<&'static T> {
    match needed {
        Ok(found) => Some(found),
        Err(missing) if env::var(required).is_ok_and(|flag| flag == "1") => {
            panic!("{required} is set, but {missing}")
        }
        Err(missing) => {
            let test = thread::current().name().unwrap_or("a browser test").to_owned();
            // Not `eprintln!`, which is not shown for a test that passes.
            io::stderr().write_all(format!("left out: {test}: {missing}\n").as_bytes()).unwrap();
            None
        }
    }
}

/// A site with its own database and clock.
pub struct Site {
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    pub clock: Clock,
    pub database: PathBuf,
}

impl Site {
    /// Its database is in this folder.
    pub fn open(folder: &Path) -> Self {
        let clock = Clock::manual(START);
        let database = folder.join("test.db");
        let settings = Settings {
            listen: Some("127.0.0.1:0".to_owned()),
            database_url: Some(format!("sqlite://{}", database.display())),
            ..Settings::default()
        };
        let (started, port) = mpsc::channel();
        let its_clock = clock.clone();
        thread::spawn(move || {
            System::new().block_on(async {
                let config = settings.validate().unwrap();
                let application = Application::build(config, its_clock).await.unwrap();
                started.send(application.port()).unwrap();
                application.run_until_stopped().await.unwrap();
            });
        });
        let url = format!("http://127.0.0.1:{}", port.recv().expect("the server starts"));
        Self { url, clock, database }
    }
}

/// A site, and a chromedriver to visit it with.
pub struct Scene {
    pub site: Site,
    driver: Driver,
    browser: PathBuf,
    /// The database and the browsers' profiles; it goes when the driver has ended.
    folder: TempDir,
}

impl Scene {
    /// `None`, told on standard error, where there is no browser: there the test is left out.
    /// With WAXSEAL_REQUIRE_BROWSER=1 it fails instead.
    pub fn set() -> Option<Self> {
        let (driver, browser) = there_or_left_out(&PROGRAMS, "WAXSEAL_REQUIRE_BROWSER")?;
        let folder = TempDir::new().unwrap();
        let site = Site::open(folder.path());
        let (driver, browser) = (Driver::start(driver), browser.clone());
        Some(Self { site, driver, browser, folder })
    }

    /// A browser that nobody has used before.
    pub async fn browser(&self) -> Browser {
        self.browser_with(json!({})).await
    }

    /// The same, with some of Chromium's preferences.
    pub async fn browser_with(&self, preferences: Value) -> Browser {
        let profile = TempDir::new_in(&self.folder).unwrap().keep();
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
        let browser = Browser { client, site: self.site.url.clone() };
        // Some versions open their own new-tab page in front, which then has the focus.
        browser.devtools("Page.bringToFront", json!({})).await;
        browser
    }
}

/// A chromedriver on a port of its own.
struct Driver {
    process: Child,
    port: u16,
    /// Kept, or it could not go on writing.
    _output: BufReader<ChildStdout>,
}

impl Driver {
    /// The port it picks may be in use on the other of IPv4 and IPv6: then it gives up, and the
    /// next one may have more luck.
    fn start(program: &Path) -> Self {
        (0..5).find_map(|_| Self::try_start(program)).expect("chromedriver starts")
    }

    fn try_start(program: &Path) -> Option<Self> {
        let mut process = Command::new(program)
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver can be run");
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        while output.read_line(&mut line).is_ok_and(|length| length > 0) {
            if let Some((_, port)) = line.split_once("successfully on port ") {
                let port = port.trim_end().trim_end_matches('.').parse().expect("a port");
                return Some(Self { process, port, _output: output });
            }
            line.clear();
        }
        process.wait().ok();
        None
    }
}

impl Drop for Driver {
    /// Asks it to end, for that ends its browsers too; a signal would leave them behind.
    fn drop(&mut self) {
        if let Ok(mut connection) = TcpStream::connect(("127.0.0.1", self.port)) {
            let request = "GET /shutdown HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
            connection.write_all(request.as_bytes()).ok();
            connection.set_read_timeout(Some(PATIENCE)).ok();
            connection.read_to_end(&mut Vec::new()).ok();
        } else {
            self.process.kill().ok();
        }
        self.process.wait().ok();
    }
}

/// A browser with a profile of its own. It ends with its chromedriver.
pub struct Browser {
    client: Client,
    site: String,
}

impl Deref for Browser {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Browser {
    /// Goes to a page of the site.
    pub async fn open(&self, path: &str) {
        self.goto(&format!("{}{path}", self.site)).await.unwrap();
    }

    /// Waits for an element.
    pub async fn see(&self, css: &str) -> Element {
        let wait = self.wait().at_most(PATIENCE);
        match wait.for_element(Locator::Css(css)).await {
            Ok(element) => element,
            Err(error) => self.lost(css, &error).await,
        }
    }

    /// Waits for the page with this heading.
    pub async fn arrive(&self, heading: &str) {
        let wait = self.wait().at_most(PATIENCE);
        let heading = format!("//h1[.='{heading}']");
        if let Err(error) = wait.for_element(Locator::XPath(&heading)).await {
            self.lost(&heading, &error).await;
        }
    }

    /// Waits for an address of the site.
    pub async fn arrive_at(&self, path: &str) {
        let url = Url::parse(&format!("{}{path}", self.site)).unwrap();
        if let Err(error) = self.wait().at_most(PATIENCE).for_url(&url).await {
            self.lost(path, &error).await;
        }
    }

    async fn lost(&self, expected: &str, error: &dyn std::error::Error) -> ! {
        let (url, page) = (self.current_url().await, self.source().await);
        panic!("{expected} does not come: {error}\nat {url:?}\n{}", page.unwrap_or_default())
    }

    /// Types into a field, after what is in it is removed.
    pub async fn type_into(&self, field: &str, text: &str) {
        let field = self.see(field).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Fills in the form of the page, clicks its button, and waits for the page that comes.
    pub async fn submit(&self, email: &str, password: &str) {
        self.type_into("#email", email).await;
        self.type_into("#password", password).await;
        self.follow("main form button").await;
    }

    /// Clicks on something that leads to another page, and waits for that.
    pub async fn follow(&self, css: &str) {
        self.leave(async || self.see(css).await.click().await.unwrap()).await;
    }

    /// Does what leads to another page, and waits until it is there: what is asked of the browser
    /// next could still be answered by the old one.
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

    /// Makes the window this large, in CSS pixels.
    pub async fn size(&self, width: u32, height: u32) {
        let small = width < 640;
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": small });
        self.devtools("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// Makes the page as wide as a small phone.
    pub async fn narrow(&self, width: u32) {
        self.resize(width, 1).await;
    }

    /// Makes the page this wide, in CSS pixels, with everything drawn this many times as large.
    pub async fn resize(&self, width: u32, scale: u32) {
        let small = width < 640;
        let size =
            json!({ "width": width, "height": 640, "deviceScaleFactor": scale, "mobile": small });
        self.devtools("Emulation.setDeviceMetricsOverride", size).await;
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
            // While a page goes and another comes there is nothing to be asked.
            while !self.execute(condition, Vec::new()).await.is_ok_and(|answer| answer == true) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        if tokio::time::timeout(PATIENCE, so).await.is_err() {
            panic!(
                "it never comes to be: {condition}\n{}",
                self.source().await.unwrap_or_default()
            );
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

/// Another site, which answers every request with this page; its port.
pub fn other_site(page: String) -> u16 {
    let answer = move || {
        let page = page.clone();
        let show = move || {
            std::future::ready(HttpResponse::Ok().content_type("text/html").body(page.clone()))
        };
        App::new().default_service(web::to(show))
    };
    let (started, port) = mpsc::channel();
    thread::spawn(move || {
        let server =
            HttpServer::new(answer).workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
        started.send(server.addrs()[0].port()).unwrap();
        System::new().block_on(server.run()).unwrap();
    });
    port.recv().expect("the other site starts")
}
