//! Log-ins take no more memory than their permits allow, however many come at once.

use std::{
    thread,
    time::{Duration, Instant},
};

use test_support::{EMAIL, Memory, PASSWORD};

use crate::visitor::{Server, WRONG};

#[test]
fn five_hundred_log_ins_at_once_take_what_their_permits_allow() {
    let server = Server::start(&[]);
    server.signed_up("192.0.2.1", EMAIL);
    let crowd: Vec<_> = (0..500)
        .map(|number| {
            let mut visitor = server.visitor(&format!("10.{}.{}.1", number / 250, number % 250));
            let email =
                if number % 2 == 0 { EMAIL.to_owned() } else { format!("p{number}@example.com") };
            let password = if number == 0 { PASSWORD } else { WRONG };
            thread::spawn(move || visitor.log_in(&email, password).status)
        })
        .collect();
    let (mut others, mut slowest) = (0, Duration::ZERO);
    while crowd.iter().any(|thread| !thread.is_finished()) {
        let before = Instant::now();
        assert_eq!(server.visitor("192.0.2.2").get("/signup").status, 200);
        slowest = slowest.max(before.elapsed());
        others += 1;
    }
    let mut statuses: Vec<u16> =
        crowd.into_iter().map(|thread| thread.join().unwrap().as_u16()).collect();
    statuses.sort_unstable();
    statuses.dedup();
    assert!(statuses.iter().all(|status| [303, 422, 429, 503].contains(status)), "{statuses:?}");
    assert!(others > 0);
    let permits = thread::available_parallelism().unwrap().get();
    let most = server.node.memory(Memory::Peak);
    println!("{most} MiB; {others} other pages, the slowest after {slowest:?}; {statuses:?}");
    assert!(most < (permits * 19 + 100) as f64, "{most} MiB");
}
