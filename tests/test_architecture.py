"""Who may import whom, who owns which library, and how large a module may grow: read from the sources, not run."""

import ast
import sys
from collections.abc import Set
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "bulkimport"

LAYERS: tuple[tuple[str, ...], ...] = (
    ("__main__",),
    ("cli",),
    ("notify", "metrics", "tracing"),
    ("report", "progress", "log", "sandbox.server"),
    ("importer", "planner", "preflight", "retention", "sandbox"),
    ("refresh",),
    (
        *("config", "sources", "payload", "orgvue", "limiter", "journal"),
        *("snapshot", "collection", "workers", "folders", "alongside", "places", "saved_plan"),
    ),
    (
        *("plan", "guards", "diff", "retry", "results", "properties", "identity", "coherence", "forecast", "dates"),
        *("sources.choice", "sources.extract"),
        *("refresh.machine", "refresh.events", "refresh.pacing"),
    ),
    ("json_stream", "channels"),
    (
        *("errors", "model", "clock", "wording", "extras", "hosts", "signals", "link_header"),
        *("event_sink", "durability", "near_misses", "json_types", "__init__"),
    ),
)
"""Top to bottom. A name is a module, or a package without those of its modules that are named apart."""

SIDEWAYS = {
    ("errors", "model"): "an error becomes the vocabulary's ErrorReport",
    ("payload", "sources"): "a payload is made of a source's rows",
    ("snapshot", "payload"): "one way to find keys that are not unique",
    ("payload", "folders"): "one reserve of disk space",
    ("sources", "folders"): "what lands needs a private folder, and room on the disk",
    ("sandbox", "sandbox.server"): "the embedded sandbox is the server in a process of its own",
}
"""(importer, imported): what may be imported though it is not below."""

SANDBOX_SHARES = {"errors", "model", "clock"}
"""Two independent readings of the API are what makes the sandbox a check."""

OWNERS: dict[str, set[str]] = {
    "aiohttp": {"notify", "orgvue", "sandbox", "sources"},
    "apprise": {"channels"},
    "click": {"cli"},
    "backports": {"sources"},
    "compression": {"sources"},
    "duckdb": {"sources"},
    "fsspec": {"config", "sources"},
    "ijson": {"sources"},
    "jinja2": {"report"},
    "msgspec": {"snapshot"},
    "opentelemetry": {"tracing"},
    "prometheus_client": {"metrics"},
    "openpyxl": {"sources"},
    "pydantic": {"config"},
    "pydantic_core": {"config"},
    "rich": {"cli", "progress", "report"},
    "ruamel": {"config"},
    "sqlalchemy": {"sources"},
    "sqlite3": {"journal", "sandbox"},
    "sshfs": {"sources"},
    "sqlparse": {"sources"},
    "structlog": {"log"},
    "yarl": {"hosts", "notify", "orgvue", "sandbox", "sources"},
}
EVERYBODYS = {"anyio", "orjson"}

PURE = (
    *("model", "errors", "wording", "near_misses", "json_types"),
    *("plan", "guards", "diff", "retry", "results", "properties", "coherence", "forecast", "dates"),
    *("refresh.machine", "refresh.events", "refresh.pacing", "orgvue.token"),
    *("sources.choice", "sources.extract"),
)
"""Decisions: values in, values out."""
IMPURE = {
    "aiohttp",
    "anyio",
    "asyncio",
    "os",
    "pathlib",
    "socket",
    "sqlite3",
    "subprocess",
    "tempfile",
    "threading",
    "time",
}

MOST_LINES = 300
LONGER = {"journal.journal": "one front, and each method hands on"}


@dataclass(frozen=True)
class Module:
    """A module by its name within the package (`journal.codec`; a package's own file by the package's name)."""

    name: str
    lines: int
    tree: ast.Module
    ours: frozenset[str]
    outside: frozenset[str]


@cache
def modules() -> dict[str, Module]:
    paths = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}
    return {name: read(name, path, paths.keys()) for name, path in paths.items()}


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def read(name: str, path: Path, known: Set[str]) -> Module:
    text = path.read_text("utf-8")
    tree = ast.parse(text)
    imported = [one for node in ast.walk(tree) for one in imports_of(node)]
    ours, outside = set(), set()
    for module, member in imported:
        top, _, rest = module.partition(".")
        if top != PACKAGE.name:
            outside.add(top)
            continue
        submodule = f"{rest}.{member}".strip(".") if member else rest
        ours.add(submodule if submodule in known else rest or "__init__")
    return Module(name, len(text.splitlines()), tree, frozenset(ours - {name}), frozenset(outside))


def imports_of(node: ast.AST) -> list[tuple[str, str | None]]:
    """(module, member) of an import statement; relative imports are not used here."""
    if isinstance(node, ast.Import):
        return [(alias.name, None) for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, f"relative import in line {node.lineno}"
        return [(node.module or "", alias.name) for alias in node.names]
    return []


def unit(name: str) -> str | None:
    """The entry of LAYERS that a module belongs to."""
    parts = name.split(".")
    prefixes = [".".join(parts[:count]) for count in range(len(parts), 0, -1)]
    return next((prefix for prefix in prefixes if any(prefix in layer for layer in LAYERS)), None)


def depth(entry: str) -> int:
    return next(number for number, layer in enumerate(LAYERS) if entry in layer)


def is_allowed(importer: str, imported: str) -> bool:
    above, below = unit(importer), unit(imported)
    assert above is not None, f"{importer} has no place in LAYERS"
    assert below is not None, f"{imported} has no place in LAYERS"
    if above == below or depth(above) < depth(below) or (above, below) in SIDEWAYS:
        return True
    return depth(above) == depth(below) and importer.split(".")[0] == imported.split(".")[0]


def test_every_module_has_a_place() -> None:
    assert [name for name in modules() if unit(name) is None] == []


def test_imports_go_strictly_downwards() -> None:
    wrong = [
        f"{module.name} imports {other}"
        for module in modules().values()
        for other in sorted(module.ours)
        if not is_allowed(module.name, other)
    ]
    assert wrong == []


def test_the_exceptions_are_all_needed() -> None:
    used = {(unit(module.name), unit(other)) for module in modules().values() for other in module.ours}
    assert SIDEWAYS.keys() - used == set()


def test_the_sandbox_shares_only_the_vocabulary() -> None:
    wrong = [
        f"{module.name} imports {other}"
        for module in modules().values()
        for other in sorted(module.ours)
        if module.name.startswith("sandbox") and not other.startswith("sandbox") and other not in SANDBOX_SHARES
    ]
    assert wrong == []


def test_each_library_is_imported_by_its_owners_alone() -> None:
    wrong = [
        f"{module.name} imports {library}"
        for module in modules().values()
        for library in sorted(module.outside - sys.stdlib_module_names | module.outside & OWNERS.keys())
        if library not in EVERYBODYS and module.name.split(".")[0] not in OWNERS.get(library, set())
    ]
    assert wrong == []


@pytest.mark.parametrize("name", PURE)
def test_decisions_do_no_input_or_output(name: str) -> None:
    module = modules()[name]
    assert module.outside & IMPURE == frozenset()
    waiting = (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)
    assert [node for node in ast.walk(module.tree) if isinstance(node, waiting)] == []
    calls = {
        node.func.id for node in ast.walk(module.tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert calls & {"open", "print", "input"} == set()


def test_modules_stay_small() -> None:
    large = {
        name: module.lines for name, module in modules().items() if module.lines > MOST_LINES and name not in LONGER
    }
    assert large == {}


def test_the_exceptions_from_being_small_are_needed() -> None:
    assert [name for name in LONGER if modules()[name].lines <= MOST_LINES] == []


@pytest.mark.parametrize(
    ("importer", "imported", "allowed"),
    [
        ("cli.main", "importer", True),
        ("importer", "cli.main", False),
        ("refresh.driver", "refresh.machine", True),
        ("refresh.machine", "refresh.driver", False),
        ("refresh.driver", "refresh.sending", True),
        ("orgvue.client", "journal", False),
        ("journal", "orgvue.client", False),
        ("payload.prepare", "sources.csv", True),
        ("sources.csv", "payload.prepare", False),
        ("guards", "diff", False),
        ("guards", "model", True),
        ("model", "errors", False),
        ("snapshot.compare", "json_stream", True),
        ("json_stream", "results", False),
        ("notify.herald", "report", True),
        ("report", "notify.herald", False),
        ("sandbox.child", "sandbox.server", True),
    ],
)
def test_the_rule_itself(importer: str, imported: str, allowed: bool) -> None:
    """A rule that lets everything pass would pass every test above."""
    assert is_allowed(importer, imported) is allowed
