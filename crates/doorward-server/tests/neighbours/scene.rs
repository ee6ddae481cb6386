//! A doorward whose signing key the test knows, and a service beside it.

use std::{
    fs::{self, File},
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use doorward::token::{KeyPair, SigningKey};
use serde_json::Value;

use crate::{
    client::get,
    installation::{Engine, Installation, PASSWORD, Server, eventually},
    wire::Answer,
};

/// The audience that the services of the examples ask for.
const AUDIENCE: &str = "notes";

pub(crate) struct Scene {
    pub(crate) installation: Installation,
    pub(crate) server: Server,
    /// The key that signs until the test rotates it.
    pub(crate) key: SigningKey,
    service: SocketAddr,
    child: Child,
    log: PathBuf,
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let said = fs::read_to_string(&self.log).unwrap_or_default();
            let lines: Vec<&str> = said.lines().rev().take(30).collect();
            let lines: Vec<&str> = lines.into_iter().rev().collect();
            eprintln!("the service said last:\n{}", lines.join("\n"));
        }
    }
}

/// A port that is free now.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// The folder of an example.
pub(crate) fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../examples")
        .join(name)
}

/// The claims of a token, unverified.
pub(crate) fn claims_of(token: &str) -> Value {
    part(token, 1)
}

/// The header of a token.
pub(crate) fn header_of(token: &str) -> Value {
    part(token, 0)
}

fn part(token: &str, place: usize) -> Value {
    let bytes = URL_SAFE_NO_PAD.decode(token.split('.').nth(place).unwrap());
    serde_json::from_slice(&bytes.unwrap()).unwrap()
}

impl Scene {
    /// `start` makes the command of the service, which finds `DOORWARD_URL` and `PORT` in its environment.
    pub(crate) fn new(start: impl FnOnce(&Path) -> Command, variables: &[(&str, &str)]) -> Self {
        let address = format!("127.0.0.1:{}", free_port());
        let url = format!("http://{address}");
        let installation = Installation::new(Engine::Sqlite)
            .without_quantum()
            .listening_on(&address)
            .set("DOORWARD_PUBLIC_URL", &url)
            .set("DOORWARD_TOKEN_AUDIENCE", AUDIENCE)
            .set("DOORWARD_KEYS_LEAD", "5s")
            // Every login while a key takes over is a session, and the oldest ends with the first too many.
            .set("DOORWARD_SESSION_MAX_PER_USER", "1000");
        let server = installation.start();
        let key = import_key(&installation, &server);
        let port = free_port();
        let log = installation.folder().join("service.log");
        let output = File::create(&log).unwrap();
        let child = start(installation.folder())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("DOORWARD_URL", &url)
            .env("PORT", port.to_string())
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .expect("the service starts");
        let mut scene = Self {
            installation,
            server,
            key,
            service: SocketAddr::from(([127, 0, 0, 1], port)),
            child,
            log,
        };
        eventually("the service answers", || {
            let ended = scene.child.try_wait().unwrap();
            assert!(ended.is_none(), "it ended: {ended:?}");
            let request = get("/whoami").header("Connection", "close");
            request.try_send(scene.service).is_ok()
        });
        scene
    }

    pub(crate) fn ask(&self, path: &str, token: Option<&str>) -> Answer {
        let request = get(path).header("Connection", "close");
        let request = match token {
            Some(token) => request.bearer(token),
            None => request,
        };
        request.send_to_another(self.service)
    }

    /// Runs a command of doorward's that must succeed.
    pub(crate) fn run(&self, arguments: &[&str]) {
        run(&self.installation, arguments);
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        self.key.sign(claims).unwrap().as_str().to_owned()
    }
}

fn run(installation: &Installation, arguments: &[&str]) {
    let ran = installation.run(arguments, "");
    assert!(ran.status.success(), "{ran:?}");
}

/// A key that the test knows takes over.
fn import_key(installation: &Installation, server: &Server) -> SigningKey {
    server.sign_up("una");
    let path = installation.folder().join("own.pem");
    let made = Command::new("openssl")
        .args(["genpkey", "-algorithm", "EC", "-pkeyopt"])
        .args(["ec_paramgen_curve:P-256", "-out"])
        .arg(&path)
        .output()
        .expect("openssl runs");
    assert!(made.status.success(), "{made:?}");
    let key: SigningKey = KeyPair::from_pem(&fs::read_to_string(&path).unwrap())
        .unwrap()
        .into();
    run(installation, &["key", "import", path.to_str().unwrap()]);
    let id = key.id().unwrap().as_str().to_owned();
    eventually("the imported key signs", || {
        header_of(&server.token("una", PASSWORD))["kid"] == id.as_str()
    });
    key
}
