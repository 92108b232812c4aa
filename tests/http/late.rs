//! Answers to requests that were under way while the session was renewed: in whatever order they arrive, the
//! browser stays logged in.

use std::{cell::Cell, rc::Rc};

use actix_web::rt::{self, task::JoinHandle};
use test_support::{App, Client, EMAIL, PASSWORD};

const NEW: &str = "orange ladder seventy geese";
const ROUNDS: usize = 3;

#[actix_web::test]
async fn a_password_change_with_twelve_requests_under_way_leaves_the_browser_logged_in() {
    for mode in ["cookie", "database"] {
        let app = App::start_with(&[("SESSION_MODE", mode)]).await;
        let mut ann = app.signed_up(EMAIL).await;
        let mut passwords = [PASSWORD, NEW];
        for _ in 0..ROUNDS {
            let others = under_way(&ann, "/sessions");
            let form = [("current_password", passwords[0]), ("new_password", passwords[1])];
            assert_eq!(ann.post("/profile/password", &form).await.redirects_to(), "/profile");
            passwords.reverse();
            others.leave_the_cookie().await;
            assert!(ann.is_logged_in().await, "{mode}");
        }
    }
}

#[actix_web::test]
async fn logging_in_again_while_another_tab_polls_leaves_the_browser_logged_in() {
    for mode in ["cookie", "database"] {
        let app = App::start_with(&[("SESSION_MODE", mode)]).await;
        let mut ann = app.signed_up(EMAIL).await;
        for path in ["/login", "/signup"].repeat(ROUNDS) {
            let others = under_way(&ann, "/api/session");
            let form = [("email", EMAIL), ("password", PASSWORD)];
            assert_eq!(ann.post(path, &form).await.redirects_to(), "/profile");
            others.leave_the_cookie().await;
            assert!(ann.is_logged_in().await, "{mode}");
        }
    }
}

/// A late request is a visitor's, but its answer leaves the cookie alone that the browser has by now.
#[actix_web::test]
async fn late_requests_of_every_kind_leave_the_new_cookie_alone() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    let late = ann.clone();
    let form = [("current_password", PASSWORD), ("new_password", NEW)];
    ann.post("/profile/password", &form).await.redirects_to();
    for path in ["/profile", "/sessions", "/logins", "/admin/users", "/login", "/", "/nope"] {
        let answer = late.clone().get(path).await;
        assert!(answer.set_cookies().is_empty(), "{path}: {answer:?}");
    }
    for path in ["/sessions/revoke-others", "/profile/password", "/profile/delete"] {
        let answer = late.clone().press(path).await;
        assert!(answer.set_cookies().is_empty(), "{path}: {answer:?}");
    }
    assert!(ann.is_logged_in().await);
}

/// Other tabs, which send requests with the browser's cookie all the while.
struct Others {
    tabs: Vec<JoinHandle<()>>,
    stop: Rc<Cell<bool>>,
}

/// Twelve requests under way at any time.
fn under_way(browser: &Client, path: &'static str) -> Others {
    let stop = Rc::new(Cell::new(false));
    let tab = || {
        let (mut browser, stop) = (browser.clone(), Rc::clone(&stop));
        rt::spawn(async move {
            // The last one comes after the new cookie.
            let mut is_last = false;
            while !is_last {
                is_last = stop.get();
                let answer = browser.get(path).await;
                assert!(answer.set_cookies().is_empty(), "{answer:?}");
            }
        })
    };
    Others { tabs: (0..12).map(|_| tab()).collect(), stop }
}

impl Others {
    /// None of the answers touches the cookie, so any may come last.
    async fn leave_the_cookie(self) {
        self.stop.set(true);
        for tab in self.tabs {
            tab.await.unwrap();
        }
    }
}
