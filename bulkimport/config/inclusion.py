"""The configuration file and the files that it includes, read, with the environment variables put in.

First come a file's own datasets, then those of the files that it includes, one after the other.
A file that is reached twice is an error, not read once: which `defaults` apply to it depends on who includes it.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bulkimport.config.environment import substitute_variables
from bulkimport.config.paths import absolute, expanded
from bulkimport.config.problems import Problems, found
from bulkimport.config.tree import ConfigPlace, MappingNode, ScalarNode, SequenceNode
from bulkimport.config.yaml_document import parse
from bulkimport.errors import ConfigError, ConfigProblem

LARGEST = 16 * 1024 * 1024
"""Bytes of a configuration file. Above it something else was named, perhaps a device without end."""


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A file that was read. `shown` is its name for people, `directory` is absolute; `defaults` are those that apply to
    its datasets, the including file's before its own."""

    shown: str
    directory: str
    root: MappingNode
    defaults: tuple[MappingNode, ...]


class Inclusion:
    """Reads a file and all that it includes; mistakes go to `problems`.

    After `read`, `files` has the main file first, and `is_complete` says whether every one could be read.
    """

    def __init__(self, environ: Mapping[str, str], problems: Problems) -> None:
        self.files: list[ConfigFile] = []
        self.is_complete = True
        self._environ = environ
        self._problems = problems
        self._included_at: dict[str, ConfigPlace] = {}

    def read(self, path: str) -> None:
        """Raises ConfigError when the main file cannot be used at all."""
        try:
            file = self._file(path, path, ())
        except ValueError as error:
            raise ConfigError([ConfigProblem(path, 0, "", f"cannot be read: {error}")]) from None
        self.files.append(file)
        self._follow(file, (os.path.realpath(path),))

    def _follow(self, including: ConfigFile, chain: tuple[str, ...]) -> None:
        """`chain` holds the real paths of the files that lead here, this one last."""
        for node in _inclusions(including.root):
            path = absolute(including.directory, str(node.value))
            shown = os.path.normpath(Path(including.shown).parent / expanded(str(node.value)))
            try:
                identity = os.path.realpath(path)
                self._refuse_second_time(identity, shown, chain)
                self._included_at[identity] = node.place
                file = self._file(path, shown, including.defaults)
            except ConfigError as error:
                self._problems.extend(error.problems)
                self.is_complete = False
            except ValueError as error:
                self._problems.add(node.place, f"cannot include {found(node)}: {error}")
                self.is_complete = False
            else:
                self.files.append(file)
                self._follow(file, (*chain, identity))

    def _refuse_second_time(self, identity: str, shown: str, chain: tuple[str, ...]) -> None:
        if identity in chain:
            raise ValueError("the files include one another in a circle")
        if identity in self._included_at:
            first = self._included_at[identity]
            raise ValueError(f"it is included at {first.file}:{first.line} already")

    def _file(self, path: str, shown: str, inherited: tuple[MappingNode, ...]) -> ConfigFile:
        """Raises ValueError for a file that cannot be read, ConfigError for one that is no configuration."""
        root, problems = parse(_text(_content(path), shown), shown)
        self._problems.extend(problems)
        if not isinstance(root, MappingNode):
            what = "the file is empty" if root is None else f"expected a mapping of keys, found {found(root)}"
            raise ConfigError([ConfigProblem(shown, 1, "", f"{what}; begin with `version: 1`")])
        self._problems.extend(substitute_variables(root, self._environ))
        own = root.get("defaults")
        defaults = (*inherited, own) if isinstance(own, MappingNode) else inherited
        return ConfigFile(shown, os.path.normpath(Path(path).absolute().parent), root, defaults)


def _inclusions(root: MappingNode) -> Iterator[ScalarNode]:
    listed = root.get("include")
    for node in listed.items if isinstance(listed, SequenceNode) else ():
        if isinstance(node, ScalarNode) and isinstance(node.value, str) and node.value and not node.broken:
            yield node


def _content(path: str) -> bytes:
    """Raises ValueError, whose text says why the file cannot be read."""
    try:
        with Path(path).open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise ValueError((error.strerror or type(error).__name__).lower()) from None
    except ValueError:
        raise ValueError("no file can have such a name") from None
    if len(content) > LARGEST:
        raise ValueError(f"it has more than {LARGEST // 2**20} MiB, which is no configuration")
    return content


def _text(content: bytes, shown: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = f"not UTF-8: the byte 0x{content[error.start]:02x} does not belong there; save the file as UTF-8"
        raise ConfigError([ConfigProblem(shown, line, "", message)]) from None
