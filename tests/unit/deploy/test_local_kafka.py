"""What is typed to get a local Kafka, before any Java starts."""

from __future__ import annotations

import errno
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from deploy.kafka.local import LocalKafka, __main__, warming
from deploy.kafka.local.failure import LocalKafkaError
from deploy.kafka.local.fetching import Java, fetch_jars, find_java
from deploy.kafka.local.properties import as_java_reads
from shared.runtime.settings import Settings

PASSWORD = "_kafka_password"


def test_every_user_of_a_secured_cluster_has_a_setting_and_the_other_way_round() -> None:
    settings = {name for name in Settings.model_fields if name.endswith(PASSWORD)}
    assert {name.removesuffix(PASSWORD) for name in settings} == set(__main__.USERS)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["up", "--port", "70000"], "'70000' is no port"),
        (["up", "--port", "65534", "--nodes", "3"], "'65534' is no port"),
        (["up", "--port", "0"], "'0' is no port"),
        (["up", "--secured", "--user", "a b"], "'a b' has more than letters"),
        (["up", "--user", "finance"], "say --secured too"),
        (["with", "--fresh", "--", "no-such-command"], "there is no command no-such-command"),
    ],
    ids=["large", "no room", "none", "name", "in the clear", "command"],
)
def test_what_cannot_be_meant_is_said_before_anything_starts(
    arguments: list[str],
    complaint: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def started(_self: LocalKafka) -> None:
        raise AssertionError("a cluster would be started")

    monkeypatch.setattr(LocalKafka, "start", started)
    try:
        status: object = __main__.main(arguments)
    except SystemExit as ended:
        status = ended.code
    assert status == 2
    assert complaint in capsys.readouterr().err


def test_a_full_disk_is_said_in_one_line_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def start(_self: LocalKafka) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "cluster.json")

    monkeypatch.setattr(LocalKafka, "start", start)
    assert __main__.main(["up", "--data", str(tmp_path / "full")]) == 2
    said = capsys.readouterr().err
    assert "No space left on device: 'cluster.json'; make room" in said
    assert "Traceback" not in said


def test_a_command_hears_of_its_own_cluster_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMMEN_KAFKA_CA_FILE", "/another/cluster/ca.pem")
    monkeypatch.setenv("SAMMEN_KAFKA_SECURITY", "scram")
    monkeypatch.setenv("SAMMEN_BONUS_KAFKA_PASSWORD", "of-another-cluster")
    monkeypatch.setenv("SAMMEN_HTTP_PORT", "8123")
    kafka = cast("LocalKafka", SimpleNamespace(bootstrap_servers="127.0.0.1:9092"))
    environment = __main__._environment(kafka)
    assert {name: text for name, text in environment.items() if name.startswith("SAMMEN_")} == {
        "SAMMEN_HTTP_PORT": "8123",
        "SAMMEN_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9092",
        "SAMMEN_KAFKA_SECURITY": "plain",
    }


def test_only_settings_there_are_are_exported(capsys: pytest.CaptureFixture[str]) -> None:
    users = {"bonus": "", "municipality.0101": ""}
    kafka = SimpleNamespace(
        bootstrap_servers="127.0.0.1:9092",
        secured=True,
        ca_file=Path("ca.pem"),
        users=users,
        data_dir=Path("folder"),
        password_of=lambda user: f"of-{user}",
    )
    __main__._announce(cast("LocalKafka", kafka))
    said = capsys.readouterr().out
    assert "  export SAMMEN_BONUS_KAFKA_PASSWORD=of-bonus\n" in said
    assert "  password of municipality.0101: of-municipality.0101\n" in said
    assert "SAMMEN_MUNICIPALITY" not in said


def test_a_node_that_ends_is_told_of_while_others_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    looks = iter([{1: 11, 2: 12, 3: 13}, {1: 11, 3: 13}, {1: 11, 3: 13}, {}])
    kafka = SimpleNamespace(node_pids=lambda: next(looks), data_dir=Path("folder"))
    monkeypatch.setattr(__main__, "LOOK_SECONDS", 0.0)
    with pytest.raises(LocalKafkaError, match="all nodes ended"):
        __main__._until_told_to_stop(cast("LocalKafka", kafka))
    assert capsys.readouterr().err == "kafka: node 2 ended; look into folder/node-2/server.log\n"


def test_a_wrong_java_home_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(LocalKafkaError, match=f"JAVA_HOME is {tmp_path}, where no Java is"):
        find_java()


def test_a_cache_that_cannot_be_written_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "cache").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    with pytest.raises(LocalKafkaError, match="another cache by XDG_CACHE_HOME"):
        fetch_jars()


def test_a_start_does_without_the_archive_where_it_cannot_be_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nowhere = Path("/proc/self/nowhere")
    monkeypatch.setattr(warming, "find_java", lambda: Java(Path("java"), "17"))
    monkeypatch.setattr(warming, "fetch_jars", lambda say: nowhere / "broker")  # noqa: ARG005
    said: list[str] = []
    warming.make_class_archive(said.append)
    assert said
    assert "starts take longer" in said[0]


def test_a_folder_with_a_danish_name_is_written_as_java_reads_it() -> None:
    assert as_java_reads("/hjem/søren/€/\U0001f9ff\\") == (
        "/hjem/s\\u00f8ren/\\u20ac/\\ud83e\\uddff\\\\"
    )
    assert as_java_reads('username="admin" password="a-b_c.d";') == (
        'username="admin" password="a-b_c.d";'
    )


def test_a_folder_that_kafka_takes_for_two_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "a,b"
    with pytest.raises(LocalKafkaError, match="a comma"):
        LocalKafka(folder).start()
    assert not folder.exists()
