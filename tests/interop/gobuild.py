# SPDX-License-Identifier: Apache-2.0
"""Programs written elsewhere in Go, built out of their sources once and kept in ~/.cache/hallmark."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

PATIENCE = 500  # seconds, for all of it


def skip(reason):
    print(reason)
    sys.exit(77)


def go(*arguments, folder, until):
    """It is nice to the tests beside it, which have deadlines. What it has built by then it does not build again."""
    try:
        done = subprocess.run(["nice", "-n", "10", "go", *arguments], cwd=folder, check=False, stdout=subprocess.PIPE,
                              timeout=max(0, until - time.monotonic()), stderr=subprocess.PIPE,
                              env=dict(os.environ, GOFLAGS="-mod=mod", GOTOOLCHAIN="local"))
    except subprocess.TimeoutExpired:
        skip("it was not built in time: go " + " ".join(arguments))
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).decode().strip().split("\n")
        skip("it cannot be built: " + next((line.strip() for line in lines if '"Error"' in line), lines[-1]))
    return done.stdout


def build(module, version, package, options=(), patience=PATIENCE):
    """The path of the program, which is named as its package, or else its module. It is built in a copy of the
    module, which then is the main one, with the versions that it wants. Tests that want it at the same time may
    build it twice, and none sees half of it."""
    name = os.path.basename(package if package != "." else module)
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "hallmark"
    folder = cache / ("%s-%s" % (name, version))
    program = folder / name
    if program.exists():
        return str(program)
    if not shutil.which("go"):
        skip("no go")
    until = time.monotonic() + patience
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as work:
        source = json.loads(go("mod", "download", "-json", "%s@%s" % (module, version), folder=work,
                               until=until))["Dir"]
        copy = os.path.join(work, "source")
        subprocess.run(["cp", "-r", source, copy], check=True)
        subprocess.run(["chmod", "-R", "u+w", copy], check=True)
        go("build", *options, "-o", os.path.join(work, name), package, folder=copy, until=until)
        os.rename(os.path.join(work, name), program)
    return str(program)
