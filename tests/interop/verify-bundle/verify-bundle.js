// SPDX-License-Identifier: Apache-2.0
//
// Verifies a Sigstore bundle that names a public key, with the Sigstore project's own JavaScript.
//
// usage: verify-bundle.js BUNDLE PUBLIC_KEY.pem FILE [TRUSTED_ROOT.json]
//
// With a trusted root, one log of it must have the signature; without, nothing is asked of logs.
// Exit status 0 if the bundle verifies, 1 if it does not, 2 if that could not be found out. Modules
// are looked for in $NODE_PATH.
'use strict';

const fs = require('fs');
const crypto = require('crypto');

function publicKey(path) {
  const der = crypto.createPublicKey(fs.readFileSync(path)).export({ type: 'spki', format: 'der' });
  return { rawBytes: der };
}

function trustedRoot(path) {
  const { TrustedRoot } = require('@sigstore/protobuf-specs');
  const nobody = { certificateAuthorities: [], timestampAuthorities: [], tlogs: [], ctlogs: [] };
  return path ? TrustedRoot.fromJSON(JSON.parse(fs.readFileSync(path, 'utf8'))) : nobody;
}

function verify(bundlePath, keyPath, filePath, rootPath) {
  const { bundleFromJSON } = require('@sigstore/bundle');
  const { Verifier, toSignedEntity, toTrustMaterial } = require('@sigstore/verify');

  const text = JSON.parse(fs.readFileSync(bundlePath, 'utf8'));
  const hint = text.verificationMaterial.publicKey.hint;
  const trust = toTrustMaterial(trustedRoot(rootPath), { [hint]: publicKey(keyPath) });
  const tlogThreshold = rootPath ? 1 : 0;
  const verifier = new Verifier(trust, { ctlogThreshold: 0, tlogThreshold, timestampThreshold: 0 });
  const file = fs.readFileSync(filePath);
  const bundle = bundleFromJSON(text);
  verifier.verify(toSignedEntity(bundle, file));

  // The library leaves the digest beside the signature to its caller.
  const claimed = Buffer.from(bundle.content.messageSignature.messageDigest.digest);
  const actual = crypto.createHash('sha256').update(file).digest();
  if (!claimed.equals(actual)) {
    const error = new Error('messageDigest is not that of the file');
    error.code = 'DIGEST_ERROR';
    throw error;
  }
}

if (process.argv.length !== 5 && process.argv.length !== 6) {
  console.error('usage: verify-bundle.js BUNDLE PUBLIC_KEY.pem FILE [TRUSTED_ROOT.json]');
  process.exit(2);
}
try {
  verify(...process.argv.slice(2));
  console.log('verify-bundle: verified');
} catch (error) {
  const refusals = ['SIGNATURE_ERROR', 'PUBLIC_KEY_ERROR', 'DIGEST_ERROR', 'TLOG_ERROR', 'TLOG_BODY_ERROR',
    'TLOG_INCLUSION_PROOF_ERROR', 'TLOG_MISSING_INCLUSION_ERROR'];
  console.log(`verify-bundle: ${error.code || error.name}: ${error.message}`);
  process.exit(refusals.includes(error.code) || error.name === 'ValidationError' ? 1 : 2);
}
