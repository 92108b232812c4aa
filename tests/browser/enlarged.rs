//! As people set it up who see little, or can't bear movement.

use serde_json::Value;
use test_support::browser::{Browser, Scene};

use crate::pages::World;

/// What sticks out of the window, or is too wide for its place. What only screen readers are
/// to meet is one pixel large, and the link that skips to the content comes in when it has the focus;
/// long text in a field can be moved through.
const CUT_OFF: &str = "
    const found = [];
    const root = document.documentElement;
    if (root.scrollWidth > innerWidth) {
        found.push(`the page is ${root.scrollWidth} px wide`);
    }
    const unseen = element => element.closest('.skip') || (element.offsetWidth === 1 && element.offsetHeight === 1);
    const look = element => {
        if (unseen(element)) {
            return;
        }
        const box = element.getBoundingClientRect();
        const name = element.outerHTML.slice(0, 100);
        if (box.width > 0 && (box.left < 0 || box.right > innerWidth + 0.5)) {
            found.push(`${name} reaches from ${box.left} to ${box.right} px`);
        }
        const field = element.matches('input, select');
        if (!field && element.clientWidth > 0 && element.scrollWidth > element.clientWidth + 1) {
            found.push(`${name} needs ${element.scrollWidth} px and has ${element.clientWidth}`);
        }
        [...element.children].forEach(look);
    };
    [...document.body.children].forEach(look);
    return found;
";

/// What moves, or would.
const MOVES: &str = "
    const found = document.getAnimations().map(String);
    for (const element of document.querySelectorAll('*')) {
        for (const part of [null, '::before', '::after']) {
            const style = getComputedStyle(element, part);
            const lasts = style.transitionDuration.split(', ').some(time => parseFloat(time) > 0);
            if (lasts || style.animationName !== 'none' || style.scrollBehavior === 'smooth') {
                found.push(`${element.outerHTML.slice(0, 100)} moves`);
            }
        }
    }
    return found;
";

#[actix_web::test]
async fn at_twice_the_size_no_page_is_cut_off_and_nothing_moves_for_those_who_want_that() {
    let Some(scene) = Scene::set().await else { return };
    let world = World::create(&scene.app).await;
    let browser = scene.browser().await;
    // A window of 1280 pixels has 640 of its own size then.
    browser.resize(640, 2).await;
    browser.emulate_media("prefers-reduced-motion", "reduce").await;
    let mut found = Vec::new();
    for page in world.pages() {
        world.show(&page, &browser).await;
        let set_up = browser
            .script("return [innerWidth, devicePixelRatio, matchMedia('(prefers-reduced-motion)').matches]")
            .await;
        assert_eq!(set_up.to_string(), "[640,2,true]");
        for look in [CUT_OFF, MOVES] {
            found.extend(lines(&browser, look).await.map(|line| format!("{}: {line}", page.name)));
        }
    }
    assert!(found.is_empty(), "{} found:\n{}", found.len(), found.join("\n"));
}

async fn lines(browser: &Browser, script: &str) -> impl Iterator<Item = String> + use<> {
    let Value::Array(lines) = browser.script(script).await else { panic!("a list of lines") };
    lines.into_iter().map(|line| line.as_str().unwrap().to_owned())
}
