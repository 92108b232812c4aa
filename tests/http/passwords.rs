//! Passwords: which are taken, and which are the same.

use argon2::{Algorithm, Argon2, Params, Version, password_hash::PasswordHasher};
use test_support::{App, EMAIL, PASSWORD};

#[actix_web::test]
async fn a_password_has_as_many_characters_as_the_setting_asks() {
    for (setting, least, short, fit) in [
        ("", 12, "xk7 vQp2zw!", "xk7 vQp2zw!m"),
        // Eight random characters are too few to be hard to guess.
        ("8", 8, "xk7vQp!", "xk7vQp!2z"),
        ("15", 15, "xk7 vQp2zw!mna", "xk7 vQp2zw!mnaj"),
    ] {
        let app = App::start_with(&[("PASSWORD_MIN_LENGTH", setting)]).await;
        let form = app.client().get("/signup").await.body;
        assert!(form.contains(&format!(r#"minlength="{least}""#)), "{form}");
        let answer = app.client().sign_up(EMAIL, short).await;
        let error = format!("This password is too short: it needs at least {least} characters.");
        assert_eq!(answer.error("password"), Some(error));
        assert_eq!(app.client().sign_up(EMAIL, fit).await.redirects_to(), "/profile", "{fit}");
    }
}

#[actix_web::test]
async fn characters_are_counted_and_not_bytes() {
    let app = App::start().await;
    let answer = app.client().sign_up(EMAIL, "Ωλψ žčř €ñß").await;
    assert!(answer.error("password").unwrap().contains("at least 12"), "{}", answer.body);
    let answer = app.client().sign_up(EMAIL, "Ωλψ žčř €ñßé").await;
    assert_eq!(answer.redirects_to(), "/profile");
}

#[actix_web::test]
async fn passwords_that_are_easy_to_guess_are_refused() {
    let app = App::start().await;
    for (email, password) in [
        (EMAIL, "password1234"),
        (EMAIL, "qwertyuiop123"),
        (EMAIL, "aaaaaaaaaaaaaaaa"),
        (EMAIL, "waxsealwaxseal"),
        (EMAIL, EMAIL),
        (EMAIL, "ANN@example.com"),
        (EMAIL, "my ann@example.com!"),
        ("anneliese.meyer@example.com", "anneliese.meyer"),
    ] {
        let answer = app.client().sign_up(email, password).await;
        assert_eq!(answer.status, 422, "{password}");
        let error = answer.error("password").unwrap_or_default();
        assert!(error.starts_with("This password is easy to guess. "), "{password}: {error}");
        assert!(error.ends_with('.'), "{password}: {error}");
    }
    assert_eq!(app.database.number("SELECT COUNT(*) FROM users").await, 0);
}

#[actix_web::test]
async fn a_password_has_at_most_1024_bytes() {
    let app = App::start().await;
    let longest = format!("{PASSWORD}{}", "é".repeat((1024 - PASSWORD.len()) / 2));
    assert_eq!(longest.len(), 1024);
    let too_long = format!("{longest}!");
    let answer = app.client().sign_up(EMAIL, &too_long).await;
    assert_eq!(answer.status, 422);
    let error = "This password is too long: it may have at most 1024 bytes.";
    assert_eq!(answer.error("password").as_deref(), Some(error));
    assert_eq!(app.client().sign_up(EMAIL, &longest).await.redirects_to(), "/profile");
    assert_eq!(app.client().log_in(EMAIL, &longest).await.redirects_to(), "/profile");
    // Nothing is cut off: what follows counts.
    assert_eq!(app.client().log_in(EMAIL, &too_long).await.status, 422);
    let shorter = &longest[..longest.len() - 2];
    assert_eq!(app.client().log_in(EMAIL, shorter).await.status, 422);
}

#[actix_web::test]
async fn a_password_is_the_same_from_every_keyboard() {
    let app = App::start().await;
    let composed = "caf\u{e9} \u{1eaf}ndern zw\u{f6}lf";
    let decomposed = "cafe\u{301} a\u{306}\u{301}ndern zwo\u{308}lf";
    assert_eq!(app.client().sign_up(EMAIL, decomposed).await.redirects_to(), "/profile");
    for password in [composed, decomposed] {
        assert_eq!(app.client().log_in(EMAIL, password).await.redirects_to(), "/profile");
    }
    assert_eq!(app.client().log_in(EMAIL, "cafe andern zwolf").await.status, 422);
}

#[actix_web::test]
async fn white_space_around_a_password_counts() {
    let app = App::start().await;
    let password = format!(" {PASSWORD} ");
    assert_eq!(app.client().sign_up(EMAIL, &password).await.redirects_to(), "/profile");
    assert_eq!(app.client().log_in(EMAIL, PASSWORD).await.status, 422);
    assert_eq!(app.client().log_in(EMAIL, &password).await.redirects_to(), "/profile");
}

#[actix_web::test]
async fn passwords_are_kept_as_argon2id_with_owasps_parameters() {
    let app = App::start().await;
    app.signed_up(EMAIL).await;
    let hash = hash_of(&app, EMAIL).await;
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
    app.client().log_in(EMAIL, PASSWORD).await.redirects_to();
    assert_eq!(hash_of(&app, EMAIL).await, hash, "a hash that is up to date is kept");
}

#[actix_web::test]
async fn an_old_hash_logs_in_and_is_brought_up_to_date() {
    let app = App::start().await;
    let old = person_with_an_old_hash(&app).await;
    assert!(old.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{old}");

    assert_eq!(app.client().log_in(EMAIL, "not the password").await.status, 422);
    assert_eq!(hash_of(&app, EMAIL).await, old, "a wrong password changes nothing");
    let mut ann = app.client();
    assert_eq!(ann.log_in(EMAIL, PASSWORD).await.redirects_to(), "/profile");
    assert!(ann.is_logged_in().await);
    let new = hash_of(&app, EMAIL).await;
    assert!(new.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{new}");
    assert_eq!(app.client().log_in(EMAIL, PASSWORD).await.redirects_to(), "/profile");
}

/// Makes an account whose hash has weaker parameters than today's; the hash.
pub async fn person_with_an_old_hash(app: &App) -> String {
    let params = Params::new(8, 1, 1, None).unwrap();
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let old = argon2.hash_password(PASSWORD.as_bytes()).unwrap().to_string();
    let insert = "INSERT INTO users (id, email, password_hash, role, created_at)
                  VALUES ('6d2c3f2e-7f0b-4d5c-9f43-0a4b0c3e2d11', $1, $2, 'user', 1)";
    assert_eq!(app.database.execute(insert, &[EMAIL, &old]).await, 1);
    old
}

async fn hash_of(app: &App, email: &str) -> String {
    let sql = "SELECT password_hash FROM users WHERE email = $1";
    app.database.texts(sql, &[email]).await.remove(0)
}
