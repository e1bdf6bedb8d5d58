# SPDX-License-Identifier: Apache-2.0
"""Prints a public key as in-toto before version 2 reads it from a file.

usage: owner.py KEY.pem
"""

import json
import sys


def main():
    with open(sys.argv[1], encoding="ascii") as file:
        public = file.read()
    json.dump({"keytype": "ecdsa", "scheme": "ecdsa-sha2-nistp256",
               "keyid_hash_algorithms": ["sha256", "sha512"], "keyval": {"public": public}}, sys.stdout)


if __name__ == "__main__":
    main()
