"""YAML text to a tree with places."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bulkimport.config.tree import MappingNode, Node, ScalarNode, SequenceNode, find, plain
from bulkimport.config.yaml_document import parse
from bulkimport.errors import ConfigError


def tree(text: str) -> Node:
    root, problems = parse(text, "f.yaml")
    assert not problems
    assert root is not None
    return root


def problems(text: str) -> list[str]:
    try:
        _, found = parse(text, "f.yaml")
    except ConfigError as error:
        found = error.problems
    return [str(problem) for problem in found]


def test_values_are_those_of_yaml_1_2() -> None:
    text = "a: no\nb: 'yes'\nc: 12\nd: '12'\ne: true\nf:\ng: |\n  two\n  lines\nh: 1.5\ni: 2026-11-23\n7: x\n"
    assert plain(tree(text)) == {
        "a": "no", "b": "yes", "c": 12, "d": "12", "e": True, "f": None, "g": "two\nlines\n", "h": 1.5,
        "i": "2026-11-23", "7": "x",
    }  # fmt: skip


def test_every_value_knows_its_line_and_dotted_key() -> None:
    root = tree("# comment\na:\n  b:\n    - x\n\n    - c: 1\n      'd e': {f: [2]}\n  g:\n    far\n  h:\n")
    places = {
        path: (node.place.line, node.place.key)
        for path in [
            ("a",),
            ("a", "b"),
            ("a", "b", 0),
            ("a", "b", 1, "c"),
            ("a", "b", 1, "d e", "f", 0),
            ("a", "g"),
            ("a", "h"),
        ]
        if (node := find(root, path)) is not None
    }
    assert places == {
        ("a",): (2, "a"),
        ("a", "b"): (3, "a.b"),
        ("a", "b", 0): (4, "a.b[0]"),
        ("a", "b", 1, "c"): (6, "a.b[1].c"),
        ("a", "b", 1, "d e", "f", 0): (7, 'a.b[1]["d e"].f[0]'),
        ("a", "g"): (9, "a.g"),
        ("a", "h"): (10, "a.h"),
    }


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
def test_lines_are_counted_as_editors_do(line_break: str) -> None:
    root = tree(line_break.join(["a: 1", "b: 'x\u2028y'", "", "c: 2"]))
    assert isinstance(root, MappingNode)
    assert root.entries["c"].place.line == 4


def test_a_line_separator_inside_a_text_is_not_a_line() -> None:
    root = tree('a: "x\u0085\u2028y"\nb: 1\n')
    assert isinstance(root, MappingNode)
    assert root.entries["b"].place.line == 2


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n---\n"[:4]])
def test_an_empty_document_is_no_tree(text: str) -> None:
    root, found = parse(text, "f.yaml")
    assert root is None or plain(root) is None
    assert not found


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\nb: [\nc: 2\n", 3, "not valid YAML"),
        ("a: 'open\nb: 1\n\n", 2, "unexpected end of stream (while scanning a quoted scalar that begins on line 1)"),
        ("a: 1\nb: {c: ${NAME}}\n", 2, "inside { } and [ ] a variable needs quotes: '${NAME}'"),
        ("a:\n\tb: 1\n", 2, "cannot start any token"),
        ("a: b: c\n", 1, "mapping values are not allowed here"),
        ("a: 1\nb: \x07\n", 2, "the character U+0007 is not allowed"),
        ('a: 1\nb: "\\UFFFFFFFF"\n', 2, "not valid YAML"),
        ('a: 1\nb: "\\ud800"\n', 2, "surrogate"),
        ("a: 1\n---\nb: 2\n", 2, "a second YAML document begins here"),
        ("a: 1\nb: *nothing\n", 2, "the alias *nothing names no value that stands before it"),
        ("a: &x [*x]\n", 1, "the alias *x names no value"),
        ("a:\n  " + "[" * 40 + "]" * 40 + "\n", 2, "nested more than 30 levels deep"),
    ],
)
def test_what_cannot_be_read_is_an_error_with_its_line(text: str, line: int, words: str) -> None:
    (problem,) = problems(text)
    assert problem.startswith(f"f.yaml:{line}: ")
    assert words in problem


def test_duplicate_keys_are_all_reported_with_both_lines() -> None:
    assert problems("a: 1\nb: {c: 1, c: 2}\na: 3\n") == [
        "f.yaml:2: b.c: this key stands here twice, first on line 2: keep one of them",
        "f.yaml:3: a: this key stands here twice, first on line 1: keep one of them",
    ]


def test_duplicate_keys_are_reported_beside_a_syntax_error() -> None:
    found = problems("a: 1\na: 2\nb: [\n")
    assert ["twice" in problem for problem in found] == [True, False]


def test_aliases_repeat_values_and_merge_keys_fill_in_what_is_absent() -> None:
    text = "base: &b {x: 1, y: 2}\nalias: *b\nmerged: {<<: *b, y: 3}\nboth: {<<: [{x: 9}, *b]}\n"
    assert plain(tree(text)) == {
        "base": {"x": 1, "y": 2}, "alias": {"x": 1, "y": 2}, "merged": {"y": 3, "x": 1}, "both": {"x": 9, "y": 2},
    }  # fmt: skip


def test_only_mappings_can_be_merged() -> None:
    assert problems("a:\n  <<: 5\n") == [
        'f.yaml:2: a["<<"]: `<<` merges mappings: expected an alias of one, or a list of them'
    ]


def test_aliases_that_grow_without_bounds_are_refused() -> None:
    doubling = "k0: &k0 [x, x]\n" + "".join(f"k{n}: &k{n} [*k{n - 1}, *k{n - 1}]\n" for n in range(1, 28))
    assert "aliases make this file too large or too deep" in problems(doubling)[0]
    towering = "k0: &k0 [x]\n" + "".join(f"k{n}: &k{n} [*k{n - 1}]\n" for n in range(1, 60))
    assert "aliases make this file too large or too deep" in problems(towering)[0]


def test_characters_escaped_as_in_json_are_whole() -> None:
    assert plain(tree('{"\\ud83d\\ude00": "a\\ud83d\\ude00b"}')) == {"\U0001f600": "a\U0001f600b"}


def test_a_key_must_be_text() -> None:
    assert problems("a: 1\n? [x]\n: 2\n") == ["f.yaml:2: a key must be text, not a list or a mapping"]


def test_an_alias_of_a_text_can_be_a_key() -> None:
    assert plain(tree("a: &x name\n*x : 1\n")) == {"a": "name", "name": 1}


def test_core_tags_are_obeyed_and_others_refused() -> None:
    assert plain(tree("a: !!str 5\nb: ! 5\nc: !!int 5\nd: !!map {}\ne: !!seq []\n")) == {
        "a": "5",
        "b": "5",
        "c": 5,
        "d": {},
        "e": [],
    }
    assert problems("a: !!python/object:os.system x\nb: !own {}\nc: !!set [x]\n") == [
        "f.yaml:1: a: the tag tag:yaml.org,2002:python/object:os.system has no meaning here: leave it out",
        "f.yaml:2: b: the tag !own has no meaning here: leave it out",
        "f.yaml:3: c: the tag tag:yaml.org,2002:set has no meaning here: leave it out",
    ]


def check_shape(node: Node) -> None:
    assert node.place.line >= 1
    match node:
        case ScalarNode():
            pass
        case SequenceNode():
            for item in node.items:
                check_shape(item)
        case MappingNode():
            for entry in node.entries.values():
                check_shape(entry.value)


CHARACTERS = "[]{},'\"!|>?#%@`1~\\ \n\t\r\ufeff\u2028\0"
FRAGMENTS = ["a ", ": ", "- ", "  ", "&x ", "*x", "!!str ", "...", "<<", "%YAML 1.1", "\\x", "\\u12", "---\n"]
yaml_like = st.lists(st.sampled_from([*CHARACTERS, *FRAGMENTS]), max_size=25).map("".join)


@given(yaml_like | st.text())
@example("? ")
@example("&x")
@example("!")
@example("*")
@example("%TAG ! x\n--- !a b")
def test_any_text_becomes_a_tree_or_a_config_error(text: str) -> None:
    try:
        root, _ = parse(text, "f.yaml")
    except ConfigError as error:
        lines = [problem.line for problem in error.problems]
    else:
        lines = []
        if root is not None:
            check_shape(root)
    assert all(line >= 1 for line in lines)
