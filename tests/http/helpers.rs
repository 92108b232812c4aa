//! What the tests share: the application on a port and a database of its own, a browser to visit
//! it with, and the eyes to read its answers.

use std::{
    collections::BTreeMap,
    env,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use actix_web::rt;
use reqwest::{
    Client, Method, RequestBuilder, StatusCode,
    header::{CONTENT_TYPE, COOKIE, HeaderMap, LOCATION, SET_COOKIE},
    redirect::Policy,
};
use sqlx::{AnyConnection, Connection, Row};
use tempfile::TempDir;
use tokio::sync::oneshot;
use waxseal::{
    app::Application,
    clock::{Clock, Timestamp},
    config::ServeArgs,
};

use crate::postgres::Postgres;

/// When every test begins: 2033-05-18T03:33:20Z.
pub const START: Timestamp = Timestamp::from_unix(2_000_000_000);
/// The secret that the application is started with, unless a test says otherwise.
pub const SECRET: &str = "the first secret that the tests have";
/// A password that is taken.
pub const PASSWORD: &str = "violet anvil forty marmots";
/// An address that is taken.
pub const EMAIL: &str = "ann@example.com";
/// The session's cookie in development.
pub const COOKIE_NAME: &str = "session";

pub const SECOND: Duration = Duration::from_secs(1);
pub const HOUR: Duration = Duration::from_secs(3600);
pub const DAY: Duration = Duration::from_secs(86_400);

/// The application, running on a thread of its own until it is dropped.
pub struct TestApp {
    pub address: SocketAddr,
    pub clock: Clock,
    pub database: Arc<Database>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl TestApp {
    /// Starts the application with the settings of the tests and an empty database.
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// The same, with some settings changed.
    pub async fn start_with(change: impl FnOnce(&mut ServeArgs)) -> Self {
        Self::launch(Arc::new(Database::create()), Clock::manual(START), change).await
    }

    /// Starts the application on a PostgreSQL server of the test's own.
    pub async fn start_on(server: &Postgres) -> Self {
        let database = Arc::new(Database::on(server));
        Self::launch(database, Clock::manual(START), |_| {}).await
    }

    /// Starts one more on the same database and the same clock.
    pub async fn another_node(&self, change: impl FnOnce(&mut ServeArgs)) -> Self {
        Self::launch(Arc::clone(&self.database), self.clock.clone(), change).await
    }

    /// Stops the application and starts it again, on the same database and the same clock.
    pub async fn restart(self, change: impl FnOnce(&mut ServeArgs)) -> Self {
        let (database, clock) = (Arc::clone(&self.database), self.clock.clone());
        drop(self);
        Self::launch(database, clock, change).await
    }

    /// A browser that has never been here.
    pub fn browser(&self) -> Browser {
        let client = Client::builder().redirect(Policy::none()).no_proxy().build().unwrap();
        Browser { client, address: self.address, clock: self.clock.clone(), jar: BTreeMap::new() }
    }

    /// A browser whose person has just signed up.
    pub async fn signed_up(&self, email: &str) -> Browser {
        let mut browser = self.browser();
        let answer = browser.sign_up(email, PASSWORD).await;
        assert_eq!(answer.redirects_to(), "/profile", "{}", answer.body);
        browser
    }

    /// Sends bytes as they are, and reads until the application closes the connection. (So the
    /// request has to say `Connection: close`, or to be one that can't be read on.)
    pub fn raw(&self, request: impl AsRef<[u8]>) -> String {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.write_all(request.as_ref()).unwrap();
        let mut answer = Vec::new();
        // A connection that is reset after the answer has still answered.
        let _reset = stream.read_to_end(&mut answer);
        String::from_utf8(answer).unwrap()
    }

    /// Sends the head of a request, less the empty line at its end, and returns when the
    /// application has begun to read the body.
    pub fn begin(&self, head: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        write!(stream, "{head}Expect: 100-continue\r\n\r\n").unwrap();
        let mut go_on = [0; "HTTP/1.1 100 Continue\r\n\r\n".len()];
        stream.read_exact(&mut go_on).unwrap();
        assert!(go_on.starts_with(b"HTTP/1.1 100 "), "{}", go_on.escape_ascii());
        stream
    }

    async fn launch(
        database: Arc<Database>,
        clock: Clock,
        change: impl FnOnce(&mut ServeArgs),
    ) -> Self {
        let mut settings = ServeArgs::default();
        settings.server.listen = text("127.0.0.1:0");
        settings.database.url = text(&database.url());
        settings.session.secret = text(SECRET);
        change(&mut settings);
        let config = settings.validate().unwrap();
        let (started, address) = oneshot::channel();
        let (stop, stopped) = oneshot::channel();
        let time = clock.clone();
        let thread = thread::spawn(move || {
            rt::System::new().block_on(async move {
                let application = Application::build(config, time).await.unwrap();
                started.send(application.address()).unwrap();
                let server = rt::spawn(application.run_until_stopped());
                let _dropped = stopped.await;
                server.abort();
                let _aborted = server.await;
            });
        });
        let address = address.await.expect("the application starts");
        Self { address, clock, database, stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.thread.take().map(JoinHandle::join);
        if !thread::panicking() {
            ended.unwrap().expect("the application runs without a panic");
        }
    }
}

/// Asks until it is so: what is asked for happens beside the requests. It seldom takes long.
pub async fn eventually(condition: impl AsyncFn() -> bool) {
    for _ in 0..10_000 {
        if condition().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("it never came to be");
}

/// A setting.
#[expect(clippy::unnecessary_wraps, reason = "settings are given or not")]
pub fn text(setting: &str) -> Option<String> {
    Some(setting.to_owned())
}

/// An empty database of a test's own; gone when the test is.
pub enum Database {
    Sqlite { directory: TempDir },
    Postgres { url: String },
}

impl Database {
    /// The one place that chooses which database the tests run on: SQLite, or with
    /// `WAXSEAL_TEST_DATABASE=postgres` a PostgreSQL server of their own.
    fn create() -> Self {
        match env::var("WAXSEAL_TEST_DATABASE").as_deref() {
            Ok("postgres") => Self::on(Postgres::shared().expect("PostgreSQL is installed")),
            Ok(other) if other != "sqlite" => panic!("WAXSEAL_TEST_DATABASE: what is {other}?"),
            _ => Self::Sqlite { directory: tempfile::tempdir().unwrap() },
        }
    }

    /// A database on this server.
    pub fn on(server: &Postgres) -> Self {
        Self::Postgres { url: server.url_of_new_schema() }
    }

    pub fn url(&self) -> String {
        match self {
            Self::Sqlite { directory } => format!("sqlite://{}", file(directory).display()),
            Self::Postgres { url } => url.clone(),
        }
    }

    /// The database's file, where it is one.
    pub fn file(&self) -> Option<PathBuf> {
        match self {
            Self::Sqlite { directory } => Some(file(directory)),
            Self::Postgres { .. } => None,
        }
    }

    /// Changes rows behind the application's back; how many it were.
    pub async fn execute(&self, sql: &'static str, values: &[&str]) -> u64 {
        let mut connection = self.connect().await;
        let query = values.iter().fold(sqlx::query(sql), |query, value| query.bind(*value));
        query.execute(&mut connection).await.unwrap().rows_affected()
    }

    /// The first column of the rows that a query finds.
    pub async fn texts(&self, sql: &'static str, values: &[&str]) -> Vec<String> {
        let mut connection = self.connect().await;
        let query = values.iter().fold(sqlx::query(sql), |query, value| query.bind(*value));
        let rows = query.fetch_all(&mut connection).await.unwrap();
        rows.iter().map(|row| row.try_get(0).unwrap()).collect()
    }

    /// Every row of every table, as text: to see whether anything has changed.
    pub async fn everything(&self) -> Vec<String> {
        let mut everything = Vec::new();
        for query in [
            "SELECT id || email || password_hash || role || created_at FROM users ORDER BY id",
            "SELECT id || COALESCE(user_id, '') || state || auth_time || last_seen || expires_at
                || COALESCE(revoked_at, 0) || COALESCE(address, '') || COALESCE(user_agent, '')
                FROM waxseal_sessions ORDER BY id",
            "SELECT COALESCE(user_id, '') || at || outcome || COALESCE(address, '')
                FROM login_events ORDER BY at, id",
            "SELECT account || network || failures || last_at FROM login_failures
                ORDER BY account, network",
        ] {
            everything.extend(self.texts(query, &[]).await);
        }
        everything
    }

    /// The number that a query finds.
    pub async fn number(&self, sql: &'static str) -> i64 {
        let mut connection = self.connect().await;
        sqlx::query(sql).fetch_one(&mut connection).await.unwrap().try_get(0).unwrap()
    }

    async fn connect(&self) -> AnyConnection {
        sqlx::any::install_default_drivers();
        AnyConnection::connect(&self.url()).await.unwrap()
    }
}

fn file(directory: &TempDir) -> PathBuf {
    directory.path().join("waxseal.db")
}

/// A browser: it keeps the cookies that it is told to keep for as long as it is told to, says
/// where its forms come from, and follows no redirect. A clone is a copy, cookies and all.
///
/// Unlike a real one it sends Secure cookies over HTTP.
#[derive(Clone)]
pub struct Browser {
    client: Client,
    address: SocketAddr,
    clock: Clock,
    jar: BTreeMap<String, Kept>,
}

#[derive(Clone)]
struct Kept {
    value: String,
    until: Timestamp,
}

impl Browser {
    /// Visits this application from now on, with the cookies that it has.
    pub fn move_to(&mut self, app: &TestApp) {
        self.address = app.address;
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        let request = self.request(Method::GET, path).header("Sec-Fetch-Site", "none");
        self.send(request).await
    }

    /// Sends a form from one of the site's own pages.
    pub async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Answer {
        let request =
            self.request(Method::POST, path).header("Sec-Fetch-Site", "same-origin").form(form);
        self.send(request).await
    }

    /// Sends a body that may be no form at all.
    pub async fn post_body(
        &mut self,
        path: &str,
        content_type: &str,
        body: impl Into<reqwest::Body>,
    ) -> Answer {
        let request = self.request(Method::POST, path);
        self.send(request.header(CONTENT_TYPE, content_type).body(body)).await
    }

    pub async fn sign_up(&mut self, email: &str, password: &str) -> Answer {
        self.post("/signup", &[("email", email), ("password", password)]).await
    }

    pub async fn log_in(&mut self, email: &str, password: &str) -> Answer {
        self.post("/login", &[("email", email), ("password", password)]).await
    }

    pub async fn log_out(&mut self) -> Answer {
        self.post("/logout", &[]).await
    }

    /// Whether the application takes it for somebody who is logged in.
    pub async fn is_logged_in(&mut self) -> bool {
        let answer = self.get("/profile").await;
        match answer.status {
            StatusCode::OK => true,
            StatusCode::SEE_OTHER => {
                assert_eq!(answer.redirects_to(), "/login?next=/profile");
                false
            }
            status => panic!("{status}: {}", answer.body),
        }
    }

    /// The value of the session's cookie.
    pub fn session(&self) -> Option<&str> {
        self.cookie(COOKIE_NAME)
    }

    /// The value of a cookie.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let now = self.clock.now();
        self.jar.get(name).filter(|kept| now < kept.until).map(|kept| kept.value.as_str())
    }

    /// Puts a cookie there that the application has not sent, for as long as time goes on.
    pub fn plant(&mut self, name: &str, value: &str) {
        let kept = Kept { value: value.to_owned(), until: Timestamp::MAX };
        self.jar.insert(name.to_owned(), kept);
    }

    /// A request without anything that browsers add; for [`send`](Self::send).
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.address))
    }

    /// Sends a request with the cookies, and keeps those that come back.
    pub async fn send(&mut self, request: RequestBuilder) -> Answer {
        let names = self.jar.keys().filter_map(|name| Some((name, self.cookie(name)?)));
        let cookies: Vec<String> = names.map(|(name, value)| format!("{name}={value}")).collect();
        let request = match cookies.is_empty() {
            true => request,
            false => request.header(COOKIE, cookies.join("; ")),
        };
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let answer = Answer { status, headers, body: response.text().await.unwrap() };
        for cookie in answer.set_cookies() {
            self.keep(cookie);
        }
        answer
    }

    fn keep(&mut self, cookie: &str) {
        let (pair, attributes) = cookie.split_once("; ").expect("a cookie with attributes");
        let (name, value) = pair.split_once('=').unwrap();
        let max_age =
            attributes.split("; ").find_map(|attribute| attribute.strip_prefix("Max-Age="));
        let max_age = max_age.expect("a cookie that says how long it lives").parse().unwrap();
        if max_age == 0 {
            assert_eq!(value, "", "{cookie}");
            self.jar.remove(name);
        } else {
            let until = self.clock.now() + Duration::from_secs(max_age);
            self.jar.insert(name.to_owned(), Kept { value: value.to_owned(), until });
        }
    }
}

/// What the application answered.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    /// A header's value; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Every `Set-Cookie`.
    pub fn set_cookies(&self) -> Vec<&str> {
        self.headers.get_all(SET_COOKIE).iter().map(|value| value.to_str().unwrap()).collect()
    }

    /// Where a 303 leads.
    pub fn redirects_to(&self) -> &str {
        assert_eq!(self.status, 303, "{}", self.body);
        self.header(LOCATION.as_str())
    }

    /// Whether the one cookie that it sets has the browser drop the session's.
    pub fn clears_the_cookie(&self) -> bool {
        self.set_cookies() == ["session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"]
    }

    /// What was typed into a field, as the form has it again.
    pub fn typed(&self, field: &str) -> Option<String> {
        self.attribute(field, "value")
    }

    /// What is said to be wrong with a field: beside it, and for screen readers tied to it.
    pub fn error(&self, field: &str) -> Option<String> {
        let described = self.attribute(field, "aria-describedby");
        let ids = described.iter().flat_map(|ids| ids.split(' '));
        let mut errors = Vec::new();
        for id in ids {
            let at = format!("id=\"{id}\"");
            assert_eq!(self.body.matches(&at).count(), 1, "{id} is in {}", self.body);
            let (_, rest) = self.body.split_once(&at).unwrap();
            let text = rest.split_once('>').unwrap().1.split_once("</").unwrap().0;
            if id.ends_with("-error") {
                errors.push(unescaped(text));
            }
        }
        assert!(errors.len() < 2, "{errors:?}");
        let invalid = self.attribute(field, "aria-invalid");
        assert_eq!(invalid.is_some(), !errors.is_empty(), "{}", self.body);
        errors.pop()
    }

    /// An attribute of a form's field.
    fn attribute(&self, field: &str, attribute: &str) -> Option<String> {
        let inputs = self.body.split("<input ").skip(1);
        let tags = inputs.map(|rest| rest.split_once('>').unwrap().0);
        let mut named = tags.filter(|tag| tag.contains(&format!("name=\"{field}\"")));
        let tag = named.next()?;
        assert_eq!(named.next(), None, "{field} is there twice");
        let (_, rest) = tag.split_once(&format!("{attribute}=\""))?;
        Some(unescaped(rest.split_once('"').unwrap().0))
    }
}

fn unescaped(html: &str) -> String {
    let entities =
        [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")];
    entities.iter().fold(html.to_owned(), |text, (entity, plain)| text.replace(entity, plain))
}
