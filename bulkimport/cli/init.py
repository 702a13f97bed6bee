"""`bulkimport init`: a config to start from, made of a source."""

import json
import os
import random
import re
import secrets
import sys
import tempfile
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import click

from bulkimport.cli.options import EXIT_SUCCESS, Common, common_options
from bulkimport.cli.services import open_service
from bulkimport.cli.settings import load_config
from bulkimport.clock import SystemClock
from bulkimport.config import load
from bulkimport.config.expectations import MismatchError
from bulkimport.config.values import NAME
from bulkimport.errors import ConfigError, UsageError
from bulkimport.folders import Spool
from bulkimport.journal import Journal
from bulkimport.log import configure
from bulkimport.model import Config, CsvSource, Source
from bulkimport.payload import ColumnPreview, survey
from bulkimport.report.starter import NO_ID, Target, starter_document, starter_text
from bulkimport.sources.size import source_size
from bulkimport.sources.sniff import sniff
from bulkimport.workers import Workers

_NOT_IN_NAMES = re.compile(r"[-\s]*[/\\,:*?=\[\]\x00-\x1f\x7f]+[-\s]*")
_AT_THE_ENDS = re.compile(r"^[\s.+-]+|[\s-]+$")
_LONGEST_NAME = 64


@click.command()
@click.argument("source")
@click.option("--name", help="What to call the dataset; else as the file is called.")
@click.option("--type", "kind", help="The type of the source, where its extension does not tell it.")
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="CONFIG",
    help="Ask the tenant of this config for the dataset's properties.",
)
@click.option("--dataset-id", metavar="UUID", help="The dataset in that tenant.")
@common_options
def init(
    source: str, name: str | None, kind: str | None, config: Path | None, dataset_id: str | None, common: Common
) -> int:
    """Prints a config to start from, made of what SOURCE (a path) looks like.

    With --config and --dataset-id its columns are matched with the properties of a dataset in Orgvue. Sends nothing.
    """
    if (config is None) != (dataset_id is None):
        raise UsageError("--config and --dataset-id go together.", hint="Give both to match columns with properties.")
    if "://" in source:
        raise UsageError(f"{source} is not on this machine.", hint="Copy a few of its rows to a file, and name that.")
    called = _name_of(source) if name is None else _checked(name)
    block = {"path": source, **({"type": kind} if kind else {})}
    loaded = load_config(config, common) if config is not None else None
    found = _source(block)
    if isinstance(found, CsvSource):
        block |= _dialect(found)
        found = _source(block)
    with configure(common.log_format, common.log_level, common.redactor, stream=sys.stderr):
        columns = anyio.run(_survey, found, common.state_directory(loaded))
        target = anyio.run(_target, loaded, dataset_id, common) if loaded and dataset_id else None
    if common.output == "json":
        # In ASCII, since YAML, as which a config is read, does not have all characters that JSON has.
        common.show_text(json.dumps(starter_document(called, block, columns, target), indent=2) + "\n")
    else:
        common.show_text(common.redactor.text(starter_text(called, block, columns, target)))
    return EXIT_SUCCESS


def _name_of(source: str) -> str:
    """What a dataset may be called whose source this is: much like the file, as far as names go."""
    stem = _NOT_IN_NAMES.sub("-", Path(source).name.split(".")[0])
    return _AT_THE_ENDS.sub("", stem)[:_LONGEST_NAME].rstrip() or "dataset"


def _checked(name: str) -> str:
    try:
        NAME.parse(name)
    except MismatchError:
        raise UsageError(f"--name {name!r} is no name of a dataset.", hint=f"Give it {NAME.words}.") from None
    return name


def _source(block: dict[str, Any]) -> Source:
    """The source as a config has it, by the way that configs go. Raises UsageError."""
    anywhere = {**block, "path": os.path.abspath(block["path"]).replace("${", "$${")}  # noqa: PTH100 (a pattern, not a path)
    dataset = {"name": "starter", "dataset_id": NO_ID, "source": anywhere, "key": "key"}
    document = {"version": 1, "tenant": {"base_url": "sandbox"}, "datasets": [dataset]}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "starter.yaml")
        path.write_text(json.dumps(document), "utf-8")
        try:
            return load(path, {}).datasets[0].source
        except ConfigError as error:
            message = "; ".join(problem.message for problem in error.problems)
            raise UsageError(f"{block['path']} cannot be a source: {message}.", hint="Say which with --type.") from None


def _dialect(source: CsvSource) -> dict[str, str]:
    """What a config has to say of a delimited text beyond its defaults. Raises SourceError."""
    dialect = sniff(source.paths[0])
    found = {}
    if dialect.delimiter != source.delimiter:
        found["delimiter"] = dialect.delimiter
    if dialect.encoding != source.encoding:
        found["encoding"] = dialect.encoding
    return found


async def _survey(source: Source, state_dir: Path) -> tuple[ColumnPreview, ...]:
    spool = Spool(state_dir, f"init-{secrets.token_hex(4)}")
    await anyio.to_thread.run_sync(spool.open)
    try:
        size = await anyio.to_thread.run_sync(source_size, source)
        return await Workers(1).run(survey, source, str(spool.folder / "landing"), size=size)
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(spool.close)


async def _target(config: Config, dataset_id: str, common: Common) -> Target:
    """What Orgvue knows of the dataset. Raises ServiceError."""
    clock, rng = SystemClock(), random.Random()
    state_dir = common.state_directory(config)
    datasets = [one for one in config.datasets if one.dataset_id == dataset_id.upper()]
    async with (
        Journal.open(state_dir, clock) as journal,
        open_service(config, datasets, journal, state_dir, clock, rng, common.redactor) as service,
    ):
        metadata = await service.client.metadata(dataset_id.upper())
    properties = {key: one.type for key, one in metadata.properties.items()}
    return Target(metadata.dataset_id, metadata.auto_id, properties)
