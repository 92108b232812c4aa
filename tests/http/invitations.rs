//! Sign-up by invitation.

use reqwest::Method;
use test_support::{Answer, App, Client, DAY, EMAIL, HOUR, PASSWORD, SECOND, mails_to};

const BOB: &str = "bob@example.com";
const WRONG: &str = "not the password of anyone";
const ANOTHER: &str = "orange ladder seventy geese";
const CLOSED: &[(&str, &str)] = &[("SIGN_UP", "closed")];

/// An administrator, and the application closed since.
async fn closed() -> (App, Client) {
    let app = App::start().await;
    let mut admin = app.admin().await;
    let app = app.restart(CLOSED).await;
    admin.move_to(&app);
    (app, admin)
}

/// The link of an invitation of Bob.
async fn invited(app: &App, admin: &mut Client) -> String {
    let answer = admin.post("/admin/invitations", &[("email", BOB)]).await;
    assert_eq!(answer.redirects_to(), "/admin/users");
    assert_eq!(admin.get("/admin/users").await.notice(), Some("The invitation is on its way."));
    app.mail(BOB, 1).await.link()
}

async fn accept(client: &mut Client, token: &str, password: &str) -> Answer {
    client.post("/signup", &[("t", token), ("email", EMAIL), ("password", password)]).await
}

async fn users(app: &App) -> i64 {
    app.database.number("SELECT COUNT(*) FROM users").await
}

#[actix_web::test]
async fn where_sign_up_is_closed_no_one_signs_up_and_nothing_leads_there() {
    let (app, _admin) = closed().await;
    let mut visitor = app.client();
    for answer in [visitor.get("/signup").await, visitor.sign_up(BOB, PASSWORD).await] {
        assert_eq!(answer.status, 403);
        assert!(answer.contains_text("Sign-up is by invitation"));
        assert!(answer.session().is_none());
    }
    assert!(!visitor.get("/login").await.contains_text("/signup"));
    assert!(!visitor.log_in(BOB, PASSWORD).await.contains_text("/signup"));
    assert_eq!(users(&app).await, 1);
    let open = App::start().await;
    assert!(open.client().get("/login").await.contains_text("/signup"));
}

#[actix_web::test]
async fn an_invitation_makes_one_account_with_its_address_and_logs_in() {
    let (app, mut admin) = closed().await;
    let link = invited(&app, &mut admin).await;
    let mut bob = app.client();
    let before = app.database.dump().await;
    for _ in 0..500 {
        assert_eq!(bob.get(&link).await.typed("email").as_deref(), Some(BOB));
        let head = bob.request(Method::HEAD, &link);
        assert_eq!(bob.send(head).await.status, 200);
    }
    assert_eq!(app.database.dump().await, before);
    let token = bob.get(&link).await.typed("t").unwrap();
    assert_eq!(accept(&mut bob, &token, "short").await.status, 422);
    // Another address in the form is not the invited one.
    assert_eq!(accept(&mut bob, &token, PASSWORD).await.redirects_to(), "/profile");
    let profile = bob.get("/profile").await;
    assert_eq!(profile.notice(), Some("Your account has been created, and you are logged in."));
    assert!(profile.contains_text(BOB) && !profile.contains_text(EMAIL));
    assert_eq!(app.role_of(BOB).await, "user");
    let sql = "SELECT COUNT(*) FROM users WHERE email_confirmed_at IS NOT NULL";
    assert_eq!(app.database.number(sql).await, 1);

    // Used: also where the account is gone.
    let is_dead = async || {
        let mut other = app.client();
        for answer in [other.get(&link).await, accept(&mut other, &token, WRONG).await] {
            assert_eq!(answer.status, 410);
            assert!(answer.contains_text("href=\"/login\""));
        }
    };
    is_dead().await;
    app.clock.advance(DAY);
    assert_eq!(accept(&mut app.client(), &token, PASSWORD).await.status, 410, "it is no log-in");
    app.database.execute("DELETE FROM users WHERE email = $1", &[BOB]).await;
    is_dead().await;
    assert_eq!(users(&app).await, 1);
}

#[actix_web::test]
async fn an_invitation_sent_twice_makes_one_account_and_one_session() {
    for at_once in [true, false] {
        let (app, mut admin) = closed().await;
        let link = invited(&app, &mut admin).await;
        // After the mail, which it would write to a folder of its own.
        let node = app.another_node(CLOSED).await;
        let mut one = app.client();
        let page = one.get(&link).await;
        let (token, form) = (page.typed("t").unwrap(), page.typed("form").unwrap());
        let form = [("t", &*token), ("form", &form), ("email", BOB), ("password", PASSWORD)];
        let mut two = one.clone();
        two.move_to(&node);
        let answers = if at_once {
            let answers = tokio::join!(one.post("/signup", &form), two.post("/signup", &form));
            [answers.0, answers.1]
        } else {
            [one.post("/signup", &form).await, two.post("/signup", &form).await]
        };
        for answer in answers {
            assert_eq!(answer.redirects_to(), "/profile");
        }
        assert_eq!(one.session_id().await, two.session_id().await);
        assert_eq!(users(&app).await, 2);
    }
}

#[actix_web::test]
async fn a_used_invitation_is_no_way_to_log_in() {
    let (app, mut admin) = closed().await;
    let link = invited(&app, &mut admin).await;
    let token = link.split_once("t=").unwrap().1;
    assert_eq!(accept(&mut app.client(), token, PASSWORD).await.status, 303);
    app.clock.advance(HOUR);
    let before = app.database.dump().await;
    let late = accept(&mut app.client(), token, PASSWORD).await;
    assert_eq!(late.status, 410);
    assert!(late.session().is_none());
    // No session without a cookie either.
    assert_eq!(app.database.dump().await, before);
}

#[actix_web::test]
async fn two_people_with_one_invitation_make_one_account() {
    let (app, mut admin) = closed().await;
    let link = invited(&app, &mut admin).await;
    let token = link.split_once("t=").unwrap().1;
    let (mut one, mut two) = (app.client(), app.client());
    let answers = tokio::join!(accept(&mut one, token, PASSWORD), accept(&mut two, token, ANOTHER));
    let mut statuses = [answers.0.status.as_u16(), answers.1.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!((statuses, users(&app).await), ([303, 410], 2));
}

#[actix_web::test]
async fn an_invitation_dies_with_time_and_when_its_address_has_an_account() {
    let app = App::start().await;
    let mut admin = app.admin().await;
    let link = invited(&app, &mut admin).await;
    app.signed_up(BOB).await;
    assert_eq!(app.client().get(&link).await.status, 410);
    app.database.execute("DELETE FROM users WHERE email = $1", &[BOB]).await;
    assert_eq!(app.client().get(&link).await.status, 200);
    app.clock.advance(7 * DAY);
    assert_eq!(app.client().get(&link).await.status, 410);
    assert_eq!(app.client().get("/signup?t=x").await.status, 410);
}

/// Someone invited twice has one account, and none when that is deleted, also by an administrator.
#[actix_web::test]
async fn another_invitation_dies_with_the_first_and_with_the_account() {
    let (app, mut admin) = closed().await;
    let first = invited(&app, &mut admin).await;
    app.clock.advance(61 * SECOND);
    admin.post("/admin/invitations", &[("email", BOB)]).await.redirects_to();
    let second = app.mail(BOB, 2).await.token();
    let mut bob = app.client();
    let token = first.split_once("?t=").unwrap().1;
    assert_eq!(accept(&mut bob, token, PASSWORD).await.redirects_to(), "/profile");
    assert_eq!(accept(&mut app.client(), &second, PASSWORD).await.status, 410);
    assert_eq!(bob.post("/profile/delete", &[("password", PASSWORD)]).await.status, 303);
    assert_eq!(accept(&mut app.client(), &second, PASSWORD).await.status, 410);
    assert_eq!(users(&app).await, 1);
    // Invited again, he may come back.
    app.clock.advance(61 * SECOND);
    admin.post("/admin/invitations", &[("email", BOB)]).await.redirects_to();
    let third = app.mail(BOB, 4).await;
    assert_eq!(third.subject, "You are invited");
    assert_eq!(accept(&mut app.client(), &third.token(), PASSWORD).await.status, 303);
}

/// Whichever way the account came about, and whatever address it has now.
#[actix_web::test]
async fn an_invitation_makes_no_second_account() {
    let app = App::start().await;
    let mut admin = app.admin().await;
    let token = |link: String| link.split_once("?t=").unwrap().1.to_owned();
    // Bob signs up without it, and deletes the account.
    let unused = token(invited(&app, &mut admin).await);
    let mut bob = app.signed_up(BOB).await;
    assert_eq!(bob.post("/profile/delete", &[("password", PASSWORD)]).await.status, 303);
    assert_eq!(accept(&mut app.client(), &unused, PASSWORD).await.status, 410);

    // Invited twice, he uses one, and an operator gives the account another address.
    let mut tokens = Vec::new();
    for number in [3, 4] {
        app.clock.advance(61 * SECOND);
        admin.post("/admin/invitations", &[("email", BOB)]).await.redirects_to();
        tokens.push(app.mail(BOB, number).await.token());
    }
    assert_eq!(accept(&mut app.client(), &tokens[0], PASSWORD).await.status, 303);
    let other = "UPDATE users SET email = 'robert@example.com' WHERE email = $1";
    assert_eq!(app.database.execute(other, &[BOB]).await, 1);
    assert_eq!(accept(&mut app.client(), &tokens[1], PASSWORD).await.status, 410);
}

#[actix_web::test]
async fn only_administrators_invite_and_only_where_mail_is_sent() {
    let app = App::start().await;
    let mut admin = app.admin().await;
    let mut bob = app.signed_up(BOB).await;
    let invite = [("email", "carol@example.com")];
    assert_eq!(bob.post("/admin/invitations", &invite).await.status, 403);
    assert_eq!(app.client().post("/admin/invitations", &invite).await.status, 303);
    assert_eq!(mails_to(app.mails.path(), "carol@example.com"), []);
    let has_account = admin.post("/admin/invitations", &[("email", BOB)]).await;
    let error = has_account.error("email");
    assert_eq!(error.as_deref(), Some("This address has an account already."));
    assert_eq!(admin.post("/admin/invitations", &[("email", "x")]).await.status, 422);

    let app = app.restart(&[("APP_ENV", "production"), ("MAIL_DIR", "")]).await;
    let mut admin = app.client();
    let answer = admin.log_in(EMAIL, PASSWORD).await;
    assert_eq!(answer.status, 303);
    assert!(!admin.get("/admin/users").await.contains_text("/admin/invitations"));
    assert_eq!(admin.post("/admin/invitations", &invite).await.status, 404);
}
