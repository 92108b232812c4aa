//! Clients that don't wait for the answer: what they have done is done, and told.

use sqlx::{AnyConnection, Connection, Executor};
use test_support::{EMAIL, PASSWORD};

use crate::visitor::{Server, WRONG, encoded};

#[actix_web::test]
async fn what_somebody_did_who_hangs_up_is_in_the_log() {
    let server = Server::start(&[]);
    let ann = server.signed_up("192.0.2.1", EMAIL);
    let guesser = server.visitor("198.51.100.1");
    let guess = format!("email={EMAIL}&password={}", encoded(WRONG));

    sqlx::any::install_default_drivers();
    let mut other = AnyConnection::connect(&server.database_url).await.unwrap();
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    // Neither can be kept while the database is locked.
    ann.post_and_hang_up("/logout", "");
    guesser.post_and_hang_up("/login", &guess);
    for _ in 0..100 {
        assert_eq!(ann.clone().get("/profile").status, 200);
    }
    other.execute("ROLLBACK").await.unwrap();

    while ann.clone().get("/profile").status == 200 {}
    assert_eq!(server.visitor("192.0.2.1").log_in(EMAIL, PASSWORD).status, 303);
    // Nothing else says when the guess was hashed and refused.
    for told in ["logged out: user ", "log-in refused: user "] {
        server.node.wait_for(told);
    }
    server.stop();
}
