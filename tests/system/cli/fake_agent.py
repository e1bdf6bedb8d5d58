# SPDX-License-Identifier: Apache-2.0
"""What the tests of the command stand on: keys, a scripted agent, and the command run against it."""

import base64
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

HALLMARK = os.environ["HALLMARK"]
CREATED = "2026-11-22T10:00:00.000000Z"

KINDS = {
    "ecdsa-p256": ("sha256", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], []),
    "ecdsa-p384": ("sha384", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"], []),
    "rsa-2048": ("sha256", ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], []),
    "rsa-2048-pss": ("sha256", ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
                     ["-pkeyopt", "rsa_padding_mode:pss"]),
}


def openssl(*arguments, given=b""):
    return subprocess.run(("openssl",) + arguments, input=given, check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout


class Key:
    """A key in a file, which plays the one in hardware."""

    def __init__(self, folder, name="model", version=1, algorithm="ecdsa-p256", state="active",
                 purpose="model"):
        self.hash, kind, self.padding = KINDS[algorithm]
        self.path = os.path.join(folder, "%s.%d.key" % (name, version))
        with open(self.path, "wb") as file:
            file.write(openssl("genpkey", *kind))
        pem = openssl("pkey", "-in", self.path, "-pubout").decode()
        self.der = openssl("pkey", "-in", self.path, "-pubout", "-outform", "DER")
        self.facts = {"name": name, "version": version, "algorithm": algorithm, "token": "tpm0",
                      "purpose": purpose, "state": state, "created": CREATED, "publicKey": pem,
                      "fingerprint": hashlib.sha256(self.der).hexdigest()}

    def digest(self, data):
        return hashlib.new(self.hash, data).digest()

    def sign(self, digest):
        with tempfile.NamedTemporaryFile() as file:
            file.write(digest)
            file.flush()
            return openssl("pkeyutl", "-sign", "-inkey", self.path, "-in", file.name, "-pkeyopt",
                           "digest:" + self.hash, *self.padding)


def key_ring(keys, origin="example.org/host42"):
    facts = sorted((key.facts for key in keys), key=lambda fact: (fact["name"], fact["version"]))
    ring = {"keys": facts, "origin": origin, "type": "hallmark-keyring", "v": 1}
    return json.dumps(ring, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"


def result(parameters):
    return json.dumps({"parameters": parameters}).encode() + b"\0"


def error(name, **parameters):
    return json.dumps({"error": name, "parameters": parameters}).encode() + b"\0"


class Agent:
    """Answers each call by what `answer(method, parameters)` returns: bytes, or None to hang up."""

    def __init__(self, path, answer):
        self.answer = answer
        self.calls = []
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(path)
        self.listener.listen(8)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                self.serve_connection(connection)

    def serve_connection(self, connection):
        received = b""
        while True:
            data = connection.recv(65536)
            if not data:
                return
            received += data
            while b"\0" in received:
                message, _, received = received.partition(b"\0")
                call = json.loads(message)
                self.calls.append(call)
                reply = self.answer(call["method"], call["parameters"])
                if reply is None:
                    return
                connection.sendall(reply)

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()


class Run:
    """What the command did."""

    def __init__(self, arguments, folder, environment, wrapper=()):
        done = subprocess.run([*wrapper, HALLMARK, *arguments], cwd=folder, env=environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=60)
        self.status = done.returncode
        self.output = done.stdout
        self.errors = done.stderr.decode()


class CommandTest(unittest.TestCase):
    """A folder with the file `file`, and no agent until agent() starts one."""

    wrapper = ()  # what runs the command

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="hallmark-cli.", dir="/tmp")
        self.addCleanup(shutil.rmtree, self.folder)
        self.socket = os.path.join(self.folder, "sock")
        self.environment = dict(os.environ, HALLMARK_SOCKET=self.socket,
                                HALLMARK_ADMIN_SOCKET=self.socket)
        self.data = b"a model\n" * 1000
        self.write("file", self.data)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, content):
        with open(self.path(name), "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def agent(self, answer):
        agent = Agent(self.socket, answer)
        self.addCleanup(agent.close)
        return agent

    def command(self, *arguments):
        return Run(arguments, self.folder, self.environment, self.wrapper)

    def expect_yes(self, *arguments):
        run = self.command(*arguments)
        self.assertEqual((run.status, run.errors), (0, ""), arguments)
        return run

    def expect_failure(self, status, words, *arguments):
        """Fails with that status and says why once, in one line with those words."""
        run = self.command(*arguments)
        self.assertEqual(run.status, status, (arguments, run.output, run.errors))
        self.assertTrue(run.errors.startswith("hallmark: "), run.errors)
        self.assertEqual(run.errors.count("\n"), 1, run.errors)
        self.assertIn(words, run.errors)
        return run


def envelope_text(statement):
    """What is signed of a statement in an envelope."""
    kind, text = b"application/vnd.in-toto+json", statement.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(text), text)


class SigningAgent:
    """An honest agent with one key; a test changes what it answers."""

    def __init__(self, key):
        self.key = key
        self.change = {}  # members of the reply to Sign
        self.signer = key

    def __call__(self, method, parameters):
        if method == "io.hallmark.Signer.GetKey":
            return result({"key": self.key.facts})
        if method == "io.hallmark.Signer.GetKeyRing":
            return result({"keyRing": key_ring([self.key])})
        if method == "io.hallmark.Signer.Attest":
            digest = self.key.digest(envelope_text(parameters["statement"]))
            parameters = {"digest": self.key.hash + ":" + digest.hex()}
        digest = bytes.fromhex(parameters["digest"].partition(":")[2])
        signature = base64.b64encode(self.signer.sign(digest)).decode()
        facts = self.key.facts
        return result({"key": facts["name"], "version": facts["version"],
                       "algorithm": facts["algorithm"], "digest": parameters["digest"],
                       "signature": signature, "fingerprint": facts["fingerprint"], "index": 7,
                       "time": CREATED, **self.change})


def main():
    for program in ("openssl",):
        if not shutil.which(program):
            print("no " + program)
            sys.exit(77)
    unittest.main(verbosity=0)
