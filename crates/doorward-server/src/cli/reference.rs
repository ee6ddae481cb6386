//! The command line reference page, from clap's own data.

use std::fmt::Write as _;

use clap::{Arg, Command, CommandFactory};

use super::Cli;

/// Every command and flag in Markdown, as in `docs/cli.md`. Hidden commands are
/// left out.
#[must_use]
pub fn cli_reference() -> String {
    let mut root = Cli::command();
    root.build();
    let mut page = String::from("# Command line\n");
    describe(&mut page, &root, &[], true);
    page
}

fn describe(page: &mut String, command: &Command, parents: &[&str], with_globals: bool) {
    let mut path = parents.to_vec();
    path.push(command.get_name());
    let name = path.join(" ");
    let about = command.get_long_about().or(command.get_about());
    let about = about.map(ToString::to_string).unwrap_or_default();
    // Writing to a String cannot fail.
    let _ = write!(page, "\n## `{name}`\n\n{}\n", with_stops(&about));
    let visible =
        |arg: &&Arg| !arg.is_hide_set() && is_ours(arg) && (with_globals || !arg.is_global_set());
    let mut arguments = command.get_arguments().filter(visible).peekable();
    let mut usage = name.clone();
    for positional in command.get_positionals() {
        let value = value_name(positional);
        let shown = if positional.is_required_set() {
            format!(" <{value}>")
        } else {
            format!(" [{value}]")
        };
        usage.push_str(&shown);
    }
    let is_option = |arg: &&Arg| visible(arg) && !arg.is_positional();
    if command.get_arguments().any(|arg| is_option(&arg)) {
        usage.push_str(" [OPTIONS]");
    }
    if command.has_subcommands() {
        usage.push_str(" <COMMAND>");
    }
    let _ = write!(page, "\n```\n{usage}\n```\n");
    if arguments.peek().is_some() {
        page.push('\n');
    }
    for argument in arguments {
        let help = argument.get_long_help().or(argument.get_help());
        let help = help.map(ToString::to_string).unwrap_or_default();
        let _ = writeln!(
            page,
            "- `{}`: {}",
            spelling(argument),
            help.replace('\n', " ")
        );
        let words: Vec<String> = argument
            .get_possible_values()
            .iter()
            .filter(|word| !word.is_hide_set() && argument.get_action().takes_values())
            .map(|word| format!("`{}`", word.get_name()))
            .collect();
        if !words.is_empty() {
            let _ = writeln!(page, "  One of {}.", words.join(", "));
        }
        for default in argument.get_default_values() {
            if argument.get_action().takes_values() {
                let _ = writeln!(page, "  Default: `{}`.", default.to_string_lossy());
            }
        }
    }
    for inner in command.get_subcommands() {
        if !inner.is_hide_set() && inner.get_name() != "help" {
            describe(page, inner, &path, false);
        }
    }
}

/// `--help` and `--version` are the same everywhere.
fn is_ours(argument: &Arg) -> bool {
    !["help", "version"].contains(&argument.get_id().as_str())
}

fn with_stops(about: &str) -> String {
    let paragraphs: Vec<String> = about
        .split("\n\n")
        .map(|paragraph| match paragraph {
            ended if ended.ends_with(['.', '?', ':']) => ended.to_owned(),
            open => format!("{open}."),
        })
        .collect();
    paragraphs.join("\n\n")
}

fn value_name(argument: &Arg) -> String {
    argument
        .get_value_names()
        .and_then(|names| names.first())
        .map_or_else(|| argument.get_id().to_string(), ToString::to_string)
}

fn spelling(argument: &Arg) -> String {
    match argument.get_long() {
        None => value_name(argument),
        Some(long) if argument.get_action().takes_values() => {
            format!("--{long} <{}>", value_name(argument))
        }
        Some(long) => format!("--{long}"),
    }
}
