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
        assert!(
            http::HeaderValue::from_str(&target).is_ok(),
            "it is a header"
        );
        // As browsers read it (WHATWG).
        let read = url::Url::parse(&target).expect("an address");
        assert_eq!(read.origin().ascii_serialization(), ORIGIN, "{target:?}");
    }
});
