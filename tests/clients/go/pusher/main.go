// https://github.com/pusher/pusher-http-go
package main

import (
	"fmt"
	"strings"

	"github.com/pusher/pusher-http-go/v5"
	. "kodama/clients/check"
)

func main() {
	Version("github.com/pusher/pusher-http-go/v5")
	url, channel, presence := URLs[0], URLs[1], URLs[2]
	client, err := pusher.ClientFromURL(url)
	if err != nil {
		panic(err)
	}
	Check("trigger", func() error {
		return client.Trigger(channel, "one", map[string]string{"echo": "木霊"})
	})
	Check("trigger to many", func() error {
		return client.TriggerMulti([]string{channel, presence}, "many", "text")
	})
	Check("batch", func() error {
		batch := make([]pusher.Event, 10)
		for i := range batch {
			batch[i] = pusher.Event{Channel: channel, Name: fmt.Sprintf("batch %d", i), Data: []int{i}}
		}
		_, err := client.TriggerBatch(batch)
		return err
	})
	Check("channels", func() error {
		prefix, info := "presence-", "user_count"
		found, err := client.Channels(pusher.ChannelsParams{FilterByPrefix: &prefix, Info: &info})
		if err != nil {
			return err
		}
		return Equal(found.Channels[presence].UserCount, 1)
	})
	Check("channel", func() error {
		info := "user_count,subscription_count"
		found, err := client.Channel(presence, pusher.ChannelParams{Info: &info})
		if err != nil {
			return err
		}
		return Equal(fmt.Sprint(found.Occupied, found.UserCount, found.SubscriptionCount), "true 1 1")
	})
	Check("users", func() error {
		found, err := client.GetChannelUsers(presence)
		if err != nil {
			return err
		}
		return Equal(fmt.Sprint(found.List), "[{watcher}]")
	})
	Check("another secret", func() error {
		other, err := pusher.ClientFromURL(strings.Replace(url, ":secret-of-", ":no-secret-of-", 1))
		if err != nil {
			return err
		}
		if err = other.Trigger(channel, "no", ""); err == nil || !strings.Contains(err.Error(), "401") {
			return fmt.Errorf("answered %v", err)
		}
		return nil
	})
}
