package sample

import (
	"bytes"
	"context"
	_ "embed" // for the links
	"fmt"
	"image"
	"image/color"
	"image/png"
	"maps"
	"slices"

	"go.yaml.in/yaml/v3"

	"truynguon/internal/trace"
)

//go:embed links.yaml
var linksYAML []byte

// addLinks records what organisations show of their own: links out of the site, and logos for labels.
func addLinks(ctx context.Context, l *trace.Ledger) error {
	var file struct {
		Logos []string `yaml:"logos"`
		Links []struct {
			Organisation string            `yaml:"organisation"`
			LinkType     string            `yaml:"linkType"`
			Href         string            `yaml:"href"`
			Language     string            `yaml:"language"`
			TakenDown    string            `yaml:"takenDown"`
			Titles       map[string]string `yaml:"titles"`
		}
	}
	dec := yaml.NewDecoder(bytes.NewReader(linksYAML))
	dec.KnownFields(true)
	if err := dec.Decode(&file); err != nil {
		return fmt.Errorf("sample: links.yaml: %w", err)
	}
	for i, k := range file.Links {
		d := trace.LinkDraft{
			Token: fmt.Sprintf("sample-link-%d", i), Organisation: k.Organisation, LinkType: k.LinkType, Href: k.Href, Language: k.Language,
		}
		for _, lang := range slices.Backward(slices.Sorted(maps.Keys(k.Titles))) { // Vietnamese first
			d.Titles = append(d.Titles, trace.LinkTitle{Language: lang, Title: k.Titles[lang]})
		}
		s, err := l.AddLink(ctx, trace.System, d)
		if err == nil && k.TakenDown != "" {
			_, err = l.TakeDownLink(ctx, trace.System, s.Doc.ID, k.TakenDown)
		}
		if err != nil {
			return fmt.Errorf("sample: links.yaml: link %d: %w", i+1, err)
		}
	}
	for _, id := range file.Logos {
		doc, err := l.AddDocument(ctx, trace.System, id, "bieu-trung.png", trace.Public, bytes.NewReader(logo()))
		if err != nil {
			return fmt.Errorf("sample: logo of %s: %w", id, err)
		}
		o, err := l.Organisation(ctx, id)
		if err != nil {
			return err
		}
		d := o.Doc.Draft()
		d.Logo = doc.Doc.ID
		if _, err := l.UpdateOrganisation(ctx, trace.System, id, 0, d); err != nil {
			return fmt.Errorf("sample: logo of %s: %w", id, err)
		}
	}
	return nil
}

// logo draws what could be a cooperative's sign: two hills under a sun.
func logo() []byte {
	const w, h = 600, 400
	green := color.NRGBA{22, 82, 46, 255}
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			sun := (x-300)*(x-300)+(y-130)*(y-130) < 70*70
			hills := y > 120+abs(x-180)*4/5 && y < 360 || y > 180+abs(x-430)*4/5 && y < 360
			edge := abs(y-120-abs(x-180)*4/5) < 8
			if hills && !edge || sun && !(y > 110+abs(x-180)*4/5) {
				m.SetNRGBA(x, y, green)
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		panic("sample: a logo cannot be written: " + err.Error()) // it is of our own making
	}
	return b.Bytes()
}

func abs(n int) int { return max(n, -n) }
