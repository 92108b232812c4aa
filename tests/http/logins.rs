//! The history of log-ins.

use reqwest::Method;
use test_support::{App, EMAIL, HOUR, PASSWORD};

use crate::people::FIREFOX;

const GRANTED: &str = "Logged in";
const REFUSED: &str = "Failed: wrong password";

#[actix_web::test]
async fn log_ins_are_shown_with_failures_the_newest_first() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    app.signed_up("bob@example.com").await;
    app.client().log_in("bob@example.com", "not the password").await;
    app.clock.advance(HOUR);
    let mut stranger = app.client();
    let form = [("email", EMAIL), ("password", "not the password")];
    let request = stranger.request(Method::POST, "/login").form(&form);
    assert_eq!(stranger.send(request.header("User-Agent", FIREFOX)).await.status, 422);
    app.clock.advance(HOUR);
    app.logged_in(EMAIL).await;

    let page = ann.get("/logins").await;
    assert_eq!(page.status, 200);
    let rows: Vec<&str> = page.body.split("<tr ").skip(2).collect();
    assert_eq!(rows.len(), 3, "no one else's: {}", page.body);
    for (row, texts) in rows.iter().zip([
        [">18 May 2033, 05:33 UTC<", GRANTED, "Unknown browser", "127.0.0.1"],
        [">18 May 2033, 04:33 UTC<", REFUSED, "Firefox on Windows", "127.0.0.1"],
        [">18 May 2033, 03:33 UTC<", GRANTED, "Unknown browser", "127.0.0.1"],
    ]) {
        for text in texts {
            assert!(row.contains(text), "{text}: {row}");
        }
    }
    assert!(!page.contains_text("page="), "one page has no others: {}", page.body);
}

#[actix_web::test]
async fn within_one_second_too_the_newest_is_first() {
    let app = App::start().await;
    app.signed_up(EMAIL).await;
    let mut outcomes = vec![GRANTED];
    for password in ["wrong", "wrong", PASSWORD, "wrong", PASSWORD, PASSWORD, "wrong", PASSWORD] {
        app.client().log_in(EMAIL, password).await;
        outcomes.insert(0, if password == PASSWORD { GRANTED } else { REFUSED });
    }
    let page = app.logged_in(EMAIL).await.get("/logins").await;
    outcomes.insert(0, GRANTED);
    let rows: Vec<&str> = page.body.split("<tr ").skip(2).collect();
    let shown = rows.iter().map(|row| if row.contains(REFUSED) { REFUSED } else { GRANTED });
    assert_eq!(shown.collect::<Vec<_>>(), outcomes);
}

#[actix_web::test]
async fn wrong_passwords_on_other_forms_are_shown_too() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    let change = [("current_password", "wrong"), ("new_password", "quite another pass phrase")];
    assert_eq!(ann.post("/profile/password", &change).await.status, 422);
    assert_eq!(ann.get("/logins").await.count(REFUSED), 1);
    assert_eq!(ann.post("/profile/delete", &[("password", "wrong")]).await.status, 422);
    let page = ann.get("/logins").await;
    assert_eq!((page.count(REFUSED), page.count(GRANTED)), (2, 1), "{}", page.body);
    // A form that was not filled in is no attempt.
    ann.post("/profile/delete", &[("password", "")]).await;
    assert_eq!(ann.get("/logins").await.count(REFUSED), 2);
}

#[actix_web::test]
async fn a_long_history_has_pages() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    let id = app.id_of(EMAIL).await;
    let insert = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 119)
        INSERT INTO login_events (id, at, user_id, outcome, address)
        SELECT 'e' || i, 1999990000 - i, $1, 'refused', '10.0.0.' || i FROM n";
    app.database.execute(insert, &[&id]).await;
    let mut seen = 0;
    for (number, events, previous, next) in [
        (1, 50, None, Some("/logins?page=2")),
        (2, 50, Some("/logins"), Some("/logins?page=3")),
        (3, 20, Some("/logins?page=2"), None),
        (4, 0, Some("/logins?page=3"), None),
    ] {
        let page = ann.get(&format!("/logins?page={number}")).await;
        assert_eq!(page.status, 200);
        assert_eq!(page.count(REFUSED) + page.count(GRANTED), events, "page {number}");
        let links = [("Newer", "prev", previous), ("Older", "next", next)];
        for (text, rel, url) in links {
            let link = url.map(|url| format!(r#"<a href="{url}" rel="{rel}">"#));
            assert_eq!(page.contains_text(text), link.is_some(), "{text}: {}", page.body);
            assert!(link.is_none_or(|link| page.contains_text(&link)), "{text}: {}", page.body);
        }
        for i in seen..seen + events {
            assert!(
                i == 0 || page.contains_text(&format!(">10.0.0.{i}<")),
                "{i} is on page {number}"
            );
        }
        seen += events;
    }
}

#[actix_web::test]
async fn a_page_number_that_is_none_is_the_first() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    for query in ["page=0", "page=-1", "page=x", "page=", "page=1.5", "page=99999999999999", "x=y"]
    {
        let page = ann.get(&format!("/logins?{query}")).await;
        assert_eq!((page.status.as_u16(), page.count(GRANTED)), (200, 1), "{query}");
    }
    let page = ann.get("/logins?page=4294967295").await;
    assert_eq!((page.status.as_u16(), page.count(GRANTED)), (200, 0), "far beyond the end");
}

#[actix_web::test]
async fn changing_the_password_is_no_log_in() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    let new = "quite another pass phrase";
    let form = [("current_password", PASSWORD), ("new_password", new)];
    ann.post("/profile/password", &form).await.redirects_to();
    assert_eq!(ann.get("/logins").await.count(GRANTED), 1);
}
