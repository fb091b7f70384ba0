"""The few English words by which a lost space is known, and the words that only look like two of them joined.

Chosen by counting, in about twenty megabytes of English and technical text, how often each begins or ends a longer word.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


STRONG = _words("""
    according across actually against almost already although another anything because become been began beneath besides
    between beyond brought cannot certainly clearly could during enough especially everyone everything exactly finally
    herself himself however including indeed instead itself knew nearly neither often perhaps probably quickly quite rather
    seemed seems several simply since slowly someone sometimes somewhat suddenly their themselves therefore these they those
    toward towards until usually wanted were whenever whether which whom whose within without would
""")
"""Words that hardly ever begin or end a longer one: beside one of these, any joined half of three letters is a lost space."""

LEFT = STRONG | _words("""
    the of and that this from was have has about into had did does both only when what for is to are you not with
""")
"""Words that may be the left half where the right half is a word seen elsewhere."""

RIGHT = STRONG | _words("""
    the and that this from was have has about into had what when with where your his is of to for are be you not by can will
""")
"""Words that may be the right half where the left half is a word seen elsewhere."""

COMMON = (
    LEFT
    | RIGHT
    | _words("""
    in it on as at or but all we an if do her two how him may our out who its any she he my no so us up over just than like
    well most make made them then there more some very after before through while know think much many must never people
    should such things under water went other first being again
""")
)
"""Words common enough that two of them joined are a lost space, unless the two together are a word."""

JOINED = _words("""
    aboutbox aboutface aboutus adobe adware afterall alignof allof allover aloof andante andiron andover android another
    anyhow anymore anyof anywhere areas arenas basis beforehand behave beware blithe breathe brigand candid cannot canon
    canto clothe compare countof denis describe didact ditto doover elsewhere errand everywhere firmware flyby forage
    forbade forbearance forbid forbidden forbore fording foreach forearm forecast forecasts foreground forehead foreign
    foreman foremost forename forensic foresee foreseen foresight forest forests forever foreword forgave forget forgetful
    forgets forgetting forgive forgiven forgives forgiving forgot forked forking forlorn formal formally format formation
    formations formats formatted formatter formatting formed former formless formula formulas formulate formulated forthwith
    forties fortify fortnight fortress fortune fortunes forward forwarded forwarding forwards freewill fromage gadabout
    garland genesis ghetto goodwill haddock hadith hadoop hadron hardware hasattr hashed hasher haswell hashes hashing hashmap
    hashtable hashtag hassle hasten hereabout hereby hereof hereto herewith heron hitherto holland howto husband hypothese
    inbetween indexof inmost instanceof intoned intones intoto isdir isfile island islands islandwide isolate issue issues
    keyof layabout layby loathe louis lullaby makedo makeout makeover makeup malware manifesto maybe memphis metropolis
    middleware misbehave moreover motto nearby nemesis nevermore noneof notable notably notary notation notational notched
    notebook notebooks notepad notepads noteworthy nother nothing nothings notice notices notify noting notion
    notwithstanding nowell nowhere offence offline offset offsetof offshore often oftentimes oneof onlyoffice onlyone
    operand outdid outdo outdoes outmost overall overdid overdo overdoes overmany overmuch overthink parenthese paris
    passerby photo pinto potato prepare presto probe pronto proof redis rescan risotto roundabout rugby runabout seethe
    sizeof software somehow somewhat somewhere soothe square standby suchlike swathe synthese teethe tennis thankyou
    thatched theater theatre theirs theism theist themed themes theming themselves thence thenceforth theorem theorems
    theories theory therapist therapists therapy thereabout thereabouts thereafter thereat thereby therefor therefore
    therefrom therein thereof thereon thereto thereunder thereupon therewith thermal thesaurus theses thesis thistle
    thousand throughout today todos toend tofile together toggle toilet token tokens tolerate tolist tomato tomography
    tomorrow tomorrows tonight toolbar toolbox tooling toolkit tooltip topaz topics toplevel topline topmost topology
    tostring total totals touch tourist toward towards tower trellis turnabout typeof underdid underdo undermost understand
    underwater underwent valueof vulcan walkabout wannabe washed washer washers washing wasted wasteful wastes wastewater
    watermost wellbeing wellmade werewolf werewolves whatever whatnot whatsoever whenever whereabout whereafter whereas
    whereat whereby wherefrom wherein whereof whereon whereto wherewith whichever whichsoever whois whomever whomsoever
    whoso withdraw withdrawal withdrawals withdrawn withdraws withdrew withheld withhold withholding withholds within
    without withstand withstanding withstands withstood wouldbe youall younger youngest youths youtube youtuber
""")
"""Words and names that are two of the above by their letters only, or that are truly compounds of them."""
_ENDINGS = ("ing", "ers", "ed", "er", "es", "s", "d")


def is_joined(word: str) -> bool:
    """Whether a word is one of `JOINED` or an inflection of it: foraging, forager, foraged of forage."""
    if word in JOINED:
        return True
    stems = [word.removesuffix(ending) for ending in _ENDINGS if word.endswith(ending)]
    return any(stem in JOINED or f"{stem}e" in JOINED for stem in stems)
