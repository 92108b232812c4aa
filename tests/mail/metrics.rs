//! The metrics of mails.

use test_support::{Process, SECRET, eventually, raw, smtp::MailServer, waxseal};
use waxseal::domain::MailContent;

use crate::settings;

#[actix_web::test]
async fn every_kind_is_counted_from_zero_and_what_waits_is_measured() {
    let server = MailServer::start();
    let url = server.url();
    let waxseal = waxseal!().set("SESSION_SECRET", SECRET).set("METRICS_LISTEN", "127.0.0.1:0");
    let settings = settings(&url).into_iter();
    let waxseal = settings.fold(waxseal, |waxseal, (name, value)| waxseal.set(name, value));
    let node = waxseal.serve();
    for kind in MailContent::KINDS {
        for outcome in ["sent", "delayed", "failed", "dropped"] {
            assert_eq!(mails(&node, kind, outcome), 0.0, "{kind} {outcome}");
        }
    }
    for form in ["email=ann%40example.com", "email=nobody%40example.com"] {
        let sign_up = "email=ann%40example.com&password=violet+anvil+forty+marmots";
        node.post("/signup", &[], sign_up);
        assert_eq!(node.post("/forgot", &[], form).status, 303);
    }
    eventually(async || mails(&node, "reset", "sent") == 1.0).await;
    eventually(async || mails(&node, "reset", "dropped") == 1.0).await;
    server.close();
    assert_eq!(node.post("/forgot", &[], "email=else%40example.com").status, 303);
    eventually(async || mails(&node, "reset", "dropped") == 2.0).await;
    // Someone with an account, whose mail has to wait.
    let sign_up = "email=bob%40example.com&password=violet+anvil+forty+marmots";
    assert_eq!(node.post("/signup", &[], sign_up).status, 303);
    assert_eq!(node.post("/forgot", &[], "email=bob%40example.com").status, 303);
    eventually(async || mails(&node, "reset", "delayed") == 1.0).await;
    node.stop();
    // A start measures at once.
    let node = waxseal.serve();
    eventually(async || value(&node, "waxseal_mails_waiting") == Some(1.0)).await;
    assert!(value(&node, "waxseal_mail_oldest_seconds").is_some());
}

fn mails(node: &Process, kind: &str, outcome: &str) -> f64 {
    let name = format!("waxseal_mails_total{{kind=\"{kind}\",outcome=\"{outcome}\"}}");
    value(node, &name).unwrap_or_else(|| panic!("{name}"))
}

fn value(node: &Process, name: &str) -> Option<f64> {
    let metrics = raw::get(node.metrics_address().unwrap(), "/metrics", &[]).unwrap().body;
    let mut values = metrics.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    values.next().map(|value| value.parse().unwrap())
}
