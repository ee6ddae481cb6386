//! What the benchmarks measure with. Each of them uses its part.

#![allow(dead_code, reason = "each benchmark uses its part")]

pub(crate) mod bare_axum;
pub(crate) mod connection;
pub(crate) mod flood;
pub(crate) mod load;
pub(crate) mod machine;
pub(crate) mod mariadb;
pub(crate) mod process;
pub(crate) mod refresh;
pub(crate) mod server;
pub(crate) mod statistics;
pub(crate) mod users;

/// Whether `cargo bench` runs us. `cargo test --benches` builds a program without optimisation, whose figures say
/// nothing.
pub(crate) fn is_asked_for() -> bool {
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    if !is_bench {
        println!("nothing measured: run it with `cargo bench`");
    }
    is_bench
}

/// The first number on the command line: how many rounds or samples instead of the usual.
pub(crate) fn count_or(usual: usize) -> usize {
    std::env::args()
        .skip(1)
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(usual)
}
