package auth

import (
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"truynguon/internal/fault"
)

func TestCheckPassword(t *testing.T) {
	for _, tt := range []struct{ password, want string }{
		{goodPassword, "ok"},
		{"correct horse battery", "ok"},
		{"k7mq-p3vt-x9hb-s4nc", "ok"},
		{"8305719264083", "ok"},
		{strings.Repeat("ă", 9) + "!", "invalid; /password: password_common"}, // two different characters
		{"", "invalid; /password: missing"},
		{"ngắnngắn9", "invalid; /password: password_short"}, // nine characters, thirteen bytes
		{norm.NFD.String("ngắnngắn9"), "invalid; /password: password_short"},
		{"ngắnngắn98", "ok"},
		{strings.Repeat("vườn cà phê ", 17), "invalid; /password: password_long"},
		{strings.Repeat("x", 1<<20), "invalid; /password: password_long"},
		{"vườn cà\x00phê của tôi", "invalid; /password: password_characters"},
		{"vườn cà\nphê của tôi", "invalid; /password: password_characters"},
		{"not UTF-8 \xff\xfe at all", "invalid; /password: password_characters"},
		// the commonest, and what people make of them
		{"1234567890", "invalid; /password: password_common"},
		{"0123456789", "invalid; /password: password_common"},
		{"98765432109", "invalid; /password: password_common"},
		{"123456789a", "invalid; /password: password_common"},
		{"abcdefghijkl", "invalid; /password: password_common"},
		{"1111111111", "invalid; /password: password_common"},
		{"1212121212", "invalid; /password: password_common"},
		{"password123", "invalid; /password: password_common"},
		{"PASSWORD2026!", "invalid; /password: password_common"},
		{"matkhau123", "invalid; /password: password_common"},
		{"Mật khẩu 123", "invalid; /password: password_common"},
		{"matkhau01011990", "invalid; /password: password_common"},
		{"matkhaumatkhau", "invalid; /password: password_common"},
		{"anhyeuem", "invalid; /password: password_short; /password: password_common"},
		{"anhyeuem99", "invalid; /password: password_common"},
		{"Anh yêu em 1314", "invalid; /password: password_common"},
		{"Đắk Lắk 2026", "invalid; /password: password_common"},
		{"truynguon2026", "invalid; /password: password_common"},
		{"0912345678", "invalid; /password: password_common"},
		{"84387654321", "invalid; /password: password_common"},
		{"qwertyuiop", "invalid; /password: password_common"},
		{"q1w2e3r4t5", "invalid; /password: password_common"},
		{"nguyễn văn a 1", "invalid; /password: password_common"},
		// the person's own
		{"Hoa.Tran@Example.VN", "invalid; /password: password_is_name"},
		{"hoa.tran12", "invalid; /password: password_is_name"},
		{"trần thị hoa", "invalid; /password: password_is_name"},
		{"TranThiHoa2026", "invalid; /password: password_is_name"},
		{"tran thi hoa nuôi ba con mèo", "ok"},
	} {
		p := new(fault.Problem)
		got := checkPassword(p, "/password", tt.password, "hoa.tran@example.vn", "Trần Thị Hoa")
		expect(t, tt.password, p.Err(), tt.want)
		if tt.want == "ok" && got != norm.NFC.String(tt.password) {
			t.Errorf("%q is not normalised: %q", tt.password, got)
		}
	}
}

func TestCommonList(t *testing.T) {
	set := commonSet()
	if len(set) < 250 {
		t.Errorf("only %d common passwords", len(set))
	}
	for s := range set {
		if s != fold(s) {
			t.Errorf("%q is not folded", s)
		}
	}
}

func TestNewPassword(t *testing.T) {
	bits := passwordGroups * 4 * math.Log2(float64(len(passwordAlphabet)))
	if bits < 70 {
		t.Errorf("generated passwords have %.1f bits", bits)
	}
	if strings.ContainsAny(passwordAlphabet, "aeiouydwlI1O0") {
		t.Error("an input method or an eye may change a generated password")
	}
	seen := make(map[string]bool)
	for range 1000 {
		s := newPassword()
		p := new(fault.Problem)
		checkPassword(p, "/password", s, "k7mq@example.vn", "k7mq")
		if err := p.Err(); err != nil || utf8.RuneCountInString(s) != 19 || seen[s] {
			t.Fatalf("%q: %v", s, err)
		}
		seen[s] = true
	}
}

// A password typed on another device is the same password.
func TestPasswordForms(t *testing.T) {
	w := newWorld(t)
	w.add("a@example.vn", Buyer, "", "")
	for _, form := range []string{norm.NFC.String(goodPassword), norm.NFD.String(goodPassword)} {
		_, _, err := w.LogIn(t.Context(), Attempt{Email: "a@example.vn", Password: form})
		expect(t, form, err, "ok")
	}
}

func TestCheckPasswordNeverPanics(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "password")
		p := new(fault.Problem)
		got := checkPassword(p, "/password", s, rapid.String().Draw(t, "email"), rapid.String().Draw(t, "name"))
		if p.Err() == nil && (utf8.RuneCountInString(got) < MinPassword || utf8.RuneCountInString(got) > MaxPassword) {
			t.Fatalf("%q was accepted", s)
		}
	})
}

func TestFoldEmail(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"Hoa@Example.VN", "hoa@example.vn"},
		{"  hoa@example.vn ", "hoa@example.vn"},
		{"hoa.tran+htx@ea-tu.example.vn", "hoa.tran+htx@ea-tu.example.vn"},
		{norm.NFD.String("Hòa@example.vn"), "hòa@example.vn"},
		{"", ""},
		{"hoa", ""},
		{"hoa@", ""},
		{"@example.vn", ""},
		{"a@b@c", ""},
		{"Hoa <hoa@example.vn>", ""},
		{"hoa@example.vn, b@example.vn", ""},
		{`"h o a"@example.vn`, ""},
		{"hoa@[192.0.2.1]", ""},
		{"hoa@exa mple.vn", ""},
		{"hoa\n@example.vn", ""},
		{"hoa\u202e@example.vn", ""},
		{"hoa\u200b@example.vn", ""},
		{"hoa\xff@example.vn", ""},
		{"hoa@example.vn\x00", ""},
		{strings.Repeat("a", 250) + "@example.vn", ""},
	} {
		got, ok := foldEmail(tt.in)
		if got != tt.want || ok != (tt.want != "") {
			t.Errorf("foldEmail(%q) = %q, %v; want %q", tt.in, got, ok, tt.want)
		}
	}
}

// FuzzFoldEmail: an address names one account only if folding it again changes nothing.
func FuzzFoldEmail(f *testing.F) {
	for _, s := range []string{"Hoa@Example.VN", "İ@example.vn", "ǅ@x", "ß@ẞ", "a@b", "\u0345a@x", "Ω@x.y"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once, ok := foldEmail(s)
		if !ok {
			return
		}
		if twice, ok := foldEmail(once); !ok || twice != once {
			t.Errorf("%q → %q → %q, %v", s, once, twice, ok)
		}
		if _, bad := fault.Unprintable(once); bad || len(once) > maxEmail || isID(once, 'u') {
			t.Errorf("%q was accepted", once)
		}
	})
}
