package secret

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"

	"golang.org/x/crypto/chacha20poly1305"
)

// ErrSealed is returned for anything that does not open: another key, purpose,
// tenant or version, or a changed byte. It says nothing more on purpose.
var ErrSealed = errors.New("sealed value cannot be opened")

// sealVersion is the first byte of every sealed value and part of its
// associated data.
const sealVersion = 1

// DeriveKey derives a 256-bit key for one purpose from a longer-lived key
// (HKDF-SHA-256, RFC 5869).
func DeriveKey(key []byte, purpose string) [32]byte {
	out, err := hkdf.Key(sha256.New, key, nil, "foyer/"+purpose, 32)
	if err != nil {
		panic(err) // only for lengths that cannot occur here
	}
	return [32]byte(out)
}

// Sealer encrypts with XChaCha20-Poly1305, whose random nonce cannot run out.
type Sealer struct{ aead cipher.AEAD }

// NewSealer returns a Sealer under key.
func NewSealer(key [32]byte) *Sealer {
	aead, err := chacha20poly1305.NewX(key[:])
	if err != nil {
		panic(err) // the key's length is fixed by its type
	}
	return &Sealer{aead}
}

// Seal encrypts plain for one purpose of one tenant; only Open with the same
// purpose and tenant reads it.
func (s *Sealer) Seal(tenant, purpose string, plain []byte) []byte {
	out := make([]byte, 1+chacha20poly1305.NonceSizeX, 1+chacha20poly1305.NonceSizeX+len(plain)+s.aead.Overhead())
	out[0] = sealVersion
	rand.Read(out[1:])
	return s.aead.Seal(out, out[1:], plain, associated(tenant, purpose))
}

// Open reads what Seal wrote, or returns ErrSealed.
func (s *Sealer) Open(tenant, purpose string, sealed []byte) ([]byte, error) {
	if len(sealed) < 1+chacha20poly1305.NonceSizeX+s.aead.Overhead() || sealed[0] != sealVersion {
		return nil, ErrSealed
	}
	nonce, box := sealed[1:1+chacha20poly1305.NonceSizeX], sealed[1+chacha20poly1305.NonceSizeX:]
	plain, err := s.aead.Open(nil, nonce, box, associated(tenant, purpose))
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}

// SealString is Seal as base64url.
func (s *Sealer) SealString(tenant, purpose string, plain []byte) string {
	return b64.EncodeToString(s.Seal(tenant, purpose, plain))
}

// OpenString reads what SealString wrote, or returns ErrSealed.
func (s *Sealer) OpenString(tenant, purpose, sealed string) ([]byte, error) {
	b, err := b64.DecodeString(sealed)
	if err != nil {
		return nil, ErrSealed
	}
	return s.Open(tenant, purpose, b)
}

// associated joins the parts unambiguously: each is preceded by its length.
func associated(tenant, purpose string) []byte {
	b := []byte{sealVersion}
	for _, p := range []string{tenant, purpose} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(p)))
		b = append(b, p...)
	}
	return b
}
