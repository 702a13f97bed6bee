"""Random datasets and sources for one sandbox, whose dataset is filled anew for each example."""

import itertools
import json
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from bulkimport.sandbox.world import DatasetSeed, PropertySeed
from tests.support.program import TOKEN, Workplace, id_of
from tests.support.sandbox import ThreadedSandbox

Row = dict[str, Any]
NAME = "people"
SEED = DatasetSeed(
    id_of(NAME),
    NAME,
    auto_id="id",
    properties=(
        PropertySeed("id"),
        PropertySeed("name"),
        PropertySeed("salary", "number"),
        PropertySeed("dob", "date"),
        PropertySeed("active", "boolean"),
    ),
)

KEYS = st.integers(0, 30).map(lambda number: f"E{number:02}")
NAMES = st.sampled_from(["", "Ann", "Zoë", 'O"Neill, "Bob"', "line\nbreak", "0", "007"])
VALUES = {
    "salary": st.sampled_from([None, 0, 1, -3, 65000, 2.5, 1e20]),
    "dob": st.sampled_from([None, "2001-02-03", "1999-12-31"]),
    "active": st.sampled_from([None, True, False]),
}
HELD = st.lists(
    st.fixed_dictionaries({"id": KEYS, "name": NAMES, **VALUES}), max_size=25, unique_by=lambda item: item["id"]
)
"""What a dataset holds. A text property always has a value: whether a blank one is a value is a matter of opinion."""

TYPED = st.lists(
    st.fixed_dictionaries({"id": KEYS, "name": NAMES}, optional=VALUES), max_size=25, unique_by=lambda row: row["id"]
)
"""Rows of a JSON source: a property that is absent stays as it is."""

TEXTS = st.lists(
    st.fixed_dictionaries(
        {
            "id": KEYS,
            "name": NAMES,
            "salary": st.sampled_from(["", "0", "1", "1.0", "+65000", "2.50", " 7"]),
            "dob": st.sampled_from(["", "2001-02-03", "1999-12-31"]),
            "active": st.sampled_from(["", "true", "False"]),
        }
    ),
    max_size=25,
    unique_by=lambda row: row["id"],
)
"""Rows of a CSV source, all of it text."""


@dataclass
class World:
    """A sandbox and a folder; each example gets a workplace of its own in it."""

    folder: Path
    sandbox: ThreadedSandbox
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def holding(self, items: Sequence[Row], **settings: Any) -> Workplace:
        """A workplace whose one dataset holds exactly these items; `settings` are the dataset's."""
        self._fill(items)
        work = Workplace(self.folder / str(next(self._numbers)), self.sandbox.address)
        work.folder.mkdir()
        work.settings["defaults"]["poll"] |= {"initial": "2ms", "max": "20ms"}
        entry = {"name": NAME, "dataset_id": id_of(NAME), "source": "people.json", "key": "id"}
        work.datasets.append(entry | settings)
        return work

    def held(self) -> list[Row]:
        """What the sandbox holds, without what is its own: in the order of the keys."""
        items = (
            {key: value for key, value in item.items() if key != "_id"} for item in self.sandbox.items(id_of(NAME))
        )
        return sorted(items, key=lambda item: str(item["id"]))

    def _fill(self, items: Sequence[Row]) -> None:
        address = self.sandbox.address
        query = "implicitDelete=true&autoId=true&onActionValidationFailure=fail"
        rows = [{"_action": "createOrReplace"} | {key: v for key, v in item.items() if v is not None} for item in items]
        request = urllib.request.Request(
            f"{address.base_url}/api/v1/{address.tenant_id}/datasets/{id_of(NAME)}/items?{query}",
            data=json.dumps(rows).encode(),
            method="PUT",
        )
        request.add_header("Authorization", f"Bearer {TOKEN}")
        request.add_header("Content-Type", "application/json; charset=UTF-8")
        with urllib.request.urlopen(request, timeout=60) as response:
            assert response.status == 200, response.read()
