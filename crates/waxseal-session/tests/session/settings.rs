//! Settings outside what is allowed stop the start, in words that say what is.

use std::time::Duration;

use actix_web::cookie::SameSite;
use waxseal_session::{ExpiryPolicy, SettingsError};

use crate::harness::{Builder, World, seconds};

#[test]
fn an_idle_timeout_under_a_second_is_refused() {
    for idle in [Duration::ZERO, Duration::from_millis(999)] {
        assert_eq!(
            refusal(|middleware| middleware.idle_timeout(idle)),
            Some(SettingsError::IdleTimeout)
        );
    }
    assert_eq!(refusal(|middleware| middleware.idle_timeout(seconds(1))), None);
    assert_eq!(SettingsError::IdleTimeout.to_string(), "the idle timeout must be at least 1s");
}

#[test]
fn a_lifetime_below_the_idle_timeout_is_refused() {
    let with = |lifetime| refusal(move |it| it.idle_timeout(seconds(60)).lifetime(lifetime));
    assert_eq!(with(seconds(59)), Some(SettingsError::Lifetime));
    assert_eq!(with(seconds(60)), None);
    assert_eq!(
        SettingsError::Lifetime.to_string(),
        "the lifetime must not be below the idle timeout"
    );
}

#[test]
fn a_refresh_threshold_under_a_second_or_above_the_idle_timeout_is_refused() {
    let with = |below| refusal(move |it| it.idle_timeout(seconds(60)).refresh_threshold(below));
    for wrong in [Duration::ZERO, Duration::from_millis(999), seconds(61)] {
        assert_eq!(with(wrong), Some(SettingsError::RefreshThreshold), "{wrong:?}");
    }
    for right in [seconds(1), seconds(60), Duration::from_millis(60_999)] {
        assert_eq!(with(right), None, "{right:?}");
    }
    assert_eq!(
        SettingsError::RefreshThreshold.to_string(),
        "the refresh threshold must be at least 1s and at most the idle timeout"
    );
}

#[test]
fn durations_count_in_whole_seconds() {
    let ms = Duration::from_millis;
    let lifetimes = ExpiryPolicy::new(ms(60_999), ms(90_999), Some(ms(1999))).unwrap();
    assert_eq!(lifetimes, ExpiryPolicy::new(seconds(60), seconds(90), Some(seconds(1))).unwrap());
}

#[test]
fn the_default_settings_are_in_their_own_range() {
    let (idle, life) = (ExpiryPolicy::DEFAULT_IDLE_TIMEOUT, ExpiryPolicy::DEFAULT_LIFETIME);
    assert_eq!((idle, life), (seconds(7 * 86_400), seconds(30 * 86_400)));
    assert_eq!(ExpiryPolicy::new(idle, life, None), Ok(ExpiryPolicy::default()));
}

#[test]
fn a_name_that_no_cookie_can_have_is_refused() {
    for name in ["", " ", "my session", "a=b", "a;b", "a,b", "a\"b", "a\r\nb", "sitzung\u{fc}"] {
        let refused = refusal(|middleware| middleware.cookie_name(name));
        assert_eq!(refused, Some(SettingsError::CookieName(name.to_owned())), "{name:?}");
    }
    assert_eq!(refusal(|middleware| middleware.cookie_name("a!#$%&'*+-.^_`|~9Z")), None);
    assert_eq!(
        SettingsError::CookieName("a;b".to_owned()).to_string(),
        "a cookie name consists of letters, digits and !#$%&'*+-.^_`|~ (got \"a;b\")"
    );
}

#[test]
fn a_path_or_domain_that_would_end_its_attribute_is_refused() {
    let scope = |text: &str| Some(SettingsError::CookieScope(text.to_owned()));
    for path in ["", "app", "/a; Domain=evil.example", "/a\r\nSet-Cookie: b", "/\u{e4}"] {
        assert_eq!(refusal(|middleware| middleware.cookie_path(path)), scope(path), "{path:?}");
    }
    for domain in ["", "a.example; Path=/", "a.example\n", "\u{e4}.example"] {
        assert_eq!(
            refusal(|middleware| middleware.cookie_domain(domain)),
            scope(domain),
            "{domain:?}"
        );
    }
    assert_eq!(
        SettingsError::CookieScope("app".to_owned()).to_string(),
        "\"app\" is not a valid cookie path or domain"
    );
}

#[test]
fn a_prefix_that_browsers_would_refuse_is_refused() {
    for name in ["__Host-waxseal", "__host-session", "__HOST-x"] {
        assert_prefix_refused(|middleware| middleware.cookie_name(name).cookie_secure(false));
        assert_prefix_refused(|middleware| middleware.cookie_name(name).cookie_path("/app"));
        assert_prefix_refused(|middleware| {
            middleware.cookie_name(name).cookie_domain("example.com")
        });
        assert_eq!(refusal(|middleware| middleware.cookie_name(name)), None);
    }
    for name in ["__Secure-session", "__secure-x"] {
        assert_prefix_refused(|middleware| middleware.cookie_name(name).cookie_secure(false));
        let wide = |middleware: Builder| middleware.cookie_name(name).cookie_domain("a.example");
        assert_eq!(refusal(wide), None);
    }
    assert_prefix_refused(|middleware| {
        middleware.cookie_secure(false).cookie_same_site(SameSite::None)
    });
}

#[track_caller]
fn assert_prefix_refused(set_up: impl FnOnce(Builder) -> Builder) {
    let refused = refusal(set_up);
    assert!(matches!(refused, Some(SettingsError::CookiePrefix(_))), "{refused:?}");
}

fn refusal(set_up: impl FnOnce(Builder) -> Builder) -> Option<SettingsError> {
    set_up(World::new().middleware()).build().err()
}
