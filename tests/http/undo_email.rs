//! Undoing a change of email address, with a link that went to the address before.

use test_support::{App, Client, DAY, EMAIL, HOUR, PASSWORD, SECOND};

use crate::change_email::{CHANGED, CONFIRM, NEW, about, changed, mail, press, sent};

const THIRD: &str = "thief@third.example";
const PASSWORD_OF_THIEF: &str = "orange ladder seventy geese";
const RESET: &str = "Reset your password";

#[actix_web::test]
async fn it_throws_out_whoever_changed_the_address_and_leads_back_in() {
    for mode in ["cookie", "database"] {
        let app = App::start_with(&[("SESSION_MODE", mode)]).await;
        let mut thief = app.signed_up(EMAIL).await;
        // Nothing that the thief asks for keeps the link from the owner.
        app.client().post("/forgot", &[("email", EMAIL)]).await.redirects_to();
        mail(&app, EMAIL, RESET, 1).await;
        changed(&app, &mut thief, EMAIL, NEW).await;
        let form = [("current_password", PASSWORD), ("new_password", PASSWORD_OF_THIEF)];
        thief.post("/profile/password", &form).await.redirects_to();
        let undo = mail(&app, EMAIL, CHANGED, 1).await.link();

        let mut owner = app.client();
        let page = owner.get(&undo).await;
        assert_eq!((page.status.as_u16(), page.count("<form")), (200, 1), "{}", page.body);
        assert!(page.contains_text(EMAIL) && page.contains_text(NEW), "{}", page.body);
        assert_eq!(press(&mut owner, &undo).await.redirects_to(), "/login");
        let text = "Your email address is ann@example.com again. We sent a link to choose a new password there.";
        assert_eq!(owner.get("/login").await.notice(), Some(text));
        assert!(!thief.is_logged_in().await, "{mode}");
        for (email, password) in
            [(EMAIL, PASSWORD), (EMAIL, PASSWORD_OF_THIEF), (NEW, PASSWORD_OF_THIEF)]
        {
            assert_eq!(app.client().log_in(email, password).await.status, 422, "{email}");
        }

        let reset = mail(&app, EMAIL, RESET, 2).await;
        let form = [("t", &*reset.token()), ("new_password", "copper windmill thirty ferns")];
        assert_eq!(owner.post("/reset", &form).await.redirects_to(), "/login");
        let log_in = owner.log_in(EMAIL, "copper windmill thirty ferns").await;
        assert_eq!(log_in.redirects_to(), "/profile");
        assert_eq!(kept(&app).await, 0, "what it needed is forgotten");
    }
}

/// The browser that undoes it may be the one that changed it, or another person's.
#[actix_web::test]
async fn it_logs_out_the_browser_that_undoes_it_but_not_another_person() {
    let app = App::start().await;
    let mut bob = app.signed_up("bob@example.com").await;
    let mut ann = app.signed_up(EMAIL).await;
    changed(&app, &mut ann, EMAIL, NEW).await;
    let undo = mail(&app, EMAIL, CHANGED, 1).await.link();
    assert_eq!(press(&mut bob, &undo).await.redirects_to(), "/login");
    assert!(bob.is_logged_in().await && !ann.is_logged_in().await);

    let mut cid = app.signed_up("cid@example.com").await;
    changed(&app, &mut cid, "cid@example.com", "cid@new.example").await;
    let undo = mail(&app, "cid@example.com", CHANGED, 1).await.link();
    let undone = press(&mut cid, &undo).await;
    assert!(undone.redirects_to() == "/login" && undone.clears_the_cookie(), "{undone:?}");
    assert!(cid.get("/login").await.notice().is_some());
}

#[actix_web::test]
async fn a_second_change_does_not_take_the_owner_s_right() {
    let app = App::start().await;
    let mut thief = app.signed_up(EMAIL).await;
    changed(&app, &mut thief, EMAIL, NEW).await;
    let first = mail(&app, EMAIL, CHANGED, 1).await.link();
    app.clock.advance(6 * DAY);
    let mut thief = app.logged_in(NEW).await;
    changed(&app, &mut thief, NEW, THIRD).await;
    let mut owner = app.client();
    let dead = owner.get(&first).await;
    assert_eq!(dead.status, 410);
    assert!(dead.contains_text("use the link in our latest email"), "{}", dead.body);
    let latest = mail(&app, EMAIL, CHANGED, 2).await;
    assert!(latest.text.contains(THIRD), "{}", latest.text);
    app.clock.advance(6 * DAY);
    assert_eq!(press(&mut owner, &latest.link()).await.redirects_to(), "/login");
    mail(&app, EMAIL, RESET, 1).await;
    assert_eq!(email(&app).await, EMAIL);
}

/// The thief's own address in between has a link too. Using it doesn't help.
#[actix_web::test]
async fn undoing_the_second_change_does_not_take_the_owner_s_right() {
    let app = App::start().await;
    let mut thief = app.signed_up(EMAIL).await;
    changed(&app, &mut thief, EMAIL, NEW).await;
    changed(&app, &mut thief, NEW, THIRD).await;
    let of_thief = mail(&app, NEW, CHANGED, 1).await.link();
    assert_eq!(press(&mut app.client(), &of_thief).await.redirects_to(), "/login");
    assert_eq!(email(&app).await, NEW);
    let latest = mail(&app, EMAIL, CHANGED, 3).await.link();
    assert_eq!(press(&mut app.client(), &latest).await.redirects_to(), "/login");
    assert_eq!(email(&app).await, EMAIL);
    for link in about(&app, NEW, CHANGED).iter().chain(&about(&app, EMAIL, CHANGED)) {
        let again = app.client().get(&link.link()).await;
        assert_eq!(again.status, 410);
    }
}

/// A thief who has changed the address may delete the account next: its owner hears of that.
#[actix_web::test]
async fn the_owner_of_the_address_before_is_told_that_the_account_is_deleted() {
    let app = App::start().await;
    let mut thief = app.signed_up(EMAIL).await;
    changed(&app, &mut thief, EMAIL, NEW).await;
    let form = [("password", PASSWORD)];
    assert_eq!(thief.post("/profile/delete", &form).await.redirects_to(), "/signup");
    for address in [EMAIL, NEW] {
        mail(&app, address, "Your account has been deleted", 1).await;
    }
}

/// Its 7 days over, the address has no more right than any other.
#[actix_web::test]
async fn after_seven_days_the_next_change_can_be_undone_to_the_address_before_it_only() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    changed(&app, &mut ann, EMAIL, NEW).await;
    let undo = mail(&app, EMAIL, CHANGED, 1).await.link();
    app.clock.advance(7 * DAY);
    assert_eq!(app.client().get(&undo).await.status, 410);
    assert_eq!(press(&mut app.client(), &undo).await.status, 410);
    let mut ann = app.logged_in(NEW).await;
    changed(&app, &mut ann, NEW, THIRD).await;
    sent(&app).await;
    assert_eq!(about(&app, EMAIL, CHANGED).len(), 1);
    assert_eq!(
        press(&mut app.client(), &mail(&app, NEW, CHANGED, 1).await.link()).await.status,
        303
    );
    assert_eq!(email(&app).await, NEW);
}

#[actix_web::test]
async fn used_twice_or_by_two_at_once_it_is_done_once() {
    for at_once in [true, false] {
        let app = App::start().await;
        let mut ann = app.signed_up(EMAIL).await;
        changed(&app, &mut ann, EMAIL, NEW).await;
        let undo = mail(&app, EMAIL, CHANGED, 1).await.link();
        let (mut one, mut two) = (app.client(), app.client());
        let (first, second) = if at_once {
            tokio::join!(press(&mut one, &undo), press(&mut two, &undo))
        } else {
            (press(&mut one, &undo).await, press(&mut two, &undo).await)
        };
        assert_eq!([first.redirects_to(), second.redirects_to()], ["/login"; 2]);
        sent(&app).await;
        mail(&app, EMAIL, RESET, 1).await;
        assert_eq!(app.database.number("SELECT email_version FROM users").await, 2);
        assert_eq!(one.get(&undo).await.status, 410);
    }
}

/// A link to a new address that the thief has asked for must not be sealed for the account as it is now.
#[actix_web::test]
async fn a_change_that_was_under_way_is_over() {
    let app = App::start().await;
    let mut thief = app.signed_up(EMAIL).await;
    changed(&app, &mut thief, EMAIL, NEW).await;
    request(&mut thief, THIRD).await;
    let pending = mail(&app, THIRD, CONFIRM, 1).await.link();
    let undo = mail(&app, EMAIL, CHANGED, 1).await.link();
    press(&mut app.client(), &undo).await.redirects_to();
    let reset = mail(&app, EMAIL, RESET, 1).await;
    let mut owner = app.client();
    let form = [("t", &*reset.token()), ("new_password", PASSWORD)];
    owner.post("/reset", &form).await.redirects_to();
    let mut owner = owner.logged_in(EMAIL).await;
    assert_eq!(press(&mut owner, &pending).await.status, 410);
    assert_eq!(email(&app).await, EMAIL);
}

/// Or the thief would take it with a new account, and it could not come back.
#[actix_web::test]
async fn no_one_else_can_have_the_address_for_seven_days() {
    let app = App::start().await;
    let mut bob = app.signed_up("bob@example.com").await;
    let mut thief = app.signed_up(EMAIL).await;
    changed(&app, &mut thief, EMAIL, NEW).await;
    let refused = app.client().sign_up(EMAIL, PASSWORD).await;
    assert_eq!(refused.status, 422);
    assert_eq!(
        refused.error("email").as_deref(),
        Some("An account with this email address already exists.")
    );
    request(&mut bob, EMAIL).await;
    let link = mail(&app, EMAIL, CONFIRM, 1).await.link();
    assert_eq!(press(&mut bob, &link).await.status, 410);
    let undo = mail(&app, EMAIL, CHANGED, 1).await.link();
    assert_eq!(press(&mut app.client(), &undo).await.redirects_to(), "/login");
    assert_eq!(app.database.number("SELECT COUNT(*) FROM users").await, 2);
}

/// The sign-up answers as ever, and makes no account.
#[actix_web::test]
async fn a_sign_up_that_must_be_confirmed_can_not_have_the_address_either() {
    let app = App::start().await;
    let mut thief = app.signed_up(EMAIL).await;
    changed(&app, &mut thief, EMAIL, NEW).await;
    let undo = mail(&app, EMAIL, CHANGED, 1).await.link();
    let node = app.another_node(&[("EMAIL_CONFIRMATION", "required")]).await;
    let answer = node.client().sign_up(EMAIL, PASSWORD_OF_THIEF).await;
    assert_eq!(answer.redirects_to(), "/signup/sent");
    assert_eq!(app.database.number("SELECT COUNT(*) FROM users").await, 1);
    assert_eq!(press(&mut app.client(), &undo).await.redirects_to(), "/login");
    assert_eq!(email(&app).await, EMAIL);
}

#[actix_web::test]
async fn an_address_that_another_account_has_by_now_can_not_come_back() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    changed(&app, &mut ann, EMAIL, "between@example.com").await;
    app.clock.advance(6 * DAY);
    let mut ann = app.logged_in("between@example.com").await;
    changed(&app, &mut ann, "between@example.com", NEW).await;
    let undo = mail(&app, EMAIL, CHANGED, 2).await.link();
    app.clock.advance(DAY);
    app.signed_up(EMAIL).await;
    let before = app.database.dump().await;
    let answer = press(&mut app.client(), &undo).await;
    assert_eq!(answer.status, 410);
    assert!(answer.contains_text("Another account has this email address now"));
    assert_eq!(app.database.dump().await, before);
    assert!(ann.is_logged_in().await);
}

#[actix_web::test]
async fn the_address_before_is_forgotten_when_its_time_is_over() {
    let app = App::start_with(&[("CLEANUP_INTERVAL", "1h")]).await;
    let mut ann = app.signed_up(EMAIL).await;
    changed(&app, &mut ann, EMAIL, NEW).await;
    assert_eq!(kept(&app).await, 1);
    app.clock.elapse(7 * DAY + HOUR + SECOND);
    test_support::eventually(async || kept(&app).await == 0).await;
}

async fn request(browser: &mut Client, email: &str) {
    browser.post("/profile/email", &[("email", email)]).await.redirects_to();
}

async fn email(app: &App) -> String {
    app.database.text("SELECT email FROM users").await
}

/// How many users have an address to go back to.
async fn kept(app: &App) -> i64 {
    let kept =
        "SELECT COUNT(*) FROM users WHERE previous_email IS NOT NULL OR undo_until IS NOT NULL";
    app.database.number(kept).await
}
