"""The commands of docs/how-to/backup-and-restore.md for the chart's one pod, run with a folder in the place of its volume."""

import os
import re
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from storage.opening import open_reader, open_store
from storage.storage_config import StorageConfig
from tests.conformance import PATIENCE, exchange_record
from tests.helm import CHART, one, rendered, roles

pytestmark = pytest.mark.slow
HOW_TO = CHART.parent / "docs" / "how-to"
PAGE = (HOW_TO / "backup-and-restore.md").read_text(encoding="utf-8")
(SECTION,) = re.findall(r"(?ms)^## On Kubernetes$(.*?)(?=^## )", PAGE)
BACKUP, RESTORE = re.findall(r"(?ms)^```sh\n(.*?)^```$", SECTION)
(POD,) = [yaml.safe_load(text) for text in re.findall(r"(?ms)^```yaml\n(.*?)^```$", SECTION)]
KUBECTL = """
kubectl() {
  case $1 in
    exec) (cd "$VOLUME"; shift 3; "$@") ;;
    cp) cp -p "${2/#*:/$VOLUME/}" "${3/#*:/$VOLUME/}" ;;
  esac
}
"""
"""Runs in a folder what would run in the pod, whose working folder is its volume."""


def run(lines: str, volume: Path) -> None:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    subprocess.run(
        ["bash", "-euo", "pipefail", "-c", KUBECTL + lines],
        cwd=volume.parent,
        env={"PATH": path, "VOLUME": str(volume)},
        check=True,
    )


def store(file: Path):
    return open_store(StorageConfig(url=str(file), batch_seconds=0.01))


def is_stored(file: Path, name: str) -> bool:
    with closing(open_reader(StorageConfig(url=str(file)))) as reader:
        return reader.exchange(name) is not None


def test_a_backup_is_taken_beside_the_writer_and_restored_over_later_records(tmp_path):
    volume = tmp_path / "volume"
    volume.mkdir()
    database = volume / "sameweights.db"
    with closing(store(database)) as writer:
        writer.add_exchange(exchange_record("before"))
        assert writer.flush(PATIENCE)
        run(BACKUP, volume)
        writer.add_exchange(exchange_record("after"))
        assert writer.flush(PATIENCE)
    assert not (volume / "backup.db").exists()
    assert (tmp_path / "backup.db").stat().st_mode & 0o777 == 0o600
    run(RESTORE, volume)
    assert [is_stored(database, name) for name in ("before", "after")] == [True, False]
    assert is_stored(volume / "replaced" / "sameweights.db", "after")
    with closing(store(database)) as writer:
        writer.add_exchange(exchange_record("later"))
        assert writer.flush(PATIENCE)


def test_the_single_pod_is_stopped_before_its_volume_is_used_and_started_after():
    verbs = [line.split()[1:3] for line in RESTORE.splitlines()]
    assert verbs[:3] == [["scale", "statefulset"], ["wait", "--for=delete"], ["apply", "--filename=restore.yaml"]]
    assert verbs[-2:] == [["delete", "pod"], ["scale", "statefulset"]]
    assert [line.rpartition("=")[2] for line in RESTORE.splitlines() if " scale " in line] == ["0", "1"]
    pods = {"sameweights-0", POD["metadata"]["name"]}
    assert set(re.findall(r"sameweights-\w+", BACKUP + RESTORE)) == pods


def test_the_pod_that_restores_is_valid_and_has_the_user_the_folder_and_the_claim_of_the_release():
    kubernetes_validate.validate(POD, "1.37", strict=True)
    documents = rendered("single")
    statefulset, theirs = one(documents, "StatefulSet"), roles(documents)["all"]
    assert POD["spec"]["securityContext"] == theirs["securityContext"]
    (claim,) = statefulset["spec"]["volumeClaimTemplates"]
    assert POD["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"] == (
        f"{claim['metadata']['name']}-{statefulset['metadata']['name']}-0"
    )
    (container,) = POD["spec"]["containers"]
    assert container["volumeMounts"] == [each for each in theirs["containers"][0]["volumeMounts"] if each["name"] == "data"]
    assert "WORKDIR /var/lib/sameweights" in (CHART.parent / "Dockerfile").read_text(encoding="utf-8")
