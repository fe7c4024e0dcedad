#!/usr/bin/env bash
# Gives the users of definitions.json their passwords.
#
#   setup.sh FILE   writes complete definitions to FILE (mode 600), for `load_definitions = FILE`
#                   in rabbitmq.conf; the server must be able to read it
#   setup.sh        gives them to the broker of this machine, with rabbitmqctl; what is there is
#                   kept, the two users' passwords and permissions are set
#
# The passwords are in LUMIMILL_COORDINATOR_PASSWORD and LUMIMILL_WORKER_PASSWORD, or in files that
# only their owner can read, which LUMIMILL_COORDINATOR_PASSWORD_FILE and
# LUMIMILL_WORKER_PASSWORD_FILE name. Only salted hashes of them are written.
set -euo pipefail

HERE="$(cd "$(dirname "$0")" && pwd)"
umask 077

fail() { echo "setup.sh: $*" >&2; exit 2; }

# The password of a role: from the environment, or from its file.
password() {
  local variable="LUMIMILL_$1_PASSWORD" file="LUMIMILL_$1_PASSWORD_FILE" mode found
  found="${!variable:-}"
  if [ -n "${!file:-}" ]; then
    mode="$(stat -Lc %a "${!file}")" || fail "$file: cannot look at ${!file}"
    [ "${mode: -2}" = 00 ] || fail "$file: others can read ${!file} (mode $mode): run chmod 600 on it"
    found="$(cat "${!file}")"
  fi
  [ "${#found}" -ge 12 ] || fail "$variable or $file: expected a password of 12 characters or more"
  printf %s "$found"
}

# RabbitMQ's rabbit_password_hashing_sha256: the salt, and the hash of salt and password.
hash_of() {
  local salt
  salt="$(openssl rand -hex 4)"
  salt="\\x${salt:0:2}\\x${salt:2:2}\\x${salt:4:2}\\x${salt:6:2}"
  { printf %b "$salt"; { printf %b "$salt"; printf %s "$1"; } | openssl dgst -sha256 -binary; } | base64
}

# The definitions; the passwords never are arguments of a program.
definitions() {
  local coordinator worker line algorithm='"hashing_algorithm": "rabbit_password_hashing_sha256"'
  coordinator="$(hash_of "$1")"
  worker="$(hash_of "$2")"
  while IFS= read -r line; do
    case "$line" in
      *'{"name": "lumimill-coordinator", '*) line="${line/\"tags\"/\"password_hash\": \"$coordinator\", $algorithm, \"tags\"}" ;;
      *'{"name": "lumimill-worker", '*) line="${line/\"tags\"/\"password_hash\": \"$worker\", $algorithm, \"tags\"}" ;;
    esac
    printf '%s\n' "$line"
  done <"$HERE/definitions.json"
}

command -v openssl >/dev/null || fail "openssl is missing: apt-get install openssl"
COORDINATOR="$(password COORDINATOR)"
WORKER="$(password WORKER)"
[ "$COORDINATOR" != "$WORKER" ] || fail "the two passwords are the same"
if [ $# -eq 0 ]; then
  definitions "$COORDINATOR" "$WORKER" | rabbitmqctl import_definitions
else
  rm -f "$1"
  definitions "$COORDINATOR" "$WORKER" >"$1"
fi
