// Command minio is an S3 server for tests, with its data in a temporary folder. The credentials
// come from MINIO_ROOT_USER and MINIO_ROOT_PASSWORD.
//
// It prints "listening: HOST:PORT" on standard output once it answers, and lives as long as its
// standard input is open, so that it cannot outlive the test that started it, however that ends.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/minio/minio/cmd"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "minio:", err)
		os.Exit(1)
	}
}

func run() error {
	dir, err := os.MkdirTemp("", "truynguon-minio-")
	if err != nil {
		return err
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // whatever ends it
		_ = os.RemoveAll(dir)
		os.Exit(0)
	}()
	for name, value := range map[string]string{
		"TZ":            "UTC", // as MinIO's own main does
		"HOME":          dir,   // where it would keep certificates
		"MINIO_BROWSER": "off",
		"MINIO_UPDATE":  "off",
		"MINIO_CI_CD":   "on", // allows a data folder on the system's disk
	} {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	// MinIO cannot say which free port it took, so one is found for it.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		return err
	}
	go func() {
		for !ready(addr) {
			time.Sleep(20 * time.Millisecond) // whoever started it has a deadline
		}
		fmt.Println("listening:", addr)
	}()
	cmd.Main([]string{"minio", "server", "--quiet", "--address", addr, dir})
	return nil
}

// ready reports whether the server knows its users: it then refuses a stranger. Its own health page
// says "ready" earlier than that.
func ready(addr string) bool {
	res, err := http.Get("http://" + addr + "/")
	if err != nil {
		return false
	}
	_ = res.Body.Close()
	return res.StatusCode == http.StatusForbidden
}
