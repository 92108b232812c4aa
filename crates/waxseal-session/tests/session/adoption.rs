//! What apps that come from actix-session bring along: its words, a middleware for each worker, several
//! middlewares, clients without a cookie jar.

use std::io;

use actix_web::{
    App, Error, HttpResponse,
    body::BoxBody,
    cookie::{Cookie, Key, time::Duration},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{AUTHORIZATION, CACHE_CONTROL, COOKIE, HeaderName, HeaderValue, VARY},
    },
    middleware::{Next, from_fn},
    test::{TestRequest, call_service, init_service},
    web,
};
use waxseal_session::actix_session::{Session, SessionExt};
use waxseal_session::{
    CurrentSession, Keyring, MemoryStore, Mode, Secret, SessionError, SessionMiddleware,
    SettingsError, State, StatelessStore, TypedSession,
    config::{BrowserSession, PersistentSession, TtlExtensionPolicy},
    set_lifecycle, testing,
};

use crate::harness::{Builder, Call, IDLE, NAME, SetCookie, Site, World, handlers, seconds};

// The words.

#[actix_web::test]
async fn an_app_with_actix_session_s_words_compiles() -> io::Result<()> {
    let key = Key::generate();
    let middleware = SessionMiddleware::builder(StatelessStore::new(), key.clone())
        .cookie_name("id".to_owned())
        .cookie_path("/test".to_owned())
        .cookie_domain(Some("localhost".to_owned()))
        .cookie_http_only(true)
        .cookie_secure(true)
        .session_lifecycle(PersistentSession::default().session_ttl(Duration::days(7)))
        .build()?;
    let _same_body = App::new()
        .wrap(middleware)
        .wrap(from_fn(|request: ServiceRequest, next: Next<BoxBody>| next.call(request)));
    let _no_settings = App::new().wrap(SessionMiddleware::new(StatelessStore::new(), key));
    Ok(())
}

#[actix_web::test]
async fn every_kind_of_key_opens_what_it_sealed() {
    let key = Key::from(&[7; 64]);
    let secret = Secret::from_bytes(&[7; 64]).unwrap();
    let store = StatelessStore::new();
    let state = || State::from_json(r#"{"user_id":"ann"}"#).unwrap();
    let by_key = SessionMiddleware::new(store.clone(), key.clone());
    let by_secret = SessionMiddleware::new(store.clone(), secret.clone());
    let by_keyring = SessionMiddleware::new(store, Keyring::new(&secret));
    let token = by_key.cookie_for(state()).await.unwrap();
    for middleware in [by_secret, by_keyring] {
        assert!(middleware.open(token.value()).await.unwrap().is_some());
    }
}

#[actix_web::test]
async fn a_wrong_setting_ends_main_with_a_sentence() {
    fn main() -> io::Result<()> {
        Secret::new("short")?;
        Ok(())
    }
    fn other_main() -> io::Result<()> {
        SessionMiddleware::builder(StatelessStore::new(), Secret::generate())
            .mode(Mode::Database)
            .build()?;
        Ok(())
    }
    assert_eq!(main().unwrap_err().to_string(), "it is 5 bytes long, at least 32 are needed");
    assert_eq!(other_main().unwrap_err().to_string(), SettingsError::NoRecords.to_string());
}

#[actix_web::test]
async fn a_browser_session_has_no_max_age_and_expires_all_the_same() {
    let world = World::new();
    let lifecycle = BrowserSession::default().state_ttl(Duration::seconds(100));
    let middleware = world.middleware().session_lifecycle(lifecycle).build().unwrap();
    let site = Site::wrapped(middleware, |routes| handlers(routes, world.clock.clone())).await;
    let answer = site.visit("/login/ann").await;
    let cookie = answer.header(actix_web::http::header::SET_COOKIE).unwrap().to_owned();
    assert!(!cookie.contains("Max-Age") && !cookie.contains("Expires"), "{cookie}");
    let token = Cookie::parse(&cookie).unwrap().value().to_owned();
    world.advance(99);
    assert_eq!(site.user(&token).await.as_deref(), Some("ann"));
    world.advance(1);
    assert_eq!(site.user(&token).await, None);
}

#[actix_web::test]
async fn a_ttl_is_extended_as_its_policy_says() {
    for (policy, after_read, after_change) in [
        (TtlExtensionPolicy::WhenDue, false, true),
        (TtlExtensionPolicy::OnEveryRequest, true, true),
        (TtlExtensionPolicy::OnStateChanges, false, true),
    ] {
        for mode in [Mode::Cookie, Mode::Database] {
            let world = World::new();
            let lifecycle = PersistentSession::default().session_ttl(Duration::seconds(100));
            let lifecycle = lifecycle.session_ttl_extension_policy(policy);
            let middleware = world.middleware().session_lifecycle(lifecycle).mode(mode);
            let site = Site::wrapped(middleware.build().unwrap(), |routes| {
                handlers(routes, world.clock.clone());
            })
            .await;
            let ann = site.log_in("ann").await;
            world.advance(10);
            let read = site.get("/state", &ann).await;
            assert_eq!(read.cookie().is_some(), after_read, "{policy:?} {mode:?}");
            let changed = site.get("/set/theme/dark", &ann).await;
            let extends =
                after_change && (mode == Mode::Cookie || policy != TtlExtensionPolicy::WhenDue);
            assert_eq!(changed.cookie().is_some(), extends, "{policy:?} {mode:?}");
            let Some(cookie) = changed.cookie() else { continue };
            assert_eq!(cookie.max_age, 100, "{policy:?} {mode:?}");
            if policy == TtlExtensionPolicy::OnStateChanges {
                world.advance(99);
                site.get("/state", &cookie.value).await.assert_no_cookie();
                world.advance(1);
                site.get("/state", &cookie.value).await.assert_cleared();
            }
        }
    }
}

#[actix_web::test]
async fn a_time_to_live_above_the_default_lifetime_is_its_own_lifetime() {
    let lifecycle = PersistentSession::default().session_ttl(Duration::days(90));
    let builder = SessionMiddleware::builder(StatelessStore::new(), Secret::generate());
    let middleware = builder.session_lifecycle(lifecycle).build().unwrap();
    let cookie = middleware.cookie_for(State::default()).await.unwrap();
    let opened = middleware.open(cookie.value()).await.unwrap().unwrap();
    assert_eq!(opened.expires_at.since(opened.auth_time), seconds(90 * 86_400));
}

// "Remember me".

#[actix_web::test]
async fn a_session_can_have_a_lifecycle_of_its_own() {
    for mode in [Mode::Cookie, Mode::Database] {
        let world = World::new();
        let middleware = world.middleware().mode(mode).build().unwrap();
        let site = Site::wrapped(middleware, |routes| {
            handlers(routes, world.clock.clone());
            routes
                .route("/remember/{user}", web::to(remember))
                .route("/forget/{user}", web::to(forget));
        })
        .await;
        let remembered = site.visit("/remember/ann").await.sealed();
        assert_eq!(remembered.max_age, 50_000);
        let forgotten = site.visit("/forget/bob").await;
        let forgotten = forgotten.header(actix_web::http::header::SET_COOKIE).unwrap().to_owned();
        assert!(!forgotten.contains("Max-Age"), "{forgotten}");
        let bob = Cookie::parse(&forgotten).unwrap().value().to_owned();

        world.advance(100);
        assert_eq!(site.user(&bob).await, None, "his time to live is 100 s");
        world.advance(39_900);
        let refreshed = site.get("/state", &remembered.value).await;
        assert_eq!(refreshed.sealed().max_age, 50_000, "refreshed by its own time to live");
        let renewed = site.get("/renew", &refreshed.sealed().value).await.sealed();
        assert_eq!(renewed.max_age, 50_000, "a renewal keeps it");
        world.advance(49_999);
        assert_eq!(site.user(&renewed.value).await.as_deref(), Some("ann"));
    }
    async fn remember(
        request: actix_web::HttpRequest,
        session: Session,
        user: web::Path<String>,
    ) -> Result<HttpResponse, Error> {
        session.renew();
        session.insert("user_id", user.into_inner())?;
        let lifecycle = PersistentSession::default().session_ttl(Duration::seconds(50_000));
        set_lifecycle(&request, lifecycle.lifetime(Duration::seconds(500_000)))?;
        Ok(HttpResponse::Ok().finish())
    }
    async fn forget(
        request: actix_web::HttpRequest,
        session: Session,
        user: web::Path<String>,
    ) -> Result<HttpResponse, Error> {
        session.renew();
        session.insert("user_id", user.into_inner())?;
        set_lifecycle(&request, BrowserSession::default().state_ttl(Duration::seconds(100)))?;
        Ok(HttpResponse::Ok().finish())
    }
}

#[actix_web::test]
async fn a_lifecycle_without_any_other_change_moves_the_record_too() {
    let world = World::new();
    let site = lifecycles(&world).await;
    for (path, ttl) in [("/lifecycle/90000", 90_000), ("/lifecycle/10", 10)] {
        let ann = site.log_in("ann").await;
        world.advance(1);
        let cookie = site.get(path, &ann).await.sealed();
        assert_eq!(cookie.max_age, ttl, "{path}");
        let exp = world.claims(&cookie.value).exp;
        assert_eq!(exp, world.now() + seconds(ttl));
        assert!(world.row(&cookie.value).unwrap().expires_at >= exp, "no cookie outlives it");
    }
}

#[actix_web::test]
async fn a_session_s_own_extension_policy_holds() {
    let world = World::new();
    let site = lifecycles(&world).await;
    let ann = site.log_in("ann").await;
    let always = site.get("/lifecycle-always/1000", &ann).await.sealed().value;
    world.advance(10);
    assert_eq!(site.get("/state", &always).await.sealed().max_age, 1000);
}

#[actix_web::test]
async fn the_current_session_knows_the_lifecycle_and_the_end() {
    let world = World::new();
    let site = lifecycles(&world).await;
    let ann = site.log_in("ann").await;
    let ann = site.get("/lifecycle/90000", &ann).await.sealed().value;
    let renewed = site.get("/renew-and-tell", &ann).await;
    let exp = world.claims(&renewed.sealed().value).exp.as_unix().to_string();
    assert_eq!(renewed.text().await, exp);
    assert_eq!(site.visit("/renew-and-tell").await.text().await, "none");
    let purged = site.get("/purge-and-tell", &site.log_in("bob").await).await;
    assert_eq!(purged.text().await, "none");
}

async fn lifecycles(world: &World) -> Site {
    async fn set(request: actix_web::HttpRequest, ttl: web::Path<i64>) -> Result<String, Error> {
        let ttl = Duration::seconds(*ttl);
        let lifecycle = PersistentSession::default().session_ttl(ttl);
        set_lifecycle(&request, lifecycle.lifetime(Duration::days(100)))?;
        Ok(String::new())
    }
    async fn always(request: actix_web::HttpRequest, ttl: web::Path<i64>) -> Result<String, Error> {
        let lifecycle = PersistentSession::default().session_ttl(Duration::seconds(*ttl));
        let always = TtlExtensionPolicy::OnEveryRequest;
        set_lifecycle(&request, lifecycle.session_ttl_extension_policy(always))?;
        Ok(String::new())
    }
    fn tell(request: &actix_web::HttpRequest) -> String {
        let exp = CurrentSession::of(request).map(|session| session.expires_at.as_unix());
        exp.map_or("none".to_owned(), |exp| exp.to_string())
    }
    async fn renew(request: actix_web::HttpRequest, session: Session) -> String {
        session.renew();
        tell(&request)
    }
    async fn purge(request: actix_web::HttpRequest, session: Session) -> String {
        session.purge();
        tell(&request)
    }
    Site::wrapped(world.middleware().build().unwrap(), |routes| {
        handlers(routes, world.clock.clone());
        routes
            .route("/lifecycle/{ttl}", web::to(set))
            .route("/lifecycle-always/{ttl}", web::to(always))
            .route("/renew-and-tell", web::to(renew))
            .route("/purge-and-tell", web::to(purge));
    })
    .await
}

// Long timeouts.

#[actix_web::test]
async fn a_cookie_is_sent_again_well_before_browsers_drop_it() {
    const DAY: u64 = 86_400;
    let world = World::new();
    let years = seconds(2000 * DAY);
    let middleware = world.middleware().idle_timeout(years).lifetime(years).build().unwrap();
    let site = Site::wrapped(middleware, |routes| handlers(routes, world.clock.clone())).await;
    let first = site.visit("/login/ann").await.sealed();
    assert_eq!(first.max_age, 400 * DAY, "browsers keep no cookie longer");
    world.advance(299 * DAY);
    site.get("/state", &first.value).await.assert_no_cookie();
    world.advance(DAY);
    let again = site.get("/state", &first.value).await.sealed();
    assert_eq!(again.max_age, 400 * DAY, "though the session's end does not move");
    assert_eq!(world.claims(&again.value).exp, world.claims(&first.value).exp);
}

// A domain that comes or goes.

#[actix_web::test]
async fn after_a_domain_was_added_an_old_cookie_is_in_no_one_s_way() {
    let world = World::new();
    let named = |middleware: Builder| middleware.cookie_name("sid");
    let with_domain = |middleware: Builder| named(middleware).cookie_domain("example.com");
    let [old, new] = [named(world.middleware()), with_domain(world.middleware())];
    let site = async |middleware: Builder| {
        Site::wrapped(middleware.build().unwrap(), |routes| handlers(routes, world.clock.clone()))
            .await
    };
    let host_only = site(old).await.visit("/login/ann").await.set_cookies().remove(0).value;
    let site = site(new).await;
    let with_domain = site.visit("/login/ann").await.set_cookies().remove(0).value;
    let both = format!("sid={host_only}; sid={with_domain}");
    for path in ["/state", "/login/ann"] {
        let request = TestRequest::with_uri(path).insert_header((COOKIE, both.clone()));
        let cookies = site.send_any(request).await.set_cookies();
        let [ours, other] = &*cookies else { panic!("{path}: {cookies:?}") };
        assert!(ours.text.contains("Domain=example.com"), "{path}");
        assert_eq!(ours.is_clearing(), path == "/state", "{path}");
        assert!(other.is_clearing() && !other.text.contains("Domain"), "{path}");
    }
}

#[actix_web::test]
async fn without_a_domain_the_host_s_own_is_cleared_too() {
    let world = World::new();
    let middleware = world.middleware().cookie_name("sid").build().unwrap();
    let site = Site::wrapped(middleware, |routes| handlers(routes, world.clock.clone())).await;
    let request = TestRequest::with_uri("/state")
        .insert_header((COOKIE, "sid=a; sid=b"))
        .insert_header(("Host", "app.example.com:8443"));
    let cookies = site.send_any(request).await.set_cookies();
    let domain = |cookie: &SetCookie| {
        let domain = cookie.text.split("; ").find_map(|part| part.strip_prefix("Domain="));
        domain.unwrap_or("none").to_owned()
    };
    assert_eq!(
        cookies.iter().map(domain).collect::<Vec<_>>(),
        ["none", "app.example.com", "example.com"]
    );
    assert!(cookies.iter().all(|cookie| cookie.is_clearing()));
    for host in ["127.0.0.1:8080", "localhost", "[::1]:80", "a.b; Domain=evil.com", "com"] {
        let request = TestRequest::with_uri("/state")
            .insert_header((COOKIE, "sid=a; sid=b"))
            .insert_header(("Host", host));
        assert_eq!(site.send_any(request).await.set_cookies().len(), 1, "{host}");
    }
}

#[actix_web::test]
async fn a_wider_domain_clears_the_narrower_one() {
    let world = World::new();
    let middleware = world.middleware().cookie_name("sid").cookie_domain("example.com");
    let middleware = middleware.build().unwrap();
    let site = Site::wrapped(middleware, |routes| handlers(routes, world.clock.clone())).await;
    let request = TestRequest::with_uri("/login/ann")
        .insert_header((COOKIE, "sid=a; sid=b"))
        .insert_header(("Host", "www.example.com"));
    let cookies = site.send_any(request).await.set_cookies();
    assert!(!cookies[0].is_clearing() && cookies[0].text.contains("Domain=example.com"));
    assert!(cookies[1].text.contains("Domain=www.example.com;"), "{cookies:?}");
    assert!(!cookies[2].text.contains("Domain"), "{cookies:?}");
    assert!(cookies[1..].iter().all(|cookie| cookie.is_clearing()));
}

#[actix_web::test]
async fn a_partitioned_cookie_says_so() {
    let middleware = |builder: Builder| builder.cookie_partitioned(true);
    let cookie = World::new().site_with(middleware).await.visit("/login/ann").await.sealed();
    assert!(cookie.text.contains("; Partitioned; Max-Age="), "{}", cookie.text);
    let refused = World::new().middleware().cookie_secure(false).cookie_partitioned(true).build();
    assert_eq!(refused.err(), Some(SettingsError::CookiePrefix("Partitioned needs Secure")));
}

// Several middlewares.

#[actix_web::test]
async fn middlewares_inside_each_other_keep_their_states_apart() {
    let world = World::new();
    let (shop, admin) = (world.middleware().cookie_name("shop-waxseal"), world.middleware());
    let app = init_service(
        App::new()
            .service(
                web::scope("/admin")
                    .wrap(admin.build().unwrap())
                    .configure(|routes| handlers(routes, world.clock.clone())),
            )
            .configure(|routes| handlers(routes, world.clock.clone()))
            .wrap(shop.build().unwrap()),
    )
    .await;
    let send = async |path: &str, cookies: &str| {
        let request = TestRequest::with_uri(path).insert_header((COOKIE, cookies));
        let response = call_service(&app, request.to_request()).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        let cookies: Vec<String> = response
            .response()
            .cookies()
            .map(|cookie| format!("{}={}", cookie.name(), cookie.value()))
            .collect();
        let body = actix_web::test::read_body(response).await;
        (cookies, String::from_utf8(body.to_vec()).unwrap())
    };
    let (customer, _) = send("/set/user_id/customer", "").await;
    let [customer] = &*customer else { panic!("{customer:?}") };
    assert!(customer.starts_with("shop-waxseal="));
    for path in ["/admin/state", "/admin/untouched"] {
        let (cookies, body) = send(path, customer).await;
        assert_eq!(cookies, Vec::<String>::new(), "a visitor of {path} stays one");
        assert!(!body.contains("customer"), "{body}");
    }
    let (boss, _) = send("/admin/set/user_id/boss", customer).await;
    let [boss] = &*boss else { panic!("{boss:?}") };
    assert!(boss.starts_with(NAME));
    let both = format!("{customer}; {boss}");
    assert_eq!(send("/admin/state", &both).await.1, r#"{"user_id":"boss"}"#);
    assert_eq!(send("/state", &both).await.1, r#"{"user_id":"customer"}"#);

    let (cleared, _) = send("/admin/purge", &both).await;
    assert_eq!(cleared, [format!("{NAME}=")], "the customer stays");
    assert_eq!(send("/state", customer).await.1, r#"{"user_id":"customer"}"#);
    let (renewed, _) = send("/admin/renew", &both).await;
    assert!(!renewed.iter().any(|cookie| cookie.starts_with("shop-")), "{renewed:?}");
}

#[actix_web::test]
async fn what_a_middleware_between_two_others_writes_is_kept() {
    let world = World::new();
    let (outer, inner) = (world.middleware().cookie_name("outer-waxseal"), world.middleware());
    async fn count<B>(request: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<B>, Error>
    where
        B: actix_web::body::MessageBody,
    {
        request.get_session().insert("before", true)?;
        let response = next.call(request).await?;
        let session = response.request().get_session();
        session.insert("after", session.get::<bool>("before")?)?;
        Ok(response)
    }
    let app = init_service(
        App::new()
            .wrap(inner.build().unwrap())
            .configure(|routes| handlers(routes, world.clock.clone()))
            .wrap(from_fn(count))
            .wrap(outer.build().unwrap()),
    )
    .await;
    let response = call_service(&app, TestRequest::with_uri("/set/a/1").to_request()).await;
    let names: Vec<_> = response.response().cookies().map(|it| it.name().to_owned()).collect();
    assert_eq!(names, [NAME, "outer-waxseal"]);
    assert_eq!(world.store.states(), [r#"{"a":"1"}"#, r#"{"after":true,"before":true}"#]);
}

#[actix_web::test]
async fn the_same_middleware_twice_works_once() {
    let world = World::new();
    let middleware = world.middleware().build().unwrap();
    let inner = middleware.clone();
    let site = Site::wrapped(middleware, |routes| {
        let scope = web::scope("").wrap(inner);
        routes.service(scope.configure(|routes| handlers(routes, world.clock.clone())));
    })
    .await;
    let ann = site.log_in("ann").await;
    assert_eq!(world.store.calls(), [Call::Create]);
    world.advance(IDLE - 1);
    let ann = site.get("/set/theme/dark", &ann).await.sealed().value;
    assert_eq!(world.store.calls(), [Call::Extend, Call::Save]);
    site.get("/purge", &ann).await.assert_cleared();
}

#[actix_web::test]
async fn typed_only_and_other_middlewares_can_be_around_each_other() {
    for (outer_populates, inner_populates) in [(true, false), (false, true), (false, false)] {
        let world = World::new();
        let outer = world.middleware().cookie_name("outer-waxseal").actix_session(outer_populates);
        let inner = world.middleware().actix_session(inner_populates);
        async fn write(session: TypedSession<Name>) -> Result<HttpResponse, SessionError> {
            session.set(&Name { name: "ann".to_owned() })?;
            Ok(HttpResponse::Ok().finish())
        }
        let app = init_service(
            App::new()
                .service(
                    web::scope("/inner")
                        .wrap(inner.build().unwrap())
                        .route("/write", web::to(write))
                        .configure(|routes| handlers(routes, world.clock.clone())),
                )
                .route("/write", web::to(write))
                .wrap(outer.build().unwrap()),
        )
        .await;
        let mut jar = String::new();
        for path in ["/write", "/inner/write", "/inner/untouched", "/inner/write"] {
            let request = TestRequest::with_uri(path).insert_header((COOKIE, jar.clone()));
            let response = call_service(&app, request.to_request()).await;
            assert_eq!(response.status(), StatusCode::OK, "{outer_populates} {path}");
            for cookie in response.response().cookies() {
                jar = format!("{jar}; {}={}", cookie.name(), cookie.value());
            }
        }
        assert_eq!(world.store.states(), [r#"{"name":"ann"}"#; 2]);
    }
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Name {
    name: String,
}

#[actix_web::test]
async fn two_different_middlewares_with_one_cookie_are_refused() {
    let world = World::new();
    let other = SessionMiddleware::new(StatelessStore::new(), Secret::generate());
    let site = Site::wrapped(world.middleware().build().unwrap(), |routes| {
        let scope = web::scope("").wrap(other);
        routes.service(scope.configure(|routes| handlers(routes, world.clock.clone())));
    })
    .await;
    let answer = site.visit("/state").await;
    assert!(matches!(answer.session_error(), SessionError::SameCookie(name) if name == NAME));
}

// A middleware for each worker.

#[actix_web::test]
async fn a_middleware_built_for_each_worker_logs_no_one_out() {
    let secret = Secret::generate();
    let (store, memory) = (StatelessStore::new(), MemoryStore::new());
    let worker = async |secret: &Secret| {
        let stateless = SessionMiddleware::new(store.clone(), secret);
        let memory = SessionMiddleware::new(memory.clone(), secret);
        let clock = waxseal_session::Clock::system();
        [
            Site::wrapped(stateless, |routes| handlers(routes, clock.clone())).await,
            Site::wrapped(memory, |routes| handlers(routes, clock.clone())).await,
        ]
    };
    let (one, other) = (worker(&secret).await, worker(&secret).await);
    for (one, other) in one.iter().zip(&other) {
        let ann = one.log_in("ann").await;
        assert_eq!(other.user(&ann).await.as_deref(), Some("ann"));
        let changed = other.get("/set/theme/dark", &ann).await.sealed().value;
        one.get("/purge", &changed).await.assert_cleared();
        assert_eq!(other.user(&ann).await, None);
    }
}

#[actix_web::test]
async fn four_workers_of_a_real_server_know_the_same_sessions() -> io::Result<()> {
    // A store of its own for each worker, without records.
    testing::many_workers_suite(StatelessStore::new).await?;
    let memory = MemoryStore::new();
    testing::many_workers_suite(move || memory.clone()).await
}

// Clients without a cookie jar.

#[actix_web::test]
async fn a_token_can_come_in_a_header() {
    let world = World::new();
    let middleware = world.middleware().bearer_tokens(true).build().unwrap();
    let site = Site::wrapped(middleware, |routes| handlers(routes, world.clock.clone())).await;
    let ann = site.log_in("ann").await;
    let with_token = |path: &str, value: String| {
        TestRequest::with_uri(path).insert_header((AUTHORIZATION, value))
    };
    for scheme in ["Bearer", "bearer"] {
        let answer = site.send_any(with_token("/state", format!("{scheme} {ann}"))).await;
        answer.assert_no_cookie();
        assert_eq!(answer.user().await.as_deref(), Some("ann"));
    }
    let changed = site.send_any(with_token("/set/theme/dark", format!("Bearer {ann}"))).await;
    changed.assert_no_cookie();
    let token = changed.header(HeaderName::from_static("session-token")).unwrap().to_owned();
    assert_eq!(changed.header(CACHE_CONTROL), Some("no-store"));
    let ended = site.send_any(with_token("/purge", format!("Bearer {token}"))).await;
    ended.assert_no_cookie();
    for token in [ann, token, "garbage".to_owned()] {
        let answer = site.send_any(with_token("/state", format!("Bearer {token}"))).await;
        answer.assert_no_cookie();
        assert_eq!(answer.user().await, None);
    }
}

#[actix_web::test]
async fn a_token_in_a_header_counts_only_where_the_app_wants_it_and_without_a_cookie() {
    let world = World::new();
    let [closed, open] = [false, true].map(|accepted| world.middleware().bearer_tokens(accepted));
    let site = async |middleware: Builder| {
        Site::wrapped(middleware.build().unwrap(), |routes| handlers(routes, world.clock.clone()))
            .await
    };
    let (closed, open) = (site(closed).await, site(open).await);
    let (ann, bob) = (open.log_in("ann").await, open.log_in("bob").await);
    let request =
        || TestRequest::with_uri("/state").insert_header((AUTHORIZATION, format!("Bearer {ann}")));
    assert_eq!(closed.send_any(request()).await.user().await, None);
    let both = request().insert_header((COOKIE, format!("{NAME}={bob}")));
    assert_eq!(open.send_any(both).await.user().await.as_deref(), Some("bob"));
}

#[actix_web::test]
async fn machines_that_share_a_foreign_token_do_not_end_each_other_s_sessions() {
    let world = World::new();
    let middleware = world.middleware().bearer_tokens(true).build().unwrap();
    let site = Site::wrapped(middleware, |routes| handlers(routes, world.clock.clone())).await;
    let foreign = format!("Bearer {}", "A".repeat(80));
    let with_foreign =
        |path| TestRequest::with_uri(path).insert_header((AUTHORIZATION, foreign.clone()));
    let answer = site.send_any(with_foreign("/login/ann")).await;
    let ann = answer.header(HeaderName::from_static("session-token")).unwrap().to_owned();
    site.send_any(with_foreign("/purge")).await.assert_no_cookie();
    assert_eq!(site.user(&ann).await.as_deref(), Some("ann"));
}

// Caches.

#[actix_web::test]
async fn a_page_that_caches_may_keep_varies_by_the_cookie() {
    let world = World::new();
    let site = Site::wrapped(world.middleware().build().unwrap(), |routes| {
        handlers(routes, world.clock.clone());
        routes.route("/cached/{control}/{vary}", web::to(cached));
        routes.route("/expires", web::to(expires));
    })
    .await;
    async fn expires() -> HttpResponse {
        let header = ("Expires", "Thu, 01 Jan 2032 00:00:00 GMT");
        HttpResponse::Ok().insert_header(header).finish()
    }
    async fn cached(headers: web::Path<(String, String)>) -> HttpResponse {
        let (control, vary) = headers.into_inner();
        let mut response = HttpResponse::Ok();
        if control != "-" {
            response.insert_header((CACHE_CONTROL, control));
        }
        if vary != "-" {
            response.insert_header((VARY, HeaderValue::from_str(&vary).unwrap()));
        }
        response.finish()
    }
    for (path, vary) in [
        ("/cached/public/-", vec!["Cookie"]),
        ("/cached/max-age=60/Accept-Encoding", vec!["Accept-Encoding", "Cookie"]),
        ("/cached/public/cookie", vec!["cookie"]),
        ("/cached/no-store/-", vec![]),
        ("/cached/private/-", vec![]),
        ("/cached/-/-", vec![]),
        ("/expires", vec!["Cookie"]),
    ] {
        let answer = site.visit(path).await;
        let found: Vec<_> = answer.headers.get_all(VARY).map(|it| it.to_str().unwrap()).collect();
        assert_eq!(found, vary, "{path}");
    }
}

// Polling.

#[actix_web::test]
async fn a_request_that_is_no_activity_refreshes_nothing() {
    let world = World::new();
    let middleware =
        world.middleware().no_refresh(|request| request.path() == "/untouched").build().unwrap();
    let site = Site::wrapped(middleware, |routes| handlers(routes, world.clock.clone())).await;
    let ann = site.log_in("ann").await;
    world.advance(IDLE - 1);
    world.store.calls();
    site.get("/untouched", &ann).await.assert_no_cookie();
    assert_eq!(world.store.calls(), []);
    site.get("/state", &ann).await.sealed();
}

#[actix_web::test]
async fn a_request_that_is_no_activity_moves_no_expiry_when_it_writes() {
    let world = World::new();
    let middleware = world.middleware().no_refresh(|request| request.path().starts_with("/set"));
    let middleware = middleware.build().unwrap();
    let site = Site::wrapped(middleware, |routes| handlers(routes, world.clock.clone())).await;
    let ann = site.log_in("ann").await;
    world.advance(500);
    let changed = site.get("/set/theme/dark", &ann).await.sealed();
    assert_eq!(world.claims(&changed.value).exp, world.claims(&ann).exp);
}

// What stands around the middleware.

#[actix_web::test]
async fn outer_middlewares_see_the_session_of_every_response() {
    let world = World::new();
    async fn tell<B: actix_web::body::MessageBody>(
        request: ServiceRequest,
        next: Next<B>,
    ) -> Result<ServiceResponse<B>, Error> {
        let mut response = next.call(request).await?;
        let seen = CurrentSession::of(response.request()).is_some().to_string();
        let name = HeaderName::from_static("seen");
        response.headers_mut().insert(name, HeaderValue::from_str(&seen).unwrap());
        Ok(response)
    }
    let app = init_service(
        App::new()
            .configure(|routes| handlers(routes, world.clock.clone()))
            .wrap(world.middleware().build().unwrap())
            .wrap(from_fn(tell)),
    )
    .await;
    let ann = world.seal(world.honest_claims().to_string());
    for (path, expected) in
        [("/state", "true"), ("/set/theme/dark", "true"), ("/renew", "true"), ("/purge", "false")]
    {
        let ann = match path {
            "/purge" => world.seal(world.honest_claims().to_string()),
            _ => ann.clone(),
        };
        let request = TestRequest::with_uri(path).insert_header((COOKIE, format!("{NAME}={ann}")));
        let response = call_service(&app, request.to_request()).await;
        assert_eq!(response.headers().get("seen").unwrap(), expected, "{path}");
    }
}
