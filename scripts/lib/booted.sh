# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables of scripts/package and scripts/lib/chroot.sh
# Sourced by scripts/package after chroot.sh: a Debian that is booted beside this system, in which systemd itself starts,
# confines and stops the server.

booted_by=

# boot ROOT: until `power_off`, `inside` is inside of the running system. It has a network of its own, with nobody in it.
boot() {
  local tries found alone=()
  chroot_of=$1
  # Where no systemd runs there is nobody to ask for a unit.
  [ -d /run/systemd/system ] || alone=(--keep-unit)
  systemd-nspawn --quiet --directory="$1" --boot --register=no "${alone[@]}" --private-network --console=pipe \
    </dev/null >"$scratch/boot.log" 2>&1 3>&- &
  booted_by=$!
  for ((tries = 0; tries < 300; tries++)); do
    kill -0 "$booted_by" 2>/dev/null || break
    # Before it has a root of its own, to enter it would be to stay here.
    if found=$(pgrep --newest --parent "$booted_by") && [ "/proc/$found/root" -ef "$1" ]; then
      booted_leader=$found
      case "$(inside systemctl is-system-running 2>/dev/null)" in running | degraded) return 0 ;; esac
      booted_leader=
    fi
    sleep 0.1
  done
  cat "$scratch/boot.log"
  return 1
}

power_off() {
  booted_leader=
  [ -n "$booted_by" ] || return 0
  kill -TERM "$booted_by" 2>/dev/null || true
  wait "$booted_by" || true
  booted_by=
  # Empty groups are left where nobody else minds them.
  [ -d /run/systemd/system ] ||
    rmdir /sys/fs/cgroup/{,unified/,systemd/}{payload/init.scope,payload,supervisor} 2>/dev/null || true
}

# unit PROPERTY: what systemd says of the service.
unit() {
  inside systemctl show --property "$1" --value doorward
}

# wait_for VALUE PROPERTY: until systemd says so of the service.
wait_for() {
  local tries
  for ((tries = 0; tries < 100; tries++)); do
    [ "$(unit "$2")" != "$1" ] || return 0
    sleep 0.1
  done
  printf 'FAIL %s of the service is %s, not %s\n' "$2" "$(unit "$2")" "$1"
  return 1
}

# Started is not yet answering.
wait_until_ready() {
  local tries
  for ((tries = 0; tries < 100; tries++)); do
    as_doorward healthcheck >/dev/null 2>&1 && return 0
    sleep 0.1
  done
  inside journalctl --no-pager --unit doorward
  as_doorward healthcheck
}

# The nice values of the hashing threads, each once.
hashing_priorities() {
  # shellcheck disable=SC2016 # for the shell inside
  inside sh -c 'cat /proc/"$0"/task/*/stat' "$(unit MainPID)" |
    sed -n 's/^[0-9]* (doorward-hash[0-9]*) //p' | cut -d' ' -f17 | sort -u
}

# try_service ROOT DEB NEWER_DEB
try_service() {
  local login='{"username":"root","password":"green teapot 77"}' first second
  trap power_off EXIT
  boot "$1" || not_run "no systemd could be booted beside this system"
  server_url=http://127.0.0.1:5000
  install_deb "$2"
  expect enabled inside systemctl is-enabled doorward
  # Nobody has decided yet where it is reached.
  expect inactive unit ActiveState
  inside systemctl start doorward
  wait_until_ready
  printf 'green teapot 77\n' | as_doorward admin create --username root --password-stdin
  expect '200 ' request /login "$login"
  # Confined, and not more than it can bear: a storm of logins must not slow down what needs no hash.
  expect 10 hashing_priorities

  first=$(unit MainPID)
  install_deb "$3"
  wait_until_ready
  second=$(unit MainPID)
  [ "$first" != "$second" ] || { printf 'FAIL the upgrade did not restart the service\n'; return 1; }
  expect '200 ' request /login "$login"

  inside systemctl kill --signal KILL doorward
  wait_for 1 NRestarts
  wait_until_ready
  expect '200 ' request /login "$login"
  inside systemctl stop doorward
  expect inactive unit ActiveState
  expect success unit Result

  # A configuration that is refused is not tried again.
  printf 'nonsense = 1\n' >>"$chroot_of/etc/doorward/doorward.toml"
  inside systemctl start doorward
  wait_for failed ActiveState
  expect 2 unit ExecMainStatus
  expect 0 unit NRestarts
  sed -i '/^nonsense/d' "$chroot_of/etc/doorward/doorward.toml"

  # The secret as the unit's comment has it.
  inside install -m 600 -o root /var/lib/doorward/secret.key /etc/doorward/secret_key
  inside rm /var/lib/doorward/secret.key
  inside mkdir -p /etc/systemd/system/doorward.service.d
  { printf '[Service]\n'; sed -nE 's/^#(LoadCredential|Environment)=/\1=/p' packaging/systemd/doorward.service; } \
    >"$chroot_of/etc/systemd/system/doorward.service.d/secret.conf"
  inside systemctl daemon-reload
  inside systemctl start doorward
  wait_until_ready
  expect '200 ' request /login "$login"
  if inside test -e /var/lib/doorward/secret.key; then
    printf 'FAIL the server made a secret of its own\n'
    return 1
  fi

  inside dpkg --remove doorward
  expect inactive unit ActiveState
  inside test -e /var/lib/doorward/doorward.db
}
