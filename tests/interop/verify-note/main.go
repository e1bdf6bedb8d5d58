// SPDX-License-Identifier: Apache-2.0

// Verify-note opens a signed note with Go's own verifiers, which know Ed25519 alone.
// Usage: verify-note VKEY FILE. Prints how many signatures are good, and how many are of others.
package main

import (
	"fmt"
	"os"

	"golang.org/x/mod/sumdb/note"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Println("usage: verify-note VKEY FILE")
		os.Exit(2)
	}
	verifier, err := note.NewVerifier(os.Args[1])
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	text, err := os.ReadFile(os.Args[2])
	if err != nil {
		fmt.Println(err)
		os.Exit(2)
	}
	opened, err := note.Open(text, note.VerifierList(verifier))
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Printf("%d good, %d of others\n", len(opened.Sigs), len(opened.UnverifiedSigs))
}
