# For sourcing in the repository's root: `require_toolchain` checks for the project's Rust version, and
# `packages_for_older_rust` lists the packages that support an older one.

# The rust-version of a manifest.
rust_version() {
    sed -n 's/^rust-version = "\(.*\)"$/\1/p' "$1" | head -n 1
}

# Names what is missing or too old, and the command that installs it. It installs nothing itself: a
# distribution's Rust is usually too old.
require_toolchain() {
    local wanted found missing=()
    wanted=$(rust_version Cargo.toml)
    if ! command -v cargo >/dev/null || ! command -v rustc >/dev/null; then
        echo "Rust is missing: get $wanted or later from https://rustup.rs" >&2
        return 1
    fi
    found=$(rustc --version | cut -d ' ' -f 2)
    if [ "$(printf '%s\n' "$wanted" "$found" | sort -V | head -n 1)" != "$wanted" ]; then
        echo "Rust $found is too old, $wanted or later is needed: rustup update stable" >&2
        return 1
    fi
    cargo fmt --version >/dev/null 2>&1 || missing+=(rustfmt)
    cargo clippy --version >/dev/null 2>&1 || missing+=(clippy)
    if [ ${#missing[@]} -gt 0 ]; then
        echo "missing: ${missing[*]}. Get it with: rustup component add ${missing[*]}" >&2
        return 1
    fi
    echo "Rust $found"
}

# The packages with an older rust-version than the workspace, by folder name.
packages_for_older_rust() {
    local manifest wanted
    wanted=$(rust_version Cargo.toml)
    for manifest in crates/*/Cargo.toml; do
        case "$(rust_version "$manifest")" in
            "" | "$wanted") ;;
            *) basename "$(dirname "$manifest")" ;;
        esac
    done
}
