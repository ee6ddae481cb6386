# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables of scripts/package and scripts/lib/chroot.sh
# Sourced by scripts/package after chroot.sh: what packaging/docker/Dockerfile puts into the empty image.

image_user=10001:10001

# image_root FOLDER: FOLDER/root is root's, FOLDER/data the server's. Apart, since who copies them may keep no owner.
image_root() {
  rm -rf "$1"
  mkdir -p "$1/root/usr/bin" "$1/root/etc" "$1/root/var/lib" "$1/data"
  install -m 755 "$binary" "$1/root/usr/bin/doorward"
  printf 'doorward:x:10001:10001::/var/lib/doorward:/usr/sbin/nologin\n' >"$1/root/etc/passwd"
  printf 'doorward:x:10001:\n' >"$1/root/etc/group"
  install -d -m 1777 "$1/root/tmp"
  install -d -m 700 "$1/data/doorward"
}

# image_answers COMMAND...: the server that COMMAND starts answers, and `COMMAND... healthcheck` says so.
image_answers() {
  local tries log="$scratch/image.log"
  "$@" serve --listen 127.0.0.1:0 </dev/null >"$log" 2>&1 3>&- &
  chroot_server=$!
  server_url=
  for ((tries = 0; tries < 100; tries++)); do
    server_url=$(grep -oEm1 'listening +http://127\.0\.0\.1:[0-9]+' "$log" | grep -oE 'http://.*') && break
    kill -0 "$chroot_server" 2>/dev/null || break
    sleep 0.1
  done
  [ -n "$server_url" ] || { cat "$log"; return 1; }
  expect '200 ' request /healthz
  "$@" healthcheck --url "$server_url"
  kill -TERM "$chroot_server"
  wait "$chroot_server" || true
  chroot_server=
}

in_image_root() {
  (cd "$scratch/image/var/lib/doorward" &&
    exec env -i DOORWARD_DATA_DIR=/var/lib/doorward "$(command -v chroot)" --userspec="$image_user" "$scratch/image" /usr/bin/doorward "$@")
}

# try_image FOLDER: nothing but that is there, no shell, no library, no certificates.
try_image() {
  cp -a "$1/root" "$scratch/image"
  cp -a "$1/data/doorward" "$scratch/image/var/lib/"
  chown "$image_user" "$scratch/image/var/lib/doorward"
  image_answers in_image_root
}

image_builder() {
  buildah --storage-driver vfs --root "$scratch/images" --runroot "$scratch/containers" "$@"
}

in_container() {
  image_builder run --isolation chroot "$container" -- /usr/bin/doorward "$@"
}

# try_container FOLDER: the last part of the Dockerfile, from the empty image on, with FOLDER for what was built before.
try_container() {
  local context="$scratch/context" volume
  mkdir -p "$context"
  cp -a "$1" "$context/image"
  {
    printf 'FROM scratch AS build\nCOPY image/ /src/target/package/image/\n'
    sed -n '/^FROM scratch/,$p' packaging/docker/Dockerfile
  } >"$context/Dockerfile"
  image_builder bud --quiet --isolation chroot --format docker --tag doorward "$context"
  image_builder inspect --type image doorward >"$scratch/image.json"
  grep -A 6 '"Healthcheck": {' "$scratch/image.json"
  container=$(image_builder from doorward)
  volume=$(image_builder mount "$container")/var/lib/doorward
  expect '700 10001:10001' stat --format '%a %u:%g' "$volume"
  expect '755 0:0' stat --format '%a %u:%g' "${volume%/var/*}/usr/bin/doorward"
  # As the image says: its user, its environment, its directory.
  image_answers in_container
}
