#!/usr/bin/env bash
# Measures `mef poll` as a whole process: records pulled from a local vendor over HTTP, with OAuth2,
# a schema and a map, into a durable queue on a fresh store.
#
#   benchmarks/poll.sh [RECORDS] [RUNS]
#
# Prints, per run, the CPU time a record (user and system, of `mef` alone), the wall time and the
# peak memory, and then the medians. Builds what it needs with --release.
set -euo pipefail
cd "$(dirname "$0")/.."
records=${1:-50000}
runs=${2:-5}
cargo build --release --quiet --bin mef --example vendor
target=${CARGO_TARGET_DIR:-target}
work=$(mktemp -d)
exec {lines}< <(exec "$target/release/examples/vendor" "$records" "$work")
vendor=$!
trap 'kill "$vendor" 2> /dev/null || true; rm -rf "$work"' EXIT
read -r _origin <&"$lines"
chmod 600 "$work/secrets.env"
python3 - "$target/release/mef" "$work" "$records" "$runs" << 'PYTHON'
import json, os, resource, statistics, subprocess, sys, time

mef, work, records, runs = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
rows = []
for run in range(runs):
    store = f"{work}/{run}.db"
    started = time.monotonic()
    child = subprocess.Popen(
        [mef, "poll", "acme-audit", "--once", "--json", "--sources", work, "--store", store,
         "--secrets", f"{work}/secrets.env"], stdout=subprocess.PIPE)
    answer = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.monotonic() - started
    summary = json.loads(answer)
    assert os.waitstatus_to_exitcode(status) == 0, answer
    assert summary["delivered"] == records, summary
    cpu = usage.ru_utime + usage.ru_stime
    rows.append((cpu / records * 1e6, wall, usage.ru_maxrss / 1024))
    print(f"run {run + 1}: {rows[-1][0]:.1f} us of CPU a record, {wall:.2f} s, {rows[-1][2]:.0f} MiB")
    for suffix in ("", "-wal", "-shm"):
        try: os.remove(store + suffix)
        except FileNotFoundError: pass
medians = [statistics.median(column) for column in zip(*rows)]
print(f"median of {runs}: {medians[0]:.1f} us of CPU a record, {medians[1]:.2f} s "
      f"({records / medians[1]:.0f} records a second), {medians[2]:.0f} MiB at most")
PYTHON
