# SPDX-License-Identifier: Apache-2.0
"""Prints a layout of two steps, by in-toto's own classes.

usage: layout.py OWNER.pem PREPARER.pem
"""

import json
import sys

import attr
from in_toto.models.layout import Layout, Step


def main():
    layout = Layout(expires="2099-01-01T00:00:00Z", readme="prepare and train")
    owner, preparer = (layout.add_functionary_key_from_path(path) for path in sys.argv[1:])
    layout.steps = [
        Step(name="prepare", pubkeys=[preparer["keyid"]],
             expected_command=["sh", "-c", 'tr " " , <data/raw.csv >data/clean.csv'],
             expected_materials=[["ALLOW", "data/raw.csv"], ["DISALLOW", "*"]],
             expected_products=[["CREATE", "data/clean.csv"], ["DISALLOW", "*"]]),
        Step(name="train", pubkeys=[owner["keyid"]],
             expected_command=["sh", "-c", "wc data/clean.csv >model"],
             expected_materials=[["MATCH", "data/*", "WITH", "PRODUCTS", "FROM", "prepare"],
                                 ["DISALLOW", "*"]],
             expected_products=[["REQUIRE", "model"], ["CREATE", "model"], ["DISALLOW", "*"]]),
    ]
    json.dump(attr.asdict(layout), sys.stdout)


if __name__ == "__main__":
    main()
