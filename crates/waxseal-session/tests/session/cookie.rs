//! The cookie: when it is sent, what it reads like, how it is found.

use actix_session::Session;
use actix_web::{
    HttpResponse,
    cookie::{Cookie, SameSite},
    http::header::{CACHE_CONTROL, CacheControl, CacheDirective},
    web,
};
use waxseal_session::ExpiryPolicy;

use crate::harness::{Builder, NAME, Site, World};

#[actix_web::test]
async fn a_visitor_gets_no_cookie() {
    let world = World::new();
    let site = world.site().await;
    for path in [
        "/untouched",
        "/state",
        "/current",
        "/increment/visits",
        "/remove/user_id",
        "/clear",
        "/renew",
        "/purge",
        "/no-such-page",
    ] {
        site.visit(path).await.assert_no_cookie();
    }
    assert_eq!(world.store.calls(), []);
}

#[actix_web::test]
async fn a_session_that_no_one_touches_gets_no_cookie() {
    let world = World::new();
    let site = world.site().await;
    let ann = site.log_in("ann").await;
    for path in ["/untouched", "/state", "/current", "/no-such-page"] {
        site.get(path, &ann).await.assert_no_cookie();
    }
}

#[actix_web::test]
async fn by_default_the_cookie_is_host_only_and_secure_and_lives_for_a_week() {
    let world = World::new();
    let middleware = |middleware: Builder| middleware.expiry_policy(ExpiryPolicy::default());
    let site = world.site_with(middleware).await;

    let cookie = site.visit("/login/ann").await.sealed();
    assert_eq!(
        cookie.text,
        format!(
            "__Host-waxseal={}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=604800",
            cookie.value
        )
    );
    let cleared = site.get("/purge", &cookie.value).await.cookie().unwrap();
    assert_eq!(
        cleared.text,
        "__Host-waxseal=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0; \
         Expires=Thu, 01 Jan 1970 00:00:00 GMT"
    );
}

#[actix_web::test]
async fn over_http_the_cookie_is_named_waxseal_and_not_secure() {
    let cookie = cookie_of(|middleware| middleware.cookie_secure(false)).await;
    assert_eq!(cookie, "waxseal=…; Path=/; HttpOnly; SameSite=Lax; Max-Age=1000");
}

#[actix_web::test]
async fn the_cookie_says_what_the_settings_say() {
    assert_eq!(
        cookie_of(|middleware| middleware.cookie_domain("example.com")).await,
        "waxseal=…; Path=/; Domain=example.com; Secure; HttpOnly; SameSite=Lax; Max-Age=1000"
    );
    assert_eq!(
        cookie_of(|middleware| middleware.cookie_path("/app")).await,
        "waxseal=…; Path=/app; Secure; HttpOnly; SameSite=Lax; Max-Age=1000"
    );
    assert_eq!(
        cookie_of(|middleware| middleware.cookie_same_site(SameSite::Strict)).await,
        "__Host-waxseal=…; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=1000"
    );
    assert_eq!(
        cookie_of(|middleware| middleware.cookie_same_site(SameSite::None)).await,
        "__Host-waxseal=…; Path=/; Secure; HttpOnly; SameSite=None; Max-Age=1000"
    );
    assert_eq!(
        cookie_of(|middleware| middleware
            .cookie_name("__Secure-session")
            .cookie_domain("example.com"))
        .await,
        "__Secure-session=…; Path=/; Domain=example.com; Secure; HttpOnly; SameSite=Lax; \
         Max-Age=1000"
    );
}

/// The `Set-Cookie` of a log-in under these settings, without the token.
async fn cookie_of(set_up: impl FnOnce(Builder) -> Builder) -> String {
    let site = World::new().site_with(set_up).await;
    let cookie = site.visit("/login/ann").await.sealed();
    let cookie_header = format!("{}={}", cookie.name, cookie.value);
    let answer = site.with_cookies("/state", &[cookie_header.as_bytes()]).await;
    assert_eq!(answer.user().await.as_deref(), Some("ann"), "{}", cookie.text);
    cookie.text.replace(&cookie.value, "…")
}

#[actix_web::test]
async fn the_cookie_is_found_among_others() {
    let world = World::new();
    let site = world.site().await;
    let ann = format!("{NAME}={}", site.log_in("ann").await).into_bytes();
    let ann = ann.as_slice();

    let cases: &[&[&[u8]]] = &[
        &[ann],
        &[b"theme=dark; ", ann],
        &[&[b"theme=dark; ".as_slice(), ann, b"; lang=de"].concat()],
        &[&[b"theme=dark;".as_slice(), ann, b";lang=de"].concat()],
        &[&[b"  ".as_slice(), ann, b"  "].concat()],
        &[&[b";;\t; ".as_slice(), ann, b" ;"].concat()],
        &[b"theme=dark", ann, b"lang=de"],
        // A cookie in Latin-1 hides itself, not ours.
        &[&[b"name=J\xf6rg; ".as_slice(), ann].concat()],
        &[&[ann, b"; \xff=\xfe"].concat()],
        &[b"name=J\xf6rg", ann],
        // Names that look like ours, or that someone could take for it.
        &[&[b"__%48ost-session=evil; ".as_slice(), ann].concat()],
        &[&[b"%5F_Host-session=evil; ".as_slice(), ann].concat()],
        &[&[b"__host-session=evil; ".as_slice(), ann].concat()],
        &[&[b"__Host-waxseal2=evil; ".as_slice(), ann].concat()],
        &[&[b"__Host-sessio=evil; ".as_slice(), ann].concat()],
        &[&[b"x__Host-waxseal=evil; ".as_slice(), ann].concat()],
        &[&[b"session=evil; ".as_slice(), ann].concat()],
        &[&[b"other=__Host-waxseal=evil; ".as_slice(), ann].concat()],
        &[&[b"__Host-waxseal; ".as_slice(), ann].concat()],
    ];
    for headers in cases {
        let shown = String::from_utf8_lossy(&headers.concat()).into_owned();
        let answer = site.with_cookies("/state", headers).await;
        assert_eq!(answer.cookie(), None, "{shown}");
        assert_eq!(answer.user().await.as_deref(), Some("ann"), "{shown}");
    }
}

#[actix_web::test]
async fn a_token_under_another_name_is_no_session_and_is_left_alone() {
    let world = World::new();
    let site = world.site().await;
    let ann = site.log_in("ann").await;
    for name in [
        "__%48ost-session",
        "%5f%5fHost-session",
        "__host-session",
        "__HOST-SESSION",
        "session",
        "__Host-waxseal2",
        "__Host-",
        "__Host-waxseal ",
        "\"__Host-waxseal\"",
        "",
    ] {
        let answer = site.with_cookies("/state", &[format!("{name}={ann}").as_bytes()]).await;
        assert_eq!(answer.cookie(), None, "{name}");
        assert_eq!(answer.user().await, None, "{name}");
    }
}

#[actix_web::test]
async fn two_cookies_of_the_name_are_no_session_and_are_cleared() {
    let world = World::new();
    let site = world.site().await;
    let (ann, bob) = (site.log_in("ann").await, site.log_in("bob").await);
    let pair = |token: &str| format!("{NAME}={token}");
    let cases = [
        vec![format!("{}; {}", pair(&ann), pair(&bob))],
        vec![format!("{}; {}", pair(&ann), pair(&ann))],
        vec![format!("{}; {}", pair(&ann), pair(""))],
        vec![format!("{}; {}", pair("garbage"), pair(&ann))],
        vec![format!("{};{};{}", pair(&ann), pair(&ann), pair(&ann))],
        vec![pair(&ann), pair(&bob)],
        vec![pair(&ann), "theme=dark".to_owned(), pair(&ann)],
    ];
    for headers in cases {
        let headers: Vec<&[u8]> = headers.iter().map(String::as_bytes).collect();
        let answer = site.with_cookies("/state", &headers).await;
        answer.assert_cleared();
        assert_eq!(answer.user().await, None);
    }
    assert_eq!(site.user(&ann).await.as_deref(), Some("ann"), "her session itself lives on");
}

#[actix_web::test]
async fn a_response_with_the_cookie_is_for_no_cache_unless_the_handler_says_otherwise() {
    let world = World::new();
    let site = Site::wrapped(world.middleware().build().unwrap(), |routes| {
        routes.route("/silent", web::to(silent)).route("/outspoken", web::to(outspoken));
    })
    .await;
    async fn silent(session: Session) -> actix_web::Result<HttpResponse> {
        session.insert("user_id", "ann")?;
        Ok(HttpResponse::Ok().finish())
    }
    async fn outspoken(session: Session) -> actix_web::Result<HttpResponse> {
        session.insert("user_id", "ann")?;
        let private = CacheControl(vec![CacheDirective::Private]);
        Ok(HttpResponse::Ok().insert_header(private).finish())
    }

    let answer = site.visit("/silent").await;
    assert_eq!(answer.header(CACHE_CONTROL), Some("no-store"));
    let again = site.get("/silent", &answer.sealed().value).await;
    again.assert_no_cookie();
    assert_eq!(again.header(CACHE_CONTROL), None, "without a cookie it is the app's affair");
    assert_eq!(site.visit("/outspoken").await.header(CACHE_CONTROL), Some("private"));
}

#[actix_web::test]
async fn the_handlers_own_cookies_stay() {
    let world = World::new();
    let site = Site::wrapped(world.middleware().build().unwrap(), |routes| {
        routes.route("/", web::to(with_theme));
    })
    .await;
    async fn with_theme(session: Session) -> actix_web::Result<HttpResponse> {
        session.insert("user_id", "ann")?;
        let theme = Cookie::build("theme", "dark").max_age(time::Duration::DAY);
        Ok(HttpResponse::Ok().cookie(theme.finish()).finish())
    }

    let names = site.visit("/").await.set_cookies();
    let names: Vec<_> = names.iter().map(|cookie| cookie.name.as_str()).collect();
    assert_eq!(names, ["theme", NAME]);
}
