"""Markdown around text of others: nothing in it ends its place, loads or runs anything."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tui.core.text.markdown_quoting import code, details, escaped, fence, front_matter, quoted
from tui.core.text.safe_text import one_line, safe_text

RENDER = MarkdownIt("gfm-like", {"html": True, "linkify": False})
TEXTS = st.text(
    st.sampled_from("ab `~<>!()[]*_#-=\n\t\\&;\"'/:|0123") | st.characters(), max_size=60
).map(safe_text)
PARAGRAPH = ("paragraph_open", "paragraph_close")
HOSTILE = (
    "<script>alert(1)</script>",
    "</details><h1>owned</h1>",
    "<!-- ",
    "<?php ",
    "<https://evil.example/>",
    "![x](https://evil.example/beacon.png)",
    "![x]\n\n[x]: https://evil.example/beacon.png",
    "```\nnever closed",
    "~~~\n```\n~~~\n<script>alert(1)</script>\n```",
    "- ```\n  x\n  ```\n<script>alert(1)</script>\n```\n```",
    "   ```\n<b>\n   ```\n```\n<script>",
    "````\n```\n````\n<script>alert(1)</script>\n```",
    "```js\n```js\n<script>\n```\n<script>x</script>\n```",
    "> ```\n<script>",
    "# Prompt\n\n---\n\n## Answer\n\nSetext\n===",
    "    <script>",
)


def kinds(markdown: str) -> set[str]:
    """Return the kinds of all that a renderer makes of it."""
    found = set()
    for token in RENDER.parse(markdown):
        found.add(token.type)
        found |= {child.type for child in token.children or []}
    return found


def outside(markdown: str) -> list[str]:
    """Return the kinds of what stands beside the first block of it."""
    return [token.type for token in RENDER.parse(markdown) if token.level == 0]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_quote_keeps_everything_inside_and_brings_nothing(text: str) -> None:
    made = f"{quoted(text)}\n\nafter"
    assert outside(made) == ["blockquote_open", "blockquote_close", *PARAGRAPH]
    assert not kinds(made) & {"html_block", "html_inline", "image"}


@given(TEXTS)
def test_no_text_leaves_its_quote_or_becomes_a_page(text: str) -> None:
    made = f"{quoted(text)}\n\nafter"
    assert outside(made) == ["blockquote_open", "blockquote_close", *PARAGRAPH]
    assert not kinds(made) & {"html_block", "html_inline", "image"}


def test_code_between_plain_fences_stays_as_it_was_typed() -> None:
    text = "Use <b>:\n```html\n<b>![x](y)</b>\n```\nand <i>."
    assert quoted(text) == ("> Use &lt;b>:\n> ```html\n> <b>![x](y)</b>\n> ```\n> and &lt;i>.")


def test_what_is_no_tag_stays() -> None:
    assert quoted("a < b, 1<2, x! [y]") == "> a < b, 1<2, x! [y]"


@given(TEXTS)
def test_a_fence_holds_any_text_and_nothing_else(text: str) -> None:
    tokens = RENDER.parse(f"{fence(text, 'json')}\n\nafter")
    assert [token.type for token in tokens] == [
        "fence", "paragraph_open", "inline", "paragraph_close",
    ]  # fmt: skip
    assert tokens[0].content == f"{text}\n"


@given(TEXTS.map(one_line).filter(str.strip))
def test_a_code_span_holds_any_line(line: str) -> None:
    tokens = RENDER.parse(f"Tool: {code(line)}, then")
    (inline,) = [token for token in tokens if token.type == "inline"]
    assert [one.type for one in inline.children or []] == ["text", "code_inline", "text"]
    assert (inline.children or [])[1].content.strip() == line.strip()


@given(TEXTS.map(one_line).filter(str.strip))
def test_escaped_words_are_only_words(line: str) -> None:
    made = RENDER.parse(f"*Notice: {escaped(line)}.*")
    (inline,) = [token for token in made if token.type == "inline"]
    allowed = {"em_open", "em_close", "text", "text_special"}
    assert {one.type for one in inline.children or []} <= allowed


@pytest.mark.parametrize(
    "title",
    [
        'say "yes"',
        "a: b",
        "---",
        "- x",
        "# no",
        "{a: [b",
        "it's",
        "!!python/object:os.system",
        "\\",
        "%TAG",
        "yes",
        "😀 ü",
        "\ufffe\uffff",
    ],
)
def test_a_front_matter_value_stays_one_string(title: str) -> None:
    made = front_matter({"title": title, "cost": 1.5, "none": None}).split("\n")
    assert made[0] == made[-1] == "---"
    assert made[2:4] == ["cost: 1.5", "none: null"]
    name, _, value = made[1].partition(": ")
    assert name == "title"
    assert json.loads(value) == title.strip("\ufffe\uffff")
    assert "\\u" not in value


def test_details_fold_a_block() -> None:
    made = details("Thinking", quoted("Hm. </details>"))
    assert made == "<details><summary>Thinking</summary>\n\n> Hm. &lt;/details>\n\n</details>"
