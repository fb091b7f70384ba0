"""The wordings of a refusal in five languages: each a pattern, and the letters without which it cannot match.

The letters are looked for first, since nearly no text holds them and a pattern costs far more.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class RefusalPhrase(NamedTuple):
    """A pattern over small letters, and the pieces of text of which every match holds at least one."""

    holds: tuple[str, ...]
    pattern: re.Pattern[str]


def _wording(holds: str, *patterns: str) -> RefusalPhrase:
    return RefusalPhrase(tuple(holds.split("|")), re.compile("|".join(patterns)))


_HARMLESS = (
    r"(?! (?:recommend|find|see|wait|believe|stress|emphasi|overst|deny|bore|thank|say enough|say for (?:sure|certain)"
    r"|tell (?:whether|if)|help but|confirm|go into|think of|remember|recall|imagine|repeat|agree more|guarantee"
    r"|promise|list every"
    r"|complain|afford|stand |need|have to|be (?:late|long)|(?:say|tell|know|judge) (?:which|whether|if|how|what|when"
    r"|who)))"
)
_ENGLISH = (
    _wording(
        "can't|cannot|can not|won't|will not|must not",
        rf"\bi (?:really |simply |just |also )?(?:can't|cannot|can not|won't|will not|must not){_HARMLESS}",
    ),
    _wording(
        "not going to|not able|unable|not allowed|not permitted|position to|not comfortable|prohibited|forbidden"
        "|barred from|not authori",
        r"\bi(?:'m| am) (?:not able|unable|not allowed|not permitted|not in a position|not authori[sz]ed) to\b"
        r"(?! (?:find|see|locate|confirm|reproduce))",
        r"\bi(?:'m| am) (?:not comfortable|prohibited|forbidden|barred from|not going to (?!be |lie|pretend|repeat"
        r"|list|go into))",
    ),
    _wording(
        "decline|refuse",
        r"\bi(?:'ll| will)? (?:must|have to|need to) (?:respectfully |politely )?(?:decline|refuse)|\bi (?:decline"
        r"|refuse) to\b",
    ),
    _wording("have to turn|need to turn|must turn", r"\bi (?:have|need|will have|must)(?: to)? turn (?:\w+ ){0,3}down"),
    _wording(
        "say no|be no|is no",
        r"\b(?:have|need|going) to say no\b|\bmy answer (?:\w+ ){0,3}?(?:is|has to be|must be|will be) no\b(?! \w)",
    ),
    _wording(
        "feel comfortable|the ability|access|have no|permission|authority|authorization",
        r"\bi (?:do not|don't) (?:feel comfortable|have (?:the (?:ability|authority|permissions?)|access|permission"
        r"|authori[sz]ation))",
        r"\bi have no (?:way (?:of|to)|means (?:of|to)|access|authority|permission)\b",
        r"\bi (?:lack|am missing) (?:the )?(?:\w+ )?(?:permission|authority|authori[sz]ation|ability|access)",
    ),
    _wording(
        "guideline|polic|principles|terms|programming|my values|rules",
        r"(?:against|violates?|breach\w*) (?:my|our|the) (?:\w+ )?(?:guidelines|polic\w+|principles|terms|programming"
        r"|values)",
        r"my (?:programming|guidelines) (?:do|does) not (?:permit|allow)|(?:break|against"
        r"|violate) (?:the )?rules (?:that )?i\b",
    ),
    _wording(
        "rather not|prefer not|have to pass|not willing|stop here",
        r"\bi(?:'d| would) (?:rather|prefer) not\b|\bi prefer not to\b|\bi(?:'ll| will) have to pass\b"
        r"|\bi(?:'m| am) (?:not willing|going to stop here)",
    ),
    _wording(
        "something i|something that i",
        r"(?:not|n't) something (?:that )?i(?:'m| am| can| do\b| will| would| feel)",
    ),
    _wording(
        "my remit|my scope|my role|my purview",
        r"\b(?:outside|beyond|not (?:within|in)|out of) (?:of )?my (?:remit|scope|role|purview)\b",
    ),
    _wording("unanswered|no answer to", r"\bi(?:'ll| will)? (?:must|have to|need to)? ?leave (?:\w+ ){1,4}unanswered"),
    _wording("something i w", r"\bsomething i (?:won't|will not)\b"),
    _wording("what i", r"(?:outside|beyond) (?:of )?(?:the (?:scope|limits|bounds) of )?what i(?:'m| am| can)"),
    _wording(
        "for me|of me|at risk",
        r"off the table for me|(?:inappropriate|not possible|impossible|irresponsible|unethical|wrong) (?:for|of) me\b"
        r"|(?:not|n't) (?:be )?(?:right|appropriate|ethical|responsible|proper|okay|ok) (?:for|of) me\b"
        r"|would put (?:people|others|someone) at risk",
    ),
    _wording(
        "i stay away|i steer clear|i keep away|i avoid|i don't|i do not|i never",
        r"\bi (?:stay away from|steer clear of|keep away from)\b|(?:topic|subject|area|territory|field) (?:that )?i avoid\b"
        r"|\bi (?:do not|don't|never) (?:provide|create|write|generate|share|give out|give (?:\w+ ){0,2}advice"
        r"|help with|assist|engage in"
        r"|discuss|produce|participate|disclose|reveal|take part)\b(?! (?:\w+ )?here)",
    ),
)
_VERBS = (
    "gebe|erstelle|schreibe|verfasse|liefere|verrate|beantworte|beteilige|unterstütze|nenne|bespreche|diskutiere|erzeuge"
    "|kommentiere|äußere|mache"
)
_GERMAN = (
    _wording(
        "nicht|kein|regeln",
        r"\b(?:kann|darf|werde|möchte) ich (?:\w+ ){0,4}?(?:nicht|nichts)\b(?! (?:finden|genug|oft|warten|glauben"
        r"|wiederholen|ändern|sagen, (?:ob|welch|wie|wann|wer)))",
        r"\bich (?:kann|darf|werde|möchte) (?:\w+,? ){0,5}?(?:nicht|nichts|keine[nr]?)\b(?! (?:\w+ )?(?:finden|genug"
        r"|oft|warten"
        r"|glauben|klagen|leugnen|vorenthalten|wiederholen|besser|anderes))",
        r"\b(?:kann|darf) ich (?:\w+ ){0,3}?kein",
        r"\b(?:helfe|ergreife|mache|leiste) ich (?:\w+ ){0,3}?(?:nicht|keine)\b|\bfür mich nicht in(?: f|f)rage\b",
        r"\b(?:ich habe|habe ich) keine (?:möglichkeit|befugnis|berechtigung|erlaubnis)"
        r"|\bgegen (?:\w+ )?regeln, (?:an|nach) d",
        rf"\b(?:{_VERBS}) ich (?:\w+,? ){{0,4}}?(?:nicht|keine)\b",
        rf"\bich (?:{_VERBS}) (?:\w+,? ){{0,3}}?keine(?! (?:\w+ )?(?:sorgen|fehler|ausnahme|gedanken))",
        r"\bnehme ich (?:\w+ ){0,3}?nicht teil",
    ),
    _wording(
        "ablehnen|weigere|abschlagen|passen|nein sagen|verweigern|zurückweisen|muss ich|außerhalb mein|ich muss",
        r"\bmuss ich (?:\w+ ){0,3}?(?:offen lassen|unbeantwortet lassen)|\baußerhalb mein",
        r"\bich (?:\w+ )?(?:muss|weigere mich)\b.{0,40}?(?:ablehnen|,)",
        r"\bmuss ich (?:\w+,? ){0,5}?(?:ablehnen|abschlagen|passen|nein sagen|verweigern|zurückweisen|verzichten"
        r"|absagen)\b",
    ),
    _wording(
        "nicht in der lage|befugt|berechtigt|berechtigung|befugnis|zugriff|rechte|erlaubnis",
        r"\bich bin (?:leider )?nicht (?:in der lage|befugt|berechtigt)|\bich habe keinen zugriff",
        r"\bmir fehl(?:t|en) (?:\w+ ){0,3}?(?:berechtigung|befugnis|zugriff|rechte|erlaubnis)",
    ),
    _wording(
        "möglich|gestattet|erlaubt|verboten|untersagt|tabu|ausgeschlossen",
        r"\b(?:mir )?nicht möglich, (?:\w+ )*?zu",
        r"\b(?:mir|für mich) (?:leider |strikt |streng )?(?:nicht (?:gestattet|erlaubt|möglich)|verboten|untersagt"
        r"|tabu|ausgeschlossen)\b",
    ),
    _wording(
        "gegen |unangemessen|nicht|keine|davon ab|fern",
        r"verst(?:ö|oe)(?:ß|ss)t gegen (?:meine|unsere|die)|\bunangemessen, |unterstütze ich (?:dich|sie) nicht",
        r"\bich (?:schreibe|erstelle|gebe) keine|kann nicht bearbeitet werden",
        r"\bich sehe davon ab\b|\bsehe ich davon ab\b|\bhalte ich mich (?:\w+ )?(?:fern|heraus|raus|zurück)\b",
        r"\bsteht mir nicht zu\b|\bstehe ich (?:\w+ )?nicht zur verfügung|\bwäre nicht (?:richtig|angemessen"
        r"|vertretbar|verantwort\w+), ",
        r"\bbeteilige ich mich nicht|\bmir (?:ist )?nicht (?:gestattet|erlaubt)",
    ),
)
_SPANISH = (
    _wording(
        "no ",
        r"\bno (?:te |le |les |lo |la )?(?:puedo|voy a|podré|pienso)\b(?! (?:dejar de|encontrar|esperar|creer|negar"
        r"|extenderme|quejarme|repetir|imaginar|pensar en|decir (?:cuál|si|cuándo|quién|cómo)))",
        r"\bno (?:estoy en condiciones|soy capaz|me es posible|me está permitido|me siento cómod|tengo acceso"
        r"|tengo permiso)",
        r"\bno (?:te|le|les) (?:ayudaré|responderé)|\bno la responderé|\bprefiero no\b|\bno participo\b|\bpreferiría no\b",
        r"\bno (?:doy|escribo|genero|comparto|proporciono|ofrezco|facilito|produzco|redacto|revelo|comento|respondo"
        r"|trato) (?!aquí)",
        r"\bno (?:tengo (?:manera|forma|modo|posibilidad) de|tomo partido)|(?:es algo que|algo que) no (?:voy a"
        r"|pienso|puedo)\b",
        r"\bno (?:estaría bien|sería (?:correcto|apropiado|adecuado|ético|responsable))\b",
        r"\bno es algo (?:que|en lo que) (?:yo )?(?:pueda|haga|esté|vaya|hago)\b",
    ),
    _wording(
        "rechazar|declinar|niego|negarme|decir que no|detenerme|abstenerme|abstengo|al margen|ser no|es no",
        r"\b(?:debo|tengo que) (?:rechazar|declinar|negarme|decir que no|detenerme|abstenerme)|\bme niego a\b"
        r"|\bme abstengo\b",
        r"\b(?:prefiero|preferiría|debo) (?:mantenerme al margen|abstenerme)"
        r"|\bmi respuesta (?:\w+ ){0,3}?(?:tiene que ser|es) no\b(?! \w)",
    ),
    _wording(
        "en contra de|infringe|fuera de mi|las reglas|sin resp|de lo que|en riesgo a|inapropiado|prohibido"
        "|permisos|autorización|para mí",
        r"en contra de (?:mis|nuestras)|infringe (?:las|mis|nuestras)|(?:fuera|más allá) de lo que (?:puedo|se me|me está)",
        r"\bfuera de mi (?:cometido|competencia|alcance|función)|\b(?:rompería|contra) las reglas que (?:debo|tengo)",
        r"\bdejar (?:\w+ )?(?:pregunta|cuestión) sin respuesta|\bsin responder\b",
        r"\ben riesgo a|\bsería inapropiado|\b(?:tengo|me está|me tienen) prohibido|\bme faltan? (?:\w+ )?(?:permiso"
        r"|autorización)",
        r"(?:descartad[oa]|prohibid[oa]|vedad[oa]) para mí",
    ),
)
_FRENCH = (
    _wording(
        "je ne |je n'",
        r"\bje ne (?:vous |te |le |la |les )?(?:peux|puis|veux|souhaite) (?:malheureusement |donc )?(?:pas|plus|rien)\b"
        r"(?! (?:trouver|attendre|croire|nier|me plaindre|imaginer|répéter|faire de mieux|dire (?:lequel|laquelle|si"
        r"|quand|qui|comment)))",
        r"\bje ne suis pas (?:en mesure|autorisé|capable|habilité)|\bje n'ai pas (?:accès|le droit|la possibilité"
        r"|l'autorisation)",
        r"\bje (?:n'|ne (?:vous |te )?)\w+rai (?:donc )?pas\b|\bje n'y répondrai",
        r"\bje ne (?:vous )?(?:donne|crée|fournis|rédige|partage|génère|produis|discute|participe|divulgue|révèle"
        r"|communique|traite)"
        r" (?:donc )?(?:pas|jamais|aucun)(?! ici)",
        r"\bje n'ai aucun (?:moyen|accès|droit)|\bje ne prends pas (?:parti|position)",
    ),
    _wording(
        "je suis incapable|je dois|je préfère|je refuse|je crains|je souhaite|m'abst|obligé de|contraint de"
        "|devoir|mieux ne pas|préférerais"
        "|m'arrêter|passe mon tour",
        r"\bje suis incapable|\bje (?:dois|préfère) (?:décliner|refuser|m'abstenir|dire non)|\bje (?:refuse"
        r"|crains de ne pas)\b",
        r"\bje (?:préfère|souhaite|préférerais) ne pas\b|\bje m'abstiendrai|\bj'aimerais mieux ne pas\b",
        r"(?:obligé|contraint|vais devoir)(?:e)? (?:de )?(?:dire non|refuser|décliner|rejeter|m'abstenir|m'arrêter)",
        r"\bje préfère (?:rester à l'écart|éviter)|\bje vais m'arrêter là|\bje passe mon tour"
        r"|\bje dois (?:donc )?(?:dire non|m'arrêter)",
        r"\bje dois (?:malheureusement |hélas )?(?:dire non|refuser|décliner|rejeter)",
    ),
    _wording(
        "m'est|à l'encontre|enfreint|hors de question|impossible pour moi|du cadre|inapproprié|serait pas"
        "|mes attributions|sort de mon|règles|dépasse|me manque|réponse",
        r"m'est (?:pas (?:possible|permis)|impossible|interdit|défendu)|à l'encontre de mes|enfreint (?:les|mes|nos)",
        r"\bsort de (?:mes attributions|mon (?:rôle|domaine))|\brègles que je dois suivre"
        r"|\blaisser (?:\w+ )?question sans réponse",
        r"hors de question|impossible pour moi|du cadre de ce que je peux|\bil serait inapproprié",
        r"\bne serait pas (?:correct|approprié|convenable|éthique|responsable)|\bdépasse (?:ce (?:que|dont) j|mes"
        r"|le cadre de mes)",
        r"\bil me manque (?:\w+ )?(?:autorisation|permission|droit|accès)|\bma réponse (?:est|sera"
        r"|doit être) (?:\w+ )?non\b",
    ),
)
_CHINESE = (
    _wording(
        "我|您的这个要求",
        r"我(?:暂时|目前|实在|也|还|是)*(?:无法|不能|没办法|不会|不可以|做不到|不方便|不被允许)"
        r"(?!.{0,2}(?:不推荐|找到|确定|否认|说得太|抱怨|断定|肯定地说))",
        r"我(?:必须|只能|不得不)?拒绝|恕我|我(?:不参与|帮不了|选择不|还是不)|超出了?我(?:的(?:能力|权限)|被允许|能|可以)|忙我帮不了",
        r"我(?:只能|必须|得|不得不|选择)(?:说不|婉拒|谢绝|推辞|回避)|我(?:是|从)?不(?:提供|写|生成|创作|讨论|透露|分享|评论|回答|发表)(?!了)",
        r"我不(?:想|愿|愿意)(?:妄加|谈|讨论|透露|评论)|我(?:被禁止|不应该?(?!.{0,3}(?:遗漏|忘)))|我的回答只能是不|不在我(?:可以|能).{0,10}范围",
        r"我没有[^。\N{FULLWIDTH COMMA}]{0,12}(?:权限|授权)(?:[。\N{FULLWIDTH COMMA}\N{FULLWIDTH EXCLAMATION MARK}]|$)",
    ),
    _wording("的职责|站队|规则", r"(?:不属于|超出)我的职责|我不站队|违背(?:了)?我(?:必须)?遵守的规则"),
    _wording("不作回答|不予置评|不便回答", r"(?:只好|只能)不作回答|不予置评"),
    _wording("恕难|无可奉告|违反|不符合", r"恕难|无可奉告|(?:违反|不符合)了?(?:我的|我们的|相关|使用)"),
    _wording(
        "不合适|不适合|无法|不便|不予",
        r"(?:是不合适的|不适合回答)|无法(?:回答|给到|提供)(?!.{0,1}者)|(?:不便|不予)(?:讨论|处理|回答|提供)",
    ),
    _wording(
        "抱歉|对不起|遗憾|不好意思",
        r"(?:抱歉|对不起|很遗憾|不好意思).{0,20}(?:不能(?:透露|提供|回答|帮)|无法|没办法)",
    ),
)
REFUSAL_PHRASES = (*_ENGLISH, *_GERMAN, *_SPANISH, *_FRENCH, *_CHINESE)
