# https://curl.se
. "$(dirname "$0")/check.sh"
channel=$1

# Publishes a file; what else is given are curl's own arguments. The channel must remember it then.
publish() {
  local file=$1 expected=$2
  shift 2
  curl -sS --fail-with-body --data-binary "@$file" "$@" "$channel" || return
  # Long texts are compared in files: an argument has an end.
  remembers "$expected"
}

remembers() {
  curl -sS "$channel?limit=1" >"$folder/newest" || return
  grep -qF -f "$1" "$folder/newest" || { echo "the channel remembers"; head -c 100 "$folder/newest"; return 1; }
}

# What JSON says of a text without anything to escape.
json_of() {
  { printf '"data":"'; cat "$1"; printf '"'; } >"$folder/expected"
  echo "$folder/expected"
}

chunked() {
  curl -sS --fail-with-body -H 'Content-Type: text/plain' -X POST -T - "$channel" <"$1" || return
  remembers "$2"
}

too_large() {
  local status
  # curl asks before it sends more than 1 MiB.
  status=$(curl -sS -o /dev/null -w '%{http_code}' --data-binary "@$1" "$channel")
  echo "answered $status"
  [ "$status" = 413 ]
}

version
for size in 0 125 65536 1000000; do
  file=$(text "$size")
  check "publish $size" publish "$file" "$(json_of "$file")"
done

for i in {0..250}; do printf "\\x$(printf %02x "$i")"; done >"$folder/bytes"
for _ in {1..262}; do cat "$folder/bytes"; done | head -c 65536 >"$folder/binary"
{ printf '"base64":"'; base64 -w 0 "$folder/binary"; printf '"'; } >"$folder/base64"
check "publish binary" publish "$folder/binary" "$folder/base64" -H 'Content-Type: application/octet-stream'

file=$(text 100000)
check "publish chunked" chunked "$file" "$(json_of "$file")"
file=$(text 2048)
check "expect" publish "$file" "$(json_of "$file")" -H 'Expect: 100-continue'
check "too large" too_large "$(text 1048577)"
