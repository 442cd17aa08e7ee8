#!/usr/bin/env bash
# The manual as a site in target/site, as Read the Docs builds it. A warning fails the build.
#
# The tools go into .tools/site, a venv of their own.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
tools=.tools/site
site=target/site

[ -x "$tools/bin/python" ] || python3 -m venv "$tools"
"$tools/bin/python" -m pip install --quiet --disable-pip-version-check -r docs/requirements.txt
# Pages of an earlier build would hide that they are gone.
rm -rf "$site"
"$tools/bin/python" -m sphinx --fail-on-warning --quiet --doctree-dir "$site/.doctrees" docs "$site"
rm -r "$site/.doctrees"
echo "open $PWD/$site/index.html"
