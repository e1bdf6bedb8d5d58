# SPDX-License-Identifier: Apache-2.0
"""Random models: our signature against OpenSSF's verifier and theirs against ours, untouched and changed.
Both say the same. Runs with the Python that has model_signing.

usage: property.py THEIR_PRIVATE_KEY THEIR_PUBLIC_KEY OUR_PUBLIC_KEY
"""

import os
import pathlib
import random
import shutil
import subprocess
import sys

import model_signing

SEED = int(os.environ.get("HALLMARK_SEED", "1"))
MODELS = 40
# '.', '-' and ' ' sort before '/': both orders of resources come up.
PARTS = ["a", "b", "ab", "a.b", "a-b", "a b", ".a", "\u00e9", "e\u0301", "\U0001f600", "x\ny", "back\\slash", "\"q\"",
         "model.sig", ".git", "~"]


def make(draw, root):
    root.mkdir()
    for _ in range(draw.randint(1, 12)):
        path = root.joinpath(*draw.choices(PARTS, k=draw.randint(1, 3)))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(draw.randbytes(draw.choice([0, 1, 100, 70000])))
        except OSError:  # a file is where a directory should be, or the other way round
            pass


def files(root):
    return sorted(path for path in root.rglob("*") if path.is_file() and path.name not in ("ours", "theirs"))


def signed(root):
    """Those that a signature covers."""
    return [path for path in files(root) if path.relative_to(root).parts[0] != ".git"]


def change(draw, root):
    path = draw.choice(signed(root))
    kind = draw.randrange(5)
    if kind == 0:
        path.write_bytes(path.read_bytes() + b"x")
    elif kind == 1 and path.stat().st_size > 0:
        content = bytearray(path.read_bytes())
        content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
        path.write_bytes(bytes(content))
    elif kind == 2:
        path.unlink()
    elif kind == 3:
        path.rename(path.with_name(path.name + "2"))
    else:
        (path.parent / "new").write_bytes(b"")


def ours(signature, key, root):
    run = subprocess.run(["hallmark", "verify", "--public-key", key, "--signature", signature, root],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if run.returncode not in (0, 1):
        sys.exit("%r: %r" % (run.args, run.stderr))
    return run.returncode == 0


def theirs(signature, key, root):
    try:
        model_signing.verifying.Config().use_elliptic_key_verifier(public_key=key).set_hashing_config(
            model_signing.hashing.Config().set_ignored_paths(paths=[signature], ignore_git_paths=True)).verify(root, signature)
        return True
    except ValueError:
        return False


def check(root, expected, keys, number):
    for signature, key in ((root / "ours", keys[1]), (root / "theirs", keys[0])):
        found = ours(signature, key, root), theirs(signature, key, root)
        if found != (expected, expected):
            sys.exit("seed %d model %d %s: expected %s, ours and theirs say %s: %s"
                     % (SEED, number, signature.name, expected, found, [str(path) for path in files(root)]))


def main():
    private, public, own = sys.argv[1:]
    draw, done = random.Random(SEED), 0
    root = pathlib.Path("random-model").absolute()
    for number in range(MODELS):
        make(draw, root)
        if signed(root):
            subprocess.run(["hallmark", "sign", "--key", "model", root, "-o", root / "ours", "--ignore", "theirs"],
                           check=True, stdout=subprocess.DEVNULL)
            model_signing.signing.Config().use_elliptic_key_signer(private_key=private).set_hashing_config(
                model_signing.hashing.Config().set_ignored_paths(paths=[root / "ours", root / "theirs"])).sign(
                    root, root / "theirs")
            check(root, True, (public, own), number)
            change(draw, root)
            check(root, False, (public, own), number)
            done += 1
        shutil.rmtree(root)
    print("%d random models: both verifiers accept both signatures, and refuse them after a change" % done)


main()
