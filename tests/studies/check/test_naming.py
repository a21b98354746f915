"""One network under its many names, and budgets that are its own under each of them."""

import pytest

from lightbench.errors import UsageError
from lightbench.studies.check.budgets import limits_of
from lightbench.studies.check.naming import beside, meaning, respelled
from lightbench.studies.check.project import read_config


@pytest.fixture
def here(tmp_path, monkeypatch):
    (tmp_path / "nets").mkdir()
    (tmp_path / "linked").symlink_to(tmp_path / "nets")
    (tmp_path / "nets" / "net.py").touch()
    (tmp_path / "nets" / "other.py").symlink_to("net.py")
    monkeypatch.chdir(tmp_path)
    return tmp_path


SAME_FILE = (
    "./nets/net.py:Net", "nets//net.py:Net", "nets/../nets/net.py:Net", "linked/net.py:Net",
    "nets/other.py:Net", "nets/net.py:Net()", "nets/net.py:Net(  )", "nets/net.py: Net ",
)  # fmt: skip
SAME_CALL = (
    "Net(8, width=0.5, kind='a')", "Net(8,width=.5,kind='a')", "Net(8, kind='a', width=0.5)",
    'Net( 8, width=0.50, kind="a", )', "Net(0x8, width=5e-1, kind='a')",
)  # fmt: skip


@pytest.mark.parametrize("name", SAME_FILE)
def test_a_file_is_one_network_however_its_path_and_empty_call_are_written(here, name):
    assert meaning(name) == meaning("nets/net.py:Net") == meaning(f"{here}/nets/net.py:Net")


@pytest.mark.parametrize("call", SAME_CALL)
@pytest.mark.parametrize("source", ["nets/net.py:", "stack:"])
def test_arguments_are_the_same_in_any_order_and_however_python_reads_them(here, source, call):
    assert meaning(source + call) == meaning(source + SAME_CALL[0])


@pytest.mark.parametrize(
    "name",
    ["net.py:Net", "nets/net.py:Other", "nets/net.py:Net(8)", "nets/net.py:Net('')", "torchvision:Net"],
)  # fmt: skip
def test_other_networks_stay_others(here, name):
    assert meaning(name) != meaning("nets/net.py:Net")


def test_a_string_in_a_call_keeps_its_blanks_and_an_integer_is_no_float(here):
    assert meaning("a.py:Net('a b')") != meaning("a.py:Net('ab')")
    assert meaning("a.py:Net(1)") != meaning("a.py:Net(1.0)") != meaning("a.py:Net(True)")


@pytest.mark.parametrize(
    "name",
    ["a.py:Net(", "a.py:", "timm:hf-hub:a/b@main", "mobilenet_v2", "*", "a.py:" + "(" * 9999],
)
def test_what_is_no_call_has_a_meaning_too(here, name):  # fmt: skip
    assert meaning(name) == meaning(name)


@pytest.mark.parametrize("name", [*SAME_FILE, "nets/net.py:Net"])
def test_a_budget_holds_for_every_spelling_of_its_network(here, name):
    (here / "lightbench.toml").write_text('[budgets."nets/net.py:Net"]\nmadds = 10\n')
    config = read_config(here / "lightbench.toml")
    assert limits_of(config.budgets, name)["madds"].absolute == 10
    assert limits_of(config.budgets, "nets/net.py:Net(8)") == {}


def test_a_configuration_names_files_from_its_own_folder(here, monkeypatch):
    path = here / "lightbench.toml"
    path.write_text(
        'models = ["nets/net.py:Net", "resnet18"]\n[budgets."nets/net.py:Net"]\nmadds = 1'
    )
    monkeypatch.chdir(here / "nets")
    config = read_config(path)
    assert config.models == ("net.py:Net", "resnet18")
    assert "madds" in limits_of(config.budgets, "net.py:Net")
    assert beside("sub/a.py:Net", here) == "../sub/a.py:Net"
    assert beside(f"{here}/a.py:Net", here) == f"{here}/a.py:Net"


def test_two_budgets_of_one_network_are_refused(here):
    path = here / "lightbench.toml"
    path.write_text(
        '[budgets."nets/net.py:Net"]\nmadds = 1\n[budgets."linked/net.py:Net"]\nmadds = 2'
    )
    with pytest.raises(UsageError, match="one network with two budgets"):
        read_config(path)


def test_the_listed_models_may_be_spelled_otherwise_than_their_budgets(here):
    path = here / "lightbench.toml"
    path.write_text('models = ["./nets/net.py:Net"]\n[budgets."nets/net.py:Net()"]\nmadds = 1')
    assert "madds" in limits_of(read_config(path).budgets, "./nets/net.py:Net")


def test_a_baseline_has_a_network_under_any_of_its_names(here, make_record):
    stored = [make_record(model="./nets/net.py:Net()"), make_record(model="resnet18")]
    cases = [make_record(model="nets/net.py:Net").case]
    assert [r.case.model for r in respelled(stored, cases)] == ["nets/net.py:Net", "resnet18"]
