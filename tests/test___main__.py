import os
import subprocess
import sys
from pathlib import Path

import pytest


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
