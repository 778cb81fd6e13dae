// https://pkg.go.dev/net/http, reading Server-Sent Events line by line
package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"

	. "kodama/clients/check"
)

// Stream is one connection.
type Stream struct {
	lines *bufio.Scanner
	body  io.Closer
}

func main() {
	Version("")
	channel := URLs[0]
	var cursor string
	var stream *Stream

	Check("open", func() (err error) {
		if stream, err = open(channel, ""); err != nil {
			return err
		}
		cursor, err = stream.next(`"gap":false`)
		return err
	})
	Check("live", func() error {
		defer stream.body.Close()
		Subscribed()
		_, err := stream.next(`"data":` + Published)
		return err
	})
	Check("resume", func() error {
		stream, err := open(channel, cursor)
		if err != nil {
			return err
		}
		defer stream.body.Close()
		if _, err := stream.next(`"gap":false`); err != nil {
			return err
		}
		_, err = stream.next(`"data":` + Published)
		return err
	})
}

func open(channel, lastEventID string) (*Stream, error) {
	request, err := http.NewRequest("GET", channel, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "text/event-stream")
	if lastEventID != "" {
		request.Header.Set("Last-Event-ID", lastEventID)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	return &Stream{bufio.NewScanner(answer.Body), answer.Body}, nil
}

// next reads one event, whose data must hold what is expected. It returns its id.
func (s *Stream) next(expected string) (string, error) {
	var id, data string
	for s.lines.Scan() {
		line := s.lines.Text()
		switch {
		case strings.HasPrefix(line, "id: "):
			id = line[len("id: "):]
		case strings.HasPrefix(line, "data: "):
			data = line[len("data: "):]
		case line == "" && data != "":
			if !strings.Contains(data, expected) {
				return id, fmt.Errorf("got %.100s", data)
			}
			return id, nil
		}
	}
	return "", fmt.Errorf("the stream ended: %v", s.lines.Err())
}
