"""A folder of configuration files, loaded as a user would."""

from pathlib import Path
from typing import Any

import pytest

from bulkimport.config import load
from bulkimport.errors import ConfigError
from bulkimport.model import Config, Dataset

IDS = tuple(f"6586F21B-AD4D-4D06-A309-{number:012X}" for number in range(50))

HEAD = """\
version: 1
tenant: {base_url: sandbox}
"""
"""Two lines; whatever a test adds begins on the third."""

PEOPLE = f"""\
datasets:
  - name: people
    dataset_id: {IDS[0]}
    source: data/people.csv
    key: employeeID
"""
"""Five lines, open for further keys of the dataset."""

GOOD: dict[str, Any] = {
    "version": 1,
    "tenant": {"base_url": "https://orgvue.example", "tenant_id": "ACME", "token": "${TOKEN}"},
    "limits": {"requests_per_second": 100, "concurrent_requests": 50, "requests_per_day": 500000},
    "timeouts": {"connect": "10s", "read": "60s"},
    "retries": {"attempts": 6, "max_wait": "30s", "total": "5m"},
    "run": {"max_parallel_datasets": 16, "state_dir": "state", "fail_fast": False},
    "defaults": {"poll": {"initial": "1s", "max": "30s", "timeout": "30m"}},
    "datasets": [
        {
            "name": "people",
            "dataset_id": IDS[0],
            "source": "data/people.csv",
            "key": "employeeID",
            "payload": "json",
            "fields": {
                "employeeID": {},
                "name": None,
                "salary": {"type": "number", "default": 0},
                "dob": {"from": "Date of birth", "type": "date", "format": "%d/%m/%Y"},
                "location": {"default": "London"},
            },
            "extra_columns": "pass",
            "import": {
                "implicit_delete": True,
                "auto_id": True,
                "date_format": "YYYY-MM-DD",
                "on_property_access_denied": "fail",
                "noop_token": None,
            },
            "guards": {
                "min_rows": 1,
                "max_rows": None,
                "max_delete_rows": 500,
                "max_delete_percent": 5,
                "duplicates": "refuse",
                "required": ["employeeID"],
                "allow_item_errors": 0,
            },
            "depends_on": [],
            "tags": ["nightly"],
            "enabled": True,
        }
    ],
}
"""A document with nearly every key."""


def dataset(name: str, number: int, *more: str) -> str:
    """An entry of `datasets`, four lines and one for each of `more`."""
    lines = [
        f"  - name: {name}",
        f"    dataset_id: {IDS[number]}",
        f"    source: data/{name}.csv",
        "    key: id",
        *(f"    {line}" for line in more),
    ]
    return "\n".join(lines) + "\n"


class Folder:
    """Files below a temporary folder; `problems` are told as a user in that folder sees them."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def load(self, text: str | bytes, environ: dict[str, str] | None = None, name: str = "all.yaml") -> Config:
        return load(self.write(name, text), environ or {})

    def dataset(self, more: str = "", environ: dict[str, str] | None = None) -> Dataset:
        """The dataset `people`, with further keys given as YAML without indentation."""
        return self.load(HEAD + PEOPLE + indented(more), environ).datasets[0]

    def problems(self, text: str | bytes, environ: dict[str, str] | None = None, name: str = "all.yaml") -> list[str]:
        """`FILE:LINE: KEY: MESSAGE` each, the file relative to the folder."""
        path = self.write(name, text)
        with pytest.raises(ConfigError) as caught:
            load(path, environ or {})
        return [str(problem).replace(f"{self.path}/", "") for problem in caught.value.problems]

    def problem(self, text: str | bytes, environ: dict[str, str] | None = None, name: str = "all.yaml") -> str:
        """The only problem."""
        (problem,) = self.problems(text, environ, name)
        return problem

    def dataset_problem(self, more: str, environ: dict[str, str] | None = None) -> str:
        """The only problem of the dataset `people` with further keys, the first of which stands on line 8."""
        return self.problem(HEAD + PEOPLE + indented(more), environ)


def indented(text: str) -> str:
    return "".join(f"    {line}\n" for line in text.splitlines())
