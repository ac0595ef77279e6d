package blob

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/image/webp"

	"truynguon/internal/fault"
)

// The media types that are accepted. Each can be shown by every browser without a plug-in and
// cannot carry a script that runs in the page; that is why SVG and Office files are not here.
const (
	typePDF  = "application/pdf"
	typeJPEG = "image/jpeg"
	typePNG  = "image/png"
	typeWebP = "image/webp"
)

const (
	// maxMegapixels bounds what an image may unfold to, before anything is unfolded: sixty million
	// pixels are a few hundred megabytes of memory, and more than any phone stores by default.
	maxMegapixels = 60
	// maxSide is the longest side that a JPEG can have, and so the longest that can be resized.
	maxSide = 1<<16 - 1
	// soloPixels is where an image is so large that such images are decoded one after another.
	soloPixels = 16_000_000
	// headSize is how much is read to tell the type, before the rest is asked for.
	headSize = 1024
)

// solo is held while a very large image is decoded, so that a few of them sent at once do not
// exhaust the memory of a small server. Ordinary photos do not wait.
var solo sync.Mutex

// Accepted is what became of an upload: the document to store, cleaned, and the digest of the bytes
// as they were received, by which the sender can prove what was sent.
type Accepted struct {
	// Ref names Data as it is to be stored.
	Ref
	// OriginalSHA256 is the digest of the bytes as received. It equals Ref.SHA256 if nothing had
	// to be taken out.
	OriginalSHA256 string
	// Data is the document to store.
	Data []byte
	// Width and Height are those of the image as it is seen, upright, in pixels; 0 for a PDF.
	Width, Height int
}

// Accept reads one uploaded file from r and returns what may be stored of it.
//
// The content alone decides what the file is: PDF, JPEG, PNG or WebP. The name, which may be a path
// and may have any ending, appears in the explanations and nowhere else. An image is decoded whole,
// so that what is stored can be shown, and loses everything that is not the picture: EXIF with the
// place where it was taken, XMP, IPTC, comments, thumbnails, whatever follows its end. Its pixels
// stay as they are, except that a JPEG whose EXIF says it lies on its side is turned upright and
// encoded again (quality 92, less if it would not fit), since that note is lost. The same note in
// a PNG or WebP, which few programs write or heed, is dropped. PDFs are kept byte for byte.
//
// Accepting what was accepted changes nothing.
//
// Faults, each a *fault.Problem whose {0} is the name:
//   - fault.TooLarge: more than MaxSize bytes, of which at most one more is read ({1}: MiB); or
//     more than sixty megapixels ({1}, {2}: width and height, {3}: megapixels allowed).
//   - fault.Unsupported: another type; an animation; a variant that cannot be read here.
//   - fault.Invalid: empty, damaged or cut short.
//
// An error from r itself is returned wrapped and is none of these.
func Accept(name string, r io.Reader) (*Accepted, error) {
	data, err := receive(name, r)
	if err != nil {
		return nil, err
	}
	a := &Accepted{OriginalSHA256: Digest(data)}
	a.MediaType = sniff(data)
	a.Data, a.Width, a.Height, err = clean(a.MediaType, data)
	if err != nil {
		return nil, explain(name, err)
	}
	a.Size = int64(len(a.Data))
	a.SHA256 = Digest(a.Data)
	return a, nil
}

// clean returns what is to be stored of data, and the width and height of the image as it is seen.
func clean(mediaType string, data []byte) (out []byte, w, h int, err error) {
	turned := upright
	var profile [][]byte
	switch mediaType {
	case typePDF:
		return data, 0, 0, checkPDF(data)
	case typeJPEG:
		out, turned, profile, err = stripJPEG(data)
	case typePNG:
		out, err = stripPNG(data)
	case typeWebP:
		out, err = stripWebP(data)
	default:
		err = refuseType(data)
	}
	if err != nil {
		return nil, 0, 0, err
	}
	m, err := unfold(mediaType, out)
	if err != nil {
		return nil, 0, 0, err
	}
	if turned != upright {
		m = orient(m, turned)
		if out, err = encodeJPEG(m, profile); err != nil {
			return nil, 0, 0, err
		}
	}
	return out, m.Bounds().Dx(), m.Bounds().Dy(), nil
}

// receive reads the whole file, or its head if that already shows that it will not be accepted.
func receive(name string, r io.Reader) ([]byte, error) {
	var buf bytes.Buffer
	if _, err := io.CopyN(&buf, r, headSize); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("receiving a file: %w", err)
	}
	if buf.Len() == 0 {
		return nil, explain(name, refuse(fault.Invalid, "blob_empty", "no bytes"))
	}
	if sniff(buf.Bytes()) == "" {
		return nil, explain(name, refuseType(buf.Bytes()))
	}
	if _, err := io.Copy(&buf, io.LimitReader(r, MaxSize+1-int64(buf.Len()))); err != nil {
		return nil, fmt.Errorf("receiving a file: %w", err)
	}
	if buf.Len() > MaxSize {
		return nil, fmt.Errorf("receiving a file: %w", tooLarge(name))
	}
	return buf.Bytes(), nil
}

// sniff tells the media type from the first bytes; "" if it is none of the accepted ones.
func sniff(data []byte) string {
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xd8\xff")):
		return typeJPEG
	case bytes.HasPrefix(data, []byte(pngSignature)):
		return typePNG
	case len(data) >= 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP":
		return typeWebP
	case isPDF(data):
		return typePDF
	}
	return ""
}

// refuseType says why content is of no accepted type. The two mistakes that people make every day,
// an iPhone's HEIC photo and a Word file, get their own advice.
func refuseType(data []byte) error {
	if len(data) >= 12 && string(data[4:8]) == "ftyp" {
		switch string(data[8:12]) {
		case "heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1", "avif", "avis":
			return refuse(fault.Unsupported, "blob_heic", "an HEIF image")
		}
	}
	if bytes.HasPrefix(data, []byte("PK\x03\x04")) || bytes.HasPrefix(data, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")) {
		return refuse(fault.Unsupported, "blob_office", "an archive or Office file")
	}
	return refuse(fault.Unsupported, "blob_not_accepted_type", "content of no accepted type")
}

// codecs are the decoders of the accepted image types.
var codecs = map[string]struct {
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
}{
	typeJPEG: {jpeg.DecodeConfig, jpeg.Decode},
	typePNG:  {png.DecodeConfig, png.Decode},
	typeWebP: {webp.DecodeConfig, webp.Decode},
}

// unfold decodes an image, after refusing it if it claims to be larger than it may be.
func unfold(mediaType string, data []byte) (image.Image, error) {
	codec, ok := codecs[mediaType]
	if !ok {
		return nil, refuseType(data)
	}
	c, err := codec.config(bytes.NewReader(data))
	if err != nil {
		return nil, undecodable(err)
	}
	if c.Width <= 0 || c.Height <= 0 {
		return nil, broken("an image of %d by %d pixels", c.Width, c.Height)
	}
	pixels := int64(c.Width) * int64(c.Height)
	if pixels > maxMegapixels*1_000_000 || max(c.Width, c.Height) > maxSide {
		r := refuse(fault.TooLarge, "blob_too_many_pixels", "%d by %d pixels", c.Width, c.Height)
		r.args = []any{c.Width, c.Height, maxMegapixels}
		return nil, r
	}
	if pixels > soloPixels {
		solo.Lock()
		defer solo.Unlock()
	}
	m, err := codec.decode(bytes.NewReader(data))
	if err != nil {
		return nil, undecodable(err)
	}
	return m, nil
}

// undecodable turns an error of a decoder into a refusal: either the file is damaged, or it is of a
// variant that the decoder does not know, which saving it again may cure.
func undecodable(err error) error {
	var j jpeg.UnsupportedError
	var p png.UnsupportedError
	if errors.As(err, &j) || errors.As(err, &p) {
		return refuse(fault.Unsupported, "blob_unusual", "%v", err)
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return broken("%v", err)
}

// A refusal is why a file is not accepted, before its name is known.
type refusal struct {
	kind error
	code string
	args []any  // of the message, after the name
	why  string // for the log
}

func (r *refusal) Error() string { return r.why }

func refuse(kind error, code, why string, args ...any) *refusal {
	return &refusal{kind: kind, code: code, why: fmt.Sprintf(why, args...)}
}

// broken refuses a file that is damaged or cut short.
func broken(why string, args ...any) *refusal {
	return refuse(fault.Invalid, "blob_broken", why, args...)
}

// explain turns a refusal into a problem that can be told to the person who sent the file.
func explain(name string, err error) error {
	var r *refusal
	if !errors.As(err, &r) {
		return err
	}
	args := append([]any{shownName(name)}, r.args...)
	return fmt.Errorf("accepting a file: %s: %w", r.why, fault.New(r.kind, r.code, args...))
}

func tooLarge(name string) *fault.Problem {
	return fault.New(fault.TooLarge, "blob_too_large", shownName(name), MaxSize>>20)
}

// shownName is the name of a file as a message may show it: without folders, control characters or
// marks that turn the writing direction, and not too long.
func shownName(name string) string {
	name = strings.ToValidUTF8(name[strings.LastIndexAny(name, `/\`)+1:], "?")
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, name)
	const most = 80
	if runes := []rune(name); len(runes) > most {
		name = string(runes[:most-1]) + "…"
	}
	if strings.TrimSpace(name) == "" {
		return "?"
	}
	return name
}
