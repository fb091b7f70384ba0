"""Links of a copied folder, followed as they would be in the copy."""

import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.studies.worlds.copied_links import link_faults


def folder_with(tmp_path, **links):
    folder = tmp_path / "original"
    (folder / "sub" / "deep").mkdir(parents=True)
    (folder / "a").write_text("a")
    for name, target in links.items():
        (folder / name.replace("__", "/")).symlink_to(target)
    return folder


@pytest.mark.parametrize(
    "links",
    [
        {"link": "a"},
        {"sub__deep__link": "../../a"},
        {"d": "sub/deep", "link": "d/../../a"},
        {"nowhere": "no/such/file"},
        {"one": "two", "two": "one"},
    ],
)
def test_a_link_that_stays_inside_is_no_fault(tmp_path, links):
    assert link_faults(folder_with(tmp_path, **links)) == []


@pytest.mark.parametrize(
    ("links", "fault"),
    [
        ({"link": "/etc/hosts"}, "the link link leads to /etc/hosts, an absolute path"),
        ({"link": "../x"}, "the link link leads out of the folder"),
        ({"link": "../original/a"}, "the link link leads out of the folder"),
        ({"sub__up": "../..", "link": "sub/up/x"}, "the link link leads out of the folder"),
        ({"sub__deep__up": "../..", "link": "sub/deep/up/../x"}, "the link link leads out of the folder"),
    ],
)
def test_a_link_that_would_lead_out_of_a_copy_is_named(tmp_path, links, fault):
    assert link_faults(folder_with(tmp_path, **links))[0].startswith(fault)


STEPS = st.lists(st.sampled_from(["..", "sub", "x", "y", "original"]), min_size=1, max_size=4)


@given(st.dictionaries(st.sampled_from("xyz"), STEPS))
def test_links_without_a_fault_stay_inside_every_copy(tmp_path_factory, links):
    targets = {f"sub__{name}": "/".join(parts) for name, parts in links.items()}
    folder = folder_with(tmp_path_factory.mktemp("l"), **targets)
    if link_faults(folder):
        return
    copy = tmp_path_factory.mktemp("c") / "data"
    shutil.copytree(folder, copy, symlinks=True)
    for path in copy.rglob("*"):
        try:
            assert path.resolve(strict=True).is_relative_to(copy)
        except (OSError, RuntimeError):  # a link to nothing, or to itself
            assert path.is_symlink()


def test_a_link_with_more_than_forty_links_on_its_way_leads_nowhere(tmp_path):
    chain = {f"l{n:02}": f"l{n + 1:02}" for n in range(50)}
    faults = link_faults(folder_with(tmp_path, **chain, l50="../x"))
    assert [fault.split()[2] for fault in faults] == [f"l{n}" for n in range(11, 51)]
