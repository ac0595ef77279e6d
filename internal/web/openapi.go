package web

import (
	"bytes"
	_ "embed"
	"strconv"
	"strings"
)

// openAPIDocument describes the API as OpenAPI 3.1 has it. It is generated from the list of operations, the
// Go types and their doc comments by "go test -update", and the tests fail when it is not what they would
// generate.
//
//go:embed openapi.json
var openAPIDocument []byte

// versionMark stands in the document where the program's version goes.
const versionMark = "PROGRAM-VERSION"

func (s *Server) openAPI(c *request) error {
	c.Set("Content-Type", typeJSON)
	version := strings.Trim(strconv.Quote(s.Version), `"`)
	return c.Send(bytes.Replace(openAPIDocument, []byte(versionMark), []byte(version), 1))
}
