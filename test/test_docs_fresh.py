"""Generated tables in docs/ say what the code does, and nobody edits them by hand."""

import pytest

from telesurgery_nodes.cli import docs
from telesurgery_nodes.core.safety.causes import Cause
from telesurgery_nodes.errors import ConfigError

EMPTY = "# x\n\n<!-- generated: {} -->\nSTALE TEXT\n<!-- end -->\n\nkept\n"


def test_every_page_is_up_to_date():
    assert not [path.name for path in docs.stale()], "run: python -m telesurgery_nodes.cli.docs"


def test_the_safety_page_opens_with_the_two_promises_and_shows_every_table():
    text = (docs.DOCS / "safety.md").read_text()
    assert text.index("can always stop the arm") < text.index("never moves faster or further") < 600
    for name in ("causes", "rules", "orders", "gate"):
        assert f"<!-- generated: {name} -->" in text
    assert all(f"| {cause.name} |" in text for cause in Cause)


@pytest.mark.parametrize("name", sorted(docs.BLOCKS))
def test_each_block_replaces_only_itself_and_is_stable(name):
    once = docs.render(EMPTY.format(name))
    assert "STALE TEXT" not in once and once.startswith("# x\n") and once.endswith("\n\nkept\n")
    assert docs.render(once) == once
    widths = {line.replace("\\|", "").count("|") for line in docs.BLOCKS[name]().splitlines()}
    assert len(widths) == 1, "every row has as many cells as the head"


def test_an_unknown_block_is_refused():
    with pytest.raises(ConfigError, match="nonsense"):
        docs.render(EMPTY.format("nonsense"))


def test_check_names_a_stale_page_and_changes_nothing(tmp_path, monkeypatch, capsys):
    page = tmp_path / "page.md"
    page.write_text(EMPTY.format("gate"))
    monkeypatch.setattr(docs.stale, "__defaults__", (tmp_path,))
    assert docs.main(["--check"]) == 1
    assert "STALE TEXT" in page.read_text()
    assert docs.main([]) == 0
    assert "STALE TEXT" not in page.read_text()
    assert docs.main(["--check"]) == 0
    assert "page.md: rewritten" in capsys.readouterr().out
