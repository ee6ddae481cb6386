# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of scripts/package
# Sourced by scripts/package: other roots, in which what was made is tried. In one that was not booted (scripts/lib/booted.sh)
# the server is started as the unit says, by hand.

chroot_of=
chroot_server=
# The first process of a root that was booted.
booted_leader=

leave_chroot() {
  if [ -n "$chroot_server" ]; then
    kill -KILL "$chroot_server" 2>/dev/null || true
    wait "$chroot_server" 2>/dev/null || true
    chroot_server=
  fi
}

# debian_root FOLDER SUITE: an unpacked minimal Debian.
debian_root() {
  chroot_of=$1
  mmdebstrap --variant=minbase --include=adduser,systemd "$2" "$1"
}

inside() {
  local enter=(chroot "$chroot_of")
  [ -z "$booted_leader" ] || enter=(nsenter --target "$booted_leader" --all --root)
  "${enter[@]}" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive "$@"
}

# What an operator types, as the package's user.
as_doorward() {
  inside setpriv --reuid doorward --regid doorward --clear-groups \
    env DOORWARD_CONFIG=/etc/doorward/doorward.toml doorward "$@"
}

# in_unit KEY: the last value of KEY in the installed unit.
in_unit() {
  sed -n "s/^$1=//p" "$chroot_of/lib/systemd/system/doorward.service" "$chroot_of/usr/lib/systemd/system/doorward.service" 2>/dev/null |
    tail -n 1
}

# As the unit says: user, environment, directory, command.
start_as_in_the_unit() {
  local command variable directory tries log="$scratch/server.log"
  command=$(in_unit ExecStart)
  variable=$(in_unit Environment)
  directory=$(in_unit WorkingDirectory)
  : >"$log"
  # shellcheck disable=SC2016,SC2086 # words for the shell inside; the unit's command has several
  chroot --userspec="$(in_unit User):$(in_unit Group)" "$chroot_of" \
    env -i "$variable" sh -c 'umask 0077; cd "$0" && exec "$@"' "$directory" $command --listen 127.0.0.1:0 \
    </dev/null >"$log" 2>&1 3>&- &
  chroot_server=$!
  for ((tries = 0; tries < 100; tries++)); do
    server_url=$(grep -oEm1 'listening +http://127\.0\.0\.1:[0-9]+' "$log" | grep -oE 'http://.*') && return 0
    kill -0 "$chroot_server" 2>/dev/null || break
    sleep 0.1
  done
  cat "$log"
  return 1
}

stop_as_systemd_does() {
  local pid=$chroot_server
  kill -TERM "$pid"
  wait "$pid"
  chroot_server=
}

# request PATH [JSON]: the status and the body.
request() {
  local body=() enter=()
  [ -z "$booted_leader" ] || enter=(nsenter --target "$booted_leader" --net)
  [ -z "${2:-}" ] || body=(--header 'Content-Type: application/json' --data "$2")
  "${enter[@]}" curl --silent --show-error --max-time 20 --write-out '%{http_code} ' --output "$scratch/body" "${body[@]}" "$server_url$1"
  cat "$scratch/body"
}

expect() {
  local expected=$1 found
  shift
  found=$("$@")
  case "$found" in
    "$expected"*) printf 'ok   %s\n' "$*" ;;
    *) printf 'FAIL %s: expected %s, got %s\n' "$*" "$expected" "$found"; return 1 ;;
  esac
}

install_deb() {
  cp "$1" "$chroot_of/root/doorward.deb"
  # Nobody is there to be asked about a changed configuration: it stays.
  inside dpkg --install --force-confold /root/doorward.deb
  rm "$chroot_of/root/doorward.deb"
}

mode_of() {
  inside stat --format '%a %U:%G' "$1"
}

# try_package ROOT DEB NEWER_DEB
try_package() {
  local login='{"username":"root","password":"green teapot 77"}'
  chroot_of=$1
  install_deb "$2"
  expect '700 doorward:doorward' mode_of /var/lib/doorward
  expect '640 root:doorward' mode_of /etc/doorward/doorward.toml
  expect 'doorward ' as_doorward --version
  expect '' as_doorward config check
  inside test -e /usr/share/bash-completion/completions/doorward
  # Installed is not started: nobody has decided yet where it is reached.
  start_as_in_the_unit
  expect '200 ' request /healthz
  as_doorward healthcheck --url "$server_url"
  printf 'green teapot 77\n' | as_doorward admin create --username root --password-stdin
  expect '200 ' request /login "$login"
  stop_as_systemd_does
  expect '600 doorward:doorward' mode_of /var/lib/doorward/doorward.db
  expect '600 doorward:doorward' mode_of /var/lib/doorward/secret.key

  sed -i 's/^#admin_setup_ttl = .*/admin_setup_ttl = "31m"/' "$chroot_of/etc/doorward/doorward.toml"
  install_deb "$3"
  inside grep -q '^admin_setup_ttl = "31m"' /etc/doorward/doorward.toml
  expect '640 root:doorward' mode_of /etc/doorward/doorward.toml
  start_as_in_the_unit
  expect '200 ' request /login "$login"
  stop_as_systemd_does

  inside dpkg --remove doorward
  if inside test -e /usr/bin/doorward; then
    printf 'FAIL the program is there after the removal\n'
    return 1
  fi
  inside test -e /var/lib/doorward/doorward.db
  inside test -e /etc/doorward/doorward.toml
  # Who deleted the configuration does not get it back, and is not kept from an upgrade.
  rm "$chroot_of/etc/doorward/doorward.toml"
  install_deb "$3"
  if inside test -e /etc/doorward/doorward.toml; then
    printf 'FAIL a configuration that was deleted is there again\n'
    return 1
  fi
  inside sh -c 'printf "data_dir = \"/var/lib/doorward\"\n" >/etc/doorward/doorward.toml && chmod 644 /etc/doorward/doorward.toml'
  start_as_in_the_unit
  expect '200 ' request /login "$login"
  stop_as_systemd_does

  inside dpkg --purge doorward
  inside test -e /var/lib/doorward/doorward.db
  inside getent passwd doorward
  if inside find / -xdev -path /proc -prune -o -path /var/lib/doorward -prune -o -path /var/log -prune -o -name '*doorward*' -print | grep .; then
    printf 'FAIL these files are left\n'
    return 1
  fi
}
