"""Publishes a message: python3 publish.py [URL]"""

import json
import sys
import urllib.request

url = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:9999/btc"
request = urllib.request.Request(
    url,
    data=json.dumps({"price": 42}).encode(),
    headers={"Content-Type": "application/json"},
)
with urllib.request.urlopen(request, timeout=10) as answer:
    receipt = json.load(answer)
print(receipt["id"], "to", receipt["subscribers"])
