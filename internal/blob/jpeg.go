package blob

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/jpeg"

	"truynguon/internal/fault"
)

// JPEG markers, ITU-T T.81 table B.1.
const (
	mRST0 = 0xd0
	mRST7 = 0xd7
	mSOI  = 0xd8
	mEOI  = 0xd9
	mSOS  = 0xda
	mAPP0 = 0xe0
	mAPP1 = 0xe1
	mAPP2 = 0xe2
	// mAPP14 is Adobe's: it says whether colours are RGB, YCbCr, CMYK or YCCK.
	mAPP14 = 0xee
	mAPP15 = 0xef
	mCOM   = 0xfe
)

// maxScans bounds the passes over a progressive JPEG. Encoders make about ten; each pass visits
// every block, so that a small file with thousands of them would occupy a processor for minutes.
const maxScans = 64

const (
	exifHeader  = "Exif\x00\x00"
	iccHeader   = "ICC_PROFILE\x00"
	jfifHeader  = "JFIF\x00"
	adobeHeader = "Adobe"
)

// stripJPEG copies the segments that make the picture and leaves out all others, bytes between
// segments, and bytes after the end. The coefficients are copied as they are. Beside the copy it
// returns the EXIF orientation, and the payloads of the segments that hold the colour profile.
//
// Of the application segments three matter to how colours look and are kept: JFIF's (rewritten
// without its thumbnail), the ICC profile, and Adobe's.
func stripJPEG(data []byte) (clean []byte, turned int, profile [][]byte, err error) {
	s := jpegParts{orientation: upright}
	err = s.read(data)
	return s.clean, s.orientation, s.icc, err
}

// jpegParts is what was found in the segments of a JPEG.
type jpegParts struct {
	clean       []byte   // the file without what is not the picture
	icc         [][]byte // the payloads of the colour profile's segments
	orientation int      // as in EXIF, 1 to 8
}

func (s *jpegParts) read(data []byte) error {
	s.clean = append(make([]byte, 0, len(data)), 0xff, mSOI)
	var seenEXIF, seenJFIF bool
	scans := 0
	for pos := 2; ; {
		// Find the next marker. Bytes before it belong to nothing; decoders skip them too.
		next := bytes.IndexByte(data[pos:], 0xff)
		if next < 0 {
			return broken("a JPEG without end marker")
		}
		pos += next
		for pos < len(data) && data[pos] == 0xff {
			pos++
		}
		if pos == len(data) {
			return broken("a JPEG without end marker")
		}
		marker := data[pos]
		pos++
		switch {
		case marker == 0, mRST0 <= marker && marker <= mRST7:
			continue // left over from a scan
		case marker == mEOI:
			if scans == 0 {
				return broken("a JPEG without a picture")
			}
			s.clean = append(s.clean, 0xff, mEOI)
			return nil
		case marker == mSOI, marker <= 0xbf:
			return broken("marker %#x inside a JPEG", marker)
		}
		if len(data)-pos < 2 {
			return broken("a JPEG that ends in a segment's length")
		}
		n := int(binary.BigEndian.Uint16(data[pos:]))
		if n < 2 || n > len(data)-pos {
			return broken("a JPEG that ends in segment %#x", marker)
		}
		payload := data[pos+2 : pos+n]
		pos += n
		switch {
		case marker == mAPP0:
			if !seenJFIF && scans == 0 && len(payload) >= 14 && bytes.HasPrefix(payload, []byte(jfifHeader)) {
				seenJFIF = true
				s.keep(marker, append(bytes.Clone(payload[:12]), 0, 0)) // a thumbnail of 0 by 0
			}
		case marker == mAPP1:
			if !seenEXIF && bytes.HasPrefix(payload, []byte(exifHeader)) {
				seenEXIF = true
				s.orientation = orientation(payload[len(exifHeader):])
			}
		case marker == mAPP2:
			// Two more bytes number the segments of the profile.
			if scans == 0 && len(payload) > len(iccHeader)+2 && bytes.HasPrefix(payload, []byte(iccHeader)) {
				s.icc = append(s.icc, payload)
				s.keep(marker, payload)
			}
		case marker == mAPP14:
			if scans == 0 && len(payload) >= 12 && bytes.HasPrefix(payload, []byte(adobeHeader)) {
				s.keep(marker, payload[:12])
			}
		case mAPP0 < marker && marker <= mAPP15, marker == mCOM:
		case marker == mSOS:
			if scans++; scans > maxScans {
				return refuse(fault.Unsupported, "blob_unusual", "a JPEG of more than %d scans", maxScans)
			}
			s.keep(marker, payload)
			pos = s.keepScan(data, pos)
		default:
			s.keep(marker, payload)
		}
	}
}

// keep copies one segment.
func (s *jpegParts) keep(marker byte, payload []byte) {
	s.clean = append(s.clean, 0xff, marker)
	s.clean = binary.BigEndian.AppendUint16(s.clean, uint16(len(payload)+2))
	s.clean = append(s.clean, payload...)
}

// keepScan copies the entropy-coded data that starts at pos and returns where it ends: at a marker
// that is neither a restart nor a stuffed 0xff.
func (s *jpegParts) keepScan(data []byte, pos int) int {
	for {
		n := bytes.IndexByte(data[pos:], 0xff)
		if n < 0 || pos+n+1 == len(data) {
			return len(data) // cut short; the caller will find no end marker
		}
		s.clean = append(s.clean, data[pos:pos+n]...)
		pos += n
		switch b := data[pos+1]; {
		case b == 0xff: // a fill byte
			pos++
		case b == 0, mRST0 <= b && b <= mRST7:
			s.clean = append(s.clean, 0xff, b)
			pos += 2
		default:
			return pos
		}
	}
}

// encodeJPEG encodes an image that had to be turned, with the colour profile it had if that still
// fits. The quality is high because the image has been through a JPEG encoder before.
func encodeJPEG(m image.Image, icc [][]byte) ([]byte, error) {
	var profile bytes.Buffer
	if iccFits(m, icc) {
		for _, payload := range icc {
			profile.Write([]byte{0xff, mAPP2})
			profile.Write(binary.BigEndian.AppendUint16(nil, uint16(len(payload)+2)))
			profile.Write(payload)
		}
	}
	var buf bytes.Buffer
	for _, quality := range []int{92, 85, 75} {
		buf.Reset()
		if err := jpeg.Encode(&buf, m, &jpeg.Options{Quality: quality}); err != nil {
			return nil, err
		}
		if buf.Len()+profile.Len() <= MaxSize {
			out := make([]byte, 0, buf.Len()+profile.Len())
			out = append(out, buf.Bytes()[:2]...) // SOI
			out = append(out, profile.Bytes()...)
			return append(out, buf.Bytes()[2:]...), nil
		}
	}
	r := refuse(fault.TooLarge, "blob_too_large", "a JPEG that does not fit once it is turned")
	r.args = []any{MaxSize >> 20}
	return nil, r
}

// iccFits reports whether a colour profile is for the kind of colours that m will be encoded in.
// ICC.1 7.2.6: bytes 16 to 19 of the profile name the colour space.
func iccFits(m image.Image, icc [][]byte) bool {
	const at = len(iccHeader) + 2 + 16
	if len(icc) == 0 || len(icc[0]) < at+4 {
		return false
	}
	want := "RGB "
	if _, gray := m.(*image.Gray); gray {
		want = "GRAY"
	}
	return string(icc[0][at:at+4]) == want
}
