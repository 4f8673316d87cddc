#!/usr/bin/env bash
# The whole test suite, in two processes: most tests wait for servers, so those that compute run beside them, on one
# processor and with what these leave of it.
set -uo pipefail
cd "$(dirname "$0")/.."
: "${BIN:=.venv/bin}"

computing=(tests/{accuracy,capacity,client,export,gallery,monitoring,pipeline,training})
output="$(mktemp)"
processor="$("$BIN/python" -c 'import os; print(max(os.sched_getaffinity(0)))')"
nice -n 19 taskset -c "$processor" env --default-signal=INT "$BIN/python" -m pytest -o cache_dir=.pytest_cache/computing "${computing[@]}" >"$output" 2>&1 &
beside=$!
trap 'kill -INT $beside 2>/dev/null; wait $beside; rm -f "$output"' EXIT

"$BIN/python" -m pytest "${computing[@]/#/--ignore=}"
waiting_code=$?
echo "and of ${computing[*]}:"
wait $beside
computing_code=$?
cat "$output"
exit $((waiting_code ? waiting_code : computing_code))
