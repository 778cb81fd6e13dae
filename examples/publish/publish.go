// Publishes a message: go run publish.go [URL]
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"
)

func main() {
	url := "http://127.0.0.1:9999/btc"
	if len(os.Args) > 1 {
		url = os.Args[1]
	}
	answer, err := http.Post(url, "application/json", strings.NewReader(`{"price":42}`))
	if err != nil {
		log.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		log.Fatal(answer.Status)
	}
	var receipt struct {
		ID          string
		Subscribers int
	}
	if err := json.NewDecoder(answer.Body).Decode(&receipt); err != nil {
		log.Fatal(err)
	}
	fmt.Println(receipt.ID, "to", receipt.Subscribers)
}
