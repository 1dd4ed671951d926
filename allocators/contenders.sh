#!/usr/bin/env bash
# contenders: links the malloc libraries that ALLOC and PEERS name into a build tree, if they can be measured.
#
#   ALLOC=path/to/libmine.so PEERS=latest allocators/contenders.sh build/bench
#
# What an earlier call linked goes, so that nothing is measured unseen. Status 2: ALLOC or PEERS is wrong.
set -uo pipefail
build=$1
usable() { "$build/bin/allocator_conformance" --usable --timeout-s=20 --library="$1"; }

rm -rf "$build/contenders" && mkdir "$build/contenders" || exit 1
if [ -n "${ALLOC:-}" ]; then
    usable "$ALLOC" || exit
    ln -s "$(realpath "$ALLOC")" "$build/contenders/"
fi
case ${PEERS:-} in
    '') ;;
    latest)
        "$(dirname "$0")/latest/build.sh" "$(dirname "$build")/latest"
        for library in "$(dirname "$build")"/latest/*.so; do
            [ -f "$library" ] || continue
            why=$(usable "$library" 2>&1) || { printf 'not run: %s\n' "${why#*: }" >&2; continue; }
            ln -s "$(realpath "$library")" "$build/contenders/"
        done ;;
    *) printf 'contenders: PEERS=%s is unknown; give PEERS=latest or nothing\n' "$PEERS" >&2; exit 2 ;;
esac
