# SPDX-License-Identifier: Apache-2.0
"""Stands between a driver and a software TPM, and slips in a signature that nobody asked for."""

import socket
import struct
import threading

SIGN = 0x15D
ATTEST = 0x133  # TPM2_GetCommandAuditDigest
DISABLED = bytes.fromhex("8001" "0000000a" "00000120")  # TPM_RC_DISABLED


def receive(connection, size):
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def receive_command(connection):
    """A command or response: tag, size, and so on."""
    head = receive(connection, 10)
    return head + receive(connection, struct.unpack(">HII", head)[1] - 10)


class Proxy:
    """Listens at @path. The driver makes a connection for each command, and so do we, to @upstream."""

    def __init__(self, path, upstream):
        self.upstream = upstream
        self.sign = None  # the last command TPM2_Sign that was successful
        self.signed = None  # called when a signature exists and the driver does not have it yet
        self.hooks = {}  # ("before", code) or ("after", code), a success: called around a command with that code
        self.passing = None  # the command that is being passed on, and the connection
        self.refusals = {}  # code: the response that the driver gets to such a command, which the TPM does not
        self.changes = {}  # code: what makes another response of a successful one to such a command
        self.attests = True  # otherwise attestations fail; looks do not
        self.turn = threading.Lock()
        self.listeners = [self.listen(path, self.pass_commands),
                          self.listen(path + ".ctrl", self.pass_control)]

    def listen(self, path, serve):
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(path)
        listener.listen()
        threading.Thread(target=self.accept, args=(listener, serve), daemon=True).start()
        return listener

    def accept(self, listener, serve):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection, serve), daemon=True).start()

    @staticmethod
    def serve(connection, serve):
        with connection:
            try:
                serve(connection)
            except (EOFError, OSError):
                pass

    def connect(self, suffix=""):
        tpm = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        tpm.connect(self.upstream + suffix)
        return tpm

    def ask(self, tpm, command):
        with self.turn:
            tpm.sendall(command)
            return receive_command(tpm)

    def pass_commands(self, connection):
        with self.connect() as tpm:
            while True:
                command = receive_command(connection)
                if self.is_refused(command):
                    connection.sendall(DISABLED)
                    continue
                self.passing = (tpm, command)
                code = struct.unpack(">I", command[6:10])[0]
                if code in self.refusals:
                    connection.sendall(struct.pack(">HII", 0x8001, 10, self.refusals[code]))
                    continue
                self.hooks.get(("before", code), lambda: None)()
                response = self.ask(tpm, command)
                if response[6:10] == bytes(4):
                    self.hooks.get(("after", code), lambda: None)()
                    response = self.changes.get(code, lambda same: same)(response)
                if command[6:10] == struct.pack(">I", SIGN) and response[6:10] == bytes(4):
                    self.sign = command
                    if self.signed:
                        self.signed()
                connection.sendall(response)

    def is_refused(self, command):
        """Whether it is an attestation, by a key, and there shall be none."""
        return (not self.attests and command[6:10] == struct.pack(">I", ATTEST) and
                command[14:18] != bytes.fromhex("40000007"))

    def pass_control(self, connection):
        with self.connect(".ctrl") as tpm:
            while True:
                request = connection.recv(4096)
                if not request:
                    return
                tpm.sendall(request)
                connection.sendall(tpm.recv(4096))

    def sign_behind_the_back(self):
        """The last signature again, of another digest: handles and authorization are the same."""
        position = self.sign.rindex(struct.pack(">HI", 0x8024, 0x40000007)) - 2 - 32
        command = self.sign[:position] + 32 * b"\x66" + self.sign[position + 32:]
        with self.connect() as tpm:
            response = self.ask(tpm, command)
        assert response[6:10] == bytes(4), response.hex()

    def repeat(self):
        """The command that is being passed on, once more."""
        response = self.ask(*self.passing)
        assert response[6:10] == bytes(4), response.hex()

    def close(self):
        for listener in self.listeners:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
