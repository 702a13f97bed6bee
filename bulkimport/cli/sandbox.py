"""`bulkimport sandbox`: the embedded Orgvue sandbox as a server of its own."""

import sys
from pathlib import Path

import click
import orjson

from bulkimport.cli.options import Common, common_options
from bulkimport.cli.services import SANDBOX_FOLDER, seeds_of
from bulkimport.cli.settings import load_config
from bulkimport.errors import UsageError
from bulkimport.sandbox.faults import FaultFileError, Rule, parse_rules
from bulkimport.sandbox.server import Address, SandboxOptions, run_server


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port of the API; 0 takes a free one.")
@click.option(
    "--faults",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="JSON file that says which requests go wrong, and how.",
)
@click.option("--tenant", metavar="ID", help="Accept this tenant id alone.")
@click.option(
    "--token",
    metavar="TOKEN",
    envvar="BULKIMPORT_SANDBOX_TOKEN",
    help="Accept this token alone; better through $BULKIMPORT_SANDBOX_TOKEN.",
)
@click.option(
    "--config", "config_path", type=click.Path(path_type=Path), metavar="CONFIG", help="Create this config's datasets."
)
@common_options
def sandbox(
    host: str,
    port: int,
    faults: Path | None,
    tenant: str | None,
    token: str | None,
    config_path: Path | None,
    common: Common,
) -> int:
    """Serves an imitation of Orgvue until it is stopped; its datasets live in the state directory.

    Prints one JSON line when it is ready: base_url, tenant_id and token. It accepts any tenant id and any token unless
    --tenant and --token are given.
    """
    config = load_config(config_path, common) if config_path is not None else None
    rules = _rules(faults)
    try:
        options = SandboxOptions(
            data_dir=common.state_directory(config) / SANDBOX_FOLDER,
            host=host,
            port=port,
            tenant=tenant,
            token=token,
            faults=rules,
            seeds=seeds_of(config.datasets, config) if config is not None else (),
        )
    except ValueError as error:
        raise UsageError(f"{error}.", hint="See `bulkimport sandbox --help`.") from error
    common.has_shown = True  # the line that says that it is ready
    return run_server(options, _announce)


def _announce(address: Address) -> None:
    line = {"base_url": address.base_url, "tenant_id": address.tenant_id, "token": address.token}
    sys.stdout.buffer.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
    sys.stdout.flush()


def _rules(path: Path | None) -> tuple[Rule, ...]:
    if path is None:
        return ()
    try:
        return parse_rules(path.read_bytes())
    except OSError as error:
        raise UsageError(
            f"The fault file {path} cannot be read: {error.strerror or error}.", hint="Check its path."
        ) from error
    except FaultFileError as error:
        raise UsageError(
            "\n".join(f"{path}: {problem}" for problem in error.problems), hint="Correct the fault file."
        ) from error
