package account

import (
	"errors"
	"strings"
	"testing"
)

const (
	vectorPassword = "Grüße, Welt ☂ 2026"
	firebaseSK     = "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA=="
	firebaseVector = "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=" + firebaseSK + "$42xEC+ixf3L2lw==$" +
		"lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ=="
)

// Made by the libraries named, not by ours; Firebase's is its published example.
var imports = []struct{ name, password, phc string }{
	{"argon2id of argon2-cffi", vectorPassword, "$argon2id$v=19$m=512,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$CdV8BO6dZL8nfKI4JTrJoWyoUTVK0U/RjsV+6ZvegBg"},
	{"argon2id with four threads", vectorPassword, "$argon2id$v=19$m=1024,t=1,p=4$MDEyMzQ1Njc4OWFiY2RlZg$3YTMly2V+KEpQmKfPBAIFglxHGVUAByG6ZZarOCnl3E"},
	{"argon2i of argon2-cffi", vectorPassword, "$argon2i$v=19$m=512,t=3,p=1$MDEyMzQ1Njc4OWFiY2RlZg$SZYtxET1gXGsi8lCxPxxbB1jCqw8x9hPwuQSpAlmgzQ"},
	{"bcrypt 2b of pyca", vectorPassword, "$2b$04$ZzEa7QYwgbcNaEDAbsngje5PK/FSlhj3r4EtPaHGjto4znj.jP.Yq"},
	{"bcrypt 2a of pyca", vectorPassword, "$2a$04$kmWe4DxR4et96FgMO/FC6eDfz.MZKqm1AaCePyZwTd9x1ck/ciCWS"},
	{"bcrypt of 72 bytes", strings.Repeat("a", 72), "$2b$04$x99yqDlnoKwHweJTCJSlI.Z33HXDa/WnDYJG5Wqe8IRdUeLfoHOli"},
	{"bcrypt of more counts 72 of them", strings.Repeat("a", 80), "$2b$04$x99yqDlnoKwHweJTCJSlI.Z33HXDa/WnDYJG5Wqe8IRdUeLfoHOli"},
	{"PBKDF2-SHA1 of passlib", vectorPassword, "$pbkdf2$1000$CQFAaC3lHMMYo1TKeS8FAA$1Yc6ZRrPiUzgQdaPCFmyQODCVHU"},
	{"PBKDF2-SHA256 of passlib", vectorPassword, "$pbkdf2-sha256$1000$fs95L.X8P6d07j2HkHKuNQ$JUuA55gzQBrHl4qKrkLU05iV9JW.bgrHEU3qGjJzo8I"},
	{"the same in PHC spelling", vectorPassword, "$pbkdf2-sha256$i=1000,l=32$fs95L+X8P6d07j2HkHKuNQ$JUuA55gzQBrHl4qKrkLU05iV9JW+bgrHEU3qGjJzo8I"},
	{"PBKDF2-SHA512 of passlib", vectorPassword, "$pbkdf2-sha512$1000$SAkhZIzROoeQknIuBSAkxA$IhhKp5CoZ8nGeBXU22j4GRW9bNZl8JKqk2x4FNhfvy2ocTAwxI2HKIYpb8BjsSUSMBM1NogfvJNvTkN436kzOQ"},
	{"PBKDF2-SHA256 of Django", vectorPassword, "pbkdf2_sha256$1000$seasalt$aMQwaoIbp2anYYTNpneGnjNmbeCbBGQuupOtqMoxgms="},
	{"PBKDF2-SHA1 of Django", vectorPassword, "pbkdf2_sha1$1000$seasalt$et0h2UiT6eSQvxxXjcA6GYAJxO0="},
	{"ASP.NET Identity v3, SHA-256", vectorPassword, "AQAAAAEAAAPoAAAAEHNhbHRzYWx0c2FsdHNhbHS8Fzp2jcje25zbw1E293PWzW9wTtSw7j7UH89zE66KNA=="},
	{"ASP.NET Identity v3, SHA-512", vectorPassword, "AQAAAAIAAAPoAAAAEHNhbHRzYWx0c2FsdHNhbHRQVqsP7rduFSBvaC26I0m5kVUmDzvDhuCFAxwc+pjlyQ=="},
	{"scrypt of passlib", vectorPassword, "$scrypt$ln=8,r=8,p=2$p5RSKmXMOUeodS6F8L63Vg$yLicQhIcxYtmbIvqmMqCSbEXEO+C4zkj0BDpQkw7d8M"},
	{"scrypt of Firebase", "user1password", firebaseVector},
}

func TestPW4_ImportedHashesVerify(t *testing.T) {
	t.Parallel()
	h := testHasher(t, Params{Memory: 64, Time: 1, Threads: 1})
	for _, c := range imports {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if err := CheckHash(c.phc); err != nil {
				t.Fatal(err)
			}
			if ok, err := h.Verify(t.Context(), c.phc, c.password); !ok || err != nil {
				t.Errorf("right password: %v, %v", ok, err)
			}
			if ok, err := h.Verify(t.Context(), c.phc, "x"+c.password); ok || err != nil {
				t.Errorf("wrong password: %v, %v", ok, err)
			}
			if !NeedsRehash(c.phc, h.Params()) {
				t.Error("stays as it is")
			}
		})
	}
}

func TestPW4_RehashWhenParametersChange(t *testing.T) {
	t.Parallel()
	old := Params{Memory: 64, Time: 1, Threads: 1}
	phc, err := testHasher(t, old).Hash(t.Context(), "tonight we ride at dawn")
	if err != nil {
		t.Fatal(err)
	}
	if NeedsRehash(phc, old) {
		t.Error("the present cost needs a rehash")
	}
	for _, p := range []Params{{128, 1, 1}, {64, 2, 1}, {64, 1, 2}, {32, 1, 1}, DefaultParams} {
		if !NeedsRehash(phc, p) {
			t.Errorf("another cost needs none: %+v", p)
		}
		if ok, err := testHasher(t, p).Verify(t.Context(), phc, "tonight we ride at dawn"); !ok || err != nil {
			t.Errorf("%+v: the old hash gives %v, %v", p, ok, err)
		}
	}
	// A dump shows the prefix that other tools expect, at OWASP's cost.
	if phc := newHash([]byte("x"), DefaultParams); !strings.HasPrefix(phc, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Error(phc)
	}
}

func TestPW5_ParametersAreCapped(t *testing.T) {
	t.Parallel()
	const b22, b43 = "MDEyMzQ1Njc4OWFiY2RlZg", "CdV8BO6dZL8nfKI4JTrJoWyoUTVK0U/RjsV+6ZvegBg"
	for name, phc := range map[string]string{
		"argon2 with 4 GiB":             "$argon2id$v=19$m=4194304,t=1,p=1$" + b22 + "$" + b43,
		"argon2 with m over 32 bits":    "$argon2id$v=19$m=4294967304,t=1,p=1$" + b22 + "$" + b43,
		"argon2 with 11 passes":         "$argon2id$v=19$m=64,t=11,p=1$" + b22 + "$" + b43,
		"argon2 with 5 threads":         "$argon2id$v=19$m=64,t=1,p=5$" + b22 + "$" + b43,
		"argon2 with 256 threads":       "$argon2id$v=19$m=64,t=1,p=256$" + b22 + "$" + b43,
		"argon2 with too little memory": "$argon2id$v=19$m=7,t=1,p=1$" + b22 + "$" + b43,
		"argon2 with a short salt":      "$argon2id$v=19$m=64,t=1,p=1$MDEy$" + b43,
		"argon2 with a short hash":      "$argon2id$v=19$m=64,t=1,p=1$" + b22 + "$MDEyMzQ1",
		"argon2 with no hash":           "$argon2id$v=19$m=64,t=1,p=1$" + b22 + "$",
		"argon2 with a long hash":       "$argon2id$v=19$m=64,t=1,p=1$" + b22 + "$" + strings.Repeat("A", 88),
		"bcrypt at cost 31":             "$2b$31$ZzEa7QYwgbcNaEDAbsngje5PK/FSlhj3r4EtPaHGjto4znj.jP.Yq",
		"bcrypt at cost 0":              "$2b$00$ZzEa7QYwgbcNaEDAbsngje5PK/FSlhj3r4EtPaHGjto4znj.jP.Yq",
		"PBKDF2 with 6 million rounds":  "$pbkdf2-sha256$6000000$" + b22 + "$" + b43,
		"Django with 6 million rounds":  "pbkdf2_sha256$6000000$seasalt$" + b43,
		"ASP.NET with 4 billion rounds": "AQAAAAH/////AAAAEHNhbHRzYWx0c2FsdHNhbHS8Fzp2jcje25zbw1E293PWzW9wTtSw7j7UH89zE66KNA==",
		"ASP.NET with no rounds":        "AQAAAAEAAAAAAAAAEHNhbHRzYWx0c2FsdHNhbHS8Fzp2jcje25zbw1E293PWzW9wTtSw7j7UH89zE66KNA==",
		"ASP.NET with a salt too long":  "AQAAAAEAAAPo/////3NhbHRzYWx0c2FsdHNhbHS8Fzp2jcje25zbw1E293PWzW9wTtSw7j7UH89zE66KNA==",
		"scrypt with N of 2^18":         "$scrypt$ln=18,r=8,p=1$" + b22 + "$" + b43,
		"scrypt with r of 17":           "$scrypt$ln=14,r=17,p=1$" + b22 + "$" + b43,
		"scrypt with p of 5":            "$scrypt$ln=14,r=8,p=5$" + b22 + "$" + b43,
		"Firebase with N of 2^30":       strings.Replace(firebaseVector, "n=14", "n=30", 1),
		"Firebase of another version":   strings.Replace(firebaseVector, "v=1", "v=2", 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := CheckHash(phc); !errors.Is(err, ErrHashParams) {
				t.Errorf("got %v", err)
			}
		})
	}
	for _, p := range []Params{{262145, 1, 1}, {64, 11, 1}, {64, 0, 1}, {64, 1, 0}, {64, 1, 5}, {15, 1, 2}} {
		if _, err := NewHasher(HasherOptions{Params: p}); !errors.Is(err, ErrHashParams) {
			t.Errorf("%+v: %v", p, err)
		}
	}
}

func TestPW5_UnknownFormsAreRefused(t *testing.T) {
	t.Parallel()
	for _, phc := range []string{
		"", "$", "$$$$$", "plain text", "5f4dcc3b5aa765d61d8327deb882cf99", "$1$salt$hash", "{SSHA}abcd",
		"$argon2d$v=19$m=64,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$CdV8BO6dZL8nfKI4JTrJoWyoUTVK0U/RjsV+6ZvegBg",
		"$argon2id$v=16$m=64,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$CdV8BO6dZL8nfKI4JTrJoWyoUTVK0U/RjsV+6ZvegBg",
		"$argon2id$v=19$t=1,m=64,p=1$MDEyMzQ1Njc4OWFiY2RlZg$CdV8BO6dZL8nfKI4JTrJoWyoUTVK0U/RjsV+6ZvegBg",
		"$argon2id$v=19$m=064,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$CdV8BO6dZL8nfKI4JTrJoWyoUTVK0U/RjsV+6ZvegBg",
		"$argon2id$v=19$m=64,t=-1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$CdV8BO6dZL8nfKI4JTrJoWyoUTVK0U/RjsV+6ZvegBg",
		"$2x$04$ZzEa7QYwgbcNaEDAbsngje5PK/FSlhj3r4EtPaHGjto4znj.jP.Yq",
		"pbkdf2_md5$1000$salt$aMQwaoIbp2anYYTNpneGnjNmbeCbBGQuupOtqMoxgms=",
		strings.Repeat("$argon2id", 1000),
	} {
		if err := CheckHash(phc); !errors.Is(err, ErrHashFormat) {
			t.Errorf("%q: %v", phc, err)
		}
	}
}

// FuzzE12_HashStrings parses, and does the work of what is cheap enough: no
// string may panic or match a random password.
func FuzzE12_HashStrings(f *testing.F) {
	for _, c := range imports {
		f.Add(c.phc)
	}
	f.Fuzz(func(t *testing.T, phc string) {
		s, err := parseHash(phc)
		if err != nil {
			if !errors.Is(err, ErrHashFormat) && !errors.Is(err, ErrHashParams) {
				t.Fatal(err)
			}
			return
		}
		if a, ok := s.(argon2Hash); ok && a.params.Memory <= 1024 && a.match([]byte("not this one")) {
			t.Fatalf("%q matches", phc)
		}
	})
}
