// SPDX-License-Identifier: Apache-2.0

// Verify-journal checks a copy of a journal folder with the Go project's own implementation of
// signed notes and transparency logs, which shares nothing with Hallmark's: the signature of the
// checkpoint, every tile, every entry bundle, and an inclusion proof for each entry. Given a
// tlog-proof file instead of a folder, it checks that, and prints the entry. Given two checkpoints as
// well, it checks the hashes of a consistency proof, one a line, between these.
//
// usage: verify-journal FOLDER|PROOF ORIGIN LOG_KEY.pem [OLD NEW]
//
// Exit status 0 if all of it is right, 1 if something is wrong, 2 if that could not be found out.
package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	tileHeight  = 8
	tileWidth   = 1 << tileHeight
	typeECDSA   = 0x02
	sumdbPrefix = "tile/8/"
)

// ecdsaVerifier is a verifier of C2SP signed-note signatures of type 0x02.
type ecdsaVerifier struct {
	name string
	hash uint32
	key  *ecdsa.PublicKey
}

func (v *ecdsaVerifier) Name() string    { return v.name }
func (v *ecdsaVerifier) KeyHash() uint32 { return v.hash }
func (v *ecdsaVerifier) Verify(msg, sig []byte) bool {
	digest := sha256.Sum256(msg)
	return ecdsa.VerifyASN1(v.key, digest[:], sig)
}

func newVerifier(name, path string) (note.Verifier, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s: no PEM", path)
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	ecdsaKey, ok := key.(*ecdsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("%s: %T, expected an ECDSA key", path, key)
	}
	id := sha256.Sum256(block.Bytes)
	return &ecdsaVerifier{name, binary.BigEndian.Uint32(id[:4]), ecdsaKey}, nil
}

func openCheckpoint(signed []byte, origin string, verifier note.Verifier) (tlog.Tree, error) {
	var tree tlog.Tree
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return tree, fmt.Errorf("checkpoint: %w", err)
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != origin {
		return tree, fmt.Errorf("checkpoint: not three lines of origin %q: %q", origin, opened.Text)
	}
	if tree.N, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return tree, fmt.Errorf("checkpoint: size: %w", err)
	}
	if tree.Hash, err = tlog.ParseHash(lines[2]); err != nil {
		return tree, fmt.Errorf("checkpoint: root: %w", err)
	}
	return tree, nil
}

// tilePath is the path of tlog-tiles, which has no height in it, unlike that of the checksum database.
func tilePath(tile tlog.Tile) string {
	return "tile/" + strings.TrimPrefix(tile.Path(), sumdbPrefix)
}

func entriesPath(number int64, width int) string {
	path := tlog.Tile{H: tileHeight, L: 0, N: number, W: width}.Path()
	return "tile/entries/" + strings.TrimPrefix(path, sumdbPrefix+"0/")
}

func readBundle(folder string, number int64, width int) ([][]byte, error) {
	path := entriesPath(number, width)
	data, err := os.ReadFile(filepath.Join(folder, path))
	if err != nil {
		return nil, err
	}
	var entries [][]byte
	for len(data) > 0 {
		if len(data) < 2 {
			return nil, fmt.Errorf("%s: ends within the length of entry %d", path, len(entries))
		}
		size := int(binary.BigEndian.Uint16(data))
		if len(data)-2 < size {
			return nil, fmt.Errorf("%s: ends within entry %d", path, len(entries))
		}
		entries = append(entries, data[2:2+size])
		data = data[2+size:]
	}
	if len(entries) != width {
		return nil, fmt.Errorf("%s: %d entries, expected %d", path, len(entries), width)
	}
	return entries, nil
}

func readEntries(folder string, size int64) ([][]byte, error) {
	var all [][]byte
	for int64(len(all)) < size {
		width := size - int64(len(all))
		if width > tileWidth {
			width = tileWidth
		}
		entries, err := readBundle(folder, int64(len(all)/tileWidth), int(width))
		if err != nil {
			return nil, err
		}
		all = append(all, entries...)
	}
	return all, nil
}

// memory holds the hashes recomputed from the entries, in the order of tlog.StoredHashIndex.
type memory []tlog.Hash

func (m memory) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index >= int64(len(m)) {
			return nil, fmt.Errorf("no hash %d", index)
		}
		hashes[i] = m[index]
	}
	return hashes, nil
}

func rehash(entries [][]byte) (memory, error) {
	var hashes memory
	for i, entry := range entries {
		more, err := tlog.StoredHashesForRecordHash(int64(i), tlog.RecordHash(entry), hashes)
		if err != nil {
			return nil, err
		}
		hashes = append(hashes, more...)
	}
	return hashes, nil
}

// disk reads tiles of the folder for tlog.TileHashReader.
type disk struct {
	folder string
	cache  map[tlog.Tile][]byte
}

func (d *disk) Height() int                     { return tileHeight }
func (d *disk) SaveTiles([]tlog.Tile, [][]byte) {}
func (d *disk) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	datas := make([][]byte, len(tiles))
	for i, tile := range tiles {
		data, ok := d.cache[tile]
		if !ok {
			var err error
			if data, err = os.ReadFile(filepath.Join(d.folder, tilePath(tile))); err != nil {
				return nil, err
			}
			d.cache[tile] = data
		}
		datas[i] = data
	}
	return datas, nil
}

// neededTiles lists the tiles of a log of this size: the full ones, and one partial one at most at
// each level.
func neededTiles(size int64) []tlog.Tile {
	var tiles []tlog.Tile
	for level := 0; size > 0; level++ {
		for n := int64(0); n < size/tileWidth; n++ {
			tiles = append(tiles, tlog.Tile{H: tileHeight, L: level, N: n, W: tileWidth})
		}
		if width := int(size % tileWidth); width > 0 {
			tiles = append(tiles, tlog.Tile{H: tileHeight, L: level, N: size / tileWidth, W: width})
		}
		size /= tileWidth
	}
	return tiles
}

// checkTiles compares every tile that the checkpoint needs, byte by byte, with the recomputed one.
func checkTiles(folder string, size int64, hashes memory) (int, error) {
	tiles := neededTiles(size)
	for _, tile := range tiles {
		want, err := tlog.ReadTileData(tile, hashes)
		if err != nil {
			return 0, err
		}
		have, err := os.ReadFile(filepath.Join(folder, tilePath(tile)))
		if err != nil {
			return 0, err
		}
		if !bytes.Equal(want, have) {
			return 0, fmt.Errorf("%s: does not hold the hashes of its entries", tilePath(tile))
		}
	}
	return len(tiles), nil
}

func checkProofs(folder string, tree tlog.Tree, entries [][]byte) error {
	reader := tlog.TileHashReader(tree, &disk{folder, map[tlog.Tile][]byte{}})
	for i, entry := range entries {
		proof, err := tlog.ProveRecord(tree.N, int64(i), reader)
		if err != nil {
			return fmt.Errorf("entry %d: %w", i, err)
		}
		err = tlog.CheckRecord(proof, tree.N, tree.Hash, int64(i), tlog.RecordHash(entry))
		if err != nil {
			return fmt.Errorf("entry %d: %w", i, err)
		}
	}
	return nil
}

func verify(folder, origin, keyPath string) (string, error) {
	verifier, err := newVerifier(origin, keyPath)
	if err != nil {
		return "", err
	}
	signed, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	if err != nil {
		return "", err
	}
	tree, err := openCheckpoint(signed, origin, verifier)
	if err != nil {
		return "", err
	}
	entries, err := readEntries(folder, tree.N)
	if err != nil {
		return "", err
	}
	hashes, err := rehash(entries)
	if err != nil {
		return "", err
	}
	tiles, err := checkTiles(folder, tree.N, hashes)
	if err != nil {
		return "", err
	}
	root, err := tlog.TreeHash(tree.N, hashes)
	if err != nil {
		return "", err
	}
	if root != tree.Hash {
		return "", fmt.Errorf("checkpoint: root %v, the entries have %v", tree.Hash, root)
	}
	if err := checkProofs(folder, tree, entries); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d entries, %d tiles, %d inclusion proofs, root %v",
		len(entries), tiles, len(entries), root), nil
}

// proofFile is a C2SP tlog-proof with an entry in its extra data.
type proofFile struct {
	entry  []byte
	index  int64
	hashes tlog.RecordProof
	signed []byte
}

func readProof(path string) (*proofFile, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	head, signed, found := bytes.Cut(data, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if !found || len(lines) < 3 || lines[0] != "c2sp.org/tlog-proof@v1" ||
		!strings.HasPrefix(lines[1], "extra ") || !strings.HasPrefix(lines[2], "index ") {
		return nil, fmt.Errorf("%s: no tlog-proof with extra data", path)
	}
	proof := &proofFile{signed: signed}
	if proof.entry, err = base64.StdEncoding.DecodeString(lines[1][len("extra "):]); err != nil {
		return nil, fmt.Errorf("%s: extra: %w", path, err)
	}
	if proof.index, err = strconv.ParseInt(lines[2][len("index "):], 10, 64); err != nil {
		return nil, fmt.Errorf("%s: index: %w", path, err)
	}
	for _, line := range lines[3:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		proof.hashes = append(proof.hashes, hash)
	}
	return proof, nil
}

func verifyProof(path, origin, keyPath string) (string, error) {
	verifier, err := newVerifier(origin, keyPath)
	if err != nil {
		return "", err
	}
	proof, err := readProof(path)
	if err != nil {
		return "", err
	}
	tree, err := openCheckpoint(proof.signed, origin, verifier)
	if err != nil {
		return "", err
	}
	err = tlog.CheckRecord(proof.hashes, tree.N, tree.Hash, proof.index, tlog.RecordHash(proof.entry))
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("entry %d of %d: %s", proof.index, tree.N, proof.entry), nil
}

func readCheckpoint(path, origin, keyPath string) (tlog.Tree, error) {
	verifier, err := newVerifier(origin, keyPath)
	if err != nil {
		return tlog.Tree{}, err
	}
	signed, err := os.ReadFile(path)
	if err != nil {
		return tlog.Tree{}, err
	}
	return openCheckpoint(signed, origin, verifier)
}

func verifyGrowth(path, origin, keyPath, oldPath, newPath string) (string, error) {
	older, err := readCheckpoint(oldPath, origin, keyPath)
	if err != nil {
		return "", err
	}
	newer, err := readCheckpoint(newPath, origin, keyPath)
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	var proof tlog.TreeProof
	for _, line := range strings.Fields(string(text)) {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return "", err
		}
		proof = append(proof, hash)
	}
	if err := tlog.CheckTree(proof, newer.N, newer.Hash, older.N, older.Hash); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d entries go on from %d", newer.N, older.N), nil
}

func main() {
	if len(os.Args) != 4 && len(os.Args) != 6 {
		fmt.Fprintln(os.Stderr, "usage: verify-journal FOLDER|PROOF ORIGIN LOG_KEY.pem [OLD NEW]")
		os.Exit(2)
	}
	check := verify
	if len(os.Args) == 6 {
		check = func(path, origin, keyPath string) (string, error) {
			return verifyGrowth(path, origin, keyPath, os.Args[4], os.Args[5])
		}
	} else if info, err := os.Stat(os.Args[1]); err == nil && info.Mode().IsRegular() {
		check = verifyProof
	}
	found, err := check(os.Args[1], os.Args[2], os.Args[3])
	var pathError *fs.PathError
	if errors.As(err, &pathError) && !errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintln(os.Stderr, "verify-journal:", err)
		os.Exit(2)
	}
	if err != nil {
		fmt.Println("verify-journal:", err)
		os.Exit(1)
	}
	fmt.Println("verify-journal:", found)
}
