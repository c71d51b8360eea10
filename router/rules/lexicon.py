"""Words and turns of phrase that need no model: insults, threats, and those who only tell of them.

House rule: a list holds what hardly anyone says in kindness; everything doubtful is left to the model.
All is written as `router.rules.spelling` spells: small letters, no accents, no letter twice in a row.
"""

from __future__ import annotations

import re
from enum import Enum

_INSULTS = """
salop(e|es|ard|ards|io|iaud)?, conard(e|s|es)?, conase?s?, conas(e|es), enfoires?,
encul(e|es|er|ez|eur|eurs), putes?, petases?, poufiases?, grognases?, batarde?s?, fdps?, ntm, vtf, ftg,
fils? de (pute|pte|chien|chiene)s?, trou du cul, trouducs?, raclures?, grose merde, sous merdes?,
(une|la|sale|grose|petite|pauvre|espece de|bande de) traine(s|es)?, bougnoules?, bamboulas?, youpine?s?,
niakoues?, crouiles?, tarlouzes?, tafioles?,
feminazie?s?, mal baise(e|s|es)?, sac a foutre, vide couiles?, suce (moi|ma bite|mon), sucez, ta gueule,
vos gueules, (nique|niquer|niquez|nik) (ta|tes|toi|vos|sa|les|la) [a-z]+,
va te faire (foutre|enculer|metre|voir|soigner), alez (vous|tous vous) faire (foutre|enculer),
va (chier|te pendre), (je|on) (t|vous) emerde, mange tes morts,
sale
(con|cone|chien|chiene|arabe|juif|noir|blanc|gitan|rom|pd|pede|race|fole|porc|truie|grose|negre|negro),
(grose|vieile) (vache|truie|cone|pute|dinde), pauvre (con|cone|merde|tache), gros (con|porc),
espece de (con|cone|merde|chien|pute|ordure),
bande de (con|cons|cone|cones|chiens|chienes|merde|merdes|pd|tapetes), bitch(es)?, whores?, sluts?, cunts?,
fagots?, niger, nigers, skanks?, asholes?, fuck (you|u|of), go fuck, suck my, eat shit, kil yourself, kys,
encles?, btch, fck (you|u), salep(ute|d)s?, nik ?ta ?mere, nique ?ta ?mere,
tepus?, teups?, keh(ba)?s?, kahbas?, tchoins?, p?e?taspes?, zouletes?, [ae1]nk[uy]l[a-z]{1,3}, pvtes?,
epolas?, s?etup, dranoc, esanoc, elucne, sa lope, sal ope, co n?n?ase, en cu le,
(je|on) (te|vous) (pise|chie|crache) (desus|a la)
"""

_THREATS = """
(je|on|j|ge) ?(vais|va|v) (te|vous|t)
(tuer|buter|crever|egorger|violer|fumer|planter|bruler|tabaser|defoncer|defigurer),
(je|on|j|ge) ?(vais|va|v) (te|vous|t) (demonter|eclater|retrouver|choper|niquer|baiser|faire la
peau|faire du mal),
jv(ais|e|ai)? te (tuer|bute|buter|crever|fumer|retrouve|retrouver|choper|niquer|baiser|violer|trouver),
(je|on) te (bute|creve|tue|nique|baise|viole), t es (une )?(feme )?morte,
(je|j|on) ?s(ais|ait) (tres bien )?ou (tu|t|vous) ?(habites?|habitez|vis|boses?|dors|creches?),
(tu|vous) (vas|va|alez) (le |me le |tout )?(regreter|payer|crever|mourir|morfler|suplier),
(tu|vous) meritez?s? (de|d) (crever|mourir|te faire|vous faire), i know where you (live|work|slep),
(i l|i wil|i m gona|im gona|we wil) (kil|rape|hurt|find|beat|cut) you
"""

_TELLING = """
(il|ele|on|ils|qui|quelqu un|un (mec|type|home|gars|ado|inconu)) (m|me|nous|l|la|les|lui) (a|ont) [a-z]+,
(il|ele|on|ils|quelqu un|(un|mon|ma) [a-z]+) (a (tague|ecrit|grave|cole|crie|hurle|dit)|crie|hurle|repete),
(mon|ma|mes) (ex|mari|copain|compagnon|patron|chef|voisin|colegue|pere|frere|prof)s?
(a|ont|m|me|dit|veut|qui),
(me suis|de me|m etre) fai(t|re) [a-z]+er, qui (traite|insulte|harcele|menace)(nt)?,
(ils|eles|mecs|gens|ceux qui) vous (traitent|insultent|apelent|harcelent|menacent|envoient|ecrivent),
(il|ele|on|ils|qui|quelqu un) (me|nous|la|les|lui) (dit|disent|crie|crient|force|sui[a-z]+|envoie|ecrit),
(m|l|nous) (a|ont) (trait|insult|menac|harcel|suivi|frap|touch|agres|crach|apel)[a-z]*, on m a,
(il|ele|on|ils|qui|mec|type|gars|home|inconu) (ma|mon|mont)( [a-z]+)?
(trait|insult|menac|harcel|suivi|frap|touch|crach|agres)[a-z]*, m ?apel(ent|ant),
(il|ele|on|ils|qui|mec|type|gars|home|inconu) m ?apel(e|ait),
(me|la|nous) (menace|harcele|suit|suis|insulte|frape|force|traite|traitait|sifle),
(ai|a) ete (trait|insult|menac|harcel|suivi|viol|agres|frap)[a-z]*, s (est|etait) fait [a-z]+,
se fait [a-z]+er, (me|nous|la|les) trait[a-z]* de, (de|a) traiter,
traiter (les gens|quelqu un|une|un) [a-z ]{0,9}de, plainte, aidez moi, j ai peur, que faire,
que dois je faire, a qui (en )?parler, je recois des, temoin,
(he|she|they|someone|a guy|a man|my (ex|bos|husband)) (just |has )?(caled|folowed|told|hit|sent)
(me|her|us),
(he|she|they|someone|a guy|a man|my (ex|bos|husband)) (just |has )?(threatened|insulted|raped)
(me|her|us), keps (threatening|texting|caling|folowing),
(son|sa|ses|leurs?|nos|notre)
(ex|mari|copain|compagnon|patron|chef|voisin|colegue|pere|frere|prof|entraineur)s?
(lui|leur|nous|l|la|les|a|ont|dit),
(types|mecs|gars|homes|inconus|garcons|jeunes|colegues)( [a-z]+){0,3} ont,
ils ((m|nous|lui|l|la) )?ont (ecrit|tague|grave|cole|crie|hurle|dit|envoye),
(il|ele|on|ils|qui) (m|l) (ecrit|envoie|insulte|ecrivent|envoient),
qui (vous|nous) (trait|insult|harcel|menac)e(nt)?,
(a|some|the|this|that|two|thre) (guy|man|men|lad|bloke|boy|stranger|coleague|coworker|customer|client)s?(
[a-z]+){0,4} (caled|folowed|told|hit|sent|grabed|touched|threatened|insulted|raped|shouted at|yeled at)
(me|her|us), my (ex|bos|husband|boyfriend|partner|manager|neighbou?r|father|dad|brother|teacher|coleague)
(says|said|texts|texted|writes|wrote|cals|caled|keps?|kept|told|threatens|sends|sent),
(someone|a (guy|man|boy)|(two|thre|some) (guys|men|boys)) (shouted|yeled|screamed|wrote|sprayed),
(ma|mes) (copine|amie|soeur|file|mere|voisine|colegue)s? (recoit|recoivent|se fait|se font|s est|a ete),
i (get|got|kep geting|receive|received) (texts|mesages|cals|threats),
i (was|got|ve ben) (folowed|harased|insulted|raped|asaulted), she was (raped|asaulted|beaten),
(m|nous|lui) (a|ont) (dit|ecrit|crie|hurle|lance|sorti|balance|repondu|envoye),
ce que (je|on|j) (lis|recois|entends), ce qu (ils|eles|on) (vous )?(dit|disent|racontent), (recoit|recoivent)
des, (they|he|she) keps? [a-z]+ing,
(they|he|she) cal(s|ed)? (you|us|me|her), i (got|ve got|get) [a-z ]{1,20} times,
(guy|man|lad|bloke|men|lads) (on|in|at|from) the [a-z]+ (said|says|yeled|shouted|told|wrote),
(said|wrote) [a-z0-9 ?!]{1,60} to me, what should i do, what can i do, i m (stil )?(scared|shaking),
who can i cal
"""

_SIDING = """
(vous|vs) laise[sz]? pas?, (on est|je suis|tous) avec vous, soutien, bravo,
courage (a |contre |face )?(vous|toute|tous|l equipe|aux?|les files), courage (contre|face a) (ces|ses|les),
laise[sz]? pas (ces|ses|les) [a-z ]{1,30} (gagner|vous faire|vous intimider),
merci (pour ce|pour votre|pour tout|pour eles|pour el|pour l initiative|a vous|les files|infiniment|de
votre travail|d exister), vous etes (geniales|formidables|au top),
(je|j|on|nous) (vous|vs) soutien[a-z]*(?! (pas|mon)),
(force|courage) (a|et) (vous|vs|toutes?|tous|courage|l equipe), courage[ !]*$, on (ne )?lache(ra)? rien,
(tenez|tene) bon (a|contre|face), (gagneront|vous auront|vous feront) (pas|jamais),
(coment|pour|peux) vous (aider|soutenir), (screw|fuck) (the|these|those) (trols|idiots|haters),
(i|we) (suport|stand with) you, we are (with|behind) you, continue[rz]? malgre,
(j ai|jai|g) (done|file|laise|utilise) (ce|votre|vot|vos|le) num[a-z]*, stay strong, don t give up,
thank you for, thanks for, kep (going|it up|fighting|strong), sont (pathetiques|minables|des laches),
(vous|vs) (dechirez|gerez|asurez|casez (tout|le game)),
(vous )?vous etes (tr[eo][sp] )?(fortes|courageuses|des (reines|heroines|heros|bones)),
(tenez|tiens) (bon|le coup), (tout mon|gros|total|plein de) (soutien|courage), soutien total, longue vie a,
(on va|va|faut|fau) pas laiser [a-z ]{1,30} gagner, vive vous, courage (les files|mesdames),
(you|u) (are|re|al are) (so |al )?(amazing|awesome|brave|briliant|heroes|wonderful),
(you|u) (have|ve got) my (ful )?suport, (sending|lots of|al my|much) love, don t let the[a-z]* [a-z ]{1,30}
(win|stop you|get to you|grind you down),
merci (mile fois|mile|beaucoup|mesdames|d etre la), (je|j|on) (vous|vs) (kife|adore|admire|aime)[a-z]*,
vous (n )?etes pas seules, (bone|bele|super|excelente|geniale) (ide|initiative),
ide (de genie|geniale), vous avez (bien )?raison, (franchement|gros|grand) respect, tres beau projet,
(best|great|briliant|god) idea, so sory you, (you|u) (rock|rule), we ned (you|this), love from,
(you|u) saved
"""

_SWEARING = "(putain|ptn|ptain|purain)( de)?, bordel( de merde)?, (holy )?shit, damn( it)?, fuck(ing)?"
"""What one says to nobody."""

_OPENING = """
(c est|c|ct|moi c est|moi c|ici|je suis|it s|its|this is|i m|sono|soy)
(?!(un|une|des|la|le|pour|quoi|qui|toi|bien|trop|vous) )[a-z]+
"""

_GREETING = (
    "salut|slt|coucou|c|bonjour|bjr|bonsoir|bsr|helo|hey|hi|yo|wesh|salam|kikou|hola|re|hiya|god evening"
)

_SMALL_TALK = """
ca va, sa va, cv, tu vas bien, tu va bien, coment tu vas, coment vas tu, tu fais quoi, bien rentre,
t es bien rentre, how are you, how r u, what s up, toi, ma bele, beaute, mis, mademoisele, madame, there,
bonne soire, bone soire, bone nuit, a bientot, bisous, biz
"""

_TRYING = """
(ceci est |c est |juste )?(un |1 )?(petit )?(test|teste|tester|esai|testing|ping|alo|verification)(
[a-z0-9]{1,6}){0,2}, je (teste|verifie)( [a-z]+){0,4}, (est ce que )?(ca|sa) marche( [a-z]+){0,3},
(this is|just) a test( [a-z]+){0,2}, is this a bot, c est un (robot|bot)
"""


def _any(words: str) -> str:
    """One pattern out of a list: commas part its entries, a line's end is nothing but a space."""
    entries = re.split(r",\s", " ".join(words.split()) + " ")
    return (
        "(?:" + "|".join(entry.strip().replace("(", "(?:").replace("(?:?", "(?") for entry in entries) + ")"
    )


_EDGE = "(?![a-z0-9])"
_ABUSE = re.compile(f"(?<![a-z0-9]){_any(_INSULTS + ', ' + _THREATS)}{_EDGE}")
_REPORT = re.compile(f"(?<![a-z0-9]){_any(_TELLING)}{_EDGE}")
_SUPPORT = re.compile(f"(?<![a-z0-9]){_any(_SIDING)}{_EDGE}")
_UTTERED = re.compile(f"(?<![a-z0-9]){_any(_SWEARING)}{_EDGE}")
_SOMEONE_ELSE = re.compile(
    r"(?:(?:ces|ses|aux|les|par des|mare des|(?:c est|ce sont|sont) (?:que )?des|these|those|the)(?: [a-z]+)?"
    r"|(?:a|par|avec|contre|chez|to) (?:une?|des|a)|(?: c|sont) des) $"
)
_RAIDERS = re.compile(
    "(?:nique[rz]? (?:ces|les)(?! (?:femes?|files?|meufs?))"
    "|(?:(?:sale|gros|grose|pauvre|bande de|espece de) )?(?:conards?|salopards?|salauds?|enfoires?|batards?"
    "|encules|fils? de [a-z]+|trous? du cul|trouducs?|raclures?|asholes?|ordures?|merdes?|porcs?|cons?"
    "|chiens?)(?![a-z]))"
)
_CHEER = re.compile(
    f"(?<![a-z0-9])(?:{_any(_SIDING)}|force|courage|merci|respect|love|thanks){_EDGE}(?<!ces|ses|les|aux)"
)
_NAMES = re.compile(
    " ?(?:(?:a|pour|to|for) (?:toutes? |al )?(?P<these>ces |ses |these |those )"
    "|(?:(?:a|pour|to|for) )?(?:toutes? |tous |al )?(?:les |aux |the )?)"
)
_LIKE_YOU = re.compile(r" (?:come (?:vous|toi)|like (?:you|u)|et toi|and you)(?![a-z])")
_THEY = (
    "(?:ils|eux|ceux|they|them|(?:ces|les|des|the|these|those|some) (?:[a-z]+ )?(?:gens|types?|mecs?|gars"
    "|homes|trols?|raids?|haters|rageux|abrutis|machos|frustres|laches|idiots|people|guys|men|boys|clowns))"
    "(?: qui)?(?: ne)?(?: (?:vous|vs|t|you|u))?"
)
_YOU = "(?:tu|te|t|toi|ton|ta|tes|vous|vs|votre|vos|you|u|ur|your)"
_WHO = re.compile(f"(?<![a-z])(?:(?P<they>{_THEY})|{_YOU}){_EDGE}")
_WHAT_A = re.compile("(?:quele?s?|cete|tous ces|toute cete|what(?: an?)?)(?: absolute)? $")
_THESE = re.compile(f" {_THEY}{_EDGE}")
_OF_WOMEN = re.compile(
    "(?:sale |grose |vieile |pauvre |bande de )?"
    "(?:salopes?|conas|cones?|pute|petase|poufiase|grognase|chiene|truie|feminaz|bitch|whore|slut|skank|cunt)"
)
_QUALIFIED = "(?:(?:une?|la|le|les|des|sale|grose?|petite?|vieile?|espece de|a|an|dirty) )*$"
_NAMED = re.compile(
    "(?<![a-z])(?:(?:trait|insult)[a-z]*(?: (?:les gens|quelqu un|une?(?: [a-z]+)?))? (?:de|comme)"
    "|(?:m|l|la|nous|me|les) ?(?:a |ont )?apel[a-z]*|caled (?:me|her|us)"
    f"|dit que (?:j etais|je suis|ele etait|ele est)) {_QUALIFIED}"
)
_NAMED_TOO = re.compile(f" ?(?:(?:et|ou|and|or) (?:de )?|de ){_QUALIFIED}")
_NEAR = 60
_OPENER = re.compile(f"^ ?(?:(?:{_GREETING})[ !?]*)?{_any(_OPENING)}{_EDGE}")
_HELLO = re.compile(f"^ ?(?:{_GREETING})(?:[ !?]+{_any(_SMALL_TALK)})*[ !?]*$")
_TEST = re.compile(f"^ ?{_any(_TRYING)}[ !?]*$")


class Sense(Enum):
    """What the lists make of a text; `value` is what it adds to the model's logit."""

    ABUSE = 2.5
    UNKNOWN = 0.0
    TOLD = -1.0
    NAMED = -0.9
    PHRASE = -0.5
    SIDING = -0.4
    OPENER = -1.2
    KIND = -8.0


def sense(spelt: str) -> Sense:
    """What the lists make of a text.

    A victim's report may hold the worst words. Whether an insult beside such a phrase, or a supporter's for
    the raiders, is told or hidden, nobody can say: it is not called abuse, but it counts towards a raid,
    least where it tells what someone was called. Without insults the phrase is no pass either: the model
    ranks the text, though it may not flag a report; of a supporter's text it judges what stands `beside`.

    Args:
        spelt: As `router.rules.spelling.spell` spells it.
    """
    insulted = _ABUSE.search(spelt) is not None
    if _REPORT.search(spelt):
        if not insulted:
            return Sense.PHRASE
        return Sense.NAMED if _only_names(spelt) else Sense.TOLD
    if insulted:
        return Sense.TOLD if _of_others(spelt) else Sense.ABUSE
    if _SUPPORT.search(spelt):
        return Sense.SIDING
    if _HELLO.match(spelt) or _TEST.match(spelt):
        return Sense.KIND
    return Sense.OPENER if _OPENER.match(spelt) else Sense.UNKNOWN


def _only_names(spelt: str) -> bool:
    """Whether every insult is what someone was called: "traitée de …", "m'appelle …", "… et de …"."""
    named = 0
    for insult in _ABUSE.finditer(spelt):
        start = insult.start()
        too = named and _NAMED_TOO.fullmatch(spelt, named, start)
        if not too and not _NAMED.search(spelt, max(0, start - _NEAR), start):
            return False
        named = insult.end()
    return True


def beside(spelt: str) -> str:
    """What is left of a text without what supporters say, and without what one swears at nobody."""
    return _UTTERED.sub("", _SUPPORT.sub("", spelt))


def of_them(spelt: str) -> bool:
    """Whether whoever is spoken of last is others, not the reader."""
    spoken_of = [found["they"] for found in _WHO.finditer(spelt)]
    return bool(spoken_of) and spoken_of[-1] is not None


def _of_others(spelt: str) -> bool:
    """Whether every insult is for those of whom one speaks, "ces …", "aux …", in support or for raiders."""
    insults = [*_ABUSE.finditer(spelt)]
    supported = _SUPPORT.search(spelt) is not None
    return all((supported or _RAIDERS.match(at[0])) and _aside(spelt, at) for at in insults)


def _aside(spelt: str, at: re.Match[str]) -> bool:
    """Whether an insult is for others: a cheer for whom it names, or a "comme vous" behind it, says no."""
    before = spelt[max(0, at.start() - _NEAR) : at.start()]
    if _cheered(before, at[0]) or _LIKE_YOU.match(spelt, at.end()):
        return False
    if _SOMEONE_ELSE.search(before):
        return True
    if who := _WHO.search(at[0]):
        return who["they"] is not None
    if _THESE.match(spelt, at.end()):
        return True
    return not _OF_WOMEN.match(at[0]) and (bool(_WHAT_A.search(before)) or of_them(before))


def _cheered(before: str, insult: str) -> bool:
    """Whether a supporter's words are for whom the insult names: "bravo les …", "tenez bon les …"."""
    for cheer in _CHEER.finditer(before):
        named = _NAMES.fullmatch(before, cheer.end())
        if named and not (named["these"] and _RAIDERS.match(insult)):
            return True
    return False
