package web

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"path"
	"regexp"
	"strings"

	"github.com/gofiber/fiber/v2"

	"truynguon/internal/fault"
)

// asset is a script, picture or other file that pages load. Its address contains its digest, so that
// browsers may keep it for ever and get the new one when it changes.
type asset struct {
	path      string
	data      []byte
	mediaType string
}

// loadAssets reads the folders that pages load from.
func loadAssets(fsys fs.FS) (map[string]*asset, error) {
	files := map[string]*asset{}
	for _, dir := range []string{"js", "img"} {
		err := fs.WalkDir(fsys, dir, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasPrefix(path.Base(name), ".") {
				return err
			}
			data, err := fs.ReadFile(fsys, name)
			if err != nil {
				return err
			}
			sum := sha256.Sum256(data)
			ext := path.Ext(name)
			kind := mime.TypeByExtension(ext)
			switch ext { // the machine's own table may say otherwise
			case ".js":
				kind = "text/javascript; charset=utf-8"
			case ".svg":
				kind = "image/svg+xml"
			case ".webmanifest":
				kind = "application/manifest+json"
			}
			files[name] = &asset{
				path: "/static/" + strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:6]) + ext,
				data: data, mediaType: kind,
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("web: %w", err)
		}
	}
	return files, nil
}

// staticFile serves an asset under the address that has its digest.
func (s *Server) staticFile(c *request) error {
	for _, a := range s.files {
		if a.path == c.Path() {
			c.Set(fiber.HeaderCacheControl, "public, max-age=31536000, immutable")
			c.Set(fiber.HeaderContentType, a.mediaType)
			return c.Send(a.data)
		}
	}
	return fault.NotFound
}

func cspHash(css string) string {
	sum := sha256.Sum256([]byte(css))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

var (
	cssComment = regexp.MustCompile(`(?s)/\*.*?\*/`)
	cssSpace   = regexp.MustCompile(`\s+`)
	cssTight   = regexp.MustCompile(` ?([{};,>]) ?`)
)

// squeezeCSS takes comments and needless space out of a style sheet, which every page carries.
func squeezeCSS(css string) string {
	css = cssComment.ReplaceAllString(css, "")
	css = cssSpace.ReplaceAllString(css, " ")
	css = cssTight.ReplaceAllString(css, "$1")
	css = strings.ReplaceAll(css, ": ", ":")
	return strings.TrimSpace(strings.ReplaceAll(css, ";}", "}"))
}
