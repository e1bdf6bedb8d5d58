# SPDX-License-Identifier: Apache-2.0
"""Programs written elsewhere in Go, built out of their sources once and kept in ~/.cache/hallmark."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

PATIENCE = 500  # seconds


def skip(reason):
    print(reason)
    sys.exit(77)


def go(*arguments, folder):
    try:
        done = subprocess.run(["go", *arguments], cwd=folder, timeout=PATIENCE, check=False, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, env=dict(os.environ, GOFLAGS="-mod=mod", GOTOOLCHAIN="local"))
    except (FileNotFoundError, PermissionError):
        skip("no go")
    except subprocess.TimeoutExpired:
        skip("it was not built in time: go " + " ".join(arguments))
    if done.returncode != 0:
        skip("it cannot be built: " + (done.stderr or done.stdout).decode().strip().split("\n")[-1])
    return done.stdout


def build(module, version, package, options=()):
    """The path of the program, which is named as its package, or else its module. It is built in a copy of the
    module, which then is the main one, with the versions that it wants. Tests that want it at the same time may
    build it twice, and none sees half of it."""
    name = os.path.basename(package if package != "." else module)
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "hallmark"
    folder = cache / ("%s-%s" % (name, version))
    program = folder / name
    if program.exists():
        return str(program)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as work:
        source = json.loads(go("mod", "download", "-json", "%s@%s" % (module, version), folder=work))["Dir"]
        copy = os.path.join(work, "source")
        subprocess.run(["cp", "-r", source, copy], check=True)
        subprocess.run(["chmod", "-R", "u+w", copy], check=True)
        go("build", *options, "-o", os.path.join(work, name), package, folder=copy)
        os.rename(os.path.join(work, name), program)
    return str(program)
