// SPDX-License-Identifier: Apache-2.0
//
// Verifies a Sigstore bundle with a DSSE envelope by a plain public key, with the Sigstore project's own JavaScript.
//
// usage: verify.js BUNDLE PUBLIC_KEY.pem
//
// Exit status 0 if it verifies, 1 if it does not, 2 if that could not be found out. Modules are looked for in
// $NODE_PATH.
'use strict';

const fs = require('fs');
const crypto = require('crypto');

try {
  const [bundlePath, keyPath] = process.argv.slice(2);
  const { bundleFromJSON } = require('@sigstore/bundle');
  const { Verifier, toSignedEntity, toTrustMaterial } = require('@sigstore/verify');
  const text = JSON.parse(fs.readFileSync(bundlePath, 'utf8'));
  const der = crypto.createPublicKey(fs.readFileSync(keyPath)).export({ type: 'spki', format: 'der' });
  const nobody = { certificateAuthorities: [], timestampAuthorities: [], tlogs: [], ctlogs: [] };
  const trust = toTrustMaterial(nobody, { [text.verificationMaterial.publicKey.hint]: { rawBytes: der } });
  const verifier = new Verifier(trust, { ctlogThreshold: 0, tlogThreshold: 0, timestampThreshold: 0 });
  verifier.verify(toSignedEntity(bundleFromJSON(text)));
  console.log('verified');
} catch (error) {
  console.log(`refused: ${error.code || error.name}: ${error.message}`);
  process.exit(['SIGNATURE_ERROR', 'PUBLIC_KEY_ERROR'].includes(error.code) ? 1 : 2);
}
