package blob

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"
)

// What a phone writes into a photo without asking, and what must be nowhere in what is stored.
var secrets = []string{
	"Exif", "GPS", "http://ns.adobe.com/xap", "Photoshop 3.0", "MPF\x00", "JFXX", "Nguyen Van A",
	"trailing secret", "eXIf", "tEXt", "iTXt", "zTXt", "tIME", "XMP ", "EXIF",
}

// picture is smooth, so that it survives a JPEG encoder, and no two of its corners are alike.
func picture(w, h int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetRGBA(x, y, color.RGBA{uint8(255 * x / w), uint8(255 * y / h), uint8(255 * (x + y) / (w + h)), 255})
		}
	}
	return m
}

func encodedJPEG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, m, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func encodedPNG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := png.Encode(&buf, m); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// segment is one JPEG segment.
func segment(marker byte, payload string) []byte {
	b := binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(len(payload)+2))
	return append(b, payload...)
}

// withSegments puts segments behind the start marker of a JPEG.
func withSegments(data []byte, segments ...[]byte) []byte {
	return bytes.Join([][]byte{data[:2], bytes.Join(segments, nil), data[2:]}, nil)
}

// exif is an EXIF block (a TIFF file) with an orientation, an author, a place and a thumbnail.
func exif(order binary.AppendByteOrder, orientation uint16) string {
	const (
		short, ascii, long, rational = 3, 2, 4, 5
		gpsAt, authorAt, latAt       = 80, 140, 160
	)
	b := []byte("MM")
	if order == binary.LittleEndian {
		b = []byte("II")
	}
	b = order.AppendUint16(b, 42)
	b = order.AppendUint32(b, 8)
	entry := func(tag, typ uint16, count, value uint32) {
		b = order.AppendUint16(b, tag)
		b = order.AppendUint16(b, typ)
		b = order.AppendUint32(b, count)
		b = order.AppendUint32(b, value)
	}
	pad := func(to int) { b = append(b, make([]byte, to-len(b))...) }

	b = order.AppendUint16(b, 3)
	b = order.AppendUint16(b, 0x0112)
	b = order.AppendUint16(b, short)
	b = order.AppendUint32(b, 1)
	b = order.AppendUint16(b, orientation) // a short sits at the front of its four bytes
	b = order.AppendUint16(b, 0)
	entry(0x013b, ascii, 13, authorAt)
	entry(0x8825, long, 1, gpsAt)
	b = order.AppendUint32(b, 0)
	pad(gpsAt)
	b = order.AppendUint16(b, 2)
	entry(0x001d, ascii, 11, authorAt+14) // GPSDateStamp
	entry(0x0002, rational, 3, latAt)     // GPSLatitude
	b = order.AppendUint32(b, 0)
	pad(authorAt)
	b = append(b, "Nguyen Van A\x00"...)
	pad(latAt)
	for _, v := range []uint32{12, 1, 41, 1, 2000, 100} { // 12° 41′ 20″
		b = order.AppendUint32(b, v)
	}
	b = append(b, "GPS "...)
	return exifHeader + string(b) + "\xff\xd8\xff\xe1 a thumbnail's Exif \xff\xd9"
}

// iccRGB is the head of a colour profile, in an APP2 segment of its own.
func iccRGB(space string) []byte {
	profile := make([]byte, 128)
	copy(profile[12:], "mntr"+space+"XYZ ")
	return segment(mAPP2, iccHeader+"\x01\x01"+string(profile))
}

// phoneJPEG is a photo with everything around the picture that phones and editors put there.
func phoneJPEG(t testing.TB, m image.Image, order binary.AppendByteOrder, orientation uint16) []byte {
	data := withSegments(encodedJPEG(t, m),
		segment(mAPP0, "JFIF\x00\x01\x02\x01\x00\x48\x00\x48\x01\x01\x10\x20\x30"), // with a thumbnail of one pixel
		segment(mAPP0, "JFXX\x00\x10 Exif"),
		segment(mAPP1, exif(order, orientation)),
		segment(mAPP1, exif(order, 3)), // a second block, such as an editor leaves; the first counts
		segment(mAPP1, "http://ns.adobe.com/xap/1.0/\x00<x:xmpmeta/>"),
		iccRGB("RGB "),
		segment(mAPP2, "MPF\x00MM\x00*"),
		[]byte{0xff, 0xff, 0xff}, // fill bytes
		segment(0xed, "Photoshop 3.0\x008BIM Nguyen Van A"),
		segment(mCOM, "Nguyen Van A"),
		segment(0xe5, "Exif of a kind unheard of"),
	)
	data = append(data, encodedJPEG(t, picture(8, 8))...) // the second picture of an MPF file
	return append(data, "trailing secret SEFT"...)
}

// progressiveJPEG is a grey square of 8 by 8 in the given number of passes.
func progressiveJPEG(passes int) []byte {
	oneCode := "\x01" + strings.Repeat("\x00", 15) + "\x00" // the code 0 means 0
	b := []byte{0xff, mSOI}
	b = append(b, segment(0xdb, "\x00"+strings.Repeat("\x01", 64))...)
	b = append(b, segment(0xc2, "\x08\x00\x08\x00\x08\x01\x01\x11\x00")...)
	b = append(b, segment(0xc4, "\x00"+oneCode)...)
	b = append(b, segment(mSOS, "\x01\x01\x00\x00\x00\x00")...)
	b = append(b, 0x7f)
	b = append(b, segment(0xc4, "\x10"+oneCode)...)
	for range passes - 1 {
		b = append(b, segment(mCOM, "Nguyen Van A")...)
		b = append(b, segment(mSOS, "\x01\x01\x00\x01\x3f\x00")...)
		b = append(b, 0x7f)
	}
	return append(b, 0xff, mEOI)
}

// chunk is one PNG chunk.
func chunk(name, content string) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(content)))
	b = append(b, name+content...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// withChunks puts chunks behind the header of a PNG.
func withChunks(data []byte, chunks ...[]byte) []byte {
	const header = 8 + 25
	return bytes.Join([][]byte{data[:header], bytes.Join(chunks, nil), data[header:]}, nil)
}

// hugePNG claims a size that would take gigabytes, in a few bytes.
func hugePNG(w, h uint32) []byte {
	ihdr := binary.BigEndian.AppendUint32(nil, w)
	ihdr = binary.BigEndian.AppendUint32(ihdr, h)
	ihdr = append(ihdr, 8, 2, 0, 0, 0)
	b := append([]byte(pngSignature), chunk("IHDR", string(ihdr))...)
	b = append(b, chunk("IDAT", "\x78\x9c")...)
	return append(b, chunk("IEND", "")...)
}

// chunkyPNG is a picture with every kind of note that the standard and its extensions know.
func chunkyPNG(t testing.TB) []byte {
	m := image.NewNRGBA(image.Rect(0, 0, 9, 7))
	for i := range m.Pix {
		m.Pix[i] = byte(i * 37)
	}
	data := withChunks(encodedPNG(t, m),
		chunk("gAMA", "\x00\x00\xb1\x8f"),
		chunk("pHYs", "\x00\x00\x0b\x13\x00\x00\x0b\x13\x01"),
		chunk("tEXt", "Author\x00Nguyen Van A"),
		chunk("iTXt", "XML:com.adobe.xmp\x00\x00\x00\x00\x00<x:xmpmeta/>"),
		chunk("zTXt", "Comment\x00\x00\x78\x9c"),
		chunk("tIME", "\x07\xea\x0b\x18\x07\x00\x00"),
		chunk("eXIf", exif(binary.BigEndian, 6)[len(exifHeader):]),
		chunk("prVt", "Nguyen Van A"),
	)
	return append(data, "trailing secret"...)
}

// Images of one pixel: lossy, lossless, lossy with an alpha channel.
var (
	webpLossy    = unbase64("UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA")
	webpLossless = unbase64("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==")
	webpWithA    = unbase64("UklGRkoAAABXRUJQVlA4WAoAAAAQAAAAAAAAAAAAQUxQSAwAAAARBxAR/Q9ERP8DAABWUDggGAAAABQBAJ0BKgEAAQAAAP4AAA3AAP7mtQAAAA==")
)

func unbase64(s string) []byte {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

// riff is a WebP file of chunks.
func riff(chunks ...string) []byte {
	body := "WEBP" + strings.Join(chunks, "")
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

// riffChunk is one chunk of a WebP file.
func riffChunk(name, content string) string {
	b := binary.LittleEndian.AppendUint32([]byte(name), uint32(len(content)))
	b = append(b, content...)
	if len(content)%2 == 1 {
		b = append(b, 0)
	}
	return string(b)
}

// webpNotes is a WebP with an extended header, the pixels of a simple one, and everything else.
func webpNotes(simple []byte, flags byte) []byte {
	data := riff(
		riffChunk("VP8X", string([]byte{flags, 0xaa, 0xbb, 0xcc, 0, 0, 0, 0, 0, 0})),
		riffChunk("ICCP", "a colour profile!"),
		string(simple[12:]),
		riffChunk("EXIF", exif(binary.LittleEndian, 6)),
		riffChunk("XMP ", "<x:xmpmeta> http://ns.adobe.com/xap/1.0/"),
		riffChunk("MINE", "Nguyen Van A"),
	)
	return append(data, "trailing secret"...)
}

// pdf is a small but complete document.
func pdf() []byte {
	body := "%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n" +
		"2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
	return []byte(body + "xref\n0 1\n0000000000 65535 f \ntrailer<</Size 1/Root 1 0 R>>\nstartxref\n" +
		"103\n%%EOF\n")
}
