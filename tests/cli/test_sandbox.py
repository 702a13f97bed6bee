import json
import signal
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from tests.support.program import Started, invoke


def test_it_prints_one_line_when_it_is_ready_and_serves_until_it_is_stopped(tmp_path: Path) -> None:
    arguments = ["sandbox", "--state-dir", str(tmp_path), "--tenant", "ACME", "--token", "secret-of-the-sandbox"]
    with Started(arguments) as started:
        address = json.loads(started.read_line())
        assert address == {"base_url": address["base_url"], "tenant_id": "ACME", "token": "secret-of-the-sandbox"}
        request = Request(
            f"{address['base_url']}/api/v1/ACME/datasets", headers={"Authorization": f"Bearer {address['token']}"}
        )
        with urlopen(request, timeout=60) as answer:
            assert json.loads(answer.read()) == []
        started.send(signal.SIGTERM)
        assert started.end().code == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read"),
        ("[{", "not JSON"),
        ('[{"match": {"step": "walk"}, "action": {"status": 503}}]', "match.step"),
    ],
)
def test_a_fault_file_that_cannot_be_used_is_a_usage_error(content: str | None, words: str, tmp_path: Path) -> None:
    path = tmp_path / "faults.json"
    if content is not None:
        path.write_text(content)
    found = invoke("sandbox", "--state-dir", str(tmp_path / "state"), "--faults", str(path))
    assert (found.code, found.out) == (2, "")
    assert words in " ".join(found.err.split())
    assert str(path) in "".join(found.err.split("\n"))


def test_a_tenant_id_that_cannot_be_is_a_usage_error(tmp_path: Path) -> None:
    found = invoke("sandbox", "--state-dir", str(tmp_path), "--tenant", "acme")
    assert (found.code, found.out) == (2, "")
    assert "acme" in found.err
