"""Whether a text ends with a question to the user, by rule: its last sentence is a question, or requests what is missing.

English, German, Spanish, French and Chinese. An offer of more after an answer does not count. The rule has errors: their rate on
a labelled set is published, and only the rate against the reference's own rate has a meaning.
"""

from __future__ import annotations

import re

ENDING = 400
"""Characters at the end of an answer in which the question is looked for."""

_SENTENCES = re.compile(r"(?<=[.!?。！？])[\s\"'”»)*_]+|(?<=[。！？])|\n+")
_CLOSING = " \t\r\n\"'”»)]*_`}"
_OFFER = re.compile(
    r"\b(?:anything else|as well|also|further|more (?:help|questions)|other questions)\b|\b(?:noch|auch|sonst|weitere)\b"
    r"|\b(?:también|algo más|otra cosa)\b|\b(?:aussi|également|autre chose|d'autres)\b|再|还有|其他|另外|也"
)
"""What makes a last question an offer, where an answer stands before it."""

_BEGGING = (
    (
        r"\bplease (?:provide|share|confirm|tell|give|specify|clarify|send|indicate|choose|let me know|upload"
        r"|enter|select)\b"
    ),
    r"\blet me know (?:which|what|whether|when|where|who|how|if you (?:want|would|wish|prefer)|the\b|your\b)",
    (
        r"\b(?:once|as soon as|if) you (?:confirm|give|tell|share|send|provide|let me know|upload|approve|agree"
        r"|paste)\b.*\bi(?:'ll| )"
    ),
    (
        r"\b(?:waiting for|await(?:ing)?) your\b|\b(?:just )?(?:say|tell me) (?:which|what|the\b|when|where|who"
        r"|how)|\bto be sure you (?:agree|want)"
    ),
    r"\bi (?:need|require) (?:to know|(?:a (?:bit|little) )?more (?:information|details)|your|the following)\b",
    r"\bbitte (?:\w+ )?(?:nenne|sag|gib|gebe|bestätig|teil|wähl|schick|sende|lade|mach|präzisier)\w*",
    r"\b(?:sag|nenn|teil|schick|gib|nennen sie|sagen sie|geben sie)\w* mir (?:bitte|noch)?\b",
    (
        r"\b(?:warte auf|brauche noch) (?:deine|ihre|die)|\bgib mir (?:kurz |bitte )?bescheid, (?:ob|welch|wann)"
        r"|\bmüsste ich (?:noch )?wissen|\bich muss (?:noch )?wissen"
    ),
    r"\b(?:such|wähl|verrate?|nenn)\w*(?:en sie)? (?:dir |mir )(?:bitte |noch )?",
    (
        r"\b(?:sobald|wenn|falls) (?:du|sie) (?:\w+ ){0,3}?(?:zustimm|bestätig|schick|gib|geben|send|nenn|sag"
        r"|einverstanden|teil|hochlad)\w*"
    ),
    r"\b(?:por favor,? )(?:\w+ )?(?:indic|confirm|dime|dígame|proporcion|env|especific|compart|facilit|aclar)\w*",
    (
        r"\b(?:quedo a la espera|espero (?:tu|su))\b|\b(?:tendría|necesito|tengo) que saber\b|\bnecesito saber\b"
        r"|\b(?:pásame|páseme|elige|elija)\b"
    ),
    r"\b(?:dime|dígame|indícame|indíqueme|confírmame|házmelo saber)\b",
    r"\b(?:en cuanto|cuando|si) (?:me|lo) (?:des|dé|confirm|env|indi|pas|compart|apruebe)\w*",
    (
        r"\b(?:veuillez|merci de|s'il (?:vous|te) plaît,?) (?:m'|me |nous )?(?:indiquer|confirmer|donner|préciser"
        r"|fournir|envoyer|choisir|dire)"
    ),
    (
        r"\bj'attends (?:votre|ton|vos|tes)\b|\bfaites-moi savoir\b|\bfais-moi savoir\b|\b(?:faudrait|dois"
        r"|besoin) (?:que je |de )?(?:connai|savoir)\w*|choisissez\b"
    ),
    r"\b(?:dites-moi|dis-moi|indiquez-moi|précisez|donnez-moi)\b",
    r"\b(?:dès que|si|quand) (?:vous|tu) (?:m'|me |le |l')?(?:donn|envo|confirm|indiqu|transm|partag|valid)\w*",
    r"(?:等|待)(?:您|你).{0,6}(?:之后|后)|麻烦(?:您|你)?(?:说|告诉|提供|确认)|我(?:得|需要|要)(?:先)?知道|发(?:给)?我(?:一下)?|选一",
    (
        r"请(?:您|你)?(?:先)?(?:告诉|提供|确认|说明|输入|选择|指定|发送|给出|补充)|(?:如果|只要|一旦|等)?(?:您|你)(?:同意|确认|提供|告诉我"
        r"|把.{1,12}发给我).{0,6}[，,]?.{0,6}(?:就|才|可以|会)"
    ),
)
_BEGS = re.compile("|".join(_BEGGING))


def asks_back(text: str) -> bool:
    """True when the end of a text asks its reader for something, by rule."""
    sentences = [part for part in _SENTENCES.split(text[-ENDING:].lower().replace("’", "'")) if part.strip()]
    if not sentences:
        return False
    last = sentences[-1].rstrip(_CLOSING)
    if last.endswith(("?", "？")):
        return not (len(sentences) > 1 and _OFFER.search(last))
    return any(_BEGS.search(sentence) for sentence in sentences[-2:])
