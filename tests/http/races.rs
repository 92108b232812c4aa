//! Two requests at once: in either order, no session survives what should have ended it.

use actix_web::rt;
use test_support::{App, Client, DAY, EMAIL, PASSWORD, SECOND};

use crate::passwords::person_with_an_old_hash;

const ROUNDS: usize = 10;
const NEW_PASSWORD: &str = "orange ladder seventy geese";

#[actix_web::test]
async fn no_log_in_with_the_old_password_survives_its_change() {
    for _ in 0..ROUNDS {
        let app = App::start().await;
        let mut ann = app.signed_up(EMAIL).await;
        let log_ins: Vec<_> = (0..4).map(|_| rt::spawn(logged_in(app.client()))).collect();
        let form = [("current_password", PASSWORD), ("new_password", NEW_PASSWORD)];
        assert_eq!(ann.post("/profile/password", &form).await.redirects_to(), "/profile");
        for log_in in log_ins {
            // Refused, or granted and ended by the change.
            assert!(!log_in.await.unwrap().is_logged_in().await);
        }
        assert!(ann.is_logged_in().await);
        let live = "SELECT COUNT(*) FROM waxseal_sessions WHERE revoked_at IS NULL";
        assert_eq!(app.database.number(live).await, 1);
    }
}

#[actix_web::test]
async fn no_refresh_brings_back_a_session_that_is_logged_out() {
    let app = App::start().await;
    for round in 0..ROUNDS {
        let mut ann = app.signed_up(&format!("ann{round}@example.com")).await;
        // Due for a refresh.
        app.clock.advance(6 * DAY);
        let refreshes: Vec<_> = (0..4).map(|_| rt::spawn(refreshed(ann.clone()))).collect();
        assert_eq!(ann.log_out().await.redirects_to(), "/login");
        for refresh in refreshes {
            assert!(!refresh.await.unwrap().is_logged_in().await);
        }
        assert_eq!(ann.session(), None);
    }
}

#[actix_web::test]
async fn a_clean_up_takes_nothing_from_log_outs_and_refreshes_beside_it() {
    let app = App::start_with(&[("CLEANUP_INTERVAL", "1s")]).await;
    for round in 0..ROUNDS {
        let mut ann = app.signed_up(&format!("ann{round}@example.com")).await;
        let mut bob = app.signed_up(&format!("bob{round}@example.com")).await;
        let mut thief = ann.clone();
        app.clock.advance(6 * DAY);
        let refresh = rt::spawn(refreshed(bob.clone()));
        app.clock.elapse(SECOND);
        ann.log_out().await;
        assert!(refresh.await.unwrap().is_logged_in().await);
        assert!(bob.is_logged_in().await);
        // The clean-up runs on; no revocation goes with it.
        app.clock.elapse(SECOND);
        assert!(!thief.is_logged_in().await);
    }
}

#[actix_web::test]
async fn no_log_in_keeps_the_role_from_before_its_change() {
    for _ in 0..ROUNDS {
        let app = App::start().await;
        let mut admin = app.admin().await;
        app.signed_up("bob@example.com").await;
        let role = format!("/admin/users/{}/role", app.id_of("bob@example.com").await);
        let log_ins: Vec<_> = (0..4)
            .map(|_| {
                let mut bob = app.client();
                rt::spawn(async move {
                    bob.log_in("bob@example.com", PASSWORD).await;
                    bob
                })
            })
            .collect();
        assert_eq!(admin.post(&role, &[("role", "admin")]).await.status, 303);
        for log_in in log_ins {
            // Ended by the change, or opened after it.
            let answer = log_in.await.unwrap().get("/api/session").await;
            assert!(
                answer.status == 401 || answer.body.contains(r#""role":"admin""#),
                "{answer:?}"
            );
        }
    }
}

/// The one that comes second finds another hash than it has verified: of the same password.
#[actix_web::test]
async fn two_log_ins_at_once_bring_an_old_hash_up_to_date_and_are_both_granted() {
    for _ in 0..ROUNDS {
        let app = App::start().await;
        person_with_an_old_hash(&app).await;
        let log_ins: Vec<_> = (0..4).map(|_| rt::spawn(logged_in(app.client()))).collect();
        for log_in in log_ins {
            assert!(log_in.await.unwrap().is_logged_in().await);
        }
        let refused = "SELECT COUNT(*) FROM login_events WHERE outcome = 'refused'";
        assert_eq!(app.database.number(refused).await, 0);
    }
}

async fn logged_in(mut browser: Client) -> Client {
    browser.log_in(EMAIL, PASSWORD).await;
    browser
}

async fn refreshed(mut browser: Client) -> Client {
    browser.get("/profile").await;
    browser
}
