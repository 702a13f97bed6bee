"""The config of a command, and how it is known again later."""

import os
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from bulkimport.cli.options import Common
from bulkimport.cli.secrets import forms_of
from bulkimport.config import load
from bulkimport.model import Config, Dataset, secrets_in


def load_config(path: Path, common: Common) -> Config:
    """The config; its secrets become known to the redactor. Raises ConfigError with everything that is wrong."""
    config = load(path, os.environ)
    outlets, heartbeat = config.outlets, config.outlets.heartbeat
    channels = [notification.url for notification in outlets.notifications]
    for url in (*channels, heartbeat.start, heartbeat.success, heartbeat.failure):
        if url is not None:
            common.redactor.add_url(url)  # whose path is a secret as well
    for secret in secrets_in(config):
        for form in forms_of(secret):
            common.redactor.add(form)
    state_dir = common.named_state_directory(config)
    return replace(config, full_path=str(path.absolute()), named_state_dir=state_dir)


def config_key(path: Path) -> str:
    """What identifies a config file in the journal, however it was named."""
    return os.path.realpath(path)


def spec_of(dataset: Dataset) -> dict[str, Any]:
    """What the journal keeps of a dataset's config, for reports and reruns."""
    return {
        "key": list(dataset.key),
        "payload": dataset.payload,
        "depends_on": list(dataset.depends_on),
        "tags": list(dataset.tags),
        "import": asdict(dataset.import_options),
    }
