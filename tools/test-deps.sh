#!/usr/bin/env bash
# Finds, or installs where it may, what the tests use beyond npm: a Python with openpyxl and LibreOffice, which read
# the workbooks back independently of us. Debian packages; does nothing where they are there already.
set -euo pipefail

missing=()
/usr/bin/python3 -c 'import openpyxl' 2>/dev/null || python3 -c 'import openpyxl' 2>/dev/null || missing+=(python3-openpyxl)
command -v soffice >/dev/null || missing+=(libreoffice-calc)

if [ ${#missing[@]} -eq 0 ]; then
  echo "test dependencies: all there"
  exit 0
fi
if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
  echo "test dependencies: missing ${missing[*]}; install them with your package manager" >&2
  exit 1
fi
echo "test dependencies: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
