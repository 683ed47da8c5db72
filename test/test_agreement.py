"""What both sites must have alike: the same files give the same hashes, one changed byte another."""

import shutil

import pytest

from telesurgery_nodes.agreement import FILES, agreement
from telesurgery_nodes.errors import ConfigError
from telesurgery_nodes.resources import find_resource


def test_it_is_the_same_twice_and_names_what_it_is_about():
    assert agreement() == agreement() and set(agreement()) == {*FILES, "wire"}
    assert all(len(value) == 64 for value in agreement().values())


@pytest.mark.parametrize("name", ["urdf", "limits"])
def test_a_changed_a_renamed_and_a_new_file_each_change_it(tmp_path, name):
    copy = tmp_path / "copy"
    shutil.copytree(find_resource(FILES[name][0]), copy)
    same = agreement(**{name: copy})
    assert same == agreement()
    file = next(iter(sorted(copy.rglob("*.*"))))
    seen = {same[name]}
    file.write_bytes(file.read_bytes() + b" ")
    seen.add(agreement(**{name: copy})[name])
    file.rename(copy / "zzz")
    seen.add(agreement(**{name: copy})[name])
    (copy / "more").touch()
    seen.add(agreement(**{name: copy})[name])
    assert len(seen) == 4


def test_the_file_in_use_counts_and_a_missing_one_is_refused(tmp_path):
    mine = tmp_path / "safety.yaml"
    mine.write_text("timing: realtime\n")
    assert agreement(safety=mine)["safety"] != agreement()["safety"]
    assert agreement(safety="") == agreement()
    with pytest.raises(ConfigError, match="nowhere"):
        agreement(safety="nowhere.yaml")
