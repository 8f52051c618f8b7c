#!/bin/sh
# Makes the environment: torch first (its CPU build where one is at hand), then everything else.
set -eu
"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; give one with PYTHON=..." >&2; exit 1; }
echo "Making $VENV with $("$PYTHON" --version): torch $TORCH_VERSION, then the packages of pyproject.toml (versions in constraints.txt)"
# An environment of another interpreter is made anew.
which='import sys; print(sys.base_prefix, sys.version)'
if ! [ -x "$VENV/bin/python" ]; then
  "$PYTHON" -m venv "$VENV"
elif [ "$("$VENV/bin/python" -c "$which" 2>/dev/null)" != "$("$PYTHON" -c "$which")" ]; then
  "$PYTHON" -m venv --clear "$VENV"
fi
# The tested versions, and of torch the one that was asked for.
constraints="$VENV/constraints.txt"
{ sed '/^torch==/d' constraints.txt; echo "torch==$TORCH_VERSION"; } > "$constraints"
pip() { "$VENV/bin/python" -m pip --disable-pip-version-check "$@"; }
pip install --quiet --upgrade "pip>=25.1"
there=$("$VENV/bin/python" -c "import importlib.metadata as m; print(m.version('torch').split('+')[0])" 2>/dev/null || true)
if [ "$there" != "$TORCH_VERSION" ] || [ "$(cat "$VENV/.torch_index" 2>/dev/null || true)" != "${TORCH_INDEX:-}" ]; then
  # Of one version there are several builds, and pip takes any of them for what was asked for: the one that is there goes first.
  [ -z "$there" ] || pip uninstall --quiet --yes torch
  if [ -n "${TORCH_INDEX:-}" ]; then
    pip install --quiet "torch==$TORCH_VERSION" --index-url "$TORCH_INDEX"
  else
    # Where pip is shown a CPU build (a local version, +cpu), it sorts above the plain one and is taken.
    pip install --quiet "torch==$TORCH_VERSION" -c "$constraints"
  fi
  echo "${TORCH_INDEX:-}" > "$VENV/.torch_index"
fi
pip install --quiet -e ".[server]" --group dev -c "$constraints"
echo "Installed $(pip list --format=freeze | wc -l | tr -d ' ') packages."
