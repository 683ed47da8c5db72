"""Finding files: shipped ones, the user's, and words that fit when there is none."""

import pytest

from telesurgery_nodes.errors import ConfigError
from telesurgery_nodes.resources import find_file, find_resource


def test_a_shipped_file_is_found_and_a_missing_one_says_where_was_looked():
    assert find_resource("config/topics.yaml").is_file()
    with pytest.raises(ConfigError, match=r"'config/nowhere.yaml' is not of this package; it is below none of: .*telesurgery_nodes"):
        find_resource("config/nowhere.yaml")


def named(name):
    return find_file(name, "topics_file")


@pytest.mark.parametrize("find", [find_resource, named])
def test_an_absolute_path_is_the_users_and_is_not_looked_for_among_ours(find, tmp_path):
    with pytest.raises(ConfigError) as refused:
        find(str(tmp_path / "t.yaml"))
    assert str(tmp_path / "t.yaml") in str(refused.value)
    assert "shipped" not in str(refused.value) and "below" not in str(refused.value)
    (tmp_path / "t.yaml").write_text("")
    assert find(str(tmp_path / "t.yaml")) == tmp_path / "t.yaml"


def test_a_users_relative_path_comes_before_a_shipped_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert named("config/topics.yaml") == find_resource("config/topics.yaml")
    (tmp_path / "config").mkdir()
    (tmp_path / "config/topics.yaml").write_text("")
    assert named("config/topics.yaml") == tmp_path / "config/topics.yaml"


def test_a_relative_path_that_is_nowhere_names_both_places(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=f"topics_file: there is no {tmp_path}/t.yaml, and 't.yaml' is not of this package"):
        named("t.yaml")
