//! What the service says when it was started wrongly.

use std::process::Command;

#[test]
fn without_the_address_of_doorward_it_says_which_setting_is_missing() {
    let mut service = Command::new(env!("CARGO_BIN_EXE_doorward-example-axum"));
    let Ok(ran) = service.env_clear().output() else {
        unreachable!("the service was built for this test");
    };
    assert!(!ran.status.success());
    assert!(String::from_utf8_lossy(&ran.stderr).contains("set DOORWARD_URL"));
}
