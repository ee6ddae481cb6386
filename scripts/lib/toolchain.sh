# shellcheck shell=bash
# Sourced from the repository root by the scripts that call cargo.

# rust-toolchain.toml pins a release by number. rustup looks for a toolchain of that name only, so a machine that has the same
# release under another name ("stable") and can't download would be refused. Then, and only then, use that one.
use_pinned_toolchain() {
  local pinned installed name
  if ! command -v cargo >/dev/null 2>&1 && [ -x "${CARGO_HOME:-$HOME/.cargo}/bin/cargo" ]; then
    PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
  fi
  if ! command -v cargo >/dev/null 2>&1; then
    printf 'error: cargo is not installed. Install Rust with rustup, then run this again.\n' >&2
    return 1
  fi
  if [ -n "${RUSTUP_TOOLCHAIN:-}" ] || ! command -v rustup >/dev/null 2>&1; then
    return 0
  fi
  pinned=$(sed -n 's/^channel = "\(.*\)"$/\1/p' rust-toolchain.toml)
  installed=$(rustup toolchain list | awk '{ print $1 }')
  if grep -q "^$pinned-" <<<"$installed"; then
    return 0
  fi
  for name in $installed; do
    case "$(rustup run "$name" rustc --version 2>/dev/null)" in
      "rustc $pinned "*)
        export RUSTUP_TOOLCHAIN=$name
        return 0
        ;;
    esac
  done
  # Not here at all: rustup installs it, or says that it can't.
}
