#!/usr/bin/env bash
# `make demo`: the whole road once, on real pictures, leaving nothing running.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=${BIN:-.venv/bin}
state=$(mktemp -d "${TMPDIR:-/tmp}/fgdemo.XXXX")
port=$("$bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')

stop() {
    "$bin/facegrid" down --state-dir "$state" || true
    rm -rf "$state"
}
trap stop EXIT

echo "== 1. the networks as SavedModels"
"$bin/facegrid" export --if-missing
echo "== 2. model server, Ray Serve and the orchestrator"
"$bin/facegrid" up --state-dir "$state" --port "$port"
echo "== 3. the faces in samples/"
"$bin/facegrid" detect samples --target "127.0.0.1:$port" --draw out
"$bin/facegrid" status --state-dir "$state"
echo "== done: look at the pictures in out/"
