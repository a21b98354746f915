#!/usr/bin/env bash
# Networks and guidelines on the runtimes that ship: `bench/engines.sh results/MACHINE`.
# Takes two hours on two cores, more than half of them for conversion; nothing else may run meanwhile. What is stored already is not
# measured again.
set -euo pipefail
out=$1
mkdir -p "$out"

lightbench profile --suite bench/suites/engines.toml --quiet --store "$out/engines.jsonl" -o "$out/engines.md"
for engine in eager onnxruntime openvino executorch litert ncnn; do
    lightbench guidelines --engine "$engine" --threads 1 --quiet \
        --store "$out/guidelines-$engine.jsonl" -o "$out/guidelines-$engine.md"
done

# The other networks of paper.toml: with those above, 32 on six.
lightbench profile --suite bench/suites/paper.toml --engine eager,onnxruntime,openvino,executorch,litert,ncnn --seconds 6 --quiet \
    --store "$out/engines.jsonl" -o "$out/engines-32.md"

networks=$(python -c 'import tomllib; print(*tomllib.load(open("bench/suites/paper.toml", "rb"))["models"])')
# shellcheck disable=SC2086  they are many
lightbench roofline $networks --threads 1 --quiet --store "$out/roofline-threads-1.jsonl" -o "$out/roofline-threads-1.md"
