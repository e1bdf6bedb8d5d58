# SPDX-License-Identifier: Apache-2.0
"""What tests with witnesses written elsewhere share: asking a sandbox's agent and journal."""

import os
import socket
import subprocess
import sys
import time

SANDBOX = os.environ["HALLMARK_SANDBOX"]
JOURNAL = os.path.join(os.environ["HALLMARK_STATE"], "journal")
PATIENCE = 60  # seconds


def write(name, text):
    path = os.path.join(SANDBOX, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def note(file):
    """Size and signature lines."""
    try:
        with open(os.path.join(JOURNAL, file), encoding="utf-8") as opened:
            text, _, lines = opened.read().rpartition("\n\n")
    except FileNotFoundError:
        return 0, []
    return int(text.split("\n")[1]), lines.splitlines()


def eventually(condition, what):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            subprocess.run(["hallmark", "status"], check=False)
            sys.exit("never: " + what)


def hallmark(*arguments, status=0):
    done = subprocess.run(("hallmark",) + arguments, cwd=SANDBOX, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    if done.returncode != status:
        sys.exit("%s: exit status %d: %s" % (arguments, done.returncode, done.stdout.decode()))
    return done.stdout.decode()


def free_address():
    """Where a server can listen: nobody does at this moment."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return "127.0.0.1:%d" % free.getsockname()[1]


def configuration():
    """The sandbox's configuration, and the origin in it."""
    with open(os.environ["HALLMARK_CONFIG"], encoding="utf-8") as file:
        text = file.read()
    return text, next(line[7:] for line in text.split("\n") if line.startswith("Origin="))


def configure(text):
    write(os.path.basename(os.environ["HALLMARK_CONFIG"]), text)
    hallmark("reload")


def check(key, vkey):
    """The journal, and a signature in it, are cosigned by the witness, as a policy demands."""
    policy = write("policy", "log %s\nwitness real %s\nquorum real\n" % (vkey, key.vkey()))
    ring = os.path.join(SANDBOX, "ring")
    hallmark("key", "export", "--keyring", "-o", ring)
    print(hallmark("journal", "verify", "--keyring", ring, "--policy", policy, JOURNAL))
    proof = os.path.join(SANDBOX, "model.proof")
    size = note("checkpoint")[0]
    for index in range(size - 1, -1, -1):
        hallmark("journal", "prove", str(index), JOURNAL, "-o", proof)
        done = subprocess.run(["hallmark", "verify", "--keyring", ring, "--policy", policy,
                               "--signature", proof, os.path.join(SANDBOX, "model")],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode == 0:
            print(done.stdout.decode())
            return
    sys.exit("no proof of the signature verifies: " + done.stdout.decode())
