"""The configuration file: `load` reads and checks it, `json_schema` describes it to editors."""

from bulkimport.config.durations import parse_duration
from bulkimport.config.loading import dataset_names, load
from bulkimport.config.schema import json_schema

__all__ = ["dataset_names", "json_schema", "load", "parse_duration"]
