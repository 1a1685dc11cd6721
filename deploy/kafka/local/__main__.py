"""`python -m deploy.kafka.local up|with|fetch`: a local Apache Kafka from the command line."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from deploy.kafka.local.cluster import LocalKafka
from deploy.kafka.local.commanding import PASSED_ON, SIGNALLED, find_program, run_command
from deploy.kafka.local.failure import LocalKafkaError
from deploy.kafka.local.memory import ADMIN, PLAIN_WORD
from deploy.kafka.local.warming import make_class_archive

USUAL_PORT, PORT_MAX = 9092, 65_535
LOOK_SECONDS = 1.0
BOOTSTRAP, SECURITY = "SAMMEN_KAFKA_BOOTSTRAP_SERVERS", "SAMMEN_KAFKA_SECURITY"
OF_A_CLUSTER = re.compile(r"SAMMEN_(KAFKA_\w+|\w+_KAFKA_PASSWORD)")
"""The settings that say which cluster is meant, how it is reached, and as whom."""
USERS = ("membership", "placements", "bonus", "notifications", "evaluation", "finance")
"""Users of a secured cluster, unless others are named: the services, and the one the demo's finance
system comes as. Named again here, since a launcher stands apart from what it launches; a test
compares them with the settings there are."""


def say(sentence: str) -> None:
    """Tell the person at the terminal."""
    sys.stderr.write(f"kafka: {sentence}\n")
    sys.stderr.flush()


def up(asked: argparse.Namespace) -> int:
    """Run a cluster until told to stop. Raises LocalKafkaError when it ends by itself."""
    if asked.user and not asked.secured:
        raise LocalKafkaError("--user is for a cluster that has users; say --secured too")
    kafka = LocalKafka(
        _data_dir(asked),
        nodes=asked.nodes,
        secured=asked.secured,
        users=dict.fromkeys(asked.user or USERS, "") if asked.secured else {},
        port=asked.port,
        say=say,
    )
    with kafka:
        _announce(kafka)
        signal.pthread_sigmask(signal.SIG_BLOCK, PASSED_ON)
        _until_told_to_stop(kafka)
        say("stopping")
    return 0


def _until_told_to_stop(kafka: LocalKafka) -> None:
    """Look after the nodes meanwhile, and say which of them ends."""
    running = kafka.node_pids().keys()
    while signal.sigtimedwait(PASSED_ON, LOOK_SECONDS) is None:
        before, running = running, kafka.node_pids().keys()
        if not running:
            raise LocalKafkaError(f"all nodes ended; look into {kafka.data_dir}/node-*/*.log")
        for node_id in sorted(before - running):
            say(f"node {node_id} ended; look into {kafka.data_dir}/node-{node_id}/server.log")


def with_cluster(asked: argparse.Namespace) -> int:
    """Run a command beside a cluster; the command's exit code."""
    program = find_program(asked.command[0])
    kafka = LocalKafka(
        Path(tempfile.mkdtemp(prefix="sammen-kafka-")) if asked.fresh else _data_dir(asked),
        nodes=asked.nodes,
        port=asked.port,
        throw_away=asked.fresh,
        say=say,
    )
    kafka.start()
    try:
        return run_command(program, asked.command, _environment(kafka))
    finally:
        kafka.stop(at_once=asked.fresh)


def _environment(kafka: LocalKafka) -> dict[str, str]:
    """Ours with this cluster in it, and nothing of another: its certificates and passwords, say,
    would contradict a cluster in the clear.
    """
    rest = {name: text for name, text in os.environ.items() if not OF_A_CLUSTER.fullmatch(name)}
    return {**rest, BOOTSTRAP: kafka.bootstrap_servers, SECURITY: "plain"}


def fetch(_: argparse.Namespace) -> int:
    """Get what a later start needs, and look for Java."""
    make_class_archive(say)
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 2 when there is something to do first, which is said."""
    asked = _parser().parse_args(arguments)
    for number in PASSED_ON - {signal.SIGINT}:
        signal.signal(number, _end)
    try:
        code: int = asked.does(asked)
    except LocalKafkaError as error:
        say(str(error))
        return 2
    except OSError as error:
        say(f"{error}; make room or mend that, or name another folder (--data)")
        return 2
    except KeyboardInterrupt:
        return SIGNALLED + signal.SIGINT
    return code


def _end(number: int, _: object) -> None:
    sys.exit(SIGNALLED + number)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m deploy.kafka.local", description="A real Apache Kafka on this machine."
    )
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("up", help="run until Ctrl-C; records are kept for the next time")
    one.add_argument("--secured", action="store_true", help="TLS, SCRAM and ACLs")
    one.add_argument(
        "--user",
        action="append",
        type=_user,
        help="a user of the secured cluster, instead of the services and finance; repeatable",
    )
    one.set_defaults(does=up)
    other = commands.add_parser("with", help="run COMMAND with a cluster, and stop it afterwards")
    other.add_argument("--fresh", action="store_true", help="an empty cluster, removed afterwards")
    other.add_argument("command", nargs="+", metavar="COMMAND", help="after --")
    other.set_defaults(does=with_cluster, secured=False)
    for each, port in ((one, USUAL_PORT), (other, None)):
        each.add_argument("--nodes", type=int, choices=(1, 3), default=1)
        each.add_argument("--data", type=Path, help="the cluster's folder (.sammen/kafka-...)")
        each.add_argument("--port", type=_port, default=port, help="node 1's, the others' follow")
    third = commands.add_parser("fetch", help="get ready what starts need, and say what is missing")
    third.set_defaults(does=fetch)
    return parser


def _port(text: str) -> int:
    """A port that the next two can follow."""
    if not text.isdecimal() or not 0 < int(text) <= PORT_MAX - 2:
        raise argparse.ArgumentTypeError(f"{text!r} is no port from 1 to {PORT_MAX - 2}")
    return int(text)


def _user(text: str) -> str:
    if not PLAIN_WORD.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} has more than letters, digits, dots and dashes")
    return text


def _data_dir(asked: argparse.Namespace) -> Path:
    """A folder for every kind of cluster, so that one may change one's mind."""
    if asked.data is not None:
        return Path(asked.data)
    base = Path(os.environ.get("SAMMEN_DATA_DIR") or ".sammen")
    return base / f"kafka-{asked.nodes}{'-secured' if asked.secured else ''}"


def _announce(kafka: LocalKafka) -> None:
    """Say what to export, so that `sammen topics create` and `sammen run` find it."""
    settings = {BOOTSTRAP: kafka.bootstrap_servers, SECURITY: "scram" if kafka.secured else "plain"}
    if kafka.secured:
        settings["SAMMEN_KAFKA_CA_FILE"] = str(kafka.ca_file)
        settings["SAMMEN_KAFKA_ADMIN_PASSWORD"] = kafka.password_of(ADMIN)
        for user in USERS:
            if user in kafka.users:
                settings[f"SAMMEN_{user.upper()}_KAFKA_PASSWORD"] = kafka.password_of(user)
    others = [user for user in kafka.users if user not in USERS]
    lines = [
        f"Kafka is up: {kafka.bootstrap_servers}",
        *(f"  export {name}={shlex.quote(value)}" for name, value in settings.items()),
        *(f"  password of {user}: {kafka.password_of(user)}" for user in others),
        f"Records are kept in {kafka.data_dir}. Stop it with Ctrl-C.",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
