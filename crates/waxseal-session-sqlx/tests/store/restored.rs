//! A database that was restored from a backup: its rows know an earlier expiry than the cookies. What was
//! revoked stays revoked while a cookie could be valid, after clean-ups and restarts, too.

use std::time::Duration;

use waxseal_session::{Clock, RevocationStatus, SessionRecord, SessionStore};
use waxseal_session_sqlx::SqlSessionStore;

use crate::place::{AppTransaction, Place, START, session, within};

const DAY: Duration = Duration::from_secs(86_400);

/// Every way to revoke a session of Ann's.
#[derive(Debug, Clone, Copy)]
enum Way {
    LogOut,
    ById,
    ByIdOfOwner,
    AllOfUser,
    Replace,
    ReplaceAll,
    InAppTransaction,
    AllInAppTransaction,
}

const WAYS: [Way; 8] = [
    Way::LogOut,
    Way::ById,
    Way::ByIdOfOwner,
    Way::AllOfUser,
    Way::Replace,
    Way::ReplaceAll,
    Way::InAppTransaction,
    Way::AllInAppTransaction,
];

impl Way {
    async fn revoke(self, place: &Place, store: &SqlSessionStore, ann: &SessionRecord) {
        let by = || session("eve", &Clock::manual(START));
        match self {
            Self::LogOut => SessionStore::revoke(store, ann).await.unwrap(),
            Self::ById => drop(store.revoke_session(&ann.id, None).await.unwrap()),
            Self::ByIdOfOwner => drop(store.revoke_session(&ann.id, Some("ann")).await.unwrap()),
            Self::AllOfUser => drop(store.revoke_all("ann", None).await.unwrap()),
            Self::Replace => {
                let mut transaction = store.begin().await.unwrap();
                transaction.replace(&ann.id, &by().id).await.unwrap();
                transaction.commit().await.unwrap();
            }
            Self::ReplaceAll => {
                let mut transaction = store.begin().await.unwrap();
                transaction.replace_all("ann", &ann.id, &by().id).await.unwrap();
                transaction.commit().await.unwrap();
            }
            Self::InAppTransaction | Self::AllInAppTransaction => {
                let mut transaction = AppTransaction::begin(&place.pool().await).await;
                let pending = if matches!(self, Self::InAppTransaction) {
                    within!(transaction, |it| store.revoke_in(it, &ann.id).await)
                } else {
                    within!(transaction, |it| store.revoke_all_in(it, "ann", None).await)
                };
                transaction.commit().await;
                pending.unwrap().committed();
            }
        }
    }
}

/// A session of Ann's as the backup knows it: it expires after seven days, and could be refreshed up to the
/// thirtieth. The cookie was.
async fn backed_up(store: &SqlSessionStore, clock: &Clock) -> SessionRecord {
    let ann = session("ann", clock);
    assert!(store.create(&ann, None).await.unwrap());
    ann
}

async fn rows(store: &SqlSessionStore) -> i64 {
    let count = sqlx::query("SELECT COUNT(*) FROM waxseal_sessions");
    sqlx::Row::get(&store.database().fetch_optional(count).await.unwrap().unwrap(), 0)
}

/// Of `before` days since the log-in, the clean-up has run after each.
async fn assert_stays_revoked(way: Way, before: u32) {
    for place in Place::with_own_pools() {
        let clock = Clock::manual(START);
        let store = place.still(&clock).await;
        let ann = backed_up(&store, &clock).await;
        clock.elapse(DAY * before);
        store.clean_up().await.unwrap();
        way.revoke(&place, &store, &ann).await;
        clock.elapse(DAY * (30 - before) - Duration::from_secs(1));
        store.clean_up().await.unwrap();
        let restarted = SqlSessionStore::load(store.database().clone(), clock.clone()).await;
        let status = restarted.unwrap().revocation_status(&ann.id);
        assert_eq!(status, RevocationStatus::Revoked, "{way:?}");
        clock.elapse(DAY + Duration::from_secs(2));
        store.clean_up().await.unwrap();
        assert_eq!(rows(&store).await, 0, "{way:?}");
    }
}

#[actix_web::test]
async fn a_revoked_session_stays_revoked_while_a_newer_cookie_could_be_valid() {
    for way in WAYS {
        assert_stays_revoked(way, 3).await;
    }
}

/// By its row it has expired, and the clean-up has passed it.
#[actix_web::test]
async fn a_session_whose_old_expiry_has_passed_can_still_be_revoked_in_every_way() {
    for way in WAYS {
        assert_stays_revoked(way, 20).await;
    }
}

/// The one who logs out has a cookie that was sealed before the longer lifetime was set.
#[actix_web::test]
async fn a_longer_lifetime_that_came_with_a_refresh_counts() {
    for place in Place::with_own_pools() {
        let clock = Clock::manual(START);
        let store = place.still(&clock).await;
        let ann = backed_up(&store, &clock).await;
        let longer = SessionRecord { latest_expiry: ann.latest_expiry + 60 * DAY, ..ann.clone() };
        assert!(store.save(&longer, &waxseal_session::StateChanges::NONE).await.unwrap().is_some());
        store.revoke(&ann).await.unwrap();
        clock.elapse(DAY * 80);
        store.clean_up().await.unwrap();
        assert_eq!(rows(&store).await, 1);
    }
}
