use crate::fixture::World;
use crate::http::ECHO;

/// The tests through the front door are in Python, and take this one as it is. `ZERUN_BLESS=1` writes it.
#[tokio::test]
async fn the_component_that_other_tests_take_is_this_one() {
    let world = World::new();
    let made = std::fs::read(world.http(ECHO)).unwrap();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/guests/echo.wasm");
    if std::env::var_os("ZERUN_BLESS").is_some() {
        std::fs::write(path, &made).unwrap();
    }
    assert!(std::fs::read(path).unwrap() == made, "{path} is not what http.wat says: run with ZERUN_BLESS=1");
}
