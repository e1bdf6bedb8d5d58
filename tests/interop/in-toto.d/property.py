# SPDX-License-Identifier: Apache-2.0
"""Chance makes chains; `hallmark verify-chain --specification-only` and in-toto's own verifier must give the same answer of
each, and both answers must come often.

usage: property.py SEED COUNT
"""

import logging
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

from cryptography.hazmat.primitives.asymmetric import ec
from in_toto import verifylib
from in_toto.models.layout import Layout, Step
from in_toto.models.link import Link
from in_toto.models.metadata import Envelope, Metablock
from securesystemslib.signer import CryptoSigner

STEPS = ("one", "two", "three")
PATHS = ("a", "b", "ab", "d/a", "d/b", "e/a", "e/d/a", "a*", "[a]", "d/\u00e9")
PATTERNS = ("*", "a", "b", "a*", "*a", "d/*", "?", "[ab]", "[!a]", "*/a", "[a]", "[", "[]", "d/?", "e/*", "[b-a]", "zz")
PREFIXES = ("d", "e", "d/", "e/d", "zz")


class Chance:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.signers = [CryptoSigner(ec.generate_private_key(ec.SECP256R1())) for _ in range(4)]

    def artifacts(self, known):
        """Most are as somebody had them before."""
        made = {}
        for path in self.random.sample(PATHS, self.random.randint(0, 4)):
            digest = self.random.choice("0123") * 64
            made[path] = known.setdefault(path, digest) if self.random.random() < 0.8 else digest
        return {path: {"sha256": digest} for path, digest in made.items()}

    def match(self):
        pick, rule = self.random.choice, ["MATCH"]
        rule.append(pick(PATTERNS))
        if pick((True, False)):
            rule += ["IN", pick(PREFIXES)]
        rule += ["WITH", pick(("PRODUCTS", "MATERIALS"))]
        if pick((True, False)):
            rule += ["IN", pick(PREFIXES)]
        return rule + ["FROM", pick(STEPS)]

    def rules(self):
        rules = []
        for _ in range(self.random.randint(0, 4)):
            word = self.random.choice(("MATCH", "MATCH", "MATCH", "CREATE", "DELETE", "MODIFY", "ALLOW", "ALLOW"))
            if self.random.random() < 0.1:
                word = self.random.choice(("DISALLOW", "REQUIRE"))
            if word == "MATCH":
                rules.append(self.match())
            elif word == "REQUIRE":
                rules.append([word, self.random.choice(PATHS)])
            else:
                rules.append([word, self.random.choice(PATTERNS)])
        if self.random.random() < 0.15:
            rules.append(["DISALLOW", self.random.choice(("*", "a*", "d/*"))])
        return [[w.lower() if w.isupper() and self.random.random() < 0.1 else w for w in rule] for rule in rules]

    def key(self, number):
        key = self.signers[number].public_key
        return dict(key.to_dict(), keyid=key.keyid)

    def sign(self, signable, number, path):
        """A bad signature now and then, and either envelope."""
        metadata = self.random.choice((Envelope.from_signable, lambda s: Metablock(signed=s)))(signable)
        metadata.create_signature(self.signers[number])
        metadata.dump(path)

    def layout(self):
        keys = [self.key(number) for number in range(4)]
        steps = []
        for name in STEPS:
            allowed = self.random.sample(range(1, 4), self.random.randint(1, 3))
            steps.append(Step(name=name, pubkeys=[keys[number]["keyid"] for number in allowed],
                              threshold=self.random.randint(1, min(2, len(allowed))),
                              expected_materials=self.rules(), expected_products=self.rules()))
        return Layout(keys={key["keyid"]: key for key in keys[1:]}, steps=steps,
                      expires="2099-01-01T00:00:00Z" if self.random.random() < 0.97 else "2001-01-01T00:00:00Z")

    def links(self, layout, folder):
        ids = [self.key(number)["keyid"] for number in range(4)]
        known = {}
        for step in layout.steps:
            materials, products = self.artifacts(known), self.artifacts(known)
            for keyid in step.pubkeys:
                if self.random.random() < 0.02:
                    continue
                if self.random.random() < 0.02:
                    products = self.artifacts(known)
                number = ids.index(keyid) if self.random.random() < 0.98 else 0
                self.sign(Link(name=step.name, materials=materials, products=products), number,
                          folder / ("%s.%.8s.link" % (step.name, keyid)))


def theirs(path, key, folder):
    try:
        metadata = verifylib.Metadata.load(path)
        verifylib.in_toto_verify(metadata, {key["keyid"]: key}, link_dir_path=str(folder))
    except Exception as error:  # pylint: disable=broad-except
        return 1, "%s: %s" % (type(error).__name__, error)
    return 0, ""


def ours(path, pem, folder):
    done = subprocess.run(("hallmark", "verify-chain", "--specification-only", "--layout", path, "--layout-key", pem,
                           "--attestations", folder), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.returncode, done.stdout.decode()


def main():
    seed, count = int(sys.argv[1]), int(sys.argv[2])
    logging.disable(logging.CRITICAL)
    chance, answers = Chance(seed), [0, 0]
    for number in range(count):
        folder = pathlib.Path(tempfile.mkdtemp())
        os.mkdir(folder / "links")
        layout = chance.layout()
        chance.sign(layout, 0 if chance.random.random() < 0.97 else 1, folder / "root.layout")
        chance.links(layout, folder / "links")
        pem = folder / "owner.pem"
        pem.write_text(chance.key(0)["keyval"]["public"], encoding="ascii")
        one = theirs(str(folder / "root.layout"), chance.key(0), folder / "links")
        other = ours(folder / "root.layout", pem, folder / "links")
        if one[0] != other[0]:
            sys.exit("seed %d, chain %d in %s: in-toto says %s, we say %s" % (seed, number, folder, one, other))
        answers[one[0]] += 1
        shutil.rmtree(folder)
    if min(answers) < count // 10:
        sys.exit("%d were good and %d bad: chance proves little" % tuple(answers))
    print("%d good and %d bad chains, by both" % tuple(answers))


if __name__ == "__main__":
    main()
