#!/usr/bin/env bash
# The development environment, .venv, from the locked requirements. It counts as done when .venv/ready exists.
set -euo pipefail
cd "$(dirname "$0")"
python=${PYTHON:-python3}
PATH=$PATH:/usr/sbin:/sbin # a plain `su` leaves them out, and dpkg needs them

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    say "Landbridge needs Python 3.11 or later; $python is $("$python" -V). Set PYTHON to a newer one."
    exit 1
}
if ! "$python" -c 'import ensurepip' 2>/dev/null; then
    say "installing Debian's python3-venv"
    apt-get update -qq && apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=120 python3-venv >/dev/null
fi
if [ ! -e .venv/ready ]; then
    say "making the environment in .venv"
    rm -rf .venv
    "$python" -m venv .venv
fi
rm -f .venv/ready
say "installing the locked requirements"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . -e lab
touch .venv/ready
say "environment ready"
