"""Nodes of a local Kafka that are ended: gone only when their files and locks are."""

from __future__ import annotations

import os

from deploy.kafka.local.processes import has_ended, kill_all
from tests.support.dying import slow_to_die


def test_ending_a_node_waits_for_one_that_dies_slowly() -> None:
    with slow_to_die("java") as node:
        assert not has_ended(node.pid)
        kill_all([node.pid])
        assert has_ended(node.pid)
        assert os.waitpid(node.pid, os.WNOHANG)[0] == node.pid
        assert has_ended(node.pid), "of whom nothing is left"
