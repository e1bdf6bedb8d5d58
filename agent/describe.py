#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Turns .varlink files into C strings: describe.py NAME=FILE... > description.c
import sys

print('/* Made by agent/describe.py. */\n#include "agent/description.h"')
for argument in sys.argv[1:]:
    name, path = argument.split("=", 1)
    with open(path, "rb") as file:
        data = file.read()
    print(f"\nconst char description_{name}[] = {{")
    for i in range(0, len(data), 12):
        print("        " + " ".join(f"0x{byte:02x}," for byte in data[i : i + 12]))
    print("        0x00};")
