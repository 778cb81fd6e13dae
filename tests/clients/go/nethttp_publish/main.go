// https://pkg.go.dev/net/http, publishing
package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	. "kodama/clients/check"
)

var (
	channel = URLs[0]
	// Without a time-out of its own nobody is asked before a body is sent.
	client = &http.Client{Transport: &http.Transport{ExpectContinueTimeout: 10 * time.Second}}
)

const (
	asText   = "text/plain; charset=utf-8"
	asBinary = "application/octet-stream"
)

func main() {
	Version("")
	for _, size := range []int{0, 125, 65536, 1_000_000} {
		Check(fmt.Sprintf("publish %d", size), func() error {
			return taken(strings.NewReader(Text(size)), asText, fmt.Sprintf(`"data":"%s"`, Text(size)))
		})
	}
	Check("publish binary", func() error {
		expected := base64.StdEncoding.EncodeToString(Binary(65536))
		return taken(bytes.NewReader(Binary(65536)), asBinary, fmt.Sprintf(`"base64":"%s"`, expected))
	})
	Check("publish chunked", func() error {
		// The length of a reader of an unknown kind is not known.
		body := io.MultiReader(strings.NewReader(Text(100_000)))
		return taken(body, asText, fmt.Sprintf(`"data":"%s"`, Text(100_000)))
	})
	Check("expect", func() error {
		request, err := http.NewRequest("POST", channel, strings.NewReader(Text(2048)))
		if err != nil {
			return err
		}
		request.Header.Set("Expect", "100-continue")
		status, receipt, err := do(request)
		if err != nil || status != 200 {
			return fmt.Errorf("%d %.100s %v", status, receipt, err)
		}
		return remembered(fmt.Sprintf(`"data":"%s"`, Text(2048)))
	})
	Check("too large", func() error {
		status, _, err := publish(strings.NewReader(Text(1_048_577)), asText)
		if err != nil {
			return err
		}
		return Equal(status, 413)
	})
}

func taken(body io.Reader, kind string, expected string) error {
	status, receipt, err := publish(body, kind)
	if err != nil || status != 200 || !strings.Contains(receipt, `"id"`) {
		return fmt.Errorf("%d %.100s %v", status, receipt, err)
	}
	return remembered(expected)
}

func publish(body io.Reader, kind string) (int, string, error) {
	request, err := http.NewRequest("POST", channel, body)
	if err != nil {
		return 0, "", err
	}
	request.Header.Set("Content-Type", kind)
	return do(request)
}

func remembered(expected string) error {
	request, err := http.NewRequest("GET", channel+"?limit=1", nil)
	if err != nil {
		return err
	}
	_, newest, err := do(request)
	if err == nil && !strings.Contains(newest, expected) {
		return fmt.Errorf("the channel remembers %.100s", newest)
	}
	return err
}

func do(request *http.Request) (int, string, error) {
	answer, err := client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(body), err
}
