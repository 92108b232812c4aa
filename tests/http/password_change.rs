//! Changing the password.

use std::time::Duration;

use test_support::{Answer, App, Client, EMAIL, HOUR, PASSWORD};

const MINUTE: Duration = Duration::from_secs(60);
const NEW: &str = "quite another pass phrase";

#[actix_web::test]
async fn the_other_sessions_are_dead_at_once_and_this_one_is_renewed() {
    for mode in ["cookie", "database"] {
        let app = App::start_with(&[("SESSION_MODE", mode)]).await;
        let mut ann = app.signed_up(EMAIL).await;
        let mut bob = app.signed_up("bob@example.com").await;
        let (mut phone, mut before) = (app.logged_in(EMAIL).await, ann.clone());
        let id = ann.session_id().await;
        app.clock.advance(HOUR);

        let answer = change(&mut ann, PASSWORD, NEW).await;
        assert_eq!(answer.redirects_to(), "/profile");
        let cookie = format!(
            "waxseal={}; Path=/; HttpOnly; SameSite=Lax; Max-Age=604800",
            ann.session().unwrap()
        );
        assert_eq!(answer.set_cookies(), [cookie]);
        let profile = ann.get("/profile").await;
        assert!(
            profile.contains_text("18 May 2033, 04:33 UTC"),
            "a new auth_time: {}",
            profile.body
        );
        assert_ne!(ann.session_id().await, id);

        // A late request of this browser must not clear the new cookie.
        let late = before.get("/profile").await;
        assert_eq!(late.redirects_to(), "/login?next=/profile");
        assert!(late.set_cookies().is_empty(), "{late:?}");
        app.clock.advance(MINUTE);
        for old in [&mut phone, &mut before] {
            let dead = old.get("/profile").await;
            assert_eq!(dead.redirects_to(), "/login?next=/profile");
            assert!(dead.clears_the_cookie(), "{dead:?}");
        }
        assert!(bob.is_logged_in().await);
        assert_eq!(
            ann.get("/sessions").await.count("<a class=\"button\" href=\"/sessions/"),
            1,
            "{mode}"
        );
    }
}

#[actix_web::test]
async fn the_new_password_logs_in_and_the_old_one_does_not() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    change(&mut ann, PASSWORD, NEW).await.redirects_to();
    assert_eq!(app.client().log_in(EMAIL, PASSWORD).await.status, 422);
    assert_eq!(app.client().log_in(EMAIL, NEW).await.redirects_to(), "/profile");
}

#[actix_web::test]
async fn a_role_survives_the_change() {
    let app = App::start().await;
    let mut admin = app.admin().await;
    change(&mut admin, PASSWORD, NEW).await.redirects_to();
    assert_eq!(admin.get("/admin/users").await.status, 200);
}

#[actix_web::test]
async fn what_is_wrong_stands_beside_its_field_and_nothing_is_changed() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    let mut phone = app.logged_in(EMAIL).await;
    let token = ann.session().unwrap().to_owned();
    let missing = "Enter a password.";
    let wrong = "Your current password is incorrect.";
    let short = "This password is too short: it needs at least 12 characters.";
    for (current, new, current_error, new_error) in [
        ("not the password", NEW, Some(wrong), None),
        ("", NEW, Some(missing), None),
        (PASSWORD, "", None, Some(missing)),
        ("", "", Some(missing), Some(missing)),
        (PASSWORD, "short", None, Some(short)),
        ("not the password", "short", Some(wrong), None),
    ] {
        let answer = change(&mut ann, current, new).await;
        assert_eq!(answer.status, 422, "{current}, {new}");
        assert_eq!(answer.error("current_password").as_deref(), current_error);
        assert_eq!(answer.error("new_password").as_deref(), new_error);
        assert_eq!(answer.count(" autofocus"), 1, "{}", answer.body);
        assert!(answer.contains_text("<title>Error: Profile"), "{}", answer.body);
        for field in ["current_password", "new_password"] {
            assert_eq!(answer.typed(field), None, "a password is never sent back");
        }
        for text in [EMAIL, r#"href="/profile/deletion""#, "Session expires"] {
            assert!(answer.contains_text(text), "the whole profile is there: {}", answer.body);
        }
    }
    let weak = change(&mut ann, PASSWORD, "password1234").await;
    assert!(weak.error("new_password").unwrap().starts_with("This password is easy to guess."));
    assert!(ann.is_logged_in().await && phone.is_logged_in().await);
    assert_eq!(ann.session(), Some(token.as_str()));
    assert_eq!(app.client().log_in(EMAIL, PASSWORD).await.redirects_to(), "/profile");
}

#[actix_web::test]
async fn of_two_changes_at_once_one_succeeds() {
    let app = App::start().await;
    let ann = app.signed_up(EMAIL).await;
    let (mut one, mut other) = (ann.clone(), app.logged_in(EMAIL).await);
    let (first, second) = tokio::join!(
        change(&mut one, PASSWORD, NEW),
        change(&mut other, PASSWORD, "a third phrase of words")
    );
    let mut statuses = [first.status.as_u16(), second.status.as_u16()];
    statuses.sort_unstable();
    // The loser's session ended while it was asking: refused, or no longer logged in.
    let loser_is_a_visitor = [&first, &second]
        .iter()
        .any(|answer| answer.status == 303 && answer.redirects_to() == "/login");
    assert!(statuses == [303, 422] || loser_is_a_visitor, "{statuses:?}");
    assert_ne!(one.is_logged_in().await, other.is_logged_in().await);
}

#[actix_web::test]
async fn the_form_is_made_for_password_managers() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    for (page, path, password, fields) in [
        (
            "/profile",
            "/profile/password",
            r#"autocomplete="new-password" minlength="12""#,
            &["current_password", "new_password"][..],
        ),
        (
            "/profile/deletion",
            "/profile/delete",
            r#"autocomplete="current-password""#,
            &["password"],
        ),
    ] {
        let page = ann.get(page).await;
        let form = format!(r#"<form method="post" action="{path}">"#);
        let (_, form) = page.body.split_once(&form).expect(path);
        let (form, _) = form.split_once("</form>").unwrap();
        assert!(form.contains(password), "{form}");
        let username = format!(
            r#"<input type="text" name="username" autocomplete="username" value="{EMAIL}" hidden readonly>"#
        );
        assert!(form.contains(&username), "{form}");
        for field in fields {
            assert!(page.contains_text(&format!(r#"<label for="{field}">"#)), "{field}");
            assert!(page.contains_text(&format!(r#"id="{field}" name="{field}""#)), "{field}");
        }
        assert!(!page.contains_text("autofocus"), "{}", page.body);
    }
}

async fn change(browser: &mut Client, current: &str, new: &str) -> Answer {
    let form = [("current_password", current), ("new_password", new)];
    browser.post("/profile/password", &form).await
}
