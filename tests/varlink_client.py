# SPDX-License-Identifier: Apache-2.0
"""The smallest Varlink client that does the job: JSON objects ended by NUL over a Unix socket."""

import json
import socket


class CallError(Exception):
    """An error reply: name is the error's full name, parameters what came with it."""

    def __init__(self, name, parameters):
        super().__init__("%s: %s" % (name, parameters))
        self.name = name
        self.parameters = parameters


class Connection:
    """A connection to a Varlink service; replies keep the order of the calls."""

    def __init__(self, path, timeout=60):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        self.socket.connect(path)
        self.received = bytearray()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, method, /, **parameters):
        """Sends a call without waiting for the reply."""
        message = {"method": method, "parameters": parameters}
        self.socket.sendall(json.dumps(message).encode() + b"\0")

    def receive(self):
        """The parameters of the next reply; raises CallError for an error, EOFError at the end."""
        while b"\0" not in self.received:
            data = self.socket.recv(65536)
            if not data:
                raise EOFError("the service closed the connection")
            self.received += data
        message, _, self.received = self.received.partition(b"\0")
        reply = json.loads(message)
        if "error" in reply:
            raise CallError(reply["error"], reply.get("parameters", {}))
        return reply.get("parameters", {})

    def call(self, method, /, **parameters):
        self.send(method, **parameters)
        return self.receive()
