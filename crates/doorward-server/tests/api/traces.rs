//! Spans at a collector (OTLP over HTTP), which is a socket of the test.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value},
    trace::v1::Span,
};
use prost::Message as _;
use serde_json::json;

use crate::{
    client::{get, post, register},
    installation::{Engine, Installation, PASSWORD, engines},
};

/// What arrived.
#[derive(Clone, Default)]
struct Collector {
    bodies: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Collector {
    /// Listens, and answers every request with 200.
    fn started() -> (Self, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let collector = Self::default();
        let arrived = collector.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let arrived = arrived.clone();
                thread::spawn(move || arrived.take(stream.unwrap()));
            }
        });
        (collector, address)
    }

    fn take(&self, stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut writer = stream;
        loop {
            let mut head = Vec::new();
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap_or(0) == 0 {
                    return;
                }
                if line == "\r\n" {
                    break;
                }
                head.push(line.to_ascii_lowercase());
            }
            assert!(
                head.first().unwrap().starts_with("post /v1/traces "),
                "{head:?}"
            );
            let length = head
                .iter()
                .find_map(|line| line.strip_prefix("content-length:"))
                .unwrap();
            let mut body = vec![0; length.trim().parse().unwrap()];
            reader.read_exact(&mut body).unwrap();
            self.bodies.lock().unwrap().push(body);
            writer
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                .unwrap();
        }
    }

    /// Every span so far. Fails when a service is called anything else than doorward.
    fn spans(&self) -> Vec<Span> {
        let bodies = self.bodies.lock().unwrap();
        let requests = bodies
            .iter()
            .map(|body| ExportTraceServiceRequest::decode(body.as_slice()).unwrap());
        let resources = requests.flat_map(|request| request.resource_spans);
        let spans = resources.flat_map(|spans| {
            let attributes = attributes(&spans.resource.unwrap().attributes);
            assert_eq!(attributes["service.name"], "doorward");
            spans.scope_spans.into_iter().flat_map(|scope| scope.spans)
        });
        spans.collect()
    }
}

fn attributes(pairs: &[KeyValue]) -> BTreeMap<String, String> {
    let shown = |pair: &KeyValue| match pair.value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        Some(other) => format!("{other:?}"),
        None => String::new(),
    };
    pairs
        .iter()
        .map(|pair| (pair.key.clone(), shown(pair)))
        .collect()
}

fn named<'a>(spans: &'a [Span], name: &str) -> &'a Span {
    let found: Vec<&Span> = spans.iter().filter(|span| span.name == name).collect();
    match found.as_slice() {
        [span] => span,
        _ => panic!("{} spans are called {name}: {spans:?}", found.len()),
    }
}

fn installation(engine: Engine, collector: SocketAddr) -> Installation {
    Installation::new(engine).set("DOORWARD_TRACES_COLLECTOR", &format!("http://{collector}"))
}

#[test]
fn a_request_is_a_span_of_its_callers_trace_and_has_hashes_and_statements_below_it() {
    for engine in engines() {
        let (collector, address) = Collector::started();
        let (_installation, server) = installation(engine, address).start_kept();
        let token = server.set_up();
        assert_eq!(
            register("zoe.quill", PASSWORD).send(server.address).status,
            201
        );
        let answer = post(
            "/login",
            &json!({"username": "zoe.quill", "password": PASSWORD}),
        )
        .header(
            "traceparent",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        )
        .header("x-request-id", "from-the-caller")
        .send(server.address);
        assert_eq!(answer.status, 200, "{answer:?}");
        let access = answer.json()["token"].as_str().unwrap().to_owned();
        let answer = get("/users/424242?secret=in-the-query")
            .bearer(&token)
            .send(server.address);
        assert_eq!(answer.status, 404, "{answer:?}");
        server.stop();
        let spans = collector.spans();

        let trace = 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c_u128.to_be_bytes();
        let below: Vec<Span> = spans
            .iter()
            .filter(|span| span.trace_id == trace)
            .cloned()
            .collect();
        let login = named(&below, "POST /login");
        assert_eq!(
            login.parent_span_id,
            0xb7ad_6b71_6920_3331_u64.to_be_bytes()
        );
        assert_eq!(login.kind, 2, "a server's");
        let about = attributes(&login.attributes);
        assert_eq!(about["http.route"], "/login");
        assert_eq!(about["http.request.method"], "POST");
        assert_eq!(about["http.response.status_code"], "200");
        assert_eq!(about["doorward.request_id"], "from-the-caller");

        let hash = named(&below, "password hash");
        assert_eq!(hash.parent_span_id, login.span_id);
        assert!(hash.start_time_unix_nano >= login.start_time_unix_nano);
        assert!(hash.end_time_unix_nano <= login.end_time_unix_nano);
        let mut statements = below.iter().filter(|span| span.name == "statement");
        let statement = statements.next().unwrap();
        assert_eq!(statement.parent_span_id, login.span_id);
        let about = attributes(&statement.attributes);
        assert!(about["db.query.text"].contains('?'), "{about:?}");
        assert!(["sqlite", "mysql"].contains(&about["db.system.name"].as_str()));

        let lookup = named(&spans, "GET /users/{id}");
        let about = attributes(&lookup.attributes);
        assert_eq!(about["http.response.status_code"], "404");
        assert!(lookup.parent_span_id.is_empty(), "it begins a trace");
        for span in &spans {
            let is_request = span.kind == 2;
            assert_eq!(
                is_request,
                span.parent_span_id.is_empty() || span.span_id == login.span_id,
                "{span:?}"
            );
        }

        let everything = format!("{spans:?}");
        for secret in [
            "zoe.quill",
            PASSWORD,
            access.as_str(),
            token.as_str(),
            "424242",
            "in-the-query",
        ] {
            assert!(!everything.contains(secret), "{secret} is in the spans");
        }
    }
}

#[test]
fn the_configured_share_of_traces_is_sent_whatever_callers_ask_for() {
    let (collector, address) = Collector::started();
    let (_installation, server) = installation(Engine::Sqlite, address)
        .set("DOORWARD_TRACES_SAMPLE_PERCENT", "50")
        .start_kept();
    for trace in [
        "0af7651916cd43ddffffffffffffffff",
        "0af7651916cd43dd0000000000000001",
    ] {
        let answer = get("/healthz")
            .header("traceparent", &format!("00-{trace}-b7ad6b7169203331-01"))
            .send(server.address);
        assert_eq!(answer.status, 200);
    }
    server.stop();
    let spans = collector.spans();
    let health: Vec<&Span> = spans
        .iter()
        .filter(|span| span.name == "GET /healthz")
        .collect();
    assert_eq!(health.len(), 1, "{health:?}");
    assert_eq!(health[0].trace_id.last(), Some(&1));
}

#[test]
fn a_collector_that_is_not_there_holds_nothing_up() {
    let address = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let (_installation, server) = installation(Engine::Sqlite, address).start_kept();
    let token = server.set_up();
    assert_eq!(
        get("/auth/me").bearer(&token).send(server.address).status,
        200
    );
    server.stop();
}
