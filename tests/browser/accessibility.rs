//! The pages, judged by two that know the rules by heart: axe-core, in the browser, of what people
//! meet there; html-validate of what the server sends.

use std::{fs, path::Path, process::Command};

use serde_json::{Value, json};
use tempfile::TempDir;
use test_support::{
    App,
    browser::{Browser, Scene, node_modules},
};

use crate::pages::World;

/// The success criteria of WCAG 2.2 at levels A and AA that can be checked so, and what axe-core's
/// authors advise beyond them.
const RULES: [&str; 6] = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/// Those whose verdict depends on the light and the width, and not only on the HTML.
const RULES_OF_LOOKS: [&str; 4] =
    ["color-contrast", "link-in-text-block", "scrollable-region-focusable", "target-size"];

/// Each light and each width sees all rules; their other combinations, those of looks.
const LOOKS: [(&str, u32, bool); 4] =
    [("light", 1280, true), ("light", 320, false), ("dark", 320, true), ("dark", 1280, false)];

/// Runs axe-core; what it finds, in lines, and what it can't decide, too. It says what it has looked
/// at, or nothing would be found where nothing is looked at.
const AXE: &str = "
    const [type, values, done] = arguments;
    const lines = rule => rule.nodes.map(node =>
        [rule.id, node.target.join(' '), rule.help, node.failureSummary || ''].join(': '));
    axe.run(document, { runOnly: { type, values }, resultTypes: ['violations', 'incomplete'] }).then(
        result => done({
            passed: result.passes.map(rule => rule.id),
            found: result.violations.concat(result.incomplete).flatMap(lines),
        }),
        error => done({ passed: [], found: [String(error)] }),
    );
";

#[actix_web::test]
async fn no_page_breaks_a_rule_of_accessibility_in_any_light_or_width() {
    let (Some(modules), Some(scene)) = (node_modules(), Scene::set().await) else { return };
    let axe = fs::read_to_string(modules.join("axe-core/axe.min.js")).unwrap();
    let world = World::create(&scene.app).await;
    let browser = scene.browser().await;
    let mut found = Vec::new();
    for page in world.pages() {
        world.show(&page, &browser).await;
        browser.script(&axe).await;
        for (light, width, all) in LOOKS {
            browser.emulate_media("prefers-color-scheme", light).await;
            browser.resize(width, 1).await;
            let problems = problems(&browser, all).await;
            found
                .extend(problems.map(|line| format!("{}, {light}, {width} px: {line}", page.name)));
        }
    }
    assert!(found.is_empty(), "{} found:\n{}", found.len(), found.join("\n"));
}

async fn problems(browser: &Browser, all: bool) -> impl Iterator<Item = String> + use<> {
    let which = match all {
        true => vec![json!("tag"), json!(RULES)],
        false => vec![json!("rule"), json!(RULES_OF_LOOKS)],
    };
    let mut result = browser.execute_async(AXE, which).await.unwrap();
    let passed = result["passed"].as_array().unwrap();
    let checked = |rule: &str| passed.iter().any(|id| id == rule);
    assert!(checked("color-contrast"), "{result}");
    assert!(!all || (checked("document-title") && checked("region")), "{result}");
    let Value::Array(found) = result["found"].take() else { panic!("a list: {result}") };
    found.into_iter().map(|line| line.as_str().unwrap().to_owned())
}

/// What `.htmlvalidate.json` leaves out of html-validate's recommended rules: roles of tables, which
/// are redundant only as long as CSS does not make blocks of them; types of buttons, all of which
/// send forms; lengths of titles, in which there may be an email address; spaces at the ends of lines.
#[actix_web::test]
async fn what_the_server_sends_is_valid_html() {
    let Some(modules) = node_modules() else { return };
    let pages = TempDir::new().unwrap();
    let app = App::start_at(Scene::START).await;
    let world = World::create(&app).await;
    for page in world.pages() {
        let answer = world.fetch(&page).await;
        let title = format!("<title>{}", page.title);
        assert!(answer.body.contains(&title), "{}: {}", page.name, answer.body);
        fs::write(pages.path().join(format!("{}.html", page.name)), answer.body).unwrap();
    }
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/.htmlvalidate.json");
    let output = Command::new(modules.join(".bin/html-validate"))
        .args(["--formatter", "text", "--max-warnings", "0", "--config"])
        .arg(config)
        .arg(pages.path())
        .output()
        .expect("html-validate can be run");
    let report = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&report));
}
