//! The rules all at once: whatever a browser does in whatever order, its session lives exactly
//! when a model of a dozen lines says so.

use proptest::prelude::*;
use waxseal_session::{Mode, Timestamp};

use crate::harness::{Answer, IDLE, LIFETIME, Site, World, seconds};

/// What can happen next.
#[derive(Debug, Clone, Copy)]
enum Act {
    Advance(u64),
    Read,
    Write,
    LogIn,
    LogOut,
    /// The app restarts in the other mode.
    SwitchMode,
}

fn act() -> impl Strategy<Value = Act> {
    let to_a_boundary = prop_oneof![Just(IDLE), Just(IDLE * 3 / 4), Just(LIFETIME)];
    prop_oneof![
        3 => (0..IDLE).prop_map(Act::Advance),
        1 => (to_a_boundary, 0..3_u64).prop_map(|(to, plus)| Act::Advance(to + plus - 1)),
        4 => Just(Act::Read),
        3 => Just(Act::Write),
        2 => Just(Act::LogIn),
        1 => Just(Act::LogOut),
        1 => Just(Act::SwitchMode),
    ]
}

proptest! {
    #[test]
    fn a_session_lives_exactly_when_the_model_says_so(
        acts in prop::collection::vec(act(), 1..60),
    ) {
        actix_web::rt::System::new().block_on(run(&acts));
    }
}

/// What the middleware ought to keep of a session.
#[derive(Debug, Clone, Copy)]
struct Model {
    auth_time: Timestamp,
    exp: Timestamp,
    /// The mode that its cookie was sealed in.
    kind: Mode,
    writes: u64,
}

impl Model {
    fn opened(now: Timestamp, kind: Mode) -> Self {
        let mut opened = Self { auth_time: now, exp: now, kind, writes: 0 };
        opened.exp = opened.later(now);
        opened
    }

    fn later(&self, now: Timestamp) -> Timestamp {
        (now + seconds(IDLE)).min(self.auth_time + seconds(LIFETIME))
    }

    /// A request comes, and perhaps writes. Whether a cookie goes out.
    fn used(&mut self, now: Timestamp, mode: Mode, writes: bool) -> bool {
        let due = self.exp.since(now) <= seconds(IDLE / 4) && self.later(now) > self.exp;
        let sealed = due || self.kind != mode || (writes && mode == Mode::Cookie);
        if sealed {
            self.exp = self.later(now);
            self.kind = mode;
        }
        self.writes += u64::from(writes);
        sealed
    }
}

async fn run(acts: &[Act]) {
    let mut run = Run::start().await;
    for act in acts {
        match *act {
            Act::Advance(by) => run.world.advance(by),
            Act::SwitchMode => run.switch_mode().await,
            act => run.request(act).await,
        }
    }
    for token in run.ended {
        assert_eq!(run.site.get("/state", &token).await.text().await, "{}");
    }
}

/// The site and the model, side by side.
struct Run {
    world: World,
    mode: Mode,
    site: Site,
    /// The cookie that the browser has.
    token: Option<String>,
    model: Option<Model>,
    /// Cookies copied from sessions that were ended since.
    ended: Vec<String>,
}

impl Run {
    async fn start() -> Self {
        let world = World::new();
        let site = world.site().await;
        Self { world, mode: Mode::Cookie, site, token: None, model: None, ended: Vec::new() }
    }

    async fn switch_mode(&mut self) {
        self.mode = if self.mode == Mode::Cookie { Mode::Database } else { Mode::Cookie };
        self.site = self.world.site_with(|middleware| middleware.mode(self.mode)).await;
    }

    async fn request(&mut self, act: Act) {
        self.model = self.model.filter(|session| self.world.now() < session.exp);
        let writes = self.model.map_or(0, |session| session.writes);
        let path = match act {
            Act::Write => format!("/set/writes/{}", writes + 1),
            Act::LogIn => "/login/ann".to_owned(),
            Act::LogOut => "/purge".to_owned(),
            _ => "/state".to_owned(),
        };
        let answer = match &self.token {
            Some(token) => self.site.get(&path, token).await,
            None => self.site.visit(&path).await,
        };
        let sealed = self.predict(act);
        self.check_cookie(&answer, sealed);
        if matches!(act, Act::Read) {
            self.check_state(&answer.text().await);
        }
    }

    /// What the model makes of an act. Whether a session's cookie goes out.
    fn predict(&mut self, act: Act) -> bool {
        let now = self.world.now();
        match (act, &mut self.model) {
            (Act::LogIn, session) => {
                self.ended.extend(session.and(self.token.clone()));
                let writes = session.map_or(0, |session| session.writes); // the state goes along
                *session = Some(Model { writes, ..Model::opened(now, self.mode) });
                true
            }
            (Act::LogOut, session) => {
                self.ended.extend(session.take().and(self.token.clone()));
                false
            }
            // To write is to begin a session where there is none.
            (Act::Write, session @ None) => {
                *session = Some(Model { writes: 1, ..Model::opened(now, self.mode) });
                true
            }
            (act, Some(session)) => session.used(now, self.mode, matches!(act, Act::Write)),
            (_, None) => false,
        }
    }

    fn check_cookie(&mut self, answer: &Answer, sealed: bool) {
        if sealed {
            let (cookie, session) = (answer.sealed(), self.model.unwrap());
            let claims = self.world.claims(&cookie.value);
            assert_eq!((claims.auth_time, claims.exp), (session.auth_time, session.exp));
            assert_eq!(claims.exp, self.world.now() + seconds(cookie.max_age));
            assert_eq!(self.world.row(&cookie.value).unwrap().expires_at, claims.exp);
            self.token = Some(cookie.value);
        } else if self.model.is_none() && self.token.is_some() {
            answer.assert_cleared();
            self.token = None;
        } else {
            answer.assert_no_cookie();
        }
    }

    fn check_state(&self, state: &str) {
        assert_eq!(self.model.is_some(), state != "{}", "{state}");
        match self.model {
            Some(Model { writes: writes @ 1.., .. }) => {
                assert!(state.contains(&format!(r#""writes":"{writes}""#)), "{state}");
            }
            _ => assert!(!state.contains("writes"), "{state}"),
        }
    }
}
