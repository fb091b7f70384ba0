"""Where two runs of letters meet: which seams stand inside no English word, told by a word on one side and letters on the other.

Nothing need be known of the other run: no word goes on with `th` after `and`, or comes to an end in `ing` before `the`. Each
table was written from what longer words look like, then held against seven million words of technical English.
"""

from __future__ import annotations


def words_of(text: str) -> frozenset[str]:
    """The words of a text that is their list."""
    return frozenset(text.split())


def _stems(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def stems_of(text: str) -> dict[str, tuple[str, ...]]:
    """A table of one word a line, each with the letters that follow it."""
    return {word: tuple(letters) for word, *letters in (line.split() for line in text.strip().splitlines())}


GOES_ON = stems_of("""
    the a b e f i l m n o r sa se si sp ss t u w x y
    and a e h i o r s u y
    that c s
    this a e i t
    are a c e n o t
    was a e h i m p s t x
    were g w
    not a c e h i o s t u w
    but a c e i l o t u y
    will a c e f i o p s y
    has a b d e h i k l m o p s t z
    have l n r s
    had a d e i o r
    from a b i p u n f h r s m d
    when c e s
    then a c
    than a e g k l
    they
    their s
    there a b f i m o t u w
    you n r s t
    your s
    each e
    does n
    been
    being s
    both a e n
    such l
    only
    also
    what a e n s
    which e
    must a e i n s t y
    should e i s
    would b
    could
    can a b c d e i k n o t u v y
    its e
    most l
    more l n o s
    using
    between
    without
    through o p w
    since
    where a b e f i o s u v w
    before h
    after b c d e g h i l m n o p r s t w
    them a e i s
    these s
    those
    because
    however
    many
    very
    same n
    used
    like a d l n s w
    into n x
""")
"""Words that begin sentences and parts of them, with all that can follow their letters inside a longer word."""

COMES_AFTER = stems_of("""
    the a e i n o r s t u y
    that
    from
    this
    with e h o r
    which
    would
    should
    could
    and b c d f g h i l m p r s t u w
    are a c d f h l m n o p r t u w
    for e
    was
    were
    but e i
    not a k n o
    can a e f i l o p r s t u x
    has a c h n t
    have e
    will d e g h n o w
    than a e o p u
    then a e g h n o r t
    they
    their
    there
    these n o
    those
    when
    what e
    where e n o y
    how c g k n o s w
    you k
    your
    because
    before
    between
    being l
    been
    does a o
    must
    should
    using c f h m o p r
    only m o n
    also
    such n
    while e h t
    its a b c d e f g h i k l m n o p r s u v w x
    his c h t
    into
    without
    more a e i l n o r t y
    them n
    like d e g i k n r t y
    through k
    same e
    make
    used a c e f h i m n o p r s u
    some a d e g h i k l n o r t u w
    about e r k
    each b e l o p r t
    other a b e m n o s
""")
"""Words of the same kind, with all that can stand before their letters at the end of a longer word."""

CLOSINGS = ("ations", "ously", "ically", "ities", "ements", "ingly", "edly", "ably", "ness", "nesses", "ively", "ially", "ually")
"""Endings after which hardly any word goes on."""
LONGEST_REST = 3
"""Letters of the other run from which it counts."""

AFTER_TO = words_of("day morrow night gather get list upper lower file lines string match man pattern wards ward")
AFTER_A = words_of("""
    ands back base bases bed bet board bout bove bridge bridged broach broad broadcast brown bundle buse corn cross cute
    cyclic dept drift far field file fire float foot fore fresh gain gape glow go ground head heard heared historical hoy
    jar kin lack larm law lead lien light like likes live loft lone long loof lot loud men mend menu met mid miss moral
    mount muse new nother pace part periodic pile point political port pose praise range ranges rise rises rising round
    rouse row sexual shore side sign size skew sleep social spire stern stray stride sunder symmetric synchronous
    synchronously theism theist thing tonal tone top typical typically venue verse vert void vow wait waited waiting waits
    wake waken wakes ward wards ware wash way ways weigh while wry
""")
"""Words that make another one behind `a` or `to`."""
BEHIND_SHORT = {
    "at": _stems("mark least test tend tends tack tempt tire tune tribute tract"),
    "or": _stems("else deal deals dear dine gan chard ally"),
    "an": _stems("notation notations dries item other others ion ions tics gel gels hydrous"),
    "by": _stems(
        "groups group pass passing passes passed easter month hour minute second way ways law laws product products line"
    ),
    "be": _stems("""
        haves half longs long sides longing haved having side longed evers spoke trusted loved come comes coming low cause have
        hind hold holder fall falls fell friend gin gins gun little moan moans rate rated ready set sets stow tray ware witch head
        neath tween yond fit fits fore lie lies lief at ats ad ads an ans ar ars st sting stings
    """),
    "is": _stems("""
        instance close upper locked empty lower class real directory space print module local complex method function link closed
        file graph valid element prime enabled package data down greater less normal white declared number string optional better
        test frame code visible land lands land lander late lates active alpha digit even odd equal open set same
    """),
    "it": _stems("views self"),
    "we": _stems("are alth ave ary ather ight ird lcome lder stern"),
    "so": _stems("game ares rely me met rt rts how called ever far lid lids lo und und lar lo cial ftware"),
    "if": _stems("line parser start conf def"),
    "us": _stems("able instances age ages ual er ers"),
    "on": _stems("""
        going error light boarding timer release message line set side to ward wards board shore coming looker looker click
        screen
    """),
    "as": _stems("""
        sign signed signing signs type sets sure sorted sent sured sures suring certain list certains format side sides sist sort
        sorts set sent sert sess sociate sume sumed sumes suming tray tride leep pect pects semble ide
    """),
    "in": _stems("""
        complete line correct correctly direct coming directly lined place exact version effective sight visible lining
        direction active come directed habited sights activity directions painting name lier string sets completely equal
        flated file depth lines sure loop flating habit liner progress versions frequently package queue habits suring
        experienced sures ordered directing security determined built essential accurate adequate capable appropriate
        consistent convenient definite definitely dependent dependently different differently dispensable expensive
        experience famous finite infinite formal formally formed formation formations form forms former formative justice
        land laws law operable organic patient personal secure sensitive side sides sider sincere stability stall stalls
        stalled stance stances stant stead sufficient take takes tend tends tense tent tents terminable tolerable valid
        valuable variable variably put puts bound bred breath cite deed deeds door doors dustry fancy field fight firm fix
        flex flow flows flux fold fuse her human humane jury lay laid let lets like mate most road roads sane set step swing
        tact tern terns tone trust vest vests vent vents ward wards with world house game app store between to equality
        attention action actions ability abilities decision decisive discriminate efficient efficiently elegant eligible
        evitable explicable fallible fertile flexible frequent grain grained herit hospitable separable significant soluble
        sulate tangible tegral tuition vulnerable creased creases crease credible quire quiry variant variants variance
        variances variably consistency consistencies consistently compatibility compatibilities compatibly accuracy
        accuracies accurately structed structing structs structions struction finitely finite sufficiently sufficiency
        equality equalities accessible accessibility validity validation validated validate valids corporation corporations
        corporates putting bounds applicable encoding convenience conveniences appropriately stability stabilities
        flexibility flexibly gratitude eligibility gest gested habitable hibit herent herently genuity genious surgent
        subordinate spect spects spire spired struct structs test tests sect sects still stills spiring coherent comparable
        compatible conclusive considerate conspicuous controllable counter counters corporate curable vocation stone
    """),
}
"""For a short word on the left, how those go on that it makes longer ones with."""
AHEAD_SHORT = {
    "in": words_of("built wall constant check sign close hard stand test with there here where plug bullet stay drive walk cut"),
    "as": words_of("save where there over"),
    "at": words_of("reduce reform open link break placer form habit comb where there here some what"),
    "on": words_of(
        "rest frame land laws call hall ball progress camer follow cars less sing single where here there want sign hang"
    ),
    "it": words_of("match time force search wing perm band out where here tid"),
    "an": words_of("tool step republic parm part"),
    "be": words_of("may would"),
    "he": words_of("head tooth heart stomach"),
    "so": words_of("tors also what whoso"),
    "us": words_of("mark burn back solid tell wall camp stat"),
    "me": words_of("read program change test wel over"),
    "we": words_of(""),
    "do": words_of("torna weir over out under"),
    "no": words_of("line file build level pia dom"),
    "my": words_of("ene dum acade"),
}
"""For a short word on the right, those that it makes a longer one with."""
BEFORE_ONE = words_of("""
    river camer cost form fund kind break seter maner left cell keep plate person logic perform long item test visit mass
    port post generic perer past plan plant cast junt agend aren banan sort want outt chin pizz dat oper extr sal sold sofi
    sonat pand
""")
"""Words that `a` makes another one with."""


BEFORE_NAMES = words_of(
    "the which because their were these those than but would could between through and our its his her they was"
)
"""Words after which a capital begins a name of its own."""


def has_a_seam(left: str, right: str) -> bool:
    """Whether two runs of small letters meet as no English word has them; one of the two is a word of the tables."""
    if len(right) >= LONGEST_REST and left in GOES_ON and not right.startswith(GOES_ON[left]):
        return True
    return len(left) > LONGEST_REST and right in COMES_AFTER and not left.endswith(COMES_AFTER[right])


def precedes_a_name(left: str, right: str) -> bool:
    """Whether a run that begins with a capital follows a word that begins no identifier (`toString`, `forEach`)."""
    return left in BEFORE_NAMES and len(right) > 2 and right[0].isupper() and right[1:].islower()


def is_beside_a_short_one(left: str, right: str, known: frozenset[str]) -> bool:
    """Whether a known word meets one of two letters, or `a`, with which it makes no other."""
    if left in {"to", "a"}:
        return len(right) > 2 and right in known and right not in (AFTER_TO if left == "to" else AFTER_A)
    if left in BEHIND_SHORT:
        return len(right) > 3 and right in known and not right.startswith(BEHIND_SHORT[left])
    if right in AHEAD_SHORT:
        return len(left) > 3 and left in known and left not in AHEAD_SHORT[right]
    return right == "a" and len(left) > 3 and left in known and left not in BEFORE_ONE


def has_closed(left: str, right: str, known: frozenset[str]) -> bool:
    """Whether the left run ends as long words end, and a known word follows."""
    return len(right) > LONGEST_REST and right in known and len(left) > 6 and left.endswith(CLOSINGS)
