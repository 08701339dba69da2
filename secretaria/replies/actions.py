"""What a reply says was done, or will be, must be done in this turn: "agendei", "já avisei", "vou verificar"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from secretaria.replies.evidence import Evidence, Finding
from secretaria.replies.facts.reading import read
from secretaria.replies.reply import Reply

BOOKED = r"(?:agendad|marcad|reservad|garantid)[oa]s?"
THING = r"(?:consulta|horario|agendamento|reserva|vaga|visita|avaliacao|atendimento|sessao|aula|mesa|servico|retorno|exame|banho)"
TEAM = (
    r"(?:equipe|time|atendente|pessoa|recepcao|gerente|gerencia|dra?|doutora?|responsavel|dono|dona|colega|humano|setor|"
    r"financeiro|suporte|encarregad[oa]|especialista|alguem|caso|pedido|mensagem|conversa|solicitacao|situacao|contato)"
)
OPENING = (
    r"^\W*(?:(?:prontinho|pronto|certo|perfeito|otimo|maravilha|combinado|beleza|ok)\W+)?(?:ja )?(?:ficou |esta )?"
)
TELLING = r"(?:cham|avis|acion|notific|encaminh|transfer|repass|pass|direcion|comunic|inform|ped|solicit|fal|lev|escal)"
GOING_TO_TELL = r"(?:cham|acion|notific|encaminh|transfer|repass|pass|direcion|ped|solicit|fal|lev|escal)"
SENTENCE = re.compile(r"[^.!?;\n]+[.!?;\n]*")
DENIED = re.compile(r"(?:^|[\s,:(])(?:nao|nem|nunca|jamais|nada|sem|ainda nao|not|no|never)\b[^,:;]{0,30}$")
SUPPOSED = re.compile(
    r"(?:^|[\s,(])(?:se (?:quiser|precisar|preferir|voce|for|puder|desejar|tiver|der|ja|eu|a gente|houver)|caso|posso|podemos|quer que|"
    r"gostaria|prefere|assim que|quando|depois que|para que|antes de|e so|basta|if you)\b[^.!?;]{0,60}$"
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A way to say that something is done.

    Attributes:
        needs: Any of these actions makes it true; none of ours can where it is empty.
        form: How it is said, in a folded sentence.
        sentence: What the model is told.
        state: Whether it may also tell of something that stood before, which a tool then told.
    """

    needs: frozenset[str]
    form: re.Pattern[str]
    sentence: str
    state: bool = False


def _claim(needs: str, sentence: str, *forms: str, state: bool = False) -> Claim:
    return Claim(frozenset(needs.split()), re.compile("|".join(forms)), sentence, state=state)


UNDONE = "não foi feito agora. Diga o que foi feito de verdade, ou peça à equipe."
CLAIMS = (
    _claim(
        "booked rebooked confirmed", f"diz que marcou, e isso {UNDONE}",
        r"\b(?:agendei|marquei|reservei|encaixei|agendamos|reservamos|ja marcamos)\b", rf"{OPENING}{BOOKED}\b",
        r"\bi(?:'ve| have)? (?:booked|scheduled|reserved)\b", r"\bhe (?:agendado|reservado|marcado)\b",
    ),
    _claim(
        "booked rebooked confirmed", f"diz que está marcado, e isso {UNDONE}",
        rf"\b(?:deixei|esta|ficou|fica|foi|ta|estao) (?:tudo |ja )?{BOOKED}\b", rf"\b{THING} (?:ja )?{BOOKED}\b", state=True,
    ),
    _claim(
        "rebooked booked", f"diz que remarcou, e isso {UNDONE}",
        r"\b(?:remarquei|reagendei|remarcamos|reagendamos|antecipei|adiei)\b", rf"{OPENING}(?:remarcad|reagendad)[oa]",
        rf"\b(?:mudei|troquei|passei|transferi|alterei) (?:o |a )?(?:seu |sua )?{THING}\b",
        r"\b(?:foi|esta|ficou) (?:remarcad|reagendad)[oa]",
    ),
    _claim(
        "cancelled", f"diz que cancelou, e isso {UNDONE}",
        r"\b(?:cancelei|desmarquei|cancelamos|desmarcamos)\b", rf"{OPENING}(?:cancelad|desmarcad)[oa]",
        r"\b(?:foi|esta|ficou|fica) (?:cancelad|desmarcad)[oa]", r"\bi(?:'ve| have)? cancell?ed\b", r"\bhe cancelado\b",
    ),
    _claim(
        "confirmed booked rebooked", f"diz que confirmou, e isso {UNDONE}",
        r"\bconfirmei\b", rf"{OPENING}(?:tudo )?confirmad[oa]", r"\bpresenca (?:ja |esta |foi |ficou )?confirmada",
        rf"\b{THING} (?:esta |ficou |foi )?confirmad[oa]",
    ),
    _claim(
        "handed_off", f"diz que chamou ou vai chamar alguém, e ninguém foi chamado: isso {UNDONE}",
        rf"\b{TELLING}(?:ei|i|amos|imos) (?:[\w-]+ ){{0,5}}?{TEAM}\b",
        r"\b(?:vou|vamos|irei|ja vou|estou|to|estamos) (?:ja |agora )?"
        rf"(?:{GOING_TO_TELL}(?:ar|ir|er|ando|indo|endo)) (?:[\w-]+ ){{0,6}}?(?:{TEAM}|voce)\b",
        r"\bdeixei (?:o |a )?(?:seu |sua )?(?:caso|pedido)", r"\bja (?:chamo|passo|aviso|aciono|encaminho|transfiro)\b",
        r"\b(?:abri|registrei|criei) (?:um |o |seu |uma |a )?(?:chamado|protocolo|ticket|solicitacao)",
    ),
    _claim(
        "handed_off", f"promete verificar e voltar, e nada foi pedido a ninguém: isso {UNDONE}",
        r"\b(?:vou|vamos|irei|deixa eu|deixe-me|estou|estamos) (?:ja |agora |so |aqui |te )?"
        r"(?:verific|chec|consult|confer|pergunt|investig|analis|apur|averigu|retorn)(?:ar|ir|ando|indo)\b",
        r"\b(?:ja|logo|em breve|em instantes) (?:eu )?(?:te )?(?:retorno|volto|respondo|aviso)\b",
        r"\b(?:te|lhe|eu|e) (?:retorno|volto) (?:em|ja|logo|assim|com)\b", r"\bretornaremos\b",
        r"\baguarde (?:um (?:momento|instante|minuto)|enquanto|que)", r"\bum (?:momento|instante|minutinho)\b.{0,20}\b(?:vou|verific)",
    ),
    _claim(
        "noted handed_off", f"diz que anotou ou vai avisar, e nada ficou anotado: isso {UNDONE}",
        r"\b(?:anotei|registrei|salvei|guardei|tomei nota|deixei (?:anotad|registrad)[oa])\b", rf"{OPENING}(?:anotad|registrad)[oa]\b",
        r"\b(?:vou|vamos|ja vou) (?:ja )?(?:anotar|registrar|avisar|informar|comunicar|deixar (?:anotado|registrado|avisado))\b",
    ),
    _claim(
        "", "diz que enviou, pagou, apagou ou alterou algo, e você não pode fazer isso. Peça à equipe.",
        r"\b(?:enviei|mandei|encaminhei|reenviei) (?:[\w-]+ ){0,4}?(?:nota|recibo|comprovante|boleto|link|e-?mail|codigo|orcamento|contrato|pedido)\b",
        r"\b(?:apaguei|exclui|deletei|removi|estornei|reembolsei|devolvi|quitei|paguei|processei|aprovei|liberei|apliquei|concedi|perdoei)\b",
        r"\bpagamento (?:ja )?(?:foi |esta )?(?:confirmado|aprovado|recebido|identificado|processado)\b",
        r"\b(?:atualizei|alterei|corrigi|mudei) (?:o |os )?(?:seu |seus )?(?:cadastro|dados|endereco|telefone|e-?mail|nome)\b",
        r"\b(?:cancelei|cancelamos|apaguei|exclui|remarquei) tod[oa]s\b", r"\btod[oa]s (?:os|as) \w+ (?:foram|estao) (?:cancelad|apagad|excluid)",
    ),
)  # fmt: skip


ANNOUNCED = re.compile(r"(?<![a-z])(?:prontinho|tudo certo|feito)[!.,: ][^?]{0,120}?\b\d{1,2}(?:h|:\d\d)")


def claimed_actions(reply: Reply, evidence: Evidence) -> Iterator[Finding]:
    """Yield every claim of an action that this turn does not do; questions, denials and offers claim nothing."""
    folded = read(reply.text).folded
    announced = ANNOUNCED.search(folded)
    if announced and not evidence.actions & {"booked", "rebooked", "confirmed", "cancelled"}:
        yield Finding("actions", "action", announced[0], f'"{announced[0]}" soa como marcado, e isso {UNDONE}')
    for sentence in SENTENCE.finditer(folded):
        if sentence[0].rstrip().endswith("?"):
            continue
        for claim in CLAIMS:
            match = claim.form.search(sentence[0])
            if match and not _is_denied(sentence[0], match) and not _is_true(claim, evidence):
                yield Finding(
                    "actions", "action", match[0].strip(), f'A frase com "{match[0].strip()}" {claim.sentence}'
                )


def _is_denied(sentence: str, match: re.Match[str]) -> bool:
    before = sentence[: match.start()]
    return bool(DENIED.search(before) or SUPPOSED.search(before))


def _is_true(claim: Claim, evidence: Evidence) -> bool:
    if claim.needs & evidence.actions:
        return True
    return claim.state and bool(evidence.tool_texts)
