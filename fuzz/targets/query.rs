//! What follows the `?`.
#![no_main]

use doorward_axum::Query;
use doorward_fuzz::in_time;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    in_time(|| {
        if let Ok(query) = Query::parse(text, 100) {
            let _ = (query.get("after"), query.get("limit"));
        }
    });
});
