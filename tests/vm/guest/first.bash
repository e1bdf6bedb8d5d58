# SPDX-License-Identifier: Apache-2.0
# The first boot: everything that does not need another one.

started_by_socket() {
        hallmark status
        systemctl is-active hallmarkd.service
        local pid
        pid=$(main_pid)
        [ "$(ps -o user= -p "$pid")" = hallmark ]
        grep -q '^Seccomp:[[:space:]]*2' "/proc/$pid/status"
        grep -q '^NoNewPrivs:[[:space:]]*1' "/proc/$pid/status"
        grep -qE '^CapEff:[[:space:]]*0+$' "/proc/$pid/status"
        grep -qE '^CapBnd:[[:space:]]*0+$' "/proc/$pid/status"
}

make_keys() {
        hallmark key create model --token tpm0 --algorithm ecdsa-p256
        hallmark key create release --token hsm --algorithm ecdsa-p256
        hallmark key export --keyring -o /run/keyring
        hallmark key export release -o /run/release.pem
        sign_release /etc/passwd
        openssl dgst -sha256 -verify /run/release.pem -signature /run/release.sig /etc/passwd
}

# The credentials are where the drivers read them, and nowhere else.
secrets_stay_secret() {
        local pid
        pid=$(main_pid)
        [ "$(stat -c %a /run/credentials/hallmarkd.service)" != 755 ]
        ! runuser -u nobody -- cat /run/credentials/hallmarkd.service/hsm.pin || die "nobody reads the PIN"
        ! tr '\0' '\n' <"/proc/$pid/environ" | grep -q 73519264
        ! journalctl --no-pager -u hallmarkd.service | grep -q 73519264
        ! grep -raq 73519264 /var/lib/hallmark /etc
}

# Clients ask all the time; the programs are replaced under them, the unit is read again and restarted.
upgrade() {
        local i failed=0
        "$tree/../guest/ask" 60 >/run/asked 2>&1 &
        local asking=$!
        copy_tree "$tree"
        systemctl daemon-reload
        systemctl try-restart hallmarkd.service
        wait "$asking" || failed=1
        cat /run/asked
        [ "$failed" = 0 ]
        hallmark status
        signs_again
        hallmark key list | grep -q model
        hallmark journal verify "$journal" --keyring /run/keyring
        [ "$(readlink "/proc/$(main_pid)/exe")" = /usr/sbin/hallmarkd ]
}

exposure() { systemd-analyze security --no-pager --threshold=7 hallmarkd.service; }

# The same unit file with another program in it, as root.
sandbox_denies() {
        touch /tmp/outside
        sed -e 's|^ExecStart=.*|ExecStart=/mnt/guest/probe|' -e 's/^Type=.*/Type=oneshot/' \
                -e '/^\(NotifyAccess\|ExecReload\|WatchdogSec\|Restart\|RestartSec\|Sockets\|Requires\|After\|User\|Group\)=/d' \
                -e 's/^StateDirectory=.*/StateDirectory=probe/' -e '/^StartLimit/d' /usr/lib/systemd/system/hallmarkd.service >/run/systemd/system/probe.service
        sed -i 's|^\[Service\]|[Service]\nStandardOutput=file:/run/probe.out\nSupplementaryGroups=tss|' /run/systemd/system/probe.service
        systemctl daemon-reload
        systemctl start probe.service || true
        ! grep ^WRONG: /run/probe.out
        grep -c ^right: /run/probe.out | grep -x 39 || die "not all of 39 attempts were made"
}

last_record() { hallmark journal show --json "$journal" | grep '"type":"sign"' | tail -n 1; }

unit_grants() {
        unit train-1.service hallmark sign --key model /etc/passwd --format raw -o /run/model.sig
        last_record | grep -q '"unit":"train-1.service"'
        last_record | grep -q '"grant":"training"'
        expect NotGranted unit other.service hallmark sign --key model /etc/passwd
        expect NotGranted hallmark sign --key model /etc/passwd
        expect NotGranted unit train-2.service -p User=nobody hallmark sign --key release /etc/passwd
}

container_scope() {
        local id=9d4e1f2c5b6a79880123456789abcdef0123456789abcdef0123456789abcdef
        systemd-run --quiet --scope --unit "docker-$id.scope" -- \
                hallmark sign --key model /etc/passwd --format raw -o /run/model.sig
        last_record | grep -q "\"unit\":\"docker-$id.scope\""
        last_record | grep -q "\"container\":\"$id\""
}

slurm_scope() {
        systemd-run --quiet --scope -p Delegate=yes --unit slurmstepd.scope --slice system.slice -- bash -euc '
                path=/sys/fs/cgroup$(cut -d : -f 3 /proc/self/cgroup)/job_4711/step_0/user/task_0
                mkdir -p "$path"
                echo 0 >"$path/cgroup.procs"
                exec hallmark sign --key model /etc/passwd --format raw -o /run/model.sig'
        last_record | grep -q '"unit":"slurmstepd.scope"'
        last_record | grep -q '"job":"4711"'
}

# Whoever may make folders in his own control group is not therefore another unit, or a job.
look_alike() {
        local output
        output=$(systemd-run --quiet --scope -p Delegate=yes --unit plain.scope -- bash -euc '
                path=/sys/fs/cgroup$(cut -d : -f 3 /proc/self/cgroup)/system.slice/train-9.service
                mkdir -p "$path"
                echo 0 >"$path/cgroup.procs"
                exec hallmark sign --key model /etc/passwd' 2>&1) && die "it signed"
        [[ $output == *NotGranted* ]] || die "$output"
}

# A user namespace without a mapping is nobody in particular.
user_namespace() {
        expect NotGranted runuser -u nobody -- unshare --user hallmark sign --key release /etc/passwd
}

watchdog() {
        local before after
        before=$(main_pid)
        kill -STOP "$before"
        tail --pid="$before" -f /dev/null
        signs_again
        after=$(main_pid)
        [ "$before" != "$after" ]
        journalctl --no-pager -u hallmarkd.service | grep -qi watchdog
        hallmark journal verify "$journal" --keyring /run/keyring
}

killed() {
        local before
        before=$(main_pid)
        kill -KILL "$before"
        tail --pid="$before" -f /dev/null
        signs_again
        hallmark journal verify "$journal" --keyring /run/keyring
}

catalog_texts() {
        journalctl --update-catalog
        systemctl reload hallmarkd.service
        hallmark status
        journalctl --sync
        journalctl -x --no-pager -u hallmarkd.service >/run/explained
        grep -q 'Documentation: man:' /run/explained
        grep -c '^░░' /run/explained
        # Each id the unit has logged has a text.
        local id
        for id in $(journalctl --no-pager -u hallmarkd.service -o cat --output-fields=MESSAGE_ID -o json |
                grep -o '"MESSAGE_ID":"[0-9a-f]*"' | cut -d '"' -f 4 | sort -u); do
                journalctl --dump-catalog "$id" | grep -q ^Subject: || die "no text for $id"
        done
}

full_disk() {
        fallocate -l 1G /var/lib/hallmark/filler 2>/dev/null || dd if=/dev/zero of=/var/lib/hallmark/filler bs=64k || true
        # Some requests still fit into what the journal has set aside.
        local i output=
        for ((i = 0; i < 400; i++)); do
                output=$(sign_release /etc/passwd 2>&1) || break
        done
        [[ $output == *JournalFull* ]] || die "after $i signatures: $output"
        hallmark status | grep -qi full
        rm /var/lib/hallmark/filler
        sign_release /etc/passwd
        hallmark journal verify "$journal" --keyring /run/keyring
}

# As the kernel does it when a disk answers nonsense.
read_only_disk() {
        local output
        echo 1 >/sys/fs/ext4/vdc/trigger_fs_error
        output=$(sign_release /etc/passwd 2>&1) && die "it signed"
        [[ $output == *Journal* ]] || die "$output"
        hallmark status | grep -qi seal
        systemctl stop hallmarkd.service || true
        umount /var/lib/hallmark
        fsck.ext4 -fy /dev/vdc || [ $? -le 1 ]
        mount /var/lib/hallmark
        systemctl reset-failed hallmarkd.service || true
        signs_again
        hallmark journal verify "$journal" --keyring /run/keyring
}
