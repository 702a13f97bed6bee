"""Finding one's way in a tree."""

import pytest

from bulkimport.config.tree import ConfigPlace, Node, Path, PathPart, ScalarNode, dotted, find, nearest, plain, text_at
from bulkimport.config.yaml_document import parse


@pytest.fixture
def root() -> Node:
    tree, _ = parse("a: {b: [x, 5]}\nsource: data.csv\n", "f")
    assert tree is not None
    return tree


@pytest.mark.parametrize(
    ("key", "step", "expected"),
    [
        ("", "run", "run"),
        ("run", "state_dir", "run.state_dir"),
        ("datasets", 3, "datasets[3]"),
        ("fields", "Date of birth", 'fields["Date of birth"]'),
        ("fields", "a.b", 'fields["a.b"]'),
        ("fields", "\x1b[31m", 'fields["\\u001b[31m"]'),
        ("fields", "größe", 'fields["gr\\u00f6\\u00dfe"]'),
    ],
)
def test_keys_are_dotted_and_odd_ones_quoted(key: str, step: PathPart, expected: str) -> None:
    assert dotted(key, step) == expected


def test_a_place_inside_has_the_same_line() -> None:
    assert ConfigPlace("f", 7, "a").inside("b") == ConfigPlace("f", 7, "a.b")


@pytest.mark.parametrize("path", [("x",), ("a", "b", 2), ("a", 0), ("source", "path"), ("a", "b", "c")])
def test_a_path_that_leads_nowhere_finds_nothing(root: Node, path: Path) -> None:
    assert find(root, path) is None


@pytest.mark.parametrize(("path", "key"), [(("source", "path", 0), "source"), (("a", "b", 7), "a.b"), (("x", "y"), "")])
def test_the_nearest_is_the_last_on_the_way(root: Node, path: Path, key: str) -> None:
    assert nearest(root, path).place.key == key


def test_text_is_found_only_where_whole_text_is(root: Node) -> None:
    text = text_at(root, ("a", "b", 0))
    assert text is not None
    assert text.value == "x"
    assert text_at(root, ("a", "b", 1)) is None
    assert text_at(root, ("a", "b")) is None
    text.broken = True
    assert text_at(root, ("a", "b", 0)) is None


def test_a_broken_value_is_an_empty_text_to_the_models() -> None:
    assert plain(ScalarNode(ConfigPlace("f", 1), "half a value", broken=True)) == ""
