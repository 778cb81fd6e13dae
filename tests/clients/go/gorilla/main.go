// https://github.com/gorilla/websocket
package main

import (
	"errors"
	"fmt"
	"io"
	"log"
	"strings"
	"time"

	"github.com/gorilla/websocket"

	. "kodama/clients/check"
)

// A message longer than the write buffer is sent in fragments.
var dialer = websocket.Dialer{EnableCompression: true, WriteBufferSize: 4096}

func main() {
	Version("github.com/gorilla/websocket")
	echo, channel := URLs[0], URLs[1]

	conn := dial(dialer, echo)
	for _, size := range Sizes {
		Check(fmt.Sprintf("echo text %d", size), func() error {
			return sendAndReceive(conn, websocket.TextMessage, Text(size))
		})
		Check(fmt.Sprintf("echo binary %d", size), func() error {
			return sendAndReceive(conn, websocket.BinaryMessage, string(Binary(size)))
		})
	}
	Check("fragments", func() error {
		writer, err := conn.NextWriter(websocket.TextMessage)
		if err != nil {
			return err
		}
		if _, err := io.Copy(writer, strings.NewReader(Text(20_000))); err != nil {
			return err
		}
		if err := writer.Close(); err != nil {
			return err
		}
		return receive(conn, websocket.TextMessage, Text(20_000))
	})
	Check("ping", func() error {
		var pong string
		conn.SetPongHandler(func(data string) error { pong = data; return nil })
		deadline := time.Now().Add(10 * time.Second)
		if err := conn.WriteControl(websocket.PingMessage, []byte("are you there"), deadline); err != nil {
			return err
		}
		// Pongs are handled while a message is read.
		if err := sendAndReceive(conn, websocket.TextMessage, "after it"); err != nil {
			return err
		}
		return Equal(pong, "are you there")
	})
	Check("close by the client", func() error {
		message := websocket.FormatCloseMessage(4001, "bye")
		if err := conn.WriteMessage(websocket.CloseMessage, message); err != nil {
			return err
		}
		return closed(conn, websocket.CloseError{Code: 4001})
	})
	conn.Close()

	Check("channel", func() error {
		conn := dial(dialer, channel)
		defer conn.Close()
		Subscribed()
		return receive(conn, websocket.TextMessage, Published)
	})

	Check("close by the server", func() error {
		enveloped := dialer
		enveloped.Subprotocols = []string{"kodama.v1"}
		conn := dial(enveloped, channel)
		defer conn.Close()
		if _, opening, err := conn.ReadMessage(); err != nil || !strings.HasPrefix(string(opening), `{"open":`) {
			return fmt.Errorf("got %s %v", opening, err)
		}
		if err := conn.WriteMessage(websocket.BinaryMessage, []byte("not JSON")); err != nil {
			return err
		}
		return closed(conn, websocket.CloseError{Code: 1003, Text: "JSON is spoken here"})
	})
}

func dial(dialer websocket.Dialer, url string) *websocket.Conn {
	conn, _, err := dialer.Dial(url, nil)
	if err != nil {
		log.Fatalf("%s: %v", url, err)
	}
	return conn
}

func sendAndReceive(conn *websocket.Conn, kind int, data string) error {
	if err := conn.WriteMessage(kind, []byte(data)); err != nil {
		return err
	}
	return receive(conn, kind, data)
}

func receive(conn *websocket.Conn, kind int, expected string) error {
	got, data, err := conn.ReadMessage()
	if err != nil {
		return err
	}
	return errors.Join(Equal(got, kind), Equal(string(data), expected))
}

func closed(conn *websocket.Conn, expected websocket.CloseError) error {
	_, _, err := conn.ReadMessage()
	var got *websocket.CloseError
	if !errors.As(err, &got) {
		return err
	}
	return Equal(*got, expected)
}
