from dataclasses import replace

from bulkimport.report.layout import Layout
from bulkimport.report.past import past_document, past_text
from bulkimport.report.summary import dataset_document, history_document
from tests.report.examples import PARTIAL, SUCCEEDED, UNKNOWN, run_of

TRAINING = replace(PARTIAL, duration_s=65)
PAST = [
    (run_of(PARTIAL, SUCCEEDED).as_history(), TRAINING),
    (
        replace(run_of(UNKNOWN).as_history(), run_id="20261122T020000Z-0001"),
        replace(UNKNOWN, name="training", rows=None),
    ),
]


def test_one_dataset_is_shown_a_line_a_run() -> None:
    assert past_text("training", PAST, Layout(100)) == (
        "training, in configs/all.yaml, the last run first:\n"
        "\n"
        "run                    status   rows  created  updated  deleted  skipped  failed    time\n"
        "20261123T020000Z-7f3a  partial    24      235        0        0        0       5  1m 05s\n"
        "20261122T020000Z-0001  unknown     -        -        -        -        -       -     12s\n"
    )


def test_the_config_is_told_where_there_are_several() -> None:
    other = (replace(PAST[1][0], config="weekly.yaml"), PAST[1][1])
    text = past_text("training", [PAST[0], other], Layout(120))
    assert text.splitlines()[0] == "training, the last run first:"
    assert [line.split()[-1] for line in text.splitlines()[2:]] == ["config", "configs/all.yaml", "weekly.yaml"]


def test_the_document_is_a_history_with_the_dataset_in_every_run() -> None:
    document = past_document("training", PAST)
    assert list(document) == ["schema", "dataset", "runs"]
    plain = history_document(entry for entry, _ in PAST)["runs"]
    assert [{key: value for key, value in run.items() if key != "dataset"} for run in document["runs"]] == plain
    assert document["runs"][0]["dataset"] == dataset_document(TRAINING)
