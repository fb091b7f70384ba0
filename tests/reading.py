"""What a browser makes of a page, and text that tries to act on the reader of one."""

from html.parser import HTMLParser

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<svg><script href='data:,alert(1)'/></svg>",
    "</title></style></textarea><script>alert(1)</script>",
    '"><iframe src=javascript:alert(1)>',
    "' autofocus onfocus=alert(1) x='",
    "![x](http://evil.example/leak.png)",
    "[click](javascript:alert(1))",
    "<a href=javascript:alert(1)>x</a>",
    "<meta http-equiv=refresh content='0;url=http://evil.example'>",
    "<link rel=stylesheet href=http://evil.example/x.css>",
    "{{ 7 * 7 }}{% raw %}${7*7}",
    "\x1b[2J\x1b]8;;http://evil.example\x07link\x1b]8;;\x07",
    "\u202ednim ruoy egnahc\u202c \u2066x\u2069 \U000e0041\U000e0042",
    "\x00\x01\x08\x9b31m \ufeff\u200b\u2028",
    "W" * 100_000,
]
ELEMENTS = frozenset(
    word
    for line in (
        "html head meta title link script body header footer a img nav main p h1 h2 h3 b span section article details summary",
        "div ins del time dialog figure figcaption ol kbd rect",
        "table thead tbody tr th td code pre svg path ul li dl dt dd form label select option input button br",
    )
    for word in line.split()
)
ATTRIBUTES = frozenset(
    word
    for line in (
        "lang charset name content rel href type class src alt width height title colspan viewbox preserveaspectratio",
        "defer id x y role aria-label aria-labelledby aria-current aria-hidden d",
        "action method value selected placeholder autocomplete spellcheck",
        "data-live datetime data-form data-row data-label data-copies hidden open",
    )
    for word in line.split()
)


class Reading(HTMLParser):
    """What a browser would make of a page: its elements, attributes, addresses and text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.addresses: set[str] = set()
        self.marked: dict[str, list[str]] = {"ins": [], "del": []}
        self.text = ""
        self._open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self._open.append(tag)
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.addresses |= {value for name, value in attrs if name in {"href", "src", "action"}}

    def handle_endtag(self, tag):
        self._open.pop()

    def handle_data(self, data):
        self.text += data
        if self._open and self._open[-1] in self.marked:
            self.marked[self._open[-1]].append(data)
