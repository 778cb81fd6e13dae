# https://curl.se: Server-Sent Events, line by line
. "$(dirname "$0")/check.sh"
channel=$1

# Reads one event from curl's output into id and data.
event() {
  id= data=
  while IFS= read -r -t 20 -u "$1" line; do
    case $line in
      'id: '*) id=${line#id: } ;;
      'data: '*) data=${line#data: } ;;
      '') [ -z "$data" ] || return 0 ;;
    esac
  done
  echo "no event came"
  return 1
}

holds() {
  [[ $data == *"$1"* ]] || { echo "got $data"; return 1; }
}

both() {
  event "$2" && holds "$1"
}

version
exec {events}< <(exec curl -sSN -H 'Accept: text/event-stream' "$channel")
first=$!
event "$events"
cursor=$id
check "open" holds '"gap":false'
echo subscribed
check "live" both "$published" "$events"
kill "$first"

exec {resumed}< <(exec curl -sSN -H 'Accept: text/event-stream' -H "Last-Event-ID: $cursor" "$channel")
second=$!
resume() {
  both '"gap":false' "$resumed" && both "$published" "$resumed"
}
check "resume" resume
kill "$second"
