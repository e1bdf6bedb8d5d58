# SPDX-License-Identifier: Apache-2.0
"""Signs a layout by in-toto's own classes.

usage: sign.py LAYOUT.json KEY OUTPUT [--use-dsse]
"""

import json
import sys

from in_toto.models._signer import load_crypto_signer_from_pkcs8_file
from in_toto.models.layout import Layout
from in_toto.models.metadata import Envelope, Metablock


def main():
    path, key, output = sys.argv[1:4]
    with open(path, encoding="utf-8") as file:
        layout = Layout.read(json.load(file))
    metadata = Envelope.from_signable(layout) if len(sys.argv) > 4 else Metablock(signed=layout)
    metadata.create_signature(load_crypto_signer_from_pkcs8_file(key))
    metadata.dump(output)


if __name__ == "__main__":
    main()
