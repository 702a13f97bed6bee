"""The configuration file as pydantic models: every key, its default, what it expects and what it is for.

The models know one value at a time. How values fit together is in `relations` and `consistency`.
"""

from typing import Annotated, Literal, get_args

from pydantic import Field

from bulkimport.config import values
from bulkimport.config.expectations import choice, duration, exactly, percentage, switch, whole_number
from bulkimport.config.outlet_blocks import HeartbeatBlock, MetricsBlock, NotifyBlock, TelemetryBlock
from bulkimport.config.shapes import Block, OneOrMore, ShortForm, block, seconds
from bulkimport.config.source_block import SourceBlock
from bulkimport.config.source_types import path_pattern
from bulkimport.model import (
    AccessPolicy,
    BlankPolicy,
    DateFormat,
    ExtraColumns,
    ExtractOrigin,
    FieldType,
    PayloadFormat,
    Scalar,
    Secret,
    Unmapped,
)

Switch = Annotated[bool, switch()]
Count = Annotated[int, whole_number(1)]
Duration = Annotated[float, duration()]
Policy = Annotated[AccessPolicy, choice("skip", "fail")]
Property = Annotated[str, values.PROPERTY]
Key = Annotated[list[Property], OneOrMore("a property key or a list of them")]
OptionalCount = Annotated[int | None, whole_number(0).or_null()]
OptionalPercentage = Annotated[float | None, percentage().or_null()]
OptionalMark = Annotated[str | None, values.MARK.or_null()]
OptionalProperty = Annotated[str | None, values.PROPERTY.or_null()]

_ORIGINS = "^(modified|file_name)$"
KEY = "The property that identifies an item, or the list of those that do together."


class TenantBlock(Block):
    base_url: Annotated[str, values.BASE_URL] = Field(
        description="Where the tenant is: https://orgvue.<region>.concentra.io, or `sandbox`, the embedded imitation."
    )
    tenant_id: Annotated[str | None, values.TENANT_ID] = Field(
        None, description="The tenant's id. Optional with the sandbox.", json_schema_extra={"default": "SANDBOX"}
    )
    token: Annotated[Secret | None, values.TOKEN] = Field(
        None, description="The API token: best ${ORGVUE_API_TOKEN}, never the token itself.", repr=False
    )
    token_file: Annotated[str | None, values.FILE_PATH] = Field(
        None, description="A file whose first line is the API token, in place of `token`."
    )


class LimitsBlock(Block):
    requests_per_second: Count = Field(100, description="Requests to the tenant in any second.")
    concurrent_requests: Count = Field(50, description="Requests to the tenant at once.")
    requests_per_day: Count = Field(
        500_000, description="Requests to the tenant of all runs of this state directory in one UTC day."
    )


class TimeoutsBlock(Block):
    connect: Duration = seconds("10s", "The longest wait for a connection.")
    read: Duration = seconds("60s", "The longest silence on a connection.")


class RetriesBlock(Block):
    attempts: Count = Field(6, description="Attempts per request in all; 1 means no retry.")
    max_wait: Duration = seconds("30s", "The longest wait between two attempts.")
    total: Duration = seconds("5m", "The longest time that one request may take with all its retries.")


class RunBlock(Block):
    max_parallel_datasets: Count = Field(16, description="Datasets refreshed at once.")
    state_dir: Annotated[str | None, values.FILE_PATH.or_null()] = Field(
        None,
        description="Where journal, results, backups and reports are kept, relative to this file. "
        "Otherwise $BULKIMPORT_STATE_DIR, or .bulkimport in the working directory.",
    )
    fail_fast: Switch = Field(False, description="Start no further dataset once one did not succeed.")
    same_extract_date: Switch = Field(
        False, description="Import nothing unless the extracts of all selected datasets are of one day."
    )
    keep_runs: Annotated[int | None, whole_number(1).or_null()] = Field(
        None,
        description="How many runs of this config keep their folders (results, backups, logs); null keeps all. "
        "The last success of a dataset always stays.",
    )


class PollBlock(Block):
    initial: Duration = seconds(
        "1s", "The first wait before a job is looked at. Unless it is written here, the dataset's earlier jobs tell it."
    )
    max: Duration = seconds("30s", "The longest wait between two looks.")
    timeout: Duration = seconds("30m", "How long a job may take from its acceptance.")


class FieldBlock(Block):
    source_columns: Annotated[
        list[Annotated[str, values.COLUMN]] | None, OneOrMore("the name of a column or a list of them", nullable=True)
    ] = Field(
        None,
        alias="from",
        description="The source column, if its name differs from the property's; a list is joined to one text.",
    )
    separator: Annotated[str, values.ANY_TEXT] = Field("", description="What stands between the columns of a list.")
    value: Annotated[Scalar, values.SCALAR] = Field(
        None, description="A constant for every row, null too; no column is read."
    )
    type: Annotated[FieldType | None, choice("text", "number", "date", "boolean").or_null()] = Field(
        None, description="How the source's text is read; without it, it goes out as it stands."
    )
    format: Annotated[str | None, values.DATE_PATTERN.or_null()] = Field(
        None, description="Dates only: how the source writes them, as a strptime pattern.", examples=["%d/%m/%Y"]
    )
    default: Annotated[Scalar, values.SCALAR] = Field(None, description="Fills blank and missing cells.")
    trim: Annotated[bool | None, switch().or_null()] = Field(
        None, description="Take white space off; as the dataset's `trim` says, unless said here."
    )
    null_values: list[Annotated[str, values.NULL_VALUE]] | None = Field(
        None, description="Texts that count as blank; the dataset's `null_values` unless said here."
    )
    value_map: dict[str, Annotated[Scalar, values.SCALAR]] | None = Field(
        None, alias="map", description="Text in the source → value in its place."
    )
    unmapped: Annotated[Unmapped, choice("keep", "refuse", "blank")] = Field(
        "keep", description="What becomes of texts that `map` does not have: sent, an error (`failed`), or blank."
    )


class ExtractDateBlock(Block):
    origin: Annotated[ExtractOrigin | None, choice("modified", "file_name", "column")] = Field(
        None,
        alias="from",
        description="When the files were modified, a date in their name, or one in a column; told by the other "
        "keys where they are given, else modified.",
        json_schema_extra={"default": "modified"},
    )
    pattern: Annotated[str | None, values.NAME_PATTERN_OF_DATE] = Field(
        None,
        description="Where the date stands in the name; without it, the only date in it counts, the year first.",
        examples=["people-{year}{month}{day}*.csv"],
    )
    column: Annotated[str | None, values.COLUMN] = Field(
        None, description="A column of the source that has the date, the same in every row."
    )
    format: Annotated[str | None, values.DATE_PATTERN] = Field(
        None,
        description="How the column writes it, as a strptime pattern; ISO 8601 unless said.",
        examples=["%d/%m/%Y"],
    )


class ImportBlock(Block):
    implicit_delete: Switch = Field(True, description="Delete the items that are not in the source.")
    auto_id: Annotated[bool | None, switch()] = Field(
        None,
        description="Match items by the dataset's auto-id property; true unless id_key or merge_key is given.",
        json_schema_extra={"default": True},
    )
    id_key: OptionalProperty = Field(None, description="Match items by this property instead.")
    merge_key: OptionalProperty = Field(None, description="Match by this property, possibly several items per row.")
    date_format: Annotated[DateFormat, choice(*get_args(DateFormat))] = Field(
        "YYYY-MM-DD", description="How Orgvue reads the dates of the payload."
    )
    on_property_access_denied: Policy = Field("fail", description="Skip such properties, or fail the job.")
    on_item_access_denied: Policy = Field("fail", description="Skip such items, or fail the job.")
    on_action_validation_failure: Policy = Field("fail", description="Skip such actions, or fail the job.")
    noop_token: OptionalMark = Field(None, description="A text that means: leave this value unchanged.")
    clear_token: OptionalMark = Field(None, description="A text that means: clear this value.")


class GuardsBlock(Block):
    min_rows: OptionalCount = Field(1, description="Refuse a source with fewer rows.")
    max_rows: Annotated[int | None, whole_number(1).or_null()] = Field(
        None, description="Refuse a source with more rows."
    )
    max_delete_rows: OptionalCount = Field(500, description="Refuse to delete more items.")
    max_delete_percent: Annotated[float | None, percentage(100).or_null()] = Field(
        5.0, description="Refuse to delete a larger share of the items in Orgvue; 10 deletions always pass."
    )
    max_create_percent: OptionalPercentage = Field(None, description="Refuse to create more, in percent of the items.")
    max_update_percent: OptionalPercentage = Field(None, description="Refuse to update more, in percent of the items.")
    duplicates: Annotated[Literal["refuse", "first", "last"], choice("refuse", "first", "last")] = Field(
        "refuse", description="Rows of one key: refuse the source, or send the first or the last of them."
    )
    required: list[Property] | None = Field(
        None, description="Properties that no row may leave blank; the key unless said otherwise."
    )
    allow_item_errors: Annotated[int, whole_number(0)] = Field(
        0, description="Items that Orgvue may reject before the dataset counts as partial."
    )
    dangling_links: Annotated[Literal["warn", "refuse"], choice("warn", "refuse")] = Field(
        "warn", description="Links with an end that none of the datasets in `depends_on` has: tell of them, or refuse."
    )
    baseline: Annotated[Literal["live", "last_run", "none"], choice("live", "last_run", "none")] = Field(
        "live", description="What deletions are counted against: the items in Orgvue, the last run, or nothing."
    )


class DefaultsBlock(Block):
    """The keys of a dataset that may have a default for all datasets."""

    key: Key = Field(default_factory=list, description=KEY)
    payload: Annotated[PayloadFormat, choice("json", "csv")] = Field("json", description="The form of the upload.")
    fields: dict[Annotated[str, values.OWN_PROPERTY], FieldBlock | None] | None = Field(
        None, description="Property → how it is read. Without it every source column goes out under its own name."
    )
    extra_columns: Annotated[ExtraColumns, choice("pass", "drop", "refuse")] = Field(
        "pass", description="Columns that `fields` does not name: sent, left out, or an error (`failed`)."
    )
    trim: Switch = Field(False, description="Take white space off the texts of all columns.")
    null_values: list[Annotated[str, values.NULL_VALUE]] = Field(
        [], description="Texts that count as blank in all columns, such as NULL or n/a.", examples=[["NULL", "n/a"]]
    )
    blanks: Annotated[BlankPolicy, choice("as_is", "omit", "null", "clear", "noop")] = Field(
        "as_is",
        description="How blank values go out: as they are, left out of the item (JSON payloads), as null, or as the "
        "import's clear_token or noop_token.",
    )
    import_options: ImportBlock = block(ImportBlock, "The parameters of Orgvue's import.", alias="import")
    guards: GuardsBlock = block(GuardsBlock, "What is checked before anything is sent.")
    poll: PollBlock = block(PollBlock, "How a job is waited for.")
    extract_date: Annotated[
        ExtractDateBlock | None, ShortForm("from", "modified, file_name, or a mapping such as {column: asOf}", _ORIGINS)
    ] = Field(None, description="What tells the day of the extract, for run.same_extract_date.")
    depends_on: list[Annotated[str, values.DATASET_NAME]] = Field([], description="Datasets to be refreshed before.")
    tags: list[Annotated[str, values.TAG]] = Field([], description="Names for a selection: `--only tag:NAME`.")
    enabled: Switch = Field(True, description="Whether a run refreshes it.")


class DatasetBlock(DefaultsBlock):
    name: Annotated[str, values.NAME] = Field(description="How the dataset is called here, in reports and file names.")
    dataset_id: Annotated[str, values.DATASET_ID] = Field(description="The dataset's UUID in Orgvue.")
    source: Annotated[
        SourceBlock, ShortForm("path", "a path or a mapping such as {path: data/people.csv}", path_pattern())
    ] = Field(description="Where the rows come from: a path, or a mapping with its details.")
    key: Key = Field(description=KEY)


class IncludedFile(Block):
    """A file that another one includes."""

    version: Annotated[int, exactly(1, values.VERSION_WORDS)] = Field(1, description="The version of this file format.")
    include: list[Annotated[str, values.FILE_PATH]] = Field(
        [], description="Files whose datasets are added to this one's, relative to this file."
    )
    defaults: DefaultsBlock = block(DefaultsBlock, "Any dataset key but name, dataset_id and source, for all datasets.")
    datasets: list[DatasetBlock] = Field([], description="The datasets to refresh.")


class MainFile(IncludedFile):
    """The file that is named on the command line."""

    version: Annotated[int, exactly(1, values.VERSION_WORDS)] = Field(description="The version of this file format.")
    tenant: TenantBlock = Field(description="Whose datasets, and the right to change them.")
    limits: LimitsBlock = block(LimitsBlock, "What the tenant's requests are held to.")
    timeouts: TimeoutsBlock = block(TimeoutsBlock, "When a silent connection is given up.")
    retries: RetriesBlock = block(RetriesBlock, "How often a failed request is tried again.")
    run: RunBlock = block(RunBlock, "How a run goes about it.")
    notify: list[NotifyBlock] = Field([], description="Who is told how a run ended.")
    heartbeat: HeartbeatBlock = block(HeartbeatBlock, "URLs to ping, for monitoring that pages when nothing ran.")
    metrics: MetricsBlock = block(MetricsBlock, "Numbers for Prometheus.")
    telemetry: TelemetryBlock = block(TelemetryBlock, "Traces by OpenTelemetry.")
