from pathlib import Path

import pytest
from blockbuster import BlockingError

from bulkimport.orgvue.download import _PartFile


async def test_a_blocking_call_of_ours_on_the_event_loop_fails_the_test(tmp_path: Path) -> None:
    with pytest.raises(BlockingError):
        _PartFile(tmp_path / "file")._discard()
