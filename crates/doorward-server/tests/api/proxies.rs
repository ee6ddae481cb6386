//! Real nginx and real Caddy, with the files of `examples/`, in front of an application: who gets past them.
//!
//! `DOORWARD_NGINX` and `DOORWARD_CADDY` name the programs. Without them nothing runs; with `DOORWARD_REQUIRE_ALL=1` that is a
//! failure.

use std::{
    collections::hash_map::RandomState,
    fs,
    hash::BuildHasher as _,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;
use tempfile::TempDir;

use crate::{
    client::{Request, get, post, request},
    installation::{Engine, Installation, PASSWORD, Server, eventually},
    programs,
    wire::Answer,
};

/// An address where nothing listens. Below the ports that the kernel gives to whoever asks for any, so that nobody else gets
/// it before the proxy does.
fn free() -> SocketAddr {
    let random = RandomState::new();
    (0..1000_u32)
        .map(|attempt| 20_000 + u16::try_from(random.hash_one(attempt) % 12_000).unwrap())
        .find_map(|port| TcpListener::bind(("127.0.0.1", port)).ok())
        .expect("a free port")
        .local_addr()
        .unwrap()
}

/// An application that knows nothing of doorward: it keeps the heads of what it gets.
struct Upstream {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
    count: Arc<AtomicUsize>,
}

impl Upstream {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let upstream = Self {
            address: listener.local_addr().unwrap(),
            heads: Arc::default(),
            count: Arc::default(),
        };
        let (heads, count) = (upstream.heads.clone(), upstream.count.clone());
        thread::spawn(move || {
            for stream in listener.incoming() {
                // One that only looks whether somebody listens sends no request.
                let Some(head) = stream.ok().and_then(answer) else {
                    continue;
                };
                heads.lock().unwrap().push(head);
                count.fetch_add(1, Ordering::SeqCst);
            }
        });
        upstream
    }

    /// What the application was told under these names, of its last request; `_` counts as `-`, as WSGI has it.
    fn told(&self, name: &str) -> Vec<String> {
        let heads = self.heads.lock().unwrap();
        let lines = heads.last().expect("a request").lines();
        lines
            .filter_map(|line| line.split_once(':'))
            .filter(|(found, _)| found.to_ascii_lowercase().replace('_', "-") == name)
            .map(|(_, value)| value.trim().to_owned())
            .collect()
    }
}

/// Reads a request to its end and answers it; `None` when it ends early.
fn answer(mut stream: TcpStream) -> Option<String> {
    let mut read = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&read).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let mut lines = head.lines();
            let length = lines.find_map(|line| {
                let (name, value) = line.split_once(':')?;
                let is_length = name.eq_ignore_ascii_case("content-length");
                is_length.then(|| value.trim().parse::<usize>().unwrap())
            });
            if body.len() >= length.unwrap_or(0) {
                let body = format!("the application got {} bytes", body.len());
                let length = body.len();
                let answer = format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
                );
                stream.write_all(answer.as_bytes()).ok()?;
                return Some(head.to_owned());
            }
        }
        let count = stream.read(&mut buffer).ok()?;
        if count == 0 {
            return None;
        }
        read.extend_from_slice(&buffer[..count]);
    }
}

/// A proxy, doorward, and an application.
struct Scene {
    proxy: SocketAddr,
    upstream: Upstream,
    server: Server,
    installation: Installation,
    child: Child,
    _folder: TempDir,
}

impl Drop for Scene {
    fn drop(&mut self) {
        // Quickly: nginx passes it on to its workers.
        let _ = Command::new("kill")
            .arg(self.child.id().to_string())
            .status();
        let _ = self.child.wait();
    }
}

impl Scene {
    /// `start` gets the folder with the files of the example, which have the addresses of this scene.
    fn new(example: &str, start: impl FnOnce(&Path) -> Command) -> Self {
        let proxy = free();
        let upstream = Upstream::start();
        let installation = Installation::new(Engine::Sqlite)
            .without_quantum()
            .set("DOORWARD_PUBLIC_URL", "http://127.0.0.1:5000")
            .set(
                "DOORWARD_FORWARD_AUTH_REDIRECTS",
                &format!("http://{proxy}"),
            )
            .set("DOORWARD_HTTP_TRUSTED_PROXIES", "127.0.0.1");
        let server = installation.start();
        let folder = TempDir::new().unwrap();
        let files = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../examples")
            .join(example);
        for file in fs::read_dir(files).unwrap() {
            let file = file.unwrap().path();
            let text = fs::read_to_string(&file).unwrap();
            let text = text
                .replace("127.0.0.1:8080", &proxy.to_string())
                .replace("127.0.0.1:8000", &upstream.address.to_string())
                .replace("127.0.0.1:5000", &server.address.to_string());
            fs::write(folder.path().join(file.file_name().unwrap()), text).unwrap();
        }
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let child = start(folder.path())
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the proxy starts");
        let scene = Self {
            proxy,
            upstream,
            server,
            installation,
            child,
            _folder: folder,
        };
        eventually("the proxy listens", || TcpStream::connect(proxy).is_ok());
        scene
    }

    fn send(&self, request: &Request) -> Answer {
        let host = self.proxy.to_string();
        request
            .clone()
            .header("Host", &host)
            .send_to_another(self.proxy)
    }

    #[track_caller]
    fn passes(&self, request: &Request, [user, groups, name, email]: [&str; 4]) {
        let before = self.upstream.count.load(Ordering::SeqCst);
        let answer = self.send(request);
        assert_eq!(answer.status, 200, "{request:?} {answer:?}");
        assert!(answer.text().starts_with("the application got"));
        eventually("the application has it", || {
            self.upstream.count.load(Ordering::SeqCst) == before + 1
        });
        for (header, value) in [
            ("remote-user", user),
            ("remote-groups", groups),
            ("remote-name", name),
            ("remote-email", email),
        ] {
            let mut told = self.upstream.told(header);
            // An empty one may be left out.
            told.retain(|value| !value.is_empty());
            let expected: Vec<_> = [value.to_owned()]
                .into_iter()
                .filter(|v| !v.is_empty())
                .collect();
            assert_eq!(told, expected, "{header} after {request:?}");
        }
    }

    #[track_caller]
    fn is_refused(&self, request: &Request, statuses: &[u16]) -> Answer {
        let before = self.upstream.count.load(Ordering::SeqCst);
        let answer = self.send(request);
        assert!(statuses.contains(&answer.status), "{request:?} {answer:?}");
        assert_eq!(
            self.upstream.count.load(Ordering::SeqCst),
            before,
            "{request:?} came through"
        );
        answer
    }
}

/// What every proxy must do, and what nobody may get past it with.
fn nobody_gets_past(scene: &Scene) {
    let server = &scene.server;
    let admin = server.set_up();
    let una = server.sign_up("una");
    let as_una = ["una", "user", "una", ""];
    scene.passes(&get("/").bearer(&una), as_una);
    scene.passes(
        &get("/admin/x").bearer(&admin),
        ["root", "admin", "root", ""],
    );
    let upload = request("POST", "/upload")
        .bearer(&una)
        .body("x".repeat(10_000));
    scene.passes(&upload, as_una);
    assert_eq!(
        scene.send(&upload).text(),
        "the application got 10000 bytes"
    );

    // Claiming to be somebody, in every spelling.
    for name in [
        "Remote-User",
        "remote-user",
        "REMOTE-USER",
        "Remote_User",
        "REMOTE_USER",
    ] {
        let claim = |request: Request| request.header(name, "root").header(name, "admin");
        scene.passes(&claim(get("/").bearer(&una)), as_una);
        scene.is_refused(&claim(get("/")), &[401]);
        scene.is_refused(&claim(get("/admin/").bearer(&una)), &[403]);
    }
    for name in [
        "Remote-Groups",
        "Remote-Name",
        "Remote-Email",
        "Remote_Groups",
        "Remote_Email",
    ] {
        scene.passes(&get("/").bearer(&una).header(name, "admin"), as_una);
    }

    // Nothing good.
    let basic = format!("Basic {}", STANDARD.encode(format!("una:{PASSWORD}")));
    let unsigned = format!("{}.", una.rsplit_once('.').unwrap().0);
    for request in [
        get("/"),
        get("/").bearer("nonsense"),
        get("/").bearer(&unsigned),
        get("/").header("Authorization", &basic),
        get("/").header("Authorization", "Bearer"),
        get("/").header("Cookie", &format!("doorward_ticket={una}")),
        get("/?access_token=x").header("X-Access-Token", &una),
        request("OPTIONS", "/"),
        request("POST", "/").body("x"),
    ] {
        scene.is_refused(&request, &[401]);
    }
    // nginx calls what is neither 401 nor 403 a failure of its own.
    let twice = get("/").bearer(&una).bearer(&una);
    scene.is_refused(&twice, &[400, 500]);

    // Paths by which the question itself, or another location, could be reached.
    for path in [
        "/.doorward",
        "//.doorward",
        "/%2edoorward",
        "/x/../.doorward",
        "/forward-auth",
        "/%2e%2e/admin/",
        "/admin/..%2f",
        "/./admin/",
        "//admin/",
        "/ADMIN/",
        "/admin%2f",
        "/a%00b",
        "/..;/admin/",
    ] {
        scene.is_refused(&get(path), &[400, 401, 403, 404]);
    }
    for path in [
        "/admin/",
        "/admin/x",
        "/x/../admin/",
        "/%61dmin/",
        "//admin/",
        "/./admin/",
    ] {
        let answer = scene.send(&get(path).bearer(&una));
        // A path that the proxy takes for another one reaches the application as that, and as una.
        assert!([200, 403].contains(&answer.status), "{path}: {answer:?}");
        if answer.status == 200 {
            assert_eq!(scene.upstream.told("remote-user"), ["una"], "{path}");
            assert_eq!(scene.upstream.told("remote-groups"), ["user"], "{path}");
        }
    }
    for path in ["/admin/", "/admin/x", "/x/../admin/", "/%61dmin/"] {
        scene.is_refused(&get(path).bearer(&una), &[403]);
    }

    // Tickets.
    let body = json!({"username": "una", "password": PASSWORD});
    let signed_in = post("/signin", &body)
        .header("Origin", "http://127.0.0.1:5000")
        .send(server.address);
    let cookie = |name: &str| {
        let mut fields = signed_in.headers.iter();
        let (_, field) = fields.find(|(_, value)| value.starts_with(name)).unwrap();
        field
            .split(';')
            .next()
            .unwrap()
            .split_once('=')
            .unwrap()
            .1
            .to_owned()
    };
    let ticket = cookie("doorward_ticket");
    let jar = |text: &str| get("/page").header("Cookie", text);
    let good = jar(&format!("a=b; doorward_ticket={ticket}"));
    scene.passes(&good, as_una);
    scene.passes(&good.clone().header("Authorization", &basic), as_una);
    for cookies in [
        format!("doorward_ticket={ticket}; doorward_ticket={ticket}"),
        format!("doorward_ticket={ticket}; doorward_ticket=x"),
        format!("doorward_ticket={ticket}x"),
        format!("doorward_ticket=\"{ticket}\""),
        format!("doorward_ticket={}", ticket.replace('.', "%2E")),
        format!("doorward_ticket={ticket},x"),
        "doorward_ticket".to_owned(),
        "=;;; doorward_ticket=".to_owned(),
    ] {
        scene.is_refused(&jar(&cookies), &[401]);
    }

    // A browser goes to sign in and comes back here, whatever it says of itself.
    let back = format!(
        "http://127.0.0.1:5000/signin?rd=http%3A%2F%2F127.0.0.1%3A{}%2Fpage%3Fa%3Db",
        scene.proxy.port()
    );
    let page = get("/page?a=b").header("Accept", "text/html");
    let answer = scene.is_refused(&page, &[302]);
    assert_eq!(answer.header("location"), Some(&*back));
    for (name, value) in [
        ("X-Forwarded-Host", "evil.example"),
        ("X-Forwarded-Proto", "javascript"),
        ("X-Forwarded-Uri", "//evil.example/"),
        ("X-Forwarded-For", "127.0.0.1, evil"),
        ("X-Forwarded-For", "::1"),
        ("X-Forwarded-Method", "POST"),
        ("X-Original-Method", "POST"),
        ("X-Original-URL", "https://evil.example/"),
        ("Forwarded", "host=evil.example"),
        ("X-Real-IP", "127.0.0.1"),
        ("X-Rewrite-URL", "/"),
    ] {
        let answer = scene.is_refused(&page.clone().header(name, value), &[302, 401]);
        if let Some(location) = answer.header("location") {
            assert_eq!(location, back, "{name}");
        }
    }
    let elsewhere = page
        .header("Host", "evil.example")
        .send_to_another(scene.proxy);
    assert_eq!(elsewhere.header("location"), None);
    assert!(!elsewhere.text().contains("the application"));

    // Signed out.
    let out = request("POST", "/signin/end")
        .header("Origin", "http://127.0.0.1:5000")
        .header(
            "Cookie",
            &format!("doorward_session={}", cookie("doorward_session")),
        );
    assert_eq!(out.send(server.address).status, 204);
    scene.is_refused(&good, &[401]);
    // And a key that is retired.
    let kid = get("/.well-known/jwks.json").send(server.address).json()["keys"][0]["kid"].clone();
    let ran = scene
        .installation
        .run(&["key", "retire", kid.as_str().unwrap(), "--yes"], "");
    assert!(ran.status.success(), "{ran:?}");
    eventually("its tokens are refused", || {
        scene.send(&get("/").bearer(&una)).status == 401
    });
}

#[test]
fn nginx_lets_nobody_past_that_doorward_does_not_know() {
    let Some(nginx) = programs::named_by("DOORWARD_NGINX") else {
        return;
    };
    let version = Command::new(&nginx).arg("-v").output().unwrap();
    eprint!("{}", String::from_utf8_lossy(&version.stderr));
    let scene = Scene::new("nginx", |folder| {
        let mut command = Command::new(nginx);
        command
            .args(["-e", "stderr", "-c", "nginx.conf", "-p"])
            .arg(folder);
        command
    });
    nobody_gets_past(&scene);
}

#[test]
fn caddy_lets_nobody_past_that_doorward_does_not_know() {
    let Some(caddy) = programs::named_by("DOORWARD_CADDY") else {
        return;
    };
    let version = Command::new(&caddy).arg("version").output().unwrap();
    eprintln!("Caddy {}", String::from_utf8_lossy(&version.stdout).trim());
    let scene = Scene::new("caddy", |folder| {
        let mut command = Command::new(caddy);
        command
            .args(["run", "--config", "Caddyfile"])
            .env("HOME", folder)
            .env("XDG_DATA_HOME", folder)
            .env("XDG_CONFIG_HOME", folder);
        command
    });
    nobody_gets_past(&scene);
}
