//! What administrators see and do.

use test_support::{Answer, App, Client, EMAIL, PASSWORD};

const BOB: &str = "bob@example.com";

#[actix_web::test]
async fn the_users_are_for_administrators_only() {
    let app = App::start().await;
    let mut bob = app.signed_up(BOB).await;
    let id = app.id_of(BOB).await;
    let answers = [
        bob.get("/admin/users").await,
        bob.get("/admin/users?q=x&page=2").await,
        bob.press(&format!("/admin/users/{id}/revoke-sessions")).await,
        set_role(&mut bob, &id, "admin").await,
        set_role(&mut bob, "nobody", "admin").await,
    ];
    for answer in answers {
        assert_eq!(answer.status, 403);
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        assert!(answer.contains_text("<h1>Not allowed</h1>"), "{}", answer.body);
    }
    assert_eq!(app.role_of(BOB).await, "user");
    assert!(bob.is_logged_in().await);
    let visitor = app.client().get("/admin/users?q=x").await;
    assert_eq!(visitor.redirects_to(), "/login?next=/admin/users%3Fq=x");
}

/// The other database's secret is the same one; its administrators are not ours.
#[actix_web::test]
async fn an_administrator_of_another_database_has_no_rights_here() {
    let (app, other) = (App::start().await, App::start().await);
    app.signed_up(BOB).await;
    let id = app.id_of(BOB).await;
    let mut admin = other.admin().await;
    admin.move_to(&app);
    for path in ["/sessions", "/logins", "/profile", "/admin/users"] {
        let mut stranger = admin.clone();
        let answer = stranger.get(path).await;
        assert!(answer.redirects_to().starts_with("/login"), "{path}");
        assert!(answer.clears_the_cookie(), "{path}: {answer:?}");
    }
    let answer = set_role(&mut admin, &id, "admin").await;
    assert_eq!(answer.redirects_to(), "/login?next=/admin/users");
    assert_eq!(app.role_of(BOB).await, "user");
}

/// The first letter of the domain is Cyrillic.
#[actix_web::test]
async fn a_domain_that_looks_like_another_is_spelled_out_for_administrators() {
    let app = App::start().await;
    let mut admin = app.admin().await;
    app.signed_up("ann@b\u{fc}cher.example").await;
    let mut owner = app.signed_up("ann@xn--pple-43d.com").await;
    let address = "ann@\u{430}pple.com";
    let users = admin.get("/admin/users").await;
    assert!(row(&users, address).contains(">Look-alike: ann@xn--pple-43d.com<"), "{}", users.body);
    assert_eq!(users.count("Look-alike"), 1);
    let user = admin.get(&url_of(&app, address).await).await;
    assert!(user.contains_text(
        "This domain can be mistaken for another. It is spelled ann@xn--pple-43d.com."
    ));
    // A search finds either spelling.
    for search in ["%D0%B0pple", "XN--PPLE-43D.com", "ann@xn--pple-43d.com"] {
        let found = admin.get(&format!("/admin/users?q={search}")).await;
        assert!(found.contains_text(address) && !found.contains_text(EMAIL), "{search}");
    }
    // Its owner reads it as typed.
    let profile = owner.get("/profile").await;
    assert!(profile.contains_text(address) && !profile.contains_text("Look-alike"));
}

#[actix_web::test]
async fn every_user_is_listed_with_role_and_sessions() {
    let app = App::start().await;
    let mut admin = app.admin().await;
    app.signed_up(BOB).await.log_out().await;
    let page = admin.get("/admin/users").await;
    assert_eq!(page.status, 200);
    let (ann, bob) = (row(&page, EMAIL), row(&page, BOB));
    assert!(ann.contains(">admin<") && ann.contains(">2<"), "{ann}");
    assert!(ann.contains(">You<") && !bob.contains(">You<"), "{ann}{bob}");
    assert!(bob.contains(">user<") && bob.contains(">None<"), "{bob}");
    let url = url_of(&app, BOB).await;
    assert!(bob.contains(&format!(r#"<a href="{url}">"#)), "{bob}");
    let page = admin.get(&url).await;
    assert!(page.contains_text(&format!(r#"<h1 class="address">{BOB}</h1>"#)), "{}", page.body);
    assert!(
        page.contains_text("<option selected>user</option>") && page.contains_text("<dd>None</dd>")
    );
    assert!(
        page.contains_text(r#"<label for="role">"#) && !page.contains_text("revoke-sessions"),
        "{}",
        page.body
    );
    let page = admin.get(&url_of(&app, EMAIL).await).await;
    assert!(
        page.contains_text("<option selected>admin</option>") && page.contains_text("<dd>2</dd>")
    );
    assert!(
        page.contains_text("/revoke-sessions") && page.contains_text("including here."),
        "{}",
        page.body
    );
}

#[actix_web::test]
async fn another_role_ends_the_users_sessions_and_comes_with_the_next_log_in() {
    let app = App::start().await;
    let mut admin = app.admin().await;
    let (mut bob, mut phone) = (app.signed_up(BOB).await, app.logged_in(BOB).await);
    let id = app.id_of(BOB).await;
    let url = url_of(&app, BOB).await;
    assert_eq!(set_role(&mut admin, &id, "admin").await.redirects_to(), url);
    for old in [&mut bob, &mut phone] {
        // Which asks no database.
        assert_eq!(old.clone().get("/api/session").await.status, 401);
        assert_eq!(old.get("/profile").await.redirects_to(), "/login?next=/profile");
    }
    let mut bob = app.logged_in(BOB).await;
    assert_eq!(bob.get("/admin/users").await.status, 200);
    assert!(admin.is_logged_in().await);

    assert_eq!(set_role(&mut admin, &id, "user").await.redirects_to(), url);
    assert_eq!(bob.clone().get("/api/session").await.status, 401);
    assert_eq!(bob.get("/admin/users").await.redirects_to(), "/login?next=/admin/users");
    let mut bob = app.logged_in(BOB).await;
    assert_eq!(bob.get("/admin/users").await.status, 403);
}

/// However it came to be: in a database that was restored, say, where no session has ended for it.
#[actix_web::test]
async fn a_session_whose_role_differs_from_the_database_has_to_log_in_again() {
    let app = App::start().await;
    let admin = app.admin().await;
    let demoted = "UPDATE users SET role = 'user' WHERE email = $1";
    assert_eq!(app.database.execute(demoted, &[EMAIL]).await, 1);
    for path in ["/admin/users", "/profile"] {
        let answer = admin.clone().get(path).await;
        assert_eq!(answer.redirects_to(), format!("/login?next={path}"));
        assert!(answer.clears_the_cookie(), "{answer:?}");
    }
    assert_eq!(app.logged_in(EMAIL).await.get("/admin/users").await.status, 403);
}

#[actix_web::test]
async fn the_same_role_again_ends_no_session() {
    let app = App::start().await;
    let mut admin = app.admin().await;
    let mut bob = app.signed_up(BOB).await;
    for (email, role) in [(BOB, "user"), (EMAIL, "admin")] {
        let id = app.id_of(email).await;
        let answer = set_role(&mut admin, &id, role).await;
        assert_eq!(answer.redirects_to(), url_of(&app, email).await);
        assert!(answer.set_cookies().is_empty());
    }
    assert!(bob.is_logged_in().await && admin.is_logged_in().await);
}

#[actix_web::test]
async fn the_last_administrator_keeps_the_role() {
    let app = App::start().await;
    let mut admin = app.admin().await;
    let id = app.id_of(EMAIL).await;
    let answer = set_role(&mut admin, &id, "user").await;
    assert_eq!(answer.status, 422);
    let reason = "This is the last administrator. Make someone else an administrator first.";
    assert!(
        answer.contains_text(r##"<a href="#role">This is the last administrator.</a>"##),
        "{}",
        answer.body
    );
    assert!(answer.contains_text(&format!(r#"<p class="error" id="role-error">{reason}"#)));
    assert!(answer.contains_text(r#"aria-describedby="role-error role-hint""#), "{}", answer.body);
    assert!(
        answer.contains_text("<option selected>user</option>"),
        "what was chosen: {}",
        answer.body
    );
    assert_eq!(app.role_of(EMAIL).await, "admin");
    assert!(admin.is_logged_in().await);
}

#[actix_web::test]
async fn an_administrator_who_gives_up_the_role_is_logged_out() {
    let app = App::start().await;
    let mut admin = app.admin().await;
    app.signed_up(BOB).await;
    app.promote(BOB).await;
    let mut copy = admin.clone();
    let id = app.id_of(EMAIL).await;
    let answer = set_role(&mut admin, &id, "user").await;
    assert_eq!(answer.redirects_to(), "/login");
    assert!(answer.clears_the_cookie(), "{answer:?}");
    assert!(!copy.is_logged_in().await);
    assert_eq!(app.role_of(EMAIL).await, "user");
}

#[actix_web::test]
async fn of_two_administrators_who_demote_each_other_one_stays() {
    let app = App::start().await;
    let mut ann = app.admin().await;
    app.signed_up(BOB).await;
    app.promote(BOB).await;
    let mut bob = app.logged_in(BOB).await;
    let (ann_id, bob_id) = (app.id_of(EMAIL).await, app.id_of(BOB).await);
    let (one, other) =
        tokio::join!(set_role(&mut ann, &bob_id, "user"), set_role(&mut bob, &ann_id, "user"));
    for answer in [one, other] {
        assert!([303, 422].contains(&answer.status.as_u16()), "{}", answer.body);
    }
    let admins = "SELECT COUNT(*) FROM users WHERE role = 'admin'";
    assert_eq!(app.database.number(admins).await, 1);
}

#[actix_web::test]
async fn a_role_that_does_not_exist_is_refused() {
    let app = App::start().await;
    let mut admin = app.admin().await;
    let mut bob = app.signed_up(BOB).await;
    let id = app.id_of(BOB).await;
    for role in ["", "root", "Admin", "admin ", "<b>"] {
        let answer = set_role(&mut admin, &id, role).await;
        assert_eq!(answer.status, 422, "{role}");
        assert!(answer.contains_text("There is no such role."), "{}", answer.body);
        assert!(answer.contains_text("<option selected>user</option>"), "{}", answer.body);
    }
    assert_eq!(admin.post(&format!("/admin/users/{id}/role"), &[]).await.status, 422);
    assert_eq!(app.role_of(BOB).await, "user");
    assert!(bob.is_logged_in().await);
}

#[actix_web::test]
async fn somebody_who_does_not_exist_is_not_found() {
    let app = App::start().await;
    let mut admin = app.admin().await;
    for id in ["6d2c3f2e-7f0b-4d5c-9f43-0a4b0c3e2d11", "x", "%00", "%ff", "'%20OR%201=1--"] {
        assert_eq!(set_role(&mut admin, id, "user").await.status, 404, "{id}");
        assert_eq!(set_role(&mut admin, id, "root").await.status, 404, "{id}");
        for act in ["revoke-sessions", "disable", "enable", "unlock", "send-reset"] {
            let path = format!("/admin/users/{id}/{act}");
            assert_eq!(admin.press(&path).await.status, 404, "{path}");
        }
        assert_eq!(admin.get(&format!("/admin/users/{id}")).await.status, 404, "{id}");
    }
}

#[actix_web::test]
async fn an_administrator_ends_somebodys_sessions() {
    let app = App::start().await;
    let mut admin = app.admin().await;
    let mut bobs = [app.signed_up(BOB).await, app.logged_in(BOB).await];
    let url = url_of(&app, BOB).await;
    let path = format!("{url}/revoke-sessions");
    assert_eq!(admin.press(&path).await.redirects_to(), url);
    for bob in &mut bobs {
        assert!(!bob.is_logged_in().await);
    }
    assert!(admin.is_logged_in().await);
    // A script's request may have no body at all.
    let bare = admin.request(reqwest::Method::POST, &path);
    assert_eq!(admin.send(bare).await.redirects_to(), url);
    assert_eq!(app.logged_in(BOB).await.get("/admin/users").await.status, 403);

    let own = url_of(&app, EMAIL).await;
    let answer = admin.press(&format!("{own}/revoke-sessions")).await;
    assert_eq!(answer.redirects_to(), own);
    assert!(answer.clears_the_cookie(), "{answer:?}");
}

#[actix_web::test]
async fn an_administrator_disables_an_account_and_enables_it() {
    let app = App::start().await;
    let mut admin = app.admin().await;
    let mut bobs = [app.signed_up(BOB).await, app.logged_in(BOB).await];
    let url = url_of(&app, BOB).await;
    let page = admin.get(&url).await;
    assert!(page.contains_text("/disable\"") && !page.contains_text("/enable\""), "{}", page.body);
    let disable = format!("{url}/disable");
    assert_eq!(admin.press(&disable).await.redirects_to(), url);
    for bob in &mut bobs {
        assert!(!bob.is_logged_in().await);
    }
    assert_eq!(app.client().log_in(BOB, PASSWORD).await.status, 422);
    let page = admin.get(&url).await;
    let done = "Done. The account is disabled, and all its sessions have ended.";
    assert_eq!(page.notice(), Some(done));
    assert!(page.contains_text("<dt>Disabled since</dt>"), "{}", page.body);
    assert!(page.contains_text("/enable\"") && !page.contains_text("/disable\""), "{}", page.body);
    let users = admin.get("/admin/users").await;
    assert!(row(&users, BOB).contains(">Disabled<") && !row(&users, EMAIL).contains(">Disabled<"));

    assert_eq!(admin.press(&format!("{url}/enable")).await.redirects_to(), url);
    let page = admin.get(&url).await;
    assert_eq!(page.notice(), Some("Done. The account is enabled."));
    assert!(!page.contains_text("Disabled"), "{}", page.body);
    assert!(app.logged_in(BOB).await.is_logged_in().await);
}

#[actix_web::test]
async fn no_administrator_disables_themself_and_one_always_stays() {
    let app = App::start().await;
    let mut ann = app.admin().await;
    let own = url_of(&app, EMAIL).await;
    assert!(!ann.get(&own).await.contains_text("/disable\""));
    let refused = ann.press(&format!("{own}/disable")).await;
    assert_eq!(refused.status, 422);
    assert!(refused.contains_text("disable your own account."), "{}", refused.body);
    assert!(ann.is_logged_in().await);

    app.signed_up(BOB).await;
    app.promote(BOB).await;
    let mut bob = app.logged_in(BOB).await;
    let (of_ann, of_bob) =
        (format!("{own}/disable"), format!("{}/disable", url_of(&app, BOB).await));
    let (one, other) = tokio::join!(ann.press(&of_bob), bob.press(&of_ann));
    for answer in [one, other] {
        assert!([303, 422].contains(&answer.status.as_u16()), "{}", answer.body);
    }
    let admins = "SELECT COUNT(*) FROM users WHERE role = 'admin' AND disabled_at IS NULL";
    assert_eq!(app.database.number(admins).await, 1);
}

#[actix_web::test]
async fn an_administrator_ends_the_wait_after_failed_log_ins() {
    let app = App::start().await;
    let mut admin = app.admin().await;
    let url = url_of(&app, EMAIL).await;
    assert!(!admin.get(&url).await.contains_text("/unlock\""));
    app.signed_up(BOB).await;
    let url = url_of(&app, BOB).await;
    for _ in 0..5 {
        app.client().log_in(BOB, "not the password of anyone").await;
    }
    assert_eq!(app.client().log_in(BOB, PASSWORD).await.status, 429);
    let page = admin.get(&url).await;
    assert!(page.contains_text("<dt>Locked out by failed log-ins until</dt>"), "{}", page.body);
    assert_eq!(admin.press(&format!("{url}/unlock")).await.redirects_to(), url);
    let page = admin.get(&url).await;
    assert_eq!(page.notice(), Some("Done. The failed log-ins are forgotten."));
    assert!(!page.contains_text("Locked out") && !page.contains_text("/unlock\""));
    assert!(app.logged_in(BOB).await.is_logged_in().await);
}

#[actix_web::test]
async fn an_administrator_sends_a_link_to_choose_a_password_and_sets_none() {
    let app = App::start().await;
    let mut admin = app.admin().await;
    let mut bob = app.signed_up(BOB).await;
    let url = url_of(&app, BOB).await;
    let path = format!("{url}/send-reset");
    assert!(admin.get(&url).await.contains_text("/send-reset\""));
    for _ in 0..2 {
        assert_eq!(admin.press(&path).await.redirects_to(), url);
    }
    let notice = admin.get(&url).await;
    assert!(notice.notice().unwrap().starts_with("Done. They get a link"), "{}", notice.body);
    let mail = app.mail(BOB, 1).await;
    assert!(mail.link().starts_with("/reset?t="), "{}", mail.text);
    assert!(bob.is_logged_in().await);
    assert!(app.logged_in(BOB).await.is_logged_in().await);

    admin.press(&format!("{url}/disable")).await;
    let refused = admin.press(&path).await;
    assert_eq!(refused.status, 422);
    assert!(refused.contains_text("This account is disabled. Enable it first."));
    assert!(!admin.get(&url).await.contains_text("/send-reset\""));
}

#[actix_web::test]
async fn where_no_mail_is_sent_no_link_is_either() {
    let app = App::start_with(&[("MAIL_DIR", ""), ("APP_ENV", "production")]).await;
    let mut admin = app.admin().await;
    app.signed_up(BOB).await;
    let url = url_of(&app, BOB).await;
    assert!(!admin.get(&url).await.contains_text("/send-reset\""));
    assert_eq!(admin.press(&format!("{url}/send-reset")).await.status, 404);
}

#[actix_web::test]
async fn an_administrator_sees_whose_address_is_not_confirmed() {
    let app = App::start().await;
    let mut admin = app.admin().await;
    app.signed_up(BOB).await;
    let url = url_of(&app, BOB).await;
    let unconfirmed = "<dt>Email address</dt><dd>Not confirmed</dd>";
    assert!(admin.get(&url).await.contains_text(unconfirmed));
    app.database.execute("UPDATE users SET email_confirmed_at = 1", &[]).await;
    assert!(!admin.get(&url).await.contains_text(unconfirmed));
}

#[actix_web::test]
async fn the_list_has_pages() {
    let app = App::start().await;
    let mut admin = app.admin().await;
    add_users(&app, "SELECT 'p' || (100 + i) || '+x@example.com' FROM n").await;
    let first = admin.get("/admin/users").await;
    assert_eq!(first.count("<th role=\"rowheader\""), 50);
    assert!(first.contains_text(r#"<a href="/admin/users?page=2" rel="next">"#), "{}", first.body);
    assert!(!first.contains_text("rel=\"prev\""), "{}", first.body);

    let second = admin.get("/admin/users?q=%2Bx@&page=2").await;
    assert_eq!(second.count("<th role=\"rowheader\""), 10, "{}", second.body);
    let back = r#"<a href="/admin/users?q=%2Bx@" rel="prev">"#;
    assert!(second.contains_text(back) && !second.contains_text("rel=\"next\""), "{}", second.body);
    assert!(second.contains_text(r#"maxlength="254" value="+x@">"#), "{}", second.body);
    let beyond = admin.get("/admin/users?page=9").await;
    assert!(beyond.contains_text("No users on this page."), "{}", beyond.body);
}

#[actix_web::test]
async fn a_search_takes_every_character_as_it_is() {
    let app = App::start().await;
    let mut admin = app.admin().await;
    add_users(&app, "SELECT 'p' || i || '@example.com' FROM n").await;
    for email in ["a_b@example.com", "a%b@example.com", "axb@example.com", "ann@josé.example"] {
        app.signed_up(email).await;
    }
    for (q, found) in [
        ("a_b", &["a_b@example.com"][..]),
        ("_", &["a_b@example.com"]),
        ("%25", &["a%b@example.com"]),
        ("A%25B", &["a%b@example.com"]),
        ("%5C", &[]),
        ("%20%20AXB@%20", &["axb@example.com"]),
        ("jose%CC%81", &["ann@josé.example"]),
        ("nobody", &[]),
        ("'%20OR%201=1--", &[]),
        (&"a".repeat(60_000), &[]),
    ] {
        let page = admin.get(&format!("/admin/users?q={q}")).await;
        assert_eq!(page.status, 200, "{q}");
        assert_eq!(page.count("<th role=\"rowheader\""), found.len(), "{q}: {}", page.body);
        for email in found {
            row(&page, email);
        }
    }
    for no_text in ["%00", "%ff"] {
        assert_eq!(admin.get(&format!("/admin/users?q={no_text}")).await.status, 400, "{no_text}");
    }
    let page = admin.get("/admin/users?q=%22%3E%3Cscript%3E").await;
    assert!(!page.contains_text("<script"), "{}", page.body);
    assert_eq!(page.typed("q").as_deref(), Some("\"><script>"));
}

async fn set_role(browser: &mut Client, id: &str, role: &str) -> Answer {
    browser.post(&format!("/admin/users/{id}/role"), &[("role", role)]).await
}

/// Where the page of a user is.
async fn url_of(app: &App, email: &str) -> String {
    format!("/admin/users/{}", app.id_of(email).await)
}

/// Adds sixty users; the query gives their addresses.
async fn add_users(app: &App, addresses: &str) {
    let sql = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60),
            addresses(email) AS ({addresses})
         INSERT INTO users (id, email, password_hash, role, created_at)
         SELECT '00000000-0000-4000-8000-' || (100000000000 + row_number() OVER ()), email, '', 'user', 1
         FROM addresses"
    );
    assert_eq!(app.database.execute(sql.leak(), &[]).await, 60);
}

/// The row of the user with this address.
fn row<'a>(page: &'a Answer, email: &str) -> &'a str {
    let mut rows = page.body.split("<tr ").filter(|row| row.contains(&format!(">{email}<")));
    let row = rows.next().unwrap_or_else(|| panic!("{email} is in {}", page.body));
    assert_eq!(rows.next(), None);
    row
}
