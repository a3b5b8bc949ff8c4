package account

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"hash"
	"regexp"
	"strings"

	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/scrypt"
)

// bcryptHash is a whole bcrypt string. x/crypto hashes the first 72 bytes of
// the password, as every library did that made the strings we import.
type bcryptHash string

var bcryptForm = regexp.MustCompile(`^\$2[aby]\$[0-3][0-9]\$[./A-Za-z0-9]{53}$`)

func parseBcrypt(s string) (stored, error) {
	if !bcryptForm.MatchString(s) {
		return nil, ErrHashFormat
	}
	cost, err := bcrypt.Cost([]byte(s))
	if err != nil || cost < bcrypt.MinCost || cost > maxBcryptCost {
		return nil, ErrHashParams
	}
	return bcryptHash(s), nil
}

func (b bcryptHash) match(password []byte) bool {
	return bcrypt.CompareHashAndPassword([]byte(b), password) == nil
}

// parsePBKDF2 reads rounds$salt$hash (passlib) or i=rounds,l=len$salt$hash.
func parsePBKDF2(name, rest string) (stored, error) {
	f := strings.Split(rest, "$")
	if len(f) != 3 {
		return nil, ErrHashFormat
	}
	rounds := f[0]
	if r, ok := strings.CutPrefix(rounds, "i="); ok {
		rounds, _, _ = strings.Cut(r, ",")
	}
	iterations, err := parseCount(rounds)
	if err != nil {
		return nil, err
	}
	salt, want, err := saltAndHash(f[1], f[2])
	if err != nil {
		return nil, err
	}
	_, digest, _ := strings.Cut(name, "-")
	return newPBKDF2(digest, iterations, salt, want)
}

// parseDjango reads pbkdf2_sha256$rounds$salt$hash, whose salt is plain text.
func parseDjango(s string) (stored, error) {
	f := strings.Split(s, "$")
	if len(f) != 4 {
		return nil, ErrHashFormat
	}
	iterations, err := parseCount(f[1])
	if err != nil {
		return nil, err
	}
	_, want, err := saltAndHash("", f[3])
	if err != nil {
		return nil, err
	}
	_, digest, _ := strings.Cut(f[0], "_")
	return newPBKDF2(digest, iterations, []byte(f[2]), want)
}

// parseASPNET reads the blob of ASP.NET Core Identity v3: 0x01, then as
// big-endian 32-bit numbers the digest, the rounds and the salt's length, then
// salt and subkey.
func parseASPNET(s string) (stored, error) {
	b, err := decode64(s)
	if err != nil || len(b) < 13 || b[0] != 1 {
		return nil, ErrHashFormat
	}
	prf, rounds := binary.BigEndian.Uint32(b[1:]), binary.BigEndian.Uint32(b[5:])
	n, rest := binary.BigEndian.Uint32(b[9:]), b[13:]
	if prf > 2 {
		return nil, ErrHashFormat
	}
	if rounds > maxIterations || n > maxSalt || int(n) > len(rest) ||
		len(rest)-int(n) < minOutput || len(rest)-int(n) > maxOutput {
		return nil, ErrHashParams
	}
	digest := [...]string{"sha1", "sha256", "sha512"}[prf]
	return newPBKDF2(digest, int(rounds), rest[:n], rest[n:])
}

func newPBKDF2(digest string, iterations int, salt, want []byte) (stored, error) {
	var h func() hash.Hash
	switch digest {
	case "", "sha1": // passlib's bare $pbkdf2$
		h = sha1.New
	case "sha256":
		h = sha256.New
	case "sha512":
		h = sha512.New
	default:
		return nil, ErrHashFormat
	}
	if iterations < 1 || iterations > maxIterations || len(salt) > maxSalt {
		return nil, ErrHashParams
	}
	derive := func(password []byte) []byte {
		key, err := pbkdf2.Key(h, string(password), salt, iterations, len(want))
		if err != nil {
			return nil
		}
		return key
	}
	return derived{derive, want}, nil
}

// parseScrypt reads ln=…,r=…,p=…$salt$hash.
func parseScrypt(rest string) (stored, error) {
	f := strings.Split(rest, "$")
	if len(f) != 3 {
		return nil, ErrHashFormat
	}
	v, err := parseParams(f[0], "ln", "r", "p")
	if err != nil {
		return nil, err
	}
	if !scryptBounded(v[0], v[1], v[2]) {
		return nil, ErrHashParams
	}
	salt, want, err := saltAndHash(f[1], f[2])
	if err != nil {
		return nil, err
	}
	derive := func(password []byte) []byte {
		key, err := scrypt.Key(password, salt, 1<<v[0], v[1], v[2], len(want))
		if err != nil {
			return nil
		}
		return key
	}
	return derived{derive, want}, nil
}

// scryptBounded keeps the memory, 128·r·2^logN bytes, under 256 MiB.
func scryptBounded(logN, r, p int) bool {
	return logN >= 1 && logN <= maxScryptLogN && r >= 1 && r <= maxScryptR && p >= 1 && p <= maxThreads
}

// parseFirebase reads v=1,n=…,r=…,p=1,ss=…,sk=…$salt$hash. Firebase encrypts
// the project's signer key under the first half of the scrypt key (AES-256,
// counter mode, zero nonce) and keeps the ciphertext as the hash.
func parseFirebase(rest string) (stored, error) {
	f := strings.Split(rest, "$")
	if len(f) != 3 {
		return nil, ErrHashFormat
	}
	cost, keys, ok := strings.Cut(f[0], ",ss=")
	separator64, signer64, ok2 := strings.Cut(keys, ",sk=")
	if !ok || !ok2 {
		return nil, ErrHashFormat
	}
	v, err := parseParams(cost, "v", "n", "r", "p")
	if err != nil {
		return nil, err
	}
	if v[0] != 1 || !scryptBounded(v[1], v[2], v[3]) {
		return nil, ErrHashParams
	}
	salt, want, err := saltAndHash(f[1], f[2])
	if err != nil {
		return nil, err
	}
	separator, signer, err := saltAndHash(separator64, signer64)
	if err != nil {
		return nil, err
	}
	derive := func(password []byte) []byte {
		return firebaseKey(password, append(salt[:len(salt):len(salt)], separator...), signer, v)
	}
	return derived{derive, want}, nil
}

func firebaseKey(password, salt, signer []byte, v []int) []byte {
	key, err := scrypt.Key(password, salt, 1<<v[1], v[2], v[3], 64)
	if err != nil {
		return nil
	}
	block, err := aes.NewCipher(key[:32])
	if err != nil {
		return nil
	}
	out := make([]byte, len(signer))
	cipher.NewCTR(block, make([]byte, aes.BlockSize)).XORKeyStream(out, signer)
	return out
}
