package web

import (
	"fmt"
	"math"
	"net/url"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"truynguon/internal/geo"
	"truynguon/internal/trace"
)

// PlotMap is a map of plots as a picture: drawn here, with no script and nothing from another server.
type PlotMap struct {
	// Width and Height are those of the drawing.
	Width, Height int
	// Alt says in words what is drawn.
	Alt    string
	Shapes []MapShape
	// ScaleX is the length of the scale's bar in the drawing, and Scale what it stands for.
	ScaleX float64
	Scale  string
}

// MapShape is a plot on a map.
type MapShape struct {
	// Path is the outline; empty for a point, which is at X and Y.
	Path string
	X, Y float64
	// Class is "own", "near" or "clash", and Label is written at X and Y.
	Class, Label, Href string
}

// mapped is a place to be drawn.
type mapped struct {
	place              *trace.Place
	class, label, href string
}

const (
	mapWidth  = 420
	mapHeight = 320
	mapMargin = 28
)

// drawMap draws places that have a position; nil if none has. Only what lies near those of class focus is
// drawn if focus is not empty.
func drawMap(list []mapped, focus, alt string) *PlotMap {
	bounds := geo.Nowhere
	shapes := make([]geo.Geometry, len(list))
	for i, m := range list {
		shapes[i] = m.place.Shape()
		if focus == "" || m.class == focus {
			bounds = bounds.Add(&shapes[i])
		}
	}
	if bounds.West > bounds.East {
		return nil
	}
	// At least 120 m across, so that a point is not drawn as large as the world.
	lat := (bounds.South + bounds.North) / 2
	cos := math.Cos(lat * math.Pi / 180)
	const perDegree = 110_600.0 // metres, near enough to lay out a drawing
	span := func(low, high *float64, least float64) {
		if d := least - (*high - *low); d > 0 {
			*low, *high = *low-d/2, *high+d/2
		}
	}
	span(&bounds.South, &bounds.North, 120/perDegree)
	span(&bounds.West, &bounds.East, 120/perDegree/cos)
	if focus != "" { // with something of the neighbours
		w, h := (bounds.East-bounds.West)*0.35, (bounds.North-bounds.South)*0.35
		bounds = geo.Bounds{West: bounds.West - w, East: bounds.East + w, South: bounds.South - h, North: bounds.North + h}
	}
	per := math.Min((mapWidth-2*mapMargin)/((bounds.East-bounds.West)*cos), (mapHeight-2*mapMargin)/(bounds.North-bounds.South))
	x := func(lon float64) float64 {
		return math.Round((mapWidth/2+(lon-(bounds.West+bounds.East)/2)*cos*per)*10) / 10
	}
	y := func(at float64) float64 {
		return math.Round((mapHeight/2-(at-(bounds.South+bounds.North)/2)*per)*10) / 10
	}
	out := &PlotMap{Width: mapWidth, Height: mapHeight, Alt: alt}
	for i, m := range list {
		g := &shapes[i]
		if g.Empty() || focus != "" && !bounds.Meets(g.Bounds()) {
			continue
		}
		at := g.Centre()
		s := MapShape{Class: m.class, Label: m.label, Href: m.href, X: x(at.Lon), Y: y(at.Lat)}
		var b strings.Builder
		for _, p := range g.Polygons {
			for _, r := range p {
				for j, c := range r.Corners() {
					letter := "L"
					if j == 0 {
						letter = "M"
					}
					fmt.Fprintf(&b, "%s%g %g", letter, x(c.Lon), y(c.Lat))
				}
				b.WriteByte('Z')
			}
		}
		s.Path = b.String()
		out.Shapes = append(out.Shapes, s)
	}
	metres := perDegree / per // of one unit of the drawing
	length := math.Pow(10, math.Floor(math.Log10(metres*mapWidth*0.3)))
	for _, f := range []float64{5, 2} {
		if length*f <= metres*mapWidth*0.3 {
			length *= f
			break
		}
	}
	out.ScaleX = math.Round(length / metres)
	out.Scale = strconv.FormatFloat(length, 'f', -1, 64) + " m"
	if length >= 1000 {
		out.Scale = strconv.FormatFloat(length/1000, 'f', -1, 64) + " km"
	}
	return out
}

// ScaleEnd is where the scale's bar ends in the drawing.
func (m *PlotMap) ScaleEnd() float64 { return 16 + m.ScaleX }

// ScaleY is how far down the bar is.
func (m *PlotMap) ScaleY() int { return m.Height - 16 }

// DrawMap is what the script needs to draw a boundary.
type DrawMap struct {
	// Near is a position to begin at, "latitude,longitude", if one is known.
	Near string
	// Tiles is the pattern of a tile server's addresses with {z}, {x} and {y}; empty for none.
	Tiles, Attribution string
	// Tolerance is from how many percent on a difference of areas is pointed out.
	Tolerance string
	// Accuracy is how many metres off a position of the phone may be to count.
	Accuracy int
}

// walkAccuracy is how many metres off a position may be to count while somebody walks a boundary.
const walkAccuracy = 15

// allowTiles lets a page load pictures from the host of a tile server, and from no other.
func allowTiles(c *request, pattern string) {
	u, err := url.Parse(pattern)
	if pattern == "" || err != nil || u.Scheme != "https" || u.Host == "" {
		return
	}
	policy := string(c.Response().Header.Peek(fiber.HeaderContentSecurityPolicy))
	c.Set(fiber.HeaderContentSecurityPolicy, strings.Replace(policy, "img-src 'self'", "img-src 'self' https://"+u.Host, 1))
}
