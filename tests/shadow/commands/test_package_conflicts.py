"""What is said when a package of another distribution stands in the place of one of ours."""

from shadow.commands.package_conflicts import crowded_out


def test_our_own_packages_are_where_they_should_be():
    assert crowded_out() == ""


def test_a_package_from_elsewhere_is_named_with_its_place(tmp_path):
    said = crowded_out(tmp_path)
    assert "another distribution's package 'proxy'" in said
    assert said.endswith("install sameweights in its own environment")
