#!/bin/sh
# `make test-npu`: torch_npu's own binary on a simulated CANN, in an environment of its own (.venv-npu).
# torch-npu must never get into .venv: without CANN it makes `import torch` fail.
set -eu
cd "$(dirname "$0")/../.."

version=2.13.0
pytorch=https://download.pytorch.org/whl/cpu

skip() {
    echo "test-npu: skipped: $1"
    exit 0
}

case "$(uname -s) $(uname -m)" in
"Linux x86_64" | "Linux aarch64") ;;
*) skip "there is no torch-npu for $(uname -s) on $(uname -m)." ;;
esac
command -v g++ >/dev/null || skip "g++ is not installed; the simulated CANN is compiled with it."
command -v nm >/dev/null || skip "nm is not installed; it comes with g++'s binutils."

# torch_npu must not be loaded by every `import torch`, and pip's own runs are no exception.
export TORCH_DEVICE_BACKEND_AUTOLOAD=0
bin=.venv-npu/bin

# Whether pip finds this PyTorch, also at that index or folder. It is not brought: a CUDA build is some gigabytes.
found() {
    $bin/pip install --quiet --dry-run --ignore-installed --no-deps --retries 0 --timeout 10 \
        ${2:+--extra-index-url "$2" --find-links "$2"} "torch==$1" >/dev/null 2>&1
}

if [ ! -e .venv-npu/ready ]; then
    "${PYTHON:-python3}" -m venv --clear .venv-npu
    # torch-npu ends the process beside a CUDA build, which is what pip mostly finds.
    if found "$version+cpu" "${TORCH_INDEX:-}"; then
        build=$version+cpu
    elif [ -z "${TORCH_INDEX:-}" ] && found "$version+cpu" "$pytorch"; then
        build=$version+cpu
        export TORCH_INDEX=$pytorch
    elif [ "$(uname -m)" = aarch64 ]; then
        build=$version # may be for the CPU without saying so
    else
        skip "pip finds no CPU build of PyTorch $version${TORCH_INDEX:+ with TORCH_INDEX=$TORCH_INDEX}, and torch-npu \
cannot stand beside a CUDA build. Name an index or a folder that has one: make test-npu TORCH_INDEX=$pytorch"
    fi
else
    build=$version # as it is
fi
tests/environment.sh .venv-npu --constraint constraints.txt --editable . "torch==$build" numpy pyyaml pytest
# Its requirement is torch itself; it stands apart so that pip looks for nothing else.
$bin/pip install --quiet --no-deps "torch-npu==$version"

cuda=$($bin/python -c "from torch.version import cuda; print(cuda or '')")
[ -z "$cuda" ] || skip "pip brought a torch for CUDA $cuda, which torch-npu cannot stand beside."

$bin/python tests/npu/cann/build.py
exec $bin/python -m pytest tests/npu "$@"
