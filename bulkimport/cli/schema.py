"""`bulkimport schema`: the config file's JSON Schema, for editors."""

import click

from bulkimport.cli.options import EXIT_SUCCESS, Common, common_options
from bulkimport.config import json_schema


@click.command()
@common_options
def schema(common: Common) -> int:
    """Prints the JSON Schema of the config file, for completion and checks in editors."""
    common.show_document(json_schema())
    return EXIT_SUCCESS
