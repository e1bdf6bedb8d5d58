# SPDX-License-Identifier: Apache-2.0
"""A witness as C2SP tlog-witness describes it: it cosigns a checkpoint that goes on from all it has seen.

Keys and signatures are openssl's. A test tells an instance to be down, slow or hostile with `behave`.
"""

import base64
import hashlib
import http.server
import os
import socket
import struct
import subprocess
import tempfile
import threading
import time

DASH = "\u2014 "
ED25519_PREFIX = bytes.fromhex("302a300506032b6570032100")


def run(*command, data=b""):
    return subprocess.run(command, input=data, check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE).stdout


def node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def is_consistent(old, old_root, new, new_root, proof):
    """RFC 9162, section 2.1.4.2."""
    if old == 0:
        return not proof
    if old == new:
        return not proof and old_root == new_root
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if not path:
        return False
    first, last = old - 1, new - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    old_hash = new_hash = path.pop(0)
    for step in path:
        if last == 0:
            return False
        if first & 1 or first == last:
            old_hash, new_hash = node(step, old_hash), node(step, new_hash)
            while first and not first & 1:
                first, last = first >> 1, last >> 1
        else:
            new_hash = node(new_hash, step)
        first, last = first >> 1, last >> 1
    return last == 0 and old_hash == old_root and new_hash == new_root


class Key:
    """An Ed25519 key pair under a name."""

    def __init__(self, name):
        self.name = name
        with tempfile.NamedTemporaryFile(suffix=".pem", delete=False) as file:
            self.path = file.name
        run("openssl", "genpkey", "-algorithm", "ed25519", "-out", self.path)
        der = run("openssl", "pkey", "-in", self.path, "-pubout", "-outform", "DER")
        assert der.startswith(ED25519_PREFIX)
        self.public = der[len(ED25519_PREFIX):]

    def close(self):
        os.unlink(self.path)

    def id(self, kind):
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([kind]) + self.public).digest()[:4]

    def vkey(self, kind=4):
        """As in policies and in Key= of a [Witness]."""
        return "%s+%s+%s" % (self.name, self.id(kind).hex(),
                             base64.b64encode(bytes([kind]) + self.public).decode())

    def sign(self, message):
        with tempfile.NamedTemporaryFile() as file:  # openssl wants to know the length beforehand
            file.write(message)
            file.flush()
            return run("openssl", "pkeyutl", "-sign", "-rawin", "-inkey", self.path, "-in", file.name)

    def line(self, kind, blob):
        return "%s%s %s\n" % (DASH, self.name, base64.b64encode(self.id(kind) + blob).decode())

    def cosign(self, text, seconds=None):
        """The signature line of a cosignature over the text of a checkpoint."""
        seconds = int(time.time()) if seconds is None else seconds
        message = "cosignature/v1\ntime %d\n%s" % (seconds, text)
        return self.line(4, struct.pack(">Q", seconds) + self.sign(message.encode()))


def is_signed_by(text, signatures, origin, log_pem):
    """Whether one of the lines is the log's, of type 0x02, and all such are good."""
    der = run("openssl", "pkey", "-pubin", "-in", log_pem, "-pubout", "-outform", "DER")
    good = False
    for line in signatures:
        name, _, blob = line[len(DASH):].rpartition(" ")
        blob = base64.b64decode(blob)
        if name != origin or blob[:4] != hashlib.sha256(der).digest()[:4]:
            continue
        with tempfile.NamedTemporaryFile() as file:
            file.write(blob[4:])
            file.flush()
            verified = subprocess.run(
                ["openssl", "dgst", "-sha256", "-verify", log_pem, "-signature", file.name],
                input=text.encode(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        if verified.returncode != 0:
            return False
        good = True
    return good


class Refusal(Exception):
    def __init__(self, status, body="", kind="text/plain"):
        super().__init__(status)
        self.status, self.body, self.kind = status, body, kind


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A client that goes away is nothing to be told."""


class Witness(Key):
    """Serves add-checkpoint on a port of its own, in threads of its own."""

    def __init__(self, name, log_pem=None, origin=None):
        super().__init__(name)
        self.log_pem, self.origin = log_pem, origin
        self.size, self.root = 0, hashlib.sha256(b"").digest()
        self.requests = 0
        self.behaviour = None
        self.lock = threading.Lock()
        self.released = threading.Event()
        self.server = None
        self.connections = []

    def start(self):
        witness = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                witness.connections.append(self.connection)

            def do_POST(self):  # pylint: disable=invalid-name
                body = self.rfile.read(int(self.headers["Content-Length"]))
                try:
                    witness.answer(self, body)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            def log_message(self, *arguments):  # pylint: disable=arguments-differ
                pass

        port = self.server.server_port if self.server else 0
        self.server = Server(("127.0.0.1", port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def url(self):
        return "http://127.0.0.1:%d/prefix" % self.server.server_port

    def stop(self):
        """Nobody listens any more. start() listens on the same port again."""
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
        for connection in self.connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # closed already
        self.connections = []

    def close(self):
        self.stop()
        super().close()

    def behave(self, behaviour):
        """None: as specified; else a function of this and of the request handler."""
        self.released.set()
        self.released = threading.Event()
        self.behaviour = behaviour

    def hang(self, _):
        """To be passed to behave(): no answer until the behaviour is another one."""
        self.released.wait(120)

    def answer(self, handler, body):
        with self.lock:
            self.requests += 1
        if handler.path != "/prefix/add-checkpoint":
            return self.send(handler, 404, "no such thing\n")
        if self.behaviour:
            return self.behaviour(handler)
        try:
            with self.lock:
                return self.send(handler, 200, self.add_checkpoint(body))
        except Refusal as refusal:
            return self.send(handler, refusal.status, refusal.body, refusal.kind)

    @staticmethod
    def send(handler, status, body, kind="text/plain"):
        data = body.encode() if isinstance(body, str) else body
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    @staticmethod
    def parse(body):
        head, _, note = body.decode().partition("\n\n")
        first, *proof = head.split("\n")
        text, _, signatures = note.rpartition("\n\n")
        lines = signatures.split("\n")
        origin, size, root = text.split("\n")
        if not first.startswith("old ") or str(int(first[4:])) != first[4:] or lines.pop() != "" or \
                len(proof) > 63 or str(int(size)) != size:
            raise ValueError(first)
        return (int(first[4:]), [base64.b64decode(line, validate=True) for line in proof], text + "\n",
                lines, origin, int(size), base64.b64decode(root, validate=True))

    def add_checkpoint(self, body):
        try:
            old, proof, text, lines, origin, size, root = self.parse(body)
        except ValueError as error:
            raise Refusal(400, "malformed: %s\n" % error) from error
        if origin != self.origin:
            raise Refusal(404, "unknown log\n")
        if not is_signed_by(text, lines, origin, self.log_pem):
            raise Refusal(403, "not signed by the log\n")
        if old > size:
            raise Refusal(400, "old size above the checkpoint's\n")
        if old != self.size:
            raise Refusal(409, "%d\n" % self.size, "text/x.tlog.size")
        if not is_consistent(old, self.root, size, root, proof):
            raise Refusal(422, "not consistent\n")
        self.size, self.root = size, root
        return self.cosign(text)
