// SPDX-License-Identifier: Apache-2.0

// Verifies a Sigstore bundle with the Sigstore project's own Go library: the signature with a public
// key, and that one log of the trusted root has it.
//
// usage: verify-entry BUNDLE PUBLIC_KEY.pem TRUSTED_ROOT.json FILE
//
// Exit status 0 if it verifies, 1 if it does not, 2 if that could not be found out.
package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"time"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/signature"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "verify-entry:", err)
		os.Exit(2)
	}
}

func refuse(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "verify-entry: refused:", err)
		os.Exit(1)
	}
}

// The key is the one to trust, whatever the bundle calls it.
func publicKey(path string) root.TrustedMaterial {
	text, err := os.ReadFile(path)
	must(err)
	block, _ := pem.Decode(text)
	if block == nil {
		must(fmt.Errorf("%s: no PEM", path))
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	must(err)
	verifier, err := signature.LoadECDSAVerifier(key.(*ecdsa.PublicKey), crypto.SHA256)
	must(err)
	expiring := root.NewExpiringKey(verifier, time.Time{}, time.Time{})
	return root.NewTrustedPublicKeyMaterial(func(string) (root.TimeConstrainedVerifier, error) {
		return expiring, nil
	})
}

func main() {
	if len(os.Args) != 5 {
		must(fmt.Errorf("usage: verify-entry BUNDLE PUBLIC_KEY.pem TRUSTED_ROOT.json FILE"))
	}
	logs, err := root.NewTrustedRootFromPath(os.Args[3])
	must(err)
	file, err := os.Open(os.Args[4])
	must(err)
	verifier, err := verify.NewVerifier(
		root.TrustedMaterialCollection{logs, publicKey(os.Args[2])},
		verify.WithTransparencyLog(1), verify.WithNoObserverTimestamps())
	must(err)
	entity, err := bundle.LoadJSONFromPath(os.Args[1])
	refuse(err)
	_, err = verifier.Verify(entity, verify.NewPolicy(verify.WithArtifact(file), verify.WithKey()))
	refuse(err)
	fmt.Println("verify-entry: verified")
}
