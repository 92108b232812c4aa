//! Changing the secret: the fallback keys.

use waxseal_seal::{Keyring, Secret};

use crate::harness::{Call, NAME, Site, World, handlers, purpose, seconds};

#[actix_web::test]
async fn a_token_of_a_fallback_key_is_accepted_and_re_sealed_at_once() {
    let world = World::new();
    let old = world.site().await.log_in("ann").await;
    let before = world.claims(&old);
    world.store.calls();

    let new_secret = Secret::generate();
    let keyring = Keyring::with_fallbacks(&new_secret, [&world.secret]).unwrap();
    let site = site_with_keys(&world, keyring).await;
    world.advance(1);
    let answer = site.get("/state", &old).await;
    let resealed = answer.sealed();
    assert_eq!(answer.user().await.as_deref(), Some("ann"));

    let new_world = World { secret: new_secret, ..world };
    let after = new_world.claims(&resealed.value);
    assert_eq!((after.sid, after.auth_time), (before.sid, before.auth_time));
    assert_eq!(after.exp, new_world.now() + seconds(resealed.max_age));
    assert_eq!(new_world.row(&resealed.value).unwrap().expires_at, after.exp);
    assert_eq!(new_world.store.calls(), [Call::Extend]);
    site.get("/state", &resealed.value).await.assert_no_cookie();
}

#[actix_web::test]
async fn a_token_of_a_fallback_key_is_re_sealed_also_when_its_expiry_can_not_move() {
    let world = World::new();
    let site = world.site_with(|middleware| middleware.lifetime(seconds(1000))).await;
    let old = site.log_in("ann").await;
    let exp = world.claims(&old).exp;

    let new_secret = Secret::generate();
    let keyring = Keyring::with_fallbacks(&new_secret, [&world.secret]).unwrap();
    let site = site_with_keys(&world, keyring).await;
    let resealed = site.get("/state", &old).await.sealed();
    assert_eq!(World { secret: new_secret, ..world }.claims(&resealed.value).exp, exp);
}

#[actix_web::test]
async fn a_token_of_a_fallback_key_is_re_sealed_whenever_it_comes() {
    let world = World::new();
    let old = world.site().await.log_in("ann").await;
    let keyring = Keyring::with_fallbacks(&Secret::generate(), [&world.secret]).unwrap();
    let site = site_with_keys(&world, keyring).await;

    world.store.fail(true);
    site.get("/state", &old).await.assert_no_cookie();
    world.store.fail(false);
    for _ in 0..2 {
        site.get("/state", &old).await.sealed();
    }
}

#[actix_web::test]
async fn new_tokens_are_never_sealed_with_a_fallback_key() {
    let world = World::new();
    let coming = Secret::generate();
    let site =
        site_with_keys(&world, Keyring::with_fallbacks(&world.secret, [&coming]).unwrap()).await;
    let ann = site.log_in("ann").await;
    assert!(Keyring::new(&world.secret).unseal(&purpose(NAME), &ann).is_ok());
    assert!(Keyring::new(&coming).unseal(&purpose(NAME), &ann).is_err());
    site.get("/state", &ann).await.assert_no_cookie();
}

#[actix_web::test]
async fn a_rotation_that_puts_the_new_secret_among_the_fallbacks_first_logs_no_one_out() {
    let world = World::new();
    let coming = Secret::generate();
    let keyring = |current, fallback| Keyring::with_fallbacks(current, [fallback]).unwrap();
    let not_yet_swapped = site_with_keys(&world, keyring(&world.secret, &coming)).await;
    let swapped = site_with_keys(&world, keyring(&coming, &world.secret)).await;

    let old = not_yet_swapped.log_in("ann").await;
    let new = swapped.get("/state", &old).await.sealed().value;
    let old = not_yet_swapped.get("/state", &new).await.sealed().value;
    assert_eq!(swapped.user(&old).await.as_deref(), Some("ann"));
}

#[actix_web::test]
async fn a_token_of_a_key_that_was_dropped_is_cleared() {
    let world = World::new();
    let ann = world.site().await.log_in("ann").await;
    let site = site_with_keys(&world, Keyring::new(&Secret::generate())).await;
    let answer = site.get("/state", &ann).await;
    answer.assert_cleared();
    assert_eq!(answer.user().await, None);
}

async fn site_with_keys(world: &World, keyring: Keyring) -> Site {
    let middleware = world.middleware_with_keys(keyring).build().unwrap();
    Site::wrapped(middleware, |routes| handlers(routes, world.clock.clone())).await
}
