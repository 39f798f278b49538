#!/usr/bin/env bash
# Runs the viewer's live tests against `dics demo` on a small province: live.sh PATH_TO_DICS
set -euo pipefail
cd "$(dirname "$0")/../.."
dics=$(realpath "$1")
state=$(mktemp -d)
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$dics" demo --small --data-dir "$state" --listen "127.0.0.1:$port" >"$state/log" 2>&1 &
demo=$!
trap 'kill -INT $demo 2>/dev/null || true; wait $demo 2>/dev/null || true; rm -rf "$state"' EXIT
for _ in $(seq 300); do
    grep -q "Every region is indexed" "$state/log" && break
    kill -0 $demo 2>/dev/null || { cat "$state/log" >&2; exit 1; }
    sleep 0.5
done
grep -q "Every region is indexed" "$state/log" || { cat "$state/log" >&2; echo "the demo did not finish indexing" >&2; exit 1; }
tail -n 1 "$state/log"
mkdir -p target/shots
cd viewer-web && DICS_STORE=1 DICS_URL="http://127.0.0.1:$port" SHOTS_DIR="$PWD/../target/shots" npm run test:live
