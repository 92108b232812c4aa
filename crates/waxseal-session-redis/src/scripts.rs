//! The Lua scripts. Redis runs each as one atomic step. JSON passes through them as text.

use std::sync::LazyLock;

use redis::Script;

type LazyScript = LazyLock<Script>;

pub(crate) static CREATE: LazyScript = LazyLock::new(|| {
    Script::new(concat!(
        include_str!("scripts/announce.lua"),
        include_str!("scripts/index.lua"),
        include_str!("scripts/create.lua")
    ))
});

pub(crate) static LOAD: LazyScript =
    LazyLock::new(|| Script::new(include_str!("scripts/load.lua")));

pub(crate) static SAVE: LazyScript = LazyLock::new(|| {
    Script::new(concat!(include_str!("scripts/index.lua"), include_str!("scripts/save.lua")))
});

pub(crate) static REVOKE: LazyScript = LazyLock::new(|| {
    Script::new(concat!(include_str!("scripts/announce.lua"), include_str!("scripts/revoke.lua")))
});

pub(crate) static REVOKE_ALL: LazyScript = LazyLock::new(|| {
    let announce = include_str!("scripts/announce.lua");
    Script::new(&[announce, include_str!("scripts/revoke_all.lua")].concat())
});

pub(crate) static MEMBERS: LazyScript =
    LazyLock::new(|| Script::new(include_str!("scripts/members.lua")));

pub(crate) static SESSIONS: LazyScript =
    LazyLock::new(|| Script::new(include_str!("scripts/sessions.lua")));

pub(crate) static TOUCH: LazyScript =
    LazyLock::new(|| Script::new(include_str!("scripts/touch.lua")));

pub(crate) static EPOCH: LazyScript =
    LazyLock::new(|| Script::new(include_str!("scripts/epoch.lua")));

pub(crate) static LAST_ENTRY: LazyScript =
    LazyLock::new(|| Script::new(include_str!("scripts/last_entry.lua")));

pub(crate) static SCAN: LazyScript =
    LazyLock::new(|| Script::new(include_str!("scripts/scan.lua")));

pub(crate) static READ: LazyScript =
    LazyLock::new(|| Script::new(include_str!("scripts/read.lua")));

pub(crate) static RESTORE: LazyScript = LazyLock::new(|| {
    let announce = include_str!("scripts/announce.lua");
    Script::new(&[announce, include_str!("scripts/restore.lua")].concat())
});

pub(crate) static CLEAN: LazyScript =
    LazyLock::new(|| Script::new(include_str!("scripts/clean.lua")));
