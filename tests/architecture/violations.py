"""Deliberate violations of every house rule: a rule nobody has seen fail is no rule."""

from __future__ import annotations

from tests.architecture import rules
from tests.architecture.rules import Rule

LONG_FILE = "x = 1\n" * 301
LONG_FUNCTION = "def f() -> None:\n" + "    pass\n" * 50
HOST = rules.REGISTRY_HOSTS[0]

SOURCE_VIOLATIONS: tuple[tuple[Rule, str, str], ...] = (
    (rules.files_are_short, "services/bonus/store.py", LONG_FILE),
    (rules.files_are_short, "tests/unit/test_x.py", LONG_FILE),
    (rules.functions_are_short, "shared/web/app.py", LONG_FUNCTION),
    (rules.functions_are_short, "tests/e2e/test_x.py", LONG_FUNCTION.replace("def", "async def")),
    (rules.names_say_something, "shared/web/utils.py", ""),
    (rules.names_say_something, "services/bonus/helpers/dates.py", ""),
    (rules.rules_are_pure, "services/bonus/domain/price.py", "import asyncio\n"),
    (
        rules.rules_are_pure,
        "services/bonus/domain/price.py",
        "from shared.contracts.bonus import X\n",
    ),
    (
        rules.rules_are_pure,
        "services/bonus/domain/price.py",
        "from services.bonus.store import X\n",
    ),
    (rules.rules_are_pure, "shared/values/money.py", "import os\n"),
    (rules.rules_have_no_clock, "services/bonus/domain/price.py", "now = datetime.now(UTC)\n"),
    (rules.rules_have_no_clock, "services/bonus/domain/price.py", "x = uuid4()\n"),
    (rules.rules_have_no_floats, "services/bonus/domain/price.py", "LIMIT = 19.0\n"),
    (
        rules.rules_have_no_floats,
        "shared/values/money.py",
        "def f(x: str) -> None:\n    float(x)\n",
    ),
    (rules.rules_have_no_floats, "services/bonus/domain/price.py", "SHARE = 1 / 2\n"),
    (rules.rules_change_nothing_made, "services/bonus/domain/price.py", "price.amount = 1\n"),
    (rules.rules_change_nothing_made, "services/bonus/domain/price.py", "price.amount += 1\n"),
    (rules.rules_change_nothing_made, "services/bonus/domain/price.py", "del price.amount\n"),
    (rules.time_comes_from_the_clock, "services/bonus/handlers.py", "day = date.today()\n"),
    (rules.time_comes_from_the_clock, "shared/web/app.py", "now = datetime.now(UTC)\n"),
    (rules.sql_stays_in_the_store, "services/bonus/handlers.py", "Q = 'SELECT a FROM b'\n"),
    (rules.sql_stays_in_the_store, "services/bonus/api.py", "Q = '''\n  INSERT INTO b (a)'''\n"),
    (rules.sql_stays_in_the_store, "services/bonus/handlers/hearing.py", "Q = 'SELECT a FROM b'\n"),
    (rules.sql_stays_in_the_store, "services/bonus/domain/x.py", "Q = 'DELETE FROM b'\n"),
    (rules.importing_reads_nothing, "shared/web/app.py", "HOME = os.environ['HOME']\n"),
    (rules.importing_reads_nothing, "shared/web/app.py", "TEXT = Path('x').read_text()\n"),
    (
        rules.importing_reads_nothing,
        "deploy/kafka/local/cluster.py",
        "HOME = os.environ['HOME']\n",
    ),
    (rules.launchers_stand_apart, "deploy/kafka/local/cluster.py", "import shared.values\n"),
    (rules.launchers_stand_apart, "deploy/kafka/local/cluster.py", "import yaml\n"),
    (rules.launchers_stand_apart, "shared/runtime/system.py", "import deploy.kafka.local\n"),
    (
        rules.librdkafka_looks_for_no_leaders,
        "shared/messaging/kafka/offsets.py",
        "found = asking.client.list_offsets({})\n",
    ),
    (
        rules.librdkafka_looks_for_no_leaders,
        "tests/chaos/calm.py",
        "ends = admin.list_offsets({})\n",
    ),
    (
        rules.librdkafka_looks_for_no_leaders,
        "shared/messaging/kafka/cluster.py",
        "self._asking.client.delete_records([])\n",
    ),
    (
        rules.only_public_names_of_hosts,
        "requirements/run.txt",
        f"--index-url https://{HOST}/simple\n",
    ),
    (rules.the_project_stands_alone, "docs/law.md", "see ../sha" + "red/brief/domain.md\n"),
)

# (name of the import-linter contract, file to append to, the line that breaks it)
IMPORT_VIOLATIONS: tuple[tuple[str, str, str], ...] = (
    ("Services stand above the shared floors", "shared/web/app.py", "import services.bonus.store"),
    (
        "Services speak only through contracts",
        "services/placements/store.py",
        "import services.bonus.store",
    ),
    (
        "Every service has the same rooms, in one order",
        "services/bonus/store.py",
        "import services.bonus.handlers",
    ),
    (
        "The shared floors import only those below",
        "shared/database/__init__.py",
        "import shared.messaging.work",
    ),
    (
        "Rules and values touch nothing outside",
        "services/bonus/domain/engine.py",
        "import shared.contracts.base",
    ),
    ("Only shared.database knows asyncpg", "services/bonus/store.py", "import asyncpg"),
    (
        "Only the Kafka transport knows Kafka's clients",
        "shared/messaging/relay.py",
        "import aiokafka",
    ),
    ("FastAPI stays at the web's edge", "services/bonus/handlers.py", "import fastapi"),
    (
        "Only the command line knows all services",
        "services/bonus/store.py",
        "import services.__main__",
    ),
)
