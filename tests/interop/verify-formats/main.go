// SPDX-License-Identifier: Apache-2.0

// Verify-formats checks a tlog-proof with transparency-dev's packages: the file as their reader and
// writer of proofs have it, the signature of the checkpoint, and the inclusion of the extra data.
//
// usage: verify-formats PROOF ORIGIN VKEY_FILE
package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"

	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/formats/note"
	format "github.com/transparency-dev/formats/proof"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
)

func verify(path, origin, keyPath string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	key, err := os.ReadFile(keyPath)
	if err != nil {
		return "", err
	}
	verifier, err := note.NewVerifier(strings.TrimSpace(string(key)))
	if err != nil {
		return "", err
	}
	var read format.TLogProof
	if err := read.Unmarshal(data); err != nil {
		return "", err
	}
	if !bytes.Equal(read.Marshal(), data) {
		return "", fmt.Errorf("%s: written differently", path)
	}
	checkpoint, _, _, err := log.ParseCheckpoint(read.Checkpoint, origin, verifier)
	if err != nil {
		return "", err
	}
	var hashes [][]byte
	for i := range read.Hashes {
		hashes = append(hashes, read.Hashes[i][:])
	}
	leaf := rfc6962.DefaultHasher.HashLeaf(read.ExtraData)
	err = proof.VerifyInclusion(rfc6962.DefaultHasher, read.Index, checkpoint.Size, leaf, hashes,
		checkpoint.Hash)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("entry %d of %d: %s", read.Index, checkpoint.Size, read.ExtraData), nil
}

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: verify-formats PROOF ORIGIN VKEY_FILE")
		os.Exit(2)
	}
	found, err := verify(os.Args[1], os.Args[2], os.Args[3])
	if err != nil {
		fmt.Println("verify-formats:", err)
		os.Exit(1)
	}
	fmt.Println("verify-formats:", found)
}
