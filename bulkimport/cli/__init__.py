"""The front door: commands, options, exit codes."""

from bulkimport.cli.main import run_command_line

__all__ = ["run_command_line"]
