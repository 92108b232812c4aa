//! `/.well-known/change-password`, for password managers.

use reqwest::Method;
use test_support::{App, EMAIL};

const PATH: &str = "/.well-known/change-password";

#[actix_web::test]
async fn it_leads_to_the_form_signed_in_or_not() {
    let app = App::start().await;
    for mut browser in [app.client(), app.signed_up(EMAIL).await] {
        for method in [Method::GET, Method::HEAD] {
            let answer = browser.send(browser.request(method.clone(), PATH)).await;
            assert_eq!(answer.redirects_to(), "/profile", "{method}");
            assert!(answer.set_cookies().is_empty(), "{method}");
        }
        let answer = browser.send(browser.request(Method::POST, PATH)).await;
        assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, "GET, HEAD"));
    }
}

/// Password managers ask for this first: a site that answers 200 to everything is not believed.
#[actix_web::test]
async fn what_is_not_there_is_said_not_to_be_there() {
    let app = App::start().await;
    let path = "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200";
    assert_eq!(app.client().get(path).await.status, 404);
}
