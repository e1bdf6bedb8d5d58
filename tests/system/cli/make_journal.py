# SPDX-License-Identifier: Apache-2.0
"""Writes a small journal from its description (C2SP tlog-tiles, signed-note, the write-ahead file),
sharing no code with what reads it."""

import base64
import hashlib
import json
import os
import re
import struct

from fake_agent import CREATED

ORIGIN = "example.org/host42"
BOOT = "9a0b7a1e-0000-4000-8000-000000000000"


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def leaf(entry):
    return sha256(b"\0", entry)


def root(leaves):
    """RFC 9162 §2.1.1."""
    if not leaves:
        return sha256()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\1", root(leaves[:split]), root(leaves[split:]))


def record(kind, **members):
    members.update(v=1, type=kind, time=CREATED, boot=BOOT)
    text = json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    # The one text that records allow has capitals in its escapes.
    return re.sub(r"\\u00[0-9a-f]{2}", lambda found: "\\u" + found[0][2:].upper(), text).encode()


def start():
    return record("agent.start", config="sha256:" + 64 * "0", dropped=0, origin=ORIGIN,
                  program="hallmarkd 0.1.0", recovered=0)


def creation(key, **members):
    return record("key.create", algorithm=key.facts["algorithm"], fingerprint=key.facts["fingerprint"],
                  key=key.facts["name"], publicKey=base64.b64encode(key.der).decode(),
                  purpose=key.facts["purpose"], token=key.facts["token"], version=key.facts["version"],
                  **members)


def signature(key, data, **members):
    digest = key.digest(data)
    values = {"algorithm": key.facts["algorithm"], "digest": "%s:%s" % (key.hash, digest.hex()),
              "fingerprint": key.facts["fingerprint"], "key": key.facts["name"],
              "version": key.facts["version"], "grant": "training", "request": "1.1",
              "signature": base64.b64encode(key.sign(digest)).decode(),
              "caller": {"uid": 1000, "gid": 1000, "pid": 42, "identity": "pidfd", "user": "ada",
                         "unit": "train-7.service"}}
    values.update(members)
    return record("sign", **values)


def checkpoint(log_key, leaves, origin=ORIGIN):
    text = "%s\n%d\n%s\n" % (origin, len(leaves), base64.b64encode(root(leaves)).decode())
    blob = sha256(log_key.der)[:4] + log_key.sign(sha256(text.encode()))
    return "%s\n\u2014 %s %s\n" % (text, origin, base64.b64encode(blob).decode())


def batch(first, entries):
    sized = b"".join(struct.pack(">I", len(entry)) + entry for entry in entries)
    head = b"HMwb" + struct.pack(">IQI", len(entries), first, len(sized))
    return head + sha256(head, *(leaf(entry) for entry in entries)) + sized


class Journal:
    """All entries of one folder; `sealed` of them are in bundles under the checkpoint, the rest in
    the write-ahead file."""

    def __init__(self, folder, entries, sealed, log_key):
        self.folder = folder
        leaves = [leaf(entry) for entry in entries]
        self.bundle = "tile/entries/000.p/%d" % sealed
        self.tile = "tile/0/000.p/%d" % sealed
        self.segment = "wal/%020d" % sealed
        self.put("checkpoint", checkpoint(log_key, leaves[:sealed]).encode())
        self.put(self.bundle, b"".join(struct.pack(">H", len(entry)) + entry
                                       for entry in entries[:sealed]))
        self.put(self.tile, b"".join(leaves[:sealed]))
        self.put(self.segment, batch(sealed, entries[sealed:]) if entries[sealed:] else b"")

    def put(self, name, content):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)

    def get(self, name):
        with open(os.path.join(self.folder, name), "rb") as file:
            return file.read()

    def append(self, first, entries):
        with open(os.path.join(self.folder, self.segment), "ab") as file:
            file.write(batch(first, entries))
