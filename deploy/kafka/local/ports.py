"""Ports for nodes that come back to where they were."""

from __future__ import annotations

import random
import socket
from pathlib import Path

from deploy.kafka.local.failure import LocalKafkaError

HOST = "127.0.0.1"
LOWEST_PORT = 15_000
EPHEMERAL_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
TRIES_MAX = 1_000


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody listens on, below those the system hands out by itself.

    From among those a client could get, as its own, the port of a node that is down, and would then
    keep the node from coming back.
    """
    try:
        highest = int(EPHEMERAL_RANGE.read_text(encoding="ascii").split()[0]) - 1
    except (OSError, ValueError, IndexError):
        highest = 32_767
    found: list[int] = []
    for _ in range(TRIES_MAX):
        port = random.randint(min(LOWEST_PORT, highest), highest)  # noqa: S311 - no secret
        if port not in found and not is_taken(port):
            found.append(port)
        if len(found) == count:
            return found
    raise LocalKafkaError(f"no {count} free ports were found on {HOST}; end what holds them")


def is_taken(port: int) -> bool:
    """Whether a program listens on the port, or it is otherwise not to be had."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
    return False
