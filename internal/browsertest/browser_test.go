package browsertest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// A view is what somebody looks at the site with.
type view struct {
	name          string
	width, height int64
	phone         bool
	lang          string
	noScript      bool
}

// The phone is a small one: what fits there fits everywhere.
var (
	phone   = view{name: "phone", width: 360, height: 740, phone: true, lang: "vi"}
	desktop = view{name: "desktop", width: 1280, height: 900, lang: "vi"}
)

func (v view) in(lang string) view {
	v.lang = lang
	return v
}

func (v view) withoutScript() view {
	v.noScript = true
	v.name += " without script"
	return v
}

// browsers are the names under which Chromium may be installed.
var browsers = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}

// startBrowser starts the browser that all tests share. Each tab has a profile of its own.
func startBrowser() (context.Context, error) {
	var path string
	for _, name := range browsers {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		return nil, fmt.Errorf("no browser: install one of %s, or run with -short", strings.Join(browsers, ", "))
	}
	ctx, stop := chromedp.NewExecAllocator(context.Background(),
		chromedp.ExecPath(path),
		chromedp.UserDataDir(filepath.Join(folder, "profile")),
		chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck,
		// It shall ask nobody but us.
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-default-apps", true),
		chromedp.Flag("disable-extensions", true),
		// In a container /dev/shm may be too small for it.
		chromedp.Flag("disable-dev-shm-usage", true),
	)
	browser, quit := chromedp.NewContext(ctx)
	closers = append(closers, func() {
		_ = chromedp.Cancel(browser) // lets it close its files
		quit()
		stop()
	})
	return browser, chromedp.Do(browser)
}

// A tab is a page that somebody has open. It notes what the browser complains about.
type tab struct {
	*site
	t    *testing.T
	view view
	ctx  context.Context
	// touches counts what a person would have had to fill in or press.
	touches int

	mu       sync.Mutex
	problems []string
	requests []*request
}

// request is what the browser asked for, and what came back.
type request struct {
	id     network.RequestID
	url    string
	kind   network.ResourceType
	status int64
	// bytes came over the line: headers, and the body as it was compressed.
	bytes int64
	// headers are those of the answer.
	headers network.Headers
}

// tab opens an empty tab with no cookies.
func (s *site) tab(t *testing.T, v view) *tab {
	t.Helper()
	browser, err := chromium()
	if err != nil {
		t.Fatal(err)
	}
	ctx, shut := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(shut)
	tb := &tab{site: s, t: t, view: v, ctx: ctx}
	if err := chromedp.Listen(ctx, tb.notice); err != nil { // opens the tab
		t.Fatal(err)
	}
	var cancel context.CancelFunc
	tb.ctx, cancel = context.WithTimeout(ctx, 5*time.Minute)
	t.Cleanup(cancel)
	options := []chromedp.EmulateViewportOption{chromedp.EmulateScale(1)}
	if v.phone {
		options = append(options, chromedp.EmulateMobile, chromedp.EmulateTouch)
	}
	tb.do(chromedp.EmulateViewport(v.width, v.height, options...))
	tell(tb, network.Enable, network.EnableParams{})
	tell(tb, cdplog.Enable, cdp.Empty{})
	tell(tb, runtime.Enable, cdp.Empty{})
	tell(tb, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Accept-Language": v.lang}})
	tell(tb, emulation.SetLocaleOverride, emulation.SetLocaleOverrideParams{Locale: v.lang})
	tell(tb, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: v.noScript})
	return tb
}

// tell gives the browser a command of its protocol.
func tell[P any](tb *tab, command cdp.Command[P, cdp.Empty], params P) {
	tb.t.Helper()
	if _, err := chromedp.Call(tb.ctx, command, params); err != nil {
		tb.t.Fatal(err)
	}
}

// notice is called for everything that happens in the tab.
func (tb *tab) notice(event any) {
	tb.mu.Lock()
	defer tb.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			var words []string
			for _, a := range e.Args {
				words = append(words, string(a.Value))
			}
			tb.problems = append(tb.problems, "console: "+strings.Join(words, " "))
		}
	case *runtime.EventExceptionThrown:
		tb.problems = append(tb.problems, "exception: "+e.ExceptionDetails.Text)
	case *cdplog.EventEntryAdded:
		// A page that answers 404 or 422 is no complaint; one of its parts that does is.
		if e.Entry.Source == cdplog.EntrySourceNetwork && tb.document(e.Entry.URL) {
			return
		}
		if e.Entry.Level == cdplog.EntryLevelError || e.Entry.Level == cdplog.EntryLevelWarning {
			tb.problems = append(tb.problems, fmt.Sprintf("%s: %s (%s)", e.Entry.Source, e.Entry.Text, e.Entry.URL))
		}
	case *network.EventRequestWillBeSent:
		tb.requests = append(tb.requests, &request{id: e.RequestID, url: e.Request.URL, kind: e.Type})
		u, err := url.Parse(e.Request.URL)
		if err != nil || u.Scheme != "data" && u.Scheme != "blob" && u.Scheme+"://"+u.Host != tb.base {
			tb.problems = append(tb.problems, "asked another host: "+e.Request.URL)
		}
	case *network.EventResponseReceived:
		if r := tb.request(e.RequestID); r != nil {
			r.status, r.headers = e.Response.Status, e.Response.Headers
		}
	case *network.EventLoadingFinished:
		if r := tb.request(e.RequestID); r != nil {
			r.bytes = int64(e.EncodedDataLength)
		}
	}
}

// document reports whether an address was opened as a page.
func (tb *tab) document(address string) bool {
	for _, r := range tb.requests {
		if r.url == address {
			return r.kind == network.ResourceTypeDocument
		}
	}
	return false
}

// request is the latest with an id: a redirect keeps it.
func (tb *tab) request(id network.RequestID) *request {
	for i := len(tb.requests) - 1; i >= 0; i-- {
		if tb.requests[i].id == id {
			return tb.requests[i]
		}
	}
	return nil
}

// complaints answers what the browser complained about since the last call.
func (tb *tab) complaints() []string {
	tb.mu.Lock()
	defer tb.mu.Unlock()
	p := tb.problems
	tb.problems = nil
	return p
}

// loaded answers what was asked for since the last call.
func (tb *tab) loaded() []*request {
	tb.mu.Lock()
	defer tb.mu.Unlock()
	r := tb.requests
	tb.requests = nil
	return r
}

// action is something that the browser does and that has no result.
type action = chromedp.Action[chromedp.Void]

// do lets the browser do something, and fails the test if it cannot.
func (tb *tab) do(actions ...action) {
	tb.t.Helper()
	if err := chromedp.Do(tb.ctx, actions...); err != nil {
		tb.t.Fatal(tb.explain(err))
	}
}

// open opens an address of the site and answers its status.
func (tb *tab) open(path string) int64 {
	tb.t.Helper()
	if !strings.HasPrefix(path, "http") {
		path = tb.base + path
	}
	return tb.follow(chromedp.Navigate(path))
}

// follow does what leads to another page, waits until that is there, and answers its status.
func (tb *tab) follow(actions ...action) int64 {
	tb.t.Helper()
	resp, err := chromedp.RunResponse(tb.ctx, actions...)
	if err != nil {
		tb.t.Fatal(tb.explain(err))
	}
	if resp == nil {
		return 0
	}
	return resp.Status
}

// explain adds to an error where the tab was, and what the server said.
func (tb *tab) explain(err error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(tb.ctx), 5*time.Second)
	defer cancel()
	at, _ := chromedp.Run(ctx, chromedp.Location())
	text, _ := chromedp.Run(ctx, chromedp.Evaluate[string]("document.body.innerText"))
	if r := []rune(text); len(r) > 1000 {
		text = string(r[:1000]) + " …"
	}
	tb.log.mu.Lock()
	defer tb.log.mu.Unlock()
	return errors.Join(err, fmt.Errorf("at %s\n%s\n%s", at, text, strings.Join(tb.log.said, "\n")))
}

// eval answers what a JavaScript expression gives. Without script the page has none of its own, but
// may still be asked.
func eval[T any](tb *tab, expression string) T {
	tb.t.Helper()
	return run(tb, chromedp.Evaluate[T](expression))
}

// run lets the browser do something that has a result.
func run[T any](tb *tab, a chromedp.Action[T]) T {
	tb.t.Helper()
	v, err := chromedp.Run(tb.ctx, a)
	// A page that has just come may not be known to chromedp yet; it has done nothing then.
	for try := 0; try < 5 && err != nil && strings.Contains(err.Error(), "Cannot find context"); try++ {
		tb.do(chromedp.WaitReady(chromedp.CSS("body")))
		v, err = chromedp.Run(tb.ctx, a)
	}
	if err != nil {
		tb.t.Fatal(tb.explain(err))
	}
	return v
}

// text is what there is to read in the page, no-break spaces written as plain ones.
func (tb *tab) text() string {
	tb.t.Helper()
	return strings.ReplaceAll(eval[string](tb, "document.body.innerText"), "\u00a0", " ")
}

// at is the path and query of the page.
func (tb *tab) at() string {
	tb.t.Helper()
	return eval[string](tb, "location.pathname + location.search")
}
