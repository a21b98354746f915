#!/bin/sh
# tests/environment.sh FOLDER [PIP ARGUMENT ...]: FOLDER becomes a virtual environment with what these arguments
# install, unless it is that already. Variables, all optional; one of the first two that FOLDER was not made with makes
# it anew:
#   PYTHON       the interpreter; python3 where there is no FOLDER yet
#   TORCH_INDEX  where pip also looks for PyTorch: the address of an index, or a folder of wheels
#   ALONE        packages that are installed without what they ask for, at the versions of constraints.txt
set -eu
folder=$1
shift
cd "$(dirname "$0")/.."

before=$(cat "$folder/torch-index" 2>/dev/null || :)
index=${TORCH_INDEX:-$before}
case $index in
"") ;;
*://*) set -- --extra-index-url "$index" "$@" ;;
*)
    if [ ! -d "$index" ]; then
        echo "TORCH_INDEX: $index is neither an index's address (https://...) nor a folder of wheels." >&2
        exit 2
    fi
    set -- --find-links "$index" "$@"
    ;;
esac

python=$("$folder/bin/python" -VV 2>/dev/null || :)
if [ -z "$python" ] || [ "$index" != "$before" ] || [ "$("${PYTHON:-$folder/bin/python}" -VV)" != "$python" ]; then
    "${PYTHON:-python3}" -m venv --clear "$folder"
    printf '%s\n' "$index" >"$folder/torch-index"
elif [ -n "$(find "$folder/ready" -newer pyproject.toml -newer constraints.txt 2>/dev/null)" ]; then
    exit 0
fi
rm -f "$folder/ready"
# Python compiles what is imported: to compile all of it took 51 s of a core.
"$folder/bin/pip" install --quiet --no-compile "$@" ${ALONE:+--no-warn-conflicts}
# shellcheck disable=SC2086  # several names
[ -z "${ALONE:-}" ] || "$folder/bin/pip" install --quiet --no-compile --no-deps --constraint constraints.txt $ALONE
touch "$folder/ready"
