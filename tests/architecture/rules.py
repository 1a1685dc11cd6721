"""The house rules that read source text; import-linter holds those about who imports whom.

A rule is a function from a file's path (relative to the checkout) and its text to complaints.
Each is seen to catch its own deliberate violation in violations.py.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

LINES_MAX = 300
FUNCTION_LINES_MAX = 50
BANNED_NAMES = {
    "utils",
    "util",
    "common",
    "helpers",
    "helper",
    "manager",
    "managers",
    "data",
    "misc",
}
PURE_MODULES = {
    "__future__",
    "bisect",
    "calendar",
    "collections",
    "csv",
    "dataclasses",
    "datetime",
    "decimal",
    "enum",
    "fractions",
    "functools",
    "heapq",
    "importlib",
    "itertools",
    "math",
    "operator",
    "re",
    "types",
    "typing",
    "uuid",
    "zoneinfo",
}
LOOKS_FOR_LEADERS = {"list_offsets", "delete_records"}  # in tests, the latter is aiokafka's
LAUNCHERS_MAY_KNOW = {"cryptography"}  # imported only where certificates are made
CLOCK_AND_DICE = {
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "time.time",
    "time.monotonic",
    "uuid.uuid4",
    "uuid4",
    "uuid.uuid1",
    "random.random",
    "secrets.token_hex",
    "os.urandom",
}
WALL_CLOCK = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time"}
WALL_CLOCK_HOME = "shared/runtime/clock.py"
SQL = re.compile(
    r"^\s*(SELECT\s|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|WITH\s+\w+\s+AS"
    r"|(CREATE|ALTER|DROP)\s+(TABLE|INDEX|SCHEMA|ROLE|FUNCTION|TRIGGER|VIEW|UNIQUE))",
    re.IGNORECASE,
)
# Spelt in parts, so that this file doesn't name what it forbids.
REGISTRY_HOSTS = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("repo1", "maven", "org"),
        ("repo", "maven", "apache", "org"),
        ("deb", "debian", "org"),
        ("proxy", "golang", "org"),
    )
)
OUTSIDE = re.compile(r"\.\./shared\b|/work/" + r"shared|shared/" + r"brief")

Rule = Callable[[PurePosixPath, str], Iterator[str]]


def _is_launcher(path: PurePosixPath) -> bool:
    return path.parts[0] == "deploy" and path.suffix == ".py"


def _is_product(path: PurePosixPath) -> bool:
    return path.parts[0] in {"services", "shared"} and path.suffix == ".py"


def _is_pure(path: PurePosixPath) -> bool:
    return _is_product(path) and ("domain" in path.parts or path.parts[:2] == ("shared", "values"))


def files_are_short(path: PurePosixPath, text: str) -> Iterator[str]:
    """A file that doesn't fit in a head gets a second room."""
    if path.suffix == ".py" and (lines := len(text.splitlines())) > LINES_MAX:
        yield f"{lines} lines, at most {LINES_MAX}: split along a seam"


def functions_are_short(path: PurePosixPath, text: str) -> Iterator[str]:
    """A function does one thing."""
    if path.suffix != ".py":
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES_MAX:
                yield f"{node.name} has {length} lines, at most {FUNCTION_LINES_MAX}"


def names_say_something(path: PurePosixPath, _text: str) -> Iterator[str]:
    """A module called utils is a drawer."""
    for part in path.with_suffix("").parts:
        if part in BANNED_NAMES:
            yield f"{part!r} says nothing: name what the module is about"


def rules_are_pure(path: PurePosixPath, text: str) -> Iterator[str]:
    """Domain and values import a listed handful of the standard library, and each other."""
    if not _is_pure(path):
        return
    own = ".".join(path.parts[: path.parts.index("domain") + 1]) if "domain" in path.parts else ""
    for module in _imported_modules(text):
        inside = module.startswith("shared.values") or (own and module.startswith(own))
        if not inside and module.split(".")[0] not in PURE_MODULES:
            yield f"imports {module}: rules and values touch nothing outside"


def rules_have_no_clock(path: PurePosixPath, text: str) -> Iterator[str]:
    """A rule that reads the clock or throws dice can't be repeated."""
    if _is_pure(path):
        for name in _called_names(text) & CLOCK_AND_DICE:
            yield f"calls {name}: pass the value in"


def rules_have_no_floats(path: PurePosixPath, text: str) -> Iterator[str]:
    """Money and hours are exact."""
    if not _is_pure(path):
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield f"line {node.lineno}: float {node.value}"
        elif isinstance(node, ast.Name) and node.id == "float":
            yield f"line {node.lineno}: float"
        elif (
            isinstance(node, ast.BinOp)
            and isinstance(node.op, ast.Div)
            and _is_plain_division(node)
        ):
            yield f"line {node.lineno}: / between integers makes a float; use Fraction or //"


def _is_plain_division(node: ast.BinOp) -> bool:
    return all(isinstance(side, ast.Constant) for side in (node.left, node.right))


def rules_change_nothing_made(path: PurePosixPath, text: str) -> Iterator[str]:
    """A value of the rules is what it was made as: only its own __init__ sets its attributes."""
    if not _is_pure(path):
        return
    tree = ast.parse(text)
    making = {
        node
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef) and function.name == "__init__"
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute) or isinstance(node.ctx, ast.Load):
            continue
        if node not in making:
            yield f"line {node.lineno} changes what was made: make another"


def time_comes_from_the_clock(path: PurePosixPath, text: str) -> Iterator[str]:
    """One file reads the wall clock; everything else is handed a Clock."""
    if _is_product(path) and str(path) != WALL_CLOCK_HOME:
        for name in _called_names(text) & WALL_CLOCK:
            yield f"calls {name}: use the injected Clock"


def sql_stays_in_the_store(path: PurePosixPath, text: str) -> Iterator[str]:
    """A service's statements stand in its store (or a shared package that owns the table)."""
    if path.parts[0] != "services" or path.suffix != ".py":
        return
    if "store" in path.with_suffix("").parts:
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.match(node.value):
            yield f"line {node.lineno}: SQL outside the store"


def importing_reads_nothing(path: PurePosixPath, text: str) -> Iterator[str]:
    """Importing a module reads no environment and opens nothing."""
    if not _is_product(path) and not _is_launcher(path):
        return
    for statement in ast.parse(text).body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        source = ast.unparse(statement)
        if re.search(r"\bos\.environ|\bgetenv\(|\bopen\(|\.read_text\(|\.connect\(", source):
            yield f"line {statement.lineno}: does something when imported: {source[:60]}"


def launchers_stand_apart(path: PurePosixPath, text: str) -> Iterator[str]:
    """What starts servers on this machine needs Python alone, and the product needs none of it."""
    if _is_launcher(path):
        known = sys.stdlib_module_names | {"deploy", *LAUNCHERS_MAY_KNOW}
        for module in _imported_modules(text):
            if module.split(".")[0] not in known:
                yield f"imports {module}: a launcher runs before anything is installed"
    elif _is_product(path):
        for module in _imported_modules(text):
            if module.split(".")[0] == "deploy":
                yield f"imports {module}: what is deployed knows no launcher"


def librdkafka_looks_for_no_leaders(path: PurePosixPath, text: str) -> Iterator[str]:
    """What makes librdkafka look for leaders of partitions ends processes now and then (0132)."""
    if path.suffix != ".py":
        return
    for name in _called_names(text):
        if name.rpartition(".")[2] in (
            LOOKS_FOR_LEADERS if _is_product(path) else {"list_offsets"}
        ):
            yield f"calls {name}: ask through aiokafka"


def only_public_names_of_hosts(path: PurePosixPath, text: str) -> Iterator[str]:
    """No registry's host is named in the project, so that it installs from any mirror."""
    for host in REGISTRY_HOSTS:
        if host in text:
            yield f"names the registry host {host}"


def the_project_stands_alone(path: PurePosixPath, text: str) -> Iterator[str]:
    """Nothing refers to folders outside the checkout."""
    if OUTSIDE.search(text):
        yield "refers to a folder outside the checkout"


def _imported_modules(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module or ""


def _called_names(text: str) -> set[str]:
    return {
        ast.unparse(node.func) for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)
    }


RULES: tuple[Rule, ...] = (
    files_are_short,
    functions_are_short,
    names_say_something,
    rules_are_pure,
    rules_have_no_clock,
    rules_change_nothing_made,
    rules_have_no_floats,
    time_comes_from_the_clock,
    sql_stays_in_the_store,
    importing_reads_nothing,
    launchers_stand_apart,
    librdkafka_looks_for_no_leaders,
    only_public_names_of_hosts,
    the_project_stands_alone,
)
