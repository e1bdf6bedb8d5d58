# SPDX-License-Identifier: Apache-2.0
"""The step `prepare`: measurements of penguins as libsvm reads them, scaled, three quarters of them to train with and
one to test with.

usage: prepare.py PENGUINS.csv TRAIN TEST
"""

import csv
import sys

SPECIES = ("Adelie", "Chinstrap", "Gentoo")
FEATURES = ("bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g")


def main():
    with open(sys.argv[1], encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if "NA" not in [row[name] for name in FEATURES]]
    bounds = [(min(values), max(values)) for values in
              ([float(row[name]) for row in rows] for name in FEATURES)]
    with open(sys.argv[2], "w", encoding="ascii") as train, open(sys.argv[3], "w", encoding="ascii") as test:
        for number, row in enumerate(rows):
            scaled = [(float(row[name]) - low) / (high - low) for name, (low, high) in zip(FEATURES, bounds)]
            line = "%d %s\n" % (SPECIES.index(row["species"]) + 1,
                                " ".join("%d:%.6f" % pair for pair in enumerate(scaled, 1)))
            (test if number % 4 == 0 else train).write(line)


if __name__ == "__main__":
    main()
