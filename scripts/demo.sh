#!/usr/bin/env bash
# `make demo`: every command once, on real pictures; leaves nothing running.
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
export FACEGRID_TARGET="127.0.0.1:$port"
echo "== 3. the faces in samples/"
"$bin/facegrid" detect samples
echo "== 4. remember three people by one picture each"
"$bin/facegrid" enroll "Barack Obama" samples/obama.jpg
"$bin/facegrid" enroll "Joe Biden" samples/biden.jpg
"$bin/facegrid" enroll "Grace Hopper" samples/grace_hopper.jpg
"$bin/facegrid" subjects list
echo "== 5. do two pictures show the same person?"
"$bin/facegrid" verify samples/obama2.jpg samples/obama3.jpg
"$bin/facegrid" verify samples/obama2.jpg samples/biden.jpg
echo "== 6. who is who in samples/"
"$bin/facegrid" identify samples --draw out
echo "== 7. forget one of them"
"$bin/facegrid" subjects delete "Joe Biden"
"$bin/facegrid" identify samples/biden.jpg
echo "== 8. digits that the generator draws, and what is a 2 and a 3"
"$bin/facegrid" generate --labels 0 1 2 3 4 5 6 7 8 9 --count 10 --seed 7 --out out/digits.png
"$bin/facegrid" generate --labels 2,3 --count 64 --seed 7 --out out/two-and-three.png
"$bin/facegrid" generate --morph 2:3 --steps 12 --count 6 --seed 7 --out out/two-to-three.png
"$bin/facegrid" status --state-dir "$state"
echo "== done: look at the pictures in out/: faces with names, digits.png, two-and-three.png, two-to-three.png"
