"""Does a reply speak the customer's language? The customer's own words tell which that is, never the draft's label alone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from secretaria.knowledge.words import fold
from secretaria.replies.evidence import HOME, Evidence, Finding
from secretaria.replies.reply import Reply

WORD = re.compile(r"[^\W\d_]+")
_LITTLE = {  # of sentences; accents count, because they tell Portuguese from Spanish
    "pt": "não é são você vocês com uma para por do da dos das em na no nos nas ao à às os as e também já até mais muito seu sua meu"
    " minha nós gente está estão tem temos isso este esta aqui oi olá bom boa obrigada obrigado dia ele ela foi fica",
    "es": "no es son usted ustedes con una para por del de la el los las y también ya hasta más muy su sus mi nosotros está están"
    " tiene tenemos eso este esta aquí hola bueno buenas gracias pero cuesta unos hay lo le que quiere puede horario",
    "en": "the is are you your with a an for by of in on at to and also already until more very my we our this that here hi hello"
    " good thanks thank have has it can do does not i be will would from or us please",
}
LITTLE = {name: frozenset(words.split()) for name, words in _LITTLE.items()}
_CUSTOMERS = {  # of messages typed with a thumb, without accents; only words that neither of the other two has
    "pt": "nao vc vcs voce voces pra pro uma uns com em na nas da dos das ao aos os um oi ola opa bom boa tarde noite obrigado obrigada"
    " obg brigado brigada vlw valeu qual quais quanto quanta qnt qto quando qdo onde tem tao ta tou sou eh quero queria gostaria"
    " preciso consigo posso pode podem vou vai hoje amanha hj amn sim tudo bem isso esse essa mais muito mto tambem tb tbm"
    " preco valor fica custa marcar limpeza dente meu minha meus minhas seu sua voltar fazer falar pessoa terca quinta",
    "es": "el los las del usted ustedes y yo hola buenos buenas noches gracias cuanto cuesta cual cuando donde quiero quisiera"
    " necesito puedo puede pueden hay tiene tienen estoy soy es muy pero tambien manana hoy si precio cita limpieza diente"
    " muela hacer hablar persona lunes martes miercoles jueves viernes ayer con una mi mis su sus nino",
    "en": "the is are you your with of on at and also until very my we our this that here hi hello hey good morning afternoon thanks"
    " thank have has it can could does did not i im would from or us please how much what when where want need book appointment"
    " tomorrow today price cost open cleaning tooth yes english speak there any get make be am was will",
}
CUSTOMERS = {name: frozenset(words.split()) for name, words in _CUSTOMERS.items()}
NAMED = {
    "pt": re.compile(r"\b(?:portugues|portuguese)\b"),
    "es": re.compile(r"\b(?:espanhol|espanol|castellano|castelhano|spanish)\b"),
    "en": re.compile(r"\b(?:ingles|english)\b"),
}
NAMES = {"pt": "português do Brasil", "es": "espanhol", "en": "inglês"}
FEWEST_WORDS = 6
FEWEST_TOLD = 3
CLEARLY = 2  # words of one language more than of each other


def language(reply: Reply, evidence: Evidence) -> Iterator[Finding]:
    """Yield a finding where a reply is clearly in a language that the customer does not write."""
    if not NAMES.keys() & set(evidence.languages[:1]):
        return  # theirs is none of the three, of which alone the little words are known
    spoken = _language_of(reply.text)
    if spoken and spoken not in evidence.languages:
        yield Finding("language", "language", spoken, f"Responda em {NAMES[evidence.languages[0]]}.")


def fitting_languages(texts: Sequence[str], earlier: Sequence[str], labelled: str) -> tuple[str, ...]:
    """Return the languages a reply may be in, the likeliest first.

    What the customer writes now tells, then what they wrote before. A word or two of another language ("ok, thanks")
    allow it without forbidding ours; so does its name ("pode ser em inglês?"). Only where their words tell nothing is the
    label believed.

    Args:
        texts: The customer's messages of this turn.
        earlier: What they wrote before.
        labelled: What the draft says that they write.
    """
    now, before = _told(texts), _told(earlier)
    asked_for = [name for name, form in NAMED.items() if any(form.search(fold(text)) for text in texts)]
    clear = _clearest(now) or _clearest(now + before)
    if clear:
        hinted = [name for name in now if name != clear and len(list(now.elements())) < FEWEST_WORDS]
        return tuple(dict.fromkeys([clear, *asked_for, *hinted]))
    likely = [name for name, _ in (now + before).most_common()] or [labelled]
    return tuple(dict.fromkeys([*likely, HOME, *asked_for]))


def _told(texts: Iterable[str]) -> Counter[str]:
    words = [word for text in texts for word in WORD.findall(fold(text))]
    return +Counter({name: sum(word in known for word in words) for name, known in CUSTOMERS.items()})


def _clearest(told: Counter[str]) -> str:
    """Return the language most words belong to, where no other comes near it."""
    ranked = [*told.most_common(2), ("", 0), ("", 0)]
    (first, most), (_, next_most) = ranked[:2]
    return first if most >= next_most + CLEARLY and most >= CLEARLY * next_most else ""


def _language_of(text: str) -> str:
    """Return the language of a reply only where its little words clearly outnumber the others'."""
    words = [word.lower() for word in WORD.findall(text)]
    if len(words) < FEWEST_WORDS:
        return ""
    told = {name: sum(word in little for word in words) for name, little in LITTLE.items()}
    first, second = sorted(told, key=lambda name: -told[name])[:2]
    clear = told[first] >= FEWEST_TOLD and told[first] >= told[second] + CLEARLY and told[first] >= 1.5 * told[second]
    return first if clear else ""
