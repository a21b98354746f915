#!/bin/sh
# `make test-lowest` and `make test-newest`: what depends on packages, with the oldest ones that pyproject.toml allows
# or with the newest that there are, in .venv-lowest or .venv-newest.
#   tests/versions.sh lowest|newest [torch]     with "torch" PyTorch's version varies too
set -eu
cd "$(dirname "$0")/.."
folder=.venv-$1${2:+-$2}
constraints=build/$1${2:+-$2}.txt
mkdir -p build
"${PYTHON:-python3}" tests/versions.py "$@" >"$constraints"

if [ "$1" = newest ]; then
    rm -f "$folder/ready"
    tests/environment.sh "$folder" --upgrade --upgrade-strategy eager --constraint "$constraints" --editable ".[dev]"
else
    tests/environment.sh "$folder" --constraint "$constraints" --editable ".[dev]"
fi

# Start-up, commands, files, figures, formats, records, counts. An old package may warn of a newer neighbour.
exec "$folder/bin/python" -m pytest -o filterwarnings=default -m "not alone and not slow" \
    tests/contract/test_exporters*.py tests/contract/test_plots*.py tests/contract/test_plugins*.py tests/cli/test_cli*.py tests/cli/test_complete.py tests/records/test_store*.py \
    tests/devices/support/test_nvml.py tests/reports/test_html.py tests/pytest_benchmark/test_file.py
