//! Sends any bytes as the body of a log-in and a sign-up, through the server's own middleware and
//! handlers. The response must show the form again with what was typed, or reject the body; it must
//! never be a 500 or a panic.
//!
//! The first byte selects the encoding that the request declares. Valid forms are not sent, because
//! hashing a password takes as long as hundreds of other inputs. The tests send those.

#![no_main]

use std::{pin::Pin, rc::Rc, time::Duration};

use actix_http::Request;
use actix_web::{
    App,
    body::MessageBody,
    dev::{Service, ServiceResponse},
    http::{
        StatusCode,
        header::{CONTENT_TYPE, SET_COOKIE},
    },
    middleware::from_fn,
    rt::{System, SystemRunner},
    test::{TestRequest, init_service},
    web::{self, Data},
};
use libfuzzer_sys::fuzz_target;
use waxseal::{
    accounts::{Accounts, Email, Hashing, MailPolicy, Password, PasswordPolicy, SignUpPolicy},
    db::{self, AccountStore, DatabaseUrl, SqlSessionStore},
    web::{
        limits::RateLimits,
        middleware::{error_pages, no_store, reject_cross_origin, security_headers},
        page_routes,
        setup::SetupChecks,
        site_origin::SiteOrigin,
        trusted_proxies::TrustedProxies,
    },
};
use waxseal_session::{
    Clock, ExpiryPolicy, Keyring, MemoryStore, Secret, SessionMiddleware, Timestamp,
};

const FORM: &str = "application/x-www-form-urlencoded";
const FIELDS: [&str; 5] = ["email", "password", "next", "form", "t"];

/// Encodings that a request may declare; an empty one declares none. The server accepts only UTF-8.
const CHARSETS: [&str; 8] = [
    "",
    "utf-8",
    "iso-8859-1",
    "utf-16le",
    "shift_jis",
    "gb18030",
    "iso-2022-jp",
    "x-user-defined",
];

thread_local! {
    // Never closed: nothing can do that when the process exits.
    static SITE: &'static Site = Box::leak(Box::new(Site::open()));
}

fuzz_target!(|data: &[u8]| {
    let Some((which, body)) = data.split_first() else { return };
    let charset = CHARSETS[usize::from(*which) % CHARSETS.len()];
    let typed = Typed::read(body);
    if typed.as_ref().is_some_and(Typed::is_filled_in_well) {
        return;
    }
    let kind =
        if charset.is_empty() { FORM.to_owned() } else { format!("{FORM}; charset={charset}") };
    for path in ["/login", "/signup"] {
        let answer = SITE.with(|site| site.post(path, &kind, body));
        let readable = typed.as_ref().filter(|typed| typed.has_each_once(FIELDS));
        match (charset, readable) {
            // No fuzzer finds the token of an invitation.
            ("" | "utf-8", Some(typed)) if path == "/signup" && !typed.get("t").is_empty() => {
                answer.check(410, &[]);
            }
            ("" | "utf-8", Some(typed)) => answer.check(422, &typed.kept()),
            ("" | "utf-8", None) => answer.check(400, &[]),
            _ => answer.check(415, &[]),
        }
    }
});

/// The form in a body, by a second parser.
struct Typed(Vec<(String, String)>);

impl Typed {
    /// `None` if the body is not text.
    fn read(body: &[u8]) -> Option<Self> {
        let decoded = decoded(body);
        let is_text = !decoded.contains(&0) && std::str::from_utf8(&decoded).is_ok();
        is_text.then(|| Self(url::form_urlencoded::parse(body).into_owned().collect()))
    }

    fn get(&self, field: &str) -> &str {
        self.0.iter().find(|(name, _)| name == field).map_or("", |(_, value)| value)
    }

    /// Whether none of these fields occurs twice.
    fn has_each_once(&self, fields: [&str; 5]) -> bool {
        fields.iter().all(|field| self.0.iter().filter(|(name, _)| name == field).count() <= 1)
    }

    fn is_filled_in_well(&self) -> bool {
        self.get("email").parse::<Email>().is_ok() && Password::parse(self.get("password")).is_ok()
    }

    /// What the page has to contain of it.
    fn kept(&self) -> Vec<String> {
        let email = format!(r#"value="{}""#, escaped(self.get("email")));
        let next = self.get("next");
        let comes_back = !next.is_empty() && !next.contains(char::is_control);
        let next = comes_back.then(|| format!(r#"name="next" value="{}""#, escaped(next)));
        [Some(email), next].into_iter().flatten().collect()
    }
}

/// Decodes percent-encoding: `%41` is `A`; `%4x` stays.
fn decoded(body: &[u8]) -> Vec<u8> {
    let digit = |at: usize| (*body.get(at)? as char).to_digit(16);
    let mut bytes = Vec::new();
    let mut at = 0;
    while at < body.len() {
        let encoded = (body[at] == b'%').then(|| digit(at + 1).zip(digit(at + 2))).flatten();
        match encoded {
            Some((high, low)) => bytes.push((high * 16 + low) as u8),
            None => bytes.push(body[at]),
        }
        at += if encoded.is_some() { 3 } else { 1 };
    }
    bytes
}

/// Escapes a text for an attribute's value.
fn escaped(text: &str) -> String {
    let mut html = String::new();
    for char in text.chars() {
        match char {
            '"' | '&' | '\'' | '<' | '>' => html += &format!("&#{};", u32::from(char)),
            other => html.push(other),
        }
    }
    html
}

struct Answer {
    status: StatusCode,
    sets_cookie: bool,
    kind: String,
    page: String,
}

impl Answer {
    /// With what the page has to contain.
    fn check(&self, status: u16, kept: &[String]) {
        assert_eq!(self.status, status, "{}", self.page);
        assert!(!self.sets_cookie);
        assert_eq!(self.kind, "text/html; charset=utf-8");
        assert!(self.page.starts_with("<!doctype html>"));
        for text in kept {
            assert!(self.page.contains(text), "{text} is not in {}", self.page);
        }
    }
}

/// The application as `waxseal::app` builds it, without a listener.
struct Site {
    runtime: SystemRunner,
    clock: Clock,
    service: Serve,
}

type Serve = Box<dyn Fn(Request) -> Pin<Box<dyn Future<Output = Answer>>>>;

impl Site {
    fn open() -> Self {
        let runtime = System::new();
        let clock = Clock::manual(Timestamp::from_unix(2_000_000_000));
        let service = runtime.block_on(service(clock.clone()));
        Self { runtime, clock, service }
    }

    fn post(&self, path: &str, kind: &str, body: &[u8]) -> Answer {
        // Otherwise the rate limit would apply.
        self.clock.elapse(Duration::from_secs(60));
        let request = TestRequest::post()
            .uri(path)
            .peer_addr("192.0.2.1:4711".parse().unwrap())
            .insert_header((CONTENT_TYPE, kind))
            .set_payload(body.to_vec())
            .to_request();
        self.runtime.block_on((self.service)(request))
    }
}

async fn service(clock: Clock) -> Serve {
    // The folder is deleted at once: no request here uses the database.
    let folder = tempfile::tempdir().unwrap();
    let database = DatabaseUrl::Sqlite(folder.path().join("fuzz.db"));
    let database = db::connect(&database).await.unwrap();
    let store = SqlSessionStore::load(database, clock.clone()).await.unwrap();
    let secret = Secret::new("the secret that the fuzzers agreed on").unwrap();
    let sessions = SessionMiddleware::builder(MemoryStore::new(), Keyring::new(&secret));
    let sessions = sessions.build().unwrap();
    let accounts = Accounts {
        store: AccountStore::new(store, clock.clone()),
        hashing: Hashing::new(clock.clone()).unwrap(),
        policy: PasswordPolicy::new(PasswordPolicy::DEFAULT_MIN_LENGTH),
        sign_up: SignUpPolicy::Open,
        mail: MailPolicy::default(),
        expiry_policy: ExpiryPolicy::default(),
        step_up_after: Duration::from_secs(900),
        clock: clock.clone(),
    };
    let origin = SiteOrigin::default();
    let setup = SetupChecks::new(origin.clone(), "session".to_owned(), clock.clone());
    let app = App::new()
        .app_data(Data::new(accounts))
        .app_data(Data::new(RateLimits::new(&clock)))
        .app_data(Data::new(TrustedProxies::default()))
        .app_data(Data::new(origin))
        .app_data(Data::new(setup))
        .service(web::scope("").configure(page_routes).wrap(sessions).wrap(from_fn(no_store)))
        .wrap(from_fn(reject_cross_origin))
        .wrap(from_fn(error_pages))
        .wrap(from_fn(security_headers));
    let service = Rc::new(init_service(app).await);
    Box::new(move |request| {
        let service = Rc::clone(&service);
        Box::pin(async move { answer(service.call(request).await.unwrap()).await })
    })
}

async fn answer<B: MessageBody>(response: ServiceResponse<B>) -> Answer {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    Answer {
        status: response.status(),
        sets_cookie: response.headers().contains_key(SET_COOKIE),
        kind: kind.unwrap_or_default().to_owned(),
        page: String::from_utf8(
            actix_web::body::to_bytes(response.into_body()).await.ok().unwrap().to_vec(),
        )
        .unwrap(),
    }
}
