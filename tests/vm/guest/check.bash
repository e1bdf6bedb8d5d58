# SPDX-License-Identifier: Apache-2.0
# How a test in the machine says what came of it.

# check NAME FUNCTION: one line, "ok NAME", "not ok NAME: …" with the end of what it printed, or
# "skip NAME: …" when it ended with 77.
check() {
        local output status
        output=$(set -euo pipefail; "$2" 2>&1)
        status=$?
        case $status in
        0) echo "ok $1" ;;
        77) echo "skip $1: $(tail -n 1 <<<"$output")" ;;
        *) echo "not ok $1: exit status $status"; tail -n 25 <<<"$output" | sed 's/^/    /' ;;
        esac
}

die() { echo "$*"; return 1; }

# expect WANTED COMMAND...: its output has WANTED in it, whatever its exit status.
expect() {
        local wanted=$1 output
        shift
        output=$("$@" 2>&1) || true
        [[ $output == *"$wanted"* ]] || die "expected \"$wanted\" from: $*; found: $output"
}

# As a service of its own: unit UNIT COMMAND...
unit() {
        local name=$1
        shift
        systemd-run --quiet --wait --pipe --collect --unit "$name" "$@"
}

main_pid() {
        local pid
        pid=$(systemctl show --property MainPID --value hallmarkd.service)
        [ "$pid" -gt 1 ] && echo "$pid"
}
journal=/var/lib/hallmark/journal
sign_release() { hallmark sign --key release "$1" --format raw -o /run/release.sig; }

# The agent after a restart of its own, with both tokens there again.
signs_again() {
        sign_release /etc/passwd
        unit train-again.service hallmark sign --key model /etc/passwd --format raw -o /run/model.sig
}
