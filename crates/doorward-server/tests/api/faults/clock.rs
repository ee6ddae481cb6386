//! The clock jumps (TK-07): by `libfaketime`, which the server is started with. Time that only goes on, as for deadlines, is
//! left alone.

use std::fs;

use serde_json::json;

use crate::{
    client::{get, login, post},
    installation::{Engine, Installation, PASSWORD, engines},
    programs,
};

struct Clock {
    file: std::path::PathBuf,
}

impl Clock {
    /// From now on the server's clock is so far from ours: `+7200`, in seconds.
    fn jump(&self, offset: &str) {
        let next = self.file.with_extension("next");
        fs::write(&next, format!("{offset}\n")).unwrap();
        fs::rename(next, &self.file).unwrap();
    }
}

fn installation(engine: Engine, library: &str) -> (Installation, Clock) {
    let installation = Installation::new(engine);
    let clock = Clock {
        file: installation.folder().join("clock"),
    };
    clock.jump("+0");
    let file = clock.file.to_str().unwrap();
    let installation = installation
        .set("LD_PRELOAD", library)
        .set("FAKETIME_TIMESTAMP_FILE", file)
        .set("FAKETIME_NO_CACHE", "1")
        .set("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    (installation, clock)
}

#[test]
fn a_clock_that_jumps_ends_what_is_over_and_nothing_else() {
    let Some(library) = programs::named_by("DOORWARD_FAKETIME") else {
        return;
    };
    for engine in engines() {
        let (installation, clock) = installation(engine, &library);
        let server = installation.start();
        server.sign_up("una");
        let pair = login("una", PASSWORD).send(server.address).json();
        let access = pair["token"].as_str().unwrap().to_owned();
        let refresh = pair["refresh_token"].as_str().unwrap().to_owned();
        let profile = || get("/profile").bearer(&access).send(server.address).status;
        assert_eq!(profile(), 200);
        for _ in 0..5 {
            assert_eq!(login("vera", PASSWORD).send(server.address).status, 401);
        }
        assert_eq!(login("vera", PASSWORD).send(server.address).status, 429);

        // Back: the token comes from the future, and whoever has to wait has not waited yet.
        clock.jump("-7200");
        assert_eq!(profile(), 401);
        let waiting = login("vera", PASSWORD).send(server.address);
        assert_eq!(waiting.status, 429, "{waiting:?}");
        let fresh = server.token("una", PASSWORD);
        assert_eq!(
            get("/profile").bearer(&fresh).send(server.address).status,
            200
        );

        clock.jump("+0");
        assert_eq!(profile(), 200);

        // On: the token is over, its session is not.
        clock.jump("+7200");
        assert_eq!(profile(), 401);
        let answer = post("/auth/refresh", &json!({"refresh_token": refresh})).send(server.address);
        assert_eq!(answer.status, 200, "{answer:?}");
        let refresh = answer.json()["refresh_token"].as_str().unwrap().to_owned();
        server.token("una", PASSWORD);

        // Ten years: everything is over, and the server is not.
        clock.jump("+315360000");
        let answer = post("/auth/refresh", &json!({"refresh_token": refresh})).send(server.address);
        assert_eq!(answer.status, 401, "{answer:?}");
        let late = server.token("una", PASSWORD);
        assert_eq!(
            get("/profile").bearer(&late).send(server.address).status,
            200
        );

        clock.jump("+0");
        let again = server.token("una", PASSWORD);
        assert_eq!(
            get("/profile").bearer(&again).send(server.address).status,
            200
        );
        let (_, log) = server.stop();
        assert!(!log.contains("panicked"), "{log}");
        let verified = installation.run(&["audit", "verify"], "");
        assert!(verified.status.success(), "{verified:?}");
    }
}
