#!/usr/bin/env bash
# build: malloc libraries newer than the system's, from the sources in Rust crates, into a folder.
#
#   allocators/latest/build.sh build/latest     makes build/latest/jemalloc-5.3.1.so and others
#
# What is there is not built again. What cannot be had is told as `not run: …`, and is no error.
set -uo pipefail
source=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1" && cd "$1" || exit 1
vendor=$PWD/vendor
flags=(-O3 -DNDEBUG -fPIC -shared -ftls-model=initial-exec -fno-builtin -w)

not_run() { printf 'not run: %s\n' "$1" >&2; }

fetch() {
    cmp -s "$source/Cargo.toml" Cargo.toml && [ -d "$vendor" ] && return 0
    command -v cargo >/dev/null ||
        { not_run 'PEERS=latest needs cargo (Debian: apt install cargo); the installed malloc libraries are measured all the same'; return 1; }
    rm -rf ./*.so "$vendor" Cargo.toml
    mkdir fetch 2>/dev/null
    cp "$source/Cargo.toml" fetch/
    (cd fetch && cargo vendor "$vendor") >fetch.log 2>&1 ||
        { not_run "cargo cannot fetch the sources of PEERS=latest ($(tail -n 1 fetch.log | sed 's/^ *//'))"
          rm -rf "$vendor"; return 1; }
    cp "$source/Cargo.toml" .
}

make_library() { # make_library NAME COMMAND…: NAME.so is there only when the command, given its path, did well
    local name=$1; shift
    [ -f "$name.so" ] && return 0
    printf 'building %s\n' "$name"
    if "$@" "$PWD/$name.new" >"$name.log" 2>&1; then mv "$name.new" "$name.so"; else
        not_run "$name does not build here; see $1/$name.log"
    fi
}

jemalloc() { # jemalloc VERSION TO
    rm -rf jemalloc && cp -r "$vendor/tikv-jemalloc-sys/jemalloc" . &&
        cp "$vendor/tikv-jemalloc-sys/configure/configure" jemalloc/ && (
        cd jemalloc && sh configure --with-version="$1" --disable-doc &&
            make -j2 lib/libjemalloc.so.2 ) && cp jemalloc/lib/libjemalloc.so.2 "$2"
}

mimalloc() { # mimalloc SOURCES TO
    "${CC:-cc}" "${flags[@]}" -fvisibility=hidden -DMI_MALLOC_OVERRIDE -DMI_SHARED_LIB -DMI_SHARED_LIB_EXPORT \
        -I"$1/include" "$1/src/static.c" -o "$2" -pthread
}

rpmalloc() { # rpmalloc SOURCES TO
    "${CC:-cc}" "${flags[@]}" -DENABLE_PRELOAD=1 -DENABLE_OVERRIDE=1 "$1/rpmalloc.c" -o "$2" -pthread
}

snmalloc() { # snmalloc SOURCES TO
    cmake -S "$1" -B snmalloc -G Ninja -DCMAKE_BUILD_TYPE=Release -DSNMALLOC_BUILD_TESTING=OFF \
        -DSNMALLOC_STATIC_LIBRARY=OFF && cmake --build snmalloc --target snmallocshim && cp snmalloc/libsnmallocshim.so "$2"
}

version_of() { sed -n 's/^version = "\(.*\)"/\1/p' "$vendor/$1/Cargo.toml" | head -n 1; }

fetch || exit 0
je=$(version_of tikv-jemalloc-sys) && je=${je#*+}
make_library "jemalloc-${je%%-*}" jemalloc "$je"
for folder in "$vendor"/libmimalloc-sys/c_src/mimalloc/v*; do
    number=$(sed -n 's/^#define MI_MALLOC_VERSION *\([0-9]*\).*/\1/p' "$folder/include/mimalloc.h")
    make_library "mimalloc-$((number / 10000)).$((number / 100 % 100)).$((number % 100))" mimalloc "$folder"
done
make_library "rpmalloc-$(head -n 1 "$vendor/rpmalloc-sys/rpmalloc/CHANGELOG" | tr -d '\r')" rpmalloc "$vendor/rpmalloc-sys/rpmalloc/rpmalloc"
make_library "snmalloc-$(version_of snmalloc-sys)" snmalloc "$vendor/snmalloc-sys/upstream"
