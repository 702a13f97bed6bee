import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bulkimport.sandbox.world import python_environment


@pytest.mark.parametrize("descriptors", [(0,), (1,), (2,), (1, 2), (0, 1, 2)])
def test_a_process_without_standard_streams_works_all_the_same(descriptors: tuple[int, ...], tmp_path: Path) -> None:
    def close() -> None:
        for descriptor in descriptors:
            os.close(descriptor)

    done = subprocess.run(
        [sys.executable, "-m", "bulkimport", "history", "--state-dir", str(tmp_path)],
        preexec_fn=close,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_names_of_any_language_are_known_in_a_locale_that_has_none(tmp_path: Path) -> None:
    folder = tmp_path / "Zoë"
    folder.mkdir()
    (folder / "Über.csv").write_text("id,näme\n1,Zoë\n", "utf-8")
    source = {"name": "größe", "dataset_id": "6586F21B-AD4D-4D06-A309-712AF47184A2", "source": "Über.csv", "key": "id"}
    config = {"version": 1, "tenant": {"base_url": "sandbox", "tenant_id": "A"}, "datasets": [source]}
    (folder / "alles.yaml").write_text(json.dumps(config), "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "bulkimport", "check", str(folder / "alles.yaml"), "--state-dir", str(folder / "état")],
        env=python_environment() | {"PYTHONUTF8": "0", "LC_ALL": "POSIX"},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert "größe" in done.stdout.decode()
    assert (folder / "état" / "journal.db").is_file()
