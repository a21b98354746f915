#!/bin/sh
# `make test-npu`: torch_npu's own binary on a simulated CANN, in an environment of its own (.venv-npu).
# torch-npu must never get into .venv: without CANN it makes `import torch` fail.
set -eu
cd "$(dirname "$0")/../.."

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

if [ ! -e .venv-npu/ready ] || [ -n "$(find pyproject.toml constraints.txt tests/npu/run.sh -newer .venv-npu/ready)" ]; then
    "${PYTHON:-python3}" -m venv .venv-npu
    $bin/pip install --quiet --constraint constraints.txt --editable . torch==2.13.0 numpy pyyaml pytest
    # Its requirement is torch 2.13.0 itself; it stands apart so that pip looks for nothing else.
    $bin/pip install --quiet --no-deps torch-npu==2.13.0
    touch .venv-npu/ready
fi

cuda=$($bin/python -c "from torch.version import cuda; print(cuda or '')")
[ -z "$cuda" ] || skip "pip brought a torch for CUDA $cuda, which torch-npu cannot stand beside; \
give pip the index of the CPU build."

$bin/python tests/npu/cann/build.py
exec $bin/python -m pytest tests/npu "$@"
