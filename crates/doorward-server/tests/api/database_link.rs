//! A proxy between server and database that plays the accidents of a network.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs as _},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

/// What happens to what comes along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It goes on.
    Pass,
    /// Each piece goes on after so many milliseconds.
    Delay(u64),
    /// Connections stay open, and nothing comes through.
    Stall,
    /// Connections are cut, and new ones at once.
    Cut,
    /// A connection is cut when it says COMMIT, by turns before the database hears it, and before its answer comes back;
    /// the COMMIT after such a pair passes.
    CutAtCommit,
    /// The same with a prepared statement, of which most pass: without a transaction each is its own commit.
    CutAtStatement,
}

/// The proxy. It ends with the process.
pub(crate) struct DatabaseLink {
    url: String,
    state: Arc<State>,
}

struct State {
    mode: Mutex<Mode>,
    /// Packets at which it might have been cut.
    chances: AtomicUsize,
    cuts: AtomicUsize,
}

/// What becomes of a packet.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Passes,
    IsNeverHeard,
    IsNeverAnswered,
}

impl DatabaseLink {
    /// One to the database with this URL, `mysql://user:password@host:port/name`.
    pub(crate) fn to(url: &str) -> Self {
        let (account, rest) = url.rsplit_once('@').expect("an account");
        let (place, name) = rest.split_once('/').expect("a name");
        let place = if place.contains(':') {
            place.to_owned()
        } else {
            format!("{place}:3306")
        };
        let database = place.to_socket_addrs().unwrap().next().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            mode: Mutex::new(Mode::Pass),
            chances: AtomicUsize::new(0),
            cuts: AtomicUsize::new(0),
        });
        let accepting = Arc::clone(&state);
        thread::spawn(move || accepting.accept(&listener, database));
        Self {
            url: format!(
                "mysql://{}@{address}/{name}",
                account.trim_start_matches("mysql://")
            ),
            state,
        }
    }

    /// The URL of the same database through this.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// From now on.
    pub(crate) fn set(&self, mode: Mode) {
        *self.state.mode.lock().unwrap() = mode;
    }

    /// How many times a packet was cut off.
    pub(crate) fn cuts(&self) -> usize {
        self.state.cuts.load(Ordering::SeqCst)
    }
}

impl State {
    fn mode(&self) -> Mode {
        *self.mode.lock().unwrap()
    }

    fn accept(self: &Arc<Self>, listener: &TcpListener, database: SocketAddr) {
        for client in listener.incoming().map_while(Result::ok) {
            if self.mode() == Mode::Cut {
                continue;
            }
            let Ok(server) = TcpStream::connect(database) else {
                continue;
            };
            let muted = Arc::new(AtomicBool::new(false));
            for (from, to, asks) in [
                (client.try_clone(), server.try_clone(), true),
                (server.try_clone(), client.try_clone(), false),
            ] {
                let (from, to) = (from.unwrap(), to.unwrap());
                let (state, muted) = (Arc::clone(self), Arc::clone(&muted));
                thread::spawn(move || state.carry(from, to, asks, &muted));
            }
        }
    }

    fn carry(&self, mut from: TcpStream, mut to: TcpStream, asks: bool, muted: &AtomicBool) {
        from.set_read_timeout(Some(Duration::from_millis(20)))
            .unwrap();
        let mut buffer = [0; 16_384];
        loop {
            match self.mode() {
                Mode::Cut => break,
                Mode::Stall => {
                    thread::sleep(Duration::from_millis(5));
                    continue;
                }
                Mode::Delay(time) => thread::sleep(Duration::from_millis(time)),
                Mode::Pass | Mode::CutAtCommit | Mode::CutAtStatement => {}
            }
            match from.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => {
                    let piece = &buffer[..count];
                    if !asks && muted.load(Ordering::SeqCst) {
                        // The answer: the database has done it, and nobody hears of it.
                        break;
                    }
                    match self.fate(asks, piece) {
                        Fate::Passes => {}
                        Fate::IsNeverHeard => break,
                        Fate::IsNeverAnswered => muted.store(true, Ordering::SeqCst),
                    }
                    if to.write_all(piece).is_err() {
                        break;
                    }
                }
                Err(error)
                    if [ErrorKind::WouldBlock, ErrorKind::TimedOut].contains(&error.kind()) => {}
                Err(_) => break,
            }
        }
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    }

    fn fate(&self, asks: bool, piece: &[u8]) -> Fate {
        // Behind the packet's length and number stands the command.
        let command = piece.get(4..).unwrap_or_default();
        let (is_meant, period) = match self.mode() {
            Mode::CutAtCommit => (command == b"\x03COMMIT", 3),
            Mode::CutAtStatement => (command.first() == Some(&0x17), 11),
            _ => (false, 1),
        };
        if !asks || !is_meant {
            return Fate::Passes;
        }
        let fate = match self.chances.fetch_add(1, Ordering::SeqCst) % period {
            0 => Fate::IsNeverHeard,
            chance if chance == period / 2 => Fate::IsNeverAnswered,
            _ => return Fate::Passes,
        };
        self.cuts.fetch_add(1, Ordering::SeqCst);
        fate
    }
}
