# SPDX-License-Identifier: Apache-2.0
"""Verifies a DSSE envelope with securesystemslib, and reads its statement and predicate with in_toto_attestation.

usage: verify.py ENVELOPE PUBLIC_KEY.pem PREDICATE

PREDICATE is link, test-result, scai, vsa or provenance. Members that the specification does not have are errors,
but for provenance, where an extension is expected. Exit status 0 if all is well, 1 if not."""

import json
import sys

from google.protobuf import json_format
from in_toto_attestation.predicates.link.v0 import link_pb2
from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
from in_toto_attestation.predicates.scai.v0 import scai_pb2
from in_toto_attestation.predicates.test_result.v0 import test_result_pb2
from in_toto_attestation.predicates.vsa.v1 import vsa_pb2
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey

PREDICATES = {
    "link": ("https://in-toto.io/attestation/link/v0.3", link_pb2, "Link"),
    "test-result": ("https://in-toto.io/attestation/test-result/v0.1", test_result_pb2, "TestResult"),
    "scai": ("https://in-toto.io/attestation/scai/v0.3", scai_pb2, "AttributeReport"),
    "vsa": ("https://slsa.dev/verification_summary/v1", vsa_pb2, "VerificationSummary"),
    "provenance": ("https://slsa.dev/provenance/v1", provenance_pb2, "Provenance"),
}


def main():
    path, key_path, name = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        envelope = Envelope.from_dict(json.load(file))
    with open(key_path, encoding="ascii") as file:
        key = SSlibKey("", "ecdsa", "ecdsa-sha2-nistp256", {"public": file.read()})
    try:
        envelope.verify([key], 1)
    except VerificationError as error:
        print("refused: %s" % error)
        return 1
    statement = json_format.Parse(envelope.payload, statement_pb2.Statement())
    Statement.copy_from_pb(statement).validate()
    uri, module, message = PREDICATES[name]
    if statement.predicate_type != uri:
        print("expected type %s, found %s" % (uri, statement.predicate_type))
        return 1
    predicate = json.loads(envelope.payload)["predicate"]
    if name == "vsa":  # their message has one level and no version, SLSA's specification a list and one
        predicate["verifiedLevels"] = predicate["verifiedLevels"][0]
        del predicate["verifier"]["version"]
    predicate = json_format.ParseDict(predicate, getattr(module, message)(),
                                      ignore_unknown_fields=name == "provenance")
    print("verified: %s about %s" % (type(predicate).__name__, [subject.name for subject in statement.subject]))
    return 0


sys.exit(main())
