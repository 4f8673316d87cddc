#!/usr/bin/env bash
# The test suite, in two processes: most tests wait for servers, so those that compute run beside them, on one
# processor and with what these leave of it. Both use the same exported networks.
set -uo pipefail
cd "$(dirname "$0")/.."
: "${BIN:=.venv/bin}"

computing=(tests/{accuracy,capacity,client,export,gallery,monitoring,pipeline,training})
scratch="$(mktemp -d "${TMPDIR:-/tmp}/fgtest.XXXX")"
export FACEGRID_TEST_MODELS="$scratch"
processor="$("$BIN/python" -c 'import os; print(max(os.sched_getaffinity(0)))')"
nice -n 19 taskset -c "$processor" env --default-signal=INT "$BIN/python" -m pytest --durations=15 \
    -o cache_dir=.pytest_cache/computing "${computing[@]}" >"$scratch/output" 2>&1 &
beside=$!
trap 'kill -INT $beside 2>/dev/null; wait $beside; rm -rf "$scratch"' EXIT

# A shell in the background ignores SIGINT, and so would the tests of Ctrl-C.
env --default-signal=INT "$BIN/python" -m pytest --durations=15 "${computing[@]/#/--ignore=}"
waiting_code=$?
echo "and of ${computing[*]}:"
wait $beside
computing_code=$?
cat "$scratch/output"
exit $((waiting_code ? waiting_code : computing_code))
