# SPDX-License-Identifier: Apache-2.0
# The second boot: what the first left behind, and how the agent comes up by itself.

records() { hallmark journal show --json "$journal"; }

clean_shutdown() {
        records | tail -n 1 | grep -q '"type":"agent.stop"'
        # The last checkpoint covers everything: nothing is unsealed.
        hallmark journal verify "$journal" --keyring /var/lib/hallmark-vm/keyring --require-sealed
}

boot_order() {
        systemctl is-active hallmark.socket hallmark-admin.socket
        [ "$(systemctl show -p ActiveState --value hallmarkd.service)" = inactive ] || die "the agent runs already"
        mountpoint /var/lib/hallmark
        systemctl show -p RequiresMountsFor --value hallmarkd.service | grep -q /var/lib/hallmark
        signs_again
        local socket service
        socket=$(systemctl show -p ActiveEnterTimestampMonotonic --value hallmark.socket)
        service=$(systemctl show -p ActiveEnterTimestampMonotonic --value hallmarkd.service)
        [ "$socket" -lt "$service" ]
}

# The TPM was reset with the machine: its keys are loaded again, the sealed PIN opens again.
after_reset() {
        local boot
        boot=$(cat /proc/sys/kernel/random/boot_id)
        [ "$boot" != "$(cat /var/lib/hallmark-vm/boot)" ]
        records | tail -n 1 | grep -q "\"boot\":\"$boot\""
        hallmark journal verify "$journal" --keyring /var/lib/hallmark-vm/keyring
}

# Members of the group may read the journal; others may not, and nobody may write.
auditor() {
        useradd --no-create-home --groups hallmark auditor
        runuser -u auditor -- hallmark journal verify "$journal" --keyring /var/lib/hallmark-vm/keyring
        ! runuser -u auditor -- touch "$journal/mine"
        ! runuser -u nobody -- ls "$journal"
}

admin_socket() {
        useradd --no-create-home visitor
        expect 'ermission denied' runuser -u visitor -- hallmark key create x --token hsm --algorithm ecdsa-p256
        useradd --no-create-home --groups hallmark-admin helper
        expect NotGranted runuser -u helper -- hallmark key create x --token hsm --algorithm ecdsa-p256
}

stop_and_remove() {
        systemctl disable --now hallmark.socket hallmark-admin.socket hallmarkd.service
        ! systemctl is-active --quiet hallmarkd.service
        [ ! -e /run/hallmark/sign.sock ]
        ! pgrep -l hallmark-
}
