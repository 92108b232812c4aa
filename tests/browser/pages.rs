//! Every page there is, in every state: THE list, for the tests that look at all of them.
//!
//! A new page, or a new state of one, gets a row in [`World::pages`].

use std::{collections::HashMap, fs, time::Duration};

use serde_json::json;
use test_support::{
    Answer, App, COOKIE_NAME, Database, PASSWORD,
    browser::{Browser, Scene},
};

use crate::visitor::Visitor;
use Step::*;
use Who::*;

/// Who looks at a page. Of all but [`Newcomer`] there is one, so no row may end their session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Who {
    /// Somebody who is not logged in.
    Visitor,
    /// Has one session and nothing else, and the longest of addresses.
    Ann,
    /// Has sessions in several browsers, and somebody has tried to guess the password.
    Bea,
    /// Has more sessions and log-ins than go on one page.
    Cyd,
    /// The administrator of more users than go on one page.
    Dot,
    /// Has just signed up: somebody else in every row, who may do anything. (Thirty may sign up from
    /// one place; some of them are used by the other rows.)
    Newcomer,
}

/// One step on the way to a page.
pub enum Step {
    Get(String),
    /// A form of the site; redirects are followed.
    Post(String, Vec<(&'static str, String)>),
    Trouble(Trouble),
}

/// What goes wrong on the server. It does not end: rows with it stand last.
#[derive(Debug, Clone, Copy)]
pub enum Trouble {
    /// As many sign-ups have come from here as are let in.
    SignUpsAreUsedUp,
    /// The database can't be reached, and the node does not know any more who is logged out.
    TheDatabaseIsAway,
}

/// A page in one of its states.
pub struct Page {
    pub name: &'static str,
    pub who: Who,
    /// The last one leads there.
    pub steps: Vec<Step>,
    pub status: u16,
    /// How its title begins.
    pub title: &'static str,
}

const LONG: &str = "a-name-of-sixty-four-letters-which-is-as-many-as-there-may-be-xx@\
    and-a-domain-with-a-label-of-nearly-sixty-three-letters-as.example";
const MAIL: &str = "Someone asked to reset the password of your account at waxseal.\r\n\r\n\
    Choose a new password:\r\nhttp://127.0.0.1:8080/reset?t=a-token-of-many-letters-and-of-no-use-at-all-which-\
    is-longer-than-a-line-because-they-all-are-and-it-must-not-make-the-page-wider-than-a-phone\r\n";
const WRONG: &str = "not the password at all";
const BROWSERS: [&str; 4] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:142.0) Gecko/20100101 Firefox/142.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 \
     (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
    "curl/8.15.0",
];

fn get(path: impl Into<String>) -> Step {
    Get(path.into())
}

fn post(path: impl Into<String>, fields: &[(&'static str, &str)]) -> Step {
    Post(path.into(), fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect())
}

/// So often the same form.
fn often(times: usize, path: &str, fields: &[(&'static str, &str)]) -> Vec<Step> {
    (0..times).map(|_| post(path, fields)).collect()
}

fn pair<'a>(email: &'a str, password: &'a str) -> [(&'static str, &'a str); 2] {
    [("email", email), ("password", password)]
}

fn log_in() -> Vec<Page> {
    vec![
        row("log-in", Visitor, 200, "Log in", [get("/login")]),
        row("log-in on the way to a page", Visitor, 200, "Log in", [get("/sessions?page=2")]),
        row("log-in, nothing given", Visitor, 422, "Error: Log in", [post("/login", &[])]),
        row(
            "log-in, an address that is none",
            Visitor,
            422,
            "Error: Log in",
            [post("/login", &pair("ann", PASSWORD))],
        ),
        row(
            "log-in, a wrong pair",
            Visitor,
            422,
            "Error: Log in",
            [post("/login", &pair(LONG, WRONG))],
        ),
        row(
            "log-in, throttled",
            Visitor,
            429,
            "Error: Log in",
            often(6, "/login", &pair("unknown@example.com", WRONG)),
        ),
    ]
}

/// Sign-up, and what visitors see of the rest.
fn for_visitors() -> Vec<Page> {
    vec![
        row("sign-up", Visitor, 200, "Sign up", [get("/signup")]),
        row(
            "sign-up on the way to a page",
            Visitor,
            200,
            "Sign up",
            [get("/signup?next=/sessions")],
        ),
        row("sign-up, nothing given", Visitor, 422, "Error: Sign up", [post("/signup", &[])]),
        row(
            "sign-up, an address that is none, a password that is too short",
            Visitor,
            422,
            "Error: Sign up",
            [post("/signup", &pair("ann", "short"))],
        ),
        row(
            "sign-up, a password that is easy to guess",
            Visitor,
            422,
            "Error: Sign up",
            [post("/signup", &pair("eve@example.com", "password12345"))],
        ),
        row(
            "sign-up, an address that is taken",
            Visitor,
            422,
            "Error: Sign up",
            [post("/signup", &pair(LONG, WRONG))],
        ),
        row(
            "sign-up, the address had an account",
            Visitor,
            200,
            "Profile",
            [post("/signup", &pair("bea@example.com", PASSWORD))],
        ),
        row("development's mails", Visitor, 200, "Mails", [get("/dev/mails")]),
        row(
            "one of development's mails",
            Visitor,
            200,
            "Reset your password",
            [get("/dev/mails/018f0000-0000-7000-8000-000000000000")],
        ),
        row("no such page", Visitor, 404, "Page not found", [get("/nowhere")]),
        row("no such method", Visitor, 405, "Method not allowed", [get("/profile/password")]),
        row(
            "too large a form",
            Visitor,
            413,
            "Request too large",
            [post("/signup", &pair(&"a".repeat(20_000), PASSWORD))],
        ),
    ]
}

/// The way back in for those who forgot their password.
fn forgotten(world: &World<'_>) -> Vec<Page> {
    let token = &world.reset_of_bea;
    let reset = |new| post("/reset", &[("t", token), ("new_password", new)]);
    vec![
        row("forgot", Visitor, 200, "Forgot your password?", [get("/forgot")]),
        row("forgot, nothing given", Visitor, 422, "Error: ", [post("/forgot", &[])]),
        row(
            "forgot, sent",
            Visitor,
            200,
            "Check your email",
            [post("/forgot", &[("email", "unknown@example.com")])],
        ),
        row("reset", Visitor, 200, "Choose a new password", [get(format!("/reset?t={token}"))]),
        row("reset, nothing given", Visitor, 422, "Error: ", [reset("")]),
        row("reset, easy to guess", Visitor, 422, "Error: ", [reset("password12345")]),
        row(
            "reset, a dead link",
            Visitor,
            410,
            "This link no longer works",
            [get("/reset?t=dead")],
        ),
    ]
}

/// A change of email address, and its undoing. Cyd's session is too old for it.
fn email_changes(world: &World<'_>) -> Vec<Page> {
    let (change, undo) = (&world.change_of_bea, &world.undo_of_eve);
    let confirm =
        |password| post("/confirm", &[("password", password), ("next", "/profile/email")]);
    let ask = |email| post("/profile/email", &[("email", email)]);
    let open = |page: &str, token: &str| get(format!("/{page}?t={token}"));
    let dead = "This link no longer works";
    vec![
        row("confirm", Cyd, 200, "Enter your password", [get("/profile/email")]),
        row("confirm, nothing given", Cyd, 422, "Error: ", [confirm("")]),
        row("change of email", Dot, 200, "Change email address", [get("/profile/email")]),
        row("change of email, nothing given", Dot, 422, "Error: ", [ask("")]),
        row("change of email, the same", Dot, 422, "Error: ", [ask("dot@example.com")]),
        row("profile, a link is sent", Dot, 200, "Profile", [ask("dot@new.example")]),
        row("link of a change", Bea, 200, "Change your email", [open("confirm-email", change)]),
        row("link of another", Dot, 403, "This link is for", [open("confirm-email", change)]),
        row("dead link of a change", Dot, 410, dead, [get("/confirm-email?t=dead")]),
        row("link of an undo", Visitor, 200, "Undo the change", [open("undo-email", undo)]),
        row("dead link of an undo", Visitor, 410, dead, [get("/undo-email?t=dead")]),
    ]
}

/// The profile, with its forms, and what follows when one is sent.
fn profile() -> Vec<Page> {
    let change =
        |old, new| post("/profile/password", &[("current_password", old), ("new_password", new)]);
    let delete = |password| post("/profile/delete", &[("password", password)]);
    vec![
        row("profile", Ann, 200, "Profile", [get("/profile")]),
        row(
            "profile, change of password, nothing given",
            Newcomer,
            422,
            "Error: ",
            [change("", "")],
        ),
        row(
            "profile, change of password, both wrong",
            Newcomer,
            422,
            "Error: ",
            [change(WRONG, "short")],
        ),
        row(
            "profile, change of password, easy to guess",
            Newcomer,
            422,
            "Error: ",
            [change(PASSWORD, "password12345")],
        ),
        row(
            "profile, the password is changed",
            Newcomer,
            200,
            "Profile",
            [change(PASSWORD, "seven unlikely purple otters")],
        ),
        row(
            "profile, change of password, throttled",
            Newcomer,
            429,
            "Error: ",
            (0..6).map(|_| change(WRONG, PASSWORD)).collect::<Vec<_>>(),
        ),
        row("deletion", Ann, 200, "Delete account", [get("/profile/deletion")]),
        row(
            "deletion, the last administrator asks",
            Dot,
            200,
            "Delete account",
            [get("/profile/deletion")],
        ),
        row("deletion, nothing given", Newcomer, 422, "Error: ", [delete("")]),
        row("deletion, a wrong password", Newcomer, 422, "Error: ", [delete(WRONG)]),
        row("deletion, the last administrator", Dot, 422, "Error: ", [delete(PASSWORD)]),
        row(
            "sign-up, the account is deleted",
            Newcomer,
            200,
            "Sign up",
            [get("/profile"), delete(PASSWORD)],
        ),
        row("log-in, logged out", Newcomer, 200, "Log in", [get("/profile"), post("/logout", &[])]),
    ]
}

/// What people see of their sessions and log-ins, and what they may not see.
fn for_people(world: &World<'_>) -> Vec<Page> {
    let others = &world.session_of_bea;
    vec![
        row("sessions, one", Ann, 200, "Sessions", [get("/sessions")]),
        row("sessions, several", Bea, 200, "Sessions", [get("/sessions")]),
        row("sessions, more than a page", Cyd, 200, "Sessions", [get("/sessions")]),
        row("sessions, the second page", Cyd, 200, "Sessions, page 2", [get("/sessions?page=2")]),
        row(
            "sessions, nothing on this page",
            Ann,
            200,
            "Sessions, page 9",
            [get("/sessions?page=9")],
        ),
        row(
            "sessions, the others are ended",
            Newcomer,
            200,
            "Sessions",
            [get("/sessions"), post("/sessions/revoke-others", &[])],
        ),
        row(
            "sessions, one that is somebody else's",
            Ann,
            404,
            "Page not found",
            [post(format!("/sessions/{others}/revoke"), &[])],
        ),
        row("the end of the others", Bea, 200, "End all other sessions", [get("/sessions/others")]),
        row("the end of one", Bea, 200, "End a session", [get(format!("/sessions/{others}"))]),
        row(
            "the end of one that is somebody else's",
            Ann,
            404,
            "Page not found",
            [get(format!("/sessions/{others}"))],
        ),
        row("log-ins", Ann, 200, "Log-ins", [get("/logins")]),
        row("log-ins, refused ones among them", Bea, 200, "Log-ins", [get("/logins")]),
        row("log-ins, more than a page", Cyd, 200, "Log-ins", [get("/logins")]),
        row("log-ins, the second page", Cyd, 200, "Log-ins, page 2", [get("/logins?page=2")]),
        row("log-ins, nothing on this page", Ann, 200, "Log-ins, page 9", [get("/logins?page=9")]),
        row(
            "no such page, for somebody who is logged in",
            Ann,
            404,
            "Page not found",
            [get("/nowhere")],
        ),
        row("for administrators only", Ann, 403, "Not allowed", [get("/admin/users")]),
    ]
}

/// What administrators see.
fn for_administrators(world: &World<'_>) -> Vec<Page> {
    let user = |id: &str| format!("/admin/users/{id}");
    let role = |id: &str, role| post(format!("/admin/users/{id}/role"), &[("role", role)]);
    let act = |id: &str, act: &str| post(format!("/admin/users/{id}/{act}"), &[]);
    let end = |id: &str| act(id, "revoke-sessions");
    let guess = || {
        post(
            "/login",
            &[("email", "pupil01@example.com"), ("password", "not the password of anyone")],
        )
    };
    vec![
        row("users", Dot, 200, "Users", [get("/admin/users")]),
        row("users, the second page", Dot, 200, "Users, page 2", [get("/admin/users?page=2")]),
        row("users, found", Dot, 200, "Users", [get("/admin/users?q=bea")]),
        row("users, nobody found", Dot, 200, "Users", [get("/admin/users?q=%22nobody%22+%3C%26")]),
        row("users, nobody on this page", Dot, 200, "Users, page 9", [get("/admin/users?page=9")]),
        row("user", Dot, 200, "a-name", [get(user(&world.id_of_ann))]),
        row("user, oneself", Dot, 200, "dot@", [get(user(&world.id_of_dot))]),
        row("user, without sessions", Dot, 200, "pupil01@", [get(user(&world.id_of_pupil))]),
        row("user, nobody", Dot, 404, "Page not found", [get(user("nobody"))]),
        row("user, no such role", Dot, 422, "Error: ", [role(&world.id_of_ann, "queen")]),
        row("user, the last administrator", Dot, 422, "Error: ", [role(&world.id_of_dot, "user")]),
        row(
            "user, the role is set",
            Dot,
            200,
            "pupil01@",
            [role(&world.id_of_pupil, "admin"), role(&world.id_of_pupil, "user")],
        ),
        row(
            "user, locked out by failed log-ins",
            Dot,
            200,
            "pupil01@",
            [guess(), guess(), guess(), guess(), guess(), get(user(&world.id_of_pupil))],
        ),
        row("user, unlocked", Dot, 200, "pupil01@", [act(&world.id_of_pupil, "unlock")]),
        row("user, gets a link", Dot, 200, "pupil01@", [act(&world.id_of_pupil, "send-reset")]),
        row("user, disabled", Dot, 200, "pupil01@", [act(&world.id_of_pupil, "disable")]),
        row("users, one disabled", Dot, 200, "Users", [get("/admin/users?q=pupil01")]),
        row(
            "user, disabled gets no link",
            Dot,
            422,
            "Error: ",
            [act(&world.id_of_pupil, "send-reset")],
        ),
        row("user, enabled", Dot, 200, "pupil01@", [act(&world.id_of_pupil, "enable")]),
        row(
            "user, oneself is not disabled",
            Dot,
            422,
            "Error: ",
            [act(&world.id_of_dot, "disable")],
        ),
        row("user, the sessions are ended", Dot, 200, "pupil01@", [end(&world.id_of_pupil)]),
    ]
}

/// What is seen when something is wrong on the server.
fn in_trouble() -> Vec<Page> {
    vec![
        row(
            "sign-up, throttled",
            Visitor,
            429,
            "Error: Sign up",
            [
                Trouble(Trouble::SignUpsAreUsedUp),
                post("/signup", &[("email", "eve@example.com"), ("password", PASSWORD)]),
            ],
        ),
        row(
            "the server can't answer",
            Ann,
            503,
            "Temporarily unavailable",
            [Trouble(Trouble::TheDatabaseIsAway), get("/profile")],
        ),
    ]
}

fn row(
    name: &'static str,
    who: Who,
    status: u16,
    title: &'static str,
    steps: impl Into<Vec<Step>>,
) -> Page {
    Page { name, who, steps: steps.into(), status, title }
}

/// A site with people, and all that they have.
pub struct World<'a> {
    app: &'a App,
    cookies: HashMap<Who, String>,
    session_of_bea: String,
    /// The token of a link that resets the password.
    reset_of_bea: String,
    /// The token of a link that changes the address.
    change_of_bea: String,
    /// The token of a link that undoes such a change.
    undo_of_eve: String,
    id_of_ann: String,
    id_of_dot: String,
    id_of_pupil: String,
}

impl<'a> World<'a> {
    /// Fills an empty site.
    pub async fn create(app: &'a App) -> Self {
        let mail = app.mails.path().join("018f0000-0000-7000-8000-000000000000.eml");
        fs::write(mail, format!("To: {LONG}\r\nSubject: Reset your password\r\n\r\n{MAIL}"))
            .unwrap();
        let mut cookies = HashMap::new();
        for (who, email, browser) in [
            (Ann, LONG, BROWSERS[0]),
            (Bea, "bea@example.com", BROWSERS[1]),
            (Cyd, "cyd@example.com", BROWSERS[2]),
        ] {
            let mut person = Visitor::new(app, browser);
            person.sign_up(email).await;
            cookies.insert(who, person.cookie().unwrap());
        }
        app.clock.advance(Duration::from_secs(3600));
        for browser in BROWSERS {
            let mut bea = Visitor::new(app, browser);
            let guess = [("email", "bea@example.com"), ("password", WRONG)];
            bea.go(&post("/login", &guess)).await;
            bea.log_in("bea@example.com").await;
        }
        let mut dot = Visitor::new(app, BROWSERS[0]);
        dot.sign_up("dot@example.com").await;
        app.promote("dot@example.com").await;
        dot.log_in("dot@example.com").await;
        cookies.insert(Dot, dot.cookie().unwrap());
        let database = &app.database;
        fill(database).await;
        let mut bea = Visitor::new(app, BROWSERS[1]);
        bea.go(&post("/forgot", &[("email", "bea@example.com")])).await;
        let reset_of_bea = app.newest_mail("bea@example.com", "Reset your password").await.token();
        bea.log_in("bea@example.com").await;
        let change_of_bea = asked_for_change(app, &mut bea, "bea@new.example").await;
        let mut eve = Visitor::new(app, BROWSERS[1]);
        eve.sign_up("eve@example.com").await;
        let change_of_eve = asked_for_change(app, &mut eve, "eve@new.example").await;
        eve.go(&post("/confirm-email", &[("t", &change_of_eve)])).await;
        let changed = "Your email address has changed";
        let undo_of_eve = app.newest_mail("eve@example.com", changed).await.token();
        let session_of_bea = "SELECT MIN(waxseal_sessions.id) FROM waxseal_sessions JOIN users ON users.id = user_id WHERE email LIKE 'bea%'";
        Self {
            app,
            cookies,
            reset_of_bea,
            change_of_bea,
            undo_of_eve,
            session_of_bea: database.text(session_of_bea).await,
            id_of_ann: app.id_of(LONG).await,
            id_of_dot: app.id_of("dot@example.com").await,
            id_of_pupil: app.id_of("pupil01@example.com").await,
        }
    }

    /// Every page in every state, those in trouble last.
    pub fn pages(&self) -> Vec<Page> {
        let mut pages = for_visitors();
        pages.extend(log_in());
        pages.extend(forgotten(self));
        pages.extend(profile());
        pages.extend(email_changes(self));
        pages.extend(for_people(self));
        pages.extend(for_administrators(self));
        pages.extend(in_trouble());
        pages
    }

    /// The page as the server sends it.
    pub async fn fetch(&self, page: &Page) -> Answer {
        let mut visitor = Visitor::new(self.app, BROWSERS[0]);
        if let Some(cookie) = self.cookie(page).await {
            visitor.set_cookie(&cookie);
        }
        let mut answer = None;
        for step in &page.steps {
            match step {
                Trouble(trouble) => self.cause(*trouble).await,
                step => answer = Some(visitor.go(step).await),
            }
        }
        let answer = answer.expect("the last step leads to the page");
        assert_eq!(answer.status, page.status, "{}: {}", page.name, answer.body);
        answer
    }

    /// Opens the page in a browser.
    pub async fn show(&self, page: &Page, browser: &Browser) {
        browser.delete_cookie(COOKIE_NAME).await;
        if let Some(cookie) = self.cookie(page).await {
            browser.set_cookie(COOKIE_NAME, &cookie).await;
        }
        for step in &page.steps {
            match step {
                Get(path) => browser.open(path).await,
                Post(path, fields) => send(browser, path, fields).await,
                Trouble(trouble) => self.cause(*trouble).await,
            }
        }
        let shown = browser
            .script("return [performance.getEntriesByType('navigation')[0].responseStatus, document.title]")
            .await;
        let title = shown[1].as_str().unwrap();
        assert_eq!(shown[0], page.status, "{}: {title}", page.name);
        assert!(title.starts_with(page.title), "{}: {title}", page.name);
    }

    async fn cookie(&self, page: &Page) -> Option<String> {
        if page.who != Newcomer {
            return self.cookies.get(&page.who).cloned();
        }
        let mut newcomer = Visitor::new(self.app, BROWSERS[2]);
        let email: String = page.name.chars().filter(char::is_ascii_alphanumeric).collect();
        newcomer.sign_up(&format!("{email}@example.com")).await;
        newcomer.cookie()
    }

    async fn cause(&self, trouble: Trouble) {
        match trouble {
            Trouble::SignUpsAreUsedUp => {
                let mut somebody = Visitor::new(self.app, BROWSERS[3]);
                let nobody = post("/signup", &[]);
                while somebody.go(&nobody).await.status != 429 {}
            }
            Trouble::TheDatabaseIsAway => {
                let away = "ALTER TABLE waxseal_sessions RENAME TO out_of_reach";
                self.app.database.execute(away, &[]).await;
                self.app.clock.elapse(Duration::from_secs(31));
            }
        }
    }
}

/// Sends a form from the page that is open, and waits for the one that comes.
async fn send(browser: &Browser, path: &str, fields: &[(&'static str, String)]) {
    let script = "
        const [path, fields] = arguments;
        const form = document.createElement('form');
        form.method = 'post';
        form.action = path;
        form.hidden = true;
        for (const [name, value] of fields) {
            const field = document.createElement('textarea');
            field.name = name;
            field.value = value;
            form.append(field);
        }
        document.body.append(form);
        form.submit();
    ";
    let fields = vec![json!(path), json!(fields)];
    browser.leave(async || drop(browser.execute(script, fields).await.unwrap())).await;
}

/// Asks for a change of address; the token of its link.
async fn asked_for_change(app: &App, person: &mut Visitor, new: &str) -> String {
    person.go(&post("/profile/email", &[("email", new)])).await;
    app.newest_mail(new, "Confirm your new email address").await.token()
}

/// More than fits on a page: users, and sessions and log-ins of Cyd's.
async fn fill(database: &Database) {
    const NUMBERS: &str =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)";
    let now = Scene::START.as_unix();
    let cyd = "(SELECT id FROM users WHERE email LIKE 'cyd%')";
    let users = format!(
        "INSERT INTO users (id, email, password_hash, role, created_at) {NUMBERS} SELECT printf('00000000-0000-4000-8000-%012d', i),
         printf('pupil%02d@example.com', i), 'none', 'user', {now} - i FROM n"
    );
    let sessions = format!(
        "INSERT INTO waxseal_sessions {NUMBERS} SELECT printf('%021dA', i), {cyd}, '{{}}', {now} - i,
         {now} - i, {now} + 600000, {now} + 600000, NULL, NULL, NULL, printf('2001:db8:%x:aaaa:bbbb:cccc:dddd:%x', i, i),
         '{}' FROM n",
        BROWSERS[0]
    );
    let log_ins = format!(
        "INSERT INTO login_events {NUMBERS} SELECT printf('00000000-0000-4000-8000-%012d', i),
         {now} - i, {cyd}, CASE i % 3 WHEN 0 THEN 'refused' ELSE 'granted' END, NULL, NULL FROM n"
    );
    for statement in [users, sessions, log_ins] {
        database.execute(&statement, &[]).await;
    }
}
