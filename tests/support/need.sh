# For sourcing: `need` installs a program if it is missing. If it can't, it adds what has to be skipped
# to the array `skipped`.

# need COMMAND[|ALTERNATIVE] PACKAGES PURPOSE: makes sure that one of the commands is installed.
# A command may be a path with a glob.
need() {
    has "$1" && return 0
    install_packages $2
    has "$1" && return 0
    skipped+=("$3: ${1//|/ or } is missing (Debian: apt-get install $2)")
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
