#!/usr/bin/env bash
# The guideline tables, sweeps and device cards of a machine: `bench/guidelines.sh results/MACHINE`.
# Takes a quarter of an hour on two cores; nothing else may run meanwhile. What is stored already is not measured again.
set -euo pipefail
out=$1
mkdir -p "$out/figures"

guidelines() {  # NAME OPTIONS...: records, tables and figures of one setup
    local name=$1; shift
    lightbench guidelines "$@" --quiet --store "$out/guidelines-$name.jsonl" \
        -o "$out/guidelines-$name.md" --figures "$out/figures/$name"
}

card() {  # NAME OPTIONS...
    local name=$1; shift
    lightbench device-card "$@" --quiet --card "$out/card-$name.jsonl" \
        -o "$out/card-$name.md" --figure "$out/figures/card-$name.svg"
}

card threads-1 --threads 1
card threads-1-channels-last --threads 1 --channels-last
guidelines threads-1 --threads 1 --scale paper
guidelines threads-1-channels-last --threads 1 --channels aligned,paper-gpu --channels-last
guidelines threads-2 --threads 2
guidelines threads-2-channels-last --threads 2 --channels-last
guidelines more-threads-1 --threads 1 --seconds 10 units operators
for axis in ratio groups kernel kind resolution batch activation excite shuffle loop branches; do
    lightbench sweep "$axis" --threads 1 --seconds 15 --quiet --store "$out/sweeps-threads-1.jsonl" \
        --figure "$out/figures/sweep-$axis.svg" --format markdown
done > "$out/sweeps-threads-1.md"
for model in shufflenet_v2_x1_0 shufflenet_v1_x1_0_g3 mobilenet_v2; do
    lightbench layers "$model" --measure --by kind --threads 1 --quiet \
        --figure "$out/figures/layers-$model.svg" --format markdown
done > "$out/layers-threads-1.md"
