//! A file of users, as `doorward adopt inspect` reads it.
#![no_main]

use std::io::Write as _;

use doorward::{
    adoption::inspect::{Options, SourceFile, inspect_file},
    password::AcceptedForms,
};
use doorward_fuzz::in_time;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let mut file = tempfile::Builder::new()
        .suffix(".csv")
        .tempfile()
        .expect("a file");
    file.write_all(text).expect("it is written");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let source = SourceFile::new(file.path()).expect("its name ends so");
    let options = Options {
        table: None,
        accepted: AcceptedForms::default(),
        is_configured: false,
    };
    in_time(|| {
        runtime
            .block_on(inspect_file(&source, &options, &mut |_| ()))
            .is_ok()
    });
});
