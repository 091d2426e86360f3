#!/bin/bash
# SPDX-License-Identifier: MIT
# Hostile text from outside (values, names of links and files, lines of other tools' files) through
# every writer of text: what comes out is read by the format's own parser, and holds no character
# that a person does not see. hostile.py does it, with fixed seeds.
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail
# shellcheck source=tests/nettunectl/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
"$python" "$source_dir/tests/nettunectl/hostile.py" "$nettunectl" "$work"
