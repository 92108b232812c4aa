//! Cookies that are worth nothing: the visitor is a visitor, and the cookie is cleared at once.

use serde_json::{Value, json};
use waxseal_seal::{Keyring, Secret};

use crate::harness::{NAME, Site, World, purpose};

#[actix_web::test]
async fn a_cookie_that_does_not_unseal_is_cleared() {
    let world = World::new();
    let site = world.site().await;
    let ann = site.log_in("ann").await;

    for (what, value) in [
        ("nothing", String::new()),
        ("a blank", " ".to_owned()),
        ("garbage", "garbage".to_owned()),
        ("what other servers set", "s%3Aabc.def".to_owned()),
        ("JSON", r#"{"sid":"AAAAAAAAAAAAAAAAAAAAAA"}"#.to_owned()),
        ("a token that was cut", ann[..ann.len() - 1].to_owned()),
        ("a token with something appended", format!("{ann}A")),
        ("a token with something in front", format!("A{ann}")),
        ("a token without its beginning", ann[4..].to_owned()),
        ("a token's tag alone", ann[ann.len() - 22..].to_owned()),
        ("a padded token", format!("{ann}=")),
        ("a quoted token", format!("\"{ann}\"")),
        ("a percent-encoded token", format!("%{:x}{}", ann.as_bytes()[0], &ann[1..])),
        ("a token of which a character was changed", flip(&ann, 60)),
        ("a token of another version", flip(&ann, 1)),
        ("a token of another key", flip(&ann, 4)),
        ("a value longer than any token", "A".repeat(100_000)),
    ] {
        assert_no_session(&site, what, &value).await;
    }
    let not_utf8 = [NAME.as_bytes(), b"=\xff\xfe"].concat();
    site.with_cookies("/state", &[&not_utf8]).await.assert_cleared();

    assert_eq!(site.user(&ann).await.as_deref(), Some("ann"));
}

#[actix_web::test]
async fn a_token_with_any_character_changed_is_cleared() {
    let world = World::new();
    let site = world.site().await;
    let ann = site.log_in("ann").await;
    for place in 0..ann.len() {
        assert_eq!(site.user(&ann).await.as_deref(), Some("ann"));
        assert_no_session(&site, &format!("changed at {place}"), &flip(&ann, place)).await;
    }
}

/// The token with another character in this place.
fn flip(token: &str, place: usize) -> String {
    let other = if token.as_bytes()[place] == b'A' { "B" } else { "A" };
    format!("{}{other}{}", &token[..place], &token[place + 1..])
}

#[actix_web::test]
async fn a_token_sealed_for_something_else_is_cleared() {
    let world = World::new();
    let site = world.site().await;
    let plaintext = world.honest_claims().to_string();
    assert_eq!(site.user(&world.seal(&plaintext)).await.as_deref(), Some("ann"));

    for other in [&purpose("session"), &purpose("__Host-other"), NAME, "session:", "invitation", ""]
    {
        let token = Keyring::new(&world.secret).seal(other, plaintext.as_bytes());
        assert_no_session(&site, other, &token).await;
    }
    let strange = Keyring::new(&Secret::generate()).seal(&purpose(NAME), plaintext.as_bytes());
    assert_no_session(&site, "a key that is not ours", &strange).await;
}

#[actix_web::test]
async fn a_token_that_does_not_read_like_a_session_is_cleared() {
    let world = World::new();
    let site = world.site().await;
    let honest = world.honest_claims();

    for plaintext in ["", " ", "null", "42", "\"\"", "[]", "{}", "\u{0}", "{", "{}{}"] {
        assert_no_session(&site, plaintext, &world.seal(plaintext)).await;
    }
    let not_utf8 = honest.to_string().replace("ann", "?").into_bytes();
    let not_utf8: Vec<u8> =
        not_utf8.into_iter().map(|byte| if byte == b'?' { 0xff } else { byte }).collect();
    assert_no_session(&site, "not UTF-8", &world.seal(not_utf8)).await;
    let twice = format!("{honest}{honest}");
    assert_no_session(&site, "claims twice over", &world.seal(twice)).await;
    let contradictory = honest.to_string().replacen('{', r#"{"exp":253402300799,"#, 1);
    assert_no_session(&site, "a claim twice over", &world.seal(contradictory)).await;
    let claims = ["sid", "auth_time", "iat", "exp", "state"].map(|claim| honest[claim].clone());
    assert_no_session(&site, "an array", &world.seal(json!(claims).to_string())).await;
}

#[actix_web::test]
async fn a_state_with_a_key_twice_is_cleared() {
    let world = World::new();
    let site = world.site().await;
    let honest = world.honest_claims();
    for state in [
        r#"{"a":1,"a":2}"#,
        r#"{"a":1,"b":2,"a":3}"#,
        r#"{"b":1,"a":2,"b":3,"c":4}"#,
        r#"{"a":1,"\u0061":2}"#,
        r#"{"":1,"":1}"#,
    ] {
        let mut claims = honest.clone();
        claims["state"] = json!("STATE");
        let token = world.seal(claims.to_string().replace("\"STATE\"", state));
        assert_no_session(&site, state, &token).await;
    }
}

#[actix_web::test]
async fn a_state_that_is_not_json_is_cleared_and_no_handler_sees_a_part_of_it() {
    let world = World::new();
    let site = world.site().await;
    for state in [
        "{x}",
        r#"{"user_id":"ann","a":}"#,
        r#"{"user_id":"ann",}"#,
        r#"{"user_id":"ann","a":{}"#,
        r#"{"user_id":"ann"}}"#,
        r#"{"user_id":"ann","user_id":"ann"}"#,
        r#"{"user_id":"ann","a":"\x"}"#,
        r#"{"user_id":"ann"}{}"#,
        r#"{"user_id":"ann"} {"#,
    ] {
        let token = world.seal(as_sealed(&world, &format!(r#","state":{state}"#)));
        assert_no_session(&site, state, &token).await;
    }
}

#[actix_web::test]
async fn an_unknown_claim_is_ignored_before_and_after_the_state() {
    let world = World::new();
    let site = world.site().await;
    const STATE: &str = r#","state":{"user_id":"ann"}"#;
    for rest in [
        STATE.to_owned(),
        format!(r#","amr":["pwd"]{STATE}"#),
        format!(r#"{STATE},"new":1"#),
        format!(r#"{STATE},"new":{{}}"#),
        format!(r#"{STATE},"new":{{"a":"}}"}}"#),
        format!(r#"{STATE},"new":"{{""#),
    ] {
        let token = world.seal(as_sealed(&world, &rest));
        assert_eq!(site.user(&token).await.as_deref(), Some("ann"), "{rest}");
    }
}

/// A plaintext that begins just as the middleware writes it.
fn as_sealed(world: &World, rest: &str) -> String {
    let claims = world.honest_claims();
    let [sid, auth_time, iat, exp] = ["sid", "auth_time", "iat", "exp"].map(|name| &claims[name]);
    format!(r#"{{"sid":{sid},"auth_time":{auth_time},"iat":{iat},"exp":{exp}{rest}}}"#)
}

#[actix_web::test]
async fn a_token_with_a_claim_missing_is_cleared() {
    let world = World::new();
    let site = world.site().await;
    for claim in ["sid", "auth_time", "iat", "exp"] {
        let mut claims = world.honest_claims();
        claims.as_object_mut().unwrap().remove(claim);
        assert_no_session(&site, claim, &world.seal(claims.to_string())).await;
    }
}

#[actix_web::test]
async fn a_token_with_a_claim_of_another_type_or_out_of_range_is_cleared() {
    let world = World::new();
    let site = world.site().await;
    let no_times = [
        json!(null),
        json!("1700000900"),
        json!(1_700_000_900.0),
        json!(1.7e300),
        json!(-1),
        json!(253_402_300_800_i64),
        json!(u64::MAX),
        json!([1_700_000_900]),
        json!({}),
        json!(true),
    ];
    let no_ids = [
        json!(null),
        json!(42),
        json!(""),
        json!("A".repeat(21)),
        json!("A".repeat(23)),
        json!("A".repeat(24)),
        json!(format!("{}B", "A".repeat(21))),
        json!(format!("{}==", "A".repeat(22))),
        json!(format!("+{}", "A".repeat(21))),
        json!(vec![0; 16]),
    ];
    let no_states =
        [json!(null), json!([]), json!("{}"), json!(0), json!(false), json!([["user_id", "ann"]])];
    let cases = ["auth_time", "iat", "exp"].map(|claim| (claim, no_times.as_slice()));
    for (claim, values) in cases.into_iter().chain([("sid", &no_ids[..]), ("state", &no_states)]) {
        for value in values {
            let claims = with(world.honest_claims(), claim, value);
            assert_no_session(&site, &format!("{claim}: {value}"), &world.seal(claims)).await;
        }
    }
}

fn with(mut claims: Value, claim: &str, value: &Value) -> String {
    claims[claim] = value.clone();
    claims.to_string()
}

#[actix_web::test]
async fn a_visitor_with_a_rejected_cookie_can_log_in() {
    let world = World::new();
    let site = world.site().await;
    let token = site.get("/login/ann", "garbage").await.sealed().value;
    assert_eq!(site.user(&token).await.as_deref(), Some("ann"));
    site.get("/purge", "garbage").await.assert_cleared();
}

async fn assert_no_session(site: &Site, what: &str, value: &str) {
    let answer = site.get("/state", value).await;
    let cookie = answer.cookie().unwrap_or_else(|| panic!("{what}: left alone"));
    assert!(cookie.is_clearing(), "{what}: {}", cookie.text);
    assert_eq!(answer.user().await, None, "{what}");
}
