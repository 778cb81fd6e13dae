"""The checks of those that publish over HTTP."""

import base64

from check import check, say, skip, text, binary, urls


def pieces(body):
    for at in range(0, len(body), 10_000):
        yield body[at:at + 10_000]


def publish_all(Client):
    say(f"version {Client.version}")
    (channel,) = urls()
    client = Client(channel)

    def taken(answer, remembered):
        status, receipt = answer
        assert status == 200 and '"id"' in receipt, f"{status} {receipt:.100}"
        newest = client.newest()
        assert remembered in newest, f"the channel remembers {newest:.100}"

    for size in [0, 125, 65536, 1_000_000]:
        with check(f"publish {size}"):
            taken(client.publish(text(size).encode()), f'"data":"{text(size)}"')
    with check("publish binary"):
        expected = base64.b64encode(binary(65536)).decode()
        taken(client.publish(binary(65536), binary=True), f'"base64":"{expected}"')
    with check("publish chunked"):
        taken(client.publish_chunked(text(100_000).encode()), f'"data":"{text(100_000)}"')
    skip("expect", "does not ask before it sends")
    if not Client.reads_while_it_sends:
        skip("too large", "does not read an answer that comes while it sends")
        return
    with check("too large"):
        status, _ = client.publish(text(1_048_577).encode())
        assert status == 413, f"answered {status}"
