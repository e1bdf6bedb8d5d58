# SPDX-License-Identifier: Apache-2.0
# Runs in units: what the agent says of them is what PID 1 says, and not what they say.

seen=https://builders.invalid/unit told=https://builders.invalid/caller

set_up_builders() {
        mkdir -p /etc/hallmark/hallmark.conf.d /run/train
        cat >/etc/hallmark/hallmark.conf.d/provenance.conf <<END
[Key seen]
Token=hsm
Algorithm=ecdsa-p256
Purpose=provenance

[Key told]
Token=hsm
Algorithm=ecdsa-p256
Purpose=provenance

[Builder unit]
Id=$seen
Key=seen
Observed=yes
Lesser=caller

[Builder caller]
Id=$told
Key=told
Observed=no

[Grant runs]
Key=seen told
Unit=train-*.service train-*.scope
Methods=OpenRun
END
        hallmark reload
        hallmark key create seen --token hsm --algorithm ecdsa-p256
        hallmark key create told --token hsm --algorithm ecdsa-p256
        hallmark key export --keyring -o /run/keyring
        echo data >/run/train/in
}

# train UNIT COMMAND: as a service with a file of its own, which stays for systemctl to tell about.
train() {
        cat >"/run/systemd/system/$1.service" <<END
[Service]
Type=oneshot
RemainAfterExit=yes
WorkingDirectory=/run/train
StandardOutput=file:/run/train/$1.log
StandardError=inherit
ExecStart=$2
END
        systemctl daemon-reload
        systemctl start "$1.service" || { cat "/run/train/$1.log"; return 1; }
}

# facts FILE BUILDER: what the provenance of that file says, by that builder.
facts() {
        hallmark verify --keyring /run/keyring --purpose provenance --json \
                --where "predicate.runDetails.builder.id=$2" "/run/train/$1"
}

has() { grep -qF "$1" <<<"$facts" || die "expected $1 in $facts"; }
has_not() { ! grep -qF "$1" <<<"$facts" || die "expected no $1 in $facts"; }

observed_unit() {
        local facts invocation
        train train-run "/usr/bin/hallmark run --key seen --material in --product out -- /bin/cp in out"
        invocation=$(systemctl show --property InvocationID --value train-run.service)
        [ ${#invocation} = 32 ]
        facts=$(facts out $seen)
        has '"execStart":[["/usr/bin/hallmark","run","--key","seen","--material","in","--product","out","--","/bin/cp","in","out"]]'
        has "\"invocationId\":\"$invocation\""
        has '"fragmentPath":"/run/systemd/system/train-run.service"'
        has '"externalParameters":{"unit":"train-run.service"}'
        has "\"boot\":\"$(cat /proc/sys/kernel/random/boot_id)\""
        has '"key":"seen"'
        has '"hallmark_claims":{"claims":{"command":["/bin/cp","in","out"],"exitStatus":0},"statedBy":"step"}'
}

# It says it is another unit, in another invocation, and was told to run something else.
lying_step() {
        local facts invocation lie=badc0ffee0ddf00dbadc0ffee0ddf00d
        cat >/usr/local/bin/liar <<END
#!/bin/bash
export INVOCATION_ID=$lie SYSTEMD_UNIT=train-honest.service
exec -a /bin/honest /usr/bin/hallmark run --key seen --product lie -- \
        /bin/sh -c 'cp in lie' unit=train-honest.service invocationId=$lie execStart=/bin/honest
END
        chmod +x /usr/local/bin/liar
        train train-liar /usr/local/bin/liar
        invocation=$(systemctl show --property InvocationID --value train-liar.service)
        facts=$(facts lie $seen)
        has '"execStart":[["/usr/local/bin/liar"]]'
        has "\"invocationId\":\"$invocation\""
        has '"externalParameters":{"unit":"train-liar.service"}'
        # All that it said stands where it is called a claim, and nowhere else.
        has "\"command\":[\"/bin/sh\",\"-c\",\"cp in lie\",\"unit=train-honest.service\",\"invocationId=$lie\",\"execStart=/bin/honest\"]"
        facts=$(sed 's/"hallmark_claims":{"claims":{[^}]*},"statedBy":"step"}//' <<<"$facts")
        has_not honest
        has_not $lie
}

# A scope was told to run nothing; and when PID 1 cannot be asked, nobody has seen anything.
lesser_builder() {
        local facts
        cd /run/train
        systemd-run --quiet --scope --unit train-scope.scope hallmark run --key seen --product scope -- \
                cp in scope >/run/train/scope.log
        grep -F "not observed: the service manager says of train-scope.scope nothing" /run/train/scope.log
        facts=$(facts scope $told)
        has '"key":"told"'
        has '"externalParameters":{}'
        has_not '"service":'
        systemctl stop dbus.socket dbus.service
        train train-deaf "/usr/bin/hallmark run --key seen --product deaf -- /bin/cp in deaf" ||
                { systemctl start dbus.socket; return 1; }
        systemctl start dbus.socket
        grep -F "not observed: the service manager cannot be asked" /run/train/train-deaf.log
        facts=$(facts deaf $told)
        has_not '"service":'
        expect 'expected "https://builders.invalid/unit"' facts deaf $seen
}
