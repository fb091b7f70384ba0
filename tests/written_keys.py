"""Keys of any printable characters, and the ways in which a text may hold one."""

import html
import json
import re
from urllib.parse import quote, quote_from_bytes

from hypothesis import strategies as st

WRITTEN = {
    "as it is": lambda key: key,
    "JSON": lambda key: json.dumps(key.decode("latin-1"))[1:-1].encode(),
    "JSON, its slashes escaped": lambda key: json.dumps(key.decode("latin-1"))[1:-1].replace("/", "\\/").encode(),
    "JSON in JSON": lambda key: json.dumps(json.dumps(key.decode("latin-1")))[1:-1].encode(),
    "\\u of each sign": lambda key: re.sub(rb"[^A-Za-z0-9._~-]", lambda found: b"\\u%04x" % found[0][0], key),
    "percent-coded": lambda key: quote_from_bytes(key, safe="~").encode(),
    "percent-coded twice": lambda key: quote(quote_from_bytes(key, safe="~"), safe="~").encode(),
    "HTML": lambda key: html.escape(key.decode("latin-1")).encode("latin-1"),
}
"""Ways in which a text may hold a key."""
KEYS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=8, max_size=30).map(str.encode)
