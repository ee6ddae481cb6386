//! Where a browser may be sent back to: never anywhere but to the listed origin.
#![no_main]

use std::sync::LazyLock;

use doorward_fuzz::in_time;
use doorward_server::http::forward_auth::ReturnOrigins;
use libfuzzer_sys::fuzz_target;

const ORIGIN: &str = "https://app.example.org";

static ORIGINS: LazyLock<ReturnOrigins> =
    LazyLock::new(|| ReturnOrigins::new(vec![ORIGIN.parse().expect("an origin")]));

fuzz_target!(|url: &str| {
    if let Some(target) = in_time(|| ORIGINS.target(url)) {
        let rest = target.strip_prefix(ORIGIN).expect("the listed origin");
        assert!(
            rest.is_empty() || rest.starts_with(['/', '?', '#']),
            "{target:?}"
        );
        let location: http::HeaderValue = target.parse().expect("it is a header");
        let read: http::Uri = target
            .split('#')
            .next()
            .unwrap_or_default()
            .parse()
            .expect("an address");
        assert_eq!(read.host(), Some("app.example.org"), "{location:?}");
    }
});
