//! Requests that no form of ours makes: refused, and never a 500.

use std::{
    io::{Read, Write},
    time::Duration,
};

use reqwest::Method;
use test_support::{App, EMAIL, PASSWORD};

const FORM: &str = "application/x-www-form-urlencoded";

#[actix_web::test]
async fn a_body_of_another_kind_is_a_415() {
    let app = App::start().await;
    let mut admin = app.admin().await;
    let before = app.database.dump().await;
    let form = format!(
        "email=eve@example.com&password={PASSWORD}&current_password={PASSWORD}&new_password=orange+ladder+seventy+geese&role=user"
    );
    for path in everything_that_reads_a_form(&app).await {
        for kind in [
            "application/json",
            "text/plain",
            "multipart/form-data; boundary=x",
            "application/x-www-form-urlencoded; charset=iso-8859-1",
            "application/x-www-form-urlencoded2",
            "nonsense",
            "",
        ] {
            let answer = admin.post_body(&path, kind, form.clone()).await;
            assert_eq!(answer.status, 415, "{path} {kind}");
        }
        let none = admin.request(Method::POST, &path).body(form.clone());
        assert_eq!(admin.send(none).await.status, 415, "{path}");
        let packed = admin.request(Method::POST, &path).header("Content-Type", FORM);
        let packed = packed.header("Content-Encoding", "gzip").body(form.clone());
        assert_eq!(admin.send(packed).await.status, 415, "{path}");
    }
    assert_eq!(app.database.dump().await, before);
}

/// Every path whose handler reads a form.
async fn everything_that_reads_a_form(app: &App) -> [String; 14] {
    let user =
        app.database.texts("SELECT id FROM users WHERE email = $1", &[EMAIL]).await.remove(0);
    [
        "/login".to_owned(),
        "/signup".to_owned(),
        "/profile/password".to_owned(),
        "/profile/delete".to_owned(),
        "/profile/email".to_owned(),
        "/confirm".to_owned(),
        "/confirm-email".to_owned(),
        "/undo-email".to_owned(),
        format!("/admin/users/{user}/role"),
        format!("/admin/users/{user}/revoke-sessions"),
        format!("/admin/users/{user}/disable"),
        format!("/admin/users/{user}/enable"),
        format!("/admin/users/{user}/unlock"),
        format!("/admin/users/{user}/send-reset"),
    ]
}

#[actix_web::test]
async fn a_body_has_at_most_16_kib() {
    let app = App::start().await;
    let mut visitor = app.client();
    let padded = |size: usize| {
        let start = "email=bob@example.com&password=violet+anvil+forty+marmots&padding=".to_owned();
        let padding = "x".repeat(size - start.len());
        start + &padding
    };
    let mut admin = app.admin().await;
    for path in everything_that_reads_a_form(&app).await {
        let answer = admin.post_body(&path, FORM, padded(16 * 1024 + 1)).await;
        assert_eq!(answer.status, 413, "{path}");
        let answer = admin.post_body(&path, FORM, "x".repeat(5_000_000)).await;
        assert_eq!(answer.status, 413, "{path}");
    }
    let answer = visitor.post_body("/signup", FORM, padded(16 * 1024)).await;
    assert_eq!(answer.redirects_to(), "/profile");
}

#[actix_web::test]
async fn a_body_that_says_it_is_larger_is_not_even_waited_for() {
    let app = App::start().await;
    let mut stream = app.begin(&format!(
        "POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: {FORM}\r\nConnection: close\r\nContent-Length: 16385\r\n"
    ));
    // Long enough for the server to give up with a 408.
    app.clock.elapse(Duration::from_secs(4));
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[actix_web::test]
async fn a_body_that_never_says_its_size_has_at_most_16_kib_too() {
    let app = App::start().await;
    let head = format!("POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: {FORM}\r\n");
    let chunks = format!("4000\r\n{}\r\n", "x".repeat(0x4000));
    let body = format!("{chunks}1\r\nx\r\n0\r\n\r\n");
    let answer =
        app.raw(format!("{head}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n{body}"));
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    let body = format!("{chunks}0\r\n\r\n");
    let answer =
        app.raw(format!("{head}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n{body}"));
    assert!(answer.starts_with("HTTP/1.1 422 "), "{answer}");
}

#[actix_web::test]
async fn a_field_that_is_there_twice_is_a_400() {
    let app = App::start().await;
    let mut visitor = app.client();
    for body in [
        "email=a&email=b",
        "email=a@b.example&password=x&password=y",
        "email=a&%65mail=b",
        "em%61il=a&%65%6D%61%69%6C=b",
        "email=&email=",
        "email&email",
    ] {
        for path in ["/login", "/signup"] {
            assert_eq!(visitor.post_body(path, FORM, body).await.status, 400, "{path} {body}");
        }
    }
    for query in ["next=/a&next=/b", "next=/a&n%65xt=/b"] {
        assert_eq!(visitor.get(&format!("/login?{query}")).await.status, 400, "{query}");
    }
}

#[actix_web::test]
async fn a_field_that_is_no_text_is_a_400_on_every_form() {
    let app = App::start().await;
    let mut admin = app.admin().await;
    let before = app.database.dump().await;
    let right = format!("email={EMAIL}&password=violet+anvil+forty+marmots");
    let others = "&current_password=violet+anvil+forty+marmots&new_password=orange+ladder+seventy+geese&role=user";
    let bad: [&[u8]; 8] =
        [b"\0", b"%00", b"/%00", b"\xff", b"%ff", b"%c3%28", b"%ED%A0%80", b"a%F0%9F%98"];
    for path in everything_that_reads_a_form(&app).await {
        for text in bad {
            for field in ["next", "q", "page", "nobody+knows+it"] {
                let body =
                    [right.as_bytes(), others.as_bytes(), b"&", field.as_bytes(), b"=", text];
                let answer = admin.post_body(&path, FORM, body.concat()).await;
                assert_eq!(answer.status, 400, "{path} {field} {}", text.escape_ascii());
            }
            let name = [right.as_bytes(), others.as_bytes(), b"&", text, b"=1"].concat();
            assert_eq!(admin.post_body(&path, FORM, name).await.status, 400, "{path}");
        }
    }
    assert_eq!(app.database.dump().await, before);
}

#[actix_web::test]
async fn very_many_fields_are_read_like_a_few() {
    let app = App::start().await;
    app.signed_up(EMAIL).await;
    let form = format!("email={EMAIL}&password=violet+anvil+forty+marmots");
    for (more, status) in [("&", 303), ("&a", 303), ("&=", 303), ("&a=b", 303), ("&%61=", 303)] {
        let body = form.clone() + &more.repeat((16 * 1024 - form.len()) / more.len());
        let answer = app.client().post_body("/login", FORM, body).await;
        assert_eq!(answer.status, status, "{more}");
    }
    let names: String = (0..2000).map(|number| format!("&f{number}")).collect();
    let answer = app.client().post_body("/login", FORM, form + &names).await;
    assert_eq!(answer.redirects_to(), "/profile");
}

#[actix_web::test]
async fn a_body_that_does_not_come_in_time_is_a_408_and_the_end_of_the_connection() {
    let app = App::start().await;
    app.signed_up(EMAIL).await;
    let full = "email=ann%40example.com&password=violet+anvil+forty+marmots";
    for part in ["", &full[..20], full] {
        for length in ["Content-Length: 1000", "Transfer-Encoding: chunked"] {
            let head = format!(
                "POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: {FORM}\r\n{length}\r\n"
            );
            let mut stream = app.begin(&head);
            if length.starts_with("Transfer") && !part.is_empty() {
                write!(stream, "{:x}\r\n{part}\r\n", part.len()).unwrap();
            } else {
                stream.write_all(part.as_bytes()).unwrap();
            }
            app.clock.elapse(Duration::from_secs(4));
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            assert!(answer.starts_with("HTTP/1.1 408 "), "{length} {part}: {answer}");
            assert!(answer.contains("<h1>Request timed out</h1>"), "{answer}");
            assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
        }
    }
    let mut stream = app.begin(&format!(
        "POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: {FORM}\r\nConnection: close\r\nContent-Length: {}\r\n",
        full.len()
    ));
    app.clock.elapse(Duration::from_millis(3900));
    stream.write_all(full.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 303 "), "slow, but in time: {answer}");
}

#[actix_web::test]
async fn no_form_however_broken_is_a_500() {
    let app = App::start().await;
    let mut visitor = app.client();
    let bodies: [&[u8]; 13] = [
        b"",
        b"&",
        b"=",
        b"====&&&&",
        b"email",
        b"email=%",
        b"email=%zz&password=%e",
        b"email=%ff%fe&password=%c3%28",
        b"email=\xff\xfe&password=\xc3\x28",
        b"email=%00@example.com&password=%00%00%00%00%00%00%00%00%00%00%00%00",
        b"\0\0\0\0",
        b"email[]=a&email[0]=b",
        b"\x1f\x8b\x08\x00",
    ];
    let kinds = [FORM, "application/x-www-form-urlencoded; charset=UTF-8"];
    for body in bodies {
        for kind in kinds {
            for path in ["/login", "/signup"] {
                let answer = visitor.post_body(path, kind, body).await;
                let status = answer.status.as_u16();
                assert!([400, 422].contains(&status), "{status}: {path} {kind} {body:?}");
                assert!(answer.body.starts_with("<!doctype html>"), "{path} {body:?}");
            }
        }
    }
    let unknown = "application/x-www-form-urlencoded; charset=nonsense";
    let answer = visitor.post_body("/login", unknown, "email=a").await;
    assert!(answer.status.is_client_error(), "{}", answer.status);
}

#[actix_web::test]
async fn no_address_however_odd_is_a_500() {
    let app = App::start().await;
    let long = format!("/{}", "a".repeat(10_000));
    let paths = [
        "/%",
        "/%00",
        "/%ff%fe",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/../../etc/passwd",
        "/static/..%2f..%2fCargo.toml",
        "/static/%ff",
        "/static/%00",
        "/profile%00",
        "/login?next=%ff%fe",
        "/login?next",
        "/login?%",
        "/login?next=%0d%0aSet-Cookie:%20a=b",
        "/profile?%ff",
        "*",
        "/?\u{7f}",
        &long,
    ];
    for path in paths {
        let answer =
            app.raw(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
        let status = answer.split(' ').nth(1).unwrap_or_default();
        assert!(["200", "303", "400", "404"].contains(&status), "{path}: {answer}");
        let head = answer.split("\r\n\r\n").next().unwrap_or_default();
        assert!(!head.to_lowercase().contains("set-cookie"), "{path}: {answer}");
    }
}

#[actix_web::test]
async fn no_header_however_odd_is_a_500() {
    let app = App::start().await;
    app.signed_up(EMAIL).await;
    let form = "email=ann%40example.com&password=violet+anvil+forty+marmots";
    for (header, expected) in [
        (&b"User-Agent: \xff\xfe\x01"[..], &["303", "400"][..]),
        (b"User-Agent: ", &["303"]),
        (b"User-Agent: \xc3\xa9\xf0\x9f\x98\x80", &["303"]),
        (b"Cookie: \xff=\xfe; waxseal=\xff", &["303"]),
        (b"Cookie: ", &["303"]),
        (b"Origin: \xff", &["403"]),
        (b"Sec-Fetch-Site: \xff", &["403"]),
        (b"Content-Encoding: gzip", &["303", "400", "415"]),
        (b"X-Forwarded-For: '; DROP TABLE users; --", &["303"]),
        (b"Expect: nonsense", &["303", "417"]),
    ] {
        let length = form.len();
        let head = format!(
            "POST /login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: {FORM}\r\nContent-Length: {length}\r\n"
        );
        let answer = app.raw([head.as_bytes(), header, b"\r\n\r\n", form.as_bytes()].concat());
        let status = answer.split(' ').nth(1).unwrap_or_default();
        assert!(expected.contains(&status), "{}: {answer}", header.escape_ascii());
    }
}

#[actix_web::test]
async fn a_browsers_name_is_kept_short_and_in_one_line() {
    let app = App::start().await;
    app.signed_up(EMAIL).await;
    let form = [("email", EMAIL), ("password", PASSWORD)];
    let mut ann = app.client();
    let request = ann.request(Method::POST, "/login").form(&form);
    let answer = ann.send(request.header("User-Agent", "é".repeat(2000).as_bytes())).await;
    assert_eq!(answer.redirects_to(), "/profile");
    let longest = "SELECT MAX(LENGTH(user_agent)) FROM waxseal_sessions";
    assert_eq!(app.database.number(longest).await, 512);
    let request = ann.request(Method::POST, "/login").form(&form);
    let answer = ann.send(request.header("User-Agent", "a\u{9b}b\tc".as_bytes())).await;
    assert_eq!(answer.redirects_to(), "/profile");
    let plain = "SELECT user_agent FROM waxseal_sessions WHERE user_agent LIKE 'a%'";
    assert_eq!(app.database.texts(plain, &[]).await, ["abc"]);
}

#[actix_web::test]
async fn what_was_typed_is_never_markup() {
    let app = App::start().await;
    let mut visitor = app.client();
    let markup = "\"><script>alert(1)</script><a x='";
    let form = [("email", markup), ("password", "x"), ("next", markup)];
    for answer in [
        visitor.post("/login", &form).await,
        visitor.post("/signup", &form).await,
        visitor.get("/login?next=%22%3E%3Cscript%3Ealert(1)%3C/script%3E%3Ca%20x='").await,
    ] {
        assert!(!answer.body.contains("<script"), "{}", answer.body);
        assert!(answer.body.contains("alert(1)"), "{}", answer.body);
    }
}
