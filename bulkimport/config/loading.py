"""From the path of a configuration file to a `Config`, or to all that is wrong with it."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from bulkimport.config import convert
from bulkimport.config.advice import advice
from bulkimport.config.consistency import check_consistency
from bulkimport.config.credentials import check_tenant
from bulkimport.config.environment import secrets_among
from bulkimport.config.inclusion import ConfigFile, Inclusion
from bulkimport.config.merging import merged
from bulkimport.config.models import DatasetBlock, IncludedFile, MainFile
from bulkimport.config.outlets import check_outlets
from bulkimport.config.problems import Problems, found
from bulkimport.config.relations import check_file_relations, check_relations
from bulkimport.config.tree import MappingNode, ScalarNode, SequenceNode, text_at
from bulkimport.config.validation import validate
from bulkimport.errors import ConfigError
from bulkimport.model import Config, Dataset, Tenant


def load(path: Path | str, environ: Mapping[str, str]) -> Config:
    """The configuration at `path`, with the files it includes and the variables of `environ` put in.

    Reads those files and the token file, nothing else: that a source is missing is found out when a run comes to it.
    Raises ConfigError with every mistake, each with its file, line and key.
    """
    shown = os.fspath(path)
    problems = Problems()
    warnings: list[str] = []
    inclusion = Inclusion(environ, problems)
    inclusion.read(shown)
    file = inclusion.files[0]
    main, tenant = _main_file(file, problems, warnings)
    for included in inclusion.files[1:]:
        validate(IncludedFile, _without_datasets(included.root), problems)
    outlets = check_outlets(file.root, file.directory, problems, warnings)
    datasets = _datasets(inclusion, problems)
    problems.raise_if_any()
    if main is None or tenant is None:
        raise AssertionError("a configuration without problems has all its parts")
    config = convert.config(shown, file.directory, main, tenant, datasets)
    secrets = secrets_among((file.root for file in inclusion.files), environ)
    return replace(config, outlets=outlets, warnings=(*warnings, *advice(config)), secrets=secrets)


def dataset_names(path: Path | str, environ: Mapping[str, str]) -> list[str]:
    """The names of the datasets in a configuration, as far as it can be read: mistakes are left out, not reported."""
    inclusion = Inclusion(environ, Problems())
    try:
        inclusion.read(os.fspath(path))
    except ConfigError:
        return []
    found = [text_at(node, ("name",)) for _, node in _listed_datasets(inclusion, Problems())]
    return [str(name.value) for name in found if name is not None and name.value and not name.broken]


def _main_file(file: ConfigFile, problems: Problems, warnings: list[str]) -> tuple[MainFile | None, Tenant | None]:
    main, parts = validate(MainFile, _without_datasets(file.root), problems)
    check_file_relations(file.root, parts, problems)
    block = file.root.get("tenant")
    if not isinstance(block, MappingNode):
        return main, None
    return main, check_tenant(block, parts, file.directory, problems, warnings)


def _without_datasets(root: MappingNode) -> MappingNode:
    """The file without its list of datasets, each of which is checked by itself, with its defaults."""
    is_list = isinstance(root.get("datasets"), SequenceNode)
    return MappingNode(root.place, {k: e for k, e in root.entries.items() if not (is_list and k == "datasets")})


def _datasets(inclusion: Inclusion, problems: Problems) -> list[Dataset]:
    """The datasets of all files; incomplete if there are problems."""
    trees: list[MappingNode] = []
    datasets: list[Dataset] = []
    for file, node in _listed_datasets(inclusion, problems):
        tree = merged(node, file.defaults)
        trees.append(tree)
        block, parts = validate(DatasetBlock, tree, problems)
        check_relations(tree, parts, problems)
        if block is not None and not problems:
            datasets.append(convert.dataset(block, file.directory))
    check_consistency(trees, problems, is_complete=inclusion.is_complete)
    return datasets


def _listed_datasets(inclusion: Inclusion, problems: Problems) -> Iterator[tuple[ConfigFile, MappingNode]]:
    """Every entry of every file's `datasets` that is a mapping; reports the others, and if there is none at all."""
    is_empty = inclusion.is_complete
    for file in inclusion.files:
        listed = file.root.get("datasets")
        is_empty = is_empty and (listed is None or (isinstance(listed, SequenceNode) and not listed.items))
        for node in listed.items if isinstance(listed, SequenceNode) else ():
            if isinstance(node, MappingNode):
                yield file, node
            elif not (isinstance(node, ScalarNode) and node.broken):
                expected = "expected a mapping with name, dataset_id, source and key"
                problems.add(node.place, f"{expected}, found {found(node)}")
    if is_empty:
        place = inclusion.files[0].root.place.inside("datasets")
        problems.add(place, "there are no datasets, here or in included files: expected at least one")
