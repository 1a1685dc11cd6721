"""An archive of Kafka's classes as Java has read them: a node starts in half the time with it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from deploy.kafka.local.cluster import LocalKafka
from deploy.kafka.local.fetching import class_archive, fetch_jars, find_java

DUMP_SECONDS_MAX = 60.0


def make_class_archive(say: Callable[[str], None]) -> None:
    """Have one node leave the archive in the cache when it ends, unless it is there.

    A start works without it. Java itself refuses an archive that doesn't fit its version or jars.
    """
    archive = class_archive(find_java(), fetch_jars(say=say))
    if archive.exists():
        return
    try:
        learning = tempfile.TemporaryDirectory(dir=archive.parent, prefix="learning-")
    except OSError as error:
        say(f"{archive.parent} can't be written ({error.strerror}), so starts take longer")
        return
    say("letting Java learn Kafka's classes, so that later starts take half the time (once)")
    with learning as folder:
        draft = Path(folder) / "classes.jsa"
        kafka = LocalKafka(
            Path(folder) / "kafka", java_options=(f"-XX:ArchiveClassesAtExit={draft}",)
        )
        kafka.start()
        kafka.stop(seconds=DUMP_SECONDS_MAX)
        if draft.exists():
            draft.replace(archive)
