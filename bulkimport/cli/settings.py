"""The config of a command, and how it is known again later."""

import hashlib
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

from bulkimport.cli.options import Common
from bulkimport.config import load
from bulkimport.model import Config, Dataset


def load_config(path: Path, common: Common) -> Config:
    """The config; its token becomes known to the redactor. Raises ConfigError with everything that is wrong."""
    config = load(path, os.environ)
    if config.tenant.token is not None:
        common.redactor.add(config.tenant.token)
    return config


def config_key(path: Path) -> str:
    """What identifies a config file in the journal, however it was named."""
    return os.path.realpath(path)


def tenant_key(config: Config) -> str:
    """What identifies the tenant in the journal: quota, leases and earlier runs belong to it."""
    return f"{config.tenant.base_url}/{config.tenant.tenant_id}"


def fingerprint(config: Config, dataset: Dataset) -> str:
    """Changes when a refresh of the dataset would go elsewhere or match items otherwise."""
    facts = [tenant_key(config), dataset.dataset_id, list(dataset.key), asdict(dataset.import_options)]
    return hashlib.sha256(orjson.dumps(facts, option=orjson.OPT_SORT_KEYS)).hexdigest()


def spec_of(dataset: Dataset) -> dict[str, Any]:
    """What the journal keeps of a dataset's config, for reports and reruns."""
    return {
        "key": list(dataset.key),
        "payload": dataset.payload,
        "depends_on": list(dataset.depends_on),
        "tags": list(dataset.tags),
        "import": asdict(dataset.import_options),
    }
