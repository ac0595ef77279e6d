package label

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// encodeSVG writes the label as a drawing in millimetres. Text stays text, so that it can be found
// and copied; since the viewer's own font is used, each line says how wide it was measured and is
// stretched or squeezed to that.
func encodeSVG(w io.Writer, l Label) error {
	l, err := l.complete()
	if err != nil {
		return err
	}
	d, err := l.layout(0)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	width, height := millimetres(d.Width), millimetres(d.Height)
	title := l.Content
	if texts := l.texts(); len(texts) > 0 {
		title = strings.Join(texts, ", ")
	}
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%smm" height="%smm" viewBox="0 0 %s %s" role="img">`+"\n",
		width, height, width, height)
	fmt.Fprintf(&b, "<title>%s</title>\n<desc>%s</desc>\n", escape(title), escape(l.Content))
	fmt.Fprintf(&b, `<path fill="#fff" d="M0 0h%sv%sH0z"/>`+"\n", width, height)
	fmt.Fprintf(&b, `<path transform="translate(%s %s) scale(%s)" fill="#000" fill-rule="evenodd" shape-rendering="crispEdges" d="%s"/>`+"\n",
		millimetres(d.CodeX), millimetres(d.CodeY), millimetres(d.Module), outline(d.Code))
	if d.Logo != nil {
		fmt.Fprintf(&b, `<image x="%s" y="%s" width="%s" height="%s" href="data:image/png;base64,%s"/>`+"\n",
			millimetres(d.LogoX), millimetres(d.LogoY), millimetres(d.LogoWidth), millimetres(d.LogoHeight),
			base64.StdEncoding.EncodeToString(d.Logo.png))
	}
	if len(d.Lines) > 0 {
		b.WriteString(`<g fill="#000" font-family="'Noto Sans','Segoe UI',Roboto,Arial,sans-serif">` + "\n")
		for _, line := range d.Lines {
			fmt.Fprintf(&b, `<text x="%s" y="%s" font-size="%s" textLength="%s" lengthAdjust="spacingAndGlyphs">%s</text>`+"\n",
				millimetres(line.X), millimetres(line.Baseline), millimetres(line.Size), millimetres(line.Width), escape(line.Text))
		}
		b.WriteString("</g>\n")
	}
	b.WriteString("</svg>\n")
	_, err = w.Write(b.Bytes())
	return err
}

// millimetres writes a size to the ten-thousandth, which keeps a hundred modules within a
// hundredth of their place.
func millimetres(v float64) string {
	return strconv.FormatFloat(math.Round(v*1e4)/1e4, 'f', -1, 64)
}

func escape(s string) string {
	var b strings.Builder
	// A strings.Builder does not fail.
	_ = xml.EscapeText(&b, []byte(s))
	return b.String()
}
