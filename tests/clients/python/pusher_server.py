"""https://github.com/pusher/pusher-http-python"""

from importlib.metadata import version
from urllib.parse import urlsplit

import pusher
from pusher.errors import PusherBadAuth

from check import check, equal, say, urls

say(f"version {version('pusher')}")
url, channel, presence = urls()
# Its own from_url() knows no port.
parts = urlsplit(url)
app = {"app_id": parts.path.split("/")[-1], "key": parts.username, "host": parts.hostname,
       "port": parts.port, "ssl": False}
client = pusher.Pusher(secret=parts.password, **app)

with check("trigger"):
    equal(client.trigger(channel, "one", {"echo": "木霊"}), {})
with check("trigger to many"):
    equal(client.trigger([channel, presence], "many", "text"), {})
with check("batch"):
    batch = [{"channel": channel, "name": f"batch {i}", "data": [i]} for i in range(10)]
    equal(client.trigger_batch(batch), {})
with check("channels"):
    found = client.channels_info("presence-", ["user_count"])["channels"]
    equal(found[presence], {"user_count": 1})
with check("channel"):
    found = client.channel_info(presence, ["user_count", "subscription_count"])
    equal(found, {"occupied": True, "user_count": 1, "subscription_count": 1})
with check("users"):
    equal(client.users_info(presence), {"users": [{"id": "watcher"}]})
with check("another secret"):
    try:
        pusher.Pusher(secret="another", **app).trigger(channel, "no", "")
    except PusherBadAuth:
        pass
    else:
        raise AssertionError("it was taken")
