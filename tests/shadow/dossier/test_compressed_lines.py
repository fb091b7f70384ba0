"""Lines as a file."""

from pathlib import Path

from backports import zstd

from shadow.dossier.compressed_lines import as_file


def test_lines_are_compressed_where_the_name_ends_so():
    lines = ["a", "b \ud800"]
    assert as_file(Path("x.jsonl"), lines) == b"a\nb \\ud800\n"
    assert zstd.decompress(as_file(Path("x.jsonl.zst"), lines)) == b"a\nb \\ud800\n"
