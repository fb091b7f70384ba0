"""The command `sameweights dashboards` with its options."""

from typer.testing import CliRunner

from shadow.cli import app


def test_the_command_states_what_it_wrote(tmp_path):
    ran = CliRunner().invoke(app, ["dashboards", str(tmp_path / "out"), "--pages", "https://audit.example"])
    assert ran.exit_code == 0, ran.output
    assert f"{sum(path.is_file() for path in (tmp_path / 'out').rglob('*'))} files written" in ran.output
    assert (tmp_path / "out" / "prometheus" / "prometheus.yml").exists()


def test_the_job_is_passed_on_and_a_wrong_one_is_a_sentence(tmp_path):
    ran = CliRunner().invoke(app, ["dashboards", str(tmp_path), "--job", "audit"])
    assert ran.exit_code == 0, ran.output
    assert 'up{job="audit"}' in (tmp_path / "prometheus" / "alerts.yml").read_text()
    assert CliRunner().invoke(app, ["dashboards", str(tmp_path), "--job", "a b"]).exit_code != 0


def test_kubernetes_writes_the_manifests_with_the_image_and_nothing_else(tmp_path):
    ran = CliRunner().invoke(app, ["dashboards", str(tmp_path), "--kubernetes", "--image", "registry.example/s:1"])
    assert ran.exit_code == 0, ran.output
    assert "5 files written" in ran.output
    assert "image: registry.example/s:1\n" in (tmp_path / "statefulset.yaml").read_text()
