# SPDX-License-Identifier: Apache-2.0
"""What the style checks look at: the files that git knows, and C without comments and strings."""

import pathlib
import re
import subprocess
import sys


def files(root):
    """Paths relative to root. Outside of a git checkout, every file that is in no build folder."""
    command = ["git", "-C", root, "ls-files", "-z"]
    try:
        listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (FileNotFoundError, subprocess.CalledProcessError):
        listed = ""
    if listed:
        names = [pathlib.PurePath(name) for name in listed.split("\0") if name]
        return sorted(name for name in names if (pathlib.Path(root) / name).is_file())
    found = pathlib.Path(root).rglob("*")
    names = [path.relative_to(root) for path in found if path.is_file()]
    return sorted(name for name in names if not name.parts[0].startswith((".", "build")))


def text_of(path):
    """The text, or None of a file that is no text."""
    data = path.read_bytes()
    if b"\0" in data:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def code_of(text):
    """C with comments gone and strings emptied; every line stays where it was."""

    def blank(match):
        token = match.group(0)
        lines = "\n" * token.count("\n")
        return {"/": " " + lines, '"': '""', "'": "' '"}[token[0]]

    return TOKEN.sub(blank, text)


def finish(faults, looked_at):
    """Ends the check. One that has nothing to look at proves nothing, and fails."""
    for fault in faults:
        print(fault, file=sys.stderr)
    if looked_at == 0:
        print("nothing to check", file=sys.stderr)
    sys.exit(1 if faults or looked_at == 0 else 0)
