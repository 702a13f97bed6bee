"""Sources that come as columns, through the whole program."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.scenarios.checks import assert_no_secret, assert_sound_summary
from tests.support.program import at_work, id_of, people, seed


def test_a_file_a_table_and_a_query_give_the_same_items(tmp_path: Path) -> None:
    rows = people(30)
    names = ("csv", "parquet", "duckdb", "cut", "wrong")
    with at_work(tmp_path, *(seed(name, []) for name in names[:3]), *(seed(name, rows) for name in names[3:])) as (
        work,
        sandbox,
    ):
        work.settings = {}  # worker processes that load large libraries are not quick
        work.add("csv", rows)
        columns = {name: pa.array([row[name] for row in rows]) for name in rows[0]}
        pq.write_table(pa.table(columns), tmp_path / "all.parquet")
        (tmp_path / "cut.parquet").write_bytes((tmp_path / "all.parquet").read_bytes()[:-9])
        query = "select id, c.name from 'all.parquet' p join read_csv('csv.csv', all_varchar = true) c using (id)"
        work.add("parquet", None, source="all.parquet")
        work.add("duckdb", None, source={"type": "duckdb", "query": f"{query} order by id;"})
        work.add("cut", None, source="cut.parquet")
        work.add("wrong", None, source={"type": "duckdb", "query": "select * from 'missing.parquet'"})

        run = work.run()

        assert [run.dataset(name)["error"] for name in names[:3]] == [None] * 3
        assert run.statuses == {**dict.fromkeys(names[:3], "succeeded"), "cut": "failed", "wrong": "failed"}
        assert {run.dataset(name)["error"]["stage"] for name in names[3:]} == {"source"}
        items = [
            sorted((str(item["id"]), item["name"]) for item in sandbox.items(id_of(name)))
            for name in ("csv", "parquet", "duckdb", "cut")
        ]
        assert items == [items[0]] * 4
        assert len(items[0]) == 30
    assert list((work.state / "spool").glob("*/*")) == []
    assert_sound_summary(run.document)
    assert_no_secret(work, run)
