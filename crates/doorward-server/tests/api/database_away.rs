//! The database stops answering, or is gone (DB-08). A proxy between server and database plays the accident.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    thread,
    time::Duration,
};

use crate::{
    client::{get, login, register},
    installation::{Engine, Installation, PASSWORD, Server, engines, eventually, mysql_server},
};

const PASS: u8 = 0;
/// Connections stay open, and nothing comes through.
const STALL: u8 = 1;
/// Connections are cut, and new ones at once.
const CUT: u8 = 2;

struct Proxy {
    address: SocketAddr,
    mode: Arc<AtomicU8>,
}

impl Proxy {
    fn before(database: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mode = Arc::new(AtomicU8::new(PASS));
        let seen = Arc::clone(&mode);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if seen.load(Ordering::SeqCst) == CUT {
                    continue;
                }
                let Ok(server) = TcpStream::connect(database) else {
                    continue;
                };
                for (from, to) in [
                    (client.try_clone(), server.try_clone()),
                    (server.try_clone(), client.try_clone()),
                ] {
                    let (from, to, mode) = (from.unwrap(), to.unwrap(), Arc::clone(&seen));
                    thread::spawn(move || carry(from, to, &mode));
                }
            }
        });
        Self { address, mode }
    }

    fn set(&self, mode: u8) {
        self.mode.store(mode, Ordering::SeqCst);
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream, mode: &AtomicU8) {
    from.set_read_timeout(Some(Duration::from_millis(20)))
        .unwrap();
    let mut buffer = [0; 16_384];
    loop {
        match mode.load(Ordering::SeqCst) {
            CUT => break,
            STALL => {
                thread::sleep(Duration::from_millis(5));
                continue;
            }
            _ => {}
        }
        match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => {
                if to.write_all(&buffer[..count]).is_err() {
                    break;
                }
            }
            Err(error) if [ErrorKind::WouldBlock, ErrorKind::TimedOut].contains(&error.kind()) => {}
            Err(_) => break,
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}

/// `mysql://user:password@host:port/name` with another host and port, and the address that was there.
fn redirected(url: &str, proxy: impl FnOnce(SocketAddr) -> SocketAddr) -> String {
    let (account, rest) = url.rsplit_once('@').expect("an account");
    let (place, name) = rest.split_once('/').expect("a name");
    let place = if place.contains(':') {
        place.to_owned()
    } else {
        format!("{place}:3306")
    };
    let database = std::net::ToSocketAddrs::to_socket_addrs(&place)
        .unwrap()
        .next()
        .unwrap();
    format!("{account}@{}/{name}", proxy(database))
}

fn assert_unavailable(server: &Server) {
    for request in [login("una", PASSWORD), register("vera", PASSWORD)] {
        let answer = request.send(server.address);
        assert_eq!(answer.status, 503, "{answer:?}");
        answer.error();
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
    }
    let ready = get("/readyz").send(server.address);
    assert_eq!(ready.status, 503, "{ready:?}");
}

#[test]
fn a_database_that_is_away_is_a_503_and_everything_else_goes_on() {
    if mysql_server().is_none() {
        return;
    }
    let installation = Installation::new(Engine::MySql);
    let mut proxy = None;
    let through = redirected(installation.database_url(), |database| {
        proxy.insert(Proxy::before(database)).address
    });
    let proxy = proxy.unwrap();
    let installation = installation
        .through(&through)
        .without_throttle()
        .set("DOORWARD_HTTP_REQUEST_TIMEOUT", "1500ms");
    let server = installation.start();
    let token = server.sign_up("una");
    for mode in [STALL, CUT] {
        proxy.set(mode);
        assert_unavailable(&server);
        // What needs no database knows nothing of it.
        assert_eq!(get("/healthz").send(server.address).status, 200);
        let profile = get("/profile").bearer(&token).send(server.address);
        assert_eq!(profile.status, 200, "{profile:?}");
        proxy.set(PASS);
        eventually("it recovers without a restart", || {
            get("/readyz").send(server.address).status == 200
                && login("una", PASSWORD).send(server.address).status == 200
        });
    }
    let (_, log) = server.stop();
    assert!(!log.contains("panicked"), "{log}");
}

#[test]
fn a_database_that_is_not_there_at_the_start_is_named_with_what_to_do() {
    let installation =
        Installation::new(Engine::Sqlite).through("mysql://doorward:secret@127.0.0.1:1/doorward");
    let output = installation.run_to_end();
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("cannot be opened"), "{error}");
    assert!(error.contains("--db-url"), "{error}");
}

#[test]
fn a_node_that_does_not_learn_what_was_revoked_is_not_ready() {
    for engine in engines() {
        let installation = Installation::new(engine);
        let server = installation.start();
        let readiness = || get("/readyz").send(server.address);
        assert_eq!(readiness().status, 200);
        installation.execute("ALTER TABLE revocations RENAME TO away", &[]);
        eventually("it says what fails", || readiness().status == 503);
        let said = readiness().json();
        assert_eq!(
            (&said["database"], &said["revocations"]),
            (&"ok".into(), &"failed".into())
        );
        assert_eq!(get("/healthz").send(server.address).status, 200);
        installation.execute("ALTER TABLE away RENAME TO revocations", &[]);
        eventually("it is ready again", || readiness().status == 200);
    }
}
