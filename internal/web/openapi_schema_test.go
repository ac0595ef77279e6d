package web

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"truynguon/internal/trace"
)

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }

// schemas makes JSON Schemas of Go types. A description is the doc comment of the field; of a draft's
// field, if it has none, that of the record's field with the same name.
type schemas struct {
	t          *testing.T
	comments   map[string]string // by "package.Type" and "package.Type.Field"
	components map[string]any
	types      map[string]reflect.Type
}

// records are what becomes of drafts.
var records = map[reflect.Type]reflect.Type{
	typeOf[trace.RecallCaseDraft]():     typeOf[trace.RecallCase](),
	typeOf[trace.HoldDraft]():           typeOf[trace.HoldSet](),
	typeOf[trace.ScopeEdit]():           typeOf[trace.ScopeEdit](),
	typeOf[trace.Submission]():          typeOf[trace.Submission](),
	typeOf[trace.Review]():              typeOf[trace.Review](),
	typeOf[trace.RecallEntryDraft]():    typeOf[trace.RecallEntry](),
	typeOf[trace.RecallClosing]():       typeOf[trace.RecallClosing](),
	typeOf[trace.OrganisationDraft]():   typeOf[trace.Organisation](),
	typeOf[trace.PlaceDraft]():          typeOf[trace.Place](),
	typeOf[trace.ProductDraft]():        typeOf[trace.Product](),
	typeOf[trace.BatchDraft]():          typeOf[trace.Batch](),
	typeOf[trace.QuantityDraft]():       typeOf[trace.Quantity](),
	typeOf[trace.EventDraft]():          typeOf[trace.Event](),
	typeOf[trace.CertificateDraft]():    typeOf[trace.Certificate](),
	typeOf[trace.SubjectDraft]():        typeOf[trace.Subject](),
	typeOf[trace.DecisionDraft]():       typeOf[trace.Verification](),
	typeOf[trace.TestDraft]():           typeOf[trace.TestReport](),
	typeOf[trace.RecallDraft]():         typeOf[trace.Recall](),
	typeOf[codeGrant]():                 typeOf[codeGrant](),
	typeOf[trace.CodeDecisionDraft]():   typeOf[trace.CodeDecision](),
	typeOf[trace.RollDraft]():           typeOf[trace.Roll](),
	typeOf[trace.RollRange]():           typeOf[trace.RollRange](),
	typeOf[trace.RollClaimDraft]():      typeOf[trace.RollClaimDraft](),
	typeOf[rollCodesDraft]():            typeOf[rollCodesDraft](),
	typeOf[trace.LinkDraft]():           typeOf[trace.Link](),
	typeOf[reasonDraft]():               typeOf[reasonDraft](),
	typeOf[documentForm]():              typeOf[documentForm](),
	typeOf[trace.TransformationDraft](): typeOf[trace.Transformation](),
	typeOf[trace.OutputDraft]():         typeOf[trace.Batch](),
	typeOf[trace.LotAmountDraft]():      typeOf[trace.LotAmount](),
	typeOf[trace.ShipmentDraft]():       typeOf[trace.Shipment](),
	typeOf[trace.ShippedLotDraft]():     typeOf[trace.ShippedLot](),
	typeOf[trace.ReceiptDraft]():        typeOf[trace.Receipt](),
	typeOf[trace.UnitDraft]():           typeOf[trace.LogisticUnit](),
	typeOf[trace.Party]():               typeOf[trace.Party](),
	typeOf[trace.CycleDraft]():          typeOf[trace.CropCycle](),
	typeOf[trace.InputDraft]():          typeOf[trace.InputLot](),
	typeOf[trace.DiaryDraft]():          typeOf[trace.DiaryEntry](),
	typeOf[substancesDraft]():           typeOf[trace.SubstanceList](),
}

// choices are the values of types that have few.
var choices = map[reflect.Type][]string{
	typeOf[trace.LegalType]():          spelled(trace.LegalTypes),
	typeOf[trace.OrganisationStatus](): spelled(trace.OrganisationStatuses),
	typeOf[trace.PlaceType]():          spelled(trace.PlaceTypes),
	typeOf[trace.Visibility]():         spelled(trace.Visibilities),
	typeOf[trace.FollowTarget]():       spelled(trace.FollowTargets),
	typeOf[trace.Channel]():            spelled(trace.Channels),
	typeOf[trace.Direction]():          spelled(trace.Directions),
	typeOf[trace.State]():              spelled(trace.States),
	typeOf[trace.GateResult]():         spelled(trace.GateResults),
	typeOf[trace.GateCheck]():          spelled(trace.GateChecks),
	typeOf[trace.SubstanceStatus]():    spelled(trace.SubstanceStatuses),
	typeOf[trace.RollState]():          spelled(trace.RollStates),
	typeOf[trace.Method]():             spelled(trace.Methods),
	typeOf[trace.RecallKind]():         spelled(trace.RecallKinds),
	typeOf[trace.RecallStage]():        spelled(trace.RecallStages),
	typeOf[trace.RecallTrigger]():      spelled(trace.RecallTriggers),
	typeOf[trace.SeedKind]():           spelled(trace.SeedKinds),
	typeOf[trace.ScopeRule]():          spelled(trace.ScopeRules),
	typeOf[trace.DeadlineState]():      spelled(trace.DeadlineStates),
	typeOf[trace.LinkState]():          spelled([]trace.LinkState{trace.LinkShown, trace.LinkWithdrawn, trace.LinkTakenDown}),
	typeOf[trace.GrowingStatus]():      spelled(append(slices.Clone(trace.CodeDecisions), trace.CodeExpired, trace.CodeNotYet, trace.CodeUnknown)),
	typeOf[trace.CertificateStatus](): spelled([]trace.CertificateStatus{
		trace.CertDraft, trace.CertSubmitted, trace.CertVerified, trace.CertRejected, trace.CertSuspended, trace.CertRevoked, trace.CertSuperseded,
	}),
	typeOf[trace.Light](): spelled([]trace.Light{
		trace.LightReached, trace.LightOnTrack, trace.LightBehind, trace.LightFar, trace.LightMissed, trace.LightUnknown, trace.LightNoGoal,
	}),
	typeOf[trace.RecallMeasure](): spelled(trace.RecallMeasures),
	typeOf[trace.Standing](): spelled([]trace.Standing{
		trace.InForce, trace.NotVerified, trace.NotYetInForce, trace.Expired, trace.Suspended, trace.Revoked, trace.Superseded, trace.Rejected, trace.Unknown,
	}),
	typeOf[trace.AnswerKind](): spelled([]trace.AnswerKind{
		trace.AnswerCertificate, trace.AnswerLot, trace.AnswerProduct, trace.AnswerDocument, trace.AnswerUnknown, trace.AnswerEmpty,
	}),
	typeOf[trace.DocumentMatch](): spelled([]trace.DocumentMatch{trace.MatchRegistered, trace.MatchUnverified, trace.MatchOlder}),
	typeOf[trace.CheckID]():       spelled(trace.CheckIDs),
	typeOf[trace.Result]():        spelled([]trace.Result{trace.Passed, trace.Failed, trace.NotKnown}),
	typeOf[trace.Verdict](): spelled([]trace.Verdict{
		trace.InOrder, trace.Incomplete, trace.PastDate, trace.OnHold, trace.CalledBack, trace.Withdrawn, trace.NotReleased,
	}),
	typeOf[trace.AnalyteVerdict](): spelled(trace.AnalyteVerdicts),
	typeOf[trace.Activity]():       spelled(trace.Activities),
	typeOf[trace.Evidence]():       spelled([]trace.Evidence{trace.Declared, trace.DocumentSeen, trace.Confirmed}),
	typeOf[trace.Role]():           spelled([]trace.Role{trace.Admin, trace.Official, trace.Manager, trace.Staff, trace.Buyer}),
}

// commonWords describe members that mean the same everywhere and need no comment in the code.
var commonWords = map[string]string{
	"id":           "The record's identifier.",
	"organisation": "The id of the organisation whose record it is. In a draft the caller's own if left out.",
	"name":         "What people call it.",
	"address":      "The address as people write it, without the administrative unit.",
	"adminUnit":    "The code of the commune it lies in.",
	"brand":        "The brand on the package.",
	"description":  "What it is, in a few sentences.",
	"category":     "The sort of product.",
	"product":      "The id of the product.",
	"places":       "The ids of the places.",
	"place":        "The id of the place.",
	"batches":      "The codes of the lots.",
	"documents":    "The ids of documents that belong to it.",
	"harvestDate":  "The day of harvest (GS1 7007).", "productionDate": "The day of production (GS1 11).", "packagingDate": "The day of packing (GS1 13).",
	"bestBeforeDate": "The best-before date (GS1 15).", "expirationDate": "The last day of use (GS1 17).",
	"quantity": "How much it is.", "value": "The number of units, with at most three decimals.", "uom": "The unit of measure, a UN/CEFACT Recommendation 20 code such as KGM.",
	"state": "How far the lot has come.", "status": "The record's status.", "size": "The size in bytes.",
	"legalType": "The legal form: HTX cooperative, THT cooperative group, LHHTX union of cooperatives, DN enterprise, HKD household business.",
	"type":      "What it is used for.", "mediaType": "The media type, as found in the file.", "visibility": "Who may open it.",
	"width": "The width in pixels.", "height": "The height in pixels.", "sha256": "The SHA-256 digest of the bytes, in lower-case hexadecimal.",
	"area": "The area in hectares.", "season": "The season.", "yield": "The expected yield.", "startDate": "The first day on which it is in force.", "endDate": "The last day on which it is in force; none if it has no end.",
	"number": "The number as the issuer wrote it.", "agency": "The issuer, by the name it had.", "scheme": "The kind of certificate.", "edition": "The edition of the standard.",
	"subjects": "What it covers; without one it covers all that the organisation makes.", "note": "What else there is to say.", "reason": "Why.",
	"decision": "The number of the written decision.", "kind": "Who calls back: the producer (voluntary) or the authority (mandatory).", "advice": "What whoever has the product should do.",
	"openedAt": "When it was opened.", "closedAt": "When it was closed.", "at": "When.", "time": "The time of day in Vietnam, such as 08:30; left out if only the day is known.",
	"phone": "The telephone number. Personal data: told to those who see the organisation's records.", "glnExtension": "The extension of the GLN (GS1 254).",
	"source": "The register's address, the letter, or what else was consulted.", "unitPath": "The administrative unit and those above it, the unit itself first.",
	"facts": "The facts as they were.", "pointer": "The JSON pointer of the member at fault (RFC 6901).", "code": "A stable word for the fault.",
	"detail": "What is wrong, in words.", "title": "What happened, in a few words.", "errors": "Every fault of a field.", "requestId": "Names the request in the server's log.",
	"analytes": "What was looked for, and what was found.", "unit": "The unit of the result.",
	"step": "What was done, such as packing.", "originalSha256": "The SHA-256 digest of the bytes as they were received.",
	"representative": "Who speaks for the organisation. Personal data: told to those who see its records.",
}

func newSchemas(t *testing.T) *schemas {
	g := &schemas{t: t, comments: map[string]string{}, components: map[string]any{}, types: map[string]reflect.Type{}}
	for _, dir := range []string{".", "../trace"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			g.readComments(file)
		}
	}
	return g
}

// readComments notes the doc comments of types and fields. A comment that names the field after it speaks
// for both.
func (g *schemas) readComments(file *ast.File) {
	for _, decl := range file.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok || gen.Tok != token.TYPE {
			continue
		}
		for _, spec := range gen.Specs {
			ts, ok := spec.(*ast.TypeSpec)
			if !ok {
				continue
			}
			key := file.Name.Name + "." + ts.Name.Name
			doc := ts.Doc
			if doc == nil {
				doc = gen.Doc
			}
			g.comments[key] = sentence(doc.Text())
			st, ok := ts.Type.(*ast.StructType)
			if !ok {
				continue
			}
			last := ""
			for _, f := range st.Fields.List {
				text := sentence(f.Doc.Text())
				if text == "" {
					text = sentence(f.Comment.Text())
				}
				for _, n := range f.Names {
					if text == "" && slices.Contains(strings.FieldsFunc(last, func(r rune) bool { return r == ' ' || r == ',' }), n.Name) {
						text = last
					}
					g.comments[key+"."+n.Name] = text
				}
				if text != "" {
					last = text
				}
			}
		}
	}
}

func sentence(doc string) string { return strings.Join(strings.Fields(doc), " ") }

func key(t reflect.Type) string {
	name, _, _ := strings.Cut(t.Name(), "[")
	return strings.TrimPrefix(t.PkgPath(), "truynguon/internal/") + "." + name
}

// name is the component's name of a type.
func (g *schemas) name(t reflect.Type) string {
	n := t.Name()
	if inner, ok := strings.CutPrefix(n, "listPage["); ok {
		n = strings.TrimSuffix(inner[strings.LastIndex(inner, ".")+1:], "]") + "List"
	}
	n = strings.Replace(n, "View", "", 1)
	n = strings.ToUpper(n[:1]) + n[1:]
	if other, ok := g.types[n]; ok && other != t {
		g.t.Fatalf("%v and %v would both be %s", other, t, n)
	}
	g.types[n] = t
	return n
}

// ref is a reference to a struct's schema, which is made if it is not there yet.
func (g *schemas) ref(t reflect.Type) map[string]any {
	n := g.name(t)
	if _, ok := g.components[n]; !ok {
		g.components[n] = nil // it may refer to itself
		g.components[n] = g.object(t)
	}
	return map[string]any{"$ref": "#/components/schemas/" + n}
}

// change is a reference to the schema of a draft that changes a record: the members that are not the
// caller's to change may be named, too, as they are.
func (g *schemas) change(t reflect.Type) map[string]any {
	n := strings.Replace(g.name(t), "Draft", "Change", 1)
	o := g.object(t)
	delete(o, "additionalProperties")
	o["description"] = "What is sent to change a record. The other members of the record may be there, but only as they are."
	g.components[n] = o
	return map[string]any{"$ref": "#/components/schemas/" + n}
}

// field is a member of a struct in JSON.
type field struct {
	reflect.StructField
	owner reflect.Type
	name  string
	omit  bool
}

// fields are a struct's members as encoding/json sees them: an embedded struct's unless a shallower one
// has the name.
func fields(t reflect.Type) (out []field) {
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous && f.Tag.Get("json") == "" {
			for _, inner := range fields(f.Type) {
				if !slices.ContainsFunc(out, func(o field) bool { return o.name == inner.name }) {
					out = append(out, inner)
				}
			}
			continue
		}
		name := jsonName(f)
		if name == "" {
			continue
		}
		out = slices.DeleteFunc(out, func(o field) bool { return o.name == name })
		tag := f.Tag.Get("json")
		out = append(out, field{f, t, name, strings.Contains(tag, ",omitempty") || strings.Contains(tag, ",omitzero")})
	}
	return out
}

func (g *schemas) object(t reflect.Type) map[string]any {
	record, draft := records[t]
	properties := map[string]any{}
	var required []string
	for _, f := range fields(t) {
		s := g.schema(f.Type)
		about := g.comments[key(f.owner)+"."+f.Name]
		if draft {
			for _, rf := range fields(record) {
				if rf.name != f.name {
					continue
				}
				if about == "" {
					about = g.comments[key(rf.owner)+"."+rf.Name]
				}
				if s["type"] == "string" && rf.Type != typeOf[time.Time]() { // a time may be sent as a day
					s = g.schema(rf.Type)
				}
			}
			s = nullable(s)
		} else if !f.omit {
			required = append(required, f.name)
		}
		if about == "" {
			about = commonWords[f.name]
		}
		if about == "" {
			g.t.Errorf("%s.%s (%s): no doc comment", key(f.owner), f.Name, f.name)
		}
		s["description"] = about
		properties[f.name] = s
	}
	out := map[string]any{"type": "object", "properties": properties}
	if len(required) > 0 {
		slices.Sort(required)
		out["required"] = required
	}
	if draft {
		out["additionalProperties"] = false
	}
	if about := g.comments[key(t)]; about != "" {
		out["description"] = about
	}
	return out
}

// nullable lets a draft's member be null, which means empty.
func nullable(s map[string]any) map[string]any {
	switch kind := s["type"].(type) {
	case string:
		s["type"] = []string{kind, "null"}
	case []string:
		s["type"] = append(slices.Clone(kind), "null")
	default:
		return map[string]any{"anyOf": []any{s, map[string]any{"type": "null"}}}
	}
	if values, ok := s["enum"].([]string); ok {
		all := []any{nil}
		for _, v := range values {
			all = append(all, v)
		}
		s["enum"] = all
	}
	return s
}

func (g *schemas) schema(t reflect.Type) map[string]any {
	switch t {
	case typeOf[time.Time]():
		return map[string]any{"type": "string", "format": "date-time"}
	case typeOf[trace.Date]():
		return map[string]any{"type": "string", "format": "date"}
	case typeOf[trace.Amount]():
		return map[string]any{"type": "number"}
	case typeOf[trace.Decimal]():
		return map[string]any{"type": []string{"number", "string"}}
	case typeOf[json.RawMessage]():
		return map[string]any{"type": "object"}
	case typeOf[[]byte]():
		return map[string]any{"type": "string", "format": "binary"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return g.schema(t.Elem())
	case reflect.String:
		if values, ok := choices[t]; ok {
			return map[string]any{"type": "string", "enum": values}
		}
		if t != typeOf[string]() {
			g.t.Errorf("%v has no entry among the choices", t)
		}
		return map[string]any{"type": "string"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return map[string]any{"type": "integer"}
	case reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": g.schema(t.Elem())}
	case reflect.Map:
		if t.Elem().Kind() == reflect.Int { // counts by a code
			return map[string]any{"type": "object", "additionalProperties": map[string]any{"type": "integer"}}
		}
		// label formats
		properties := map[string]any{}
		for _, f := range labelFormats {
			properties[f.Ext] = map[string]any{"type": "string", "description": "The label as " + f.MediaType + "."}
		}
		return map[string]any{"type": "object", "properties": properties}
	case reflect.Struct:
		return g.ref(t)
	}
	g.t.Fatalf("no schema for %v", t)
	return nil
}
