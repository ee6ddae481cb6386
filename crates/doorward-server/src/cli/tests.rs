use std::collections::BTreeSet;

use super::*;
use crate::config::{Environment, SETTINGS, load};

fn read(line: &str) -> Result<Cli, clap::Error> {
    Cli::read(format!("doorward {line}").split_whitespace())
}

#[test]
fn the_tree_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_and_flag_has_help() {
    fn check(command: &clap::Command) {
        let name = command.get_name();
        assert!(command.get_about().is_some(), "{name}");
        for argument in command.get_arguments() {
            let help = argument
                .get_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(!help.is_empty(), "{name} {}", argument.get_id());
        }
        command.get_subcommands().for_each(check);
    }
    let mut root = Cli::command();
    root.build();
    check(&root);
}

#[test]
fn the_flags_of_the_table_and_of_the_tree_are_the_same() {
    let cli = read(
        "serve --demo --migrate --listen 127.0.0.1:1 --public-url http://localhost --data-dir d \
         --db-url sqlite:x --log-format json --log-level debug --config missing",
    )
    .unwrap();
    let flags = cli.flags();
    let given: BTreeSet<_> = flags.keys().copied().collect();
    let table = SETTINGS.iter().filter(|s| s.flag.is_some()).map(|s| s.key);
    assert_eq!(given, table.collect());
    for setting in SETTINGS.iter().filter(|setting| setting.flag.is_some()) {
        let flag = format!("`--{}", setting.flag.unwrap());
        assert!(cli_reference().contains(&flag), "{flag}");
        assert!(cli_reference().contains(&setting.variable()), "{flag}");
    }
    assert_eq!(cli.global.config, Some("missing".into()));
}

#[test]
fn flags_reach_the_configuration() {
    let cli = read("serve --migrate --listen [::1]:81 --data-dir d --log-format json").unwrap();
    let directory = tempfile::tempdir().unwrap();
    let mut sources = cli.sources(Environment::default());
    sources.directory = directory.path().to_owned();
    let config = load(&sources).unwrap().config;
    assert_eq!(config.listen, "[::1]:81".parse().unwrap());
    assert!(config.db.migrate && !config.demo);
    assert_eq!(config.data_dir, std::path::Path::new("d"));
    assert_eq!(config.log.format, crate::config::LogFormat::Json);
}

#[test]
fn global_flags_work_before_and_after_any_command() {
    for line in [
        "--db-url sqlite:x user list",
        "user list --db-url sqlite:x",
        "user --db-url sqlite:x list",
    ] {
        let flags = read(line).unwrap().flags();
        assert_eq!(
            flags.get("db.url").map(String::as_str),
            Some("sqlite:x"),
            "{line}"
        );
    }
}

#[test]
fn every_command_of_the_tree_is_read() {
    for line in [
        "serve",
        "serve --demo --allow-remote-demo",
        "lecture 1",
        "lecture 11 --listen 127.0.0.1:0 --data-dir d --db-url sqlite:x",
        "admin create",
        "admin create --username root --password-stdin",
        "admin reset-password root --password-stdin",
        "admin list",
        "user list --json --limit 5",
        "user show alice",
        "user create alice --role admin --password-stdin",
        "user disable alice",
        "user enable alice",
        "user delete alice --yes",
        "db status",
        "db migrate --dry-run",
        "config check",
        "config show --origin",
        "config template",
        "token decode",
        "token verify a.b.c",
        "hash --password-stdin",
        "hash --calibrate",
        "healthcheck --url http://127.0.0.1:5000",
        "doctor",
        "completions bash",
        "docs cli",
        "docs configuration",
    ] {
        assert!(read(line).is_ok(), "{line}");
    }
}

#[test]
fn wrong_usage_ends_with_code_two() {
    for line in [
        "",
        "serve --allow-remote-demo",
        "lecture 0",
        "lecture 12",
        "lecture",
        "user create",
        "user create alice --role root",
        "user create alice hunter2",
        "user list --limit 0",
        "hash --calibrate --password-stdin",
        "nonsense",
    ] {
        assert_eq!(read(line).unwrap_err().exit_code(), 2, "{line}");
    }
    assert_eq!(read("--version").unwrap_err().exit_code(), 0);
    assert_eq!(read("--help").unwrap_err().exit_code(), 0);
}

#[test]
fn a_secret_on_the_command_line_is_refused_with_the_way_to_give_it() {
    for (line, instead) in [
        ("serve --secret-key canary", "DOORWARD_SECRET_KEY_FILE"),
        ("serve --secret-key=canary", "DOORWARD_SECRET_KEY_FILE"),
        ("--secret-key canary serve", "DOORWARD_SECRET_KEY_FILE"),
        ("user create alice --password canary", "--password-stdin"),
        ("user create alice --password=canary", "--password-stdin"),
    ] {
        let error = read(line).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        let text = error.to_string();
        assert!(text.contains(instead), "{text}");
        assert!(text.contains("every user of this machine"), "{text}");
        assert!(!text.contains("canary"), "{text}");
    }
}

#[test]
fn printing_a_command_line_prints_no_secret() {
    let cli = read("--db-url mysql://u:canary@h/d token decode canary").unwrap();
    let shown = format!("{cli:?} {:?}", cli.sources(Environment::default()));
    assert!(!shown.contains("canary"), "{shown}");
}

#[test]
fn help_shows_names_of_variables_but_never_reads_them() {
    let help = Cli::command().render_long_help().to_string();
    assert!(help.contains("[env: DOORWARD_DB_URL]"), "{help}");
}

#[test]
fn the_reference_page_has_every_visible_command_and_no_hidden_one() {
    let page = cli_reference();
    for name in [
        "serve",
        "admin reset-password",
        "user delete",
        "db migrate",
        "completions",
    ] {
        assert!(page.contains(&format!("## `doorward {name}`\n")), "{name}");
    }
    assert!(!page.contains("doorward docs"));
    assert!(page.contains("doorward admin reset-password <NAME> [OPTIONS]"));
    assert_eq!(page.matches("`--db-url <URL>`").count(), 1);
}
