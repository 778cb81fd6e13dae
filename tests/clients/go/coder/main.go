// https://github.com/coder/websocket
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"strings"
	"time"

	"github.com/coder/websocket"

	. "kodama/clients/check"
)

func main() {
	Version("github.com/coder/websocket")
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	echo, channel := URLs[0], URLs[1]
	compressed := &websocket.DialOptions{CompressionMode: websocket.CompressionContextTakeover}

	conn := dial(ctx, echo, compressed)
	for _, size := range Sizes {
		Check(fmt.Sprintf("echo text %d", size), func() error {
			return sendAndReceive(ctx, conn, websocket.MessageText, Text(size))
		})
		Check(fmt.Sprintf("echo binary %d", size), func() error {
			return sendAndReceive(ctx, conn, websocket.MessageBinary, string(Binary(size)))
		})
	}
	Check("fragments", func() error {
		writer, err := conn.Writer(ctx, websocket.MessageText)
		if err != nil {
			return err
		}
		// Each write is a frame.
		for _, part := range []string{"frag", "men", "ts"} {
			if _, err := writer.Write([]byte(part)); err != nil {
				return err
			}
		}
		if err := writer.Close(); err != nil {
			return err
		}
		return receive(ctx, conn, websocket.MessageText, "fragments")
	})
	// A pong is read only while somebody reads: from here on nobody reads messages.
	reading := conn.CloseRead(ctx)
	Check("ping", func() error { return conn.Ping(ctx) })
	Check("close by the client", func() error {
		err := conn.Close(4001, "bye")
		<-reading.Done()
		return err
	})

	Check("channel", func() error {
		conn := dial(ctx, channel, compressed)
		defer conn.CloseNow()
		Subscribed()
		return receive(ctx, conn, websocket.MessageText, Published)
	})

	Check("close by the server", func() error {
		conn := dial(ctx, channel, &websocket.DialOptions{Subprotocols: []string{"kodama.v1"}})
		defer conn.CloseNow()
		if _, opening, err := conn.Read(ctx); err != nil || !strings.HasPrefix(string(opening), `{"open":`) {
			return fmt.Errorf("got %s %v", opening, err)
		}
		if err := conn.Write(ctx, websocket.MessageBinary, []byte("not JSON")); err != nil {
			return err
		}
		_, _, err := conn.Read(ctx)
		var closed websocket.CloseError
		if !errors.As(err, &closed) {
			return err
		}
		return Equal(closed, websocket.CloseError{Code: 1003, Reason: "JSON is spoken here"})
	})
}

func dial(ctx context.Context, url string, options *websocket.DialOptions) *websocket.Conn {
	conn, _, err := websocket.Dial(ctx, url, options)
	if err != nil {
		log.Fatalf("%s: %v", url, err)
	}
	// By default messages of more than 32 KiB are refused.
	conn.SetReadLimit(1 << 20)
	return conn
}

func sendAndReceive(ctx context.Context, conn *websocket.Conn, kind websocket.MessageType, data string) error {
	if err := conn.Write(ctx, kind, []byte(data)); err != nil {
		return err
	}
	return receive(ctx, conn, kind, data)
}

func receive(ctx context.Context, conn *websocket.Conn, kind websocket.MessageType, expected string) error {
	got, data, err := conn.Read(ctx)
	if err != nil {
		return err
	}
	return errors.Join(Equal(got, kind), Equal(string(data), expected))
}
