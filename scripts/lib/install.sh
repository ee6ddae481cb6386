# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of scripts/test
# Sourced by scripts/test: installing what is missing. `say` and `$scratch`, `$target` come from there.

have() {
  command -v "$1" >/dev/null 2>&1
}

# Refreshes the lists of packages, once in a run.
apt_update() {
  local as=()
  [ -e "$scratch/apt-updated" ] && return 0
  if [ "$(id -u)" -ne 0 ]; then
    sudo -n true 2>/dev/null || return 1
    as=(sudo -n)
  fi
  "${as[@]}" apt-get update -q || return 1
  : >"$scratch/apt-updated"
}

# Installs Debian packages. False when this is no Debian, we may not, or apt-get fails. --no-remove: a package that
# conflicts with one that is there (MySQL's server with MariaDB's) must not push it off somebody's machine.
apt_install() {
  local as=()
  have apt-get || return 1
  if [ "$(id -u)" -ne 0 ]; then
    sudo -n true 2>/dev/null || return 1
    as=(sudo -n)
  fi
  say "installing with apt-get: $*"
  apt_update || return 1
  "${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends --no-remove \
    -o DPkg::Lock::Timeout=120 "$@"
}

# Unpacks a Debian package below $target, once, and prints the folder. It is not installed: an installed nginx or Caddy would
# start serving.
unpacked_package() {
  local package=$1 folder="$target/tools/debian/$1"
  if [ ! -e "$folder/complete" ]; then
    have apt-get || return 1
    say "unpacking the package $package into $folder" >&2
    rm -rf "$folder"
    mkdir -p "$folder"
    (
      cd "$folder"
      apt-get download -q "$package" || { apt_update && apt-get download -q "$package"; }
      dpkg-deb --extract "$package"_*.deb .
      rm "$package"_*.deb
      : >complete
    ) >&2 || return 1
  fi
  printf '%s\n' "$folder"
}

# Prints the path of a program, that of the system or the one in a package: debian_program NAME PACKAGE PATH.
debian_program() {
  local program=$1 folder
  command -v "$program" && return 0
  folder=$(unpacked_package "$2") || return 1
  "$folder/$3" -v >/dev/null 2>&1 || "$folder/$3" version >/dev/null 2>&1 || return 1
  printf '%s\n' "$folder/$3"
}

# Prints the path of a library that is loaded by its path, that of the system or the one in a package: debian_library PACKAGE NAME.
debian_library() {
  local package=$1 name=$2 folder found
  found=$(find /usr/lib -name "$name" 2>/dev/null | head -n 1)
  if [ -z "$found" ]; then
    folder=$(unpacked_package "$package") || return 1
    found=$(find "$folder" -name "$name" | head -n 1)
  fi
  [ -n "$found" ] && printf '%s\n' "$found"
}

# Why `apt_install` could not: for the line that reports it.
apt_reason() {
  if ! have apt-get; then
    printf 'no apt-get on this system'
  elif [ "$(id -u)" -ne 0 ] && ! sudo -n true 2>/dev/null; then
    printf 'not root, and no sudo without a password'
  else
    printf 'apt-get failed'
  fi
}

# The server and client programs alone: the packages that hold them start no service. Older Ubuntu releases number them.
install_mariadb() {
  have mariadbd && have mariadb-install-db && have mariadb && return 0
  apt_install mariadb-server-core mariadb-client-core ||
    { apt_install mariadb-server-core-10.6 mariadb-client-core-10.6 && have mariadbd && have mariadb; }
}

python_is_enough() {
  "$1" -c 'import ensurepip, sqlite3, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

# Prints a Python that can make virtual environments, installing Debian's if there is none.
find_python() {
  local python
  for python in python3 /usr/bin/python3; do
    python_is_enough "$python" && { printf '%s\n' "$python"; return 0; }
  done
  apt_install python3 python3-venv >&2 || return 1
  for python in /usr/bin/python3 python3; do
    python_is_enough "$python" && { printf '%s\n' "$python"; return 0; }
  done
  return 1
}

# True when the Node that is there is of this version or a later one: node_is MAJOR MINOR.
node_is() {
  have node && have npm &&
    [ "$(node -p "const [major, minor] = process.versions.node.split('.'); major > $1 || (major == $1 && minor >= $2)" 2>/dev/null)" = true ]
}

install_node() {
  node_is 16 0 || { apt_install nodejs npm ca-certificates && node_is 16 0; }
}

# Prints the path of a program of cargo's, installed if need be: cargo_tool NAME VERSION. Built without optimisation: that
# halves the build, and what it does takes seconds either way.
cargo_tool() {
  local name=$1 version=$2 found
  for found in "$(command -v "$name" || true)" "${CARGO_HOME:-$HOME/.cargo}/bin/$name" "$target/tools/bin/$name"; do
    [ -n "$found" ] && [ -x "$found" ] && { printf '%s\n' "$found"; return 0; }
  done
  say "installing $name $version into $target/tools (some minutes, once)"
  CARGO_TARGET_DIR="$target/tools/build" cargo install --quiet --debug --locked --root "$target/tools" \
    --version "$version" "$name" >&2 || return 1
  rm -rf "$target/tools/build"
  printf '%s\n' "$target/tools/bin/$name"
}
