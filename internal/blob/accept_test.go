package blob

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/image/webp"

	"truynguon/internal/fault"
)

func accept(t testing.TB, name string, data []byte) *Accepted {
	t.Helper()
	a, err := Accept(name, bytes.NewReader(data))
	if err != nil {
		t.Fatalf("Accept(%q): %v", name, err)
	}
	return a
}

// checkAccepted checks what must hold for everything that was accepted.
func checkAccepted(t testing.TB, data []byte, a *Accepted) {
	t.Helper()
	if a.OriginalSHA256 != Digest(data) {
		t.Errorf("OriginalSHA256 = %s, want %s", a.OriginalSHA256, Digest(data))
	}
	want := Ref{SHA256: Digest(a.Data), Size: int64(len(a.Data)), MediaType: sniff(a.Data)}
	if diff := cmp.Diff(want, a.Ref); diff != "" {
		t.Errorf("Ref (-want +got):\n%s", diff)
	}
	again, err := Accept("again", bytes.NewReader(a.Data))
	if err != nil {
		t.Errorf("what was accepted is not accepted again: %v", err)
		return
	}
	if again.SHA256 != a.SHA256 || again.Width != a.Width || again.Height != a.Height {
		t.Errorf("accepting again changed %s (%d x %d) to %s (%d x %d)",
			a.SHA256, a.Width, a.Height, again.SHA256, again.Width, again.Height)
	}
}

func checkNoSecrets(t testing.TB, data []byte) {
	t.Helper()
	for _, s := range secrets {
		if bytes.Contains(data, []byte(s)) {
			t.Errorf("%q is still in what is stored", s)
		}
	}
}

func pixels(t testing.TB, data []byte) *image.NRGBA {
	t.Helper()
	m, err := unfold(sniff(data), data)
	if err != nil {
		t.Fatal(err)
	}
	out := image.NewNRGBA(image.Rect(0, 0, m.Bounds().Dx(), m.Bounds().Dy()))
	draw.Draw(out, out.Rect, m, m.Bounds().Min, draw.Src)
	return out
}

// Metadata goes, pixels stay exactly as they were, and what says how to show colours stays.
func TestAcceptStripsLosslessly(t *testing.T) {
	gray := image.NewGray(image.Rect(0, 0, 20, 10))
	draw.Draw(gray, gray.Rect, picture(20, 10), image.Point{}, draw.Src)
	for _, tc := range []struct {
		name string
		data []byte
		w, h int
		keep []string
	}{
		{"photo", phoneJPEG(t, picture(50, 34), binary.BigEndian, 1), 50, 34, []string{"JFIF", iccHeader, "mntrRGB "}},
		{"photo with nonsense for an orientation", phoneJPEG(t, picture(50, 34), binary.LittleEndian, 9), 50, 34, nil},
		{"grey photo", phoneJPEG(t, gray, binary.LittleEndian, 0), 20, 10, nil},
		{"photo without anything", encodedJPEG(t, picture(33, 17)), 33, 17, nil},
		{"photo with Adobe's colours", withSegments(encodedJPEG(t, picture(16, 16)), segment(mAPP14, "Adobe\x00\x64\x00\x00\x00\x00\x00 Exif")), 16, 16, []string{"Adobe"}},
		{"progressive photo", progressiveJPEG(10), 8, 8, nil},
		{"png", chunkyPNG(t), 9, 7, []string{"gAMA", "pHYs"}},
		{"webp lossy", webpLossy, 1, 1, nil},
		{"webp lossless", webpLossless, 1, 1, nil},
		{"webp with alpha", webpWithA, 1, 1, []string{"ALPH"}},
		{"webp lossy with notes", webpNotes(webpLossy, 0x2c), 1, 1, []string{"ICCP"}},
		{"webp lossless with notes", webpNotes(webpLossless, 0x3c), 1, 1, []string{"ICCP"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := accept(t, tc.name, tc.data)
			checkAccepted(t, tc.data, a)
			checkNoSecrets(t, a.Data)
			if a.Width != tc.w || a.Height != tc.h {
				t.Errorf("size is %d x %d, want %d x %d", a.Width, a.Height, tc.w, tc.h)
			}
			for _, s := range tc.keep {
				if !bytes.Contains(a.Data, []byte(s)) {
					t.Errorf("%q is gone", s)
				}
			}
			// The decoders of PNG and WebP stop at the end, the one of JPEG at the first end marker.
			if !bytes.Equal(pixels(t, tc.data).Pix, pixels(t, a.Data).Pix) {
				t.Error("pixels changed")
			}
		})
	}
}

func TestAcceptPDF(t *testing.T) {
	plain := pdf()
	stream := bytes.Replace(plain, []byte("trailer<<"), []byte("9 0 obj<</Type/XRef"), 1)
	for name, data := range map[string][]byte{
		"plain":                         plain,
		"cross-reference stream":        stream,
		"version 2":                     bytes.Replace(plain, []byte("%PDF-1.4"), []byte("%PDF-2.0"), 1),
		"white space before":            append([]byte("\r\n"), plain...),
		"byte order mark before":        append([]byte("\xef\xbb\xbf"), plain...),
		"padding after":                 append(bytes.Clone(plain), make([]byte, 5000)...),
		"a line of a mail server":       append(bytes.Clone(plain), "\r\n--boundary--\r\n"...),
		"as large as may be":            append(bytes.Clone(plain), make([]byte, MaxSize-len(plain))...),
		"without end-of-file comment":   bytes.Replace(plain, []byte("%%EOF\n"), nil, 1),
		"with markup, but not in front": bytes.Replace(plain, []byte("1 0 obj"), []byte("%<html><script>\n1 0 obj"), 1),
	} {
		t.Run(name, func(t *testing.T) {
			a := accept(t, "cert.pdf", data)
			checkAccepted(t, data, a)
			if !bytes.Equal(data, a.Data) || a.SHA256 != a.OriginalSHA256 {
				t.Error("a PDF was changed")
			}
			if a.Width != 0 || a.Height != 0 || a.MediaType != "application/pdf" {
				t.Errorf("got %s of %d x %d", a.MediaType, a.Width, a.Height)
			}
		})
	}
}

// Everything that is refused, with the kind and the word by which it is explained.
func TestAcceptRefuses(t *testing.T) {
	good, goodPNG := encodedJPEG(t, picture(20, 20)), encodedPNG(t, picture(20, 20))
	frame := riffChunk("ANMF", strings.Repeat("\x00", 16)+string(webpLossy[12:]))
	for _, tc := range []struct {
		name string
		data []byte
		kind error
		code string
	}{
		{"nothing", nil, fault.Invalid, "blob_empty"},
		{"page.pdf", []byte("<!DOCTYPE html><html><script>alert(1)</script>"), fault.Unsupported, "blob_not_accepted_type"},
		{"page before a document.pdf", append([]byte("<html><script>alert(1)</script>"), pdf()...), fault.Unsupported, "blob_not_accepted_type"},
		{"comment before a document.pdf", append([]byte("<!--"), pdf()...), fault.Unsupported, "blob_not_accepted_type"},
		{"drawing.svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`), fault.Unsupported, "blob_not_accepted_type"},
		{"drawing.png", []byte(`<?xml version="1.0"?><svg/>`), fault.Unsupported, "blob_not_accepted_type"},
		{"picture.gif", []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;"), fault.Unsupported, "blob_not_accepted_type"},
		{"scan.tiff", []byte("II*\x00\x08\x00\x00\x00"), fault.Unsupported, "blob_not_accepted_type"},
		{"program.exe", []byte("MZ\x90\x00"), fault.Unsupported, "blob_not_accepted_type"},
		{"notes.txt", []byte("Giấy chứng nhận"), fault.Unsupported, "blob_not_accepted_type"},
		{"zeros", make([]byte, 100), fault.Unsupported, "blob_not_accepted_type"},
		{"one byte", []byte{0xff}, fault.Unsupported, "blob_not_accepted_type"},
		{"sound.wav", []byte("RIFF\x24\x00\x00\x00WAVEfmt "), fault.Unsupported, "blob_not_accepted_type"},
		{"film.mp4", []byte("\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00"), fault.Unsupported, "blob_not_accepted_type"},
		{"IMG_0001.HEIC", []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"), fault.Unsupported, "blob_heic"},
		{"IMG_0001.jpg", []byte("\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1heic"), fault.Unsupported, "blob_heic"},
		{"letter.docx", []byte("PK\x03\x04\x14\x00\x06\x00"), fault.Unsupported, "blob_office"},
		{"letter.doc", []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), fault.Unsupported, "blob_office"},

		{"header alone.pdf", []byte("%PDF-1.7\n"), fault.Invalid, "blob_broken"},
		{"end cut off.pdf", pdf()[:len(pdf())-20], fault.Invalid, "blob_broken"},
		{"table outside.pdf", bytes.Replace(pdf(), []byte("\n103\n"), []byte("\n99103\n"), 1), fault.Invalid, "blob_broken"},
		{"table nowhere.pdf", bytes.Replace(pdf(), []byte("\n103\n"), []byte("\n-1\n"), 1), fault.Invalid, "blob_broken"},
		{"no table.pdf", []byte("%PDF-1.7\nstartxref\n0\n%%EOF"), fault.Invalid, "blob_broken"},
		{"no such version.pdf", []byte("%PDF-X\n"), fault.Unsupported, "blob_not_accepted_type"},

		{"start alone.jpg", []byte("\xff\xd8\xff"), fault.Invalid, "blob_broken"},
		{"no picture.jpg", []byte("\xff\xd8\xff\xd9"), fault.Invalid, "blob_broken"},
		{"end missing.jpg", good[:len(good)-2], fault.Invalid, "blob_broken"},
		{"half.jpg", good[:len(good)/2], fault.Invalid, "blob_broken"},
		{"half, with an end.jpg", append(bytes.Clone(good[:len(good)-30]), 0xff, mEOI), fault.Invalid, "blob_broken"},
		{"a page in a photo's clothes.jpg", []byte("\xff\xd8\xff\xe0<html><script>"), fault.Invalid, "blob_broken"},
		{"thousand passes.jpg", progressiveJPEG(1000), fault.Unsupported, "blob_unusual"},
		{"12 bit.jpg", bytes.Replace(progressiveJPEG(2), []byte("\xff\xc2\x00\x0b\x08"), []byte("\xff\xc2\x00\x0b\x0c"), 1), fault.Unsupported, "blob_unusual"},
		{"arithmetic.jpg", bytes.Replace(progressiveJPEG(2), []byte("\xff\xc2"), []byte("\xff\xca"), 1), fault.Unsupported, "blob_unusual"},
		{"bomb.jpg", bytes.Replace(progressiveJPEG(2), []byte("\x08\x00\x08\x00\x08\x01"), []byte("\x08\xff\xff\xff\xff\x01"), 1), fault.TooLarge, "blob_too_many_pixels"},

		{"bomb.png", hugePNG(60000, 60000), fault.TooLarge, "blob_too_many_pixels"},
		{"just too many.png", hugePNG(10_000, 6_001), fault.TooLarge, "blob_too_many_pixels"},
		{"too long.png", hugePNG(1, 70_000), fault.TooLarge, "blob_too_many_pixels"},
		{"as large as may be, but empty.png", hugePNG(10_000, 6_000), fault.Invalid, "blob_broken"},
		{"no width.png", hugePNG(0, 5), fault.Invalid, "blob_broken"},
		{"signature alone.png", []byte(pngSignature), fault.Invalid, "blob_broken"},
		{"half.png", goodPNG[:len(goodPNG)/2], fault.Invalid, "blob_broken"},
		{"end missing.png", goodPNG[:len(goodPNG)-12], fault.Invalid, "blob_broken"},
		{"flipped.png", append(bytes.Clone(goodPNG[:60]), append([]byte{goodPNG[60] ^ 1}, goodPNG[61:]...)...), fault.Invalid, "blob_broken"},
		{"moving.png", withChunks(goodPNG, chunk("acTL", "\x00\x00\x00\x02\x00\x00\x00\x00")), fault.Unsupported, "blob_animated"},
		{"apple.png", withChunks(goodPNG, chunk("CgBI", "\x50\x00\x20\x02")), fault.Unsupported, "blob_unusual"},
		{"second picture hidden.png", append(bytes.Clone(goodPNG[:len(goodPNG)-12]), bytes.Join([][]byte{chunk("tEXt", "a\x00b"), chunk("IDAT", "secret"), chunk("IEND", "")}, nil)...), fault.Invalid, "blob_broken"},

		{"moving.webp", riff(riffChunk("VP8X", "\x02"+strings.Repeat("\x00", 9)), riffChunk("ANIM", "\x00\x00\x00\x00\x00\x00"), frame), fault.Unsupported, "blob_animated"},
		{"moving unannounced.webp", riff(riffChunk("VP8X", strings.Repeat("\x00", 10)), frame), fault.Unsupported, "blob_animated"},
		{"moving only announced.webp", riff(riffChunk("VP8X", "\x02"+strings.Repeat("\x00", 9)), string(webpLossy[12:])), fault.Unsupported, "blob_animated"},
		{"no picture.webp", riff(), fault.Invalid, "blob_broken"},
		{"notes alone.webp", riff(riffChunk("EXIF", "x")), fault.Invalid, "blob_broken"},
		{"half.webp", webpLossy[:len(webpLossy)-8], fault.Invalid, "blob_broken"},
		{"half, size mended.webp", riff(riffChunk("VP8 ", string(webpLossy[20:30]))), fault.Invalid, "blob_broken"},
		{"chunk too long.webp", riff("VP8 \xff\xff\xff\xff"), fault.Invalid, "blob_broken"},
		{"bomb.webp", riff(riffChunk("VP8L", "\x2f\xff\xff\xff\x0f\x00")), fault.TooLarge, "blob_too_many_pixels"},
		{"bomb in a small frame.webp", riff(riffChunk("VP8X", "\x20"+strings.Repeat("\x00", 9)), riffChunk("ICCP", "p"), riffChunk("VP8L", "\x2f\xff\xff\xff\x0f\x00")), fault.Invalid, "blob_broken"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			before := allocated()
			a, err := Accept("folder/"+tc.name, bytes.NewReader(tc.data))
			if a != nil {
				t.Fatal("accepted")
			}
			checkProblem(t, err, tc.kind, tc.code, tc.name)
			if grown := allocated() - before; tc.code == "blob_too_many_pixels" && grown > 1<<20 {
				t.Errorf("%d bytes were allocated to refuse a bomb", grown)
			}
		})
	}
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// checkProblem checks the kind and code of a fault, and that both languages can tell it in full.
func checkProblem(t *testing.T, err, kind error, code, name string) {
	t.Helper()
	var p *fault.Problem
	if !errors.As(err, &p) || !errors.Is(p.Kind, kind) || p.Code != code {
		t.Fatalf("got %v, want kind %q and code %q", err, kind, code)
	}
	if len(p.Args) == 0 || p.Args[0] != name {
		t.Errorf("arguments are %v, want the name %q first", p.Args, name)
	}
	for _, language := range []string{"vi", "en"} {
		message := catalogue(t, language)["fault."+code]
		if message == "" {
			t.Errorf("no message for %q in %q", code, language)
		}
		for i := range 5 {
			if has := strings.Contains(message, fmt.Sprintf("{%d", i)); has && i >= len(p.Args) {
				t.Errorf("message %q of %q wants argument %d, there are %d", code, language, i, len(p.Args))
			}
		}
	}
}

func catalogue(t *testing.T, language string) map[string]string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "static", "locale", language, "blob.json"))
	if err != nil {
		t.Fatal(err)
	}
	messages := map[string]string{}
	if err := json.Unmarshal(data, &messages); err != nil {
		t.Fatalf("%s: %v", language, err)
	}
	return messages
}

func TestCataloguesAgree(t *testing.T) {
	vi, en := catalogue(t, "vi"), catalogue(t, "en")
	for key := range vi {
		if en[key] == "" {
			t.Errorf("%s is missing in English", key)
		}
	}
	if len(vi) != len(en) {
		t.Errorf("%d messages in Vietnamese, %d in English", len(vi), len(en))
	}
	for _, code := range []string{"blob_changed", "blob_unavailable"} { // those without a name
		if vi["fault."+code] == "" {
			t.Errorf("no message for %q", code)
		}
	}
}

// Every beginning of a good file is refused, with a kind, and without a panic.
func TestAcceptTruncated(t *testing.T) {
	for name, data := range map[string][]byte{
		"photo":       withSegments(encodedJPEG(t, picture(24, 24)), segment(mAPP1, exif(binary.BigEndian, 6))),
		"progressive": progressiveJPEG(5),
		"png":         encodedPNG(t, picture(9, 7)),
		"lossy":       webpLossy,
		"lossless":    webpLossless,
		"alpha":       webpWithA,
		"pdf":         bytes.TrimSuffix(pdf(), []byte("\n%%EOF\n"))[:len(pdf())-11],
	} {
		for n := range len(data) {
			_, err := Accept(name, bytes.NewReader(data[:n]))
			var p *fault.Problem
			if !errors.As(err, &p) {
				t.Fatalf("%s cut to %d of %d bytes: %v", name, n, len(data), err)
			}
		}
	}
}

// One byte too many is noticed, and nothing after it is read, however much there is.
func TestAcceptTooLarge(t *testing.T) {
	read := 0
	endless := readerFunc(func(p []byte) (int, error) {
		clear(p)
		copy(p, "%PDF-1.7"[min(read, 8):])
		read += len(p)
		return len(p), nil
	})
	_, err := Accept("a/b/big.pdf", endless)
	checkProblem(t, err, fault.TooLarge, "blob_too_large", "big.pdf")
	if read > MaxSize+1 {
		t.Errorf("%d bytes were read, want at most %d", read, MaxSize+1)
	}
	// What is not accepted anyway is not read to its end.
	read = 8
	if _, err := Accept("big.bin", endless); !errors.Is(err, fault.Unsupported) || read > 8+headSize {
		t.Errorf("an endless file of no type: %v after %d bytes", err, read)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// The sender's own failure stays what it is, wherever it happens.
func TestAcceptReaderFails(t *testing.T) {
	cut := errors.New("the line was cut")
	for _, n := range []int{0, 10, headSize, 50_000} {
		data := append(pdf(), make([]byte, 60_000)...)
		_, err := Accept("x", io.MultiReader(bytes.NewReader(data[:n]), iotest.ErrReader(cut)))
		var p *fault.Problem
		if !errors.Is(err, cut) || errors.As(err, &p) {
			t.Errorf("cut after %d bytes: %v", n, err)
		}
	}
	a, err := Accept("x", iotest.OneByteReader(bytes.NewReader(pdf())))
	if err != nil || a.SHA256 != Digest(pdf()) {
		t.Errorf("byte by byte: %v", err)
	}
}

// A name never decides what a file is; it only appears in messages, made harmless.
func TestNames(t *testing.T) {
	photo := encodedJPEG(t, picture(8, 8))
	for name, want := range map[string]string{
		"photo.pdf":                  "photo.pdf",
		"":                           "?",
		"   ":                        "?",
		"../../etc/passwd":           "passwd",
		`C:\Users\A\ảnh đồi chè.png`: "ảnh đồi chè.png",
		"a\x00b\r\nc.jpg":            "abc.jpg",
		"fdp.\u202egpj":              "fdp.gpj",
		"bad\xff\xfe.jpg":            "bad?.jpg",
		strings.Repeat("dài", 100):   strings.Repeat("dài", 26) + "d…",
		"folder/":                    "?",
	} {
		if a := accept(t, name, photo); a.MediaType != "image/jpeg" {
			t.Errorf("%q is %s", name, a.MediaType)
		}
		if got := shownName(name); got != want {
			t.Errorf("shownName(%q) = %q, want %q", name, got, want)
		}
	}
}

// The WebP decoder used elsewhere reads what was put together here.
func TestCleanWebPIsStandard(t *testing.T) {
	a := accept(t, "x", webpNotes(webpWithA, 0xff&^webpAnimation))
	if !bytes.Contains(a.Data, []byte("ICCP")) {
		t.Error("the profile is gone")
	}
	if _, err := webp.Decode(bytes.NewReader(a.Data)); err != nil {
		t.Error(err)
	}
	if int(binary.LittleEndian.Uint32(a.Data[4:])) != len(a.Data)-8 {
		t.Error("the announced size is wrong")
	}
}

func TestCheckKey(t *testing.T) {
	if err := CheckKey(Digest(nil)); err != nil {
		t.Error(err)
	}
	for _, key := range []string{"", "abc", strings.ToUpper(Digest(nil)), Digest(nil) + "0", strings.Repeat("g", 64)} {
		if err := CheckKey(key); !errors.Is(err, fault.Invalid) {
			t.Errorf("CheckKey(%q): %v", key, err)
		}
	}
}

// Whatever comes, Accept does not panic, says a kind, and has nothing to change in its own result.
func FuzzAccept(f *testing.F) {
	f.Add(phoneJPEG(f, picture(20, 12), binary.BigEndian, 1))
	f.Add(phoneJPEG(f, picture(20, 12), binary.LittleEndian, 6))
	f.Add(progressiveJPEG(3))
	f.Add(chunkyPNG(f))
	f.Add(hugePNG(60000, 60000))
	f.Add(webpLossy)
	f.Add(webpLossless)
	f.Add(webpWithA)
	f.Add(webpNotes(webpLossy, 0x2c))
	f.Add(webpNotes(webpLossless, 0x3c))
	f.Add(pdf())
	f.Add([]byte("<html>"))
	f.Fuzz(func(t *testing.T, data []byte) {
		// A fuzzer that learns to write large sizes only measures the memory of the machine.
		if c, _, err := image.DecodeConfig(bytes.NewReader(data)); err == nil && c.Width*c.Height > 1<<20 {
			return
		}
		a, err := Accept("fuzz", bytes.NewReader(data))
		if err != nil {
			var p *fault.Problem
			if !errors.As(err, &p) || p.Code == "" {
				t.Fatalf("an error without an explanation: %v", err)
			}
			return
		}
		checkAccepted(t, data, a)
		if a.MediaType == typePDF {
			return
		}
		if _, w, _, err := Resize(a.Data, 10); err != nil || w > 10 {
			t.Errorf("Resize of what was accepted: width %d, %v", w, err)
		}
	})
}
