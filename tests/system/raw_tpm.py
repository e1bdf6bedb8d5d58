# SPDX-License-Identifier: Apache-2.0
"""Somebody else's commands to a software TPM: byte by byte, over a connection for each, as drivers do it.

No resource manager is between, so that what is left behind in the TPM stays there: that is the point."""

import socket
import struct

from tpm_proxy import receive_command

OWNER, NULL, PASSWORD, LOCKOUT = 0x40000001, 0x40000007, 0x40000009, 0x4000000A
CONTEXT_GAP, SESSION_MEMORY, SESSION_HANDLES, TPM_LOCKOUT = 0x901, 0x903, 0x905, 0x921
RETRY = 0x922  # it had to note first that tries are counted from now on
AUTH_FAIL = 0x98E  # of session 1
# fixedTPM fixedParent sensitiveDataOrigin userWithAuth sign, and not noDA
SIGNING_KEY = 0x00040072


def sized(data):
    return struct.pack(">H", len(data)) + data


class RawTpm:
    def __init__(self, path):
        self.path = path

    def send(self, command):
        """Response code, and what comes after it."""
        answer = self.send_once(command)
        return self.send_once(command) if answer[0] == RETRY else answer

    def send_once(self, command):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.connect(self.path)
            connection.sendall(command)
            response = receive_command(connection)
        return struct.unpack(">I", response[6:10])[0], response[10:]

    def plain(self, code, body):
        return self.send(struct.pack(">HII", 0x8001, 10 + len(body), code) + body)

    def with_password(self, code, handle, password, body):
        session = struct.pack(">IHB", PASSWORD, 0, 0) + sized(password)
        body = struct.pack(">II", handle, len(session)) + session + body
        return self.send(struct.pack(">HII", 0x8002, 10 + len(body), code) + body)

    @staticmethod
    def good(answer):
        code, rest = answer
        assert code == 0, "the TPM answered 0x%x" % code
        return rest

    def startup(self):
        self.good(self.plain(0x144, bytes(2)))

    def set_lockout(self, tries, interval, recovery):
        self.good(self.with_password(0x13A, LOCKOUT, b"",
                                     struct.pack(">III", tries, interval, recovery)))

    def reset_lockout(self):
        self.good(self.with_password(0x139, LOCKOUT, b"", b""))

    def create_key(self, password):
        """A primary signing key on P-256 whose wrong passwords are counted."""
        public = (struct.pack(">HHI", 0x23, 0xB, SIGNING_KEY) + sized(b"") +
                  bytes.fromhex("0010" "0018000b" "0003" "0010") + sized(b"") + sized(b""))
        rest = self.good(self.with_password(
            0x131, OWNER, b"", sized(sized(password) + sized(b"")) + sized(public) + sized(b"") +
            bytes(4)))
        return struct.unpack(">I", rest[:4])[0]

    def sign(self, handle, password):
        """The response code."""
        return self.with_password(0x15D, handle, password, sized(32 * b"\x11") + bytes.fromhex(
            "0010" "8024" "40000007" "0000"))[0]

    def try_session(self):
        """Response code and handle of a new HMAC session."""
        code, rest = self.plain(0x176, struct.pack(">II", NULL, NULL) + sized(bytes(16)) +
                                sized(b"") + bytes.fromhex("00" "0010" "000b"))
        return code, struct.unpack(">I", rest[:4])[0] if code == 0 else None

    def start_session(self):
        code, handle = self.try_session()
        self.good((code, None))
        return handle

    def save(self, handle):
        return self.good(self.plain(0x162, struct.pack(">I", handle)))

    def load(self, context):
        return struct.unpack(">I", self.good(self.plain(0x161, context))[:4])[0]

    def flush(self, handle):
        self.good(self.plain(0x165, struct.pack(">I", handle)))
