//! How many accounts a network may ask for.

use crate::{
    client::register,
    installation::{Installation, PASSWORD, engines},
};

#[test]
fn a_network_registers_so_many_an_hour_and_an_administrator_more() {
    for engine in engines() {
        let installation = Installation::new(engine)
            .set("DOORWARD_HTTP_TRUSTED_PROXIES", "127.0.0.1")
            .set("DOORWARD_THROTTLE_REGISTRATIONS_PER_HOUR", "3");
        let server = installation.start();
        let admin = server.set_up();
        let ask = |name: &str, from: &str| register(name, PASSWORD).forwarded_for(from);
        let here = "203.0.113.9";
        assert_eq!(ask("una", here).send(server.address).status, 201);
        // A taken name counts: it was told that it is taken.
        assert_eq!(ask("una", here).send(server.address).status, 409);
        assert_eq!(ask("vera", here).send(server.address).status, 201);
        for name in ["una", "wanda"] {
            let answer = ask(name, here).send(server.address);
            assert_eq!(answer.status, 429, "{answer:?}");
            assert_eq!(answer.text(), r#"{"error":"Too many requests"}"#);
            let wait: u32 = answer.header("retry-after").unwrap().parse().unwrap();
            assert!((3000..=3600).contains(&wait), "{wait}");
        }
        let by_admin = ask("wanda", here).bearer(&admin).send(server.address);
        assert_eq!(by_admin.status, 201, "{by_admin:?}");
        let elsewhere = ask("xenia", "198.51.100.7").send(server.address);
        assert_eq!(elsewhere.status, 201, "{elsewhere:?}");
    }
}

#[test]
fn the_demo_registers_whoever_asks() {
    let (_kept, server) = Installation::demo(crate::installation::Engine::Sqlite)
        .set("DOORWARD_THROTTLE_REGISTRATIONS_PER_HOUR", "1")
        .start_kept();
    for name in ["una", "vera", "wanda"] {
        assert_eq!(register(name, PASSWORD).send(server.address).status, 201);
    }
}
