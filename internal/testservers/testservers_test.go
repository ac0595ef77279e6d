package testservers

import (
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// Each server is what it should be. The tests speak to them without client libraries, each of which
// has one package that may import it; the adapters' own suites do the rest.

func TestMongo(t *testing.T) {
	address := Mongo(t)
	if again := Mongo(t); again != address {
		t.Errorf("the second call returned %s, the first %s", again, address)
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}

	// OP_MSG with the document {hello: 1, $db: "admin"}.
	const opMsg = 2013
	doc := slices.Concat([]byte("\x10hello\x00\x01\x00\x00\x00"), []byte("\x02$db\x00\x06\x00\x00\x00admin\x00"), []byte{0})
	doc = append(binary.LittleEndian.AppendUint32(nil, uint32(4+len(doc))), doc...)
	var ask []byte
	for _, word := range []uint32{uint32(16 + 4 + 1 + len(doc)), 1, 0, opMsg, 0} {
		ask = binary.LittleEndian.AppendUint32(ask, word)
	}
	if _, err := conn.Write(append(append(ask, 0), doc...)); err != nil {
		t.Fatal(err)
	}
	var size [4]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, binary.LittleEndian.Uint32(size[:])-4)
	if _, err := io.ReadFull(conn, answer); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(answer), "maxWireVersion") {
		t.Errorf("hello was answered with %q", answer)
	}
}

func TestS3(t *testing.T) {
	server := S3(t)
	if again := S3(t); again != server {
		t.Errorf("the second call returned %+v, the first %+v", again, server)
	}
	scheme := "http://"
	if server.TLS {
		scheme = "https://"
	}
	res, err := http.Get(scheme + server.Endpoint + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if want := "<Code>AccessDenied</Code>"; !strings.Contains(string(body), want) {
		t.Errorf("a stranger is answered with %d %s, want %s", res.StatusCode, body, want)
	}
}
