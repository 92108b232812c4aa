//! Deleting one's own account.

use test_support::{App, EMAIL, PASSWORD};

#[actix_web::test]
async fn account_and_sessions_are_gone_and_the_cookie_is_cleared() {
    for mode in ["cookie", "database"] {
        let app = App::start_with(&[("SESSION_MODE", mode)]).await;
        let mut ann = app.signed_up(EMAIL).await;
        let mut bob = app.signed_up("bob@example.com").await;
        let (mut phone, mut copy) = (app.logged_in(EMAIL).await, ann.clone());
        let answer = ann.post("/profile/delete", &[("password", PASSWORD)]).await;
        assert_eq!(answer.redirects_to(), "/signup");
        assert!(answer.clears_the_cookie(), "{answer:?}");
        for old in [&mut phone, &mut copy] {
            let dead = old.get("/profile").await;
            assert_eq!(dead.redirects_to(), "/login?next=/profile", "{mode}");
            assert!(dead.clears_the_cookie(), "{dead:?}");
        }
        assert_eq!(app.client().log_in(EMAIL, PASSWORD).await.status, 422);
        assert!(bob.is_logged_in().await);
        assert_eq!(app.database.number("SELECT COUNT(*) FROM users").await, 1);
    }
}

#[actix_web::test]
async fn nothing_personal_stays() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    let id = app.id_of(EMAIL).await;
    ann.post("/profile/delete", &[("password", PASSWORD)]).await.redirects_to();
    let events = "SELECT id FROM login_events WHERE user_id = $1";
    assert!(app.database.texts(events, &[&id]).await.is_empty());
    let personal =
        "SELECT id FROM waxseal_sessions WHERE address IS NOT NULL OR user_agent IS NOT NULL";
    assert!(app.database.texts(personal, &[]).await.is_empty());
    let revoked = "SELECT COUNT(*) FROM waxseal_sessions WHERE revoked_at IS NOT NULL";
    assert_eq!(app.database.number(revoked).await, 1, "its cookie must stay dead");
}

#[actix_web::test]
async fn the_address_is_free_for_a_new_account() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    let (mut copy, id) = (ann.clone(), app.id_of(EMAIL).await);
    ann.post("/profile/delete", &[("password", PASSWORD)]).await.redirects_to();
    let mut again = app.signed_up(EMAIL).await;
    assert_ne!(app.id_of(EMAIL).await, id);
    assert!(!copy.is_logged_in().await, "the old session is not the new account's");
    let page = again.get("/logins").await;
    assert_eq!(page.count("Logged in"), 1, "nor is the old history: {}", page.body);
}

#[actix_web::test]
async fn a_wrong_password_deletes_nothing() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    for (password, error) in
        [("not the password", "Your current password is incorrect."), ("", "Enter a password.")]
    {
        let answer = ann.post("/profile/delete", &[("password", password)]).await;
        assert_eq!(answer.status, 422);
        assert_eq!(answer.error("password").as_deref(), Some(error));
        assert_eq!(answer.error("current_password"), None, "of the other form");
        assert_eq!(answer.count(" autofocus"), 1, "{}", answer.body);
        assert!(answer.set_cookies().is_empty());
    }
    assert_eq!(ann.post("/profile/delete", &[]).await.status, 422);
    assert!(ann.is_logged_in().await);
}

#[actix_web::test]
async fn the_last_administrator_stays() {
    let app = App::start().await;
    let mut admin = app.admin().await;
    let answer = admin.post("/profile/delete", &[("password", PASSWORD)]).await;
    assert_eq!(answer.status, 422);
    assert!(answer.contains_text("You are the last administrator."), "{}", answer.body);
    assert!(answer.set_cookies().is_empty());
    assert!(admin.is_logged_in().await);
    // With a wrong password, the page does not say so.
    let answer = admin.post("/profile/delete", &[("password", "wrong")]).await;
    assert!(!answer.contains_text("You are the last administrator."), "{}", answer.body);

    app.signed_up("bob@example.com").await;
    app.promote("bob@example.com").await;
    let answer = admin.post("/profile/delete", &[("password", PASSWORD)]).await;
    assert_eq!(answer.redirects_to(), "/signup");
    let mut bob = app.logged_in("bob@example.com").await;
    let answer = bob.post("/profile/delete", &[("password", PASSWORD)]).await;
    assert_eq!(answer.status, 422, "now that is the last one");
}
