"""The fleet's command."""

import subprocess
import sys


def test_help_names_both_options():
    ran = subprocess.run([sys.executable, "-m", "shadow.studies.fleet", "--help"], capture_output=True, text=True, check=True)
    assert "--padding N" in ran.stdout
    assert "--http PORT" in ran.stdout
