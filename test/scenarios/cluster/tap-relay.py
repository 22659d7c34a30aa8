"""A long cable: carries frames between the TAP devices `eth0` of network namespaces, each MILLISECONDS later, to where its card was heard.

usage: tap-relay.py MILLISECONDS NAMESPACE...
Prints `ready` once it holds every device, and ends with its input. For kernels without netem.
"""
import collections
import ctypes
import fcntl
import os
import select
import struct
import sys
import time

TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000
libc = ctypes.CDLL(None, use_errno=True)


def card(namespace):
    with open(f"/var/run/netns/{namespace}") as place:
        if libc.setns(place.fileno(), 0) != 0:
            raise OSError(ctypes.get_errno(), namespace)
    tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", b"eth0", IFF_TAP | IFF_NO_PI))
    return tap


def frames_of(tap):
    while True:
        try:
            yield os.read(tap, 65536)
        except OSError:
            return


def carry(frame, targets):
    for tap in targets:
        try:
            os.write(tap, frame)
        except OSError:
            pass  # A card that is down or full loses it, as cards do.


def relay(taps, delay):
    homes = {}
    waiting = collections.deque()
    while True:
        pause = max(0, waiting[0][0] - time.monotonic()) if waiting else None
        readable = select.select([0, *taps], [], [], pause)[0]
        if 0 in readable and os.read(0, 1) == b"":
            return
        for tap in readable:
            for frame in frames_of(tap) if tap != 0 else ():
                homes[frame[6:12]] = tap
                waiting.append((time.monotonic() + delay, tap, frame))
        while waiting and waiting[0][0] <= time.monotonic():
            _, source, frame = waiting.popleft()
            home = homes.get(frame[:6])
            carry(frame, [home] if home is not None else [tap for tap in taps if tap != source])


if __name__ == "__main__":
    cards = [card(namespace) for namespace in sys.argv[2:]]
    print("ready", flush=True)
    relay(cards, float(sys.argv[1]) / 1000)
