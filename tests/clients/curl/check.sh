# What both programs here share: one line for each check, and the payloads.
set -uo pipefail
LC_ALL=C

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

published='{"echo":"木霊"}'

version() {
  echo "version $(curl --version | sed -n 's/^curl \([^ ]*\).*/\1/p')"
}

# A file with a text of so many bytes.
text() {
  yes 'kodama ' | tr -d '\n' | head -c "$1" >"$folder/text"
  echo "$folder/text"
}

# Prints what came of one check: a command, which says why it fails.
check() {
  local name=$1 why
  shift
  if why=$("$@" 2>&1); then echo "ok $name"; else echo "not ok $name: $(head -c 200 <<<"$why" | tr '\n' ' ')"; fi
}
