package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/hex"
	"strings"
)

// Public IDs and secrets are in base32 with small letters: one double click selects one, and it can
// stand in a URL, a cookie and a header as it is.
var base32Lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

const (
	idLength     = 1 + 16 // a letter for the kind and 80 bits
	secretLength = 52     // 256 bits
)

// newID returns a public ID, unique without asking anybody.
func newID(kind byte) string {
	var b [10]byte
	rand.Read(b[:])
	return string(kind) + base32Lower.EncodeToString(b[:])
}

// newSecret returns 256 random bits, and what is stored of them. A secret that is itself random needs
// no slow hash: there is nothing to guess.
func newSecret() (secret, hash string) {
	var b [32]byte
	rand.Read(b[:])
	secret = base32Lower.EncodeToString(b[:])
	return secret, hashSecret(secret)
}

func hashSecret(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

func secretMatches(secret, hash string) bool {
	return subtle.ConstantTimeCompare([]byte(hashSecret(secret)), []byte(hash)) == 1
}

// A session's token is ID.SECRET and an API key is tn_ID_SECRET: the ID finds the record, the
// SHA-256 of the secret is compared with it. The prefix lets scanners find keys that were published
// by mistake.
const keyPrefix = "tn_"

func sessionToken(id, secret string) string { return id + "." + secret }
func apiKey(id, secret string) string       { return keyPrefix + id + "_" + secret }

// splitToken and splitKey take such a string apart. Whatever does not have its shape is refused
// without asking the database.
func splitToken(token string) (id, secret string, ok bool) { return split(token, ".", 's') }

func splitKey(key string) (id, secret string, ok bool) {
	rest, ok := strings.CutPrefix(key, keyPrefix)
	if !ok {
		return "", "", false
	}
	return split(rest, "_", 'k')
}

func split(s, sep string, kind byte) (id, secret string, ok bool) {
	id, secret, ok = strings.Cut(s, sep)
	if !ok || !isID(id, kind) || len(secret) != secretLength || !isBase32(secret) {
		return "", "", false
	}
	return id, secret, true
}

func isID(id string, kind byte) bool {
	return len(id) == idLength && id[0] == kind && isBase32(id[1:])
}

func isBase32(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '2' || c > '7') {
			return false
		}
	}
	return true
}
