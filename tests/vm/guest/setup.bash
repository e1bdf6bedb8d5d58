# SPDX-License-Identifier: Apache-2.0
# What an operator does: files in place, configuration, secrets, units.

# As a package manager does it: a program that runs keeps its old file, and a name is never without one.
copy_tree() {
        local file
        (cd "$1" && find . -type d) | while read -r file; do mkdir -p "/$file"; done
        (cd "$1" && find . ! -type d) | while read -r file; do
                cp -a "$1/$file" "/$file.new"
                mv -f "/$file.new" "/$file"
        done
}

# A disk of its own for the state, so that it can be filled and broken.
mount_state() {
        mkdir -p /var/lib/hallmark
        echo '/dev/vdc /var/lib/hallmark ext4 defaults,errors=remount-ro 0 2' >>/etc/fstab
        systemctl daemon-reload
        mount /var/lib/hallmark
}

create_users() {
        systemd-sysusers
        systemd-tmpfiles --create
        id hallmark
        id -nG hallmark | grep -qw tss
        getent group hallmark-admin
}

make_software_hsm() {
        install -d -o hallmark -g hallmark -m 0700 /var/lib/hsm
        mkdir -p /etc/hallmark
        echo "directories.tokendir = /var/lib/hsm" >/etc/hallmark/softhsm2.conf
        runuser -u hallmark -- env SOFTHSM2_CONF=/etc/hallmark/softhsm2.conf softhsm2-util \
                --init-token --free --label vm --pin 73519264 --so-pin 12345678
}

# Sealed by the TPM of this machine; the clear values are in no file.
seal_secrets() {
        mkdir -p -m 0700 /etc/credstore.encrypted
        printf 73519264 | systemd-creds encrypt --with-key=tpm2 --name=hsm.pin - \
                /etc/credstore.encrypted/hsm.pin
        openssl rand -base64 24 | systemd-creds encrypt --with-key=tpm2 --name=tpm0.pin - \
                /etc/credstore.encrypted/tpm0.pin
        systemd-creds decrypt --name=hsm.pin /etc/credstore.encrypted/hsm.pin - | grep -qx 73519264
        ! grep -rl 73519264 /etc /var/lib/hallmark
}

configure() {
        local module
        module=$(find /usr/lib -name libsofthsm2.so | head -n 1)
        cat >/etc/hallmark/hallmark.conf <<END
[Agent]
Origin=vm.invalid/host

[Token tpm0]
Driver=tpm
TCTI=device:/dev/tpmrm0
Timeout=30s

[Token hsm]
Driver=pkcs11
Module=$module
TokenLabel=vm
Timeout=30s

[Key log]
Token=tpm0
Algorithm=ecdsa-p256
Purpose=log

[Key model]
Token=tpm0
Algorithm=ecdsa-p256
Purpose=model

[Key release]
Token=hsm
Algorithm=ecdsa-p256
Purpose=model

[Grant training]
Key=model
Unit=train-*.service
Methods=Sign

[Grant container]
Key=model
Unit=docker-*.scope
Methods=Sign

[Grant jobs]
Key=model
Unit=slurmstepd.scope
Methods=Sign

[Grant release]
Key=release
User=root
Methods=Sign
Rate=1000/s
Burst=1000

[Grant operator]
Key=*
User=root
Methods=CreateKey Reload
END
        mkdir -p /etc/systemd/system/hallmarkd.service.d
        cp /usr/share/doc/hallmark/examples/credentials.conf /etc/systemd/system/hallmarkd.service.d/
        cat >/etc/systemd/system/hallmarkd.service.d/vm.conf <<END
[Service]
Environment=SOFTHSM2_CONF=/etc/hallmark/softhsm2.conf
ReadWritePaths=/var/lib/hsm
WatchdogSec=10s
END
        systemctl daemon-reload
        hallmarkd --check-config /etc/hallmark/hallmark.conf
}

enable_sockets() {
        systemctl enable --now hallmark.socket hallmark-admin.socket
        systemctl is-active hallmark.socket hallmark-admin.socket
        [ -S /run/hallmark/sign.sock ] && [ -S /run/hallmark/admin.sock ]
        [ "$(stat -c %a /run/hallmark/sign.sock)" = 666 ]
        [ "$(stat -c %a:%G /run/hallmark/admin.sock)" = 660:hallmark-admin ]
        ! systemctl is-active --quiet hallmarkd.service || die "the agent runs before anybody asked"
}
