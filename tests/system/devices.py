# SPDX-License-Identifier: Apache-2.0
"""A software TPM and a software HSM in a test's folder."""

import glob
import os
import signal
import subprocess

from running_agent import PATIENCE, wait_for_exit

PIN = "1234"


def softhsm_module():
    """The path of SoftHSM's module, or None."""
    for pattern in ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/*/softhsm/libsofthsm2.so",
                    "/usr/lib64/pkcs11/libsofthsm2.so"):
        found = glob.glob(pattern)
        if found:
            return found[0]
    return None


def make_hsm(agent, label="tests"):
    """A token of SoftHSM for this agent, and a file with its PIN. Before the agent is started."""
    folder = agent.path("hsm")
    os.mkdir(folder, 0o700)
    agent.write("softhsm2.conf", "directories.tokendir = %s\nobjectstore.backend = file\n"
                "log.level = ERROR\n" % folder)
    agent.environment["SOFTHSM2_CONF"] = agent.path("softhsm2.conf")
    subprocess.run(["softhsm2-util", "--init-token", "--free", "--label", label, "--pin", PIN,
                    "--so-pin", "12345678"], env=agent.environment, check=True,
                   stdout=subprocess.DEVNULL, timeout=PATIENCE)
    write_pin(agent, PIN)


def write_pin(agent, pin):
    path = agent.path("hsm.pin")
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w",
              encoding="ascii") as file:
        file.write(pin)


def hsm_section(name="hsm", workers=1, timeout="2s", module=None):
    return ("\n[Token %s]\nDriver=pkcs11\nModule=%s\nTokenLabel=tests\nPinFile={folder}/hsm.pin\n"
            "Workers=%d\nTimeout=%s\n" % (name, module or softhsm_module(), workers, timeout))


def tpm_section(timeout="2s"):
    return "\n[Token tpm]\nDriver=tpm\nTCTI=swtpm:path={folder}/tpm.sock\nTimeout=%s\n" % timeout


class Swtpm:
    """A software TPM whose state outlives its process."""

    def __init__(self, agent):
        self.agent = agent
        self.pid = None
        os.mkdir(agent.path("tpm"))

    def start(self):
        """Returns when it listens."""
        path = self.agent.path
        for name in ("tpm.sock", "tpm.sock.ctrl", "tpm.pid"):
            if os.path.exists(path(name)):
                os.unlink(path(name))
        subprocess.run(["swtpm", "socket", "--tpm2", "--daemon", "--tpmstate",
                        "dir=" + path("tpm"), "--flags", "not-need-init,startup-clear", "--server",
                        "type=unixio,path=" + path("tpm.sock"), "--ctrl",
                        "type=unixio,path=" + path("tpm.sock.ctrl"), "--pid",
                        "file=" + path("tpm.pid")], check=True, stdout=subprocess.DEVNULL,
                       timeout=PATIENCE)
        with open(path("tpm.pid"), encoding="ascii") as file:
            self.pid = int(file.read())
        return self

    def signal(self, number):
        os.kill(self.pid, number)

    def kill(self):
        """Ends it as a power cut would. Takes one that is gone."""
        if self.pid:
            try:
                self.signal(signal.SIGKILL)
            except ProcessLookupError:
                pass
            assert wait_for_exit(self.pid)
            self.pid = None
