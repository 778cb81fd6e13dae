"""What all the programs here share: one line for each check, and the payloads."""

import sys
from contextlib import contextmanager

SIZES = [0, 125, 126, 65535, 65536, 1_000_000]
PUBLISHED = '{"echo":"木霊"}'


def text(size):
    return ("kodama " * (size // 7 + 1))[:size]


def binary(size):
    return bytes(i % 251 for i in range(size))


@contextmanager
def check(name):
    try:
        yield
    except Exception as error:
        say(f"not ok {name}: {error!r:.300}")
    else:
        say(f"ok {name}")


def skip(name, why):
    say(f"skip {name}: {why}")


def say(line):
    print(line.replace("\n", " "), flush=True)


def equal(got, expected):
    if got != expected:
        raise AssertionError(f"got {got!r:.100}, not {expected!r:.100}")


def urls():
    return sys.argv[1:]
