//! No file descriptors left (HT-05).

use crate::{
    client::get,
    installation::{Engine, Installation, PASSWORD, eventually},
    wire::Wire,
};

#[test]
fn without_file_descriptors_those_who_are_connected_are_served_and_later_everybody_is_again() {
    let (_kept, server) = Installation::new(Engine::Sqlite)
        .under(&[], r#"ulimit -n 64; exec "$@""#)
        .start_kept();
    let token = server.sign_up("una");
    let profile = get("/profile").bearer(&token);
    let mut early = Wire::open(server.address).unwrap();
    early.send(&profile.bytes()).unwrap();
    assert_eq!(early.answer(false).unwrap().status, 200);
    let crowd: Vec<Wire> = (0..150)
        .map(|_| Wire::open(server.address).unwrap())
        .collect();
    eventually("it says that it cannot accept", || {
        server.log().contains("cannot accept connections")
    });
    for _ in 0..50 {
        early.send(&profile.bytes()).unwrap();
        assert_eq!(early.answer(false).unwrap().status, 200);
    }
    drop(crowd);
    eventually("others are served again", || {
        profile
            .try_send(server.address)
            .is_ok_and(|answer| answer.status == 200)
    });
    server.token("una", PASSWORD);
    let (_, log) = server.stop();
    assert!(!log.contains("panicked"), "{log}");
}
