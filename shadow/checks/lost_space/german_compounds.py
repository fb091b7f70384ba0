"""Where two runs of letters meet in German: seams that stand inside no German word, which is made of others more often than not.

The tables say how longer words go on after a word, or what they have before it; they were written from what such words look like
and held against the words of translated programs. A noun that follows small letters directly has lost its space.
"""

from __future__ import annotations

from collections.abc import Sequence

from shadow.checks.lost_space.letter_seams import stems_of, words_of

COMMON_GERMAN = words_of("""
    der die das und ist nicht ein eine einen einem einer eines den dem des mit von zu im in auf für als auch sich es an am aus
    bei bis nach nur oder aber wie wenn wird werden wurde kann sind war hat haben hatte er sie wir ihr ich so sehr noch schon
    dass weil zum zur um vor über unter durch man mehr diese dieser dieses keine alle was wo hier dort dann
""")
"""Words by which a text is taken for German."""
GOES_ON_GERMAN = stems_of("""
    und a e i o u
    ist a e h r
    sind
    wird
    werden d
    wurde n s t
    kann e i o s t
    konnte n s t
    oder m
    aber d e g k m n r t w
    eine i m n r s
    einen g
    einem
    einer l s
    eines t
    keine m n r s
    keinen
    für b c f g h i l n o s t w
    von e n s
    das e h i j n s t
    dem a e g i j m n o p s u z ä ö ü
    des a c e h i k o p s t w
    sich e t
    als b d o
    dass e
    weil e t
    bevor m s z
    schon e f s u
    ohne d g h
    immer d f g h w z
    hatte n s t
    haben d
    wir b d f k r s t
    noch m
    nur
    etwas
    jeder m z
    jede m n r s
    wegen d
    sondern
    jedoch
    sehr e n s
    diese l m n r s
    beim e m
    vom
    zum a e i u
    zur e i ü z
    wenn g
    auch
    ihre m n r s t
    seine m n r s t
    einige m n r s
    zwei b d e f g h i j k l m p r s t u w z
    dann e
    doch t
    sowie s
    damit
    dabei b g h i l s
    daher b e g i j k
    war e f m n p r s t z
    waren
    sein e
    wäre n s t
    müssen
    sollte n s t
    können d
    jetzt i z
    bereits c g h s t
    allerdings
    schließlich k
    zunächst l
    allgemein e g h
    mitten d u
    im a b d h i k m o p u
    deshalb
    nichts a d s w
""")
"""Small words, with how longer words go on after their letters."""
COMES_AFTER_GERMAN = stems_of("""
    und b f h k m r w rg ges fre
    wird
    werden h
    wurde
    sind e
    oder l m
    aber h k
    kann
    auch b h l r
    sich
    für a o r e
    von a o r
    zum
    dass o
    haben a e l r t
    nur h
    nicht u z
    aus h i k l m p r t
    sowie
    jedoch
    sondern
    damit
    weil e r
    während
    wegen b d e g m s
    ohne b l r w
    die a e l n o ö r u
    das i u
    dem e h n o r t u z
    allerdings
    schließlich n s
    deshalb
    mitten
    jetzt
    dabei
    immer h k n r t
    bevor
    nichts
    zwei n
    zwischen da
    nach r e a m
    mit a i m o r
    als d e f g h i m n p r u
    eine a b c d e f g h k l m n p r s t u w
    einen a b c d e f g h k l m n p r s t u w
    über e g n r s
    seine
    ihre f h
    diese
    dieser
    wenn
    noch
    schon
    sehr r
    etwas d
    einige r v
    durch a d o r
    müssen
    können
    konnte
    sollte
    wurden
    worden ge
""")
"""Small words, with what longer words have before them."""
BEFORE_NOUNS = words_of("""
    der die das dem des den ein eine einen einem einer eines kein keine keinen keiner und oder mit von vom zum zur beim im
    am auf aus nach bei für über unter durch gegen ohne um vor zwischen seit wegen während als wie zwei drei vier alle allen
    aller jeder jede jedes jeden diese dieser dieses diesen diesem ihr ihre ihren ihrer sein seine seinen seiner unser
    unsere mehrere viele vielen einige wenige neue neuen neuer neues alte alten alter ersten erste erster zweite zweiten
    letzte letzten große großen gute guten ganze ganzen andere anderen anderer anderes kleine kleinen hohe hohen lange
    langen nicht auch noch nur schon sehr wird war ist sind wurde hat sich dass wenn weil bevor nachdem aber jedoch sowie
""")
"""Words after which a capital begins a noun; they begin no identifier of a program."""
ENDINGS = ("igen", "igem", "iger", "iges", "ischen", "ische", "lichen", "liche", "ender", "enden", "endes", "ierte", "ierten")
"""Endings of adjectives, after which it does too."""
SHARE = 0.2
"""Share of common words from which a text is taken for German."""


def is_german(words: Sequence[str]) -> bool:
    """Whether a fifth of a text's words that are written small are the common ones; nouns and names are not."""
    small = [word for word in words if word.islower()]
    return sum(word in COMMON_GERMAN for word in small) >= SHARE * len(small)


def are_two_in_german(left: str, right: str) -> bool:
    """Whether two runs of letters that meet are two words of German."""
    if right[0].isupper():
        noun = len(right) > 2 and right[1:].islower() and not right.startswith("Innen")
        return noun and left.islower() and (left in BEFORE_NOUNS or left.endswith(ENDINGS))
    if len(right) > 2 and left in GOES_ON_GERMAN and not right.startswith(GOES_ON_GERMAN[left]):
        return True
    return left[1:].islower() and len(left) > 3 and right in COMES_AFTER_GERMAN and not left.endswith(COMES_AFTER_GERMAN[right])
