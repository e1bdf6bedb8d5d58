# SPDX-License-Identifier: Apache-2.0
"""What somebody might change in a Sigstore bundle with a log entry, or without.

usage: forgeries.py GOOD.json OTHER.json    writes NAME.json for each change of the log entry, and prints the names
"""

import base64
import copy
import json
import sys


def read(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def write(path, bundle):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(bundle, file, ensure_ascii=False)


def flip(text, place=0):
    """Another bit in what is base64. The last byte of a signature in DER is one of a number: it stays DER."""
    data = bytearray(base64.b64decode(text))
    data[place] ^= 1
    return base64.b64encode(data).decode()


def entry_of(bundle):
    return bundle["verificationMaterial"]["tlogEntries"][0]


def proof_of(bundle):
    return entry_of(bundle)["inclusionProof"]


def hashes(bundle, _):
    proof_of(bundle)["hashes"][0] = flip(proof_of(bundle)["hashes"][0])


def index(bundle, _):
    entry = entry_of(bundle)
    entry["logIndex"] = proof_of(bundle)["logIndex"] = str(int(entry["logIndex"]) - 1)


def fewer(bundle, _):
    proof_of(bundle)["hashes"].pop()


def size(bundle, _):
    proof = proof_of(bundle)
    old, proof["treeSize"] = proof["treeSize"], str(int(proof["treeSize"]) + 1)
    proof["checkpoint"]["envelope"] = proof["checkpoint"]["envelope"].replace("\n%s\n" % old,
                                                                             "\n%s\n" % proof["treeSize"])


def head(bundle, _):
    proof = proof_of(bundle)
    old, proof["rootHash"] = proof["rootHash"], flip(proof["rootHash"])
    proof["checkpoint"]["envelope"] = proof["checkpoint"]["envelope"].replace(old, proof["rootHash"])


def sealed(bundle, _):
    """The signature of the checkpoint."""
    checkpoint = proof_of(bundle)["checkpoint"]
    rest, signature = checkpoint["envelope"].rstrip("\n").rsplit(" ", 1)
    checkpoint["envelope"] = "%s %s\n" % (rest, flip(signature, -1))


def swapped(bundle, other):
    bundle["verificationMaterial"]["tlogEntries"] = [entry_of(other)]


LOG_ENTRY = (hashes, index, fewer, size, head, sealed, swapped)


def forge(good, other):
    """The bundle good with each of the changes, by name; other is of the same key and another file."""
    for change in LOG_ENTRY:
        bundle = copy.deepcopy(good)
        change(bundle, other)
        yield change.__name__, bundle


def main():
    for name, bundle in forge(read(sys.argv[1]), read(sys.argv[2])):
        write(name + ".json", bundle)
        print(name)


if __name__ == "__main__":
    main()
