"""Generated tables in docs/ say what the code does, and nobody edits them by hand."""

import pytest

pytest.importorskip("rclpy", reason="QoS and parameters are read from the nodes, which need rclpy")
pytest.importorskip("cv2")

from telesurgery_nodes.channels import CHANNELS
from telesurgery_nodes.cli import docs
from telesurgery_nodes.core.link.layouts import LAYOUTS, Stream
from telesurgery_nodes.core.safety.causes import Cause
from telesurgery_nodes.errors import ConfigError
from telesurgery_nodes.session import TABLE

WIDEST = 140
EMPTY = "# x\n\n<!-- generated: {} -->\nSTALE TEXT\n<!-- end -->\n\nkept\n"


def test_every_page_is_up_to_date():
    assert not [path.name for path in docs.stale()], "run: python -m telesurgery_nodes.cli.docs"


def test_the_safety_page_opens_with_the_two_promises_and_shows_every_table():
    text = (docs.DOCS / "safety.md").read_text()
    assert text.index("can always stop the arm") < text.index("never moves faster or further") < 600
    for name in ("causes", "rules", "orders", "gate"):
        assert f"<!-- generated: {name} -->" in text
    assert all(f"| {cause.name} |" in text for cause in Cause)


def test_every_table_stands_on_exactly_one_page():
    text = "".join(path.read_text() for path in docs.DOCS.glob("*.md"))
    assert {name: text.count(f"<!-- generated: {name} -->") for name in docs.BLOCKS} == dict.fromkeys(docs.BLOCKS, 1)


def test_every_topic_is_listed_once():
    text = (docs.DOCS / "topics.md").read_text()
    rows = [line.split(" | ")[0].strip("| `") for line in text.splitlines() if line.startswith("| `")]
    assert sorted(rows) == sorted(CHANNELS)


def test_every_ros_node_has_its_parameters_and_every_process_its_row():
    parameters, session = (docs.DOCS / "parameters.md").read_text(), (docs.DOCS / "architecture.md").read_text()
    for row in TABLE:
        assert f"| `{row.name}` | {row.site} |" in session
        assert f"\n## {row.executable}\n" in parameters or not row.ros
    assert "| `side` | `surgeon` | surgeon, patient |" in parameters
    assert "| `rate` | `250.0` | 20.0 to 1000.0 |" in parameters, "a number with a point stays one: ROS refuses an int for it"


def test_the_wire_page_shows_every_stream_and_every_field():
    text = (docs.DOCS / "wire.md").read_text()
    assert all(f"| {int(stream)} | {stream.name} |" in text for stream in Stream)
    for name, layout in LAYOUTS.items():
        shown = text.split(f"<!-- generated: wire-{name} -->")[1].split("<!-- end -->")[0]
        assert all(f"| `{field.name}` |" in shown for field in layout.fields)
        assert f"|  | {layout.made().size} |  |  | {layout.where} |" in shown


def test_prose_is_wrapped():
    lines = [(path.name, number, line) for path in docs.DOCS.glob("*.md") for number, line in enumerate(path.read_text().splitlines(), 1)]
    assert not [(name, number) for name, number, line in lines if len(line) > WIDEST and not line.startswith("|")]


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
