# shellcheck shell=bash
# Where the binaries come from: a release, an earlier build of the same commit, or a build. (for deploy.sh)
#
# The functions are built with zig, which takes the glibc's version in the target's name: a compiler alone
# binds them to this machine's glibc, and Amazon Linux 2023 keeps 2.34. `mef` runs here and is built for here.

GLIBC=2.34

# machine NAME: the processor as Lambda calls it.
machine() {
  case $1 in
    arm64 | aarch64) echo arm64 ;;
    x86_64 | amd64) echo x86_64 ;;
    *) die "ARCHITECTURE is arm64 or x86_64, not $1" ;;
  esac
}

# binary NAME PROFILE TARGET: `mef` for this machine, or `bootstrap`, the functions, for ARCHITECTURE.
binary() {
  local name=$1 profile=$2 target=$3 kept='' processor=$ARCHITECTURE
  [ "$name" != mef ] || processor=$(machine "$(uname -m)")
  mkdir -p "$(dirname "$target")"
  if [ -n "${MEF_RELEASE:-}" ]; then
    released "$name" "$processor" "$target"
    return
  fi
  if [ -n "${BINARY_BUCKET:-}" ]; then
    need aws "install the AWS CLI, https://aws.amazon.com/cli/"
    kept=binaries/${FRAMEWORK_COMMIT:-$(code_digest)}/$processor/$profile/$name
    if s3_ get-object "$BINARY_BUCKET" --key "$kept" "$target.part" >/dev/null 2>&1; then
      placed "$target"
      say "$name is taken from s3://$BINARY_BUCKET/$kept"
      return
    fi
    rm -f "$target.part"
  fi
  need cargo "install Rust from https://rustup.rs, take a release (MEF_RELEASE), or name ready binaries with MEF_BIN and --bootstrap"
  if [ "$name" = mef ]; then
    built "$profile" "$target" '' build -p mef --features aws --bin mef
  else
    functions "$profile" "$target"
  fi
  [ -z "$kept" ] || s3_ put-object "$BINARY_BUCKET" --key "$kept" --body "$target" >/dev/null
}

placed() { # TARGET: puts TARGET.part in its place.
  install -m 755 "$1.part" "$1"
  rm "$1.part"
}

# --- a release -------------------------------------------------------------------------------------

# released NAME PROCESSOR TARGET: takes a file of the release MEF_RELEASE below MEF_RELEASE_URL. One checksum stands for all
# files: MEF_RELEASE_SHA256 is that of the file SHA256SUMS, which has the others' as sha256sum(1) writes them.
released() {
  local name=$1 processor=$2 target=$3 file=$1-$MEF_RELEASE-linux-$2 sums=$OUT/SHA256SUMS here wanted
  [ -n "${MEF_RELEASE_URL:-}" ] || die "MEF_RELEASE needs MEF_RELEASE_URL, the address below which the files of the release are"
  [ -n "${MEF_RELEASE_SHA256:-}" ] || die "MEF_RELEASE needs MEF_RELEASE_SHA256, the SHA-256 of the release's file SHA256SUMS: without it anybody could have changed the files"
  here=$(awk -F'"' '/^version = / { print $2; exit }' "$root/Cargo.toml")
  [ "$MEF_RELEASE" = "$here" ] || die "MEF_RELEASE is $MEF_RELEASE and this checkout is $here: check out the release's tag, since its template and its functions belong together"
  case $name:$(uname -s) in
    bootstrap:* | mef:Linux) ;;
    mef:Darwin) file=mef-$MEF_RELEASE-macos-$processor ;;
    *) die "no release has a \`mef\` for $(uname -s): build it with cargo, and name it with MEF_BIN" ;;
  esac
  fetch "SHA256SUMS" "$sums"
  [ "$(digest "$sums")" = "$MEF_RELEASE_SHA256" ] ||
    die "SHA256SUMS of the release has the SHA-256 $(digest "$sums") and not MEF_RELEASE_SHA256: nothing of it is used"
  wanted=$(awk -v file="$file" '$2 == file || $2 == "*" file { print $1; exit }' "$sums")
  [ -n "$wanted" ] || die "the release $MEF_RELEASE has no file $file"
  fetch "$file" "$target.part"
  if [ "$(digest "$target.part")" != "$wanted" ]; then
    rm "$target.part"
    die "$file has another SHA-256 than SHA256SUMS says: it is not used"
  fi
  placed "$target"
  say "$name is taken from the release $MEF_RELEASE ($file)"
}

fetch() { # FILE TARGET
  need curl "install curl"
  curl --fail --silent --show-error --location --proto '=https,file' --proto-redir '=https' --retry 2 \
    --output "$2" "${MEF_RELEASE_URL%/}/$1" || die "the release has no $1 at $MEF_RELEASE_URL, or it cannot be reached"
}

# --- a build ---------------------------------------------------------------------------------------

# functions PROFILE TARGET: builds the functions, as MEF_BUILD says.
functions() {
  local profile=$1 target=$2 triple
  case $ARCHITECTURE in arm64) triple=aarch64-unknown-linux-gnu ;; *) triple=x86_64-unknown-linux-gnu ;; esac
  case ${MEF_BUILD:-} in
    "" | zig)
      if build_tools; then
        [ -d "$(cd "$root" && rustc --print sysroot)/lib/rustlib/$triple" ] ||
          die "this Rust cannot build for $ARCHITECTURE yet: (cd $root && rustup target add $triple)"
        built "$profile" "$target" "$triple" zigbuild --target "$triple.$GLIBC" -p mef-lambda --bin bootstrap
        smaller "$profile" "$target"
        return
      fi
      [ -z "${MEF_BUILD:-}" ] || die "zig cannot be had: the lines above say why"
      say "zig cannot be had, so the functions are built for this machine's own glibc; the step package says if that will do" ;;
    native) ;;
    *) die "MEF_BUILD is zig or native, not $MEF_BUILD" ;;
  esac
  [ "$(uname -s):$(machine "$(uname -m)")" = "Linux:$ARCHITECTURE" ] ||
    die "this machine ($(uname -s), $(uname -m)) builds no functions for Linux on $ARCHITECTURE by itself: leave MEF_BUILD unset and let zig do it, or take a release (MEF_RELEASE)"
  built "$profile" "$target" '' build -p mef-lambda --bin bootstrap
  smaller "$profile" "$target"
}

# built PROFILE TARGET TRIPLE COMMAND…: runs cargo, and copies what it made.
built() {
  local profile=$1 target=$2 triple=$3 name=${!#} folder=$1 path=$PATH
  shift 3
  [ "$profile" != dev ] || folder=debug
  [ "$1" != zigbuild ] || path=$tools/bin:$PATH
  rust
  (cd "$root" && PATH=$path cargo "$1" --locked --profile "$profile" "${@:2}" >&2) || die "$name does not build"
  install -m 755 "$(target_directory)/${triple:+$triple/}$folder/$name" "$target"
}

# Some versions of rustup install the toolchain of rust-toolchain.toml by themselves, and others only if asked.
rust() {
  (cd "$root" && rustc --version) >/dev/null 2>&1 ||
    (cd "$root" && rustup toolchain install --profile minimal "$(awk -F'"' '/^channel = / { print $2 }' rust-toolchain.toml)" >&2) ||
    die "the Rust of rust-toolchain.toml cannot be installed"
}

# A function that panics ends at once, so that nothing ever unwinds it: the tables for that are a tenth of the
# binary. Not every objcopy knows every processor, and the binary is good with them.
smaller() { # PROFILE TARGET
  [ "$1" = lambda ] || return 0
  objcopy --remove-section=.eh_frame --remove-section=.eh_frame_hdr "$2" 2>/dev/null || true
}

# Installs zig and cargo-zigbuild into a folder of their own, by the checksums that build-tools.txt has.
build_tools() {
  local wanted
  wanted=$(digest "$root/infra/build-tools.txt")
  tools=$root/.tools/build
  [ "$(cat "$tools/installed" 2>/dev/null)" != "$wanted" ] || return 0
  say "installing zig, about 100 MB, into $tools"
  rm -rf "$tools"
  { python3 -m venv "$tools" &&
    "$tools/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: \
      --require-hashes --requirement "$root/infra/build-tools.txt"; } >&2 || return 1
  printf '%s' "$wanted" >"$tools/installed"
}

# What a binary is made of, where there is no commit to go by.
code_digest() {
  (cd "$root" && find . \( -name target -o -name .git -o -name .tools -o -name node_modules \) -prune -o -type f \
    \( -name '*.rs' -o -name Cargo.toml -o -name Cargo.lock -o -name rust-toolchain.toml -o -path './.cargo/*' -o -path './cli/src/*' \) \
    -print0 | LC_ALL=C sort -z | xargs -0 cat | python3 -c 'import hashlib, sys; print("code-" + hashlib.sha256(sys.stdin.buffer.read()).hexdigest()[:40])')
}

target_directory() {
  (cd "$root" && cargo metadata --locked --format-version 1 --no-deps) |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])'
}
