// The Go checksum database's own tree and notes (golang.org/x/mod/sumdb) as a judge of our log.
package main

import (
	"crypto/ed25519"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type asked struct {
	Leaves      []string   `json:"leaves"`
	Inclusion   [][2]int64 `json:"inclusion"`
	Consistency [][2]int64 `json:"consistency"`
	Notes       []string   `json:"notes"`
	Key         string     `json:"key"`
	Cosigner    string     `json:"cosigner"` // hex
	Name        string     `json:"name"`
}

type answer struct {
	Roots       []string   `json:"roots"`
	Inclusion   [][]string `json:"inclusion"`
	Consistency [][]string `json:"consistency"`
	Opened      []string   `json:"opened"`
	Cosigned    []bool     `json:"cosigned"`
}

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return value
}

func hexed[T ~[]tlog.Hash](hashes T) []string {
	found := []string{}
	for _, one := range hashes {
		found = append(found, hex.EncodeToString(one[:]))
	}
	return found
}

func root(size int, reader tlog.HashReader) string {
	return hexed([]tlog.Hash{must(tlog.TreeHash(int64(size), reader))})[0]
}

type cosigner struct {
	name   string
	public []byte
	hash   uint32
}

func (c cosigner) Name() string    { return c.name }
func (c cosigner) KeyHash() uint32 { return c.hash }
func (c cosigner) Verify(msg, sig []byte) bool {
	time := binary.BigEndian.Uint64(sig[:8])
	told := fmt.Sprintf("cosignature/v1\ntime %d\n%s", time, msg)
	return ed25519.Verify(c.public, []byte(told), sig[8:])
}

func main() {
	var ask asked
	must(0, json.NewDecoder(os.Stdin).Decode(&ask))
	stored := []tlog.Hash{}
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		found := []tlog.Hash{}
		for _, index := range indexes {
			found = append(found, stored[index])
		}
		return found, nil
	})
	told := answer{Inclusion: [][]string{}, Consistency: [][]string{}}
	told.Roots = []string{root(0, reader)}
	for place, leaf := range ask.Leaves {
		data := must(hex.DecodeString(leaf))
		stored = append(stored, must(tlog.StoredHashes(int64(place), data, reader))...)
		told.Roots = append(told.Roots, root(place+1, reader))
	}
	for _, pair := range ask.Inclusion {
		told.Inclusion = append(told.Inclusion, hexed(must(tlog.ProveRecord(pair[1], pair[0], reader))))
	}
	for _, pair := range ask.Consistency {
		told.Consistency = append(told.Consistency, hexed(must(tlog.ProveTree(pair[1], pair[0], reader))))
	}
	for _, one := range ask.Notes {
		log := must(note.NewVerifier(ask.Key))
		public := must(hex.DecodeString(ask.Cosigner))
		second := cosigner{ask.Name, public, binary.BigEndian.Uint32(public[32:])}
		second.public = public[:32]
		found := must(note.Open([]byte(one), note.VerifierList(log, second)))
		told.Opened = append(told.Opened, found.Text)
		told.Cosigned = append(told.Cosigned, len(found.Sigs) == 2)
	}
	must(0, json.NewEncoder(os.Stdout).Encode(told))
}
