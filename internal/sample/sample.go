// Package sample holds the sample district: an invented highland district with sixteen cooperatives
// (hợp tác xã, HTX) and five cooperative groups (tổ hợp tác, THT), what they grow, the lots of about
// two seasons, their certificates in every state, and one recall. It is what `truynguon serve -demo`
// shows, and what tests use when they need a district that looks like one.
//
// The data is district.yaml; pictures and papers are under files/. Everything in it is made up: see
// the head of district.yaml. This package only decodes. It knows nothing of the rules that the data
// must satisfy to be recorded, and a loader may well be refused for some of it: the district is
// deliberately imperfect.
//
// Field names are those of the API. A field that the API calls a date is a [Day] here, so that the
// district looks alive on whatever day it is loaded.
package sample

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"time"

	"go.yaml.in/yaml/v3"
)

//go:embed district.yaml
var districtYAML []byte

//go:embed files/*.jpg files/*.pdf
var files embed.FS

// Day is a calendar day in whole days relative to the day of loading: 0 is that day, -40 is forty
// days before it. What has already happened carries at most -1, so that adding a time of day never
// reaches into the future.
type Day int

// Date returns the day as midnight in the location of load, which is any moment of the day of loading.
func (d Day) Date(load time.Time) time.Time {
	y, m, day := load.Date()
	return time.Date(y, m, day+int(d), 0, 0, 0, 0, load.Location())
}

// Clock is a time of day in the user's time zone, written "08:30".
type Clock string

// On returns that time on day d, in the location of load. It fails if the clock is not HH:MM.
func (c Clock) On(d Day, load time.Time) (time.Time, error) {
	t, err := time.Parse("15:04", string(c))
	if err != nil {
		return time.Time{}, fmt.Errorf("sample: time of day %q: %w", string(c), err)
	}
	y, m, day := d.Date(load).Date()
	return time.Date(y, m, day, t.Hour(), t.Minute(), 0, 0, load.Location()), nil
}

// District is the whole sample, in the order in which it can be recorded: each list refers only to
// itself and to lists before it, except that a certificate names the lot a test report is about and
// a lot names the parties its goods came from or went to.
type District struct {
	Units         []Unit         `yaml:"units"`
	Organisations []Organisation `yaml:"organisations"`
	Places        []Place        `yaml:"places"`
	Products      []Product      `yaml:"products"`
	Parties       []Party        `yaml:"parties"`
	Lots          []Lot          `yaml:"lots"`
	Certificates  []Certificate  `yaml:"certificates"`
	Recalls       []Recall       `yaml:"recalls"`
	People        []Person       `yaml:"people"`
}

// Load decodes the embedded district. A field that the structs do not know is an error, so that a
// misspelt one is noticed; an error here is a fault of the program, not of its user.
func Load() (*District, error) {
	dec := yaml.NewDecoder(bytes.NewReader(districtYAML))
	dec.KnownFields(true)
	var d District
	if err := dec.Decode(&d); err != nil {
		return nil, fmt.Errorf("sample: district.yaml: %w", err)
	}
	return &d, nil
}

// File returns the bytes of a picture or paper by the name that a Product or Certificate gives it,
// such as "gao-do.jpg". The error of an unknown name satisfies errors.Is(err, fs.ErrNotExist).
func File(name string) ([]byte, error) {
	return fs.ReadFile(files, "files/"+name)
}

// Unit is an administrative unit. Provinces and communes are the two levels since 1 July 2025; the
// district is kept because addresses and certificates from before that day name it.
type Unit struct {
	Code       string   `yaml:"code"`       // invented: 99, 990 and 99001 to 99006 are not assigned
	Level      string   `yaml:"level"`      // tinh, huyen (legacy) or xa
	Name       string   `yaml:"name"`       // with its kind, "Xã Măng Sơ Lang"
	Parent     string   `yaml:"parent"`     // code of the unit above; empty for the province
	ValidFrom  string   `yaml:"validFrom"`  // an absolute date, YYYY-MM-DD, first day
	ValidTo    string   `yaml:"validTo"`    // first day on which it no longer exists; empty if it does
	Successors []string `yaml:"successors"` // codes of the units that took its place
}

// Organisation is a cooperative or a cooperative group.
type Organisation struct {
	ID               string `yaml:"id"`               // slug, htx-… or tht-…
	LegalType        string `yaml:"legalType"`        // HTX or THT
	Name             string `yaml:"name"`             // as registered
	TaxCode          string `yaml:"taxCode"`          // ten digits with a right check digit; most groups have none
	Address          string `yaml:"address"`          // as printed; a few still name the district
	AdminUnit        string `yaml:"adminUnit"`        // code of the commune
	Representative   string `yaml:"representative"`   // with the form of address, "Bà …"
	Phone            string `yaml:"phone"`            // in an area code that does not exist
	GS1CompanyPrefix string `yaml:"gs1CompanyPrefix"` // in the demonstration range 952; empty for most
	Status           string `yaml:"status"`           // active or inactive
}

// Place is a plot, packhouse, processing site, warehouse or shop of an organisation.
type Place struct {
	ID              string    `yaml:"id"`
	Organisation    string    `yaml:"organisation"`
	Type            string    `yaml:"type"` // plot, packhouse, processing, warehouse or shop
	Name            string    `yaml:"name"`
	Address         string    `yaml:"address"`
	AdminUnit       string    `yaml:"adminUnit"`
	GLN             string    `yaml:"gln"`             // AI 414, thirteen digits; only where the organisation has a prefix
	GLNExtension    string    `yaml:"glnExtension"`    // AI 254; the plots of one organisation share a GLN
	GrowingAreaCode string    `yaml:"growingAreaCode"` // mã số vùng trồng, or an export orchard or packhouse code
	AreaHa          float64   `yaml:"areaHa"`          // hectares; 0 where it means nothing
	Geometry        *Geometry `yaml:"geometry"`
}

// Geometry is a GeoJSON (RFC 7946) geometry in WGS 84, longitude first, six decimals. Coordinates
// holds nested lists of numbers, [lon, lat] for a Point and closed rings of them for a Polygon; it
// marshals to JSON as it stands.
type Geometry struct {
	Type        string `yaml:"type" json:"type"` // Point or Polygon
	Coordinates any    `yaml:"coordinates" json:"coordinates"`
}

// Product is what an organisation sells.
type Product struct {
	ID               string   `yaml:"id"`
	Organisation     string   `yaml:"organisation"`
	Name             string   `yaml:"name"`
	Brand            string   `yaml:"brand"`
	GTIN             string   `yaml:"gtin"` // AI 01, fourteen digits: a zero and a GTIN-13 under the organisation's prefix
	Description      string   `yaml:"description"`
	Category         string   `yaml:"category"`         // in words, as a cooperative would say it
	UOM              string   `yaml:"uom"`              // UN/CEFACT Recommendation 20: KGM kilogram, H87 piece
	NetContent       string   `yaml:"netContent"`       // as printed, "500 g"; empty for goods sold by weight
	CountryOfOrigin  string   `yaml:"countryOfOrigin"`  // VN
	AppliedStandards []string `yaml:"appliedStandards"` // TCVN or the producer's own (TCCS)
	ShelfLifeDays    int      `yaml:"shelfLifeDays"`
	Image            string   `yaml:"image"` // name for File; empty where no photo was given
}

// Party is somebody outside, or another organisation of the district, that goods went to.
type Party struct {
	ID      string `yaml:"id"`
	Name    string `yaml:"name"`
	Address string `yaml:"address"`
	Code    string `yaml:"code"` // the producer's customer number, or an Organisation's ID
}

// Quantity is an amount with its unit of measure (UN/CEFACT Recommendation 20).
type Quantity struct {
	Value float64 `yaml:"value"`
	UOM   string  `yaml:"uom"`
}

// Lot is a batch of a product.
type Lot struct {
	ID      string `yaml:"id"`
	Product string `yaml:"product"`
	Lot     string `yaml:"lot"` // the lot number printed (AI 10): capitals, digits and hyphens, at most 20; unique in its product
	// Places are the plots it grew on, if it came straight from there, and then the site that packed it.
	Places         []string `yaml:"places"`
	HarvestDate    *Day     `yaml:"harvestDate"`
	ProductionDate *Day     `yaml:"productionDate"`
	PackagingDate  *Day     `yaml:"packagingDate"`
	BestBeforeDate *Day     `yaml:"bestBeforeDate"`
	ExpirationDate *Day     `yaml:"expirationDate"`
	Quantity       Quantity `yaml:"quantity"`
	State          string   `yaml:"state"` // where its History leads to: draft, released, held, voided or recalled
	Demo           string   `yaml:"demo"`  // "page" and "recalled" mark the lots that serve -demo announces
	Note           string   `yaml:"note"`
	Inputs         []Input  `yaml:"inputs"`
	Steps          []Step   `yaml:"steps"`   // in the order of time
	History        []Change `yaml:"history"` // in the order of time; the recall itself is in District.Recalls
}

// Input is what a lot was made from: so much of another lot, sometimes of another organisation.
type Input struct {
	Lot      string   `yaml:"lot"`
	Quantity Quantity `yaml:"quantity"` // in the unit of the other lot
}

// Step is something that happened to a lot: harvesting, receiving, sorting, processing, drying,
// packing, inspecting, storing or shipping.
type Step struct {
	Step  string `yaml:"step"`
	Day   Day    `yaml:"dayOffset"`
	Time  Clock  `yaml:"time"`
	Place string `yaml:"place"`
	Note  string `yaml:"note"`
	Party string `yaml:"party"` // ID of the Party it came from (receiving) or went to (shipping); may be empty
}

// Change is a person's decision about a lot.
type Change struct {
	Action string `yaml:"action"` // release, hold or void
	Day    Day    `yaml:"dayOffset"`
	Time   Clock  `yaml:"time"`
	By     string `yaml:"by"` // role within the organisation: manager or staff
	Reason string `yaml:"reason"`
}

// Certificate is a paper that an organisation holds or claims, a declaration of its own, a test
// report, or the ground on which it needs none.
type Certificate struct {
	ID             string    `yaml:"id"`
	Organisation   string    `yaml:"organisation"`
	Scheme         string    `yaml:"scheme"`  // attp, commitment, vietgap, ocop, organic, globalgap, haccp, iso22000, self_declaration, test_report, growing_area, prefix_licence, gi, registration or exemption
	Edition        string    `yaml:"edition"` // of the standard, or the grade
	Number         string    `yaml:"number"`  // commitments and exemptions have none
	Agency         string    `yaml:"agency"`  // the issuer under the name it had then
	StartDate      Day       `yaml:"startDate"`
	EndDate        *Day      `yaml:"endDate"` // last day of validity; nil if it does not lapse
	ExemptionBasis string    `yaml:"exemptionBasis"`
	Note           string    `yaml:"note"`
	Subjects       []Subject `yaml:"subjects"`  // empty: the organisation as a whole
	Documents      []string  `yaml:"documents"` // names for File; empty where no paper was handed in
	History        []Event   `yaml:"history"`   // in the order of time; empty for a draft
}

// Subject is one line of a certificate's scope. All that is filled in must match at once.
type Subject struct {
	Product string    `yaml:"product"`
	Place   string    `yaml:"place"`
	Lot     string    `yaml:"lot"`    // a test report is about one lot
	Area    float64   `yaml:"area"`   // hectares; 0 if not stated
	Season  string    `yaml:"season"` // in words
	Yield   *Quantity `yaml:"yield"`  // expected in a season, or in a year where the season is "Cả năm"
}

// Event is something that was done about a certificate. An organisation's manager submits; the
// official does everything else.
type Event struct {
	Action    string `yaml:"action"` // submit, verify, reject, suspend, reinstate, revoke or supersede
	Day       Day    `yaml:"dayOffset"`
	Method    string `yaml:"method"`   // original_seen, registry_consulted, issuer_confirmed or self_declared
	Decision  string `yaml:"decision"` // number of the issuer's decision, if there is one
	Reason    string `yaml:"reason"`
	Successor string `yaml:"successor"` // ID of the Certificate that supersedes this one
}

// Recall takes lots back from the market.
type Recall struct {
	ID           string   `yaml:"id"`
	Organisation string   `yaml:"organisation"`
	Kind         string   `yaml:"kind"` // voluntary or mandatory
	Reason       string   `yaml:"reason"`
	Lots         []string `yaml:"lots"`
	OpenedAt     Moment   `yaml:"openedAt"`
	By           string   `yaml:"by"` // role within the organisation
}

// Moment is a time of day on a relative day.
type Moment struct {
	Day  Day   `yaml:"dayOffset"`
	Time Clock `yaml:"time"`
}

// Person is a log-in of the sample. There is no password here: the loader makes one.
type Person struct {
	Email        string `yaml:"email"` // under the reserved domain mau.example (RFC 2606)
	Name         string `yaml:"name"`
	Role         string `yaml:"role"`         // official, manager, staff or buyer
	Organisation string `yaml:"organisation"` // of managers and staff
	Unit         string `yaml:"unit"`         // of officials: code of the unit
	Demo         string `yaml:"demo"`         // "staff", "official" and "buyer" mark the log-ins that serve -demo announces
}
