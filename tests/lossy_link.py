"""A link that delays and loses packets: `python -m tests.lossy_link COMMAND` in a network namespace of its own (`unshare --net`).

What connects to FAR reaches what listens at NEAR, through a tun device whose packets are read here: each goes on after 5 to 50 ms
with its two addresses swapped, and one in a hundred does not. TCP is the kernel's own, with its retransmissions. Kernels without
netem have this too.
"""

import fcntl
import heapq
import itertools
import os
import random
import select
import struct
import subprocess
import sys
import threading
import time

NEAR, FAR = "10.77.0.1", "10.77.0.2"
DELAY, LOSS = (0.005, 0.050), 0.01
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
OWN_NETWORK = ("unshare", "--net") if os.getuid() == 0 else ("unshare", "--user", "--map-current-user", "--keep-caps", "--net")
COMMAND = (*OWN_NETWORK, sys.executable, "-m", "tests.lossy_link")
"""What a command is put behind, in order to run with the link."""


def opened() -> int:
    """The descriptor of the device, which has the address NEAR in a network that holds FAR too."""
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH", b"lossy", IFF_TUN | IFF_NO_PI))
    for words in ("link set lo up", f"addr add {NEAR}/24 dev lossy", "link set lossy up"):
        subprocess.run(["ip", *words.split()], check=True)
    return device


def carry(device: int, draw: random.Random) -> None:
    """Carry packets for ever."""
    waiting: list[tuple[float, int, bytes]] = []
    numbers = itertools.count()
    while True:
        due = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
        if select.select([device], [], [], due)[0]:
            packet = os.read(device, 65_536)
            if packet[0] >> 4 == 4 and draw.random() >= LOSS:
                turned = packet[:12] + packet[16:20] + packet[12:16] + packet[20:]  # no checksum changes: it is a sum
                heapq.heappush(waiting, (time.monotonic() + draw.uniform(*DELAY), next(numbers), turned))
        while waiting and waiting[0][0] <= time.monotonic():
            os.write(device, heapq.heappop(waiting)[2])


def main() -> int:
    """Run the command with the link; its exit code."""
    device = opened()
    threading.Thread(target=carry, args=(device, random.Random(1)), daemon=True).start()
    return subprocess.run(sys.argv[1:], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
