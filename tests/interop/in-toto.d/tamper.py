# SPDX-License-Identifier: Apache-2.0
"""Changes one digit of a digest in a signed link, whichever its envelope.

usage: tamper.py LINK
"""

import base64
import json
import sys


def change(link):
    name = sorted(link["products"])[0]
    digest = link["products"][name]["sha256"]
    link["products"][name]["sha256"] = ("1" if digest[0] == "0" else "0") + digest[1:]


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        envelope = json.load(file)
    if "signed" in envelope:
        change(envelope["signed"])
    else:
        link = json.loads(base64.b64decode(envelope["payload"]))
        change(link)
        envelope["payload"] = base64.b64encode(json.dumps(link).encode()).decode()
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        json.dump(envelope, file)


if __name__ == "__main__":
    main()
