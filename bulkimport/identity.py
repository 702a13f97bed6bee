"""What makes a dataset's refresh the same from one run to the next: where it goes and how it matches items."""

from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

import orjson

from bulkimport.hosts import is_loopback
from bulkimport.model import Config, Dataset, Tenant

_FACTS = ("tenant", "dataset_id", "key")


def tenant_key(config: Config) -> str:
    """What identifies the tenant in the journal: quota, leases and earlier runs belong to it."""
    return f"{config.tenant.base_url}/{config.tenant.tenant_id}"


def fingerprint(config: Config, dataset: Dataset) -> str:
    """A JSON text that changes when a refresh of the dataset would go elsewhere or would match items otherwise."""
    facts = {
        "tenant": f"{_host(config.tenant)}/{config.tenant.tenant_id}",
        "dataset_id": dataset.dataset_id,
        "key": list(dataset.key),
        "import": asdict(dataset.import_options),
    }
    return orjson.dumps(facts, option=orjson.OPT_SORT_KEYS).decode()


def differences(before: str, after: str) -> list[str]:
    """What differs between two fingerprints, such as `dataset_id: A → B`; empty if nothing does.

    An import option that only one of them knows came or went with a version of the program: that is no change.
    """
    old, new = _flat(before), _flat(after)
    names = sorted(name for name in old.keys() | new.keys() if name in _FACTS or (name in old and name in new))
    return [
        f"{name}: {_shown(old.get(name))} → {_shown(new.get(name))}" for name in names if old.get(name) != new.get(name)
    ]


def _flat(text: str) -> dict[str, Any]:
    try:
        facts: dict[str, Any] = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    options = facts.pop("import", {})
    return facts | {f"import.{name}": value for name, value in options.items()}


def _shown(value: Any) -> str:
    return "nothing" if value is None else orjson.dumps(value).decode().strip('"')


def _host(tenant: Tenant) -> str:
    """The origin's host; a loopback server's port is chance and does not count."""
    if tenant.is_sandbox:
        return tenant.base_url
    parts = urlsplit(tenant.base_url)
    return "loopback" if is_loopback(parts.hostname or "") else parts.netloc
