# For scripts that need programs which may not be there: `need`. What it could not get, and what that
# leaves out, it adds to the array `left_out`. To be sourced.

# need COMMAND[|ALTERNATIVE] PACKAGES WHAT-FOR: makes sure that one of the commands is there.
# A command may be a path, with a pattern in it.
need() {
    has "$1" && return 0
    install_packages $2
    has "$1" && return 0
    left_out+=("$3: ${1//|/ or } is missing (Debian: apt-get install $2)")
    return 1
}

has() {
    local command
    for command in ${1//|/ }; do
        command -v "$command" >/dev/null && return 0
    done
    return 1
}

install_packages() {
    local as_root=()
    [ "$(id -u)" = 0 ] || as_root=(sudo -n)
    command -v apt-get >/dev/null || return 0
    [ ${#as_root[@]} = 0 ] || sudo -n true 2>/dev/null || return 0
    if [ -z "${updated:-}" ]; then
        "${as_root[@]}" apt-get update -qq || true
        updated=yes
    fi
    DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "$@" >/dev/null || true
}
